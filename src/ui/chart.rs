//! The chart of the detail: a line over time with the limits of the band, gaps as gaps, clamped values marked.
//!
//! One drawing in dots serves all three sets: Braille has 2 x 4 dots a cell, half blocks 1 x 2, ASCII one.

use std::{cmp::Ordering, time::Duration};

use ratatui::style::Style;

use super::{canvas::Canvas, cells, glyphs::Set, scale::Scale, sparkline};
use crate::domain::{Aht, Band, Now, Series};
use jiff::tz::TimeZone;

/// What a chart shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chart<'a> {
    /// The readings.
    pub series: &'a Series,
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

/// Width of the labels at the left, the axis included.
const LABELS: u16 = 8;

/// Fewest columns and rows that make a chart.
pub(super) const LEAST: (u16, u16) = (LABELS + 8, 4);

/// Draws the chart into the whole of `canvas`; nothing where it is too small for one.
pub(super) fn draw(canvas: &mut Canvas<'_>, chart: &Chart<'_>) {
    if canvas.width() < LEAST.0 || canvas.height() < LEAST.1 {
        return;
    }
    let (width, height) = (canvas.width() - LABELS, canvas.height() - 2);
    let per_cell = if canvas.look.glyphs.set == Set::Unicode { 2 } else { 1 };
    let n = usize::from(width) * per_cell;
    let values = sparkline::buckets(chart.series, chart.now.mono, chart.span, n, chart.hold);
    let scale = Scale::of(chart.band, values.iter().flatten().copied());
    limits(canvas, chart.band, &scale, width, height);
    axes(canvas, chart, &scale, width, height);
    if values.iter().all(Option::is_none) {
        let hours = chart.span.as_secs() / 3600;
        let text = format!(" no value in {hours} h ");
        canvas.put(LABELS + 1, height / 2, width.saturating_sub(2), &text, canvas.look.styles.dim);
    }
    curve(&mut canvas.part(LABELS, 0, width, height), chart, &scale, &values, per_cell);
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
    for (limit, style, kind) in lines {
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
    }
}

fn axes(canvas: &mut Canvas<'_>, chart: &Chart<'_>, scale: &Scale, width: u16, height: u16) {
    let (dim, glyphs) = (canvas.look.styles.dim, canvas.look.glyphs);
    let (axis, base) = (LABELS - 1, height);
    for y in 0..height {
        canvas.dot(axis, y, glyphs.hv[1], dim);
    }
    for x in 0..width {
        canvas.dot(LABELS + x, base, glyphs.hv[0], dim);
    }
    canvas.dot(axis, base, glyphs.corners[2], dim);
    if !scale.by_band {
        for (y, value) in [(0, scale.high), (height - 1, scale.low)] {
            canvas.put_right(0, y, axis, &cells::aht(Some(Aht::from_secs(value as u32))), dim);
        }
    }
    let label = |back: Duration| {
        let at = chart.now.wall.checked_sub(back).unwrap_or(chart.now.wall);
        cells::minute(at, chart.zone)
    };
    let right = LABELS + width;
    canvas.put(axis, base + 1, 6, &label(chart.span), dim);
    if width >= 24 {
        canvas.put(LABELS + width / 2 - 2, base + 1, 5, &label(chart.span / 2), dim);
    }
    canvas.put_right(right - 5, base + 1, 5, &label(Duration::ZERO), dim);
}

fn curve(plot: &mut Canvas<'_>, chart: &Chart<'_>, scale: &Scale, values: &[Option<Aht>], per_cell: usize) {
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
            let Some(aht) = *value else {
                before = None;
                continue;
            };
            worst = Some(worst.map_or(aht, |w| farther(chart.band, w, aht)));
            let y = height_of(aht);
            // Neighbours are joined: the step stands in the newer column.
            let from = before.map_or(y, |b| if b < y { b + 1 } else { b.saturating_sub(1) });
            let joined = if before == Some(y) { y..=y } else { from.min(y)..=from.max(y) };
            for dot in joined {
                dots[dot / rows] |= 1 << (dot % rows * per_cell + column);
            }
            before = Some(y);
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

/// The symbol for the dots of one cell, from the top, left before right.
fn symbol(set: Set, bits: u8, utf8: &mut [u8; 4]) -> &str {
    match set {
        Set::Unicode => {
            const DOTS: [u32; 8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
            let pattern = DOTS.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, d)| d).sum::<u32>();
            char::from_u32(0x2800 + pattern).unwrap_or(' ').encode_utf8(utf8)
        }
        Set::Block => match bits {
            1 => "▀",
            2 => "▄",
            _ => "█",
        },
        Set::Ascii => "*",
    }
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
            series: &series,
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
        for (symbols, marks) in
            [(Symbols::Unicode, ["▲", "▼"]), (Symbols::Block, ["▲", "▼"]), (Symbols::Ascii, ["^", "v"])]
        {
            let picture = chart(&values, band(AGENTS), symbols);
            let lines: Vec<&str> = picture.lines().collect();
            assert!(lines[0].contains(marks[0]) && lines[7].contains(marks[1]), "{picture}");
            // The gap of half an hour is a quarter of the 24 columns less the time that a reading holds.
            let column = |x: usize| lines.iter().take(8).filter_map(|l| l.chars().nth(8 + x)).collect::<String>();
            let ink = |x: usize| column(x).contains(|c| !" ╌·-.".contains(c));
            assert!(ink(2) && !ink(10) && !ink(12) && ink(18), "{picture}");
        }
    }

    #[test]
    fn a_chart_without_a_value_says_so() {
        assert!(chart(&[None, None], band(AGENTS), Symbols::Ascii).contains("no value in 2 h"));
    }

    #[test]
    fn without_a_band_the_labels_are_the_range_of_the_values() {
        let picture = chart(&[[Some(100); 60], [Some(250); 60]].concat(), Band::default(), Symbols::Ascii);
        assert!(picture.contains("1:30|") && picture.contains("4:30|"), "{picture}");
    }
}
