//! A real promotion: the primary is lost together with what its standby had not heard yet.

use super::{
    faults::{SECOND, ask, granted, open, reading, told, until},
    *,
};
use crate::store::postgres::test_proxy::Proxy;

#[test]
fn after_a_promotion_nothing_is_sent_for_a_window_and_what_comes_then_is_read() {
    let Some(primary) = TestServer::start() else { return };
    let between = Proxy::start(primary.port);
    let standby = primary.standby(between.port);
    let (options, admin) = made(&primary);
    let url = format!("postgres@127.0.0.1:{},127.0.0.1:{}/postgres", primary.port, standby.port);
    let options = ServerPlace { url: PostgresUrl::parse(&url).unwrap(), ..options };
    let (store, other) = (open(&options), open(&options));
    let gaps = GenerationAsk { unfit: None, gaps: vec![Duration::ZERO], lock: SECOND * 30 };
    let GenerationAnswer::Go(ticket) = store.begin_generation(&me("one"), &gaps).unwrap() else {
        panic!("not allowed")
    };
    store.end_generation(ticket, &GenerationEnd::Generated { secret: "s".into(), life: SECOND * 3600 }).unwrap();
    let heard = granted(&store, 9);
    store.finish_with_reading(heard, &reading(&store, "heard")).unwrap();
    let in_flight = granted(&store, 9);
    until("the standby has it", || {
        // Not known of a standby that has just come.
        let same = "SELECT (replay_lsn IS NOT DISTINCT FROM pg_current_wal_lsn())::text FROM pg_stat_replication";
        admin.rows(same) == ["true"]
    });
    // From here on the standby hears nothing.
    between.close(true);
    let lost = granted(&store, 9);
    store.finish_with_reading(lost, &reading(&store, "lost")).unwrap();
    store.set_document("alerts", 0, "lost").unwrap();
    let (known, cursor) = other.since(Cursor::default(), 9).unwrap();
    assert_eq!(known.len(), 2);
    let now = store.now().mono;
    primary.kill();
    until("it is noticed", || store.permit(&me("one"), &ask(9)).is_err());
    // A reply that comes meanwhile is kept.
    let during = reading(&store, "during");
    store.finish_with_reading(in_flight, &during).unwrap();
    let begun = std::time::Instant::now();
    standby.promote();
    until("both are on the other server", || store.usage().is_ok() && other.usage().is_ok());
    // Of what is lost nobody knows how much it was: so nobody sends until all of it is a minute old.
    for store in [&store, &other] {
        let wait = told(store, 9);
        assert!(wait + begun.elapsed() > SECOND * 50 && wait <= SECOND * 70, "{wait:?}");
    }
    assert!(store.now().mono >= now, "time goes on");
    assert_eq!(store.token().unwrap().unwrap().secret.expose_secret(), "s");
    // Who read beyond what this server has still reads all that comes.
    store.append(&[reading(&store, "after")]).unwrap();
    let (fresh, _) = other.since(cursor, 9).unwrap();
    let ids: Vec<&str> = fresh.iter().map(|r| &*r.target.id).collect();
    assert_eq!(ids, ["during", "after"]);
    assert_eq!(store.document("alerts", 1).unwrap(), None, "lost");
    assert!(store.lease(&me("one"), SECOND * 9).unwrap().mine);
}
