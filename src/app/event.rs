//! Everything that reaches `update`: what people type, what the store holds, and that time passes.

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;

use super::{Alarms, Notice, past::Past};
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
}

/// What the instances share besides readings. The rarely read parts are `None` where they were not read again.
#[derive(Clone, Debug, Default)]
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
