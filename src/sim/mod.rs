//! The simulated service: the AHT API on loopback with a model of a call centre behind it.
//!
//! It is written from the contract alone and shares no code with the client, so that neither proves the other by
//! construction. [`SimService`] is the contract without sockets, for tests that own the time; [`SimServer`] puts it on
//! a real one. Everything follows from a seed and the injected clock.
//!
//! ```text
//!   roster ─► model ──truth──► service ──answer, delay, spoiling──► server ──► loopback
//!                                 ▲ options, faults, script           ▲ /sim/…: log, truth, counters, faults
//! ```

mod answer;
mod control;
mod fault;
mod history;
mod limit;
mod lists;
mod log;
pub mod model;
pub mod options;
mod scenario;
mod script;
mod server;
mod service;
mod tokens;
mod wire;

pub use fault::{Fault, FaultScope, Span, WireFault};
pub use history::{PastReading, days_before, history};
pub use log::{Counters, LogEntry, Verdict};
pub use model::{LoginState, Model, Roster, RosterAgent, RosterCampaign, Shift, Truth};
pub use options::SimOptions;
pub use scenario::Scenario;
pub use script::{Action, ScriptStep};
pub use server::SimServer;
pub use service::{OptionsError, SimService};
pub use wire::{SimRequest, SimResponse};
