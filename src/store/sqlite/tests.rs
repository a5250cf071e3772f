//! What is SQLite's own: the file, its mode, its versions, damage, several openers, a reboot, and being killed.

mod damage;
mod kill;
mod place;
mod reboot;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;

use super::*;
use crate::{
    domain::{Aht, ManualClock, Outcome},
    store::{
        conformance::{World, conformance_tests},
        recoverable::*,
        *,
    },
};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(jiff::Timestamp::from_second(1_770_000_000).unwrap()))
}

/// A world on a file.
fn on_a_file() -> World {
    let (dir, clock) = (TempDir::new().unwrap(), clock());
    let (path, time) = (dir.path().join("state/acme.db"), clock.clone());
    let open = move || -> Arc<dyn Store> { Arc::new(SqliteStore::open(&path, time.clone()).unwrap()) };
    World { clock, open: Box::new(open), keep: Box::new(dir) }
}

/// A world in memory: all views are one.
fn in_memory() -> World {
    let clock = clock();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::memory(clock.clone()).unwrap());
    World { clock, open: Box::new(move || store.clone()), keep: Box::new(()) }
}

mod a_file {
    use super::*;
    conformance_tests!(on_a_file);
}

mod memory {
    use super::*;
    conformance_tests!(in_memory);
}

fn db() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("acme.db");
    (dir, path)
}

fn value(store: &dyn Store, aht: u32) -> Reading {
    let at = store.now().stamp();
    Reading { target: Target::agent("x"), at, outcome: Outcome::Value(Aht::from_secs(aht)), name: None }
}

fn me() -> Instance {
    Instance { id: "me".into(), pid: 1, host: "host".into(), role: Role::Serve }
}

#[test]
fn a_lease_that_lasts_is_not_written_again() {
    let (_dir, path) = db();
    let clock = clock();
    let (store, other) =
        (SqliteStore::open(&path, clock.clone()).unwrap(), SqliteStore::open(&path, clock.clone()).unwrap());
    let ttl = Duration::from_secs(4);
    let mut versions = vec![];
    for _ in 0..4 {
        assert!(store.lease(&me(), ttl).unwrap().mine);
        versions.push(other.version().unwrap());
        clock.advance(Duration::from_secs(1));
    }
    // Written at 0 s and at 3 s, when less than half was left; of the pauses nobody but the writer knows.
    assert_eq!(versions.windows(2).map(|w| w[0] != w[1]).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(other.lease_holder().unwrap(), Some(me()));
    // A claim is seen at once.
    let claim = Instance { id: "serve".into(), ..me() };
    let dash = Instance { role: Role::Dashboard, ..me() };
    store.release(&me()).unwrap();
    store.lease(&dash, ttl).unwrap();
    other.lease(&claim, ttl).unwrap();
    assert!(store.lease(&dash, ttl).unwrap().claimed);
}

fn ask(cap: u32) -> PermitAsk {
    let (void_after, timeout) = (Duration::from_secs(1), Duration::from_secs(10));
    PermitAsk { kind: PermitKind::Aht, cap, pace: Pace::Burst, void_after, timeout }
}

fn granted(store: &dyn Store, cap: u32) -> PermitId {
    match store.permit(&me(), &ask(cap)).unwrap() {
        PermitAnswer::Granted { id, .. } => id,
        PermitAnswer::Wait(d) => panic!("told to wait {d:?}"),
    }
}

#[test]
fn a_dead_holder_hands_over_at_once_and_a_live_one_does_not() {
    let (_dir, path) = db();
    let clock = clock();
    let open = || SqliteStore::open(&path, clock.clone()).unwrap();
    let (a, b) = (open(), open());
    let two = Instance { id: "two".into(), role: Role::Dashboard, ..me() };
    assert!(a.lease(&me(), Duration::from_secs(8)).unwrap().mine);
    assert!(!b.lease(&two, Duration::from_secs(8)).unwrap().mine);
    assert_eq!(b.lease_holder().unwrap(), Some(me()));
    drop(a);
    assert_eq!(b.lease_holder().unwrap(), None);
    assert!(b.lease(&two, Duration::from_secs(8)).unwrap().mine);
    // One that is alive but stopped loses it by expiry, and gets it back in the same way.
    let c = open();
    clock.advance(Duration::from_secs(8));
    assert!(c.lease(&me(), Duration::from_secs(8)).unwrap().mine);
    assert!(!b.lease(&two, Duration::from_secs(8)).unwrap().mine);
    assert_eq!(b.lease_holder().unwrap(), Some(me()));
}

#[test]
fn a_long_history_keeps_a_snapshot_small() {
    let (_dir, path) = db();
    let clock = clock();
    let store = SqliteStore::open(&path, clock.clone()).unwrap();
    for i in 0..40u32 {
        let batch: Vec<Reading> =
            (0..500).map(|t| Reading { target: Target::agent(format!("agent-{t}")), ..value(&store, i + 1) }).collect();
        store.append(&batch).unwrap();
        clock.advance(Duration::from_secs(3600));
    }
    let span = Duration::from_secs(2 * 3600);
    let steps = |span| {
        let conn = store.lock();
        let before = conn.total_changes();
        let rows = latest::snapshot(&conn, &clock.now(), span).unwrap().rows;
        assert_eq!(conn.total_changes(), before);
        let stmt = conn.prepare_cached("SELECT target, boot, mono, wall, what FROM reading ORDER BY seq DESC").unwrap();
        (rows, stmt.get_status(rusqlite::StatementStatus::VmStep))
    };
    let (rows, read) = steps(span);
    assert_eq!(rows.len(), 500);
    assert!(rows.iter().all(|r| r.series.points().len() == 2 && r.aht() == Some(Aht::from_secs(40))));
    // Only the last 1000 of 20 000 readings, and a few more, were stepped over.
    assert!(read < 40_000, "{read} steps");
    let (rows, _) = steps(Duration::from_secs(41 * 3600));
    assert!(rows.iter().all(|r| r.series.points().len() <= 6));
}

#[test]
fn the_range_of_one_target_uses_its_index() {
    let store = SqliteStore::memory(clock()).unwrap();
    let conn = store.lock();
    let plan: String = conn
        .query_row("EXPLAIN QUERY PLAN SELECT seq FROM reading WHERE target = 1 AND wall >= 2 AND wall < 3", [], |r| {
            r.get(3)
        })
        .unwrap();
    assert!(plan.contains("COVERING INDEX reading_of (target=? AND wall>? AND wall<?)"), "{plan}");
}

#[test]
fn events_do_not_pile_up() {
    let clock = clock();
    let store = SqliteStore::memory(clock.clone()).unwrap();
    store
        .write(|c, now| {
            for i in 0..events::KEPT + 500 {
                events::happened(c, now, EventKind::Link, &me(), i.to_string())?;
            }
            Ok(())
        })
        .unwrap();
    let count = |store: &SqliteStore| -> i64 {
        store.lock().query_row("SELECT count(*) FROM event", [], |r| r.get(0)).unwrap()
    };
    assert_eq!(count(&store), events::KEPT);
    clock.advance(Duration::from_secs(99));
    store.prune(Duration::from_secs(60)).unwrap();
    assert_eq!(count(&store), 0);
}

#[test]
fn texts_go_with_their_readings() {
    let clock = clock();
    let store = SqliteStore::memory(clock.clone()).unwrap();
    let failed = |text: &str| Reading { outcome: Outcome::Failed(text.into()), ..value(&store, 1) };
    store.append(&[failed("a"), failed("b")]).unwrap();
    clock.advance(Duration::from_secs(99));
    store.append(&[failed("b")]).unwrap();
    while store.prune(Duration::from_secs(60)).unwrap().more {}
    let texts: String = store.lock().query_row("SELECT group_concat(text) FROM phrase", [], |r| r.get(0)).unwrap();
    assert_eq!(texts, "b");
}

#[test]
fn what_is_pruned_is_given_back_to_the_disk_in_small_steps() {
    let (_dir, path) = db();
    let clock = clock();
    let store = SqliteStore::open(&path, clock.clone()).unwrap();
    let batch: Vec<Reading> = (0..60_000).map(|i| value(&store, i % 900 + 1)).collect();
    store.append(&batch).unwrap();
    store.lock().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let full = std::fs::metadata(&path).unwrap().len();
    clock.advance(Duration::from_secs(7200));
    let mut steps = 0;
    while store.prune(Duration::from_secs(60)).unwrap().more {
        steps += 1;
        assert!(steps < 1000);
    }
    store.lock().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let left = std::fs::metadata(&path).unwrap().len();
    assert!(steps > 3 && left * 5 < full, "{left} of {full} bytes after {steps} steps");
    // The last good one stays, and new ones come.
    assert_eq!(store.snapshot(Duration::from_secs(60)).unwrap().rows.len(), 1);
    store.append(&[value(&store, 7)]).unwrap();
}
