//! What the store says, taken into the state.

use super::follow;
use crate::{
    app::{
        model::{Shared, State},
        view::banners::causes,
    },
    domain::{Outcome, Reading, Row, record},
    store::Snapshot,
};

/// While the picture is frozen, new data change nothing visible.
pub(super) fn live(state: &State) -> bool {
    state.frozen.is_none()
}

pub(super) fn loaded(state: &mut State, snapshot: Snapshot) -> bool {
    let mut unknown = Vec::new();
    for row in snapshot.rows {
        match state.live.rows.get_mut(&row.target) {
            Some(mine) => *mine = row,
            None => unknown.push(row),
        }
    }
    if state.follows {
        follow::adopt(state, unknown);
    } else if state.config.floor.is_some() {
        // Who logs in later brings along what is known.
        state.live.rows.extend(unknown.into_iter().map(|row| (row.target.clone(), row)));
    }
    mark_resting(state);
    live(state)
}

/// Tells the rows which of them rest.
pub(super) fn mark_resting(state: &mut State) {
    let presence = state.live.presence.clone();
    for row in state.live.rows.values_mut() {
        match &presence {
            Some(presence) => presence.mark(row),
            None => row.rest = None,
        }
    }
}

/// Readings of targets that are not watched here belong to other dashboards on the store; a viewer without targets of
/// its own takes them all.
pub(super) fn readings(state: &mut State, readings: &[Reading]) -> bool {
    let mut ours = false;
    for reading in readings {
        if state.follows && !state.live.rows.contains_key(&reading.target) {
            let mut row = Row::new(reading.target.clone());
            row.record(reading, &state.live.now);
            ours |= follow::adopt(state, vec![row]);
        } else if state.config.floor.is_some() && !state.places.has(&reading.target) {
            record(&mut state.live.rows, reading, &state.live.now);
        } else if let Some(row) = state.live.rows.get_mut(&reading.target) {
            row.record(reading, &state.live.now);
            // A failure may be that no answer came at all.
            state.live.replies += u64::from(!matches!(reading.outcome, Outcome::Failed(_)));
            ours = true;
        }
    }
    forgive(state);
    ours && live(state)
}

pub(super) fn shared(state: &mut State, shared: Shared) -> bool {
    let others = state.live.presence != shared.presence;
    let changed = state.live.status != shared.status
        || state.live.usage != shared.usage
        || others
        || state.live.poller != shared.poller
        || state.live.instances != shared.instances
        || shared.history.as_ref().is_some_and(|h| *h != state.live.history)
        || shared.events.as_ref().is_some_and(|e| *e != state.live.events);
    state.live.status = shared.status;
    state.live.usage = shared.usage;
    state.live.presence = shared.presence;
    if others {
        mark_resting(state);
    }
    state.live.poller = shared.poller;
    state.live.instances = shared.instances;
    if let Some(history) = shared.history {
        state.live.history = history;
    }
    if let Some(events) = shared.events {
        state.live.events = events;
    }
    forgive(state);
    changed && live(state)
}

/// A dismissed banner is forgotten with its cause, so that it shows when the cause returns.
fn forgive(state: &mut State) {
    if state.notices.dismissed.is_empty() || state.frozen.is_some() {
        return;
    }
    let causes = causes(state);
    state.notices.dismissed.retain(|id| causes.iter().any(|b| b.id == *id));
}
