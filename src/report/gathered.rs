//! Everything that a report on the present needs, read from the store at one moment.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    alert::{
        Alert, AlertRegistry, Subject,
        persist::{self, Known},
    },
    config::Watched,
    domain::{Now, Problem, Row, SILENT_AFTER, Target, stale_after},
    store::{self, HistoryInfo, Instance, Link, Presence, Status, Store, StoreError, Usage},
};

/// The words for the link to the service, as [`Gathered::link_state`] gives them: `live` is as it should be, `closed` are
/// quiet hours.
pub fn link_states() -> Vec<&'static str> {
    let mut all = vec!["live", "starting"];
    for words in Problem::ALL.into_iter().filter_map(|problem| problem.spec().link) {
        // A state may have several problems.
        if !all.contains(&words.word) {
            all.push(words.word);
        }
    }
    all
}

/// What people did about an active alert.
pub const ALERT_STATES: [&str; 3] = ["unacknowledged", "acknowledged", "muted"];

/// What the store holds now.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// When it was read.
    pub now: Now,
    /// What is known of each target, without its series.
    pub rows: BTreeMap<Target, Row>,
    /// What the poller last said.
    pub status: Option<Status>,
    /// What the request ledger holds.
    pub usage: Usage,
    /// Who polls.
    pub poller: Option<Instance>,
    pub instances: Vec<Instance>,
    /// Size of the history.
    pub history: HistoryInfo,
    /// How long the token lives; `None` without one, or where this user may not read it.
    pub token_left: Option<Duration>,
    pub registry: AlertRegistry,
    /// Who is logged in; `None`: nobody has asked.
    pub presence: Option<Presence>,
}

impl Gathered {
    /// Reads it all.
    pub fn read(store: &dyn Store) -> Result<Gathered, StoreError> {
        let (rows, presence) = store::rows_and_presence(store, Duration::ZERO)?;
        let (status, usage, token) = (store.status()?, store.usage()?, store::readable_token(store)?);
        let now = store.now();
        Ok(Gathered {
            rows,
            presence,
            status,
            usage,
            poller: store.lease_holder()?,
            instances: store.instances()?,
            history: store.history()?,
            token_left: token.map(|token| token.remaining(&now)),
            registry: persist::read_registry(store, &mut Known::default())?.unwrap_or_default(),
            now,
        })
    }

    /// From which age on a reading is stale.
    pub fn stale_after(&self, min_interval: Duration) -> Duration {
        stale_after(self.status.as_ref().map(|s| s.sweep).unwrap_or_default(), min_interval)
    }

    /// What the poller says of the link; `None` where nobody polls, or the poller has been silent for long.
    pub fn link(&self) -> Option<&Link> {
        self.status.as_ref().filter(|status| status.at.age(&self.now) < SILENT_AFTER).map(|status| &status.link)
    }

    /// What is wrong with the link, if anything.
    pub fn link_problem(&self) -> Option<Problem> {
        self.link().map_or(Some(Problem::Silent), Link::problem)
    }

    /// The word for the link: one of [`link_states`].
    pub fn link_state(&self) -> &'static str {
        match self.link_problem().and_then(|problem| problem.spec().link) {
            Some(words) => words.word,
            None if matches!(self.link(), Some(Link::Starting)) => "starting",
            None => "live",
        }
    }

    /// The active alerts about `watched` and about the account, the newest first.
    pub fn active_alerts(&self, watched: &[Watched]) -> Vec<&Alert> {
        let ours = |subject: &Subject| match subject {
            Subject::Problem(_) => true,
            Subject::Target(target) => watched.iter().any(|w| w.target == *target),
        };
        let mut alerts: Vec<&Alert> = self.registry.active().filter(|a| ours(&a.id.subject)).collect();
        alerts.sort_by_key(|alert| std::cmp::Reverse(alert.started.wall));
        alerts
    }

    /// What people did about an active alert: one of [`ALERT_STATES`].
    pub fn alert_state(&self, alert: &Alert) -> &'static str {
        if self.registry.mute(&alert.id.subject, &self.now).is_some() {
            "muted"
        } else if alert.is_acked() {
            "acknowledged"
        } else {
            "unacknowledged"
        }
    }

    /// The rows of `watched`, in their order; one that was never read is one that waits.
    pub fn watched<'a>(&self, watched: &'a [Watched]) -> Vec<(&'a Watched, Row)> {
        let row = |w: &Watched| self.rows.get(&w.target).cloned().unwrap_or_else(|| Row::new(w.target.clone()));
        watched.iter().map(|w| (w, row(w))).collect()
    }
}
