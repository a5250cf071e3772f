//! The dashboard without a terminal: state, events, actions, and a pure update.
//!
//! ```text
//! Event ─► update ─► State ─► rows, banners, keymap (pure views of it) ─► ui
//!             └─► Effect ─► run
//! ```

pub mod banners;
mod filter;
pub mod rows;
mod state;
pub mod text;

pub use banners::{Banner, banners};
pub use rows::{Line, lines};
pub use state::*;
