//! The one place where the state changes: an event in, effects out. No I/O and no clock.

mod alerts;
mod axis;
mod columns;
mod command;
mod data;
mod floor;
mod follow;
mod keys;
mod mouse;
mod preferences;
mod reconfigure;
mod selection;
mod typing;
mod wall;

use self::data::live;
pub use self::reconfigure::{begin_anew, reconfigure};
use super::model::{Effect, Event, FrameLayout, Orders, State, View};
use crate::domain::Now;

/// Most notices that are kept; the oldest go first.
const NOTICES: usize = 20;
/// Of the memory, so much makes a difference on the screen.
const MEMORY: u64 = 100_000;

/// Takes in one event at `now`. [`State::revision`] counts up where the picture may differ afterwards.
pub fn update(state: &mut State, event: Event, now: Now) -> Vec<Effect> {
    state.live.now = now;
    let mut effects = Vec::new();
    let news = matches!(event, Event::Loaded(_) | Event::Readings(_) | Event::Shared(_) | Event::Tick);
    let changed = match event {
        Event::Key(key) => keys::key(state, key, &mut effects),
        Event::Paste(text) => typing::paste(state, &text),
        Event::Resize(columns, rows) => std::mem::replace(&mut state.size, (columns, rows)) != (columns, rows),
        Event::Loaded(snapshot) => data::loaded(state, snapshot),
        Event::Readings(readings) => data::readings(state, &readings),
        Event::Shared(shared) => data::shared(state, *shared),
        Event::Alerts(alerts) => alerts::take(state, *alerts, &mut effects) && live(state),
        Event::Past(past) => {
            state.live.past = Some(*past);
            true
        }
        Event::Notice(notice) => {
            let known = state.notices.list.contains(&notice);
            state.notices.list.retain(|n| n.topic != notice.topic);
            state.notices.list.push(notice);
            let over = state.notices.list.len().saturating_sub(NOTICES);
            state.notices.list.drain(..over);
            !known && live(state)
        }
        Event::Resolved(topic) => {
            let before = state.notices.list.len();
            state.notices.list.retain(|n| n.topic != topic);
            state.notices.list.len() != before && live(state)
        }
        Event::Answer(text) => {
            state.notices.status_message = Some(text);
            true
        }
        Event::Tick => {
            let now = state.live.now.mono;
            let before = state.navigation.pins.len();
            state.navigation.pins.retain(|_, until| *until > now);
            let gave_up = alerts::give_up(state);
            live(state) || gave_up || state.navigation.pins.len() != before
        }
        Event::Mouse(pointer) => keys::mouse(state, pointer, &mut effects),
        Event::Memory(bytes) => {
            let changed = bytes / MEMORY != state.live.memory / MEMORY;
            state.live.memory = bytes;
            changed && state.navigation.view == View::Budget && live(state)
        }
        Event::Drawn(layout) => on_drawn(state, layout),
    };
    let changed = (news && floor::settle(state)) || changed;
    let turned = wall::turn(state);
    if turned && wall::is_doubtful(state) {
        effects.push(Effect::Redraw);
    }
    if changed || turned {
        selection::normalize_selection(state);
        axis::settle(state);
        state.revision = state.revision.wrapping_add(1);
    }
    // The next event comes with other data.
    state.orders = Orders::default();
    effects
}

/// A frame with other room than the one before may need another offset.
fn on_drawn(state: &mut State, layout: FrameLayout) -> bool {
    let rows = |layout: &FrameLayout| (layout.campaigns, layout.agents);
    let last = std::mem::replace(&mut state.layout, layout);
    if rows(&last) == rows(&state.layout) {
        return false;
    }
    let before = state.navigation.offset.clone();
    selection::normalize_selection(state);
    state.navigation.offset != before
}
