//! What must hold of the schedule.

use super::*;
use crate::domain::{Aht, Clock, LoggedIn, ManualClock};
use proptest::prelude::*;

const MIN: Duration = Duration::from_secs(60);

impl Schedule {
    /// When `target` is asked at the latest, if it takes turns and nothing comes in between: the bound, not a promise of
    /// the moment. `None` where it is not wanted.
    fn latest(&self, target: &Target, now: BootTime) -> Option<BootTime> {
        let entry = self.entries.get(target).filter(|e| e.attention.is_some())?;
        let Some(last) = entry.last else { return Some(now) };
        let bound = if entry.rests {
            last + self.rest_of(entry) + self.rest_late()
        } else {
            last + self.cycle().saturating_mul(OVERDUE_CYCLES + 1)
        };
        Some(entry.not_before.map_or(bound, |at| at.max(bound)).max(now))
    }
}

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
            row.record(&r, &now);
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
fn a_requested_poll_goes_before_everything_once() {
    let (mut s, clock) = start(&["a", "b"]);
    for id in ["a", "b"] {
        s.sent(&Target::agent(id));
        s.answered(&reading(id, Outcome::NoCalls, &clock.now()), 0.0);
    }
    s.request_poll(&Target::agent("b"));
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

/// Asks every `gap` for as long as told, and answers at once with `value(target number, second)`.
fn run(
    s: &mut Schedule,
    clock: &ManualClock,
    gap: Duration,
    times: usize,
    mut value: impl FnMut(&str, i64) -> Outcome,
) -> Vec<(String, BootTime)> {
    let mut asked = vec![];
    for _ in 0..times {
        let now = clock.now();
        s.pace(60.0 / gap.as_secs_f64());
        if let Some(id) = ask(s, &now) {
            s.sent(&Target::agent(id.as_str()));
            s.answered(&reading(&id, value(&id, now.mono.0 / 1000), &now), 0.5);
            asked.push((id, now.mono));
        }
        clock.advance(gap);
    }
    asked
}

/// Calls of an own rhythm for each agent; some have none.
fn busy(id: &str, second: i64) -> Outcome {
    let number = i64::from(id.bytes().map(u32::from).sum::<u32>());
    let calls = second / (300 + number * 7 % 400);
    if number % 4 == 0 || second / 5000 % 3 == number % 3 {
        return Outcome::NoCalls;
    }
    Outcome::Value(Aht::from_secs(u32::try_from(200 + calls * 13 % 97).unwrap()))
}

fn free(ids: &[&str]) -> (Schedule, ManualClock) {
    let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
    let mut s = Schedule::new(Duration::ZERO);
    s.want(&wanted(ids), &BTreeMap::new(), &clock.now());
    (s, clock)
}

#[test]
fn the_order_of_the_configuration_does_not_matter() {
    let ids = ["a", "b", "c", "d", "e", "f", "g"];
    let mut other = ids;
    other.reverse();
    let [a, b] = [ids, other].map(|ids| {
        let (mut s, clock) = free(&ids);
        run(&mut s, &clock, Duration::from_secs(20), 900, busy)
    });
    assert_eq!(a, b);
}

#[test]
fn a_takeover_knows_from_the_stored_readings_what_the_poller_before_it_knew() {
    let ids = ["a", "b", "c", "d", "e", "f", "g"];
    let (mut s, clock) = free(&ids);
    let mut rows: BTreeMap<Target, Row> = BTreeMap::new();
    let (start, gap) = (clock.now(), Duration::from_secs(20));
    let asked = run(&mut s, &clock, gap, 540, busy);
    for (id, at) in &asked {
        let mut now = start.clone();
        now.mono = *at;
        let target = Target::agent(id.as_str());
        let row = rows.entry(target.clone()).or_insert_with(|| Row::new(target));
        row.record(&reading(id, busy(id, at.0 / 1000), &now), &now);
    }
    let now = clock.now();
    let mut heir = Schedule::new(Duration::ZERO);
    heir.want(&wanted(&ids), &rows, &now);
    // Another pace and back, so that all of the old one's outlooks are of this moment too.
    for s in [&mut s, &mut heir] {
        s.pace(1.0);
        s.pace(3.0);
    }
    for id in ids {
        let error = |s: &Schedule| s.expected_error(&Target::agent(id), now.mono).unwrap();
        assert!((error(&s) - error(&heir)).abs() < 1e-6, "{id}: {} {}", error(&s), error(&heir));
    }
    let later = clock.now();
    assert_eq!(ask(&s, &later), ask(&heir, &later));
    let mut blank = Schedule::new(Duration::ZERO);
    let bare = rows.values().map(|r| (r.target.clone(), Row { series: crate::domain::Series::default(), ..r.clone() }));
    blank.want(&wanted(&ids), &bare.collect(), &now);
    blank.pace(3.0);
    let differs = |id: &&str| {
        let error = |s: &Schedule| s.expected_error(&Target::agent(*id), now.mono).unwrap();
        (error(&s) - error(&blank)).abs() > 0.1
    };
    assert!(ids.iter().any(differs), "the history must matter");
}

#[test]
fn what_is_looked_at_is_asked_more_often() {
    let ids = ["b", "c", "e", "f", "g", "i", "j", "k"];
    let (mut s, clock) = free(&ids);
    let mut wants = wanted(&ids);
    wants[1].1 = Attention::OnScreen;
    wants[4].1 = Attention::Selected;
    s.want(&wants, &BTreeMap::new(), &clock.now());
    let every = |_: &str, second: i64| Outcome::Value(Aht::from_secs(u32::try_from(200 + second / 97 % 50).unwrap()));
    let asked = run(&mut s, &clock, Duration::from_secs(20), 2000, every);
    let times = |id: &str| asked.iter().filter(|a| a.0 == id).count();
    let listed = times("b").max(times("k"));
    assert!(times("c") * 2 > listed * 3, "{} {listed}", times("c"));
    assert!(times("g") * 2 > times("c") * 3, "{} {}", times("g"), times("c"));
}

#[test]
fn when_many_are_selected_none_is_special() {
    let ids: Vec<String> = (0..20).map(|i| format!("t{i:02}")).collect();
    let (mut s, clock) = free(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    let wants = |n: usize| -> Vec<_> {
        let of = |i| if i < n { Attention::Selected } else { Attention::OnScreen };
        ids.iter().enumerate().map(|(i, id)| (Target::agent(id.as_str()), of(i))).collect()
    };
    s.want(&wants(FEW_SELECTED), &BTreeMap::new(), &clock.now());
    assert!(!s.many_selected);
    s.want(&wants(FEW_SELECTED + 1), &BTreeMap::new(), &clock.now());
    assert!(s.many_selected);
}

#[test]
fn the_bound_is_told() {
    let (mut s, clock) = free(&["a", "b", "c"]);
    s.pace(6.0);
    let a = Target::agent("a");
    assert_eq!(s.latest(&a, clock.now().mono), Some(clock.now().mono));
    run(&mut s, &clock, Duration::from_secs(10), 3, busy);
    let now = clock.now().mono;
    assert_eq!(s.latest(&a, now), Some(now - Duration::from_secs(30) + Duration::from_secs(90)));
    assert_eq!(s.latest(&Target::agent("z"), now), None);
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => (1u32..356_400).prop_map(|s| Outcome::Value(Aht::from_secs(s))),
        8 => (100u32..110).prop_map(|s| Outcome::Value(Aht::from_secs(s))),
        3 => Just(Outcome::NoCalls),
    ]
}

/// A list of the agents `ids`, of now.
fn list(ids: &[&str], now: &Now) -> PresencePicture {
    let agents = ids.iter().map(|id| LoggedIn { id: (*id).into(), name: None, state: None });
    PresencePicture::new(now.stamp(), MIN, agents)
}

fn answer(s: &mut Schedule, id: &str, outcome: Outcome, now: &Now) {
    s.sent(&Target::agent(id));
    s.answered(&reading(id, outcome, now), 0.0);
}

fn value(secs: u32) -> Outcome {
    Outcome::Value(Aht::from_secs(secs))
}

#[test]
fn who_is_logged_out_and_has_no_calls_rests_until_the_login() {
    let (mut s, clock) = start(&["a", "b", "c"]);
    s.pace(45.0);
    answer(&mut s, "a", Outcome::NoCalls, &clock.now());
    answer(&mut s, "b", value(200), &clock.now());
    answer(&mut s, "c", Outcome::NoCalls, &clock.now());
    assert_eq!((s.active(), s.rests(&Target::agent("a"))), (3, false));
    s.set_presence(&clock.now(), Some(&list(&["c"], &clock.now())));
    let resting = ["a", "b", "c"].map(|id| s.rests(&Target::agent(id)));
    // b has calls that leave, and c may have one.
    assert_eq!((resting, s.active()), ([true, false, false], 2));
    clock.advance(MIN);
    for _ in 0..2 {
        let id = ask(&s, &clock.now()).unwrap();
        assert_ne!(id, "a");
        answer(&mut s, &id, Outcome::NoCalls, &clock.now());
    }
    assert!(matches!(s.next(clock.now().mono), Next::At(_)));
    s.set_presence(&clock.now(), Some(&list(&["a", "c"], &clock.now())));
    assert_eq!((ask(&s, &clock.now()).as_deref(), s.active()), (Some("a"), 2));
    // b was read without calls, and is out.
    assert!(s.rests(&Target::agent("b")));
    answer(&mut s, "a", Outcome::NoCalls, &clock.now());
    assert!(matches!(s.next(clock.now().mono), Next::At(_)));
    // By hand it is asked whatever it does.
    s.request_poll(&Target::agent("b"));
    assert_eq!(ask(&s, &clock.now()).as_deref(), Some("b"));
}

#[test]
fn a_row_that_rests_is_asked_every_ten_minutes() {
    let (mut s, clock) = start(&["a"]);
    s.pace(1.0);
    let mut asked = vec![];
    for second in 0..3000 {
        let now = clock.now();
        if ask(&s, &now).is_some() {
            answer(&mut s, "a", Outcome::NoCalls, &now);
            asked.push(second);
        }
        if second % 60 == 0 {
            s.set_presence(&now, Some(&list(&["x"], &now)));
            s.pace(0.5);
        }
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(asked, [0, 600, 1200, 1800, 2400]);
    assert_eq!(s.rest_interval(&Target::agent("a")), Some(Duration::from_secs(600)));
}

#[test]
fn where_nothing_shows_that_the_list_knows_an_agent_few_rows_rest_less() {
    let (mut s, clock) = start(&["a", "b"]);
    let intervals = |s: &Schedule| ["a", "b"].map(|id| s.rest_interval(&Target::agent(id)).map(|d| d.as_secs()));
    s.set_presence(&clock.now(), Some(&list(&["b"], &clock.now())));
    answer(&mut s, "a", Outcome::NoCalls, &clock.now());
    answer(&mut s, "b", Outcome::NoCalls, &clock.now());
    clock.advance(MIN * 10);
    answer(&mut s, "b", value(200), &clock.now());
    s.set_presence(&clock.now(), Some(&list(&[], &clock.now())));
    clock.advance(MIN * 121);
    for id in ["a", "b"] {
        answer(&mut s, id, Outcome::NoCalls, &clock.now());
    }
    s.pace(30.0);
    assert_eq!(intervals(&s), [Some(120), Some(600)]);
    s.pace(2.0);
    assert_eq!(intervals(&s), [Some(300), Some(600)]);
}

#[test]
fn when_the_list_is_gone_everybody_takes_turns_again() {
    let (mut s, clock) = start(&["a", "b"]);
    for id in ["a", "b"] {
        answer(&mut s, id, Outcome::NoCalls, &clock.now());
    }
    s.set_presence(&clock.now(), Some(&list(&[], &clock.now())));
    assert_eq!(s.active(), 0);
    clock.advance(MIN * 2);
    s.set_presence(&clock.now(), None);
    assert_eq!((s.active(), ask(&s, &clock.now()).as_deref()), (2, Some("a")));
}

#[test]
fn a_call_of_who_is_said_to_be_out_takes_the_list_back_for_that_row_alone() {
    let (mut s, clock) = start(&["a", "b"]);
    s.pace(45.0);
    let look = |s: &mut Schedule, now: &Now| s.set_presence(now, Some(&list(&["x"], now)));
    for id in ["a", "b"] {
        answer(&mut s, id, Outcome::NoCalls, &clock.now());
    }
    look(&mut s, &clock.now());
    clock.advance(MIN * 10);
    answer(&mut s, "a", value(300), &clock.now());
    answer(&mut s, "b", Outcome::NoCalls, &clock.now());
    assert_eq!(
        (s.active(), s.rests(&Target::agent("b"))),
        (2, false),
        "one of one first calls was of nobody logged in"
    );
    clock.advance(MIN);
    answer(&mut s, "a", Outcome::NoCalls, &clock.now());
    look(&mut s, &clock.now());
    assert!(!s.rests(&Target::agent("a")));
}

#[test]
fn who_ended_a_call_after_the_logout_does_not_rest_at_once() {
    let (mut s, clock) = start(&["a"]);
    s.set_presence(&clock.now(), Some(&list(&["a"], &clock.now())));
    answer(&mut s, "a", Outcome::NoCalls, &clock.now());
    clock.advance(MIN);
    s.set_presence(&clock.now(), Some(&list(&[], &clock.now())));
    answer(&mut s, "a", Outcome::NoCalls, &clock.now());
    assert!(!s.rests(&Target::agent("a")));
    clock.advance(MIN * 120);
    answer(&mut s, "a", Outcome::NoCalls, &clock.now());
    assert!(s.rests(&Target::agent("a")));
}

#[test]
fn without_a_list_the_order_is_as_if_nobody_knew_of_lists() {
    let ids = ["a", "b", "c", "d", "e", "f", "g"];
    let (gap, length) = (Duration::from_secs(20), 900);
    let (mut plain, clock) = free(&ids);
    let expected = run(&mut plain, &clock, gap, length, busy);
    let (mut s, clock) = free(&ids);
    let mut asked = vec![];
    for _ in 0..length {
        s.set_presence(&clock.now(), None);
        asked.extend(run(&mut s, &clock, gap, 1, busy));
    }
    assert_eq!(asked, expected);
    assert!(ids.iter().all(|id| !s.rests(&Target::agent(*id))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whoever_does_not_rest_waits_no_longer_than_three_cycles(
        outcomes in prop::collection::vec(any_outcome(), 600..601),
        inside in prop::collection::vec(prop::collection::vec(any::<bool>(), 12), 1..8),
        n in 2usize..12,
        gap in 1u64..120,
    ) {
        let ids: Vec<String> = (0..n).map(|i| format!("t{i}")).collect();
        let (mut s, clock) = free(&ids.iter().map(String::as_str).collect::<Vec<_>>());
        let mut outcomes = outcomes.into_iter();
        let gap = Duration::from_secs(gap);
        // Since when each waits, and the longest cycle since then.
        let start = clock.now().mono;
        let mut waits: Vec<(BootTime, Duration)> = vec![(start, Duration::ZERO); n];
        for step in 0..600usize {
            let now = clock.now();
            if step % 20 == 10 {
                let who = &inside[step / 20 % inside.len()];
                let there: Vec<&str> = ids.iter().zip(who).filter(|(_, i)| **i).map(|(id, _)| id.as_str()).collect();
                s.set_presence(&now, Some(&list(&there, &now)));
            }
            let before: Vec<bool> = ids.iter().map(|id| s.rests(&Target::agent(id.as_str()))).collect();
            for (asked, at) in run(&mut s, &clock, gap, 1, |_, _| outcomes.next().unwrap()) {
                waits[ids.iter().position(|id| *id == asked).unwrap()] = (at, Duration::ZERO);
            }
            for (i, id) in ids.iter().enumerate() {
                let cycle = s.sweep(60.0 / gap.as_secs_f64()).max(gap);
                let wait = &mut waits[i];
                if before[i] || s.rests(&Target::agent(id.as_str())) {
                    *wait = (clock.now().mono, Duration::ZERO);
                }
                wait.1 = wait.1.max(cycle);
                prop_assert!(clock.now().mono.since(wait.0) <= wait.1 * 3 + gap, "{id}: {:?} {:?}", wait, clock.now().mono);
            }
        }
    }

    #[test]
    fn nobody_waits_longer_than_three_cycles(
        outcomes in prop::collection::vec(any_outcome(), 600..601),
        attention in prop::collection::vec(0u8..3, 2..20),
        gap in 1u64..700,
    ) {
        let ids: Vec<String> = (0..attention.len()).map(|i| format!("t{i}")).collect();
        let (mut s, clock) = free(&ids.iter().map(String::as_str).collect::<Vec<_>>());
        let of = |a| match a { 0 => Attention::Listed, 1 => Attention::OnScreen, _ => Attention::Selected };
        let wants: Vec<_> =
            ids.iter().zip(&attention).map(|(id, a)| (Target::agent(id.as_str()), of(*a))).collect();
        s.want(&wants, &BTreeMap::new(), &clock.now());
        let mut outcomes = outcomes.into_iter();
        let gap = Duration::from_secs(gap);
        let asked = run(&mut s, &clock, gap, 600, |_, _| outcomes.next().unwrap());
        prop_assert_eq!(asked.len(), 600);
        let bound = gap * 3 * u32::try_from(ids.len()).unwrap();
        for id in &ids {
            let times = asked.iter().filter(|a| a.0 == *id).map(|a| a.1).chain([clock.now().mono]);
            let times: Vec<BootTime> = times.collect();
            prop_assert!(times.windows(2).all(|w| w[1].since(w[0]) <= bound), "{id}");
        }
    }

    #[test]
    fn no_history_breaks_it(
        events in prop::collection::vec((0usize..5, any::<u8>(), any_outcome(), prop_oneof![Just(0i64), 0..100_000i64, any::<i64>()]), 0..150),
    ) {
        let ids = ["a", "b", "c", "d", "e"];
        let (mut s, clock) = free(&ids);
        for (i, what, outcome, mono) in events {
            let target = Target::agent(ids[i]);
            let mut now = clock.now();
            now.mono = BootTime(mono);
            match what % 9 {
                8 => s.set_presence(&now, (what > 20).then(|| list(&ids[..=i], &now)).as_ref()),
                0 => s.request_poll(&target),
                1 => s.want(&wanted(&ids[..=i]), &BTreeMap::new(), &now),
                2 => s.forgive(),
                3 => s.pace(f64::from(what) - 9.0),
                4 => s.unsent(&target),
                5 => s.answered(&reading(ids[i], Outcome::Failed("x".into()), &now), 2.0),
                _ => {
                    s.sent(&target);
                    s.answered(&reading(ids[i], outcome, &now), -1.0);
                }
            }
            let _ = (s.next(now.mono), s.probe(), s.sweep(50.0), s.latest(&target, now.mono));
            prop_assert!(s.expected_error(&target, now.mono).is_none_or(f64::is_finite));
        }
    }

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
