//! What happened lately, newest first: on large screens below the tables, and as a view with its own filter.

use ratatui::style::Style;

use super::{
    canvas::Canvas,
    cells,
    pages::{self, TextLine},
    scene::Scene,
    theme::Styles,
    words::{NEWEST_FIRST, board as words},
};
use crate::{
    app::{FrameLayout, log, names, text},
    store::{Event, EventKind},
};

/// Draws the log in its frame.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>) {
    let mut inside = canvas.framed(words::LOG, NEWEST_FIRST);
    let s = inside.look.styles;
    let width = inside.width();
    for (y, event) in (0..inside.height()).zip(scene.data.events.iter().rev()) {
        let clock = cells::clock(event.at.wall, &scene.state.config.zone);
        let x = inside.put_all(1, y, width, &[(&clock, s.dim), ("  ", s.text)]);
        inside.put(x, y, 11, log::word(event.kind), style(&s, event.kind));
        let x = x + 12;
        let text = names::told(scene.state, &event.text, inside.look.glyphs.ascii());
        inside.put(x, y, width.saturating_sub(x + 1), &text, s.text);
    }
}

/// Draws the view of the log.
pub(super) fn draw_view(canvas: &mut Canvas<'_>, scene: &Scene<'_>, frames: bool, layout: &mut FrameLayout) {
    let s = canvas.look.styles;
    let mut inside = pages::inside(canvas, frames, words::LOG_OF_THE_DAY, NEWEST_FIRST);
    let events = log::entries(scene.state);
    if events.is_empty() {
        let none = words::no_events(!scene.data.events.is_empty());
        pages::draw(&mut inside, scene, &[pages::plain(1, none, s.dim)], layout);
        return;
    }
    // Who saw it, where there is room and somebody else could have.
    let who = inside.width() >= 90;
    let ascii = inside.look.glyphs.ascii();
    let lines: Vec<TextLine> = events.into_iter().map(|e| entry(scene, &s, e, who, ascii)).collect();
    pages::draw(&mut inside, scene, &lines, layout);
}

fn entry(scene: &Scene<'_>, s: &Styles, event: &Event, who: bool, ascii: bool) -> TextLine {
    let zone = &scene.state.config.zone;
    let clock = cells::clock(event.at.wall, zone);
    // Of another day: the day stands before the time.
    let moment = text::moment(event.at.wall, scene.now.wall, zone);
    let day = moment.rsplit_once(' ').map_or("", |(day, _)| day);
    let mut line = vec![
        (Some(1), format!("{day:>6}"), s.dim),
        (Some(8), clock, s.dim),
        (Some(18), log::word(event.kind).to_owned(), style(s, event.kind)),
    ];
    let mut text_at = 30;
    if who {
        line.push((Some(30), event.who.to_string(), s.dim));
        text_at = 54;
    }
    line.push((Some(text_at), names::told(scene.state, &event.text, ascii), s.text));
    line
}

fn style(s: &Styles, kind: EventKind) -> Style {
    match kind {
        EventKind::Throttled | EventKind::TokenInvalidated | EventKind::GenerationFailed | EventKind::Store => {
            s.warning
        }
        EventKind::Target | EventKind::Malformed => s.invalid,
        EventKind::Alert
        | EventKind::TokenGenerated
        | EventKind::Lease
        | EventKind::Link
        | EventKind::Config
        | EventKind::Status => s.text,
    }
}
