//! The last two lines: who checks the service and what needs attention, and the keys.

use super::{
    canvas::Canvas,
    scene::Scene,
    segments::{self, Segment, choose},
    words::{self, board},
};
use crate::{
    app,
    domain::{EventTime, GENERATIONS_PER_HOUR},
};

/// Draws the line of facts: who checks, what is watched, the cycle. Budget, token and throttling appear when they need
/// attention; the Budget view always has them.
pub(super) fn facts(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let s = canvas.look.styles;
    let budget = scene.state.config.budget;
    let usage = scene.data.usage;
    let mut all = Vec::new();
    let mut add = |priority: u8, text: String, marked: bool| {
        all.push(Segment::new(priority, text, if marked { s.warning } else { s.dim }));
    };
    add(1, checked_by(scene), scene.data.poller.is_none() && !scene.is_beginning());
    if usage.used_60s >= budget.requests_per_minute {
        add(0, words::budget_used_up(usage.used_60s, budget.requests_per_minute), true);
    }
    if let Some(status) = &scene.data.status {
        if status.rate + 0.5 < f64::from(budget.usable()) {
            add(2, board::slowed(status.rate), true);
        }
        if let Some(others) = status.other_clients.as_ref().and_then(|s| s.per_minute) {
            add(2, board::other_clients(others), true);
        }
        // In a replay of a time of which nothing was noted there is no cycle to tell of.
        if status.targets > 0 {
            add(4, board::cycle(status.sweep), false);
            add(6, board::targets(status.targets), false);
        }
        if let Some(text) = token(scene, status.token_until.as_ref()) {
            add(3, text, true);
        }
    }
    if usage.throttled_1h > 0 {
        add(5, board::throttled(usage.throttled_1h), true);
    }
    let others = scene.data.instances.len();
    if others > 1 {
        add(7, board::dashboards(others), false);
    }
    let chosen = choose(all, canvas.width().saturating_sub(2), 3);
    segments::put(canvas, 1, 0, 3, &chosen);
}

fn checked_by(scene: &Scene<'_>) -> String {
    match &scene.data.poller {
        _ if scene.state.config.mode == Some(app::REPLAY) => board::REPLAYED.into(),
        Some(p) if p.id == scene.state.config.me.id => words::checked_by(words::THIS_DASHBOARD),
        Some(p) => words::checked_by(&p.label_for(&scene.state.config.me)),
        None if scene.is_beginning() => words::BEGINS.into(),
        None => words::NOBODY_CHECKS.into(),
    }
}

/// The token, where other clients invalidate it or where hardly any more may be generated.
fn token(scene: &Scene<'_>, until: Option<&EventTime>) -> Option<String> {
    let usage = &scene.data.usage;
    let looks = usage.invalidated_1h > 0 || usage.generated_1h + 1 >= GENERATIONS_PER_HOUR;
    looks.then(|| board::token(until.map(|until| scene.left(until)), usage))
}

/// Draws the line of keys, as the keymap gives them: the way out and the help are kept longest.
pub(super) fn keys(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let s = canvas.look.styles;
    let hints = app::keys::hints(scene.state);
    let last = hints.len().saturating_sub(1);
    let segments = hints.into_iter().enumerate().map(|(i, (key, word))| Segment {
        pieces: vec![(key, s.key), (format!(" {word}"), s.dim)],
        priority: if i == last { 0 } else { u8::try_from(i + 1).unwrap_or(u8::MAX) },
    });
    let chosen = choose(segments.collect(), canvas.width().saturating_sub(2), 2);
    segments::put(canvas, 1, 0, 2, &chosen);
}
