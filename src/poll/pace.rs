//! How far apart requests are sent, so that the minute's budget does not run dry. Pure.
//!
//! A burst (the first fill, or what a predecessor sent) eats into the minute: at the usual distance the rest would be
//! used up long before the burst is forgotten, and then everything would stand still. So the rest is spread. And where
//! turns were left out (a hand-over between machines takes seconds), those that the minute still has are made up for.

use std::{collections::VecDeque, time::Duration};

use crate::{domain::BootTime, store::WINDOW};

/// Within this time what was left out is made up for.
const AHEAD: Duration = Duration::from_secs(20);
/// The shortest distance then, as a part of the usual one.
const HURRIED: f64 = 0.75;

/// The requests of the last minute.
#[derive(Clone, Debug, Default)]
pub struct Pacer {
    sent: VecDeque<BootTime>,
    catches_up: bool,
}

impl Pacer {
    /// With the requests of whoever polled before, in any order.
    pub fn after(sent: impl IntoIterator<Item = BootTime>) -> Self {
        let mut sent: Vec<BootTime> = sent.into_iter().collect();
        sent.sort_unstable();
        Pacer { sent: sent.into(), catches_up: false }
    }

    /// Whether turns that were left out are made up for, a little faster than usual.
    #[must_use]
    pub fn catching_up(self, catches_up: bool) -> Self {
        Pacer { catches_up, ..self }
    }

    /// A request is sent at `now`.
    pub fn sent(&mut self, now: BootTime) {
        self.sent.push_back(now);
    }

    /// How long no request may follow at `now`, because `cap` of them lie in the last minute.
    pub fn wait(&mut self, now: BootTime, cap: u32) -> Duration {
        self.forget(now);
        let over = self.sent.len().checked_sub(usize::try_from(cap.max(1)).unwrap_or(usize::MAX));
        let first = over.and_then(|over| self.sent.get(over));
        first.map_or(Duration::ZERO, |&at| (at + WINDOW).since(now))
    }

    fn forget(&mut self, now: BootTime) {
        while self.sent.front().is_some_and(|at| now.since(*at) >= WINDOW) {
            self.sent.pop_front();
        }
    }

    /// The distance to the next request at `now`, where `gap` is the usual one and `cap` the most in a minute. Never
    /// shorter than `gap`, unless turns were left out that are made up for.
    pub fn gap(&mut self, now: BootTime, cap: u32, gap: Duration) -> Duration {
        self.forget(now);
        let free = i64::from(cap).saturating_sub(i64::try_from(self.sent.len()).unwrap_or(i64::MAX));
        // Until the i-th request is forgotten there is room for the free ones and the i - 1 before it.
        let spread = self.sent.iter().zip(0i64..).filter_map(|(&at, before)| {
            let room = u32::try_from(free.saturating_add(before)).ok().filter(|room| *room > 0)?;
            Some((at + WINDOW).since(now) / room)
        });
        let spread = spread.max().unwrap_or_default();
        // One that is under way for long must not stretch it to a standstill.
        if spread > gap.mul_f64(1.15) {
            spread.min(gap.saturating_mul(6))
        } else if self.catches_up && gap.mul_f64(f64::from(cap)) <= WINDOW.mul_f64(1.01) {
            self.hurried(now, free).map_or(gap, |soon| soon.clamp(gap.mul_f64(HURRIED), gap))
        } else {
            gap
        }
    }

    /// The distance at which the `free` ones and those that are forgotten soon are used up by then.
    fn hurried(&self, now: BootTime, free: i64) -> Option<Duration> {
        let soon = self.sent.iter().take_while(|&&at| (at + WINDOW).since(now) <= AHEAD).count();
        // In an even flow one is always about to be sent.
        let room = free.saturating_add(i64::try_from(soon).ok()?).saturating_sub(1);
        Some(AHEAD / u32::try_from(room).ok().filter(|room| *room > 0)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_millis(1333);

    /// Sends for `ms` as the store would let it, with that cap; gives when.
    fn run(pacer: &mut Pacer, from: i64, ms: i64) -> Vec<i64> {
        let (mut all, mut last): (Vec<i64>, i64) = (pacer.sent.iter().map(|m| m.0).collect(), from);
        let before = all.len();
        for t in from..from + ms {
            let gap = pacer.gap(BootTime(t), 45, GAP).as_millis() as i64;
            if t - last >= gap && pacer.wait(BootTime(t), 45).is_zero() {
                pacer.sent(BootTime(t));
                all.push(t);
                last = t;
            }
        }
        let most = all.iter().map(|a| all.iter().filter(|b| (*a..*a + 60_000).contains(*b)).count()).max();
        assert!(most <= Some(45), "{most:?}");
        all.split_off(before)
    }

    fn longest(times: &[i64]) -> i64 {
        times.windows(2).map(|w| w[1] - w[0]).max().unwrap()
    }

    #[test]
    fn after_a_burst_nothing_stands_still() {
        let mut pacer = Pacer::default();
        (0..25).for_each(|i| pacer.sent(BootTime(i * 100)));
        let times = run(&mut pacer, 2500, 300_000);
        assert!(longest(&times) <= 4000, "{}", longest(&times));
        let minute = times.iter().filter(|t| (120_000..300_000).contains(*t)).count();
        assert!(minute >= 134, "{minute} of 135");
    }

    #[test]
    fn an_even_flow_stays_even() {
        let mut pacer = Pacer::default();
        let times = run(&mut pacer, 0, 200_000);
        assert!(longest(&times[1..]) <= 1600, "{}", longest(&times[1..]));
        assert!(times.len() >= 149, "{}", times.len());
    }

    #[test]
    fn after_a_takeover_the_flow_goes_on() {
        let mut pacer = Pacer::after((0..45).rev().map(|i| BootTime(i * 1333)));
        let times = run(&mut pacer, 63_000, 180_000);
        assert!(times.len() >= 134, "{}", times.len());
        assert!(longest(&times) <= 6000, "{}", longest(&times));
    }

    /// How many are sent in the ten minutes behind the first, where every 30 seconds nothing is for five.
    fn sent_with_holes(mut pacer: Pacer) -> usize {
        let mut all: Vec<i64> = vec![];
        for from in (0..660_000).step_by(30_000) {
            all.extend(run(&mut pacer, from, 25_000));
        }
        all.iter().filter(|t| **t >= 60_000).count()
    }

    #[test]
    fn turns_that_were_left_out_are_made_up_for() {
        let [lost, made_up] = [false, true].map(|catches_up| sent_with_holes(Pacer::default().catching_up(catches_up)));
        assert!(lost <= 370 && made_up >= 400, "{lost}, {made_up} of 450");
    }

    #[test]
    fn who_catches_up_stays_even_where_nothing_was_left_out() {
        let mut pacer = Pacer::default().catching_up(true);
        let times = run(&mut pacer, 0, 200_000);
        assert!(longest(&times[1..]) <= 1700, "{}", longest(&times[1..]));
        assert!(times.len() >= 149, "{}", times.len());
    }

    #[test]
    fn few_targets_are_never_hurried() {
        let mut pacer = Pacer::default();
        assert_eq!(pacer.gap(BootTime(0), 45, Duration::from_secs(6)), Duration::from_secs(6));
        let mut hurried = Pacer::default().catching_up(true);
        assert_eq!(hurried.gap(BootTime(0), 45, Duration::from_secs(6)), Duration::from_secs(6));
        assert!(hurried.gap(BootTime(0), 45, GAP) < GAP);
        assert_eq!(pacer.gap(BootTime(0), 45, GAP), GAP);
    }
}
