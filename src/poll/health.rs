//! Is it one target that fails, or the service? Pure.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use crate::{
    domain::{BootTime, EventTime, Target},
    store::WINDOW,
};

/// So many failures in a row, over at least two targets where there are two, mean that the service is ill.
pub(super) const ILL_AFTER: u32 = 4;
/// So many failures within a minute are no chance.
const SHAKEN: usize = 3;
/// First and last distance between probes.
const PROBE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// What may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Anything within the budget.
    Open,
    /// One request, and only while none is in flight.
    Probe,
    /// Nothing before this time.
    Closed(BootTime),
}

/// Counts failures that follow each other, and spaces the probes while nothing works.
#[derive(Clone, Debug, Default)]
pub struct Health {
    row: u32,
    /// When requests failed within the last minute, at most [`SHAKEN`] of them.
    failed: VecDeque<BootTime>,
    targets: BTreeSet<Target>,
    ill: Option<Ill>,
}

#[derive(Clone, Debug)]
struct Ill {
    why: Arc<str>,
    since: EventTime,
    probes: u32,
    next: BootTime,
}

impl Health {
    /// The service answered something sensible. True if it was ill until now.
    pub fn well(&mut self) -> bool {
        self.row = 0;
        self.targets.clear();
        self.ill.take().is_some()
    }

    /// Takes over what another poller knew: ill for this reason since then, and not to be asked before `next`.
    pub fn inherit(&mut self, why: Arc<str>, since: EventTime, next: BootTime) {
        self.ill = Some(Ill { why, since, probes: 1, next });
    }

    /// A request about `target` failed at `now`, one of `total` targets. `jitter` in 0..1 spreads the probes of
    /// several dashboards. True if the service has just become ill.
    pub fn fail(&mut self, target: &Target, why: &Arc<str>, total: usize, now: &EventTime, jitter: f64) -> bool {
        self.row = self.row.saturating_add(1);
        self.failed.push_back(now.mono);
        if self.failed.len() > SHAKEN {
            self.failed.pop_front();
        }
        if self.targets.len() < 2 {
            self.targets.insert(target.clone());
        }
        if let Some(ill) = &mut self.ill {
            ill.why = why.clone();
            ill.probes = ill.probes.saturating_add(1);
            ill.next = now.mono + probe_gap(ill.probes, jitter);
            return false;
        }
        if self.row < ILL_AFTER || self.targets.len() < total.min(2) {
            return false;
        }
        let next = now.mono + probe_gap(0, jitter);
        self.ill = Some(Ill { why: why.clone(), since: now.clone(), probes: 0, next });
        true
    }

    /// Whether several requests failed within the minute before `now`, in a row or not.
    pub fn is_shaken(&self, now: BootTime) -> bool {
        self.failed.len() >= SHAKEN && self.failed.iter().all(|at| now.since(*at) < WINDOW)
    }

    /// What may be sent at `now`.
    pub fn gate(&self, now: BootTime) -> Gate {
        match &self.ill {
            None => Gate::Open,
            Some(ill) if ill.next <= now => Gate::Probe,
            Some(ill) => Gate::Closed(ill.next),
        }
    }

    /// While ill: why, since when, and when the next probe is.
    pub fn ill(&self) -> Option<(Arc<str>, EventTime, BootTime)> {
        self.ill.as_ref().map(|i| (i.why.clone(), i.since.clone(), i.next))
    }
}

/// 5 s, doubling to 60 s, less up to a fifth.
fn probe_gap(probes: u32, jitter: f64) -> Duration {
    let whole = PROBE.0.saturating_mul(2u32.saturating_pow(probes.min(8))).min(PROBE.1);
    whole.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, ManualClock};

    fn setup() -> (Health, ManualClock, Arc<str>) {
        (Health::default(), ManualClock::at(jiff::Timestamp::UNIX_EPOCH), "no answer".into())
    }

    #[test]
    fn one_sick_target_is_not_a_sick_service() {
        let (mut health, clock, why) = setup();
        for _ in 0..20 {
            assert!(!health.fail(&Target::agent("a"), &why, 9, &clock.now().stamp(), 0.0));
        }
        assert_eq!(health.gate(clock.now().mono), Gate::Open);
        let mut alone = Health::default();
        let fell: Vec<_> =
            (0..5).map(|_| alone.fail(&Target::agent("a"), &why, 1, &clock.now().stamp(), 0.0)).collect();
        assert_eq!(fell, [false, false, false, true, false]);
    }

    #[test]
    fn probes_come_from_5_to_60_s_apart_until_one_is_answered() {
        let (mut health, clock, why) = setup();
        for id in ["a", "b", "c", "d"] {
            health.fail(&Target::agent(id), &why, 9, &clock.now().stamp(), 0.0);
        }
        let mut gaps = vec![];
        for _ in 0..6 {
            let Gate::Closed(next) = health.gate(clock.now().mono) else { panic!("must be closed") };
            gaps.push(next.since(clock.now().mono).as_secs());
            clock.advance(next.since(clock.now().mono));
            assert_eq!(health.gate(clock.now().mono), Gate::Probe);
            health.fail(&Target::agent("a"), &why, 9, &clock.now().stamp(), 0.0);
        }
        assert_eq!(gaps, [5, 10, 20, 40, 60, 60]);
        assert!(health.well() && !health.well());
        assert_eq!(health.gate(clock.now().mono), Gate::Open);
    }

    #[test]
    fn what_is_inherited_is_tried_one_by_one_until_it_is_over() {
        let (mut health, clock, why) = setup();
        let now = clock.now();
        health.inherit(why.clone(), now.stamp(), now.mono + Duration::from_secs(3));
        assert!(matches!(health.gate(now.mono), Gate::Closed(_)));
        clock.advance(Duration::from_secs(3));
        assert_eq!(health.gate(clock.now().mono), Gate::Probe);
        assert!(!health.fail(&Target::agent("a"), &why, 9, &clock.now().stamp(), 0.0));
        assert!(matches!(health.gate(clock.now().mono), Gate::Closed(_)));
        assert_eq!(health.ill().unwrap().1, now.stamp());
        assert!(health.well());
        assert_eq!(health.gate(clock.now().mono), Gate::Open);
    }

    #[test]
    fn an_answer_between_failures_starts_the_count_again() {
        let (mut health, clock, why) = setup();
        for id in ["a", "b", "c", "a", "b", "c", "a", "b", "c"] {
            assert!(!health.fail(&Target::agent(id), &why, 9, &clock.now().stamp(), 0.5));
            if id == "c" {
                health.well();
            }
        }
    }
}
