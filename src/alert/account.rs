//! Alerts of the account as a whole: one a problem, however many targets it touches.
//!
//! A problem that cannot be judged now (nobody says how the link is, or another one explains what is seen) neither
//! begins nor ends: a takeover in the middle of an outage is not the end of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::rules::gap;
use crate::{
    domain::{Alerting, Condition, EventTime, Now, Problem, Rise, Row, Target, clean_line},
    store::Link,
};

/// How many ids a sentence names before it counts the rest.
const NAMED: usize = 3;
/// Two cycles count as no less: a handful of agents is read within seconds.
const LEAST_CYCLES: Duration = Duration::from_secs(120);

/// When a problem of the account becomes an alert, and when that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProblemRules {
    /// It must be seen for so long.
    pub rise: Duration,
    /// It must be gone for so long.
    pub settle: Duration,
}

impl ProblemRules {
    /// The rules of `alert` where a cycle takes `sweep`.
    pub fn new(alert: &Alerting, sweep: Duration) -> Self {
        let rise = match alert.rise {
            Rise::AtOnce => Duration::ZERO,
            Rise::After(span) => span,
            Rise::TwoCycles => sweep.saturating_mul(2).max(LEAST_CYCLES),
        };
        ProblemRules { rise, settle: alert.settle }
    }
}

/// What the rows add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub total: usize,
    /// Of these, without a fresh good reading though they were asked: stale or failing.
    pub stale: usize,
    /// Those that the service does not know.
    pub unknown: BTreeSet<Target>,
}

impl Counts {
    /// Counts `rows` as of `now`.
    pub fn from_rows<'a>(rows: impl IntoIterator<Item = &'a Row>, now: &Now, stale_after: Duration) -> Self {
        let mut counts = Counts::default();
        for row in rows {
            counts.total += 1;
            match row.condition(now, stale_after) {
                Condition::Stale | Condition::Failing => counts.stale += 1,
                Condition::Invalid => {
                    counts.unknown.insert(row.target.clone());
                }
                Condition::Value | Condition::NoCalls | Condition::Waiting => {}
            }
        }
        counts
    }
}

/// A problem that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// One sentence, cleaned.
    pub text: Arc<str>,
    /// How many targets it concerns; 0 where it is not about targets.
    pub count: u32,
    /// How bad, from 1 on.
    pub rank: u32,
    /// The targets, where each further one makes it worse.
    pub targets: BTreeSet<Target>,
}

/// What is seen of a problem at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    Present(Finding),
    Absent,
    /// It cannot be judged.
    Unknown,
}

/// What is seen of every problem that is an alert. `link`: what the poller last said; `None` where nobody polls or the
/// poller has been silent for long.
pub fn findings(link: Option<&Link>, counts: &Counts) -> BTreeMap<Problem, Observation> {
    let present = |problem, rank, text: String, count: usize, targets: BTreeSet<Target>| {
        let (text, count) = (clean_line(&text, 400).into(), u32::try_from(count).unwrap_or(u32::MAX));
        (problem, Observation::Present(Finding { text, count, rank, targets }))
    };
    let unsaid = if matches!(link, None | Some(Link::Starting | Link::Closed { .. })) {
        Observation::Unknown
    } else {
        Observation::Absent
    };
    let mut all: BTreeMap<Problem, Observation> = Problem::alerts().map(|p| (p, unsaid.clone())).collect();
    if let Some(link) = link
        && let Some(alert) = link.problem().and_then(Problem::alert)
    {
        all.extend([present(alert.of, alert.rank, link.sentence(), 0, BTreeSet::new())]);
    }
    let stale = match (counts.stale, link) {
        (0, _) => (Problem::Stale, Observation::Absent),
        (_, Some(Link::Live) | None) => {
            let text = format!("{} of {} watched have no fresh reading", counts.stale, counts.total);
            present(Problem::Stale, 1, text, counts.stale, BTreeSet::new())
        }
        // The problem of the link explains it.
        (_, Some(_)) => (Problem::Stale, Observation::Unknown),
    };
    let unknown = if counts.unknown.is_empty() {
        (Problem::UnknownId, Observation::Absent)
    } else {
        let mut names: Vec<String> = counts.unknown.iter().take(NAMED).map(Target::to_string).collect();
        if let Some(more) = counts.unknown.len().checked_sub(NAMED).filter(|&n| n > 0) {
            names.push(format!("{more} more"));
        }
        let text = format!("the service does not know {}", names.join(", "));
        present(Problem::UnknownId, 1, text, counts.unknown.len(), counts.unknown.clone())
    };
    all.extend([stale, unknown]);
    all
}

/// The alert life of one problem.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProblemTrack {
    /// Wall time in milliseconds of the last start, made unique.
    serial: i64,
    state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// Not found.
    #[default]
    Quiet,
    /// Found, for too short a time.
    Rising { since: EventTime },
    /// `gone` since then, while that is too short to believe; the worst rank of the finding itself; all targets it ever had.
    Active { gone: Option<EventTime>, rank: u32, targets: BTreeSet<Target> },
}

/// What an observation did to the alert of a problem.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ProblemMove {
    Start { serial: i64, since: EventTime, finding: Finding, rank: u32 },
    Stay { finding: Finding, rank: u32, worse: bool },
    End { at: EventTime },
}

impl ProblemTrack {
    /// Takes in what was seen at `at`. Observations come in the order of time.
    pub(super) fn see(&mut self, at: &EventTime, observation: Observation, rules: ProblemRules) -> Option<ProblemMove> {
        match (&mut self.state, observation) {
            (State::Quiet | State::Rising { .. }, Observation::Absent | Observation::Unknown) => {
                self.state = State::Quiet;
                None
            }
            (State::Quiet | State::Rising { .. }, Observation::Present(finding)) => {
                let since = match &self.state {
                    State::Rising { since } => since.clone(),
                    _ => at.clone(),
                };
                if gap(&since, at) < rules.rise {
                    self.state = State::Rising { since };
                    return None;
                }
                self.serial = at.wall.as_millisecond().max(self.serial.saturating_add(1));
                let rank = total(finding.rank, &finding.targets);
                self.state = State::Active { gone: None, rank: finding.rank, targets: finding.targets.clone() };
                Some(ProblemMove::Start { serial: self.serial, since, finding, rank })
            }
            (State::Active { gone, .. }, Observation::Unknown) => {
                *gone = None;
                None
            }
            (State::Active { gone, rank, targets }, Observation::Present(finding)) => {
                *gone = None;
                let before = total(*rank, targets);
                *rank = finding.rank.max(*rank);
                targets.extend(finding.targets.iter().cloned());
                let rank = total(*rank, targets);
                Some(ProblemMove::Stay { finding, rank, worse: rank > before })
            }
            (State::Active { gone, .. }, Observation::Absent) => {
                let from = gone.get_or_insert_with(|| at.clone()).clone();
                if gap(&from, at) < rules.settle {
                    return None;
                }
                self.state = State::Quiet;
                Some(ProblemMove::End { at: from })
            }
        }
    }
}

/// The rank of an alert: each target counts, a worse finding as well.
fn total(rank: u32, targets: &BTreeSet<Target>) -> u32 {
    rank.saturating_add(u32::try_from(targets.len().saturating_sub(1)).unwrap_or(u32::MAX))
}
