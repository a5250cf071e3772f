//! A key of the keyboard: how it is compared, written and read.

use std::{fmt, str::FromStr};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::clean;

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

impl From<Key> for KeyEvent {
    fn from(key: Key) -> KeyEvent {
        KeyEvent::new(key.code, key.modifiers)
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

/// Keys that have a name, as it is written; the first one of each is also what [`Key`] shows, but for its case.
const NAMED: [(&str, KeyCode); 18] = [
    ("space", KeyCode::Char(' ')),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pageup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("pagedown", KeyCode::PageDown),
    ("insert", KeyCode::Insert),
    ("delete", KeyCode::Delete),
    ("backspace", KeyCode::Backspace),
];

impl FromStr for Key {
    type Err = String;

    /// Reads what `Display` writes: `q`, `O`, `ctrl-c`, `alt-x`, `f6`, `space`, `pgdn`. Names are read in any case.
    fn from_str(text: &str) -> Result<Key, String> {
        let wrong = || {
            format!(
                "'{}' is no key: write one such as \"q\", \"O\", \"ctrl-q\", \"alt-x\", \"f6\", \"space\", \"enter\" or \"pgdn\"",
                clean(text, 20)
            )
        };
        let (mut modifiers, mut rest) = (KeyModifiers::NONE, text);
        loop {
            let lower = rest.to_ascii_lowercase();
            if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == lower) {
                return Ok(Key::new(*code, modifiers));
            }
            let named =
                [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)];
            match named.into_iter().find(|(name, _)| lower.starts_with(name) && rest.len() > name.len()) {
                Some((name, modifier)) => {
                    modifiers |= modifier;
                    rest = &rest[name.len()..];
                }
                None => break,
            }
        }
        let mut chars = rest.chars();
        match (chars.next(), chars.as_str()) {
            // A shifted character is another character: it is written as itself. What cannot be seen is no name of a key.
            (Some(c), "")
                if !modifiers.contains(KeyModifiers::SHIFT) && !c.is_whitespace() && clean(rest, 1) == *rest =>
            {
                Ok(Key::new(KeyCode::Char(c), modifiers))
            }
            (Some('f' | 'F'), number) => match number.parse() {
                Ok(n @ 1..=24) if !number.starts_with(['0', '+']) => Ok(Key::new(KeyCode::F(n), modifiers)),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_in_one_way_however_it_is_written() {
        for (text, shown) in [
            ("q", "q"),
            ("Q", "Q"),
            ("é", "é"),
            ("-", "-"),
            ("f12", "F12"),
            ("shift-f3", "Shift-F3"),
            ("ctrl-C", "Ctrl-C"),
            ("ALT-Ctrl-x", "Ctrl-Alt-X"),
            ("ESC", "Esc"),
        ] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), shown);
        }
        for text in
            ["", " ", "qq", "ctrl-", "ctrl- ", "f0", "f25", "f01", "shift-a", "ctrl-qq", "\u{7}", "\u{202e}", "super-x"]
        {
            assert!(text.parse::<Key>().is_err(), "{text:?}");
        }
    }
}
