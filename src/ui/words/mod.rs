//! All texts of the screen, a file for each part of it, from above to below. The views give them their style, their place
//! and as much of them as there is room for; what a state, a mark, a column or a key is called stands with it in `app`.

pub(super) mod alerts;
pub(super) mod board;
pub(super) mod budget;
pub(super) mod detail;
pub(super) mod overlay;
pub(super) mod wall;

use std::{fmt::Display, time::Duration};

use super::cells;
use crate::domain::{Aht, Band, plural, sentences};

// What several parts say.

pub(crate) const NEWEST_FIRST: &str = "newest first";
pub(crate) const NOT_READ: &str = "not read yet";
pub(crate) const UNKNOWN_ID: &str = "unknown ID";
/// Things that are counted.
pub(crate) const ALERT: &str = "alert";
pub(crate) const EVENT: &str = "event";

sentences! {
    fn since(moment: &str) = "since {moment}";
    fn logged_in(there: usize, of: usize, stale: bool) = "{there} of {of} logged in{}", mark(stale);
    fn target(aht: Aht) = "target {}", cells::aht(Some(aht));
}

/// What stands behind a value that is old, or that is of an old list.
pub(crate) const fn mark(old: bool) -> &'static str {
    if old { "?" } else { "" }
}

/// The state of the link; `past`: in a replay, in which nothing is live.
pub(crate) fn link(word: &str, span: Option<Duration>, past: bool) -> String {
    let was = if past { "was " } else { "" };
    format!("[{was}{}]", lasting(word, span))
}

/// A word, and how long that lasts: `TOKEN 0:41`.
pub(crate) fn lasting(word: &str, span: Option<Duration>) -> String {
    span.map_or_else(|| word.to_owned(), |span| format!("{word} {}", cells::age(Some(span))))
}

pub(crate) fn oldest(age: Duration) -> String {
    lasting("oldest", Some(age))
}

/// The end of a sentence; nothing where none are.
pub(crate) fn at_rest(n: usize) -> String {
    if n == 0 { String::new() } else { format!(", {n} at rest") }
}

/// Target and band; `None` where there is neither.
pub(crate) fn band(band: &Band) -> Option<String> {
    let aht = |aht| cells::aht(Some(aht));
    let range = match (band.low_warn.or(band.low_crit), band.high_warn.or(band.high_crit)) {
        (Some(low), Some(high)) => Some(format!("band {}-{}", aht(low), aht(high))),
        (Some(low), None) => Some(format!("band from {}", aht(low))),
        (None, Some(high)) => Some(format!("band up to {}", aht(high))),
        (None, None) => None,
    };
    let parts: Vec<String> = band.target.map(target).into_iter().chain(range).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

// Who checks the service, and what that costs.

pub(crate) const BEGINS: &str = "connecting";
pub(crate) const NOBODY_CHECKS: &str = "nobody checks the service";
pub(crate) const THIS_DASHBOARD: &str = "this dashboard";

sentences! {
    fn checked_by(whom: &str) = "checked by {whom}";
    fn budget_used_up(used: u32, limit: u32) = "budget used up: {used} of {limit}/min";
}

// Which of how many.

sentences! {
    /// `3 of 48 agents`
    fn part(shown: usize, of: usize, thing: impl Display) = "{shown} of {}", plural(of, thing);
}

/// `1-20 of 48`
pub(crate) fn range((first, last): (usize, usize), of: impl Display) -> String {
    format!("{first}-{last} of {of}")
}

/// `3 of 48 agents`, or `48 agents` where all are shown.
pub(crate) fn found(shown: usize, of: usize, thing: impl Display) -> String {
    if shown == of { plural(of, thing) } else { part(shown, of, thing) }
}
