//! The selection: a target in each table, moved by keys, kept visible whatever the rows do.
//!
//! Nothing is selected until somebody moves, so that an unattended dashboard always shows the top of its tables.

use super::{
    State,
    rows::{lines, tables},
};
use crate::domain::{Kind, Target};

/// A movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// One down.
    Down,
    /// One up.
    Up,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// To the first.
    Top,
    /// To the last.
    Bottom,
}

impl Move {
    /// Where it leads from `at`, not yet cut to the end.
    pub(super) fn from(self, at: usize, page: usize) -> usize {
        match self {
            Move::Down => at.saturating_add(1),
            Move::Up => at.saturating_sub(1),
            Move::PageDown => at.saturating_add(page),
            Move::PageUp => at.saturating_sub(page),
            Move::Top => 0,
            Move::Bottom => usize::MAX,
        }
    }

    /// True for those that lead towards the end.
    fn forward(self) -> bool {
        matches!(self, Move::Down | Move::PageDown | Move::Bottom)
    }
}

/// The selected target of the focused table.
pub(super) fn selected(state: &State) -> Option<&Target> {
    state.selected.get(&state.focus)
}

/// Moves the selection. Where it cannot move within its table, it goes on to the neighbouring one.
pub(super) fn go(state: &mut State, to: Move) {
    let kind = state.focus;
    let targets = targets(state, kind);
    let at = state.selected.get(&kind).and_then(|t| targets.iter().position(|x| x == t));
    let last = targets.len().checked_sub(1);
    let page = state.page.get(&kind).copied().unwrap_or(1).max(1);
    let next = match (at, last) {
        (_, None) => None,
        // The first movement lands on what is in view.
        (None, Some(last)) => {
            Some(if to == Move::Bottom { last } else { state.offset.get(&kind).map_or(0, |o| *o).min(last) })
        }
        (Some(at), Some(last)) => Some(to.from(at, page).min(last)).filter(|next| *next != at),
    };
    match next {
        Some(next) => choose(state, kind, &targets, next),
        None => cross(state, to),
    }
}

fn cross(state: &mut State, to: Move) {
    let shown = tables(state);
    let at = shown.iter().position(|k| *k == state.focus).unwrap_or(0);
    let next = if to.forward() { at.checked_add(1) } else { at.checked_sub(1) };
    let Some(kind) = next.and_then(|i| shown.get(i)).copied() else { return };
    let targets = targets(state, kind);
    let Some(last) = targets.len().checked_sub(1) else { return };
    state.focus = kind;
    // The ends of the tables are further away than their borders.
    let first = matches!(to, Move::Down | Move::PageDown | Move::Top);
    choose(state, kind, &targets, if first { 0 } else { last });
}

fn choose(state: &mut State, kind: Kind, targets: &[Target], at: usize) {
    if let Some(target) = targets.get(at) {
        // One selection in all: a second one in the other table would only mislead.
        state.selected.clear();
        state.selected.insert(kind, target.clone());
        state.cursor.insert(kind, at);
    }
}

fn targets(state: &State, kind: Kind) -> Vec<Target> {
    lines(state, kind).iter().map(|l| l.target().clone()).collect()
}

/// After any change: the focus is on a table of the view, each selection is a visible row or none, and offsets keep it
/// in view and the page full.
pub(super) fn settle(state: &mut State) {
    let shown = tables(state);
    if !shown.contains(&state.focus) {
        state.focus = shown
            .iter()
            .copied()
            .find(|k| state.selected.contains_key(k))
            .unwrap_or_else(|| shown.first().copied().unwrap_or(Kind::Agent));
    }
    for kind in Kind::ALL {
        if !shown.contains(&kind) {
            state.selected.remove(&kind);
            state.offset.remove(&kind);
            continue;
        }
        let targets = targets(state, kind);
        let at = state.selected.get(&kind).and_then(|selected| {
            let cursor = state.cursor.get(&kind).copied().unwrap_or(0);
            targets
                .iter()
                .position(|t| t == selected)
                .or_else(|| targets.len().checked_sub(1).map(|last| cursor.min(last)))
        });
        match at.and_then(|at| targets.get(at).map(|t| (at, t.clone()))) {
            Some((at, target)) => {
                state.selected.insert(kind, target);
                state.cursor.insert(kind, at);
            }
            None => {
                state.selected.remove(&kind);
            }
        }
        let page = state.page.get(&kind).copied().unwrap_or(0);
        let offset = state.offset.entry(kind).or_insert(0);
        *offset = match at {
            Some(_) if page == 0 => 0,
            Some(at) => {
                (*offset).clamp(at.saturating_add(1).saturating_sub(page), at).min(targets.len().saturating_sub(page))
            }
            None => 0,
        };
    }
    state.detail_open &= state.selected.contains_key(&state.focus);
}
