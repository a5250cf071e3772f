//! What a frame had room for: drawing says so, and the next update pages and scrolls by it.

use super::Column;
use crate::domain::{Kind, Target};

/// What a frame had room for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameLayout {
    /// Rows of the campaigns' table; 0 where it is not shown.
    pub campaigns: usize,
    /// Rows of the agents' table; 0 where it is not shown.
    pub agents: usize,
    /// Whose rows were on the screen.
    pub seen: Vec<Target>,
    /// Where the tables are, for the mouse.
    pub tables: Vec<TableArea>,
    /// Alerts in their view; 0 where it is not shown.
    pub alerts: usize,
    /// Lines of the overlay, or of a view that is a text; 0 without either.
    pub overlay: usize,
    /// Lines that it would have; scrolling further than `overlay_lines - overlay` shows nothing new.
    pub overlay_lines: usize,
    /// The detail's chart; `None` where there was no room for one.
    pub chart: Option<ChartArea>,
    /// Where the text cursor belongs while something is typed: column and row of the screen.
    pub cursor: Option<(u16, u16)>,
}

impl FrameLayout {
    /// Rows of the table of `kind`.
    pub fn rows(&self, kind: Kind) -> usize {
        match kind {
            Kind::Campaign => self.campaigns,
            Kind::Agent => self.agents,
        }
    }

    /// Notes the rows of the table of `kind`.
    pub fn set_rows(&mut self, kind: Kind, rows: usize) {
        match kind {
            Kind::Campaign => self.campaigns = rows,
            Kind::Agent => self.agents = rows,
        }
    }
}

/// The chart of the detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartArea {
    /// Whose lines are in it: those of one row, or of all that are compared.
    pub targets: Vec<Target>,
    /// How many columns it has that are told apart, at least one.
    pub columns: usize,
}

/// Where a table is on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableArea {
    /// Which; `None` only by default.
    pub kind: Option<Kind>,
    /// The line of its titles; its rows follow below.
    pub top: u16,
    /// How many lines of the screen it has for rows.
    pub rows: u16,
    /// How many of them a row takes, at least one.
    pub each: u16,
    /// First column of the screen, and the one behind the last.
    pub columns: (u16, u16),
    /// Where each column begins and how wide it is.
    pub titles: Vec<(Column, u16, u16)>,
}
