//! `ahtop replay`: the dashboard on the past, through the same path; nothing is polled and nothing is written.

use std::{path::Path, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{Failure, dashboard, print_error, session, session::Session, time_arg::time_arg};
use crate::{
    alerting,
    app::{self, Notice, Topic},
    cli,
    config::{Env, Overrides},
    domain::{Clock, SystemClock},
    exit::Exit,
    poll::Notifiers,
    run::Memory,
    store::{Handle, Instance, ReplayClock, ReplayStore, Role, SqliteStore, Store, open},
};

/// So long before the begin alerts are followed, so that those of then are known.
const LEAD: Duration = Duration::from_secs(4 * 3600);
/// After how much of the past the dashboard looks what is new, and how often at most and at least.
const NEWS: Duration = Duration::from_secs(10);
const POKE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

/// Shows the past.
///
/// # Errors
/// Configuration, store, a moment that is none, terminal.
pub async fn run(args: &cli::Replay, flags: &Overrides, env: &Env) -> Result<Exit, Failure> {
    let loaded = super::load(flags, env)?;
    print_error(&super::config::warnings(&loaded.warnings));
    let config = loaded.config;
    if !dashboard::has_screen(env) {
        return Err(Failure::new(Exit::Usage, "replay needs a terminal; `ahtop history export` prints readings"));
    }
    let real: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let source = match &args.path {
        Some(path) => stored(path, real.clone())?,
        None => open(&session::place(&config, env)?, real.clone())?.store,
    };
    let from = time_arg("--from", &args.from, real.now().wall, &session::zone(&config))?;
    let (near, last) = ReplayStore::near(&*source, from)?;
    if last.is_none_or(|last| last < from) {
        let message = "nothing was stored from then on: give an earlier --from, or another STORE";
        return Err(Failure::new(Exit::Usage, message));
    }
    let begin = from.checked_sub(LEAD).unwrap_or(from);
    let clock = Arc::new(ReplayClock::new(begin, args.speed, near.as_ref(), last));
    let me = Instance::here(Role::Dashboard);
    let store = Handle::new(Arc::new(ReplayStore::new(source, clock.clone(), me.clone())?));
    let (policy, quiet) = (alerting::policy(&config), session::quiet(&config));
    let mut evaluator = alerting::Evaluator::new(me.clone(), config.watch.clone().into(), policy, quiet.clone());
    alerting::catch_up(&mut evaluator, &**store.direct(), &clock, from)?;
    clock.run();
    let (notifiers, cancel) = (Notifiers::default(), CancellationToken::new());
    let alerting = alerting::run(
        alerting::Setup {
            store: store.clone(),
            me: me.clone(),
            account: config.account.name.as_str().into(),
            watched: config.watch.clone().into(),
            policy,
            quiet,
            // What was told then is not told again.
            hooks: Vec::new(),
            feed: notifiers.feed.clone(),
        },
        cancel.clone(),
    );
    // Nobody pokes the dashboard here as a poller would: time itself does.
    let (feed, every) = (notifiers.feed.clone(), (NEWS / args.speed.max(1)).clamp(POKE.0, POKE.1));
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(every).await;
            feed.notify_one();
        }
    });
    let session = Session::of_the_past(store, notifiers, me, clock, cancel, tokio::spawn(alerting));
    let zone = session::zone(&config);
    let until = last.map_or_else(String::new, |at| at.to_zoned(zone).strftime(" until %-d %b %H:%M").to_string());
    let speed = Notice {
        topic: Topic::Replay,
        text: format!("REPLAY at {} times the speed{until}: no request is sent, nothing is written", args.speed),
    };
    let shown = dashboard::Shown { mode: Some(app::REPLAY), locked: false };
    dashboard::open_on(session, &config, env, shown, vec![speed], dashboard::named(Memory::default(), &config, flags))
        .await
}

/// A store's file that must be there already.
fn stored(path: &Path, clock: Arc<dyn Clock>) -> Result<Arc<dyn Store>, Failure> {
    if !path.is_file() {
        let shown = crate::domain::clean(&path.to_string_lossy(), 1000).into_owned();
        return Err(Failure::new(Exit::Usage, format!("{shown}: there is no such store")));
    }
    Ok(Arc::new(SqliteStore::open(path, clock)?))
}
