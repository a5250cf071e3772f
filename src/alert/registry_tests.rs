//! The registry: takeovers, what people do in any order, causes, and its bounds.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::{
    alert::{
        Counts, Rules, UserAction, findings,
        testing::{minutes, now, outcome, reading, stamp},
    },
    store::Link,
};

const BAND: Band = Band {
    low_crit: None,
    low_warn: Some(Aht::from_secs(200)),
    target: Some(Aht::from_secs(300)),
    high_warn: Some(Aht::from_secs(400)),
    high_crit: Some(Aht::from_secs(500)),
};

fn policy() -> Policy {
    let rules = Rules { dwell: minutes(1), clear_band: 0.05, warm_up: 0, stale_after: minutes(3) };
    Policy { agents: rules, campaigns: rules, sweep: minutes(1) }
}

fn target(i: usize) -> Target {
    Target::agent(format!("a{i}"))
}

fn feed(registry: &mut AlertRegistry, i: usize, from: i64, values: &[u32]) -> Vec<AlertEvent> {
    let times = (from..).step_by(60);
    let readings = times.zip(values).map(|(t, &v)| reading(&target(i), t, outcome(v)));
    readings.flat_map(|r| registry.record(&r, &BAND, &policy())).collect()
}

/// A registry with an active warning about target 0, started at second 60.
fn registry() -> (AlertRegistry, AlertId) {
    let mut registry = AlertRegistry::default();
    let events = feed(&mut registry, 0, 0, &[450, 450]);
    (registry, events[0].id.clone())
}

fn action(id: &AlertId, secs: i64, by: &str, what: UserAction) -> Action {
    Action { id: id.clone(), at: stamp(secs), by: by.into(), what }
}

fn ack(rank: u32, note: &str) -> UserAction {
    UserAction::Ack { rank, note: note.into() }
}

fn live() -> Link {
    Link::Live
}

fn throttled(secs: i64) -> Link {
    Link::Throttled { until: stamp(secs) }
}

fn invalid(n: usize) -> Counts {
    Counts { total: 9, stale: 0, unknown: (0..n).map(target).collect() }
}

fn steps(events: &[AlertEvent]) -> Vec<&'static str> {
    events
        .iter()
        .map(|e| match &e.step {
            Step::Started => "start",
            Step::Escalated => "up",
            Step::Deescalated => "down",
            Step::Acked(_) => "ack",
            Step::Muted(_) => "mute",
            Step::Ended { .. } => "end",
        })
        .collect()
}

/// Active alerts that nobody has acknowledged and that are not muted.
fn waiting(registry: &AlertRegistry, now: &Now) -> usize {
    let open = |a: &&Alert| !a.is_acked() && registry.mute(&a.id.subject, now).is_none();
    registry.active.values().filter(open).count()
}

#[test]
fn a_value_inside_the_limit_of_its_level_is_told_apart_from_it() {
    let mut registry = AlertRegistry::default();
    let mut said = |from, values: &[u32]| {
        let events = feed(&mut registry, 0, from, values);
        events.iter().map(|event| crate::alert::words::event(event, None)).collect::<Vec<_>>()
    };
    assert_eq!(said(0, &[550, 550]), ["a0: VERY HIGH 9:10"]);
    assert_eq!(said(120, &[450]), ["a0: better: HIGH 7:30"]);
    assert_eq!(said(180, &[550]), ["a0: worse: VERY HIGH 9:10"]);
    assert_eq!(said(240, &[390]), ["a0: better: HIGH, now 6:30"]);
}

#[test]
fn an_acknowledgement_holds_until_it_becomes_worse() {
    let (mut registry, id) = registry();
    assert_eq!(waiting(&registry, &now(60)), 1);
    let event = registry.act(&action(&id, 70, "floor-2", ack(1, " voicemail\n\u{1b}[31m list"))).unwrap();
    assert!(matches!(&event.step, Step::Acked(a) if &*a.note == "voicemail \u{fffd}[31m list" && &*a.by == "floor-2"));
    assert!(registry.find(&id).unwrap().is_acked());
    assert_eq!(waiting(&registry, &now(70)), 0);
    assert_eq!(steps(&feed(&mut registry, 0, 120, &[550])), ["up"]);
    assert!(!registry.find(&id).unwrap().is_acked(), "critical was not on the screen when it was acknowledged");
    assert_eq!(steps(&feed(&mut registry, 0, 180, &[450, 350])), ["down", "end"]);
    let ended = registry.find(&id).unwrap();
    assert_eq!(ended.lasted(), Some(Duration::from_secs(180)));
    let AlertKind::Band { level, worst, first, last, peak, limits } = ended.kind else { panic!() };
    assert_eq!((level, worst), (Level::HighWarn, Level::HighCrit));
    assert_eq!((first.secs(), last.secs(), peak.map(Aht::secs)), (450, 350, Some(550)));
    assert_eq!(
        limits.map(|l| (l.crossed(Level::HighCrit), l.clear)),
        Some((BAND.high_crit, Some(Aht::from_secs(380))))
    );
}

#[test]
fn acknowledging_what_has_ended_is_harmless() {
    let (mut registry, id) = registry();
    assert_eq!(steps(&feed(&mut registry, 0, 120, &[300, 450, 450])), ["end", "start"]);
    assert_eq!(registry.act(&action(&id, 250, "x", ack(2, "late"))), None);
    assert_eq!(registry.act(&action(&id, 251, "x", UserAction::MuteUntilClear)), None);
    assert_eq!(waiting(&registry, &now(260)), 1, "the alert that came after it is another one");
    assert_eq!(&*registry.find(&id).unwrap().ack.as_ref().unwrap().note, "late");
    let unknown = AlertId { subject: Subject::Target(target(7)), serial: 1 };
    assert_eq!(registry.act(&action(&unknown, 260, "x", ack(1, ""))), None);
}

#[test]
fn a_mute_is_silent_until_the_end_or_until_its_time() {
    let (mut registry, id) = registry();
    let until = stamp(1000).wall;
    assert!(registry.act(&action(&id, 70, "x", UserAction::MuteUntilClear)).is_some_and(|e| e.muted));
    let events = feed(&mut registry, 0, 120, &[550, 300, 450, 450]);
    assert_eq!(events.iter().map(|e| e.muted).collect::<Vec<_>>(), [true, true, false]);
    let again = events[2].id.clone();
    assert!(registry.act(&action(&again, 310, "x", UserAction::MuteUntil(until))).is_some());
    let events = feed(&mut registry, 0, 360, &[300, 450, 450]);
    assert!(events.iter().all(|e| e.muted), "a mute for a time outlives the alert: {events:?}");
    assert_eq!(waiting(&registry, &now(999)), 0);
    assert_eq!(waiting(&registry, &now(1000)), 1);
    let third = events[1].id.clone();
    assert!(registry.act(&action(&third, 320, "x", UserAction::Unmute)).is_some_and(|e| !e.muted));
    assert_eq!(waiting(&registry, &now(999)), 1);
}

#[test]
fn a_target_that_is_not_watched_any_more_ends_its_alert() {
    let (mut registry, _) = registry();
    assert_eq!(registry.retain(|_| true, &stamp(100)), []);
    let events = registry.retain(|_| false, &stamp(100));
    assert!(matches!(events[..], [AlertEvent { step: Step::Ended { why: EndReason::Removed, .. }, .. }]), "{events:?}");
    assert_eq!((registry.active().len(), registry.ended().len()), (0, 1));
}

#[test]
fn a_cause_that_flickers_is_one_alert() {
    let (mut registry, policy, counts) = (AlertRegistry::default(), policy(), Counts::default());
    let mut events = vec![];
    for (t, link) in [(0, live()), (10, throttled(20)), (20, live()), (60, throttled(70)), (70, live()), (131, live())]
    {
        events.extend(registry.observe(findings(Some(&link), &counts), &stamp(t), &policy));
    }
    assert_eq!(steps(&events), ["start", "end"]);
    assert_eq!(events.iter().map(AlertEvent::trigger).collect::<Vec<_>>(), [Some("throttled"), Some("clear")]);
    assert_eq!(events[1].at, stamp(70), "it ended when it was gone, not when that was believed");
}

#[test]
fn a_takeover_in_an_outage_neither_ends_nor_repeats_it() {
    let down = |t| Link::Down { why: "no answer".into(), since: stamp(t), until: stamp(t + 5) };
    let (mut registry, policy, counts) = (AlertRegistry::default(), policy(), Counts::default());
    let mut events = registry.observe(findings(Some(&down(0)), &counts), &stamp(0), &policy);
    for (t, link) in [(100, None), (400, Some(Link::Starting)), (800, Some(down(790)))] {
        registry = serde_json::from_str(&serde_json::to_string(&registry).unwrap()).unwrap();
        events.extend(registry.observe(findings(link.as_ref(), &counts), &stamp(t), &policy));
    }
    assert_eq!(steps(&events), ["start"]);
}

#[test]
fn another_invalid_id_asks_for_another_acknowledgement() {
    let (mut registry, policy) = (AlertRegistry::default(), policy());
    let see =
        |registry: &mut AlertRegistry, t, n| registry.observe(findings(Some(&live()), &invalid(n)), &stamp(t), &policy);
    let started = see(&mut registry, 0, 2);
    assert_eq!(steps(&started), ["start"]);
    registry.act(&action(&started[0].id, 1, "x", ack(started[0].kind.rank(), "")));
    assert_eq!(steps(&see(&mut registry, 2, 1)), [""; 0]);
    assert_eq!(steps(&see(&mut registry, 3, 2)), [""; 0], "the same ones again are nothing new");
    assert_eq!(waiting(&registry, &now(3)), 0);
    assert_eq!(steps(&see(&mut registry, 4, 5)), ["up"]);
    assert_eq!(waiting(&registry, &now(4)), 1);
    let AlertKind::Problem { text, count, .. } = &registry.about(&Subject::Problem(Problem::UnknownId)).unwrap().kind
    else {
        panic!()
    };
    assert_eq!((&**text, *count), ("the service does not know agent a0, agent a1, agent a2, 2 more", 5));
}

#[test]
fn stale_data_is_one_alert_unless_something_else_explains_it() {
    let policy = policy();
    let stale = Counts { total: 9, stale: 4, unknown: BTreeSet::new() };
    let mut registry = AlertRegistry::default();
    let mut events = vec![];
    for t in [0, 60, 119, 120, 180] {
        events.extend(registry.observe(findings(Some(&live()), &stale), &stamp(t), &policy));
    }
    assert_eq!(steps(&events), ["start"]);
    assert_eq!((&events[0].at, events[0].trigger()), (&stamp(120), Some("stale")));
    // The reason comes to light: that is another alert, and no end of this one.
    assert_eq!(steps(&registry.observe(findings(Some(&throttled(300)), &stale), &stamp(200), &policy)), ["start"]);
    assert_eq!(registry.active().len(), 2);
    let mut other = AlertRegistry::default();
    for t in [0, 120, 600] {
        let events = other.observe(findings(Some(&throttled(900)), &stale), &stamp(t), &policy);
        assert!(events.iter().all(|e| e.id.subject == Subject::Problem(Problem::Throttled)));
    }
}

#[test]
fn a_token_ceiling_is_worse_than_a_wait_for_a_token() {
    let (mut registry, policy, counts) = (AlertRegistry::default(), policy(), Counts::default());
    let wait = Link::TokenWait { until: stamp(9), why: "another program mints".into() };
    let ceiling = Link::TokenCeiling { until: stamp(3000) };
    let mut events = vec![];
    for (t, link) in [(0, &wait), (59, &wait), (60, &wait), (61, &ceiling), (62, &wait), (63, &ceiling)] {
        events.extend(registry.observe(findings(Some(link), &counts), &stamp(t), &policy));
    }
    assert_eq!(steps(&events), ["start", "up"]);
}

#[test]
fn what_is_kept_is_bounded() {
    let mut registry = AlertRegistry::default();
    for i in 0..700i64 {
        feed(&mut registry, 0, i * 300, &[450, 450, 300]);
        let id = AlertId { subject: Subject::Target(target(1)), serial: i };
        registry.act(&action(&id, i, "x", ack(1, "")));
    }
    assert_eq!((registry.ended().len(), registry.early.len()), (KEPT, EARLY));
    let id = registry.ended().next().unwrap().id.clone();
    registry.act(&action(&id, 700 * 300, "x", UserAction::MuteUntil(stamp(700 * 300 + 60).wall)));
    registry.tick(&now(700 * 300 + 3600 * 25));
    assert_eq!((registry.mutes.len(), registry.early.len()), (0, 0));
}

/// Something that happens to a registry.
#[derive(Clone, Debug)]
enum Input {
    Reading(usize, u32),
    Link(Option<Link>, usize, usize),
    Act(usize, u8, i64, u8),
}

fn inputs() -> impl Strategy<Value = Vec<(i64, Input)>> {
    let value = prop::sample::select(vec![0u32, 150, 300, 390, 420, 450, 450, 520, 550]);
    let link = prop_oneof![
        1 => Just(None),
        1 => Just(Some(Link::Starting)),
        3 => Just(Some(Link::Live)),
        2 => Just(Some(throttled(0))),
        1 => Just(Some(Link::TokenCeiling { until: stamp(0) })),
        1 => Just(Some(Link::TokenWait { until: stamp(0), why: "x".into() })),
    ];
    let input = prop_oneof![
        12 => (0..3usize, value).prop_map(|(i, v)| Input::Reading(i, v)),
        3 => (link, 0..3usize, 0..4usize).prop_map(|(l, s, i)| Input::Link(l, s, i)),
        2 => (0..3usize, any::<u8>(), -50i64..1, any::<u8>()).prop_map(|(i, d, t, by)| Input::Act(i, d, t, by)),
    ];
    let dt = prop_oneof![9 => 1i64..60, 1 => 100i64..8000];
    prop::collection::vec((dt, input), 1..120).prop_map(|steps| {
        let mut t = 0;
        steps
            .into_iter()
            .map(|(dt, input)| {
                t += dt;
                (t, input)
            })
            .collect()
    })
}

fn user_action(which: u8, at: i64) -> UserAction {
    match which % 6 {
        0 => ack(1, "seen"),
        1 => ack(2, ""),
        2 => UserAction::Unack,
        3 => UserAction::MuteUntilClear,
        4 => UserAction::MuteUntil(stamp(at + i64::from(which)).wall),
        _ => UserAction::Unmute,
    }
}

fn apply(registry: &mut AlertRegistry, t: i64, input: &Input) -> Vec<AlertEvent> {
    match input {
        Input::Reading(i, v) => registry.record(&reading(&target(*i), t, outcome(*v)), &BAND, &policy()),
        Input::Link(link, stale, bad) => {
            let counts = Counts { stale: *stale, ..invalid(*bad) };
            registry.observe(findings(link.as_ref(), &counts), &stamp(t), &policy())
        }
        Input::Act(i, which, dt, by) => {
            let Some(id) = registry.about(&Subject::Target(target(*i))).map(|a| a.id.clone()) else { return vec![] };
            let by: Arc<str> = format!("floor-{}", by % 3).into();
            registry.act(&Action { id, at: stamp(t + dt), by, what: user_action(*which, t) }).into_iter().collect()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_takeover_at_any_moment_gives_the_same_events_and_each_once(
        inputs in inputs(), checkpoint in 0.0..=1.0f64, crash in 0.0..=1.0f64,
    ) {
        let mut plain = AlertRegistry::default();
        let expected: Vec<AlertEvent> = inputs.iter().flat_map(|(t, i)| apply(&mut plain, *t, i)).collect();
        let at = (inputs.len() as f64 * checkpoint) as usize;
        let crash = at + ((inputs.len() - at) as f64 * crash) as usize;
        let (mut first, mut saved, mut got) = (AlertRegistry::default(), String::new(), Vec::new());
        for (n, (t, input)) in inputs[..crash].iter().enumerate() {
            if n == at {
                saved = serde_json::to_string(&first).unwrap();
            }
            got.extend(apply(&mut first, *t, input));
        }
        if crash == at {
            saved = serde_json::to_string(&first).unwrap();
        }
        // What was after the checkpoint is seen twice: once by each.
        let mut second: AlertRegistry = serde_json::from_str(&saved).unwrap();
        for (t, input) in &inputs[at..] {
            got.extend(apply(&mut second, *t, input));
        }
        prop_assert_eq!(&second, &plain);
        let mut seen = BTreeSet::new();
        got.retain(|e| seen.insert(e.key()));
        let mut seen = BTreeSet::new();
        let expected: Vec<AlertEvent> = expected.into_iter().filter(|e| seen.insert(e.key())).collect();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn starts_and_ends_have_keys_of_their_own_and_come_in_pairs(inputs in inputs()) {
        let mut registry = AlertRegistry::default();
        let mut keys = BTreeSet::new();
        let mut open = BTreeSet::new();
        for (t, input) in &inputs {
            for event in apply(&mut registry, *t, input) {
                let marks = matches!(event.step, Step::Acked(_) | Step::Muted(_));
                prop_assert!(marks || keys.insert(event.key()), "{} twice", event.key());
                match event.step {
                    Step::Started => prop_assert!(open.insert(event.id.clone())),
                    Step::Ended { .. } => prop_assert!(open.remove(&event.id)),
                    _ => prop_assert!(open.contains(&event.id)),
                }
            }
            prop_assert_eq!(&open, &registry.active().map(|a| a.id.clone()).collect::<BTreeSet<_>>());
        }
    }

    #[test]
    fn what_people_do_may_come_late_twice_and_in_any_order(
        user_actions in prop::collection::vec((0u8..6, 61i64..70, 0u8..3), 1..8), order in any::<u64>(), early in 0usize..8, late in 0usize..8,
    ) {
        let (_, id) = registry();
        let acts: Vec<Action> =
            user_actions.iter().map(|&(d, t, by)| action(&id, t, &format!("floor-{by}"), user_action(d, 100))).collect();
        let run = |before: &[Action], between: &[Action], after: &[Action]| {
            let mut registry = AlertRegistry::default();
            before.iter().for_each(|a| { registry.act(a); });
            feed(&mut registry, 0, 0, &[450, 450]);
            between.iter().for_each(|a| { registry.act(a); });
            feed(&mut registry, 0, 120, &[450, 300]);
            after.iter().for_each(|a| { registry.act(a); });
            registry
        };
        let expected = run(&[], &acts, &[]);
        let mut shuffled: Vec<Action> = acts.iter().chain(&acts).cloned().collect();
        let n = shuffled.len();
        (0..n).for_each(|i| shuffled.swap(i, (order.rotate_left(i as u32 * 7) % n as u64) as usize));
        let (a, b) = (early.min(n), (early + late).min(n));
        let got = run(&shuffled[..a], &shuffled[a..b], &shuffled[b..]);
        prop_assert_eq!(got.mutes, expected.mutes);
        prop_assert_eq!(got.ended, expected.ended);
        prop_assert!(got.early.is_empty());
    }
}
