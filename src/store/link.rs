//! The state of the link to the service.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{EventTime, Problem};

/// The state of the link to the service, as the poller sees it. What is wrong with it is a [`Problem`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Link {
    /// Not asked yet.
    Starting,
    /// Quiet hours, in which nothing is asked, and when they end; `None`: never.
    Closed { until: Option<EventTime> },
    /// Answers arrive.
    Live,
    /// Told to slow down; nothing is sent until then.
    Throttled { until: EventTime },
    /// Waiting for a token until the next try: another process generates one, or back-off after an invalidation.
    TokenWait { until: EventTime, why: Arc<str> },
    /// The ceiling of generations is reached: blind until the next one is allowed.
    TokenCeiling { until: EventTime },
    /// Key or user name are wrong, or the account does not take tokens: what the service said and what to do. It is tried
    /// again, rarely.
    Credentials { why: Arc<str>, until: EventTime },
    /// The service does not answer, or answers rubbish; until the next probe.
    Down { why: Arc<str>, since: EventTime, until: EventTime },
}

impl Link {
    /// What is wrong; `None` where nothing is known to be.
    pub const fn problem(&self) -> Option<Problem> {
        match self {
            Link::Starting | Link::Live => None,
            Link::Closed { .. } => Some(Problem::Closed),
            Link::Throttled { .. } => Some(Problem::Throttled),
            Link::TokenWait { .. } => Some(Problem::Token),
            Link::TokenCeiling { .. } => Some(Problem::TokenCeiling),
            Link::Credentials { .. } => Some(Problem::Credentials),
            Link::Down { .. } => Some(Problem::Service),
        }
    }
}
