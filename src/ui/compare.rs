//! Two to four marked rows in one chart, told apart by a number and a colour.

use super::{axis, canvas::Canvas, cell, cells, chart, scene::Scene};
use crate::{
    app::{Bucket, FrameLayout, Line},
    domain::Band,
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

/// Lines above the chart: which row is which, and where that is told, which time is shown.
pub(super) fn heads(scene: &Scene<'_>) -> u16 {
    if axis::is_told(scene) { 2 } else { 1 }
}

/// Draws the rows over each other under a line that says which is which. The limits are drawn where all have the same.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, lines: &[Line<'_>], layout: &mut FrameLayout) {
    let (w, h) = (canvas.width(), canvas.height());
    let s = canvas.look.styles;
    let heads = heads(scene);
    if heads > 1 {
        axis::spans(canvas, scene);
    }
    let mut x = 0;
    for (i, line) in lines.iter().enumerate() {
        let rest = u16::try_from(lines.len() - i).unwrap_or(1);
        let room = w.saturating_sub(x) / rest.max(1);
        let name = cell::name(scene, line, canvas.look.glyphs.ascii());
        // A name that is cut leaves room for the value.
        let end = canvas.put(x, heads - 1, room.saturating_sub(7), &format!("{} {name}", sign(i)), s.compared(i));
        x = canvas.put(end + 1, heads - 1, 6, &cells::aht(line.aht), s.dim) + 2;
    }
    let band = match lines.split_first() {
        Some((first, others)) if others.iter().all(|l| l.watched.band == first.watched.band) => first.watched.band,
        _ => Band::default(),
    };
    let mut part = canvas.part(0, heads, w, h.saturating_sub(heads));
    let grid = axis::grid(scene, lines, chart::plot_cells(&part), layout);
    let known: Vec<Option<Vec<Option<Bucket>>>> =
        lines.iter().map(|line| axis::past(scene, grid.as_ref(), line)).collect();
    let charts = lines.iter().zip(&known).enumerate().map(|(i, (line, known))| {
        let known = (grid.as_ref(), known.as_deref());
        (axis::chart(scene, line, &band, known, s.compared(i)), sign(i))
    });
    chart::overlay(&mut part, &charts.collect::<Vec<_>>());
}
