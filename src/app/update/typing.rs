//! Lines that are typed: the filter, a command, a note.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::{Input, InputRequest};

use super::alerts;
use crate::{
    app::{
        model::{Context, Filter, Overlay, State},
        view::keys::context,
    },
    domain::clean_line,
};

pub(super) fn paste(state: &mut State, text: &str) -> bool {
    if let Some(Overlay::Note { text: note, .. }) = &mut state.navigation.overlay {
        let typed = clean_line(text, alerts::NOTE);
        let before = note.len();
        for c in typed.chars().filter(|c| *c != '\u{fffd}') {
            alerts::type_note(note, c);
        }
        return note.len() != before;
    }
    let Some(line) = typed_line(state) else { return false };
    let before = line.value().to_owned();
    for c in clean_line(text, Filter::LONGEST).chars().filter(|c| *c != '\u{fffd}') {
        type_char(line, InputRequest::InsertChar(c));
    }
    before != line.value()
}

/// The line that is being typed.
pub(super) fn typed_line(state: &mut State) -> Option<&mut Input> {
    match context(state) {
        Context::Filter => Some(&mut state.filter_mut().text),
        Context::Search => Some(&mut state.navigation.help_search.text),
        Context::Command => state.navigation.command.as_mut(),
        _ => None,
    }
}

/// Types into the line as far as it has room; true where something changed.
pub(super) fn type_char(input: &mut Input, request: InputRequest) -> bool {
    if let InputRequest::InsertChar(_) = request
        && input.value().chars().count() >= Filter::LONGEST
    {
        return false;
    }
    input.handle(request).is_some_and(|change| change.value || change.cursor)
}

/// Letters and Backspace in the line of a note.
pub(super) fn on_note(state: &mut State, key: KeyEvent) -> bool {
    let Some(Overlay::Note { text, .. }) = &mut state.navigation.overlay else { return false };
    match key.code {
        _ if key.kind == KeyEventKind::Release => false,
        KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
            alerts::type_note(text, c)
        }
        KeyCode::Backspace => text.pop().is_some(),
        _ => false,
    }
}
