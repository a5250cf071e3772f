//! Which columns the tables have: what the menu does about it.

use crate::app::{
    model::{Column, Overlay, State},
    view::columns::{entries, shown},
};

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
        state.notices.status_message = Some(format!("the column {} is always shown", column.word()));
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
    state.preferences.columns = sound(columns);
    let at = entries(state).iter().position(|(c, _)| *c == follow).unwrap_or(0);
    state.navigation.overlay = Some(Overlay::Columns { cursor: at });
}

fn under_cursor(state: &State) -> Option<(Column, bool)> {
    match state.navigation.overlay {
        Some(Overlay::Columns { cursor }) => entries(state).get(cursor).copied(),
        _ => None,
    }
}
