//! Who looks after the alerts: the process that polls feeds the registry, keeps it in the store and runs the hooks.
//!
//! ```text
//!   readings since the cursor ─┐
//!   link, rows ────────────────┼─► AlertRegistry ─► saved under its revision ─► log, hooks
//!   posts of all dashboards ───┘                       └─► read by every dashboard
//! ```
//!
//! The registry is saved *before* anything is done about its events, and only where nobody else has saved it meanwhile:
//! a process that was stopped and wakes up believing that it still polls finds another revision and drops what it has.
//! So each event is acted upon at most once, whoever holds the lease.

mod evaluator;
mod hooks;
mod policy;
#[cfg(test)]
mod tests;

pub use hooks::{Hooks, Trial, payload, try_out};
pub use policy::policy;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

pub use self::evaluator::{Evaluator, Round};
use crate::{
    alert::Policy,
    config::{Floor, Hook, Watched},
    domain::{Clock, Quiet},
    store::{Handle, Instance, ReplayClock, Store, StoreError},
};

/// How often the store is looked at: an alert has dwelt for minutes, and what people do shows without us.
const LOOK: Duration = Duration::from_secs(2);
/// The steps of [`catch_up`].
const STEP: Duration = Duration::from_secs(5);
/// How often it is looked at where one hears who polls, and it is somebody else.
const LOOK_AWAY: Duration = Duration::from_secs(10);
/// How long a failing store is left alone.
const RETRY: Duration = Duration::from_secs(2);

/// What [`run`] needs.
#[derive(Clone, Debug)]
pub struct Setup {
    pub store: Handle,
    /// This process: it evaluates while it holds the lease.
    pub me: Instance,
    /// `[account] name`, for hooks.
    pub account: Arc<str>,
    /// The targets with their bands.
    pub watched: Arc<[Watched]>,
    /// Whoever is logged in is watched, too.
    pub floor: Option<Arc<Floor>>,
    /// When readings become alerts.
    pub policy: Policy,
    /// When nobody is meant to look.
    pub quiet: Quiet,
    pub hooks: Vec<Hook>,
    /// Poked when the registry has something new.
    pub feed: Arc<Notify>,
}

/// Evaluates the past of `store` up to `to` without waiting, so that a replay that begins there knows the alerts of
/// the hours before.
pub fn catch_up(
    evaluator: &mut Evaluator,
    store: &dyn Store,
    clock: &ReplayClock,
    to: Timestamp,
) -> Result<(), StoreError> {
    loop {
        evaluator.round(store)?;
        let now = clock.now().wall;
        // The clock stands at whole milliseconds: before that of `to`, which it never reaches, it goes no further.
        if now.as_millisecond() >= to.as_millisecond() {
            return Ok(());
        }
        clock.set(now.checked_add(STEP).unwrap_or(to).min(to));
    }
}

/// Looks after the alerts while this process holds the lease, until cancelled.
pub async fn run(setup: Setup, cancel: CancellationToken) {
    let mut hooks = Hooks::new(setup.hooks.clone(), setup.store.clone(), setup.me.clone());
    let fresh = || {
        Evaluator::new(setup.me.clone(), setup.watched.clone(), setup.policy, setup.quiet.clone())
            .on_floor(setup.floor.clone())
    };
    let mut evaluator = Some(fresh());
    // What was heard of who polls before it was found to be somebody else, and when that was.
    let mut left_to_others: Option<(u64, Instant)> = None;
    while !cancel.is_cancelled() {
        let heard = setup.store.heard().map(|heard| heard.overview);
        if left_to_others.is_some_and(|(before, at)| heard == Some(before) && at.elapsed() < LOOK_AWAY) {
            cancel.run_until_cancelled(sleep(LOOK)).await;
            continue;
        }
        // A call that died took its evaluator along: the next one begins with what is in the store.
        let mut present = evaluator.take().unwrap_or_else(fresh);
        let round = setup.store.call(move |store| {
            let round = present.round(store);
            Ok((present, round))
        });
        let wait = match round.await {
            Ok((present, Ok(done))) => {
                if done.changed {
                    setup.feed.notify_one();
                }
                for event in &done.events {
                    hooks.tell(event, || payload(&setup.account, event, present.name_of(&event.id.subject)));
                }
                left_to_others = heard.filter(|_| !present.is_on()).map(|heard| (heard, Instant::now()));
                evaluator = Some(present);
                LOOK
            }
            Ok((_, Err(e))) | Err(e) => {
                tracing::warn!("alerts: {e}");
                left_to_others = None;
                RETRY
            }
        };
        cancel.run_until_cancelled(sleep(wait)).await;
    }
    hooks.stop().await;
}
