//! Where the user is: views, what lies over them, and what is typed.

use tui_input::Input;

use crate::alert::AlertId;

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
    /// What happened.
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
    Help {
        /// First visible line.
        scroll: usize,
    },
    /// The sort columns, with the cursor on one of them.
    SortMenu {
        /// The column under the cursor.
        cursor: usize,
    },
    /// How long an alert is muted, with the cursor on one of [`mute_choices`](crate::app::alerts::mute_choices).
    MuteMenu {
        /// Which alert.
        id: AlertId,
        /// The entry under the cursor.
        cursor: usize,
    },
    /// The note to an acknowledgement, while it is typed.
    Note {
        /// Which alert.
        id: AlertId,
        /// How bad it was when the line was opened.
        rank: u32,
        /// What was typed.
        text: String,
    },
    /// The columns, with the cursor on one of them.
    Columns {
        /// The column under the cursor.
        cursor: usize,
    },
    /// All banners in full, scrolled.
    Banners {
        /// First visible line.
        scroll: usize,
    },
}
