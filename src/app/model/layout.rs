//! What a frame had room for.

use std::collections::BTreeMap;

use super::Column;
use crate::domain::Kind;

/// What the last frame had room for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Rows of each table that was shown.
    pub page: BTreeMap<Kind, usize>,
    /// Alerts that were shown.
    pub alerts: usize,
    /// Lines of the overlay that were shown, 0 without one.
    pub overlay: usize,
    /// Lines that the overlay has.
    pub overlay_lines: usize,
    /// Columns of dots of the detail's chart, 0 without one.
    pub chart: usize,
    /// Where the tables are.
    pub spots: Vec<Spot>,
}

/// Where a table is on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// Which; `None` only by default.
    pub kind: Option<Kind>,
    /// The line of its titles; its rows follow below.
    pub top: u16,
    /// How many rows there are.
    pub rows: u16,
    /// First column of the screen, and the one behind the last.
    pub columns: (u16, u16),
    /// Where each column begins and how wide it is.
    pub titles: Vec<(Column, u16, u16)>,
}
