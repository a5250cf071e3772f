//! Which page of campaigns and of agents the wallboard shows.

use crate::domain::{Kind, Mono};

/// The board, while it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wall {
    campaigns: Pager,
    agents: Pager,
}

/// Pages that turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pager {
    /// Counted from 0.
    pub(crate) page: usize,
    /// When it came up.
    pub(crate) since: Mono,
}

impl Wall {
    /// The board from its first pages on.
    pub fn new(now: Mono) -> Self {
        let pager = Pager { page: 0, since: now };
        Wall { campaigns: pager, agents: pager }
    }

    /// The pages of `kind`.
    pub(crate) fn pager(&self, kind: Kind) -> Pager {
        match kind {
            Kind::Campaign => self.campaigns,
            Kind::Agent => self.agents,
        }
    }

    /// The pages of `kind`.
    pub(crate) fn pager_mut(&mut self, kind: Kind) -> &mut Pager {
        match kind {
            Kind::Campaign => &mut self.campaigns,
            Kind::Agent => &mut self.agents,
        }
    }
}
