//! A world in one thread and in injected time: poller, store, token keeping and several dashboards, under seeded faults
//! of the service, the network, the processes, the clock and above all the disk. At the simulated service a judge counts:
//! no 60 seconds over the limit, no fifth token in an hour, no two generations at a time, no invented reading. Once the
//! faults stop, readings must come again.
//!
//! A life is what follows from one seed; it goes the same way each time. By hand:
//!
//! ```text
//! AHTOP_WORLD_SEED=17 cargo test --test world -- --nocapture     this life, with its diary
//! AHTOP_WORLD_DAYS=30 cargo test --test world -- --nocapture     lives of 30 simulated days in all, one on each core
//! ```
#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test crate")]

mod disk;
#[path = "../it/support.rs"]
mod support;

mod wire;

use std::{
    collections::VecDeque,
    env,
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    iter,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ahtop::{
    api::Client,
    domain::{BootTime, Clock, Series, Target},
    poll::{Keys, Notifiers, Poller, Setup},
    sim::{Fault, FaultScope, Span, options::Latency},
    store::{Attention, Handle, Instance, Role, StorePlace, never_wait_for_locks, open_for, seed_ids},
};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde::{Deserialize, Serialize};
use support::{Gate, World};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::{JoinHandle, yield_now},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use wire::{Judge, Network, Wire};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
/// The signal of a write beyond the limit of a file's size; its number is the same on Linux and macOS.
const SIGXFSZ: i32 = 25;
/// Processes at the same time.
const MOST: usize = 4;
/// Lives of a run that was not asked for more.
const LIVES: u64 = 3;
/// In this variable a process that lives one life finds its seed.
const CHILD: &str = "AHTOP_WORLD_CHILD";
/// The test that lives it.
const TEST: &str = "whatever_fails_the_limit_and_the_tokens_are_kept_and_readings_come_again";
/// Acts that are told of a life that failed.
const TOLD: usize = 40;

/// A process: its tasks, and what its dashboard has got.
struct Process {
    name: String,
    place: usize,
    store: Handle,
    tasks: Vec<JoinHandle<()>>,
    polling: JoinHandle<()>,
    cancel: CancellationToken,
    gate: Arc<Gate>,
    stopped: bool,
    /// When the newest reading on its screen was made.
    newest: Arc<Mutex<Option<BootTime>>>,
}

/// What ends a fault that lasts.
enum End {
    Network,
    Disk,
    Blocked { path: PathBuf, away: PathBuf, lost: bool },
    Held(#[expect(dead_code, reason = "holds a lock")] File),
    Stopped(String),
    Slow,
}

struct Life {
    rng: StdRng,
    world: World,
    wire: Arc<Wire>,
    /// One name, or two: users of the machine who share a store, each with a runtime directory of their own.
    accounts: Vec<String>,
    /// One store, or two that do not know of each other.
    places: Vec<PathBuf>,
    _dir: tempfile::TempDir,
    processes: Vec<Process>,
    born: usize,
    ends: Vec<(BootTime, End)>,
    copies: Vec<disk::Copy>,
    /// How many milliseconds a call of a store takes.
    slowness: Arc<AtomicU64>,
    refusal: disk::Refusal,
    /// Requests that had arrived when a guard's file was last spoilt.
    guard_spoilt: Option<usize>,
    guard_copy: Option<(PathBuf, Vec<u8>)>,
    diary: VecDeque<String>,
    aloud: bool,
}

/// How a life went.
#[derive(Serialize, Deserialize)]
struct Report {
    lasted: Duration,
    recovered: Duration,
    peak: usize,
    generated: usize,
    print: u64,
}

/// The file of an account in the runtime directory; `None` before it is made.
fn account_file(account: &str, tail: &str) -> Option<PathBuf> {
    let sum =
        account.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, b| (sum ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    let user = rustix::process::geteuid().as_raw();
    let named = ["XDG_RUNTIME_DIR", "RUNTIME_DIRECTORY"].into_iter().filter_map(env::var_os).map(PathBuf::from);
    let dirs = named.chain([PathBuf::from(format!("/run/user/{user}"))]).map(|dir| dir.join("ahtop"));
    let dirs = dirs.chain([env::temp_dir().join(format!("ahtop-{user}"))]);
    dirs.map(|dir| dir.join(format!("account-{sum:016x}{tail}"))).find(|file| file.exists())
}

impl Drop for Life {
    fn drop(&mut self) {
        disk::refuse(&disk::Refusal::default());
        let files = |tail| self.accounts.iter().filter_map(move |account| account_file(account, tail));
        files(".requests").chain(files(".poller")).for_each(|file| drop(disk::remove(&file)));
    }
}

impl Life {
    fn new(seed: u64) -> Life {
        let mut rng = StdRng::seed_from_u64(seed);
        seed_ids(seed);
        never_wait_for_locks();
        disk::obey_rights();
        let agents = *[6, 20, 60, 120].choose(&mut rng).unwrap();
        let mut world = World::new(2, agents, |o| {
            o.model.seed = seed;
            o.retry_after = rng.random();
            o.latency = *[Latency::Fixed(5), Latency::default(), Latency::LongTail { median_ms: 900 }]
                .choose(&mut rng)
                .unwrap();
        });
        // In memory where the system offers that: the disk's speed is not what is looked at.
        let shm = Path::new("/dev/shm");
        let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap();
        let two = rng.random_range(0..6) == 0;
        let users = !two && rng.random_range(0..4) == 0;
        // Without a reserve nothing hides what was forgotten.
        let reserve = if rng.random() { 0 } else { world.rules.budget.reserve };
        world.rules.budget.reserve = reserve;
        let places = ["acme.db", "other.db"][..1 + usize::from(two)].iter().map(|name| dir.path().join(name)).collect();
        let (judge, network) = Default::default();
        Life {
            wire: Arc::new(Wire { sim: world.sim.clone(), judge, network }),
            accounts: (0..1 + u32::from(users)).map(|n| format!("world {} {seed} {n}", std::process::id())).collect(),
            places,
            _dir: dir,
            processes: vec![],
            born: 0,
            ends: vec![],
            copies: vec![],
            slowness: Arc::default(),
            refusal: disk::Refusal::default(),
            guard_spoilt: None,
            guard_copy: None,
            diary: VecDeque::new(),
            aloud: env::var_os("AHTOP_WORLD_SEED").is_some(),
            rng,
            world,
        }
    }

    fn now(&self) -> BootTime {
        self.world.clock.now().mono
    }

    fn judge(&self) -> std::sync::MutexGuard<'_, Judge> {
        self.wire.judge.lock().unwrap()
    }

    fn chance(&mut self, one_in: u32) -> bool {
        self.rng.random_range(0..one_in) == 0
    }

    fn write(&mut self, what: &str) {
        let at = self.now().since(self.wire.sim.started());
        let (s, ms) = (at.as_secs(), at.subsec_millis());
        let line = format!("{}:{:02}:{:02}.{ms:03} {what}", s / 3600, s / 60 % 60, s % 60);
        if self.aloud {
            disk::with_room(|| eprintln!("{line}"));
        }
        self.diary.push_back(line);
        if self.diary.len() > TOLD {
            self.diary.pop_front();
        }
    }

    fn start(&mut self) {
        let place = self.rng.random_range(0..self.places.len());
        self.born += 1;
        let name = format!("p{}", self.born);
        let clock = self.world.clock.clone();
        let account = self.accounts.choose(&mut self.rng).unwrap().clone();
        let opened = match open_for(&StorePlace::File(self.places[place].clone()), clock, Some(&account)) {
            Ok(opened) => opened,
            Err(e) => return self.write(&format!("{name} does not start: {e}")),
        };
        let role = if self.chance(3) { Role::Serve } else { Role::Dashboard };
        let notices: Vec<&str> = opened.notices.iter().map(|n| n.problem.word()).collect();
        let line = format!("{name} starts on store {place} as {} {notices:?}", role.word());
        self.write(&line);
        let store = Handle::here(opened.store, self.slowness.clone());
        let me = Instance { id: name.as_str().into(), pid: u32::try_from(self.born).unwrap(), host: "w".into(), role };
        let gate = Arc::new(Gate::default());
        let path = wire::Path { who: me.id.clone(), wire: self.wire.clone(), gate: gate.clone() };
        let poller = Poller::new(Setup {
            store: store.clone(),
            client: Arc::new(Client::new(Arc::new(path), "acme")),
            keys: Keys::Token("sim-key".to_owned().into()),
            me: me.clone(),
            rules: self.world.rules.clone(),
            notifiers: Notifiers::default(),
            seed: self.rng.random(),
        });
        let cancel = CancellationToken::new();
        let half = self.chance(3);
        let share = self.world.targets.iter().enumerate().filter(|(i, _)| !half || (i + self.born).is_multiple_of(2));
        let wants: Vec<(Target, Attention)> = share.map(|(_, t)| (t.clone(), Attention::Listed)).collect();
        let newest = Arc::new(Mutex::new(None));
        let tasks = vec![
            tokio::spawn(gate.clone().guard(want(store.clone(), me, wants))),
            tokio::spawn(gate.clone().guard(watch(store.clone(), self.wire.clone(), newest.clone()))),
        ];
        let polling = tokio::spawn(gate.clone().guard(poller.run(cancel.clone())));
        self.processes.push(Process { name, place, store, tasks, polling, cancel, gate, stopped: false, newest });
    }

    /// `kill -9`: nothing is given back, and the files stay as they are.
    async fn kill(&mut self, at: usize) {
        let process = self.processes.swap_remove(at);
        let line = format!("{} is killed", process.name);
        self.write(&line);
        let last = self.processes.iter().all(|p| p.place != process.place);
        let path = self.places[process.place].clone();
        // The last connection would tidy up when it is closed.
        let copy = if last { disk::copy(&path) } else { None };
        let store = Arc::downgrade(process.store.direct());
        process.polling.abort();
        process.tasks.iter().for_each(JoinHandle::abort);
        drop(process);
        while store.strong_count() > 0 {
            yield_now().await;
        }
        if let Some(copy) = copy {
            disk::leave(&path, &copy);
        }
    }

    /// A clean exit.
    async fn quit(&mut self, at: usize) {
        let process = self.processes.swap_remove(at);
        let line = format!("{} quits", process.name);
        self.write(&line);
        process.tasks.iter().for_each(JoinHandle::abort);
        process.cancel.cancel();
        tokio::time::timeout(MINUTE, process.polling).await.unwrap().unwrap();
    }

    fn some(&mut self, running: bool) -> Option<usize> {
        let fit: Vec<usize> = (0..self.processes.len()).filter(|i| !(running && self.processes[*i].stopped)).collect();
        fit.choose(&mut self.rng).copied()
    }

    fn later(&mut self, from: u64, to: u64, end: End) -> u64 {
        let secs = self.rng.random_range(from..to);
        self.ends.push((self.now() + SECOND * u32::try_from(secs).unwrap(), end));
        secs
    }

    async fn act(&mut self) {
        match self.rng.random_range(0..100) {
            0..20 => self.spoil_service(),
            20..28 => self.spoil_network(),
            28..38 => self.spoil_process().await,
            38..44 => {
                let step = self.rng.random_range(-7_200_000..7_200_000);
                self.world.clock.step_wall(step);
                self.write(&format!("the wall clock steps by {} s", step / 1000));
            }
            44..56 if self.processes.len() < MOST => self.start(),
            _ => self.spoil_disk().await,
        }
    }

    fn spoil_service(&mut self) {
        let rng = &mut self.rng;
        let faults = [
            Fault::Status(500),
            Fault::Status(503),
            Fault::Status(429),
            Fault::Status(401),
            Fault::GatewayTimeout,
            Fault::HtmlOk,
            Fault::Hang,
            Fault::Drip { byte_ms: 300 },
            Fault::Reset,
            Fault::Truncate,
            Fault::Garbage,
            Fault::HugeBody { bytes: 200_000 },
            Fault::WrongShape,
            Fault::InvalidUtf8,
            Fault::HostileNames,
            Fault::ForeignUse { per_minute: rng.random_range(1..80) },
            Fault::ForeignMint { every_s: rng.random_range(20..200) },
        ];
        let fault = faults.choose(rng).unwrap().clone();
        let scope = *[FaultScope::All, FaultScope::Aht, FaultScope::Aht, FaultScope::Token].choose(rng).unwrap();
        let secs = rng.random_range(1..60);
        if self.chance(6) {
            self.wire.sim.revoke_token();
            return self.write("the token is revoked");
        }
        if self.chance(6) {
            let done = self.wire.sim.foreign_mint();
            return self.write(&format!("another client generates a token: {done}"));
        }
        self.write(&format!("service: {fault:?} of {scope:?} for {secs} s"));
        self.wire.sim.inject_into(scope, fault, Span::Millis(secs * 1000));
    }

    fn spoil_network(&mut self) {
        let rng = &mut self.rng;
        let late = Network::Late(rng.random_range(0..9000), rng.random_range(0..9000));
        let network = *[Network::Refused, Network::Swallowed, Network::Mute, late, late].choose(rng).unwrap();
        *self.wire.network.lock().unwrap() = network;
        let secs = self.later(1, 120, End::Network);
        self.write(&format!("network: {network:?} for {secs} s"));
    }

    async fn spoil_process(&mut self) {
        match self.rng.random_range(0..6) {
            0 if let Some(at) = self.some(true) => self.quit(at).await,
            1 | 2 if let Some(at) = self.some(true) => {
                let process = &mut self.processes[at];
                process.stopped = true;
                process.gate.stop();
                let name = process.name.clone();
                let secs = self.later(1, 200, End::Stopped(name.clone()));
                self.write(&format!("{name} is stopped for {secs} s"));
            }
            3 => self.kill_all().await,
            _ if let Some(at) = self.some(false) => self.kill(at).await,
            _ => self.start(),
        }
    }

    async fn kill_all(&mut self) {
        while !self.processes.is_empty() {
            self.kill(0).await;
        }
    }

    /// Something happens to the files; now and then while nobody looks, between a kill and a new start.
    async fn spoil_disk(&mut self) {
        let dead = self.chance(3);
        if dead {
            self.kill_all().await;
            let ms = self.rng.random_range(0..20_000);
            sleep(Duration::from_millis(ms)).await;
        }
        let place = self.rng.random_range(0..self.places.len());
        let path = self.places[place].clone();
        disk::refuse(&disk::Refusal::default());
        let line = match self.rng.random_range(0..24) {
            0..3 => self.spoil_all(&path),
            3..5 => self.slow_down(),
            _ => self.spoil(&path),
        };
        disk::refuse(&self.refusal);
        self.write(&format!("store {place}: {line}"));
        if dead {
            let ms = self.rng.random_range(0..20_000);
            sleep(Duration::from_millis(ms)).await;
            for _ in 0..self.rng.random_range(1..=MOST) {
                self.start();
            }
        }
    }

    /// Every call of every store takes its time, up to longer than a permit is good for.
    fn slow_down(&mut self) -> String {
        let ms = *[20, 300, 900, 1500, 4000].choose(&mut self.rng).unwrap();
        self.slowness.store(ms, Ordering::Relaxed);
        let secs = self.later(5, 240, End::Slow);
        format!("the disk is slow for {secs} s: {ms} ms a call")
    }

    fn spoil(&mut self, path: &Path) -> String {
        let (log, index) = (disk::beside(path, "-wal"), disk::beside(path, "-shm"));
        match self.rng.random_range(0..21) {
            0 => disk::cut(path, &mut self.rng),
            1 | 2 => disk::overwrite(path, 4096, &mut self.rng).0,
            3 => disk::cut(&log, &mut self.rng),
            4 => {
                let (line, astray) = disk::overwrite(&log, 4120, &mut self.rng);
                self.judge().mixed |= astray;
                line
            }
            5 => disk::remove(&log),
            6 => disk::remove(&index),
            7 => disk::remove(&log) + ", " + &disk::remove(&index),
            8 => disk::remove(path),
            9 => [path, &log, &index].map(disk::remove).join(", "),
            10 | 11 => match disk::copy(path) {
                Some(copy) => {
                    self.copies.push(copy);
                    "is copied".into()
                }
                None => "cannot be copied".into(),
            },
            12 | 13 => match self.copies.choose(&mut self.rng).cloned() {
                Some(copy) if self.rng.random() => {
                    disk::copy_over(path, &copy);
                    self.judge().mixed = true;
                    "an older copy is written over it".into()
                }
                Some(copy) => {
                    let with_log = self.rng.random();
                    disk::put_back(path, &copy, with_log);
                    format!("an older copy is put in its place, its log too: {with_log}")
                }
                None => "no older copy".into(),
            },
            14 | 15 => {
                let beyond = *[0, 4096, 20_000, 65_536, 200_000, 1 << 20].choose(&mut self.rng).unwrap();
                self.refusal.beyond = Some(beyond);
                let secs = self.later(5, 240, End::Disk);
                format!("the disk is full beyond {beyond} bytes of each file for {secs} s")
            }
            16 => {
                self.refusal.read_only = path.parent().map(Path::to_owned);
                let open_too = self.rng.random();
                if open_too {
                    self.refusal.beyond = Some(0);
                }
                let secs = self.later(5, 240, End::Disk);
                format!("the disk is read-only for {secs} s, also for who has its files open: {open_too}")
            }
            17 => {
                let tail = *["", "", "-wal", ".lock"].choose(&mut self.rng).unwrap();
                let (path, lost) = (disk::beside(path, tail), self.rng.random());
                match disk::block(&path) {
                    Some(away) => {
                        let secs = self.later(5, 240, End::Blocked { path, away, lost });
                        format!("a directory in the way of \"{tail}\" for {secs} s, the file lost: {lost}")
                    }
                    None => "a directory is in the way already".into(),
                }
            }
            18 => match disk::hold(&disk::beside(path, ".poller")) {
                Some(file) => {
                    let secs = self.later(5, 240, End::Held(file));
                    format!("the poller's lock is held by nobody for {secs} s")
                }
                None => "the poller's lock is held".into(),
            },
            _ => self.spoil_guard(path),
        }
    }

    /// All that tells of what was sent is spoilt at once, but not gone: that there was something must be seen.
    fn spoil_all(&mut self, path: &Path) -> String {
        let accounts = self.accounts.iter().filter_map(|account| account_file(account, ".requests"));
        let guards: Vec<PathBuf> = accounts.chain([disk::beside(path, ".requests")]).collect();
        self.judge().forget_generations();
        let cut = guards.iter().map(|file| disk::cut_to(file, 0));
        let lines: Vec<String> =
            cut.chain(["", "-wal"].map(|tail| disk::cut_to(&disk::beside(path, tail), 0))).collect();
        lines.join(", ")
    }

    /// One of the two files that keep what was sent. Never both before somebody has sent again: nobody could know then.
    fn spoil_guard(&mut self, path: &Path) -> String {
        let arrived = usize::try_from(self.wire.sim.counters().requests).unwrap();
        if self.guard_spoilt.is_some_and(|then| arrived < then + 3) {
            return "a guard is spoilt already".into();
        }
        // With two stores the account's file alone knows of both.
        let shared = if self.places.len() == 1 && self.rng.random() {
            account_file(&self.accounts[0], ".requests")
        } else {
            None
        };
        let file = shared.unwrap_or_else(|| disk::beside(path, ".requests"));
        self.guard_spoilt = Some(arrived);
        match self.rng.random_range(0..6) {
            0 => disk::remove(&file),
            1 => disk::cut(&file, &mut self.rng),
            2 => disk::overwrite(&file, 2048, &mut self.rng).0,
            3 | 4 => {
                self.guard_spoilt = None;
                match (self.guard_copy.take(), std::fs::read(&file)) {
                    (Some((of, bytes)), _) if of == file => {
                        self.guard_spoilt = Some(arrived);
                        disk::replace(&file, Some(&bytes));
                        "an older guard is put back".into()
                    }
                    (_, Ok(bytes)) => {
                        self.guard_copy = Some((file, bytes));
                        "the guard is copied".into()
                    }
                    _ => "no guard".into(),
                }
            }
            _ => match disk::block(&file) {
                Some(away) => {
                    let lost = self.rng.random();
                    let secs = self.later(5, 240, End::Blocked { path: file, away, lost });
                    format!("a directory in the way of the guard for {secs} s, the file lost: {lost}")
                }
                None => "a directory is in the way already".into(),
            },
        }
    }

    fn end(&mut self, end: End) {
        disk::refuse(&disk::Refusal::default());
        match end {
            End::Network => *self.wire.network.lock().unwrap() = Network::Well,
            End::Disk => self.refusal = disk::Refusal::default(),
            End::Blocked { path, away, lost } => disk::unblock(&path, &away, lost),
            End::Held(_) => {}
            End::Slow => self.slowness.store(0, Ordering::Relaxed),
            End::Stopped(name) => {
                for process in self.processes.iter_mut().filter(|p| p.name == name) {
                    process.stopped = false;
                    process.gate.go_on();
                }
            }
        }
        disk::refuse(&self.refusal);
    }

    /// Lets time run; faults that are due end.
    async fn pass(&mut self, span: Duration) -> Result<(), String> {
        let until = self.now() + span;
        loop {
            let now = self.now();
            self.ends.sort_by_key(|(at, _)| *at);
            while self.ends.first().is_some_and(|(at, _)| *at <= now) {
                let (_, end) = self.ends.remove(0);
                self.end(end);
            }
            if let Some(broken) = self.judge().broken.clone() {
                return Err(broken);
            }
            if now >= until {
                return Ok(());
            }
            let next = self.ends.first().map_or(until, |(at, _)| until.min(*at));
            sleep(next.since(now).clamp(Duration::from_millis(1), SECOND * 5)).await;
        }
    }

    async fn storm(&mut self) -> Result<(), String> {
        let until = self.now() + MINUTE * self.rng.random_range(30..150);
        let gap = self.rng.random_range(10_000..180_000);
        self.start();
        while self.now() < until {
            let ms = self.rng.random_range(100..gap);
            self.pass(Duration::from_millis(ms)).await?;
            self.act().await;
        }
        Ok(())
    }

    /// Ends all faults, and gives the time until every dashboard has readings again.
    async fn calm(&mut self) -> Result<Duration, String> {
        self.wire.sim.clear_faults();
        for (_, end) in std::mem::take(&mut self.ends) {
            self.end(end);
        }
        self.write("all faults end");
        let from = self.now();
        let generated = self.judge().tried_within_hour(from);
        let refused = self.judge().refused.is_some_and(|at| from.since(at) < MINUTE * 16);
        // After the last of few tokens the spacing of the next one; all ten may be other clients' as well.
        let foreign = self.wire.sim.counters().foreign_minted > 5;
        let token = match generated {
            _ if foreign => 60,
            0..=1 => 1,
            2 => 5,
            3 => 15,
            _ => 60,
        };
        let until = from + MINUTE * 5 + MINUTE * token.max(if refused { 15 } else { 0 });
        loop {
            if self.processes.is_empty() {
                self.start();
            }
            self.pass(SECOND * 5).await?;
            let one = self.places.len() == 1;
            let fresh = |p: &Process| p.newest.lock().unwrap().is_some_and(|at| at > from);
            let mut all = self.processes.iter();
            if if one { !self.processes.is_empty() && all.all(fresh) } else { all.any(fresh) } {
                break;
            }
            if self.now() > until {
                let fresh: Vec<_> = self.processes.iter().map(|p| (&p.name, p.place, fresh(p))).collect();
                let links: Vec<_> = self
                    .processes
                    .iter()
                    .map(|p| (p.store.direct().status().ok().flatten().map(|s| s.link), p.store.direct().notice()))
                    .collect();
                return Err(format!("no readings after {:?}: {fresh:?} {links:?}", self.now().since(from)));
            }
        }
        let took = self.now().since(from);
        self.write("all have readings again");
        self.pass(MINUTE * 5).await?;
        Ok(took)
    }

    async fn live(&mut self) -> Result<Report, String> {
        self.storm().await?;
        let recovered = self.calm().await?;
        let mut print = DefaultHasher::new();
        for entry in self.wire.sim.log() {
            (entry.at, &entry.path, &entry.target, entry.status, entry.delay_ms).hash(&mut print);
        }
        let lasted = self.now().since(self.wire.sim.started());
        self.kill_all().await;
        let judge = self.judge();
        let (peak, generated) = (judge.peak, judge.most_generated);
        Ok(Report { lasted, recovered, peak, generated, print: print.finish() })
    }
}

/// Says again and again what is wanted.
async fn want(store: Handle, me: Instance, wants: Vec<(Target, Attention)>) {
    loop {
        let (wants, me) = (wants.clone(), me.clone());
        let _ = store.call(move |s| s.want(&me, &wants, SECOND * 30)).await;
        sleep(SECOND * 10).await;
    }
}

/// What a dashboard reads.
async fn watch(store: Handle, wire: Arc<Wire>, newest: Arc<Mutex<Option<BootTime>>>) {
    let mut cursor = None;
    let mut version = None;
    loop {
        let known = cursor;
        let seen = version;
        let got = store
            .call(move |s| {
                let version = s.version()?;
                if Some(version) == seen {
                    return Ok((version, vec![], known.unwrap_or_default()));
                }
                let _ = (s.status()?, s.usage()?, s.notice());
                match known {
                    Some(cursor) => s.since(cursor, 1000).map(|(readings, cursor)| (version, readings, cursor)),
                    None => s.snapshot(Series::SPAN).map(|snapshot| (version, vec![], snapshot.cursor)),
                }
            })
            .await;
        if let Ok((now, readings, behind)) = got {
            (version, cursor) = (Some(now), Some(behind));
            let mut judge = wire.judge.lock().unwrap();
            for reading in &readings {
                judge.shown(reading);
                if reading.outcome.is_good() {
                    let mut newest = newest.lock().unwrap();
                    *newest = newest.max(Some(reading.at.mono));
                }
            }
        }
        sleep(SECOND * 2).await;
    }
}

/// Lives one life, from its beginning to the recovery.
fn live(seed: u64) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        // A write beyond the limit is an error then, not the end.
        let _caught = signal(SignalKind::from_raw(SIGXFSZ)).unwrap();
        let mut life = Life::new(seed);
        match life.live().await {
            Ok(report) => report,
            Err(broken) => {
                disk::refuse(&disk::Refusal::default());
                let diary = life.diary.make_contiguous().join("\n  ");
                life.write("that broke a rule");
                panic!("seed {seed}: {broken}; again with AHTOP_WORLD_SEED={seed}. Before that:\n  {diary}")
            }
        }
    })
}

fn asked<T: std::str::FromStr>(name: &str) -> Option<T> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}: {text}")))
}

/// Lives one life in a process of its own, whose output goes through a pipe: the limit of a file's size would also stop
/// the harness, where it writes to a file. Lives side by side do not see each other's disk then.
fn live_apart(seed: u64) -> Result<Report, String> {
    let mut apart = Command::new(env::current_exe().unwrap());
    apart.args([TEST, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, seed.to_string());
    let ended = apart.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    let (report, diary): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.starts_with('{'));
    match report.first() {
        Some(report) if ended.status.success() => {
            diary.iter().for_each(|line| eprintln!("{line}"));
            Ok(serde_json::from_str(report).unwrap())
        }
        _ => Err(format!("{}: {said}", ended.status)),
    }
}

#[test]
fn whatever_fails_the_limit_and_the_tokens_are_kept_and_readings_come_again() {
    if let Some(seed) = asked(CHILD) {
        let report = serde_json::to_string(&live(seed)).unwrap();
        return eprintln!("{report}");
    }
    let begun = Instant::now();
    let one: Option<u64> = asked("AHTOP_WORLD_SEED");
    let days: Option<f64> = asked("AHTOP_WORLD_DAYS");
    let (next, lived) = (AtomicU64::new(one.unwrap_or(1)), Mutex::new(vec![]));
    let enough = |seed: u64| {
        let lived = lived.lock().unwrap();
        let lasted = days_of(lived.iter().flatten());
        lived.iter().any(Result::is_err)
            || match days {
                _ if one.is_some() => one < Some(seed),
                Some(days) => lasted >= days,
                None => seed > LIVES,
            }
    };
    let live_on = || {
        for seed in iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed)).take_while(|seed| !enough(*seed)) {
            let report = live_apart(seed);
            lived.lock().unwrap().push(report);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(live_on);
        }
    });
    let reports: Result<Vec<Report>, String> = lived.into_inner().unwrap().into_iter().collect();
    let reports = reports.unwrap_or_else(|broken| panic!("{broken}"));
    let (simulated, real) = (days_of(&reports), begun.elapsed().as_secs_f64());
    let most = |of: fn(&Report) -> usize| reports.iter().map(of).max().unwrap_or(0);
    let slowest = reports.iter().map(|r| r.recovered).max().unwrap_or_default();
    eprintln!(
        "{} lives, {simulated:.2} simulated days in {real:.1} s: {:.2} days a minute; at most {} requests in a minute \
         and {} tokens in an hour; the slowest recovery took {slowest:?}",
        reports.len(),
        simulated / real * 60.0,
        most(|r| r.peak),
        most(|r| r.generated),
    );
}

fn days_of<'a>(reports: impl IntoIterator<Item = &'a Report>) -> f64 {
    reports.into_iter().map(|r| r.lasted).sum::<Duration>().as_secs_f64() / 86_400.0
}

#[test]
fn a_life_goes_the_same_way_each_time() {
    let [one, again] = [26, 26].map(|seed| live_apart(seed).unwrap());
    assert_eq!((one.lasted, one.print), (again.lasted, again.print));
}
