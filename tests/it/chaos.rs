//! Poller and store under seeded mischief in injected time: faults, kills, other clients, stepped clocks. Whatever the
//! mixture, the limit and the ceiling of generations hold, no reading is invented, and in the end all recovers.

use std::time::Duration;

use crate::support::{Process, World, every_reading_was_told};
use ahtop::{
    domain::{BootTime, Clock},
    sim::{Fault, FaultScope, Span, options::Latency},
    store::Link,
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tokio::time::sleep;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn fault(rng: &mut StdRng) -> Fault {
    let faults = [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Status(429),
        Fault::Status(401),
        Fault::GatewayTimeout,
        Fault::HtmlOk,
        Fault::Hang,
        Fault::Drip { byte_ms: 300 },
        Fault::Reset,
        Fault::Truncate,
        Fault::Garbage,
        Fault::HugeBody { bytes: 200_000 },
        Fault::WrongShape,
        Fault::Redirect { to: "http://127.0.0.1:1/".into() },
        Fault::InvalidUtf8,
        Fault::HostileNames,
        Fault::ForeignUse { per_minute: rng.random_range(1..80) },
        Fault::ForeignMint { every_s: rng.random_range(20..200) },
    ];
    faults.choose(rng).unwrap().clone()
}

fn scope(rng: &mut StdRng) -> FaultScope {
    *[FaultScope::All, FaultScope::Aht, FaultScope::Aht, FaultScope::Token].choose(rng).unwrap()
}

/// The most of `times` in any window of this length, its end excluded.
fn most_within(times: &[BootTime], window: Duration) -> usize {
    times.iter().map(|&a| times.iter().filter(|&&b| b >= a && b.since(a) < window).count()).max().unwrap_or(0)
}

async fn a_life(seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let agents = *[3, 20, 90].choose(&mut rng).unwrap();
    let world = World::new(2, agents, |o| {
        o.model.seed = seed;
        o.retry_after = rng.random();
        o.latency =
            *[Latency::Fixed(5), Latency::default(), Latency::LongTail { median_ms: 900 }].choose(&mut rng).unwrap();
    });
    let mut processes: Vec<Process> = vec![world.start(&world.targets, seed)];
    let mut stepped: i64 = 0;
    for turn in 0..10u64 {
        sleep(Duration::from_millis(rng.random_range(500..40_000))).await;
        match rng.random_range(0..8) {
            0 if !processes.is_empty() => {
                let victim = rng.random_range(0..processes.len());
                processes.swap_remove(victim).kill().await;
            }
            1 if !processes.is_empty() => {
                let leaver = rng.random_range(0..processes.len());
                processes.swap_remove(leaver).quit().await;
            }
            2 | 3 if processes.len() < 3 => processes.push(world.start(&world.targets, seed * 100 + turn)),
            4 => {
                let step = rng.random_range(-7_200_000..7_200_000);
                world.clock.step_wall(step);
                stepped += step;
            }
            5 => world.sim.revoke_token(),
            _ => {
                let span = Span::Millis(rng.random_range(500..60_000));
                let (scope, fault) = (scope(&mut rng), fault(&mut rng));
                world.sim.inject_into(scope, fault, span);
            }
        }
    }
    world.sim.clear_faults();
    world.clock.step_wall(-stepped);
    if processes.is_empty() {
        processes.push(world.start(&world.targets, seed + 1));
    }
    // Four generations in an hour are all there is: in the worst case the last of them waits for the first to be over.
    let end = world.clock.now().mono + HOUR + MINUTE * 10;
    let live = |p: &Process| p.store.direct().status().unwrap().is_some_and(|s| s.link == Link::Live);
    let fresh = |p: &Process| {
        let now = world.clock.now();
        p.rows().iter().filter(|r| r.age(&now).is_some_and(|a| a < MINUTE * 5)).count()
    };
    while !(live(&processes[0]) && fresh(&processes[0]) == world.targets.len()) {
        let status = processes[0].store.direct().status().unwrap();
        assert!(world.clock.now().mono < end, "seed {seed}: {status:?}, {} fresh", fresh(&processes[0]));
        sleep(Duration::from_secs(20)).await;
    }
    let log = world.sim.log();
    let counters = world.sim.counters();
    assert!(counters.max_in_60s <= 50, "seed {seed}: {} requests in 60 s", counters.max_in_60s);
    let minted: Vec<BootTime> = log.iter().filter(|e| e.path.ends_with("generateToken")).map(|e| e.at).collect();
    assert!(most_within(&minted, HOUR) <= 4, "seed {seed}: token requests at {minted:?}");
    every_reading_was_told(&world, &processes[0]);
    for process in processes {
        process.kill().await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_mixture_of_mischief_breaks_the_limit_the_ceiling_or_a_reading_and_all_recover() {
    for seed in 1..=15 {
        a_life(seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn no_other_mixture_does_either() {
    for seed in 101..=115 {
        a_life(seed).await;
    }
}

/// What lands before a wait that the service asked for does not end the wait.
#[tokio::test(start_paused = true)]
async fn answers_that_were_on_their_way_do_not_end_a_wait_that_the_service_asked_for() {
    let mut late = 0;
    for seed in 0..8 {
        let world = World::new(4, 60, |o| {
            o.model.seed = seed;
            o.latency = Latency::Uniform { min_ms: 200, max_ms: 6000 };
        });
        let process = world.start(&world.targets, seed);
        sleep(MINUTE * 2).await;
        world.sim.inject_into(FaultScope::Aht, Fault::Status(429), Span::Requests(1));
        sleep(Duration::from_secs(15)).await;
        let log = world.sim.log();
        let told = log.iter().find(|e| e.fault.is_some()).unwrap();
        let lands = |e: &ahtop::sim::LogEntry| e.at + Duration::from_millis(e.delay_ms);
        let wait = (lands(told), lands(told) + Duration::from_secs(5));
        late += log.iter().filter(|e| e.at < wait.0 && lands(e) > wait.0 && e.told.is_some()).count();
        let sent: Vec<BootTime> = log.iter().map(|e| e.at).filter(|&at| at > wait.0 && at < wait.1).collect();
        assert!(sent.is_empty(), "seed {seed}: told to wait at {:?}, sent at {sent:?}", wait.0);
        process.kill().await;
    }
    assert!(late > 0, "nothing was on its way: the test shows nothing");
}

/// The text of what is waited for names the real cause.
#[tokio::test(start_paused = true)]
async fn a_token_service_that_is_ill_is_not_taken_for_another_programs_doing() {
    for fault in [Fault::Status(503), Fault::Status(429), Fault::Hang] {
        let world = World::new(2, 8, |_| {});
        world.sim.inject_into(FaultScope::Token, fault.clone(), Span::Millis(8 * 60_000));
        let process = world.start(&world.targets, 1);
        for _ in 0..80 {
            sleep(Duration::from_secs(6)).await;
            let link = process.store.direct().status().unwrap().map(|s| s.link);
            let good = match &link {
                None | Some(Link::Starting) => true,
                Some(Link::Down { .. }) => !matches!(fault, Fault::Status(429)),
                Some(Link::Throttled { .. }) => matches!(fault, Fault::Status(429)),
                _ => false,
            };
            assert!(good, "{fault:?}: {link:?}");
        }
        sleep(MINUTE * 15).await;
        assert_eq!(process.store.direct().status().unwrap().unwrap().link, Link::Live, "{fault:?}");
        assert!(world.sim.counters().token_requests <= 4);
        process.kill().await;
    }
}

/// A service that stops reading may work off its whole queue in one minute.
#[tokio::test(start_paused = true)]
async fn a_poller_restarted_in_an_outage_does_not_fill_the_services_queue() {
    let world = World::new(2, 60, |_| {});
    let mut process = world.start(&world.targets, 1);
    sleep(MINUTE * 2).await;
    world.sim.inject_into(FaultScope::All, Fault::Hang, Span::Millis(240_000));
    let before = world.sent.lock().unwrap().len();
    for seed in 2..20 {
        sleep(Duration::from_secs(13)).await;
        process.kill().await;
        process = world.start(&world.targets, seed);
    }
    let queued = world.sent.lock().unwrap().len() - before;
    assert!(queued < 50, "{queued} requests wait");
    // And it is over as soon as the service answers.
    sleep(MINUTE * 4).await;
    assert_eq!(process.store.direct().status().unwrap().unwrap().link, Link::Live);
    let now = world.clock.now();
    let fresh = process.rows().iter().filter(|r| r.age(&now).is_some_and(|a| a < MINUTE * 3)).count();
    assert!(fresh > world.targets.len() / 2, "{fresh}");
}

#[tokio::test(start_paused = true)]
async fn throttles_among_faults_are_not_taken_for_other_clients() {
    let world = World::new(2, 60, |_| {});
    let process = world.start(&world.targets, 1);
    sleep(MINUTE * 2).await;
    for _ in 0..40 {
        world.sim.inject_into(FaultScope::Aht, Fault::Status(500), Span::Millis(3_000));
        sleep(Duration::from_millis(3_500)).await;
        world.sim.inject_into(FaultScope::Aht, Fault::Status(429), Span::Millis(1_000));
        sleep(Duration::from_millis(1_500)).await;
    }
    world.sim.clear_faults();
    sleep(MINUTE * 2).await;
    let status = process.store.direct().status().unwrap().unwrap();
    assert_eq!((status.link, status.other_clients), (Link::Live, None));
    assert!(status.rate > 40.0, "{}", status.rate);
}
