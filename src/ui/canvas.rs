//! A piece of the screen that a region may write to, and no cell beyond it.
//!
//! All text of the screen passes through here: it is cut to its cells with an ellipsis, control characters are dropped,
//! what else a terminal would act upon is replaced (ids are configured and come as they are), and in the ASCII set
//! everything else is shown in ASCII.

use std::{borrow::Cow, num::NonZeroU16};

use ratatui::{
    buffer::{Buffer, CellDiffOption, CellWidth},
    layout::Rect,
    style::{Modifier, Style},
};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::theme::Look;
use crate::domain::clean;

/// A rectangle of the frame's buffer, with the looks. Coordinates are relative to its upper left corner; whatever lies
/// outside is not drawn.
pub(super) struct Canvas<'a> {
    buf: &'a mut Buffer,
    area: Rect,
    pub look: &'a Look,
}

impl<'a> Canvas<'a> {
    /// The part of `area` that lies within `buf`.
    pub(super) fn new(buf: &'a mut Buffer, area: Rect, look: &'a Look) -> Self {
        let area = area.intersection(buf.area);
        Canvas { buf, area, look }
    }

    /// Columns.
    pub(super) fn width(&self) -> u16 {
        self.area.width
    }

    /// Rows.
    pub(super) fn height(&self) -> u16 {
        self.area.height
    }

    /// Where a cell of this canvas lies on the screen.
    pub(super) fn on_screen(&self, x: u16, y: u16) -> (u16, u16) {
        (self.area.x.saturating_add(x), self.area.y.saturating_add(y))
    }

    /// A part of this canvas, cut to it.
    pub(super) fn part(&mut self, x: u16, y: u16, width: u16, height: u16) -> Canvas<'_> {
        let wanted = Rect { x: self.area.x.saturating_add(x), y: self.area.y.saturating_add(y), width, height };
        Canvas { area: wanted.intersection(self.area), buf: self.buf, look: self.look }
    }

    pub(super) fn clear(&mut self) {
        for y in self.area.top()..self.area.bottom() {
            for x in self.area.left()..self.area.right() {
                if let Some(cell) = self.buf.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// Marks a line as selected. Filled cells stay as they are, because their filling is what they say, and nothing in
    /// the line is dim.
    pub(super) fn select(&mut self, y: u16) {
        let style = self.look.styles.selected;
        let y = self.area.y.saturating_add(y);
        for x in self.area.left()..self.area.right() {
            if let Some(cell) = self.buf.cell_mut((x, y)).filter(|c| !c.modifier.contains(Modifier::REVERSED)) {
                cell.modifier.remove(Modifier::DIM);
                if Style::reset().bg == Some(cell.bg) {
                    cell.set_style(style);
                }
            }
        }
    }

    /// Lays a style over a rectangle.
    pub(super) fn tint(&mut self, x: u16, y: u16, width: u16, height: u16, style: Style) {
        let area = self.part(x, y, width, height).area;
        self.buf.set_style(area, style);
    }

    /// Writes `text` from column `x` on into at most `width` cells; returns the column behind it. What does not fit is
    /// cut between clusters, and an ellipsis says so.
    pub(super) fn put(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let room = width.min(self.area.width.saturating_sub(x));
        if room == 0 || y >= self.area.height || text.is_empty() {
            return x;
        }
        let text = match text.is_ascii() {
            true => Cow::Borrowed(text),
            false if self.look.glyphs.ascii() => to_ascii(text),
            false => clean(text, usize::MAX),
        };
        let (ax, ay) = (self.area.x + x, self.area.y + y);
        let style = whole(style);
        let end = if text.len() <= usize::from(room) || cells(&text) <= usize::from(room) {
            self.write(ax, ay, room, &text, style)
        } else {
            let end = self.write(ax, ay, room - 1, &text, style);
            self.write(end, ay, 1, self.look.glyphs.ellipsis, style)
        };
        end - self.area.x
    }

    /// Writes the clusters of `text` that have room in `room` cells of the buffer; returns the column behind them.
    fn write(&mut self, x: u16, y: u16, room: u16, text: &str, style: Style) -> u16 {
        if text.is_ascii() {
            return self.buf.set_stringn(x, y, text, usize::from(room), style).0;
        }
        let (mut at, end) = (x, x.saturating_add(room));
        for cluster in text.graphemes(true).filter(|g| !g.contains(char::is_control)) {
            let width = cluster_cells(cluster);
            let next = at.saturating_add(width);
            if next > end {
                break;
            }
            for column in at..next {
                if let Some(cell) = self.buf.cell_mut((column, y)) {
                    cell.reset();
                }
            }
            if let Some(cell) = self.buf.cell_mut((at, y)).filter(|_| width > 0) {
                cell.set_symbol(cluster).set_style(style);
                if let Some(width) = NonZeroU16::new(width).filter(|w| w.get() != cluster.cell_width()) {
                    cell.set_diff_option(CellDiffOption::ForcedWidth(width));
                }
            }
            at = next;
        }
        at
    }

    /// Writes `text` flush right into the `width` cells from column `x` on.
    pub(super) fn put_right(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) {
        let used = u16::try_from(cells(text)).unwrap_or(u16::MAX).min(width);
        self.put(x.saturating_add(width - used), y, used, text, style);
    }

    /// Writes several pieces one behind the other, up to the column `end`; returns the column behind them.
    pub(super) fn put_all(&mut self, x: u16, y: u16, end: u16, pieces: &[(&str, Style)]) -> u16 {
        pieces.iter().fold(x, |x, (text, style)| self.put(x, y, end.saturating_sub(x), text, *style))
    }

    /// Draws one symbol of one cell.
    pub(super) fn dot(&mut self, x: u16, y: u16, symbol: &str, style: Style) {
        if x < self.area.width
            && y < self.area.height
            && let Some(cell) = self.buf.cell_mut((self.area.x + x, self.area.y + y))
        {
            cell.set_symbol(symbol).set_style(whole(style));
        }
    }

    /// Draws a frame around the canvas with a title at the left and a remark at the right, and returns the inside.
    pub(super) fn framed(&mut self, title: &str, remark: &str) -> Canvas<'_> {
        let (w, h) = (self.area.width, self.area.height);
        if w < 2 || h < 2 {
            return self.part(0, 0, w, h);
        }
        let style = self.look.styles.dim;
        let glyphs = self.look.glyphs;
        for x in 1..w - 1 {
            self.dot(x, 0, glyphs.hv[0], style);
            self.dot(x, h - 1, glyphs.hv[0], style);
        }
        for y in 1..h - 1 {
            self.dot(0, y, glyphs.hv[1], style);
            self.dot(w - 1, y, glyphs.hv[1], style);
        }
        for (symbol, (x, y)) in glyphs.corners.iter().zip([(0, 0), (w - 1, 0), (0, h - 1), (w - 1, h - 1)]) {
            self.dot(x, y, symbol, style);
        }
        let mut end = 2;
        if !title.is_empty() && w > 6 {
            let title = format!(" {title} ");
            end = self.put(2, 0, w - 4, &title, self.look.styles.accent);
        }
        let remark_width = u16::try_from(cells(remark)).unwrap_or(u16::MAX).saturating_add(2);
        if !remark.is_empty() && end.saturating_add(remark_width).saturating_add(3) <= w {
            self.put(w - 2 - remark_width, 0, remark_width, &format!(" {remark} "), style);
        }
        self.part(1, 1, w - 2, h - 2)
    }

    /// The inside of what stands below something else: in a frame, or under a line with the title.
    pub(super) fn headed(&mut self, title: &str, frame: bool) -> Canvas<'_> {
        if frame {
            return self.framed(title, "");
        }
        let (w, h) = (self.area.width, self.area.height);
        for x in 0..w {
            self.dot(x, 0, self.look.glyphs.hv[0], self.look.styles.dim);
        }
        self.put(2, 0, w.saturating_sub(4), &format!(" {title} "), self.look.styles.accent);
        self.part(0, 1, w, h.saturating_sub(1))
    }
}

/// `style` with nothing left of what stood there before.
fn whole(style: Style) -> Style {
    Style::reset().patch(style)
}

/// `text` broken at white space into lines of at most `width` cells; a longer word gets a line of its own, which
/// [`Canvas::put`] cuts.
pub(super) fn wrap(text: &str, width: u16) -> Vec<String> {
    let width = usize::from(width);
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let w = cells(word);
        match lines.last_mut() {
            Some(line) if used + 1 + w <= width => {
                line.push(' ');
                line.push_str(word);
                used += 1 + w;
            }
            _ => {
                lines.push(word.to_owned());
                used = w;
            }
        }
    }
    lines
}

/// Vowel signs that have a place of their own beside their letter. By the width tables of some terminals, tmux with the
/// system's among them, they take a cell, by others none.
const BESIDE: [char; 18] = [
    '\u{9be}', '\u{9d7}', '\u{b3e}', '\u{b57}', '\u{bbe}', '\u{bd7}', '\u{cc0}', '\u{cc2}', '\u{cc7}', '\u{cc8}',
    '\u{cca}', '\u{ccb}', '\u{cd5}', '\u{cd6}', '\u{d3e}', '\u{d57}', '\u{dcf}', '\u{ddf}',
];

/// How many cells a cluster is given: as many as the most generous terminal takes for it. Where one takes less, a blank
/// follows, which is better than a letter that is overwritten by the next one.
fn cluster_cells(cluster: &str) -> u16 {
    let beside = cluster.chars().filter(|c| BESIDE.contains(c) && c.width() == Some(0)).count();
    cluster.cell_width().saturating_add(u16::try_from(beside).unwrap_or(u16::MAX))
}

/// How many cells `text` takes when it is drawn cluster by cluster, as the terminal's buffer counts them.
pub(super) fn cells(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).filter(|g| !g.contains(char::is_control)).map(|g| usize::from(cluster_cells(g))).sum()
}

/// `text` in ASCII: the usual signs by their twins, anything else as `?` in as many cells.
fn to_ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for g in text.graphemes(true) {
        match g {
            _ if g.is_ascii() => out.push_str(g),
            "…" => out.push('~'),
            "–" | "—" | "−" => out.push('-'),
            "’" | "‘" => out.push('\''),
            "“" | "”" => out.push('"'),
            "·" => out.push('.'),
            "×" => out.push('x'),
            "→" => out.push('>'),
            _ => out.extend(std::iter::repeat_n('?', usize::from(cluster_cells(g)))),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Colors, Theme},
        ui::{
            glyphs::{ASCII, UNICODE},
            theme::Styles,
        },
    };
    use proptest::prelude::*;

    fn look(ascii: bool) -> Look {
        let (theme, colors) = (Theme::Mono, Colors::None);
        let styles = Styles::of(theme, colors);
        let glyphs = if ascii { &ASCII } else { &UNICODE };
        Look { theme, colors, styles, glyphs, terminal: crate::ui::TerminalFacts::default() }
    }

    fn drawn(text: &str, width: u16, ascii: bool) -> String {
        let look = look(ascii);
        let mut buf = Buffer::filled(Rect::new(0, 0, width + 2, 1), ratatui::buffer::Cell::new("#"));
        let style = look.styles.text;
        Canvas::new(&mut buf, Rect::new(1, 0, width, 1), &look).put(0, 0, width, text, style);
        buf.content().iter().map(|c| c.symbol()).collect()
    }

    #[test]
    fn a_cut_is_marked_and_wide_clusters_are_kept_whole() {
        assert_eq!(drawn("Imran Qureshi", 9, false), "#Imran Qu…#");
        assert_eq!(drawn("Imran Q", 9, false), "#Imran Q###");
        // The second cell of a wide cluster is a blank in the buffer.
        assert_eq!(drawn("王小明", 4, false), "#王 …##");
        assert_eq!(drawn("प्रिया शर्मा", 20, true).matches('?').count(), cells("प्रिया शर्मा") - 1);
        // A sign that some terminals put into a cell of its own is given one.
        assert_eq!((drawn("দাx", 4, false), cells("দাx")), ("#দা x##".to_owned(), 3));
        assert_eq!(drawn("a\u{1b}[31mb", 9, false), "#a[31mb####");
        assert_eq!(drawn("Imran Qureshi", 9, true), "#Imran Qu~#");
    }

    #[test]
    fn what_breaks_or_turns_a_line_is_replaced() {
        assert_eq!(drawn("a\u{2028}b\u{2029}c\u{202e}d\u{ad}e", 9, false), "#a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e#");
        assert!(drawn("a\u{2028}b\u{2029}c\u{202e}d\u{ad}e", 9, true).is_ascii());
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_cells(text in any::<String>(), width in 0u16..24, ascii in any::<bool>()) {
            let got = drawn(&text, width, ascii);
            prop_assert!(got.starts_with('#') && got.ends_with('#'));
            prop_assert_eq!(clean(&got, usize::MAX), got.as_str());
            if ascii {
                prop_assert!(got.is_ascii());
            }
        }
    }
}
