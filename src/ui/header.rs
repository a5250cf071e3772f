//! The first line: whose numbers, which view, what time it is, whether answers arrive, and how old the oldest row is.

use super::{
    canvas::Canvas,
    cells,
    scene::Scene,
    segments::{self, Segment, choose},
    words::{self, board},
};
use crate::app::{REPLAY, View, alerts, rows, tables};

pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let width = canvas.width();
    // DEMO is never crowded out.
    let mode = scene.state.config.mode.map_or(0, |m| m.len() + 4);
    let kept = u16::try_from(mode).unwrap_or(0) + 1;
    let right = choose(facts(canvas, scene), width.saturating_sub(kept), 2);
    let room = width.saturating_sub(segments::total(&right, 2)).saturating_sub(3);
    // All tabs with their names, the others by their numbers, or the present one alone.
    let forms = [Tabs::Named, Tabs::Numbers].map(|tabs| names(canvas, scene, tabs));
    let left = forms.into_iter().find(|left| segments::total(left, 2) <= room);
    let left = left.unwrap_or_else(|| choose(names(canvas, scene, Tabs::Present), room, 2));
    segments::put(canvas, 1, 0, 2, &left);
    let start = width.saturating_sub(segments::total(&right, 2)).saturating_sub(1);
    segments::put(canvas, start, 0, 2, &right);
}

/// How the views besides the present one are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tabs {
    Named,
    Numbers,
    Present,
}

fn names(canvas: &Canvas<'_>, scene: &Scene<'_>, tabs: Tabs) -> Vec<Segment> {
    let s = canvas.look.styles;
    let facts = &scene.state.config;
    let mut out = Vec::new();
    if let Some(mode) = facts.mode {
        out.push(Segment::new(0, format!(" {mode} "), s.warning.add_modifier(ratatui::style::Modifier::REVERSED)));
    }
    out.push(Segment::new(5, "ahtop", s.accent));
    out.push(Segment::new(3, &*facts.account, s.text));
    let waiting = alerts::waiting(scene.data) > 0;
    for view in View::ALL {
        let i = view.number();
        match tabs {
            _ if view == scene.state.navigation.view => {
                out.push(Segment::new(2, format!("[{i} {}]", view.title()), s.accent));
            }
            Tabs::Named => out.push(Segment::new(6, format!("{i} {}", view.title()), s.dim)),
            Tabs::Numbers if view == View::Alerts && waiting => {
                let pieces = vec![(i.to_string(), s.dim), (canvas.look.glyphs.pin.to_owned(), s.warning)];
                out.push(Segment { pieces, priority: 6 });
            }
            Tabs::Numbers => out.push(Segment::new(6, i.to_string(), s.dim)),
            Tabs::Present => {}
        }
    }
    out
}

fn facts(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Vec<Segment> {
    let s = canvas.look.styles;
    let zone = &scene.state.config.zone;
    let clock = cells::clock(scene.now.wall, zone);
    let mut out = Vec::new();
    if scene.state.frozen.is_some() {
        out.push(Segment::new(0, format!(" {} ", board::frozen(&clock)), s.error));
    } else {
        let pieces = vec![(clock, s.accent), (format!(" {}", cells::zone_name(scene.now.wall, zone)), s.dim)];
        out.push(Segment { pieces, priority: 3 });
    }
    let waiting = alerts::waiting(scene.data);
    if waiting > 0 {
        out.push(Segment::new(1, board::unacknowledged(waiting), s.warning));
    }
    if scene.state.frozen.is_none()
        && let Some((word, style)) = link(canvas, scene)
    {
        out.push(Segment::new(1, word, style));
    }
    let lines: Vec<_> =
        tables::concerned(scene.state).into_iter().flat_map(|k| scene.lines(k).iter().copied()).collect();
    if let Some((age, line)) = rows::oldest(&lines) {
        let style = if age >= scene.stale_after { s.warning } else { s.dim };
        out.push(Segment::new(2, board::oldest_row(age, cells::is_old(line.state)), style));
    } else {
        let what = match lines.is_empty() {
            true => board::NO_ROWS,
            false if lines.iter().any(|line| line.rest.is_some()) => board::ALL_AT_REST,
            false => board::NOTHING_READ,
        };
        out.push(Segment::new(2, what, s.dim));
    }
    out
}

/// The state of the link in brackets. Of the past only what was not as it should be: nothing in it is live.
pub(super) fn link(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Option<(String, ratatui::style::Style)> {
    let s = canvas.look.styles;
    let (word, span, good) = scene.link();
    let past = scene.state.config.mode == Some(REPLAY);
    let style = match (good, past) {
        (true, true) => return None,
        (false, true) => s.warning,
        (true, false) => s.text,
        (false, false) => s.error,
    };
    Some((words::link(word, span, past), style))
}
