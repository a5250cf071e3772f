//! Keys: how they are compared, written and looked up; footer and help are generated from here.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{
    Overlay, State,
    action::{Action, Binding, Context, standard},
};

/// A key with its modifiers, in one form however the terminal reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    /// Normalises: Shift is part of a character already, Ctrl makes letters small, and Shift-Tab is one key.
    pub fn new(code: KeyCode, modifiers: KeyModifiers) -> Key {
        let mut modifiers = modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match code {
            KeyCode::Tab if modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => KeyCode::Char(c.to_ascii_lowercase()),
            code => code,
        };
        if matches!(code, KeyCode::Char(_) | KeyCode::BackTab) {
            modifiers.remove(KeyModifiers::SHIFT);
        }
        Key { code, modifiers }
    }
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Key {
        Key::new(event.code, event.modifiers)
    }
}

impl fmt::Display for Key {
    /// As people write it: `q`, `Ctrl-C`, `PgDn`, `Shift-Tab`, `Space`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in
            [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-"), (KeyModifiers::SHIFT, "Shift-")]
        {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                write!(f, "{}", c.to_ascii_uppercase())
            }
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::Esc => f.write_str("Esc"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// Which key does what.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

impl Default for Keymap {
    fn default() -> Self {
        Keymap { bindings: standard() }
    }
}

impl Keymap {
    /// The whole table.
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// What `event` does in `context`: its own keys first, then those that hold everywhere. Releases do nothing.
    pub fn action(&self, context: Context, event: KeyEvent) -> Option<Action> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let key = Key::from(event);
        [context, Context::Everywhere]
            .into_iter()
            .flat_map(|c| self.bindings.iter().filter(move |b| b.context == c))
            .find(|b| b.keys.contains(&key))
            .map(|b| b.action)
    }

    /// The footer of `context`: the usual key and a word, in order of use.
    pub fn hints(&self, context: Context) -> Vec<(String, &'static str)> {
        self.bindings
            .iter()
            .filter(|b| b.context == context)
            .filter_map(|b| Some((b.keys.first()?.to_string(), b.hint?)))
            .collect()
    }

    /// The help: a heading for each context, and for each action its keys and a sentence.
    pub fn help(&self) -> Vec<(&'static str, Vec<(String, &'static str)>)> {
        let keys = |b: &Binding| b.keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ");
        Context::ALL
            .into_iter()
            .map(|context| {
                let entries =
                    self.bindings.iter().filter(|b| b.context == context).map(|b| (keys(b), b.help)).collect();
                (context.title(), entries)
            })
            .collect()
    }
}

/// Where the next key goes.
pub fn context(state: &State) -> Context {
    match &state.overlay {
        Some(Overlay::SortMenu { .. }) => Context::Menu,
        Some(Overlay::MuteMenu { .. }) => Context::Mute,
        Some(Overlay::Note { .. }) => Context::Note,
        Some(Overlay::Help { .. } | Overlay::Banners { .. }) => Context::Pager,
        None if state.filter.editing => Context::Filter,
        None => Context::Normal,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_actions_share_a_key_in_one_context() {
        for context in Context::ALL {
            let mut seen = HashSet::new();
            for binding in Keymap::default().bindings().iter().filter(|b| b.context == context) {
                assert!(!binding.keys.is_empty(), "{binding:?}");
                for key in &binding.keys {
                    assert!(seen.insert(*key), "{key} twice in {context:?}");
                }
            }
        }
    }

    #[test]
    fn no_context_hides_a_key_that_works_everywhere() {
        let map = Keymap::default();
        let everywhere: Vec<Key> =
            map.bindings().iter().filter(|b| b.context == Context::Everywhere).flat_map(|b| b.keys.clone()).collect();
        for binding in map.bindings().iter().filter(|b| b.context != Context::Everywhere) {
            assert!(binding.keys.iter().all(|k| !everywhere.contains(k)), "{binding:?}");
        }
    }

    #[test]
    fn the_help_lists_every_key_of_every_action() {
        let map = Keymap::default();
        let help = map.help();
        for binding in map.bindings() {
            let (_, entries) = help.iter().find(|(title, _)| *title == binding.context.title()).unwrap();
            let (keys, _) = entries.iter().find(|(_, help)| *help == binding.help).unwrap();
            for key in &binding.keys {
                assert!(keys.split(' ').any(|k| k == key.to_string()), "{key} is not in {keys}");
            }
        }
        assert_eq!(help.iter().map(|(_, e)| e.len()).sum::<usize>(), map.bindings().len());
    }

    #[test]
    fn a_key_is_one_key_however_the_terminal_reports_it() {
        let map = Keymap::default();
        let press = |code, modifiers| map.action(Context::Normal, KeyEvent::new(code, modifiers));
        for (code, modifiers, action) in [
            (KeyCode::Char('O'), KeyModifiers::SHIFT, Action::Reverse),
            (KeyCode::Char('O'), KeyModifiers::NONE, Action::Reverse),
            (KeyCode::Char('C'), KeyModifiers::CONTROL | KeyModifiers::SHIFT, Action::Quit),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, Action::Quit),
            (KeyCode::BackTab, KeyModifiers::SHIFT, Action::PreviousView),
            (KeyCode::Tab, KeyModifiers::SHIFT, Action::PreviousView),
            (KeyCode::F(1), KeyModifiers::NONE, Action::Help),
        ] {
            assert_eq!(press(code, modifiers), Some(action), "{code:?}");
        }
        assert_eq!(press(KeyCode::Char('q'), KeyModifiers::ALT), None);
        let release = KeyEvent::new_with_kind(KeyCode::Char('q'), KeyModifiers::NONE, KeyEventKind::Release);
        assert_eq!(map.action(Context::Normal, release), None);
    }

    #[test]
    fn the_footer_begins_with_quit_and_ends_with_help() {
        let hints = Keymap::default().hints(Context::Normal);
        assert_eq!(hints.first(), Some(&("q".to_owned(), "quit")));
        assert_eq!(hints.last(), Some(&("?".to_owned(), "help")));
    }
}
