//! The board: header, counts, tables, log, the line below them, the footer.

use std::{fmt::Display, time::Duration};

use super::{mark, oldest};
use crate::{
    domain::{Band, GENERATIONS_PER_HOUR, Kind, sentences, times},
    store::Usage,
    ui::cells,
};

// The header.

pub(crate) const CONNECTING: &str = "CONNECTING";
pub(crate) const NOT_CHECKED: &str = "NOT CHECKED";
pub(crate) const LIVE: &str = "LIVE";
pub(crate) const WAITING: &str = "WAITING";
pub(crate) const FROZEN: &str = "FROZEN";
pub(crate) const NO_ROWS: &str = "no rows";
pub(crate) const ALL_AT_REST: &str = "all at rest";
pub(crate) const NOTHING_READ: &str = "nothing read yet";

sentences! {
    fn frozen(clock: &str) = "{FROZEN} {clock}";
    fn unacknowledged(n: usize) = "{n} unacked";
}

pub(crate) fn oldest_row(age: Duration, old: bool) -> String {
    oldest(age) + mark(old)
}

// The counts.

pub(crate) const OTHERS_FOLDED: &str = ", others folded";

sentences! {
    fn watched(kind: Kind, n: usize) = "{kind}s {n}";
}

// The tables.

pub(crate) const OF_CAMPAIGNS: &str = "the AHT of all calls of each campaign";
/// The title of the column of ages, where these are moments.
pub(crate) const READ: &str = "READ";
pub(crate) const NO_GROUP: &str = "no group";
/// On the smallest screens.
pub(crate) const NO_ROW: &str = "No rows";

sentences! {
    fn no_rows(kind: Kind, watched: usize) =
        "No {kind} {}", if watched == 0 { "is watched" } else { "matches the filter" };
}

pub(crate) fn table(kind: Kind, n: usize) -> String {
    let title = match kind {
        Kind::Campaign => "Campaigns",
        Kind::Agent => "Agents",
    };
    format!("{title} {n}")
}

// The log.

pub(crate) const LOG: &str = "Log";
pub(crate) const LOG_OF_THE_DAY: &str = "Log of the last day";

pub(crate) const fn no_events(filtered: bool) -> &'static str {
    if filtered { "No event matches the filter" } else { "Nothing has happened yet" }
}

// The line below: the filter, what is shown, how it is sorted.

pub(crate) const FILTER: &str = "filter: ";
pub(crate) const KEEP_OR_CLEAR: &str = "Enter: keep   Esc: clear";
/// In an outage that lasts longer than what an average is made of.
pub(crate) const MEDIAN_NOT_KNOWN: &str = "median of agents: not known";
pub(crate) const ALERTS_SORTED: &str = "unacknowledged first, the worst and longest first";

sentences! {
    fn completions(words: &[String]) = "Tab: {}", words.join(" ");
    fn lines(range: &str) = "lines {range}";
    fn sorted(column: &str, reverse: bool) = "sort: {column}{}", if reverse { " reversed" } else { "" };
}

/// Whose band it is: of the selected row, or of the one that the detail beside the table shows.
pub(crate) fn band(band: &Band, selected: bool) -> Option<String> {
    let whose = if selected { "selected" } else { "first row" };
    super::band(band).map(|band| format!("{whose}: {band}"))
}

// The footer.

pub(crate) const REPLAYED: &str = "replay: nothing is checked";

sentences! {
    fn slowed(rate: f64) = "slowed to {:.0}/min", rate.max(0.0);
    fn other_clients(others: f64) = "other clients ~{others:.0}/min";
    fn cycle(cycle: Duration) = "cycle {}", cells::age(Some(cycle));
    fn targets(n: impl Display) = "{n} watched";
    fn throttled(n: u32) = "throttled {} this hour", times(n);
    fn dashboards(n: usize) = "{n} dashboards open";
}

pub(crate) fn token(left: Option<Duration>, usage: &Usage) -> String {
    let invalidated = match usage.invalidated_1h {
        0 => String::new(),
        n => format!(", {n} invalidated"),
    };
    let generated = format!("generated {} of {GENERATIONS_PER_HOUR} this hour{invalidated}", usage.generated_1h);
    match left {
        Some(left) => format!("token expires in {} ({generated})", cells::span(left)),
        None => format!("no token ({generated})"),
    }
}
