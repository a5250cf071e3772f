//! What the tests of the binary share: the simulated service on a real socket, and a home of its own for the program.
#![allow(dead_code, reason = "each test crate uses its part")]

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use ahtop::{
    domain::{Clock, SystemClock},
    sim::{SimOptions, SimServer, SimService, options::Latency},
};
use rustix::process::{Pid, Signal, kill_process};
use tokio_util::sync::CancellationToken;

/// The account's key: nothing but the environment and the key file may ever hold it.
pub(crate) const KEY: &str = "canary-key-5f0c1d";
pub(crate) use crate::pty::LIMIT;

/// The simulated service, served until it is dropped.
pub(crate) struct Service {
    pub(crate) sim: Arc<SimService>,
    pub(crate) base_url: String,
    cancel: CancellationToken,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Service {
    /// With the demo's roster and answers that come at once.
    pub(crate) fn start(adjust: impl FnOnce(&mut SimOptions)) -> Service {
        let mut options = SimOptions { api_key: KEY.into(), latency: Latency::Fixed(0), ..SimOptions::default() };
        adjust(&mut options);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let sim = Arc::new(SimService::new(options, clock));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(SimServer::bind(0)).unwrap();
        let (base_url, cancel) = (server.base_url(), CancellationToken::new());
        runtime.spawn(server.serve(sim.clone(), cancel.clone()));
        Service { sim, base_url, cancel, runtime: Some(runtime) }
    }

    /// An agent who has a value, by number: the demo's roster has some who have none.
    pub(crate) fn agent(&self, n: usize) -> String {
        let roster = self.sim.roster();
        roster.agents.iter().filter(|a| a.exists && a.takes_calls).nth(n).unwrap().id.clone()
    }

    /// The agent who takes no calls, and the one who is not known.
    pub(crate) fn odd_agents(&self) -> (String, String) {
        let roster = self.sim.roster();
        let idle = roster.agents.iter().find(|a| !a.takes_calls).unwrap().id.clone();
        (idle, roster.agents.iter().find(|a| !a.exists).unwrap().id.clone())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A home, a state directory and a configuration of one's own.
pub(crate) struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Home {
        Home { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// What the program finds around it.
    pub(crate) fn variables(&self) -> [(&'static str, String); 6] {
        [
            ("HOME", self.root().to_str().unwrap().to_owned()),
            ("AHTOP_STATE_DIR", self.path("state").to_str().unwrap().to_owned()),
            ("XDG_RUNTIME_DIR", self.root().to_str().unwrap().to_owned()),
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
        ]
    }

    /// The program with nothing around it but this home.
    pub(crate) fn ahtop(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ahtop"));
        command.args(args).env_clear().envs(self.variables()).stdin(Stdio::null());
        command
    }

    /// The same on the account of `service`, with the key in the environment. On a busy machine a request may take a
    /// minute.
    pub(crate) fn on(&self, service: &Service, args: &[&str]) -> Command {
        let mut command = self.ahtop(&["--base-url", &service.base_url, "--user", "acme"]);
        command.args(args).env("AHTOP_API_KEY", KEY).env("AHTOP_TIMEOUT", "60s");
        command
    }
}

/// How a program ended and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; a signal that killed it is an error.
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn run(command: &mut Command) -> Ended {
    finish(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// Waits for the end of a program whose streams are piped (or were taken).
pub(crate) fn finish(mut child: Child) -> Ended {
    fn text(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
        thread::spawn(move || {
            let mut bytes = vec![];
            stream.map(|mut s| s.read_to_end(&mut bytes).unwrap());
            bytes
        })
    }
    let (out, err) = (text(child.stdout.take()), text(child.stderr.take()));
    let mut status = None;
    until("the program's end", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    let utf8 = |t: thread::JoinHandle<Vec<u8>>| String::from_utf8(t.join().unwrap()).unwrap();
    let status = status.unwrap();
    let (out, err) = (utf8(out), utf8(err));
    Ended { code: status.code().unwrap_or_else(|| panic!("{status}: {err}")), out, err }
}

pub(crate) fn signal(pid: u32, number: Signal) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), number).unwrap();
}

/// Waits until `holds`.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} did not come");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Characters that a terminal acts upon, that break a line, or that turn or hide what follows; line ends apart.
pub(crate) fn harmful(text: &str) -> Vec<char> {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |c: char| matches!(c, '\u{2028}' | '\u{2029}' | '\u{ad}' | '\u{61c}' | '\u{feff}');
    text.chars().filter(|&c| c != '\n' && (c.is_control() || turns(c) || breaks(c))).collect()
}
