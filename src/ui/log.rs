//! What happened lately, newest first: on large screens, below the tables.

use super::{canvas::Canvas, cells, scene::Scene};
use crate::store::EventKind;

/// Draws the log in its frame.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let mut inside = canvas.framed("Log", "newest first");
    let s = inside.look.styles;
    let width = inside.width();
    for (y, event) in (0..inside.height()).zip(scene.data.events.iter().rev()) {
        let clock = cells::clock(event.at.wall, &scene.state.facts.zone);
        let style = match event.kind {
            EventKind::Throttled | EventKind::TokenDied | EventKind::MintFailed | EventKind::Store => s.warning,
            EventKind::Target | EventKind::Malformed => s.invalid,
            EventKind::Alert | EventKind::Minted | EventKind::Lease | EventKind::Link | EventKind::Config => s.text,
        };
        let x = inside.put_all(1, y, width, &[(&clock, s.dim), ("  ", s.text)]);
        inside.put(x, y, 10, word(event.kind), style);
        let x = x + 11;
        inside.put(x, y, width.saturating_sub(x + 1), &event.text, s.text);
    }
}

const fn word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Throttled => "throttled",
        EventKind::Minted => "minted",
        EventKind::MintFailed => "no token",
        EventKind::TokenDied => "token died",
        EventKind::Lease => "poller",
        EventKind::Link => "link",
        EventKind::Target => "target",
        EventKind::Store => "store",
        EventKind::Config => "config",
        EventKind::Malformed => "malformed",
        EventKind::Alert => "alert",
    }
}
