//! The request ledger under faults of the file system, in real processes and on real mounts: a full disk, a directory
//! without rights, files that are damaged, removed or exchanged, two stores for one account. What arrives at the
//! service is counted.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::{FileExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use ahtop::{
    domain::ManualClock,
    store::{Instance, LedgerStore, Pace, PermitAnswer, PermitAsk, PermitKind, ResilientStore, Role, StoreState},
};

#[cfg(target_os = "linux")]
mod locks;

const BINARY: &str = env!("CARGO_BIN_EXE_ahtop");
/// The account's limit in these tests, and what of it is left for others.
const LIMIT: usize = 8;
const RESERVE: usize = 1;
/// What comes at once from who knows of no requests before: a token and the first of what is watched. Twice is too much.
const FIRST: usize = 5;
/// For what takes as long as the machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long is looked whether more comes than may: who forgets a window fills another one at once.
const LOOK: Duration = Duration::from_secs(6);

/// A service that answers everything and writes down when what arrived.
struct Service {
    base_url: String,
    seen: Arc<Mutex<Vec<(Instant, bool)>>>,
}

impl Service {
    fn start() -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<(Instant, bool)>>> = Arc::default();
        let all = seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = all.clone();
                // A process that is killed ends its connection as it likes.
                thread::spawn(move || drop(Service::serve(&stream, &seen)));
            }
        });
        Service { base_url, seen }
    }

    fn serve(mut stream: &TcpStream, seen: &Mutex<Vec<(Instant, bool)>>) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let (mut head, mut length) = (String::new(), 0);
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
            loop {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                let lower = line.to_ascii_lowercase();
                length = lower.strip_prefix("content-length:").and_then(|n| n.trim().parse().ok()).unwrap_or(length);
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            let token = head.contains("generateToken");
            let number = {
                let mut seen = seen.lock().unwrap();
                seen.push((Instant::now(), token));
                seen.len()
            };
            let asked: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let body = if token {
                serde_json::json!({"token": format!("token-{number}"), "message": ""})
            } else {
                let answer = serde_json::json!({"AgentID": asked["agentId"], "AgentName": "A", "AHT": "00:04:47"});
                serde_json::json!({"status": "success", "message": answer})
            };
            let body = body.to_string();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
        }
    }

    fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    fn tokens(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|(_, token)| *token).count()
    }

    /// The most that arrived in any 60 seconds.
    fn fullest(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        let within = |at: Instant| move |(other, _): &&(Instant, bool)| *other >= at && *other < at + PATIENCE;
        seen.iter().map(|(at, _)| seen.iter().filter(within(*at)).count()).max().unwrap_or(0)
    }

    fn until(&self, requests: usize) {
        let end = Instant::now() + PATIENCE;
        while self.count() < requests {
            assert!(Instant::now() < end, "only {} requests arrived", self.count());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Looks for a while, and then at everything.
    fn holds(&self, what: &str) {
        thread::sleep(LOOK);
        assert!(self.fullest() <= LIMIT, "{what}: {} requests in a minute", self.fullest());
        assert!(self.tokens() <= 2, "{what}: {} tokens", self.tokens());
    }
}

/// What the processes of a test have in common.
struct Account {
    home: tempfile::TempDir,
    service: Service,
    /// Another user, where the test may become one.
    user: Option<&'static str>,
    /// Whether the system's refusals of locks can be made.
    refusals: bool,
}

impl Account {
    fn new() -> Account {
        Account { home: tempfile::tempdir().unwrap(), service: Service::start(), user: None, refusals: false }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn command(&self, store: &Path, what: &[&str]) -> Command {
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", user, "--clear-groups", BINARY]);
                command
            }
            None => Command::new(BINARY),
        };
        command.args(["--base-url", &self.service.base_url, "--user", "acme", "--min-interval", "5s"]);
        command.args(["--requests-per-minute", &LIMIT.to_string(), "--reserve", &RESERVE.to_string()]);
        command.arg("--store").arg(format!("sqlite://{}", store.display()));
        for n in 0..30 {
            command.args(["-a", &format!("agent-{n}")]);
        }
        command.args(what).env_clear().env("PATH", "/usr/bin:/bin").env("LANG", "C.UTF-8");
        command.env("HOME", self.home.path()).env("XDG_RUNTIME_DIR", self.home.path());
        command.env("AHTOP_STATE_DIR", self.path("state")).env("AHTOP_API_KEY", "a-key");
        #[cfg(target_os = "linux")]
        if self.refusals {
            command.envs(locks::variables(self.home.path()));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn serve(&self, store: &Path) -> Running {
        Running(self.command(store, &["serve"]).spawn().unwrap())
    }

    /// A sweep, which polls where nobody else does.
    fn once(&self, store: &Path) -> Running {
        Running(self.command(store, &["once"]).spawn().unwrap())
    }
}

/// Killed when it is dropped, without a chance to say so.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn beside(store: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", store.display()))
}

/// Does harm to a store through which requests were just sent, in which two poll and a third one sweeps; then kills one, and starts
/// it and another one again.
fn harmed(what: &str, harm: impl Fn(&Path) + Sync) {
    let under_way = || {
        let account = Account::new();
        let store = account.path("acme.db");
        let (one, two) = (account.serve(&store), account.serve(&store));
        account.service.until(FIRST);
        let once = account.once(&store);
        harm(&store);
        thread::sleep(Duration::from_secs(2));
        drop(one);
        let _running = (account.serve(&store), account.once(&store), two, once);
        account.service.holds(what);
    };
    let all_killed = || {
        let account = Account::new();
        let store = account.path("acme.db");
        let running = (account.serve(&store), account.serve(&store));
        account.service.until(FIRST);
        drop(running);
        harm(&store);
        let _running = (account.serve(&store), account.once(&store), account.serve(&store));
        account.service.holds(what);
    };
    thread::scope(|scope| {
        scope.spawn(under_way);
        scope.spawn(all_killed);
    });
}

fn cut(path: &Path, length: u64) {
    File::options().write(true).open(path).unwrap().set_len(length).unwrap();
}

#[test]
fn a_database_that_is_cut_off_costs_no_second_window() {
    harmed("emptied", |store| cut(store, 0));
    harmed("cut in the middle", |store| cut(store, 10_000));
}

#[test]
fn a_database_that_is_overwritten_costs_no_second_window() {
    harmed("overwritten", |store| {
        let file = File::options().write(true).open(store).unwrap();
        file.write_all_at(&[0x55; 60_000], 0).unwrap();
    });
    harmed("pages overwritten", |store| {
        let file = File::options().write(true).open(store).unwrap();
        file.write_all_at(&[0; 40_960], 4096).unwrap();
        // The log may be gone where nobody has it open.
        if let Ok(log) = File::options().write(true).open(beside(store, "-wal")) {
            log.set_len(0).unwrap();
        }
    });
}

#[test]
fn files_that_are_removed_cost_no_second_window() {
    let endings: [(&str, &[&str]); 4] = [
        ("the database", &["", "-wal", "-shm"]),
        ("the log", &["-wal", "-shm"]),
        ("the ledger", &[".requests"]),
        ("everything", &["", "-wal", "-shm", ".requests", ".token", ".lock", ".poller"]),
    ];
    thread::scope(|scope| {
        for (what, endings) in endings {
            let remove = |store: &Path| endings.iter().for_each(|ending| drop(fs::remove_file(beside(store, ending))));
            scope.spawn(move || harmed(what, remove));
        }
    });
}

#[test]
fn an_older_copy_that_is_put_back_costs_no_second_window() {
    let account = Account::new();
    let (store, copy) = (account.path("acme.db"), account.path("copy"));
    fs::create_dir(&copy).unwrap();
    let files = ["", "-wal", "-shm", ".requests", ".token"];
    let name = |ending: &str| format!("acme.db{ending}");
    let running = account.serve(&store);
    account.service.until(1);
    files.iter().for_each(|ending| drop(fs::copy(account.path(&name(ending)), copy.join(name(ending)))));
    account.service.until(FIRST);
    drop(running);
    files.iter().for_each(|ending| drop(fs::copy(copy.join(name(ending)), account.path(&name(ending)))));
    let _running = (account.serve(&store), account.once(&store));
    account.service.holds("put back");
}

#[test]
fn a_full_disk_costs_no_second_window() {
    for full_from_the_start in [false, true] {
        let account = Account::new();
        let at = account.path("disk");
        let Some(disk) = Disk::mount(&at, "2m") else { return };
        let store = at.join("acme.db");
        if full_from_the_start {
            disk.fill();
        }
        let (one, two) = (account.serve(&store), account.serve(&store));
        if !full_from_the_start {
            account.service.until(FIRST);
            disk.fill();
        }
        thread::sleep(Duration::from_secs(2));
        drop(one);
        let three = account.serve(&store);
        thread::sleep(Duration::from_secs(2));
        drop(two);
        let _running = (account.serve(&store), account.once(&store), three);
        account.service.holds("full");
        disk.free();
        account.service.holds("free again");
    }
}

#[test]
fn a_directory_without_rights_costs_no_second_window() {
    for taken_away in [false, true] {
        let mut account = Account::new();
        if rustix::process::geteuid().is_root() {
            account.user = Some("65534");
        }
        // A home that the other user can reach, and a store of its own.
        let (at, user) = (account.path("rights"), account.user.unwrap_or("0"));
        fs::create_dir(&at).unwrap();
        if account.user.is_some() {
            fs::set_permissions(account.home.path(), fs::Permissions::from_mode(0o755)).unwrap();
            let mut chown = Command::new("chown");
            chown.arg(user).arg(&at).arg(account.home.path());
            assert!(chown.status().unwrap().success());
        }
        let store = at.join("acme.db");
        let rights = |mode| fs::set_permissions(&at, fs::Permissions::from_mode(mode)).unwrap();
        if !taken_away {
            rights(0o500);
        }
        let (one, two) = (account.serve(&store), account.serve(&store));
        if taken_away {
            account.service.until(FIRST);
            rights(0o500);
            drop(one);
            let _running = (account.serve(&store), account.once(&store), two);
            account.service.holds("taken away");
        } else {
            let _running = (account.once(&store), one, two);
            account.service.holds("without rights");
        }
        rights(0o700);
    }
}

#[test]
fn two_stores_of_an_account_share_its_window() {
    let account = Account::new();
    let (one, two) = (account.path("one.db"), account.path("two.db"));
    let _first = account.serve(&one);
    account.service.until(FIRST);
    let second = (account.serve(&two), account.once(&two));
    account.service.holds("side by side");
    // Whoever polled is gone; the other one takes over, and knows.
    drop(_first);
    account.service.holds("one after the other");
    drop(second);
    assert_eq!(account.service.tokens(), 1);
}

/// Faults as they come, for as many seconds as `AHTOP_STORM` says.
#[test]
#[ignore = "takes as long as AHTOP_STORM says, in seconds (default 180)"]
fn a_storm_of_faults_costs_no_second_window() {
    let number = |name: &str| std::env::var(name).ok().and_then(|n| n.parse::<u64>().ok());
    let (seconds, mut seed) = (number("AHTOP_STORM").unwrap_or(180), number("AHTOP_SEED").unwrap_or(1));
    let mut below = |n: u64| {
        // An LCG: the same storm for the same seed, as far as processes do the same.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % n
    };
    let account = Account::new();
    let at = account.path("disk");
    let disk = Disk::mount(&at, "3m");
    fs::create_dir_all(&at).unwrap();
    let store = at.join("acme.db");
    let mut running: Vec<Running> = (0..3).map(|_| account.serve(&store)).collect();
    let begun = Instant::now();
    let mut done = vec![];
    while begun.elapsed() < Duration::from_secs(seconds) {
        thread::sleep(Duration::from_millis(500 + 500 * below(12)));
        let endings = ["", "-wal", "-shm", ".requests", ".token", ".lock", ".poller"];
        let ending = endings[usize::try_from(below(7)).unwrap()];
        let path = beside(&store, ending);
        let deed = match below(8) {
            0 => {
                let _ = fs::remove_file(&path);
                format!("remove {ending}")
            }
            1 => {
                let length = below(60_000);
                let _ = File::options().write(true).open(&path).and_then(|file| file.set_len(length));
                format!("cut {ending} at {length}")
            }
            2 => {
                let (from, length) = (below(20_000), below(9_000));
                let bytes = vec![0x55; usize::try_from(length).unwrap()];
                let _ = File::options().write(true).open(&path).and_then(|file| file.write_all_at(&bytes, from));
                format!("overwrite {ending} {from}+{length}")
            }
            3 if disk.is_some() => {
                if let Some(disk) = &disk {
                    if at.join("filler").exists() { disk.free() } else { disk.fill() }
                }
                "fill or free".to_owned()
            }
            4 => {
                let n = usize::try_from(below(3)).unwrap();
                let pid = rustix::process::Pid::from_child(&running[n].0);
                rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
                thread::sleep(Duration::from_millis(500 * below(14)));
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::CONT);
                "stop".to_owned()
            }
            5 => {
                running.clear();
                running.extend((0..3).map(|_| account.serve(&store)));
                "kill all".to_owned()
            }
            _ => {
                let n = usize::try_from(below(3)).unwrap();
                running[n] = account.serve(&store);
                "kill one".to_owned()
            }
        };
        done.push(format!("{:.1} s {deed}, {} requests", begun.elapsed().as_secs_f32(), account.service.count()));
        assert!(account.service.fullest() <= LIMIT, "{} in a minute\n{}", account.service.fullest(), done.join("\n"));
    }
    let tokens = account.service.tokens();
    let what =
        format!("{} requests, {} in a minute, {tokens} tokens", account.service.count(), account.service.fullest());
    assert!(tokens <= 4, "{what}\n{}", done.join("\n"));
    let _ = writeln!(std::io::stderr(), "{what}\n{}", done.join("\n"));
}

/// A small file system in memory, which a test can fill. `None`, and a line, where this user may not mount.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, size: &str) -> Option<Disk> {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "tmpfs"]).arg(at);
        let mounted = mount.output().is_ok_and(|mount| mount.status.success());
        if !mounted {
            let _ = writeln!(std::io::stderr(), "skipped: a full disk, since this user may not mount one");
        }
        mounted.then(|| Disk(at.to_owned()))
    }

    /// Takes all that is left.
    fn fill(&self) {
        // Fails when it is full.
        let _ = fs::write(self.0.join("filler"), vec![0; 64 << 20]);
    }

    fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

fn manual() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-02-02T02:40:00Z".parse().unwrap()))
}

fn me() -> Instance {
    Instance::here(Role::Serve)
}

fn asks(store: &ResilientStore) -> PermitAnswer {
    let (void_after, timeout) = (Duration::from_secs(1), Duration::from_secs(9));
    store.permit(&me(), &PermitAsk { kind: PermitKind::Aht, cap: 3, pace: Pace::Burst, void_after, timeout }).unwrap()
}

#[test]
fn a_ledger_that_cannot_be_written_any_more_is_waited_for_once() {
    let dir = tempfile::tempdir().unwrap();
    let disk_path = dir.path().join("disk");
    let Some(disk) = Disk::mount(&disk_path, "2m") else { return };
    let clock = manual();
    let account = format!("https://example.invalid {}", dir.path().display());
    let path = disk_path.join("acme.db");
    let (store, _) = ResilientStore::open_for(path.clone(), clock.clone(), Some(&account)).unwrap();
    let PermitAnswer::Granted { id, .. } = asks(&store) else { panic!("not granted") };
    store.finish(id, true).unwrap();
    // Cut on a full disk: it can be read, and neither made good nor written.
    let ledger = disk_path.join("acme.db.requests");
    fs::File::options().write(true).open(&ledger).unwrap().set_len(0).unwrap();
    disk.fill();
    assert!(matches!(asks(&store), PermitAnswer::Wait(d) if d == Duration::from_secs(70)));
    clock.advance(Duration::from_secs(70));
    // The other file tells enough.
    for _ in 0..3 {
        assert!(matches!(asks(&store), PermitAnswer::Granted { .. }), "{:?}", store.notice());
    }
    assert!(matches!(asks(&store), PermitAnswer::Wait(_)));
    disk.free();
    clock.advance(Duration::from_secs(71));
    assert!(matches!(asks(&store), PermitAnswer::Granted { .. }), "{:?}", store.notice());
    assert!(fs::metadata(&ledger).unwrap().len() > 0);
}
