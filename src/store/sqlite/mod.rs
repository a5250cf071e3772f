//! The store in one SQLite file: the embedded default.
//!
//! Each call is one short transaction; those that look before they write take the write lock first (`BEGIN
//! IMMEDIATE`), so that they are atomic over all processes, and read the clock under it. Nothing waits longer than
//! two seconds for another process.

mod codec;
mod documents;
mod error;
mod events;
mod files;
mod latest;
mod lease;
mod lease_lock;
mod open;
mod permits;
mod readings;
mod recover;
mod schema;
#[cfg(test)]
mod tests;
mod token;
mod transfer;
mod wanted;

use std::{
    ops::ControlFlow,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use self::files::Identity;
use super::{
    Attention, Cursor, DocumentStore, Event, GenerationAnswer, GenerationAsk, GenerationEnd, GenerationTicket,
    Governor, HistoryInfo, Instance, InterestStore, Lease, LeaseStore, LedgerStore, PermitAnswer, PermitAsk, PermitId,
    Post, Pruned, RangeQuery, ReadingStore, Revised, Snapshot, Status, StoreError, StoreState, Token, TokenStore,
    Usage,
    token_file::{Stored, TokenFile},
};
use crate::domain::{Clock, Now, Reading, Target};

/// Pages that a pruning gives back to the disk at most: 2 MiB, so that nobody waits long for it.
const GIVEN_BACK: u32 = 512;

/// A [`Store`](super::Store) in an SQLite file, or in memory.
pub struct SqliteStore {
    conn: Mutex<Connection>,
    clock: Arc<dyn Clock>,
    /// The file and what it was when it was opened; `None` in memory.
    file: Option<(PathBuf, Identity)>,
    writes: AtomicU64,
    lease_lock: lease_lock::LeaseLock,
    tokens: Arc<TokenFile>,
}

impl SqliteStore {
    /// A panic under the lock rolled its transaction back while it unwound: the connection is good.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn explain(&self, e: &rusqlite::Error) -> StoreError {
        match &self.file {
            Some((path, _)) => error::explain(e, &path.display().to_string()),
            None => error::explain(e, "memory"),
        }
    }

    fn lock_for<T>(&self, f: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let out = f(&mut self.lock());
        self.writes.fetch_add(1, Ordering::SeqCst);
        out
    }

    fn transact<T>(
        &self,
        behavior: TransactionBehavior,
        f: impl FnOnce(&Connection, &Now) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut conn = self.lock();
        let run = |conn: &mut Connection| {
            let tx = Transaction::new(conn, behavior)?;
            let out = f(&tx, &self.clock.now())?;
            tx.commit()?;
            Ok(out)
        };
        run(&mut conn).map_err(|e| self.explain(&e))
    }

    fn write<T>(&self, f: impl FnOnce(&Connection, &Now) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let out = self.transact(TransactionBehavior::Immediate, f);
        self.writes.fetch_add(1, Ordering::SeqCst);
        out
    }

    fn read<T>(&self, f: impl FnOnce(&Connection, &Now) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.transact(TransactionBehavior::Deferred, f)
    }

    /// Gives no permit for `span`.
    pub(super) fn hold(&self, span: Duration) -> Result<(), StoreError> {
        self.write(|c, now| permits::hold(c, now, span))
    }

    /// Lets the file grow no further: the disk is full.
    #[cfg(test)]
    pub(super) fn fill_disk(&self) {
        let conn = self.lock();
        let pages: i64 = conn.query_row("PRAGMA page_count", [], |r| r.get(0)).unwrap();
        conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    }

    /// Refuses every write from now on: the disk was remounted.
    #[cfg(test)]
    pub(super) fn make_read_only(&self) {
        self.lock().execute_batch("PRAGMA query_only = ON").unwrap();
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("file", &self.file.as_ref().map(|(path, _)| path)).finish()
    }
}

impl StoreState for SqliteStore {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn version(&self) -> Result<u64, StoreError> {
        let conn = self.lock();
        // Tells of other connections' commits only; our own are counted.
        let theirs: i64 = conn
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut s| s.query_row([], |r| r.get(0)))
            .map_err(|e| self.explain(&e))?;
        let ours = self.writes.load(Ordering::SeqCst);
        Ok((u64::try_from(theirs).unwrap_or(0) << 40) ^ ours)
    }
}

impl ReadingStore for SqliteStore {
    fn append(&self, readings: &[Reading]) -> Result<(), StoreError> {
        if readings.is_empty() {
            return Ok(());
        }
        self.write(|c, now| latest::append(c, now, readings))
    }

    fn snapshot(&self, span: Duration) -> Result<Snapshot, StoreError> {
        self.read(|c, now| latest::snapshot(c, now, span))
    }

    fn since(&self, cursor: Cursor, limit: usize) -> Result<(Vec<Reading>, Cursor), StoreError> {
        self.read(|c, _| readings::since(c, cursor, limit))
    }

    fn range(&self, query: &RangeQuery, each: &mut dyn FnMut(Reading) -> bool) -> Result<(), StoreError> {
        let mut walk = self.read(|c, _| readings::Walk::begin(c, query))?;
        loop {
            // `each` runs without the lock: it may be slow, and it may use the store.
            let (page, last) = match self.read(|c, _| walk.page(c))? {
                ControlFlow::Continue(page) => (page, false),
                ControlFlow::Break(page) => (page, true),
            };
            if !page.into_iter().all(&mut *each) || last {
                return Ok(());
            }
        }
    }

    fn prune(&self, keep: Duration) -> Result<Pruned, StoreError> {
        self.write(|c, now| {
            events::prune(c, now, keep)?;
            let readings = readings::prune(c, now, keep)?;
            let space = schema::give_back(c, GIVEN_BACK)?;
            Ok(Pruned { readings, more: readings > 0 || space })
        })
    }

    fn history(&self) -> Result<HistoryInfo, StoreError> {
        let (readings, oldest) = self.read(|c, _| Ok((readings::count(c)?, readings::oldest(c)?)))?;
        let path = self.file.as_ref().map(|(path, _)| path.clone());
        Ok(HistoryInfo { readings, oldest, bytes: path.as_deref().map_or(0, files::bytes), path })
    }
}

impl InterestStore for SqliteStore {
    fn want(&self, who: &Instance, wants: &[(Target, Attention)], ttl: Duration) -> Result<(), StoreError> {
        self.write(|c, now| wanted::want(c, now, who, wants, ttl))
    }

    fn wanted(&self) -> Result<Vec<(Target, Attention)>, StoreError> {
        self.read(wanted::wanted)
    }

    fn instances(&self) -> Result<Vec<Instance>, StoreError> {
        self.read(wanted::instances)
    }

    fn request_poll(&self, target: &Target) -> Result<(), StoreError> {
        self.write(|c, _| wanted::request_poll(c, target))
    }

    fn take_requested_polls(&self) -> Result<Vec<Target>, StoreError> {
        // Asked often and seldom there: no write lock for nothing.
        if !self.read(|c, _| wanted::requested(c))? {
            return Ok(vec![]);
        }
        self.write(|c, _| wanted::take_requested_polls(c))
    }
}

impl LeaseStore for SqliteStore {
    fn lease(&self, who: &Instance, ttl: Duration) -> Result<Lease, StoreError> {
        // Asked each second: one that lasts is not written again.
        if let Some(lease) = self.read(|c, now| lease::lasting(c, now, who, ttl))? {
            return Ok(lease);
        }
        self.write(|c, now| {
            if self.lease_lock.is_free() {
                lease::bury(c, now, who)?;
            }
            let lease = lease::lease(c, now, who, ttl)?;
            if lease.mine {
                lease::mark_locked(c, self.lease_lock.acquire(who))?;
            } else {
                self.lease_lock.release(who);
            }
            Ok(lease)
        })
    }

    fn lease_holder(&self) -> Result<Option<Instance>, StoreError> {
        Ok(self.read(lease::holder)?.filter(|(_, locked)| !(*locked && self.lease_lock.is_free())).map(|(by, _)| by))
    }

    fn release(&self, who: &Instance) -> Result<(), StoreError> {
        self.write(|c, now| {
            lease::leave(c, now, who)?;
            self.lease_lock.release(who);
            Ok(())
        })
    }

    fn leave(&self, who: &Instance) -> Result<(), StoreError> {
        self.write(|c, now| {
            wanted::leave(c, who)?;
            lease::leave(c, now, who)?;
            self.lease_lock.release(who);
            Ok(())
        })
    }
}

impl LedgerStore for SqliteStore {
    fn permit(&self, who: &Instance, ask: &PermitAsk) -> Result<PermitAnswer, StoreError> {
        self.write(|c, now| permits::permit(c, now, who, ask))
    }

    fn finish(&self, permit: PermitId, used: bool) -> Result<(), StoreError> {
        self.write(|c, now| permits::finish(c, now, permit, used))
    }

    fn finish_with_reading(&self, permit: PermitId, reading: &Reading) -> Result<(), StoreError> {
        self.write(|c, now| {
            permits::finish(c, now, permit, true)?;
            latest::append(c, now, std::slice::from_ref(reading))
        })
    }

    fn usage(&self) -> Result<Usage, StoreError> {
        self.read(permits::usage)
    }

    fn governor(&self) -> Result<Governor, StoreError> {
        self.read(|c, _| permits::governor(c))
    }

    fn set_governor(&self, governor: &Governor) -> Result<(), StoreError> {
        self.write(|c, _| permits::set_governor(c, governor))
    }
}

impl TokenStore for SqliteStore {
    fn token(&self) -> Result<Option<Token>, StoreError> {
        Ok(self.tokens.read().map_err(StoreError::Refused)?.and_then(Stored::token))
    }

    fn begin_generation(&self, who: &Instance, ask: &GenerationAsk) -> Result<GenerationAnswer, StoreError> {
        self.write(|c, now| token::begin_generation(c, now, &self.tokens, who, ask))
    }

    fn end_generation(&self, ticket: GenerationTicket, end: &GenerationEnd) -> Result<(), StoreError> {
        self.write(|c, now| token::end_generation(c, now, &self.tokens, ticket, end))
    }

    fn token_invalidated(&self, generation: u64, who: &Instance) -> Result<bool, StoreError> {
        self.write(|c, now| token::token_invalidated(c, now, &self.tokens, generation, who))
    }
}

impl DocumentStore for SqliteStore {
    fn document(&self, name: &str, known: u64) -> Result<Option<Revised>, StoreError> {
        self.read(|c, _| documents::read(c, name, known))
    }

    fn set_document(&self, name: &str, seen: u64, text: &str) -> Result<Option<u64>, StoreError> {
        self.write(|c, _| documents::write(c, name, seen, text))
    }

    fn post(&self, queue: &str, text: &str) -> Result<(), StoreError> {
        self.write(|c, _| documents::post(c, queue, text))
    }

    fn posts(&self, queue: &str) -> Result<Vec<Post>, StoreError> {
        self.read(|c, _| documents::posts(c, queue))
    }

    fn drop_posts(&self, queue: &str, upto: i64) -> Result<(), StoreError> {
        self.write(|c, _| documents::drop_posts(c, queue, upto))
    }

    fn set_status(&self, status: &Status) -> Result<(), StoreError> {
        self.write(|c, _| events::remember(c, "status", status))
    }

    fn status(&self) -> Result<Option<Status>, StoreError> {
        self.read(|c, _| events::recall(c, "status"))
    }

    fn note(&self, event: &Event) -> Result<(), StoreError> {
        self.write(|c, _| events::note(c, event))
    }

    fn events(&self, span: Duration) -> Result<Vec<Event>, StoreError> {
        self.read(|c, now| events::events(c, now, span))
    }

    fn past_events(&self, from: Timestamp) -> Result<Vec<Event>, StoreError> {
        self.read(|c, _| events::since(c, from))
    }
}
