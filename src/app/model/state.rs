//! Everything that the screen is drawn from. Plain data: `ui` reads it, `update` writes it, nobody else.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use jiff::tz::TimeZone;
use tui_input::Input;

use super::{Axis, Column, Filter, Keymap, Notice, Overlay, Past, Sort, Spot, View, Wall};
use crate::{
    alert::{Alert, AlertId, Mute, Subject},
    config::{Budget, Names, Symbols, Theme, Ui, Wall as WallConfig, Watched},
    domain::{Kind, Mono, Now, Row, Target},
    store::{Event, HistoryInfo, Instance, Status, Usage},
};

/// The state of the dashboard.
#[derive(Clone, Debug)]
pub struct State {
    /// What does not change while it runs.
    pub facts: Facts,
    /// The time of the last update; everything is drawn as of this moment.
    pub now: Now,
    /// When this dashboard began: what was silent before is not held against it.
    pub started: Now,
    /// Counts up whenever something visible changed, so that the loop knows when to draw.
    pub revision: u64,
    /// What is known of every watched target, in no particular order.
    pub rows: BTreeMap<Target, Row>,
    /// What the poller last said; `None` before it spoke.
    pub status: Option<Status>,
    /// What the request ledger holds.
    pub usage: Usage,
    /// Who polls; `None`: nobody.
    pub poller: Option<Instance>,
    /// All instances on this store.
    pub instances: Vec<Instance>,
    /// Size of the history.
    pub history: HistoryInfo,
    /// Events of the last hours, oldest first, bounded.
    pub events: Vec<Event>,
    /// Alerts: active ones first (see [`Alerts`](super::Alerts)), then those that ended, newest first.
    pub alerts: Vec<Alert>,
    /// What is muted.
    pub mutes: BTreeMap<Subject, Mute>,
    /// Rows that have changed too seldom to alert: changes seen, and needed.
    pub warming: BTreeMap<Target, (u32, u32)>,
    /// The alerts were heard of at least once: what is new from here on is news.
    pub alerts_known: bool,
    /// The alert under the cursor of the view of alerts.
    pub alert: Option<AlertId>,
    /// Alerts that the last frame had room for.
    pub alert_page: usize,
    /// Messages about ourselves: store moved aside, configuration reloaded. Newest last, bounded.
    pub notices: Vec<Notice>,
    /// Banners that the user has dismissed, by their key; a banner with another key shows again.
    pub dismissed: Vec<String>,
    /// Which view fills the middle.
    pub view: View,
    /// Which table has the selection (the overview shows two).
    pub focus: Kind,
    /// The selected target of each table; by target, never by number.
    pub selected: BTreeMap<Kind, Target>,
    /// First visible row of each table. Kept by `update` so that the selection stays visible.
    pub offset: BTreeMap<Kind, usize>,
    /// Rows that each table had room for in the last frame: written back by the loop after drawing, for paging.
    pub page: BTreeMap<Kind, usize>,
    /// Where the tables of the last frame were, for the mouse.
    pub spots: Vec<Spot>,
    /// The order of both tables.
    pub sort: Sort,
    /// Which rows are shown.
    pub filter: Filter,
    /// Which events the log shows; apart from that of the tables, which would hide their rows.
    pub log_filter: Filter,
    /// First visible line of a view that is a text.
    pub scroll: usize,
    /// The columns of both tables from left to right; empty: the usual ones.
    pub columns: Vec<Column>,
    /// True where agents stand in sections by their group.
    pub sections: bool,
    /// How agents are named.
    pub names: Names,
    /// Rows that are polled as often as the selected one, and until when.
    pub pins: BTreeMap<Target, Mono>,
    /// Which colours; at first those of the configuration.
    pub theme: Theme,
    /// Which characters; at first those of the configuration.
    pub symbols: Symbols,
    /// The command line while it is typed.
    pub command: Option<Input>,
    /// What the last key came to, where that is not seen elsewhere; until the next key.
    pub said: Option<String>,
    /// Memory of this process in bytes; 0: not known.
    pub memory: u64,
    /// What lies over the view.
    pub overlay: Option<Overlay>,
    /// True where the detail takes the whole view (`Enter`); from 110 columns on it also stands beside the tables.
    pub detail_open: bool,
    /// True where ages are shown as the time of the reading.
    pub age_as_time: bool,
    /// The picture as it was when frozen. Rows, status, usage, events and the time are then drawn from it (see
    /// [`State::shown`]); view, selection, sort, filter and overlay stay those of the live state.
    pub frozen: Option<Box<State>>,
    /// Lines that the last frame showed of the overlay, or of a view that is a text, and how many there are: bounds the
    /// scrolling.
    pub overlay_lines: (usize, usize),
    /// Terminal size in columns and rows.
    pub size: (u16, u16),
    /// True where nothing is configured to be watched: then all that the store has is.
    pub follows: bool,
    /// Which key does what.
    pub keys: Arc<Keymap>,
    /// The board on the wall, while it is shown; every key but its exit is ignored then.
    pub wall: Option<Wall>,
    /// Counts the answers that arrived while we looked: the board's proof that its data live.
    pub replies: u64,
    /// The time axis of the detail's chart.
    pub axis: Axis,
    /// What the history said last.
    pub past: Option<Past>,
    /// Where each target stands in [`Facts::watched`].
    pub places: Places,
    /// Columns of dots that the chart of the last frame had; 0 without one.
    pub chart: usize,
    /// Where the selection stood among the visible rows of each table: its neighbour takes over when it disappears.
    pub cursor: BTreeMap<Kind, usize>,
}

impl State {
    /// True where keys are about the list of alerts.
    pub fn lists_alerts(&self) -> bool {
        self.view == View::Alerts && !self.detail_open
    }

    /// Before anything was read: every watched target has a row that waits.
    pub fn new(facts: Facts, now: Now) -> Self {
        let rows = facts.watched.iter().map(|w| (w.target.clone(), Row::new(w.target.clone()))).collect();
        let agents_only = facts.watched.iter().all(|w| w.target.kind == Kind::Agent);
        // Keys that are not right were told with the configuration, and then we do not get here.
        let keys = Keymap::of(&facts.ui.keys).unwrap_or_default();
        State {
            wall: facts.locked.then(|| Wall::new(now.mono)),
            replies: 0,
            axis: Axis::default(),
            past: None,
            chart: 0,
            places: Places::of(&facts.watched),
            follows: facts.watched.is_empty(),
            theme: facts.ui.theme,
            symbols: facts.ui.symbols,
            facts,
            started: now.clone(),
            now,
            revision: 0,
            rows,
            status: None,
            usage: Usage::default(),
            poller: None,
            instances: Vec::new(),
            history: HistoryInfo::default(),
            events: Vec::new(),
            alerts: Vec::new(),
            mutes: BTreeMap::new(),
            warming: BTreeMap::new(),
            alerts_known: false,
            alert: None,
            alert_page: 0,
            notices: Vec::new(),
            dismissed: Vec::new(),
            view: View::Overview,
            focus: if agents_only { Kind::Agent } else { Kind::Campaign },
            selected: BTreeMap::new(),
            offset: BTreeMap::new(),
            page: BTreeMap::new(),
            spots: Vec::new(),
            sort: Sort { column: Column::State, reverse: false },
            filter: Filter::default(),
            log_filter: Filter::default(),
            scroll: 0,
            columns: Vec::new(),
            sections: false,
            names: Names::Full,
            pins: BTreeMap::new(),
            command: None,
            said: None,
            memory: 0,
            overlay: None,
            detail_open: false,
            age_as_time: false,
            frozen: None,
            overlay_lines: (0, 0),
            size: (0, 0),
            keys: Arc::new(keys),
            cursor: BTreeMap::new(),
        }
    }

    /// Where the data of the picture come from: the frozen state, or this one.
    pub fn shown(&self) -> &State {
        self.frozen.as_deref().unwrap_or(self)
    }

    /// The filter of the view.
    pub fn filter(&self) -> &Filter {
        if self.view == View::Log { &self.log_filter } else { &self.filter }
    }

    pub(crate) fn filter_mut(&mut self) -> &mut Filter {
        if self.view == View::Log { &mut self.log_filter } else { &mut self.filter }
    }

    /// The place of `target` among those of its kind in the configuration, counted from 1.
    pub fn place(&self, target: &Target) -> Option<usize> {
        self.places.find(&self.facts.watched, target).map(|(_, place)| place)
    }

    /// What the configuration says of `target`.
    pub fn watched(&self, target: &Target) -> Option<&Watched> {
        self.places.find(&self.facts.watched, target).and_then(|(at, _)| self.facts.watched.get(at))
    }

    /// Replaces the list of what is watched.
    pub(crate) fn watch(&mut self, watched: Arc<[Watched]>) {
        self.places = Places::of(&watched);
        self.facts.watched = watched;
    }
}

/// Where each target stands in a list and among its kind, looked up instead of searched for: with thousands of agents a
/// frame asks thousands of times.
#[derive(Clone, Debug, Default)]
pub struct Places(Arc<HashMap<Target, (usize, usize)>>);

impl Places {
    fn of(watched: &[Watched]) -> Self {
        let mut alike = [0, 0];
        let place = |(at, w): (usize, &Watched)| {
            let count = &mut alike[usize::from(w.target.kind == Kind::Agent)];
            *count += 1;
            (w.target.clone(), (at, *count))
        };
        Places(Arc::new(watched.iter().enumerate().map(place).collect()))
    }

    /// Where `target` stands in `watched`, from 0 on, and among those of its kind, from 1 on.
    fn find(&self, watched: &[Watched], target: &Target) -> Option<(usize, usize)> {
        let (at, place) = self.0.get(target).copied()?;
        watched.get(at).filter(|w| w.target == *target).map(|_| (at, place))
    }
}

/// [`Facts::mode`] of what shows the past.
pub const REPLAY: &str = "REPLAY";

/// What does not change while the dashboard runs.
#[derive(Clone, Debug)]
pub struct Facts {
    /// `[account] name`.
    pub account: Arc<str>,
    /// DEMO or nothing; never hidden.
    pub mode: Option<&'static str>,
    /// Zone of every clock on the screen.
    pub zone: TimeZone,
    /// The configured targets: order, label, groups, band, origin.
    pub watched: Arc<[Watched]>,
    /// Limits, for the footer.
    pub budget: Budget,
    /// `[poll] min_interval`: with few targets a sweep cannot be shorter.
    pub min_interval: Duration,
    /// Theme, symbols, steps.
    pub ui: Ui,
    /// The board on the wall.
    pub wall: WallConfig,
    /// True for `ahtop wall`: nothing but the board, from the start to the end.
    pub locked: bool,
    /// This process.
    pub me: Instance,
    /// False for a viewer without credentials.
    pub may_poll: bool,
}
