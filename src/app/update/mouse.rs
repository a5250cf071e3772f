//! The mouse, where it is taken: a click selects a row or sorts by a title, the wheel scrolls.

use super::selection;
use crate::app::model::{Pointer, State, TableArea};

/// Rows or lines for a notch of the wheel.
pub(super) const NOTCH: usize = 3;

/// Does what a click at this column and row of the screen means; true where something may have changed.
pub(super) fn click(state: &mut State, x: u16, y: u16) -> bool {
    if state.navigation.overlay.is_some() || state.navigation.command.is_some() {
        return false;
    }
    let inside = |spot: &&TableArea| (spot.columns.0..spot.columns.1).contains(&x) && y >= spot.top;
    let Some(spot) = state.layout.tables.iter().filter(inside).find(|s| y - s.top <= s.rows).cloned() else {
        return false;
    };
    let Some(kind) = spot.kind else { return false };
    if y == spot.top {
        let Some((column, ..)) = spot.titles.iter().find(|(_, at, width)| (*at..at + width).contains(&x)) else {
            return false;
        };
        state.preferences.sort.reverse = state.preferences.sort.column == *column && !state.preferences.sort.reverse;
        state.preferences.sort.column = *column;
        return true;
    }
    let at =
        state.navigation.offset.get(&kind).copied().unwrap_or(0) + usize::from((y - spot.top - 1) / spot.each.max(1));
    let Some(row) = selection::order(state, kind).get(at).cloned().flatten() else { return false };
    selection::choose(state, &row.target);
    true
}

/// The movements that a notch of the wheel stands for.
pub(super) fn wheel(pointer: Pointer) -> Option<selection::Move> {
    match pointer {
        Pointer::Wheel { down: true } => Some(selection::Move::Down),
        Pointer::Wheel { down: false } => Some(selection::Move::Up),
        Pointer::Click(..) => None,
    }
}
