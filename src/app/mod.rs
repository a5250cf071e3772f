//! The dashboard without a terminal: state, events, actions, and a pure update.

mod state;

pub use state::*;
