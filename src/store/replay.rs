//! The past of a store as if it were happening now: the same trait, so that the dashboard cannot tell.
//!
//! Readings become visible when the clock of the replay has come to them; what is done here (alerts, acknowledgements)
//! stays in memory. The source is only ever read.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    Cursor, DocumentStore, Event, EventKind, GenerationAnswer, GenerationAsk, GenerationEnd, GenerationTicket, HOUR,
    HistoryInfo, Instance, InterestStore, Lease, Link, PermitAnswer, PermitAsk, RangeQuery, ReadingStore, Snapshot,
    SqliteStore, Status, Store, StoreError, StoreState, Token, Usage, WINDOW, parts::Layer,
};
use crate::domain::{BootId, BootTime, Clock, EventTime, Now, Reading, Target};

/// Readings before the begin that are known when it begins: rows that have been silent for a day are not shown.
const BEFORE: Duration = Duration::from_secs(26 * 3600);
/// So much of the past is taken out of the source at a time.
const CHUNK: Duration = Duration::from_secs(4 * 3600);

/// The time of a replay: stands at a moment of the past until it runs, and then faster than the real one.
#[derive(Debug)]
pub struct ReplayClock {
    boot: BootId,
    /// The boot clock when the wall clock was at zero.
    mono_at_zero: i64,
    speed: AtomicU32,
    /// It stands still when it comes there.
    end: i64,
    time: Mutex<Time>,
}

#[derive(Debug)]
enum Time {
    /// Since then, from there.
    Runs(Instant, i64),
    Stands(i64),
}

impl ReplayClock {
    /// Stands at `from`; will run `speed` times as fast as the real one. `near`: the stamp of a reading about then,
    /// whose boot clock goes on. `end`: where it stands again, since nothing is known of later.
    pub fn new(from: Timestamp, speed: u32, near: Option<&EventTime>, end: Option<Timestamp>) -> Self {
        let (boot, mono_at_zero) = match near {
            Some(stamp) => (stamp.boot.clone(), stamp.mono.0.saturating_sub(stamp.wall.as_millisecond())),
            None => (BootId("replay".into()), 0),
        };
        let end = end.unwrap_or(Timestamp::MAX).as_millisecond();
        ReplayClock {
            boot,
            mono_at_zero,
            speed: AtomicU32::new(speed),
            end,
            time: Mutex::new(Time::Stands(from.as_millisecond())),
        }
    }

    /// Stands at `at` from now on.
    pub fn set(&self, at: Timestamp) {
        *self.time() = Time::Stands(at.as_millisecond());
    }

    /// How many times as fast as the real one it runs.
    pub fn speed(&self) -> u32 {
        self.speed.load(Ordering::Relaxed)
    }

    /// Runs so fast from now on.
    pub fn set_speed(&self, speed: u32) {
        self.go_on(Duration::ZERO, || self.speed.store(speed, Ordering::Relaxed));
    }

    /// Goes on from so much later, at its end at the latest.
    pub fn skip(&self, by: Duration) {
        self.go_on(by, || ());
    }

    fn go_on(&self, by: Duration, change: impl FnOnce()) {
        let mut time = self.time();
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let ms = self.at(&time);
        let ms = ms.saturating_add(by).min(self.end.max(ms));
        *time = match *time {
            Time::Runs(..) => Time::Runs(Instant::now(), ms),
            Time::Stands(_) => Time::Stands(ms),
        };
        change();
    }

    /// Milliseconds since 1970.
    fn at(&self, time: &Time) -> i64 {
        match time {
            Time::Stands(ms) => *ms,
            Time::Runs(begin, from) => {
                let ran = begin.elapsed().saturating_mul(self.speed()).as_millis();
                from.saturating_add(i64::try_from(ran).unwrap_or(i64::MAX)).min(self.end.max(*from))
            }
        }
    }

    /// Runs from where it stands.
    pub fn run(&self) {
        let mut time = self.time();
        if let Time::Stands(ms) = *time {
            *time = Time::Runs(Instant::now(), ms);
        }
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ReplayClock {
    fn now(&self) -> Now {
        let ms = self.at(&self.time());
        let wall = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
        Now { boot: self.boot.clone(), mono: BootTime(ms.saturating_add(self.mono_at_zero)), wall }
    }
}

/// A [`Store`] that shows what another one held at the time of its clock.
pub struct ReplayStore {
    source: Arc<dyn Store>,
    clock: Arc<ReplayClock>,
    now: SqliteStore,
    poller: Instance,
    events: Vec<Event>,
    ahead: Mutex<Ahead>,
}

/// What a store knows about a moment.
#[derive(Clone, Debug, Default)]
pub struct Near {
    /// The stamp of the last reading at or before it, or of the first one after it.
    pub stamp: Option<EventTime>,
    /// When the first reading at or after it was made.
    pub next: Option<Timestamp>,
    /// When the last reading of all was made.
    pub last: Option<Timestamp>,
}

/// What was taken out of the source and has not happened yet.
#[derive(Debug, Default)]
struct Ahead {
    readings: VecDeque<Reading>,
    /// The source was read up to here.
    until: Option<Timestamp>,
}

impl ReplayStore {
    /// The past of `source` from the clock's time on. `poller` counts as who polled.
    pub fn new(source: Arc<dyn Store>, clock: Arc<ReplayClock>, poller: Instance) -> Result<Self, StoreError> {
        let now = SqliteStore::memory(clock.clone())?;
        let begin = clock.now().wall.checked_sub(BEFORE).unwrap_or(Timestamp::MIN);
        let events = source.past_events(begin)?;
        let ahead = Mutex::new(Ahead { readings: VecDeque::new(), until: Some(begin) });
        let this = ReplayStore { source, clock, now, poller, events, ahead };
        this.happen()?;
        Ok(this)
    }

    /// What `source` knows about `at`.
    pub fn near(source: &dyn Store, at: Timestamp) -> Result<Near, StoreError> {
        let mut found = Near::default();
        let from = at.checked_sub(BEFORE).ok();
        source.range(&RangeQuery { target: None, from, to: None }, &mut |reading| {
            let wall = reading.at.wall;
            found.last = found.last.max(Some(wall));
            if wall >= at && found.next.is_none_or(|next| wall < next) {
                found.next = Some(wall);
            }
            if found.stamp.is_none() || wall <= at {
                found.stamp = Some(reading.at);
            }
            true
        })?;
        Ok(found)
    }

    fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets happen what the clock has come to.
    fn happen(&self) -> Result<(), StoreError> {
        let now = self.clock.now().wall;
        let mut ahead = self.ahead();
        loop {
            let due: Vec<Reading> = {
                let n = ahead.readings.iter().take_while(|r| r.at.wall <= now).count();
                ahead.readings.drain(..n).collect()
            };
            self.now.append(&due)?;
            let Some(from) = ahead.until.filter(|until| *until <= now) else { return Ok(()) };
            let to = from.checked_add(CHUNK).ok();
            let query = RangeQuery { target: None, from: Some(from), to };
            let mut found = VecDeque::new();
            self.source.range(&query, &mut |reading| {
                found.push_back(reading);
                true
            })?;
            ahead.readings.append(&mut found);
            ahead.until = to;
        }
    }

    /// What has happened up to now, newest first.
    fn happened(&self) -> impl Iterator<Item = &Event> {
        let now = self.clock.now().wall;
        self.events.iter().rev().filter(move |e| e.at.wall <= now)
    }

    /// What was published last. Earlier versions noted the link alone: how fast was polled is a guess then.
    fn past_status(&self, now: &Now, targets: u32) -> Status {
        let sweep = Duration::from_secs(u64::from(targets) * 60 / 45);
        let of_link = |link, since| Status { since, rate: 45.0, targets, sweep, ..Status::new(now.stamp(), link) };
        let mut told = self.happened().filter_map(|event| match event.kind {
            EventKind::Status => Some(Status { at: now.stamp(), ..event.text.status()?.clone() }),
            EventKind::Link => Some(of_link(event.text.link().or_else(|| earlier(event, now))?, event.at.clone())),
            _ => None,
        });
        told.next().unwrap_or_else(|| of_link(Link::Live, now.stamp()))
    }
}

/// The link in an event of an earlier version, which wrote its sentence alone.
fn earlier(event: &Event, now: &Now) -> Option<Link> {
    let (text, until) = (event.text.to_string(), now.stamp());
    let plain = [
        Link::Live,
        Link::Starting,
        Link::Closed { until: None },
        Link::Throttled { until: until.clone() },
        Link::TokenCeiling { until: until.clone() },
    ];
    if let Some(link) = plain.into_iter().find(|link| link.sentence() == text) {
        return Some(link);
    }
    let none: Arc<str> = "".into();
    let quoting: [&dyn Fn(Arc<str>) -> Link; 3] = [
        &|why| Link::TokenWait { until: until.clone(), why },
        &|why| Link::Credentials { why, until: until.clone() },
        &|why| Link::Down { why, since: event.at.clone(), until: until.clone() },
    ];
    quoting.iter().find_map(|link| Some(link(text.strip_prefix(&link(none.clone()).sentence())?.into())))
}

impl std::fmt::Debug for ReplayStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplayStore").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl StoreState for ReplayStore {
    fn now(&self) -> Now {
        self.clock.now()
    }

    /// Asking is what lets things happen.
    fn version(&self) -> Result<u64, StoreError> {
        self.happen()?;
        self.now.version()
    }
}

impl Layer for ReplayStore {
    fn pass<T>(&self, mut call: impl FnMut(&dyn Store) -> Result<T, StoreError>) -> Result<T, StoreError> {
        call(&self.now)
    }

    fn snapshot(&self, span: Duration) -> Result<Snapshot, StoreError> {
        self.happen()?;
        self.now.snapshot(span)
    }

    fn since(&self, cursor: Cursor, limit: usize) -> Result<(Vec<Reading>, Cursor), StoreError> {
        self.happen()?;
        self.now.since(cursor, limit)
    }

    fn history(&self) -> Result<HistoryInfo, StoreError> {
        self.source.history()
    }

    fn instances(&self) -> Result<Vec<Instance>, StoreError> {
        Ok(vec![self.poller.clone()])
    }

    fn request_poll(&self, _: &Target) -> Result<(), StoreError> {
        Ok(())
    }

    fn take_requested_polls(&self) -> Result<Vec<Target>, StoreError> {
        Ok(Vec::new())
    }

    fn lease(&self, _: &Instance, _: Duration) -> Result<Lease, StoreError> {
        Ok(Lease { holder: self.poller.clone(), mine: false, claimed: false })
    }

    fn lease_holder(&self) -> Result<Option<Instance>, StoreError> {
        Ok(Some(self.poller.clone()))
    }

    fn release(&self, _: &Instance) -> Result<(), StoreError> {
        Ok(())
    }

    /// Nobody sends anything in the past.
    fn permit(&self, _: &Instance, _: &PermitAsk) -> Result<PermitAnswer, StoreError> {
        Ok(PermitAnswer::Wait(WINDOW))
    }

    fn token(&self) -> Result<Option<Token>, StoreError> {
        Ok(None)
    }

    fn begin_generation(&self, _: &Instance, _: &GenerationAsk) -> Result<GenerationAnswer, StoreError> {
        Ok(GenerationAnswer::Ceiling(WINDOW))
    }

    fn end_generation(&self, _: GenerationTicket, _: &GenerationEnd) -> Result<(), StoreError> {
        Ok(())
    }

    fn token_invalidated(&self, _: u64, _: &Instance) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// As it was published then.
    fn status(&self) -> Result<Option<Status>, StoreError> {
        if let Some(status) = self.now.status()? {
            return Ok(Some(status));
        }
        let targets = u32::try_from(self.now.wanted()?.len()).unwrap_or(u32::MAX);
        Ok(Some(self.past_status(&self.clock.now(), targets)))
    }

    /// What the events tell. How many requests counted at a moment is not known any more.
    fn usage(&self) -> Result<Usage, StoreError> {
        let now = self.clock.now();
        let count = |kinds: &[EventKind]| {
            let of_hour = self.happened().take_while(|e| e.at.age(&now) < HOUR).filter(|e| kinds.contains(&e.kind));
            u32::try_from(of_hour.count()).unwrap_or(u32::MAX)
        };
        Ok(Usage {
            throttled_1h: count(&[EventKind::Throttled]),
            generated_1h: count(&[EventKind::TokenGenerated, EventKind::GenerationFailed]),
            invalidated_1h: count(&[EventKind::TokenInvalidated]),
            ..Usage::default()
        })
    }

    /// The log of the source up to now; alerts that are found again are in it already.
    fn events(&self, span: Duration) -> Result<Vec<Event>, StoreError> {
        let from = self.clock.now().wall.checked_sub(span).unwrap_or(Timestamp::MIN);
        let told = self.happened().filter(|e| e.at.wall > from && e.kind != EventKind::Status);
        let mut told: Vec<Event> = told.cloned().collect();
        told.reverse();
        Ok(told)
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
