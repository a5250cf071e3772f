//! What came from the store, as it is now or as it was when the picture was frozen.

use std::{collections::BTreeMap, sync::Arc};

use super::Past;
use crate::{
    alert::{Alert, Mute, Subject},
    domain::{Now, Row, Target},
    store::{Event, HistoryInfo, Instance, Presence, Status, Usage},
};

/// What the numbers on the screen are made of.
#[derive(Clone, Debug)]
pub struct Data {
    /// The time of the last update; everything is drawn as of this moment.
    pub now: Now,
    /// What is known of every watched target.
    pub rows: BTreeMap<Target, Row>,
    /// What the poller last said; `None` before it spoke.
    pub status: Option<Status>,
    /// What the request ledger holds.
    pub usage: Usage,
    /// Who polls; `None`: nobody.
    pub poller: Option<Instance>,
    /// All instances on this store.
    pub instances: Vec<Instance>,
    /// Who is logged in; `None`: nobody has asked.
    pub presence: Option<Arc<Presence>>,
    /// Size of the history.
    pub history: HistoryInfo,
    /// What the history said last.
    pub past: Option<Past>,
    /// Events of the last hours, oldest first, bounded.
    pub events: Vec<Event>,
    /// Alerts: active ones first (see [`Alerts`](super::Alerts)), then those that ended, newest first.
    pub alerts: Vec<Alert>,
    /// The alerts were heard of at least once: what is new from here on is news.
    pub alerts_known: bool,
    pub mutes: BTreeMap<Subject, Mute>,
    /// Rows that have changed too seldom to alert: changes seen, and needed.
    pub warming: BTreeMap<Target, (u32, u32)>,
    /// Counts the answers that arrived while we looked: the board's proof that its data live.
    pub replies: u64,
    /// Memory of this process in bytes; 0: not known.
    pub memory: u64,
}

impl Data {
    /// Before anything was read.
    pub(crate) fn new(rows: BTreeMap<Target, Row>, now: Now) -> Self {
        Data {
            now,
            rows,
            status: None,
            usage: Usage::default(),
            poller: None,
            instances: Vec::new(),
            presence: None,
            history: HistoryInfo::default(),
            past: None,
            events: Vec::new(),
            alerts: Vec::new(),
            alerts_known: false,
            mutes: BTreeMap::new(),
            warming: BTreeMap::new(),
            replies: 0,
            memory: 0,
        }
    }
}
