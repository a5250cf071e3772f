//! Which key does what; footer, help and manual are generated from here.

use crossterm::event::{KeyEvent, KeyEventKind};

use super::{Action, Binding, Context, Key, View, standard};
use crate::{
    config::{ConfigError, ConfigErrors, Rebind},
    domain::clean,
};

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
    /// The standard table with the keys of `[ui.keys]`. They replace those of an action in the tables, and those that it
    /// has everywhere, but Ctrl-C always quits. Menus, texts and lines that are typed keep their keys.
    ///
    /// # Errors
    /// Unknown actions, unknown keys, and keys with two meanings, with their places.
    pub fn of(rebinds: &[Rebind]) -> Result<Keymap, ConfigErrors> {
        let mut bindings = standard();
        let mut errors = Vec::new();
        let mut fail = |place: &crate::config::Place, message: String| {
            errors.push(ConfigError { place: place.clone(), message });
        };
        // Who says so of which key; the standard table says nothing.
        let mut given = Vec::new();
        for rebind in rebinds {
            let keys: Vec<(Key, _)> = rebind
                .keys
                .iter()
                .filter_map(|(text, place)| match text.parse() {
                    Ok(key) => Some((key, place)),
                    Err(message) => {
                        fail(place, format!("'{}': {message}", clean(&rebind.action, 40)));
                        None
                    }
                })
                .collect();
            let Some(at) = place_of(&bindings, &rebind.action) else {
                let known: Vec<&str> = names().collect();
                let hint = crate::config::suggest(&rebind.action, &known);
                fail(&rebind.place, format!("unknown action '{}'{hint}", clean(&rebind.action, 40)));
                continue;
            };
            bindings[at].keys = keys.iter().map(|(key, _)| *key).collect();
            // A key that is there anyway, everywhere, need not be there twice.
            let action = bindings[at].action;
            let everywhere = |key: &Key| {
                bindings.iter().any(|b| b.context == Context::Everywhere && b.action == action && b.keys.contains(key))
            };
            let own: Vec<Key> = match bindings[at].context {
                Context::Everywhere => bindings[at].keys.clone(),
                _ => bindings[at].keys.iter().copied().filter(|key| !everywhere(key)).collect(),
            };
            bindings[at].keys = own;
            given.extend(keys.into_iter().map(|(key, place)| (key, place, at)));
        }
        for (i, (key, place, at)) in given.iter().enumerate() {
            let alike = |b: &Binding| matches!(b.context, Context::Normal | Context::Everywhere);
            let other = bindings
                .iter()
                .enumerate()
                .find(|(n, b)| n != at && alike(b) && b.action != bindings[*at].action && b.keys.contains(key));
            let twice = given[..i].iter().any(|(k, _, a)| k == key && a == at);
            if let Some((_, other)) = other {
                let name = other.action.name().unwrap_or("another action");
                let mine = bindings[*at].action.name().unwrap_or("this");
                fail(place, format!("{key} is the key of '{name}': '{mine}' cannot have it too"));
            } else if twice {
                fail(place, format!("{key} is given twice"));
            }
        }
        if errors.is_empty() { Ok(Keymap { bindings }) } else { Err(ConfigErrors(errors)) }
    }

    /// The table for a manual in Markdown: a heading for each context, and a row for each action with its keys, its name
    /// in `[ui.keys]` and a sentence.
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        for context in Context::ALL {
            out.push_str(&format!("\n**{}**\n\n| Keys | Action | |\n|---|---|---|\n", context.title()));
            for b in self.bindings.iter().filter(|b| b.context == context) {
                let keys: Vec<String> = b.keys.iter().map(|k| format!("`{k}`")).collect();
                let named = matches!(context, Context::Normal | Context::Everywhere).then(|| b.action.name()).flatten();
                let name = named.map_or_else(String::new, |n| format!("`{n}`"));
                out.push_str(&format!("| {} | {name} | {} |\n", keys.join(" "), b.help.replace('|', "\\|")));
            }
        }
        out.push('\n');
        out
    }

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

    /// The footer of `context`: the usual key and a word, in order of use, of the actions that `fits` lets through.
    pub fn hints(&self, context: Context, fits: impl Fn(Action) -> bool) -> Vec<(String, &'static str)> {
        self.bindings
            .iter()
            .filter(|b| b.context == context && fits(b.action))
            .filter_map(|b| Some((b.keys.first()?.to_string(), b.hint?)))
            .collect()
    }

    /// The usual key of `action` in the tables; `None` where it has none.
    pub fn key_of(&self, action: Action) -> Option<String> {
        let of = |b: &&Binding| b.context == Context::Normal && b.action == action;
        Some(self.bindings.iter().find(of)?.keys.first()?.to_string())
    }

    /// The help: first the keys of the view, for whose actions `fits` holds, then those of the other views, then a heading
    /// for each other context; for each action its keys and a sentence.
    pub fn help(&self, view: View, fits: impl Fn(Action) -> bool) -> Vec<(String, Vec<(String, &'static str)>)> {
        let keys = |b: &Binding| b.keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ");
        let entries = |wanted: &dyn Fn(&Binding) -> bool| {
            self.bindings.iter().filter(|b| wanted(b)).map(|b| (keys(b), b.help)).collect::<Vec<_>>()
        };
        let tables = |b: &Binding| b.context == Context::Normal;
        let mut all = vec![
            (format!("Keys in {}", view.title()), entries(&|b| tables(b) && fits(b.action))),
            ("Keys in other views".to_owned(), entries(&|b| tables(b) && !fits(b.action))),
        ];
        for context in Context::ALL.into_iter().filter(|c| *c != Context::Normal) {
            all.push((context.title().to_owned(), entries(&|b| b.context == context)));
        }
        all.retain(|(_, entries)| !entries.is_empty());
        all
    }
}

/// Where the action of this name can be bound anew: in the tables, else everywhere.
fn place_of(bindings: &[Binding], name: &str) -> Option<usize> {
    let at = |context| bindings.iter().position(|b| b.context == context && b.action.name() == Some(name));
    at(Context::Normal).or_else(|| at(Context::Everywhere))
}

/// The names of all actions that can be bound anew.
fn names() -> impl Iterator<Item = &'static str> {
    let standard = standard().into_iter().filter(|b| matches!(b.context, Context::Normal | Context::Everywhere));
    standard.filter_map(|b| b.action.name())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;
    use crate::app::{fixture::Floor, keys::fits};

    #[test]
    fn no_two_actions_share_a_key_in_one_context() {
        for context in Context::ALL {
            let mut seen = HashSet::new();
            for binding in Keymap::default().bindings().iter().filter(|b| b.context == context) {
                assert!(!binding.keys.is_empty(), "{binding:?}");
                let fixed = !matches!(context, Context::Normal | Context::Everywhere);
                assert!(fixed || binding.action.name().is_some(), "{binding:?} has no name for [ui.keys]");
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
        let help = map.help(View::Alerts, |action| action != Action::SortMenu);
        let titled = |b: &Binding| match b.context {
            Context::Normal if b.action == Action::SortMenu => "Keys in other views",
            Context::Normal => "Keys in Alerts",
            other => other.title(),
        };
        assert_eq!(help[0].0, "Keys in Alerts");
        for binding in map.bindings() {
            let (_, entries) = help.iter().find(|(title, _)| title == titled(binding)).unwrap();
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

    fn rebinds(lines: &[(&str, &[&str])]) -> Vec<Rebind> {
        use crate::config::Place;
        let at = |line, column| Place::At { file: "c.toml".into(), line, column };
        (1..)
            .zip(lines)
            .map(|(line, (action, keys))| Rebind {
                action: (*action).into(),
                place: at(line, 1),
                keys: (5..).step_by(5).zip(*keys).map(|(column, key)| ((*key).into(), at(line, column))).collect(),
            })
            .collect()
    }

    #[test]
    fn every_key_that_is_shown_can_be_written() {
        for binding in standard() {
            for key in binding.keys {
                assert_eq!(key.to_string().parse(), Ok(key), "{key}");
                assert!(key.to_string().to_lowercase().parse::<Key>().is_ok(), "{key}");
            }
        }
    }

    #[test]
    fn configured_keys_replace_the_usual_ones() {
        let map =
            Keymap::of(&rebinds(&[("quit", &["ctrl-q", "ctrl-c", "F10"]), ("freeze", &["q"]), ("pin", &[])])).unwrap();
        let press = |context, text: &str| map.action(context, text.parse::<Key>().unwrap().into());
        for (key, action) in [
            ("ctrl-q", Some(Action::Quit)),
            ("f10", Some(Action::Quit)),
            ("ctrl-c", Some(Action::Quit)),
            ("q", Some(Action::Freeze)),
            ("p", None),
            ("P", None),
        ] {
            assert_eq!(press(Context::Normal, key), action, "{key}");
        }
        assert_eq!(press(Context::Menu, "q"), Some(Action::Close), "menus keep their keys");
        let state = Floor::new().state;
        let keys = |map: &Keymap| map.hints(Context::Normal, |a| fits(a, &state))[0].0.clone();
        assert_eq!(keys(&map), "Ctrl-Q");
        let map = Keymap::of(&rebinds(&[("quit", &["x"]), ("dismiss", &["q"]), ("suspend", &["alt-z"])])).unwrap();
        assert_eq!(keys(&map), "x", "two actions may change places");
        assert!(
            map.help(View::Agents, |_| true)
                .iter()
                .any(|(_, e)| e.iter().any(|(keys, _)| keys == "Alt-z" || keys == "Alt-Z"))
        );
    }

    #[test]
    fn clashes_and_unknown_names_are_errors_with_their_places() {
        let told = |lines: &[(&str, &[&str])]| Keymap::of(&rebinds(lines)).unwrap_err().to_string();
        assert_eq!(
            told(&[("quitt", &["q"]), ("quit", &["p", "nokey"]), ("reverse", &["ctrl-l"]), ("log", &["x", "X", "x"])]),
            "c.toml:1:1: unknown action 'quitt'; did you mean 'quit'?\n\
             c.toml:2:10: 'quit': 'nokey' is no key: write one such as \"q\", \"O\", \"ctrl-q\", \"alt-x\", \"f6\", \
             \"space\", \"enter\" or \"pgdn\"\n\
             c.toml:2:5: Ctrl-P is the key of 'x'"
                .replace("Ctrl-P is the key of 'x'", "p is the key of 'freeze': 'quit' cannot have it too")
                + "\nc.toml:3:5: Ctrl-L is the key of 'redraw': 'reverse' cannot have it too\n\
                   c.toml:4:5: x is the key of 'dismiss': 'log' cannot have it too\n\
                   c.toml:4:15: x is the key of 'dismiss': 'log' cannot have it too"
        );
        assert_eq!(told(&[("log", &["X", "X"])]), "c.toml:1:10: X is given twice");
        assert!(told(&[("log", &["ctrl-c"])]).contains("Ctrl-C is the key of 'quit'"));
    }

    #[test]
    fn the_manuals_table_has_every_action() {
        let table = Keymap::default().markdown();
        for binding in standard() {
            assert!(table.contains(binding.help), "{}", binding.help);
        }
    }

    #[test]
    fn the_footer_begins_with_quit_ends_with_help_and_offers_what_the_view_has() {
        let mut state = Floor::new().state;
        for view in View::ALL {
            state.navigation.view = view;
            let hints = Keymap::default().hints(Context::Normal, |a| fits(a, &state));
            assert_eq!(hints.first(), Some(&("q".to_owned(), "quit")));
            assert_eq!(hints.last(), Some(&("?".to_owned(), "help")));
            let tables = matches!(view, View::Overview | View::Agents | View::Campaigns);
            let offered = |word| hints.iter().any(|(_, w)| *w == word);
            assert_eq!((offered("sort"), offered("columns")), (tables, tables), "{view:?}");
            assert_eq!(offered("filter"), view != View::Budget, "{view:?}");
            assert_eq!(offered("ack"), tables || view == View::Alerts, "{view:?}");
        }
    }
}
