//! Which columns the tables have, and the menu that says so.

use super::{Column, Overlay, State};

impl Column {
    /// All columns in their usual order, from left to right.
    pub const ALL: [Column; 9] = [
        Column::Name,
        Column::Group,
        Column::Aht,
        Column::Deviation,
        Column::Diff30,
        Column::Prev2h,
        Column::Trend,
        Column::Age,
        Column::State,
    ];

    /// True for those that are always shown: whose number it is, how old it is, and whether it can be trusted.
    pub const fn fixed(self) -> bool {
        matches!(self, Column::Name | Column::Aht | Column::Age | Column::State)
    }

    /// Its name in commands and in the state file.
    pub const fn word(self) -> &'static str {
        match self {
            Column::Name => "name",
            Column::Group => "group",
            Column::Aht => "aht",
            Column::Deviation => "dev",
            Column::Diff30 => "d30m",
            Column::Prev2h => "prev2h",
            Column::Trend => "trend",
            Column::Age => "age",
            Column::State => "state",
        }
    }

    /// The column of this name.
    pub fn named(word: &str) -> Option<Column> {
        Column::ALL.into_iter().find(|c| c.word() == word)
    }
}

/// The columns that are shown where there is room, from left to right.
pub fn shown(state: &State) -> Vec<Column> {
    if state.columns.is_empty() { Column::ALL.to_vec() } else { state.columns.clone() }
}

/// The entries of the menu: what is shown, in order, then the others.
pub fn entries(state: &State) -> Vec<(Column, bool)> {
    let shown = shown(state);
    let others = Column::ALL.into_iter().filter(|c| !shown.contains(c)).map(|c| (c, false)).collect::<Vec<_>>();
    shown.into_iter().map(|c| (c, true)).chain(others).collect()
}

/// A list of columns as it may be used: each once, and the fixed ones always there. The usual list is the empty one.
pub(super) fn sound(columns: &[Column]) -> Vec<Column> {
    let mut out: Vec<Column> = Vec::new();
    for column in columns.iter().copied().chain(Column::ALL.into_iter().filter(|c| c.fixed())) {
        if !out.contains(&column) {
            out.push(column);
        }
    }
    if out == Column::ALL { Vec::new() } else { out }
}

/// Shows or hides the column under the cursor; a hidden one comes to the end.
pub(super) fn toggle(state: &mut State) {
    let Some((column, is_shown)) = under_cursor(state) else { return };
    let mut columns = shown(state);
    if !is_shown {
        columns.push(column);
    } else if column.fixed() {
        state.said = Some(format!("{} is always shown", column.word()));
        return;
    } else {
        columns.retain(|c| *c != column);
    }
    set(state, &columns, column);
}

/// Moves the column under the cursor one place, and the cursor with it.
pub(super) fn shift(state: &mut State, right: bool) {
    let Some((column, true)) = under_cursor(state) else { return };
    let mut columns = shown(state);
    let Some(at) = columns.iter().position(|c| *c == column) else { return };
    let to = if right { at + 1 } else { at.wrapping_sub(1) };
    if to < columns.len() {
        columns.swap(at, to);
        set(state, &columns, column);
    }
}

fn set(state: &mut State, columns: &[Column], follow: Column) {
    state.columns = sound(columns);
    let at = entries(state).iter().position(|(c, _)| *c == follow).unwrap_or(0);
    state.overlay = Some(Overlay::Columns { cursor: at });
}

fn under_cursor(state: &State) -> Option<(Column, bool)> {
    match state.overlay {
        Some(Overlay::Columns { cursor }) => entries(state).get(cursor).copied(),
        _ => None,
    }
}
