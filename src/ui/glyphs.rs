//! Every symbol of the screen, with its ASCII twin.

use crate::{
    app::{LoginState, Mark, RowState, Severity},
    domain::{Condition, Level},
};

/// Which characters are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Set {
    /// Everything, Braille included.
    Unicode,
    /// Blocks and lines, no Braille.
    Block,
    /// ASCII alone: also text from elsewhere is shown in ASCII.
    Ascii,
}

/// A set of symbols. Each is one cell wide unless it says otherwise.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Which set this is.
    pub set: Set,
    /// Marks a cut.
    pub ellipsis: &'static str,
    /// Steps of a sparkline, lowest first. None fills its cell, so that lines one above the other stay apart.
    pub bars: &'static [&'static str],
    /// Marks the selected row.
    pub cursor: &'static str,
    /// Marks a pinned row.
    pub pin: &'static str,
    /// A filled cell of a gauge, one that others used, an empty one, and where the reserve begins.
    pub gauge: [&'static str; 4],
    /// Between facts of a line.
    pub dot: &'static str,
    /// A value above, below the chart.
    pub clamped: [&'static str; 2],
    /// Which way a value moves: up, down, neither.
    pub arrows: [&'static str; 3],
    /// Limit of the band, and target, as lines in the chart.
    pub lines: [&'static str; 2],
    /// Horizontal, vertical line.
    pub hv: [&'static str; 2],
    /// Corners: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// What large figures are made of: fresh, old.
    pub fills: [&'static str; 2],
    /// The board's proof of life: a cell where the last reply stands, and the others.
    pub life: [&'static str; 2],
    /// The part of a time axis whose calls count now.
    pub memory: &'static str,
    /// Marks the sort column: ascending, descending.
    pub sort: [&'static str; 2],
    /// Two cells each: much longer, longer, much shorter, shorter, inside.
    levels: [&'static str; 5],
    /// Two cells each: no calls, waiting, stale, invalid, failing.
    conditions: [&'static str; 5],
    /// Banners: error, warning, info.
    pub(super) severities: [&'static str; 3],
    /// Of an agent: ready, on a break, busy, logged out.
    logins: [&'static str; 4],
    /// Behind a state: acknowledged, muted, too new to alert.
    marks: [&'static str; 3],
}

/// Everything, Braille included.
pub static UNICODE: Glyphs = Glyphs {
    set: Set::Unicode,
    ellipsis: "…",
    bars: &["▁", "▂", "▃", "▄", "▅", "▆", "▇"],
    cursor: "▸",
    pin: "•",
    gauge: ["█", "▒", "·", "│"],
    dot: "·",
    clamped: ["▲", "▼"],
    arrows: ["↑", "↓", "→"],
    lines: ["╌", "·"],
    hv: ["─", "│"],
    corners: ["┌", "┐", "└", "┘"],
    fills: ["█", "░"],
    life: ["■", "·"],
    memory: "━",
    sort: ["▴", "▾"],
    levels: ["▲▲", "▲ ", "▼▼", "▼ ", "  "],
    conditions: ["· ", "◌ ", "? ", "! ", "× "],
    severities: ["×", "!", "·"],
    logins: ["+", "=", "»", "-"],
    marks: ["√", "ø", "~"],
};

/// Blocks and lines as on the Linux console, no Braille.
pub static BLOCK: Glyphs = Glyphs {
    set: Set::Block,
    cursor: ">",
    lines: ["-", "·"],
    memory: "=",
    sort: ["^", "v"],
    conditions: ["· ", "~ ", "? ", "! ", "× "],
    ..UNICODE
};

/// ASCII alone.
pub static ASCII: Glyphs = Glyphs {
    set: Set::Ascii,
    ellipsis: "~",
    bars: &[".", ":", "-", "=", "+", "*", "#"],
    cursor: ">",
    pin: "*",
    gauge: ["#", "%", ".", "|"],
    dot: "-",
    clamped: ["^", "v"],
    arrows: ["/", "\\", ">"],
    lines: ["-", "."],
    hv: ["-", "|"],
    corners: ["+", "+", "+", "+"],
    fills: ["#", ":"],
    life: ["#", "."],
    memory: "=",
    sort: ["^", "v"],
    levels: ["^^", "^ ", "vv", "v ", "  "],
    conditions: [". ", "~ ", "? ", "! ", "x "],
    severities: ["x", "!", "-"],
    logins: ["+", "=", ">", "-"],
    marks: ["=", "%", "~"],
};

impl Glyphs {
    /// The mark of a row's state: always two cells, so that the words beside it align.
    pub fn state(&self, state: RowState) -> &'static str {
        match state {
            RowState::Fresh(level) => {
                self.levels[match level {
                    Level::HighCrit => 0,
                    Level::HighWarn => 1,
                    Level::LowCrit => 2,
                    Level::LowWarn => 3,
                    Level::Inside => 4,
                }]
            }
            RowState::Other(condition) => match condition {
                Condition::Value => self.levels[4],
                Condition::NoCalls => self.conditions[0],
                Condition::Waiting => self.conditions[1],
                Condition::Stale => self.conditions[2],
                Condition::Invalid => self.conditions[3],
                Condition::Failing => self.conditions[4],
            },
        }
    }

    /// The mark of a banner.
    pub fn severity(&self, severity: Severity) -> &'static str {
        self.severities[match severity {
            Severity::Error => 0,
            Severity::Warning => 1,
            Severity::Info => 2,
        }]
    }

    /// The mark of an agent's login.
    pub fn login(&self, state: LoginState) -> &'static str {
        self.logins[match state {
            LoginState::Ready => 0,
            LoginState::Break => 1,
            LoginState::Busy => 2,
            LoginState::Out => 3,
        }]
    }

    /// The mark behind a state.
    pub fn mark(&self, mark: Mark) -> &'static str {
        self.marks[match mark {
            Mark::Acked => 0,
            Mark::Muted => 1,
            Mark::Warming => 2,
        }]
    }

    /// True for the ASCII set.
    pub fn ascii(&self) -> bool {
        self.set == Set::Ascii
    }
}

/// The symbol for the dots of one cell, from the top, left before right.
pub(super) fn symbol(set: Set, bits: u8, utf8: &mut [u8; 4]) -> &str {
    match set {
        Set::Unicode => {
            const DOTS: [u32; 8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];
            let pattern = DOTS.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, d)| d).sum::<u32>();
            char::from_u32(0x2800 + pattern).unwrap_or(' ').encode_utf8(utf8)
        }
        Set::Block => match bits {
            1 => "▀",
            2 => "▄",
            _ => "█",
        },
        Set::Ascii => "*",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    fn symbols(g: &Glyphs) -> Vec<&'static str> {
        let mut all = vec![g.ellipsis, g.cursor, g.pin, g.dot];
        all.extend(g.gauge);
        all.extend(g.bars);
        all.extend(g.arrows);
        all.extend(g.clamped.iter().chain(&g.lines).chain(&g.hv).chain(&g.corners).chain(&g.sort));
        all.extend(g.severities.iter().chain(&g.marks).chain(&g.logins));
        all.extend(g.fills.iter().chain(&g.life).chain([&g.memory]));
        all
    }

    #[test]
    fn every_symbol_is_one_cell_and_every_state_mark_two() {
        for g in [&UNICODE, &BLOCK, &ASCII] {
            assert!(symbols(g).iter().all(|s| s.width() == 1), "{:?}", g.set);
            assert!(g.levels.iter().chain(&g.conditions).all(|s| s.width() == 2), "{:?}", g.set);
        }
        assert!(symbols(&ASCII).iter().chain(&ASCII.levels).chain(&ASCII.conditions).all(|s| s.is_ascii()));
    }

    #[test]
    fn every_state_has_its_own_mark() {
        for g in [&UNICODE, &BLOCK, &ASCII] {
            let mut marks: Vec<_> = g.levels.iter().chain(&g.conditions).collect();
            marks.sort();
            marks.dedup();
            assert_eq!(marks.len(), 10, "{:?}", g.set);
        }
    }
}
