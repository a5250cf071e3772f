//! Which page of tiles the wallboard shows, and since when it is open.

use crate::domain::BootTime;

/// The board, while it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wall {
    tiles: Pager,
    /// When somebody opened it; `None` where nobody stands before it with a keyboard.
    opened: Option<BootTime>,
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
    /// The board from its first page on.
    pub fn new(now: BootTime) -> Self {
        Wall::on_page(0, now)
    }

    /// The same, opened by somebody at a keyboard: it says how one leaves.
    pub fn opened(now: BootTime) -> Self {
        Wall { opened: Some(now), ..Wall::new(now) }
    }

    /// The board on this page of tiles, counted from 0; on the last one where there are fewer.
    pub fn on_page(page: usize, now: BootTime) -> Self {
        Wall { tiles: Pager { page, since: now, until: None }, opened: None }
    }

    /// The pages of tiles.
    pub(crate) fn pager(&self) -> Pager {
        self.tiles
    }

    /// The pages of tiles.
    pub(crate) fn set_pager(&mut self, pager: Pager) {
        self.tiles = pager;
    }

    /// When somebody opened it.
    pub(crate) fn opened_at(&self) -> Option<BootTime> {
        self.opened
    }
}
