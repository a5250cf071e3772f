//! What the user has chosen and wants to find again at the next start: order, columns, names, looks.
//!
//! Not the filter, which would hide rows from somebody who does not know of it, and not the view.

use serde::{Deserialize, Serialize};

use super::{Column, Names, Sort, State, columns};
use crate::config::{Symbols, Theme};

/// The choices, as they are remembered. What is missing is as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    /// The order of the tables.
    pub sort: Option<Sort>,
    /// The columns from left to right; empty: the usual ones.
    pub columns: Vec<Column>,
    /// Agents in sections by group.
    pub sections: bool,
    /// How agents are named.
    pub names: Names,
    /// Ages as time of the reading.
    pub age_as_time: bool,
    /// The theme, with the configured one that it was chosen instead of.
    pub theme: Option<Instead>,
    /// The characters, with the configured ones that they were chosen instead of.
    pub symbols: Option<Instead>,
}

/// A choice against the configuration. It holds only as long as the configuration says what it said then: a flag, a
/// variable or a new line in the file is a later word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instead {
    /// What was chosen.
    pub chosen: String,
    /// What was configured.
    pub of: String,
}

impl Choices {
    /// Those of `state`.
    pub fn of(state: &State) -> Choices {
        let ui = &state.facts.ui;
        let instead = |chosen: &str, of: &str| (chosen != of).then(|| Instead { chosen: chosen.into(), of: of.into() });
        Choices {
            sort: (state.sort != Sort { column: Column::State, reverse: false }).then_some(state.sort),
            columns: state.columns.clone(),
            sections: state.sections,
            names: state.names,
            age_as_time: state.age_as_time,
            theme: instead(state.theme.word(), ui.theme.word()),
            symbols: instead(state.symbols.word(), ui.symbols.word()),
        }
    }

    /// Makes them those of `state`.
    pub fn apply(&self, state: &mut State) {
        if let Some(sort) = self.sort {
            state.sort = sort;
        }
        state.columns = if self.columns.is_empty() { Vec::new() } else { columns::sound(&self.columns) };
        (state.sections, state.names, state.age_as_time) = (self.sections, self.names, self.age_as_time);
        let configured = (state.facts.ui.theme, state.facts.ui.symbols);
        if let Some(theme) = self.theme.as_ref().filter(|t| t.of == configured.0.word()) {
            state.theme = Theme::ALL.into_iter().find(|t| t.word() == theme.chosen).unwrap_or(configured.0);
        }
        if let Some(symbols) = self.symbols.as_ref().filter(|s| s.of == configured.1.word()) {
            state.symbols = Symbols::ALL.into_iter().find(|s| s.word() == symbols.chosen).unwrap_or(configured.1);
        }
    }
}
