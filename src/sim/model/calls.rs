//! Calls in the order in which they ended, and their mean over a window that slides.

use serde::{Deserialize, Serialize};

/// What is so for a target at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// The service does not know it.
    Invalid,
    /// No call ended in the window.
    NoCalls,
    /// Mean handling time in whole seconds, at least one.
    Secs(u32),
}

/// Ended calls, ascending by end.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    /// When each ended, ms.
    ends: Vec<i64>,
    /// `sums[i]`: handling time of the calls before `i`, ms; one longer than `ends`, or empty with it.
    sums: Vec<u64>,
}

impl Calls {
    /// Adds a call that ended at `end`, not before the last one.
    pub(super) fn push(&mut self, end: i64, long: u64) {
        if self.sums.is_empty() {
            self.sums.push(0);
        }
        let before = self.sums.last().copied().unwrap_or(0);
        self.ends.push(end);
        self.sums.push(before + long);
    }

    /// When the `i`-th ended and how long it took.
    pub(super) fn get(&self, i: usize) -> Option<(i64, u64)> {
        Some((*self.ends.get(i)?, self.sums.get(i + 1)? - self.sums.get(i)?))
    }

    /// The first that ended after `t`.
    pub(super) fn first_after(&self, t: i64) -> Option<(i64, u64)> {
        self.get(self.ends.partition_point(|&end| end <= t))
    }

    /// The mean of those that ended in `(t - window, t]`.
    pub(super) fn mean(&self, t: i64, window: i64) -> Truth {
        let lo = self.ends.partition_point(|&e| e <= t - window);
        let hi = self.ends.partition_point(|&e| e <= t);
        self.mean_of(lo, hi)
    }

    fn mean_of(&self, lo: usize, hi: usize) -> Truth {
        if hi <= lo {
            return Truth::NoCalls;
        }
        let sum = self.sums[hi] - self.sums[lo];
        let calls = (hi - lo) as u64;
        let secs = (sum + calls * 500) / (calls * 1000);
        // Zero is the API's word for no calls.
        Truth::Secs(u32::try_from(secs).unwrap_or(u32::MAX).max(1))
    }

    /// The value at `from`, and each change in `(from, to]`.
    pub(super) fn changes(&self, from: i64, to: i64, window: i64) -> Vec<(i64, Truth)> {
        let mut lo = self.ends.partition_point(|&e| e <= from - window);
        let mut hi = self.ends.partition_point(|&e| e <= from);
        let mut out = vec![(from, self.mean_of(lo, hi))];
        let mut last = out[0].1;
        loop {
            let enters = self.ends.get(hi).copied();
            let leaves = self.ends.get(lo).map(|e| e + window);
            let Some(t) = [enters, leaves].into_iter().flatten().min().filter(|&t| t <= to) else { return out };
            while self.ends.get(hi).is_some_and(|&e| e <= t) {
                hi += 1;
            }
            while self.ends.get(lo).is_some_and(|&e| e + window <= t) {
                lo += 1;
            }
            let value = self.mean_of(lo, hi);
            if value != last {
                out.push((t, value));
                last = value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_counts_from_its_end_until_the_window_has_passed() {
        let mut calls = Calls::default();
        assert_eq!(calls.mean(50, 100), Truth::NoCalls);
        calls.push(10_000, 3_000);
        calls.push(10_500, 6_000);
        assert_eq!(calls.mean(9_999, 2_000), Truth::NoCalls);
        assert_eq!(calls.mean(10_000, 2_000), Truth::Secs(3));
        assert_eq!(calls.mean(10_500, 2_000), Truth::Secs(5), "4.5 s is rounded up");
        assert_eq!(calls.mean(12_000, 2_000), Truth::Secs(6));
        assert_eq!(calls.mean(12_500, 2_000), Truth::NoCalls);
        let expected = [
            (0, Truth::NoCalls),
            (10_000, Truth::Secs(3)),
            (10_500, Truth::Secs(5)),
            (12_000, Truth::Secs(6)),
            (12_500, Truth::NoCalls),
        ];
        assert_eq!(calls.changes(0, 99_999, 2_000), expected);
        assert_eq!(calls.changes(10_100, 10_499, 2_000), [(10_100, Truth::Secs(3))]);
    }

    #[test]
    fn calls_shorter_than_a_second_are_still_calls() {
        let mut calls = Calls::default();
        calls.push(5, 2);
        assert_eq!(calls.mean(5, 10), Truth::Secs(1));
    }
}
