//! What was stored happens again, at its time.

use super::*;
use crate::{
    domain::{Aht, ManualClock, Outcome},
    store::*,
};

fn poller() -> Instance {
    Instance { id: "me".into(), pid: 7, host: "desk".into(), role: Role::Dashboard }
}

#[test]
fn readings_come_when_their_time_has_come() {
    let live = Arc::new(ManualClock::at("2026-03-12T09:00:00Z".parse().unwrap()));
    let source: Arc<dyn Store> = Arc::new(SqliteStore::memory(live.clone()).unwrap());
    let target = Target::agent("a");
    for minute in 0..600 {
        let outcome = Outcome::Value(Aht::from_secs(200 + minute));
        let reading = Reading { target: target.clone(), at: live.now().stamp(), outcome, name: None };
        source.append(&[reading]).unwrap();
        live.advance(Duration::from_secs(60));
    }
    let from: Timestamp = "2026-03-12T10:00:30Z".parse().unwrap();
    let near = ReplayStore::near(&*source, from).unwrap();
    let (last, next) = (near.last, near.next);
    assert!(next.is_some_and(|next| next >= from) && next <= last);
    assert_eq!(last, Some("2026-03-12T18:59:00Z".parse().unwrap()));
    let clock = Arc::new(ReplayClock::new(from, 60, near.stamp.as_ref(), None));
    clock.set(from);
    let replay: &dyn Store = &ReplayStore::new(source.clone(), clock.clone(), poller()).unwrap();
    let row = |secs| {
        let snapshot = replay.snapshot(Duration::from_secs(secs)).unwrap();
        snapshot.rows.into_iter().next().unwrap()
    };
    assert_eq!((row(0).aht().map(Aht::secs), row(0).age(&replay.now())), (Some(260), Some(Duration::from_secs(30))));
    let (version, cursor) = (replay.version().unwrap(), replay.snapshot(Duration::ZERO).unwrap().cursor);
    assert_eq!(replay.version().unwrap(), version, "nothing happens while the clock stands");
    let mut seen = 0;
    let mut at = cursor;
    // Further than what is taken out of the source at a time.
    for minutes in [1, 2, 3, 300, 480] {
        clock.set(from.checked_add(Duration::from_secs(minutes * 60)).unwrap());
        assert_ne!(replay.version().unwrap(), version);
        let (readings, next) = replay.since(at, 10_000).unwrap();
        assert!(readings.iter().all(|r| r.at.wall <= replay.now().wall));
        (seen, at) = (seen + readings.len(), next);
        assert_eq!(seen as u64, minutes);
    }
    assert_eq!(source.history().unwrap().readings, 600, "the source is only read");
}

#[test]
fn the_clock_runs_at_its_speed_and_the_link_is_that_of_the_log() {
    let live = Arc::new(ManualClock::at("2026-03-12T09:00:00Z".parse().unwrap()));
    let source: Arc<dyn Store> = Arc::new(SqliteStore::memory(live.clone()).unwrap());
    let note = |text: Words| {
        source.note(&Event { at: live.now().stamp(), kind: EventKind::Link, who: "x".into(), text }).unwrap();
        live.advance(Duration::from_secs(600));
    };
    let at = live.now().stamp();
    let why: Arc<str> = "no token: closed: answers arrive".into();
    let links = [
        Link::Live,
        Link::Throttled { until: at.clone() },
        Link::TokenCeiling { until: at.clone() },
        Link::TokenWait { until: at.clone(), why: why.clone() },
        Link::Credentials { why: why.clone(), until: at.clone() },
        Link::Closed { until: Some(at.clone()) },
        Link::Starting,
        Link::Down { why, since: at.clone(), until: at.clone() },
    ];
    links.iter().for_each(|link| note(Words::of_link(link)));
    // What is said of the link besides does not change it.
    note(Words::default().said("the service refuses the credentials (x)", "x"));
    // As an earlier version wrote them.
    links.iter().for_each(|link| note(Words::from_stored(&link.sentence())));
    let clock = Arc::new(ReplayClock::new(at.wall, 60, Some(&at), None));
    let first = clock.now();
    clock.run();
    while clock.now().mono.since(first.mono) < Duration::from_secs(1) {
        std::thread::yield_now();
    }
    assert_eq!(first.boot, at.boot);
    let replay: &dyn Store = &ReplayStore::new(source, clock.clone(), poller()).unwrap();
    let link = |minutes: u64| {
        clock.set(at.wall.checked_add(Duration::from_secs(minutes * 60)).unwrap());
        replay.status().unwrap().unwrap().link
    };
    for (at, told) in (5..).step_by(10).zip(&links) {
        assert_eq!(link(at), *told);
    }
    assert_eq!(link(85), links[7]);
    for (at, told) in (95..).step_by(10).zip(&links) {
        let found = link(at);
        let kind = std::mem::discriminant(&found);
        assert_eq!((kind, found.sentence()), (std::mem::discriminant(told), told.sentence()));
    }
    assert_eq!(link(5), Link::Live);
}

#[test]
fn the_time_of_a_replay_stands_still_at_its_end() {
    let from: Timestamp = "2026-03-12T09:00:00Z".parse().unwrap();
    let clock = ReplayClock::new(from, u32::MAX, None, Some(from + Duration::from_secs(60)));
    clock.run();
    let begun = std::time::Instant::now();
    while clock.now().wall < from + Duration::from_secs(60) && begun.elapsed() < Duration::from_secs(10) {
        std::thread::yield_now();
    }
    assert_eq!(clock.now().wall, from + Duration::from_secs(60));
}

#[test]
fn the_clock_goes_on_from_where_it_is_when_it_is_moved_or_made_faster() {
    let from: Timestamp = "2026-03-12T09:00:00Z".parse().unwrap();
    let end = from + Duration::from_secs(3600);
    let clock = ReplayClock::new(from, 1, None, Some(end));
    clock.skip(Duration::from_secs(600));
    assert_eq!(clock.now().wall, from + Duration::from_secs(600), "it stands, but later");
    clock.set_speed(240);
    assert_eq!((clock.speed(), clock.now().wall), (240, from + Duration::from_secs(600)));
    clock.run();
    let before = clock.now().wall;
    clock.set_speed(1);
    assert!(clock.now().wall >= before, "no time is lost where the speed changes");
    clock.skip(Duration::from_secs(86_400));
    assert_eq!(clock.now().wall, end, "nothing is known of later");
}
