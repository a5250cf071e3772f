//! Which rows the tables show and in which order, as far as one update has asked for it.

use std::sync::Arc;

use super::Sort;
use crate::{
    config::Names,
    domain::{Kind, Target},
};

/// What moving through a table needs to know of a row.
#[derive(Clone, Debug)]
pub(crate) struct OrderedRow {
    pub(crate) target: Target,
    /// The order of attention, see [`RowState::rank`](super::RowState::rank).
    pub(crate) rank: u8,
}

/// The lines of a table from above; `None` is the heading of a section.
pub(crate) type Order = Arc<[Option<OrderedRow>]>;

/// What an order depends on besides the data, which stand still while an event is worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderedBy {
    pub(crate) sort: Sort,
    pub(crate) sections: bool,
    pub(crate) folds: bool,
    pub(crate) names: Names,
    pub(crate) filter: String,
    pub(crate) frozen: bool,
}

/// The orders that were made in this update, so that each is made once: to sort thousands of rows is what a key costs
/// most. It is empty between updates.
#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    by: Option<OrderedBy>,
    campaigns: Option<Order>,
    agents: Option<Order>,
}

impl Orders {
    /// The order of the table of `kind`, where it was made by the same rules.
    pub(crate) fn get(&mut self, kind: Kind, by: &OrderedBy) -> Option<Order> {
        if self.by.as_ref() != Some(by) {
            *self = Orders { by: Some(by.clone()), ..Orders::default() };
        }
        self.slot(kind).clone()
    }

    /// Keeps an order that was made by the rules of the last [`get`](Self::get).
    pub(crate) fn keep(&mut self, kind: Kind, order: Order) {
        *self.slot(kind) = Some(order);
    }

    fn slot(&mut self, kind: Kind) -> &mut Option<Order> {
        match kind {
            Kind::Campaign => &mut self.campaigns,
            Kind::Agent => &mut self.agents,
        }
    }
}
