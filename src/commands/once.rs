//! `ahtop once`: one paced sweep, printed.

use std::{collections::BTreeMap, io, time::Duration};

use super::{
    Failure, complain,
    session::{self, Session},
    stop,
    sweep::{Freshness, Swept, sweep},
};
use crate::{
    app::follow,
    cli::{self, Format},
    config::{Config, Env, Overrides, Watched},
    domain::{Condition, Now, Reading, Row, Series, Target, stale_after},
    exit::Exit,
    report::{self, Document, Facts, View},
    store::Role,
};

/// Sweeps over the configured targets and prints what is known then.
///
/// # Errors
/// Configuration, credentials, store.
pub async fn run(args: &cli::Once, flags: &Overrides, env: &Env) -> Result<Exit, Failure> {
    let loaded = super::load(flags, env)?;
    let config = &loaded.config;
    complain(&super::config::warnings(&loaded.warnings));
    let stop = stop::signal();
    let session = Session::configured(config, env, Role::Command, Vec::new()).await?;
    let result = on(&session, args, config, env, stop).await;
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
    for notice in &session.notices {
        complain(&notice.text);
    }
    let fresh = Freshness::Within(config.poll.min_interval);
    let mut unheard = |_: &Reading, _: &Now| {};
    if config.watch.is_empty() {
        return all(session, args, config, env).await;
    }
    let swept = tokio::select! {
        swept = sweep(session, &config.watch, fresh, &mut unheard) => swept?,
        signal = stop => interrupted(session, signal).await?,
    };
    let printed = print(session, args.format, config, env, (&config.watch, &swept.rows)).await?;
    if let Some(why) = &swept.why {
        complain(&format!("ahtop: {why}"));
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

/// A viewer without targets of its own prints what the store has, and asks for nothing.
async fn all(session: &Session, args: &cli::Once, config: &Config, env: &Env) -> Result<Exit, Failure> {
    let rows = session.store.call(|s| s.snapshot(Series::SPAN)).await?.rows;
    let watch = follow::watch_list(&rows, &session.clock.now());
    let rows = rows.into_iter().map(|row| (row.target.clone(), row)).collect();
    print(session, args.format, config, env, (&watch, &rows)).await?;
    Ok(Exit::Ok)
}

async fn print(
    session: &Session,
    format: Format,
    config: &Config,
    env: &Env,
    (watch, rows): (&[Watched], &BTreeMap<Target, Row>),
) -> Result<Document, Failure> {
    let (usage, status, token) = session.store.call(|s| Ok((s.usage()?, s.status()?, s.token()?))).await?;
    let now = session.clock.now();
    let zone = session::zone(config);
    let view = View {
        now: &now,
        zone: &zone,
        stale_after: stale_after(status.map(|s| s.sweep).unwrap_or_default(), config.poll.min_interval),
    };
    let facts = Facts {
        account: &config.account.name,
        budget: config.budget,
        usage,
        token_left: token.map(|t| t.remaining(&now)),
    };
    let document = Document::new(&facts, watch, rows, &view);
    let ascii = !crate::term::Facts::detect(|name| env.get(name).map(str::to_owned)).unicode;
    let mut out = io::stdout().lock();
    let written = match format {
        Format::Table => report::table(&document, ascii, &mut out),
        Format::Json => report::json(&document, &mut out),
        Format::Csv => report::csv(&document, &mut out),
    };
    match written {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(document),
    }
}
