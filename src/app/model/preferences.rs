//! What the user has chosen and wants to find again at the next start: order, columns, names, looks.
//!
//! Not the filter, which would hide rows from somebody who does not know of it, and not the view.

use serde::{Deserialize, Serialize};

use super::{Column, Sort};
use crate::config::{Names, Symbols, Theme, Ui};

/// What the user has chosen, at first as it is configured.
#[derive(Clone, Debug)]
pub struct Preferences {
    /// The order of both tables.
    pub sort: Sort,
    /// The columns of both tables from left to right; empty: the usual ones.
    pub columns: Vec<Column>,
    /// True where agents stand in sections by their group.
    pub sections: bool,
    /// True where the agents who are logged out are left out.
    pub fold_logged_out: bool,
    /// How agents are named.
    pub names: Names,
    /// True where ages are shown as the time of the reading.
    pub age_as_time: bool,
    pub theme: Theme,
    pub symbols: Symbols,
}

impl Preferences {
    /// As `ui` has it.
    pub(crate) fn new(ui: &Ui) -> Self {
        Preferences {
            sort: Sort::default(),
            columns: Vec::new(),
            sections: false,
            fold_logged_out: false,
            names: Names::Full,
            age_as_time: false,
            theme: ui.theme,
            symbols: ui.symbols,
        }
    }
}

/// The preferences, as they are remembered. What is missing is as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedPreferences {
    /// The order of the tables.
    pub sort: Option<Sort>,
    /// The columns from left to right; empty: the usual ones.
    pub columns: Vec<Column>,
    /// Agents in sections by group.
    pub sections: bool,
    /// Without the agents who are logged out.
    pub fold_logged_out: bool,
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
    pub chosen: String,
    pub of: String,
}
