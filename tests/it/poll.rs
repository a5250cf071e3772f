//! The poller against the simulated service, over hours of injected time: the budget, the token, and every fault.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::support::{Process, World, every_reading_was_told, until};
use ahtop::{
    api::Client,
    domain::{BootTime, Clock, Condition, Kind, Outcome, Reading, Target},
    poll::{Keys, Ready, TokenManager},
    sim::{Fault, FaultScope, SimService, Span, Verdict, options::Latency},
    store::{EventKind, Handle, Instance, Link, Role},
};
use tokio::time::sleep;

const MINUTE: Duration = Duration::from_secs(60);
/// What the budget allows of readings in ten minutes.
const ALLOWED: f64 = 450.0;

/// AHT requests that arrived in `[from, to)` since the start of the service.
fn asked(sim: &SimService, from: Duration, to: Duration) -> usize {
    let (a, b) = (sim.started() + from, sim.started() + to);
    sim.log().iter().filter(|e| e.target.is_some() && e.at >= a && e.at < b).count()
}

/// The longest time that any of `targets` had to wait for a request, in seconds, up to now.
fn longest_wait(world: &World, targets: &[Target]) -> u64 {
    let mut last: BTreeMap<&Target, BootTime> = targets.iter().map(|t| (t, world.sim.started())).collect();
    let mut longest = Duration::ZERO;
    let log = world.sim.log();
    for entry in &log {
        if let Some((_, at)) = entry.target.as_ref().and_then(|t| last.get_key_value(t)) {
            longest = longest.max(entry.at.since(*at));
        }
        if let Some(at) = entry.target.as_ref().and_then(|t| last.get_mut(t)) {
            *at = entry.at;
        }
    }
    let now = world.clock.now().mono;
    last.values().map(|at| now.since(*at)).max().unwrap().max(longest).as_secs()
}

fn link(process: &Process) -> Option<Link> {
    process.store.direct().status().unwrap().map(|s| s.link)
}

fn check_limits(world: &World) {
    let counters = world.sim.counters();
    assert!(counters.max_in_60s <= 50, "{} requests in a window of 60 s", counters.max_in_60s);
    assert_eq!(counters.throttled, 0);
    assert_eq!(counters.minted, 1, "one token");
}

#[tokio::test(start_paused = true)]
async fn ten_minutes_use_98_percent_of_the_budget_and_no_window_exceeds_it() {
    let world = World::new(8, 192, |_| {});
    let process = world.start(&world.targets, 1);
    sleep(MINUTE * 11).await;
    let used = asked(&world.sim, MINUTE, MINUTE * 11) as f64;
    assert!(used >= 0.98 * ALLOWED, "{used} of {ALLOWED}");
    assert!(used <= ALLOWED + 1.0, "{used} of {ALLOWED}");
    check_limits(&world);
    let longest = longest_wait(&world, &world.targets);
    assert!(longest <= 3 * 267, "a target waited {longest} s");
    assert!(every_reading_was_told(&world, &process) > 400);
    process.quit().await;
}

#[tokio::test(start_paused = true)]
async fn a_kill_and_restart_every_minute_costs_nothing_and_exceeds_nothing() {
    let world = World::new(8, 192, |_| {});
    let mut process = world.start(&world.targets, 1);
    for seed in 2..13 {
        sleep(MINUTE).await;
        process.kill().await;
        process = world.start(&world.targets, seed);
    }
    let used = asked(&world.sim, MINUTE, MINUTE * 11) as f64;
    assert!(used >= 0.98 * ALLOWED, "{used} of {ALLOWED}");
    check_limits(&world);
    assert!(longest_wait(&world, &world.targets) <= 3 * 267);
    every_reading_was_told(&world, &process);
}

#[tokio::test(start_paused = true)]
async fn five_processes_on_one_store_cost_what_one_costs() {
    for n in [2, 5] {
        let world = World::new(8, 192, |_| {});
        let processes: Vec<_> = (0..n).map(|seed| world.start(&world.targets, seed)).collect();
        sleep(MINUTE * 11).await;
        let used = asked(&world.sim, MINUTE, MINUTE * 11) as f64;
        assert!((0.98 * ALLOWED..=ALLOWED + 1.0).contains(&used), "{used} of {ALLOWED} with {n}");
        check_limits(&world);
        assert!(longest_wait(&world, &world.targets) <= 3 * 267);
        let shown: Vec<_> = processes.iter().map(|p| p.rows().len()).collect();
        assert!(shown.iter().all(|&rows| rows == world.targets.len()), "{shown:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_set_back_an_hour_changes_neither_budget_nor_ages() {
    let world = World::new(8, 192, |_| {});
    let process = world.start(&world.targets, 1);
    sleep(MINUTE * 6).await;
    world.clock.step_wall(-3_600_000);
    let now = world.clock.now();
    let oldest = process.rows().iter().filter_map(|r| r.age(&now)).max().unwrap();
    assert!(oldest < MINUTE * 6, "{oldest:?}");
    sleep(MINUTE * 5).await;
    let used = asked(&world.sim, MINUTE, MINUTE * 11) as f64;
    assert!(used >= 0.98 * ALLOWED, "{used} of {ALLOWED}");
    check_limits(&world);
}

#[tokio::test(start_paused = true)]
async fn twenty_targets_are_on_the_screen_within_three_seconds_of_a_first_start() {
    for seed in 0..5 {
        let world = World::new(2, 18, |o| o.model.seed = seed);
        let process = world.start(&world.targets, seed);
        sleep(Duration::from_secs(3)).await;
        let now = world.clock.now();
        let good = process.rows().iter().filter(|r| r.good.is_some()).count();
        assert_eq!(good, 20, "seed {seed}");
        assert!(process.rows().iter().all(|r| r.condition(&now, MINUTE) != Condition::Failing));
        check_limits(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn few_targets_are_asked_once_a_minute_and_leave_the_budget_to_others() {
    let world = World::new(2, 8, |_| {});
    let _process = world.start(&world.targets, 1);
    sleep(MINUTE * 21).await;
    let asked = asked(&world.sim, MINUTE, MINUTE * 21);
    assert!((180..=200).contains(&asked), "{asked} requests for 10 targets in 20 minutes");
    let mut last: BTreeMap<Target, BootTime> = BTreeMap::new();
    for entry in world.sim.log() {
        let Some(target) = entry.target else { continue };
        if let Some(before) = last.insert(target, entry.at) {
            assert!(entry.at.since(before) >= MINUTE, "asked again after {:?}", entry.at.since(before));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_token_is_renewed_once_an_hour_and_a_restart_uses_the_stored_one() {
    let world = World::new(2, 8, |_| {});
    let process = world.start(&world.targets, 1);
    sleep(MINUTE * 30).await;
    process.kill().await;
    let process = world.start(&world.targets, 2);
    sleep(MINUTE * 24).await;
    assert_eq!(world.sim.counters().minted, 1);
    sleep(MINUTE * 150).await;
    let counters = world.sim.counters();
    assert_eq!((counters.minted, counters.token_rejected), (4, 0));
    process.quit().await;
}

#[tokio::test(start_paused = true)]
async fn in_a_token_war_we_generate_four_times_an_hour_and_say_what_happens() {
    let world = World::in_memory(2, 8, |o| o.generations_per_hour = 1000);
    let process = world.start(&world.targets, 1);
    sleep(MINUTE).await;
    world.sim.inject(Fault::ForeignMint { every_s: 30 }, Span::Millis(3_600_000));
    let mut said = (false, false);
    for _ in 0..3600 {
        sleep(Duration::from_secs(1)).await;
        match link(&process) {
            Some(Link::TokenWait { why, .. }) => said.0 |= why.contains("another client generates tokens"),
            Some(Link::TokenCeiling { .. }) => said.1 = true,
            _ => {}
        }
    }
    let minted: Vec<BootTime> = world.sim.log().iter().filter(|e| e.verdict == Verdict::Minted).map(|e| e.at).collect();
    let hour = Duration::from_secs(3600);
    let most = minted.iter().map(|&a| minted.iter().filter(|&&b| b >= a && b < a + hour).count()).max();
    assert_eq!(most, Some(4), "minted at {minted:?}");
    assert_eq!(said, (true, true));
    assert!(process.store.direct().usage().unwrap().invalidated_1h >= 3);
    // Values stay while blind, and the war's end is survived without help.
    assert!(process.rows().iter().filter(|r| r.good.is_some()).count() >= 9);
    until("the link is live again", MINUTE * 61, || link(&process) == Some(Link::Live)).await;
}

#[tokio::test(start_paused = true)]
async fn throttled_by_other_clients_the_rate_falls_and_comes_back() {
    let world = World::in_memory(8, 192, |_| {});
    let process = world.start(&world.targets, 1);
    sleep(MINUTE * 2).await;
    world.sim.inject(Fault::ForeignUse { per_minute: 30 }, Span::Millis(15 * 60_000));
    until("throttled", MINUTE * 2, || matches!(link(&process), Some(Link::Throttled { .. }))).await;
    sleep(MINUTE * 13).await;
    let now = world.clock.now();
    let rate = process.store.direct().governor().unwrap().rate(45.0, &now);
    assert!(rate < 35.0, "the rate is still {rate}");
    let good = asked(&world.sim, MINUTE * 10, MINUTE * 15);
    assert!(good >= 50, "only {good} readings in five minutes beside 30 requests a minute of others");
    sleep(MINUTE * 50).await;
    let now = world.clock.now();
    assert_eq!(process.store.direct().governor().unwrap().rate(45.0, &now), 45.0);
    assert_eq!(link(&process), Some(Link::Live));
    let used = asked(&world.sim, MINUTE * 55, MINUTE * 65) as f64;
    assert!(used >= 0.98 * ALLOWED, "{used} of {ALLOWED} after recovery");
}

#[tokio::test(start_paused = true)]
async fn every_fault_leaves_the_last_values_and_passes_without_help_or_burst() {
    let faults = [
        Fault::Status(500),
        Fault::Status(503),
        Fault::GatewayTimeout,
        Fault::HtmlOk,
        Fault::Hang,
        Fault::Drip { byte_ms: 500 },
        Fault::Reset,
        Fault::Truncate,
        Fault::Garbage,
        Fault::HugeBody { bytes: 1 << 20 },
        Fault::WrongShape,
        Fault::Redirect { to: "http://127.0.0.1:1/".into() },
    ];
    for fault in faults {
        let name = fault.name();
        let world = World::in_memory(4, 36, |_| {});
        let process = world.start(&world.targets, 1);
        sleep(MINUTE * 2).await;
        let good_before = process.rows().iter().filter(|r| r.good.is_some()).count();
        assert_eq!(good_before, world.targets.len(), "{name}");
        world.sim.inject_into(FaultScope::Aht, fault, Span::UntilCleared);
        until(name, MINUTE * 3, || matches!(link(&process), Some(Link::Down { .. }))).await;
        let from = world.sim.log().len();
        sleep(MINUTE * 10).await;
        let probes = world.sim.log().len() - from;
        assert!(probes <= 20, "{name}: {probes} probes in ten minutes");
        assert_eq!(process.rows().iter().filter(|r| r.good.is_some()).count(), good_before, "{name}");
        world.sim.clear_faults();
        until(name, MINUTE * 2, || link(&process) == Some(Link::Live)).await;
        let from = world.sim.log().len();
        sleep(Duration::from_secs(10)).await;
        let burst = world.sim.log().len() - from;
        assert!(burst <= 10, "{name}: {burst} requests in the first 10 s of recovery");
        sleep(MINUTE * 2).await;
        let now = world.clock.now();
        let stale = process.rows().iter().filter(|r| r.age(&now).is_none_or(|a| a > MINUTE * 3)).count();
        assert_eq!(stale, 0, "{name}");
        assert!(world.sim.counters().max_in_60s <= 50, "{name}");
        every_reading_was_told(&world, &process);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_token_service_spends_few_generations_and_passes() {
    let world = World::in_memory(2, 8, |_| {});
    let process = world.start(&world.targets, 1);
    sleep(MINUTE * 50).await;
    world.sim.inject(Fault::Status(503), Span::Millis(40 * 60_000));
    sleep(MINUTE * 40).await;
    until("live", MINUTE * 3, || link(&process) == Some(Link::Live)).await;
    let tokens = world.sim.counters().token_requests;
    assert!(tokens <= 4, "{tokens} token requests");
}

#[tokio::test(start_paused = true)]
async fn an_invalid_id_is_asked_twice_and_then_every_half_hour() {
    let world = World::in_memory(2, 8, |_| {});
    let mut targets = world.targets.clone();
    targets.push(Target::agent("nobody@acme.example"));
    let process = world.start(&targets, 1);
    sleep(MINUTE * 70).await;
    let asked = world.sim.log().iter().filter(|e| e.verdict == Verdict::InvalidId).count();
    assert_eq!(asked, 4, "at 0, 1, 31 and 61 minutes");
    let row = process.rows().into_iter().find(|r| r.target == targets[targets.len() - 1]).unwrap();
    assert_eq!(row.condition(&world.clock.now(), MINUTE), Condition::Invalid);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_unknown_or_known_again_is_told_once_and_not_at_each_check() {
    let world = World::in_memory(1, 4, |_| {});
    let agent = world.targets.iter().find(|t| t.kind == Kind::Agent).unwrap().clone();
    let nobody = Target::agent("nobody@acme.example");
    let targets = [world.targets.clone(), vec![nobody.clone()]].concat();
    // What an earlier poller was told.
    let (store, at) = (world.store(), world.clock.now().stamp());
    store.direct().append(&[Reading { target: agent.clone(), at, outcome: Outcome::Invalid, name: None }]).unwrap();
    for seed in [1, 2] {
        let process = world.start(&targets, seed);
        sleep(MINUTE * 40).await;
        process.quit().await;
    }
    let asked = world.sim.log().iter().filter(|e| e.verdict == Verdict::InvalidId).count();
    assert!(asked > 3, "{asked}");
    let events = store.direct().events(MINUTE * 100).unwrap();
    let told: Vec<_> = events.iter().filter(|e| e.kind == EventKind::Target).collect();
    let texts: Vec<String> = told.iter().map(|e| e.text.to_string()).collect();
    assert_eq!(texts, [format!("agent ID {} is unknown", nobody.id), format!("agent ID {} is known again", agent.id)]);
    assert!(told[0].text.is_about(&nobody) && told[1].text.is_about(&agent));
}

/// The link says until when, to the second, long before it is over.
fn waits_for(process: &Process, now: &ahtop::domain::Now, secs: std::ops::Range<u64>) -> bool {
    let until = match link(process) {
        Some(Link::TokenWait { until, .. }) => until.mono.since(now.mono).as_secs(),
        _ => return false,
    };
    secs.contains(&until)
}

#[tokio::test(start_paused = true)]
async fn killed_while_it_generates_a_token_it_is_blind_for_seconds_and_says_until_when() {
    let world = World::new(2, 8, |_| {});
    world.sim.inject_into(FaultScope::Token, Fault::Hang, Span::UntilCleared);
    // Killed once and twice; the last one is let live. How long the one after it waits, and what it says of it.
    for (killed, most, told) in [(1, 20, 8..16), (2, 80, 50..76)] {
        let generated = |n: u64| world.sim.counters().token_requests >= n;
        for n in 0..killed {
            let process = world.start(&world.targets, n);
            let before = world.sim.counters().token_requests;
            until("it generates", MINUTE * 2, || generated(before + 1)).await;
            process.kill().await;
        }
        world.sim.clear_faults();
        let process = world.start(&world.targets, 9);
        let begun = world.clock.now().mono;
        let mut said = false;
        until("live", Duration::from_secs(most), || {
            said |= waits_for(&process, &world.clock.now(), told.clone());
            link(&process) == Some(Link::Live)
        })
        .await;
        let blind = world.clock.now().mono.since(begun).as_secs();
        assert!(said, "killed {killed} times, blind for {blind} s: it did not say until when");
        process.kill().await;
        // Another hour, another token.
        world.sim.inject_into(FaultScope::Token, Fault::Hang, Span::UntilCleared);
        sleep(MINUTE * 130).await;
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_credentials_are_not_tried_in_a_loop() {
    let world = World::in_memory(2, 8, |o| o.api_key = "another".into());
    let process = world.start(&world.targets, 1);
    sleep(MINUTE * 30).await;
    assert!(matches!(link(&process), Some(Link::Credentials { .. })));
    assert!(world.sim.counters().requests <= 3, "{}", world.sim.counters().requests);
}

#[tokio::test(start_paused = true)]
async fn a_crash_hands_over_within_ten_seconds_and_a_clean_exit_within_one() {
    let world = World::new(8, 192, |_| {});
    let (first, second) = (world.start(&world.targets, 1), world.start(&world.targets, 2));
    sleep(MINUTE).await;
    let holder = |p: &Process| p.store.direct().lease_holder().unwrap().map(|i| i.id);
    let (polling, watching) =
        if holder(&first) == Some(first.me.id.clone()) { (first, second) } else { (second, first) };
    polling.quit().await;
    until("taken over after a clean exit", Duration::from_secs(1), || {
        holder(&watching) == Some(watching.me.id.clone())
    })
    .await;
    let third = world.start(&world.targets, 3);
    sleep(MINUTE).await;
    watching.kill().await;
    until("taken over after a crash", Duration::from_secs(10), || holder(&third) == Some(third.me.id.clone())).await;
    check_limits(&world);
}

/// Where everything is fresh nothing is due for a while: until then the link is as the last poller said.
#[tokio::test(start_paused = true)]
async fn a_poller_that_begins_anew_goes_on_with_a_link_that_was_live() {
    let world = World::new(1, 4, |_| {});
    let store = world.store();
    let status = || store.direct().status().unwrap().unwrap();
    let first = world.start(&world.targets, 1);
    sleep(MINUTE * 3).await;
    // Right after one was asked it is not yet the next one's turn.
    let sent = || world.sent.lock().unwrap().len();
    let before = sent();
    until("a request", MINUTE, || sent() > before).await;
    sleep(Duration::from_secs(1)).await;
    first.quit().await;
    let (last, before) = (status(), sent());
    assert_eq!(last.link, Link::Live);

    let second = world.start(&world.targets, 2);
    until("its status", MINUTE, || status().at != last.at).await;
    let now = status();
    assert_eq!((now.link, now.since, sent()), (Link::Live, last.since, before));
    assert!(!now.traffic.totals.is_accepted(), "nobody has answered it yet");
    // What it cannot know any more it finds out.
    world.sim.inject_into(FaultScope::Aht, Fault::Status(503), Span::UntilCleared);
    until("an outage", MINUTE * 3, || matches!(status().link, Link::Down { .. })).await;
    second.quit().await;
    check_limits(&world);
}

/// The answer waits in the socket while the process is stopped; its age goes on.
#[tokio::test(start_paused = true)]
async fn an_answer_that_came_while_the_process_was_stopped_is_as_old_as_its_request() {
    let world = World::new(8, 192, |o| o.latency = Latency::Fixed(700));
    let process = world.start(&world.targets, 1);
    sleep(MINUTE * 2).await;
    for _ in 0..20 {
        process.stop();
        sleep(MINUTE).await;
        process.go_on();
        sleep(Duration::from_millis(3210)).await;
    }
    assert!(every_reading_was_told(&world, &process) > 100);
}

#[tokio::test(start_paused = true)]
async fn who_was_held_up_asks_for_no_token_with_a_permit_that_is_void() {
    let world = World::in_memory(1, 2, |_| {});
    let slowness = Arc::new(AtomicU64::new(8000));
    let store = Handle::here(world.store().direct().clone(), slowness.clone());
    let me = Instance::here(Role::Dashboard);
    let transport = world.transport(&me, &Arc::default());
    let client = Arc::new(Client::new(transport, "acme"));
    let key = Keys::Token("sim-key".to_owned().into());
    let mut tokens = TokenManager::new(key, store.clone(), client, me, world.rules.budget, world.rules.timeout);
    for _ in 0..3 {
        let ready = tokens.ready(&world.clock.now(), true).await.unwrap();
        assert!(matches!(ready, Ready::Wait(Link::TokenWait { .. }, _)));
        sleep(MINUTE * 2).await;
    }
    // As if nothing had been.
    let usage = store.direct().usage().unwrap();
    assert_eq!((world.sim.counters().token_requests, usage.used_60s, usage.generated_1h), (0, 0, 0));
    slowness.store(1000, Ordering::Relaxed);
    tokens.ready(&world.clock.now(), true).await.unwrap();
    assert_eq!(world.sim.counters().minted, 1);
}
