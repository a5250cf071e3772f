//! How a row is named on the screen: in full, by initials, by its id, or not at all.

use std::borrow::Cow;

use super::{Line, Names, State};
use crate::domain::{Kind, Target, initials};

/// The name of a row as [`State::names`] wants it. Campaigns are no people and keep theirs.
pub fn name<'a>(state: &State, line: &Line<'a>) -> Cow<'a, str> {
    if line.target().kind == Kind::Campaign {
        return Cow::Borrowed(line.name());
    }
    match state.names {
        Names::Full => Cow::Borrowed(line.name()),
        Names::Initials => {
            // What has no words has no initials: an id would name its owner by its first letter alone.
            let short = initials(line.name());
            if short.is_empty() { Cow::Owned(place(state, line.target())) } else { Cow::Owned(short) }
        }
        Names::Id => Cow::Borrowed(&line.watched.target.id),
        Names::Hidden => Cow::Owned(place(state, line.target())),
    }
}

/// The id, or what stands for it where it must not be shown.
pub fn id<'a>(state: &State, line: &Line<'a>) -> Cow<'a, str> {
    match state.names {
        Names::Hidden | Names::Initials if line.target().kind == Kind::Agent => name(state, line),
        _ => Cow::Borrowed(&line.watched.target.id),
    }
}

/// `text` of an event or a banner with the ids of agents replaced, where names are not shown.
pub fn veil<'t>(state: &State, text: &'t str) -> Cow<'t, str> {
    if !matches!(state.names, Names::Hidden | Names::Initials) {
        return Cow::Borrowed(text);
    }
    let mut out = Cow::Borrowed(text);
    let mut agents: Vec<&Target> = state
        .facts
        .watched
        .iter()
        .map(|w| &w.target)
        .filter(|t| t.kind == Kind::Agent && text.contains(&*t.id))
        .collect();
    // An id may be a part of a longer one.
    agents.sort_by_key(|t| std::cmp::Reverse(t.id.len()));
    for target in agents {
        let place = place(state, target);
        let whole = out.replace(&target.to_string(), &place);
        out = Cow::Owned(whole.replace(&*target.id, &place));
    }
    out
}

/// `agent 12`: the place among the agents of the configuration, which stays the same while it runs.
fn place(state: &State, target: &Target) -> String {
    let agents = state.facts.watched.iter().filter(|w| w.target.kind == target.kind);
    let at = agents.take_while(|w| w.target != *target).count() + 1;
    format!("{} {at}", target.kind)
}
