//! The task between the store and the loop: news in, wants and requested polls out. It alone waits for the store.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use super::reader::{Judge, More, Reader};
use crate::{
    alert::{Action, persist},
    app::{Event, Notice, Query, Topic, history::BucketBuilder},
    domain::{Problem, Target},
    store::{Attention, Handle, Instance, RangeQuery, StoreError, StoreNotice},
};

/// How often the version is looked at where nobody pokes us.
const LOOK: Duration = Duration::from_millis(500);
/// The same where we poll ourselves: then nearly everything that is written is ours, and we are poked.
const LOOK_AT_OTHERS: Duration = Duration::from_secs(2);
/// How often wants are said again, and how long they hold.
const WANT: Duration = Duration::from_secs(10);
const WANT_TTL: Duration = Duration::from_secs(30);
/// How long the picture must rest before a change of attention is written: scrolling writes once.
const REST: Duration = Duration::from_millis(300);
/// How long a failing store is left alone.
const RETRY: Duration = Duration::from_secs(1);
/// What may be wrong with the store: it may be readable and yet not writable.
const READ: Problem = Problem::StoreRead;
const WRITE: Problem = Problem::StoreWrite;

type Wants = Vec<(Target, Attention)>;

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
            reader: Reader::new(store.clone(), judge),
            store,
            me,
            sender,
            news: Vec::new(),
            failing: BTreeSet::new(),
            told: None,
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
    reader: Reader,
    /// What a notice is shown of.
    failing: BTreeSet<Problem>,
    /// What the store said of itself.
    told: Option<StoreNotice>,
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
                    let result = self.reader.look(&mut self.news).await;
                    self.look_at_store().await;
                    self.look_at = Instant::now()
                        + match result {
                            Ok(More(true)) => Duration::ZERO,
                            Ok(More(false)) => self.period(),
                            Err(_) => RETRY,
                        };
                    self.judge(READ, result.map(drop));
                }
            }
            if self.send().await.is_err() {
                return;
            }
        }
    }

    /// What the store says of itself: why requests wait, since when a server is not reached.
    async fn look_at_store(&mut self) {
        // A file may be held by another process. A server answers this from memory, also where calls to it wait.
        let notice = if self.store.direct().is_local() {
            self.store.call(|s| Ok(s.notice())).await.ok().flatten()
        } else {
            self.store.direct().notice()
        };
        if notice == self.told {
            return;
        }
        let before = std::mem::replace(&mut self.told, notice.clone());
        if let Some(before) = before.filter(|before| notice.as_ref().is_none_or(|n| n.problem != before.problem)) {
            self.news.push(Event::Resolved(Topic::Problem(before.problem)));
        }
        self.news.extend(notice.map(|notice| Event::Notice(notice.into())));
    }

    fn period(&self) -> Duration {
        if self.reader.poller().is_some_and(|p| p.id == self.me.id) { LOOK_AT_OTHERS } else { LOOK }
    }

    /// Reads the buckets of a chart, one reading at a time, of one row after the other.
    async fn look_back(&mut self, ask: Query) -> Result<(), StoreError> {
        let time = |ms: i64| Timestamp::from_millisecond(ms).ok();
        let (from, to) = (time(ask.from()), time(ask.end()));
        let query = move |target: &Target| RangeQuery { target: Some(target.clone()), from, to };
        let past = self
            .store
            .call(move |s| {
                let queries: Vec<RangeQuery> = ask.targets.iter().map(query).collect();
                let mut binner = BucketBuilder::new(ask);
                for query in &queries {
                    s.range(query, &mut |reading| {
                        binner.record(&reading);
                        true
                    })?;
                }
                Ok(binner.finish(s.now().wall.as_millisecond()))
            })
            .await?;
        self.news.push(Event::Past(Box::new(past)));
        Ok(())
    }

    /// A failing store is shown, never an end: the last values stay, and their ages tell.
    fn judge(&mut self, problem: Problem, result: Result<(), StoreError>) {
        let topic = Topic::Problem(problem);
        match result {
            Ok(()) if !self.failing.remove(&problem) => {}
            Ok(()) => self.news.push(Event::Resolved(topic)),
            // The store tells of it.
            Err(StoreError::Unreachable { .. }) => {}
            Err(e) => {
                self.failing.insert(problem);
                tracing::warn!("{e}");
                self.news.push(Event::Notice(Notice { topic, text: e.advice() }));
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
