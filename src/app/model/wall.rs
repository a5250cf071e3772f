//! Which page of campaigns and of agents the wallboard shows.

use crate::domain::{BootTime, Kind};

/// The board, while it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wall {
    campaigns: Pager,
    agents: Pager,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pager {
    /// Counted from 0.
    pub(crate) page: usize,
    /// When it came up.
    pub(crate) since: BootTime,
    /// When the next one comes; `None` where it is the only one, or before anybody looked.
    pub(crate) until: Option<BootTime>,
}

impl Wall {
    /// The board from its first pages on.
    pub fn new(now: BootTime) -> Self {
        let pager = Pager { page: 0, since: now, until: None };
        Wall { campaigns: pager, agents: pager }
    }

    /// The board on this page of campaigns and of agents, counted from 0; on the last one where there are fewer.
    pub fn on_page(page: usize, now: BootTime) -> Self {
        let pager = Pager { page, since: now, until: None };
        Wall { campaigns: pager, agents: pager }
    }

    /// The pages of `kind`.
    pub(crate) fn pager(&self, kind: Kind) -> Pager {
        match kind {
            Kind::Campaign => self.campaigns,
            Kind::Agent => self.agents,
        }
    }

    /// When the next page comes, of whichever kind.
    pub(crate) fn next_page(&self) -> Option<BootTime> {
        self.campaigns.until.into_iter().chain(self.agents.until).min()
    }

    /// The pages of `kind`.
    pub(crate) fn pager_mut(&mut self, kind: Kind) -> &mut Pager {
        match kind {
            Kind::Campaign => &mut self.campaigns,
            Kind::Agent => &mut self.agents,
        }
    }
}
