//! The state under another configuration, when that was read again.

use super::{floor, follow};
use crate::{
    app::model::{DashboardConfig, Data, Navigation, SavedPreferences, State},
    domain::{Now, Row},
};

/// `old` before anything was read, for another time: where the user is and what was chosen stay.
pub fn begin_anew(old: State, now: Now) -> State {
    let rows = old.config.watched.iter().map(|w| (w.target.clone(), Row::new(w.target.clone()))).collect();
    State { live: Data::new(rows, now.clone()), frozen: None, sent: Vec::new(), started: now, ..old }
}

/// `old` as `config` has it: what is watched, bands, names and looks are the new ones. Where the user is, what was chosen
/// and what is known of the rows stay.
pub fn reconfigure(old: State, config: DashboardConfig, now: Now) -> State {
    let choices = SavedPreferences::of(&old);
    let mut state = State::new(config, now.clone());
    let mut known = old.live.rows;
    for (target, row) in &mut state.live.rows {
        if let Some(old) = known.remove(target) {
            *row = old;
        }
    }
    let rows = std::mem::take(&mut state.live.rows);
    state.live = Data { rows, now, ..old.live };
    if state.follows {
        follow::adopt(&mut state, known.into_values().collect());
    } else if state.config.floor.is_some() {
        state.live.rows.extend(known);
        floor::settle(&mut state);
    }
    state.navigation = Navigation { wall: old.navigation.wall, ..old.navigation };
    let places = &state.places;
    state.navigation.keep(|target| places.has(target));
    state.notices.dismissed = old.notices.dismissed;
    (state.started, state.layout, state.size) = (old.started, old.layout, old.size);
    state.revision = old.revision.wrapping_add(1);
    choices.apply(&mut state);
    super::selection::normalize_selection(&mut state);
    state
}
