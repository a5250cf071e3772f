//! Who may what, tried on the real server.

use super::*;
use crate::store::{Pace, postgres::test_server::PASSWORD};

fn ask() -> PermitAsk {
    let secs = Duration::from_secs;
    PermitAsk { kind: PermitKind::Aht, cap: 9, pace: Pace::Burst, void_after: secs(1), timeout: secs(10) }
}

/// Somebody who logs in over the network with a password, and has `role`.
fn login(server: &TestServer, options: &ServerPlace, admin: &Admin, role: &str) -> ServerPlace {
    let user = format!("{}_somebody_{role}", options.schema);
    admin.sql(&format!("CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'; GRANT {}_{role} TO {user}", options.schema));
    let url = server.tcp_url(&user, server.port);
    let url = PostgresUrl::parse(url.strip_prefix("postgres://").unwrap()).unwrap();
    ServerPlace { url, password: Some(PASSWORD.into()), ..options.clone() }
}

#[test]
fn who_only_reads_sees_everything_but_the_token_and_can_send_nothing() {
    let Some(server) = TestServer::shared() else { return };
    let (options, admin) = made(&server);
    let poller = opened(login(&server, &options, &admin, "poller")).unwrap();
    let one = me("one");
    let gaps = GenerationAsk { unfit: None, gaps: vec![Duration::ZERO], lock: Duration::from_secs(30) };
    let GenerationAnswer::Go(ticket) = poller.begin_generation(&one, &gaps).unwrap() else { panic!("not allowed") };
    let token = GenerationEnd::Generated { secret: "hunter2".into(), life: Duration::from_secs(3600) };
    poller.end_generation(ticket, &token).unwrap();
    assert_eq!(poller.token().unwrap().unwrap().secret.expose_secret(), "hunter2");
    assert!(matches!(poller.permit(&one, &ask()).unwrap(), PermitAnswer::Granted { .. }));
    let reading = Reading {
        target: Target::agent("a"),
        at: poller.now().stamp(),
        outcome: crate::domain::Outcome::NoCalls,
        name: None,
    };
    poller.append(std::slice::from_ref(&reading)).unwrap();
    assert!(poller.lease(&one, Duration::from_secs(10)).unwrap().mine);

    let reader = opened(login(&server, &options, &admin, "reader")).unwrap();
    let wall = me("wall");
    assert_eq!(reader.since(Cursor::default(), 9).unwrap().0, [reading]);
    assert_eq!(reader.snapshot(Duration::from_secs(60)).unwrap().rows.len(), 1);
    assert_eq!(reader.usage().unwrap().used_60s, 1);
    assert_eq!(reader.lease_holder().unwrap(), Some(one.clone()));
    reader.want(&wall, &[(Target::agent("b"), Attention::Selected)], Duration::from_secs(30)).unwrap();
    assert_eq!(poller.wanted().unwrap(), [(Target::agent("b"), Attention::Selected)]);
    reader.request_poll(&Target::agent("b")).unwrap();
    reader.post("alerts", "seen").unwrap();
    reader.leave(&wall).unwrap();
    assert!(poller.wanted().unwrap().is_empty());

    // What shows how long the token lives does without it.
    assert!(readable_token(&reader).unwrap().is_none() && readable_token(&poller).unwrap().is_some());
    let refused: [(&str, Result<(), StoreError>); 6] = [
        ("token", reader.token().map(drop)),
        ("permit", reader.permit(&wall, &ask()).map(drop)),
        ("lease", reader.lease(&wall, Duration::from_secs(10)).map(drop)),
        ("generation", reader.begin_generation(&wall, &gaps).map(drop)),
        ("governor", reader.set_governor(&Governor::default())),
        ("document", reader.set_document("alerts", 0, "x").map(drop)),
    ];
    for (what, result) in refused {
        assert!(matches!(result, Err(StoreError::Refused(_))), "{what}: {result:?}");
    }
    // Nor past the functions.
    for sql in [
        "SELECT secret FROM token",
        "SELECT * FROM generation",
        "SELECT id FROM permit",
        "DELETE FROM reading",
        "UPDATE about SET manual = true",
        "UPDATE gate SET hold = NULL",
    ] {
        let result = reader.link.query(sql, vec![]);
        assert!(matches!(result, Err(StoreError::Refused(_))), "{sql}");
        let result = poller.link.query(sql, vec![]);
        assert!(matches!(result, Err(StoreError::Refused(_))), "poller: {sql}");
    }
    // Nobody may bring a time of his own.
    let given = json(&["manual", "1", "2"]);
    assert!(poller.link.query("SELECT * FROM usage($1)", vec![given]).is_err());
}

fn json(parts: &[&str]) -> P {
    serde_json::to_string(parts).unwrap().as_str().into()
}

#[test]
fn what_waiting_does_not_mend_is_an_error_at_once() {
    let Some(server) = TestServer::shared() else { return };
    let (options, admin) = made(&server);
    let good = login(&server, &options, &admin, "poller");
    let wrong = ServerPlace { password: Some("no".into()), ..good.clone() };
    let why = opened(wrong).unwrap_err();
    assert!(matches!(&why, StoreError::Refused(text) if text.contains("password")), "{why}");
    let why = opened(ServerPlace { schema: "none".into(), ..good.clone() }).unwrap_err();
    assert!(matches!(&why, StoreError::Refused(text) if text.contains("ahtop store init")), "{why}");
    admin.sql(&format!("UPDATE {}.about SET version = 99", options.schema));
    let why = opened(good).unwrap_err();
    assert!(matches!(&why, StoreError::Newer { found: 99, .. }), "{why}");
}

#[test]
fn a_store_of_an_older_version_is_brought_to_this_one() {
    let Some(server) = TestServer::shared() else { return };
    let (options, admin) = made(&server);
    let open = || opened(options.clone());
    admin.sql(&format!(
        "DROP FUNCTION {0}.want_again(text, text, bigint); UPDATE {0}.about SET version = 1",
        options.schema
    ));
    let why = open().unwrap_err();
    assert!(matches!(&why, StoreError::Refused(text) if text.contains("ahtop store migrate")), "{why}");
    admin.migrate().unwrap();
    let (store, list) = (open().unwrap(), [(Target::agent("x"), Attention::Listed)]);
    for _ in 0..2 {
        store.want(&me("one"), &list, Duration::from_secs(60)).unwrap();
    }
    assert_eq!(store.wanted().unwrap(), list);
}
