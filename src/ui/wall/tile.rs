//! One campaign: its figure, what it means, where it comes from and where it goes.

use std::borrow::Cow;

use super::digits::{self, Fill};
use crate::{
    app::{Line, RowState, text, wall},
    config::Names,
    domain::{Condition, Level},
    ui::{
        canvas::{Canvas, cells as width_of},
        cell, cells,
        chart::{self, Chart, Source},
        scene::Scene,
        sparkline::{self, Trend},
        status,
    },
};

/// Half an hour's difference of this share of the AHT is a movement.
const MOVES: f64 = 0.05;

/// The figure of a line as text, and how it is filled; `?` where no number is to be believed.
pub(super) fn figure(scene: &Scene<'_>, line: &Line<'_>) -> (String, Fill) {
    match (wall::trust(scene.state, line), line.aht) {
        (wall::Trust::Gone, _) => ("?".into(), Fill::Thin),
        (wall::Trust::Fresh, None) => ("-".into(), Fill::Thin),
        (wall::Trust::Old, None) => ("?".into(), Fill::Thin),
        (wall::Trust::Fresh, Some(aht)) => (aht.to_string(), Fill::Solid),
        (wall::Trust::Old, Some(aht)) => (aht.to_string(), Fill::Thin),
    }
}

/// The name of a line as the board may tell it; in ASCII the id stands for a name that cannot be written.
pub(super) fn name<'a>(canvas: &Canvas<'_>, scene: &Scene<'_>, line: &Line<'a>) -> Cow<'a, str> {
    match scene.state.config.wall.names {
        Names::Full => cell::name(scene, line, canvas.look.glyphs.ascii()),
        names => wall::name(names, line),
    }
}

/// The state in words, as long as `width` allows.
pub(super) fn words(scene: &Scene<'_>, line: &Line<'_>, width: u16) -> String {
    let since = |age| {
        let at = scene.now.wall.checked_sub(age).unwrap_or(scene.now.wall);
        text::moment(at, scene.now.wall, &scene.state.config.zone)
    };
    let (word, short) = (line.state.long_word(), line.state.word());
    let held = line.held.map(text::brief);
    let long = match (line.state, wall::trust(scene.state, line), line.age) {
        (RowState::Other(Condition::Waiting | Condition::Failing | Condition::Stale), _, None) => {
            format!("{word}: not read yet")
        }
        (RowState::Other(Condition::Invalid), ..) => word.into(),
        (_, wall::Trust::Gone, Some(age)) => format!("no fresh data since {}", since(age)),
        (RowState::Other(Condition::Stale | Condition::Failing), _, Some(age)) => {
            format!("{word}: {} old", text::brief(age))
        }
        (RowState::Other(Condition::NoCalls), ..) => "no calls in 2 hours".into(),
        (RowState::Fresh(Level::Inside), ..) => word.into(),
        _ => held.as_ref().map_or_else(|| word.to_owned(), |held| format!("{word} for {held}")),
    };
    let middle = match (line.state, line.age) {
        (RowState::Other(Condition::Stale | Condition::Failing), Some(age)) => format!("{short} {}", since(age)),
        _ => held.map_or_else(|| word.to_owned(), |held| format!("{short} {held}")),
    };
    let room = usize::from(width);
    [long, middle].into_iter().find(|t| width_of(t) <= room).unwrap_or_else(|| short.to_owned())
}

/// A campaign in one line: mark, figure, name, state.
pub(super) fn line(canvas: &mut Canvas<'_>, scene: &Scene<'_>, line: &Line<'_>) {
    let s = canvas.look.styles;
    let w = canvas.width();
    let style = s.state(line.state);
    let (_, fill) = figure(scene, line);
    let number = plain(scene, line);
    let x = canvas.put(0, 0, 2, canvas.look.glyphs.state(line.state), style) + 1;
    let ink = if fill == Fill::Thin { s.stale } else { s.text };
    canvas.put_right(x, 0, cells::AHT_WIDTH.min(w.saturating_sub(x)), &number, ink);
    let x = x + cells::AHT_WIDTH + 1;
    let said = words(scene, line, w / 3);
    let taken = u16::try_from(width_of(&said)).unwrap_or(0);
    let room = w.saturating_sub(x);
    let name = name(canvas, scene, line);
    if room > taken + 6 {
        canvas.put(x, 0, room - taken - 1, &name, s.text);
        canvas.put_right(w - taken, 0, taken, &said, style);
    } else {
        canvas.put(x, 0, room, &name, s.text);
    }
}

/// The number of a line in one row, with a mark where it is old.
pub(super) fn plain(scene: &Scene<'_>, line: &Line<'_>) -> String {
    match figure(scene, line) {
        (text, Fill::Thin) if text == "?" || text == "-" => text,
        (_, Fill::Thin) => format!("{}?", cells::aht(line.aht)),
        (_, Fill::Solid) => cells::aht(line.aht),
    }
}

/// Draws the tile into the whole of `canvas`, with figures of at most this height.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, line: &Line<'_>, height: u16) {
    let s = canvas.look.styles;
    let (w, h) = (canvas.width(), canvas.height());
    let style = s.state(line.state);
    let mark = canvas.look.glyphs.state(line.state).trim_end();
    let remark = format!("{mark}{}{}", if mark.is_empty() { "" } else { " " }, line.state.word());
    let name = name(canvas, scene, line).into_owned();
    canvas.framed(&name, &remark);
    if let RowState::Fresh(level @ (Level::HighCrit | Level::LowCrit | Level::HighWarn | Level::LowWarn)) = line.state {
        // The frame has the colour of the state: it is what one sees first from afar.
        let ink = s.level_ink(level).remove_modifier(ratatui::style::Modifier::DIM);
        for (x, y, w, h) in [(0, 0, w, 1), (0, h.saturating_sub(1), w, 1), (0, 0, 1, h), (w.saturating_sub(1), 0, 1, h)]
        {
            canvas.tint(x, y, w, h, ink);
        }
    }
    let mut inside = canvas.part(1, 1, w.saturating_sub(2), h.saturating_sub(2));
    body(&mut inside, scene, line, height, style);
}

fn body(canvas: &mut Canvas<'_>, scene: &Scene<'_>, line: &Line<'_>, height: u16, style: ratatui::style::Style) {
    let s = canvas.look.styles;
    let (w, h) = (canvas.width(), canvas.height());
    let rest = h.saturating_sub(height);
    let (text, fill) = figure(scene, line);
    let ink = match (fill, line.state) {
        (Fill::Thin, _) => s.stale,
        _ if scene.is_out() => s.stale,
        (_, RowState::Fresh(level)) => s.level_ink(level).add_modifier(ratatui::style::Modifier::BOLD),
        _ => s.text,
    };
    let top = u16::from(rest >= 4);
    let fits = digits::HEIGHTS.into_iter().find(|d| *d <= height && digits::width(&text, *d) + 2 <= w);
    let drawn = fits.unwrap_or(1);
    let text = if drawn == 1 { plain(scene, line) } else { text };
    let wide = digits::width(&text, drawn);
    let at = (w.saturating_sub(wide) / 2, top + (height - drawn) / 2);
    digits::draw(canvas, at, &text, drawn, fill, ink);
    if fill == Fill::Thin && drawn == 3 && text.len() > 1 {
        canvas.put(at.0 + wide + 1, at.1 + 1, 1, "?", s.stale);
    }

    let mut y = top + height + u16::from(rest >= 5);
    if rest >= 1 {
        state(canvas, scene, line, y, style);
        y += 1;
    }
    if rest >= 3 {
        before(canvas, scene, line, y);
        y += 1;
    }
    if rest >= 2 && y < h {
        trend(&mut canvas.part(1, y, w.saturating_sub(2), h - y), scene, line, fill);
    }
}

/// The state at the left, filled where it is urgent, and what is usual at the right where there is room.
fn state(canvas: &mut Canvas<'_>, scene: &Scene<'_>, line: &Line<'_>, y: u16, style: ratatui::style::Style) {
    let s = canvas.look.styles;
    let w = canvas.width();
    let mark = canvas.look.glyphs.state(line.state).trim_end();
    let gap = if mark.is_empty() { "" } else { " " };
    let said = format!(" {mark}{gap}{} ", words(scene, line, w.saturating_sub(6)));
    let x = canvas.put(0, y, w, &said, style);
    let target = status::band(&line.watched.band).unwrap_or_default();
    let room = w.saturating_sub(x + 3);
    if !target.is_empty() && width_of(&target) <= usize::from(room) {
        canvas.put_right(x + 1, y, w.saturating_sub(x + 2), &target, s.dim);
    }
}

/// The reading two hours ago, which shares no call with now, and which way it goes.
fn before(canvas: &mut Canvas<'_>, scene: &Scene<'_>, line: &Line<'_>, y: u16) {
    let w = canvas.width().saturating_sub(2);
    let old = wall::trust(scene.state, line) != wall::Trust::Fresh;
    let (Some(prev), Some(aht), false) = (line.prev2h, line.aht, old) else { return };
    let (then, diff) = (cells::aht(Some(prev)), cells::diff(Some(aht.minus(prev))));
    let base = format!("2 hours ago {then} ({diff})");
    // Which way it goes is told by another time than the one before it: each has its own words.
    let moves = line.diff30.map_or_else(String::new, |secs| {
        let share = secs as f64 / f64::from(aht.secs().max(1));
        let word = if share >= MOVES {
            "rising"
        } else if share <= -MOVES {
            "falling"
        } else {
            "steady"
        };
        format!("   {word} ({} in 30 min)", cells::diff(Some(secs)))
    });
    let all = [format!("{base}{moves}"), base, format!("2 h ago {then} ({diff})")];
    let text = all.into_iter().find(|t| width_of(t) <= usize::from(w)).unwrap_or(then);
    let style = canvas.look.styles.dim;
    canvas.put(1, y, w, &text, style);
}

/// A chart where there is room for one, else a line.
fn trend(canvas: &mut Canvas<'_>, scene: &Scene<'_>, line: &Line<'_>, fill: Fill) {
    let s = canvas.look.styles;
    let old = fill == Fill::Thin;
    let now = &scene.now;
    if canvas.height() >= 7 {
        let chart = Chart {
            source: Source::Live(&line.row.series),
            band: &line.watched.band,
            now,
            span: sparkline::SPAN,
            hold: scene.stale_after,
            zone: &scene.state.config.zone,
            style: if old { s.stale } else { s.text },
            old,
        };
        chart::draw(canvas, &chart);
        return;
    }
    let trend = Trend {
        series: &line.row.series,
        band: &line.watched.band,
        now: now.mono,
        hold: scene.stale_after,
        old: old.then_some(s.stale),
    };
    sparkline::draw(canvas, &trend);
}
