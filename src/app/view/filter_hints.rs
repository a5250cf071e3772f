//! What helps while a filter is typed: how a word may go on, and why nothing is found.

use super::{
    filter::{Asks, Field, Hay, KINDS, Number, Word, compared},
    groups, names,
};
use crate::{
    app::model::{Line, State, View},
    config::{Watched, suggest},
};

/// Words of states that `state:` looks for, without blanks.
const STATES: [&str; 10] =
    ["v.high", "v.low", "high", "low", "ok", "no_calls", "waiting", "stale", "unknown_id", "no_answer"];
/// What was done about an alert.
const DONE: [&str; 4] = ["unacked", "acked", "muted", "cleared"];

/// What the word `last`, which is being typed, may become.
pub fn completions(state: &State, last: &str) -> Vec<String> {
    completions_in(state.navigation.view, &state.config.watched, last)
}

/// The same for whatever is `watched`, without a dashboard.
pub fn completions_in(view: View, watched: &[Watched], last: &str) -> Vec<String> {
    let (sign, word) = match last.strip_prefix('!') {
        Some(rest) => ("!", rest),
        None => ("", last),
    };
    let folded = word.to_lowercase();
    let all: Vec<String> = match folded.split_once(':') {
        Some((key, _)) => values(view, watched, key).into_iter().map(|value| format!("{key}:{value}")).collect(),
        None => {
            let fields = Field::ALL.iter().map(|f| format!("{}:", f.key()));
            fields.chain(Number::ALL.iter().map(|n| format!("{}>", n.key()))).collect()
        }
    };
    all.into_iter().filter(|w| w.starts_with(&folded)).map(|w| format!("{sign}{w}")).collect()
}

/// What stands behind the field `key`, in the order in which it is offered.
fn values(view: View, watched: &[Watched], key: &str) -> Vec<String> {
    let owned = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
    match key {
        "state" if view == View::Alerts => owned(&[&STATES[..4], &DONE[..]].concat()),
        "state" => owned(&STATES),
        // A filter takes words: of a name with blanks the first one stands for it.
        "group" => {
            let first = |g: &std::sync::Arc<str>| g.split_whitespace().next().unwrap_or_default().to_lowercase();
            groups::order(watched).into_iter().map(first).collect()
        }
        "kind" => owned(&KINDS),
        "login" => owned(&["in", "out"]),
        _ => Vec::new(),
    }
}

/// Why a word of the filter finds nothing; `None` where each finds something, or in a view without rows or alerts.
/// `lines`: all rows of the tables of the view.
pub fn remark<'a>(state: &State, lines: impl IntoIterator<Item = Line<'a>>) -> Option<String> {
    let text = state.filter().text.value();
    if text.trim().is_empty() {
        return None;
    }
    let hays: Vec<Hay> = match state.navigation.view {
        View::Budget | View::Log => return None,
        View::Alerts => state.shown().alerts.iter().map(|alert| Hay::of_alert(state, alert)).collect(),
        View::Overview | View::Agents | View::Campaigns => lines.into_iter().map(|line| Hay::of(&line)).collect(),
    };
    text.split_whitespace().find_map(|part| why(state, part, &hays))
}

/// Why the word `part` finds nothing in `hays`.
fn why(state: &State, part: &str, hays: &[Hay]) -> Option<String> {
    let part = part.strip_prefix('!').unwrap_or(part).to_lowercase();
    let word = Word::of(&part);
    if word.as_ref().is_some_and(|word| hays.iter().any(|hay| word.found(hay))) {
        return None;
    }
    let known = || {
        let keys = Field::ALL.iter().map(|f| f.key()).chain(Number::ALL.iter().map(|n| n.key()));
        keys.collect::<Vec<_>>().join(", ")
    };
    if let Some((key, _, value)) = compared(&part).filter(|(key, ..)| !key.is_empty()) {
        return match Number::ALL.into_iter().find(|n| n.key() == key) {
            None => Some(format!("no field {key}; known: {}", known())),
            Some(number) if word.is_none() && !value.is_empty() => {
                Some(format!("'{value}' is no number; write it as {}", number.example()))
            }
            // That no row lies so is an answer.
            Some(_) => None,
        };
    }
    let (field, text) = match word?.asks {
        Asks::Text(field, text) => (field, text),
        Asks::Number(..) => return None,
    };
    if field.is_none()
        && let Some((key, _)) = text.split_once(':').filter(|(key, _)| !key.is_empty())
    {
        return Some(format!("no field {key}; known: {}", known()));
    }
    let full = names::are_full(state);
    let values = |key| values(state.navigation.view, &state.config.watched, key);
    let offered: Vec<String> = match field {
        Some(field @ (Field::State | Field::Group | Field::Kind | Field::Login)) => values(field.key()),
        Some(Field::Id) => Vec::new(),
        Some(Field::Name) | None => {
            let mut all: Vec<String> = hays.iter().flat_map(|hay| hay.told(full)).map(str::to_owned).collect();
            all.extend(values("state").into_iter().filter(|_| field.is_none()));
            all.sort_unstable();
            all.dedup();
            all
        }
    };
    let offered: Vec<&str> = offered.iter().map(String::as_str).collect();
    // The right word for what nothing is at the moment.
    if offered.contains(&&*text) {
        return Some(format!("nothing has '{text}' now"));
    }
    let nearest = suggest(&text, &offered);
    match nearest.strip_prefix("; did you mean") {
        Some(right) => Some(format!("nothing has '{text}'; did you mean{right}")),
        None => Some(format!("nothing has '{text}'")),
    }
}
