//! Whether the data are fresh, for what watches over a service.

use serde::Serialize;

use crate::{
    alert::{Counts, Observation, findings},
    app::DashboardConfig,
    config::Watched,
    domain::{Condition, Problem, Row},
    report::Gathered,
    store::Link,
};

/// The answer of `/readyz`. It names nobody, so that it may be read without a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Readiness {
    /// True while every reading that should be fresh is, and in quiet hours.
    pub(super) ready: bool,
    /// The link to the service: one of [`link_states`](crate::report::link_states).
    pub(super) link: &'static str,
    /// What is wrong, the most important first: the words of each [`Problem`].
    pub(super) problems: Vec<&'static str>,
    /// Agents and campaigns that are watched.
    pub(super) watched: usize,
    /// Those with a fresh reading.
    pub(super) fresh: usize,
    /// Those that were never read.
    pub(super) waiting: usize,
    /// Those that the service does not know: no reading of theirs is expected.
    pub(super) unknown_ids: usize,
    /// The age of the oldest reading that should be fresh: of a row that rests none need be.
    pub(super) oldest_age_s: Option<u64>,
    /// From this age on a reading is stale.
    pub(super) stale_after_s: u64,
}

impl Readiness {
    pub(super) fn new(found: &Gathered, watched: &[Watched], dashboard: &DashboardConfig) -> Self {
        let stale_after = found.stale_after(dashboard.min_interval);
        let rows = found.watched(watched);
        let count = |wanted: &[Condition]| {
            let is = |row| wanted.contains(&Row::condition(row, &found.now, stale_after));
            rows.iter().filter(|(_, row)| is(row)).count()
        };
        let (fresh, waiting) = (count(&[Condition::Value, Condition::NoCalls]), count(&[Condition::Waiting]));
        let unknown_ids = count(&[Condition::Invalid]);
        let counts = Counts::from_rows(rows.iter().map(|(_, row)| row), &found.now, stale_after);
        let seen = findings(found.link(), &counts);
        let mut problems: Vec<Problem> =
            seen.iter().filter(|(_, s)| matches!(s, Observation::Present(_))).map(|(problem, _)| *problem).collect();
        problems.extend((waiting > 0).then_some(Problem::Waiting));
        problems.extend(found.link().is_none().then_some(Problem::Silent));
        let takes_turns = |row: &Row| row.resting(&found.now).is_none();
        let expected = rows
            .iter()
            .filter(|(_, row)| row.condition(&found.now, stale_after) != Condition::Invalid && takes_turns(row));
        let oldest = expected.filter_map(|(_, row)| row.age(&found.now)).max();
        let list = found.presence.as_ref().and_then(|presence| presence.fresh(&found.now));
        let floor = dashboard.floor.as_ref();
        problems.extend((floor.is_some() && list.is_none()).then_some(Problem::NoLogins));
        // At night nobody is logged in, and then there is nothing that should be fresh.
        let nobody = floor.is_some() && list.is_some() && rows.is_empty();
        let closed = matches!(found.link(), Some(Link::Closed { .. }));
        Readiness {
            ready: closed || nobody || fresh > 0 && fresh + unknown_ids == rows.len(),
            link: found.link_state(),
            problems: problems.into_iter().map(Problem::word).collect(),
            watched: rows.len(),
            fresh,
            waiting,
            unknown_ids,
            oldest_age_s: oldest.map(|age| age.as_secs()),
            stale_after_s: stale_after.as_secs(),
        }
    }
}
