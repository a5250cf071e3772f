//! Real processes on one store: a takeover in three terminals, a viewer without a secret, and the service.

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind},
    net::TcpListener,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixDatagram,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::{
    live::signal,
    pty::{self, Pty},
};
use ahtop::{
    domain::{Aht, Clock, Outcome, Reading, SystemClock, Target},
    store::{DocumentStore, EventKind, LeaseStore, LedgerStore, RangeQuery, ReadingStore, SqliteStore, TokenStore},
};
use rustix::process::Signal;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_ahtop");
/// For what takes as long as the machine is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn until<T>(what: &str, most: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + most;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "not within {most:?}: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// The program, killed when the test is over whatever it came to.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The simulated service on a free port, and the flags that lead to it.
pub(crate) fn sim() -> (Running, Vec<String>) {
    let mut command = Command::new(BINARY);
    command.args(["sim", "--port", "0", "--scenario", "busy"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.map_while(Result::ok).find(|l| l.contains(" ahtop --base-url ")).unwrap();
    let flags = line.split_once(" ahtop ").unwrap().1.split_whitespace().map(str::to_owned).collect();
    (Running(child), flags)
}

/// What every process of these tests is started with, as name and value.
pub(crate) fn surroundings(home: &Path) -> Vec<(&'static str, String)> {
    let own = home.display().to_string();
    vec![
        ("HOME", own.clone()),
        ("XDG_RUNTIME_DIR", own.clone()),
        ("AHTOP_STATE_DIR", own),
        ("PATH", "/usr/bin:/bin".into()),
        ("LANG", "C.UTF-8".into()),
        ("TERM", "xterm-256color".into()),
    ]
}

/// A dashboard in a terminal of its own.
pub(crate) fn dashboard(home: &Path, flags: &[String], key: Option<&str>) -> Pty {
    let variables = surroundings(home).into_iter().chain(key.map(|key| ("AHTOP_API_KEY", key.to_owned())));
    Pty::start(pty::command(BINARY, flags.iter().map(String::as_str), variables), 140, 30)
}

/// What the footer says of who polls.
pub(crate) fn polls(dashboard: &Pty) -> bool {
    dashboard.text().lines().rev().take(2).any(|line| line.trim_start().starts_with("checked by this dashboard"))
}

pub(crate) fn watches(dashboard: &Pty) -> bool {
    dashboard.text().contains("checked by pid ")
}

fn store(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Arc::new(SystemClock::new())).unwrap()
}

/// The values that are stored, in order.
fn values(store: &SqliteStore) -> Vec<(Target, Outcome)> {
    let mut all = vec![];
    let mut take = |reading: Reading| {
        all.push((reading.target, reading.outcome));
        true
    };
    store.range(&RangeQuery::default(), &mut take).unwrap();
    all
}

#[test]
fn a_wallboard_whose_key_is_not_set_shows_what_another_one_polls_and_says_so() {
    let (_sim, mut flags) = sim();
    let homes: Vec<_> = (0..2).map(|_| tempfile::tempdir().unwrap()).collect();
    let path = homes[0].path().join("shared.db");
    flags.extend(["--store".into(), format!("sqlite://{}", path.display()), "--min-interval".into(), "5s".into()]);
    let file = homes[1].path().join("wall.toml");
    std::fs::write(&file, "[auth]\napi_key_env = \"NOT_SET_HERE\"\n").unwrap();
    let mut board: Vec<String> = vec!["wall".into(), "--config".into(), file.display().to_string()];
    board.extend(flags.iter().cloned());
    // Where nobody polls there is nothing to show: it is as wrong as for a dashboard.
    let alone = dashboard(homes[1].path(), &board, None);
    alone.ends_with(4);
    let polling = dashboard(homes[0].path(), &flags, Some("sim-key"));
    until("it polls", PATIENCE, || polls(&polling).then_some(()));
    let wall = dashboard(homes[1].path(), &board, None);
    until("it shows and says so", PATIENCE, || {
        let text = wall.text();
        (text.contains("read-only: no API key here") && text.contains("checked by pid ")).then_some(())
    });
}

#[test]
fn when_the_polling_one_of_three_is_killed_another_polls_and_values_go_on_changing() {
    let (_sim, mut flags) = sim();
    let homes: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let path = homes[0].path().join("shared.db");
    flags.extend(["--store".into(), format!("sqlite://{}", path.display()), "--min-interval".into(), "5s".into()]);
    let open = |home: &tempfile::TempDir| dashboard(home.path(), &flags, Some("sim-key"));
    let mut all: Vec<Pty> = homes.iter().map(open).collect();
    until("one polls and two watch", PATIENCE, || {
        let polling = all.iter().position(polls)?;
        (all.iter().filter(|t| watches(t)).count() == 2).then_some(polling)
    });
    let store = store(&path);
    until("first values", PATIENCE, || (values(&store).len() >= 5).then_some(()));
    let polling = until("one polls", PATIENCE, || all.iter().position(polls));
    let killed = all.remove(polling);
    killed.signal(Signal::KILL);
    // How soon is shown in injected time; here it takes as long as the machine is slow.
    until("another polls", PATIENCE, || all.iter().any(polls).then_some(()));
    until("the third watches it", PATIENCE, || {
        (all.iter().filter(|t| polls(t)).count() == 1 && all.iter().any(watches)).then_some(())
    });
    let before = values(&store);
    let last = |target: &Target| before.iter().rev().find(|(t, _)| t == target).map(|(_, outcome)| outcome.clone());
    until("a value changes", PATIENCE * 3, || {
        let now = values(&store);
        now[before.len()..].iter().any(|(target, outcome)| last(target).as_ref() != Some(outcome)).then_some(())
    });
    let minted = store.events(PATIENCE * 60).unwrap().iter().filter(|e| e.kind == EventKind::TokenGenerated).count();
    assert_eq!(minted, 1, "the token is inherited");
}

#[test]
fn a_viewer_without_a_secret_shows_what_the_store_has_and_makes_no_request() {
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    service.set_nonblocking(true).unwrap();
    let base = format!("http://{}", service.local_addr().unwrap());
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("acme.db");
    let store = store(&path);
    let clock = SystemClock::new();
    let read = |target: Target, secs: u32| {
        let outcome = Outcome::Value(Aht::from_secs(secs));
        store.append(&[Reading { target, at: clock.now().stamp(), outcome, name: None }]).unwrap();
    };
    read(Target::agent("priya"), 291);
    let flags: Vec<String> = ["--account", "acme", "--base-url", &base].map(str::to_owned).into();
    let viewer = dashboard(home.path(), &flags, None);
    until("what is there", PATIENCE, || {
        (viewer.text().contains("priya") && viewer.text().contains("4:51")).then_some(())
    });
    read(Target::campaign("COLLECT-IN"), 372);
    read(Target::agent("rahul"), 123);
    until("what is new", PATIENCE, || {
        let text = viewer.text();
        ["COLLECT-IN", "rahul", "2:03", "nobody checks the service"]
            .iter()
            .all(|part| text.contains(part))
            .then_some(())
    });
    let mut once = Command::new(BINARY);
    once.args(&flags).args(["once", "--format", "csv"]).env_clear().envs(surroundings(home.path()));
    let output = once.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), printed.lines().count()), (Some(0), 4), "{printed}");
    assert_eq!(service.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "somebody connected");
    assert!(store.token().unwrap().is_none() && store.usage().unwrap().used_60s == 0);
}

/// What the service said to its manager since the last time, one line each.
fn told(socket: &UnixDatagram, all: &mut Vec<String>) {
    let mut buffer = [0; 4096];
    while let Ok(n) = socket.recv(&mut buffer) {
        all.extend(String::from_utf8_lossy(&buffer[..n]).lines().map(str::to_owned));
    }
}

#[test]
fn the_service_tells_its_manager_reloads_keeps_the_old_configuration_and_stops_cleanly() {
    let (_sim, flags) = sim();
    let home = tempfile::tempdir().unwrap();
    let shared = home.path().join("state");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o2770)).unwrap();
    let socket_path = home.path().join("notify");
    let socket = UnixDatagram::bind(&socket_path).unwrap();
    socket.set_nonblocking(true).unwrap();
    let (file, key) = (home.path().join("config.toml"), home.path().join("key"));
    let base = &flags[flags.iter().position(|f| f == "--base-url").unwrap() + 1];
    let target = &flags[flags.iter().position(|f| f == "-a").unwrap() + 1];
    let config = |agents: &str| {
        let text = format!(
            "[account]\nname = \"acme\"\nuser_name = \"acme\"\nbase_url = \"{base}\"\n[auth]\napi_key_file = \"key\"\n\
             [watch]\nagents = [{agents}]\n[poll]\nmin_interval = \"5s\"\n"
        );
        fs::write(&file, text).unwrap();
    };
    config(&format!("{target:?}"));
    fs::write(&key, "sim-key\n").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    // Whatever the umask takes away, the group shares the files, and nobody else reads the token.
    let mut command = Command::new("sh");
    command.args(["-c", "umask 077; exec \"$0\" serve --config \"$1\"", BINARY, file.to_str().unwrap()]);
    command.env_clear().envs(surroundings(home.path())).env("AHTOP_STATE_DIR", &shared);
    command.env("NOTIFY_SOCKET", &socket_path).env("WATCHDOG_USEC", "2000000");
    let log = home.path().join("log");
    let mut service = Running(command.stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap()).spawn().unwrap());
    let pid = service.0.id();
    let mut all = vec![];
    let mut says = |what: &str| {
        until(what, PATIENCE, || {
            told(&socket, &mut all);
            let at = all.iter().position(|line| line.starts_with(what))?;
            all.drain(..=at);
            Some(())
        });
    };
    says("READY=1");
    says("WATCHDOG=1");
    says("STATUS=checking 1 watched at 45 requests a minute");
    let path = shared.join("acme.db");
    let store = store(&path);
    // A machine that stands still for longer than a lease lasts loses it for a moment.
    let polls = || until("it polls", PATIENCE, || store.lease_holder().unwrap().filter(|holder| holder.pid == pid));
    polls();
    for entry in fs::read_dir(&shared).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().mode() & 0o777, 0o660, "{:?}", entry.file_name());
    }
    assert!(PathBuf::from(format!("{}-wal", path.display())).exists());

    let last = |store: &SqliteStore| {
        let events = store.events(PATIENCE * 60).unwrap();
        events.into_iter().filter(|e| e.kind == EventKind::Config).map(|e| e.text.to_string()).next_back()
    };
    fs::write(&file, "[account]\nnonsense = 1\n").unwrap();
    signal(pid, Signal::HUP);
    says("RELOADING=1");
    says("READY=1");
    let text = last(&store).unwrap();
    assert!(
        text.starts_with("correct the configuration (the old one stays in use)") && text.contains("nonsense"),
        "{text}"
    );
    polls();
    // A key that is gone is as bad.
    config(&format!("{target:?}, \"someone\""));
    fs::rename(&key, home.path().join("away")).unwrap();
    signal(pid, Signal::HUP);
    says("READY=1");
    assert!(last(&store).unwrap().contains("api_key_file"), "{:?}", last(&store));
    fs::rename(home.path().join("away"), &key).unwrap();
    signal(pid, Signal::HUP);
    says("RELOADING=1");
    says("READY=1");
    assert_eq!(last(&store).unwrap(), "the configuration was read again");
    until("the new target is wanted and asked", PATIENCE, || {
        values(&store).iter().any(|(t, _)| *t == Target::agent("someone")).then_some(())
    });
    says("WATCHDOG=1");

    let mut doctor = Command::new(BINARY);
    doctor.args(["doctor", "--live", "--config"]).arg(&file).env_clear();
    doctor.envs(surroundings(home.path())).env("AHTOP_STATE_DIR", &shared);
    let parts = [
        "ok    store          ",
        "shared with the group",
        &format!("ok    checks         pid {pid} (serve)"),
        "ok    token          generated",
        "ok    connection     port",
        "ok    request        the service answers",
    ];
    // A moment in which the machine does something else is a moment in which nobody polls.
    let page = until("nothing is wrong", PATIENCE, || {
        let output = doctor.output().unwrap();
        let page = String::from_utf8(output.stdout).unwrap();
        (output.status.code() == Some(0) && parts.iter().all(|part| page.contains(part))).then_some(page)
    });
    let mut token = Command::new(BINARY);
    token.args(["token", "status", "--config"]).arg(&file).env_clear();
    let output = token.envs(surroundings(home.path())).env("AHTOP_STATE_DIR", &shared).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("by pid {pid} (serve)")) && said.contains("generated     1 in the last"), "{said}");

    signal(pid, Signal::TERM);
    says("STOPPING=1");
    let status = until("it ends", PATIENCE, || service.0.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    assert_eq!(store.lease_holder().unwrap(), None, "the lease is given back");
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains("serving account acme: 1 watched") && log.contains("acme: 2 watched"), "{log}");
    assert!(!log.contains("sim-key") && !said.contains("sim-key") && !page.contains("sim-key"), "{log}");
}

#[test]
fn a_service_without_a_secret_or_with_a_bad_configuration_does_not_start() {
    let home = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(BINARY);
        command.arg("serve").args(args).env_clear().envs(surroundings(home.path()));
        let output = command.output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = run(&["--account", "acme"]);
    assert_eq!((code, said.contains("serve needs an [auth] section")), (4, true), "{said}");
    assert_eq!(run(&["--min-interval", "zebra"]).0, 3);
}

/// The locks that the system keeps for `pid` on the file at `path`, without their numbers. One look may miss one that is
/// there all the time, or see it twice: the list is read in pieces, and others come and go meanwhile.
fn locks(pid: u32, path: &Path) -> Vec<String> {
    let inode = format!(":{}", fs::metadata(path).unwrap().ino());
    let all = fs::read_to_string("/proc/locks").unwrap();
    let words = |line: &str| line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let ours = |words: &Vec<String>| {
        words.iter().any(|word| *word == pid.to_string()) && words.iter().any(|word| word.ends_with(&inode))
    };
    let mut all: Vec<_> = all.lines().map(words).filter(ours).map(|words| words.join(" ")).collect();
    all.sort();
    all
}

/// How many descriptors `pid` has on the file at `path`.
fn descriptors(pid: u32, path: &Path) -> usize {
    let links = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    links.filter(|link| fs::read_link(link.as_ref().unwrap().path()).is_ok_and(|to| to == path)).count()
}

#[test]
fn a_reload_keeps_the_store_open_with_its_locks_and_closes_it_before_another_one() {
    if !Path::new("/proc/locks").exists() {
        return;
    }
    let (_sim, flags) = sim();
    let home = tempfile::tempdir().unwrap();
    let (file, log) = (home.path().join("config.toml"), home.path().join("log"));
    let base = &flags[flags.iter().position(|f| f == "--base-url").unwrap() + 1];
    let target = &flags[flags.iter().position(|f| f == "-a").unwrap() + 1];
    let config = |store: &Path, agents: &str| {
        let text = format!(
            "[account]\nname = \"acme\"\nuser_name = \"acme\"\nbase_url = \"{base}\"\n[auth]\n\
             api_key_env = \"AHTOP_API_KEY\"\n[watch]\nagents = [{agents}]\n[poll]\nmin_interval = \"5s\"\n\
             [store]\nurl = \"sqlite://{}\"\n",
            store.display()
        );
        fs::write(&file, text).unwrap();
    };
    let (one, two) = (home.path().join("one.db"), home.path().join("two.db"));
    config(&one, &format!("{target:?}"));
    let mut command = Command::new(BINARY);
    command.arg("serve").arg("--config").arg(&file).env_clear().envs(surroundings(home.path()));
    command.env("AHTOP_API_KEY", "sim-key").stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap());
    let mut service = Running(command.spawn().unwrap());
    let pid = service.0.id();
    until("a value in the store", PATIENCE, || (one.exists() && !values(&store(&one)).is_empty()).then_some(()));
    let wal = PathBuf::from(format!("{}-wal", one.display()));
    let wal_inode = fs::metadata(&wal).unwrap().ino();
    // In the middle of a transaction there are more.
    let before = until("locks", PATIENCE, || Some(locks(pid, &one)).filter(|locks| locks.len() == 1));
    for n in 0..3 {
        let agent = format!("agent-{n}");
        config(&one, &format!("{target:?}, {agent:?}"));
        signal(pid, Signal::HUP);
        until("the new target is asked", PATIENCE, || {
            values(&store(&one)).iter().any(|(t, _)| *t == Target::agent(&*agent)).then_some(())
        });
        until("the same lock", PATIENCE, || (locks(pid, &one) == before).then_some(()));
        assert_eq!(descriptors(pid, &one), 1, "reload {n}");
        // Another program looks into the store, and is the last to leave unless the locks say that it is not.
        let read =
            "import sqlite3, sys\nsqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM reading').fetchone()";
        let _ = Command::new("python3").args(["-c", read]).arg(&one).stderr(Stdio::null()).status();
        assert_eq!(fs::metadata(&wal).unwrap().ino(), wal_inode, "reload {n}: the log was deleted under the service");
        until("it polls", PATIENCE, || store(&one).lease_holder().unwrap().filter(|holder| holder.pid == pid));
    }

    // A store that cannot be: the old one goes on.
    let foreign = home.path().join("foreign.db");
    fs::write(&foreign, "").unwrap();
    let make = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.execute('CREATE TABLE t(a)')\nc.commit()";
    let made = Command::new("python3").args(["-c", make]).arg(&foreign).stderr(Stdio::null()).status();
    if made.is_ok_and(|status| status.success()) {
        config(&foreign, &format!("{target:?}"));
        signal(pid, Signal::HUP);
        until("it is told", PATIENCE, || {
            let events = store(&one).events(PATIENCE * 60).unwrap();
            events.iter().any(|e| e.text.to_string().contains("another program")).then_some(())
        });
        until("it polls", PATIENCE, || store(&one).lease_holder().unwrap().filter(|holder| holder.pid == pid));
    }

    config(&two, &format!("{target:?}"));
    signal(pid, Signal::HUP);
    // It begins without a token, and another one must wait: the lease is what shows that it goes on.
    until("the other store", PATIENCE, || {
        two.exists().then(|| store(&two).lease_holder().unwrap()).flatten().filter(|holder| holder.pid == pid)
    });
    assert_eq!((locks(pid, &one), descriptors(pid, &one)), (vec![], 0));
    assert_eq!(store(&one).lease_holder().unwrap(), None);
    signal(pid, Signal::TERM);
    assert_eq!(until("it ends", PATIENCE, || service.0.try_wait().unwrap()).code(), Some(0));
}
