//! A small semantic palette, expanded into the styles that the regions use. Raw colours live here and nowhere else.
//!
//! High and low are told apart by orange and blue in every theme, never by red and green; glyph and word say the same
//! without any colour, so that the mono theme loses nothing.

use ratatui::style::{Color, Modifier, Style};

use super::glyphs::{BLOCK, Glyphs, UNICODE};
use crate::{
    app::{Login, LoginState, RowState, Severity},
    config::{Colors, Paint, Symbols, TONES, Theme, Tones, Ui},
    domain::{Condition, Level},
};

/// What is known of the terminal, found out by whoever opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalFacts {
    /// Colours it can show; [`Colors::None`] where `NO_COLOR` is set.
    pub colors: Colors,
    /// True where the locale is UTF-8.
    pub utf8: bool,
    /// True where Braille is likely to be in the font; false on the Linux console.
    pub braille: bool,
    /// True where the background is known to be light.
    pub light: bool,
}

impl Default for TerminalFacts {
    /// The most capable terminal, on a dark or an unknown background.
    fn default() -> Self {
        TerminalFacts { colors: Colors::True, utf8: true, braille: true, light: false }
    }
}

/// The resolved looks: what the regions draw with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// The theme after `NO_COLOR` had its say.
    pub theme: Theme,
    /// The colours that are used.
    pub colors: Colors,
    pub styles: Styles,
    pub glyphs: &'static Glyphs,
    /// What they were resolved for.
    pub terminal: TerminalFacts,
}

impl Look {
    /// The configured looks on this terminal. [`Symbols::Auto`] takes the richest set that the terminal is known to
    /// show; a set that was named is used whatever the terminal is.
    pub fn resolve(ui: &Ui, terminal: TerminalFacts) -> Look {
        Look::of(ui.theme, ui.symbols, terminal)
    }

    /// These looks on the same terminal.
    #[must_use]
    pub fn with(&self, theme: Theme, symbols: Symbols) -> Look {
        Look::of(theme, symbols, self.terminal)
    }

    fn of(theme: Theme, symbols: Symbols, terminal: TerminalFacts) -> Look {
        let theme = if terminal.colors == Colors::None { Theme::Mono } else { theme };
        let colors = if theme == Theme::Mono { Colors::None } else { terminal.colors };
        let glyphs = match (symbols, terminal.utf8, terminal.braille) {
            (Symbols::Unicode, ..) | (Symbols::Auto, true, true) => &UNICODE,
            (Symbols::Block, ..) | (Symbols::Auto, true, false) => &BLOCK,
            (Symbols::Ascii, ..) | (Symbols::Auto, false, _) => &super::glyphs::ASCII,
        };
        let styles = match theme {
            Theme::Auto if terminal.light && colors != Colors::None => Styles::auto_on_light(),
            _ => Styles::of(theme, colors),
        };
        Look { theme, colors, styles, glyphs, terminal }
    }
}

/// The styles, named by what they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Styles {
    pub text: Style,
    /// Secondary text, lines and frames.
    pub dim: Style,
    /// What names things: titles, the account, the current view.
    pub accent: Style,
    pub header: Style,
    /// Much longer than usual.
    pub high_crit: Style,
    pub high: Style,
    /// Much shorter than usual.
    pub low_crit: Style,
    pub low: Style,
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
    /// A trend inside the band: quieter than the numbers, since it belongs to rows that are ok.
    pub trend: Style,
    /// The limits of the band in charts.
    pub limit: Style,
    /// The filled band of a tile where all is well: quiet, but there.
    pub calm: Style,
    /// The same where it is longer than its band, shorter, and where nothing is known of now.
    pub high_fill: Style,
    pub low_fill: Style,
    pub unknown_fill: Style,
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
            // The first 16 are the terminal's own, whatever it can show.
            Colors::True if self.1 < 16 => self.2,
            Colors::True => Color::from_u32(self.0),
        }
    }

    /// A colour of a theme file, with what stands for it where there are fewer colours.
    fn of(paint: Paint) -> Tone {
        match paint {
            // The first 16 are the terminal's own: they are named at every depth.
            Paint::Indexed(i) if i < 16 => Tone(0, i, ANSI[usize::from(i)].1),
            Paint::Indexed(i) => Tone(rgb_of(i), i, nearest_ansi(rgb_of(i))),
            Paint::Rgb(r, g, b) => {
                let rgb = u32::from_be_bytes([0, r, g, b]);
                Tone(rgb, nearest_indexed(rgb), nearest_ansi(rgb))
            }
        }
    }
}

/// The 16 colours as xterm draws them.
const ANSI: [(u32, Color); 16] = [
    (0x0000_0000, Color::Black),
    (0x00cd_0000, Color::Red),
    (0x0000_cd00, Color::Green),
    (0x00cd_cd00, Color::Yellow),
    (0x0000_00ee, Color::Blue),
    (0x00cd_00cd, Color::Magenta),
    (0x0000_cdcd, Color::Cyan),
    (0x00e5_e5e5, Color::Gray),
    (0x007f_7f7f, Color::DarkGray),
    (0x00ff_0000, Color::LightRed),
    (0x0000_ff00, Color::LightGreen),
    (0x00ff_ff00, Color::LightYellow),
    (0x005c_5cff, Color::LightBlue),
    (0x00ff_00ff, Color::LightMagenta),
    (0x0000_ffff, Color::LightCyan),
    (0x00ff_ffff, Color::White),
];

/// How far apart two colours are; green weighs most, as in the eye.
fn distance(a: u32, b: u32) -> u32 {
    let [_, r, g, bl] = a.to_be_bytes();
    let [_, r2, g2, bl2] = b.to_be_bytes();
    let part = |x: u8, y: u8, weight: u32| u32::from(x.abs_diff(y)).pow(2) * weight;
    part(r, r2, 3) + part(g, g2, 6) + part(bl, bl2, 1)
}

fn nearest_ansi(rgb: u32) -> Color {
    ANSI.iter().min_by_key(|(value, _)| distance(*value, rgb)).map_or(Color::Reset, |(_, color)| *color)
}

/// One of the 240 that no terminal has redefined.
fn nearest_indexed(rgb: u32) -> u8 {
    (16..=255).min_by_key(|i| distance(rgb_of(*i), rgb)).unwrap_or(15)
}

/// What xterm draws for one of the 256.
pub(crate) fn rgb_of(index: u8) -> u32 {
    let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
    match index {
        0..16 => ANSI[usize::from(index)].0,
        16..232 => {
            let i = index - 16;
            u32::from_be_bytes([0, level(i / 36), level(i / 6 % 6), level(i % 6)])
        }
        _ => {
            let grey = 8 + 10 * (index - 232);
            u32::from_be_bytes([0, grey, grey, grey])
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
    /// Ink and filling where all is well.
    calm: [Tone; 2],
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
    calm: [Tone(0x00e4_ebf5, 255, Color::White), Tone(0x0030_5070, 24, Color::Blue)],
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
    calm: [Tone(0x0020_2830, 235, Color::Black), Tone(0x00c0_d0e4, 152, Color::Gray)],
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
    calm: [Tone(0x00ff_ffff, 231, Color::White), Tone(0x0048_4878, 60, Color::Blue)],
};

impl Palette {
    /// That of a theme file: its base, with the colours that it names.
    fn of(tones: &Tones) -> Palette {
        let mut p = if tones.light { LIGHT } else { DARK };
        let slots = [
            &mut p.dim,
            &mut p.accent,
            &mut p.high,
            &mut p.low,
            &mut p.alarm,
            &mut p.invalid,
            &mut p.on_fill,
            &mut p.selected,
            &mut p.trend,
        ];
        const { assert!(TONES.len() == 9) };
        for (slot, paint) in slots.into_iter().zip(tones.paints) {
            if let Some(paint) = paint {
                *slot = Tone::of(paint);
            }
        }
        p
    }
}

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
            Theme::File(tones) => Styles::from(&Palette::of(&tones), colors),
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
            calm: Style::new().fg(Color::White).bg(Color::Blue),
            high_fill: Style::new().fg(Color::Black).bg(Color::Yellow),
            low_fill: Style::new().fg(Color::Black).bg(Color::Cyan),
            ..Styles::mono()
        }
    }

    /// The same for a background that is known to be light, where yellow and cyan would be lost as ink.
    fn auto_on_light() -> Styles {
        let fg = |c: Color| Style::new().fg(c);
        Styles {
            high: fg(Color::Red),
            low: fg(Color::Blue),
            failing: fg(Color::Red).add_modifier(Modifier::UNDERLINED),
            waiting: Style::new().add_modifier(Modifier::ITALIC),
            warning: fg(Color::Red),
            info: fg(Color::Blue),
            ..Styles::auto()
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
            calm: fg(p.calm[0]).bg(p.calm[1].at(colors)),
            high_fill: fill(p.high).remove_modifier(Modifier::BOLD),
            low_fill: fill(p.low).remove_modifier(Modifier::BOLD),
            unknown_fill: fill(p.dim).remove_modifier(Modifier::BOLD),
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
            trend: with(Modifier::DIM),
            limit: with(Modifier::DIM),
            calm: with(Modifier::REVERSED | Modifier::DIM),
            high_fill: with(Modifier::REVERSED),
            low_fill: with(Modifier::REVERSED),
            unknown_fill: with(Modifier::REVERSED | Modifier::DIM | Modifier::ITALIC),
        }
    }

    /// The style of the `i`-th of rows that are compared; what it is called has the same style.
    pub fn compared(&self, i: usize) -> Style {
        [self.accent, self.info, self.warning, self.invalid].get(i).copied().unwrap_or(self.text)
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

    /// The filled band of a tile in this state.
    pub fn band(&self, state: RowState) -> Style {
        match state {
            RowState::Fresh(Level::HighCrit) => self.high_crit,
            RowState::Fresh(Level::HighWarn) => self.high_fill,
            RowState::Fresh(Level::LowCrit) => self.low_crit,
            RowState::Fresh(Level::LowWarn) => self.low_fill,
            RowState::Fresh(Level::Inside) | RowState::Other(Condition::Value) => self.calm,
            RowState::Other(_) => self.unknown_fill,
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

    /// The style of an agent's login.
    pub fn login(&self, login: Login<'_>) -> Style {
        match login.state {
            _ if login.stale => self.stale,
            LoginState::Ready => self.text,
            LoginState::Break => self.waiting,
            LoginState::Busy => self.accent,
            LoginState::Out => self.dim,
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
    fn ui(theme: Theme, symbols: Symbols) -> Ui {
        Ui { theme, symbols, ..Ui::default() }
    }

    #[test]
    fn no_color_is_mono_whatever_theme_is_asked() {
        for theme in [Theme::Auto, Theme::Dark, Theme::Light, Theme::Cvd, Theme::Mono] {
            let facts = TerminalFacts { colors: Colors::None, ..TerminalFacts::default() };
            let look = Look::resolve(&ui(theme, Symbols::Auto), facts);
            assert_eq!((look.theme, look.styles), (Theme::Mono, Styles::mono()));
        }
    }

    #[test]
    fn symbols_follow_the_terminal_unless_they_are_named() {
        let set = |symbols, utf8, braille| {
            let facts = TerminalFacts { utf8, braille, ..TerminalFacts::default() };
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
        for style in
            [s.text, s.dim, s.high_crit, s.low, s.stale, s.invalid, s.error, s.selected, s.header, s.calm, s.high_fill]
        {
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }

    #[test]
    fn on_a_light_background_auto_uses_inks_that_show_there() {
        let on =
            |light| Look::resolve(&ui(Theme::Auto, Symbols::Auto), TerminalFacts { light, ..TerminalFacts::default() });
        let s = on(true).styles;
        for style in [s.high, s.low, s.failing, s.waiting, s.warning, s.info, s.limit, s.invalid] {
            assert!(![Some(Color::Yellow), Some(Color::Cyan), Some(Color::White)].contains(&style.fg), "{style:?}");
        }
        assert_ne!(s.high, s.failing);
        assert_ne!(s, on(false).styles);
    }

    #[test]
    fn a_theme_file_gives_the_colours_it_names_at_every_depth() {
        let tones = crate::config::themes_of("high = \"#ff8700\"\nlow = \"bright-cyan\"\ndim = 245\n");
        let at = |colors| Styles::of(Theme::File(tones), colors);
        assert_eq!(at(Colors::True).high.fg, Some(Color::Rgb(255, 135, 0)));
        assert_eq!(at(Colors::Indexed256).high.fg, Some(Color::Indexed(208)));
        assert_eq!(at(Colors::Ansi16).high.fg, Some(Color::Yellow));
        for colors in [Colors::Ansi16, Colors::Indexed256] {
            assert_ne!(at(colors).low.fg, at(colors).high.fg);
        }
        assert_eq!(at(Colors::Indexed256).low.fg, Some(Color::Indexed(14)));
        assert_eq!(
            (at(Colors::True).low.fg, at(Colors::Ansi16).low.fg),
            (Some(Color::LightCyan), Some(Color::LightCyan))
        );
        assert_eq!(at(Colors::True).invalid, Styles::of(Theme::Dark, Colors::True).invalid, "the rest is the base's");
        assert_eq!(at(Colors::None), Styles::mono());
    }

    #[test]
    fn every_colour_has_its_nearest_among_fewer() {
        for i in 16..=255u8 {
            assert_eq!(rgb_of(nearest_indexed(rgb_of(i))), rgb_of(i));
        }
        for (rgb, color) in ANSI {
            assert_eq!(nearest_ansi(rgb), color);
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
