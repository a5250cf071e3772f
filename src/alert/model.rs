//! An alert as people see it: what it is about, its marks (acknowledged, muted), and the events of its life.

use std::{fmt, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rules::{Limits, gap, is_crit};
use crate::domain::{Aht, EventTime, Level, Problem, Target, clean_line};

/// What an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Something wrong with the account, the service or ourselves.
    #[serde(rename = "cause")]
    Problem(Problem),
    /// A target outside its band.
    Target(Target),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Problem(problem) => f.write_str(problem.word()),
            Subject::Target(target) => target.fmt(f),
        }
    }
}

/// Names one alert, the same on every dashboard.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AlertId {
    /// What it is about.
    pub subject: Subject,
    /// Wall time of its start in milliseconds; where two would be equal, the later one is raised. Grows per subject.
    pub serial: i64,
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.subject, self.serial)
    }
}

/// What kind of alert it is, with what belongs to that kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// A target outside its band.
    Band {
        /// The level now (at the end: the last one).
        level: Level,
        /// The worst level that it had.
        worst: Level,
        /// The value at the start.
        first: Aht,
        /// The last value; at the end the one that ended it.
        last: Aht,
        /// The value that was farthest outside since [`Alert::since`]. `None` where the alert was begun by a version
        /// that did not keep it: it stays unknown.
        #[serde(default)]
        peak: Option<Aht>,
        /// By what it was judged last. `None` where that was done by a version that did not keep it.
        #[serde(default)]
        limits: Option<Limits>,
    },
    #[serde(rename = "cause")]
    Problem {
        /// One sentence, cleaned.
        text: Arc<str>,
        /// How many targets it concerns; 0 where it is not about targets.
        count: u32,
        /// Grows when it becomes worse; 1 at least.
        rank: u32,
    },
}

impl AlertKind {
    /// Its level now; `None` for what is no value.
    pub const fn level(&self) -> Option<Level> {
        match self {
            AlertKind::Band { level, .. } => Some(*level),
            AlertKind::Problem { .. } => None,
        }
    }

    /// How bad it is now: for a band 1 (warning) or 2 (critical). An acknowledgement holds up to the rank it was made at.
    pub fn rank(&self) -> u32 {
        match self {
            AlertKind::Band { level, .. } => 1 + u32::from(is_crit(*level)),
            AlertKind::Problem { rank, .. } => *rank,
        }
    }
}

/// Why an alert ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The value came back inside, beyond the clear band; or the cause is gone.
    Cleared,
    /// The value went to the other side of the band.
    OtherSide,
    /// There were no calls in the window any more.
    NoCalls,
    /// No good reading for two hours: nothing is known any more.
    Lost,
    /// The service does not know the id any more.
    Invalid,
    /// The target is not watched any more.
    Removed,
}

/// Somebody has seen it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ack {
    /// When, by the wall clock.
    pub at: Timestamp,
    pub by: Arc<str>,
    /// The [`AlertKind::rank`] that was on the screen; a worse one needs another acknowledgement.
    pub rank: u32,
    /// What was said, possibly nothing. One line, cleaned.
    pub note: Arc<str>,
    /// False where it was taken back.
    pub holds: bool,
}

/// A subject that shall not disturb.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mute {
    /// When it was said, by the wall clock.
    pub at: Timestamp,
    pub by: Arc<str>,
    pub until: Until,
}

/// How long a mute lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// Not muted: a mute was taken back.
    Off,
    /// As long as the alert with this serial lasts.
    Clear(i64),
    /// Up to this moment, whatever alerts come and go.
    Time(Timestamp),
}

impl Mute {
    /// True where the alert `serial` of this subject (`None`: there is none) is muted at `at`.
    pub fn covers(&self, serial: Option<i64>, at: Timestamp) -> bool {
        match self.until {
            Until::Off => false,
            Until::Clear(muted) => serial == Some(muted),
            Until::Time(until) => at < until,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub id: AlertId,
    pub started: EventTime,
    /// Since when it was so: the dwell lies between.
    pub since: EventTime,
    /// True where it began then: the reading before was not outside on this side. Behind a gap and after the warm-up an
    /// alert begins while its value is outside already. False also where a version saved it that did not keep this.
    #[serde(default)]
    pub exact: bool,
    #[serde(rename = "matter")]
    pub kind: AlertKind,
    /// When and why it ended; `None` while it is active.
    pub ended: Option<(EventTime, EndReason)>,
    /// The last word on whether somebody has seen it.
    pub ack: Option<Ack>,
}

impl Alert {
    /// True where an acknowledgement holds for what it is now.
    pub fn is_acked(&self) -> bool {
        self.ack.as_ref().is_some_and(|a| a.holds && a.rank >= self.kind.rank())
    }

    /// True where it may have been so before [`Alert::since`]: it lasts at least from then on.
    pub fn is_open(&self) -> bool {
        self.kind.level().is_some() && !self.exact
    }

    /// From the first moment at which it was so to the end; `None` while it is active.
    pub fn whole(&self) -> Option<Duration> {
        self.ended.as_ref().map(|(at, _)| gap(&self.since, at))
    }

    /// From the start to the end; `None` while it is active.
    pub fn lasted(&self) -> Option<Duration> {
        self.ended.as_ref().map(|(at, _)| gap(&self.started, at))
    }
}

/// Something in the life of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertEvent {
    pub id: AlertId,
    /// When it happened, which may be before it was noticed.
    pub at: EventTime,
    pub step: Step,
    /// What it is about at that moment.
    #[serde(rename = "matter")]
    pub kind: AlertKind,
    /// True where it was muted at that moment: it is shown and recorded, but must not disturb.
    pub muted: bool,
}

/// The steps of an alert's life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Started,
    /// It became worse: warning to critical, or a cause with more to it. Acknowledgements of less do not hold any more.
    Escalated,
    /// From critical back to warning.
    Deescalated,
    /// It was acknowledged (`holds`), or that was taken back.
    Acked(Ack),
    /// It was muted, or that was taken back ([`Until::Off`]).
    Muted(Mute),
    Ended {
        why: EndReason,
        /// From the start to the end.
        lasted: Duration,
    },
}

impl AlertEvent {
    /// A name that is the same wherever this event is seen, and different for every other event: what is done once per
    /// event is done once per key.
    pub fn key(&self) -> String {
        let (word, at, by) = match &self.step {
            Step::Started => ("start", self.at.wall, ""),
            Step::Escalated => ("up", self.at.wall, ""),
            Step::Deescalated => ("down", self.at.wall, ""),
            Step::Acked(ack) => ("ack", ack.at, &*ack.by),
            Step::Muted(mute) => ("mute", mute.at, &*mute.by),
            Step::Ended { .. } => ("end", self.at.wall, ""),
        };
        format!("{word} {} {} {by}", at.as_millisecond(), self.id).trim_end().to_owned()
    }

    /// The word of `[[hook]] on` that this event answers to: `warn` or `crit` and `clear` for bands; for the account the
    /// word of the [`Problem`] at the start and when it becomes worse, and `clear` at the end. `None` for what people did, and for the way from critical to warning.
    pub fn trigger(&self) -> Option<&'static str> {
        match (&self.step, &self.kind, &self.id.subject) {
            (Step::Ended { .. }, ..) => Some("clear"),
            (Step::Started | Step::Escalated, AlertKind::Band { level, .. }, _) => {
                Some(if is_crit(*level) { "crit" } else { "warn" })
            }
            (Step::Started | Step::Escalated, AlertKind::Problem { .. }, Subject::Problem(problem)) => {
                Some(problem.word())
            }
            _ => None,
        }
    }
}

/// What somebody did about an alert, on any dashboard; carried to the others by the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// The alert that was under the cursor.
    pub id: AlertId,
    /// When. The later action wins by its wall clock; of two at the same moment the greater name.
    pub at: EventTime,
    /// Who: a label of the instance or of the person.
    pub by: Arc<str>,
    #[serde(rename = "deed")]
    pub what: UserAction,
}

impl Action {
    /// The acknowledgement that it makes or takes back.
    pub fn ack(&self) -> Option<Ack> {
        let ack = |rank, note: &str, holds| Ack {
            at: self.at.wall,
            by: self.by.clone(),
            rank,
            note: clean_line(note, 200).into(),
            holds,
        };
        match &self.what {
            UserAction::Ack { rank, note } => Some(ack(*rank, note, true)),
            UserAction::Unack => Some(ack(0, "", false)),
            UserAction::MuteUntilClear | UserAction::MuteUntil(_) | UserAction::Unmute => None,
        }
    }

    /// The mute that it makes or takes back.
    pub fn mute(&self) -> Option<Mute> {
        let until = match self.what {
            UserAction::MuteUntilClear => Until::Clear(self.id.serial),
            UserAction::MuteUntil(until) => Until::Time(until),
            UserAction::Unmute => Until::Off,
            UserAction::Ack { .. } | UserAction::Unack => return None,
        };
        Some(Mute { at: self.at.wall, by: self.by.clone(), until })
    }
}

/// The things that can be done about an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserAction {
    /// Seen, as bad as [`AlertKind::rank`] said on the screen; the note may be empty.
    Ack { rank: u32, note: Arc<str> },
    /// Not seen after all.
    Unack,
    /// Be silent about this alert until it ends.
    MuteUntilClear,
    /// Be silent about this subject until then.
    MuteUntil(Timestamp),
    /// Not silent any more.
    Unmute,
}
