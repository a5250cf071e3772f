//! The wallboard: first line, tiles, agents, last line. Who looks at it sees it from afar, and may not know the floor.

use std::{fmt::Display, time::Duration};

use crate::{
    app::{Held, RowState, rows::Median, text::brief},
    domain::{Aht, Condition, plural, sentences},
    ui::cells,
};

pub(crate) const NOTHING_WATCHED: &str = "Nothing is watched";
/// On the smallest screens.
pub(crate) const NOTHING_TO_SHOW: &str = "Nothing to show";

/// On the smallest screens, where nothing is fresh.
pub(crate) fn dead(age: Duration) -> String {
    super::lasting("OLD", Some(age))
}

// The first line.

/// What is measured: the longest that has room.
pub(crate) const MEASURED: [&str; 3] = ["average handling time, last 2 hours", "AHT, last 2 hours", "AHT"];
pub(crate) const REPLIES: &str = "replies ";
/// The word of the link in hours in which nothing is asked.
pub(crate) const CLOSED: &str = "CLOSED";

sentences! {
    /// `stale`: from which age on a reading is not fresh.
    fn fresh(fresh: usize, of: usize, stale: Duration, resting: usize) =
        "{fresh} of {of} under {} old{}", cells::age(Some(stale)), super::at_rest(resting);
    fn opens(moment: impl Display) = "opens {moment}";
}

/// `why`: what is wrong.
pub(crate) fn no_fresh_data(moment: &str, why: Option<String>) -> String {
    let why = why.map_or_else(String::new, |why| format!("  {why}"));
    format!("NO FRESH DATA SINCE {moment}{why}")
}

// The tiles.

/// What the figure of a group is, where there is little room.
pub(crate) const MEDIAN: &str = "median of agents";
pub(crate) const NO_CALLS: &str = "no calls in 2 hours";

sentences! {
    fn in_state(n: usize, state: RowState) = "{n} {}", state.word();
    fn two_hours_ago(before: Aht, now: Aht) =
        "2 h ago {} ({})", cells::aht(Some(before)), cells::diff(Some(now.minus(before)));
    fn not_read(state: &str) = "{state}: {}", super::NOT_READ;
    fn not_fresh(moment: &str) = "no fresh data {}", super::since(moment);
    fn old(age: Duration) = "{} old", brief(age);
}

/// How long it is so; `short`: with little room.
pub(crate) fn held(held: Held, short: bool) -> String {
    match (held.open, short) {
        (false, _) => format!("for {}", brief(held.span)),
        (true, false) => format!("for over {}", cells::span(held.span)),
        (true, true) => format!("over {}", cells::span(held.span)),
    }
}

/// What the figure of a group is; `of`: how many have a value.
pub(crate) fn median(of: Option<usize>, agents: usize) -> String {
    let all = plural(agents, "agent");
    match of.filter(|of| *of < agents) {
        Some(of) => format!("median of {of} of {all}"),
        None => format!("median of {all}"),
    }
}

/// How it moves by the number of its arrow, the longest first.
pub(crate) fn movement(arrow: usize, secs: i64) -> [String; 3] {
    let word = ["rising", "falling", "steady"][arrow];
    [format!("{word}, 30 min ({})", cells::diff(Some(secs))), format!("{word}, 30 min"), "30 min".into()]
}

/// A state in words: the longer and the shorter form.
pub(crate) const fn state(state: RowState) -> [&'static str; 2] {
    match state {
        // Agents of one group may have bands of their own: then its median is neither long nor short.
        RowState::Other(Condition::Value) => ["no common band", "no band"],
        state => [state.long_word(), state.word()],
    }
}

// The agents.

pub(crate) const OUTSIDE: &str = "Agents outside their band";
pub(crate) const ALL: &str = "All agents";
pub(crate) const NEEDS_ATTENTION: &str = "NEEDS ATTENTION";
pub(crate) const CAVEAT: &str = "An AHT outside its band needs attention; the reason can vary";

sentences! {
    fn left_over(n: usize) = "+{n} more";
}

/// Why nobody is outside: that is only said where it is known.
pub(crate) const fn nobody(known: bool) -> &'static str {
    if known { "All agents are in their band" } else { "No agent has a fresh value" }
}

// How all of them are: below each other, and in one line.

pub(crate) const LOGGED_IN: &str = "logged in";
pub(crate) const WITH_CALLS: &str = "with calls in the last 2 h";
pub(crate) const IN_BAND: &str = "in their band";
pub(crate) const LONGER: &str = "longer than their band";
pub(crate) const SHORTER: &str = "shorter than their band";
pub(crate) const WITHOUT_CALLS: &str = "no calls";
pub(crate) const NOT_KNOWN: &str = "not known: no fresh value";
pub(crate) const MEDIAN_OF_ALL: &str = "median of the agents' averages";
/// In one line: longer, shorter, in their band, not known, without calls.
pub(crate) const FEW: [&str; 5] = ["longer", "shorter", "ok", "not known", "no calls"];

sentences! {
    fn there(there: usize, of: usize, stale: bool) = "{there} of {of}{}", super::mark(stale);
    fn of_all(agents: usize) = "of {}", plural(agents, "agent");
}

/// How many have calls: of all, or of those of whom it is known.
pub(crate) fn calls(with: usize, known: usize, all: usize) -> String {
    match known {
        0 if all > 0 => "not known".into(),
        known if known < all => format!("{with} of {known} known"),
        known => format!("{with} of {known}"),
    }
}

/// What the median is, since it is not the floor's AHT; `moment`: of the newest value, where none is fresh.
pub(crate) fn of_median(median: &Median, moment: Option<String>) -> String {
    let agents = plural(median.of, "agent");
    match (moment, median.old) {
        (Some(moment), _) => format!("of {agents} at {moment}; nothing newer is known"),
        (None, 0) => format!("of {agents}, however many calls each had"),
        (None, old) => format!("of {agents}, {old} of them not fresh"),
    }
}

// The last line.

/// The marks: above the band, below it, old, without calls.
pub(crate) const LEGEND: [&str; 4] = ["longer", "shorter", "old", "no calls"];
pub(crate) const READ_ONLY: &str = "read-only: no API key here";
pub(crate) const THIS_WALLBOARD: &str = "this wallboard";

sentences! {
    fn page(number: usize, of: usize) = "page {number}/{of}";
    fn oldest_on_page(age: Duration, name: &str) = "{} ({name})", super::lasting("oldest on this page", Some(age));
    fn unknown_ids(names: &[&str]) = "{}: {}", super::UNKNOWN_ID, names.join(", ");
    fn wallboard_since(moment: &str, span: Duration) = "wallboard since {moment} ({})", brief(span);
}

/// How one leaves; `key`: besides Ctrl-C, where it is locked.
pub(crate) fn leaves(locked: bool, key: Option<String>) -> String {
    match (locked, key) {
        (false, _) => "Esc leaves".into(),
        (true, Some(key)) => format!("{key} or Ctrl-C leaves"),
        (true, None) => "Ctrl-C leaves".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_says_of_how_many_it_is() {
        for (of, agents, text) in [
            (Some(5), 6, "median of 5 of 6 agents"),
            (Some(6), 6, "median of 6 agents"),
            (None, 6, "median of 6 agents"),
            (Some(1), 1, "median of 1 agent"),
        ] {
            assert_eq!(median(of, agents), text);
        }
    }
}
