//! What the machine does to the program: disks that are full, streams that are closed, files that others have put there.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use crate::{
    live::{Home, KEY, Service, finish, run, signal, until},
    processes::Running,
    pty::{self, Pty},
};
use ahtop::{
    domain::{Aht, Outcome, Reading, SystemClock, Target},
    store::{DocumentStore, GenerationAnswer, GenerationAsk, GenerationEnd, Instance, Role, SqliteStore, Store},
};
use rustix::process::Signal;

/// A user without rights.
const NOBODY: u32 = 65_534;

/// The texts of the log that dashboards show, where a store is there.
fn noted(home: &Home) -> Vec<String> {
    let path = home.path("state/acme.db");
    if !path.exists() {
        return vec![];
    }
    let Ok(store) = SqliteStore::open(&path, Arc::new(SystemClock::new())) else { return vec![] };
    store.events(Duration::from_secs(3600)).unwrap().into_iter().map(|e| e.text.to_string()).collect()
}

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

#[test]
fn a_service_whose_log_cannot_be_written_goes_on_and_tells_it_once_to_the_dashboards() {
    let pipe = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    for (what, stream) in [("a full disk", Stdio::from(full())), ("a closed pipe", pipe())] {
        let (service, home) = (Service::start(|_| {}), Home::new());
        let agents: Vec<String> = (0..4).map(|n| service.agent(n)).collect();
        let mut command = home.on(&service, &["serve"]);
        command.args(agents.iter().flat_map(|agent| ["-a", agent]));
        let child = command.env("AHTOP_LOG", "debug").stdout(Stdio::null()).stderr(stream).spawn().unwrap();
        until(what, || noted(&home).iter().any(|text| text.starts_with("the log cannot be written: ")));
        until("every agent's reading", || service.sim.log().len() > agents.len());
        signal(child.id(), Signal::TERM);
        assert_eq!(finish(child).code, 0, "{what}");
        let told = noted(&home).iter().filter(|text| text.contains("cannot be written")).count();
        assert_eq!(told, 1, "{what}");
    }
}

#[test]
fn no_command_dies_of_a_standard_error_that_is_full() {
    let home = Home::new();
    let ended = |args: &[&str]| {
        let child = home.ahtop(args).stdout(Stdio::null()).stderr(full()).spawn().unwrap();
        finish(child).code
    };
    for (args, code) in [
        (&["--nonsense"][..], 2),
        (&["config", "show", "--min-interval", "zebra"], 3),
        (&["check", "--min-interval", "zebra"], 3),
        (&["once", "--account", "acme", "--config", "/nowhere"], 3),
        (&["serve", "--account", "acme"], 4),
    ] {
        assert_eq!(ended(args), code, "{args:?}");
    }
}

#[test]
fn a_dashboard_whose_log_cannot_be_written_says_so_in_its_own_place() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    // No file may grow, as on a full disk: the store falls back to memory, and the log is lost.
    let script = "ulimit -f 0; exec \"$0\" \"$@\"";
    let agent = service.agent(0);
    let account = ["--base-url", &service.base_url, "--user", "acme", "-a", &agent];
    let args = ["-c", script, env!("CARGO_BIN_EXE_ahtop")].into_iter().chain(account);
    let more = [("AHTOP_API_KEY", KEY.to_owned()), ("AHTOP_LOG", "trace".to_owned())];
    let pty = Pty::start(pty::command("sh", args, home.variables().into_iter().chain(more)), 120, 30);
    pty.shows("the log cannot be written: File too large");
    assert!(!pty.said().contains("tracing"), "{}", pty.said());
}

/// A reading of agent a1, and a token.
pub(crate) fn fill(store: &dyn Store) {
    let (at, outcome) = (store.now().stamp(), Outcome::Value(Aht::from_secs(287)));
    store.append(&[Reading { target: Target::agent("a1"), at, outcome, name: None }]).unwrap();
    let ask = GenerationAsk { unfit: None, gaps: vec![Duration::ZERO], lock: Duration::from_secs(10) };
    let me = Instance::here(Role::Serve);
    let GenerationAnswer::Go(ticket) = store.begin_generation(&me, &ask).unwrap() else { panic!("not allowed") };
    let life = Duration::from_secs(3600);
    store.end_generation(ticket, &GenerationEnd::Generated { secret: "t0ken".into(), life }).unwrap();
}

#[test]
fn who_may_not_read_the_token_uses_once_and_doctor_without_it() {
    if !rustix::process::geteuid().is_root() {
        let _ = writeln!(std::io::stderr(), "skipped: commands of another user, whom only root can be");
        return;
    }
    let (service, home) = (Service::start(|_| {}), Home::new());
    let rights = |path: &Path, mode| fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    let state = home.path("state");
    fs::create_dir(&state).unwrap();
    chown(home.root(), Some(NOBODY), None).unwrap();
    chown(&state, None, Some(NOBODY)).unwrap();
    rights(&state, 0o2770);
    let store = SqliteStore::open(&state.join("acme.db"), Arc::new(SystemClock::new())).unwrap();
    fill(&store);
    let token = state.join("acme.db.token");
    let reads = |args: &[&str]| {
        let ended = run(home.ahtop(args).args(["--account", "acme"]).uid(NOBODY).gid(NOBODY));
        assert_eq!(ended.code, 0, "{args:?}: {} {}", ended.out, ended.err);
        assert!(!ended.out.contains("t0ken"), "{}", ended.out);
        ended.out
    };
    rights(&token, 0o600);
    assert!(reads(&["once"]).contains("a1"));
    assert!(reads(&["once", "--format", "openmetrics"]).contains("a1"));
    let page = reads(&["doctor"]);
    assert!(page.contains("ok    token          not for this user, who needs none; generated: 1 in"), "{page}");
    // Who wants to ask the service is told, and asks nothing.
    let mut command = home.on(&service, &["doctor", "--live", "--account", "acme", "-a", "a1"]);
    let page = run(command.uid(NOBODY).gid(NOBODY)).out;
    let why = format!("refused: the token in {} is for others", token.canonicalize().unwrap().display());
    assert!(page.contains(&format!("warn  token          {why}")), "{page}");
    assert!(page.contains(&format!("warn  request        not sent: {why}")), "{page}");
    assert!(service.sim.log().is_empty());
    // Who may read it need not be able to write it.
    rights(&token, 0o640);
    let page = reads(&["doctor"]);
    assert!(page.contains("ok    token          generated ") && page.contains("expires in"), "{page}");
}

#[cfg(target_os = "linux")]
#[test]
fn no_core_is_dumped_and_nobody_else_looks_into_the_memory() {
    // As somebody to whom the process would belong, on a system that dumps cores.
    let user = if rustix::process::geteuid().is_root() {
        format!("setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups")
    } else {
        String::new()
    };
    let script = format!("ulimit -c unlimited 2>/dev/null; exec {user} \"$0\" sim --port 0");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_ahtop")]).stdout(Stdio::null()).stderr(Stdio::null());
    let child = Running(command.spawn().unwrap());
    let process = PathBuf::from(format!("/proc/{}", child.0.id()));
    until("a limit of none", || {
        let limits = fs::read_to_string(process.join("limits")).unwrap();
        let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
        core.split_whitespace().take(2).eq(["0", "0"])
    });
    // The memory of what cannot be dumped belongs to root.
    until("no dump", || fs::metadata(process.join("mem")).unwrap().uid() == 0);
    assert!(include_str!("../../assets/ahtop.service").lines().any(|line| line == "LimitCORE=0"));
}
