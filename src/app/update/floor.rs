//! Who is watched where that is whoever is logged in: brought up to date with each list, and as time passes.

use super::data::mark_resting;
use crate::{
    app::model::State,
    domain::Row,
    store::{on_floor, with_agents},
};

/// Takes in who has come, and lets go who has gone; true where anything of it shows. A frozen picture stands still.
pub(super) fn settle(state: &mut State) -> bool {
    let Some(floor) = state.config.floor.clone().filter(|_| state.frozen.is_none()) else { return false };
    let data = &state.live;
    let on = on_floor(data.presence.as_deref(), &data.rows, floor.max_agents, &data.now);
    let watched = with_agents(&state.config.watched, &floor, &on);
    let changed = watched.is_some() || on != state.on_floor;
    state.on_floor = on;
    if let Some(watched) = watched {
        state.watch(watched.into());
        let places = &state.places;
        state.live.rows.retain(|target, row| row.last.is_some() || places.has(target));
        for watched in state.config.watched.iter() {
            let target = &watched.target;
            state.live.rows.entry(target.clone()).or_insert_with(|| Row::new(target.clone()));
        }
        state.navigation.keep(|target| places.has(target));
        mark_resting(state);
    }
    changed
}
