//! Large figures: `4:51`, `1:02:03`, `-:--`, `?`, twenty-one, fourteen, seven, five, three or one row high, and arrows.
//!
//! The pixels are drawn twice as wide as high in cells, because a cell is twice as high as wide. Three rows take half
//! blocks, or the strokes of a pocket calculator in ASCII. The highest ones are those of seven rows with everything two
//! or three times as large.

use ratatui::style::Style;

use crate::ui::{canvas::Canvas, glyphs::Set};

/// How high figures can be, the highest first.
pub(super) const HEIGHTS: [u16; 6] = [21, 14, 7, 5, 3, 1];

/// How a figure is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// A value that holds.
    Solid,
    /// An old one: it looks thin also from afar and without colour.
    Thin,
}

/// Four by seven pixels, a bit each, the highest bit left.
const SEVEN: [[u8; 7]; 10] = [
    [6, 9, 9, 9, 9, 9, 6],
    [2, 6, 2, 2, 2, 2, 7],
    [6, 9, 1, 2, 4, 8, 15],
    [6, 9, 1, 6, 1, 9, 6],
    [9, 9, 9, 15, 1, 1, 1],
    [15, 8, 14, 1, 1, 9, 6],
    [6, 8, 8, 14, 9, 9, 6],
    [15, 1, 1, 2, 2, 4, 4],
    [6, 9, 9, 6, 9, 9, 6],
    [6, 9, 9, 7, 1, 1, 6],
];
const SEVEN_DASH: [u8; 7] = [0, 0, 0, 15, 0, 0, 0];
const SEVEN_QUESTION: [u8; 7] = [6, 9, 1, 2, 2, 0, 2];

/// Three by five pixels.
pub(super) const FIVE: [[u8; 5]; 10] = [
    [7, 5, 5, 5, 7],
    [2, 6, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 7, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 1, 2, 2],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
];
const FIVE_DASH: [u8; 5] = [0, 0, 7, 0, 0];
const FIVE_QUESTION: [u8; 5] = [7, 1, 3, 0, 2];

/// A calculator's strokes in three rows of three cells.
const STROKES: [[&str; 3]; 12] = [
    [" _ ", "| |", "|_|"],
    ["   ", "  |", "  |"],
    [" _ ", " _|", "|_ "],
    [" _ ", " _|", " _|"],
    ["   ", "|_|", "  |"],
    [" _ ", "|_ ", " _|"],
    [" _ ", "|_ ", "|_|"],
    [" _ ", "  |", "  |"],
    [" _ ", "|_|", "|_|"],
    [" _ ", "|_|", " _|"],
    ["   ", " _ ", "   "],
    [" _ ", " _|", " ' "],
];

/// The place of a character in the tables: digits, then dash, then question mark for anything else.
fn place(c: char) -> usize {
    match c {
        '-' => 10,
        c => c.to_digit(10).and_then(|d| usize::try_from(d).ok()).unwrap_or(11),
    }
}

/// Cells that one character takes, without the gap behind it.
fn advance(c: char, height: u16) -> u16 {
    match (height, c) {
        (21, ':') => 6,
        (21, _) => 24,
        (14, ':') => 4,
        (14, _) => 16,
        (7 | 5, ':') => 2,
        (7, _) => 8,
        (5, _) => 6,
        (3, ':') => 1,
        (3, _) => 3,
        _ => 1,
    }
}

/// Cells between two characters.
const fn gap(height: u16) -> u16 {
    match height {
        21 => 6,
        14 => 4,
        7 | 5 => 2,
        3 => 1,
        _ => 0,
    }
}

/// How wide `text` is in figures of this height.
pub(super) fn width(text: &str, height: u16) -> u16 {
    let n = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
    let gaps = gap(height).saturating_mul(n.saturating_sub(1));
    text.chars().map(|c| advance(c, height)).fold(gaps, u16::saturating_add)
}

/// Draws `text` with its upper left corner at `x`, `y`. What lies outside is not drawn.
pub(super) fn draw(canvas: &mut Canvas<'_>, (x, y): (u16, u16), text: &str, height: u16, fill: Fill, style: Style) {
    if height < 3 {
        canvas.put(x, y, u16::MAX, text, style);
        return;
    }
    let mut at = x;
    for c in text.chars() {
        match (height, canvas.look.glyphs.set) {
            (3, Set::Ascii) => strokes(canvas, (at, y), c, style),
            (3, _) => halves(canvas, (at, y), c, fill, style),
            _ => pixels(canvas, (at, y), c, height, fill, style),
        }
        at = at.saturating_add(advance(c, height)).saturating_add(gap(height));
    }
}

fn rows_of(c: char, height: u16) -> Vec<u8> {
    match (height, place(c)) {
        (7 | 14 | 21, d @ 0..10) => SEVEN[d].to_vec(),
        (7 | 14 | 21, 10) => SEVEN_DASH.to_vec(),
        (7 | 14 | 21, _) => SEVEN_QUESTION.to_vec(),
        (_, d @ 0..10) => FIVE[d].to_vec(),
        (_, 10) => FIVE_DASH.to_vec(),
        _ => FIVE_QUESTION.to_vec(),
    }
}

/// One pixel is two cells, eight or eighteen.
fn pixels(canvas: &mut Canvas<'_>, at: (u16, u16), c: char, height: u16, fill: Fill, style: Style) {
    let full = canvas.look.glyphs.fills[usize::from(fill == Fill::Thin)];
    let (scale, columns) = (scale(height), if height == 5 { 3 } else { 4 });
    match c {
        ':' if height == 5 => blocks(canvas, at, (&[0, 1, 0, 1, 0], 1), scale, full, style),
        ':' => blocks(canvas, at, (&[0, 0, 1, 0, 1, 0, 0], 1), scale, full, style),
        c => blocks(canvas, at, (&rows_of(c, height), columns), scale, full, style),
    }
}

/// How many times as large as its picture a figure of this height is.
const fn scale(height: u16) -> u16 {
    match height {
        21 => 3,
        14 => 2,
        _ => 1,
    }
}

/// Draws a picture of pixels, so many columns in each of its rows.
pub(super) fn blocks(
    canvas: &mut Canvas<'_>,
    (x, y): (u16, u16),
    (rows, columns): (&[u8], u16),
    scale: u16,
    full: &str,
    style: Style,
) {
    for (row, bits) in (0u16..).zip(rows) {
        for column in (0..columns).filter(|i| bits >> (columns - 1 - i) & 1 == 1) {
            for dy in 0..scale {
                for dx in 0..scale * 2 {
                    canvas.dot(x.saturating_add(column * scale * 2 + dx), y + row * scale + dy, full, style);
                }
            }
        }
    }
}

/// The arrows up, down and to the right beside figures of five rows, and of seven and more.
const ARROWS_5: [([u8; 5], u16); 3] = [([2, 7, 2, 2, 2], 3), ([2, 2, 2, 7, 2], 3), ([0, 2, 15, 2, 0], 4)];
const ARROWS_7: [[u8; 7]; 3] = [[4, 14, 31, 4, 4, 4, 4], [4, 4, 4, 4, 31, 14, 4], [0, 4, 2, 31, 2, 4, 0]];

/// How wide an arrow beside figures of this height is; 0 where there is none.
pub(super) fn arrow_width(arrow: usize, height: u16) -> u16 {
    match height {
        7.. => 10 * scale(height),
        5 => ARROWS_5.get(arrow).map_or(0, |(_, columns)| columns * 2),
        _ => 0,
    }
}

/// Draws an arrow: 0 up, 1 down, 2 to the right.
pub(super) fn arrow(canvas: &mut Canvas<'_>, at: (u16, u16), arrow: usize, height: u16, style: Style) {
    let full = canvas.look.glyphs.fills[0];
    match height {
        7.. => {
            if let Some(rows) = ARROWS_7.get(arrow) {
                blocks(canvas, at, (rows, 5), scale(height), full, style);
            }
        }
        5 => {
            if let Some((rows, columns)) = ARROWS_5.get(arrow) {
                blocks(canvas, at, (rows, *columns), 1, full, style);
            }
        }
        _ => {}
    }
}

fn halves(canvas: &mut Canvas<'_>, at: (u16, u16), c: char, fill: Fill, style: Style) {
    // Half blocks have no thin form: the style alone, and the question mark beside the figure, say that it is old.
    let style = if fill == Fill::Thin { style.add_modifier(ratatui::style::Modifier::DIM) } else { style };
    let (rows, columns) = if c == ':' { (vec![0, 1, 0, 1, 0], 1) } else { (rows_of(c, 5), 3) };
    half_rows(canvas, at, (&rows, columns), style);
}

/// Five rows of pixels in three rows of cells.
pub(super) fn half_rows(canvas: &mut Canvas<'_>, (x, y): (u16, u16), (rows, columns): (&[u8], u16), style: Style) {
    for row in 0..3u16 {
        let bits = |i: u16| rows.get(usize::from(i)).copied().unwrap_or(0);
        let (upper, lower) = (bits(row * 2), bits(row * 2 + 1));
        for column in 0..columns {
            let on = |bits: u8| bits >> (columns - 1 - column) & 1 == 1;
            let symbol = match (on(upper), on(lower)) {
                (true, true) => "█",
                (true, false) => "▀",
                (false, true) => "▄",
                (false, false) => continue,
            };
            canvas.dot(x.saturating_add(column), y + row, symbol, style);
        }
    }
}

fn strokes(canvas: &mut Canvas<'_>, (x, y): (u16, u16), c: char, style: Style) {
    if c == ':' {
        canvas.dot(x, y + 1, ".", style);
        canvas.dot(x, y + 2, ".", style);
        return;
    }
    for (row, line) in (0u16..).zip(STROKES[place(c)]) {
        for (column, symbol) in (0u16..).zip(line.split("").filter(|s| !s.is_empty())) {
            if symbol != " " {
                canvas.dot(x.saturating_add(column), y + row, symbol, style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Symbols, Theme},
        ui::testing::{look, words},
    };
    use ratatui::{buffer::Buffer, layout::Rect};

    fn drawn(text: &str, height: u16, symbols: Symbols, fill: Fill) -> String {
        let look = look(Theme::Mono, symbols);
        let area = Rect::new(0, 0, width(text, height), height);
        let mut buf = Buffer::empty(area);
        draw(&mut Canvas::new(&mut buf, area, &look), (0, 0), text, height, fill, Style::new());
        words(&buf)
    }

    #[test]
    fn every_figure_at_every_height_is_its_own() {
        for symbols in [Symbols::Unicode, Symbols::Block, Symbols::Ascii] {
            for height in HEIGHTS {
                let all: Vec<String> =
                    "0123456789-?:".chars().map(|c| drawn(&c.to_string(), height, symbols, Fill::Solid)).collect();
                for (i, a) in all.iter().enumerate() {
                    assert!(!a.trim().is_empty());
                    assert!(!all[..i].contains(a), "{height} {symbols:?}\n{a}");
                }
            }
        }
    }

    #[test]
    fn an_old_figure_looks_thin() {
        for symbols in [Symbols::Unicode, Symbols::Ascii] {
            for height in [14, 7, 5] {
                assert_ne!(drawn("4:51", height, symbols, Fill::Solid), drawn("4:51", height, symbols, Fill::Thin));
            }
        }
    }

    #[test]
    fn figures_as_they_are_seen() {
        let picture: Vec<String> =
            [(14, Symbols::Ascii), (7, Symbols::Ascii), (5, Symbols::Ascii), (3, Symbols::Ascii), (3, Symbols::Block)]
                .into_iter()
                .flat_map(|(h, s)| ["0123456789", "4:51 -:-- ?"].map(|t| drawn(t, h, s, Fill::Solid)))
                .collect();
        insta::assert_snapshot!("digits", picture.join("\n"));
    }
}
