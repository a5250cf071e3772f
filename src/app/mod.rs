//! The dashboard without a terminal: state, events, actions, and a pure update.
//!
//! ```text
//! Event ─► update ─► State ─► rows, banners, keymap (pure views of it) ─► ui
//!             └─► Effect ─► run
//! ```

mod action;
pub mod alarms;
pub mod banners;
pub mod choices;
pub mod columns;
pub mod command;
mod event;
mod filter;
#[cfg(test)]
pub(crate) mod fixture;
pub mod follow;
pub mod groups;
mod keymap;
pub mod log;
mod mouse;
pub mod names;
pub mod past;
pub mod rows;
mod select;
mod state;
#[cfg(test)]
mod tests;
pub mod text;
mod update;
pub mod wall;

pub use crate::config::Names;
pub use action::{Action, Binding, Context};
pub use alarms::{Alarms, Mark};
pub use banners::{Banner, banners};
pub use choices::Choices;
pub use event::{Event, Pointer, Room, Shared, Spot};
pub use groups::{Item, Section, items};
pub use keymap::{Key, Keymap, context};
pub use rows::{Line, lines};
pub use state::*;
pub use update::{Effect, update};
