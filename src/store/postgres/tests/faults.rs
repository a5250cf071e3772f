//! A server that is killed, set wrong, replaced, or not reached.

use std::time::Instant;

use super::*;
use crate::{
    domain::{Outcome, Problem, SystemClock},
    store::{Pace, postgres::test_proxy::Proxy},
};

pub(super) const SECOND: Duration = Duration::from_secs(1);

pub(super) fn ask(cap: u32) -> PermitAsk {
    PermitAsk { kind: PermitKind::Aht, cap, pace: Pace::Burst, void_after: SECOND, timeout: SECOND * 10 }
}

pub(super) fn granted(store: &PostgresStore, cap: u32) -> PermitId {
    match store.permit(&me("one"), &ask(cap)).unwrap() {
        PermitAnswer::Granted { id, .. } => id,
        PermitAnswer::Wait(d) => panic!("told to wait {d:?}"),
    }
}

pub(super) fn told(store: &PostgresStore, cap: u32) -> Duration {
    match store.permit(&me("one"), &ask(cap)).unwrap() {
        PermitAnswer::Wait(d) => d,
        PermitAnswer::Granted { .. } => panic!("granted"),
    }
}

pub(super) fn reading(store: &PostgresStore, id: &str) -> Reading {
    Reading { target: Target::agent(id), at: store.now().stamp(), outcome: Outcome::NoCalls, name: None }
}

/// Patient with a busy machine, but a server that is gone is noticed soon.
pub(super) fn open(options: &ServerPlace) -> PostgresStore {
    PostgresStore::open_within(options.clone(), Arc::new(SystemClock::new()), SECOND * 6).unwrap()
}

/// Waits until `done`; a minute is for a machine that has much else to do.
pub(super) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < SECOND * 60, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_another_clock_wrote_blocks_nothing_for_long() {
    let Some(server) = TestServer::shared() else { return };
    let (options, admin) = made(&server);
    let store = open(&options);
    granted(&store, 1);
    for far in ["gate SET hold", "gate SET slot", "permit SET until"] {
        admin.sql(&format!("UPDATE {}.{far} = 9000000000000000", options.schema));
        let ask = PermitAsk { pace: Pace::Even(SECOND), ..ask(1) };
        let PermitAnswer::Wait(wait) = store.permit(&me("one"), &ask).unwrap() else { panic!("{far}: granted") };
        assert!(wait <= crate::store::LONGEST_BLOCK, "{far}: {wait:?}");
    }
}

#[test]
fn a_killed_server_loses_no_permit_no_token_and_no_reading() {
    let Some(server) = TestServer::start() else { return };
    let (options, _admin) = made(&server);
    let store = open(&options);
    let permits = [granted(&store, 3), granted(&store, 3), granted(&store, 3)];
    let gaps = GenerationAsk { unfit: None, gaps: vec![Duration::ZERO], lock: SECOND * 30 };
    let GenerationAnswer::Go(ticket) = store.begin_generation(&me("one"), &gaps).unwrap() else {
        panic!("not allowed")
    };
    store.end_generation(ticket, &GenerationEnd::Generated { secret: "s".into(), life: SECOND * 3600 }).unwrap();
    store.finish_with_reading(permits[0], &reading(&store, "before")).unwrap();
    server.kill();
    // What is left of it may answer for a moment, and then that counts too.
    let mut given = 3;
    until("it is noticed", || match store.permit(&me("one"), &ask(9)) {
        Ok(PermitAnswer::Granted { .. }) => {
            given += 1;
            false
        }
        answer => answer.is_err(),
    });
    until("it is said", || store.notice().is_some_and(|n| n.problem == Problem::StoreUnreachable));
    let why = store.permit(&me("one"), &ask(9)).unwrap_err();
    assert!(matches!(why, StoreError::Unreachable { .. }), "{why}");
    // A reply that was on its way is kept, with the time at which it came.
    let late = reading(&store, "during");
    store.finish_with_reading(permits[1], &late).unwrap();
    assert!(store.notice().unwrap().text.contains("replies are kept"));
    server.begin();
    until("it comes back", || store.notice().is_none());
    let (readings, _) = store.since(Cursor::default(), 9).unwrap();
    let ids: Vec<&str> = readings.iter().map(|r| &*r.target.id).collect();
    assert_eq!(ids, ["before", "during"]);
    assert_eq!(readings[1], late);
    assert_eq!(store.usage().unwrap().used_60s, given, "each counts until a minute after its end");
    told(&store, given);
    assert_eq!(store.token().unwrap().unwrap().secret.expose_secret(), "s");
    assert_eq!(store.usage().unwrap().generated_1h, 1);
    // The same server: nothing can be missing, and nobody waits for longer than the ledger says.
    granted(&store, given + 1);
}

#[test]
fn what_is_told_twice_counts_once() {
    let Some(server) = TestServer::shared() else { return };
    let (options, _admin) = made(&server);
    let store = open(&options);
    let json = codec::readings_json(&[reading(&store, "a")]);
    for _ in 0..2 {
        let params = vec![P::Text(None), 5.into(), P::Big(None), json.as_str().into()];
        store.link.query("SELECT land($1, $2, $3, $4)", params).unwrap();
    }
    assert_eq!(store.history().unwrap().readings, 1);
}

#[test]
fn another_server_or_timeline_sends_nothing_until_the_window_is_over() {
    let Some(server) = TestServer::shared() else { return };
    let (options, admin) = made(&server);
    let store = open(&options);
    granted(&store, 9);
    let begun = Instant::now();
    admin.sql(&format!("UPDATE {}.gate SET place = replace(place, '00000001', '00000002')", options.schema));
    let wait = told(&store, 9);
    assert!(wait + begun.elapsed() > SECOND * 68 && wait <= SECOND * 70, "{wait:?}");
    assert!(told(&store, 9) <= wait, "once");
}

#[test]
fn a_clock_that_is_set_forward_stops_everybody_for_a_window() {
    let Some(server) = TestServer::shared() else { return };
    let (options, admin) = made(&server);
    let (store, other) = (open(&options), open(&options));
    granted(&store, 9);
    let before = other.now().mono;
    let begun = Instant::now();
    admin.sql(&format!("UPDATE {}.gate SET base = base - 3600000", options.schema));
    told(&store, 9);
    let wait = told(&other, 9);
    assert!(wait + begun.elapsed() > SECOND * 60 && wait <= SECOND * 70, "{wait:?}");
    // Time goes on from before: nothing became an hour old.
    for now in [store.now(), other.now(), open(&options).now()] {
        assert!(now.mono.since(before) < SECOND * 120, "{now:?}");
    }
}

#[test]
fn a_clock_that_is_set_back_gives_no_permit_twice() {
    let Some(server) = TestServer::shared() else { return };
    let (options, admin) = made(&server);
    let store = open(&options);
    granted(&store, 1);
    admin.sql(&format!("UPDATE {}.gate SET base = base + 3600000", options.schema));
    let wait = told(&store, 1);
    assert!(wait > SECOND * 50 && wait <= SECOND * 72, "{wait:?}");
    // It runs on, and does not stand still for an hour.
    until("time goes on", || told(&store, 1) < wait);
}

#[test]
fn a_machine_whose_clock_is_wrong_tells_the_right_age() {
    let Some(server) = TestServer::shared() else { return };
    let (options, _admin) = made(&server);
    let store = open(&options);
    let wrong = Arc::new(ManualClock::at(jiff::Timestamp::from_second(1_000_000_000).unwrap()));
    let other = PostgresStore::open_within(options, wrong, PATIENCE).unwrap();
    store.append(&[reading(&store, "a")]).unwrap();
    let rows = other.snapshot(SECOND * 60).unwrap().rows;
    assert!(rows[0].age(&other.now()).is_some_and(|age| age < SECOND * 60), "{:?}", rows[0].age(&other.now()));
    assert!(other.now().wall.duration_since(store.now().wall).unsigned_abs() < SECOND * 60);
}

fn through(server: &TestServer, proxy: &Proxy, options: &ServerPlace) -> PostgresStore {
    let url = server.tcp_url("postgres", proxy.port);
    let url = PostgresUrl::parse(url.strip_prefix("postgres://").unwrap()).unwrap();
    open(&ServerPlace { url, ..options.clone() })
}

#[test]
fn a_call_that_got_no_answer_does_not_cost_the_next_connection() {
    let Some(server) = TestServer::shared() else { return };
    let (options, _admin) = made(&server);
    let proxy = Proxy::start(server.port);
    let store = through(&server, &proxy, &options);
    proxy.close(true);
    until("it is noticed", || store.notice().is_some());
    store.usage().unwrap_err();
    let before = proxy.let_through();
    proxy.close(false);
    until("it is back", || store.usage().is_ok());
    store.usage().unwrap();
    assert_eq!(proxy.let_through(), before + 1);
}

#[test]
fn a_frozen_connection_sends_nothing_and_another_machine_takes_over() {
    let Some(server) = TestServer::shared() else { return };
    let (options, _admin) = made(&server);
    let proxy = Proxy::start(server.port);
    let far = through(&server, &proxy, &options);
    let near = open(&options);
    assert!(far.lease(&me("far"), SECOND * 15).unwrap().mine);
    assert!(!near.lease(&me("near"), SECOND * 3).unwrap().mine);
    granted(&far, 9);
    proxy.freeze(true);
    let why = far.permit(&me("far"), &ask(9)).unwrap_err();
    assert!(matches!(why, StoreError::Unreachable { .. }), "{why}");
    // Every further call ends soon too, whatever it is.
    until("it gives up", || far.lease(&me("far"), SECOND * 3).is_err());
    until("it says so", || far.notice().is_some());
    until("the other polls", || near.lease(&me("near"), SECOND * 3).unwrap().mine);
    granted(&near, 9);
    proxy.freeze(false);
    until("it is back", || far.notice().is_none());
    granted(&far, 9);
}
