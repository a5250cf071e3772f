//! `ahtop`: the dashboard on the terminal; without one, what `once` does.

use std::{io::IsTerminal, sync::Arc};

use ratatui::Terminal;
use tokio_util::sync::CancellationToken;

use super::{
    Failure, once,
    session::{self, Open, Session},
};
use crate::{
    app::{Facts, Notice, Severity},
    cli,
    config::{self, Config, Env, Overrides},
    exit::Exit,
    run::{self, DashboardOptions, Memory, Outcome},
    store::Role,
    term::{self, Guard, Screen, Stdout},
};

/// Opens the dashboard on the configured account.
///
/// # Errors
/// Configuration, credentials, store and terminal.
pub async fn run(flags: &Overrides, env: &Env) -> Result<Exit, Failure> {
    if !has_screen(env) {
        return once::run(&cli::Once::default(), flags, env).await;
    }
    let loaded = super::load(flags, env)?;
    let config = loaded.config;
    let session = Session::open(Open {
        auto_path: session::auto_path(&config, env)?,
        role: Role::Dashboard,
        keys: session::keys(&config, env).await?,
        wants: config.watch.iter().map(|w| w.target.clone()).collect(),
        config: &config,
    })?;
    let notices = loaded.warnings.into_iter().enumerate().map(|(n, text)| Notice {
        key: format!("config-{n}"),
        severity: Severity::Info,
        text,
    });
    let mut notices: Vec<Notice> = notices.collect();
    let remembered = config::paths::choices_file(&config, env).map(Memory::load);
    let (memory, notice) = remembered.unwrap_or_default();
    notices.extend(notice);
    open_on(session, &config, env, None, notices, memory).await
}

/// True where standard output is a terminal that can show a screen.
pub(crate) fn has_screen(env: &Env) -> bool {
    std::io::stdout().is_terminal() && !terminal(env).dumb
}

fn terminal(env: &Env) -> term::Facts {
    term::Facts::detect(|name| env.get(name).map(str::to_owned))
}

/// Shows `session` until somebody leaves, then closes it. `mode` is named on the screen.
pub(crate) async fn open_on(
    session: Session,
    config: &Config,
    env: &Env,
    mode: Option<&'static str>,
    mut notices: Vec<Notice>,
    memory: Memory,
) -> Result<Exit, Failure> {
    notices.extend(session.notices.iter().map(|n| Notice {
        key: n.key.to_owned(),
        severity: Severity::Warning,
        text: n.text.clone(),
    }));
    let cancel = CancellationToken::new();
    let facts = Facts {
        account: config.account.name.as_str().into(),
        mode,
        zone: session::zone(config),
        watched: config.watch.clone().into(),
        budget: config.budget,
        min_interval: config.poll.min_interval,
        ui: config.ui.clone(),
        me: session.me.clone(),
        may_poll: session.may_poll,
    };
    let options = DashboardOptions {
        facts,
        store: session.store.clone(),
        notify: session.wakes.feed.clone(),
        clock: Arc::clone(&session.clock),
        cancel: cancel.clone(),
        look: run::look(&config.ui, terminal(env)),
        notices,
        memory,
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
    let outcome = run::dashboard(options, &mut terminal, &mut guard, term::input(), signals).await;
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
