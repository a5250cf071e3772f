//! The cells of a row: what a column shows, and how much room its contents want.

use std::borrow::Cow;

use ratatui::style::Style;

use super::{
    canvas::{Canvas, cells as cells_of},
    cells::{self, NOTHING},
    scene::Scene,
    sparkline::{self, Trend},
    words::board as words,
};
use crate::{
    app::{Column, Line, RowState, names},
    domain::Kind,
};

/// A moment on the clock.
const CLOCK: u16 = 8;
/// Cells that a name has at least where there is room for any other column.
const SHORT_NAME: u16 = 12;

/// A column, and how many cells it needs, wants and takes at most with the contents that it has.
pub(super) struct Room {
    pub column: Column,
    pub least: u16,
    pub comfort: u16,
    pub most: u16,
}

/// The room for `column` in a table of these lines.
pub(super) fn room(canvas: &Canvas<'_>, scene: &Scene<'_>, column: Column, lines: &[Line<'_>]) -> Room {
    let width = column.spec().width;
    let most = width.grows.map_or(0, |(_, most)| most);
    let room = Room { column, least: width.least, comfort: width.comfort, most };
    let widest = |of: &dyn Fn(&Line<'_>) -> usize| {
        u16::try_from(lines.iter().map(of).max().unwrap_or(0)).unwrap_or(u16::MAX).min(most)
    };
    match column {
        Column::Name => {
            let most = widest(&|l| cells_of(&name(scene, l, canvas.look.glyphs.ascii())));
            Room { comfort: width.comfort.min(most).max(SHORT_NAME), most, ..room }
        }
        Column::Group => Room { most: widest(&|l| l.group().map_or(0, cells_of)), ..room },
        Column::Login => Room { most: widest(&|l| l.login.map_or(0, |login| cells_of(login.word) + 3)), ..room },
        Column::Age if scene.state.preferences.age_as_time => Room { least: CLOCK, comfort: CLOCK, ..room },
        _ => room,
    }
}

/// The title of `column` in a table of `kind`.
pub(super) fn title(scene: &Scene<'_>, column: Column, kind: Kind) -> String {
    match column {
        Column::Age if scene.state.preferences.age_as_time => words::READ.into(),
        _ => column.title(kind),
    }
}

/// Cells at the left and at the right that title and value leave free: a trend stands apart from the number before it,
/// and behind an AHT is the mark of an old one.
pub(super) const fn inset(column: Column) -> (u16, u16) {
    match column {
        Column::Trend => (1, 0),
        Column::Aht => (0, 1),
        _ => (0, 0),
    }
}

/// Draws one cell into its place `(x, y, width)`; the trend takes all the rows that the line has.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    scene: &Scene<'_>,
    line: &Line<'_>,
    column: Column,
    (x, y, width): (u16, u16, u16),
    height: u16,
) {
    let look = canvas.look;
    let s = &look.styles;
    let old = cells::is_old(line.state);
    let faded = scene.is_faded(line);
    let quiet = if faded { s.stale } else { s.text };
    let right = |canvas: &mut Canvas<'_>, text: &str, style: Style| {
        let style = if text == NOTHING { s.dim } else { style };
        canvas.put_right(x, y, width, text, style);
    };
    match column {
        Column::Name => {
            let name = name(scene, line, look.glyphs.ascii());
            canvas.put(x, y, width, &cut_name(&name, width, look.glyphs.ellipsis), quiet);
        }
        Column::Group => {
            // What has no group has nothing missing.
            canvas.put(x, y, width, line.group().unwrap_or(""), s.dim);
        }
        Column::Login => {
            if let Some(login) = line.login {
                let mark = if login.stale { "?" } else { "" };
                let text = format!("{} {}{mark}", look.glyphs.login(login.state), login.word);
                canvas.put(x, y, width, &text, s.login(login));
            } else {
                canvas.put(x, y, width, NOTHING, s.dim);
            }
        }
        Column::Aht => {
            let text = cells::aht(line.aht);
            let style = if line.aht.is_none() {
                s.dim
            } else if faded {
                s.stale
            } else {
                value_style(canvas, line)
            };
            canvas.put_right(x, y, width - inset(column).1, &text, style);
            if old && line.aht.is_some() {
                canvas.put(x + width - 1, y, 1, "?", s.stale);
            }
        }
        Column::Deviation => right(canvas, &cells::deviation(line.deviation), quiet),
        Column::Diff30 => right(canvas, &cells::diff(line.diff30), quiet),
        Column::Prev2h => right(canvas, &cells::aht(line.prev2h), s.dim),
        Column::Trend => {
            let (before, _) = inset(column);
            let trend = Trend::of(scene, line, faded.then_some(s.stale));
            sparkline::draw(&mut canvas.part(x + before, y, width - before, height), &trend);
        }
        Column::Age => {
            let text = if scene.state.preferences.age_as_time {
                let at = line.row.good.as_ref().map(|(_, at)| cells::clock(at.wall, &scene.state.config.zone));
                at.unwrap_or_else(|| NOTHING.into())
            } else {
                cells::age(line.age)
            };
            let late = line.age.is_some_and(|age| age >= line.row.stale_after(&scene.data.now, scene.stale_after));
            right(canvas, &text, if late { s.warning } else { s.dim });
        }
        Column::State => {
            state(canvas, line, (x, y, width));
        }
    }
}

/// The style of a fresh value: its level's, without the filling that the state beside it has.
fn value_style(canvas: &Canvas<'_>, line: &Line<'_>) -> Style {
    match line.state {
        RowState::Fresh(level) => canvas.look.styles.level_ink(level),
        other => canvas.look.styles.state(other),
    }
}

/// The mark in a cell of its own, glyph, word, and how long, where there is room for it. Returns the column behind it.
pub(super) fn state(canvas: &mut Canvas<'_>, line: &Line<'_>, (x, y, width): (u16, u16, u16)) -> u16 {
    if width == 0 {
        return x;
    }
    let style = canvas.look.styles.state(line.state);
    let mark = line.mark.map(|m| canvas.look.glyphs.mark(m)).unwrap_or(" ");
    canvas.put(x, y, 1, mark, canvas.look.styles.text);
    let (x, width) = (x + 1, width - 1);
    let (glyph, word) = (canvas.look.glyphs.state(line.state), line.state.word());
    let mut text = format!("{glyph} {word}");
    if cells_of(&text) > usize::from(width) {
        text = format!("{} {word}", glyph.trim_end());
    }
    let held = line.held.map(|held| format!(" {}", cells::held(held))).unwrap_or_default();
    let said = line.mark.map(|m| format!(" {}", m.word())).unwrap_or_default();
    let room = usize::from(width);
    let fits = |parts: &[&str]| parts.iter().map(|p| cells_of(p)).sum::<usize>() <= room;
    // The sign of what is longer keeps the two apart where there is no room for the space.
    let held = if held.starts_with(" >") && !fits(&[&text, &held]) { held.trim_start().to_owned() } else { held };
    // Since when is worth more than the space behind a sign that fills its cells.
    if !fits(&[&text, &held]) && !glyph.ends_with(' ') && fits(&[glyph, word, &held]) {
        text = format!("{glyph}{word}");
    }
    let end = canvas.put(x, y, width, &text, style);
    if !fits(&[&text, &held]) {
        return end;
    }
    let end = canvas.put(end, y, width.saturating_sub(end - x), &held, style);
    if !fits(&[&text, &held, &said]) {
        return end;
    }
    canvas.put(end, y, width.saturating_sub(end - x), &said, canvas.look.styles.dim)
}

/// `name` in `width` cells. Where its end tells apart what begins alike (a number, the last part of an id, the last of three
/// words), it is cut before that: `Sunita K… 36`, `COLLECTIONS…NORTH`.
fn cut_name<'a>(name: &'a str, width: u16, ellipsis: &str) -> Cow<'a, str> {
    let width = usize::from(width);
    let Some(end) = name.rfind([' ', '-', '_']).filter(|_| cells_of(name) > width) else { return Cow::Borrowed(name) };
    let (head, tail) = (&name[..end], &name[end + 1..]);
    let blank = name[end..].starts_with(' ');
    let tells = !blank || head.contains(' ') || tail.contains(|c: char| c.is_ascii_digit());
    match width.checked_sub(cells_of(tail) + usize::from(blank)) {
        Some(room) if tells && room >= 4 && !tail.is_empty() => {
            let gap = if blank { " " } else { "" };
            Cow::Owned(format!("{}{gap}{tail}", crate::domain::fit(&name[..=end], room, ellipsis)))
        }
        _ => Cow::Borrowed(name),
    }
}

/// What the row is called. In ASCII a name of another script falls back to the id, which can be read.
pub(super) fn name<'a>(scene: &Scene<'_>, line: &Line<'a>, ascii: bool) -> Cow<'a, str> {
    let name = names::name(scene.state, line);
    if !ascii || name.is_ascii() {
        return name;
    }
    let id = names::id(scene.state, line);
    if id.is_ascii() { id } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_before_the_word_that_tells_it_apart() {
        for (name, width, shown) in [
            ("Sunita Kumari 36", 16, "Sunita Kumari 36"),
            ("Sunita Kumari 36", 12, "Sunita K… 36"),
            ("Sunita Kumari 36", 6, "Sunita Kumari 36"),
            ("Sunita Kumari Devi", 14, "Sunita K… Devi"),
            ("COLLECT-SOUTH", 10, "COLL…SOUTH"),
            ("COLLECTIONS-OUTBOUND-NORTH", 17, "COLLECTIONS…NORTH"),
            ("COLLECTIONS-", 8, "COLLECTIONS-"),
            ("Imran Qureshi", 8, "Imran Qureshi"),
        ] {
            assert_eq!(cut_name(name, width, "…"), shown, "{width}");
        }
    }
}
