//! Alerts: the list, who cares about one, and what one says in sentences.

use std::time::Duration;

use crate::{app::text, domain::sentences};

pub(crate) const ALERTS: &str = "Alerts";
/// The title of what is about no row.
pub(crate) const ACCOUNT: &str = "Account";

sentences! {
    /// Of a problem.
    fn lasting(what: &str, since: &str, lasted: Duration) = "{what}, since {since} ({})", text::brief(lasted);
    fn remedy(remedy: &str) = "what to do: {remedy}";
}

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

// Who cares.

/// What nobody has confirmed is, and the same where there is little room.
pub(crate) const UNACKNOWLEDGED: &str = "unacknowledged";
pub(crate) const UNACKED: &str = "unacked";
pub(crate) const NOT_SAVED: &str = "not saved yet";
/// Instead of a note, which may name anybody.
pub(crate) const WITH_NOTE: &str = ", with a note";

sentences! {
    fn cleared(moment: &str, why: &str) = "cleared {moment}, {why}";
    fn acknowledged(by: &str, moment: &str, note: &str) = "acked by {by} {moment}{note}";
    fn muted(until: Option<String>) = "muted until {}", until.as_deref().unwrap_or("cleared");
}

// In the detail.

pub(crate) const NOTE: &str = "note: ";

sentences! {
    fn fate(fate: &str) = "alert {fate}";
}

// What can be done about it.

pub(crate) const YES_OR_NO: &str = "Enter: yes  Esc: no";

sentences! {
    fn acknowledge(whom: &str) = "Acknowledge {whom}?";
    fn acknowledge_all(n: usize) = "Acknowledge all {n} alerts that are shown?";
}

/// `ended`: there is none now.
pub(crate) fn mute(whom: &str, ended: bool) -> String {
    if ended { format!("No alert now: mute {whom}") } else { format!("Mute {whom}") }
}
