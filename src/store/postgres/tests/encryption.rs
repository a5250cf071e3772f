//! TLS to a real server, with certificates made here.

use std::{fs, path::Path, process::Command};

use super::*;
use crate::store::postgres::test_server::{PASSWORD, say_past_the_harness};

/// Runs `openssl`; false where it is not installed.
fn openssl(dir: &Path, args: &str) -> bool {
    match Command::new("openssl").args(args.split_whitespace()).current_dir(dir).output() {
        Ok(output) => {
            assert!(output.status.success(), "openssl {args}: {}", String::from_utf8_lossy(&output.stderr));
            true
        }
        Err(_) => false,
    }
}

/// An authority, with its certificate in `NAME.pem`.
fn authority(dir: &Path, name: &str) -> bool {
    let subject = format!("-subj /CN={name} -addext basicConstraints=critical,CA:TRUE");
    openssl(dir, &format!("req -x509 {KEY} -keyout {name}.key -out {name}.pem -days 2 {subject}"))
}

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

#[test]
fn a_server_is_only_spoken_to_with_a_certificate_for_its_name_by_an_authority_that_is_known() {
    let Some(server) = TestServer::start() else { return };
    let made_here = tempfile::tempdir().unwrap();
    let dir = made_here.path();
    if !authority(dir, "ours") {
        return say_past_the_harness(
            "skipped: TLS to PostgreSQL, since openssl is not installed (apt-get install openssl)",
        );
    }
    authority(dir, "foreign");
    fs::write(dir.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(dir, &format!("req {KEY} -keyout server.key -out server.csr -subj /CN=localhost"));
    openssl(
        dir,
        "x509 -req -in server.csr -CA ours.pem -CAkey ours.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );

    let (options, admin) = made(&server);
    admin
        .sql(&format!("CREATE ROLE somebody LOGIN PASSWORD '{PASSWORD}'; GRANT {}_poller TO somebody", options.schema));
    let open = |host: &str, ca: Option<&str>| {
        let url = format!("somebody@{host}:{}/postgres?sslmode=verify-full", server.port);
        let url = PostgresUrl::parse(&url).unwrap();
        let ca_file = ca.map(|name| dir.join(name));
        let place = ServerPlace { url, password: Some(PASSWORD.into()), ca_file, ..options.clone() };
        opened(place)
    };
    let refused = |host: &str, ca: Option<&str>, what: &str| {
        let why = open(host, ca).unwrap_err();
        assert!(matches!(&why, StoreError::Refused(text) if text.contains(what)), "{why}");
    };
    refused("localhost", Some("ours.pem"), "set ssl = on there");
    server.encrypt(&dir.join("server.pem"), &dir.join("server.key"));
    let store = open("localhost", Some("ours.pem")).unwrap();
    assert_eq!(store.usage().unwrap().used_60s, 0);
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert!(store.link.query(sql, vec![]).unwrap()[0].get::<_, bool>(0));
    // The long calls go over a connection of their own.
    let at = store.now().stamp();
    let reading = Reading { target: Target::agent("a"), at, outcome: crate::domain::Outcome::NoCalls, name: None };
    store.append(&[reading]).unwrap();
    assert_eq!(store.history().unwrap().readings, 1);
    refused("127.0.0.1", Some("ours.pem"), "for another name: write that as the host");
    refused("localhost", Some("foreign.pem"), "[store] ca_file");
    refused("localhost", None, "[store] ca_file");
    refused("localhost", Some("server.key"), "cannot use [store] ca_file");
}
