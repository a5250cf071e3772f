//! Preferences: out of the state for the next start, and back.

use super::columns;
use crate::{
    app::model::{Instead, SavedPreferences, Sort, State},
    config::{Symbols, Theme},
};

impl SavedPreferences {
    /// Those of `state`.
    pub fn of(state: &State) -> SavedPreferences {
        let ui = &state.config.ui;
        let instead = |chosen: &str, of: &str| (chosen != of).then(|| Instead { chosen: chosen.into(), of: of.into() });
        SavedPreferences {
            sort: (state.preferences.sort != Sort::default()).then_some(state.preferences.sort),
            columns: state.preferences.columns.clone(),
            sections: state.preferences.sections,
            fold_logged_out: state.preferences.fold_logged_out,
            names: state.preferences.names,
            age_as_time: state.preferences.age_as_time,
            theme: instead(state.preferences.theme.word(), ui.theme.word()),
            symbols: instead(state.preferences.symbols.word(), ui.symbols.word()),
        }
    }

    /// Makes them those of `state`.
    pub fn apply(&self, state: &mut State) {
        if let Some(sort) = self.sort {
            state.preferences.sort = sort;
        }
        state.preferences.columns = if self.columns.is_empty() { Vec::new() } else { columns::sound(&self.columns) };
        state.preferences.fold_logged_out = self.fold_logged_out;
        (state.preferences.sections, state.preferences.names, state.preferences.age_as_time) =
            (self.sections, self.names, self.age_as_time);
        let configured = (state.config.ui.theme, state.config.ui.symbols);
        if let Some(theme) = self.theme.as_ref().filter(|t| t.of == configured.0.word()) {
            state.preferences.theme = Theme::ALL.into_iter().find(|t| t.word() == theme.chosen).unwrap_or(configured.0);
        }
        if let Some(symbols) = self.symbols.as_ref().filter(|s| s.of == configured.1.word()) {
            state.preferences.symbols =
                Symbols::ALL.into_iter().find(|s| s.word() == symbols.chosen).unwrap_or(configured.1);
        }
    }
}
