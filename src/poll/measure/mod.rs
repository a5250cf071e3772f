//! How far from the truth a screen is under a schedule: plays a day of true values against a [`Schedule`] and
//! integrates the error exactly. The schedule is the one that the poller runs.
//!
//! Rules: requests at an even pace from t = 0, with a margin of 1.7 % for latency (every 1.22 s at 50 a minute); the
//! value is sampled half a latency after sending and shown a latency after it, uniform in 0.1 to 1 s; at the start
//! nothing is known and 0 is shown. A look at who is logged in is a request, each minute; what it tells is known when it
//! comes. Figures are time integrals over 1 h to 12 h.

mod days;
mod figures;
mod looks;
mod trace;

use std::{collections::BTreeMap, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use self::looks::Looks;
pub use self::{
    days::generate,
    figures::{Figures, Shown, figures},
    trace::{Day, TraceError, Truth},
};
use super::{Next, Schedule};
use crate::{
    domain::{Aht, Band, BootTime, Clock, EventTime, ManualClock, Now, Outcome, PresencePicture, Reading, Target},
    store::Attention,
};

/// The figures are about this part of the day, in seconds.
pub const SPAN: (f64, f64) = (3600.0, 43_200.0);
/// The row is long from this multiple of its goal on.
pub const LIMIT: f64 = 1.2;
/// Requests keep this distance from the rate, for latency.
const MARGIN: f64 = 61.0 / 60.0;

/// Whom to ask next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The oldest first.
    RoundRobin,
    /// The oldest first; rows without calls every third turn.
    SkipIdle,
    /// What the program does where it does not know who is logged in.
    Echo,
    /// What the program does.
    Presence,
    /// Sees the true errors, and takes the largest.
    Clairvoyant,
}

impl Policy {
    pub const ALL: [Policy; 5] =
        [Policy::RoundRobin, Policy::SkipIdle, Policy::Echo, Policy::Presence, Policy::Clairvoyant];

    /// Its name in the output.
    pub const fn name(self) -> &'static str {
        match self {
            Policy::RoundRobin => "round_robin",
            Policy::SkipIdle => "skip_idle",
            Policy::Echo => "echo",
            Policy::Presence => "presence",
            Policy::Clairvoyant => "clairvoyant",
        }
    }
}

/// The conditions of a measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conditions {
    /// Requests a minute, above 0.
    pub rate: f64,
    /// No target is asked more often.
    pub min_interval: Duration,
    /// Seeds the latencies.
    pub seed: u64,
    /// Tells the schedule of the limit at [`LIMIT`] times the goal.
    pub bands: bool,
    /// For this part of the agents the list tells of somebody else.
    pub wrong: f64,
    /// The list is this old when it comes.
    pub late: Duration,
}

impl Default for Conditions {
    fn default() -> Self {
        Conditions { rate: 50.0, min_interval: Duration::ZERO, seed: 1, bands: true, wrong: 0.0, late: Duration::ZERO }
    }
}

/// What a screen shows over `day` under `policy`: for each target of the day, when which value came.
pub fn play(day: &Day, policy: Policy, conditions: &Conditions) -> Shown {
    let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
    let start = clock.now();
    let mut schedule = Schedule::new(conditions.min_interval);
    let wanted: Vec<_> = day.truths.iter().map(|t| (t.target.clone(), Attention::Listed)).collect();
    schedule.want(&wanted, &BTreeMap::new(), &start);
    if conditions.bands {
        let limits: BTreeMap<&Target, Band> = day.truths.iter().map(|t| (&t.target, limit(t))).collect();
        schedule.bands(|target| limits.get(target).copied().unwrap_or_default());
    }
    let index: BTreeMap<&Target, usize> = day.truths.iter().enumerate().map(|(i, t)| (&t.target, i)).collect();
    let mut rng = StdRng::seed_from_u64(conditions.seed);
    let mut shown = Shown::new(day.truths.len());
    let rate = conditions.rate.clamp(0.1, 1e6) / MARGIN;
    let (mut t, mut turn) = (0.0, 0);
    let mut looks = (policy == Policy::Presence)
        .then(|| Looks::new(day, conditions.seed, conditions.wrong, conditions.late.as_secs_f64()));
    while t < SPAN.1 {
        let now = BootTime(start.mono.0 + millis(t));
        schedule.pace(rate);
        if let Some(looks) = &mut looks {
            if let Some((at, agents)) = looks.arrived(t) {
                let now = Now { mono: BootTime(start.mono.0 + millis(at)), ..start.clone() };
                let interval = Duration::from_secs_f64(looks::INTERVAL);
                schedule.set_presence(&now, Some(&PresencePicture::new(now.stamp(), interval, agents)));
                for (i, truth) in day.truths.iter().enumerate() {
                    shown.rest(i, at, schedule.rests(&truth.target));
                }
            }
            if looks.send(t, &mut rng) {
                t += 60.0 / rate;
                continue;
            }
        }
        let gap = schedule.gap(rate).as_secs_f64();
        let of = |target: &Target| index.get(target).copied().unwrap_or(0);
        let next = match policy {
            Policy::Echo | Policy::Presence => schedule.next(now),
            // In the order of the day, whatever comes back.
            Policy::RoundRobin => {
                turn += 1;
                match day.truths.get((turn - 1) % day.truths.len().max(1)) {
                    Some(truth) => Next::Ask { target: truth.target.clone(), first: false, requested: false },
                    None => Next::Idle,
                }
            }
            Policy::SkipIdle => schedule.next_scored(now, |target| {
                let i = of(target);
                shown.age(i, t) / if shown.value(i) == 0.0 { 3.0 } else { 1.0 }
            }),
            Policy::Clairvoyant => schedule.next_scored(now, |target| {
                let i = of(target);
                (day.truths[i].at(t) - shown.value(i)).abs()
            }),
        };
        match next {
            Next::Ask { target, .. } => {
                let i = of(&target);
                let latency = rng.random_range(0.1..1.0);
                let value = day.truths[i].at(t + latency / 2.0);
                schedule.sent(&target);
                let mono = BootTime(start.mono.0 + millis(t + latency));
                let at = EventTime { boot: start.boot.clone(), mono, wall: start.wall };
                let outcome = if value > 0.0 { Outcome::Value(Aht::from_secs(value as u32)) } else { Outcome::NoCalls };
                let reading = Reading { target, at, outcome, name: None };
                schedule.answered(&reading, 0.0);
                shown.push(i, t + latency, value);
                shown.rest(i, t + latency, schedule.rests(&reading.target));
                t += gap;
            }
            Next::At(at) => t += at.since(now).as_secs_f64().max(0.001),
            Next::Idle => break,
        }
    }
    shown
}

pub fn measure(day: &Day, policy: Policy, conditions: &Conditions) -> Figures {
    let cycle = 60.0 * MARGIN / conditions.rate.clamp(0.1, 1e6) * day.truths.len() as f64;
    let cycle = cycle.max(conditions.min_interval.as_secs_f64());
    figures(day, &play(day, policy, conditions), SPAN, cycle).named(&day.name, policy.name())
}

fn limit(truth: &Truth) -> Band {
    Band { high_warn: Some(Aht::from_secs((LIMIT * truth.goal).ceil() as u32)), ..Band::default() }
}

fn millis(t: f64) -> i64 {
    (t * 1000.0).round() as i64
}

#[cfg(test)]
mod tests;
