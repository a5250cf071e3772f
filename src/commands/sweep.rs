//! One sweep without a screen: everything watched is asked once, by whoever polls, and read back from the store.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{progress::Progress, session::Session};
use crate::{
    config::Watched,
    domain::{EventTime, Now, Outcome, Problem, Reading, Row, Target, record},
    exit::Exit,
    poll::INVALID_INTERVAL,
    store::{Attention, Link, Status, Store, StoreError},
};

/// Wants are said again this often and forgotten after three times that.
const WANT_INTERVAL: Duration = Duration::from_secs(10);
/// How often the store is looked at when nobody wakes us.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// So many readings are taken in at once.
const MOST: usize = 1000;
/// With nobody polling for so long, a process without credentials gives up.
const NOBODY: Duration = Duration::from_secs(12);
/// Throttled for so long without a single answer, the sweep gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// What counts as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// A good answer no older than this when the sweep began will do.
    Within(Duration),
    /// Everything is asked anew.
    Anew,
}

/// How a sweep ended.
#[derive(Debug)]
pub(crate) struct Swept {
    /// What the store knows, by target.
    pub(crate) rows: BTreeMap<Target, Row>,
    /// [`Exit::Ok`] where every target was asked; otherwise why not.
    pub(crate) exit: Exit,
    /// One sentence where the sweep is incomplete.
    pub(crate) why: Option<String>,
}

/// Sweeps over `watched`; `each` is called for every answer as it arrives.
pub(crate) async fn sweep(
    session: &Session,
    watched: &[Watched],
    freshness: Freshness,
    each: &mut (dyn FnMut(&Reading, &Now, &mut Progress) + Send),
    progress: &mut Progress,
) -> Result<Swept, StoreError> {
    let started = session.clock.now();
    let mut open: BTreeSet<Target> = watched.iter().map(|w| w.target.clone()).collect();
    let snapshot = session.store.call(|s| s.snapshot(Duration::ZERO)).await?;
    let mut rows: BTreeMap<Target, Row> =
        snapshot.rows.into_iter().filter(|r| open.contains(&r.target)).map(|r| (r.target.clone(), r)).collect();
    let mut cursor = snapshot.cursor;
    if let Freshness::Within(age) = freshness {
        open.retain(|t| {
            rows.get(t).is_none_or(|row| !rests(row, &started) && row.age(&started).is_none_or(|a| a >= age))
        });
    }
    let wants: Vec<(Target, Attention)> = open.iter().map(|t| (t.clone(), Attention::OnScreen)).collect();
    let requested_polls: Vec<Target> = open.iter().cloned().collect();
    let me = session.me.clone();
    let first = wants.clone();
    session
        .store
        .call(move |s| {
            // In this order, so that nothing is asked because it is wanted and once more because of its request.
            requested_polls.iter().try_for_each(|t| s.request_poll(t))?;
            s.want(&me, &first, WANT_INTERVAL * 3)
        })
        .await?;
    session.notifiers.poller.notify_one();
    let (mut wanted_at, mut progress_at) = (started.mono, started.mono);
    let mut exit = (Exit::Ok, None);
    let total = open.len();
    while !open.is_empty() {
        progress.counted(total - open.len(), total);
        let now = session.clock.now();
        if now.mono.since(wanted_at) >= WANT_INTERVAL {
            let (me, wants) = (session.me.clone(), wants.clone());
            session.store.call(move |s| s.want(&me, &wants, WANT_INTERVAL * 3)).await?;
            wanted_at = now.mono;
        }
        // The readings last: what the status gives as the reason to end with is then among them.
        let look = move |s: &dyn Store| Ok((s.status()?, s.lease_holder()?, s.since(cursor, MOST)?));
        let (status, holder, (readings, next)) = session.store.call(look).await?;
        cursor = next;
        for reading in &readings {
            if watched.iter().any(|w| w.target == reading.target) {
                record(&mut rows, reading, &now);
                if open.remove(&reading.target) {
                    progress_at = now.mono;
                }
                each(reading, &now, progress);
            }
        }
        if open.is_empty() {
            break;
        }
        if readings.len() == MOST {
            continue;
        }
        if let Some(given_up) =
            given_up(status.as_ref(), holder.is_some(), session.may_poll, now.mono.since(progress_at), &started, &now)
        {
            exit = given_up;
            break;
        }
        if readings.is_empty() {
            tokio::select! {
                () = session.notifiers.feed.notified() => {}
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
        }
    }
    Ok(Swept { rows, exit: exit.0, why: exit.1 })
}

/// An id that was refused twice is not asked again before its time, however often somebody sweeps.
fn rests(row: &Row, now: &Now) -> bool {
    match &row.last {
        Some((Outcome::Invalid, at)) => row.failures >= 2 && at.age(now) < INVALID_INTERVAL,
        _ => false,
    }
}

/// Whether there is no use in waiting any longer, and what that means for the exit code.
fn given_up(
    status: Option<&Status>,
    polled: bool,
    may_poll: bool,
    silent: Duration,
    started: &Now,
    now: &Now,
) -> Option<(Exit, Option<String>)> {
    if !polled && !may_poll && silent >= NOBODY {
        let why = "nobody checks this account: start `ahtop serve`, or an ahtop with an [auth] section";
        return Some((Exit::for_problem(Problem::Silent), Some(why.into())));
    }
    // What an earlier poller said is no news.
    let status = status.filter(|s| s.at.boot == started.boot && s.at.mono >= started.mono)?;
    let why = Some(status.link.sentence());
    // What can only come after our patience has ended is not waited for.
    let hopeless = |until: &EventTime| silent + until.mono.since(now.mono) >= PATIENCE;
    let problem = match &status.link {
        Link::Starting | Link::Live => None,
        link @ (Link::TokenWait { until, .. } | Link::Throttled { until }) => {
            link.problem().filter(|_| hopeless(until))
        }
        link @ (Link::Credentials { .. } | Link::TokenCeiling { .. } | Link::Down { .. } | Link::Closed { .. }) => {
            link.problem()
        }
    };
    problem.map(|problem| (Exit::for_problem(problem), why))
}
