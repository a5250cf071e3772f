//! The chart of the detail: a line over time with the limits of the band, gaps as gaps, clamped values marked.
//!
//! One drawing in dots serves all three sets: Braille has 2 x 4 dots a cell, half blocks 1 x 2, ASCII one.

use std::{cmp::Ordering, time::Duration};

use ratatui::style::Style;

use super::{
    canvas::{Canvas, cells as width_of},
    cells,
    glyphs::{Set, symbol},
    scale::Scale,
    sparkline,
    words::detail as words,
};
use crate::{
    app::{Bucket, Query},
    domain::{AHT_WINDOW, Aht, Band, Now, Series},
};
use jiff::{Timestamp, tz::TimeZone};

/// Where the values come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source<'a> {
    /// The readings that a row keeps.
    Live(&'a Series),
    /// The history, in the buckets of this grid; `None` while it is being read.
    Past(&'a Query, Option<&'a [Option<Bucket>]>),
}

/// What a chart shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chart<'a> {
    pub source: Source<'a>,
    /// Limits as lines, and the scale.
    pub band: &'a Band,
    /// The right end.
    pub now: &'a Now,
    /// From the left end to the right one.
    pub span: Duration,
    /// How long a reading holds.
    pub hold: Duration,
    /// Zone of the labels.
    pub zone: &'a TimeZone,
    /// The style of the line where it is inside the band, or everywhere if `old`.
    pub style: Style,
    /// True where the last value is old: the levels have no colour then.
    pub old: bool,
}

/// How far back calls count for the value of now, in milliseconds.
const MEMORY_MS: i64 = AHT_WINDOW.as_millis() as i64;

/// Width of the labels at the left, the axis included.
const LABELS: u16 = 8;

/// From this width on the lines have their names at the right, in so many cells.
const NAMED: u16 = 60;
const NAMES: u16 = 10;

/// Fewest columns and rows that make a chart.
pub(super) const LEAST: (u16, u16) = (LABELS + 8, 4);

/// Draws the chart into the whole of `canvas`; nothing where it is too small for one.
pub(super) fn draw(canvas: &mut Canvas<'_>, chart: &Chart<'_>) {
    if canvas.width() < LEAST.0 || canvas.height() < LEAST.1 {
        return;
    }
    let per_cell = per_cell(canvas);
    let n = columns(canvas);
    let known = values(chart, n, per_cell);
    let is_known = known.is_some();
    let values = known.unwrap_or_else(|| vec![None; n]);
    let scale = ground(canvas, chart, &values, is_known);
    let (width, height) = plot_size(canvas);
    curve(&mut canvas.part(LABELS, 0, width, height), chart, &scale, &values, per_cell);
}

/// The values of `n` columns, `per_cell` of them in a cell; `None` while they are being read.
fn values(chart: &Chart<'_>, n: usize, per_cell: usize) -> Option<Vec<Option<Bucket>>> {
    match chart.source {
        Source::Live(series) => {
            let one = |aht| Bucket { low: aht, high: aht, last: aht };
            let values = sparkline::buckets(series, chart.now.mono, chart.span, (n, per_cell), chart.hold);
            Some(values.into_iter().map(|v| v.map(one)).collect())
        }
        Source::Past(_, bins) => bins.filter(|b| b.len() == n).map(<[_]>::to_vec),
    }
}

/// Draws the limits and the axes for `values`, or says that there are none or that they are not `known` yet; gives the
/// scale.
fn ground(canvas: &mut Canvas<'_>, chart: &Chart<'_>, values: &[Option<Bucket>], known: bool) -> Scale {
    let size = plot_size(canvas);
    let scale = Scale::of(chart.band, values.iter().flatten().flat_map(|b| [b.low, b.high]));
    limits(canvas, chart.band, &scale, size.0, size.1);
    axes(canvas, chart, &scale, values, size);
    if values.iter().all(Option::is_none) {
        let text = if known { words::no_values(chart.span) } else { words::READING.into() };
        canvas.put(LABELS + 1, size.1 / 2, size.0.saturating_sub(2), &format!(" {text} "), canvas.look.styles.dim);
    }
    scale
}

/// Draws several charts over each other, each with its sign, on the ground of the first one: a point in a cell, which is
/// the last value of its time.
pub(super) fn overlay(canvas: &mut Canvas<'_>, charts: &[(Chart<'_>, &str)]) {
    let Some((ground_of, _)) = charts.first() else { return };
    if canvas.width() < LEAST.0 || canvas.height() < LEAST.1 {
        return;
    }
    let n = plot_cells(canvas);
    let last = |bucket: Bucket| Bucket { low: bucket.last, high: bucket.last, ..bucket };
    let known: Vec<Option<Vec<Option<Bucket>>>> = charts.iter().map(|(chart, _)| values(chart, n, 1)).collect();
    let all: Vec<Option<Bucket>> = known.iter().flatten().flatten().map(|bucket| bucket.map(last)).collect();
    let scale = ground(canvas, ground_of, &all, known.iter().all(Option::is_some));
    let (width, height) = plot_size(canvas);
    for x in 0..width {
        // Where lines run together each is on top in its turn.
        let in_turn = known.iter().zip(charts).cycle().skip(usize::from(x) % charts.len()).take(charts.len());
        for (values, (chart, sign)) in in_turn {
            let bucket = values.as_ref().and_then(|values| *values.get(usize::from(x))?);
            let Some(bucket) = bucket else { continue };
            canvas.dot(LABELS + x, row_of(&scale, bucket.last, height), sign, chart.style);
        }
    }
}

/// Columns and rows of what is inside the axes and the labels.
fn plot_size(canvas: &Canvas<'_>) -> (u16, u16) {
    (canvas.width() - LABELS - names_width(canvas), canvas.height() - 2)
}

fn per_cell(canvas: &Canvas<'_>) -> usize {
    if canvas.look.glyphs.set == Set::Unicode { 2 } else { 1 }
}

/// How many columns of dots a chart on the whole of `canvas` has; 0 where it is too small for one.
pub(super) fn columns(canvas: &Canvas<'_>) -> usize {
    plot_cells(canvas) * per_cell(canvas)
}

/// How many cells wide the plot of a chart on the whole of `canvas` is; 0 where it is too small for one.
pub(super) fn plot_cells(canvas: &Canvas<'_>) -> usize {
    if canvas.width() < LEAST.0 || canvas.height() < LEAST.1 { 0 } else { usize::from(plot_size(canvas).0) }
}

/// Cells at the right for the names of the lines, where there is room for them.
fn names_width(canvas: &Canvas<'_>) -> u16 {
    if canvas.width() >= NAMED { NAMES } else { 0 }
}

/// The row of the plot in which `aht` lies, 0 at the top.
fn row_of(scale: &Scale, aht: Aht, height: u16) -> u16 {
    height - 1 - u16::try_from(scale.step(aht, usize::from(height))).unwrap_or(0)
}

fn limits(canvas: &mut Canvas<'_>, band: &Band, scale: &Scale, width: u16, height: u16) {
    let (styles, glyphs) = (canvas.look.styles, canvas.look.glyphs);
    // The target last: where two lines fall into one row, its label is the one that is missed.
    let lines = [
        (band.low_crit, styles.limit, 0),
        (band.high_crit, styles.limit, 0),
        (band.low_warn, styles.limit, 0),
        (band.high_warn, styles.limit, 0),
        (band.target, styles.dim, 1),
    ];
    for ((limit, style, kind), name) in lines.into_iter().zip(words::LINES) {
        let Some(limit) = limit.filter(|l| scale.beyond(*l) == Ordering::Equal) else { continue };
        let y = row_of(scale, limit, height);
        canvas.part(0, y, LABELS, 1).clear();
        canvas.put_right(0, y, LABELS - 1, &cells::aht(Some(limit)), style);
        for x in (0..width).filter(|x| x % 2 == 0) {
            canvas.dot(LABELS + x, y, glyphs.lines[kind], style);
        }
        if width.is_multiple_of(2) {
            canvas.dot(LABELS + width - 1, y, " ", style);
        }
        let room = names_width(canvas).saturating_sub(1);
        canvas.part(LABELS + width, y, room + 1, 1).clear();
        canvas.put(LABELS + width + 1, y, room, name, style);
    }
}

fn axes(
    canvas: &mut Canvas<'_>,
    chart: &Chart<'_>,
    scale: &Scale,
    values: &[Option<Bucket>],
    (width, height): (u16, u16),
) {
    let (dim, glyphs) = (canvas.look.styles.dim, canvas.look.glyphs);
    let (axis, base) = (LABELS - 1, height);
    for y in 0..height {
        canvas.dot(axis, y, glyphs.hv[1], dim);
    }
    let (left, right_end) = ends(chart);
    let memory = chart.now.wall.as_millisecond().saturating_sub(MEMORY_MS);
    let all = right_end.saturating_sub(left);
    for x in 0..width {
        // A column counts where its end lies within the memory.
        let end = left.saturating_add(all.saturating_mul(i64::from(x) + 1) / i64::from(width.max(1)));
        let (symbol, style) = if end > memory { (glyphs.memory, canvas.look.styles.text) } else { (glyphs.hv[0], dim) };
        canvas.dot(LABELS + x, base, symbol, style);
    }
    canvas.dot(axis, base, glyphs.corners[2], dim);
    if !scale.by_band {
        for (y, value) in [(0, scale.high), (height - 1, scale.low)] {
            canvas.put_right(0, y, axis, &cells::aht(Some(Aht::from_secs(value as u32))), dim);
        }
    }
    let label = |at: i64| {
        let at = Timestamp::from_millisecond(at).unwrap_or(chart.now.wall);
        let form = match chart.span.as_secs() / 3600 {
            0..20 => return cells::minute(at, chart.zone),
            20..100 => "%a %H:%M",
            _ => "%-d %b",
        };
        at.to_zoned(chart.zone.clone()).strftime(form).to_string()
    };
    // The largest and the smallest value, where no line stands in their rows and their labels.
    let extremes = values.iter().flatten();
    let (top, bottom) = (extremes.clone().map(|b| b.high).max(), extremes.map(|b| b.low).min());
    let taken: Vec<u16> = chart.band.limits().iter().filter_map(|(_, l)| l.map(|l| row_of(scale, l, height))).collect();
    for aht in [top, bottom].into_iter().flatten().filter(|_| scale.by_band) {
        let y = row_of(scale, aht, height);
        if taken.contains(&y) {
            continue;
        }
        // What lies beyond the scale is not so high as its row: it has the mark that it has in the curve.
        let mark = match scale.beyond(aht) {
            Ordering::Greater => glyphs.clamped[0],
            Ordering::Less => glyphs.clamped[1],
            Ordering::Equal => "",
        };
        let label = format!("{mark}{}", cells::aht(Some(aht)));
        canvas.put_right(0, y, axis, if width_of(&label) <= usize::from(axis) { &label } else { mark }, dim);
    }
    let right = LABELS + width;
    let (first, last) = (label(left), label(right_end.min(chart.now.wall.as_millisecond())));
    let long = u16::try_from(first.len().max(last.len())).unwrap_or(u16::MAX);
    if width > 2 * long {
        canvas.put(axis, base + 1, long, &first, dim);
    }
    if width >= 4 * long + 4 {
        canvas.put(LABELS + width / 2 - long / 2, base + 1, long, &label(left + all / 2), dim);
    }
    canvas.put_right(right - long.min(width), base + 1, long.min(width), &last, dim);
}

/// Milliseconds since 1970 of the left and the right end.
fn ends(chart: &Chart<'_>) -> (i64, i64) {
    match chart.source {
        Source::Live(_) => {
            let now = chart.now.wall.as_millisecond();
            (now.saturating_sub(i64::try_from(chart.span.as_millis()).unwrap_or(i64::MAX)), now)
        }
        Source::Past(grid, _) => (grid.begin(0), grid.end()),
    }
}

fn curve(plot: &mut Canvas<'_>, chart: &Chart<'_>, scale: &Scale, values: &[Option<Bucket>], per_cell: usize) {
    let look = plot.look;
    let rows = match look.glyphs.set {
        Set::Unicode => 4,
        Set::Block => 2,
        Set::Ascii => 1,
    };
    let steps = usize::from(plot.height()) * rows;
    // From the top, as the rows of the screen run.
    let height_of = |aht: Aht| steps - 1 - scale.step(aht, steps);
    let mut before: Option<usize> = None;
    for x in 0..plot.width() {
        let first = usize::from(x) * per_cell;
        let mut dots = vec![0u8; usize::from(plot.height())];
        let mut worst: Option<Aht> = None;
        for (column, value) in values[first..first + per_cell].iter().enumerate() {
            let Some(bin) = *value else {
                before = None;
                continue;
            };
            for aht in [bin.low, bin.high] {
                worst = Some(worst.map_or(aht, |w| farther(chart.band, w, aht)));
            }
            let (mut top, mut bottom) = (height_of(bin.high), height_of(bin.low));
            // Neighbours are joined: the step stands in the newer column.
            if let Some(b) = before {
                top = if b < top { b + 1 } else { top };
                bottom = if b > bottom { b - 1 } else { bottom };
            }
            for dot in top..=bottom {
                dots[dot / rows] |= 1 << (dot % rows * per_cell + column);
            }
            before = Some(height_of(bin.last));
        }
        let Some(worst) = worst else { continue };
        let style = if chart.old { chart.style } else { ink(plot, chart, worst) };
        for (y, bits) in dots.iter().enumerate().filter(|(_, bits)| **bits != 0) {
            let Ok(y) = u16::try_from(y) else { break };
            plot.dot(x, y, symbol(look.glyphs.set, *bits, &mut [0; 4]), style);
        }
        match scale.beyond(worst) {
            Ordering::Greater => plot.dot(x, 0, look.glyphs.clamped[0], style),
            Ordering::Less => plot.dot(x, plot.height().saturating_sub(1), look.glyphs.clamped[1], style),
            Ordering::Equal => {}
        }
    }
}

fn ink(plot: &Canvas<'_>, chart: &Chart<'_>, aht: Aht) -> Style {
    match chart.band.level(aht) {
        crate::domain::Level::Inside => chart.style,
        level => plot.look.styles.level_ink(level),
    }
}

/// The one of two that lies farther out, which gives the cell its colour.
fn farther(band: &Band, a: Aht, b: Aht) -> Aht {
    if band.level(b) < band.level(a) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Symbols, Theme},
        ui::testing::{AGENTS, band, look, now, words},
    };
    use ratatui::{buffer::Buffer, layout::Rect};

    /// A chart of one value a minute, `None` for no calls, the newest last.
    fn chart(values: &[Option<u32>], band: Band, symbols: Symbols) -> String {
        let mut series = Series::default();
        for (i, v) in values.iter().rev().enumerate().rev() {
            series.push(now().mono - Duration::from_secs(60 * i as u64), v.map(Aht::from_secs));
        }
        let look = look(Theme::Mono, symbols);
        let mut buf = Buffer::empty(Rect::new(0, 0, 32, 10));
        let chart = Chart {
            source: Source::Live(&series),
            band: &band,
            now: &now(),
            span: Duration::from_secs(7200),
            hold: Duration::from_secs(180),
            zone: &TimeZone::UTC,
            style: look.styles.text,
            old: false,
        };
        draw(&mut Canvas::new(&mut buf, Rect::new(0, 0, 32, 10), &look), &chart);
        words(&buf)
    }

    #[test]
    fn gaps_stay_gaps_and_what_is_beyond_the_scale_is_marked() {
        let mut values = vec![Some(290); 40];
        values.extend([None; 30]);
        values.extend([Some(3000); 25]);
        values.extend([Some(5); 25]);
        for (symbols, mark) in [(Symbols::Unicode, "▲"), (Symbols::Block, "▲"), (Symbols::Ascii, "^")] {
            let picture = chart(&values, band(AGENTS), symbols);
            let lines: Vec<&str> = picture.lines().collect();
            assert!(lines[0].contains(mark), "{picture}");
            assert!(lines[0].starts_with(&format!(" {mark}50:00")), "the row is that of less: {picture}");
            // The gap of half an hour is a quarter of the 24 columns less the time that a reading holds.
            let column = |x: usize| lines.iter().take(8).filter_map(|l| l.chars().nth(8 + x)).collect::<String>();
            let ink = |x: usize| column(x).contains(|c| !" ╌·-.".contains(c));
            assert!(ink(2) && !ink(10) && !ink(12) && ink(18), "{picture}");
        }
    }

    #[test]
    fn a_chart_without_a_value_says_so() {
        assert!(chart(&[None, None], band(AGENTS), Symbols::Ascii).contains("no values in 2 h"));
    }

    #[test]
    fn without_a_band_the_labels_are_the_range_of_the_values() {
        let picture = chart(&[[Some(100); 60], [Some(250); 60]].concat(), Band::default(), Symbols::Ascii);
        assert!(picture.contains("1:30|") && picture.contains("4:30|"), "{picture}");
    }
}
