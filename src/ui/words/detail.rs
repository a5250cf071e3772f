//! The detail of a row: who it is, its value, since when it is so, and everything else in sentences; its chart.

use std::time::Duration;

use super::mark;
use crate::{
    app::{Login, LoginState, text},
    domain::{Aht, Kind, Level, plural, sentences, times},
    ui::cells,
};

pub(crate) const BACK: &str = "Esc: back";
pub(crate) const NO_ROW: &str = "No row is selected";

sentences! {
    fn aht(aht: Option<Aht>, old: bool) = "AHT {}{}", cells::aht(aht), mark(old && aht.is_some());
    fn deviation(percent: f64) = "vs target {}", cells::deviation(Some(percent));
}

pub(crate) const fn title(kind: Option<Kind>) -> &'static str {
    match kind {
        Some(Kind::Agent) => "Agent",
        Some(Kind::Campaign) => "Campaign",
        None => "Detail",
    }
}

pub(crate) fn age(age: Option<Duration>) -> String {
    if age.is_some() { format!("age {}", cells::age(age)) } else { super::NOT_READ.into() }
}

/// Since when it is outside, in full and shorter; `own`: since when at its level, where that is shorter; `alert`: since
/// when its alert lasts, where that is longer: then the shortest words are about what the row's state counts.
pub(crate) fn outside(level: Level, since: String, own: Option<String>, alert: Option<String>) -> Vec<String> {
    let side = if level.is_beside(Level::HighCrit) { "above" } else { "below" };
    let all = format!("{side} the band {since}");
    let own = own.map(|own| format!("{all}, {} {own}", level.word()));
    match alert.map(|since| format!("alert {since}")) {
        Some(alert) => {
            own.into_iter().chain([all]).map(|text| format!("{text}, {alert}")).chain([alert.clone()]).collect()
        }
        None => own.into_iter().chain([all, since]).collect(),
    }
}

// Everything else, a sentence each.

pub(crate) const NEXT_NEVER: &str = "next check: none, this is a replay";
pub(crate) const NEXT_UNKNOWN: &str = "next check: not known, see the first line";
pub(crate) const NEXT_NOW: &str = "next check: now";
pub(crate) const NEXT_SOON: &str = "next check: soon";
pub(crate) const NO_CALLS: &str = "no outbound calls in the last 2 hours: this is not zero";

sentences! {
    fn configured_in(place: &str) = "configured in {place}";
    fn two_hours_ago(before: Aht, now: Aht) =
        "2 h ago: {} ({} since)", cells::aht(Some(before)), cells::diff(Some(now.minus(before)));
    fn half_hour(diff: i64) = "30 min change: {}", cells::diff(Some(diff));
    fn read_at(clock: &str) = "read at {clock}";
    fn changes(n: usize) = "{} in the last 2 h", plural(n, "change");
    fn counted_since(moment: &str) = "AHT of the calls since {moment}";
}

/// Whether the agent is logged in, in the service's word; `every`: how often who is at rest is checked.
pub(crate) fn login(login: Login<'_>, moment: Option<String>, every: Option<Duration>) -> String {
    let since = moment.map_or_else(String::new, |at| format!(" {}", super::since(&at)));
    if let Some(every) = every {
        return format!("logged out{since}, checked every {} min", every.as_secs().div_ceil(60));
    }
    let what = match login.state {
        LoginState::Out => "logged out".into(),
        LoginState::Break => format!("on a break ({})", login.word),
        LoginState::Ready | LoginState::Busy if login.word == "in" => "logged in".into(),
        LoginState::Ready | LoginState::Busy => format!("logged in: {}", login.word),
    };
    format!("{what}{since}{}", if login.stale { ", too old to go by" } else { "" })
}

/// `failing`: how often there was no good answer, and since when.
pub(crate) fn last_answer(error: &str, failing: Option<(u32, String)>) -> String {
    let since = failing.map_or_else(String::new, |(n, at)| format!(" ({} since {at})", times(n)));
    format!("last answer: {error}{since}")
}

pub(crate) fn next_in(left: Duration) -> String {
    match left {
        Duration::ZERO => "next check: due".into(),
        left => format!("next check: in about {}", text::brief(left)),
    }
}

// The chart.

/// The lines: very low, very high, low and high limit, and the target.
pub(crate) const LINES: [&str; 5] = ["very low", "very high", "low", "high", "target"];
pub(crate) const READING: &str = "reading the history";

sentences! {
    /// How far back the chart ends.
    fn ending(back: Duration) = "ending {} ago", text::brief(back);
}

pub(crate) fn no_values(span: Duration) -> String {
    let hours = span.as_secs() / 3600;
    if hours > 24 { format!("no values in {} d", hours / 24) } else { format!("no values in {hours} h") }
}
