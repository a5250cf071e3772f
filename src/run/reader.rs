//! Reads what is new in the store, and nothing twice. It never writes.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    alert::{Policy, persist},
    app::{Alerts, Event, Shared},
    config::{Floor, Watched},
    domain::{Reading, Series},
    store::{self, Cursor, Handle, Heard, Instance, Overview, Presence, Store, StoreError, read_presence},
};

/// How often the shared values are read although nothing was written: permits and leases also end by time alone.
const SHARED: Duration = Duration::from_secs(2);
/// The same on a server, which tells when something was written.
const SHARED_AWAY: Duration = Duration::from_secs(10);
/// How often history and events are read.
const RARE: Duration = Duration::from_secs(10);
/// The same on a server, where new events are heard of.
const RARE_AWAY: Duration = Duration::from_secs(60);
/// How far back events are shown.
pub const EVENTS: Duration = Duration::from_secs(24 * 3600);
/// Most readings read at once.
const BATCH: usize = 1000;

/// What alerts are read by.
#[derive(Clone, Debug)]
pub struct Judge {
    /// The targets that are shown.
    pub watched: Arc<[Watched]>,
    /// Whoever is logged in is shown, too.
    pub floor: Option<Arc<Floor>>,
    pub policy: Policy,
}

/// Readings are left over: the next look is due at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct More(pub bool);

/// A reader of one store.
#[derive(Debug)]
pub struct Reader {
    store: Handle,
    /// `None` until everything was loaded.
    cursor: Option<Cursor>,
    version: Option<u64>,
    /// What was heard before the last look.
    heard: Option<Heard>,
    shared_at: Option<Instant>,
    rare_at: Option<Instant>,
    judge: Judge,
    registry: persist::Known,
    /// Who is logged in, with the revision that was read.
    presence: (Option<Arc<Presence>>, u64),
    /// What was told last: nobody is woken for what is known.
    sent: Option<Shared>,
}

impl Reader {
    pub fn new(store: Handle, judge: Judge) -> Self {
        Reader {
            store,
            cursor: None,
            version: None,
            heard: None,
            shared_at: None,
            rare_at: None,
            judge,
            registry: persist::Known::default(),
            presence: (None, 0),
            sent: None,
        }
    }

    /// Who polled at the last look.
    pub fn poller(&self) -> Option<&Instance> {
        self.sent.as_ref().and_then(|s| s.poller.as_ref())
    }

    /// Adds what is new to `news`.
    ///
    /// # Errors
    /// Those of the store; what was read before stays in `news`.
    pub async fn look(&mut self, news: &mut Vec<Event>) -> Result<More, StoreError> {
        let Some(cursor) = self.cursor else {
            let snapshot = self.store.call(|s| s.snapshot(Series::SPAN)).await?;
            self.cursor = Some(snapshot.cursor);
            news.push(Event::Loaded(snapshot));
            self.read_registry(news).await?;
            return self.share(news).await.map(|()| More(false));
        };
        // Taken before anything is read: what is heard while we read is looked at the next time.
        let heard = self.store.heard();
        let version = self.store.call(|s| s.version()).await?;
        let written = self.version != Some(version);
        let news_of = |part: fn(&Heard) -> u64| match (&heard, &self.heard) {
            (Some(now), Some(before)) => part(now) != part(before),
            _ => written,
        };
        let readings_written = news_of(|heard| heard.readings);
        let documents_written = news_of(|heard| heard.documents);
        let overview_written = news_of(|heard| heard.overview);
        if heard.is_some() && news_of(|heard| heard.events) {
            self.rare_at = None;
        }
        if readings_written {
            let (readings, next): (Vec<Reading>, Cursor) = self.store.call(move |s| s.since(cursor, BATCH)).await?;
            let more = readings.len() >= BATCH;
            self.cursor = Some(next);
            if !readings.is_empty() {
                news.push(Event::Readings(readings));
            }
            if more {
                return Ok(More(true));
            }
        }
        if documents_written {
            self.read_registry(news).await?;
        }
        // What is written while we read is seen the next time, since the version was taken before.
        self.version = Some(version);
        let period = if heard.is_some() { SHARED_AWAY } else { SHARED };
        if overview_written || documents_written || is_past(self.shared_at, period) {
            self.share(news).await?;
        }
        self.heard = heard;
        Ok(More(false))
    }

    async fn read_registry(&mut self, news: &mut Vec<Event>) -> Result<(), StoreError> {
        let (mut known, judge) = (std::mem::take(&mut self.registry), self.judge.clone());
        let (known, alarms) = self
            .store
            .call(move |s| {
                let Some(registry) = persist::read_registry(s, &mut known)? else { return Ok((known, None)) };
                let watched = store::watched_now(s, &judge.watched, judge.floor.as_deref())?;
                Ok((known, Some(Alerts::new(&registry, &watched, &judge.policy, &s.now()))))
            })
            .await?;
        self.registry = known;
        if let Some(alarms) = alarms {
            news.push(Event::Alerts(Box::new(alarms)));
        }
        Ok(())
    }

    async fn share(&mut self, news: &mut Vec<Event>) -> Result<(), StoreError> {
        let rare = is_past(self.rare_at, if self.heard.is_some() { RARE_AWAY } else { RARE });
        let (known, mut revision) = self.presence.clone();
        let (shared, revision) = self
            .store
            .call(move |s| {
                let presence = read_presence(s, &mut revision)?.map(Arc::new).or(known);
                let shared = Shared {
                    presence,
                    history: rare.then(|| s.history()).transpose()?,
                    events: rare.then(|| s.events(EVENTS)).transpose()?,
                    ..read_shared(s)?
                };
                Ok((shared, revision))
            })
            .await?;
        self.presence = (shared.presence.clone(), revision);
        self.shared_at = Some(Instant::now());
        if rare {
            self.rare_at = self.shared_at;
        }
        let old = self.sent.take().unwrap_or_default();
        let whole = Shared {
            history: shared.history.clone().or_else(|| old.history.clone()),
            events: shared.events.clone().or_else(|| old.events.clone()),
            ..shared.clone()
        };
        let changed = whole != old;
        self.sent = Some(whole);
        if changed {
            news.push(Event::Shared(Box::new(shared)));
        }
        Ok(())
    }
}

/// What the instances share besides readings, without what is read rarely or only when it has changed.
pub fn read_shared(store: &dyn Store) -> Result<Shared, StoreError> {
    let Overview { status, usage, poller, instances } = store::overview(store)?;
    Ok(Shared { status, usage, poller, instances, ..Shared::default() })
}

fn is_past(at: Option<Instant>, period: Duration) -> bool {
    at.is_none_or(|at| at.elapsed() >= period)
}
