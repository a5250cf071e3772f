//! A client that says exactly what it is told, and a store with a listener on it.
#![allow(dead_code, reason = "each test uses its part")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ahtop::{
    alert::{Policy, Rules},
    app::DashboardConfig,
    config::{Listen, Watched},
    domain::{Aht, Band, Clock, ManualClock, Outcome, Reading, Target},
    store::{DocumentStore, Handle, Instance, LeaseStore, Link, ReadingStore, Role, SqliteStore, Status, Traffic},
    web::{Bound, Options, Server},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// The longest that anything is waited for; only a failing test waits so long.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    /// Takes apart what came until the connection ended.
    pub(crate) fn of(bytes: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|l| l.split_once(": ").unwrap()).map(|(n, v)| (n.to_lowercase(), v.to_owned()));
        Answer { status, headers: headers.collect(), body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

/// Sends these bytes and reads to the end.
pub(crate) async fn say(address: &str, bytes: &[u8]) -> Answer {
    let said = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Who is refused may be hung up on before everything is sent.
        let _ = stream.write_all(bytes).await;
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        all
    };
    Answer::of(&timeout(LIMIT, said).await.unwrap())
}

/// A store, and a listener on it.
pub(crate) struct World {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) address: String,
    pub(crate) server: Server,
    pub(crate) me: Instance,
}

pub(crate) const CAMPAIGN: &str = "COLLECT-IN";
pub(crate) const AGENT: &str = "priya@acme.example";
pub(crate) const OTHER: &str = "ravi@acme.example";

pub(crate) fn watched() -> Vec<Watched> {
    let aht = |secs| Some(Aht::from_secs(secs));
    let band =
        Band { low_crit: aht(60), low_warn: aht(120), target: aht(240), high_warn: aht(360), high_crit: aht(480) };
    let watched = |target| Watched { target, label: None, groups: vec![], band, origin: "test".into() };
    [Target::campaign(CAMPAIGN), Target::agent(AGENT), Target::agent(OTHER)].map(watched).into()
}

/// Alerts at once.
pub(crate) fn policy() -> Policy {
    let rules = Rules { dwell: Duration::ZERO, clear_band: 0.1, warm_up: 0, stale_after: Duration::from_secs(180) };
    Policy { agents: rules, campaigns: rules, sweep: Duration::from_secs(4) }
}

/// An empty store in memory, and its clock.
pub(crate) fn store() -> (Arc<SqliteStore>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at("2026-01-12T04:30:00Z".parse().unwrap()));
    (Arc::new(SqliteStore::memory(clock.clone()).unwrap()), clock)
}

/// What a listener on it has.
pub(crate) fn options(store: &Arc<SqliteStore>, clock: &Arc<ManualClock>) -> Options {
    Options {
        store: Handle::new(store.clone()),
        clock: clock.clone(),
        notify: Arc::default(),
        dashboard: DashboardConfig { locked: true, ..DashboardConfig::new("acme", watched(), me("web")) },
        policy: policy(),
        metrics_names: false,
        token: None,
        hosts: vec![],
    }
}

fn me(id: &str) -> Instance {
    Instance { id: id.into(), pid: 7, host: "pc".into(), role: Role::Serve }
}

impl World {
    pub(crate) async fn new(change: impl FnOnce(&mut Options)) -> World {
        let (store, clock) = store();
        let mut options = options(&store, &clock);
        change(&mut options);
        let bound = Bound::bind(&Listen::parse("127.0.0.1:0").unwrap()).unwrap();
        let address = bound.address().trim_start_matches("http://").to_owned();
        World { store, clock, address, server: Server::start(bound, options), me: me("me") }
    }

    /// Asks for `path` with these header lines.
    pub(crate) async fn ask(&self, path: &str, lines: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n");
        say(&self.address, request.as_bytes()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(path, "").await
    }

    /// A poller says so.
    pub(crate) fn link(&self, link: Link) {
        self.link_with(link, Traffic::default());
    }

    /// The same, with what it has counted.
    pub(crate) fn link_with(&self, link: Link, traffic: Traffic) {
        let now = self.clock.now();
        self.store.lease(&self.me, Duration::from_secs(3600)).unwrap();
        let status = Status {
            at: now.stamp(),
            link,
            since: now.stamp(),
            rate: 45.0,
            targets: 3,
            sweep: Duration::from_secs(4),
            next: None,
            token_until: Some(now.after(Duration::from_secs(1800))),
            other_clients: None,
            traffic,
        };
        self.store.set_status(&status).unwrap();
    }

    pub(crate) fn read(&self, target: Target, outcome: Outcome, name: Option<&str>) {
        let name = name.map(Into::into);
        self.store.append(&[Reading { target, at: self.clock.now().stamp(), outcome, name }]).unwrap();
    }

    /// Everything is as it should be: three readings, a link that lives.
    pub(crate) fn fill(&self) {
        self.read(Target::campaign(CAMPAIGN), Outcome::Value(Aht::from_secs(291)), Some("Collections"));
        self.read(Target::agent(AGENT), Outcome::Value(Aht::from_secs(612)), Some("Priya \"PS\" S"));
        self.read(Target::agent(OTHER), Outcome::NoCalls, Some("Ravi\\\nK"));
        self.link(Link::Live);
    }
}

/// One clear line for a test that cannot run here.
#[expect(clippy::print_stderr, reason = "who reads the log must know")]
pub(crate) fn skipped(program: &str) {
    eprintln!("skipped: there is no {program}");
}

/// Longer than one reading of the store serves.
pub(crate) async fn anew() {
    tokio::time::sleep(Duration::from_millis(600)).await;
}
