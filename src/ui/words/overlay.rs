//! What lies over the screen: help, menus, all banners.

use crate::{
    app::{Mark, RowState},
    domain::{Condition, Level, sentences},
};

pub(crate) const CLOSES: &str = "Esc closes";

// Banners.

pub(crate) const BANNERS: &str = "Banners";
pub(crate) const NOTHING_WRONG: &str = "Nothing is wrong";

/// `key`: what shows them.
pub(crate) fn more_banners(n: usize, key: Option<&str>) -> String {
    key.map_or_else(|| format!("{n} more"), |key| format!("{n} more: {key}"))
}

// Menus.

pub(crate) const SORT_BY: &str = "Sort by";
pub(crate) const SORT: &str = "Enter";
pub(crate) const COLUMNS: &str = "Columns";
pub(crate) const SHOW_OR_HIDE: &str = "Space: show/hide";

// The help.

pub(crate) const HELP_STATES: &str = "States";
pub(crate) const HELP_MARKS: &str = "Beside a state";
pub(crate) const HELP_COLUMNS: &str = "Columns";
pub(crate) const HELP_WORDS: &str = "Words";
pub(crate) const HELP_COMMANDS: &str = "Commands after :";
/// The words that a new reader of the screen may not know: the handbook has them all.
pub(crate) const GLOSSARY: [(&str, &str); 7] = [
    ("AHT", "Average handling time of the outbound calls of the last 2 hours"),
    ("target", "The AHT that an agent or a campaign should have"),
    ("band", "The range of AHTs that needs no attention; outside of it an alert starts"),
    ("cycle", "One round of checks over all watched agents and campaigns"),
    ("needs attention", "Has an alert that is not acknowledged, or is outside its band"),
    ("acknowledge", "Say that you have seen an alert; it stays on the list"),
    ("other clients", "Other programs that use the same account"),
];
/// What the states mean. They tell that somebody should look, not what the reason is.
pub(crate) const STATES: [(RowState, &str); 9] = [
    (RowState::Fresh(Level::HighCrit), "Very high: far above the band. Needs attention"),
    (RowState::Fresh(Level::HighWarn), "Above the band"),
    (RowState::Fresh(Level::LowCrit), "Very low: far below the band. Needs attention"),
    (RowState::Fresh(Level::LowWarn), "Below the band"),
    (RowState::Other(Condition::NoCalls), "No outbound calls in the last 2 hours. This is not zero"),
    (RowState::Other(Condition::Waiting), "Not checked yet"),
    (RowState::Other(Condition::Stale), "The last answer is older than it should be"),
    (RowState::Other(Condition::Invalid), "The service does not know this ID: correct it in the configuration"),
    (RowState::Other(Condition::Failing), "The service does not answer for this row"),
];
/// What stands after a state.
pub(crate) const MARKS: [(Mark, &str); 3] = [
    (Mark::Acked, "The alert is acknowledged. If it becomes worse, it needs attention again"),
    (Mark::Muted, "Muted: shown, but without bell, notification and hook"),
    (Mark::Warming, "Too few calls yet: no alert starts"),
];

sentences! {
    fn nothing_has(search: &str) = "Nothing in the help has '{search}'";
}

/// The title, with what is searched for.
pub(crate) fn help(search: Option<&str>) -> String {
    search.map_or_else(|| "Help".into(), |search| format!("Help  / {search}"))
}
