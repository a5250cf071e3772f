//! Everything that reaches `update`: what people type, what the store holds, and that time passes.

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;

use super::{Alarms, Column, Notice, past::Past};
use crate::{
    domain::{Kind, Reading},
    store::{self, HistoryInfo, Instance, Snapshot, Status, Usage},
};

/// Something that happened to the dashboard.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// Text that was pasted, as the terminal gave it.
    Paste(String),
    /// The terminal has this many columns and rows.
    Resize(u16, u16),
    /// All that the store knew when we began.
    Loaded(Snapshot),
    /// Readings that came since, in the order of the store.
    Readings(Vec<Reading>),
    /// What the instances share besides readings.
    Shared(Box<Shared>),
    /// The alerts as they are now.
    Alarms(Box<Alarms>),
    /// What was asked of the history, see [`past::wanted`](super::past::wanted).
    Past(Box<Past>),
    /// Something about ourselves to be shown.
    Notice(Notice),
    /// The cause of the notice with this key is gone.
    Resolved(String),
    /// Time has passed; what depends on it is drawn anew.
    Tick,
    /// The mouse, where it is taken.
    Mouse(Pointer),
    /// This process uses so many bytes of memory.
    Memory(u64),
    /// A frame was drawn, with this much room.
    Drawn(Room),
}

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

/// What the mouse did, at a column and a row of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointer {
    /// The left button went down.
    Click(u16, u16),
    /// The wheel was turned down by a notch, or up.
    Wheel {
        /// Towards the end.
        down: bool,
    },
}

/// What the instances share besides readings. The rarely read parts are `None` where they were not read again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shared {
    /// What the poller said.
    pub status: Option<Status>,
    /// The request ledger.
    pub usage: Usage,
    /// Who holds the lease.
    pub poller: Option<Instance>,
    /// Who is here.
    pub instances: Vec<Instance>,
    /// Size of the history.
    pub history: Option<HistoryInfo>,
    /// Events of the last hours, oldest first.
    pub events: Option<Vec<store::Event>>,
}
