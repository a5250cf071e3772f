//! The limit of requests, and the count of what really came.

use std::collections::{HashMap, VecDeque};

use super::options::LimitWindow;
use crate::domain::BootTime;

const MINUTE: i64 = 60_000;

/// Counted requests of the last minute by scope.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    ledgers: HashMap<String, VecDeque<i64>>,
}

impl Limiter {
    /// Requests of `scope` that count at `now`, where fixed minutes begin at `started`.
    pub(super) fn used(&mut self, scope: &str, now: BootTime, started: BootTime, window: LimitWindow) -> u32 {
        let first = first_counted(now, started, window);
        let Some(ledger) = self.ledgers.get_mut(scope) else { return 0 };
        // Kept for a whole minute whatever the window is: it may be switched while running.
        while ledger.front().is_some_and(|&at| at <= now.0 - MINUTE) {
            ledger.pop_front();
        }
        u32::try_from(ledger.len() - ledger.partition_point(|&at| at < first)).unwrap_or(u32::MAX)
    }

    pub(super) fn count(&mut self, scope: &str, now: BootTime) {
        if self.ledgers.len() > 1000 {
            self.ledgers.retain(|_, l| l.back().is_some_and(|&at| at > now.0 - MINUTE));
        }
        self.ledgers.entry(scope.to_owned()).or_default().push_back(now.0);
    }

    /// Whole seconds, at least one, after which the oldest counted request no longer counts.
    pub(super) fn retry_after(&self, scope: &str, now: BootTime, started: BootTime, window: LimitWindow) -> u64 {
        let first = first_counted(now, started, window);
        let free = match window {
            LimitWindow::FixedMinute => first + MINUTE,
            LimitWindow::Sliding => {
                let oldest = self.ledgers.get(scope).and_then(|l| l.iter().find(|&&at| at >= first));
                oldest.copied().unwrap_or(now.0) + MINUTE
            }
        };
        u64::try_from((free - now.0 + 999) / 1000).unwrap_or(1).max(1)
    }
}

fn first_counted(now: BootTime, started: BootTime, window: LimitWindow) -> i64 {
    match window {
        LimitWindow::Sliding => now.0 - MINUTE + 1,
        LimitWindow::FixedMinute => now.0 - (now.0 - started.0).rem_euclid(MINUTE),
    }
}

/// The most arrivals in any 60 seconds, `(t - 60 s, t]`.
#[derive(Debug, Default)]
pub(super) struct Peak {
    last: VecDeque<i64>,
    most: u32,
}

impl Peak {
    /// Takes note of an arrival, not before the last one.
    pub(super) fn arrived(&mut self, at: BootTime) {
        while self.last.front().is_some_and(|&t| t <= at.0 - MINUTE) {
            self.last.pop_front();
        }
        self.last.push_back(at.0);
        self.most = self.most.max(u32::try_from(self.last.len()).unwrap_or(u32::MAX));
    }

    /// The most so far.
    pub(super) fn most(&self) -> u32 {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn most_by_force(times: &[i64]) -> u32 {
        let within = |&t: &i64| times.iter().filter(|&&o| o > t - MINUTE && o <= t).count();
        times.iter().map(within).max().unwrap_or(0) as u32
    }

    proptest! {
        #[test]
        fn no_sliding_minute_holds_more_than_the_limit(
            gaps in prop::collection::vec(0i64..4_000, 1..300), limit in 1u32..60,
        ) {
            let (mut limiter, mut taken, mut now) = (Limiter::default(), Vec::new(), 0);
            for gap in gaps {
                now += gap;
                let before = taken.iter().filter(|&&t| t > now - MINUTE).count() as u32;
                let used = limiter.used("a", BootTime(now), BootTime(0), LimitWindow::Sliding);
                prop_assert_eq!(used, before);
                if used < limit {
                    limiter.count("a", BootTime(now));
                    taken.push(now);
                } else {
                    let wait = limiter.retry_after("a", BootTime(now), BootTime(0), LimitWindow::Sliding) as i64;
                    prop_assert!((1..=60).contains(&wait));
                    let later = taken.iter().filter(|&&t| t > now + wait * 1000 - MINUTE).count() as u32;
                    prop_assert!(later < limit);
                }
            }
            prop_assert!(most_by_force(&taken) <= limit);
        }

        #[test]
        fn no_fixed_minute_holds_more_than_the_limit(
            gaps in prop::collection::vec(0i64..4_000, 1..300), limit in 1u32..60, start in 0i64..60_000,
        ) {
            let (mut limiter, mut taken, mut now) = (Limiter::default(), Vec::new(), start);
            for gap in gaps {
                now += gap;
                let minute = |t: i64| (t - start) / MINUTE;
                let before = taken.iter().filter(|&&t| minute(t) == minute(now)).count() as u32;
                prop_assert_eq!(limiter.used("a", BootTime(now), BootTime(start), LimitWindow::FixedMinute), before);
                if before < limit {
                    limiter.count("a", BootTime(now));
                    taken.push(now);
                } else {
                    let wait = limiter.retry_after("a", BootTime(now), BootTime(start), LimitWindow::FixedMinute) as i64;
                    prop_assert_eq!(minute(now + wait * 1000), minute(now) + 1);
                }
            }
        }

        #[test]
        fn the_peak_is_that_of_all_windows(gaps in prop::collection::vec(0i64..9_000, 0..200)) {
            let (mut peak, mut times, mut now) = (Peak::default(), Vec::new(), 0);
            for gap in gaps {
                now += gap;
                times.push(now);
                peak.arrived(BootTime(now));
            }
            prop_assert_eq!(peak.most(), most_by_force(&times));
        }
    }

    #[test]
    fn scopes_do_not_see_each_other() {
        let mut limiter = Limiter::default();
        limiter.count("a", BootTime(5));
        assert_eq!(limiter.used("a", BootTime(6), BootTime(0), LimitWindow::Sliding), 1);
        assert_eq!(limiter.used("b", BootTime(6), BootTime(0), LimitWindow::Sliding), 0);
        assert_eq!(limiter.used("a", BootTime(60_005), BootTime(0), LimitWindow::Sliding), 0);
    }
}
