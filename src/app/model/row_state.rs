//! The state of a row in a word, and which states need attention first.

use crate::domain::{Condition, Level};

/// The state of a row as the screen tells it: glyph, word and colour each differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RowState {
    /// Far outside the band, outside it, or inside.
    Fresh(Level),
    /// Stale, without an answer, unknown, waiting or without calls.
    Other(Condition),
}

impl RowState {
    /// The word of the state in at most ten cells. `V.` stands for very: two levels never differ by letter case alone.
    pub const fn word(self) -> &'static str {
        match self {
            RowState::Fresh(Level::HighCrit) => "V.HIGH",
            RowState::Fresh(Level::LowCrit) => "V.LOW",
            RowState::Fresh(Level::HighWarn) => "HIGH",
            RowState::Fresh(Level::LowWarn) => "LOW",
            RowState::Fresh(Level::Inside) | RowState::Other(Condition::Value) => "ok",
            RowState::Other(Condition::NoCalls) => "no calls",
            RowState::Other(Condition::Waiting) => "waiting",
            RowState::Other(Condition::Stale) => "STALE",
            RowState::Other(Condition::Invalid) => "unknown ID",
            RowState::Other(Condition::Failing) => "no answer",
        }
    }

    /// The word of the state where there is room for all of it.
    pub const fn long_word(self) -> &'static str {
        match self {
            RowState::Fresh(level) => level.word(),
            other => other.word(),
        }
    }

    /// The order of attention, 0 first: outside the band, then what is unknown though it should be known, then ok.
    pub const fn rank(self) -> u8 {
        match self {
            RowState::Fresh(Level::HighCrit) => 0,
            RowState::Fresh(Level::LowCrit) => 1,
            RowState::Fresh(Level::HighWarn) => 2,
            RowState::Fresh(Level::LowWarn) => 3,
            RowState::Other(Condition::Failing) => 4,
            RowState::Other(Condition::Stale) => 5,
            RowState::Fresh(Level::Inside) | RowState::Other(Condition::Value) => 6,
            RowState::Other(Condition::Waiting) => 7,
            RowState::Other(Condition::NoCalls) => 8,
            RowState::Other(Condition::Invalid) => 9,
        }
    }
}
