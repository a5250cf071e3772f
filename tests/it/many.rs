//! Many dashboards on one account, in injected time: they cost what one costs, whatever dies or stops, and whatever
//! other clients do.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::support::{Process, World, until};
use ahtop::{
    app::{DashboardConfig, Event, State, Topic, banners, update},
    config::Watched,
    domain::{Band, BootTime, Clock, Problem, Reading, Row, Series, Target},
    run::read_shared,
    sim::{Fault, Span},
    store::{Attention, Cursor, RangeQuery, Role, StoreError},
};
use tokio::time::sleep;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const BUDGET: f64 = 45.0;
/// How long a test of all targets takes: more than three of their cycles, in which everybody's turn must come.
const MINUTES: u32 = 19;

/// A dashboard: its process, and the state that its screen is drawn from, fed as the program's feed does.
pub(crate) struct Dashboard {
    pub(crate) process: Process,
    pub(crate) targets: Vec<Target>,
    state: State,
    cursor: Cursor,
}

/// What a store answers in the end: on a server it may be busy for a moment, or slower than it may be.
pub(crate) fn patiently<T>(mut ask: impl FnMut() -> Result<T, StoreError>) -> T {
    let begun = std::time::Instant::now();
    loop {
        match ask() {
            Err(StoreError::Unreachable { .. } | StoreError::Busy(_)) if begun.elapsed() < MINUTE => {
                std::thread::sleep(Duration::from_millis(20));
            }
            answer => return answer.unwrap(),
        }
    }
}

impl Dashboard {
    fn open(world: &World, targets: Vec<Target>, seed: u64) -> Dashboard {
        Dashboard::on(world, world.start(&targets, seed), targets)
    }

    pub(crate) fn on(world: &World, process: Process, targets: Vec<Target>) -> Dashboard {
        let watched = |target: &Target| Watched {
            target: target.clone(),
            label: None,
            groups: vec![],
            band: Band::default(),
            origin: "-a".into(),
        };
        let facts = DashboardConfig {
            budget: world.rules.budget,
            min_interval: world.rules.min_interval,
            ..DashboardConfig::new("acme", targets.iter().map(watched).collect::<Vec<_>>(), process.me.clone())
        };
        let store = process.store.direct();
        let mut state = State::new(facts, store.now());
        let snapshot = store.snapshot(Series::SPAN).unwrap();
        let cursor = snapshot.cursor;
        update(&mut state, Event::Loaded(snapshot), store.now());
        Dashboard { process, targets, state, cursor }
    }

    /// Takes in what is new.
    pub(crate) fn look(&mut self) {
        let store = self.process.store.direct();
        let (readings, cursor) = patiently(|| store.since(self.cursor, 1000));
        self.cursor = cursor;
        update(&mut self.state, Event::Readings(readings), store.now());
        let shared = patiently(|| read_shared(&**store));
        update(&mut self.state, Event::Shared(Box::new(shared)), store.now());
    }

    /// The table on the screen is what the store knows.
    pub(crate) fn equals_the_store(&self) {
        let mut rows = self.process.rows();
        rows.retain(|row| self.state.live.rows.contains_key(&row.target));
        assert_eq!(self.state.live.rows.len(), rows.len());
        for row in rows {
            let mine = &self.state.live.rows[&row.target];
            let said = |r: &Row| (r.good.clone(), r.last.clone(), r.name.clone(), r.failures);
            assert_eq!(said(mine), said(&row), "{}", row.target);
        }
    }
}

/// Fifty of two hundred targets each, so that every target is on two of eight dashboards.
pub(crate) fn share(targets: &[Target], n: usize) -> Vec<Target> {
    (0..50).map(|i| targets[(n * 25 + i) % targets.len()].clone()).collect()
}

fn eight(world: &World) -> Vec<Dashboard> {
    (0..8).map(|n| Dashboard::open(world, share(&world.targets, n), n as u64)).collect()
}

/// Seconds between requests, up to now.
pub(crate) fn longest_gap(world: &World, from: Duration) -> Duration {
    let start = world.sim.started() + from;
    let mut times: Vec<_> =
        world.sim.log().iter().filter(|e| e.target.is_some() && e.at >= start).map(|e| e.at).collect();
    times.push(world.clock.now().mono);
    times.windows(2).map(|w| w[1].since(w[0])).max().unwrap()
}

pub(crate) fn asked(world: &World, from: Duration, to: Duration) -> f64 {
    let (a, b) = (world.sim.started() + from, world.sim.started() + to);
    world.sim.log().iter().filter(|e| e.target.is_some() && e.at >= a && e.at < b).count() as f64
}

/// The account was used as by one: one token, never above the limit, 98 % of what is allowed, everything read in turn.
fn as_by_one(world: &World) {
    let counters = world.sim.counters();
    assert!(counters.max_in_60s <= 50, "{} requests in a window", counters.max_in_60s);
    assert_eq!((counters.throttled, counters.minted), (0, 1));
    let (used, allowed) = (asked(world, MINUTE, MINUTE * MINUTES), BUDGET * f64::from(MINUTES - 1));
    assert!(used >= 0.98 * allowed && used <= allowed + 1.0, "{used} of {allowed}");
    nobody_starves(world);
}

/// Everything was read within the first cycle or soon after, because kills and stops cost turns, and nothing was left out
/// for more than three since, whoever polled.
fn nobody_starves(world: &World) {
    let cycle = MINUTE.mul_f64(world.targets.len() as f64 / BUDGET);
    let (start, now) = (world.sim.started(), world.clock.now().mono);
    assert!(now.since(start) > cycle * 3, "too short a time to tell");
    let mut read: BTreeMap<Target, Vec<BootTime>> = world.targets.iter().map(|t| (t.clone(), vec![start])).collect();
    let mut each = |reading: Reading| {
        read.get_mut(&reading.target).unwrap().push(reading.at.mono);
        true
    };
    world.store().direct().range(&RangeQuery::default(), &mut each).unwrap();
    for (target, mut times) in read {
        let first = times.get(1).map(|at| at.since(start));
        assert!(first.is_some_and(|d| d <= cycle.mul_f64(1.25)), "{target}: first read after {first:?}");
        times.push(now);
        let wait = times.windows(2).map(|w| w[1].since(w[0])).max().unwrap();
        assert!(wait <= cycle * 3, "{target}: not read for {wait:?}, {:.2} cycles", wait.div_duration_f64(cycle));
    }
}

/// How often another process began to send.
fn changes(world: &World) -> usize {
    world.sent.lock().unwrap().windows(2).filter(|w| w[0].1 != w[1].1).count()
}

#[tokio::test(start_paused = true)]
async fn eight_dashboards_cost_what_one_costs_and_show_what_the_store_has() {
    let world = World::new(8, 192, |_| {});
    let mut all = eight(&world);
    for _ in 0..MINUTES * 60 {
        sleep(SECOND).await;
        all.iter_mut().for_each(|d| d.look());
    }
    as_by_one(&world);
    assert_eq!(changes(&world), 0, "one process alone sends");
    let gap = longest_gap(&world, Duration::ZERO);
    assert!(gap <= SECOND * 6, "{gap:?}");
    // The last answer may have come after the last look.
    all.iter_mut().for_each(|d| d.look());
    all.iter().for_each(Dashboard::equals_the_store);
}

/// Numbers that look random and are the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

#[tokio::test(start_paused = true)]
async fn with_a_kill_or_a_stop_every_20_s_the_same_holds_and_no_gap_is_longer_than_11_s() {
    for seed in 1..=2 {
        let world = World::new(8, 192, |_| {});
        let mut all = eight(&world);
        let mut dice = Dice(seed);
        let (mut stopped, mut hits) = (None, 0);
        for second in 1..=u64::from(MINUTES) * 60 {
            sleep(SECOND).await;
            for (n, dashboard) in all.iter_mut().enumerate() {
                if stopped.is_none_or(|(stopped, _)| stopped != n) {
                    dashboard.look();
                }
            }
            if let Some((n, until)) = stopped
                && second == until
            {
                let dashboard: &Dashboard = &all[n];
                dashboard.process.go_on();
                stopped = None;
            }
            if second % 20 == 0 {
                let n = dice.below(8) as usize;
                hits += 1;
                if dice.below(2) == 0 {
                    let dashboard = all.remove(n);
                    dashboard.process.kill().await;
                    all.insert(n, Dashboard::open(&world, dashboard.targets, 100 * seed + second));
                } else {
                    all[n].process.stop();
                    stopped = Some((n, second + 5 + dice.below(14)));
                }
            }
        }
        if let Some((n, _)) = stopped {
            all[n].process.go_on();
        }
        let gap = longest_gap(&world, Duration::ZERO);
        assert!(gap <= SECOND * 11, "{gap:?}");
        as_by_one(&world);
        // Who wakes up may send a last one; nobody goes on beside another.
        assert!(changes(&world) <= 3 * hits, "{} changes of the sender for {hits} hits", changes(&world));
        all.iter_mut().for_each(|d| d.look());
        all.iter().for_each(Dashboard::equals_the_store);
    }
}

fn holder(process: &Process) -> Option<Arc<str>> {
    process.store.direct().lease_holder().unwrap().map(|i| i.id)
}

#[tokio::test(start_paused = true)]
async fn a_dashboard_leaves_the_lease_to_a_serve_and_takes_it_back_when_that_ends() {
    let world = World::new(4, 96, |_| {});
    let dashboard = world.start(&world.targets, 1);
    sleep(SECOND * 30).await;
    assert_eq!(holder(&dashboard), Some(dashboard.me.id.clone()));
    for kills in [false, true] {
        let serve = world.start_as(Role::Serve, &world.targets[..3], 2);
        until("the serve polls", SECOND * 3, || holder(&dashboard) == Some(serve.me.id.clone())).await;
        sleep(MINUTE).await;
        assert_eq!(holder(&dashboard), Some(serve.me.id.clone()), "it keeps it");
        if kills {
            serve.kill().await;
            until("after a crash", SECOND * 10, || holder(&dashboard) == Some(dashboard.me.id.clone())).await;
        } else {
            serve.quit().await;
            until("after a clean end", SECOND, || holder(&dashboard) == Some(dashboard.me.id.clone())).await;
        }
        sleep(MINUTE).await;
    }
    let gap = longest_gap(&world, Duration::ZERO);
    assert!(gap <= SECOND * 11, "{gap:?}");
    let counters = world.sim.counters();
    assert!(counters.max_in_60s <= 50 && counters.minted == 1, "{counters:?}");
}

#[tokio::test(start_paused = true)]
async fn two_serves_do_not_push_each_other_out() {
    let world = World::new(2, 18, |_| {});
    let (first, second) = (world.start_as(Role::Serve, &world.targets, 1), world.start_as(Role::Serve, &[], 2));
    sleep(SECOND * 5).await;
    let begun = holder(&first);
    assert!(begun.is_some());
    for _ in 0..60 {
        sleep(SECOND).await;
        assert_eq!(holder(&second), begun);
    }
    assert_eq!(changes(&world), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_dashboard_that_went_away_wanted_is_forgotten_within_30_s() {
    let world = World::new(2, 18, |_| {});
    let (stays, goes) = (world.start(&world.targets[..5], 1), world.start(&world.targets[5..], 2));
    sleep(MINUTE * 2).await;
    goes.kill().await;
    sleep(SECOND * 31).await;
    let from = world.sim.log().len();
    sleep(MINUTE * 3).await;
    let log = world.sim.log();
    let asked: Vec<_> = log[from..].iter().filter_map(|e| e.target.clone()).collect();
    assert!(!asked.is_empty() && asked.iter().all(|t| world.targets[..5].contains(t)), "{asked:?}");
    let wanted = stays.store.direct().wanted().unwrap();
    assert_eq!(wanted.len(), 5);
    assert!(wanted.iter().all(|(_, attention)| *attention == Attention::Listed));
}

/// The number behind `before` and before `unit` in a sentence.
fn number(text: &str, before: &str, unit: &str) -> f64 {
    let behind = text.split_once(before).unwrap_or_else(|| panic!("{before:?} is not in {text:?}")).1;
    behind.split_once(unit).unwrap_or_else(|| panic!("{unit:?} is not in {behind:?}")).0.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn beside_other_clients_values_stay_fresh_at_a_lower_rate_and_the_banners_say_how_much_and_how_often() {
    let world = World::new(2, 38, |o| o.generations_per_hour = 1000);
    let mut all: Vec<Dashboard> = (0..3).map(|n| Dashboard::open(&world, world.targets.clone(), n)).collect();
    sleep(MINUTE * 2).await;
    world.sim.inject(Fault::ForeignUse { per_minute: 30 }, Span::UntilCleared);
    world.sim.inject(Fault::ForeignMint { every_s: 300 }, Span::UntilCleared);
    // For as long as our generations last: three tokens of five minutes each.
    for minute in 2..11 {
        let before = world.sim.counters();
        for _ in 0..60 {
            sleep(SECOND).await;
            all.iter_mut().for_each(|d| d.look());
        }
        let after = world.sim.counters();
        let (good, throttled) = (after.good - before.good, after.throttled - before.throttled);
        assert!(good >= 12, "only {good} answers in minute {minute}");
        assert!(minute < 5 || throttled <= 2, "throttled {throttled} times in minute {minute}");
    }
    let throttled = world.sim.counters().throttled;
    for dashboard in &all {
        dashboard.equals_the_store();
        let now = world.clock.now();
        let oldest = dashboard.state.live.rows.values().filter_map(|r| r.age(&now)).max().unwrap();
        assert!(oldest <= MINUTE * 5, "{oldest:?}");
        let banners = banners(&dashboard.state);
        let of = |problem: Problem| {
            let banner = banners.iter().find(|b| b.id.0 == Topic::Problem(problem));
            banner.unwrap_or_else(|| panic!("{problem:?}: {banners:?}")).text.to_string()
        };
        let factor = 1.0 / 1.5..=1.5;
        let share = number(&of(Problem::OtherClients), "it uses about ", " of ");
        assert!(factor.contains(&(share / 30.0)), "{share}");
        let rate = dashboard.state.live.status.as_ref().unwrap().rate;
        assert!((15.0..=22.0).contains(&rate), "{rate}");
        let every = number(&of(Problem::Invalidated), "about every ", " min");
        assert!(factor.contains(&(every / 5.0)), "{every}");
        assert!(of(Problem::Invalidated).contains("token_command"), "{banners:?}");
        let sweep = dashboard.state.live.status.as_ref().unwrap().sweep;
        assert!(sweep >= SECOND * 100, "{sweep:?}");
    }
    assert!(throttled <= 12, "throttled {throttled} times");
}
