//! Everything that the screen is drawn from. Plain data: `ui` reads it, `update` writes it, nobody else.

use std::{collections::HashMap, sync::Arc};

use super::{
    DashboardConfig, Data, Filter, FrameLayout, Keymap, Navigation, Notice, Notices, Orders, Preferences, Sent, View,
};
use crate::{
    config::Watched,
    domain::{Kind, Now, Row, Target},
    store::OnFloor,
};

/// The state of the dashboard.
#[derive(Clone, Debug)]
pub struct State {
    /// What it is configured to be.
    pub config: DashboardConfig,
    /// Where each target stands in [`DashboardConfig::watched`].
    pub places: Places,
    /// True where nothing is configured to be watched: then all that the store has is.
    pub follows: bool,
    /// Who is watched while they are logged in, where [`DashboardConfig::floor`] says so.
    pub on_floor: OnFloor,
    /// Which key does what.
    pub keys: Arc<Keymap>,
    /// What the store said last.
    pub live: Data,
    /// The picture as it was when frozen, see [`State::shown`]. All other parts stay live.
    pub frozen: Option<Box<Frozen>>,
    /// Where the user is.
    pub navigation: Navigation,
    /// What the user has chosen.
    pub preferences: Preferences,
    /// What the last frame had room for.
    pub layout: FrameLayout,
    /// What is told besides the numbers.
    pub notices: Notices,
    /// What was done about alerts and is on its way to the store.
    pub sent: Vec<Sent>,
    /// When this dashboard began: what was silent before is not held against it.
    pub started: Now,
    /// Counts up whenever something visible changed, so that the loop knows when to draw.
    pub revision: u64,
    /// Terminal size in columns and rows.
    pub size: (u16, u16),
    /// The orders of the tables that the update at work has made.
    pub(crate) orders: Orders,
}

/// What stands still in a frozen picture.
#[derive(Clone, Debug)]
pub struct Frozen {
    data: Data,
    notices: Vec<Notice>,
}

impl State {
    /// Before anything was read: every watched target has a row that waits.
    pub fn new(config: DashboardConfig, now: Now) -> Self {
        let rows = config.watched.iter().map(|w| (w.target.clone(), Row::new(w.target.clone()))).collect();
        // Keys that are not right were told with the configuration, and then we do not get here.
        let keys = Keymap::of(&config.ui.keys).unwrap_or_default();
        State {
            places: Places::of(&config.watched),
            follows: config.watched.is_empty() && config.floor.is_none(),
            on_floor: OnFloor::default(),
            keys: Arc::new(keys),
            navigation: Navigation::new(&config, now.mono),
            preferences: Preferences::new(&config.ui),
            layout: FrameLayout::default(),
            notices: Notices::default(),
            sent: Vec::new(),
            config,
            started: now.clone(),
            live: Data::new(rows, now),
            frozen: None,
            revision: 0,
            size: (0, 0),
            orders: Orders::default(),
        }
    }

    /// True where keys are about the list of alerts.
    pub fn lists_alerts(&self) -> bool {
        self.navigation.view == View::Alerts && !self.navigation.detail_open
    }

    /// Where the data of the picture come from: those that were frozen, or the live ones.
    pub fn shown(&self) -> &Data {
        self.frozen.as_ref().map_or(&self.live, |f| &f.data)
    }

    /// The messages about ourselves that belong to the data that are shown.
    pub(crate) fn shown_notices(&self) -> &[Notice] {
        self.frozen.as_ref().map_or(&self.notices.list, |f| &f.notices)
    }

    /// Lets the picture stand still, or go on.
    pub(crate) fn toggle_freeze(&mut self) {
        self.frozen = match self.frozen.take() {
            Some(_) => None,
            None => Some(Box::new(Frozen { data: self.live.clone(), notices: self.notices.list.clone() })),
        };
    }

    /// The filter of the view.
    pub fn filter(&self) -> &Filter {
        let at = &self.navigation;
        match at.view {
            View::Log => &at.log_filter,
            View::Alerts => &at.alert_filter,
            View::Overview | View::Agents | View::Campaigns | View::Budget => &at.filter,
        }
    }

    pub(crate) fn filter_mut(&mut self) -> &mut Filter {
        let at = &mut self.navigation;
        match at.view {
            View::Log => &mut at.log_filter,
            View::Alerts => &mut at.alert_filter,
            View::Overview | View::Agents | View::Campaigns | View::Budget => &mut at.filter,
        }
    }

    /// The place of `target` among those of its kind in the configuration, counted from 1.
    pub fn place(&self, target: &Target) -> Option<usize> {
        self.places.find(&self.config.watched, target).map(|(_, place)| place)
    }

    /// What the configuration says of `target`.
    pub fn watched(&self, target: &Target) -> Option<&Watched> {
        self.places.find(&self.config.watched, target).and_then(|(at, _)| self.config.watched.get(at))
    }

    /// Replaces the list of what is watched.
    pub(crate) fn watch(&mut self, watched: Arc<[Watched]>) {
        self.places = Places::of(&watched);
        self.config.watched = watched;
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

    /// True where `target` is in the list.
    pub(crate) fn has(&self, target: &Target) -> bool {
        self.0.contains_key(target)
    }

    /// Where `target` stands in `watched`, from 0 on, and among those of its kind, from 1 on.
    fn find(&self, watched: &[Watched], target: &Target) -> Option<(usize, usize)> {
        let (at, place) = self.0.get(target).copied()?;
        watched.get(at).filter(|w| w.target == *target).map(|_| (at, place))
    }
}
