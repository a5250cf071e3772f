//! The task between the store and the loop: news in, wants and requested polls out. It alone waits for the store.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use crate::{
    alert::{Action, Policy, persist},
    app::{Alerts, Event, Notice, Query, Severity, Shared, history::BucketBuilder},
    config::Watched,
    domain::{Reading, Series, Target},
    store::{Attention, Cursor, Handle, Instance, RangeQuery, Store, StoreError},
};

/// How often the version is looked at where nobody pokes us.
const LOOK: Duration = Duration::from_millis(500);
/// The same where we poll ourselves: then nearly everything that is written is ours, and we are poked.
const LOOK_AT_OTHERS: Duration = Duration::from_secs(2);
/// How often the shared values are read although nothing was written: permits and leases also end by time alone.
const SHARED: Duration = Duration::from_secs(2);
/// How often history and events are read.
const RARE: Duration = Duration::from_secs(10);
/// How far back events are shown.
pub const EVENTS: Duration = Duration::from_secs(24 * 3600);
/// How often wants are said again, and how long they hold.
const WANT: Duration = Duration::from_secs(10);
const WANT_TTL: Duration = Duration::from_secs(30);
/// How long the picture must rest before a change of attention is written: scrolling writes once.
const REST: Duration = Duration::from_millis(300);
/// How long a failing store is left alone.
const RETRY: Duration = Duration::from_secs(1);
/// Most readings read at once.
const BATCH: usize = 1000;
/// The keys of the notices about a failing store: it may be readable and yet not writable.
const READ: &str = "store:read";
const WRITE: &str = "store:write";

type Wants = Vec<(Target, Attention)>;

/// What alerts are read by.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    /// The targets that are shown.
    pub(super) watched: Arc<[Watched]>,
    pub(super) policy: Policy,
}

/// The loop's end of the feed. The task ends when this is dropped.
#[derive(Debug)]
pub(super) struct Feed {
    /// News for the update: what was found at one look comes at once, and wakes the loop once.
    pub(super) events: mpsc::Receiver<Vec<Event>>,
    wants: watch::Sender<Wants>,
    requested_polls: mpsc::Sender<Target>,
    actions: mpsc::Sender<Action>,
    asks: watch::Sender<Option<Query>>,
    task: JoinHandle<()>,
}

impl Feed {
    pub(super) fn start(store: Handle, notify: Arc<Notify>, me: Instance, judge: Judge) -> Feed {
        let (sender, events) = mpsc::channel(16);
        let (wants, wanted) = watch::channel(Wants::new());
        let (requested_polls, requested) = mpsc::channel(64);
        let (actions, acted) = mpsc::channel(64);
        let (asks, asked) = watch::channel(None);
        let now = Instant::now();
        let handle = store.clone();
        let worker = Worker {
            store,
            me,
            sender,
            news: Vec::new(),
            cursor: None,
            version: None,
            shared_at: None,
            rare_at: None,
            judge,
            registry: persist::Known::default(),
            sent: None,
            failing: BTreeSet::new(),
            look_at: now,
            want_at: now + WANT,
        };
        let task = handle.spawn(worker.run(notify, wanted, requested, acted, asked));
        Feed { events, wants, requested_polls, actions, asks, task }
    }

    /// Who is looked at, as of the last frame.
    pub(super) fn attend(&self, wants: Wants) {
        self.wants.send_if_modified(|old| {
            let changed = *old != wants;
            if changed {
                *old = wants;
            }
            changed
        });
    }

    /// What is wanted of the history, as of the last frame; the newest question alone is answered.
    pub(super) fn look_back(&self, ask: Option<Query>) {
        self.asks.send_if_modified(|old| {
            let changed = *old != ask;
            if changed {
                *old = ask;
            }
            changed
        });
    }

    /// Asks that `target` be polled next. With dozens of them waiting already, one more changes nothing.
    pub(super) fn request_poll(&self, target: Target) {
        let _ = self.requested_polls.try_send(target);
    }

    /// Tells all dashboards what was done about an alert. Nobody does dozens of things while the store is busy.
    pub(super) fn act(&self, action: Action) {
        let _ = self.actions.try_send(action);
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Worker {
    store: Handle,
    me: Instance,
    sender: mpsc::Sender<Vec<Event>>,
    /// What is to be sent.
    news: Vec<Event>,
    /// `None` until everything was loaded.
    cursor: Option<Cursor>,
    version: Option<u64>,
    shared_at: Option<Instant>,
    rare_at: Option<Instant>,
    judge: Judge,
    registry: persist::Known,
    /// What was sent last: the loop is not woken for what it knows.
    sent: Option<Shared>,
    /// Keys of the notices that are shown.
    failing: BTreeSet<&'static str>,
    look_at: Instant,
    want_at: Instant,
}

impl Worker {
    async fn run(
        mut self,
        notify: Arc<Notify>,
        mut wanted: watch::Receiver<Wants>,
        mut requested: mpsc::Receiver<Target>,
        mut acted: mpsc::Receiver<Action>,
        mut asked: watch::Receiver<Option<Query>>,
    ) {
        loop {
            tokio::select! {
                biased;
                target = requested.recv() => {
                    let Some(target) = target else { return };
                    let result = self.store.call(move |s| s.request_poll(&target)).await;
                    self.judge(WRITE, result);
                }
                action = acted.recv() => {
                    let Some(action) = action else { return };
                    let result = self.store.call(move |s| {
                        let text = serde_json::to_string(&action).map_err(|e| StoreError::Other(e.to_string()))?;
                        s.post(persist::ALERTS, &text)
                    });
                    self.judge(WRITE, result.await);
                    // It shows here at once, whoever polls.
                    self.look_at = Instant::now();
                }
                changed = wanted.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.want_at = self.want_at.min(Instant::now() + REST);
                }
                changed = asked.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let ask = asked.borrow_and_update().clone();
                    if let Some(ask) = ask {
                        let result = self.look_back(ask).await;
                        self.judge(READ, result);
                    }
                }
                () = sleep_until(self.want_at) => {
                    self.want_at = Instant::now() + WANT;
                    let (me, wants) = (self.me.clone(), wanted.borrow_and_update().clone());
                    let result = self.store.call(move |s| s.want(&me, &wants, WANT_TTL)).await;
                    self.judge(WRITE, result);
                }
                () = async {
                    tokio::select! {
                        () = notify.notified() => {}
                        () = sleep_until(self.look_at) => {}
                    }
                } => {
                    let result = self.look().await;
                    let ok = result.is_ok();
                    self.look_at = Instant::now() + if ok { self.period() } else { RETRY };
                    self.judge(READ, result);
                }
            }
            if self.send().await.is_err() {
                return;
            }
        }
    }

    fn period(&self) -> Duration {
        let poller = self.sent.as_ref().and_then(|s| s.poller.as_ref());
        if poller.is_some_and(|p| p.id == self.me.id) { LOOK_AT_OTHERS } else { LOOK }
    }

    /// Reads what is new and sends it.
    async fn look(&mut self) -> Result<(), StoreError> {
        let Some(mut cursor) = self.cursor else {
            let snapshot = self.store.call(|s| s.snapshot(Series::SPAN)).await?;
            self.cursor = Some(snapshot.cursor);
            self.news.push(Event::Loaded(snapshot));
            self.read_registry().await?;
            return self.share().await;
        };
        let version = self.store.call(|s| s.version()).await?;
        let written = self.version != Some(version);
        if written {
            loop {
                let (readings, next): (Vec<Reading>, Cursor) = self.store.call(move |s| s.since(cursor, BATCH)).await?;
                let more = readings.len() >= BATCH;
                (cursor, self.cursor) = (next, Some(next));
                if !readings.is_empty() {
                    self.news.push(Event::Readings(readings));
                }
                if !more {
                    break;
                }
                if self.send().await.is_err() {
                    return Ok(());
                }
            }
            self.read_registry().await?;
            // What is written while we read is seen the next time, since the version was taken before.
            self.version = Some(version);
        }
        if written || is_past(self.shared_at, SHARED) {
            self.share().await?;
        }
        Ok(())
    }

    async fn read_registry(&mut self) -> Result<(), StoreError> {
        let (mut known, judge) = (std::mem::take(&mut self.registry), self.judge.clone());
        let (known, alarms) = self
            .store
            .call(move |s| {
                let registry = persist::read_registry(s, &mut known)?;
                Ok((known, registry.map(|registry| Alerts::new(&registry, &judge.watched, &judge.policy, &s.now()))))
            })
            .await?;
        self.registry = known;
        if let Some(alarms) = alarms {
            self.news.push(Event::Alerts(Box::new(alarms)));
        }
        Ok(())
    }

    /// Reads the buckets of a chart, one reading at a time.
    async fn look_back(&mut self, ask: Query) -> Result<(), StoreError> {
        let time = |ms: i64| Timestamp::from_millisecond(ms).ok();
        let query = RangeQuery { target: Some(ask.target.clone()), from: time(ask.from()), to: time(ask.end()) };
        let past = self
            .store
            .call(move |s| {
                let mut binner = BucketBuilder::new(ask);
                s.range(&query, &mut |reading| {
                    binner.record(&reading);
                    true
                })?;
                Ok(binner.finish(s.now().wall.as_millisecond()))
            })
            .await?;
        self.news.push(Event::Past(Box::new(past)));
        Ok(())
    }

    async fn share(&mut self) -> Result<(), StoreError> {
        let rare = is_past(self.rare_at, RARE);
        let shared = self
            .store
            .call(move |s| {
                Ok(Shared {
                    history: rare.then(|| s.history()).transpose()?,
                    events: rare.then(|| s.events(EVENTS)).transpose()?,
                    ..read_shared(s)?
                })
            })
            .await?;
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
        let news = whole != old;
        self.sent = Some(whole);
        if news {
            self.news.push(Event::Shared(Box::new(shared)));
        }
        Ok(())
    }

    /// A failing store is shown, never an end: the last values stay, and their ages tell.
    fn judge(&mut self, key: &'static str, result: Result<(), StoreError>) {
        match result {
            Ok(()) if !self.failing.remove(key) => {}
            Ok(()) => self.news.push(Event::Resolved(key.to_owned())),
            Err(e) => {
                self.failing.insert(key);
                tracing::warn!("{e}");
                let notice = Notice { key: key.to_owned(), severity: Severity::Error, text: capital(&e.to_string()) };
                self.news.push(Event::Notice(notice));
            }
        }
    }

    /// Sends what there is. An error: the loop has gone.
    async fn send(&mut self) -> Result<(), ()> {
        if self.sender.is_closed() {
            return Err(());
        }
        if self.news.is_empty() {
            return Ok(());
        }
        self.sender.send(std::mem::take(&mut self.news)).await.map_err(drop)
    }
}

/// What the instances share besides readings, without what is read rarely.
///
/// # Errors
/// Those of the store.
pub fn read_shared(store: &dyn Store) -> Result<Shared, StoreError> {
    Ok(Shared {
        status: store.status()?,
        usage: store.usage()?,
        poller: store.lease_holder()?,
        instances: store.instances()?,
        ..Shared::default()
    })
}

fn is_past(at: Option<Instant>, period: Duration) -> bool {
    at.is_none_or(|at| at.elapsed() >= period)
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
