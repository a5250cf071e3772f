//! `ahtop once`: one paced sweep, printed.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, IsTerminal, Write},
    pin::pin,
    time::Duration,
};

use super::{
    Failure, floor, print_error,
    progress::Progress,
    session::{self, Session},
    stop,
    sweep::{Freshness, Swept, sweep},
};
use crate::{
    app::{self, DashboardConfig, RowState, Sort, State, follow},
    cli::{self, Format},
    config::{Config, Env, Overrides, Watched},
    domain::{Condition, Kind, Now, Reading, Row, Series, Target, stale_after},
    exit::Exit,
    report::{self, Document, Exposition, Facts, Gathered, MetricsOptions, Naming, TableLook, View},
    run,
    store::{self, Role, Status},
    term,
};

/// Sweeps over the configured targets and prints what is known then.
///
/// # Errors
/// Configuration, credentials, store.
pub async fn run(args: &cli::Once, flags: &Overrides, env: &Env) -> Result<Exit, Failure> {
    if args.format == Format::Openmetrics && (args.sort.is_some() || args.filter.is_some()) {
        return Err(Failure::new(Exit::Usage, "metrics are of all that is watched: leave out --sort and --filter"));
    }
    let loaded = super::load(flags, env)?;
    print_error(&super::config::warnings(&loaded.warnings));
    let (mut stop, follows) = (pin!(stop::signal()), loaded.config.watch.is_empty() && loaded.config.floor.is_none());
    let config = &tokio::select! {
        config = floor::settled(&loaded.config, env) => config?,
        signal = &mut stop => return Ok(Exit::Signal(signal)),
    };
    let session = Session::configured(config, env, Role::Command, Vec::new()).await?;
    let result =
        if follows { all(&session, args, config, env).await } else { on(&session, args, config, env, stop).await };
    session.close().await;
    result
}

/// The same on a session that is open already, until `stop`.
pub(crate) async fn on(
    session: &Session,
    args: &cli::Once,
    config: &Config,
    env: &Env,
    stop: impl Future<Output = u8>,
) -> Result<Exit, Failure> {
    tell(session);
    let fresh = Freshness::Within(config.poll.min_interval);
    let mut unheard = |_: &Reading, _: &Now, _: &mut Progress| {};
    let mut progress = Progress::new(args.quiet, env);
    let swept = tokio::select! {
        swept = sweep(session, &config.watch, fresh, &mut unheard, &mut progress) => swept?,
        signal = stop => interrupted(session, signal).await?,
    };
    drop(progress);
    let printed = print(session, args, config, env, (&config.watch, &swept.rows)).await?;
    if let Some(why) = &swept.why {
        print_error(&format!("ahtop: {why}"));
    }
    let any = |condition: Condition| printed.targets.iter().any(|t| t.condition == condition);
    Ok(match swept.exit {
        Exit::Ok if any(Condition::Failing) => Exit::Service,
        Exit::Ok if args.strict && any(Condition::Invalid) => Exit::InvalidTargets,
        exit => exit,
    })
}

/// What is known when a signal ends the sweep: it is printed too.
async fn interrupted(session: &Session, signal: u8) -> Result<Swept, Failure> {
    let snapshot = session.store.call(|s| s.snapshot(Duration::ZERO)).await?;
    let rows = snapshot.rows.into_iter().map(|row| (row.target.clone(), row)).collect();
    Ok(Swept { rows, exit: Exit::Signal(signal), why: None })
}

/// What opening the store has to say.
fn tell(session: &Session) {
    session.notices.iter().for_each(|notice| print_error(&notice.text));
}

/// A viewer without targets of its own prints what the store has, and asks for nothing.
async fn all(session: &Session, args: &cli::Once, config: &Config, env: &Env) -> Result<Exit, Failure> {
    tell(session);
    let rows = session.store.call(|s| store::rows(s, Series::SPAN)).await?;
    let watch = follow::watch_list(rows.values(), &session.clock.now());
    print(session, args, config, env, (&watch, &rows)).await?;
    Ok(Exit::Ok)
}

async fn print(
    session: &Session,
    args: &cli::Once,
    config: &Config,
    env: &Env,
    (watch, rows): (&[Watched], &BTreeMap<Target, Row>),
) -> Result<Document, Failure> {
    let (usage, status, token) =
        session.store.call(|s| Ok((s.usage()?, s.status()?, store::readable_token(s)?))).await?;
    let now = session.clock.now();
    let zone = session::zone(config);
    let view = View {
        now: &now,
        zone: &zone,
        stale_after: stale_after(status.as_ref().map(|s| s.sweep).unwrap_or_default(), config.poll.min_interval),
    };
    let facts = Facts {
        account: &config.account.name,
        budget: config.budget,
        usage,
        token_left: token.map(|t| t.remaining(&now)),
    };
    // What the exit code is about is everything, whatever is printed of it.
    let all = Document::new(&facts, watch, rows, &view);
    let document = match listed(session, args, config, watch, rows, status) {
        Some(listed) => Document::new(&facts, &listed, rows, &view),
        None => all.clone(),
    };
    let terminal = term::Facts::detect(|name| env.get(name).map(str::to_owned));
    let metrics =
        if args.format == Format::Openmetrics { metrics(session, config, watch).await? } else { String::new() };
    let mut out = io::stdout().lock();
    let coloured = out.is_terminal() && !terminal.dumb;
    let look = run::look(&config.ui, terminal);
    let paint = |state: RowState, text: &str| match coloured {
        true => term::painted(text, look.styles.state(state)),
        false => text.to_owned(),
    };
    let look = TableLook { ascii: !terminal.unicode, paint: &paint };
    let written = match args.format {
        Format::Table => report::table(&document, &look, &mut out),
        Format::Json => report::json(&document, &mut out),
        Format::Csv => report::csv(&document, &mut out),
        Format::Openmetrics => out.write_all(metrics.as_bytes()),
    };
    match written {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(all),
    }
}

/// What is printed, in its order, where that is not simply all in the order of the configuration.
fn listed(
    session: &Session,
    args: &cli::Once,
    config: &Config,
    watch: &[Watched],
    rows: &BTreeMap<Target, Row>,
    status: Option<Status>,
) -> Option<Vec<Watched>> {
    if args.format != Format::Table && args.sort.is_none() && args.filter.is_none() {
        return None;
    }
    // The dashboard's own rules say what comes first and what a filter lets through.
    let dashboard = DashboardConfig {
        account: config.account.name.as_str().into(),
        mode: None,
        zone: session::zone(config),
        watched: watch.into(),
        floor: None,
        budget: config.budget,
        min_interval: config.poll.min_interval,
        ui: config.ui.clone(),
        wall: config.wall.clone(),
        locked: false,
        me: session.me.clone(),
        may_poll: session.may_poll,
    };
    let mut state = State::new(dashboard, session.clock.now());
    state.live.rows.extend(rows.iter().map(|(target, row)| (target.clone(), row.clone())));
    state.live.status = status;
    state.navigation.filter.text = args.filter.clone().unwrap_or_default().into();
    let lines = |state: &State| -> Vec<Watched> {
        Kind::ALL.into_iter().flat_map(|kind| app::lines(state, kind)).map(|line| line.watched.clone()).collect()
    };
    if args.format != Format::Table && args.sort.is_none() {
        let passed: BTreeSet<Target> = lines(&state).into_iter().map(|w| w.target).collect();
        return Some(watch.iter().filter(|w| passed.contains(&w.target)).cloned().collect());
    }
    state.preferences.sort = args.sort.map_or_else(Sort::default, |column| Sort { column, reverse: args.reverse });
    Some(lines(&state))
}

async fn metrics(session: &Session, config: &Config, watched: &[Watched]) -> Result<String, Failure> {
    let found = session.store.call(Gathered::read).await?;
    let options = MetricsOptions {
        watched,
        budget: config.budget,
        min_interval: config.poll.min_interval,
        naming: Naming::new(config.wall.names),
        names: config.serve.metrics_names,
        process: None,
    };
    Ok(report::metrics(&found, &options, Exposition::OpenMetrics))
}
