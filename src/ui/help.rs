//! The help: every key as the keymap has it, and what the columns and marks mean.

use ratatui::style::Style;

use super::{
    banners::overlay,
    canvas::{Canvas, cells, wrap},
    scene::Scene,
    words::overlay as words,
};
use crate::app::{Column, FrameLayout, Mark, RowState, command::COMMANDS, keys::fits_below};

/// Cells for the keys.
const KEYS: usize = 16;

/// Draws the help over the screen, from the line `scroll` on: first what is seen, then the keys of this view. With a
/// search only what has its text.
pub(super) fn draw(canvas: &mut Canvas<'_>, scene: &Scene<'_>, scroll: usize, layout: &mut FrameLayout) {
    let width = canvas.width().min(96);
    let room = width.saturating_sub(4);
    let s = canvas.look.styles;
    let search = &scene.state.navigation.help_search;
    let wanted = search.text.value().trim().to_lowercase();
    let mut lines: Vec<(String, Style)> = Vec::new();
    for (title, entries) in parts(canvas, scene) {
        let whole = title.to_lowercase().contains(&wanted);
        let found: Vec<&(String, String)> = entries
            .iter()
            .filter(|(word, sentence)| whole || [word, sentence].iter().any(|t| t.to_lowercase().contains(&wanted)))
            .collect();
        if found.is_empty() {
            continue;
        }
        lines.push((title, s.accent));
        for (word, sentence) in found {
            entry(&mut lines, word, sentence, room, s.text);
        }
        lines.push((String::new(), s.text));
    }
    if lines.is_empty() {
        lines.push((words::nothing_has(&wanted), s.text));
    }
    let typed = (search.editing || !wanted.is_empty())
        .then(|| format!("{}{}", search.text.value(), if search.editing { "_" } else { "" }));
    overlay(canvas, &words::help(typed.as_deref()), width, &lines, scroll, layout);
}

/// The parts of the help in their order: each with its heading, and words or keys with what they mean.
fn parts(canvas: &Canvas<'_>, scene: &Scene<'_>) -> Vec<(String, Vec<(String, String)>)> {
    let glyphs = canvas.look.glyphs;
    let column = |c: Column| {
        let spec = c.spec();
        let title = spec.title?;
        let title = if glyphs.ascii() { title.replace('±', "+-") } else { title.to_owned() };
        Some((title, spec.help?.to_owned()))
    };
    let state = |(state, sentence): (RowState, &str)| {
        (format!("{} {}", glyphs.state(state), state.word()), sentence.to_owned())
    };
    let mark = |(mark, sentence): (Mark, &str)| (format!("{} {}", glyphs.mark(mark), mark.word()), sentence.to_owned());
    let plain = |(word, sentence): (&str, &str)| (word.to_owned(), sentence.to_owned());
    let mut parts = vec![
        (words::HELP_STATES.to_owned(), words::STATES.into_iter().map(state).collect::<Vec<_>>()),
        (words::HELP_MARKS.to_owned(), words::MARKS.into_iter().map(mark).collect()),
        (words::HELP_COLUMNS.to_owned(), Column::ALL.into_iter().filter_map(column).collect()),
        (words::HELP_WORDS.to_owned(), words::GLOSSARY.into_iter().map(plain).collect()),
    ];
    let keys = scene.state.keys.help(scene.state.navigation.view, |action| fits_below(scene.state, action));
    parts.extend(keys.into_iter().map(|(title, entries)| {
        (title, entries.into_iter().map(|(keys, sentence)| (keys, sentence.to_owned())).collect())
    }));
    let command = |(name, takes, sentence): (&str, &str, &str)| (format!("{name} {takes}"), sentence.to_owned());
    parts.push((words::HELP_COMMANDS.to_owned(), COMMANDS.into_iter().map(command).collect()));
    parts
}

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
