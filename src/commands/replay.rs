//! `ahtop replay`: the dashboard on the past, through the same path; nothing is polled and nothing is written.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};
use tokio_util::sync::CancellationToken;

use super::{Failure, dashboard, floor, print_error, session, session::Session, time_arg::time_arg};
use crate::{
    alerting,
    app::{Notice, PlayStep, Topic},
    cli,
    config::{Config, Env, Overrides},
    domain::{Clock, SystemClock},
    exit::Exit,
    poll::Notifiers,
    run::{Memory, Played, Player},
    store::{Handle, Instance, Near, ReplayClock, ReplayStore, Role, SqliteStore, Store, open},
};

/// So long before the begin alerts are followed, so that those of then are known.
const LEAD: Duration = Duration::from_secs(4 * 3600);
/// After how much of the past the dashboard looks what is new, and how often at most and at least.
const NEWS: Duration = Duration::from_secs(10);
const POKE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));
/// How far a key goes back or on.
const STEP: Duration = Duration::from_secs(15 * 60);
/// The slowest and the fastest that it runs.
const SPEEDS: (u32, u32) = (1, 3600);

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
    let Near { next, last, .. } = ReplayStore::near(&*source, from)?;
    if last.is_none_or(|last| last < from) {
        let message = "nothing was stored from then on: give an earlier --from, or another STORE";
        return Err(Failure::new(Exit::Usage, message));
    }
    let config = floor::of_the_past(&config, &*source, from.checked_sub(LEAD).unwrap_or(from))?;
    // Before the first reading there is nothing to be seen.
    let past = Arc::new(Replayed {
        source,
        zone: session::zone(&config),
        last,
        at: Mutex::new((next.unwrap_or(from), args.speed)),
        clock: Mutex::default(),
        config: config.clone(),
    });
    let (session, notices) = past.open()?;
    let (again, player) = (past.clone(), past.clone());
    let moves = dashboard::Past {
        player: Player(Arc::new(move |step| player.play(step))),
        rewind: Box::new(move || again.open()),
    };
    let memory = dashboard::named(Memory::default(), &config, flags);
    dashboard::open_on_past((session, moves), &config, env, notices, memory).await
}

/// The past that is shown.
struct Replayed {
    source: Arc<dyn Store>,
    config: Config,
    zone: TimeZone,
    /// When the last reading was made.
    last: Option<Timestamp>,
    /// Where it begins when it is opened, and how fast it runs.
    at: Mutex<(Timestamp, u32)>,
    /// The clock of what is open.
    clock: Mutex<Option<Arc<ReplayClock>>>,
}

impl Replayed {
    /// Opens the past at the moment where it is to begin, with the alerts of then.
    fn open(&self) -> Result<dashboard::Rewound, Failure> {
        let (from, speed) = *self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let config = &self.config;
        let stamp = ReplayStore::near(&*self.source, from)?.stamp;
        let begin = from.checked_sub(LEAD).unwrap_or(from);
        let clock = Arc::new(ReplayClock::new(begin, speed, stamp.as_ref(), self.last));
        let me = Instance::here(Role::Dashboard);
        let store = Handle::new(Arc::new(ReplayStore::new(self.source.clone(), clock.clone(), me.clone())?));
        let (policy, quiet) = (alerting::policy(config), session::quiet(config));
        let mut evaluator = alerting::Evaluator::new(me.clone(), config.watch.clone().into(), policy, quiet.clone());
        alerting::catch_up(&mut evaluator, &**store.direct(), &clock, from)?;
        clock.run();
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock.clone());
        let (notifiers, cancel) = (Notifiers::default(), CancellationToken::new());
        let alerting = alerting::run(
            alerting::Setup {
                store: store.clone(),
                me: me.clone(),
                account: config.account.name.as_str().into(),
                watched: config.watch.clone().into(),
                floor: None,
                policy,
                quiet,
                // What was told then is not told again.
                hooks: Vec::new(),
                feed: notifiers.feed.clone(),
            },
            cancel.clone(),
        );
        // Nobody pokes the dashboard here as a poller would: time itself does.
        let (feed, time, over) = (notifiers.feed.clone(), clock.clone(), cancel.clone());
        tokio::spawn(async move {
            while !over.is_cancelled() {
                tokio::time::sleep((NEWS / time.speed().max(1)).clamp(POKE.0, POKE.1)).await;
                feed.notify_one();
            }
        });
        let session = Session::of_the_past(store, notifiers, me, clock, cancel, tokio::spawn(alerting));
        Ok((session, vec![self.told(speed)]))
    }

    /// Does what a key asks for.
    fn play(&self, step: PlayStep) -> Played {
        let clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(clock) = clock else { return Played::Done(self.told(at.1)) };
        match step {
            PlayStep::On => clock.skip(STEP),
            PlayStep::Slower => at.1 = (at.1 / 2).max(SPEEDS.0),
            PlayStep::Faster => at.1 = at.1.saturating_mul(2).min(SPEEDS.1),
            PlayStep::Back => {
                let now = clock.now().wall;
                at.0 = now.checked_sub(STEP).unwrap_or(now);
                return Played::Rewind;
            }
        }
        if clock.speed() != at.1 {
            clock.set_speed(at.1);
        }
        Played::Done(self.told(at.1))
    }

    fn told(&self, speed: u32) -> Notice {
        let until = |at: Timestamp| at.to_zoned(self.zone.clone()).strftime(" until %-d %b %H:%M").to_string();
        let until = self.last.map_or_else(String::new, until);
        Notice {
            topic: Topic::Replay,
            text: format!("REPLAY at {speed} times the speed{until}: no request is sent, nothing is written"),
        }
    }
}

/// A store's file that must be there already.
fn stored(path: &Path, clock: Arc<dyn Clock>) -> Result<Arc<dyn Store>, Failure> {
    if !path.is_file() {
        let shown = crate::domain::clean(&path.to_string_lossy(), 1000).into_owned();
        return Err(Failure::new(Exit::Usage, format!("{shown}: there is no such store")));
    }
    Ok(Arc::new(SqliteStore::open(path, clock)?))
}
