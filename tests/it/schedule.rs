//! What the running program shows against what is so, over eight simulated hours, beside what the measurement says of
//! the same day: the schedule that is measured is the one that runs. And what knowing who is logged in gives.
#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a test crate")]

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use crate::support::World;
use ahtop::{
    domain::{Aht, Band, BootTime},
    poll::measure::{Conditions, Day, Figures, LIMIT, Policy, Shown, figures, generate, measure, play},
    sim::Truth,
    store::RangeQuery,
};

const HOURS: u64 = 8;
/// The first hour fills the screen and teaches the schedule.
const SPAN: (f64, f64) = (3600.0, HOURS as f64 * 3600.0);

/// The simulator's truth from the start on, as a day of the measurement.
fn day(world: &World) -> Day {
    let (roster, from) = (world.sim.roster(), world.sim.started());
    let mut csv = String::from("target,kind,goal_s,t_s,aht_s\n");
    for target in &world.targets {
        let goal = roster.band(target).and_then(|b| b.target).map_or(300, Aht::secs);
        let line = |csv: &mut String, at: BootTime, truth: Truth| {
            let value = if let Truth::Secs(secs) = truth { secs } else { 0 };
            let t = at.since(from).as_secs_f64();
            writeln!(csv, "{},{},{goal},{t},{value}", target.id, target.kind).unwrap();
        };
        line(&mut csv, from, world.sim.truth(target, from));
        for (at, truth) in world.sim.changes(target, from, from + Duration::from_secs(HOURS * 3600)) {
            line(&mut csv, at, truth);
        }
    }
    Day::parse("simulated", &csv).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_running_program_is_as_near_to_the_truth_as_the_measurement_says() {
    let mut world = World::in_memory(8, 192, |_| {});
    world.rules.min_interval = Duration::ZERO;
    let roster = world.sim.roster();
    let limit = |goal: u32| Aht::from_secs((LIMIT * f64::from(goal)).ceil() as u32);
    world.rules.bands = world
        .targets
        .iter()
        .map(|t| {
            let goal = roster.band(t).and_then(|b| b.target).map_or(300, Aht::secs);
            (t.clone(), Band { high_warn: Some(limit(goal)), ..Band::default() })
        })
        .collect();
    let process = world.start(&world.targets, 1);
    tokio::time::sleep(Duration::from_secs(HOURS * 3600)).await;

    let day = day(&world);
    let index: BTreeMap<_, _> = day.truths.iter().enumerate().map(|(i, t)| (t.target.clone(), i)).collect();
    let (mut shown, mut readings) = (Shown::new(day.truths.len()), 0u32);
    process
        .store
        .direct()
        .range(&RangeQuery::default(), &mut |reading| {
            if reading.outcome.is_good() {
                let value = reading.outcome.aht().map_or(0.0, |aht| f64::from(aht.secs()));
                shown.push(index[&reading.target], reading.at.mono.since(world.sim.started()).as_secs_f64(), value);
                readings += 1;
            }
            true
        })
        .unwrap();

    // The measurement keeps a margin for latency; here it gets the rate that the program had.
    let rate = f64::from(readings) / (HOURS as f64 * 60.0);
    let cycle = day.truths.len() as f64 * 60.0 / rate;
    let live = figures(&day, &shown, SPAN, cycle);
    let conditions = |seed| Conditions { rate: rate * 61.0 / 60.0, seed, ..Conditions::default() };
    let measured: Vec<f64> =
        (1..=2).map(|seed| figures(&day, &play(&day, Policy::Echo, &conditions(seed)), SPAN, cycle).mae_s).collect();
    let measured = measured.iter().sum::<f64>() / measured.len() as f64;
    let ratio = live.mae_s / measured;
    println!("live {:.3} s, measured {measured:.3} s, ratio {ratio:.3}, {rate:.1} a minute", live.mae_s);
    assert!((0.9..=1.1).contains(&ratio), "live {:.3} s, measured {measured:.3} s", live.mae_s);
    assert!(live.age_max_cycles <= 3.05, "{} cycles", live.age_max_cycles);
    assert!(rate >= 0.98 * 45.0, "{rate:.1} a minute");
}

/// The mean of some generated days of `n` rows.
fn generated(n: usize, days: u64, policy: Policy, conditions: &Conditions) -> Figures {
    let each: Vec<Figures> =
        (1..=days).map(|seed| measure(&generate(n, seed), policy, &Conditions { seed, ..*conditions })).collect();
    Figures::average(&each).unwrap()
}

#[test]
fn knowing_who_is_logged_in_brings_the_screen_as_near_to_the_truth_as_the_handbook_says() {
    for (n, days, at_most) in [(20, 4, 0.45), (50, 2, 0.41), (100, 1, 0.42), (200, 1, 0.47)] {
        let of = |policy| generated(n, days, policy, &Conditions::default());
        let (even, presence) = (of(Policy::RoundRobin), of(Policy::Presence));
        println!("{n}: {:.3} of {:.3}, {:.2} cycles", presence.mae_s, even.mae_s, presence.age_max_cycles);
        assert!(presence.mae_s <= at_most * even.mae_s, "{n}: {} of {}", presence.mae_s, even.mae_s);
        assert!(presence.age_max_cycles <= 3.0, "{n}: {}", presence.age_max_cycles);
        // Ten minutes and two cycles.
        let cycle = n as f64 * 1.22;
        assert!(presence.wait_max_s <= 600.0 + 2.0 * cycle, "{n}: {}", presence.wait_max_s);
    }
}

#[test]
fn a_list_that_is_wrong_of_some_or_late_is_no_worse_than_none() {
    let late = Conditions { late: Duration::from_secs(300), ..Conditions::default() };
    let wrong = Conditions { wrong: 0.1, ..Conditions::default() };
    for (n, days) in [(20, 6), (50, 2), (100, 1)] {
        let echo = generated(n, days, Policy::Echo, &Conditions::default()).mae_s;
        for conditions in [late, wrong] {
            let presence = generated(n, days, Policy::Presence, &conditions);
            println!("{n}: {:.3} of {echo:.3}, {:.0} s", presence.mae_s, presence.wait_max_s);
            assert!(presence.mae_s <= echo, "{n} {conditions:?}: {} of {echo}", presence.mae_s);
            assert!(
                presence.wait_max_s <= 600.0 + 2.0 * 1.22 * n as f64,
                "{n} {conditions:?}: {}",
                presence.wait_max_s
            );
        }
    }
}
