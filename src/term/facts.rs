//! What the terminal can show, by the environment alone, and whether it is known to answer a question.

use crate::config::Colors;

/// What is known of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Colours it can show and the user wants.
    pub colors: Colors,
    /// True where the locale is UTF-8.
    pub unicode: bool,
    /// True where it can do nothing but lines (`TERM=dumb`, or none): no screen can be drawn on it.
    pub dumb: bool,
    /// True on the Linux console, whose font has no Braille and few symbols.
    pub linux_console: bool,
    /// True where `COLORFGBG` names a light background.
    pub light: bool,
    /// True where the variables name a terminal, or tmux, that answers questions.
    pub answers: bool,
}

impl Facts {
    /// From environment variables, where `env` gives the value of one.
    pub fn detect(env: impl Fn(&str) -> Option<String>) -> Facts {
        let set = |name: &str| env(name).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        let dumb = matches!(term.as_str(), "" | "dumb" | "unknown");
        // The first of these that is set decides, as in the C library.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_ascii_lowercase();
        let forced = set("CLICOLOR_FORCE").is_some_and(|v| v != "0");
        let found = if dumb { Colors::None } else { colors(&term, set("COLORTERM")) };
        Facts {
            colors: match found {
                _ if set("NO_COLOR").is_some() => Colors::None,
                Colors::None if forced => Colors::Ansi16,
                found => found,
            },
            light: set("COLORFGBG").is_some_and(|v| is_light(&v)),
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
            dumb,
            linux_console: term == "linux",
            answers: !dumb && answers(&term, set),
        }
    }
}

/// True for terminals that are known to answer, or to drop what they do not know and answer the question behind it, so that
/// nobody waits: tmux, which answers by itself, and what calls itself an xterm at the other end of SSH, which passes on no
/// variable that would name it. GNU screen knows nothing of the terminals that look at it.
fn answers(term: &str, set: impl Fn(&str) -> Option<String>) -> bool {
    const TERMS: [&str; 6] = ["kitty", "foot", "alacritty", "ghostty", "wezterm", "contour"];
    const VARIABLES: [&str; 6] =
        ["VTE_VERSION", "KITTY_WINDOW_ID", "KONSOLE_VERSION", "XTERM_VERSION", "WEZTERM_PANE", "GHOSTTY_RESOURCES_DIR"];
    const PROGRAMS: [&str; 6] = ["iTerm.app", "Apple_Terminal", "WezTerm", "ghostty", "vscode", "mintty"];
    let has = |name: &str| set(name).is_some();
    let tmux = has("TMUX") || term.starts_with("tmux");
    if has("STY") || (term.starts_with("screen") && !tmux) {
        return false;
    }
    let remote = (has("SSH_TTY") || has("SSH_CONNECTION")) && term.starts_with("xterm");
    let program = set("TERM_PROGRAM").is_some_and(|name| PROGRAMS.contains(&name.as_str()));
    tmux || remote || program || TERMS.iter().any(|t| term.contains(t)) || VARIABLES.iter().any(|name| has(name))
}

/// The background is the last number: 7 and 9 to 15 are light in the usual palettes.
fn is_light(colors: &str) -> bool {
    colors.rsplit(';').next().and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| n == 7 || (9..=15).contains(&n))
}

fn colors(term: &str, colorterm: Option<String>) -> Colors {
    const TRUE: [&str; 7] = ["alacritty", "foot", "kitty", "ghostty", "wezterm", "direct", "truecolor"];
    let monochrome = term.ends_with("-mono") || term.ends_with("-m") || term.starts_with("vt");
    if monochrome {
        Colors::None
    } else if colorterm.is_some_and(|c| c == "truecolor" || c == "24bit") || TRUE.iter().any(|t| term.contains(t)) {
        Colors::True
    } else if term.contains("256color") {
        Colors::Indexed256
    } else {
        Colors::Ansi16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(vars: &[(&str, &str)]) -> Facts {
        Facts::detect(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn colours_follow_term_and_colorterm() {
        for (term, colorterm, expected) in [
            ("xterm", "", Colors::Ansi16),
            ("linux", "", Colors::Ansi16),
            ("xterm-256color", "", Colors::Indexed256),
            ("tmux-256color", "truecolor", Colors::True),
            ("xterm-kitty", "", Colors::True),
            ("vt100", "", Colors::None),
            ("dumb", "truecolor", Colors::None),
        ] {
            assert_eq!(facts(&[("TERM", term), ("COLORTERM", colorterm)]).colors, expected, "{term} {colorterm}");
        }
    }

    #[test]
    fn no_color_counts_unless_it_is_empty() {
        let with = |value| facts(&[("TERM", "xterm-256color"), ("NO_COLOR", value)]).colors;
        assert_eq!((with("1"), with("0"), with("")), (Colors::None, Colors::None, Colors::Indexed256));
    }

    #[test]
    fn colours_can_be_forced_where_the_terminal_names_none_but_not_against_no_color() {
        let with = |vars: &[(&str, &str)]| facts(&[&[("TERM", "vt100")], vars].concat()).colors;
        assert_eq!(with(&[("CLICOLOR_FORCE", "1")]), Colors::Ansi16);
        assert_eq!(with(&[("CLICOLOR_FORCE", "0")]), Colors::None);
        assert_eq!(with(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), Colors::None);
        assert_eq!(facts(&[("TERM", "xterm-kitty"), ("CLICOLOR_FORCE", "1")]).colors, Colors::True);
    }

    #[test]
    fn a_light_background_is_known_where_the_terminal_tells() {
        for (value, light) in [("0;15", true), ("0;default;7", true), ("15;0", false), ("12;8", false), ("x", false)] {
            assert_eq!(facts(&[("TERM", "xterm"), ("COLORFGBG", value)]).light, light, "{value}");
        }
        assert!(!facts(&[("TERM", "xterm")]).light);
    }

    #[test]
    fn who_is_known_to_answer_is_named_by_the_environment() {
        for (vars, expected) in [
            (&[("TERM", "xterm-256color")][..], false),
            (&[("TERM", "xterm-kitty")], true),
            (&[("TERM", "xterm-256color"), ("VTE_VERSION", "7600")], true),
            (&[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], true),
            (&[("TERM", "tmux-256color")], true),
            (&[("TERM", "screen-256color"), ("TMUX", "/tmp/x,1,0")], true),
            (&[("TERM", "xterm-256color"), ("SSH_TTY", "/dev/pts/3")], true),
            (&[("TERM", "xterm"), ("SSH_CONNECTION", "10.0.0.1 50000 10.0.0.2 22")], true),
            (&[("TERM", "screen-256color"), ("VTE_VERSION", "7600")], false),
            (&[("TERM", "tmux-256color"), ("STY", "1.pts")], false),
            (&[("TERM", "dumb"), ("VTE_VERSION", "7600")], false),
            (&[("TERM", "dumb"), ("TMUX", "/tmp/x,1,0")], false),
            (&[("TERM", "linux"), ("SSH_TTY", "/dev/pts/3")], false),
            (&[("TERM", "vt220"), ("SSH_TTY", "/dev/pts/3")], false),
            (&[("TERM", "linux")], false),
        ] {
            assert_eq!(facts(vars).answers, expected, "{vars:?}");
        }
    }

    #[test]
    fn the_nearest_locale_variable_decides() {
        assert!(facts(&[("LANG", "en_IN.UTF-8")]).unicode);
        assert!(facts(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]).unicode);
        assert!(!facts(&[("LC_ALL", "C"), ("LANG", "en_IN.UTF-8")]).unicode);
        assert!(!facts(&[]).unicode);
    }

    #[test]
    fn a_missing_term_is_a_dumb_one() {
        assert!(facts(&[]).dumb);
        assert!(facts(&[("TERM", "dumb")]).dumb);
        assert!(!facts(&[("TERM", "linux")]).dumb && facts(&[("TERM", "linux")]).linux_console);
    }
}
