//! How a row is named on the screen: in full, by initials, by its id, or not at all. The one place where names become text.

use std::borrow::Cow;

use crate::{
    alert::Subject,
    app::model::{Line, State},
    config::Names,
    domain::{Kind, Target, display_name, initials, opening},
    store::{Piece, Words},
};

/// How agents are named at present: the board has an order of its own.
pub fn order(state: &State) -> Names {
    match state.config.wall.names {
        names if state.navigation.wall.is_some() && names != Names::Full => names,
        _ => state.preferences.names,
    }
}

/// True where everything may be shown: names, and texts that may hold some.
pub fn are_full(state: &State) -> bool {
    order(state) == Names::Full
}

/// The name of a row by the chosen way of showing names. Campaigns are no people and keep theirs.
pub fn name<'a>(state: &State, line: &Line<'a>) -> Cow<'a, str> {
    called(state, line.target(), Some(line.name()))
}

/// What `target` is called; `name`: its name, where one is known.
fn called<'a>(state: &State, target: &'a Target, name: Option<&'a str>) -> Cow<'a, str> {
    let full = Cow::Borrowed(name.unwrap_or(&target.id));
    if target.kind == Kind::Campaign {
        return full;
    }
    match order(state) {
        Names::Full => full,
        Names::Initials => {
            // What has no words has no initials: an id would name its owner by its first letter alone.
            let short = name.filter(|name| **name != *target.id).map(initials).unwrap_or_default();
            if short.is_empty() { Cow::Owned(place(state, target)) } else { Cow::Owned(short) }
        }
        Names::Id => Cow::Borrowed(&target.id),
        Names::Hidden => Cow::Owned(place(state, target)),
    }
}

/// The id, or what stands for it where it must not be shown.
pub fn id<'a>(state: &State, line: &Line<'a>) -> Cow<'a, str> {
    if shows_id(state, line.target()) { Cow::Borrowed(&line.watched.target.id) } else { name(state, line) }
}

fn shows_id(state: &State, target: &Target) -> bool {
    target.kind == Kind::Campaign || matches!(order(state), Names::Full | Names::Id)
}

/// What `target` is called, by the chosen way of showing names; by its id where nothing gives a name.
pub fn of<'a>(state: &'a State, target: &'a Target) -> Cow<'a, str> {
    called(state, target, known(state, target))
}

/// The label or the name of a row of ours.
fn known<'a>(state: &'a State, target: &'a Target) -> Option<&'a str> {
    let (watched, row) = (state.watched(target)?, state.shown().rows.get(target)?);
    Some(display_name(watched.label.as_deref(), row.name.as_deref(), &target.id))
}

/// `words` by the chosen way of showing names; where the screen has nothing but `ascii`, names of another script give way to
/// ids, which can be read.
pub fn told(state: &State, words: &Words, ascii: bool) -> String {
    let mut out = String::new();
    for piece in words.pieces() {
        match piece {
            Piece::Own(text) => out.push_str(text),
            Piece::Said(text, instead) => out.push_str(if are_full(state) { text } else { instead }),
            Piece::Name(target, then) => {
                let name = called(state, target, known(state, target).or(then.as_deref()));
                push_name(&mut out, &readable(state, name, target, ascii));
            }
            Piece::Id(target) if shows_id(state, target) => out.push_str(&target.id),
            Piece::Id(target) => {
                // What stands for it is no ID.
                out.truncate(out.strip_suffix("ID ").unwrap_or(&out).len());
                push_name(&mut out, &of(state, target));
            }
            Piece::Link(link) => out.push_str(&told(state, &link.words(), ascii)),
            Piece::Status(status) => out.push_str(&told(state, &status.link.words(), ascii)),
        }
    }
    out
}

/// `agent a2` becomes `agent 2`, not `agent agent 2`.
fn push_name(out: &mut String, name: &str) {
    if name.starts_with("agent ") && out.ends_with("agent ") {
        out.truncate(out.len() - "agent ".len());
    }
    out.push_str(name);
}

/// `name`, or the id of `target` where the screen has nothing but `ascii` and only the id can be read on it.
pub fn readable<'a>(state: &State, name: Cow<'a, str>, target: &'a Target, ascii: bool) -> Cow<'a, str> {
    let to_id = ascii && !name.is_ascii() && target.id.is_ascii() && shows_id(state, target);
    if to_id { Cow::Borrowed(&target.id) } else { name }
}

/// Why a request failed: what may hold an excerpt of a reply is shown with full names alone, else only how it begins.
pub fn failure<'a>(state: &State, why: &'a str) -> &'a str {
    if are_full(state) { why } else { opening(why) }
}

/// `agent 12`: the place among the agents of the configuration, which stays the same while it runs. Who is watched
/// elsewhere has none.
fn place(state: &State, target: &Target) -> String {
    state.place(target).map_or_else(|| format!("another {}", target.kind), |at| format!("{} {at}", target.kind))
}

/// What the target of `subject` is called on this screen.
pub fn of_subject<'a>(state: &'a State, subject: &'a Subject) -> Option<Cow<'a, str>> {
    let Subject::Target(target) = subject else { return None };
    Some(of(state, target))
}
