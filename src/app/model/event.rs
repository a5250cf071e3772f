//! Everything that reaches `update`: what people type, what the store holds, and that time passes.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use super::{Alerts, FrameLayout, Notice, Past, Topic};
use crate::{
    domain::Reading,
    store::{self, HistoryInfo, Instance, Presence, Snapshot, Status, Usage},
};

/// Something that happened to the dashboard.
#[derive(Clone, Debug)]
pub enum Event {
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
    Alerts(Box<Alerts>),
    /// What was asked of the history, see [`history::wanted`](crate::app::history::wanted).
    Past(Box<Past>),
    /// Something about ourselves to be shown.
    Notice(Notice),
    /// The cause of the notice about this is gone.
    Resolved(Topic),
    /// What came of something that the user asked for and that took a while; shown until the next key.
    Answer(String),
    /// Time has passed; what depends on it is drawn anew.
    Tick,
    /// The mouse, where it is taken.
    Mouse(Pointer),
    /// This process uses so many bytes of memory.
    Memory(u64),
    /// A frame was drawn, with this much room.
    Drawn(FrameLayout),
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
    pub usage: Usage,
    /// Who holds the lease.
    pub poller: Option<Instance>,
    pub instances: Vec<Instance>,
    /// Who is logged in.
    pub presence: Option<Arc<Presence>>,
    /// Size of the history.
    pub history: Option<HistoryInfo>,
    /// Events of the last hours, oldest first.
    pub events: Option<Vec<store::Event>>,
}
