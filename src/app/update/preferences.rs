//! Preferences: out of the state for the next start, and back.

use super::columns;
use crate::{
    app::model::{Column, Instead, SavedPreferences, Sort, State},
    config::{Symbols, Theme},
};

impl SavedPreferences {
    /// Those of `state`.
    pub fn of(state: &State) -> SavedPreferences {
        let ui = &state.facts.ui;
        let instead = |chosen: &str, of: &str| (chosen != of).then(|| Instead { chosen: chosen.into(), of: of.into() });
        SavedPreferences {
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
