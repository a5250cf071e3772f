//! What must hold of the schedule.

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
