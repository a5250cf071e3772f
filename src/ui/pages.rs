//! A view that is a text: lines of pieces, scrolled, in a frame where there is room for one.

use ratatui::style::Style;

use super::{
    canvas::Canvas,
    scene::Scene,
    words::{self, board},
};
use crate::app::FrameLayout;

/// One line: pieces of text, each with the column where it begins; `None`: behind the one before.
pub(super) type TextLine = Vec<(Option<u16>, String, Style)>;

/// A line of one piece.
pub(super) fn plain(at: u16, text: impl Into<String>, style: Style) -> TextLine {
    vec![(Some(at), text.into(), style)]
}

/// The inside of a view with this title; without a frame the title is left out, because the header says it.
pub(super) fn inside<'c>(canvas: &'c mut Canvas<'_>, frames: bool, title: &str, remark: &str) -> Canvas<'c> {
    let (w, h) = (canvas.width(), canvas.height());
    if frames { canvas.framed(title, remark) } else { canvas.part(0, 0, w, h) }
}

/// Draws `lines` from the one that the view is scrolled to on, and notes how many there was room for.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, lines: &[TextLine], layout: &mut FrameLayout) {
    let room = usize::from(canvas.height());
    let from = scene.state.navigation.scroll.min(lines.len().saturating_sub(room));
    let width = canvas.width();
    for (y, line) in (0..canvas.height()).zip(lines.iter().skip(from)) {
        let mut x = 1;
        for (at, text, style) in line {
            x = canvas.put(at.unwrap_or(x), y, width.saturating_sub(at.unwrap_or(x)), text, *style);
        }
    }
    layout.overlay = room;
    layout.overlay_lines = lines.len();
}

/// Which of how many lines are shown, where not all of them are.
pub(super) fn range(scene: &Scene<'_>, layout: &FrameLayout) -> Option<String> {
    let (room, all) = (layout.overlay, layout.overlay_lines);
    let from = scene.state.navigation.scroll.min(all.saturating_sub(room));
    (all > room && room > 0).then(|| board::lines(&words::range((from + 1, from + room), all)))
}
