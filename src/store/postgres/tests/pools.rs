//! Behind something that pools connections.

use std::net::TcpListener;

use super::*;

#[test]
fn a_pool_by_transaction_is_refused_and_one_by_session_is_used() {
    let Some(server) = TestServer::shared() else { return };
    let (options, _admin) = made(&server);
    let open = |mode: &str| {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let pool = server.pool(mode, port)?;
        let url = PostgresUrl::parse(&format!("postgres@127.0.0.1:{port}/postgres")).unwrap();
        Some((opened(ServerPlace { url, ..options.clone() }), pool))
    };
    let Some((store, _pool)) = open("session") else { return };
    let store = store.unwrap();
    assert!(store.lease(&me("one"), Duration::from_secs(9)).unwrap().mine);
    assert_eq!(store.notice(), None);
    let Some((refused, _pool)) = open("transaction") else { return };
    let why = refused.unwrap_err();
    assert!(matches!(&why, StoreError::Refused(text) if text.contains("pool_mode = session")), "{why}");
}
