//! What a poller is made of: the configured rules, and its ties to the rest of the process.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::Notify;

use super::Keys;
use crate::{
    api::Client,
    config::{Budget, Floor},
    domain::{Band, Quiet, Target},
    store::{Handle, Instance},
};

/// The rules that are configured.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The account's limit and reserve.
    pub budget: Budget,
    /// No target is asked more often.
    pub min_interval: Duration,
    /// Longest time of one request.
    pub timeout: Duration,
    /// How long readings are kept.
    pub keep: Duration,
    /// The bands that are configured here: a value near a limit is worth a request sooner.
    pub bands: BTreeMap<Target, Band>,
    /// Whoever is logged in is watched: then that is asked before anything else, and they have bands, too.
    pub floor: Option<Arc<Floor>>,
    /// How often to ask who is logged in; `None`: never.
    pub presence: Option<Duration>,
    /// When nothing is asked.
    pub quiet: Quiet,
}

/// How the poller and the rest of the process wake each other.
#[derive(Clone, Debug, Default)]
pub struct Notifiers {
    /// Poked by the poller when the store has something new.
    pub feed: Arc<Notify>,
    /// Poked by the process when it wants something else.
    pub poller: Arc<Notify>,
}

/// What a poller needs.
pub struct Setup {
    pub store: Handle,
    /// The way to the service.
    pub client: Arc<Client>,
    /// As whom.
    pub keys: Keys,
    pub me: Instance,
    pub rules: Rules,
    /// How it and the process wake each other.
    pub notifiers: Notifiers,
    /// Seeds the jitter.
    pub seed: u64,
}
