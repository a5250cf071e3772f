//! The request ledger: the cap in every window, the pace, and exact waits.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;

use super::{Make, process, runner, secs};
use crate::{
    domain::{BootTime, Clock, Target},
    store::{Cursor, Governor, Hit, Pace, PermitAnswer, PermitAsk, PermitId, PermitKind, Role, Store},
};

const MS: Duration = Duration::from_millis(1);

fn ask(cap: u32, pace: Pace) -> PermitAsk {
    PermitAsk { kind: PermitKind::Aht, cap, pace, void_after: secs(1), timeout: secs(10) }
}

fn permit(store: &dyn Store, ask: PermitAsk) -> PermitAnswer {
    store.permit(&process("one", Role::Serve), &ask).unwrap()
}

fn granted(store: &dyn Store, cap: u32, pace: Pace) -> PermitId {
    match permit(store, ask(cap, pace)) {
        PermitAnswer::Granted { id, void_at } => {
            assert_eq!(void_at, store.now().mono + secs(1));
            id
        }
        PermitAnswer::Wait(d) => panic!("told to wait {d:?}"),
    }
}

fn told(store: &dyn Store, cap: u32, pace: Pace) -> Duration {
    match permit(store, ask(cap, pace)) {
        PermitAnswer::Wait(d) => d,
        PermitAnswer::Granted { .. } => panic!("granted"),
    }
}

pub(crate) fn a_permit_counts_until_a_minute_after_its_end(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let id = granted(&*store, 1, Pace::Burst);
    assert_eq!((store.usage().unwrap().used_60s, store.usage().unwrap().in_flight), (1, 1));
    world.advance(5);
    store.finish(id, true).unwrap();
    assert_eq!((store.usage().unwrap().used_60s, store.usage().unwrap().in_flight), (1, 0));
    assert_eq!(told(&*store, 1, Pace::Burst), secs(60) + MS);
    world.advance(30);
    // Said twice, it ended once; said of nobody, it is nothing.
    store.finish(id, true).unwrap();
    store.finish(id, false).unwrap();
    store.finish(PermitId(12345), true).unwrap();
    world.clock.step_wall(86_400_000);
    world.advance(30);
    assert_eq!(told(&*store, 1, Pace::Burst), MS);
    world.clock.advance(MS);
    assert_eq!(store.usage().unwrap().used_60s, 0);
    granted(&*store, 1, Pace::Burst);
}

pub(crate) fn a_permit_never_finished_counts_for_its_longest_life(make: Make<'_>) {
    let world = make();
    let store = world.view();
    granted(&*store, 1, Pace::Burst);
    world.advance(11);
    let usage = store.usage().unwrap();
    assert_eq!((usage.used_60s, usage.in_flight), (1, 0));
    assert_eq!(told(&*store, 1, Pace::Burst), secs(60));
    world.advance(60);
    granted(&*store, 1, Pace::Burst);
}

pub(crate) fn an_unused_permit_does_not_count(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let id = granted(&*store, 1, Pace::Burst);
    store.finish(id, false).unwrap();
    assert_eq!(store.usage().unwrap().used_60s, 0);
    granted(&*store, 1, Pace::Burst);
}

pub(crate) fn a_landing_ends_its_permit_with_its_reading(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let id = granted(&*store, 1, Pace::Burst);
    world.advance(1);
    let reading = world.value(&Target::campaign("COLLECT"), 287);
    store.finish_with_reading(id, &reading).unwrap();
    let usage = store.usage().unwrap();
    assert_eq!((usage.used_60s, usage.in_flight), (1, 0));
    assert_eq!(store.since(Cursor::default(), 9).unwrap().0, std::slice::from_ref(&reading));
    // It counts from its end, like one that was finished; a permit that ended already loses no reading.
    world.advance(59);
    assert_eq!(store.usage().unwrap().used_60s, 1);
    world.advance(2);
    assert_eq!(store.usage().unwrap().used_60s, 0);
    store.finish_with_reading(id, &reading).unwrap();
    assert_eq!((store.usage().unwrap().used_60s, store.history().unwrap().readings), (0, 2));
}

pub(crate) fn the_cap_is_one_for_all_processes(make: Make<'_>) {
    let world = make();
    let views: Vec<Arc<dyn Store>> = (0..4).map(|_| world.view()).collect();
    let granted: usize = std::thread::scope(|scope| {
        let ask_often = |view: &Arc<dyn Store>| {
            (0..20).filter(|_| matches!(permit(&**view, ask(30, Pace::Burst)), PermitAnswer::Granted { .. })).count()
        };
        let threads: Vec<_> = views.iter().map(|view| scope.spawn(move || ask_often(view))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(granted, 30);
    assert_eq!(views[0].usage().unwrap().used_60s, 30);
}

pub(crate) fn an_even_pace_makes_up_for_one_late_gap(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let even = Pace::Even(secs(4));
    granted(&*store, 99, even);
    assert_eq!(told(&*store, 99, even), secs(4));
    // Three seconds late: the next one is due a second later.
    world.advance(7);
    granted(&*store, 99, even);
    assert_eq!(told(&*store, 99, even), secs(1));
    // Long asleep: one gap is made good, no more.
    world.advance(1000);
    granted(&*store, 99, even);
    granted(&*store, 99, even);
    assert_eq!(told(&*store, 99, even), secs(4));
    // Always 100 ms late, and still 15 a minute.
    let begun = store.now().mono;
    for _ in 0..15 {
        world.clock.advance(told(&*store, 99, even) + 100 * MS);
        granted(&*store, 99, even);
    }
    assert_eq!(store.now().mono.since(begun), secs(60) + 100 * MS);
}

pub(crate) fn a_changed_gap_takes_effect_at_once(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    granted(&*a, 99, Pace::Even(secs(3600)));
    assert_eq!(told(&*b, 99, Pace::Even(secs(2))), secs(2));
    assert_eq!(told(&*b, 99, Pace::Even(secs(9))), secs(9));
    granted(&*b, 99, Pace::Even(Duration::ZERO));
}

pub(crate) fn a_burst_skips_the_pace_but_not_the_cap(make: Make<'_>) {
    let world = make();
    let store = world.view();
    granted(&*store, 4, Pace::Even(secs(10)));
    granted(&*store, 4, Pace::Burst);
    granted(&*store, 4, Pace::Burst);
    assert_eq!(told(&*store, 4, Pace::Even(secs(10))), secs(10));
    granted(&*store, 4, Pace::Burst);
    assert_eq!(told(&*store, 4, Pace::Burst), secs(71));
    // A lowered cap waits until enough of them are gone; a cap of nothing for ever.
    assert_eq!(told(&*store, 1, Pace::Burst), secs(71));
    assert!(told(&*store, 0, Pace::Burst) > Duration::ZERO);
}

pub(crate) fn nobody_sends_while_throttled(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    assert_eq!(a.governor().unwrap(), Governor::default());
    let governor = Governor::default()
        .throttled(&Hit { full: 45.0, limit: 50, own: 45, asked: Some(secs(20)), shaken: false }, &world.clock.now());
    a.set_governor(&governor).unwrap();
    assert_eq!(b.governor().unwrap(), governor);
    for pace in [Pace::Burst, Pace::Even(secs(1))] {
        assert_eq!(told(&*b, 9, pace), secs(20));
    }
    world.clock.step_wall(7_200_000);
    world.advance(19);
    assert_eq!(told(&*b, 9, Pace::Burst), secs(1));
    world.advance(1);
    granted(&*b, 9, Pace::Burst);
}

/// One move in a random history.
#[derive(Clone, Debug)]
enum Move {
    Ask { by: usize, cap: u32, pace: Pace },
    Finish { which: usize, used: bool },
    Forget { which: usize },
    Advance(u64),
    Wall(i64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let pace = prop_oneof![Just(Pace::Burst), (0u64..9000).prop_map(|ms| Pace::Even(Duration::from_millis(ms)))];
    let one = prop_oneof![
        6 => (0usize..3, 3u32..7, pace).prop_map(|(by, cap, pace)| Move::Ask { by, cap, pace }),
        3 => (0usize..8, prop::bool::weighted(0.8)).prop_map(|(which, used)| Move::Finish { which, used }),
        1 => (0usize..8).prop_map(|which| Move::Forget { which }),
        4 => prop_oneof![0u64..2000, 0u64..30_000, Just(60_000)].prop_map(Move::Advance),
        1 => (-90_000_000i64..90_000_000).prop_map(Move::Wall),
    ];
    prop::collection::vec(one, 1..120)
}

/// The last moments at which a request may arrive; `end` is open while it may still be under way.
struct Sent {
    id: PermitId,
    dead: BootTime,
    end: Option<BootTime>,
    used: bool,
}

pub(crate) fn the_wait_is_exact(make: Make<'_>) {
    let mut runner = runner(make, 12);
    runner
        .run(&moves(), |moves| {
            let world = make();
            let store = world.view();
            let mut ids = vec![];
            for m in moves {
                match m {
                    Move::Ask { cap, pace, .. } => match permit(&*store, ask(cap, pace)) {
                        PermitAnswer::Granted { id, .. } => ids.push(id),
                        PermitAnswer::Wait(d) => {
                            world.clock.advance(d - MS);
                            if d > MS {
                                prop_assert_eq!(permit(&*store, ask(cap, pace)), PermitAnswer::Wait(MS));
                            }
                            world.clock.advance(MS);
                            ids.push(granted(&*store, cap, pace));
                        }
                    },
                    Move::Finish { which, used } if which < ids.len() => {
                        store.finish(ids.swap_remove(which), used).unwrap();
                    }
                    Move::Advance(ms) => world.clock.advance(Duration::from_millis(ms)),
                    Move::Wall(ms) => world.clock.step_wall(ms),
                    _ => {}
                }
            }
            Ok(())
        })
        .unwrap();
}

pub(crate) fn no_window_ever_holds_more_than_the_cap(make: Make<'_>) {
    let mut runner = runner(make, 24);
    runner
        .run(&moves(), |moves| {
            let world = make();
            let views: Vec<Arc<dyn Store>> = (0..3).map(|_| world.view()).collect();
            let mut sent: Vec<Sent> = vec![];
            for m in moves {
                let now = world.clock.now().mono;
                let mut open: Vec<&mut Sent> = sent.iter_mut().filter(|s| s.end.is_none()).collect();
                match m {
                    Move::Ask { by, cap, pace } => {
                        let PermitAnswer::Granted { id, void_at } = permit(&*views[by], ask(cap, pace)) else {
                            continue;
                        };
                        sent.push(Sent { id, dead: void_at + secs(10), end: None, used: true });
                        // All that may arrive within the closed minute that ends now, each at its worst moment.
                        let inside = |s: &&Sent| s.used && s.end.unwrap_or(s.dead) + secs(60) >= now;
                        let worst = sent.iter().filter(inside).count();
                        prop_assert!(worst <= cap as usize, "{} of {} within a minute", worst, cap);
                    }
                    // A request ends by its time-out; a process that is slow to say so changes nothing about that.
                    Move::Finish { which, used } if which < open.len() => {
                        views[which % 3].finish(open[which].id, used).unwrap();
                        open[which].used = used;
                        open[which].end = Some(now.min(open[which].dead));
                    }
                    // Killed: it may have sent, and says nothing more.
                    Move::Forget { which } if which < open.len() => open[which].end = Some(open[which].dead),
                    Move::Advance(ms) => world.clock.advance(Duration::from_millis(ms)),
                    Move::Wall(ms) => world.clock.step_wall(ms),
                    _ => {}
                }
            }
            // Liveness: when all are gone, the cap is free again.
            world.advance(120);
            for _ in 0..3 {
                granted(&*views[0], 3, Pace::Burst);
            }
            Ok(())
        })
        .unwrap();
}
