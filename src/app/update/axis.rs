//! The time axis of the chart: moved by keys, and that of the last two hours again for another row, however that came to be
//! the one that is shown.

use super::{alerts, selection};
use crate::{
    app::{
        model::{Action, Axis, State},
        view::tables::compared,
    },
    domain::Target,
};

/// Where `action` moves the axis; `None` where there is no chart, or it stays.
pub(super) fn moved(state: &State, action: Action) -> Option<Axis> {
    state.layout.chart.as_ref()?;
    let axis = state.navigation.axis;
    let next = match action {
        Action::ZoomIn => axis.zoomed(-1),
        Action::ZoomOut => axis.zoomed(1),
        Action::Earlier => axis.moved(1),
        Action::Later => axis.moved(-1),
        _ => Axis::default(),
    };
    (next != axis).then_some(next)
}

/// Moves the axis, for the row that is shown.
pub(super) fn set(state: &mut State, axis: Axis) {
    state.navigation.axis = axis;
    state.navigation.axis_of = charted(state);
}

/// After any change: the axis is that of the row that is shown. What is compared is no other by a movement of the cursor.
pub(super) fn settle(state: &mut State) {
    if state.navigation.axis == Axis::default() {
        return;
    }
    let charted = charted(state);
    if charted != state.navigation.axis_of && compared(state).is_empty() {
        state.navigation.axis = Axis::default();
    }
    state.navigation.axis_of = charted;
}

/// Whom the chart is about by the cursor.
fn charted(state: &State) -> Option<Target> {
    if state.lists_alerts() { alerts::target(state) } else { selection::selected(state).cloned() }
}
