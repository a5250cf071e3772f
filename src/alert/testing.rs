//! For tests: stamps and readings, and a small model of agents at work whose two-hour mean is read once a sweep.

use std::time::Duration;

use jiff::Timestamp;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, Exp, LogNormal};

use crate::domain::{AHT_WINDOW, Aht, BootId, BootTime, EventTime, Now, Outcome, Reading, Target};

/// 2026-01-05T03:30:00Z, a Monday.
const START: i64 = 1_767_583_800;

pub(super) fn stamp(secs: i64) -> EventTime {
    let wall = Timestamp::from_second(START + secs).unwrap();
    EventTime { boot: BootId("test".into()), mono: BootTime((1_000_000 + secs) * 1000), wall }
}

pub(super) fn now(secs: i64) -> Now {
    let s = stamp(secs);
    Now { boot: s.boot, mono: s.mono, wall: s.wall }
}

/// A value in seconds; 0 is *no calls*.
pub(super) fn outcome(aht: u32) -> Outcome {
    if aht == 0 { Outcome::NoCalls } else { Outcome::Value(Aht::from_secs(aht)) }
}

pub(super) fn reading(target: &Target, secs: i64, outcome: Outcome) -> Reading {
    Reading { target: target.clone(), at: stamp(secs), outcome, name: None }
}

/// A shift of eight hours with half an hour of lunch, calls one after the other: about twenty in the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    /// Mean handling time in seconds.
    pub(super) mean: f64,
    /// Standard deviation over mean.
    pub(super) cv: f64,
    /// From a call's begin to the next one's, on average, in seconds.
    pub(super) cycle: f64,
    /// Seconds between readings.
    pub(super) sweep: i64,
    /// From this second on, handling times are multiplied.
    pub(super) change: Option<(f64, f64)>,
}

impl Model {
    pub(super) const SHIFT: f64 = 8.0 * 3600.0;

    /// Twenty calls of 4:47 in the window, read every 64 s.
    pub(super) const ON_TARGET: Model = Model { mean: 287.0, cv: 0.8, cycle: 360.0, sweep: 64, change: None };

    fn calls(&self, rng: &mut StdRng) -> Vec<(f64, f64)> {
        let var = (1.0 + self.cv * self.cv).ln();
        let handling = LogNormal::new(self.mean.ln() - var / 2.0, var.sqrt()).unwrap();
        let idle = Exp::new(1.0 / (self.cycle - self.mean)).unwrap();
        let lunch = rng.random_range(3.0..5.0) * 3600.0;
        let (mut t, mut eaten, mut calls) = (0.0, false, vec![]);
        loop {
            t += idle.sample(rng);
            if !eaten && t > lunch {
                (t, eaten) = (t + 1800.0, true);
            }
            if t > Self::SHIFT {
                return calls;
            }
            let factor = self.change.filter(|&(from, _)| t >= from).map_or(1.0, |(_, factor)| factor);
            let took = handling.sample(rng) * factor;
            t += took;
            calls.push((t, took));
        }
    }

    /// The readings of a target on which `agents` agents work, until no call is in the window any more: second of the
    /// shift, and what the API says then.
    pub(super) fn shift(&self, agents: usize, seed: u64) -> Vec<(i64, Outcome)> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut calls: Vec<_> = (0..agents).flat_map(|_| self.calls(&mut rng)).collect();
        calls.sort_by(|a, b| a.0.total_cmp(&b.0));
        let window = AHT_WINDOW.as_secs_f64();
        let (mut first, mut next, mut sum) = (0, 0, 0.0);
        let mut t = rng.random_range(0..self.sweep);
        let mut readings = vec![];
        while first < calls.len() {
            while next < calls.len() && calls[next].0 <= t as f64 {
                sum += calls[next].1;
                next += 1;
            }
            while first < next && calls[first].0 <= t as f64 - window {
                sum -= calls[first].1;
                first += 1;
            }
            let aht = if next > first { (sum / (next - first) as f64).round().max(1.0) as u32 } else { 0 };
            readings.push((t, outcome(aht)));
            t += self.sweep;
        }
        readings
    }
}

/// Minutes, for tables.
pub(super) const fn minutes(m: u64) -> Duration {
    Duration::from_secs(m * 60)
}
