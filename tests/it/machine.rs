//! What the machine does to the program: disks that are full, streams that are closed, files that others have put there.

use std::{fs::File, process::Stdio, sync::Arc, time::Duration};

use crate::{
    live::{Home, KEY, Service, finish, signal, until},
    pty::{self, Pty},
};
use ahtop::{
    domain::SystemClock,
    store::{DocumentStore, SqliteStore},
};
use rustix::process::Signal;

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
