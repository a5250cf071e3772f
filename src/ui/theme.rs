//! A small semantic palette, expanded into the styles that the regions use. Raw colours live here and nowhere else.
//!
//! High and low are told apart by orange and blue in every theme, never by red and green; glyph and word say the same
//! without any colour, so that the mono theme loses nothing.

use ratatui::style::{Color, Modifier, Style};

use super::glyphs::{BLOCK, Glyphs, UNICODE};
use crate::{
    app::{RowState, Severity},
    config::{Symbols, Theme, Ui},
    domain::{Condition, Level},
};

/// How many colours the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Colors {
    /// None, or none wanted (`NO_COLOR`).
    None,
    /// The 16 ANSI colours.
    Ansi16,
    /// The 256 colours of xterm.
    Indexed256,
    /// 24 bits.
    True,
}

/// What is known of the terminal, found out by whoever opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalFacts {
    /// Colours it can show; [`Colors::None`] where `NO_COLOR` is set.
    pub colors: Colors,
    /// True where the locale is UTF-8.
    pub utf8: bool,
    /// True where Braille is likely to be in the font; false on the Linux console.
    pub braille: bool,
}

/// The resolved looks: what the regions draw with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// The theme after `NO_COLOR` had its say.
    pub theme: Theme,
    /// The colours that are used.
    pub colors: Colors,
    /// The styles.
    pub styles: Styles,
    /// The characters.
    pub glyphs: &'static Glyphs,
}

impl Look {
    /// The configured looks on this terminal. [`Symbols::Auto`] takes the richest set that the terminal is known to
    /// show; a set that was named is used whatever the terminal is.
    pub fn resolve(ui: &Ui, terminal: TerminalFacts) -> Look {
        let theme = if terminal.colors == Colors::None { Theme::Mono } else { ui.theme };
        let colors = if theme == Theme::Mono { Colors::None } else { terminal.colors };
        let glyphs = match (ui.symbols, terminal.utf8, terminal.braille) {
            (Symbols::Unicode, ..) | (Symbols::Auto, true, true) => &UNICODE,
            (Symbols::Block, ..) | (Symbols::Auto, true, false) => &BLOCK,
            (Symbols::Ascii, ..) | (Symbols::Auto, false, _) => &super::glyphs::ASCII,
        };
        Look { theme, colors, styles: Styles::of(theme, colors), glyphs }
    }
}

/// The styles, named by what they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Styles {
    /// Plain text.
    pub text: Style,
    /// Secondary text, lines and frames.
    pub dim: Style,
    /// What names things: titles, the account, the current view.
    pub accent: Style,
    /// Column titles.
    pub header: Style,
    /// Much longer than usual.
    pub high_crit: Style,
    /// Longer than usual.
    pub high: Style,
    /// Much shorter than usual.
    pub low_crit: Style,
    /// Shorter than usual.
    pub low: Style,
    /// Inside the band.
    pub ok: Style,
    /// Too old to be trusted.
    pub stale: Style,
    /// An id that the service does not know.
    pub invalid: Style,
    /// Asked, but no good answer comes.
    pub failing: Style,
    /// Not asked yet.
    pub waiting: Style,
    /// A banner: the numbers do not come.
    pub error: Style,
    /// A banner: something needs a look.
    pub warning: Style,
    /// A banner: for information.
    pub info: Style,
    /// Laid over the selected row.
    pub selected: Style,
    /// A key in the footer and the help.
    pub key: Style,
    /// A trend inside the band: quieter than the numbers.
    pub trend: Style,
    /// The limits of the band in charts.
    pub limit: Style,
}

/// One colour at each depth: true colour, its place among the 256, and its name among the 16.
#[derive(Clone, Copy)]
struct Tone(u32, u8, Color);

impl Tone {
    fn at(self, colors: Colors) -> Color {
        match colors {
            Colors::None => Color::Reset,
            Colors::Ansi16 => self.2,
            Colors::Indexed256 => Color::Indexed(self.1),
            Colors::True => Color::from_u32(self.0),
        }
    }
}

/// The palette: all colours of a theme.
struct Palette {
    dim: Tone,
    accent: Tone,
    high: Tone,
    low: Tone,
    alarm: Tone,
    invalid: Tone,
    on_fill: Tone,
    selected: Tone,
    trend: Tone,
}

const DARK: Palette = Palette {
    dim: Tone(0x008a_8a8a, 245, Color::DarkGray),
    accent: Tone(0x00d7_d7ff, 189, Color::White),
    high: Tone(0x00ff_af5f, 215, Color::Yellow),
    low: Tone(0x005f_afff, 75, Color::LightBlue),
    alarm: Tone(0x00d7_5f5f, 167, Color::Red),
    invalid: Tone(0x00d7_87d7, 176, Color::Magenta),
    on_fill: Tone(0x0012_1212, 233, Color::Black),
    selected: Tone(0x003a_3a4a, 237, Color::DarkGray),
    trend: Tone(0x009a_a5b1, 247, Color::Gray),
};

const LIGHT: Palette = Palette {
    dim: Tone(0x006c_6c6c, 242, Color::DarkGray),
    accent: Tone(0x0030_3080, 17, Color::Black),
    high: Tone(0x00af_5f00, 130, Color::Red),
    low: Tone(0x0000_5faf, 25, Color::Blue),
    alarm: Tone(0x00af_0000, 124, Color::Red),
    invalid: Tone(0x0087_0087, 90, Color::Magenta),
    on_fill: Tone(0x00ff_ffff, 231, Color::White),
    selected: Tone(0x00d8_d8e4, 254, Color::Gray),
    trend: Tone(0x007a_828a, 244, Color::DarkGray),
};

/// After Okabe and Ito, whose colours stay apart in every common colour vision deficiency.
const CVD: Palette = Palette {
    dim: Tone(0x0099_9999, 246, Color::DarkGray),
    accent: Tone(0x00f0_e442, 227, Color::White),
    high: Tone(0x00e6_9f00, 214, Color::Yellow),
    low: Tone(0x0056_b4e9, 74, Color::LightBlue),
    alarm: Tone(0x00d5_5e00, 166, Color::Red),
    invalid: Tone(0x00cc_79a7, 175, Color::Magenta),
    on_fill: Tone(0x0000_0000, 16, Color::Black),
    selected: Tone(0x003a_3a3a, 237, Color::DarkGray),
    trend: Tone(0x00b0_b0b0, 249, Color::Gray),
};

impl Styles {
    /// The styles of a theme at a depth of colour. [`Colors::None`] gives the mono theme whatever is asked.
    pub fn of(theme: Theme, colors: Colors) -> Styles {
        match theme {
            _ if colors == Colors::None => Styles::mono(),
            Theme::Mono => Styles::mono(),
            Theme::Auto => Styles::auto(),
            Theme::Dark => Styles::from(&DARK, colors),
            Theme::Light => Styles::from(&LIGHT, colors),
            Theme::Cvd => Styles::from(&CVD, colors),
        }
    }

    /// The terminal's own foreground and background, and those of its 16 colours that are readable on either. What is
    /// urgent is filled, because a filled cell brings its own background along.
    fn auto() -> Styles {
        let fg = |c: Color| Style::new().fg(c);
        let fill = |c: Color| Style::new().fg(Color::Black).bg(c).add_modifier(Modifier::BOLD);
        Styles {
            high_crit: fill(Color::Yellow),
            high: fg(Color::Yellow),
            low_crit: fill(Color::Cyan),
            low: fg(Color::Cyan),
            invalid: fg(Color::Magenta),
            failing: fg(Color::Red),
            waiting: fg(Color::Blue),
            stale: Style::new().add_modifier(Modifier::DIM | Modifier::ITALIC),
            error: Style::new().fg(Color::White).bg(Color::Red).add_modifier(Modifier::BOLD),
            warning: fg(Color::Yellow),
            info: fg(Color::Cyan),
            key: Style::new().add_modifier(Modifier::BOLD),
            limit: fg(Color::Blue),
            ..Styles::mono()
        }
    }

    fn from(p: &Palette, colors: Colors) -> Styles {
        let fg = |t: Tone| Style::new().fg(t.at(colors));
        let fill = |t: Tone| Style::new().fg(p.on_fill.at(colors)).bg(t.at(colors)).add_modifier(Modifier::BOLD);
        Styles {
            text: Style::new(),
            dim: fg(p.dim),
            accent: fg(p.accent).add_modifier(Modifier::BOLD),
            header: fg(p.accent).add_modifier(Modifier::BOLD),
            high_crit: fill(p.high),
            high: fg(p.high),
            low_crit: fill(p.low),
            low: fg(p.low),
            ok: Style::new(),
            stale: fg(p.dim).add_modifier(Modifier::ITALIC),
            invalid: fg(p.invalid),
            failing: fg(p.alarm),
            waiting: fg(p.accent),
            error: fill(p.alarm),
            warning: fg(p.high),
            info: fg(p.low),
            selected: Style::new().bg(p.selected.at(colors)).add_modifier(Modifier::BOLD),
            key: fg(p.accent).add_modifier(Modifier::BOLD),
            trend: fg(p.trend),
            limit: fg(p.dim),
        }
    }

    fn mono() -> Styles {
        let with = |m: Modifier| Style::new().add_modifier(m);
        Styles {
            text: Style::new(),
            dim: with(Modifier::DIM),
            accent: with(Modifier::BOLD),
            header: with(Modifier::BOLD | Modifier::UNDERLINED),
            high_crit: with(Modifier::BOLD | Modifier::REVERSED),
            high: with(Modifier::BOLD),
            low_crit: with(Modifier::BOLD | Modifier::REVERSED),
            low: with(Modifier::BOLD),
            ok: Style::new(),
            stale: with(Modifier::DIM | Modifier::ITALIC),
            invalid: with(Modifier::UNDERLINED),
            failing: with(Modifier::UNDERLINED | Modifier::BOLD),
            waiting: with(Modifier::ITALIC),
            error: with(Modifier::BOLD | Modifier::REVERSED),
            warning: with(Modifier::BOLD),
            info: Style::new(),
            selected: with(Modifier::REVERSED),
            key: with(Modifier::BOLD),
            trend: Style::new(),
            limit: with(Modifier::DIM),
        }
    }

    /// The style of a level.
    pub fn level(&self, level: Level) -> Style {
        match level {
            Level::HighCrit => self.high_crit,
            Level::HighWarn => self.high,
            Level::LowCrit => self.low_crit,
            Level::LowWarn => self.low,
            Level::Inside => self.ok,
        }
    }

    /// The style of a level in a trend or a chart, where a filled cell would hide the picture.
    pub fn level_ink(&self, level: Level) -> Style {
        match level {
            Level::HighCrit => self.high.add_modifier(Modifier::BOLD),
            Level::LowCrit => self.low.add_modifier(Modifier::BOLD),
            other => self.level(other),
        }
    }

    /// The style of a row's state.
    pub fn state(&self, state: RowState) -> Style {
        match state {
            RowState::Fresh(level) => self.level(level),
            RowState::Other(Condition::Value) => self.ok,
            RowState::Other(Condition::NoCalls) => self.dim,
            RowState::Other(Condition::Waiting) => self.waiting,
            RowState::Other(Condition::Stale) => self.stale,
            RowState::Other(Condition::Invalid) => self.invalid,
            RowState::Other(Condition::Failing) => self.failing,
        }
    }

    /// The style of a banner.
    pub fn severity(&self, severity: Severity) -> Style {
        match severity {
            Severity::Error => self.error,
            Severity::Warning => self.warning,
            Severity::Info => self.info,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::glyphs;
    use std::time::Duration;

    fn ui(theme: Theme, symbols: Symbols) -> Ui {
        Ui { theme, symbols, age_step: Duration::from_secs(1), max_fps: 30 }
    }

    #[test]
    fn no_color_is_mono_whatever_theme_is_asked() {
        for theme in [Theme::Auto, Theme::Dark, Theme::Light, Theme::Cvd, Theme::Mono] {
            let facts = TerminalFacts { colors: Colors::None, utf8: true, braille: true };
            let look = Look::resolve(&ui(theme, Symbols::Auto), facts);
            assert_eq!((look.theme, look.styles), (Theme::Mono, Styles::mono()));
        }
    }

    #[test]
    fn symbols_follow_the_terminal_unless_they_are_named() {
        let set = |symbols, utf8, braille| {
            let facts = TerminalFacts { colors: Colors::True, utf8, braille };
            Look::resolve(&ui(Theme::Auto, symbols), facts).glyphs.set
        };
        assert_eq!(set(Symbols::Auto, true, true), glyphs::Set::Unicode);
        assert_eq!(set(Symbols::Auto, true, false), glyphs::Set::Block);
        assert_eq!(set(Symbols::Auto, false, true), glyphs::Set::Ascii);
        assert_eq!(set(Symbols::Unicode, false, false), glyphs::Set::Unicode);
        assert_eq!(set(Symbols::Ascii, true, true), glyphs::Set::Ascii);
    }

    #[test]
    fn mono_uses_no_colour_and_high_differs_from_low_in_every_other_theme() {
        for theme in [Theme::Auto, Theme::Dark, Theme::Light, Theme::Cvd] {
            for colors in [Colors::Ansi16, Colors::Indexed256, Colors::True] {
                let s = Styles::of(theme, colors);
                assert_ne!(s.high.fg, s.low.fg);
                assert_ne!(s.high_crit, s.low_crit);
                assert_ne!(s.high_crit, s.high);
                for style in [s.high, s.low, s.high_crit, s.low_crit] {
                    let pair = [style.fg, style.bg];
                    assert!(!pair.contains(&Some(Color::Green)) && !pair.contains(&Some(Color::LightGreen)));
                }
            }
        }
        let s = Styles::mono();
        for style in [s.text, s.dim, s.high_crit, s.low, s.stale, s.invalid, s.error, s.selected, s.header] {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }

    #[test]
    fn raw_colours_stay_in_this_file() {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui");
        let mut seen = 0;
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "rs") || path.ends_with("theme.rs") {
                continue;
            }
            seen += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            let raw = concat!("Col", "or::");
            assert!(!text.contains(raw), "{} names a colour: give it a meaning in theme.rs", path.display());
        }
        assert!(seen > 5);
    }
}
