//! A target's recent readings on the monotonic axis, with gaps that stay gaps.

use std::{collections::VecDeque, time::Duration};

use super::{Aht, BootTime};

/// One good reading: when, and the AHT (`None`: no calls).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When it was read.
    pub at: BootTime,
    /// What was read; `None` is *no calls*.
    pub aht: Option<Aht>,
}

/// The newest points, as far back as they are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// When the first of them was read.
    pub since: BootTime,
    /// No point before it is kept: it may have been so for longer.
    pub open: bool,
}

/// Good readings in the order in which they came, of the last [`Series::SPAN`] and at most [`Series::MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    points: VecDeque<Point>,
}

impl Series {
    /// How far back points are kept: the two-hour window, the window before it for comparisons, and a margin.
    pub const SPAN: Duration = Duration::from_secs(4 * 3600 + 600);
    /// Bound on the number of points, so that memory stays flat at any polling rate: one every 15 s for two hours.
    pub const MAX: usize = 1000;

    /// Adds a reading. One that is older than the last point is put at the last point's time: the store's order rules.
    pub fn push(&mut self, at: BootTime, aht: Option<Aht>) {
        let at = self.points.back().map_or(at, |p| p.at.max(at));
        self.points.push_back(Point { at, aht });
        while self.points.len() > Self::MAX || self.points.front().is_some_and(|p| at.since(p.at) > Self::SPAN) {
            self.points.pop_front();
        }
    }

    /// The points, oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = Point> + ExactSizeIterator + '_ {
        self.points.iter().copied()
    }

    /// The newest points for which `alike` holds; `None` where it does not hold for the last one.
    pub fn run(&self, alike: impl Fn(Option<Aht>) -> bool) -> Option<Run> {
        let n = self.points.iter().rev().take_while(|p| alike(p.aht)).count();
        let first = self.points.len() - n;
        Some(Run { since: self.points.get(first)?.at, open: first == 0 })
    }

    /// The value that was current at `at`: of the last point at or before it, if that is no older than `hold` then.
    /// `None` where nothing that fresh was known, or there were no calls.
    pub fn at(&self, at: BootTime, hold: Duration) -> Option<Aht> {
        let i = self.points.partition_point(|p| p.at <= at);
        let p = self.points.get(i.checked_sub(1)?)?;
        (at.since(p.at) <= hold).then_some(p.aht).flatten()
    }

    /// The last `span` before `end` in `n` equal buckets, oldest first: each the last value known within it. A value is
    /// held for `hold` after its reading; beyond that, and where there were no calls, a bucket is a gap (`None`).
    pub fn buckets(&self, end: BootTime, span: Duration, n: usize, hold: Duration) -> Vec<Option<Aht>> {
        let span_ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX).max(1);
        let n_i = i64::try_from(n.max(1)).unwrap_or(1);
        (1..=n)
            .map(|i| {
                let i = i64::try_from(i).unwrap_or(n_i);
                let step = span_ms / n_i;
                let bucket_end = BootTime(end.0.saturating_sub(step.saturating_mul(n_i - i)));
                let width = Duration::from_millis(u64::try_from(step).unwrap_or(0));
                self.at(bucket_end, hold.max(width))
            })
            .collect()
    }

    /// How many times the value changed within the last `span` before `end`.
    pub fn changes(&self, end: BootTime, span: Duration) -> usize {
        let from = end - span;
        let inside: Vec<_> = self.points.iter().filter(|p| p.at >= from && p.at <= end).collect();
        inside.windows(2).filter(|w| w[0].aht != w[1].aht).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOLD: Duration = Duration::from_secs(180);

    fn s(points: &[(i64, u32)]) -> Series {
        let mut series = Series::default();
        for &(at, v) in points {
            series.push(BootTime(at * 1000), (v > 0).then(|| Aht::from_secs(v)));
        }
        series
    }

    #[test]
    fn a_value_holds_for_a_while_and_then_is_a_gap() {
        let series = s(&[(0, 100), (60, 110), (600, 0), (660, 120)]);
        let at = |t: i64| series.at(BootTime(t * 1000), HOLD).map(Aht::secs);
        assert_eq!(
            [at(-1), at(0), at(59), at(240), at(241), at(600), at(660)],
            [None, Some(100), Some(100), Some(110), None, None, Some(120)]
        );
    }

    #[test]
    fn buckets_end_now_and_keep_gaps() {
        let series = s(&[(0, 100), (60, 110), (600, 0), (660, 120)]);
        let secs: Vec<_> = series
            .buckets(BootTime(720_000), Duration::from_secs(720), 6, HOLD)
            .into_iter()
            .map(|b| b.map(Aht::secs))
            .collect();
        assert_eq!(secs, [Some(110), Some(110), None, None, None, Some(120)]);
    }

    #[test]
    fn a_run_that_reaches_the_first_point_may_have_begun_earlier() {
        let high = |aht: Option<Aht>| aht.is_some_and(|aht| aht.secs() > 100);
        let run = |points: &[(i64, u32)]| s(points).run(high).map(|run| (run.since.0 / 1000, run.open));
        assert_eq!(run(&[]), None);
        assert_eq!(run(&[(0, 110), (60, 100)]), None);
        assert_eq!(run(&[(0, 100), (60, 110), (120, 120)]), Some((60, false)));
        assert_eq!(run(&[(0, 110), (60, 110)]), Some((0, true)));
        // The point from which it was so is not kept any more.
        let span = i64::try_from(Series::SPAN.as_secs()).unwrap();
        assert_eq!(run(&[(0, 100), (60, 110), (120, 120), (span + 90, 110)]), Some((120, true)));
    }

    #[test]
    fn changes_count_comings_and_goings_of_calls() {
        assert_eq!(s(&[(0, 1), (1, 1), (2, 2), (3, 0), (4, 2)]).changes(BootTime(4000), HOLD), 3);
    }

    proptest! {
        #[test]
        fn memory_is_bounded_and_order_kept(steps in prop::collection::vec((-100_000i64..1_000_000, 0u32..9), 0..3000)) {
            let mut series = Series::default();
            let mut t = 0i64;
            for (dt, v) in steps {
                t = t.saturating_add(dt);
                series.push(BootTime(t), (v > 0).then(|| Aht::from_secs(v)));
            }
            prop_assert!(series.points().len() <= Series::MAX);
            let times: Vec<_> = series.points().map(|p| p.at).collect();
            prop_assert!(times.is_sorted());
        }

        #[test]
        fn any_bucketing_is_total(end in any::<i64>(), span in 0u64..1 << 50, n in 0usize..300, hold in 0u64..1 << 40) {
            let got = s(&[(0, 100), (60, 110)])
                .buckets(BootTime(end), Duration::from_millis(span), n, Duration::from_millis(hold));
            prop_assert_eq!(got.len(), n);
        }
    }
}
