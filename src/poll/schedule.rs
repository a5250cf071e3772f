//! Which target is asked next. Pure: time, readings and attention come in, a target comes out.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    domain::{Mono, Now, Outcome, Reading, Row, Target},
    store::Attention,
};

/// An id that was answered *invalid* twice is asked only this often.
pub const INVALID_INTERVAL: Duration = Duration::from_secs(30 * 60);
/// First and last distance between tries of a failing target.
const RETRY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));

/// The next step of the poller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask this target; `first`: it was never read, so it may burst.
    Ask {
        /// Which.
        target: Target,
        /// Never read yet.
        first: bool,
        /// Somebody asked for it by hand.
        nudged: bool,
    },
    /// Nothing is due before this time.
    At(Mono),
    /// There is nothing to ask.
    Idle,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    attention: Option<Attention>,
    /// When the last answer of any kind came.
    last: Option<Mono>,
    not_before: Option<Mono>,
    in_flight: bool,
    failures: u32,
    invalid: u32,
    nudged: bool,
}

/// An even sweep: the target whose answer is oldest is next, as far as it is due.
#[derive(Clone, Debug)]
pub struct Schedule {
    entries: BTreeMap<Target, Entry>,
    min_interval: Duration,
}

impl Schedule {
    /// Nothing wanted yet. No target is asked more often than every `min_interval`, unless by hand or after a failure.
    pub fn new(min_interval: Duration) -> Self {
        Schedule { entries: BTreeMap::new(), min_interval }
    }

    /// Replaces what is wanted. What was learned of the targets that stay is kept; `rows` tells what the store knows of
    /// those that are new here.
    pub fn want(&mut self, wanted: &[(Target, Attention)], rows: &BTreeMap<Target, Row>, now: &Now) {
        let mut old = std::mem::take(&mut self.entries);
        for (target, attention) in wanted {
            let mut entry = old
                .remove(target)
                .unwrap_or_else(|| rows.get(target).map(|row| self.remembered(row, now)).unwrap_or_default());
            entry.attention = Some(*attention);
            self.entries.insert(target.clone(), entry);
        }
        // A request that is under way comes back, wanted or not.
        self.entries
            .extend(old.into_iter().filter(|(_, e)| e.in_flight).map(|(t, e)| (t, Entry { attention: None, ..e })));
    }

    fn remembered(&self, row: &Row, now: &Now) -> Entry {
        let Some((outcome, at)) = &row.last else { return Entry::default() };
        let last = now.mono_of(at);
        let mut entry = Entry { last: Some(last), ..Entry::default() };
        match outcome {
            Outcome::Invalid => {
                entry.invalid = row.failures.max(1);
                entry.not_before = Some(last + if entry.invalid >= 2 { INVALID_INTERVAL } else { self.min_interval });
            }
            Outcome::Failed(_) => entry.failures = row.failures,
            _ => entry.not_before = Some(last + self.min_interval),
        }
        entry
    }

    /// True if `target` is wanted already.
    pub fn knows(&self, target: &Target) -> bool {
        self.entries.contains_key(target)
    }

    /// `target` is to be asked next, whatever is due.
    pub fn nudge(&mut self, target: &Target) {
        if let Some(entry) = self.entries.get_mut(target) {
            entry.nudged = true;
        }
    }

    /// What to ask at `now`: by hand first, then what was never read, then the oldest answer.
    pub fn next(&self, now: Mono) -> Next {
        let free = || self.entries.iter().filter(|(_, e)| e.attention.is_some() && !e.in_flight);
        let due = |e: &Entry| e.nudged || e.not_before.is_none_or(|t| t <= now);
        let best = free().filter(|(_, e)| due(e)).min_by_key(|(_, e)| (!e.nudged, e.last));
        if let Some((target, e)) = best {
            return Next::Ask { target: target.clone(), first: e.last.is_none(), nudged: e.nudged };
        }
        match free().filter_map(|(_, e)| e.not_before).min() {
            Some(at) => Next::At(at),
            None => Next::Idle,
        }
    }

    /// Any target that is wanted and not under way, due or not, the oldest first: for a probe.
    pub fn probe(&self) -> Option<Target> {
        let free = self.entries.iter().filter(|(_, e)| e.attention.is_some() && !e.in_flight && e.invalid < 2);
        free.min_by_key(|(_, e)| e.last).map(|(t, _)| t.clone())
    }

    /// The request about `target` was sent.
    pub fn sent(&mut self, target: &Target) {
        if let Some(entry) = self.entries.get_mut(target) {
            entry.in_flight = true;
            entry.nudged = false;
        }
    }

    /// The request told nothing about the target (throttled, token rejected, void permit): as if it was never sent.
    pub fn unsent(&mut self, target: &Target) {
        self.land(target);
    }

    /// The request brought `reading`. `jitter` in 0..1 spreads the tries of failing targets.
    pub fn answered(&mut self, reading: &Reading, jitter: f64) {
        let min_interval = self.min_interval;
        let at = reading.at.mono;
        let Some(entry) = self.land(&reading.target) else { return };
        entry.last = Some(at);
        // Who asked for it while it was under way has the answer.
        entry.nudged = false;
        let wait = match &reading.outcome {
            Outcome::Value(_) | Outcome::NoCalls => {
                (entry.failures, entry.invalid) = (0, 0);
                min_interval
            }
            Outcome::Invalid => {
                entry.failures = 0;
                entry.invalid = entry.invalid.saturating_add(1);
                if entry.invalid >= 2 { INVALID_INTERVAL } else { min_interval }
            }
            Outcome::Failed(_) => {
                let doubled = RETRY.0.saturating_mul(2u32.saturating_pow(entry.failures.min(8))).min(RETRY.1);
                entry.failures = entry.failures.saturating_add(1);
                doubled.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 4.0)
            }
        };
        entry.not_before = Some(at + wait);
    }

    fn land(&mut self, target: &Target) -> Option<&mut Entry> {
        if self.entries.get(target)?.attention.is_none() {
            self.entries.remove(target);
            return None;
        }
        let entry = self.entries.get_mut(target)?;
        entry.in_flight = false;
        Some(entry)
    }

    /// The service works again: failing targets need not wait any longer (the pace keeps them from a burst).
    pub fn forgive(&mut self) {
        for entry in self.entries.values_mut().filter(|e| e.failures > 0) {
            entry.failures = 0;
            entry.not_before = None;
        }
    }

    /// How many targets take turns: wanted, and not given up as invalid.
    pub fn active(&self) -> usize {
        self.entries.values().filter(|e| e.attention.is_some() && e.invalid < 2).count()
    }

    /// The even distance between requests at `rate` a minute: few targets do not use up the budget.
    pub fn gap(&self, rate: f64) -> Duration {
        let by_rate = Duration::from_secs(60).div_f64(rate.max(0.1));
        let by_interval = self.min_interval / u32::try_from(self.active().max(1)).unwrap_or(u32::MAX);
        by_rate.max(by_interval)
    }

    /// How long one sweep takes at `rate` requests a minute.
    pub fn sweep(&self, rate: f64) -> Duration {
        self.gap(rate).saturating_mul(u32::try_from(self.active()).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Aht, Clock, ManualClock};
    use proptest::prelude::*;

    const MIN: Duration = Duration::from_secs(60);

    fn wanted(ids: &[&str]) -> Vec<(Target, Attention)> {
        ids.iter().map(|id| (Target::agent(*id), Attention::Listed)).collect()
    }

    fn reading(id: &str, outcome: Outcome, now: &Now) -> Reading {
        Reading { target: Target::agent(id), at: now.stamp(), outcome, name: None }
    }

    fn ask(s: &Schedule, now: &Now) -> Option<String> {
        match s.next(now.mono) {
            Next::Ask { target, .. } => Some(target.id.to_string()),
            _ => None,
        }
    }

    fn start(ids: &[&str]) -> (Schedule, ManualClock) {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let mut s = Schedule::new(MIN);
        s.want(&wanted(ids), &BTreeMap::new(), &clock.now());
        (s, clock)
    }

    #[test]
    fn never_read_comes_first_then_the_oldest_and_nobody_twice_a_minute() {
        let (mut s, clock) = start(&["a", "b"]);
        let mut order = vec![];
        for _ in 0..260 {
            let now = clock.now();
            if let Some(id) = ask(&s, &now) {
                s.sent(&Target::agent(id.as_str()));
                s.answered(&reading(&id, Outcome::Value(Aht::from_secs(9)), &now), 0.0);
                order.push((id, now.mono.0 / 1000 - 3600));
            }
            clock.advance(Duration::from_secs(1));
        }
        let expected = [("a", 0), ("b", 1), ("a", 60), ("b", 61), ("a", 120), ("b", 121), ("a", 180), ("b", 181)];
        let order: Vec<_> = order.iter().take(8).map(|(id, t)| (id.as_str(), *t)).collect();
        assert_eq!(order, expected);
    }

    #[test]
    fn an_invalid_id_is_asked_twice_and_then_every_half_hour_also_after_a_restart() {
        let (mut s, clock) = start(&["a"]);
        let mut row = Row::new(Target::agent("a"));
        let mut asked = vec![];
        for second in 0..4000 {
            let now = clock.now();
            if ask(&s, &now).is_some() {
                s.sent(&Target::agent("a"));
                let r = reading("a", Outcome::Invalid, &now);
                s.answered(&r, 0.0);
                row.take(&r, &now);
                asked.push(second);
            }
            if second == 500 {
                s = Schedule::new(MIN);
                let rows = BTreeMap::from([(row.target.clone(), row.clone())]);
                s.want(&wanted(&["a"]), &rows, &now);
            }
            clock.advance(Duration::from_secs(1));
        }
        assert_eq!(asked, [0, 60, 1860, 3660]);
        assert_eq!(s.active(), 0);
    }

    #[test]
    fn a_failing_target_waits_longer_and_longer_and_is_forgiven_when_the_service_recovers() {
        let (mut s, clock) = start(&["a"]);
        let mut waits = vec![];
        for _ in 0..7 {
            let now = clock.now();
            s.sent(&Target::agent("a"));
            s.answered(&reading("a", Outcome::Failed("x".into()), &now), 0.0);
            let Next::At(at) = s.next(now.mono) else { panic!("must wait") };
            waits.push(at.since(now.mono).as_secs());
            clock.advance(at.since(now.mono));
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300]);
        s.sent(&Target::agent("a"));
        s.answered(&reading("a", Outcome::Failed("x".into()), &clock.now()), 0.0);
        s.forgive();
        assert_eq!(ask(&s, &clock.now()).as_deref(), Some("a"));
    }

    #[test]
    fn a_nudge_goes_before_everything_once() {
        let (mut s, clock) = start(&["a", "b"]);
        for id in ["a", "b"] {
            s.sent(&Target::agent(id));
            s.answered(&reading(id, Outcome::NoCalls, &clock.now()), 0.0);
        }
        s.nudge(&Target::agent("b"));
        assert_eq!(ask(&s, &clock.now()).as_deref(), Some("b"));
        s.sent(&Target::agent("b"));
        assert_eq!(ask(&s, &clock.now()), None);
    }

    #[test]
    fn few_targets_leave_budget_for_others() {
        let (s, _) = start(&["a", "b", "c"]);
        assert_eq!(s.gap(45.0), Duration::from_secs(20));
        assert_eq!(s.sweep(45.0), Duration::from_secs(60));
    }

    #[test]
    fn a_target_nobody_wants_any_more_is_not_asked_and_its_last_answer_is_harmless() {
        let (mut s, clock) = start(&["a", "b"]);
        s.sent(&Target::agent("a"));
        s.want(&wanted(&["b"]), &BTreeMap::new(), &clock.now());
        assert_eq!(ask(&s, &clock.now()).as_deref(), Some("b"));
        s.answered(&reading("a", Outcome::NoCalls, &clock.now()), 0.0);
        s.want(&wanted(&["a", "b"]), &BTreeMap::new(), &clock.now());
        assert_eq!(s.active(), 2);
    }

    proptest! {
        #[test]
        fn nobody_starves(outcomes in prop::collection::vec(0u8..4, 2000..2001), n in 2usize..12) {
            let ids: Vec<String> = (0..n).map(|i| format!("t{i}")).collect();
            let refs: Vec<&str> = ids.iter().map(String::as_str).collect();
            let (mut s, clock) = start(&refs);
            let mut last = vec![0usize; n];
            for (step, outcome) in outcomes.iter().enumerate() {
                clock.advance(Duration::from_secs(2));
                let Some(id) = ask(&s, &clock.now()) else { continue };
                let outcome = match outcome {
                    0 => Outcome::NoCalls,
                    1 => Outcome::Failed("x".into()),
                    _ => Outcome::Value(Aht::from_secs(5)),
                };
                s.sent(&Target::agent(id.as_str()));
                s.answered(&reading(&id, outcome, &clock.now()), 0.5);
                last[ids.iter().position(|i| *i == id).unwrap()] = step;
            }
            // The longest wait is a failing target's 300 s, 150 steps of 2 s, and its turn after it.
            prop_assert!(last.iter().all(|&l| l + 160 + n >= outcomes.len()), "{last:?}");
        }
    }
}
