//! Damaged files, full and read-only disks, and the way back.

use std::{
    fs,
    io::Write,
    os::unix::fs::{FileExt, PermissionsExt},
};

use super::*;
use crate::domain::Problem;

fn quarantined(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter(|n| n.contains(".corrupt-") && !n.ends_with("-wal") && !n.ends_with("-shm")).collect();
    names.sort();
    names
}

fn resilient(path: &Path, clock: &Arc<ManualClock>) -> (ResilientStore, Vec<StoreNotice>) {
    ResilientStore::open(path.to_owned(), clock.clone()).unwrap()
}

const RETRY: Duration = Duration::from_secs(60);

#[test]
fn what_is_not_a_database_is_moved_aside() {
    let (dir, path) = db();
    fs::write(&path, b"not a database at all, but long enough to look at".repeat(50)).unwrap();
    let clock = clock();
    let (store, notices) = resilient(&path, &clock);
    let names = quarantined(dir.path());
    assert_eq!(names, ["acme.db.corrupt-20260202T024000"]);
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].problem, Problem::StoreQuarantined);
    assert!(notices[0].text.contains("corrupt-20260202T024000"));
    store.append(&[value(&store, 1)]).unwrap();
    assert!(store.events(RETRY).unwrap().iter().any(|e| e.kind == EventKind::Store));
    // Nothing is known of the last minute: nothing is sent for one.
    assert_eq!(store.permit(&me(), &ask(9)).unwrap(), PermitAnswer::Wait(Duration::from_secs(71)));
    assert!(store.notice().unwrap().text.starts_with("Wait "));
    clock.advance(Duration::from_secs(71));
    granted(&store, 9);
    drop(store);
    assert!(resilient(&path, &clock).1.is_empty());
}

/// Overwrites the pages of the index of readings, which the ledgers do not need.
fn spoil(path: &Path) {
    spoil_table(path, "reading_of");
}

fn spoil_table(path: &Path, name: &str) {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let page: u32 = conn.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [name], |r| r.get(0)).unwrap();
    drop(conn);
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[0xff; 4096], u64::from(page - 1) * 4096).unwrap();
}

#[test]
fn a_damaged_file_hands_on_its_ledger_and_its_last_hours() {
    let (dir, path) = db();
    let clock = clock();
    let (store, _) = resilient(&path, &clock);
    store.append(&[value(&store, 1)]).unwrap();
    let id = granted(&store, 2);
    drop(store);
    spoil(&path);
    assert!(matches!(SqliteStore::open(&path, clock.clone()), Err(StoreError::Corrupt(_))));
    let (store, notices) = resilient(&path, &clock);
    assert_eq!((notices.len(), quarantined(dir.path()).len()), (1, 1));
    assert_eq!(store.usage().unwrap().used_60s, 1);
    assert_eq!(store.snapshot(RETRY).unwrap().rows[0].series.points().len(), 1);
    granted(&store, 2);
    assert!(matches!(store.permit(&me(), &ask(2)).unwrap(), PermitAnswer::Wait(_)));
    store.finish(id, true).unwrap();
    assert_eq!(store.usage().unwrap().in_flight, 1);
}

/// A large file is not read through when it is opened. What every call works with is.
#[test]
fn a_large_file_whose_small_tables_are_damaged_is_moved_aside() {
    for table in ["permit", "gate", "mint", "lease"] {
        let (dir, path) = db();
        let clock = clock();
        let (store, _) = resilient(&path, &clock);
        granted(&store, 9);
        drop(store);
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("INSERT INTO phrase(text, seq) VALUES(hex(zeroblob(2500000)), 0)").unwrap();
        drop(conn);
        spoil_table(&path, table);
        assert!(fs::metadata(&path).unwrap().len() > 4 << 20);
        assert!(matches!(SqliteStore::open(&path, clock.clone()), Err(StoreError::Corrupt(_))), "{table}");
        let (store, notices) = resilient(&path, &clock);
        assert_eq!((notices.len(), quarantined(dir.path()).len()), (1, 1), "{table}");
        let given = (0..3).filter(|_| matches!(store.permit(&me(), &ask(2)), Ok(PermitAnswer::Granted { .. }))).count();
        assert!(given <= 1, "{table}: {given} beside the one that is known");
    }
}

#[test]
fn many_find_the_same_damage_and_move_it_once() {
    let (dir, path) = db();
    fs::write(&path, [0x55; 9000]).unwrap();
    let gate = std::sync::Barrier::new(6);
    let told: usize = std::thread::scope(|scope| {
        let open = || {
            gate.wait();
            let (store, notices) = resilient(&path, &clock());
            store.append(&[value(&store, 1)]).unwrap();
            notices.len()
        };
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!((told, quarantined(dir.path()).len()), (1, 1));
    assert_eq!(SqliteStore::open(&path, clock()).unwrap().history().unwrap().readings, 6);
}

#[test]
fn who_has_a_moved_file_open_follows_to_the_new_one() {
    let (_dir, path) = db();
    let clock = clock();
    let (store, _) = resilient(&path, &clock);
    store.append(&[value(&store, 1), value(&store, 2)]).unwrap();
    let cursor = store.snapshot(RETRY).unwrap().cursor;
    let id = granted(&store, 3);
    for tail in ["-wal", "-shm", ""] {
        fs::rename(files::beside(&path, tail), files::beside(&path, &format!(".gone{tail}"))).unwrap();
    }
    let (other, _) = resilient(&path, &clock);
    granted(&other, 3);
    assert!(matches!(store.permit(&me(), &ask(2)).unwrap(), PermitAnswer::Wait(_)));
    assert_eq!(other.usage().unwrap().used_60s, 2);
    store.finish(id, false).unwrap();
    assert_eq!(other.usage().unwrap().used_60s, 1);
    other.append(&[value(&other, 3)]).unwrap();
    assert_eq!(store.since(cursor, 9).unwrap().0, [value(&other, 3)]);
}

#[test]
fn no_way_to_a_file_leads_into_memory() {
    let dir = TempDir::new().unwrap();
    let blocker = dir.path().join("blocker");
    fs::File::create(&blocker).unwrap().write_all(b"x").unwrap();
    let path = blocker.join("acme.db");
    let clock = clock();
    let (store, notices) = resilient(&path, &clock);
    assert_eq!(notices.len(), 1);
    assert_eq!(store.notice().as_ref(), notices.first());
    assert!(
        notices[0].problem == Problem::StoreDegraded && notices[0].text.contains("[store] url"),
        "{}",
        notices[0].text
    );
    store.append(&[value(&store, 7)]).unwrap();
    // Nowhere to write down what is sent: nothing is.
    clock.advance(Duration::from_secs(30));
    assert_eq!(store.permit(&me(), &ask(9)).unwrap(), PermitAnswer::Wait(Duration::from_secs(5)));
    assert!(store.notice().unwrap().text.contains("Make "), "{:?}", store.notice());
    let (first, cursor) = store.since(Cursor(0), 9).unwrap();
    assert_eq!(first.len(), 1);
    // Somebody clears the way.
    fs::remove_file(&blocker).unwrap();
    clock.advance(RETRY);
    assert_eq!(store.since(cursor, 9).unwrap().0, []);
    assert!(store.notice().is_none_or(|n| n.problem != Problem::StoreDegraded));
    assert!(path.exists());
    store.append(&[value(&store, 8)]).unwrap();
    assert_eq!(store.since(cursor, 9).unwrap().0, [value(&store, 8)]);
    assert_eq!(SqliteStore::open(&path, clock).unwrap().history().unwrap().readings, 2);
}

/// Fails the file under a resilient store by `spoil`, and returns what a neighbour process sees of it.
fn degraded(spoil: impl Fn(&SqliteStore)) {
    let (_dir, path) = db();
    let clock = clock();
    let (store, _) = resilient(&path, &clock);
    let other = Instance { id: "other".into(), ..me() };
    store.want(&me(), &[(Target::agent("x"), Attention::Listed)], Duration::from_secs(900)).unwrap();
    store.want(&other, &[(Target::agent("y"), Attention::Listed)], Duration::from_secs(900)).unwrap();
    let for_token = GenerationAsk { unfit: None, gaps: vec![Duration::ZERO; 4], lock: RETRY };
    let GenerationAnswer::Go(ticket) = store.begin_generation(&me(), &for_token).unwrap() else { panic!("not minted") };
    store
        .end_generation(ticket, &GenerationEnd::Generated { secret: "s".into(), life: Duration::from_secs(3600) })
        .unwrap();
    let open = granted(&store, 8);
    store.append(&[value(&store, 1), value(&store, 2)]).unwrap();
    let mut cursor = store.snapshot(RETRY).unwrap().cursor;
    let before = store.version().unwrap();
    let link = Event { at: store.now().stamp(), kind: EventKind::Link, who: "x".into(), text: "y".into() };
    store.note(&link).unwrap();

    spoil(&store.file_for_tests());
    // Something large, so that it cannot fit into what is left.
    let text: Arc<str> = "x".repeat(200_000).into();
    let large = Reading { outcome: Outcome::Failed(text), ..value(&store, 1) };
    store.append(std::slice::from_ref(&large)).unwrap();
    let notice = store.notice().unwrap();
    assert!(
        notice.problem == Problem::StoreDegraded && notice.text.contains("only while ahtop runs"),
        "{}",
        notice.text
    );
    assert_ne!(store.version().unwrap(), before);

    // All that was known still is, and reading on has neither gap nor repetition.
    let (read, next) = store.since(cursor, 99).unwrap();
    assert!(read == [large.clone()]);
    cursor = next;
    assert_eq!(store.token().unwrap().unwrap().generation, 1);
    assert_eq!(store.wanted().unwrap().len(), 2);
    let rows = store.snapshot(RETRY).unwrap().rows;
    assert_eq!((rows[0].aht(), rows[0].series.points().len()), (Some(Aht::from_secs(2)), 2));
    // One of the eight is out.
    for _ in 0..7 {
        granted(&store, 8);
    }
    assert!(matches!(store.permit(&me(), &ask(8)).unwrap(), PermitAnswer::Wait(_)));
    store.finish(open, false).unwrap();
    let last = granted(&store, 8);

    // The neighbour whose file works goes on; then the disk is well again.
    let neighbour = SqliteStore::open(&path, clock.clone()).unwrap();
    neighbour.append(&[value(&neighbour, 50)]).unwrap();
    clock.advance(RETRY);
    store.append(&[value(&store, 3)]).unwrap();
    assert_eq!(store.notice(), None);
    assert_eq!(store.since(cursor, 99).unwrap().0, [value(&store, 3)]);
    let all = neighbour.since(Cursor(0), 99).unwrap().0;
    assert_eq!(all.len(), 5);
    assert!(all[3] == large);
    // The open one of the file is not forgotten, and ours are known to all now.
    assert_eq!(neighbour.usage().unwrap().used_60s, 9);
    neighbour.finish(last, true).unwrap();
    assert_eq!(neighbour.events(RETRY).unwrap().iter().filter(|e| e.kind == EventKind::Store).count(), 2);
    assert_eq!(neighbour.events(RETRY).unwrap().iter().filter(|e| e.kind == EventKind::Link).count(), 1);
}

#[test]
fn a_full_disk_is_survived_in_memory_and_made_good() {
    degraded(SqliteStore::fill_disk);
}

#[test]
fn a_disk_that_turns_read_only_is_survived_in_memory_and_made_good() {
    degraded(SqliteStore::make_read_only);
}

#[test]
fn a_file_that_cannot_even_be_read_leaves_the_shadow_of_its_ledger() {
    let (_dir, path) = db();
    let clock = clock();
    let (store, _) = resilient(&path, &clock);
    granted(&store, 3);
    granted(&store, 3);
    store
        .file_for_tests()
        .lock()
        .execute_batch("DROP TABLE permit; DROP TABLE latest; PRAGMA query_only = ON")
        .unwrap();
    store.note(&Event { at: store.now().stamp(), kind: EventKind::Link, who: "x".into(), text: "y".into() }).unwrap();
    assert!(store.notice().is_some());
    assert_eq!(store.usage().unwrap().used_60s, 2);
    granted(&store, 3);
    assert!(matches!(store.permit(&me(), &ask(3)).unwrap(), PermitAnswer::Wait(_)));
}

#[test]
fn a_file_damaged_under_way_is_replaced_in_time() {
    let (dir, path) = db();
    let clock = clock();
    let (store, _) = resilient(&path, &clock);
    store.append(&[value(&store, 1)]).unwrap();
    let cursor = store.snapshot(RETRY).unwrap().cursor;
    granted(&store, 9);
    spoil(&path);
    // A page in the cache hides the damage; another target needs it from the disk.
    store.file_for_tests().lock().execute_batch("PRAGMA shrink_memory").unwrap();
    store.append(&[value(&store, 2)]).unwrap();
    assert!(store.notice().is_some_and(|n| n.text.contains("damaged")));
    clock.advance(RETRY);
    store.append(&[value(&store, 3)]).unwrap();
    assert_eq!(store.notice().unwrap().problem, Problem::StoreQuarantined);
    assert_eq!(quarantined(dir.path()).len(), 1);
    assert_eq!(store.usage().unwrap().used_60s, 1);
    assert_eq!(store.since(cursor, 9).unwrap().0.len(), 2);
    assert_eq!(SqliteStore::open(&path, clock).unwrap().history().unwrap().readings, 3);
}

/// The screen stood still with a live link until as many readings had come as there were before.
#[test]
fn numbers_go_on_also_where_the_file_tells_nothing_any_more() {
    let (_dir, path) = db();
    let clock = clock();
    let (store, _) = resilient(&path, &clock);
    for second in 1..=9 {
        store.append(&[value(&store, second)]).unwrap();
    }
    let cursor = store.snapshot(RETRY).unwrap().cursor;
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(conn);
    let length = fs::metadata(&path).unwrap().len();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&vec![0x55; length as usize], 0).unwrap();
    for second in 10..=13 {
        store.file_for_tests().lock().execute_batch("PRAGMA shrink_memory").unwrap();
        store.append(&[value(&store, second)]).unwrap();
        clock.advance(RETRY);
    }
    // Who looked away meanwhile gets all of them too.
    assert_eq!(
        (store.notice().unwrap().problem, store.since(cursor, 9).unwrap().0.len()),
        (Problem::StoreQuarantined, 4)
    );
}

#[test]
fn numbers_go_on_also_where_the_open_file_went_back_in_time() {
    let (_dir, path) = db();
    let (store, _) = resilient(&path, &clock());
    (1..=9).for_each(|second| store.append(&[value(&store, second)]).unwrap());
    let cursor = store.snapshot(RETRY).unwrap().cursor;
    let other = Connection::open(&path).unwrap();
    other.execute_batch("DELETE FROM reading WHERE seq > 3; UPDATE sqlite_sequence SET seq = 3").unwrap();
    assert_eq!(store.since(cursor, 9).unwrap(), (vec![], cursor));
    store.append(&[value(&store, 10)]).unwrap();
    assert_eq!(store.since(cursor, 9).unwrap().0.len(), 1);
}

/// As wants were after the log was cut: written without an error, and read as none.
#[test]
fn damage_that_no_call_meets_is_found_within_two_minutes() {
    let (dir, path) = db();
    let clock = clock();
    let (store, _) = resilient(&path, &clock);
    let live = || {
        store.want(&me(), &[], RETRY).unwrap();
        assert!(store.lease(&me(), RETRY).unwrap().mine);
    };
    live();
    spoil_table(&path, "mint");
    live();
    assert_eq!(store.notice(), None);
    clock.advance(RETRY);
    live();
    assert_eq!(store.notice().unwrap().problem, Problem::StoreDegraded);
    clock.advance(RETRY);
    live();
    assert_eq!((store.notice().unwrap().problem, quarantined(dir.path()).len()), (Problem::StoreQuarantined, 1));
}

#[test]
fn a_file_that_can_only_be_read_is_shown() {
    let (_dir, path) = db();
    let clock = clock();
    let store = SqliteStore::open(&path, clock.clone()).unwrap();
    store.append(&[value(&store, 1), value(&store, 2)]).unwrap();
    drop(store);
    let memory = SqliteStore::memory_of(&path, clock.clone()).unwrap();
    let rows = memory.snapshot(RETRY).unwrap().rows;
    assert_eq!((rows[0].aht(), rows[0].series.points().len()), (Some(Aht::from_secs(2)), 2));
    assert_eq!(
        memory.history().unwrap(),
        HistoryInfo { readings: 2, oldest: Some(clock.now().wall), bytes: 0, path: None }
    );
}

#[test]
fn in_memory_one_process_polls_and_the_next_takes_over() {
    let (_dir, path) = db();
    let clock = clock();
    let ((one, _), (two, _)) = (resilient(&path, &clock), resilient(&path, &clock));
    let other = Instance { id: "two".into(), ..me() };
    let ttl = Duration::from_secs(4);
    assert!(one.lease(&me(), ttl).unwrap().mine);
    for store in [&one, &two] {
        store.file_for_tests().make_read_only();
        store.append(&[value(store, 1)]).unwrap();
        assert_eq!(store.notice().unwrap().problem, Problem::StoreDegraded);
    }
    assert!(one.lease(&me(), ttl).unwrap().mine);
    clock.advance(Duration::from_secs(10));
    assert!(!two.lease(&other, ttl).unwrap().mine);
    assert!(two.notice().unwrap().text.contains("this one waits"), "{:?}", two.notice());
    drop(one);
    assert!(two.lease(&other, ttl).unwrap().mine);
}

#[test]
fn of_two_stores_of_an_account_one_polls_and_the_other_says_where() {
    let dir = TempDir::new().unwrap();
    let clock = clock();
    // A name that no other test uses: the runtime directory is one for all.
    let account = format!("https://example.invalid {}", dir.path().display());
    let open = |name: &str| ResilientStore::open_for(dir.path().join(name), clock.clone(), Some(&account)).unwrap().0;
    let (one, two) = (open("one.db"), open("two.db"));
    let other = Instance { id: "two".into(), ..me() };
    let ttl = Duration::from_secs(4);
    assert!(one.lease(&me(), ttl).unwrap().mine);
    granted(&one, 1);
    assert!(!two.lease(&other, ttl).unwrap().mine);
    let notice = two.notice().unwrap();
    assert!(notice.problem == Problem::StoreOther && notice.text.contains("one.db"), "{}", notice.text);
    let other_store = |name: &str| crate::store::other_store(&StorePlace::File(dir.path().join(name)), &account);
    let first = dir.path().canonicalize().unwrap().join("one.db");
    assert_eq!(other_store("two.db"), Some((std::process::id(), first)));
    assert_eq!(other_store("one.db"), None);
    // A minute is one for both.
    assert!(matches!(two.permit(&other, &ask(1)).unwrap(), PermitAnswer::Wait(_)));
    one.release(&me()).unwrap();
    assert!(two.lease(&other, ttl).unwrap().mine);
    assert_eq!(two.notice(), None);
}

#[test]
fn a_log_that_is_deleted_under_way_is_noticed_by_all_and_nothing_is_sent_twice() {
    for gone in [&["-wal", "-shm"][..], &["-shm"], &["-wal"]] {
        let (_dir, path) = db();
        let clock = clock();
        let ((one, _), (two, _)) = (resilient(&path, &clock), resilient(&path, &clock));
        one.append(&[value(&one, 1)]).unwrap();
        two.append(&[value(&two, 2)]).unwrap();
        granted(&one, 2);
        granted(&two, 2);
        for tail in gone {
            fs::remove_file(files::beside(&path, tail)).unwrap();
        }
        for store in [&one, &two] {
            assert!(matches!(store.permit(&me(), &ask(2)).unwrap(), PermitAnswer::Wait(_)), "{gone:?}");
            assert_eq!(store.notice().unwrap().problem, Problem::StoreDegraded);
        }
        // What was known is not lost, and after a minute both are on one file again.
        assert_eq!(one.snapshot(RETRY).unwrap().rows[0].aht(), Some(Aht::from_secs(2)));
        clock.advance(Duration::from_secs(90));
        for store in [&one, &two] {
            store.append(&[value(store, 3)]).unwrap();
            assert!(
                store.notice().is_none_or(|n| n.problem == Problem::StoreQuarantined),
                "{gone:?} {:?}",
                store.notice()
            );
        }
        assert_eq!(
            two.snapshot(RETRY).unwrap().rows[0].series.points().len(),
            one.snapshot(RETRY).unwrap().rows[0].series.points().len()
        );
        granted(&one, 2);
        granted(&two, 2);
        assert!(matches!(one.permit(&me(), &ask(2)).unwrap(), PermitAnswer::Wait(_)));
    }
}

fn generated(store: &dyn Store, secret: &str) {
    let ask = GenerationAsk { unfit: None, gaps: vec![Duration::ZERO; 4], lock: RETRY };
    let GenerationAnswer::Go(ticket) = store.begin_generation(&me(), &ask).unwrap() else { panic!("not generated") };
    store
        .end_generation(ticket, &GenerationEnd::Generated { secret: secret.into(), life: Duration::from_secs(3600) })
        .unwrap();
}

fn secret(store: &dyn Store) -> Option<String> {
    Some(secrecy::ExposeSecret::expose_secret(&store.token().unwrap()?.secret).to_owned())
}

#[test]
fn the_token_outlives_the_database_and_is_not_in_it() {
    for harm in [
        (|path: &Path| fs::remove_file(path).unwrap()) as fn(&Path),
        |path| fs::write(path, b"").unwrap(),
        |path| fs::write(path, [0x55; 9000]).unwrap(),
    ] {
        let (_dir, path) = db();
        let clock = clock();
        let (store, _) = resilient(&path, &clock);
        generated(&store, "hunter2hunter2");
        store.file_for_tests().lock().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(7).any(|w| w == b"hunter2"));
        drop(store);
        harm(&path);
        let (store, _) = resilient(&path, &clock);
        assert_eq!(secret(&store).as_deref(), Some("hunter2hunter2"));
    }
}

#[test]
fn a_token_that_came_while_nothing_could_be_written_is_written_later() {
    let dir = TempDir::new().unwrap();
    let blocker = dir.path().join("blocker");
    fs::write(&blocker, b"x").unwrap();
    let path = blocker.join("acme.db");
    let clock = clock();
    // The ledger has a place of its own; without one nothing is asked of the service.
    let account = format!("https://example.invalid/token {}", dir.path().display());
    let (store, _) = ResilientStore::open_for(path.clone(), clock.clone(), Some(&account)).unwrap();
    generated(&store, "s1");
    fs::remove_file(&blocker).unwrap();
    clock.advance(RETRY);
    store.append(&[value(&store, 1)]).unwrap();
    assert!(store.notice().is_none_or(|n| n.problem != Problem::StoreDegraded));
    assert_eq!(secret(&SqliteStore::open(&path, clock).unwrap()).as_deref(), Some("s1"));
}

#[test]
fn a_new_store_has_every_small_table_that_is_looked_at() {
    let (_dir, path) = db();
    SqliteStore::open(&path, clock()).unwrap().check_small_tables().unwrap();
}

#[test]
fn a_text_that_cannot_be_one_is_damage() {
    let (dir, path) = db();
    let clock = clock();
    let (store, _) = resilient(&path, &clock);
    store.append(&[value(&store, 60)]).unwrap();
    store.note(&Event { at: store.now().stamp(), kind: EventKind::Store, who: "x".into(), text: "y".into() }).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(other.execute("UPDATE event SET who = CAST(x'ff' AS TEXT)", []).unwrap(), 1);
    assert!(store.events(Duration::from_secs(3600)).is_ok());
    assert_eq!(store.notice().map(|n| n.problem), Some(Problem::StoreDegraded));
    clock.advance(RETRY);
    assert!(store.events(Duration::from_secs(3600)).is_ok());
    assert_eq!((store.notice().unwrap().problem, quarantined(dir.path()).len()), (Problem::StoreQuarantined, 1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_permit_that_the_file_beside_the_store_cannot_keep_does_not_count() {
    let (_dir, path) = db();
    let clock = clock();
    let (store, _) = resilient(&path, &clock);
    store.finish(granted(&store, 3), false).unwrap();
    drop(store);
    let set = |mode| fs::set_permissions(path.with_extension("db.requests"), fs::Permissions::from_mode(mode)).unwrap();
    set(0o400);
    own_file::obey_rights().unwrap();
    let (store, _) = resilient(&path, &clock);
    for _ in 0..3 {
        assert!(matches!(store.permit(&me(), &ask(3)).unwrap(), PermitAnswer::Wait(_)));
    }
    assert_eq!(store.usage().unwrap().used_60s, 0);
    set(0o600);
    granted(&store, 3);
}
