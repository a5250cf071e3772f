//! The trend of a row: two hours relative to its band, the target in the middle and the limits at the edges, as a line
//! in one row or two. Dim where it is inside, coloured where it is outside, gaps as gaps.
//!
//! Buckets begin and end at fixed points of the clock, so that a new reading changes the last cell alone and the line
//! moves by whole cells: a trend that shimmers with every frame would draw the eye to nothing.

use std::{cmp::Ordering, time::Duration};

use ratatui::style::Style;

use super::{
    canvas::Canvas,
    glyphs::{Set, symbol},
    scale::Relative,
    scene::Scene,
};
use crate::app::Line;
use crate::domain::{AHT_WINDOW, Aht, Band, BootTime, Level, Series};

/// What a sparkline covers: the window of the service's average.
pub(super) const SPAN: Duration = AHT_WINDOW;

/// `span` up to `now` in `n` buckets, `group` of them in a cell, whose borders are multiples of its width on the clock.
/// The last cell is the one that `now` lies in; what of it lies ahead is empty.
pub(super) fn buckets(
    series: &Series,
    now: BootTime,
    span: Duration,
    (n, group): (usize, usize),
    hold: Duration,
) -> Vec<Option<Aht>> {
    let number = |n: usize| i64::try_from(n.max(1)).unwrap_or(1);
    let width = (i64::try_from(span.as_millis()).unwrap_or(i64::MAX) / number(n)).max(1);
    let cell = width.saturating_mul(number(group));
    let end = BootTime(now.0.div_euclid(cell).saturating_add(1).saturating_mul(cell));
    let span = Duration::from_millis(u64::try_from(width).unwrap_or(1)).saturating_mul(u32::try_from(n).unwrap_or(0));
    let mut values = series.buckets(end, span, n, hold);
    // The end of the bucket of now lies ahead: it is what was known now.
    let ahead = usize::try_from((end.0.saturating_sub(now.0).saturating_sub(1)) / width).unwrap_or(0);
    let known = values.len().saturating_sub(ahead);
    values[known..].fill(None);
    if let Some(last) = values[..known].last_mut() {
        *last = series.at(now, hold);
    }
    values
}

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trend<'a> {
    pub series: &'a Series,
    pub band: &'a Band,
    pub now: BootTime,
    /// How long a reading holds.
    pub hold: Duration,
    /// Drawn in this style throughout, because it is old; otherwise what lies outside the band has its level's colour.
    pub old: Option<Style>,
}

impl<'a> Trend<'a> {
    /// That of a row; `old`: the style of all of it, where the row is old.
    pub(super) fn of(scene: &Scene<'_>, line: &'a Line<'_>, old: Option<Style>) -> Trend<'a> {
        Trend {
            series: &line.row.series,
            band: &line.watched.band,
            now: scene.data.now.mono,
            hold: scene.stale_after,
            old,
        }
    }
}

/// Draws the trend into the whole of `canvas`.
pub(super) fn draw(canvas: &mut Canvas<'_>, trend: &Trend<'_>) {
    let (cells, height) = (usize::from(canvas.width()), usize::from(canvas.height()));
    if cells == 0 || height == 0 {
        return;
    }
    let group = if canvas.look.glyphs.set == Set::Unicode { 2 } else { 1 };
    let values = buckets(trend.series, trend.now, SPAN, (cells * group, group), trend.hold);
    let place = Relative::of(trend.band, values.iter().flatten().copied());
    let level = |aht: Aht| trend.band.level(aht);
    let mut before: Option<usize> = None;
    for (x, columns) in (0u16..).zip(values.chunks(group)) {
        let worst = columns.iter().flatten().copied().min_by_key(|aht| level(*aht));
        let Some(worst) = worst else {
            before = None;
            continue;
        };
        let style = trend.old.unwrap_or_else(|| match level(worst) {
            Level::Inside => canvas.look.styles.trend,
            level => canvas.look.styles.level_ink(level),
        });
        // The end of what lies beyond the picture is marked: a mark in each cell would be a bar again.
        let beyond = |x: usize| {
            let last = values.get(x * group..)?.iter().take(group).flatten().last().copied()?;
            Some(place.beyond(last, level(last)))
        };
        let clamped =
            beyond(usize::from(x)).filter(|far| *far != Ordering::Equal && beyond(usize::from(x) + 1) != Some(*far));
        match canvas.look.glyphs.set {
            Set::Unicode => before = dots(canvas, x, columns, &place, before, style),
            Set::Block => bar(canvas, x, place.step(worst, height * canvas.look.glyphs.bars.len()), style),
            Set::Ascii => stroke(canvas, x, place.step(worst, height * STROKES.len()), level(worst), style),
        }
        match clamped {
            Some(Ordering::Greater) => canvas.dot(x, 0, canvas.look.glyphs.clamped[0], style),
            Some(Ordering::Less) => canvas.dot(x, canvas.height() - 1, canvas.look.glyphs.clamped[1], style),
            _ => {}
        }
    }
}

/// The dots of one cell, joined with those before; returns how high the last one is, from the top.
fn dots(
    canvas: &mut Canvas<'_>,
    x: u16,
    columns: &[Option<Aht>],
    place: &Relative,
    mut before: Option<usize>,
    style: Style,
) -> Option<usize> {
    const ROWS: usize = 4;
    let steps = usize::from(canvas.height()) * ROWS;
    let mut bits = vec![0u8; usize::from(canvas.height())];
    for (column, value) in columns.iter().enumerate() {
        let Some(aht) = value else {
            before = None;
            continue;
        };
        let at = steps - 1 - place.step(*aht, steps);
        let (top, bottom) = match before {
            Some(b) if b < at => (b + 1, at),
            Some(b) if b > at => (at, b - 1),
            _ => (at, at),
        };
        for dot in top..=bottom {
            bits[dot / ROWS] |= 1 << (dot % ROWS * 2 + column);
        }
        before = Some(at);
    }
    for (y, bits) in (0u16..).zip(bits).filter(|(_, bits)| *bits != 0) {
        canvas.dot(x, y, symbol(Set::Unicode, bits, &mut [0; 4]), style);
    }
    before
}

/// Where there is no Braille: a bar.
fn bar(canvas: &mut Canvas<'_>, x: u16, step: usize, style: Style) {
    let bars = canvas.look.glyphs.bars;
    let height = usize::from(canvas.height());
    let row = step / bars.len();
    for (y, of) in (0u16..).zip((0..height).rev()) {
        match of.cmp(&row) {
            Ordering::Less => canvas.dot(x, y, canvas.look.glyphs.gauge[0], style),
            Ordering::Equal => canvas.dot(x, y, bars[step % bars.len()], style),
            Ordering::Greater => {}
        }
    }
}

/// The heights that ASCII has in a row.
const STROKES: [&str; 3] = [".", "-", "'"];

/// In ASCII: a stroke at its height; outside the band a mark at the edge.
fn stroke(canvas: &mut Canvas<'_>, x: u16, step: usize, level: Level, style: Style) {
    let bottom = canvas.height() - 1;
    let [above, below] = canvas.look.glyphs.clamped;
    if level.is_beside(Level::HighCrit) {
        canvas.dot(x, 0, above, style);
    } else if level.is_beside(Level::LowCrit) {
        canvas.dot(x, bottom, below, style);
    } else {
        let (row, at) = (step / STROKES.len(), step % STROKES.len());
        canvas.dot(x, bottom.saturating_sub(u16::try_from(row).unwrap_or(0)), STROKES[at], style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLD: Duration = Duration::from_secs(180);

    fn series(until: i64) -> Series {
        let mut s = Series::default();
        for t in (0..=until).step_by(60) {
            let gap = (3000..4200).contains(&t);
            s.push(BootTime(t * 1000), (!gap).then(|| Aht::from_secs(u32::try_from(200 + t / 60).unwrap())));
        }
        s
    }

    #[test]
    fn between_two_borders_of_buckets_only_the_last_cell_changes() {
        let s = series(9000);
        // 24 buckets of five minutes.
        let at = |secs: i64| buckets(&s, BootTime(secs * 1000), SPAN, (24, 1), HOLD);
        let first = at(8701);
        for t in 8702..9000 {
            assert_eq!(at(t)[..23], first[..23], "at {t}");
        }
        assert_eq!(at(9001)[..23], first[1..].iter().copied().take(22).chain([at(9001)[22]]).collect::<Vec<_>>()[..]);
    }

    #[test]
    fn with_two_buckets_in_a_cell_the_line_moves_by_whole_cells() {
        let s = series(9000);
        // 24 buckets of five minutes in 12 cells of ten.
        let at = |secs: i64| buckets(&s, BootTime(secs * 1000), SPAN, (24, 2), HOLD);
        let first = at(8401);
        for t in 8402..9000 {
            assert_eq!(at(t)[..22], first[..22], "at {t}");
        }
        assert!(first[23].is_none() && first[22].is_some() && at(8701)[23].is_some(), "what lies ahead is empty");
        assert_eq!(at(9001)[..20], first[2..22]);
    }

    #[test]
    fn no_calls_and_silence_are_gaps() {
        let got = buckets(&series(7200), BootTime(7_200_000), SPAN, (24, 1), HOLD);
        assert!(got[10..13].contains(&None), "{got:?}");
        assert!(got[20].is_some());
        assert!(buckets(&series(600), BootTime(7_200_000), SPAN, (24, 1), HOLD).last().unwrap().is_none());
    }
}
