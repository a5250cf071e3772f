//! Dashboards on several machines, in homes of their own, on one PostgreSQL server over TCP: as real processes, and in
//! injected time.

use std::{path::Path, process::Command, sync::Arc};

use ahtop::{
    config::StoreUrl,
    domain::SystemClock,
    store::{Cursor, LeaseStore, LedgerStore, PostgresStore, ReadingStore, ServerPlace, TokenStore},
};
use rustix::process::Signal;

use crate::{
    processes::{BINARY, PATIENCE, dashboard, polls, sim, surroundings, until, watches},
    pty::Pty,
};

mod injected;

#[expect(dead_code, reason = "the tests of the store use more of it")]
#[path = "../../src/store/postgres/test_server.rs"]
mod test_server;
use test_server::TestServer;

fn place(url: &str) -> ServerPlace {
    let StoreUrl::Postgres(url) = url.parse().unwrap() else { panic!("{url}") };
    ServerPlace { url, password: None, ca_file: None, schema: "ahtop_acme".into() }
}

/// The store as anybody sees it.
fn open(url: &str) -> PostgresStore {
    PostgresStore::open(place(url), Arc::new(SystemClock::new())).unwrap()
}

/// Runs a command on the store and gives what it prints.
fn run(home: &Path, flags: &[String], args: &[&str]) -> String {
    let out = Command::new(BINARY).args(args).args(flags).env_clear().envs(surroundings(home)).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
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
    let status = run(homes[1].path(), &own, &["store", "status"]);
    assert!(status.contains("checks    pid ") && status.matches("open      ").count() >= 3, "{status}");

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
