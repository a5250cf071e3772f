//! How long it takes from the commit of a reading on a PostgreSQL server to the screens of dashboards on other machines:
//! one beside the server, and one behind a way that takes longer. Each is the program in a pseudo-terminal of 120x40.
//!
//! ```text
//! cargo build --release && cargo run --release --example latency        # 300 readings and 60 ms: seven minutes
//! cargo run --release --example latency -- --readings 1000 --delay 150
//! ```
//!
//! The server is started from the installed programs, as in the tests. Readings come as often as the budget lets them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a tool for developers that should say where it fails"
)]

#[path = "../tests/it/pty.rs"]
mod pty;
#[expect(dead_code, reason = "the tests of the store use more of it")]
#[path = "../src/store/postgres/test_proxy.rs"]
mod test_proxy;
#[expect(dead_code, reason = "the tests of the store use more of it")]
#[path = "../src/store/postgres/test_server.rs"]
mod test_server;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use ahtop::{
    config::StoreUrl,
    domain::{Aht, Outcome, Reading, SystemClock, Target},
    store::{
        DocumentStore, Instance, LeaseStore, Link, PostgresAdmin, PostgresStore, ReadingStore, Role, ServerPlace,
        Status, StoreState,
    },
};
use pty::Pty;
use test_proxy::Proxy;
use test_server::TestServer;

const SIZE: (u16, u16) = (120, 40);
/// As many as fit on the screen.
const AGENTS: u64 = 24;
/// Where the table ends; times of the day stand beside it.
const TABLE: usize = 80;
/// Between two readings: as many as the budget lets through, and at any moment of the second in which screens are drawn.
const BETWEEN: (Duration, Duration) = (Duration::from_millis(833), Duration::from_millis(1000));
/// What is not on a screen by then, is not counted as seen.
const PATIENCE: Duration = Duration::from_secs(20);

struct Args {
    readings: u64,
    delay: Duration,
    program: PathBuf,
}

fn args() -> Args {
    let beside = std::env::current_exe().unwrap();
    let program = beside.parent().and_then(Path::parent).unwrap().join("ahtop");
    let mut args = Args { readings: 300, delay: Duration::from_millis(60), program };
    let mut given = std::env::args().skip(1);
    while let Some(arg) = given.next() {
        let mut value = || given.next().expect("a value behind the flag");
        match arg.as_str() {
            "--readings" => args.readings = value().parse().expect("a number of readings"),
            "--delay" => args.delay = Duration::from_millis(value().parse().expect("milliseconds there and back")),
            "--program" => args.program = value().into(),
            other => panic!("{other}: --readings N, --delay MS or --program FILE"),
        }
    }
    args
}

fn place(url: &str) -> ServerPlace {
    let StoreUrl::Postgres(url) = url.parse().unwrap() else { panic!("{url}") };
    ServerPlace { url, password: None, ca_file: None, schema: "ahtop_acme".into() }
}

/// A reading that was committed.
struct Awaited {
    id: String,
    aht: String,
    committed: Instant,
}

/// What a dashboard still has to show, and how long it took to show the rest.
#[derive(Default)]
struct Seen {
    awaited: Vec<Awaited>,
    took: Vec<Duration>,
}

/// A dashboard without credentials.
struct Screen {
    name: String,
    seen: Arc<Mutex<Seen>>,
    pty: Pty,
    _home: tempfile::TempDir,
}

impl Screen {
    fn start(program: &Path, name: String, url: &str) -> Screen {
        let home = tempfile::tempdir().unwrap();
        let own = home.path().display().to_string();
        let variables = [
            ("HOME", own.as_str()),
            ("XDG_RUNTIME_DIR", &own),
            ("AHTOP_STATE_DIR", &own),
            ("LANG", "C.UTF-8"),
            ("TERM", "xterm-256color"),
        ];
        let mut flags: Vec<String> = ["--account", "acme", "--user", "acme", "--store", url].map(str::to_owned).into();
        (0..AGENTS).for_each(|n| flags.extend(["-a".into(), agent(n)]));
        let command = pty::command(program.to_str().unwrap(), flags.iter().map(String::as_str), variables);
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let theirs = seen.clone();
        let pty = Pty::watched(command, SIZE.0, SIZE.1, move |piece| {
            let mut seen = theirs.lock().unwrap();
            let Seen { awaited, took } = &mut *seen;
            if awaited.is_empty() {
                return;
            }
            let text = piece.screen.contents();
            awaited.retain(|reading| {
                let there = shows(&text, &reading.id, &reading.aht);
                if there {
                    took.push(piece.at.saturating_duration_since(reading.committed));
                }
                !there
            });
        });
        Screen { name, seen, pty, _home: home }
    }

    fn says(&self) {
        let seen = self.seen.lock().unwrap();
        let mut took = seen.took.clone();
        took.sort();
        let at = |share: f64| took.get(((took.len() as f64 * share).ceil() as usize).max(1) - 1).copied();
        let ms = |d: Option<Duration>| d.map_or("none".into(), |d| format!("{:.0} ms", d.as_secs_f64() * 1e3));
        println!(
            "{:<12} {} median, {} p99, {} longest of {}, {} not seen",
            self.name,
            ms(at(0.5)),
            ms(at(0.99)),
            ms(at(1.0)),
            took.len(),
            seen.awaited.len()
        );
    }
}

fn agent(n: u64) -> String {
    format!("agent{:02}", n % AGENTS)
}

/// Whether the row of `id` has the value `aht`.
fn shows(text: &str, id: &str, aht: &str) -> bool {
    let mut rows = text.lines().map(|line| line.chars().take(TABLE).collect::<String>());
    rows.any(|row| row.contains(id) && row.contains(aht))
}

fn load() -> String {
    fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next().unwrap_or_default().to_owned()
}

fn main() {
    let args = args();
    let server = TestServer::start().expect("PostgreSQL");
    let direct = server.tcp_url("postgres", server.port);
    PostgresAdmin::connect(place(&direct)).and_then(|admin| admin.init()).unwrap();
    let store = PostgresStore::open(place(&direct), Arc::new(SystemClock::new())).unwrap();
    // In place of a poller: so nobody else is one.
    let me = Instance::here(Role::Serve);
    assert!(store.lease(&me, Duration::from_secs(86_400)).unwrap().mine);
    let says_that_it_lives = || store.set_status(&Status::new(store.now().stamp(), Link::Live)).unwrap();
    let append = |n: u64, aht: Aht| {
        let (target, at) = (Target::agent(agent(n)), store.now().stamp());
        store.append(&[Reading { target, at, outcome: Outcome::Value(aht), name: None }]).unwrap();
    };
    says_that_it_lives();
    (0..AGENTS).for_each(|n| append(n, Aht::from_secs(100)));
    let way = Proxy::slow(server.port, args.delay / 2);
    let slow = server.tcp_url("postgres", way.port);
    let screens = [
        Screen::start(&args.program, "no delay".into(), &direct),
        Screen::start(&args.program, format!("{} ms", args.delay.as_millis()), &slow),
    ];
    let all = |text: &str| (0..AGENTS).all(|n| shows(text, &agent(n), "1:40"));
    screens.iter().for_each(|screen| screen.pty.until("all agents", |pty| all(&pty.text())));
    thread::sleep(Duration::from_secs(15));
    let before = load();
    for n in 0..args.readings {
        thread::sleep(BETWEEN.0 + BETWEEN.1.mul_f64(rand::random()));
        // A text that is nowhere else in the row.
        let secs = 1000 + u32::try_from(n).unwrap();
        let (id, aht) = (agent(n), format!("{}:{:02}", secs / 60, secs % 60));
        // Nothing that is drawn meanwhile is looked at before the commit is noted.
        let mut seen = screens.each_ref().map(|screen| screen.seen.lock().unwrap());
        append(n, Aht::from_secs(secs));
        let committed = Instant::now();
        for seen in &mut seen {
            seen.awaited.push(Awaited { id: id.clone(), aht: aht.clone(), committed });
        }
        drop(seen);
        if n % 5 == 0 {
            says_that_it_lives();
        }
    }
    let end = Instant::now() + PATIENCE;
    while screens.iter().any(|screen| !screen.seen.lock().unwrap().awaited.is_empty()) && Instant::now() < end {
        thread::sleep(Duration::from_millis(10));
    }
    println!("{} readings; load {before} before, {} after", args.readings, load());
    screens.iter().for_each(Screen::says);
}
