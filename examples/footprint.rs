//! What the dashboard costs: bytes to the terminal, processor time, context switches, memory, the first frame and the
//! answer to a key; each of a program in a pseudo-terminal of 120x40.
//!
//! ```text
//! cargo run --release --example footprint                       # the demo, ages every second, 60 s
//! cargo run --release --example footprint -- --seconds 120 -- demo --age-step 10s
//! cargo run --release --example footprint -- --beside 60        # 60 targets of a simulated service outside of it
//! cargo run --release --example footprint -- --fill DIR         # a store with 500 agents and 30 days, and its start
//! cargo run --release --example footprint -- --program htop --  # something else, for comparison
//! ```
//!
//! The program is `target/release/ahtop` unless `--program` names another one. Only Linux tells all of it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a tool for developers that should say where it fails"
)]

#[path = "../tests/it/pty.rs"]
mod pty;

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use ahtop::{
    domain::{Aht, Clock, EventTime, Kind, Outcome, Reading, SystemClock, Target},
    sim::{Scenario, SimServer, SimService, options::RosterChoice},
    store::{ReadingStore, SqliteStore},
};
use portable_pty::CommandBuilder;
use pty::Pty;
use tokio_util::sync::CancellationToken;

const SIZE: (u16, u16) = (120, 40);
/// Agents and days of the large store.
const LARGE: (u32, i64) = (500, 30);
/// Readings a minute in it: the budget.
const RATE: i64 = 45;

struct Args {
    seconds: u64,
    program: PathBuf,
    fill: Option<PathBuf>,
    beside: Option<usize>,
    rest: Vec<String>,
}

fn args() -> Args {
    let beside = std::env::current_exe().unwrap();
    let program = beside.parent().and_then(Path::parent).unwrap().join("ahtop");
    let mut args = Args { seconds: 60, program, fill: None, beside: None, rest: vec!["demo".into()] };
    let mut given = std::env::args().skip(1);
    while let Some(arg) = given.next() {
        let mut value = || given.next().expect("a value behind the flag");
        match arg.as_str() {
            "--seconds" => args.seconds = value().parse().expect("a number of seconds"),
            "--program" => args.program = value().into(),
            "--fill" => args.fill = Some(value().into()),
            "--beside" => args.beside = Some(value().parse().expect("a number of targets")),
            "--" => {
                args.rest = given.collect();
                break;
            }
            other => panic!(
                "{other}: --seconds N, --program FILE, --fill DIR, --beside N, or -- and the program's arguments"
            ),
        }
    }
    args
}

fn main() {
    let mut args = args();
    let mut variables = vec![("TERM", "xterm-256color".to_owned()), ("LANG", "C.UTF-8".to_owned())];
    if let Some(dir) = &args.fill {
        let config = fill(dir);
        variables.push(("AHTOP_STATE_DIR", dir.to_string_lossy().into_owned()));
        args.rest = vec!["--config".into(), config.to_string_lossy().into_owned()];
    }
    let state = tempfile::tempdir().unwrap();
    let _service = args.beside.map(|targets| {
        let service = Service::start(targets);
        args.rest = service.flags();
        variables.push(("AHTOP_API_KEY", service.sim.options().api_key));
        variables.push(("AHTOP_STATE_DIR", state.path().to_string_lossy().into_owned()));
        service
    });
    let mut run = Run::start(&args, &variables);
    let first = run.first_frame();
    println!("first frame       {:>8.1} ms", first.as_secs_f64() * 1e3);
    // The first fill of the tables is no steady state; only the demo begins with its past.
    thread::sleep(Duration::from_secs(if args.beside.is_some() { 90 } else { 15 }));
    let (before, bytes, writes) = (run.usage(), run.bytes(), run.writes());
    thread::sleep(Duration::from_secs(args.seconds));
    let (after, bytes, writes) = (run.usage(), run.bytes() - bytes, run.writes() - writes);
    let seconds = args.seconds as f64;
    println!("bytes             {:>8.0} /s in {:.2} reads/s", bytes as f64 / seconds, writes as f64 / seconds);
    println!("processor time    {:>8.2} s/min", (after.cpu - before.cpu) * 60.0 / seconds);
    println!(
        "context switches  {:>8.1} /s by itself, {:.1} /s because others want the processor",
        (after.waits - before.waits) as f64 / seconds,
        (after.preempted - before.preempted) as f64 / seconds
    );
    println!(
        "resident memory   {:>8.1} MiB, {:.1} MiB before; {:.1} MiB is its own, the rest parts of files",
        after.resident, before.resident, after.own
    );
    for (what, mut answers) in [("key answered", run.answers(400)), ("of 200 a second", run.held_down(2000))] {
        answers.sort();
        let at = |share: f64| match answers[((answers.len() - 1) as f64 * share) as usize] {
            Duration::MAX => "none".to_owned(),
            took => format!("{:.1} ms", took.as_secs_f64() * 1e3),
        };
        println!("{what:<17} {:>11} median, {} p99", at(0.5), at(0.99));
    }
}

/// The demo's call centre at another size, day and night, in a thread of this process.
struct Service {
    sim: Arc<SimService>,
    base_url: String,
    _runtime: tokio::runtime::Runtime,
}

impl Service {
    fn start(targets: usize) -> Service {
        let mut options = Scenario::Busy.options(1);
        let campaigns = targets / 10;
        let agents = targets - campaigns;
        options.model.roster = RosterChoice::Generated { campaigns, agents, around_the_clock: true };
        let sim = Arc::new(SimService::new(options, Arc::new(SystemClock::new())));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(SimServer::bind(0)).unwrap();
        let base_url = server.base_url();
        runtime.spawn(server.serve(sim.clone(), CancellationToken::new()));
        Service { sim, base_url, _runtime: runtime }
    }

    fn flags(&self) -> Vec<String> {
        let mut flags = vec!["--base-url".into(), self.base_url.clone(), "--user".into(), self.sim.options().user_name];
        for target in self.sim.roster().targets() {
            flags.push(if target.kind == Kind::Agent { "-a" } else { "-C" }.into());
            flags.push(target.id.to_string());
        }
        flags
    }
}

/// A program in a terminal.
struct Run {
    started: Instant,
    first: Arc<Mutex<Option<Instant>>>,
    bytes: Arc<AtomicU64>,
    writes: Arc<AtomicU64>,
    /// When something was drawn.
    drawn: mpsc::Receiver<Instant>,
    pty: Pty,
}

impl Run {
    fn start(args: &Args, variables: &[(&str, String)]) -> Run {
        let mut command = CommandBuilder::new(&args.program);
        command.args(&args.rest);
        variables.iter().for_each(|(name, value)| command.env(name, value));
        let first: Arc<Mutex<Option<Instant>>> = Arc::default();
        let (bytes, writes): (Arc<AtomicU64>, Arc<AtomicU64>) = Default::default();
        let (theirs, sum, count) = (first.clone(), bytes.clone(), writes.clone());
        let (draws, drawn) = mpsc::channel();
        let started = Instant::now();
        let pty = Pty::watched(command, SIZE.0, SIZE.1, move |piece| {
            sum.fetch_add(piece.bytes.len() as u64, Ordering::SeqCst);
            count.fetch_add(1, Ordering::SeqCst);
            let _ = draws.send(piece.at);
            let mut first = theirs.lock().unwrap();
            if first.is_none() {
                // A full frame has a row with an age in most of its lines.
                let text = piece.screen.contents();
                let full = text.lines().filter(|l| l.contains(':')).count() > usize::from(SIZE.1) / 3;
                *first = full.then(Instant::now);
            }
        });
        Run { started, first, bytes, writes, drawn, pty }
    }

    fn first_frame(&self) -> Duration {
        for _ in 0..30_000 {
            if let Some(at) = *self.first.lock().unwrap() {
                return at - self.started;
            }
            thread::sleep(Duration::from_millis(1));
        }
        Duration::MAX
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::SeqCst)
    }

    fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    /// How long it takes from a key to the first byte of a changed screen.
    fn answers(&mut self, n: usize) -> Vec<Duration> {
        (0..n)
            .map(|i| {
                // Between two frames, so that it is the key that is answered.
                thread::sleep(Duration::from_millis(43 + (i as u64 * 7) % 20));
                while self.drawn.try_recv().is_ok() {}
                let at = Instant::now();
                self.pty.press(if i % 2 == 0 { "j" } else { "k" });
                let answered = self.drawn.recv_timeout(Duration::from_secs(1));
                answered.map_or(Duration::MAX, |drawn| drawn - at)
            })
            .collect()
    }

    /// How long it takes from each of so many keys, 200 a second, to the next change of the screen.
    fn held_down(&mut self, n: usize) -> Vec<Duration> {
        while self.drawn.try_recv().is_ok() {}
        let begun = Instant::now();
        let keys: Vec<Instant> = (0..n)
            .map(|i| {
                let due = begun + Duration::from_millis(5 * i as u64);
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let at = Instant::now();
                self.pty.press(if i % 20 < 10 { "j" } else { "k" });
                at
            })
            .collect();
        // The answer to the last ones.
        thread::sleep(Duration::from_secs(1));
        let mut drawn = self.drawn.try_iter().peekable();
        keys.iter()
            .map(|at| {
                while drawn.next_if(|drawn| drawn < at).is_some() {}
                drawn.peek().map_or(Duration::MAX, |drawn| *drawn - *at)
            })
            .collect()
    }

    fn usage(&self) -> Usage {
        let pid = self.pty.pid();
        let read = |path: String| fs::read_to_string(path).unwrap_or_default();
        let stat = read(format!("/proc/{pid}/stat"));
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks: u64 = [11, 12].iter().filter_map(|i| fields.get(*i)?.parse::<u64>().ok()).sum();
        let (mut waits, mut preempted) = (0, 0);
        for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
            waits += number(&status, "voluntary_ctxt_switches:");
            preempted += number(&status, "nonvoluntary_ctxt_switches:");
        }
        let status = read(format!("/proc/{pid}/status"));
        let [resident, own] = ["VmRSS:", "RssAnon:"].map(|name| number(&status, name) as f64 / 1024.0);
        Usage { cpu: ticks as f64 / 100.0, waits, preempted, resident, own }
    }
}

#[derive(Clone, Copy)]
struct Usage {
    /// Seconds.
    cpu: f64,
    waits: u64,
    preempted: u64,
    /// MiB.
    resident: f64,
    /// MiB of it that no file holds: what all programs of a machine cannot share, nor the system take back.
    own: f64,
}

fn number(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|l| l.strip_prefix(name));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Makes a state directory with a store of a large account, unless it is there already, and its configuration, which
/// only watches.
fn fill(dir: &Path) -> PathBuf {
    let config = dir.join("config.toml");
    let (agents, days) = LARGE;
    let ids: Vec<String> = (0..agents).map(|i| format!("agent{i:03}@example.org")).collect();
    if !dir.join("large.db").exists() {
        fs::create_dir_all(dir).unwrap();
        let mut text =
            String::from("account.name = \"large\"\n[bands]\ntarget = \"4:47\"\nhigh_warn = \"6:15\"\n[watch]\n");
        writeln!(text, "agents = {ids:?}").unwrap();
        fs::write(&config, text).unwrap();
        let clock = Arc::new(SystemClock::new());
        let store = SqliteStore::open(&dir.join("large.db"), clock.clone()).unwrap();
        let now = clock.now();
        let all = days * 24 * 60 * RATE;
        let mut batch = Vec::new();
        for n in 0..all {
            let back = Duration::from_millis(u64::try_from((all - n) * 60_000 / RATE).unwrap());
            let agent = usize::try_from(n).unwrap() % ids.len();
            let secs = 200 + u32::try_from((n * 7919) % 200).unwrap();
            let outcome = if n % 50 == 7 { Outcome::NoCalls } else { Outcome::Value(Aht::from_secs(secs)) };
            let at =
                EventTime { boot: now.boot.clone(), mono: now.mono - back, wall: now.wall.checked_sub(back).unwrap() };
            batch.push(Reading { target: Target::agent(ids[agent].as_str()), at, outcome, name: None });
            if batch.len() == 20_000 || n + 1 == all {
                store.append(&batch).unwrap();
                batch.clear();
            }
        }
        println!("{all} readings in {}", dir.join("large.db").display());
    }
    config
}
