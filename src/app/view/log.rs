//! The log as it is shown: our own last events, newest first, filtered.

use super::{filter::Words, names};
use crate::{
    app::model::State,
    store::{Event, EventKind},
};

/// The events that the log's filter lets through, newest first.
pub fn entries(state: &State) -> Vec<&Event> {
    let words = Words::of(state.navigation.log_filter.text.value());
    let data = state.shown();
    let events = data.events.iter().rev();
    let mut found: Vec<&Event> = if words.is_empty() {
        events.collect()
    } else {
        // What is looked for is what is shown.
        events.filter(|e| words.accept_event(word(e.kind), &e.who, &names::told(state, &e.text, false))).collect()
    };
    // Whoever takes over notes what happened before; of one moment the last one noted comes first.
    found.sort_by_key(|e| e.at.age(&data.now));
    found
}

/// The kind of an event in a word of at most eleven cells.
pub const fn word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Throttled => "throttled",
        EventKind::TokenGenerated => "generated",
        EventKind::GenerationFailed => "no token",
        EventKind::TokenInvalidated => "invalidated",
        EventKind::Lease => "checking",
        EventKind::Link => "service",
        EventKind::Target => "unknown ID",
        EventKind::Store => "store",
        EventKind::Config => "config",
        EventKind::Malformed => "malformed",
        EventKind::Alert => "alert",
        EventKind::Status => "status",
    }
}
