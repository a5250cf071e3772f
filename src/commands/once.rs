//! `ahtop once`: one paced sweep, printed.

use std::io;

use super::{
    Failure, complain,
    session::{self, Open, Session},
    stop,
    sweep::{Freshness, Swept, sweep},
};
use crate::{
    app::rows,
    cli::{self, Format},
    config::{Config, Env, Overrides},
    domain::{Condition, Now, Reading},
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
    let session = Session::open(Open {
        auto_path: session::auto_path(config, env)?,
        role: Role::Command,
        keys: session::keys(config, env).await?,
        wants: Vec::new(),
        config,
    })?;
    let result = on(&session, args, config, env).await;
    session.close().await;
    result
}

/// The same on a session that is open already.
pub(crate) async fn on(session: &Session, args: &cli::Once, config: &Config, env: &Env) -> Result<Exit, Failure> {
    for notice in &session.notices {
        complain(&notice.text);
    }
    let fresh = Freshness::Within(config.poll.min_interval);
    let mut unheard = |_: &Reading, _: &Now| {};
    let swept = tokio::select! {
        swept = sweep(session, &config.watch, fresh, &mut unheard) => swept?,
        signal = stop::signal() => return Ok(Exit::Signal(signal)),
    };
    let printed = print(session, args.format, config, env, &swept).await?;
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

async fn print(
    session: &Session,
    format: Format,
    config: &Config,
    env: &Env,
    swept: &Swept,
) -> Result<Document, Failure> {
    let (usage, status, token) = session.store.call(|s| Ok((s.usage()?, s.status()?, s.token()?))).await?;
    let now = session.clock.now();
    let zone = session::zone(config);
    let view = View {
        now: &now,
        zone: &zone,
        stale_after: rows::stale_rule(status.map(|s| s.sweep).unwrap_or_default(), config.poll.min_interval),
    };
    let facts = Facts {
        account: &config.account.name,
        budget: config.budget,
        usage,
        token_left: token.map(|t| t.remaining(&now)),
    };
    let document = Document::new(&facts, &config.watch, &swept.rows, &view);
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
