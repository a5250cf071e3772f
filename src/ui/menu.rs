//! A menu over the screen: entries with the cursor on one of them.

use ratatui::style::Style;

use super::{
    canvas::{Canvas, cells},
    scene::Scene,
    words::overlay as words,
};
use crate::app::{Column, FrameLayout, columns};

/// A line of a menu.
pub(super) struct Entry {
    /// Before the text, as wide in all entries.
    pub mark: (&'static str, Style),
    pub text: &'static str,
}

/// Draws a menu of `entries` in the middle of the screen. Its cursor stays in view where there is no room for all.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    (title, remark, width): (&str, &str, u16),
    entries: &[Entry],
    cursor: usize,
    layout: &mut FrameLayout,
) {
    let (w, h) = (canvas.width(), canvas.height());
    let wanted = u16::try_from(entries.len()).unwrap_or(u16::MAX).saturating_add(2);
    let (width, height) = (width.min(w), wanted.min(h));
    let mut part = canvas.part((w - width) / 2, (h - height) / 2, width, height);
    part.clear();
    let mut part = part.framed(title, remark);
    let (room, look, width) = (usize::from(part.height()), part.look, part.width());
    let from = (cursor + 1).saturating_sub(room).min(entries.len().saturating_sub(room));
    for (y, (i, entry)) in (0..part.height()).zip(entries.iter().enumerate().skip(from)) {
        part.put(1, y, 1, if i == cursor { look.glyphs.cursor } else { " " }, look.styles.accent);
        let (mark, style) = entry.mark;
        let mark_width = u16::try_from(cells(mark)).unwrap_or(0);
        part.put(3, y, mark_width, mark, style);
        let x = if mark_width == 0 { 3 } else { 4 + mark_width };
        part.put(x, y, width.saturating_sub(x), entry.text, look.styles.text);
        if i == cursor {
            part.select(y);
        }
    }
    layout.overlay = room;
    layout.overlay_lines = entries.len();
}

/// By which column to sort.
pub(super) fn sort(canvas: &mut Canvas<'_>, scene: &Scene<'_>, cursor: usize, layout: &mut FrameLayout) {
    let (sort, look) = (scene.state.preferences.sort, canvas.look);
    let arrow = look.glyphs.sort[usize::from(!sort.reverse)];
    let entry = |column: Column| Entry {
        mark: (if column == sort.column { arrow } else { " " }, look.styles.accent),
        text: column.spec().label,
    };
    let entries: Vec<Entry> = Column::sort_menu().into_iter().map(entry).collect();
    draw(canvas, (words::SORT_BY, words::SORT, 30), &entries, cursor, layout);
}

/// Which columns there are: those that are shown in their order, then the others.
pub(super) fn choose_columns(canvas: &mut Canvas<'_>, scene: &Scene<'_>, cursor: usize, layout: &mut FrameLayout) {
    let styles = &canvas.look.styles;
    let entry = |(column, shown): (Column, bool)| Entry {
        mark: match (column.fixed(), shown) {
            (true, _) => ("[=]", styles.dim),
            (false, true) => ("[x]", styles.accent),
            (false, false) => ("[ ]", styles.dim),
        },
        text: column.spec().label,
    };
    let entries: Vec<Entry> = columns::entries(scene.state).into_iter().map(entry).collect();
    draw(canvas, (words::COLUMNS, words::SHOW_OR_HIDE, 34), &entries, cursor, layout);
}
