//! When an agent works: a shift a day, with breaks.

use serde::{Deserialize, Serialize};

/// Milliseconds in a day of the model.
pub(super) const DAY: i64 = 86_400_000;
const MINUTE: i64 = 60_000;

/// Breaks as (milliseconds into the shift, length), each moved by the agent's own offset.
const BREAKS: [(i64, i64); 3] = [(115 * MINUTE, 15 * MINUTE), (235 * MINUTE, 40 * MINUTE), (395 * MINUTE, 15 * MINUTE)];

/// A daily shift, in milliseconds from the model's midnight, which is its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Begins, 0 to a day.
    pub starts_ms: i64,
    /// Lasts, at most a day: a whole day is an agent who never goes home.
    pub lasts_ms: i64,
    /// Moves the breaks, so that not everybody drinks tea at once.
    pub breaks_later_ms: i64,
}

impl Shift {
    /// Day and night, with breaks.
    pub fn always(breaks_later_ms: i64) -> Self {
        Shift { starts_ms: 0, lasts_ms: DAY, breaks_later_ms }
    }

    /// Whether the agent is logged in at `t`, and then whether on a break.
    pub(super) fn on_break(&self, t: i64) -> Option<bool> {
        let into = (t - self.starts_ms).rem_euclid(DAY);
        if into >= self.lasts_ms {
            return None;
        }
        let starts = BREAKS.iter().map(|&(at, long)| (at + self.breaks_later_ms, long));
        Some(starts.into_iter().any(|(at, long)| (at..at.saturating_add(long)).contains(&into)))
    }

    /// The first moment at or after `t` at which a call may begin. A shift of no length never begins one.
    pub(super) fn next_working(&self, mut t: i64) -> i64 {
        if self.lasts_ms <= 0 {
            return i64::MAX;
        }
        // Each turn leaves one break or the night behind; a day has four such.
        for _ in 0..8 {
            let into = (t - self.starts_ms).rem_euclid(DAY);
            if into >= self.lasts_ms {
                t += DAY - into;
                continue;
            }
            let in_break = BREAKS.iter().map(|&(at, long)| (at + self.breaks_later_ms, long)).find_map(|(at, long)| {
                (at..at.saturating_add(long)).contains(&into).then(|| at.saturating_add(long) - into)
            });
            match in_break {
                Some(left) => t += left,
                None => return t,
            }
        }
        t
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_begins_in_the_shift_and_outside_the_breaks() {
        let nine_hours = Shift { starts_ms: 8 * 60 * MINUTE, lasts_ms: 9 * 60 * MINUTE, breaks_later_ms: 0 };
        for (t, next) in [
            (0, 480),
            (480, 480),
            (594, 594),
            (595, 610),
            (609, 610),
            (610, 610),
            (1_019, 1_019),
            (1_020, 1_440 + 480),
            (1_440 + 500, 1_440 + 500),
        ] {
            assert_eq!(nine_hours.next_working(t * MINUTE), next * MINUTE, "{t}");
        }
    }

    #[test]
    fn a_night_shift_reaches_into_the_next_day() {
        let night = Shift { starts_ms: 20 * 60 * MINUTE, lasts_ms: 9 * 60 * MINUTE, breaks_later_ms: 0 };
        assert_eq!(night.next_working(60 * MINUTE), 60 * MINUTE);
        assert_eq!(night.next_working(6 * 60 * MINUTE), 20 * 60 * MINUTE);
        assert_eq!(Shift { lasts_ms: 0, ..night }.next_working(5), i64::MAX);
    }

    #[test]
    fn who_never_goes_home_still_takes_breaks() {
        let always = Shift::always(5 * MINUTE);
        assert_eq!(always.next_working(121 * MINUTE), 135 * MINUTE);
        assert_eq!(always.next_working(23 * 60 * MINUTE), 23 * 60 * MINUTE);
    }
}
