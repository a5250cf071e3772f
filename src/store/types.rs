//! The values that pass through the store.

use std::{cmp::Reverse, path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Instance;
use crate::domain::{BootTime, EventTime, Now, Problem, Row, Target};

/// The window that the API's limit speaks of.
pub const WINDOW: Duration = Duration::from_secs(60);
/// No block of all requests is longer, whatever the service asked for and whatever a clock or a file says: then one request
/// looks whether it is over.
pub const LONGEST_BLOCK: Duration = Duration::from_secs(300);
/// So far back the generations of tokens count.
pub(super) const HOUR: Duration = Duration::from_secs(3600);
/// The resolution of the clock: the shortest wait, and what ends in this millisecond may have ended at its end.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// What can go wrong with a store; each sentence says what to do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the store for longer than we wait.
    #[error("the store is busy: another process holds {0} for too long")]
    Busy(String),
    #[error("no space left for {0}: free some disk, or point [store] url elsewhere")]
    Full(String),
    #[error("cannot write {0}: make it writable, or point [store] url elsewhere")]
    ReadOnly(String),
    /// The disk, or the way to the file, fails.
    #[error("cannot read or write {0}: check the disk, or point [store] url elsewhere")]
    Io(String),
    /// Not a database, or a damaged one.
    #[error("{0} is damaged")]
    Corrupt(String),
    /// The server does not answer; it is tried again.
    #[error("{place} cannot be reached: {why}")]
    Unreachable { place: String, why: String },
    /// Written by a later version of ahtop; the schema found there, and the newest one known here.
    #[error("{path} was written by a newer ahtop (schema {found}, this one knows {known}): update ahtop")]
    Newer { path: PathBuf, found: u32, known: u32 },
    /// The file, or something beside it, is not safe to use: a link, a pipe, another user's.
    #[error("refused: {0}")]
    Refused(String),
    #[error("the store failed: {0}")]
    Other(String),
}

impl StoreError {
    /// The same for a banner, which begins with what to do.
    pub fn advice(&self) -> String {
        match self {
            StoreError::Busy(path) => format!("End the process that holds {path}, or wait: the store is busy"),
            StoreError::Full(path) => {
                format!("Free some disk, or point [store] url elsewhere: no space left for {path}")
            }
            StoreError::ReadOnly(path) => {
                format!("Make the store writable, or point [store] url elsewhere: cannot write {path}")
            }
            StoreError::Io(path) => {
                format!("Check the disk, or point [store] url elsewhere: cannot read or write {path}")
            }
            StoreError::Corrupt(path) => format!("Check the disk: {path} is damaged"),
            StoreError::Unreachable { place, why } => {
                format!("Check the server of the store: no answer from {place}: {why}")
            }
            StoreError::Newer { path, .. } => {
                format!("Update ahtop: a newer version wrote {}", path.display())
            }
            StoreError::Refused(why) => format!("Check [store] url: the store is refused: {why}"),
            StoreError::Other(why) => format!("Check the store: it failed: {why}"),
        }
    }
}

/// A message of the store about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreNotice {
    pub problem: Problem,
    /// One sentence that begins with what to do, and says what happened.
    pub text: String,
}

/// A position in the sequence of readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub i64);

/// All targets with what is known of them, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// One row a target, series filled.
    pub rows: Vec<Row>,
    /// From here on [`since`](super::ReadingStore::since) continues.
    pub cursor: Cursor,
}

/// Which readings [`range`](super::ReadingStore::range) gives.
#[derive(Clone, Debug, Default)]
pub struct RangeQuery {
    pub target: Option<Target>,
    /// From this wall time on (inclusive).
    pub from: Option<Timestamp>,
    /// Up to this wall time (exclusive).
    pub to: Option<Timestamp>,
}

/// Size and extent of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryInfo {
    pub readings: u64,
    /// Bytes on disk (0 in memory).
    pub bytes: u64,
    /// When the oldest reading was made.
    pub oldest: Option<Timestamp>,
    /// Where it lies; `None` in memory.
    pub path: Option<PathBuf>,
}

/// What one call of [`prune`](super::ReadingStore::prune) did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    pub readings: u64,
    /// There may be more to delete, or space to give back to the disk.
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revised {
    /// Differs from all earlier ones, never 0.
    pub revision: u64,
    pub text: String,
}

/// Something in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Its number: grows, and is never given twice.
    pub id: i64,
    pub text: String,
}

/// How much somebody looks at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attention {
    /// Configured, but not on a screen.
    Listed,
    /// In a visible row.
    OnScreen,
    /// Selected or pinned.
    Selected,
}

/// Who polls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub holder: Instance,
    /// True if that is who asked.
    pub mine: bool,
    /// A `serve` asks for it: a dashboard that holds it should leave it to them.
    pub claimed: bool,
}

/// Whether a request waits for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One every `gap`, over all processes; up to one gap of lateness is made good.
    Even(Duration),
    /// At once, for the first fill and for tokens; the cap still holds.
    Burst,
}

/// A request for a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermitAsk {
    /// What the request is for.
    pub kind: PermitKind,
    /// Most permits that may count at the same time, this one included.
    pub cap: u32,
    /// Even or at once.
    pub pace: Pace,
    /// An unused permit is void after this long: the asker must not send then.
    pub void_after: Duration,
    /// Longest that the request itself can take.
    pub timeout: Duration,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermitKind {
    /// A reading of a target, or a list that the account gives.
    Aht,
    Token,
}

/// Names a permit in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PermitId(pub i64);

/// The answer to a [`PermitAsk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PermitAnswer {
    /// Send now, and not from `void_at` on.
    Granted { id: PermitId, void_at: BootTime },
    /// Not yet; ask again after this long (never zero).
    Wait(Duration),
}

/// What the request ledger holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Permits that count now: in flight, or ended less than 60 s ago.
    pub used_60s: u32,
    /// Of these, not ended yet.
    pub in_flight: u32,
    /// Answers *throttled* in the last hour.
    pub throttled_1h: u32,
    /// Generations in the last rolling hour, attempts included.
    pub generated_1h: u32,
    /// Tokens that died before their end, in the last rolling hour.
    pub invalidated_1h: u32,
}

impl Usage {
    /// Why a request waits that `cap` a minute are allowed for. Where the ledger is not the reason, the store has a notice
    /// of what is: a file that cannot be locked, or one that was damaged a moment ago.
    pub const fn why_wait(&self, cap: u32) -> &'static str {
        if self.used_60s >= cap { "the request budget is used up" } else { "no request may be sent yet" }
    }
}

/// A bearer token. The secret is in no `Debug`.
#[derive(Clone, Debug)]
pub struct Token {
    /// What goes into the `Authorization` header.
    pub secret: SecretString,
    /// Counts up with every new token.
    pub generation: u64,
    /// When its generation ended.
    pub generated_at: EventTime,
    /// How long it lives from then.
    pub life: Duration,
    /// Label of the instance that generated it.
    pub generated_by: Arc<str>,
}

impl Token {
    /// How long it still lives, zero when it is over.
    pub fn remaining(&self, now: &Now) -> Duration {
        self.life.saturating_sub(self.generated_at.age(now))
    }
}

/// A request to generate a token.
#[derive(Clone, Debug)]
pub struct GenerationAsk {
    /// The generation that the asker found unfit (dead or near its end); a newer stored one is given back instead.
    pub unfit: Option<u64>,
    /// `gaps[n]`: how long after the last generation the next one may begin when `n` lie in the last rolling hour;
    /// `gaps[n - 1]` where the last one was given up. Its length is the ceiling of generations an hour.
    pub gaps: Vec<Duration>,
    /// Another may try when this one did not end by then.
    pub lock: Duration,
}

impl GenerationAsk {
    /// Why the next generation must wait, and for how long. `None`: it may begin now. `last_hour`: the generations of the
    /// last hour, each with its end (where it did not end, when it is given up) and whether it ended.
    ///
    /// The wait is that until the first moment that fits: the oldest leave the hour meanwhile, and then the next one may
    /// follow the last one sooner.
    pub(super) fn too_soon<'a>(
        &self,
        now: &Now,
        last_hour: impl Iterator<Item = (&'a EventTime, bool)> + Clone,
    ) -> Option<GenerationAnswer> {
        let under_way = |(end, ended): &(&EventTime, bool)| !ended && end.boot == now.boot && end.mono > now.mono;
        if let Some((end, _)) = last_hour.clone().find(under_way) {
            return Some(GenerationAnswer::Busy(end.mono.since(now.mono).max(TICK)));
        }
        let mut last_hour: Vec<_> = last_hour.map(|(end, ended)| (end.age(now), ended)).collect();
        last_hour.sort_unstable_by_key(|(age, _)| Reverse(*age));
        let many = last_hour.len();
        // Whoever was killed in it learned nothing that speaks against another try: it counts for the ceiling, but the
        // next one follows a step sooner.
        let given_up = usize::from(last_hour.last().is_some_and(|(_, ended)| !ended));
        let fits_when_gone = |gone: usize| {
            let left = many - gone;
            let gap = self.gaps.get(left).and_then(|_| self.gaps.get(left.saturating_sub(given_up)))?;
            let goes = gone.checked_sub(1).and_then(|oldest| last_hour.get(oldest));
            let until_gone = goes.map_or(Duration::ZERO, |(age, _)| (HOUR + TICK).saturating_sub(*age));
            let last = last_hour.last().filter(|_| left > 0);
            Some(until_gone.max(last.map_or(Duration::ZERO, |(age, _)| gap.saturating_sub(*age))))
        };
        let wait = (0..=many).filter_map(fits_when_gone).min().unwrap_or(HOUR);
        let answer = if many < self.gaps.len() { GenerationAnswer::BackOff } else { GenerationAnswer::Ceiling };
        (wait > Duration::ZERO).then(|| answer(wait))
    }
}

/// The answer to a [`GenerationAsk`].
#[derive(Clone, Debug)]
pub enum GenerationAnswer {
    /// Generate now (with a permit), then call [`end_generation`](super::TokenStore::end_generation).
    Go(GenerationTicket),
    /// A newer token is here.
    Use(Token),
    /// Somebody else generates one; look again after this long.
    Busy(Duration),
    /// Too soon after the last one; ask again after this long.
    BackOff(Duration),
    /// The ceiling of generations an hour is reached; ask again after this long.
    Ceiling(Duration),
}

/// Names a generation under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerationTicket(pub i64);

/// How a generation ended.
#[derive(Clone, Debug)]
pub enum GenerationEnd {
    /// With a token that lives so long from now.
    Generated { secret: SecretString, life: Duration },
    /// Without one; the service may have counted it.
    Failed,
    /// The request never reached the service, or was refused for its credentials: it does not count.
    NotSent,
}
