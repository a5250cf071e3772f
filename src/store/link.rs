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
    /// Quiet hours: nothing is asked.
    Closed {
        /// When they end; `None`: never.
        until: Option<EventTime>,
    },
    /// Answers arrive.
    Live,
    /// Told to slow down; nothing is sent until then.
    Throttled {
        /// When sending begins again.
        until: EventTime,
    },
    /// Waiting for a token: another process generates one, or back-off after an invalidation.
    TokenWait {
        /// When the next try is.
        until: EventTime,
        /// What happened, for the user.
        why: Arc<str>,
    },
    /// The ceiling of generations is reached: blind until then.
    TokenCeiling {
        /// When the next generation is allowed.
        until: EventTime,
    },
    /// Key or user name are wrong, or the account does not take tokens.
    Credentials {
        /// What the service said and what to do.
        why: Arc<str>,
        /// When it is tried again, rarely.
        until: EventTime,
    },
    /// The service does not answer, or answers rubbish.
    Down {
        /// What it looks like.
        why: Arc<str>,
        since: EventTime,
        /// When the next probe is.
        until: EventTime,
    },
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

    /// When it is tried again; `None` where that is not known, or nothing is waited for.
    pub const fn until(&self) -> Option<&EventTime> {
        match self {
            Link::Starting | Link::Live => None,
            Link::Closed { until } => until.as_ref(),
            Link::Throttled { until }
            | Link::TokenWait { until, .. }
            | Link::TokenCeiling { until }
            | Link::Credentials { until, .. }
            | Link::Down { until, .. } => Some(until),
        }
    }
}
