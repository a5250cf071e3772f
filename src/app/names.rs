//! How a row is named on the screen: in full, by initials, by its id, or not at all.

use std::borrow::Cow;

use super::{Line, Names, State, rows};
use crate::{
    config::Watched,
    domain::{Kind, Target, initials},
};

/// The name of a row as [`State::names`] wants it. Campaigns are no people and keep theirs.
pub fn name<'a>(state: &State, line: &Line<'a>) -> Cow<'a, str> {
    called(state, line.target(), line.name())
}

fn called<'a>(state: &State, target: &'a Target, name: &'a str) -> Cow<'a, str> {
    if target.kind == Kind::Campaign {
        return Cow::Borrowed(name);
    }
    match state.names {
        Names::Full => Cow::Borrowed(name),
        Names::Initials => {
            // What has no words has no initials: an id would name its owner by its first letter alone.
            let short = if *name == *target.id { String::new() } else { initials(name) };
            if short.is_empty() { Cow::Owned(place(state, target)) } else { Cow::Owned(short) }
        }
        Names::Id => Cow::Borrowed(&target.id),
        Names::Hidden => Cow::Owned(place(state, target)),
    }
}

/// The id, or what stands for it where it must not be shown.
pub fn id<'a>(state: &State, line: &Line<'a>) -> Cow<'a, str> {
    match state.names {
        Names::Hidden | Names::Initials if line.target().kind == Kind::Agent => name(state, line),
        _ => Cow::Borrowed(&line.watched.target.id),
    }
}

/// What `target` is called, as [`State::names`] wants it; by its id where nothing gives a name.
pub fn of<'a>(state: &'a State, target: &'a Target) -> Cow<'a, str> {
    match (state.watched(target), state.shown().rows.get(target)) {
        (Some(watched), Some(row)) => called(state, target, rows::display_name(watched, row)),
        _ => called(state, target, &target.id),
    }
}

/// `text` of an event, an alert or a banner as [`State::names`] wants it: names of agents, and where these are not shown
/// their ids too, give way to what the tables call them.
pub fn veil<'t>(state: &State, text: &'t str) -> Cow<'t, str> {
    veil_for(state, text, false)
}

/// Like [`veil`]; where the screen has nothing but `ascii`, names of another script give way to ids, which can be read.
pub fn veil_for<'t>(state: &State, text: &'t str, ascii: bool) -> Cow<'t, str> {
    if state.names == Names::Full && (!ascii || text.is_ascii()) {
        return Cow::Borrowed(text);
    }
    let known = &state.shown().rows;
    let mut words: Vec<(&str, &Watched)> = Vec::new();
    for watched in state.facts.watched.iter().filter(|w| w.target.kind == Kind::Agent) {
        if matches!(state.names, Names::Initials | Names::Hidden) {
            words.push((&watched.target.id, watched));
        }
        let given = known.get(&watched.target).and_then(|row| row.name.as_deref());
        words.extend(watched.label.as_deref().into_iter().chain(given).map(|name| (name, watched)));
    }
    words.retain(|(word, _)| !word.trim().is_empty() && text.contains(word));
    if words.is_empty() {
        return Cow::Borrowed(text);
    }
    // A name may be a part of a longer one. What was put in is not looked at again.
    words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    let (mut out, mut rest, mut before) = (String::with_capacity(text.len()), text, None);
    while let Some(c) = rest.chars().next() {
        let hit = words.iter().find(|(word, _)| stands_alone(before, rest, word));
        if let Some((word, watched)) = hit {
            let stands = readable(of(state, &watched.target), &watched.target, ascii && state.names == Names::Full);
            // `agent a2` becomes `agent 2`, not `agent agent 2`.
            if stands.starts_with("agent ") && out.ends_with("agent ") {
                out.truncate(out.len() - "agent ".len());
            }
            out.push_str(&stands);
            rest = rest.get(word.len()..).unwrap_or_default();
            before = word.chars().next_back();
        } else {
            out.push(c);
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            before = Some(c);
        }
    }
    Cow::Owned(out)
}

/// `name`, or the id of `target` where the screen has nothing but `ascii` and only the id can be read on it.
fn readable<'a>(name: Cow<'a, str>, target: &'a Target, ascii: bool) -> Cow<'a, str> {
    if ascii && !name.is_ascii() && target.id.is_ascii() { Cow::Borrowed(&target.id) } else { name }
}

/// True where `rest` begins with `word` and neither side goes on: the name `Al` is not in `Alerts`.
fn stands_alone(before: Option<char>, rest: &str, word: &str) -> bool {
    let goes_on = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    rest.strip_prefix(word).is_some_and(|after| !goes_on(before) && !goes_on(after.chars().next()))
}

/// `agent 12`: the place among the agents of the configuration, which stays the same while it runs.
fn place(state: &State, target: &Target) -> String {
    let agents = state.facts.watched.iter().filter(|w| w.target.kind == target.kind);
    let at = agents.take_while(|w| w.target != *target).count() + 1;
    format!("{} {at}", target.kind)
}
