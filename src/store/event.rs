//! What happened on the account.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Words;
use crate::domain::EventTime;

/// Something that happened, for the log and the counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub at: EventTime,
    pub kind: EventKind,
    /// Label of the instance that saw it.
    pub who: Arc<str>,
    /// What happened, without secrets or control characters.
    pub text: Words,
}

/// The kinds of [`Event`]. Stored under the names that the first versions gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The service said *max limit exceeded*.
    Throttled,
    /// A token was generated.
    #[serde(rename = "minted")]
    TokenGenerated,
    #[serde(rename = "mint_failed")]
    GenerationFailed,
    /// A token was rejected before its end.
    #[serde(rename = "token_died")]
    TokenInvalidated,
    /// The lease changed hands.
    Lease,
    /// The link changed its state.
    Link,
    /// An id turned out invalid, or valid again.
    Target,
    /// The store itself: moved aside, degraded, restored.
    Store,
    /// The configuration was read again, or could not be.
    Config,
    Malformed,
    /// An alert started, became worse or ended; or a hook that was to tell of it failed.
    Alert,
    /// What the poller published of itself. A replay needs it; the log does not show it.
    Status,
}
