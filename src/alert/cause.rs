//! Alerts of the account as a whole: one a cause, however many targets it touches.
//!
//! A cause that cannot be judged now (nobody says how the link is, or another cause explains what is seen) neither
//! begins nor ends: a takeover in the middle of an outage is not the end of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::rules::gap;
use crate::{
    domain::{Condition, EventTime, Now, Row, Target, clean_line},
    store::Link,
};

/// How many ids a sentence names before it counts the rest.
const NAMED: usize = 3;

/// What can be wrong with the account, the service or ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Credentials,
    /// No token can be had.
    Token,
    /// The service does not answer.
    Service,
    /// The service says: slower.
    Throttled,
    /// Targets without a fresh reading, and nothing above explains it.
    Stale,
    /// Ids that the service does not know.
    Invalid,
}

impl Cause {
    /// All of them, in the order of attention.
    pub const ALL: [Cause; 6] =
        [Cause::Credentials, Cause::Token, Cause::Service, Cause::Throttled, Cause::Stale, Cause::Invalid];

    /// The word for it, also of hooks: `credentials`, `token`, `service`, `throttled`, `stale`, `invalid`.
    pub const fn word(self) -> &'static str {
        match self {
            Cause::Credentials => "credentials",
            Cause::Token => "token",
            Cause::Service => "service",
            Cause::Throttled => "throttled",
            Cause::Stale => "stale",
            Cause::Invalid => "invalid",
        }
    }
}

/// When an account-level cause becomes an alert, and when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CauseRules {
    /// It must be seen for so long.
    pub rise: Duration,
    /// It must be gone for so long.
    pub settle: Duration,
}

impl CauseRules {
    /// The rules of `cause` where a sweep takes `sweep`. Stale data waits for two sweeps, so that the first sweep after
    /// a start, a suspend or quiet hours is no alert; a token for a minute, since waiting for somebody else's
    /// generation is ordinary. What comes and goes with each request must be gone for a minute.
    pub fn for_cause(cause: Cause, sweep: Duration) -> Self {
        let minute = Duration::from_secs(60);
        let (rise, settle) = match cause {
            Cause::Stale => (sweep.saturating_mul(2).max(2 * minute), minute),
            Cause::Token => (minute, minute),
            Cause::Throttled | Cause::Service => (Duration::ZERO, minute),
            Cause::Invalid | Cause::Credentials => (Duration::ZERO, Duration::ZERO),
        };
        CauseRules { rise, settle }
    }
}

/// What the rows add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub total: usize,
    /// Of these, without a fresh good reading though they were asked: stale or failing.
    pub stale: usize,
    /// Those that the service does not know.
    pub invalid: BTreeSet<Target>,
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
                    counts.invalid.insert(row.target.clone());
                }
                Condition::Value | Condition::NoCalls | Condition::Waiting => {}
            }
        }
        counts
    }
}

/// A cause that is there.
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

/// What is seen of a cause at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    Present(Finding),
    Absent,
    /// It cannot be judged.
    Unknown,
}

/// What is seen of every cause. `link`: what the poller last said; `None` where nobody polls or the poller has been
/// silent for long.
pub fn findings(link: Option<&Link>, counts: &Counts) -> BTreeMap<Cause, Observation> {
    let present = |cause, rank, text: String, count: usize, targets: BTreeSet<Target>| {
        let (text, count) = (clean_line(&text, 400).into(), u32::try_from(count).unwrap_or(u32::MAX));
        (cause, Observation::Present(Finding { text, count, rank, targets }))
    };
    let told = match link {
        None | Some(Link::Starting | Link::Closed { .. } | Link::Live) => None,
        Some(Link::Throttled { .. }) => Some((Cause::Throttled, 1)),
        Some(Link::TokenWait { .. }) => Some((Cause::Token, 1)),
        Some(Link::TokenCeiling { .. }) => Some((Cause::Token, 2)),
        Some(Link::Credentials { .. }) => Some((Cause::Credentials, 1)),
        Some(Link::Down { .. }) => Some((Cause::Service, 1)),
    };
    let unsaid = if matches!(link, None | Some(Link::Starting | Link::Closed { .. })) {
        Observation::Unknown
    } else {
        Observation::Absent
    };
    let mut all: BTreeMap<Cause, Observation> = Cause::ALL.into_iter().map(|c| (c, unsaid.clone())).collect();
    if let (Some(link), Some((cause, rank))) = (link, told) {
        all.extend([present(cause, rank, link.sentence(), 0, BTreeSet::new())]);
    }
    let stale = match (counts.stale, link) {
        (0, _) => (Cause::Stale, Observation::Absent),
        (_, Some(Link::Live) | None) => {
            let text = format!("{} of {} targets have no fresh reading", counts.stale, counts.total);
            present(Cause::Stale, 1, text, counts.stale, BTreeSet::new())
        }
        _ => (Cause::Stale, Observation::Unknown),
    };
    let invalid = if counts.invalid.is_empty() {
        (Cause::Invalid, Observation::Absent)
    } else {
        let mut names: Vec<String> = counts.invalid.iter().take(NAMED).map(Target::to_string).collect();
        if let Some(more) = counts.invalid.len().checked_sub(NAMED).filter(|&n| n > 0) {
            names.push(format!("{more} more"));
        }
        let text = format!("the service does not know {}", names.join(", "));
        present(Cause::Invalid, 1, text, counts.invalid.len(), counts.invalid.clone())
    };
    all.extend([stale, invalid]);
    all
}

/// The alert life of one cause.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CauseTrack {
    /// Wall time in milliseconds of the last start, made unique.
    serial: i64,
    state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    #[default]
    Quiet,
    Rising {
        since: EventTime,
    },
    Active {
        /// Since when it is gone, while that is too short to believe.
        gone: Option<EventTime>,
        /// The worst rank of the finding itself.
        rank: u32,
        /// All targets that it ever had.
        targets: BTreeSet<Target>,
    },
}

/// What an observation did to the alert of a cause.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum CauseMove {
    Start { serial: i64, since: EventTime, finding: Finding, rank: u32 },
    Stay { finding: Finding, rank: u32, worse: bool },
    End { at: EventTime },
}

impl CauseTrack {
    /// Takes in what was seen at `at`. Observations come in the order of time.
    pub(super) fn see(&mut self, at: &EventTime, observation: Observation, rules: CauseRules) -> Option<CauseMove> {
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
                Some(CauseMove::Start { serial: self.serial, since, finding, rank })
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
                Some(CauseMove::Stay { finding, rank, worse: rank > before })
            }
            (State::Active { gone, .. }, Observation::Absent) => {
                let from = gone.get_or_insert_with(|| at.clone()).clone();
                if gap(&from, at) < rules.settle {
                    return None;
                }
                self.state = State::Quiet;
                Some(CauseMove::End { at: from })
            }
        }
    }
}

/// The rank of an alert: each target counts, a worse finding as well.
fn total(rank: u32, targets: &BTreeSet<Target>) -> u32 {
    rank.saturating_add(u32::try_from(targets.len().saturating_sub(1)).unwrap_or(u32::MAX))
}
