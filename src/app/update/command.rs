//! The command line: what a command does, and how far a word is completed.

use std::sync::Arc;

use tui_input::Input;

use super::columns;
use crate::{
    app::{
        model::{Action, Column, Effect, Filter, Sort, State, View},
        view::{
            command::{COMMANDS, completions, last_word, themes, view_word},
            groups,
        },
    },
    config::{Names, Symbols, suggest},
};

/// What a command comes to besides a changed state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// Nothing more is to be done.
    Settled,
    /// This is to be done.
    Act(Action),
    /// The loop has to do this.
    Ask(Effect),
}

/// Does the command `text`.
///
/// # Errors
/// One sentence that says what is wrong with it.
pub(super) fn run(state: &mut State, text: &str) -> Result<Done, String> {
    let mut words = text.split_whitespace();
    let Some(name) = words.next() else { return Ok(Done::Settled) };
    let rest: Vec<&str> = words.collect();
    let all = COMMANDS.map(|(name, ..)| name);
    // A beginning is enough where it is nobody else's.
    let meant: Vec<&str> = all.into_iter().filter(|n| n.starts_with(name)).collect();
    let name = match meant.as_slice() {
        _ if all.contains(&name) => name,
        [one] => one,
        _ => return Err(format!("unknown command {name}{}", suggest(name, &all))),
    };
    match (name, rest.as_slice()) {
        ("group", []) => {
            let others = without_group(&state.navigation.filter);
            set_filter(&mut state.navigation.filter, &others);
        }
        ("group", words) => {
            let wanted = words.join(" ").to_lowercase();
            let known: Vec<Arc<str>> = groups::order(&state.config.watched).into_iter().cloned().collect();
            let found = known.iter().find(|g| g.to_lowercase() == wanted);
            let Some(group) = found else {
                let known: Vec<&str> = known.iter().map(|g| &**g).collect();
                return Err(format!("unknown group {wanted}{}", suggest(&wanted, &known)));
            };
            // The filter takes words: of a name with blanks each one must occur.
            let terms = group.split_whitespace().map(|w| format!("group:{w}")).collect::<Vec<_>>().join(" ");
            let others = without_group(&state.navigation.filter);
            set_filter(&mut state.navigation.filter, format!("{others} {terms}").trim());
        }
        ("filter", words) => set_filter(state.filter_mut(), &words.join(" ")),
        ("sort", [column, direction @ ..]) => {
            let reverse = match direction {
                [] => false,
                [word] if "reversed".starts_with(word) => true,
                _ => return Err("write the column, then 'reversed' if you want: :sort aht reversed".into()),
            };
            let column = column_of(state, column)?;
            state.preferences.sort = Sort { column, reverse };
        }
        ("columns", words) => {
            let wanted = words.iter().map(|w| column_of(state, w)).collect::<Result<Vec<_>, _>>()?;
            state.preferences.columns = if wanted.is_empty() { wanted } else { columns::sound(&wanted) };
        }
        ("names", [word]) => state.preferences.names = of(word, &Names::ALL, |n| n.word())?,
        ("theme", [word]) => state.preferences.theme = of(word, &themes(state), |t| t.word())?,
        ("symbols", [word]) => state.preferences.symbols = of(word, &Symbols::ALL, |s| s.word())?,
        ("view", [word]) => {
            let lower = word.to_lowercase();
            let by_number = View::ALL.into_iter().find(|v| v.number().to_string() == lower);
            let view = match by_number {
                Some(view) => view,
                None => of(&lower, &View::ALL, |v| view_word(*v))?,
            };
            return Ok(Done::Act(Action::Show(view)));
        }
        ("export", ["csv", file @ ..]) if !file.is_empty() => {
            // A name may hold blanks: what was typed behind the format is taken as it is.
            let file = text.split_once("csv").map_or("", |(_, file)| file).trim();
            return Ok(Done::Ask(Effect::Export(file.into())));
        }
        ("reload", []) => return Ok(Done::Ask(Effect::Reload)),
        ("help", []) => return Ok(Done::Act(Action::Help)),
        ("quit", []) => return Ok(Done::Act(Action::Quit)),
        (name, _) => {
            let takes = COMMANDS.iter().find(|(n, ..)| *n == name).map_or("", |c| c.1);
            return Err(if takes.is_empty() {
                format!("write :{name} alone")
            } else {
                format!("write :{name} {takes}")
            });
        }
    }
    Ok(Done::Settled)
}

/// The column that is meant. A former name is understood, and the status line tells the one of today.
fn column_of(state: &mut State, word: &str) -> Result<Column, String> {
    let words = Column::ALL.map(Column::word);
    let found = Column::named(&word.to_lowercase());
    let (column, former) = found.ok_or_else(|| format!("unknown column {word}{}", suggest(word, &words)))?;
    if former {
        state.notices.status_message = Some(format!("'{word}' is now called '{}'", column.word()));
    }
    Ok(column)
}

fn of<T: Copy>(word: &str, all: &[T], name: impl Fn(&T) -> &'static str) -> Result<T, String> {
    let known: Vec<&str> = all.iter().map(&name).collect();
    let found = all.iter().find(|t| name(t) == word);
    found.copied().ok_or_else(|| format!("unknown value '{word}'{}", suggest(word, &known)))
}

/// The text of the filter without what it says of groups.
fn without_group(filter: &Filter) -> String {
    let text = filter.text.value();
    text.split_whitespace().filter(|w| !w.to_lowercase().starts_with("group:")).collect::<Vec<_>>().join(" ")
}

fn set_filter(filter: &mut Filter, text: &str) {
    let text: String = text.chars().take(Filter::LONGEST).collect();
    filter.text = Input::new(text);
}

/// `text` with its last word completed as far as it is certain; a word that is complete gets a blank behind it.
pub(super) fn complete(state: &State, text: &str) -> String {
    complete_word(text, &completions(state, text))
}

/// The same where the last word may become `all` of these.
pub(super) fn complete_word(text: &str, all: &[String]) -> String {
    let Some((first, others)) = all.split_first() else { return text.to_owned() };
    let last = last_word(text);
    let head = &text[..text.len() - last.len()];
    let mut common: usize = first.chars().count();
    for other in others {
        let alike = first.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
        common = common.min(alike);
    }
    let certain: String = first.chars().take(common).collect();
    // A field of the filter waits for its value.
    let blank = if all.len() == 1 && !certain.ends_with([':', '>']) { " " } else { "" };
    if certain.chars().count() < last.chars().count() { text.to_owned() } else { format!("{head}{certain}{blank}") }
}
