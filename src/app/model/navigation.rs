//! Where the user is: views, what lies over them, and what is typed.

use std::collections::BTreeMap;

use tui_input::Input;

use super::{Axis, DashboardConfig, Wall};
use crate::{
    alert::AlertId,
    domain::{BootTime, Kind, Target},
};

/// Where the user is, and what he points at.
#[derive(Clone, Debug)]
pub struct Navigation {
    /// Which view fills the middle.
    pub view: View,
    /// Which table has the selection (the overview shows two).
    pub focus: Kind,
    /// The selected target of each table; by target, never by number.
    pub selected: BTreeMap<Kind, Target>,
    /// Where the selection stood among the visible rows of each table: its neighbour takes over when it disappears.
    pub cursor: BTreeMap<Kind, usize>,
    /// First visible row of each table. Kept by `update` so that the selection stays visible.
    pub offset: BTreeMap<Kind, usize>,
    /// Rows that are polled as often as the selected one, and until when.
    pub pins: BTreeMap<Target, BootTime>,
    /// The rows that are compared, in the order in which they were marked; at most [`Navigation::MOST_MARKED`].
    pub marked: Vec<Target>,
    /// The alert under the cursor of the view of alerts.
    pub alert: Option<AlertId>,
    /// The acknowledgement that would be taken back by the next key of that kind.
    pub asked: Option<AlertId>,
    /// First visible line of a view that is a text.
    pub scroll: usize,
    /// Which rows are shown.
    pub filter: Filter,
    /// Which events the log shows; apart from that of the tables, which would hide their rows.
    pub log_filter: Filter,
    /// Which alerts are shown in their view.
    pub alert_filter: Filter,
    /// What is looked for in the help.
    pub help_search: Filter,
    /// The command line while it is typed.
    pub command: Option<Input>,
    /// What lies over the view.
    pub overlay: Option<Overlay>,
    /// True where the detail takes the whole view (`Enter`); from 110 columns on it also stands beside the tables.
    pub detail_open: bool,
    /// The time axis of the detail's chart.
    pub axis: Axis,
    /// The row whose axis it is.
    pub axis_of: Option<Target>,
    /// The wallboard, while it is shown; every key but its exit is ignored then.
    pub wall: Option<Wall>,
}

impl Navigation {
    /// So many lines can be told apart in one chart.
    pub const MOST_MARKED: usize = 4;

    /// Forgets what points at rows that are no longer there.
    pub(crate) fn keep(&mut self, is_there: impl Fn(&Target) -> bool) {
        self.pins.retain(|target, _| is_there(target));
        self.marked.retain(is_there);
    }

    pub(crate) fn new(config: &DashboardConfig, now: BootTime) -> Self {
        let agents_only = config.watched.iter().all(|w| w.target.kind == Kind::Agent);
        Navigation {
            view: View::Overview,
            focus: if agents_only { Kind::Agent } else { Kind::Campaign },
            selected: BTreeMap::new(),
            cursor: BTreeMap::new(),
            offset: BTreeMap::new(),
            pins: BTreeMap::new(),
            marked: Vec::new(),
            alert: None,
            asked: None,
            scroll: 0,
            filter: Filter::default(),
            log_filter: Filter::default(),
            alert_filter: Filter::default(),
            help_search: Filter::default(),
            command: None,
            overlay: None,
            detail_open: false,
            axis: Axis::default(),
            axis_of: None,
            wall: config.locked.then(|| Wall::opened(now)),
        }
    }
}

/// The views of the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Campaigns and agents.
    Overview,
    /// Agents only.
    Agents,
    /// Campaigns only.
    Campaigns,
    /// What somebody should look at.
    Alerts,
    /// What polling costs and who does it.
    Budget,
    Log,
}

impl View {
    /// All of them, in the order of their numbers.
    pub const ALL: [View; 6] = [View::Overview, View::Agents, View::Campaigns, View::Alerts, View::Budget, View::Log];

    /// Its number, which is also its key.
    pub const fn number(self) -> u8 {
        match self {
            View::Overview => 1,
            View::Agents => 2,
            View::Campaigns => 3,
            View::Alerts => 4,
            View::Budget => 5,
            View::Log => 6,
        }
    }

    /// Its name in the header.
    pub const fn title(self) -> &'static str {
        match self {
            View::Overview => "Overview",
            View::Agents => "Agents",
            View::Campaigns => "Campaigns",
            View::Alerts => "Alerts",
            View::Budget => "Budget",
            View::Log => "Log",
        }
    }
}

/// Which rows are shown.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The text; every word must occur in name, label, id, group or state word, case folded; `!` in front inverts.
    pub text: Input,
    /// True while the user types it.
    pub editing: bool,
}

impl Filter {
    /// Longest filter and longest command in characters.
    pub(crate) const LONGEST: usize = 200;
}

/// What lies over the view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// All keys, scrolled by so many lines.
    Help { scroll: usize },
    /// The sort columns, with the cursor on one of them.
    SortMenu { cursor: usize },
    /// How long an alert is muted, with the cursor on one of [`mute_choices`](crate::app::alerts::mute_choices).
    MuteMenu { id: AlertId, cursor: usize },
    /// The note to an acknowledgement, while it is typed; the alerts, each with how bad it was when the line was opened.
    Note { alerts: Vec<(AlertId, u32)>, text: String },
    /// The columns, with the cursor on one of them.
    Columns { cursor: usize },
    /// All banners in full, scrolled by so many lines.
    Banners { scroll: usize },
}
