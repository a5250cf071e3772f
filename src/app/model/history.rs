//! The time axis of the chart, of one row or of several that are compared, and the questions to the history that it needs.
//!
//! A bucket is one column of dots. Their borders are multiples of their width on the wall clock, so that a curve moves
//! by whole columns and each column keeps its readings. There are never more buckets than columns, however long the
//! history is.

use std::time::Duration;

use crate::domain::{Aht, Target};

/// Most buckets of one question: more than any screen has columns of dots.
pub(crate) const MOST_BUCKETS: usize = 2000;

/// How much time the chart covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Span {
    /// The window of the service's average.
    #[default]
    TwoHours,
    EightHours,
    Day,
    Week,
}

impl Span {
    /// All of them, the shortest first.
    pub const ALL: [Span; 4] = [Span::TwoHours, Span::EightHours, Span::Day, Span::Week];

    pub const fn length(self) -> Duration {
        let hours = match self {
            Span::TwoHours => 2,
            Span::EightHours => 8,
            Span::Day => 24,
            Span::Week => 7 * 24,
        };
        Duration::from_secs(hours * 3600)
    }

    /// As it is said: `2 h`, `7 d`.
    pub const fn word(self) -> &'static str {
        match self {
            Span::TwoHours => "2 h",
            Span::EightHours => "8 h",
            Span::Day => "24 h",
            Span::Week => "7 d",
        }
    }

    fn beside(self, by: isize) -> Span {
        let at = Span::ALL.iter().position(|s| *s == self).unwrap_or(0);
        Span::ALL.get(at.saturating_add_signed(by)).copied().unwrap_or(self)
    }
}

/// What the chart shows of the time axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Axis {
    /// From its left to its right end.
    pub span: Span,
    /// How far its right end lies back, in quarters of the span.
    pub back: u32,
}

impl Axis {
    /// How far the right end lies back.
    pub fn offset(&self) -> Duration {
        (self.span.length() / 4).saturating_mul(self.back)
    }

    /// True where the readings that every row keeps are enough.
    pub fn is_live(&self) -> bool {
        *self == Axis::default()
    }

    /// Longer spans (positive) or shorter ones, with the right end where it was, as near as quarters allow.
    #[must_use]
    pub(crate) fn zoomed(self, by: isize) -> Axis {
        let span = self.span.beside(by);
        let quarter = (span.length() / 4).as_secs().max(1);
        Axis { span, back: u32::try_from(self.offset().as_secs() / quarter).unwrap_or(u32::MAX) }
    }

    /// Earlier (positive) or later, a quarter of the span at a time; at most a year back.
    #[must_use]
    pub(crate) fn moved(self, by: i32) -> Axis {
        let most = u32::try_from(365 * 86_400 * 4 / self.span.length().as_secs().max(1)).unwrap_or(u32::MAX);
        Axis { back: self.back.saturating_add_signed(by).min(most), ..self }
    }
}

/// A question to the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Whose readings: the row of the chart, or those that are compared.
    pub targets: Vec<Target>,
    /// Width of a bucket in milliseconds, at least 1.
    pub width: i64,
    /// The first bucket begins at this multiple of the width, since 1970.
    pub first: i64,
    pub count: usize,
    /// How long a reading holds.
    pub hold: Duration,
    /// Differs where the answer may be another one although nothing else does: the present minute.
    pub minute: i64,
}

impl Query {
    /// Where bucket `i` begins, in milliseconds since 1970.
    pub fn begin(&self, i: usize) -> i64 {
        self.first.saturating_add(i64::try_from(i).unwrap_or(i64::MAX)).saturating_mul(self.width)
    }

    /// Where the last bucket ends.
    pub fn end(&self) -> i64 {
        self.begin(self.count)
    }

    /// Of what begins before the first bucket only this matters: a reading that still holds in it.
    pub fn from(&self) -> i64 {
        self.begin(0).saturating_sub(i64::try_from(self.hold.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The readings of one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Smallest value that held in it.
    pub low: Aht,
    pub high: Aht,
    pub last: Aht,
}

/// An answer of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    pub query: Query,
    /// For each target one for each bucket; `None` is a gap.
    pub buckets: Vec<Vec<Option<Bucket>>>,
}

impl Past {
    /// The buckets of `target` in another grid of the same width, where they are known: time went on by a bucket, or one
    /// more row is compared, and the answer that knows of it is not here yet. `None` where this is about something else.
    pub fn on(&self, grid: &Query, target: &Target) -> Option<Vec<Option<Bucket>>> {
        if self.query.width != grid.width {
            return None;
        }
        let own = self.query.targets.iter().position(|t| t == target)?;
        let buckets = self.buckets.get(own)?;
        let at = |i: usize| {
            let index = grid.first.saturating_add(i64::try_from(i).ok()?).checked_sub(self.query.first)?;
            *buckets.get(usize::try_from(index).ok()?)?
        };
        Some((0..grid.count).map(at).collect())
    }
}
