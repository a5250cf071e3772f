//! The types that values have: read from TOML with its types, or from the text of a flag or variable.

use std::{path::PathBuf, time::Duration};

use jiff::tz::TimeZone;
use toml::de::DeValue;

use super::{
    duration::{format_duration, parse_duration},
    error::{nearest, quote, suggest},
    listen::{Listen, host_name},
    origin::Origin,
    store_url::StoreUrl,
};
use crate::domain::{Hours, Key, clean};

/// The word that stands instead of a list of agents: whoever is logged in is watched.
pub const LOGGED_IN: &str = "logged-in";

/// What may be written for a key.
#[derive(Clone, Copy, Debug)]
pub enum ValueType {
    /// The account's name, which becomes a file name.
    Name,
    /// One line of text.
    Line,
    /// The origin of the API.
    Origin,
    /// A time zone of the IANA database.
    Zone,
    Path,
    /// The name of an environment variable.
    Variable,
    /// A program with its arguments, as an array; only in the file.
    Argv,
    Count {
        min: u32,
        max: u32,
    },
    /// A duration, limits in seconds.
    Span {
        min: u64,
        max: u64,
    },
    Word(&'static [&'static str]),
    /// A part of something in whole percent, from nothing on.
    Percent {
        max: u32,
    },
    /// Quiet hours, as an array; only in the file.
    Hours,
    /// Some of these, as an array; only in the file.
    Words(&'static [&'static str]),
    /// One of these themes, or a file.
    Theme(&'static [&'static str]),
    Switch,
    /// Where the store lies.
    Store,
    /// A key of the keyboard.
    Key,
    /// An address or a socket to listen on.
    Listen,
    /// Names of hosts, as an array; only in the file.
    Hosts,
    /// A list of ids.
    Ids,
    /// A list of ids of agents, or the word for whoever is logged in.
    Agents,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text of any type.
    Text(String),
    /// A path, not yet resolved.
    Path(PathBuf),
    /// Words of a command.
    Argv(Vec<String>),
    Count(u32),
    Span(Duration),
    /// Whole percent.
    Percent(u32),
    Switch(bool),
}

impl Value {
    /// As it would be written after a flag.
    pub fn plain(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Path(path) => path.to_string_lossy().into_owned(),
            Value::Argv(words) => words.join(" "),
            Value::Count(n) => n.to_string(),
            Value::Span(span) => format_duration(*span),
            Value::Percent(n) => format!("{n}%"),
            Value::Switch(on) => on.to_string(),
        }
    }

    pub fn literal(&self) -> String {
        match self {
            Value::Count(_) | Value::Switch(_) => self.plain(),
            Value::Argv(words) => literals(words.iter().map(String::as_str)),
            other => literal(&other.plain()),
        }
    }
}

/// The words of an array; none where nothing was said.
pub(super) fn words(value: Option<Value>) -> Vec<String> {
    match value {
        Some(Value::Argv(words)) => words,
        _ => Vec::new(),
    }
}

/// A TOML string, with everything escaped that must not reach a terminal.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let mut buffer = [0; 4];
        let plain = c.encode_utf8(&mut buffer);
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ if clean(plain, 1) == *plain => out.push(c),
            _ => out.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

/// A TOML array of strings.
pub(super) fn literals<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    format!("[{}]", texts.into_iter().map(literal).collect::<Vec<_>>().join(", "))
}

/// What a TOML value is, for messages.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

impl ValueType {
    /// What stands for the value in the help text.
    pub const fn placeholder(self) -> &'static str {
        match self {
            ValueType::Name | ValueType::Line | ValueType::Variable => "NAME",
            ValueType::Origin | ValueType::Store => "URL",
            ValueType::Zone => "ZONE",
            ValueType::Path => "FILE",
            ValueType::Argv => "COMMAND",
            ValueType::Percent { .. } => "PERCENT",
            ValueType::Hours => "HOURS",
            ValueType::Count { .. } => "N",
            ValueType::Span { .. } => "DURATION",
            ValueType::Word(_) | ValueType::Words(_) | ValueType::Theme(_) => "WORD",
            ValueType::Switch => "BOOL",
            ValueType::Key => "KEY",
            ValueType::Listen => "ADDRESS",
            ValueType::Hosts => "HOSTS",
            ValueType::Ids | ValueType::Agents => "ID",
        }
    }

    /// True where several values make a list.
    pub fn is_list(self) -> bool {
        matches!(self, ValueType::Ids | ValueType::Agents)
    }

    /// What is expected, for messages.
    pub fn expects(self) -> String {
        match self {
            ValueType::Name => "a name of letters, digits, '-', '_' and '.' in quotes".into(),
            ValueType::Line => "a text in quotes".into(),
            ValueType::Origin => "a URL in quotes, such as \"https://in1-ccaas-api.ozonetel.com\"".into(),
            ValueType::Zone => "a time zone in quotes, such as \"Asia/Kolkata\"".into(),
            ValueType::Path => "a path in quotes".into(),
            ValueType::Variable => "the name of an environment variable in quotes".into(),
            ValueType::Argv => "an array of a program and its arguments, such as [\"pass\", \"ozonetel\"]".into(),
            ValueType::Count { min, max } => format!("a whole number from {min} to {max}"),
            ValueType::Span { min, max } => format!("a duration in quotes from {} to {}", span(min), span(max)),
            ValueType::Word(words) => format!("one of {}", words.join(", ")),
            ValueType::Words(words) => format!("an array of words: {}", words.join(", ")),
            ValueType::Percent { max } => format!("a part in quotes from 0% to {max}%, such as \"5%\""),
            ValueType::Hours => "an array of hours, such as [\"22:00-07:00\", \"Sat,Sun 00:00-24:00\"]".into(),
            ValueType::Theme(known) => format!("one of {}, or a file that ends in .toml", known.join(", ")),
            ValueType::Switch => "true or false".into(),
            ValueType::Store => "\"auto\", \"sqlite:///path/to/file.db\" or \"postgres://USER@HOST/DATABASE\"".into(),
            ValueType::Key => "a key, such as \"q\", \"F12\", \"Ctrl-X\", \"Alt-x\", \"Space\" or \"PgDn\"".into(),
            ValueType::Listen => "an address in quotes, such as \"127.0.0.1:9464\" or \"unix:/path/to/socket\"".into(),
            ValueType::Hosts => "an array of names, such as [\"board.example\"]".into(),
            ValueType::Ids => "an array of ids in quotes".into(),
            ValueType::Agents => format!("an array of ids in quotes, or \"{LOGGED_IN}\""),
        }
    }

    /// Reads one TOML value (lists of ids are taken apart by the reader, since each id has its own place).
    pub(super) fn toml(self, value: &DeValue<'_>) -> Result<Value, String> {
        let wrong = || format!("expected {}, found {}", self.expects(), kind(value));
        match (self, value) {
            (ValueType::Count { .. }, DeValue::Integer(n)) if n.radix() == 10 => self.text(n.as_str()),
            (ValueType::Count { .. }, _) => Err(wrong()),
            (ValueType::Argv, DeValue::Array(items)) => {
                let words: Option<Vec<String>> =
                    items.iter().map(|i| i.get_ref().as_str().map(str::to_owned)).collect();
                argv(words.ok_or_else(|| format!("expected {}", self.expects()))?)
            }
            (ValueType::Argv, DeValue::String(_)) => {
                Err(format!("{}; there is no shell that would take a text apart", wrong()))
            }
            (ValueType::Argv, _) => Err(wrong()),
            (ValueType::Switch, DeValue::Boolean(on)) => Ok(Value::Switch(*on)),
            (ValueType::Switch, _) => Err(wrong()),
            (ValueType::Hours, DeValue::Array(items)) => {
                let words: Option<Vec<String>> =
                    items.iter().map(|i| i.get_ref().as_str().map(str::to_owned)).collect();
                hours(words.ok_or_else(|| format!("expected {}", self.expects()))?)
            }
            (ValueType::Hours, _) => Err(wrong()),
            (ValueType::Hosts, DeValue::Array(items)) => {
                let words: Option<Vec<&str>> = items.iter().map(|i| i.get_ref().as_str()).collect();
                let words = words.ok_or_else(|| format!("expected {}", self.expects()))?;
                words.into_iter().map(host_name).collect::<Result<_, _>>().map(Value::Argv)
            }
            (ValueType::Hosts, _) => Err(wrong()),
            (ValueType::Words(known), DeValue::Array(items)) => {
                let words: Option<Vec<String>> =
                    items.iter().map(|i| i.get_ref().as_str().map(str::to_owned)).collect();
                let words = words.filter(|w| !w.is_empty()).ok_or_else(|| format!("expected {}", self.expects()))?;
                match words.iter().find(|w| !known.contains(&w.as_str())) {
                    Some(wrong) => Err(format!("unknown word {}{}", quote(wrong), suggest(wrong, known))),
                    None => Ok(Value::Argv(words)),
                }
            }
            (ValueType::Words(_), _) => Err(wrong()),
            (_, DeValue::String(text)) => self.text(text),
            (ValueType::Span { .. }, DeValue::Integer(n)) => {
                Err(format!("{}: write \"{}s\"", wrong(), clean(n.as_str(), 20)))
            }
            _ => Err(wrong()),
        }
    }

    /// Reads the text of a flag, a variable or a TOML string.
    pub(super) fn text(self, text: &str) -> Result<Value, String> {
        match self {
            ValueType::Name => name(text).map(|()| Value::Text(text.to_owned())),
            ValueType::Line | ValueType::Ids | ValueType::Agents => line(text).map(|()| Value::Text(text.to_owned())),
            ValueType::Origin => text.parse().map(|origin: Origin| Value::Text(origin.to_string())),
            ValueType::Zone => zone(text).map(Value::Text),
            ValueType::Path if text.is_empty() || text.contains('\0') => Err("not a path".into()),
            ValueType::Path => Ok(Value::Path(text.into())),
            ValueType::Variable => variable(text).map(|()| Value::Text(text.to_owned())),
            ValueType::Argv | ValueType::Hours | ValueType::Hosts | ValueType::Words(_) => {
                Err("can only be given in the file".into())
            }
            ValueType::Percent { max } => {
                percent(text, max).ok_or_else(|| format!("{} is not {}", quote(text), self.expects()))
            }
            ValueType::Count { min, max } => text
                .parse::<u32>()
                .ok()
                .filter(|n| (min..=max).contains(n))
                .map(Value::Count)
                .ok_or_else(|| format!("{} is not {}", quote(text), self.expects())),
            ValueType::Span { min, max } => {
                let duration = parse_duration(text).map_err(|e| format!("{} is {e}", quote(text)))?;
                if (min..=max).contains(&duration.as_secs()) {
                    Ok(Value::Span(duration))
                } else {
                    Err(format!("{} is not from {} to {}", quote(text), span(min), span(max)))
                }
            }
            ValueType::Word(words) if words.contains(&text) => Ok(Value::Text(text.to_owned())),
            ValueType::Word(words) => Err(match nearest(text, words.iter().copied()) {
                Some(_) => format!("{} is not {}{}", quote(text), self.expects(), suggest(text, words)),
                None => format!("{} is not {}", quote(text), self.expects()),
            }),
            ValueType::Theme(known) if known.contains(&text) => Ok(Value::Text(text.to_owned())),
            ValueType::Theme(_) if text.ends_with(".toml") && !text.contains('\0') => Ok(Value::Path(text.into())),
            ValueType::Theme(known) => {
                let hint = nearest(text, known.iter().copied()).map(|_| suggest(text, known)).unwrap_or_default();
                Err(format!("{} is not {}{hint}", quote(text), self.expects()))
            }
            ValueType::Switch => match text {
                "true" | "1" | "yes" => Ok(Value::Switch(true)),
                "false" | "0" | "no" => Ok(Value::Switch(false)),
                _ => Err(format!("{} is not {}", quote(text), self.expects())),
            },
            ValueType::Store => text.parse().map(|url: StoreUrl| Value::Text(url.to_string())),
            ValueType::Key => text.parse().map(|key: Key| Value::Text(key.to_string())),
            ValueType::Listen => Listen::parse(text).map(|listen| Value::Text(listen.to_string())),
        }
    }
}

fn span(secs: u64) -> String {
    format_duration(Duration::from_secs(secs))
}

/// An account's name: it becomes part of a file name, so it cannot hide or climb.
fn name(text: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > 64 || text.starts_with(['.', '-']) || !text.chars().all(good) {
        return Err(format!(
            "{} is not a name: take letters, digits, '-', '_' and '.', at most 64, with a letter or digit first",
            quote(text)
        ));
    }
    Ok(())
}

/// An id, a label or a name that is sent or shown in one line. It is kept exactly, so what cannot be meant is refused.
pub(super) fn line(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("must not be empty".into());
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{} contains a control character", quote(text)));
    }
    if text.trim() != text {
        return Err(format!("{} begins or ends with white space", quote(text)));
    }
    if text.chars().nth(256).is_some() {
        return Err(format!("{} is longer than 256 characters", quote(text)));
    }
    Ok(())
}

fn zone(text: &str) -> Result<String, String> {
    match TimeZone::get(text) {
        Ok(zone) => Ok(zone.iana_name().unwrap_or(text).to_owned()),
        Err(_) => {
            let known: Vec<String> = jiff::tz::db().available().map(|n| n.as_str().to_owned()).collect();
            let hint = nearest(text, known.iter().map(String::as_str));
            let hint = hint.map_or_else(|| ", such as Asia/Kolkata".to_owned(), |n| format!("; did you mean '{n}'?"));
            Err(format!("{} is not a time zone of the IANA database{hint}", quote(text)))
        }
    }
}

/// The name of a variable. The value is not quoted, and small letters are refused: somebody may have put the key itself
/// here, which must not pass for a name and be shown later.
fn variable(text: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if text.is_empty() || text.len() > 64 || text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(good) {
        return Err("must be the name of an environment variable (A to Z, digits, '_'), never the key itself".into());
    }
    Ok(())
}

fn percent(text: &str, max: u32) -> Option<Value> {
    let digits = text.strip_suffix('%').filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok().filter(|n| *n <= max).map(Value::Percent)
}

fn hours(words: Vec<String>) -> Result<Value, String> {
    for word in &words {
        word.parse::<Hours>().map_err(|e| format!("{}: {e}", quote(word)))?;
    }
    Ok(Value::Argv(words))
}

fn argv(words: Vec<String>) -> Result<Value, String> {
    match words.first() {
        None => Err("must not be empty: name a program and its arguments".into()),
        Some(program) if program.is_empty() => Err("has no program: the first word is empty".into()),
        Some(_) if words.iter().any(|w| w.contains('\0')) => Err("contains a NUL".into()),
        Some(_) => Ok(Value::Argv(words)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::schema::KEYS;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_literal_is_safe_and_reads_back(text in any::<String>()) {
            let written = literal(&text);
            prop_assert!(clean(&written, usize::MAX) == *written);
            let value = DeValue::parse(&written).unwrap();
            prop_assert_eq!(value.get_ref().as_str(), Some(text.as_str()));
        }

        #[test]
        fn no_text_panics_in_any_form(text in any::<String>(), i in 0usize..KEYS.len()) {
            let _ = KEYS[i].value_type.text(&text);
        }
    }
}
