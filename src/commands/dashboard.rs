//! `ahtop`: the dashboard on the terminal; without one, what `once` does.

use std::{io::IsTerminal, sync::Arc};

use ratatui::Terminal;
use tokio_util::sync::CancellationToken;

use super::{
    Failure, once,
    session::{self, Session},
};
use crate::{
    alerting,
    app::{DashboardConfig, Notice, Severity},
    cli,
    config::{self, Config, Env, Id, Overrides},
    exit::Exit,
    run::{self, DashboardOptions, Memory, Outcome},
    store::{Instance, Role},
    term::{self, Guard, Screen, Stdout},
};

/// Opens the dashboard on the configured account.
///
/// # Errors
/// Configuration, credentials, store and terminal.
pub async fn run(flags: &Overrides, env: &Env) -> Result<Exit, Failure> {
    if !has_screen(env) {
        needs_no_screen(flags)?;
        return once::run(&cli::Once::default(), flags, env).await;
    }
    open(flags, env, false).await
}

/// The same, `locked`: as the board on the wall. There is a terminal.
pub(crate) async fn open(flags: &Overrides, env: &Env, locked: bool) -> Result<Exit, Failure> {
    let loaded = super::load(flags, env)?;
    let config = loaded.config;
    let wants = config.watch.iter().map(|w| w.target.clone()).collect();
    let session = Session::configured(&config, env, Role::Dashboard, wants).await?;
    let notices = loaded.warnings.into_iter().enumerate().map(|(n, text)| Notice {
        key: format!("{}{n}", Notice::CONFIG),
        severity: Severity::Info,
        text,
    });
    let mut notices: Vec<Notice> = notices.collect();
    // What one person chose for a dashboard is not for the wall.
    let remembered = config::paths::choices_file(&config, env).filter(|_| !locked).map(Memory::load);
    let (memory, notice) = remembered.unwrap_or_default();
    notices.extend(notice);
    open_on(session, &config, env, Shown { mode: None, locked }, notices, named(memory, &config, flags)).await
}

/// With the names that `--names` wants, whatever was chosen the last time. `[wall] names` is about the board alone.
pub(crate) fn named(mut memory: Memory, config: &Config, flags: &Overrides) -> Memory {
    if has_names(flags) {
        memory.choices.names = config.wall.names;
    }
    memory
}

fn has_names(flags: &Overrides) -> bool {
    flags.values().any(|(id, _)| id == Id::Names)
}

/// What is printed instead of a screen has names and ids in full: who wants them hidden must not get them.
///
/// # Errors
/// Where `--names` is given.
pub(crate) fn needs_no_screen(flags: &Overrides) -> Result<(), Failure> {
    if has_names(flags) {
        let message = "--names hides names on a screen, and standard output is none: what is printed has them in full";
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok(())
}

/// True where standard output is a terminal that can show a screen.
pub(crate) fn has_screen(env: &Env) -> bool {
    std::io::stdout().is_terminal() && !terminal(env).dumb
}

fn terminal(env: &Env) -> term::Facts {
    term::Facts::detect(|name| env.get(name).map(str::to_owned))
}

/// How a session is shown.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    /// Named on the screen.
    pub(crate) mode: Option<&'static str>,
    /// As the board on the wall.
    pub(crate) locked: bool,
}

/// What the screen says of a configuration, for `me`.
pub(crate) fn facts(config: &Config, me: Instance, may_poll: bool, shown: Shown) -> DashboardConfig {
    DashboardConfig {
        account: config.account.name.as_str().into(),
        mode: shown.mode,
        zone: session::zone(config),
        watched: config.watch.clone().into(),
        budget: config.budget,
        min_interval: config.poll.min_interval,
        ui: config.ui.clone(),
        wall: config.wall.clone(),
        locked: shown.locked,
        me,
        may_poll,
    }
}

/// Shows `session` until somebody leaves, then closes it.
pub(crate) async fn open_on(
    session: Session,
    config: &Config,
    env: &Env,
    shown: Shown,
    mut notices: Vec<Notice>,
    memory: Memory,
) -> Result<Exit, Failure> {
    notices.extend(session.notices.iter().map(|n| Notice {
        key: n.key.to_owned(),
        severity: Severity::Warning,
        text: n.text.clone(),
    }));
    let cancel = CancellationToken::new();
    let facts = facts(config, session.me.clone(), session.may_poll, shown);
    let options = DashboardOptions {
        facts,
        store: session.store.clone(),
        notify: session.notifiers.feed.clone(),
        clock: Arc::clone(&session.clock),
        cancel: cancel.clone(),
        look: run::look(&config.ui, terminal(env)),
        notices,
        policy: alerting::policy(config),
        alert: config.alert,
        memory,
        log_trouble: super::log_trouble,
    };
    let outcome = on_terminal(options, cancel).await;
    session.close().await;
    outcome
}

async fn on_terminal(options: DashboardOptions, cancel: CancellationToken) -> Result<Exit, Failure> {
    let terminal_failed = |e: std::io::Error| Failure::new(Exit::Unexpected, format!("the terminal: {e}"));
    let signals = term::signals().map_err(terminal_failed)?;
    let mut guard = Guard::enter(cancel).map_err(terminal_failed)?;
    if options.facts.ui.mouse {
        guard.take_mouse().map_err(terminal_failed)?;
    }
    let screen = Stdout::new().map(Screen::new).map_err(terminal_failed)?;
    let mut terminal = Terminal::new(screen).map_err(terminal_failed)?;
    let input = term::input().map_err(terminal_failed)?;
    let outcome = run::dashboard(options, &mut terminal, &mut guard, input, signals).await;
    let panicked = guard.panicked();
    drop(guard);
    match outcome {
        _ if panicked => Ok(Exit::Unexpected),
        Ok(Outcome::Quit | Outcome::Cancelled) => Ok(Exit::Ok),
        Ok(Outcome::Signal(number)) => Ok(Exit::Signal(u8::try_from(number).unwrap_or(u8::MAX))),
        Ok(Outcome::HangUp) => Ok(Exit::Signal(1)),
        Err(e) => Err(Failure::new(Exit::Unexpected, e.to_string())),
    }
}
