//! What the poller publishes of itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Link, OtherClients, Traffic};
use crate::domain::{EventTime, Target};

/// What the poller tells all dashboards about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When it was written.
    pub at: EventTime,
    pub link: Link,
    /// Since when the link is so.
    pub since: EventTime,
    /// The present rate in requests a minute.
    pub rate: f64,
    /// Targets in the cycle.
    pub targets: u32,
    /// How long one sweep over all of them takes at this rate.
    pub sweep: Duration,
    /// The target to be asked next.
    pub next: Option<Target>,
    /// When the token ends; `None` without one (basic mode).
    pub token_until: Option<EventTime>,
    /// What is known of other clients on the account; `None`: nobody is noticed.
    // Named so by the programs that share the store.
    #[serde(default, rename = "strangers")]
    pub other_clients: Option<OtherClients>,
    /// What it has counted within the last hour.
    #[serde(default)]
    pub traffic: Traffic,
}

impl Status {
    /// The link is so since `at`, and nothing else is known: no rate, no target.
    pub fn new(at: EventTime, link: Link) -> Status {
        Status {
            since: at.clone(),
            at,
            link,
            rate: 0.0,
            targets: 0,
            sweep: Duration::ZERO,
            next: None,
            token_until: None,
            other_clients: None,
            traffic: Traffic::default(),
        }
    }
}
