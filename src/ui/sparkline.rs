//! The trend of a row: two hours in as many buckets as there are cells, gaps as gaps.
//!
//! Buckets begin and end at fixed points of the clock, so that a new reading changes the last cell alone and the line
//! moves by whole cells: a trend that shimmers with every frame would draw the eye to nothing.

use std::time::Duration;

use ratatui::style::Style;

use super::{canvas::Canvas, scale::Scale};
use crate::domain::{AHT_WINDOW, Aht, Band, BootTime, Level, Series};

/// What a sparkline covers: the window of the service's average.
pub(super) const SPAN: Duration = AHT_WINDOW;

/// `span` up to `now` in `n` buckets, whose borders are multiples of their width on the clock. The last bucket is the
/// one that `now` lies in.
pub(super) fn buckets(series: &Series, now: BootTime, span: Duration, n: usize, hold: Duration) -> Vec<Option<Aht>> {
    let width = i64::try_from(span.as_millis()).unwrap_or(i64::MAX) / i64::try_from(n.max(1)).unwrap_or(1);
    let width = width.max(1);
    let end = BootTime(now.0.div_euclid(width).saturating_add(1).saturating_mul(width));
    let span = Duration::from_millis(u64::try_from(width).unwrap_or(1)).saturating_mul(u32::try_from(n).unwrap_or(0));
    let mut values = series.buckets(end, span, n, hold);
    // The end of the last bucket lies ahead: it is what was known now.
    if let Some(last) = values.last_mut() {
        *last = series.at(now, hold);
    }
    values
}

/// Draws `values` into the line `y` from column `x` on, one cell each. `old`: drawn in this style throughout; otherwise
/// what lies outside the band has its level's colour.
pub(super) fn draw(canvas: &mut Canvas<'_>, x: u16, y: u16, values: &[Option<Aht>], band: &Band, old: Option<Style>) {
    let scale = Scale::coarse(band, values.iter().flatten().copied());
    let look = canvas.look;
    let bars = look.glyphs.bars;
    for (i, value) in values.iter().enumerate() {
        let Some(aht) = value else { continue };
        let style = old.unwrap_or_else(|| match band.level(*aht) {
            Level::Inside => look.styles.trend,
            level => look.styles.level_ink(level),
        });
        let Ok(i) = u16::try_from(i) else { break };
        canvas.dot(x.saturating_add(i), y, bars[scale.step(*aht, bars.len())], style);
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
        let at = |secs: i64| buckets(&s, BootTime(secs * 1000), SPAN, 24, HOLD);
        let first = at(8701);
        for t in 8702..9000 {
            assert_eq!(at(t)[..23], first[..23], "at {t}");
        }
        assert_eq!(at(9001)[..23], first[1..].iter().copied().take(22).chain([at(9001)[22]]).collect::<Vec<_>>()[..]);
    }

    #[test]
    fn no_calls_and_silence_are_gaps() {
        let got = buckets(&series(7200), BootTime(7_200_000), SPAN, 24, HOLD);
        assert!(got[10..13].contains(&None), "{got:?}");
        assert!(got[20].is_some());
        assert!(buckets(&series(600), BootTime(7_200_000), SPAN, 24, HOLD).last().unwrap().is_none());
    }
}
