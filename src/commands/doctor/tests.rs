//! What is told of each state of things, and that looking changes nothing.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use super::*;
use crate::{
    commands::session,
    config::{Id, Purpose},
    domain::{BootId, Clock, SystemClock},
    store::{
        GenerationAnswer, GenerationAsk, GenerationEnd, Instance, Lease, LeaseStore, ResilientStore, Role, SqliteStore,
        StoreState, TokenStore,
    },
};

fn flags() -> Overrides {
    let mut flags = Overrides::default();
    flags.set(Id::UserName, "acme");
    flags.set(Id::Agents, "a1");
    flags
}

fn env(dir: &Path, more: &[(&str, &str)]) -> Env {
    let state = dir.display().to_string();
    let mut all = vec![("AHTOP_STATE_DIR", state.as_str()), ("LANG", "C.UTF-8"), ("TERM", "xterm-256color")];
    all.extend(more);
    Env::of(all)
}

async fn doctor(dir: &Path, more: &[(&str, &str)]) -> Done {
    run(&cli::Doctor::default(), &flags(), &env(dir, more)).await
}

#[tokio::test]
async fn before_the_first_start_nothing_is_bad_and_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let done = doctor(dir.path(), &[("AHTOP_API_KEY", "hunter2")]).await;
    assert_eq!(done.exit, Exit::Ok, "{}", done.out);
    for part in [
        "ok    configuration  account acme, 0 campaigns, 1 agent; no file",
        "ok    credentials    from the environment variable AHTOP_API_KEY",
        "acme.db is not there yet",
        "ok    checks         nobody has checked the service here yet",
        "ok    clock ",
        "ok    suspend ",
        "ok    terminal ",
        "ok    colours        256",
        "ok    characters     Unicode (C.UTF-8)",
        "ok    service        not asked",
    ] {
        assert!(done.out.contains(part), "{part}\n{}", done.out);
    }
    assert!(!done.out.contains("hunter2"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was made");
}

#[tokio::test]
async fn what_is_wrong_has_its_exit_code_and_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let done = doctor(dir.path(), &[("AHTOP_API_KEY_FILE", "/no/such/key"), ("LANG", "C")]).await;
    assert_eq!(done.exit, Exit::Credentials, "{}", done.out);
    assert!(done.out.contains("fail  credentials    api_key_file /no/such/key cannot be read"), "{}", done.out);
    assert!(done.out.contains("warn  characters     ASCII: the locale (C)"), "{}", done.out);
    let done = run(&cli::Doctor::default(), &Overrides::default(), &env(dir.path(), &[])).await;
    assert_eq!(done.exit, Exit::Config, "{}", done.out);
    assert!(done.out.contains("`ahtop check` shows all") && done.out.contains("colours"), "{}", done.out);
}

#[tokio::test]
async fn a_store_in_use_is_told_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("acme.db");
    let clock = Arc::new(SystemClock::new());
    let store = SqliteStore::open(&path, clock.clone()).unwrap();
    let me = Instance { id: "me".into(), pid: 2211, host: "desk".into(), role: Role::Serve };
    let Lease { mine, .. } = store.lease(&me, Duration::from_secs(60)).unwrap();
    assert!(mine);
    let ask = GenerationAsk { unfit: None, gaps: vec![Duration::ZERO; 4], lock: Duration::from_secs(10) };
    let GenerationAnswer::Go(ticket) = store.begin_generation(&me, &ask).unwrap() else { panic!("no minting") };
    let (secret, life) = ("t0ken".to_owned().into(), Duration::from_secs(3600));
    store.end_generation(ticket, &GenerationEnd::Generated { secret, life }).unwrap();
    let before = store.version().unwrap();
    let done = doctor(dir.path(), &[]).await;
    for part in [
        "ok    credentials    none: a read-only dashboard",
        "for this user alone (mode 600)",
        "pid 2211 (serve) on desk should check the service: no report yet",
        " ago by pid 2211 (serve), ",
        "; generated: 1 in the last hour",
        "ok    budget         0 requests in the last minute; ahtop uses up to 45 of 50, 5 are reserved",
    ] {
        assert!(done.out.contains(part), "{part}\n{}", done.out);
    }
    assert!(!done.out.contains("t0ken"));
    let args = cli::Doctor { format: crate::cli::Output::Json, ..cli::Doctor::default() };
    let json: serde_json::Value = serde_json::from_str(&run(&args, &flags(), &env(dir.path(), &[])).await.out).unwrap();
    let findings = json["findings"].as_array().unwrap();
    assert_eq!((findings.len(), &json["exit"]), (done.out.lines().count(), &0.into()), "{json}");
    assert!(findings.iter().all(|f| ["ok", "warn"].contains(&f["level"].as_str().unwrap())), "{json}");
    assert_eq!((done.exit, store.version().unwrap()), (Exit::Ok, before), "looking changes nothing");
    for file in ["acme.db", "acme.db.token"] {
        let path = dir.path().join(file);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let done = doctor(dir.path(), &[]).await;
        let said = format!("fail  store          everybody can read {0}: chmod o= {0}\n", path.display());
        assert!(done.out.contains(&said), "{}", done.out);
        assert_eq!(done.exit, Exit::Unexpected);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[tokio::test]
async fn the_other_store_of_an_account_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (mut flags, env) = (flags(), env(dir.path(), &[]));
    // A name that no other test uses: the runtime directory is one for all.
    flags.set(Id::UserName, format!("acme {}", dir.path().display()));
    flags.set(Id::AccountName, "acme");
    let account = session::account(&crate::config::load(Purpose::Watch, &flags, &env).unwrap().config);
    let other = dir.path().canonicalize().unwrap().join("other.db");
    let (store, _) = ResilientStore::open_for(other.clone(), Arc::new(SystemClock::new()), Some(&account)).unwrap();
    let told = async || {
        let done = run(&cli::Doctor::default(), &flags, &env).await;
        done.out.lines().find(|line| line.contains("another store")).map(str::to_owned)
    };
    assert_eq!(told().await, None, "nobody polls there");
    let me = Instance { id: "me".into(), pid: 2211, host: "desk".into(), role: Role::Serve };
    assert!(store.lease(&me, Duration::from_secs(60)).unwrap().mine);
    let said = format!(
        "warn  store          pid {} checks this account through another store, {}: point [store] url of both at one file",
        std::process::id(),
        other.display()
    );
    assert_eq!(told().await, Some(said));
}

#[test]
fn a_wall_clock_that_was_set_is_told_and_one_of_another_boot_is_not_judged() {
    let clock = crate::domain::ManualClock::at("2026-03-12T09:00:00Z".parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let config = crate::commands::load(&flags(), &env(dir.path(), &[])).unwrap().config;
    let status = crate::store::Status {
        rate: 19.0,
        targets: 1,
        sweep: Duration::from_secs(60),
        other_clients: Some(crate::store::OtherClients { per_minute: Some(30.2), ..Default::default() }),
        ..crate::store::Status::new(clock.now().stamp(), crate::store::Link::Live)
    };
    let mut known = shared::Known {
        history: crate::store::HistoryInfo::default(),
        holder: None,
        status: Some(status),
        usage: crate::store::Usage { throttled_1h: 4, invalidated_1h: 2, ..Default::default() },
        token: Ok(None),
        presence: None,
    };
    clock.advance(Duration::from_secs(10));
    let told = |known: &shared::Known| -> String {
        shared::tell(known, &config, &clock.now()).iter().map(Finding::line).collect()
    };
    let calm = told(&known);
    assert!(!calm.contains("the wall clock was set"), "{calm}");
    for part in [
        "warn  checks         nobody checks the service: start `ahtop serve`",
        "other clients use about 30 a minute",
        "reserve to 31",
    ] {
        assert!(calm.contains(part), "{part}\n{calm}");
    }
    assert!(calm.contains("warn  token") && calm.contains("2 in the last hour: another client generates"), "{calm}");
    clock.step_wall(-3_600_000);
    assert!(told(&known).contains("warn  clock          the wall clock was set back by 1h00m"), "{}", told(&known));
    if let Some(status) = &mut known.status {
        status.at.boot = BootId("another".into());
    }
    assert!(!told(&known).contains("the wall clock was set"), "{}", told(&known));
}

#[tokio::test]
async fn a_listener_says_who_can_read_what_it_shows() {
    let dir = tempfile::tempdir().unwrap();
    let listener = async |serve: &str| {
        let file = dir.path().join("c.toml");
        fs::write(&file, format!("[account]\nname = \"acme\"\n[serve]\n{serve}\n")).unwrap();
        let flags = Overrides::with_config(&file);
        let done =
            run(&cli::Doctor { format: cli::Output::default(), live: false }, &flags, &env(dir.path(), &[])).await;
        let line = done.out.lines().find(|line| line.contains(" listener ")).map(str::to_owned);
        (done.exit, line.unwrap_or_default())
    };
    assert_eq!(listener("").await.1, "");
    let (exit, line) = listener("listen = \"127.0.0.1:9464\"").await;
    assert_eq!((exit, line.contains("everybody on this machine can read it, nobody else")), (Exit::Ok, true), "{line}");
    let (exit, line) = listener("listen = \"0.0.0.0:9464\"\nunauthenticated = true").await;
    assert_eq!((exit, line.contains("everybody who reaches this address can read")), (Exit::Ok, true), "{line}");
    let token = dir.path().join("token");
    let with_token = format!("listen = \"0.0.0.0:9464\"\ntoken_file = {token:?}");
    for (text, mode, told, exit) in [
        ("0123456789abcdef", 0o600, "clients need the token in", Exit::Ok),
        ("0123456789abcdef", 0o644, "can be read by others", Exit::Config),
        ("0123456789abcde", 0o600, "fewer than 16 characters", Exit::Config),
        ("0123456789abcde;", 0o600, "a character other than letters", Exit::Config),
    ] {
        fs::write(&token, text).unwrap();
        fs::set_permissions(&token, fs::Permissions::from_mode(mode)).unwrap();
        let found = listener(&with_token).await;
        assert_eq!((found.0, found.1.contains(told)), (exit, true), "{}", found.1);
        assert!(!found.1.contains(text), "{}", found.1);
    }
    // An address that others reach is refused before anybody looks at it.
    assert_eq!(listener("listen = \"0.0.0.0:9464\"").await, (Exit::Config, String::new()));
}
