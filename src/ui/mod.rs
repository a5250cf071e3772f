//! The screen: one file per region, each a pure function of the state. Reads no clock, does no I/O, never fails.
//!
//! ```text
//!  < 40x8   small     the worst rows alone
//!  40..     header, table with name, AHT, age and state, footer
//!  80x24    counts, banners, all columns
//!  110..    the detail of the selected row beside the table
//!  120x40   frames around the tables, the log below
//! ```

mod alerts;
mod axis;
mod banners;
mod budget;
mod canvas;
mod cell;
mod cells;
mod chart;
mod compare;
mod counts;
mod detail;
mod fate;
mod footer;
pub mod glyphs;
mod header;
mod help;
mod log;
mod menu;
mod pages;
mod scale;
mod scene;
mod segments;
mod small;
mod sparkline;
mod status;
mod table;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_cases;
#[cfg(test)]
mod tests_facts;
#[cfg(test)]
mod tests_matrix;
#[cfg(test)]
mod tests_names;
#[cfg(test)]
mod tests_presence;
#[cfg(test)]
mod tests_screens;
#[cfg(test)]
mod tests_tables;
#[cfg(test)]
mod tests_truth;
#[cfg(test)]
mod tests_words;
#[cfg(test)]
mod tests_worlds;
pub mod theme;
mod wall;
mod words;

use ratatui::{Frame, buffer::Buffer, layout::Rect};

pub use self::theme::{Look, TerminalFacts};
use self::{canvas::Canvas, scene::Scene};
use crate::{
    app::{FrameLayout, Overlay, State, View, tables},
    domain::Kind,
};

/// Smaller than this in either direction, only the worst rows are shown.
const SMALL: (u16, u16) = (40, 8);
/// From this width on the detail stands beside the table.
const BESIDE: u16 = 110;
/// Least height of the detail below a table.
const BELOW: u16 = 10;
/// From this width on alerts and log stand beside each other.
const BOTH: u16 = 150;
/// From this size on tables have frames.
const FRAMES: (u16, u16) = (110, 30);

/// Draws the state into the frame, puts the cursor where text is typed, and says what there was room for.
pub fn draw(frame: &mut Frame<'_>, state: &State, look: &Look) -> FrameLayout {
    let area = frame.area();
    let layout = draw_on(frame.buffer_mut(), area, state, look);
    if let Some(cursor) = layout.cursor {
        frame.set_cursor_position(cursor);
    }
    layout
}

/// Draws the state into a part of a buffer: the same picture without a terminal. Cells outside `area` are not touched.
pub fn draw_on(buf: &mut Buffer, area: Rect, state: &State, look: &Look) -> FrameLayout {
    let mut canvas = Canvas::new(buf, area, look);
    let scene = Scene::of(state);
    let mut layout = FrameLayout::default();
    canvas.clear();
    if state.navigation.wall.is_some() {
        wall::draw(&mut canvas, &scene, &mut layout);
        return layout;
    }
    if canvas.width() < SMALL.0 || canvas.height() < SMALL.1 {
        small::draw(&mut canvas, &scene, &mut layout);
    } else {
        full(&mut canvas, &scene, &mut layout);
    }
    match &state.navigation.overlay {
        Some(Overlay::Help { scroll }) => help::draw(&mut canvas, &scene, *scroll, &mut layout),
        Some(Overlay::SortMenu { cursor }) => menu::sort(&mut canvas, &scene, *cursor, &mut layout),
        Some(Overlay::MuteMenu { id, cursor }) => alerts::mute_menu(&mut canvas, &scene, id, *cursor, &mut layout),
        Some(Overlay::Note { alerts, text }) => alerts::note(&mut canvas, &scene, alerts, text, &mut layout),
        Some(Overlay::Columns { cursor }) => menu::choose_columns(&mut canvas, &scene, *cursor, &mut layout),
        Some(Overlay::Banners { scroll }) => banners::draw_all(&mut canvas, &scene, *scroll, &mut layout),
        None => {}
    }
    layout
}

/// The lines around the middle, from above and below; what there is no room for goes first.
fn full(canvas: &mut Canvas<'_>, scene: &Scene<'_>, layout: &mut FrameLayout) {
    let (w, h) = (canvas.width(), canvas.height());
    header::draw(&mut canvas.part(0, 0, w, 1), scene);
    let mut top = 1;
    if h >= 12 {
        counts::draw(&mut canvas.part(0, top, w, 1), scene);
        top += 1;
    }
    let most = match h {
        0..16 => 1,
        16..30 => 2,
        _ => 3,
    };
    top += banners::draw(&mut canvas.part(0, top, w, most), scene);

    let mut bottom = h;
    if h >= 10 {
        bottom -= 1;
        footer::keys(&mut canvas.part(0, bottom, w, 1), scene);
    }
    if h >= 14 {
        bottom -= 1;
        footer::facts(&mut canvas.part(0, bottom, w, 1), scene);
    }
    bottom -= 1;
    middle(&mut canvas.part(0, top, w, bottom.saturating_sub(top)), scene, layout, w >= FRAMES.0 && h >= FRAMES.1);
    let cursor = status::draw(&mut canvas.part(0, bottom, w, 1), scene, layout);
    layout.cursor = cursor.map(|x| canvas.on_screen(x, bottom));
}

/// Tables, detail and log.
fn middle(canvas: &mut Canvas<'_>, scene: &Scene<'_>, layout: &mut FrameLayout, frames: bool) {
    let (mut w, mut h) = (canvas.width(), canvas.height());
    match scene.state.navigation.view {
        View::Budget => return budget::draw(canvas, scene, frames, layout),
        View::Log => return log::draw_view(canvas, scene, frames, layout),
        View::Overview | View::Agents | View::Campaigns | View::Alerts => {}
    }
    if scene.state.navigation.detail_open {
        detail::draw(canvas, scene, frames, layout);
        return;
    }
    if scene.state.navigation.view == View::Alerts {
        alerts::draw(canvas, scene, frames, layout);
        return;
    }
    let (alerts, events) = (scene.data.alerts.len(), scene.data.events.len());
    if frames && h >= 30 && alerts.max(events) > 0 {
        let wanted = u16::try_from(alerts.max(events)).unwrap_or(u16::MAX).saturating_add(2);
        let lines = wanted.min((h / 5).clamp(5, 10));
        h -= lines;
        // What somebody should look at goes before what happened; beside each other where there is room for both.
        let left = match (alerts, events) {
            (0, _) => 0,
            (_, 0) => w,
            _ if w < BOTH => w,
            _ => w * 3 / 5,
        };
        if left > 0 {
            alerts::pane(&mut canvas.part(0, h, left, lines), scene);
        }
        if left < w {
            log::draw(&mut canvas.part(left, h, w - left, lines), scene);
        }
    }
    // The detail stands beside all tables, so that their columns are as wide and stand one below the other.
    if w >= BESIDE && h >= 8 {
        let beside = (w / 3).clamp(38, 76);
        w -= beside;
        detail::draw(&mut canvas.part(w, 0, beside, h), scene, frames, layout);
    }
    let around: u16 = if frames { 3 } else { 1 };
    let tables = tables::tables(scene.state);
    // Campaigns are few, and leave room for the selected one below.
    let wanted = u16::try_from(scene.items(Kind::Campaign).len().max(1)).unwrap_or(u16::MAX).saturating_add(around);
    if tables == [Kind::Campaign] && w < BESIDE && canvas.width() < BESIDE && h.saturating_sub(wanted) >= BELOW {
        detail::below(&mut canvas.part(0, wanted, w, h - wanted), scene, (scene.selected(), None), frames, layout);
        h = wanted;
    }
    let mut y = 0;
    let rows = |kind: Kind| u16::try_from(scene.items(kind).len().max(1)).unwrap_or(u16::MAX / 4);
    // Where all rows have room for a trend of two lines, each has, whatever the filter leaves of them.
    let whole = |kind: Kind| u16::try_from(scene.whole(kind).max(1)).unwrap_or(u16::MAX / 4);
    let all =
        tables.iter().fold(0u16, |all, kind| all.saturating_add(whole(*kind).saturating_mul(2)).saturating_add(around));
    let tall = all <= h;
    for (i, kind) in tables.iter().enumerate() {
        let height = if i + 1 < tables.len() {
            // The campaigns are few: they get the rows that they need, up to a third.
            let wanted = rows(*kind);
            let room = if tall { wanted * 2 } else { wanted.min((h / 3).saturating_sub(around).max(1)) };
            (room + around).min(h - y)
        } else {
            h - y
        };
        table::draw(&mut canvas.part(0, y, w, height), scene, *kind, (frames, tall), layout);
        y += height;
    }
}
