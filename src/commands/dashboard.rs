//! `ahtop`: the dashboard on the terminal; without one, what `once` does.

use std::{
    io::{self, IsTerminal},
    sync::Arc,
};

use futures::Stream;
use ratatui::Terminal;
use tokio_util::sync::CancellationToken;

use super::{
    Failure, once,
    reload::{self, Followed, Read},
    session::{self, Session},
};
use crate::{
    alerting,
    app::{DashboardConfig, Notice, REPLAY, State, rows, tables},
    cli,
    config::{self, AskTerminal, Config, Env, Id, Overrides, Watched},
    domain::Problem,
    exit::Exit,
    report::{self, Document, Facts, View},
    run::{self, DashboardOptions, Memory, Outcome, Player, Reload, Resume, RunError},
    store::Instance,
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
    let mut read = Read::new(flags, env, locked).await?;
    let session = read.open()?;
    // What one person chose for a dashboard is not for the wall.
    let remembered = config::paths::choices_file(&read.config, env).filter(|_| !locked).map(Memory::load);
    let (memory, notice) = remembered.unwrap_or_default();
    read.notices.extend(notice);
    let memory = named(memory, &read.config, flags);
    let (config, notices) = (read.config.clone(), read.notices.clone());
    let opened = Opened { session, config, notices, memory, past: None };
    show(opened, env, Shown { mode: None, locked }, Some((flags, read))).await
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
        floor: config.floor.clone(),
        budget: config.budget,
        min_interval: config.poll.min_interval,
        ui: config.ui.clone(),
        wall: config.wall.clone(),
        locked: shown.locked,
        me,
        may_poll,
    }
}

/// A session, and how it is shown.
struct Opened {
    session: Session,
    config: Config,
    notices: Vec<Notice>,
    memory: Memory,
    past: Option<Past>,
}

/// A past that is open, and what is told of it.
pub(crate) type Rewound = (Session, Vec<Notice>);

/// What moves within the past, and what opens it anew at the moment where the player is.
pub(crate) struct Past {
    pub(crate) player: Player,
    pub(crate) rewind: Box<dyn Fn() -> Result<Rewound, Failure>>,
}

/// Shows `session` until somebody leaves, then closes it. There is no configuration that could be read again.
pub(crate) async fn open_on(
    session: Session,
    config: &Config,
    env: &Env,
    shown: Shown,
    memory: Memory,
) -> Result<Exit, Failure> {
    let opened = Opened { session, config: config.clone(), notices: Vec::new(), memory, past: None };
    show(opened, env, shown, None).await
}

/// The same with a past in which one can move.
pub(crate) async fn open_on_past(
    (session, past): (Session, Past),
    config: &Config,
    env: &Env,
    notices: Vec<Notice>,
    memory: Memory,
) -> Result<Exit, Failure> {
    let shown = Shown { mode: Some(REPLAY), locked: false };
    show(Opened { session, config: config.clone(), notices, memory, past: Some(past) }, env, shown, None).await
}

/// The same for as many configurations as are read one after the other, on one terminal.
async fn show(
    mut opened: Opened,
    env: &Env,
    shown: Shown,
    mut from: Option<(&Overrides, Read)>,
) -> Result<Exit, Failure> {
    let (cancel, resume) = (CancellationToken::new(), Resume::default());
    let mut found = terminal(env);
    let asks = match opened.config.ui.ask_terminal {
        AskTerminal::Auto => found.answers,
        AskTerminal::Always => !found.dumb && !found.linux_console,
        AskTerminal::Never => false,
    };
    let (mut guard, mut terminal, mut input, mut signals, light) = match take_terminal(cancel.clone(), asks) {
        Ok(taken) => taken,
        Err(e) => {
            opened.session.close().await;
            return Err(terminal_failed(e));
        }
    };
    // What the terminal says of itself goes before what a variable says.
    found.light = light.unwrap_or(found.light);
    let outcome = loop {
        let (reload, read) = from.as_ref().map(|(flags, _)| reload::reader(flags, env, shown.locked)).unzip();
        let options = options(&opened, found, shown, &cancel, (reload, &resume));
        let outcome = match guard.use_mouse(options.facts.ui.mouse) {
            Ok(()) => run::dashboard(options, &mut terminal, &mut guard, &mut input, &mut signals).await,
            Err(e) => Err(RunError::Terminal(Box::new(e))),
        };
        let read = read.and_then(|read| read.take());
        match (outcome, from.take(), read, opened.past.take()) {
            (Ok(Outcome::Reload), Some((flags, before)), Some(read), _) => {
                let Followed { read, session, same_store, failure } = before.follow(opened.session, read).await?;
                if !same_store {
                    drop(resume.take());
                }
                let mut notices = read.notices.clone();
                notices.extend(failure.map(|failure| run::bad_configuration(&failure.message)));
                opened = Opened { session, config: read.config.clone(), notices, memory: opened.memory, past: None };
                from = Some((flags, read));
            }
            (Ok(Outcome::Rewind), _, _, Some(past)) => {
                opened.session.close().await;
                let (session, notices) = (past.rewind)()?;
                opened = Opened { session, config: opened.config, notices, memory: opened.memory, past: Some(past) };
            }
            (outcome, ..) => break outcome,
        }
    };
    let panicked = guard.panicked();
    drop(guard);
    opened.session.close().await;
    match outcome {
        _ if panicked => Ok(Exit::Unexpected),
        // It is asked for only where there is somebody to answer.
        Ok(Outcome::Quit | Outcome::Cancelled | Outcome::Reload | Outcome::Rewind) => Ok(Exit::Ok),
        Ok(Outcome::Signal(number)) => Ok(Exit::Signal(u8::try_from(number).unwrap_or(u8::MAX))),
        Ok(Outcome::HangUp) => Ok(Exit::Signal(1)),
        Err(e) => Err(Failure::new(Exit::Unexpected, e.to_string())),
    }
}

fn options(
    opened: &Opened,
    terminal: term::Facts,
    shown: Shown,
    cancel: &CancellationToken,
    (reload, resume): (Option<Reload>, &Resume),
) -> DashboardOptions {
    let Opened { session, config, notices, memory, past } = opened;
    // What passes is told by the feed, which also knows when it is over.
    let about_the_store = session.notices.iter().filter(|n| n.problem == Problem::StoreQuarantined);
    DashboardOptions {
        facts: facts(config, session.me.clone(), session.may_poll, shown),
        store: session.store.clone(),
        notify: session.notifiers.feed.clone(),
        clock: Arc::clone(&session.clock),
        cancel: cancel.clone(),
        look: run::look(&config.ui, terminal),
        notices: notices.iter().cloned().chain(about_the_store.cloned().map(Notice::from)).collect(),
        policy: alerting::policy(config),
        alert: config.alert,
        memory: memory.clone(),
        log_trouble: super::log_trouble,
        reload,
        player: past.as_ref().map(|past| past.player.clone()),
        resume: resume.clone(),
        csv,
    }
}

fn terminal_failed(e: io::Error) -> Failure {
    Failure::new(Exit::Unexpected, format!("the terminal: {e}"))
}

/// The terminal with its keys and signals, and whether its background is light, where it said so.
type Taken<I, S> = (Guard, Terminal<Screen<Stdout>>, I, S, Option<bool>);

/// Takes the terminal; where it `asks`, also whether its background is light, if it says so.
fn take_terminal(
    cancel: CancellationToken,
    asks: bool,
) -> io::Result<
    Taken<impl Stream<Item = io::Result<crossterm::event::Event>> + Unpin, impl Stream<Item = term::Signal> + Unpin>,
> {
    let signals = term::signals()?;
    let guard = Guard::enter(cancel)?;
    let terminal = Terminal::new(Screen::new(Stdout::new()?))?;
    // Who cannot be asked is not worth an error: what a variable says holds then.
    let term::Answer { light, read } = if asks { term::ask().unwrap_or_default() } else { term::Answer::default() };
    Ok((guard, terminal, term::input(read)?, signals, light))
}

/// The rows of the view in their order, as `ahtop once --format csv` prints them; where the view has no table, all that
/// the filter lets through.
fn csv(state: &State) -> io::Result<Vec<u8>> {
    let data = state.shown();
    let view = View { now: &data.now, zone: &state.config.zone, stale_after: rows::stale_after(state) };
    let facts =
        Facts { account: &state.config.account, budget: state.config.budget, usage: data.usage, token_left: None };
    let lines = tables::concerned(state).into_iter().flat_map(|kind| tables::lines(state, kind));
    let watched: Vec<Watched> = lines.map(|line| line.watched.clone()).collect();
    let mut out = Vec::new();
    report::csv(&Document::new(&facts, &watched, &data.rows, &view), &mut out)?;
    Ok(out)
}
