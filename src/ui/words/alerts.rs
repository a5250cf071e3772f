//! Alerts: the list, who cares about one, and what one says in sentences.

use std::time::Duration;

use crate::app::text;

pub(crate) const ALERTS: &str = "Alerts";
/// The title of what is about no row.
pub(crate) const ACCOUNT: &str = "Account";

/// How many of `active` are `waiting` for somebody.
pub(crate) fn remark(waiting: usize, active: usize) -> String {
    match (waiting, active) {
        (0, 0) => "none now".into(),
        (0, n) => format!("{n} active, all acknowledged or muted"),
        (waiting, n) => format!("{waiting} of {n} unacknowledged"),
    }
}

pub(crate) const fn none(filtered: bool) -> &'static str {
    if filtered { "No alert matches the filter" } else { "No alerts in the last 24 hours" }
}

/// Of a problem.
pub(crate) fn lasting(what: &str, since: &str, lasted: Duration) -> String {
    format!("{what}, since {since} ({})", text::brief(lasted))
}

pub(crate) fn remedy(remedy: &str) -> String {
    format!("what to do: {remedy}")
}

// Who cares.

/// What nobody has confirmed is, and the same where there is little room.
pub(crate) const UNACKNOWLEDGED: &str = "unacknowledged";
pub(crate) const UNACKED: &str = "unacked";
pub(crate) const NOT_SAVED: &str = "not saved yet";
/// Instead of a note, which may name anybody.
pub(crate) const WITH_NOTE: &str = ", with a note";

pub(crate) fn cleared(moment: &str, why: &str) -> String {
    format!("cleared {moment}, {why}")
}

pub(crate) fn acknowledged(by: &str, moment: &str, note: &str) -> String {
    format!("acked by {by} {moment}{note}")
}

pub(crate) fn muted(until: Option<String>) -> String {
    format!("muted until {}", until.as_deref().unwrap_or("cleared"))
}

// In the detail.

/// `over`: it has ended, and `level` is its worst one.
pub(crate) fn outside((since, lasted): (&str, Duration), level: &str, over: bool, claims: &str) -> String {
    let level = format!("{} {level}", if over { "at worst" } else { "now" });
    format!("alert: outside the band since {since} ({}), {level}: {claims}", text::brief(lasted))
}

pub(crate) fn fate(fate: &str) -> String {
    format!("alert {fate}")
}

pub(crate) const NOTE: &str = "note: ";

// What can be done about it.

/// `ended`: there is none now.
pub(crate) fn mute(whom: &str, ended: bool) -> String {
    if ended { format!("No alert now: mute {whom}") } else { format!("Mute {whom}") }
}

pub(crate) fn acknowledge(whom: &str) -> String {
    format!("Acknowledge {whom}")
}

pub(crate) fn acknowledge_all(n: usize) -> String {
    format!("Acknowledge all {n} alerts that are shown?")
}

pub(crate) const YES_OR_NO: &str = "Enter: yes  Esc: no";
