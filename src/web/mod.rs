//! What others can read over HTTP while `serve` runs: health, metrics, JSON, and the wallboard for a browser. Reads, and
//! never writes.
//!
//! ```text
//!   listen ─► accept (bounded) ─► connection (bounded in time and size) ─► checks ─► route ─► reply
//!                                                                          method, host, token
//! ```
//!
//! Whoever connects is a stranger: no request makes it do more than read, a slow one holds nothing but its own
//! connection, and nobody is told anything before the checks.

mod api;
mod bind;
mod checks;
mod process;
mod ready;
mod reply;
mod routes;
mod server;
mod source;
mod stall;

use secrecy::SecretString;

pub use self::{bind::Bound, server::Server};
use crate::{app::DashboardConfig, store::Handle};

/// What is shown, and to whom.
#[derive(Clone)]
pub struct Options {
    pub store: Handle,
    /// What is watched and how it is shown, as for a dashboard; `[wall] names` holds for everything here.
    pub dashboard: DashboardConfig,
    /// True where metrics have names beside ids.
    pub metrics_names: bool,
    /// What clients must have; `None`: nothing.
    pub token: Option<SecretString>,
    /// Names of this machine that may stand in a `Host` header, beside localhost and addresses.
    pub hosts: Vec<String>,
}
