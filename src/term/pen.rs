//! The changed cells of a frame as bytes: the shortest way for the cursor, and only what changes of the style.
//!
//! A dashboard whose ages advance changes one digit in each of its rows: three bytes a row this way instead of
//! twenty-odd. Each frame begins with its place and its style in full, so that whatever somebody else wrote on the
//! terminal meanwhile is not carried on.

use std::io::Write;

use ratatui::{
    buffer::{Cell, CellWidth},
    style::{Color, Modifier},
};

/// Where the terminal's cursor is and how it writes, as far as that is known.
#[derive(Debug, Default)]
pub(super) struct Pen {
    at: Option<(u16, u16)>,
    style: Option<Style>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Style {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

/// Each modifier with the codes that begin and end it.
const MODIFIERS: [(Modifier, u8, u8); 7] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::CROSSED_OUT, 9, 29),
];

impl Pen {
    /// Nothing is known any more.
    pub(super) fn forget(&mut self) {
        *self = Pen::default();
    }

    /// Writes one cell of a screen with `width` columns.
    pub(super) fn put(&mut self, out: &mut Vec<u8>, (x, y): (u16, u16), cell: &Cell, width: u16) {
        let exact = self.go(out, x, y);
        self.dress(out, Style { fg: cell.fg, bg: cell.bg, modifier: cell.modifier });
        let symbol = cell.symbol();
        out.extend_from_slice(symbol.as_bytes());
        // Behind the last column terminals wait in different ways.
        let next = x.saturating_add(1);
        let trust = if next < width && cell.cell_width() == 1 { trust(symbol) } else { Trust::None };
        self.at = match trust {
            Trust::None => None,
            // What follows a place that is assumed is no surer than that.
            Trust::Full if exact => Some((next, y)),
            _ => Some((next, y | ASSUMED)),
        };
    }

    /// Moves to a place; true where it is sure to be there.
    fn go(&mut self, out: &mut Vec<u8>, x: u16, y: u16) -> bool {
        match self.at {
            Some((cx, cy)) if cy & !ASSUMED == y && cx == x => return cy & ASSUMED == 0,
            Some((cx, cy)) if cy & ASSUMED == 0 => {
                let (absolute, relative) = (way_to(x, y), way_from(cx, cy, x, y));
                match relative {
                    Some(relative) if relative.len() < absolute.len() => out.extend(relative),
                    _ => out.extend(absolute),
                }
            }
            _ => out.extend(way_to(x, y)),
        }
        true
    }

    fn dress(&mut self, out: &mut Vec<u8>, to: Style) {
        let from = self.style.replace(to);
        if from == Some(to) {
            return;
        }
        let mut anew = vec![Vec::new()];
        anew.extend(MODIFIERS.iter().filter(|(m, ..)| to.modifier.contains(*m)).map(|(_, on, _)| vec![*on]));
        anew.extend(colour(to.fg, 30).filter(|_| to.fg != Color::Reset));
        anew.extend(colour(to.bg, 40).filter(|_| to.bg != Color::Reset));
        let mut codes = joined(&anew);
        if let Some(from) = from {
            let change = joined(&changes(from, to));
            if change.len() <= codes.len() {
                codes = change;
            }
        }
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(codes.as_bytes());
        out.push(b'm');
    }
}

/// How sure it is that a terminal goes on by one cell behind a symbol.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Full,
    /// It should: the very next cell may follow, and nothing else is reckoned from there.
    Next,
    /// Terminals differ: scripts whose letters join, emoji, whatever is made of several characters.
    None,
}

fn trust(symbol: &str) -> Trust {
    let mut chars = symbol.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if c.is_ascii() => Trust::Full,
        // Latin letters; punctuation, arrows, lines, blocks, Braille.
        (Some('\u{a1}'..'\u{250}' | '\u{2010}'..'\u{2900}'), None) => Trust::Next,
        _ => Trust::None,
    }
}

/// Set in the row of a place that is only assumed.
const ASSUMED: u16 = 1 << 15;

/// The way to a place from anywhere.
fn way_to(x: u16, y: u16) -> Vec<u8> {
    let mut out = Vec::with_capacity(10);
    // Writing to memory cannot fail.
    let _ = match (x, y) {
        (0, 0) => write!(out, "\x1b[H"),
        (0, _) => write!(out, "\x1b[{}H", y + 1),
        _ => write!(out, "\x1b[{};{}H", y + 1, x + 1),
    };
    out
}

/// The way from one place to another on the same line or a few lines below.
fn way_from(cx: u16, cy: u16, x: u16, y: u16) -> Option<Vec<u8>> {
    let down = y.checked_sub(cy).filter(|n| *n <= 3)?;
    let mut out = vec![b'\n'; usize::from(down)];
    // In raw mode a line feed keeps the column.
    let _ = match (x, i32::from(x) - i32::from(cx)) {
        (_, 0) => Ok(()),
        (0, _) => write!(out, "\r"),
        (_, -3..0) => write!(out, "{}", "\u{8}".repeat(usize::from(cx - x))),
        (_, 1) => write!(out, "\x1b[C"),
        (_, right @ 2..) => write!(out, "\x1b[{right}C"),
        (_, left) => write!(out, "\x1b[{}D", left.unsigned_abs()),
    };
    Some(out)
}

/// `text` in a style, for what is printed line by line and not drawn.
pub fn painted(text: &str, style: ratatui::style::Style) -> String {
    let style = Style {
        fg: style.fg.unwrap_or(Color::Reset),
        bg: style.bg.unwrap_or(Color::Reset),
        modifier: style.add_modifier,
    };
    let codes = joined(&changes(Style { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() }, style));
    if codes.is_empty() { text.to_owned() } else { format!("\x1b[{codes}m{text}\x1b[0m") }
}

/// The codes that turn one style into another.
fn changes(from: Style, to: Style) -> Vec<Vec<u8>> {
    let mut codes: Vec<Vec<u8>> = Vec::new();
    let mut held = from.modifier;
    for (modifier, _, off) in MODIFIERS {
        if held.contains(modifier) && !to.modifier.contains(modifier) {
            codes.push(vec![off]);
            // Bold and dim end together.
            MODIFIERS.iter().filter(|(_, _, o)| *o == off).for_each(|(m, ..)| held.remove(*m));
        }
    }
    codes.extend(
        MODIFIERS.iter().filter(|(m, ..)| to.modifier.contains(*m) && !held.contains(*m)).map(|(_, on, _)| vec![*on]),
    );
    codes.extend(colour(to.fg, 30).filter(|_| to.fg != from.fg));
    codes.extend(colour(to.bg, 40).filter(|_| to.bg != from.bg));
    codes
}

/// The code of a colour, where 30 is the first one of the text and 40 that of the background.
fn colour(color: Color, first: u8) -> Option<Vec<u8>> {
    let bright = first + 60;
    Some(match color {
        Color::Reset => vec![first + 9],
        Color::Black => vec![first],
        Color::Red => vec![first + 1],
        Color::Green => vec![first + 2],
        Color::Yellow => vec![first + 3],
        Color::Blue => vec![first + 4],
        Color::Magenta => vec![first + 5],
        Color::Cyan => vec![first + 6],
        Color::Gray => vec![first + 7],
        Color::DarkGray => vec![bright],
        Color::LightRed => vec![bright + 1],
        Color::LightGreen => vec![bright + 2],
        Color::LightYellow => vec![bright + 3],
        Color::LightBlue => vec![bright + 4],
        Color::LightMagenta => vec![bright + 5],
        Color::LightCyan => vec![bright + 6],
        Color::White => vec![bright + 7],
        Color::Indexed(i) => vec![first + 8, 5, i],
        Color::Rgb(r, g, b) => vec![first + 8, 2, r, g, b],
    })
}

/// An empty first code stands for *all as usual*.
fn joined(codes: &[Vec<u8>]) -> String {
    let numbers = |code: &Vec<u8>| code.iter().map(u8::to_string).collect::<Vec<_>>().join(";");
    codes.iter().map(numbers).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::{buffer::Buffer, layout::Rect, style::Style as Look};

    fn bytes(pen: &mut Pen, from: &Buffer, to: &Buffer) -> Vec<u8> {
        let mut out = Vec::new();
        for (x, y, cell) in from.diff(to) {
            pen.put(&mut out, (x, y), cell, to.area.width);
        }
        out
    }

    #[test]
    fn a_digit_in_each_row_takes_three_bytes() {
        let mut before = Buffer::empty(Rect::new(0, 0, 120, 40));
        for y in 0..40 {
            before.set_string(97, y, "0:41", Look::new().add_modifier(Modifier::DIM));
        }
        let mut after = before.clone();
        for y in 0..40 {
            after[(100, y)].set_symbol("2");
        }
        let mut pen = Pen::default();
        let out = bytes(&mut pen, &before, &after);
        assert_eq!(
            out.len(),
            "\x1b[1;101H\x1b[;2m2".len() + 39 * "\n\u{8}2".len(),
            "{}",
            String::from_utf8_lossy(&out)
        );
    }

    #[test]
    fn after_what_is_not_ascii_only_the_next_cell_follows_without_a_word() {
        let (empty, mut to) = (Buffer::empty(Rect::new(0, 0, 20, 2)), Buffer::empty(Rect::new(0, 0, 20, 2)));
        to.set_string(1, 0, "▁▂", Look::new());
        to.set_string(5, 0, "王", Look::new());
        to.set_string(8, 0, "x", Look::new());
        let out = String::from_utf8(bytes(&mut Pen::default(), &empty, &to)).unwrap();
        assert_eq!(out, "\x1b[1;2H\x1b[m▁▂\x1b[1;6H王\x1b[1;9Hx");
    }

    #[test]
    fn behind_a_script_of_which_terminals_have_their_own_ideas_every_place_is_said() {
        let (empty, mut to) = (Buffer::empty(Rect::new(0, 0, 20, 2)), Buffer::empty(Rect::new(0, 0, 20, 2)));
        to.set_string(0, 0, "aமb▁cd", Look::new());
        to.set_string(5, 1, "x", Look::new());
        let out = String::from_utf8(bytes(&mut Pen::default(), &empty, &to)).unwrap();
        let b = cell_of(&to, "b");
        assert!(out.contains(&format!("ம\x1b[1;{}Hb▁cd", b + 1)), "{out:?}");
        assert!(out.ends_with("cd\x1b[2;6Hx"), "nothing is reckoned from behind a block: {out:?}");
    }

    fn cell_of(buf: &Buffer, symbol: &str) -> u16 {
        (0..buf.area.width).find(|x| buf[(*x, 0)].symbol() == symbol).unwrap()
    }

    #[test]
    fn the_last_column_leaves_no_place_behind() {
        let (empty, mut to) = (Buffer::empty(Rect::new(0, 0, 3, 2)), Buffer::empty(Rect::new(0, 0, 3, 2)));
        to.set_string(2, 0, "a", Look::new());
        to.set_string(0, 1, "b", Look::new());
        assert_eq!(bytes(&mut Pen::default(), &empty, &to), b"\x1b[1;3H\x1b[ma\x1b[2Hb");
    }

    fn style() -> impl Strategy<Value = Look> {
        let color = prop_oneof![
            2 => Just(Color::Reset),
            2 => (0u8..16).prop_map(|i| [Color::Black, Color::Red, Color::Gray, Color::White][usize::from(i % 4)]),
            1 => any::<u8>().prop_map(Color::Indexed),
            1 => any::<(u8, u8, u8)>().prop_map(|(r, g, b)| Color::Rgb(r, g, b)),
        ];
        // The parser knows of bold and dim one at a time.
        let weights = vec![Modifier::empty(), Modifier::BOLD, Modifier::DIM];
        let others = vec![Modifier::empty(), Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED];
        let modifier =
            (prop::sample::select(weights), prop::sample::select(others.clone()), prop::sample::select(others));
        let modifier = modifier.prop_map(|(a, b, c)| a | b | c);
        (color.clone(), color, modifier).prop_map(|(fg, bg, m)| {
            // A cell keeps what a style does not take away.
            Look::reset().fg(fg).bg(bg).add_modifier(m).remove_modifier(!m)
        })
    }

    proptest! {
        #[test]
        fn the_terminal_shows_what_the_buffers_say(
            frames in prop::collection::vec(
                prop::collection::vec((0u16..18, 0u16..6, "[a-z0-9 ▁▇é]{1,9}", style()), 0..9), 1..6),
        ) {
            let area = Rect::new(0, 0, 18, 6);
            let mut terminal = vt100::Parser::new(6.try_into().unwrap(), 18.try_into().unwrap(), 0);
            let mut pen = Pen::default();
            let mut shown = Buffer::empty(area);
            for frame in frames {
                let mut next = shown.clone();
                for (x, y, text, style) in frame {
                    next.set_stringn(x, y, text, usize::from(18 - x), style);
                }
                pen.forget();
                terminal.process(&bytes(&mut pen, &shown, &next));
                shown = next;
                let mut fresh = vt100::Parser::new(6.try_into().unwrap(), 18.try_into().unwrap(), 0);
                let empty = Buffer::empty(area);
                for (x, y, cell) in empty.diff(&shown) {
                    // Each cell by itself, in full.
                    let mut out = Vec::new();
                    Pen::default().put(&mut out, (x, y), cell, 18);
                    fresh.process(&out);
                }
                for y in 0..6 {
                    for x in 0..18 {
                        let (a, b) = (terminal.screen().cell(y, x).unwrap(), fresh.screen().cell(y, x).unwrap());
                        let text = |c: &vt100::Cell| if c.contents().is_empty() { " ".to_owned() } else { c.contents().to_owned() };
                        let look = |c: &vt100::Cell| (c.fgcolor(), c.bgcolor(), c.bold(), c.dim(), c.italic(), c.underline(), c.inverse());
                        prop_assert_eq!((text(a), look(a)), (text(b), look(b)), "at {},{}", x, y);
                    }
                }
            }
        }
    }
}
