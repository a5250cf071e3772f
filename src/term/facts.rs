//! What the terminal can show, by the environment alone: no questions to the terminal, whose answers could mix with keys.

/// How many colours may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Colors {
    /// None: `NO_COLOR` is set, or the terminal has none.
    None,
    /// The 16 ANSI colours.
    Ansi16,
    /// The 256 colours of xterm.
    Indexed256,
    /// 24 bits.
    True,
}

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
}

impl Facts {
    /// From environment variables, where `env` gives the value of one.
    pub fn detect(env: impl Fn(&str) -> Option<String>) -> Facts {
        let set = |name: &str| env(name).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        let dumb = matches!(term.as_str(), "" | "dumb" | "unknown");
        // The first of these that is set decides, as in the C library.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_ascii_lowercase();
        Facts {
            colors: if dumb || set("NO_COLOR").is_some() { Colors::None } else { colors(&term, set("COLORTERM")) },
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
            dumb,
            linux_console: term == "linux",
        }
    }
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
