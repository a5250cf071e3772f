//! Words that are read from afar, three rows high; the one that fills a closed board has five or ten.
//!
//! Letters are drawn in capitals. A text with a character that has no picture is written as it is, by whoever asks here.

use ratatui::style::Style;

use super::digits;
use crate::ui::{canvas::Canvas, glyphs::Set};

/// The letters from A on: pixels of five rows, and how many columns they have.
const LETTERS: [([u8; 5], u16); 26] = [
    ([2, 5, 7, 5, 5], 3),
    ([6, 5, 6, 5, 6], 3),
    ([3, 4, 4, 4, 3], 3),
    ([6, 5, 5, 5, 6], 3),
    ([7, 4, 6, 4, 7], 3),
    ([7, 4, 6, 4, 4], 3),
    ([3, 4, 5, 5, 3], 3),
    ([5, 5, 7, 5, 5], 3),
    ([7, 2, 2, 2, 7], 3),
    ([1, 1, 1, 5, 2], 3),
    ([5, 5, 6, 5, 5], 3),
    ([4, 4, 4, 4, 7], 3),
    ([17, 27, 21, 17, 17], 5),
    ([9, 13, 11, 9, 9], 4),
    ([2, 5, 5, 5, 2], 3),
    ([6, 5, 6, 4, 4], 3),
    ([2, 5, 5, 6, 3], 3),
    ([6, 5, 6, 5, 5], 3),
    ([3, 4, 2, 1, 6], 3),
    ([7, 2, 2, 2, 2], 3),
    ([5, 5, 5, 5, 7], 3),
    ([5, 5, 5, 5, 2], 3),
    ([17, 17, 21, 27, 17], 5),
    ([5, 5, 2, 5, 5], 3),
    ([5, 5, 2, 2, 2], 3),
    ([7, 1, 2, 4, 7], 3),
];

/// The picture of a character and its columns.
fn picture(c: char) -> Option<([u8; 5], u16)> {
    let c = c.to_ascii_uppercase();
    if let Some(digit) = c.to_digit(10).and_then(|d| usize::try_from(d).ok()) {
        return digits::FIVE.get(digit).map(|rows| (*rows, 3));
    }
    if c.is_ascii_uppercase() {
        return LETTERS.get(usize::try_from(u32::from(c) - u32::from('A')).ok()?).copied();
    }
    Some(match c {
        ' ' => ([0; 5], 2),
        '-' => ([0, 0, 7, 0, 0], 3),
        '_' => ([0, 0, 0, 0, 7], 3),
        '+' => ([0, 2, 7, 2, 0], 3),
        '/' => ([1, 1, 2, 4, 4], 3),
        '.' => ([0, 0, 0, 0, 1], 1),
        ':' => ([0, 1, 0, 1, 0], 1),
        '\'' => ([1, 1, 0, 0, 0], 1),
        '(' => ([1, 2, 2, 2, 1], 2),
        ')' => ([2, 1, 1, 1, 2], 2),
        '&' => ([2, 5, 2, 5, 3], 3),
        _ => return None,
    })
}

/// How wide `text` is three rows high; `None` where it cannot be drawn so, as nothing can in ASCII.
pub(super) fn width(set: Set, text: &str) -> Option<u16> {
    if set == Set::Ascii || text.is_empty() {
        return None;
    }
    text.chars().try_fold(0u16, |sum, c| Some(sum.saturating_add(picture(c)?.1 + 1))).map(|sum| sum - 1)
}

/// Draws `text` three rows high.
pub(super) fn draw(canvas: &mut Canvas<'_>, (x, y): (u16, u16), text: &str, style: Style) {
    let mut at = x;
    for (rows, columns) in text.chars().filter_map(picture) {
        digits::half_rows(canvas, (at, y), (&rows, columns), style);
        at = at.saturating_add(columns + 1);
    }
}

/// How wide `text` is in pixels that are `scale` rows high.
pub(super) fn large_width(text: &str, scale: u16) -> u16 {
    let columns = text.chars().filter_map(picture).map(|(_, columns)| columns + 1).fold(0, u16::saturating_add);
    columns.saturating_sub(1).saturating_mul(scale * 2)
}

/// Draws `text` five rows of such pixels high.
pub(super) fn draw_large(canvas: &mut Canvas<'_>, (x, y): (u16, u16), text: &str, scale: u16, style: Style) {
    let full = canvas.look.glyphs.fills[0];
    let mut at = x;
    for (rows, columns) in text.chars().filter_map(picture) {
        digits::blocks(canvas, (at, y), (&rows, columns), scale, full, style);
        at = at.saturating_add((columns + 1) * scale * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_and_digit_has_a_picture_of_its_own() {
        // O and 0 may look alike, and S and 5 do not.
        let all: Vec<char> = ('A'..='Z').chain('0'..='9').chain("-_+/.:'()&".chars()).collect();
        for (i, a) in all.iter().enumerate() {
            let (rows, columns) = picture(*a).unwrap();
            assert!(rows.iter().all(|row| *row < 1 << columns), "{a}");
            assert!(all[..i].iter().all(|b| picture(*b) != Some((rows, columns))), "{a}");
        }
        assert_eq!(picture('a'), picture('A'));
    }

    #[test]
    fn what_cannot_be_drawn_is_not() {
        assert_eq!(width(Set::Unicode, "AB"), Some(7));
        assert_eq!((width(Set::Ascii, "AB"), width(Set::Block, "नमस्ते"), width(Set::Unicode, "")), (None, None, None));
    }
}
