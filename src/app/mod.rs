//! The dashboard without a terminal: state, events, actions, and a pure update.
//!
//! ```text
//! Event ─► update ─► State ─► view: rows, tables, banners, keys ─► ui
//!             └─► Effect ─► run
//! ```

#[cfg(test)]
pub(crate) mod fixture;
mod model;
#[cfg(test)]
mod tests;
mod update;
mod view;
#[cfg(test)]
pub(crate) mod worlds;

pub use crate::config::Names;
pub use model::*;
pub use update::{begin_anew, reconfigure, update};
pub use view::{
    alerts,
    banners::{self, Banner, banners},
    claims, columns, command, filter, filter_hints, follow,
    groups::{self, Item, Section},
    history, keys, log, names, needs, presence, rows,
    tables::{self, items, lines},
    text, wall,
    words::{nobody, remedy},
};
