//! A row of a table with all that its columns need.

use std::time::Duration;

use super::{Login, Mark, RowState};
use crate::{
    config::Watched,
    domain::{Aht, Condition, Level, Rest, Row, Target, display_name},
};

/// How long something has been so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub span: Duration,
    /// It was so already when what is known of it begins: it is at least so long.
    pub open: bool,
}

impl Held {
    /// So long, and no longer.
    pub const fn whole(span: Duration) -> Held {
        Held { span, open: false }
    }
}

/// One row of a table, made by [`rows`](crate::app::rows).
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// What the configuration says of it.
    pub watched: &'a Watched,
    pub row: &'a Row,
    pub state: RowState,
    /// How long it has been so, where that is known: outside its band on this side up to its last reading, without calls,
    /// stale or without an answer.
    pub held: Option<Held>,
    /// The last good AHT, however old.
    pub aht: Option<Aht>,
    /// Deviation from the band's target in percent.
    pub deviation: Option<f64>,
    /// Difference to the reading 30 min before, in seconds.
    pub diff30: Option<i64>,
    /// The reading two hours before, which shares no call with this one.
    pub prev2h: Option<Aht>,
    /// Whether the agent is logged in; `None` where that is not known.
    pub login: Option<Login<'a>>,
    /// Acknowledged, muted, or too new to alert.
    pub mark: Option<Mark>,
    /// Age of the last good reading, as it is to be shown (see [`shown_now`](crate::app::rows::shown_now)).
    pub age: Option<Duration>,
    /// It cannot change, and is asked this rarely.
    pub rest: Option<&'a Rest>,
}

impl<'a> Line<'a> {
    /// What it is about.
    pub fn target(&self) -> &'a Target {
        &self.watched.target
    }

    /// The label, else the name that the service gave, else the id. Not cut, and an id is not cleaned.
    pub fn name(&self) -> &'a str {
        display_name(self.watched.label.as_deref(), self.row.name.as_deref(), &self.watched.target.id)
    }

    /// The first group.
    pub fn group(&self) -> Option<&'a str> {
        self.watched.groups.first().map(|g| &**g)
    }

    /// True for a fresh value outside of the band.
    pub fn is_outside(&self) -> bool {
        matches!(self.state, RowState::Fresh(level) if level != Level::Inside)
    }

    /// True for an id that the service does not know.
    pub fn is_unknown_id(&self) -> bool {
        self.state == RowState::Other(Condition::Invalid)
    }

    /// True where what it shows is known now: a value, or that there are no calls.
    pub fn is_fresh(&self) -> bool {
        matches!(self.state, RowState::Fresh(_) | RowState::Other(Condition::NoCalls | Condition::Value))
    }
}
