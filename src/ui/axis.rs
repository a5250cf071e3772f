//! The time axis of the detail's chart, the same for one row and for several: what of the history the chart needs, and the
//! line above it that says which time it shows.

use ratatui::style::Style;

use super::{
    canvas::Canvas,
    chart::{Chart, Source},
    scene::Scene,
    words::detail as texts,
};
use crate::{
    app::{Bucket, ChartArea, FrameLayout, Line, Query, Span, history},
    domain::Band,
};

/// True where a line above the chart says which time it shows: in the detail, and where that is not the last two hours.
pub(super) fn is_told(scene: &Scene<'_>) -> bool {
    scene.state.navigation.detail_open || !scene.state.navigation.axis.is_live()
}

/// Notes that a chart of `lines` has so many columns; gives the buckets of the history that it needs, `None` where the
/// rows have all of it.
pub(super) fn grid(scene: &Scene<'_>, lines: &[Line<'_>], columns: usize, layout: &mut FrameLayout) -> Option<Query> {
    let area = ChartArea { targets: lines.iter().map(|line| line.target().clone()).collect(), columns };
    let grid = if scene.state.navigation.axis.is_live() { None } else { history::grid(scene.state, &area) };
    layout.chart = Some(area).filter(|area| area.columns > 0);
    grid
}

/// What is known of the history of a row; `None` while it is being read.
pub(super) fn past(scene: &Scene<'_>, grid: Option<&Query>, line: &Line<'_>) -> Option<Vec<Option<Bucket>>> {
    scene.state.live.past.as_ref()?.on(grid?, line.target())
}

/// The chart of a row; what `past` gave are its buckets where there is a grid.
pub(super) fn chart<'a>(
    scene: &'a Scene<'a>,
    line: &'a Line<'a>,
    band: &'a Band,
    (grid, buckets): (Option<&'a Query>, Option<&'a [Option<Bucket>]>),
    style: Style,
) -> Chart<'a> {
    Chart {
        source: grid.map_or(Source::Live(&line.row.series), |grid| Source::Past(grid, buckets)),
        band,
        now: &scene.now,
        span: scene.state.navigation.axis.span.length(),
        hold: scene.stale_after,
        zone: &scene.state.config.zone,
        style,
        old: false,
    }
}

/// The spans that the chart can show, with the present one in brackets, and how far back it ends: `2 h [8 h] 24 h 7 d`.
pub(super) fn spans(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let (s, w, axis) = (canvas.look.styles, canvas.width(), scene.state.navigation.axis);
    let mut x = 0;
    for span in Span::ALL {
        let (text, style) =
            if span == axis.span { (format!("[{}]", span.word()), s.accent) } else { (span.word().to_owned(), s.dim) };
        x = canvas.put(x, 0, w.saturating_sub(x), &text, style) + 1;
    }
    if axis.back > 0 {
        canvas.put(x + 1, 0, w.saturating_sub(x + 1), &texts::ending(axis.offset()), s.warning);
    }
}
