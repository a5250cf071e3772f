//! What the picture needs of the loop: when it changes by itself, and whom it is about.

use std::time::Duration;

use super::{
    rows::{into_step, step},
    wall,
};
use crate::{
    app::model::State,
    domain::{Now, Target},
    store::Attention,
};

/// After how long from `now` on the picture changes by the passing of time alone; `None`: not at all, because it is
/// frozen.
pub fn next_change(state: &State, now: &Now) -> Option<Duration> {
    let step = step(state);
    let ages = step.saturating_sub(into_step(now, step));
    state.frozen.is_none().then(|| wall::next_change(state).map_or(ages, |d| d.min(ages)))
}

/// True while targets wait for the first outcome that anybody ever had of them.
pub fn are_filling(state: &State) -> bool {
    state.live.rows.values().any(|row| row.last.is_none())
}

/// How much each watched target is looked at, for the poller's priorities: the selection, the rows on the screen, and
/// the rest. Rows are those of the last frame. Who follows the store asks for nothing but what is selected: the
/// rest is what others want, and ends with them.
pub fn attention(state: &State) -> Vec<(Target, Attention)> {
    let mut seen: Vec<&Target> = state.layout.seen.iter().collect();
    seen.sort_unstable();
    let selected = state.navigation.selected.get(&state.navigation.focus).filter(|_| state.navigation.wall.is_none());
    let of = |target: &Target| {
        if selected == Some(target) || state.navigation.pins.contains_key(target) {
            Attention::Selected
        } else if seen.binary_search(&target).is_ok() {
            Attention::OnScreen
        } else {
            Attention::Listed
        }
    };
    let all = state.config.watched.iter().map(|w| (w.target.clone(), of(&w.target)));
    all.filter(|(_, attention)| !state.follows || *attention == Attention::Selected).collect()
}

/// True where a name on the screen may be written in a script other than Latin.
pub fn has_wide_names(state: &State) -> bool {
    let latin = |text: &str| text.chars().all(|c| c < '\u{250}');
    let mut watched = state.config.watched.iter();
    watched.any(|w| !w.label.as_deref().is_none_or(latin) || !latin(&w.target.id))
        || state.shown().rows.values().any(|row| !row.name.as_deref().is_none_or(latin))
}
