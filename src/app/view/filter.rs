//! What the text of the filter means.
//!
//! Every word must occur in the label, name, id, a group or the state word of a row, case folded. `state:high`,
//! `group:north`, `id:…` and `name:…` look in one field only; `state:` also in the state of the login, and `login:in` or
//! `login:out` ask whether the agent is logged in. `aht>8:00`, `age>5m` and `vs<-10` compare a number. `!word` must not
//! occur; a lone `!` in front turns the whole filter round.

use std::{cmp::Ordering, time::Duration};

use crate::{
    alert::{Alert, Subject, words},
    app::model::{Line, RowState, State},
    config::parse_duration,
    domain::{Aht, Kind},
};

use super::{alerts, names, rows};

/// A parsed filter text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Words {
    pub(super) words: Vec<Word>,
    inverse: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub(super) asks: Asks,
    inverse: bool,
}

/// What a word asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Asks {
    /// That this text occurs, in one field or anywhere.
    Text(Option<Field>, String),
    /// That a number lies so to this one.
    Number(Number, Compare, f64),
}

/// A field that a word can look in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    State,
    Group,
    Id,
    Name,
    Kind,
    Login,
}

impl Field {
    pub(super) const ALL: [Field; 6] = [Field::State, Field::Group, Field::Name, Field::Id, Field::Kind, Field::Login];

    pub(super) const fn key(self) -> &'static str {
        match self {
            Field::State => "state",
            Field::Group => "group",
            Field::Id => "id",
            Field::Name => "name",
            Field::Kind => "kind",
            Field::Login => "login",
        }
    }
}

/// A number that can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    /// In seconds.
    Aht,
    /// Of the reading, in seconds.
    Age,
    /// Difference to the target in percent.
    Vs,
}

impl Number {
    pub(super) const ALL: [Number; 3] = [Number::Aht, Number::Age, Number::Vs];

    pub(super) const fn key(self) -> &'static str {
        match self {
            Number::Aht => "aht",
            Number::Age => "age",
            Number::Vs => "vs",
        }
    }

    /// How it is written.
    pub(super) const fn example(self) -> &'static str {
        match self {
            Number::Aht => "aht>8:00",
            Number::Age => "age>5m",
            Number::Vs => "vs>20%",
        }
    }

    /// Seconds alone, `m:ss`, or a duration; of a difference the percent.
    fn parse(self, text: &str) -> Option<f64> {
        let plain = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite());
        match self {
            Number::Vs => plain(text.strip_suffix('%').unwrap_or(text)),
            Number::Aht | Number::Age => plain(text)
                .or_else(|| text.parse::<Aht>().ok().map(|aht| f64::from(aht.secs())))
                .or_else(|| parse_duration(text).ok().map(|span| span.as_secs_f64())),
        }
    }
}

/// How two numbers lie to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compare {
    More,
    AtLeast,
    Less,
    AtMost,
    Equal,
}

impl Compare {
    /// The longer signs first, since `>=` begins with `>`.
    const SIGNS: [(&str, Compare); 5] = [
        (">=", Compare::AtLeast),
        ("<=", Compare::AtMost),
        (">", Compare::More),
        ("<", Compare::Less),
        ("=", Compare::Equal),
    ];

    fn holds(self, order: Ordering) -> bool {
        match self {
            Compare::More => order == Ordering::Greater,
            Compare::AtLeast => order != Ordering::Less,
            Compare::Less => order == Ordering::Less,
            Compare::AtMost => order != Ordering::Greater,
            Compare::Equal => order == Ordering::Equal,
        }
    }
}

/// `text` parted at its sign of comparison.
pub(super) fn compared(text: &str) -> Option<(&str, Compare, &str)> {
    let at = text.find(['<', '>', '='])?;
    let (key, rest) = text.split_at(at);
    let (sign, compare) = Compare::SIGNS.into_iter().find(|(sign, _)| rest.starts_with(sign))?;
    Some((key, compare, &rest[sign.len()..]))
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
        self.is_empty() || self.holds(&Hay::of(line))
    }

    /// True where the alert is shown: words are looked for in what it is about and says, `state:` in its level and in
    /// what was done about it.
    pub(super) fn accept_alert(&self, state: &State, alert: &Alert) -> bool {
        self.is_empty() || self.holds(&Hay::of_alert(state, alert))
    }

    /// True where the event of the log is shown: words are looked for in all of it, `kind:` in its kind alone. What can
    /// only be said of rows is true of no event.
    pub(super) fn accept_event(&self, kind: &str, who: &str, text: &str) -> bool {
        if self.words.is_empty() {
            return true;
        }
        let hay = [kind, who, text].map(str::to_lowercase);
        let found = |w: &Word| match &w.asks {
            Asks::Text(None, text) => hay.iter().any(|h| h.contains(text)),
            Asks::Text(Some(Field::Kind), text) => hay[0].contains(text),
            Asks::Text(Some(_), _) | Asks::Number(..) => false,
        };
        self.words.iter().all(|w| found(w) != w.inverse) != self.inverse
    }

    fn holds(&self, hay: &Hay) -> bool {
        self.words.iter().all(|w| w.accept(hay)) != self.inverse
    }
}

/// The alerts that the filter of their view lets through, in their order.
pub fn listed(state: &State) -> Vec<&Alert> {
    let words = Words::of(state.navigation.alert_filter.text.value());
    state.shown().alerts.iter().filter(|alert| words.accept_alert(state, alert)).collect()
}

impl Word {
    pub(super) fn of(part: &str) -> Option<Word> {
        let (inverse, part) = part.strip_prefix('!').map_or((false, part), |rest| (true, rest));
        let part = part.to_lowercase();
        if let Some((key, compare, value)) = compared(&part)
            && let Some(number) = Number::ALL.into_iter().find(|n| n.key() == key)
        {
            // Half typed it asks for nothing yet.
            let value = number.parse(value)?;
            return Some(Word { asks: Asks::Number(number, compare, value), inverse });
        }
        // An id may hold a colon: only the known keys make a field.
        let keyed = part.split_once(':').and_then(|(key, value)| {
            let field = Field::ALL.into_iter().find(|f| f.key() == key)?;
            Some((Some(field), value.to_owned()))
        });
        let (field, text) = keyed.unwrap_or((None, part));
        (!text.is_empty()).then_some(Word { asks: Asks::Text(field, text), inverse })
    }

    /// True where `hay` has what the word asks for, whether or not that is to be shown.
    pub(super) fn found(&self, hay: &Hay) -> bool {
        let (field, wanted) = match &self.asks {
            Asks::Number(number, compare, value) => {
                let known = match number {
                    Number::Aht => hay.aht,
                    Number::Age => hay.age.map(|age| age.as_secs_f64()),
                    Number::Vs => hay.vs,
                };
                return known.is_some_and(|known| compare.holds(known.total_cmp(value)));
            }
            Asks::Text(field, wanted) => (field, wanted),
        };
        let has = |text: &String| text.contains(wanted);
        match field {
            Some(Field::State) => {
                hay.state.iter().any(has)
                    || hay.done.iter().any(|word| word.starts_with(wanted))
                    || hay.login.as_ref().is_some_and(|(_, word)| has(word))
            }
            Some(Field::Login) => hay.login.as_ref().is_some_and(|(login, _)| login.starts_with(wanted)),
            Some(Field::Group) => hay.groups.iter().any(has),
            Some(Field::Id) => has(&hay.id),
            Some(Field::Name) => hay.names.iter().any(has),
            Some(Field::Kind) => hay.kind.contains(wanted),
            None => {
                has(&hay.id)
                    || hay.names.iter().any(has)
                    || hay.groups.iter().any(has)
                    || hay.state[..2].iter().any(has)
                    || hay.done.iter().any(|word| word.starts_with(wanted))
                    || has(&hay.text)
            }
        }
    }

    fn accept(&self, hay: &Hay) -> bool {
        self.found(hay) != self.inverse
    }
}

/// The words and numbers of a row or an alert, folded once.
#[derive(Default)]
pub(super) struct Hay {
    kind: &'static str,
    id: String,
    names: Vec<String>,
    groups: Vec<String>,
    /// As on the screen, in full, and as in JSON.
    state: [String; 3],
    /// What was done about an alert, in words that begin differently.
    done: Vec<&'static str>,
    /// `in` or `out`, and the service's word; `None` where it is not known.
    login: Option<(&'static str, String)>,
    aht: Option<f64>,
    age: Option<Duration>,
    vs: Option<f64>,
    /// What an alert says.
    text: String,
}

impl Hay {
    pub(super) fn of(line: &Line<'_>) -> Hay {
        let fold = |text: &std::sync::Arc<str>| text.to_lowercase();
        let other = match line.state {
            RowState::Fresh(_) => "value",
            RowState::Other(condition) => condition.word(),
        };
        Hay {
            kind: line.target().kind.word(),
            id: fold(&line.target().id),
            names: line.watched.label.iter().chain(line.row.name.iter()).map(fold).collect(),
            groups: line.watched.groups.iter().map(fold).collect(),
            login: line.login.map(|l| (if l.is_in() { "in" } else { "out" }, l.word.to_lowercase())),
            state: [line.state.word().to_lowercase(), line.state.long_word().to_lowercase(), other.to_owned()],
            aht: line.aht.map(|aht| f64::from(aht.secs())),
            age: line.age,
            vs: line.deviation,
            ..Hay::default()
        }
    }

    pub(super) fn of_alert(state: &State, alert: &Alert) -> Hay {
        let subject = &alert.id.subject;
        let mut hay = match subject {
            Subject::Target(target) => rows::line(state, target).map(|line| Hay::of(&line)).unwrap_or_default(),
            Subject::Problem(problem) => Hay {
                kind: "account",
                names: vec![problem.word().to_lowercase(), words::whom(subject, None).to_lowercase()],
                // What is looked for is what is shown.
                text: names::told(state, &words::kind_words(subject, &alert.kind), false).to_lowercase(),
                ..Hay::default()
            },
        };
        let level = alert.kind.level().map(RowState::Fresh);
        hay.state = level.map_or_else(Default::default, |level| {
            [level.word().to_lowercase(), level.long_word().to_lowercase(), "value".to_owned()]
        });
        if alert.ended.is_some() {
            hay.done.push("cleared");
        } else {
            hay.done.extend(if alert.is_acked() { ["acked", "acknowledged"] } else { ["unacked", "unacknowledged"] });
            hay.done.extend(alerts::is_muted(state.shown(), subject).then_some("muted"));
        }
        if let Some(ack) = &alert.ack
            && names::are_full(state)
        {
            hay.text.push_str(&format!(" {} {}", ack.by, ack.note).to_lowercase());
        }
        hay
    }

    /// Words of it that may be told as a suggestion: names only where names are shown.
    pub(super) fn told(&self, full: bool) -> impl Iterator<Item = &str> {
        let names = self.names.iter().filter(move |_| full).flat_map(|name| name.split_whitespace());
        self.groups.iter().map(String::as_str).chain(names)
    }
}

/// True where one of the two kinds is what `kind:` looks for; both are words of rows.
pub(super) const KINDS: [&str; 2] = [Kind::Agent.word(), Kind::Campaign.word()];
