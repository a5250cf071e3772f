//! What is wrong with a configuration, and where: every error at once, one line each.

use std::{fmt, ops::Range, path::Path, sync::Arc};

use crate::domain::clean;

/// Where a value was written. Ordered as errors are shown: by place in the file, then the other files, then the rest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// In the configuration file as it was named, made safe to print. Lines and columns (in characters) count from 1.
    At { file: Arc<str>, line: usize, column: usize },
    /// In a roster.
    Row { file: Arc<str>, line: u64 },
    /// A file as a whole.
    File(Arc<str>),
    /// An environment variable, by its name.
    Env(Arc<str>),
    /// A flag of the command line.
    Flag(&'static str),
    /// It follows from another key.
    From(&'static str),
    /// Nobody said anything.
    Default,
}

impl Place {
    /// For a message that has the words for it: `config.toml line 88`, `roster.csv line 3`, `AHTOP_AGENTS`, `-a`.
    pub fn words(&self) -> String {
        let base = |file: &str| file.rsplit('/').next().unwrap_or(file).to_owned();
        match self {
            Place::At { file, line, .. } => format!("{} line {line}", base(file)),
            Place::Row { file, line } => format!("{} line {line}", base(file)),
            Place::File(file) => base(file),
            Place::Env(name) => name.to_string(),
            Place::Flag(name) => (*name).to_owned(),
            Place::From(key) => format!("from {key}"),
            Place::Default => "default".to_owned(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::At { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Place::Row { file, line } => write!(f, "{file}:{line}"),
            Place::File(file) => f.write_str(file),
            Place::Env(name) => f.write_str(name),
            Place::Flag(name) | Place::From(name) => f.write_str(name),
            Place::Default => f.write_str("configuration"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ConfigError {
    pub place: Place,
    /// What, and what to do; safe to print. One line, but for the first words to somebody who has just begun.
    pub message: String,
}

/// Everything that is wrong, in the order of the file. `Display` is one line for each of the first [`TOLD`](Self::TOLD),
/// and how many more there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl ConfigErrors {
    /// More lines at a time help nobody; the first ones tell what kind of file it is.
    pub const TOLD: usize = 50;
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().take(Self::TOLD).enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{error}")?;
        }
        match self.0.len().saturating_sub(Self::TOLD) {
            0 => Ok(()),
            1 => write!(f, "\nand 1 more error"),
            more => write!(f, "\nand {more} more errors"),
        }
    }
}

impl std::error::Error for ConfigErrors {}

/// Collects errors while reading goes on.
#[derive(Debug, Default)]
pub(super) struct Diagnostics(Vec<ConfigError>);

impl Diagnostics {
    /// Longest message in characters: quoted input is cut before, so that only a monster reaches it.
    const LONGEST: usize = 600;

    pub(super) fn push(&mut self, place: Place, message: impl AsRef<str>) {
        let message = clean(message.as_ref(), Self::LONGEST).into_owned();
        self.0.push(ConfigError { place, message });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_errors(mut self) -> ConfigErrors {
        self.0.sort();
        self.0.dedup();
        ConfigErrors(self.0)
    }
}

/// A path as it is printed.
pub(super) fn show_path(path: &Path) -> String {
    clean(&path.to_string_lossy(), 400).into_owned()
}

/// Text from a file as it is quoted in a message.
pub(super) fn quote(text: &str) -> String {
    format!("'{}'", clean(text, 60))
}

/// Turns byte offsets into lines and columns.
pub(super) struct Lines<'a> {
    file: Arc<str>,
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: &Path, text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Lines { file: show_path(file).into(), text, starts }
    }

    pub(super) fn at(&self, span: &Range<usize>) -> Place {
        let offset = span.start.min(self.text.len());
        let line = self.starts.partition_point(|&s| s <= offset).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(offset - start, |t| t.chars().count()) + 1;
        Place::At { file: Arc::clone(&self.file), line, column }
    }
}

/// The candidate that `word` was probably meant to be.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    if word.chars().count() > 64 {
        return None;
    }
    // A key without its last letter covers plurals and doubled letters of words that are only a part of the right key.
    let mut chars = word.chars();
    chars.next_back();
    let stem = chars.as_str();
    candidates
        .into_iter()
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            let part = stem.chars().count() >= 4 && lower.contains(stem);
            let like = strsim::normalized_damerau_levenshtein(&word, &lower);
            (candidate, if part { like.max(0.6) } else { like })
        })
        .filter(|&(_, score)| score >= 0.6)
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(candidate, _)| candidate)
}

/// The tail of a message about a wrong word: the nearest right one, or all of them.
pub fn suggest(word: &str, candidates: &[&str]) -> String {
    match nearest(word, candidates.iter().copied()) {
        Some(right) => format!("; did you mean '{right}'?"),
        None => format!("; known: {}", candidates.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_nearest_key_is_found_or_none_is_named() {
        let keys = ["min_interval", "timeout", "connect_timeout"];
        for (word, right) in [
            ("intervall", Some("min_interval")),
            ("time_out", Some("timeout")),
            ("conect_timeout", Some("connect_timeout")),
            ("Timeout", Some("timeout")),
            ("zebra", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), right, "{word}");
        }
    }

    #[test]
    fn columns_count_characters() {
        let lines = Lines::new(Path::new("c.toml"), "a = \"é\" # x\nb");
        for (offset, shown) in [(0, "c.toml:1:1"), (9, "c.toml:1:9"), (13, "c.toml:2:1"), (99, "c.toml:2:2")] {
            assert_eq!(lines.at(&(offset..offset)).to_string(), shown);
        }
    }

    proptest! {
        #[test]
        fn no_offset_panics(text in any::<String>(), offset in any::<usize>(), small in 0usize..50) {
            let lines = Lines::new(Path::new("c"), &text);
            let _ = lines.at(&(offset..offset));
            let _ = lines.at(&(small..small));
        }
    }
}
