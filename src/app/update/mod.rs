//! The one place where the state changes: an event in, effects out. No I/O and no clock.

mod alerts;
mod columns;
mod command;
mod data;
mod follow;
mod keys;
mod mouse;
mod preferences;
mod selection;
mod typing;
mod wall;

use self::data::live;
use super::model::{Effect, Event, Room, State, View};
use crate::domain::Now;

/// Most notices that are kept; the oldest go first.
const NOTICES: usize = 20;
/// Of the memory, so much makes a difference on the screen.
const MEMORY: u64 = 100_000;

/// Takes in one event at `now`. [`State::revision`] counts up where the picture may differ afterwards.
pub fn update(state: &mut State, event: Event, now: Now) -> Vec<Effect> {
    state.now = now;
    let mut effects = Vec::new();
    let changed = match event {
        Event::Key(key) => keys::key(state, key, &mut effects),
        Event::Paste(text) => typing::paste(state, &text),
        Event::Resize(columns, rows) => std::mem::replace(&mut state.size, (columns, rows)) != (columns, rows),
        Event::Loaded(snapshot) => data::loaded(state, snapshot),
        Event::Readings(readings) => data::readings(state, &readings),
        Event::Shared(shared) => data::shared(state, *shared),
        Event::Alerts(alerts) => alerts::take(state, *alerts, &mut effects) && live(state),
        Event::Past(past) => {
            state.past = Some(*past);
            true
        }
        Event::Notice(notice) => {
            let known = state.notices.contains(&notice);
            state.notices.retain(|n| n.key != notice.key);
            state.notices.push(notice);
            let over = state.notices.len().saturating_sub(NOTICES);
            state.notices.drain(..over);
            !known && live(state)
        }
        Event::Resolved(key) => {
            let before = state.notices.len();
            state.notices.retain(|n| n.key != key);
            state.notices.len() != before && live(state)
        }
        Event::Tick => {
            let now = state.now.mono;
            let before = state.pins.len();
            state.pins.retain(|_, until| *until > now);
            live(state) || state.pins.len() != before
        }
        Event::Mouse(pointer) => keys::mouse(state, pointer, &mut effects),
        Event::Memory(bytes) => {
            let changed = bytes / MEMORY != state.memory / MEMORY;
            state.memory = bytes;
            changed && state.view == View::Budget && live(state)
        }
        Event::Drawn(room) => on_drawn(state, room),
    };
    let turned = wall::turn(state);
    if turned && wall::is_doubtful(state) {
        effects.push(Effect::Redraw);
    }
    if changed || turned {
        selection::normalize_selection(state);
        state.revision = state.revision.wrapping_add(1);
    }
    effects
}

/// A frame with other room than the one before may need another offset.
fn on_drawn(state: &mut State, room: Room) -> bool {
    state.overlay_lines = (room.overlay, room.overlay_lines);
    state.alert_page = room.alerts;
    state.chart = room.chart;
    state.spots = room.spots;
    if state.page == room.page {
        return false;
    }
    state.page = room.page;
    let before = state.offset.clone();
    selection::normalize_selection(state);
    state.offset != before
}
