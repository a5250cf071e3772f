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
mod events;
mod live;
mod page;
mod pictures;
mod process;
mod ready;
mod reply;
mod routes;
mod server;
mod source;
mod stall;
mod view;

use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::Notify;

pub use self::{bind::Bound, server::Server};
use crate::{
    alert::Policy,
    app::DashboardConfig,
    config::Watched,
    domain::Clock,
    report::Gathered,
    store::{Handle, settled},
};

/// What is shown, and to whom.
#[derive(Clone)]
pub struct Options {
    pub store: Handle,
    pub clock: Arc<dyn Clock>,
    /// Poked (`notify_one`) by a poller in this process when it has written; others are noticed within half a second.
    pub notify: Arc<Notify>,
    /// What is watched and how it is shown, as for a dashboard; `[wall] names` holds for everything here.
    pub dashboard: DashboardConfig,
    /// When readings become alerts, for what the wallboard says of rows that cannot alert yet.
    pub policy: Policy,
    /// True where metrics have names beside ids.
    pub metrics_names: bool,
    /// What clients must have; `None`: nothing.
    pub token: Option<SecretString>,
    /// Names of this machine that may stand in a `Host` header, beside localhost and addresses.
    pub hosts: Vec<String>,
}

impl Options {
    /// What is watched, as of what was `found`.
    fn watched(&self, found: &Gathered) -> Arc<[Watched]> {
        let DashboardConfig { watched, floor, .. } = &self.dashboard;
        let agents =
            floor.as_ref().and_then(|floor| settled(watched, floor, found.presence.as_ref(), &found.rows, &found.now));
        agents.map_or_else(|| watched.clone(), Into::into)
    }
}
