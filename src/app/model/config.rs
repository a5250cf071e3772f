//! What the dashboard is configured to be.

use std::{sync::Arc, time::Duration};

use jiff::tz::TimeZone;

use crate::{
    config::{Budget, Floor, Ui, Wall, Watched},
    store::Instance,
};

/// [`DashboardConfig::mode`] of what shows the past.
pub const REPLAY: &str = "REPLAY";

/// What does not change while the dashboard runs.
#[derive(Clone, Debug)]
pub struct DashboardConfig {
    /// `[account] name`.
    pub account: Arc<str>,
    /// DEMO or nothing; never hidden.
    pub mode: Option<&'static str>,
    /// Zone of every clock on the screen.
    pub zone: TimeZone,
    /// The configured targets: order, label, groups, band, origin.
    pub watched: Arc<[Watched]>,
    /// Agents are watched while they are logged in: those of `watched` change then.
    pub floor: Option<Arc<Floor>>,
    /// Limits, for the footer.
    pub budget: Budget,
    /// `[poll] min_interval`: with few targets a sweep cannot be shorter.
    pub min_interval: Duration,
    pub ui: Ui,
    /// The board on the wall.
    pub wall: Wall,
    /// True for `ahtop wall`: nothing but the board, from the start to the end.
    pub locked: bool,
    pub me: Instance,
    /// False for a viewer without credentials.
    pub may_poll: bool,
}

impl DashboardConfig {
    /// For `account`, with everything else as the configuration has it where nothing is said, and times in UTC.
    pub fn new(account: &str, watched: impl Into<Arc<[Watched]>>, me: Instance) -> DashboardConfig {
        DashboardConfig {
            account: account.into(),
            mode: None,
            zone: TimeZone::UTC,
            watched: watched.into(),
            floor: None,
            budget: Budget::default(),
            min_interval: Duration::from_secs(60),
            ui: Ui::default(),
            wall: Wall::default(),
            locked: false,
            me,
            may_poll: true,
        }
    }
}
