//! Who has no targets of its own takes in what appears in the store.

use crate::{
    app::{
        model::State,
        view::follow::{MOST, is_present, order, watched},
    },
    domain::Row,
};

/// Takes in a row that is not on the list; true where it is now.
pub(super) fn adopt(state: &mut State, rows: Vec<Row>) -> bool {
    let room = MOST.saturating_sub(state.config.watched.len());
    let fresh: Vec<Row> = rows
        .into_iter()
        .filter(|r| is_present(r, &state.live.now) && !state.live.rows.contains_key(&r.target))
        .take(room)
        .collect();
    if fresh.is_empty() {
        return false;
    }
    let mut list = state.config.watched.to_vec();
    list.extend(fresh.iter().map(watched));
    list.sort_by(|a, b| order(a).cmp(&order(b)));
    state.watch(list.into());
    state.live.rows.extend(fresh.into_iter().map(|row| (row.target.clone(), row)));
    true
}
