//! The command line: what can be typed behind `:`, and how a word is completed.

use super::{filter_hints, groups};
use crate::{
    app::model::{Column, State, View},
    config::{Names, Symbols, Theme},
};

/// A command with what it takes and what it does, for the help.
pub const COMMANDS: [(&str, &str, &str); 12] = [
    ("group", "[NAME]", "Show only this group; without a name, all groups"),
    ("filter", "[TEXT]", "Show only rows with these words, as with /"),
    ("sort", "COLUMN [reversed]", "Sort by this column"),
    ("columns", "[COLUMN ...]", "Show these columns in this order; without names, the default"),
    ("names", "full|initials|id|hidden", "How agents are named"),
    ("theme", "auto|dark|light|cvd|mono", "Colours"),
    ("symbols", "auto|unicode|block|ascii", "Characters"),
    ("view", "NAME", "Show this view"),
    ("export", "csv FILE", "Write the rows of this view into a new file, as CSV"),
    ("reload", "", "Read the configuration again"),
    ("help", "", "Show all keys"),
    ("quit", "", "Quit"),
];

/// The themes that there are here: also that of the file, where one is configured.
pub(crate) fn themes(state: &State) -> Vec<Theme> {
    let file = Some(state.config.ui.theme).filter(|t| matches!(t, Theme::File(_)));
    file.into_iter().chain(Theme::ALL).collect()
}

/// What a view is called behind `:view`.
pub(crate) fn view_word(view: View) -> &'static str {
    match view {
        View::Overview => "overview",
        View::Agents => "agents",
        View::Campaigns => "campaigns",
        View::Alerts => "alerts",
        View::Budget => "budget",
        View::Log => "log",
    }
}

/// The word that is being typed at the end of `text`.
pub fn last_word(text: &str) -> &str {
    text.rsplit(char::is_whitespace).next().unwrap_or("")
}

/// What the last word of `text` may become, in the order of the help.
pub fn completions(state: &State, text: &str) -> Vec<String> {
    let last = last_word(text);
    let before: Vec<&str> = text[..text.len() - last.len()].split_whitespace().collect();
    let (name, nth) = match before.split_first() {
        None => ("", 0),
        Some((name, words)) => (*name, words.len()),
    };
    let owned = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    let all = match (name, nth) {
        ("", _) => owned(&COMMANDS.map(|(name, ..)| name)),
        ("group", 0) => groups::order(&state.config.watched).into_iter().map(|g| g.to_string()).collect(),
        ("filter", _) => filter_hints::completions(state, last),
        ("sort", 0) => owned(&Column::ALL.map(Column::word)),
        ("sort", 1) => owned(&["reversed"]),
        ("columns", _) => {
            let given = |word: &&str| !before.contains(word);
            Column::ALL.map(Column::word).into_iter().filter(given).map(str::to_owned).collect()
        }
        ("names", 0) => owned(&Names::ALL.map(Names::word)),
        ("theme", 0) => themes(state).iter().map(|t| t.word().to_owned()).collect(),
        ("symbols", 0) => owned(&Symbols::ALL.map(Symbols::word)),
        ("view", 0) => owned(&View::ALL.map(view_word)),
        ("export", 0) => owned(&["csv"]),
        _ => Vec::new(),
    };
    let folded = last.to_lowercase();
    all.into_iter().filter(|w| w.to_lowercase().starts_with(&folded)).collect()
}
