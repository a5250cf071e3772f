//! Several questions at once: what a server answers in one round trip, and a file one after the other.

use std::time::Duration;

use super::{Attention, Governor, Instance, Lease, Status, StoreError, Usage};
use crate::domain::Target;

/// What the poller looks at each second.
#[derive(Clone, Debug)]
pub struct Turn {
    pub lease: Lease,
    /// Taken: they are gone from the store.
    pub requested_polls: Vec<Target>,
    pub wanted: Vec<(Target, Attention)>,
    pub governor: Governor,
}

/// What all dashboards see beside the readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    pub status: Option<Status>,
    pub usage: Usage,
    pub poller: Option<Instance>,
    pub instances: Vec<Instance>,
}

/// Counts what was heard of changes, by what they are about. Equal counts: nothing was heard in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    pub readings: u64,
    /// Documents and posts.
    pub documents: u64,
    /// The status, and who polls.
    pub overview: u64,
    /// Who polls, alone.
    pub lease: u64,
    /// The log.
    pub events: u64,
}

/// What a store does that answers several questions in one round trip.
pub trait Bundles: Send + Sync {
    /// # Errors
    /// Those of the store.
    fn turn(&self, who: &Instance, ttl: Duration) -> Result<Turn, StoreError>;

    /// # Errors
    /// Those of the store.
    fn overview(&self) -> Result<Overview, StoreError>;

    /// What was heard until now; `None` where nothing is heard, so that one has to look.
    fn heard(&self) -> Option<Heard>;
}
