//! The last two lines: what polling costs and who does it, and the keys.

use super::{
    canvas::Canvas,
    cells,
    scene::Scene,
    segments::{self, Segment, choose},
};
use crate::{
    app,
    domain::{GENERATIONS_PER_HOUR, Stamp},
};

/// Draws the line of facts: targets, sweep, budget, token, throttling, who polls.
pub(super) fn facts(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let s = canvas.look.styles;
    let budget = scene.state.config.budget;
    let usage = scene.data.usage;
    let mut all = Vec::new();
    let mut add = |priority: u8, text: String, marked: bool| {
        all.push(Segment::new(priority, text, if marked { s.warning } else { s.dim }));
    };
    add(1, polls(scene), scene.data.poller.is_none());
    let full = usage.used_60s >= budget.requests_per_minute;
    add(0, format!("budget {} of {}/min", usage.used_60s, budget.requests_per_minute), full);
    if let Some(status) = &scene.data.status {
        if status.rate + 0.5 < f64::from(budget.usable()) {
            add(2, format!("slowed to {:.0}/min", status.rate.max(0.0)), true);
        }
        if let Some(others) = status.other_clients.as_ref().and_then(|s| s.per_minute) {
            add(2, format!("others ~{others:.0}/min"), true);
        }
        add(4, format!("sweep {}", cells::age(Some(status.sweep))), false);
        add(6, format!("{} targets", status.targets), false);
        if let Some(text) = token(scene, status.token_until.as_ref()) {
            add(3, text, usage.invalidated_1h > 0);
        }
    }
    add(5, format!("throttled {}/h", usage.throttled_1h), usage.throttled_1h > 0);
    if let Some(path) = scene.data.history.path.as_ref().filter(|_| scene.data.history.readings > 0) {
        let megabytes = scene.data.history.bytes / 1_000_000;
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        add(8, format!("history {megabytes} MB in {name}"), false);
    }
    let others = scene.data.instances.len();
    if others > 1 {
        add(7, format!("{others} dashboards share this"), false);
    }
    let chosen = choose(all, canvas.width().saturating_sub(2), 3);
    segments::put(canvas, 1, 0, 3, &chosen);
}

fn polls(scene: &Scene<'_>) -> String {
    match &scene.data.poller {
        Some(_) if scene.state.config.mode == Some(app::REPLAY) => "replay, nothing is polled".into(),
        Some(p) if p.id == scene.state.config.me.id => "polling".into(),
        Some(p) => format!("watching {}", p.label()),
        None => "nobody polls".into(),
    }
}

fn token(scene: &Scene<'_>, until: Option<&Stamp>) -> Option<String> {
    let usage = scene.data.usage;
    let invalidations = match usage.invalidated_1h {
        0 => String::new(),
        n => format!(", {n} killed"),
    };
    let generated = format!("{}/{GENERATIONS_PER_HOUR} minted/h{invalidations}", usage.generated_1h);
    match until {
        Some(until) => Some(format!("token {} ({generated})", cells::span(scene.left(until)))),
        None if usage.generated_1h > 0 => Some(format!("no token ({generated})")),
        None => None,
    }
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
