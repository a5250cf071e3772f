//! The menus: by which column to sort, and which columns there are.

use super::{FrameLayout, canvas::Canvas, scene::Scene, table};
use crate::app::{SORT_COLUMNS, columns};

/// Draws the menu over the screen with its cursor.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, cursor: usize, layout: &mut FrameLayout) {
    let (w, h) = (canvas.width(), canvas.height());
    let (width, height) = (30.min(w), (SORT_COLUMNS.len() as u16 + 2).min(h));
    let mut part = canvas.part((w - width) / 2, (h - height) / 2, width, height);
    part.clear();
    let mut part = part.framed("Sort by", "Enter");
    let room = usize::from(part.height());
    // The cursor stays visible in a menu that is too low for its entries.
    let from = (cursor + 1).saturating_sub(room).min(SORT_COLUMNS.len().saturating_sub(room));
    let look = part.look;
    let width = part.width();
    for (y, (i, column)) in (0..part.height()).zip(SORT_COLUMNS.iter().enumerate().skip(from)) {
        let present = scene.state.preferences.sort.column == *column;
        let mark = if present { look.glyphs.sort[usize::from(!scene.state.preferences.sort.reverse)] } else { " " };
        part.put(1, y, 1, if i == cursor { look.glyphs.cursor } else { " " }, look.styles.accent);
        part.put(3, y, 1, mark, look.styles.accent);
        part.put(5, y, width.saturating_sub(5), table::name_of(*column), look.styles.text);
        if i == cursor {
            part.select(y);
        }
    }
    layout.overlay = room;
    layout.overlay_lines = SORT_COLUMNS.len();
}

/// Draws the menu of columns over the screen with its cursor: those that are shown in their order, then the others.
pub(super) fn draw_columns(canvas: &mut Canvas<'_>, scene: &Scene<'_>, cursor: usize, layout: &mut FrameLayout) {
    let entries = columns::entries(scene.state);
    let (w, h) = (canvas.width(), canvas.height());
    let (width, height) = (34.min(w), (entries.len() as u16 + 2).min(h));
    let mut part = canvas.part((w - width) / 2, (h - height) / 2, width, height);
    part.clear();
    let mut part = part.framed("Columns", "Space J K");
    let room = usize::from(part.height());
    let from = (cursor + 1).saturating_sub(room).min(entries.len().saturating_sub(room));
    let look = part.look;
    let width = part.width();
    for (y, (i, (column, shown))) in (0..part.height()).zip(entries.iter().enumerate().skip(from)) {
        part.put(1, y, 1, if i == cursor { look.glyphs.cursor } else { " " }, look.styles.accent);
        let (mark, style) = match (column.fixed(), shown) {
            (true, _) => ("[=]", look.styles.dim),
            (false, true) => ("[x]", look.styles.accent),
            (false, false) => ("[ ]", look.styles.dim),
        };
        part.put(3, y, 3, mark, style);
        part.put(7, y, width.saturating_sub(7), table::name_of(*column), look.styles.text);
        if i == cursor {
            part.select(y);
        }
    }
    layout.overlay = room;
    layout.overlay_lines = entries.len();
}
