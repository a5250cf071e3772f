//! The poller: asks the service for what anybody wants, within the account's budget, and puts the answers in the store.
//!
//! ```text
//!            ┌──────── watching ◄───────── lease lost, or left to a `serve` ────────┐
//!  start ────┤                                                                     │
//!            └─ lease free ──► polling:  schedule ─► token ─► permit ─► request ─► reading ─► store
//!                                │  health: one probe at a time while nothing works
//!                                └─ cancelled ──► finish what is in flight ──► leave
//! ```
//!
//! [`Schedule`], [`Health`] and the rules of [`TokenManager`] are pure or ask only the store; [`Poller`] is the loop
//! around them. Safety is not here: the store gives permits and allows generations, whatever this code believes.
//! [`plan`] says beforehand what a configuration costs, [`measure`] how far from the truth a schedule leaves a screen.

mod health;
pub mod measure;
mod pace;
pub mod plan;
mod poller;
mod presence;
mod request;
mod schedule;
mod setup;
mod status;
mod token_manager;

pub use health::{Gate, Health};
pub use pace::Pacer;
pub use poller::Poller;
pub use schedule::{INVALID_INTERVAL, Next, Schedule};
pub use setup::{Notifiers, Rules, Setup};
pub use token_manager::{Keys, MOST_GENERATIONS, Ready, TokenManager, TokenSource};
