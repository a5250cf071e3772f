//! A theme from a file: colours by what they mean. `base = "dark"` or `"light"` gives those that are not named.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::{
    error::{Diagnostics, Lines, Place, quote, show_path, suggest},
    small_file::read_file,
    value_type::kind,
};
use crate::domain::clean_line;

/// Theme files are read to here.
const LARGEST: u64 = 64 * 1024;

/// What has a colour, in the order of [`Tones::paints`]: secondary text, titles, longer than usual, shorter than usual,
/// errors, ids that are not known, the text on a filled cell, the selected row, trends inside the band.
pub const TONES: [&str; 9] = ["dim", "accent", "high", "low", "alarm", "invalid", "on_fill", "selected", "trend"];

/// The 16 colours of a terminal by name.
const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// A colour as it is written in a theme file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Paint {
    /// `"#rrggbb"`
    Rgb(u8, u8, u8),
    /// A number from 0 to 255, or the name of one of the first 16: the terminal's own palette.
    Indexed(u8),
}

/// The colours of a theme file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tones {
    /// True where what is not named is that of the light theme; else that of the dark one.
    pub light: bool,
    /// The colours in the order of [`TONES`].
    pub paints: [Option<Paint>; 9],
}

/// Reads the theme file at `path`, which `named` names.
pub(super) fn read(path: &Path, named: &Place, diagnostics: &mut Diagnostics) -> Tones {
    let text = read_file(path, LARGEST).map_err(|e| e.to_string());
    match text.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8".into())) {
        Ok(text) => parse(path, &text, diagnostics),
        Err(e) => {
            diagnostics.push(named.clone(), format!("'theme': cannot read {}: {e}", show_path(path)));
            Tones::default()
        }
    }
}

fn parse(path: &Path, text: &str, diagnostics: &mut Diagnostics) -> Tones {
    let lines = Lines::new(path, text);
    let mut tones = Tones::default();
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = lines.at(&error.span().unwrap_or(0..0));
        diagnostics.push(place, format!("not TOML: {}", clean_line(error.message(), 200)));
    }
    if !errors.is_empty() {
        return tones;
    }
    for (name, node) in root.get_ref() {
        let at = lines.at(&node.span());
        let word = name.get_ref().as_ref();
        let slot = TONES.iter().position(|tone| *tone == word);
        match (word, slot, node.get_ref()) {
            ("base", _, DeValue::String(base)) if base.as_ref() == "light" => tones.light = true,
            ("base", _, DeValue::String(base)) if base.as_ref() == "dark" => {}
            ("base", ..) => diagnostics.push(at, "'base': expected \"dark\" or \"light\""),
            (_, Some(i), value) => match paint(value) {
                Ok(paint) => tones.paints[i] = Some(paint),
                Err(message) => diagnostics.push(at, format!("'{word}': {message}")),
            },
            (_, None, _) => {
                let known: Vec<&str> = TONES.into_iter().chain(["base"]).collect();
                let place = lines.at(&name.span());
                diagnostics.push(place, format!("unknown colour {}{}", quote(word), suggest(word, &known)));
            }
        }
    }
    tones
}

fn paint(value: &DeValue<'_>) -> Result<Paint, String> {
    const EXPECTED: &str = "expected a colour such as \"#ffaf5f\", \"bright-blue\" or 215";
    match value {
        DeValue::Integer(n) if n.radix() == 10 => {
            n.as_str().parse().map(Paint::Indexed).map_err(|_| format!("{EXPECTED}, at most 255"))
        }
        DeValue::String(text) => hex(text)
            .or_else(|| Some(Paint::Indexed(u8::try_from(NAMES.iter().position(|n| *n == text.as_ref())?).ok()?)))
            .ok_or_else(|| {
                let hint = super::error::nearest(text, NAMES).map(|n| format!("; did you mean '{n}'?"));
                format!("{} is no colour: {EXPECTED}{}", quote(text), hint.unwrap_or_default())
            }),
        other => Err(format!("{EXPECTED}, found {}", kind(other))),
    }
}

fn hex(text: &str) -> Option<Paint> {
    let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let part = |i: usize| u8::from_str_radix(digits.get(i..i + 2)?, 16).ok();
    Some(Paint::Rgb(part(0)?, part(2)?, part(4)?))
}

/// For tests of the rooms above.
#[cfg(test)]
pub(crate) fn of(text: &str) -> Result<Tones, String> {
    let mut diagnostics = Diagnostics::default();
    let tones = parse(Path::new("mine.toml"), text, &mut diagnostics);
    if diagnostics.is_empty() { Ok(tones) } else { Err(diagnostics.into_errors().to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn colours_are_read_in_every_form() {
        let tones = of("base = \"light\"\nhigh = \"#ffaf5f\"\nlow = \"bright-blue\"\ndim = 245\n").unwrap();
        assert!(tones.light);
        let at = |name| tones.paints[TONES.iter().position(|t| *t == name).unwrap()];
        assert_eq!(at("high"), Some(Paint::Rgb(255, 175, 95)));
        assert_eq!((at("low"), at("dim"), at("trend")), (Some(Paint::Indexed(12)), Some(Paint::Indexed(245)), None));
    }

    #[test]
    fn every_error_has_its_line_and_column() {
        let told = of("hihg = \"red\"\nlow = \"#12345\"\ndim = 256\nalarm = true\nbase = \"dusk\"\nhigh = \"rde\"\n");
        assert_eq!(
            told.unwrap_err(),
            "mine.toml:1:1: unknown colour 'hihg'; did you mean 'high'?\n\
             mine.toml:2:7: 'low': '#12345' is no colour: expected a colour such as \"#ffaf5f\", \"bright-blue\" or 215\n\
             mine.toml:3:7: 'dim': expected a colour such as \"#ffaf5f\", \"bright-blue\" or 215, at most 255\n\
             mine.toml:4:9: 'alarm': expected a colour such as \"#ffaf5f\", \"bright-blue\" or 215, found a boolean\n\
             mine.toml:5:8: 'base': expected \"dark\" or \"light\"\n\
             mine.toml:6:8: 'high': 'rde' is no colour: expected a colour such as \"#ffaf5f\", \"bright-blue\" or 215; \
             did you mean 'red'?"
        );
        assert!(of("high = ").unwrap_err().starts_with("mine.toml:1:"));
    }

    proptest! {
        #[test]
        fn no_theme_file_panics(text in "[a-z =\"#0-9\\n\\[\\]{}\u{e9}]{0,60}") {
            let _ = of(&text);
        }
    }
}
