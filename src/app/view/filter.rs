//! What the text of the filter means.
//!
//! Every word must occur in the label, name, id, a group or the state word of a row, case folded. `state:high`,
//! `group:north`, `id:…` and `name:…` look in one field only; `state:` also in the state of the login, and `login:in` or
//! `login:out` ask whether the agent is logged in. `!word` must not occur; a lone `!` in front turns the whole
//! filter round.

use crate::{
    app::model::{Line, RowState},
    domain::Kind,
};

/// A parsed filter text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    words: Vec<Word>,
    inverse: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    field: Option<Field>,
    text: String,
    inverse: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    State,
    Group,
    Id,
    Name,
    Kind,
    Login,
}

impl Field {
    fn named(key: &str) -> Option<Field> {
        Some(match key {
            "state" => Field::State,
            "group" => Field::Group,
            "id" => Field::Id,
            "name" => Field::Name,
            "kind" => Field::Kind,
            "login" => Field::Login,
            _ => return None,
        })
    }
}

impl Words {
    /// Parses a filter text; every text is one.
    pub(super) fn of(text: &str) -> Words {
        let mut parts = text.split_whitespace().peekable();
        let inverse = parts.next_if_eq(&"!").is_some();
        let words = parts.filter_map(Word::of).collect::<Vec<_>>();
        // A filter without a word shows everything, also while its `!` is being typed.
        Words { inverse: inverse && !words.is_empty(), words }
    }

    /// True where it lets everything through.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// True where the row is shown.
    pub(super) fn accept(&self, line: &Line<'_>) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let hay = Hay::of(line);
        self.words.iter().all(|w| w.accept(&hay)) != self.inverse
    }
}

impl Words {
    /// True where the event of the log is shown: words are looked for in all of it, `kind:` in its kind alone. What can
    /// only be said of rows is true of no event.
    pub(super) fn accept_event(&self, kind: &str, who: &str, text: &str) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let hay = [kind, who, text].map(str::to_lowercase);
        let found = |w: &Word| match w.field {
            None => hay.iter().any(|h| h.contains(&w.text)),
            Some(Field::Kind) => hay[0].contains(&w.text),
            Some(_) => false,
        };
        self.words.iter().all(|w| found(w) != w.inverse) != self.inverse
    }
}

impl Word {
    fn of(part: &str) -> Option<Word> {
        let (inverse, part) = part.strip_prefix('!').map_or((false, part), |rest| (true, rest));
        let part = part.to_lowercase();
        // An id may hold a colon: only the known keys make a field.
        let keyed = part.split_once(':').and_then(|(key, value)| Some((Field::named(key)?, value.to_owned())));
        let (field, text) = match keyed {
            Some((field, value)) => (Some(field), value),
            None => (None, part),
        };
        (!text.is_empty()).then_some(Word { field, text, inverse })
    }

    fn accept(&self, hay: &Hay) -> bool {
        let has = |text: &String| text.contains(&self.text);
        let found = match self.field {
            Some(Field::State) => hay.state.iter().any(has) || hay.login.as_ref().is_some_and(|(_, word)| has(word)),
            Some(Field::Login) => hay.login.as_ref().is_some_and(|(login, _)| login.starts_with(&self.text)),
            Some(Field::Group) => hay.groups.iter().any(has),
            Some(Field::Id) => has(&hay.id),
            Some(Field::Name) => hay.names.iter().any(has),
            Some(Field::Kind) => hay.kind.word().contains(&self.text),
            None => {
                has(&hay.id)
                    || hay.names.iter().any(has)
                    || hay.groups.iter().any(has)
                    || hay.state[..2].iter().any(has)
            }
        };
        found != self.inverse
    }
}

/// The words of a row, folded once.
struct Hay {
    kind: Kind,
    id: String,
    names: Vec<String>,
    groups: Vec<String>,
    /// As on the screen, in full, and as in JSON.
    state: [String; 3],
    /// `in` or `out`, and the service's word; `None` where it is not known.
    login: Option<(&'static str, String)>,
}

impl Hay {
    fn of(line: &Line<'_>) -> Hay {
        let fold = |text: &std::sync::Arc<str>| text.to_lowercase();
        let other = match line.state {
            RowState::Fresh(_) => "value",
            RowState::Other(condition) => condition.word(),
        };
        Hay {
            kind: line.target().kind,
            id: fold(&line.target().id),
            names: line.watched.label.iter().chain(line.row.name.iter()).map(fold).collect(),
            groups: line.watched.groups.iter().map(fold).collect(),
            login: line.login.map(|l| (if l.is_in() { "in" } else { "out" }, l.word.to_lowercase())),
            state: [line.state.word().to_lowercase(), line.state.long_word().to_lowercase(), other.to_owned()],
        }
    }
}
