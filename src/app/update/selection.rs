//! The selection: a target in each table, moved by keys, kept visible whatever the rows do.
//!
//! Nothing is selected until somebody moves, so that an unattended dashboard always shows the top of its tables.

use crate::{
    app::{
        model::{Line, Order, OrderedBy, OrderedRow, State},
        view::{
            names,
            tables::{items, tables},
        },
    },
    domain::{Kind, Target},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Down,
    Up,
    PageDown,
    PageUp,
    Top,
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
    state.navigation.selected.get(&state.navigation.focus)
}

/// Moves the selection. Where it cannot move within its table, it goes on to the neighbouring one.
pub(super) fn go(state: &mut State, to: Move) {
    let kind = state.navigation.focus;
    let places = order(state, kind);
    let at = state.navigation.selected.get(&kind).and_then(|t| position(&places, t));
    let page = state.layout.rows(kind).max(1);
    let next = match at {
        // The first movement lands on what is in view.
        None if to == Move::Bottom => row_before(&places, places.len()),
        None => row_from(&places, state.navigation.offset.get(&kind).copied().unwrap_or(0))
            .or_else(|| row_before(&places, places.len())),
        Some(at) => {
            let wanted = to.from(at, page).min(places.len().saturating_sub(1));
            // A heading is passed over in the direction of the movement, and at the end against it.
            let (first, second) = if to.forward() {
                (row_from(&places, wanted), row_before(&places, wanted))
            } else {
                (row_before(&places, wanted + 1), row_from(&places, wanted))
            };
            first.or(second).filter(|next| *next != at)
        }
    };
    match next {
        Some(next) => choose_at(state, kind, &places, next),
        None => cross(state, to),
    }
}

fn cross(state: &mut State, to: Move) {
    let shown = tables(state);
    let at = shown.iter().position(|k| *k == state.navigation.focus).unwrap_or(0);
    let next = if to.forward() { at.checked_add(1) } else { at.checked_sub(1) };
    let Some(kind) = next.and_then(|i| shown.get(i)).copied() else { return };
    let places = order(state, kind);
    // The ends of the tables are further away than their borders.
    let first = matches!(to, Move::Down | Move::PageDown | Move::Top);
    let at = if first { row_from(&places, 0) } else { row_before(&places, places.len()) };
    if let Some(at) = at {
        state.navigation.focus = kind;
        choose_at(state, kind, &places, at);
    }
}

/// Selects `target` in its table.
pub(super) fn choose(state: &mut State, target: &Target) {
    let places = order(state, target.kind);
    if let Some(at) = position(&places, target) {
        state.navigation.focus = target.kind;
        choose_at(state, target.kind, &places, at);
    }
}

fn choose_at(state: &mut State, kind: Kind, places: &[Option<OrderedRow>], at: usize) {
    if let Some(Some(row)) = places.get(at) {
        // One selection in all: a second one in the other table would only mislead.
        state.navigation.selected.clear();
        state.navigation.selected.insert(kind, row.target.clone());
        state.navigation.cursor.insert(kind, at);
    }
}

/// The lines of a table from above, made once in an update however often they are asked for.
pub(super) fn order(state: &mut State, kind: Kind) -> Order {
    let by = OrderedBy {
        sort: state.preferences.sort,
        sections: state.preferences.sections,
        folds: state.preferences.fold_logged_out,
        names: names::order(state),
        filter: state.navigation.filter.text.value().to_owned(),
        frozen: state.frozen.is_some(),
    };
    if let Some(order) = state.orders.get(kind, &by) {
        return order;
    }
    let row = |l: &Line<'_>| OrderedRow { target: l.target().clone(), rank: l.state.rank() };
    let order: Order = items(state, kind).iter().map(|i| i.row().map(row)).collect();
    state.orders.keep(kind, Order::clone(&order));
    order
}

fn position(places: &[Option<OrderedRow>], target: &Target) -> Option<usize> {
    places.iter().position(|p| p.as_ref().is_some_and(|row| row.target == *target))
}

/// The first row at `at` or behind it.
fn row_from(places: &[Option<OrderedRow>], at: usize) -> Option<usize> {
    (at..places.len()).find(|i| places[*i].is_some())
}

/// The last row before `end`.
fn row_before(places: &[Option<OrderedRow>], end: usize) -> Option<usize> {
    (0..end.min(places.len())).rev().find(|i| places[*i].is_some())
}

/// After any change: the focus is on a table of the view, each selection is a visible row or none, and offsets keep it
/// in view and the page full.
pub(super) fn normalize_selection(state: &mut State) {
    let shown = tables(state);
    if !shown.contains(&state.navigation.focus) {
        state.navigation.focus = shown
            .iter()
            .copied()
            .find(|k| state.navigation.selected.contains_key(k))
            .unwrap_or_else(|| shown.first().copied().unwrap_or(state.navigation.focus));
    }
    for kind in Kind::ALL {
        if !shown.contains(&kind) {
            state.navigation.selected.remove(&kind);
            state.navigation.offset.remove(&kind);
            continue;
        }
        let Some(selected) = state.navigation.selected.get(&kind).cloned() else {
            // The top of the table, whatever its order is: an unattended dashboard need not sort it here.
            state.navigation.offset.insert(kind, 0);
            continue;
        };
        let places = order(state, kind);
        let cursor = state.navigation.cursor.get(&kind).copied().unwrap_or(0);
        let there = position(&places, &selected);
        let at = there.or_else(|| row_from(&places, cursor)).or_else(|| row_before(&places, places.len()));
        match at.and_then(|at| Some((at, places.get(at)?.clone()?))) {
            Some((at, row)) => {
                state.navigation.selected.insert(kind, row.target);
                state.navigation.cursor.insert(kind, at);
            }
            None => {
                state.navigation.selected.remove(&kind);
            }
        }
        let page = state.layout.rows(kind);
        let offset = state.navigation.offset.entry(kind).or_insert(0);
        *offset = match at {
            Some(_) if page == 0 => 0,
            Some(at) => {
                // The heading right above a row comes into view with it.
                let headed = page > 1 && at.checked_sub(1).is_some_and(|above| places[above].is_none());
                let top = at - usize::from(headed);
                (*offset).clamp(at.saturating_add(1).saturating_sub(page), top).min(places.len().saturating_sub(page))
            }
            None => 0,
        };
    }
    state.navigation.detail_open &= state.navigation.selected.contains_key(&state.navigation.focus);
}
