//! Rate control that outlives processes: falls by a third when throttled, rises by one a minute when clean. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{Now, Stamp};

/// What throttling has taught. The default is: never throttled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Governor {
    /// The rate after the last fall, in requests a minute, and when that was.
    fallen: Option<(f64, Stamp)>,
    /// Nothing is sent until then.
    pub blocked_until: Option<Stamp>,
    /// Throttlings in a row without an answer between them.
    pub streak: u32,
}

/// The slowest rate that throttling leads to, in requests a minute: enough to notice that it is over.
const FLOOR: f64 = 3.0;

impl Governor {
    /// The rate in requests a minute at `now`, where `full` is the configured one.
    pub fn rate(&self, full: f64, now: &Now) -> f64 {
        match &self.fallen {
            Some((rate, at)) => (rate + (at.age(now).as_secs() / 60) as f64).clamp(FLOOR.min(full), full),
            None => full,
        }
    }

    /// After an answer *throttled*: two thirds of the rate, and everything waits. The wait is what the service asked
    /// for, else 5 s, doubled for every further one in a row, at most a minute (the window of the limit).
    #[must_use]
    pub fn throttled(&self, full: f64, asked: Option<Duration>, now: &Now) -> Governor {
        let blocked = self.is_blocked(now);
        // Replies to requests that were in flight together are one lesson, not several.
        let rate = if blocked { self.rate(full, now) } else { (self.rate(full, now) * 2.0 / 3.0).max(FLOOR.min(full)) };
        let streak = if blocked { self.streak } else { self.streak.saturating_add(1) };
        let own = Duration::from_secs(5) * 2u32.pow(streak.saturating_sub(1).min(4));
        let wait = asked
            .unwrap_or(own)
            .clamp(Duration::from_secs(1), Duration::from_secs(300))
            .min(asked.map_or(Duration::from_secs(60), |_| Duration::from_secs(300)));
        let mut until = now.clone();
        until.mono = until.mono + wait;
        until.wall = until.wall.checked_add(wait).unwrap_or(until.wall);
        Governor { fallen: Some((rate, now.stamp())), blocked_until: Some(until.stamp()), streak }
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

    /// How long nothing may be sent from `now` on. A stamp of an earlier boot blocks no more.
    pub fn blocked_for(&self, now: &Now) -> Duration {
        match &self.blocked_until {
            Some(until) if until.boot == now.boot => until.mono.since(now.mono),
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, ManualClock};

    #[test]
    fn falls_by_a_third_and_rises_by_one_a_minute() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let g = Governor::default();
        assert_eq!(g.rate(45.0, &clock.now()), 45.0);
        let g = g.throttled(45.0, None, &clock.now());
        assert_eq!(g.rate(45.0, &clock.now()), 30.0);
        assert_eq!(g.blocked_for(&clock.now()), Duration::from_secs(5));
        clock.advance(Duration::from_secs(119));
        assert_eq!(g.rate(45.0, &clock.now()), 31.0);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(g.rate(45.0, &clock.now()), 45.0);
    }

    #[test]
    fn replies_in_flight_together_are_one_lesson() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let g = Governor::default().throttled(45.0, None, &clock.now()).throttled(45.0, None, &clock.now());
        assert_eq!((g.rate(45.0, &clock.now()), g.streak), (30.0, 1));
    }

    #[test]
    fn waits_grow_to_a_minute_and_never_reach_zero_rate() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let mut g = Governor::default();
        let mut waits = vec![];
        for _ in 0..8 {
            g = g.throttled(45.0, None, &clock.now());
            waits.push(g.blocked_for(&clock.now()).as_secs());
            clock.advance(g.blocked_for(&clock.now()));
        }
        assert_eq!(waits, [5, 10, 20, 40, 60, 60, 60, 60]);
        assert!(g.rate(45.0, &clock.now()) >= 3.0);
        assert_eq!(g.clean().streak, 0);
        let asked = g.throttled(45.0, Some(Duration::from_secs(100_000)), &clock.now());
        assert_eq!(asked.blocked_for(&clock.now()).as_secs(), 300);
    }
}
