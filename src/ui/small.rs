//! Screens too small for a table: the rows that need a look first, one line each, down to a single cell.

use ratatui::style::Style;

use super::{
    canvas::Canvas,
    cell, cells,
    scene::Scene,
    words::{self, board},
};
use crate::{
    app::{FrameLayout, Line, rows},
    domain::Kind,
};

/// Draws as much as fits.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, layout: &mut FrameLayout) {
    let (w, h) = (canvas.width(), canvas.height());
    let mut lines: Vec<Line<'_>> = Kind::ALL.into_iter().flat_map(|k| scene.lines(k).iter().copied()).collect();
    // Stable: within one rank the order of the tables holds.
    lines.sort_by_key(|l| l.state.rank());
    let head = h >= 3 && w >= 6;
    if head {
        first_line(canvas, scene, &lines);
    }
    let top = u16::from(head);
    if lines.is_empty() {
        let style = canvas.look.styles.dim;
        canvas.put(0, top, w, board::NO_ROW, style);
    }
    for (y, line) in (top..h).zip(&lines) {
        row(canvas, scene, line, y);
        layout.seen.push(line.target().clone());
    }
    let room = usize::from(h - top.min(h));
    layout.campaigns = room;
    layout.agents = room;
}

/// FROZEN or the link, and the oldest age.
fn first_line(canvas: &mut Canvas<'_>, scene: &Scene<'_>, lines: &[Line<'_>]) {
    let s = canvas.look.styles;
    let w = canvas.width();
    let (word, _, good) = scene.link();
    let frozen = scene.state.frozen.is_some();
    let word = match scene.state.config.mode {
        _ if frozen => board::FROZEN.into(),
        Some(mode) if good => mode.into(),
        // What is shown is not of now, or not real, also where the link is bad.
        Some(mode) => format!("{mode} {word}"),
        None => word.to_owned(),
    };
    // That all is well may be left out for the age; nothing else may.
    let plain = good && !frozen && scene.state.config.mode.is_none();
    let word = if plain && w < 12 { "" } else { &word };
    let x = canvas.put(0, 0, w, word, if good && !frozen { s.accent } else { s.error });
    if let Some((age, _)) = rows::oldest(lines) {
        let (long, short) = (format!(" {}", words::oldest(age)), format!(" {}", cells::age(Some(age))));
        let room = usize::from(w.saturating_sub(x));
        if let Some(text) = [long, short].into_iter().find(|t| t.len() <= room) {
            canvas.put(x, 0, w, &text, s.dim);
        }
    }
}

/// The first sign of the mark; a dot for an ok, which has none.
fn one_cell(canvas: &mut Canvas<'_>, y: u16, mark: &str, style: Style) {
    let dot = canvas.look.glyphs.dot;
    let mut utf8 = [0; 4];
    let one = mark.trim().chars().next().map_or(dot, |c| c.encode_utf8(&mut utf8));
    canvas.dot(0, y, one, style);
}

/// Mark, AHT, name, age: whole or not at all, the age before the name.
fn row(canvas: &mut Canvas<'_>, scene: &Scene<'_>, line: &Line<'_>, y: u16) {
    let look = canvas.look;
    let s = look.styles;
    let w = canvas.width();
    let style = s.state(line.state);
    let mark = look.glyphs.state(line.state);
    let old = cells::is_old(line.state);
    let value = match line.aht {
        Some(aht) => format!("{}{}", cells::aht(Some(aht)), if old { "?" } else { "" }),
        None => line.state.word().to_owned(),
    };
    if w < 5 {
        one_cell(canvas, y, mark, style);
        return;
    }
    let x = if w < 7 {
        one_cell(canvas, y, mark, style);
        1
    } else {
        canvas.put(0, y, 2, mark, style) + 1
    };
    let age = cells::age(line.age);
    let (value_width, age_width) = (8.min(w - x), 5);
    canvas.put(x, y, value_width, &value, if scene.is_faded(line) { s.stale } else { s.text });
    let after = x + value_width + 1;
    if after + age_width <= w {
        canvas.put_right(w - age_width, y, age_width, &age, s.dim);
    }
    if after + age_width + 4 <= w {
        let name = cell::name(scene, line, look.glyphs.ascii());
        canvas.put(after, y, w - age_width - after - 1, &name, s.text);
    }
}
