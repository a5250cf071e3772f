//! The board: header, counts, tables, log, the line below them, the footer.

use std::{fmt::Display, time::Duration};

use super::{mark, oldest};
use crate::{
    domain::{Band, GENERATIONS_PER_HOUR, Kind, times},
    store::Usage,
    ui::cells,
};

// The header.

pub(crate) const CONNECTING: &str = "CONNECTING";
pub(crate) const NOT_CHECKED: &str = "NOT CHECKED";
pub(crate) const LIVE: &str = "LIVE";
pub(crate) const WAITING: &str = "WAITING";
pub(crate) const FROZEN: &str = "FROZEN";

pub(crate) fn frozen(clock: &str) -> String {
    format!("{FROZEN} {clock}")
}

pub(crate) fn unacknowledged(n: usize) -> String {
    format!("{n} unacked")
}

pub(crate) fn oldest_row(age: Duration, old: bool) -> String {
    oldest(age) + mark(old)
}

pub(crate) const NO_ROWS: &str = "no rows";
pub(crate) const ALL_AT_REST: &str = "all at rest";
pub(crate) const NOTHING_READ: &str = "nothing read yet";

// The counts.

pub(crate) fn watched(kind: Kind, n: usize) -> String {
    format!("{kind}s {n}")
}

pub(crate) const OTHERS_FOLDED: &str = ", others folded";

// The tables.

pub(crate) fn table(kind: Kind, n: usize) -> String {
    let title = match kind {
        Kind::Campaign => "Campaigns",
        Kind::Agent => "Agents",
    };
    format!("{title} {n}")
}

pub(crate) const OF_CAMPAIGNS: &str = "the AHT of all calls of each campaign";
/// The title of the column of ages, where these are moments.
pub(crate) const READ: &str = "READ";
pub(crate) const NO_GROUP: &str = "no group";

pub(crate) fn no_rows(kind: Kind, watched: usize) -> String {
    format!("No {kind} {}", if watched == 0 { "is watched" } else { "matches the filter" })
}

/// On the smallest screens.
pub(crate) const NO_ROW: &str = "No rows";

// The log.

pub(crate) const LOG: &str = "Log";
pub(crate) const LOG_OF_THE_DAY: &str = "Log of the last day";

pub(crate) const fn no_events(filtered: bool) -> &'static str {
    if filtered { "No event matches the filter" } else { "Nothing has happened yet" }
}

// The line below: the filter, what is shown, how it is sorted.

pub(crate) const FILTER: &str = "filter: ";
pub(crate) const KEEP_OR_CLEAR: &str = "Enter: keep   Esc: clear";
pub(crate) const ALERTS_SORTED: &str = "unacknowledged first, the worst and longest first";

pub(crate) fn completions(words: &[String]) -> String {
    format!("Tab: {}", words.join(" "))
}

pub(crate) fn lines(range: &str) -> String {
    format!("lines {range}")
}

pub(crate) fn sorted(column: &str, reverse: bool) -> String {
    format!("sort: {column}{}", if reverse { " reversed" } else { "" })
}

/// Whose band it is: of the selected row, or of the one that the detail beside the table shows.
pub(crate) fn band(band: &Band, selected: bool) -> Option<String> {
    let whose = if selected { "selected" } else { "first row" };
    super::band(band).map(|band| format!("{whose}: {band}"))
}

// The footer.

pub(crate) const REPLAYED: &str = "replay: nothing is checked";

pub(crate) fn slowed(rate: f64) -> String {
    format!("slowed to {:.0}/min", rate.max(0.0))
}

pub(crate) fn other_clients(others: f64) -> String {
    format!("other clients ~{others:.0}/min")
}

pub(crate) fn cycle(cycle: Duration) -> String {
    format!("cycle {}", cells::age(Some(cycle)))
}

pub(crate) fn targets(n: impl Display) -> String {
    format!("{n} watched")
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

pub(crate) fn throttled(n: u32) -> String {
    format!("throttled {} this hour", times(n))
}

pub(crate) fn dashboards(n: usize) -> String {
    format!("{n} dashboards open")
}
