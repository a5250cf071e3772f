//! Which columns the tables have.

use crate::app::model::{Column, State};

/// The columns that are shown where there is room, from left to right.
pub fn shown(state: &State) -> Vec<Column> {
    if state.preferences.columns.is_empty() { Column::ALL.to_vec() } else { state.preferences.columns.clone() }
}

/// The entries of the menu: what is shown, in order, then the others.
pub fn entries(state: &State) -> Vec<(Column, bool)> {
    let shown = shown(state);
    let others = Column::ALL.into_iter().filter(|c| !shown.contains(c)).map(|c| (c, false)).collect::<Vec<_>>();
    shown.into_iter().map(|c| (c, true)).chain(others).collect()
}
