//! The help: every key as the keymap has it, and what the columns and marks mean.

use ratatui::style::Style;

use super::{
    FrameLayout,
    banners::overlay,
    canvas::{Canvas, cells, wrap},
    scene::Scene,
};
use crate::{
    app::{Column, Mark, RowState, command::COMMANDS},
    domain::{Condition, Level},
};

/// Cells for the keys.
const KEYS: usize = 16;

/// Draws the help over the screen, from the line `scroll` on.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, scroll: usize, layout: &mut FrameLayout) {
    let width = canvas.width().min(96);
    let room = width.saturating_sub(4);
    let s = canvas.look.styles;
    let mut lines: Vec<(String, Style)> = Vec::new();
    for (title, entries) in scene.state.keys.help() {
        lines.push((title.to_owned(), s.accent));
        for (keys, sentence) in entries {
            entry(&mut lines, &keys, sentence, room, s.text);
        }
        lines.push((String::new(), s.text));
    }
    lines.push(("Commands behind :".into(), s.accent));
    for (name, takes, sentence) in COMMANDS {
        entry(&mut lines, &format!("{name} {takes}"), sentence, room, s.text);
    }
    lines.push((String::new(), s.text));
    lines.push(("Columns".into(), s.accent));
    for spec in Column::ALL.map(Column::spec) {
        if let (Some(title), Some(sentence)) = (spec.title, spec.help) {
            entry(&mut lines, title, sentence, room, s.text);
        }
    }
    lines.push((String::new(), s.text));
    lines.push(("States".into(), s.accent));
    for (state, sentence) in STATES {
        let mark = format!("{} {}", canvas.look.glyphs.state(state), state.word());
        entry(&mut lines, &mark, sentence, room, s.text);
    }
    lines.push((String::new(), s.text));
    lines.push(("Behind a state".into(), s.accent));
    for (mark, sentence) in MARKS {
        let mark = format!("{} {}", canvas.look.glyphs.mark(mark), mark.word());
        entry(&mut lines, &mark, sentence, room, s.text);
    }
    overlay(canvas, "Help", width, &lines, scroll, layout);
}

/// What the states mean. A long or a short average is a question, not a verdict.
const STATES: [(RowState, &str); 9] = [
    (RowState::Fresh(Level::HighCrit), "Much longer than usual: look"),
    (RowState::Fresh(Level::HighWarn), "Longer than usual"),
    (RowState::Fresh(Level::LowCrit), "Much shorter than usual: look"),
    (RowState::Fresh(Level::LowWarn), "Shorter than usual"),
    (RowState::Other(Condition::NoCalls), "No outbound call within two hours; not a zero"),
    (RowState::Other(Condition::Waiting), "Not asked yet"),
    (RowState::Other(Condition::Stale), "The last answer is older than it should be"),
    (RowState::Other(Condition::Invalid), "The service does not know this id"),
    (RowState::Other(Condition::Failing), "Asked, but no good answer comes"),
];

/// What stands behind a state.
const MARKS: [(Mark, &str); 3] = [
    (Mark::Acked, "Its alert was acknowledged; one that becomes worse asks again"),
    (Mark::Muted, "Muted: shown, but no bell, no notification, no hook"),
    (Mark::Warming, "Its value has changed too seldom to alert"),
];

fn entry(lines: &mut Vec<(String, Style)>, keys: &str, sentence: &str, room: u16, style: Style) {
    let indent = if usize::from(room) > KEYS * 2 { KEYS } else { 0 };
    let text = usize::from(room).saturating_sub(indent + 2);
    let long = cells(keys) > indent.saturating_sub(1);
    if long {
        lines.push((format!("  {keys}"), style));
    }
    for (i, part) in wrap(sentence, u16::try_from(text).unwrap_or(u16::MAX)).into_iter().enumerate() {
        let keys = if i == 0 && !long { keys } else { "" };
        let pad = " ".repeat(indent.saturating_sub(cells(keys)));
        lines.push((format!("  {keys}{pad}{part}"), style));
    }
}
