//! The connections to the server: one for short calls, which also hears what others write, and one for what is long,
//! closed when it rests. They live on a thread of their own, so that a server that does not answer holds up nobody.

pub(super) mod connect;

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use futures::FutureExt;
use jiff::Timestamp;
use rand::RngExt;
use tokio::{
    runtime,
    sync::{Notify, oneshot, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_postgres::{Client, Row};

use super::{
    clock::{Sample, ServerClock},
    codec::P,
    error,
    tls::Tls,
};
use crate::{
    domain::{BootId, BootTime, Clock},
    store::{Heard, ServerPlace, StoreError},
};

/// Longest time of a short call.
pub(super) const LIMIT: Duration = Duration::from_secs(2);
/// Longest time of one step of a long one.
pub(super) const BULK_LIMIT: Duration = Duration::from_secs(10);
/// First and last distance between tries to connect.
const RETRY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// The connection for long calls is closed when it was not used for this long.
const IDLE: Duration = Duration::from_secs(10);
/// A connection on which nothing was asked for this long is tried, and the clock measured again.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// What could not be said to the server waits here.
const MOST_LATE: usize = 64;

/// Something that the server could not be told yet; each has a number of its own and counts once, however often it is
/// sent.
#[derive(Clone, Debug)]
pub(super) struct Late {
    pub(super) sql: &'static str,
    pub(super) params: Vec<P>,
}

/// A connection that can be used.
pub(super) struct Up {
    client: Client,
    /// Counts the connections for short calls.
    pub(super) number: u64,
    /// Whether its role may poll.
    pub(super) poller: bool,
    /// The number of the server's process that serves it.
    process: i32,
}

impl Up {
    pub(super) async fn query(&self, sql: &str, params: &[P]) -> Result<Vec<Row>, tokio_postgres::Error> {
        let typed: Vec<_> = params.iter().map(P::typed).collect();
        self.client.query_typed(sql, &typed).await
    }
}

/// What is known of the connection.
#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) up: Option<Arc<Up>>,
    /// Since when there is none, by both clocks of this machine.
    pub(super) down: Option<(BootTime, Timestamp)>,
    /// Why not.
    pub(super) why: Option<StoreError>,
}

pub(super) struct Link {
    pub(super) options: ServerPlace,
    pub(super) place: String,
    tls: Option<Tls>,
    /// Longest time of a short call; until a connection is ready to be used it may be twice as long.
    limit: Duration,
    state: watch::Sender<State>,
    /// The connection does not answer.
    suspect: Arc<Notify>,
    /// The server's clock; `None` where the caller has one of its own.
    pub(super) clock: Option<Arc<ServerClock>>,
    /// Time on this machine.
    local: Arc<dyn Clock>,
    /// Counts what may have changed.
    pub(super) version: AtomicU64,
    /// Counts what was heard, by what it is about.
    heard: Mutex<Heard>,
    /// Whether notifications come through: what one tells oneself was heard.
    listens: AtomicBool,
    /// Counts the calls for short, for the heartbeat.
    calls: AtomicU64,
    late: Mutex<VecDeque<Late>>,
    /// For whom which connection holds the poller's lock.
    held: Mutex<Option<(u64, Arc<str>)>>,
    bulk: tokio::sync::Mutex<Option<Arc<Up>>>,
    bulk_used: AtomicU64,
    runtime: runtime::Handle,
    _until: oneshot::Sender<Infallible>,
}

impl Link {
    /// Starts the thread, which connects at once and again whenever it has to.
    pub(super) fn start(
        options: ServerPlace,
        local: Arc<dyn Clock>,
        clock: Option<Arc<ServerClock>>,
        limit: Duration,
    ) -> Result<Arc<Link>, StoreError> {
        let tls = if options.url.tls {
            Some(Tls::new(options.ca_file.as_deref()).map_err(StoreError::Refused)?)
        } else {
            None
        };
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| StoreError::Other(format!("no thread for the store: {e}")))?;
        let handle = runtime.handle().clone();
        let (until, dropped) = oneshot::channel();
        thread::Builder::new()
            .name("postgres".into())
            .spawn(move || {
                let _ = runtime.block_on(dropped);
                runtime.shutdown_background();
            })
            .map_err(|e| StoreError::Other(format!("no thread for the store: {e}")))?;
        let now = local.now();
        let link = Arc::new(Link {
            place: options.url.place(),
            options,
            tls,
            limit,
            state: watch::Sender::new(State { down: Some((now.mono, now.wall)), ..State::default() }),
            suspect: Arc::default(),
            clock,
            local,
            version: AtomicU64::new(0),
            heard: Mutex::default(),
            listens: AtomicBool::new(true),
            calls: AtomicU64::new(0),
            late: Mutex::default(),
            held: Mutex::new(None),
            bulk: tokio::sync::Mutex::new(None),
            bulk_used: AtomicU64::new(0),
            runtime: handle,
            _until: until,
        });
        link.runtime.spawn(keep_connected(Arc::downgrade(&link)));
        Ok(link)
    }

    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(super) fn changed(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether what others write is heard.
    pub(super) fn listens(&self) -> bool {
        self.listens.load(Ordering::SeqCst)
    }

    pub(super) fn heard(&self) -> Option<Heard> {
        self.listens().then(|| *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes in a notification about `topic`; without one it may be about anything. Anybody may send one, so it is a hint.
    fn hear(&self, topic: Option<&str>) {
        {
            let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            let is = |topics: &[&str]| u64::from(topic.is_none_or(|topic| topics.contains(&topic)));
            heard.readings += is(&["readings"]);
            heard.documents += is(&["document", "post"]);
            heard.overview += is(&["status", "lease"]);
            heard.lease += is(&["lease"]);
            heard.events += is(&["event"]);
        }
        self.changed();
    }

    /// The connection for short calls, waited for a moment where it has just gone.
    pub(super) async fn up(&self) -> Result<Arc<Up>, StoreError> {
        let mut watched = self.state.subscribe();
        loop {
            {
                let state = watched.borrow_and_update();
                if let Some(up) = &state.up {
                    self.calls.fetch_add(1, Ordering::Relaxed);
                    return Ok(up.clone());
                }
                let given_up = state.down.is_some_and(|(since, _)| self.local.now().mono.since(since) >= self.limit);
                if let Some(why) = state.why.clone().filter(|why| given_up || !is_away(why)) {
                    return Err(why);
                }
            }
            if watched.changed().await.is_err() {
                return Err(self.unreachable("the store is closed"));
            }
        }
    }

    pub(super) fn unreachable(&self, why: &str) -> StoreError {
        StoreError::Unreachable { place: self.place.clone(), why: why.to_owned() }
    }

    /// Does `work` on the store's thread, for the limit at most. Where the server does not answer in time the connection
    /// is given up: what it still brings belongs to nobody.
    pub(super) fn call<T, F, Fut>(self: &Arc<Self>, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Link>) -> Fut,
        Fut: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let (link, work) = (self.clone(), work(self.clone()));
        self.runtime.spawn(async move {
            let result = timeout(link.limit, work).await.unwrap_or_else(|_| {
                link.suspect.notify_one();
                Err(link.unreachable(&silent_for(link.limit)))
            });
            let _ = tell.send(result);
        });
        told.recv_timeout(self.limit * 2).unwrap_or_else(|_| Err(self.unreachable("the store's thread is busy")))
    }

    /// One statement.
    pub(super) fn query(self: &Arc<Self>, sql: &'static str, params: Vec<P>) -> Result<Vec<Row>, StoreError> {
        self.call(|link| async move { link.ask(sql, &params).await })
    }

    pub(super) async fn ask(&self, sql: &str, params: &[P]) -> Result<Vec<Row>, StoreError> {
        let up = self.up().await?;
        up.query(sql, params).await.map_err(|e| error::explain(&e, &self.place))
    }

    /// One statement that may take longer, on the connection for such.
    pub(super) fn bulk(self: &Arc<Self>, sql: String, params: Vec<P>) -> Result<Vec<Row>, StoreError> {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let link = self.clone();
        self.runtime.spawn(async move {
            let limit = link.bulk_limit();
            let result = timeout(limit, link.ask_long(&sql, &params)).await;
            let _ = tell.send(match result {
                Ok(result) => result,
                Err(_) => {
                    *link.bulk.lock().await = None;
                    Err(link.unreachable(&silent_for(limit)))
                }
            });
        });
        told.recv_timeout(self.bulk_limit() * 2).unwrap_or_else(|_| Err(self.unreachable("the store's thread is busy")))
    }

    fn bulk_limit(&self) -> Duration {
        BULK_LIMIT.max(self.limit)
    }

    async fn ask_long(self: &Arc<Self>, sql: &str, params: &[P]) -> Result<Vec<Row>, StoreError> {
        // Where the server is away, that is known already.
        let short = self.up().await?;
        let long = self.long(&short).await?;
        self.bulk_used.fetch_add(1, Ordering::Relaxed);
        long.unwrap_or(short).query(sql, params).await.map_err(|e| error::explain(&e, &self.place))
    }

    /// The connection for long calls, beside `short`. `None` where there can be no second one.
    async fn long(self: &Arc<Self>, short: &Up) -> Result<Option<Arc<Up>>, StoreError> {
        let mut bulk = self.bulk.lock().await;
        if bulk.as_ref().is_none_or(|up| up.client.is_closed()) {
            *bulk = match self.connect(0, self.bulk_limit()).await {
                Ok((up, driver)) => {
                    self.runtime.spawn(driver);
                    self.has_its_own_process(short, &up).await?;
                    self.runtime.spawn(close_when_idle(Arc::downgrade(self)));
                    Some(Arc::new(up))
                }
                // A server has so many connections: then on the one that there is.
                Err(_) => None,
            };
        }
        Ok(bulk.clone())
    }

    /// Keeps something for later. False where too much waits already.
    pub(super) fn later(&self, late: Late) -> bool {
        let mut waiting = self.late();
        let room = waiting.len() < MOST_LATE;
        if room {
            waiting.push_back(late);
        }
        room
    }

    fn late(&self) -> MutexGuard<'_, VecDeque<Late>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much waits for the server.
    pub(super) fn waiting(&self) -> usize {
        self.late().len()
    }

    /// For whom the connection `number` holds the poller's lock.
    pub(super) fn held_by(&self, number: u64) -> Option<Arc<str>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().filter(|(on, _)| *on == number).map(|(_, by)| by.clone())
    }

    pub(super) fn hold(&self, number: u64, by: Option<Arc<str>>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = by.map(|by| (number, by));
    }

    /// This machine's boot clock.
    pub(super) fn here(&self) -> BootTime {
        self.local.now().mono
    }

    /// Tells the server what waited for it, oldest first.
    async fn catch_up(&self, up: &Up) -> Result<(), StoreError> {
        loop {
            let Some(next) = self.late().front().cloned() else { return Ok(()) };
            match timeout(self.limit, up.query(next.sql, &next.params)).await {
                Ok(Ok(_)) => {}
                Ok(Err(e)) => match error::explain(&e, &self.place) {
                    away @ (StoreError::Unreachable { .. } | StoreError::Busy(_)) => return Err(away),
                    // It will never be taken.
                    other => tracing::warn!("what waited for the store was refused: {other}"),
                },
                Err(_) => return Err(self.unreachable(&silent_for(self.limit))),
            }
            self.late().pop_front();
        }
    }

    fn set_state(&self, up: Option<Arc<Up>>, why: Option<StoreError>) {
        let now = self.local.now();
        self.state.send_modify(|state| {
            state.down = if up.is_some() { None } else { state.down.or(Some((now.mono, now.wall))) };
            state.up = up;
            state.why = why;
        });
        // Whatever was written meanwhile was not heard.
        self.hear(None);
    }
}

fn silent_for(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs())
}

/// Whether it is worth to wait for better times.
pub(super) fn is_away(e: &StoreError) -> bool {
    matches!(e, StoreError::Unreachable { .. })
}

async fn keep_connected(link: std::sync::Weak<Link>) {
    let (mut pause, mut number, mut first) = (RETRY.0, 0, true);
    loop {
        number += 1;
        let Some(this) = link.upgrade() else { return };
        let connected = match timeout(this.limit * 2, this.connect(number, this.limit)).await {
            Ok(result) => result,
            Err(_) => Err(this.unreachable(&silent_for(this.limit * 2))),
        };
        let why = match connected {
            Ok((up, driver)) => {
                let up = Arc::new(up);
                let driving = this.runtime.spawn(driver);
                // The first time with the second connection, which is needed soon: together they show what is in between.
                let second = if first { this.long(&up).await.map(drop) } else { Ok(()) };
                let ready = match second {
                    Ok(()) => this.catch_up(&up).await,
                    Err(e) => Err(e),
                };
                match ready {
                    Ok(()) => {
                        (pause, first) = (RETRY.0, false);
                        this.set_state(Some(up.clone()), None);
                        drop(this);
                        let why = until_it_ends(&link, &up, driving).await;
                        let Some(this) = link.upgrade() else { return };
                        this.unreachable(&why)
                    }
                    Err(e) => {
                        driving.abort();
                        e
                    }
                }
            }
            Err(e) => e,
        };
        {
            let Some(this) = link.upgrade() else { return };
            let said = this.state().why.map(|why| why.to_string());
            if said.as_ref() != Some(&why.to_string()) {
                tracing::warn!("{why}");
            }
            this.set_state(None, Some(why));
        }
        let part: f64 = rand::rng().random_range(0.5..1.0);
        sleep(pause.mul_f64(part)).await;
        pause = (pause * 2).min(RETRY.1);
    }
}

/// Waits until the connection ends or does not answer any more. Now and then it is tried.
async fn until_it_ends(link: &std::sync::Weak<Link>, up: &Up, mut driving: JoinHandle<String>) -> String {
    let mut calls = 0;
    // Nothing of the store is kept while this waits: it ends when nobody else has it.
    let Some((suspect, limit)) = link.upgrade().map(|this| (this.suspect.clone(), this.limit)) else {
        return String::new();
    };
    // What was said of the connection before this one, or of none.
    let _ = suspect.notified().now_or_never();
    loop {
        tokio::select! {
            biased;
            why = &mut driving => return why.unwrap_or_else(|e| e.to_string()),
            () = suspect.notified() => {
                driving.abort();
                return silent_for(limit);
            }
            () = sleep(HEARTBEAT) => {}
        }
        let Some(this) = link.upgrade() else { return String::new() };
        let quiet = this.calls.load(Ordering::Relaxed) == calls;
        if quiet || this.clock.is_some() {
            let sent = this.here();
            let result = timeout(limit, up.query("SELECT boot, mono, wall FROM hello(NULL)", &[])).await;
            let received = this.here();
            let Ok(result) = result else {
                driving.abort();
                return silent_for(limit);
            };
            if let (Some(clock), Ok(rows)) = (&this.clock, result)
                && let Some(row) = rows.first()
                && let (Ok(boot), Ok(mono), Ok(wall)) =
                    (row.try_get::<_, &str>(0), row.try_get::<_, i64>(1), row.try_get::<_, i64>(2))
            {
                let sample = Sample { sent, received, mono, wall };
                // A step is for the ledger to judge, at the next permit.
                if clock.stepped(&sample).is_none() {
                    clock.measured(&BootId(boot.into()), &sample);
                }
            }
        }
        calls = this.calls.load(Ordering::Relaxed);
    }
}

async fn close_when_idle(link: std::sync::Weak<Link>) {
    let mut used = u64::MAX;
    loop {
        sleep(IDLE).await;
        let Some(this) = link.upgrade() else { return };
        let now = this.bulk_used.load(Ordering::Relaxed);
        if now == used {
            *this.bulk.lock().await = None;
            return;
        }
        used = now;
    }
}
