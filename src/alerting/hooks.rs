//! `[[hook]]`: programs that are told of alerts. Whatever they do, nothing here waits for them.

use std::{collections::VecDeque, process::Stdio, sync::Arc, time::Duration};

use serde::Serialize;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::Command,
    task::JoinSet,
    time::Instant,
};

use crate::{
    alert::{AlertEvent, AlertKind, Step, Subject, words},
    config::{Hook, ProcessGroup},
    domain::{EventTime, clean_line, opening},
    store::{Event, EventKind, Handle, Instance, Words},
};

/// Programs of all hooks that run at the same time.
const RUNNING: usize = 8;
/// The window of `per_minute`.
const MINUTE: Duration = Duration::from_secs(60);
/// How long its last words are waited for.
const HEARD: Duration = Duration::from_secs(1);
/// How long programs that run may go on when we end.
const LAST: Duration = Duration::from_secs(1);
/// What is kept of what a program says on standard error.
const COMPLAINT: u64 = 500;
/// What programs inherit: what they need to find their files, the desktop and their language. No variable of ours, and
/// none that may hold a secret.
const INHERITED: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
];

/// One hook, when it ran, and what was not run.
#[derive(Debug)]
struct Entry {
    hook: Arc<Hook>,
    recent: VecDeque<Instant>,
    /// Not run since that was told last.
    skipped: u64,
    told: Option<Instant>,
}

impl Entry {
    /// Counts a run that did not take place. What to say of it, once a minute: many alerts at once must not flood the
    /// log.
    fn skip(&mut self, now: Instant, why: &str) -> Option<String> {
        self.skipped += 1;
        if self.told.is_some_and(|told| now.duration_since(told) < MINUTE) {
            return None;
        }
        self.told = Some(now);
        Some(match std::mem::take(&mut self.skipped) {
            1 => format!("not run: {why}"),
            times => format!("not run {times} times since this was last reported: {why}"),
        })
    }
}

/// The hooks and their runs.
#[derive(Debug)]
pub struct Hooks {
    hooks: Vec<Entry>,
    store: Handle,
    me: Instance,
    runs: JoinSet<()>,
}

impl Hooks {
    /// Hooks that complain into the log of `store`.
    pub fn new(hooks: Vec<Hook>, store: Handle, me: Instance) -> Self {
        let hooks = hooks
            .into_iter()
            .map(|hook| Entry { hook: Arc::new(hook), recent: VecDeque::new(), skipped: 0, told: None })
            .collect();
        Hooks { hooks, store, me, runs: JoinSet::new() }
    }

    /// Starts the programs that answer to `event`, within their limits. Nothing is started for what is muted.
    pub fn tell(&mut self, event: &AlertEvent, payload: impl FnOnce() -> String) {
        while self.runs.try_join_next().is_some() {}
        let Some(word) = event.trigger().filter(|_| !event.muted) else { return };
        if !self.hooks.iter().any(|entry| entry.hook.on.contains(&word)) {
            return;
        }
        let payload: Arc<str> = payload().into();
        let now = Instant::now();
        for entry in self.hooks.iter_mut().filter(|entry| entry.hook.on.contains(&word)) {
            let hook = entry.hook.clone();
            entry.recent.retain(|at| now.duration_since(*at) < MINUTE);
            let dropped = if entry.recent.len() >= usize::try_from(hook.per_minute).unwrap_or(usize::MAX) {
                Some(format!("more than {} runs in a minute", hook.per_minute))
            } else if self.runs.len() >= RUNNING {
                Some(format!("{RUNNING} programs run already"))
            } else {
                None
            };
            let (store, me) = (self.store.clone(), self.me.clone());
            if let Some(why) = dropped {
                if let Some(text) = entry.skip(now, &why) {
                    self.runs.spawn(async move { complain(&store, &me, &hook, &text).await });
                }
                continue;
            }
            entry.recent.push_back(now);
            let payload = payload.clone();
            self.runs.spawn(async move {
                if let Err(why) = once(&hook, &payload).await {
                    complain(&store, &me, &hook, &why).await;
                }
            });
        }
    }

    /// Waits for what runs, each for its own time at most.
    #[cfg(test)]
    pub(super) async fn settle(&mut self) {
        while self.runs.join_next().await.is_some() {}
    }

    /// Ends all runs: what does not end within a second is killed.
    pub async fn stop(mut self) {
        let _ = tokio::time::timeout(LAST, async { while self.runs.join_next().await.is_some() {} }).await;
        self.runs.shutdown().await;
    }
}

async fn complain(store: &Handle, me: &Instance, hook: &Hook, why: &str) {
    let program = hook.command.first().map_or("", String::as_str);
    let text = clean_line(&format!("hook {program}: {why}"), 400);
    tracing::warn!("{text}");
    // A program may name whom it was told of.
    let text = Words::default().said(text, format!("hook {program}: {}", opening(why)));
    let who = me.label();
    let noted =
        store.call(move |s| s.note(&Event { at: s.now().stamp(), kind: EventKind::Alert, who: who.into(), text }));
    if let Err(e) = noted.await {
        tracing::warn!("{e}");
    }
}

/// Runs the program once; says what went wrong.
async fn once(hook: &Hook, payload: &str) -> Result<(), String> {
    run(hook, payload, Stdio::null()).await.result
}

/// What a run came to.
#[derive(Debug)]
pub struct Trial {
    /// What went wrong.
    pub result: Result<(), String>,
    /// The beginning of what it printed on standard output.
    pub printed: String,
}

/// Runs the program of a hook by hand, with the same environment and within the same time as for an alert.
pub async fn try_out(hook: &Hook, payload: &str) -> Trial {
    run(hook, payload, Stdio::piped()).await
}

async fn run(hook: &Hook, payload: &str, stdout: Stdio) -> Trial {
    let failed = |why: String| Trial { result: Err(why), printed: String::new() };
    let Some((program, arguments)) = hook.command.split_first() else { return failed("no command".into()) };
    let mut command = Command::new(program);
    command.args(arguments).env_clear();
    command.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.stdin(Stdio::piped()).stdout(stdout).stderr(Stdio::piped());
    let (mut child, group) = match ProcessGroup::spawn(&mut command) {
        Ok(started) => started,
        Err(e) => return failed(format!("cannot be started: {e}")),
    };
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let payload = format!("{payload}\n");
    let tell = tokio::spawn(async move {
        if let Some(mut stdin) = stdin {
            // A program that reads nothing is none of our business.
            let _ = stdin.write_all(payload.as_bytes()).await;
        }
    });
    let mut listen = tokio::spawn(async move { tokio::join!(beginning(stderr), beginning(stdout)) });
    let ended = tokio::time::timeout(hook.timeout, child.wait()).await;
    drop(group);
    tell.abort();
    // The group is dead and the pipe with it; only a program that left the group could hold it open. Our end is closed
    // all the same, or each such program would cost a descriptor.
    let heard = tokio::time::timeout(HEARD, &mut listen).await;
    listen.abort();
    let (said, printed) = match heard {
        Ok(Ok(heard)) => heard,
        _ => Default::default(),
    };
    let said = if said.trim().is_empty() { said } else { format!(": {said}") };
    let result = match ended {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("{status}{said}")),
        Ok(Err(e)) => Err(e.to_string()),
        Err(_) => Err(format!("stopped after {} s{said}", hook.timeout.as_secs())),
    };
    Trial { result, printed }
}

/// The beginning of what comes through a pipe. It is closed after that: a flood breaks off, and costs nothing here.
async fn beginning(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut said = Vec::new();
    if let Some(pipe) = pipe {
        let _ = pipe.take(COMPLAINT).read_to_end(&mut said).await;
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// What a hook reads. The schema stays: fields may come, none goes or changes its meaning.
#[derive(Serialize)]
struct Payload<'a> {
    schema: u32,
    account: &'a str,
    /// The word of `on`.
    event: Option<&'static str>,
    /// `started`, `worse`, `better`, `ended`.
    step: &'static str,
    /// The same for this event wherever it is seen.
    key: String,
    at: String,
    /// `agent`, `campaign`, or `account` for a problem of it.
    kind: &'static str,
    /// The id of the target, or the word of the problem.
    id: &'a str,
    name: Option<String>,
    /// `very_high`, `high`, `low`, `very_low`; null for a problem.
    level: Option<&'static str>,
    aht_s: Option<u32>,
    /// Why it ended, null before.
    ended: Option<&'static str>,
    lasted_s: Option<u64>,
    text: String,
}

/// The JSON of `event`, in one line; `name`: what its target is called.
pub fn payload(account: &str, event: &AlertEvent, name: Option<&str>) -> String {
    let (kind, id) = match &event.id.subject {
        Subject::Target(target) => (target.kind.word(), &*target.id),
        Subject::Problem(problem) => ("account", problem.word()),
    };
    let (level, aht_s) = match &event.kind {
        AlertKind::Band { level, last, .. } => (Some(level.key()), Some(last.secs())),
        AlertKind::Problem { .. } => (None, None),
    };
    let (step, ended, lasted_s) = match &event.step {
        Step::Ended { why, lasted } => ("ended", Some(why.words()), Some(lasted.as_secs())),
        Step::Escalated => ("worse", None, None),
        Step::Deescalated => ("better", None, None),
        Step::Started | Step::Acked(_) | Step::Muted(_) => ("started", None, None),
    };
    let EventTime { wall, .. } = event.at;
    let payload = Payload {
        schema: 1,
        account,
        event: event.trigger(),
        step,
        key: event.key(),
        at: wall.to_string(),
        kind,
        id,
        name: name.map(|n| clean_line(n, 300)),
        level,
        aht_s,
        ended,
        lasted_s,
        text: words::event(event, name),
    };
    serde_json::to_string(&payload).unwrap_or_default()
}
