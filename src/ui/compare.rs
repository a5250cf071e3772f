//! Two to four marked rows in one chart of the last two hours, told apart by a number and a colour.

use ratatui::style::Style;

use super::{
    canvas::Canvas,
    cell, cells,
    chart::{self, Chart, Source},
    scene::Scene,
};
use crate::{
    app::{Line, rows},
    domain::{AHT_WINDOW, Band, Series},
};

/// What stands for the `i`-th row that is compared: a digit, which every terminal has.
pub(super) const fn sign(i: usize) -> &'static str {
    match i {
        0 => "1",
        1 => "2",
        2 => "3",
        _ => "4",
    }
}

/// The rows that are compared; none where fewer than two are marked.
pub(super) fn lines<'a>(scene: &Scene<'a>) -> Vec<Line<'a>> {
    let marked = &scene.state.navigation.marked;
    let lines: Vec<Line<'a>> = marked.iter().filter_map(|target| rows::line(scene.state, target)).collect();
    if lines.len() < 2 { Vec::new() } else { lines }
}

/// Draws the rows over each other under a line that says which is which. The limits are drawn where all have the same.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, lines: &[Line<'_>]) {
    let (w, h) = (canvas.width(), canvas.height());
    let s = canvas.look.styles;
    let mut x = 0;
    for (i, line) in lines.iter().enumerate() {
        let rest = u16::try_from(lines.len() - i).unwrap_or(1);
        let room = w.saturating_sub(x) / rest.max(1);
        let name = cell::name(scene, line, canvas.look.glyphs.ascii());
        // A name that is cut leaves room for the value.
        let end = canvas.put(x, 0, room.saturating_sub(7), &format!("{} {name}", sign(i)), s.compared(i));
        x = canvas.put(end + 1, 0, 6, &cells::aht(line.aht), s.dim) + 2;
    }
    let band = match lines.split_first() {
        Some((first, others)) if others.iter().all(|l| l.watched.band == first.watched.band) => first.watched.band,
        _ => Band::default(),
    };
    let Some(first) = lines.first() else { return };
    let chart = Chart {
        source: Source::Live(&first.row.series),
        band: &band,
        now: &scene.now,
        span: AHT_WINDOW,
        hold: scene.stale_after,
        zone: &scene.state.config.zone,
        style: s.text,
        old: false,
    };
    let all: Vec<(&Series, &str, Style)> =
        lines.iter().enumerate().map(|(i, line)| (&line.row.series, sign(i), s.compared(i))).collect();
    chart::overlay(&mut canvas.part(0, 1, w, h.saturating_sub(1)), &chart, &all);
}
