//! A file store that goes on in memory when its disk fails, and returns to the file when it can.
//!
//! ```text
//!           full, read-only, I/O error, damaged
//!   file ───────────────────────────────────────► memory      takes over ledgers, rows, recent readings, events
//!    ▲  └─ moved aside or deleted: opened anew      │
//!    └──────────── each minute, if it can be written ┘         takes back ledgers, new readings, new events
//! ```
//!
//! In memory the processes of an account cannot see each other. A lock file says which one polls, and the others wait for
//! it; the limit is kept by the request ledger in files of its own ([`guard`](super::guard)), which all of them use.
//!
//! Cursors: readings made in memory are numbered from [`MEMORY`] on, so that a cursor tells where it belongs. Back on
//! the file, a cursor of the memory goes on behind the readings that were written back; what other processes wrote
//! to the file in the meantime is in `snapshot` and `range`, but not given again by `since`.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    Cursor, Event, EventKind, GenerationAnswer, GenerationAsk, GenerationEnd, GenerationTicket, Governor, Instance,
    Lease, PermitAnswer, PermitAsk, PermitId, RangeQuery, Role, Snapshot, Store, StoreError, StoreNotice, StoreState,
    guard::{self, Guard, Trouble},
    own_file,
    parts::Layer,
    poller_lock::{Acquired, PollerLock},
    recoverable::{Last, OnDisk, Recoverable},
    slot_file,
};
use crate::domain::{BootTime, Clock, Now, Problem, Reading, Series};

/// How long until the file is tried again.
const RETRY: Duration = Duration::from_secs(60);
/// How often the small tables are looked at: damage can also make them look empty, without an error.
const LOOK: Duration = Duration::from_secs(60);
/// Above every number that a file's reading can have.
const MEMORY: i64 = 1 << 40;

/// A file store with a way out. See the module.
pub struct Resilient<S: Recoverable> {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner<S>>,
    /// Keeps the limit also where the file does not tell what was sent.
    guard: Guard,
    locks: PollerLocks,
    version: Mutex<(Option<(u64, u64)>, u64)>,
}

/// Who polls where the store does not tell: for those in memory, and over all stores of the account.
struct PollerLocks {
    store: PathBuf,
    beside: PollerLock,
    runtime: Option<PollerLock>,
    /// Who polls instead of this process, by the lock.
    rival: Mutex<Option<(u32, PathBuf)>>,
}

impl PollerLocks {
    fn new(store: &Path, runtime: Option<&Path>) -> Self {
        let lock = |path: &Path| PollerLock::new(slot_file::beside(path, ".poller"), store.to_owned());
        PollerLocks {
            store: store.to_owned(),
            beside: lock(store),
            runtime: runtime.map(lock),
            rival: Mutex::new(None),
        }
    }

    /// Takes the locks that polling needs, or says who has one. In memory that is every lock there is. On the file its
    /// own lease decides among those who share it: only another store of the account is in the way. Its lock is taken all
    /// the same, for those who cannot open the file and are in memory.
    fn acquire(&self, in_memory: bool) -> Option<(u32, PathBuf)> {
        let runtime = self.runtime.as_ref().map_or(Acquired::Unavailable, PollerLock::acquire);
        let rival = [runtime, self.beside.acquire()].into_iter().find_map(|acquired| match acquired {
            // Where it is not known whose it is, the lease decides: with it in doubt nobody would poll.
            Acquired::Theirs { store, .. } if !in_memory && (store == self.store || store.as_os_str().is_empty()) => {
                None
            }
            Acquired::Theirs { pid, store } => Some((pid, store)),
            Acquired::Mine | Acquired::Unavailable => None,
        });
        if rival.is_some() {
            self.release();
        }
        self.rival.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&rival);
        rival
    }

    fn release(&self) {
        *self.rival.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.beside.release();
        if let Some(runtime) = &self.runtime {
            runtime.release();
        }
    }

    /// Where another store of the account polls.
    fn notice(&self) -> Option<StoreNotice> {
        let rival = self.rival.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (pid, store) = rival.filter(|(_, store)| *store != self.store)?;
        let text = format!(
            "Point [store] url of both at one file: pid {pid} checks this account through another store, {}; this \
             dashboard waits",
            store.display()
        );
        Some(StoreNotice { problem: Problem::StoreOther, text })
    }
}

struct Inner<S: Recoverable> {
    /// The file, or the memory while `degraded`.
    store: Arc<S>,
    /// The file's ledgers as they were after our last use of them, for when it cannot even be read.
    shadow: S::Ledgers,
    degraded: Option<Degraded>,
    /// The highest cursor into the file that was given: no new file's numbers may begin below it.
    given: i64,
    /// When the small tables are looked at next.
    look: BootTime,
    /// Counts the changes of `store`.
    epoch: u64,
    /// Where the memory's numbers began, and behind which number of the file they were written back.
    bridge: Option<(i64, i64)>,
    /// Tells of a file that was moved aside while we ran.
    quarantined: Option<StoreNotice>,
}

struct Degraded {
    why: StoreError,
    retry: BootTime,
    /// What is not the memory's own ends here.
    last: Last,
}

fn is_sick(e: &StoreError) -> bool {
    matches!(e, StoreError::Full(_) | StoreError::ReadOnly(_) | StoreError::Io(_) | StoreError::Corrupt(_))
}

/// The notice for a file that was moved aside.
fn quarantine_notice(quarantined: &Path) -> StoreNotice {
    let text = format!(
        "Check the disk: the store was damaged. A new one goes on with what could be read of the last hours; the damaged \
         one is kept as {}",
        quarantined.display()
    );
    StoreNotice { problem: Problem::StoreQuarantined, text }
}

/// Why requests wait, where the store itself is well.
fn guard_notice(trouble: &Trouble, places: &str, now: &Now) -> StoreNotice {
    match trouble {
        Trouble::Unusable => StoreNotice {
            problem: Problem::LedgerMissing,
            text: format!(
                "Make {places} writable: without the request ledger nothing is sent, so that the limit holds"
            ),
        },
        Trouble::Busy => StoreNotice {
            problem: Problem::LedgerMissing,
            text: format!(
                "Continue or end the process that holds {places} (perhaps it is suspended): without the request ledger \
                 nothing is sent"
            ),
        },
        Trouble::Held(until) => StoreNotice {
            problem: Problem::LedgerNew,
            text: format!(
                "Wait {} s for the next request: the request ledger is new, or was damaged or replaced, and the limit must \
                 hold",
                until.since(now.mono).as_secs() + 1
            ),
        },
        Trouble::OtherBoot => StoreNotice {
            problem: Problem::OtherBoot,
            text:
                "Run all dashboards of this store in one container, or all on the machine itself: they disagree about \
                   when the machine started, so requests are rare"
                    .into(),
        },
    }
}

impl<S: Recoverable> Resilient<S> {
    /// Opens the file at `path`; a damaged one is moved aside, one that cannot be opened is replaced by memory.
    ///
    /// # Errors
    /// [`StoreError::Newer`] and [`StoreError::Busy`], where going on would do harm, and the database of another
    /// program.
    pub fn open(path: PathBuf, clock: Arc<dyn Clock>) -> Result<(Self, Vec<StoreNotice>), StoreError> {
        Self::open_for(path, clock, None)
    }

    /// The same for an account, which `account` names over all stores of this user.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_for(
        path: PathBuf,
        clock: Arc<dyn Clock>,
        account: Option<&str>,
    ) -> Result<(Self, Vec<StoreNotice>), StoreError> {
        let path = own_file::resolve(&path).unwrap_or(path);
        let runtime = account.and_then(guard::runtime_path);
        let places =
            [Some(&path), runtime.as_ref()].into_iter().flatten().map(|p| slot_file::beside(p, ".requests")).collect();
        let locks = PollerLocks::new(&path, runtime.as_deref());
        let (store, quarantined, degraded) = match S::open_or_replace(&path, clock.clone(), false) {
            Ok(found) => (found.store, found.quarantined, None),
            Err(e) if is_sick(&e) => {
                let store = S::memory_of(&path, clock.clone())?;
                store.number_from(MEMORY + store.last()?.reading)?;
                let last = store.last()?;
                (store, None, Some(Degraded { why: e, retry: clock.now().mono + RETRY, last }))
            }
            Err(e) => return Err(e),
        };
        // A new file, or one that nobody has polled through: no request can have been forgotten.
        let first_start = quarantined.is_none() && degraded.is_none() && store.never_polled().unwrap_or(false);
        let guard = Guard::new(places, first_start);
        let look = clock.now().mono + LOOK;
        let (store, shadow) = (Arc::new(store), S::Ledgers::default());
        let inner = Inner { store, shadow, degraded, given: 0, look, epoch: 0, bridge: None, quarantined: None };
        let this = Resilient { path, clock, inner: Mutex::new(inner), guard, locks, version: Mutex::new((None, 0)) };
        let mut notices: Vec<StoreNotice> = vec![];
        if let Some(quarantined) = quarantined {
            let notice = quarantine_notice(&quarantined);
            this.tell(&this.current(), &notice.text);
            notices.push(notice);
        }
        notices.extend(this.notice());
        Ok((this, notices))
    }

    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an event about the store. Best effort: it is told as a notice too.
    fn tell(&self, store: &S, text: &str) {
        let at = self.clock.now().stamp();
        let _ = store.note(&Event { at, kind: EventKind::Store, who: "store".into(), text: text.into() });
    }

    /// The store to use now: tries the way back when it is due, and follows the name when the file was exchanged.
    fn current(&self) -> Arc<S> {
        let mut inner = self.lock();
        let now = self.clock.now().mono;
        match &inner.degraded {
            Some(degraded) if now >= degraded.retry => self.restore(&mut inner),
            Some(_) => {}
            None => match inner.store.on_disk() {
                OnDisk::Same if now >= inner.look => {
                    inner.look = now + LOOK;
                    match inner.store.check_small_tables() {
                        Err(e) if is_sick(&e) => drop(self.leave_file(&mut inner, e)),
                        _ => {}
                    }
                }
                OnDisk::Same => {}
                OnDisk::Other => self.follow(&mut inner),
                // To open the file anew beside the open one would mix two logs: first everybody must let go of it.
                OnDisk::WithoutLog(why) => drop(self.leave_file(&mut inner, why)),
            },
        }
        inner.store.clone()
    }

    /// Runs `f`; if the file fails under it, in memory.
    fn run<T>(&self, mut f: impl FnMut(&S) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let store = self.current();
        match f(&store) {
            Err(e) if is_sick(&e) => f(&*self.degrade(&store, e)?),
            other => other,
        }
    }

    /// Like [`run`](Self::run), for what changes the ledgers: the shadow follows.
    fn run_ledger<T>(&self, f: impl FnMut(&S) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let out = self.run(f)?;
        let mut inner = self.lock();
        if inner.degraded.is_none()
            && let Ok(ledgers) = inner.store.ledgers()
        {
            inner.shadow = ledgers;
        }
        Ok(out)
    }

    fn degrade(&self, failed: &Arc<S>, why: StoreError) -> Result<Arc<S>, StoreError> {
        let mut inner = self.lock();
        if Arc::ptr_eq(failed, &inner.store) && inner.degraded.is_none() {
            self.leave_file(&mut inner, why)?;
        }
        Ok(inner.store.clone())
    }

    fn leave_file(&self, inner: &mut Inner<S>, why: StoreError) -> Result<(), StoreError> {
        let memory = inner.store.memory_beside(MEMORY)?;
        // What the file does not tell any more, the shadow does.
        memory.take_ledgers(&inner.shadow)?;
        memory.number_from(MEMORY + inner.given)?;
        let last = memory.last()?;
        self.tell(&memory, &format!("{why}; going on in memory"));
        inner.store = Arc::new(memory);
        inner.epoch += 1;
        let retry = self.clock.now().mono + RETRY;
        inner.degraded = Some(Degraded { why, retry, last });
        Ok(())
    }

    /// The file's name leads elsewhere: somebody moved a damaged file aside, or deleted it.
    fn follow(&self, inner: &mut Inner<S>) {
        let opened = S::open_or_replace(&self.path, self.clock.clone(), false).and_then(|found| {
            let _ = inner.store.ledgers().and_then(|ledgers| found.store.take_ledgers(&ledgers));
            found.store.take_ledgers(&inner.shadow)?;
            // The numbers go on, so that no cursor lies ahead of them.
            found.store.number_from(inner.store.last().unwrap_or_default().reading.max(inner.given))?;
            Ok(found)
        });
        match opened {
            Ok(found) => {
                inner.store = Arc::new(found.store);
                inner.epoch += 1;
                inner.quarantined = found.quarantined.as_deref().map(quarantine_notice).or(inner.quarantined.take());
            }
            // Otherwise the open file serves on until the next call.
            Err(e) if is_sick(&e) => drop(self.leave_file(inner, e)),
            Err(_) => {}
        }
    }

    fn restore(&self, inner: &mut Inner<S>) {
        let Some(degraded) = &mut inner.degraded else { return };
        degraded.retry = self.clock.now().mono + RETRY;
        let suspect = matches!(degraded.why, StoreError::Corrupt(_));
        let Last { reading: last, .. } = degraded.last;
        let back = S::open_or_replace(&self.path, self.clock.clone(), suspect).and_then(|found| {
            let (file, before) = found.store.take_back(&inner.store, degraded.last, last - MEMORY)?;
            Ok((file, found.quarantined, before))
        });
        match back {
            Ok((file, quarantined, before)) => {
                inner.bridge = Some((last, before));
                inner.quarantined = quarantined.as_deref().map(quarantine_notice).or(inner.quarantined.take());
                self.locks.beside.release();
                self.tell(&file, "the store is back on its file");
                inner.store = Arc::new(file);
                inner.degraded = None;
                inner.epoch += 1;
            }
            Err(_) => {
                // The memory must not grow for months; what is on the screen stays.
                let _ = inner.store.prune(Series::SPAN);
            }
        }
    }

    /// A cursor as the store in use understands it.
    fn translate(&self, cursor: Cursor) -> Cursor {
        let inner = self.lock();
        match (inner.bridge, &inner.degraded) {
            (Some((from, base)), None) if cursor.0 >= MEMORY => Cursor(base + (cursor.0 - from).max(0)),
            _ => cursor,
        }
    }

    fn give(&self, cursor: Cursor) {
        let mut inner = self.lock();
        if cursor.0 < MEMORY {
            inner.given = inner.given.max(cursor.0);
        }
    }

    /// The file, to be spoilt.
    #[cfg(test)]
    pub(super) fn file_for_tests(&self) -> Arc<S> {
        self.lock().store.clone()
    }
}

impl<S: Recoverable> std::fmt::Debug for Resilient<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResilientStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<S: Recoverable> StoreState for Resilient<S> {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn version(&self) -> Result<u64, StoreError> {
        let version = self.run(|s| s.version())?;
        let seen = Some((self.lock().epoch, version));
        let mut last = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != seen {
            *last = (seen, last.1 + 1);
        }
        Ok(last.1)
    }

    fn notice(&self) -> Option<StoreNotice> {
        let inner = self.lock();
        let now = self.clock.now();
        let trouble = self.guard.trouble(&now).map(|trouble| guard_notice(&trouble, &self.guard.places(), &now));
        let Some(degraded) = &inner.degraded else {
            return self.locks.notice().or(trouble).or(inner.quarantined.clone());
        };
        let trouble = trouble.map(|notice| format!(". {}", notice.text)).unwrap_or_default();
        let rival = self.locks.rival.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let waits = rival.map(|(pid, _)| match pid {
            0 => "; another process checks meanwhile, this one waits".to_owned(),
            pid => format!("; pid {pid} checks meanwhile, this one waits"),
        });
        let waits = waits.unwrap_or_default();
        let (advice, why) = (degraded.why.advice(), "until then new readings are kept only while ahtop runs");
        let text = format!("{advice}; {why}{waits}{trouble}");
        Some(StoreNotice { problem: Problem::StoreDegraded, text })
    }
}

impl<S: Recoverable> Layer for Resilient<S> {
    fn pass<T>(&self, mut call: impl FnMut(&dyn Store) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.run(|store| call(store))
    }

    fn snapshot(&self, span: Duration) -> Result<Snapshot, StoreError> {
        let snapshot = self.run(|s| s.snapshot(span))?;
        self.give(snapshot.cursor);
        Ok(snapshot)
    }

    fn since(&self, cursor: Cursor, limit: usize) -> Result<(Vec<Reading>, Cursor), StoreError> {
        let (readings, cursor) = self.run(|s| {
            let (readings, cursor) = s.since(self.translate(cursor), limit)?;
            // Pages of an earlier time in an open file: what comes now would stand behind what was given already.
            if readings.is_empty() && cursor.0 < MEMORY && s.last()?.reading < cursor.0 {
                s.number_from(cursor.0)?;
            }
            Ok((readings, cursor))
        })?;
        self.give(cursor);
        Ok((readings, cursor))
    }

    fn range(&self, query: &RangeQuery, each: &mut dyn FnMut(Reading) -> bool) -> Result<(), StoreError> {
        // Not run again in memory: what was handed out would be handed out twice.
        self.current().range(query, each)
    }

    fn lease(&self, who: &Instance, ttl: Duration) -> Result<Lease, StoreError> {
        let lease = self.run(|s| s.lease(who, ttl))?;
        if !lease.mine {
            self.locks.release();
            return Ok(lease);
        }
        let in_memory = self.lock().degraded.is_some();
        let polled = self.locks.beside.is_mine();
        let Some((pid, _)) = self.locks.acquire(in_memory) else {
            if in_memory && !polled && self.locks.beside.is_mine() {
                self.guard.took_over();
            }
            return Ok(lease);
        };
        self.run(|s| s.release(who))?;
        let id = format!("{}-{pid}", who.host).into();
        let holder = Instance { id, pid, host: who.host.clone(), role: Role::Dashboard };
        Ok(Lease { holder, mine: false, claimed: false })
    }

    fn release(&self, who: &Instance) -> Result<(), StoreError> {
        self.locks.release();
        self.run(|s| s.release(who))
    }

    fn leave(&self, who: &Instance) -> Result<(), StoreError> {
        self.locks.release();
        self.run(|s| s.leave(who))
    }

    fn permit(&self, who: &Instance, ask: &PermitAsk) -> Result<PermitAnswer, StoreError> {
        self.run_ledger(|s| {
            self.guard.permit(&*self.clock, ask, || s.permit(who, ask), |permit| s.finish(permit, false))
        })
    }

    fn finish(&self, permit: PermitId, used: bool) -> Result<(), StoreError> {
        self.guard.finish(&*self.clock, permit, used);
        self.run_ledger(|s| s.finish(permit, used))
    }

    fn finish_with_reading(&self, permit: PermitId, reading: &Reading) -> Result<(), StoreError> {
        self.guard.finish(&*self.clock, permit, true);
        self.run_ledger(|s| s.finish_with_reading(permit, reading))
    }

    fn set_governor(&self, governor: &Governor) -> Result<(), StoreError> {
        self.run_ledger(|s| s.set_governor(governor))
    }

    fn begin_generation(&self, who: &Instance, ask: &GenerationAsk) -> Result<GenerationAnswer, StoreError> {
        self.run_ledger(|s| {
            let take_back = |ticket| s.end_generation(ticket, &GenerationEnd::NotSent);
            self.guard.generate(&*self.clock, ask, || s.begin_generation(who, ask), take_back)
        })
    }

    fn end_generation(&self, ticket: GenerationTicket, end: &GenerationEnd) -> Result<(), StoreError> {
        self.guard.generated(&*self.clock, ticket, end);
        self.run_ledger(|s| s.end_generation(ticket, end))
    }

    fn token_invalidated(&self, generation: u64, who: &Instance) -> Result<bool, StoreError> {
        self.run_ledger(|s| s.token_invalidated(generation, who))
    }
}
