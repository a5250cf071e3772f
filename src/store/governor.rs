//! Rate control that outlives processes: finds what others leave of the limit, stays just below it, and looks now and
//! then whether it has become more. Pure.
//!
//! ```text
//!   rate
//!   full ─────╮                                        ╭───── they are gone
//!             │                          ╭─╮         ╭╯
//!   aim       ╰╮   ╭─────────────────────╯ ╰────────╯        aim: the limit less what others use, less one
//!              ╰───╯ climb │ hold, longer │ probe │ hold
//!           throttled        each time the probe fails
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::LONGEST_BLOCK;
use crate::domain::{EventTime, Now};

/// What throttling has taught. The default is: never throttled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Governor {
    fallen: Option<Fall>,
    /// Nothing is sent until then.
    pub blocked_until: Option<EventTime>,
    /// Throttlings in a row without an answer between them.
    pub streak: u32,
}

/// The last time that we were throttled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Fall {
    at: EventTime,
    /// The rate right after it, in requests a minute.
    rate: f64,
    /// What others use of the limit in 60 s, as far as that shows.
    others: f64,
    limit: f64,
    /// How often in a row the same share was found.
    confirmed: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The configured rate in requests a minute.
    pub full: f64,
    /// The account's limit in 60 s.
    pub limit: u32,
    /// Our own requests in the last 60 s, the throttled one included.
    pub own: u32,
    /// For how long the service asked us to wait.
    pub asked: Option<Duration>,
    /// The service failed in other ways in the same minute: what it says of the limit tells little of others.
    pub shaken: bool,
}

/// The slowest rate that throttling leads to, in requests a minute: enough to notice that it is over.
const FLOOR: f64 = 3.0;
/// How fast the rate comes back to where it is known to be safe, in requests a minute per minute.
const CLIMB: f64 = 6.0;
/// How long it stays there before it looks for more: doubled up to three times while nothing changes.
const HOLD_MINUTES: f64 = 2.0;
/// A window of the limit: what was learned within one may still grow.
const SETTLED: Duration = Duration::from_secs(60);

impl Fall {
    /// The rate at which others and we together stay below the limit.
    fn aim(&self, full: f64) -> f64 {
        (self.limit - self.others - 1.0).clamp(FLOOR.min(full), full)
    }

    fn rate(&self, full: f64, now: &Now) -> f64 {
        let minutes = self.at.age(now).as_secs_f64() / 60.0;
        let aim = self.aim(full).max(self.rate);
        let climbed = (self.rate + steps(CLIMB * minutes)).min(aim);
        let hold = HOLD_MINUTES * f64::from(1 << self.confirmed.min(3));
        let probing = (minutes - (aim - self.rate) / CLIMB - hold).max(0.0);
        (climbed + steps(probing * probing / 5.0)).clamp(FLOOR.min(full), full)
    }
}

/// Rates change by halves, so that not every look at one is news.
fn steps(rise: f64) -> f64 {
    (rise * 2.0).floor() / 2.0
}

impl Governor {
    /// The rate in requests a minute at `now`, where `full` is the configured one.
    pub fn rate(&self, full: f64, now: &Now) -> f64 {
        self.fallen.as_ref().map_or(full, |fall| fall.rate(full, now))
    }

    /// What others use of the limit in a minute. `None` where nothing shows it: never throttled, too new to tell, or
    /// our own full rate fits in again.
    pub fn others(&self, full: f64, now: &Now) -> Option<f64> {
        let fall = self.fallen.as_ref()?;
        let rate = fall.rate(full, now);
        let settled = fall.confirmed > 0 || fall.at.age(now) >= SETTLED * 2;
        // A rate that is not throttled leaves them the rest at most.
        (settled && rate < full).then(|| fall.others.min(fall.limit - rate)).filter(|others| *others >= 1.0)
    }

    /// After an answer *throttled*: the rate falls below what others leave of the limit, and everything waits. The wait
    /// is what the service asked for, else 5 s, doubled for every further one in a row, at most a minute (the window of
    /// the limit).
    ///
    /// The service counted at least the limit, and of that we know our own part: the rest is others'. While their
    /// requests still fill the window the share is larger than what shows, so the rate also falls by a third.
    #[must_use]
    pub fn throttled(&self, hit: &Hit, now: &Now) -> Governor {
        let blocked = self.is_blocked(now);
        let (limit, rate) = (f64::from(hit.limit), self.rate(hit.full, now));
        let seen = (limit + 1.0 - f64::from(hit.own)).clamp(0.0, limit);
        let before = self.fallen.as_ref().filter(|_| rate < hit.full);
        let mut others = before.map_or(seen, |f| if seen > f.others { seen } else { f.others.midpoint(seen) });
        let settled = before.is_some_and(|f| f.at.age(now) >= SETTLED && (seen - f.others).abs() <= 4.0);
        // Throttled at a rate that was thought to be safe: it was not.
        if settled && before.is_some_and(|f| rate <= f.aim(hit.full) + 0.4) {
            others = (others + 1.0).min(limit);
        }
        let mut fall = Fall { at: now.stamp(), rate, others, limit, confirmed: before.map_or(0, |f| f.confirmed) };
        // Replies to requests that were in flight together are one lesson, not several.
        if !blocked {
            fall.confirmed = if settled { fall.confirmed.saturating_add(1) } else { 0 };
            let fallen = if settled { rate } else { rate * 2.0 / 3.0 };
            fall.rate = fallen.min(fall.aim(hit.full)).max(FLOOR.min(hit.full));
        }
        let streak = if blocked { self.streak } else { self.streak.saturating_add(1) };
        let own = Duration::from_secs(5) * 2u32.pow(streak.saturating_sub(1).min(4));
        let wait = hit
            .asked
            .unwrap_or(own)
            .clamp(Duration::from_secs(1), Duration::from_secs(300))
            .min(hit.asked.map_or(Duration::from_secs(60), |_| Duration::from_secs(300)));
        let fallen = if hit.shaken { self.fallen.clone() } else { Some(fall) };
        Governor { fallen, blocked_until: Some(now.after(wait)), streak }
    }

    /// After a good answer: the streak is over (the rate rises with time).
    #[must_use]
    pub fn clean(&self) -> Governor {
        Governor { fallen: self.fallen.clone(), blocked_until: None, streak: 0 }
    }

    /// True while nothing may be sent.
    pub fn is_blocked(&self, now: &Now) -> bool {
        self.blocked_for(now) > Duration::ZERO
    }

    /// How long nothing may be sent from `now` on, 300 s at most: a stamp far ahead was written by another clock. A
    /// stamp of an earlier boot blocks no more.
    pub fn blocked_for(&self, now: &Now) -> Duration {
        match &self.blocked_until {
            Some(until) if until.boot == now.boot => until.mono.since(now.mono).min(LONGEST_BLOCK),
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::domain::{Clock, ManualClock};

    const SECOND: Duration = Duration::from_secs(1);

    fn hit(own: u32) -> Hit {
        Hit { full: 45.0, limit: 50, own, asked: None, shaken: false }
    }

    #[test]
    fn a_throttle_in_an_outage_waits_but_teaches_nothing() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let g = Governor::default().throttled(&Hit { shaken: true, ..hit(5) }, &clock.now());
        assert!(g.is_blocked(&clock.now()));
        assert!((g.rate(45.0, &clock.now()) - 45.0).abs() < 0.01);
        assert_eq!(g.others(45.0, &clock.now()), None);
    }

    #[test]
    fn falls_by_a_third_at_first_and_comes_back_when_nothing_speaks_against_it() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let g = Governor::default();
        assert_eq!(g.rate(45.0, &clock.now()), 45.0);
        let g = g.throttled(&hit(45), &clock.now());
        assert_eq!(g.rate(45.0, &clock.now()), 30.0);
        assert_eq!(g.blocked_for(&clock.now()), SECOND * 5);
        clock.advance(SECOND * 61);
        assert_eq!(g.rate(45.0, &clock.now()), 36.0);
        clock.advance(SECOND * 3600);
        assert_eq!((g.rate(45.0, &clock.now()), g.others(45.0, &clock.now())), (45.0, None));
    }

    #[test]
    fn replies_in_flight_together_are_one_lesson() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let g = Governor::default().throttled(&hit(45), &clock.now()).throttled(&hit(45), &clock.now());
        assert_eq!((g.rate(45.0, &clock.now()), g.streak), (30.0, 1));
    }

    #[test]
    fn waits_grow_to_a_minute_and_never_reach_zero_rate() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let mut g = Governor::default();
        let mut waits = vec![];
        for _ in 0..8 {
            g = g.throttled(&hit(1), &clock.now());
            waits.push(g.blocked_for(&clock.now()).as_secs());
            clock.advance(g.blocked_for(&clock.now()));
        }
        assert_eq!(waits, [5, 10, 20, 40, 60, 60, 60, 60]);
        assert!(g.rate(45.0, &clock.now()) >= 3.0);
        assert_eq!(g.clean().streak, 0);
        let asked = g.throttled(&Hit { asked: Some(SECOND * 100_000), ..hit(1) }, &clock.now());
        assert_eq!(asked.blocked_for(&clock.now()).as_secs(), 300);
    }

    /// The account's window of 60 s, with `theirs` requests a minute of others from the third minute on, for `minutes`.
    /// `even`: theirs come evenly; else in bunches of five. Gives (our answers, throttlings, share told) of the last
    /// hour.
    fn hour(theirs: u32, even: bool, minutes: u64) -> (u32, u32, Option<f64>) {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let (mut window, mut own): (VecDeque<u64>, VecDeque<u64>) = Default::default();
        let (mut g, mut next, mut good, mut throttled) = (Governor::default(), 0.0, 0, 0);
        let mut credit = 0.0;
        for ms in (0..minutes * 60_000).step_by(100) {
            clock.advance(Duration::from_millis(100));
            let now = clock.now();
            let gone = |q: &mut VecDeque<u64>| {
                while q.front().is_some_and(|t| t + 60_000 <= ms) {
                    q.pop_front();
                }
            };
            gone(&mut window);
            gone(&mut own);
            credit += if ms >= 180_000 { f64::from(theirs) / 600.0 } else { 0.0 };
            let bunch = if even { 1.0 } else { 5.0 };
            while credit >= bunch {
                credit -= bunch;
                (0..bunch as u32).for_each(|_| window.push_back(ms));
            }
            if g.is_blocked(&now) || (ms as f64) < next {
                continue;
            }
            next = next.max(ms as f64 - 1000.0) + 60_000.0 / g.rate(45.0, &now);
            let counted = ms + 3_600_000 >= minutes * 60_000;
            let full = window.len() >= 50;
            window.push_back(ms);
            own.push_back(ms);
            if full {
                g = g.throttled(&hit(own.len() as u32), &now);
                throttled += u32::from(counted);
            } else {
                g = if g.streak > 0 { g.clean() } else { g };
                good += u32::from(counted);
            }
        }
        (good, throttled, g.others(45.0, &clock.now()))
    }

    #[test]
    fn beside_steady_other_clients_it_takes_what_they_leave_and_is_seldom_throttled() {
        for (theirs, even) in [(30, true), (30, false), (15, true), (40, true), (20, false)] {
            let (good, throttled, told) = hour(theirs, even, 75);
            let left = 60 * (50 - theirs);
            assert!(good * 100 >= left * 85 && good <= left, "{good} of {left} beside {theirs}");
            assert!(throttled <= if theirs <= 30 { 6 } else { 24 }, "{throttled} times an hour beside {theirs}");
            let ratio = told.unwrap() / f64::from(theirs);
            assert!((1.0 / 1.5..=1.5).contains(&ratio), "{told:?} for {theirs}");
        }
    }

    #[test]
    fn within_the_reserve_other_clients_cost_nothing() {
        assert_eq!(hour(4, true, 70), (2700, 0, None));
    }
}
