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
    lines.push(("Words".into(), s.accent));
    for (word, sentence) in GLOSSARY {
        entry(&mut lines, word, sentence, room, s.text);
    }
    lines.push((String::new(), s.text));
    for (title, entries) in scene.state.keys.help() {
        lines.push((title.to_owned(), s.accent));
        for (keys, sentence) in entries {
            entry(&mut lines, &keys, sentence, room, s.text);
        }
        lines.push((String::new(), s.text));
    }
    lines.push(("Commands after :".into(), s.accent));
    for (name, takes, sentence) in COMMANDS {
        entry(&mut lines, &format!("{name} {takes}"), sentence, room, s.text);
    }
    lines.push((String::new(), s.text));
    lines.push(("Columns".into(), s.accent));
    for spec in Column::ALL.map(Column::spec) {
        if let (Some(title), Some(sentence)) = (spec.title, spec.help) {
            let title = if canvas.look.glyphs.ascii() { title.replace('±', "+-") } else { title.to_owned() };
            entry(&mut lines, &title, sentence, room, s.text);
        }
    }
    lines.push((String::new(), s.text));
    lines.push(("States".into(), s.accent));
    for (state, sentence) in STATES {
        let mark = format!("{} {}", canvas.look.glyphs.state(state), state.word());
        entry(&mut lines, &mark, sentence, room, s.text);
    }
    lines.push((String::new(), s.text));
    lines.push(("After a state".into(), s.accent));
    for (mark, sentence) in MARKS {
        let mark = format!("{} {}", canvas.look.glyphs.mark(mark), mark.word());
        entry(&mut lines, &mark, sentence, room, s.text);
    }
    overlay(canvas, "Help", width, &lines, scroll, layout);
}

/// The words that a new reader of the screen may not know: the handbook has them all.
const GLOSSARY: [(&str, &str); 7] = [
    ("AHT", "Average handling time of the outbound calls of the last 2 hours"),
    ("target", "The AHT that an agent or a campaign should have"),
    ("band", "The range of AHTs that needs no attention; outside of it an alert starts"),
    ("cycle", "One round of checks over all watched agents and campaigns"),
    ("needs attention", "Has an alert that is not acknowledged, or is outside its band"),
    ("acknowledge", "Say that you have seen an alert; it stays on the list"),
    ("other clients", "Other programs that use the same account"),
];

/// What the states mean. They tell that somebody should look, not what the reason is.
const STATES: [(RowState, &str); 9] = [
    (RowState::Fresh(Level::HighCrit), "Very high: far above the band. Needs attention"),
    (RowState::Fresh(Level::HighWarn), "Above the band"),
    (RowState::Fresh(Level::LowCrit), "Very low: far below the band. Needs attention"),
    (RowState::Fresh(Level::LowWarn), "Below the band"),
    (RowState::Other(Condition::NoCalls), "No outbound calls in the last 2 hours. This is not zero"),
    (RowState::Other(Condition::Waiting), "Not checked yet"),
    (RowState::Other(Condition::Stale), "The last answer is older than it should be"),
    (RowState::Other(Condition::Invalid), "The service does not know this ID: correct it in the configuration"),
    (RowState::Other(Condition::Failing), "The service does not answer for this row"),
];

/// What stands after a state.
const MARKS: [(Mark, &str); 3] = [
    (Mark::Acked, "The alert is acknowledged. If it becomes worse, it needs attention again"),
    (Mark::Muted, "Muted: shown, but without bell, notification and hook"),
    (Mark::Warming, "Too few calls yet: no alert starts"),
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
