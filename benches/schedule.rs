//! What a decision and a reading cost with 1,000 targets that have a full history.
#![expect(clippy::unwrap_used, reason = "it measures; no user sees it fail")]

use std::{collections::BTreeMap, hint::black_box, time::Duration};

use ahtop::{
    domain::{Aht, Band, Clock, ManualClock, Outcome, Reading, Target},
    poll::{Next, Schedule},
    store::Attention,
};
use criterion::{Criterion, criterion_group, criterion_main};

const RATE: f64 = 50.0;

fn value(target: &Target, second: i64) -> Outcome {
    let number: i64 = target.id.bytes().map(i64::from).sum();
    match number % 3 {
        0 => Outcome::NoCalls,
        _ => Outcome::Value(Aht::from_secs(u32::try_from(200 + second / (200 + number) * 13 % 97).unwrap())),
    }
}

fn step(schedule: &mut Schedule, clock: &ManualClock) {
    let now = clock.now();
    schedule.pace(RATE);
    if let Next::Ask { target, .. } = schedule.next(now.mono) {
        schedule.sent(&target);
        let outcome = value(&target, now.mono.0 / 1000);
        schedule.answered(&Reading { target, at: now.stamp(), outcome, name: None }, 0.0);
    }
    clock.advance(Duration::from_millis(1200));
}

fn schedule(c: &mut Criterion) {
    let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
    let targets: Vec<Target> = (0..1000)
        .map(|i| if i % 10 == 0 { Target::campaign(format!("c{i}")) } else { Target::agent(format!("a{i}")) })
        .collect();
    let mut schedule = Schedule::new(Duration::ZERO);
    let wanted: Vec<_> = targets.iter().map(|t| (t.clone(), Attention::OnScreen)).collect();
    schedule.want(&wanted, &BTreeMap::new(), &clock.now());
    let band = Band { high_warn: Some(Aht::from_secs(250)), ..Band::default() };
    schedule.bands(|_| band);
    for _ in 0..12_000 {
        step(&mut schedule, &clock);
    }
    let now = clock.now().mono;
    c.bench_function("decide among 1000 targets", |b| b.iter(|| schedule.next(black_box(now))));
    c.bench_function("decide among 1000 targets and take in the answer", |b| b.iter(|| step(&mut schedule, &clock)));
}

criterion_group!(benches, schedule);
criterion_main!(benches);
