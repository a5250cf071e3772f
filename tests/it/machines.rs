//! Dashboards on several machines, in homes of their own, on one PostgreSQL server over TCP: as real processes, and in
//! injected time.

use std::{
    collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path, process::Command, sync::Arc, time::Duration,
};

use ahtop::{
    config::StoreUrl,
    domain::{Aht, Clock, EventTime, Outcome, Reading, SystemClock, Target},
    store::{
        Cursor, DocumentStore, Event, EventKind, LeaseStore, LedgerStore, PostgresStore, ReadingStore, ServerPlace,
        SqliteStore, Store, TokenStore,
    },
};
use rustix::process::Signal;

use crate::{
    machine::fill,
    processes::{BINARY, PATIENCE, dashboard, polls, sim, surroundings, until, watches},
    pty::Pty,
};

mod injected;

#[expect(dead_code, reason = "the tests of the store use more of it")]
#[path = "../../src/store/postgres/test_server.rs"]
mod test_server;
use test_server::TestServer;
#[expect(dead_code, reason = "the tests of the store use more of it")]
#[path = "../../src/store/postgres/test_proxy.rs"]
mod test_proxy;

fn place(url: &str) -> ServerPlace {
    let StoreUrl::Postgres(url) = url.parse().unwrap() else { panic!("{url}") };
    ServerPlace { url, password: None, ca_file: None, schema: "ahtop_acme".into() }
}

/// The store as anybody sees it; on a busy machine a call may take a minute.
fn open(url: &str) -> PostgresStore {
    PostgresStore::open_within(place(url), Arc::new(SystemClock::new()), PATIENCE).unwrap()
}

/// Runs a command on the store and gives what it prints. Where the server does not answer it in time, it is run again.
fn run(home: &Path, flags: &[String], args: &[&str]) -> String {
    until("an answer", PATIENCE, || {
        let out = Command::new(BINARY).args(args).args(flags).env_clear().envs(surroundings(home)).output().unwrap();
        let (said, why) = (String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap());
        let silent = [&said, &why].into_iter().any(|text| text.contains("no answer within"));
        assert!(silent || out.status.success(), "{args:?}: {why}");
        (!silent).then_some(said)
    })
}

#[test]
fn three_dashboards_in_two_homes_have_one_poller_one_token_and_outlive_it_and_their_server() {
    let Some(server) = TestServer::start() else { return };
    let (_sim, mut flags) = sim();
    let homes = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let url = server.tcp_url("postgres", server.port);
    let own = ["--account".to_owned(), "acme".into(), "--store".into(), url.clone()];
    let printed = run(homes[0].path(), &own, &["store", "init", "--print-sql"]);
    assert!(printed.contains("CREATE SCHEMA \"ahtop_acme\"") && printed.contains("GRANT"), "{printed}");
    assert!(run(homes[0].path(), &own, &["store", "init"]).contains("made schema ahtop_acme"));
    assert!(run(homes[0].path(), &own, &["store", "init"]).contains("already"));
    assert!(run(homes[0].path(), &own, &["store", "migrate"]).contains("ahtop_acme"));

    flags.extend(own.iter().cloned().chain(["--min-interval".into(), "5s".into()]));
    let mut all: Vec<Pty> =
        [0, 0, 1].into_iter().map(|home: usize| dashboard(homes[home].path(), &flags, Some("sim-key"))).collect();
    until("one polls and two watch", PATIENCE, || {
        (all.iter().filter(|t| polls(t)).count() == 1 && all.iter().filter(|t| watches(t)).count() == 2).then_some(())
    });
    let store = open(&url);
    let many = |store: &PostgresStore| store.since(Cursor::default(), 10_000).unwrap().0.len();
    until("first values", PATIENCE, || (many(&store) >= 5).then_some(()));
    until("the status names all of them", PATIENCE, || {
        let status = run(homes[1].path(), &own, &["store", "status"]);
        (status.contains("checks    pid ") && status.matches("open      ").count() >= 3).then_some(())
    });

    let polling = until("one polls", PATIENCE, || all.iter().position(polls));
    all.remove(polling).signal(Signal::KILL);
    until("another polls", PATIENCE, || (all.iter().filter(|t| polls(t)).count() == 1).then_some(()));
    let before = many(&store);
    until("values go on", PATIENCE, || (many(&store) > before).then_some(()));

    server.kill();
    until("both say so", PATIENCE, || {
        all.iter().all(|t| t.text().contains("Check the server of the store: no answer since")).then_some(())
    });
    server.begin();
    until("both are back", PATIENCE, || {
        all.iter().all(|t| !t.text().contains("Check the server of the store: no answer since")).then_some(())
    });
    until("the store answers", PATIENCE, || store.usage().is_ok().then_some(()));
    let before = many(&store);
    until("values go on", PATIENCE, || (many(&store) > before).then_some(()));
    // One token for all of it, and never more requests than the limit.
    let usage = store.usage().unwrap();
    assert_eq!((store.token().unwrap().unwrap().generation, usage.generated_1h), (1, 1));
    assert!(usage.used_60s <= 50, "{usage:?}");
    until("one polls", PATIENCE, || store.lease_holder().unwrap());
}

#[test]
fn who_only_reads_on_a_server_uses_once_and_doctor_without_the_token() {
    let Some(server) = TestServer::start() else { return };
    let home = tempfile::tempdir().unwrap();
    let url = server.tcp_url("postgres", server.port);
    let account = |url: &str| ["--account".to_owned(), "acme".into(), "--store".into(), url.to_owned()];
    run(home.path(), &account(&url), &["store", "init"]);
    fill(&open(&url));
    let password = home.path().join("password");
    fs::write(&password, test_server::PASSWORD).unwrap();
    fs::set_permissions(&password, PermissionsExt::from_mode(0o600)).unwrap();
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let role =
            format!("CREATE ROLE wall LOGIN PASSWORD '{}'; GRANT ahtop_acme_reader TO wall", test_server::PASSWORD);
        client.batch_execute(&role).await.unwrap();
    });
    let mut flags = account(&server.tcp_url("wall", server.port)).to_vec();
    flags.extend(["--store-password-file".into(), password.display().to_string()]);
    assert!(run(home.path(), &flags, &["once"]).contains("a1"));
    assert!(run(home.path(), &flags, &["once", "--format", "openmetrics"]).contains("a1"));
    let page = run(home.path(), &flags, &["doctor"]);
    assert!(page.contains("ok    token          not for this user, who needs none; generated: 1 in"), "{page}");
}

/// All that a copy takes along, a line each.
fn contents(store: &dyn Store) -> Vec<String> {
    let readings = store.since(Cursor::default(), 10_000).unwrap().0;
    let mut all: Vec<String> = readings.iter().map(|reading| format!("{reading:?}")).collect();
    all.extend(store.events(Duration::from_secs(24 * 3600)).unwrap().iter().map(|event| format!("{event:?}")));
    all.extend(store.document("alerts", 0).unwrap().map(|document| document.text));
    let rows = store.snapshot(Duration::ZERO).unwrap().rows;
    let rows =
        rows.iter().map(|row| format!("{} {:?} {:?} {:?} {}", row.target, row.name, row.good, row.last, row.failures));
    let rows: BTreeSet<String> = rows.collect();
    all.into_iter().chain(rows).collect()
}

fn same(a: &dyn Store, b: &dyn Store) {
    let (a, b) = (contents(a), contents(b));
    let differs = a.iter().zip(&b).find(|(a, b)| a != b);
    assert_eq!(differs, None, "of {} and {}", a.len(), b.len());
    assert_eq!(a.len(), b.len());
}

#[test]
fn a_store_that_is_copied_to_a_server_and_back_is_the_same_however_often() {
    let Some(server) = TestServer::start() else { return };
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str| SqliteStore::open(&home.path().join(name), Arc::new(SystemClock::new())).unwrap();
    let here = file("here.db");
    let now = SystemClock::new().now();
    let at = |back: u64| {
        let back = Duration::from_secs(back);
        EventTime { boot: now.boot.clone(), mono: now.mono - back, wall: now.wall.checked_sub(back).unwrap() }
    };
    let readings: Vec<Reading> = (0..2500)
        .map(|n| Reading {
            target: if n % 7 == 0 { Target::campaign("SALES") } else { Target::agent(format!("agent-{}", n % 5)) },
            at: at(2600 - u64::from(n)),
            outcome: match n % 4 {
                0 => Outcome::NoCalls,
                1 => Outcome::Failed(format!("HTTP {}", 500 + n % 3).into()),
                _ => Outcome::Value(Aht::from_secs(100 + n)),
            },
            name: (n % 3 == 0).then(|| "Asha \u{905}".into()),
        })
        .collect();
    here.append(&readings).unwrap();
    for (n, text) in ["up", "down"].into_iter().enumerate() {
        let event = Event { at: at(9 - n as u64), kind: EventKind::Link, who: "me".into(), text: text.into() };
        here.note(&event).unwrap();
    }
    here.set_document("alerts", 0, "{\"of\": \"alerts\"}").unwrap();
    assert_eq!(contents(&here).len(), 2500 + 2 + 1 + 6);

    let there = server.tcp_url("postgres", server.port);
    let own = ["--account".to_owned(), "acme".into(), "--store".into(), there.clone()];
    run(home.path(), &own, &["store", "init"]);
    let url = |name: &str| format!("sqlite://{}", home.path().join(name).display());
    let copy = |from: &str, to: &str| run(home.path(), &own, &["store", "copy", "--quiet", from, to]);
    let (first, back) = (url("here.db"), url("back.db"));
    assert!(copy(&first, &there).starts_with("copied 2500 readings and 2 events"));
    assert!(copy(&first, &there).starts_with("copied 0 readings and 0 events"));
    same(&here, &open(&there));
    assert!(copy(&there, &back).starts_with("copied 2500 readings and 2 events"));
    assert!(copy(&there, &back).starts_with("copied 0 readings and 0 events"));
    same(&here, &file("back.db"));
    // What was read since comes along.
    here.append(&[Reading { at: at(1), ..readings[2].clone() }]).unwrap();
    assert!(copy(&first, &there).starts_with("copied 1 readings and 0 events"));
    same(&here, &open(&there));
}
