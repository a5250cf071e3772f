//! The store in one SQLite file: the embedded default.
//!
//! Each call is one short transaction; those that look before they write take the write lock first (`BEGIN
//! IMMEDIATE`), so that they are atomic over all processes, and read the clock under it. Nothing waits longer than
//! two seconds for another process.

mod beacon;
mod carry;
mod documents;
mod error;
mod events;
mod files;
mod ids;
mod latest;
mod lease;
mod permits;
mod readings;
mod schema;
#[cfg(test)]
mod tests;
mod token;
mod wanted;

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

pub(super) use self::carry::Ledgers;
use self::files::Identity;
pub use self::ids::seed_ids;
use super::{patience::patience, token_file::TokenFile, *};
use crate::domain::Clock;

/// Below this size a file is read through when it is opened.
const CHECKED: u64 = 4 << 20;

/// Pages that a pruning gives back to the disk at most: 2 MiB, so that nobody waits long for it.
const GIVEN_BACK: u32 = 512;

/// How long another process may take to open the file, before we open it beside that one. SQLite's own locks keep
/// that safe; only a damaged file is not moved then.
const OPENING: Duration = Duration::from_secs(5);

/// A [`Store`] in an SQLite file, or in memory.
pub struct SqliteStore {
    conn: Mutex<Connection>,
    clock: Arc<dyn Clock>,
    /// The file and what it was when it was opened; `None` in memory.
    file: Option<(PathBuf, Identity)>,
    writes: AtomicU64,
    beacon: beacon::Beacon,
    tokens: Arc<TokenFile>,
}

/// What has become of an open file. See [`SqliteStore::on_disk`].
pub(super) enum OnDisk {
    /// It is where it was.
    Same,
    /// It was moved aside or deleted: its name leads to another file now, or to none.
    Other,
    /// Its log is gone: what is written from now on, nobody else sees.
    WithoutLog(StoreError),
}

/// A store just opened, and where a damaged file was moved to if there was one.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) store: SqliteStore,
    pub(super) aside: Option<PathBuf>,
}

impl SqliteStore {
    /// Opens or creates the file at `path`, private to the user. A damaged file is an error here and left alone;
    /// [`open`](super::open) moves it aside.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], [`StoreError::Newer`], and whatever prevents a file from being opened and written.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let path = prepare_place(path)?;
        let _lock = take_lock(&path)?;
        Self::open_locked(path, clock, false)
    }

    /// A store that ends with the process and that no other one sees.
    ///
    /// # Errors
    /// If there is not even memory.
    pub fn memory(clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let mut conn = Connection::open_in_memory().map_err(|e| error::explain(&e, "memory"))?;
        schema::prepare(&mut conn).map_err(|e| schema::unfit(e, Path::new("memory")))?;
        Ok(SqliteStore {
            conn: Mutex::new(conn),
            clock,
            file: None,
            writes: AtomicU64::new(0),
            beacon: beacon::Beacon::beside(None),
            tokens: Arc::new(TokenFile::new(None)),
        })
    }

    /// Opens the file at `path` to be looked at: nothing is made or changed, and no lock is held but SQLite's own while
    /// it reads. `None` where there is no file.
    ///
    /// # Errors
    /// As [`open`](Self::open); every call that would write fails.
    pub fn peek(path: &Path, clock: Arc<dyn Clock>) -> Result<Option<Self>, StoreError> {
        let place = path.display().to_string();
        let path = std::path::absolute(path).map_err(|e| error::explain_io(&e, &place))?;
        match std::fs::metadata(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(error::explain_io(&e, &place)),
            // A pipe would be waited for.
            Ok(meta) if !meta.is_file() => return Err(StoreError::Refused(format!("{place} is not a regular file"))),
            Ok(_) => {}
        }
        if let Some((schema::APPLICATION_ID, found @ schema::VERSION..)) = header_version(&path)
            && found > schema::VERSION
        {
            return Err(StoreError::Newer { path, found, known: schema::VERSION });
        }
        // Without a log nobody has the file open and it is complete; the usual way would write a log beside it.
        let mode = if files::beside(&path, "-wal").exists() { "mode=ro" } else { "immutable=1" };
        let conn = open_to_read(&path, mode).map_err(|e| error::explain(&e, &place))?;
        schema::inspect(&conn).map_err(|e| schema::unfit(e, &path))?;
        let tokens = Arc::new(TokenFile::new(Some(&path)));
        Ok(Some(SqliteStore {
            conn: Mutex::new(conn),
            clock,
            file: Some((path, Identity::default())),
            writes: AtomicU64::new(0),
            beacon: beacon::Beacon::beside(None),
            tokens,
        }))
    }

    /// Like [`open`](Self::open), but a damaged file is moved aside and a new one begun. What it still tells of the
    /// last minute's requests and of the last hours is carried over; if it does not tell of the requests, the new one
    /// gives no permit for a minute.
    /// `suspect`: reads through the whole file, however large.
    pub(super) fn open_or_replace(path: &Path, clock: Arc<dyn Clock>, suspect: bool) -> Result<Found, StoreError> {
        let path = prepare_place(path)?;
        let lock = take_lock(&path)?;
        let failed = match Self::open_locked(path.clone(), clock.clone(), suspect) {
            Ok(store) => return Ok(Found { store, aside: None }),
            Err(e @ StoreError::Corrupt(_)) => e,
            Err(e) => return Err(e),
        };
        if lock.is_none() {
            return Err(failed);
        }
        let place = path.display().to_string();
        let now = clock.now();
        let aside = files::move_aside(&path, now.wall).map_err(|e| error::explain_io(&e, &place))?;
        files::make(&path).map_err(|e| error::explain_io(&e, &place))?;
        let store = Self::open_locked(path, clock, false)?;
        let old = Connection::open_with_flags(&aside, OpenFlags::SQLITE_OPEN_READ_ONLY);
        if old.as_ref().is_ok_and(|old| store.lock_for(|new| carry::ledgers(old, new)).is_ok()) {
            // All of the last hours or nothing: it is history, and safe without it.
            let _ = old.and_then(|old| store.lock_for(|new| carry::history(&old, new, &now, 0)));
        } else {
            store.hold(WINDOW)?;
        }
        Ok(Found { store, aside: Some(aside) })
    }

    fn open_locked(path: PathBuf, clock: Arc<dyn Clock>, suspect: bool) -> Result<Self, StoreError> {
        // Without opening it: even that would write a log beside it.
        if let Some((schema::APPLICATION_ID, found @ schema::VERSION..)) = header_version(&path)
            && found > schema::VERSION
        {
            return Err(StoreError::Newer { path, found, known: schema::VERSION });
        }
        let place = path.display().to_string();
        let size = files::bytes(&path);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut conn = Connection::open_with_flags(&path, flags).map_err(|e| error::explain(&e, &place))?;
        schema::prepare(&mut conn).map_err(|e| schema::unfit(e, &path))?;
        if (suspect || size <= CHECKED) && !schema::is_sound(&conn).map_err(|e| error::explain(&e, &place))? {
            return Err(StoreError::Corrupt(place));
        }
        let identity = Identity::of(&path);
        let beacon = beacon::Beacon::beside(Some(&path));
        let tokens = Arc::new(TokenFile::new(Some(&path)));
        Ok(SqliteStore {
            conn: Mutex::new(conn),
            clock,
            file: Some((path, identity)),
            writes: AtomicU64::new(0),
            beacon,
            tokens,
        })
    }

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

    /// Whether the file's name still leads to the file that is open.
    pub(super) fn on_disk(&self) -> OnDisk {
        let Some((path, opened)) = &self.file else { return OnDisk::Same };
        let now = Identity::of(path);
        if now == *opened {
            OnDisk::Same
        } else if now.database != opened.database {
            OnDisk::Other
        } else {
            OnDisk::WithoutLog(StoreError::Corrupt(path.display().to_string()))
        }
    }

    /// A store in memory with the same token.
    pub(super) fn memory_beside(&self) -> Result<Self, StoreError> {
        Ok(SqliteStore { tokens: self.tokens.clone(), ..Self::memory(self.clock.clone())? })
    }

    /// This store with the token of `other`, which was its substitute.
    pub(super) fn with_token_of(self, other: &SqliteStore) -> Self {
        other.tokens.catch_up();
        SqliteStore { tokens: other.tokens.clone(), ..self }
    }

    /// Looks at the small tables, which every call works with.
    pub(super) fn look(&self) -> Result<(), StoreError> {
        self.file.as_ref().map_or(Ok(()), |(path, _)| schema::check_working(&self.lock(), path))
    }

    /// A copy in memory of what safety and the screen need. New readings are numbered from beyond `offset` on.
    pub(super) fn copy_to(&self, memory: &SqliteStore, offset: i64) -> Result<(), StoreError> {
        let now = self.clock.now();
        let run = || {
            let from = self.lock();
            memory.lock_for(|to| {
                carry::ledgers(&from, to)?;
                carry::history(&from, to, &now, offset)
            })
        };
        run().map_err(|e| self.explain(&e))
    }

    /// A store in memory with what a file that cannot be opened for writing still tells.
    pub(super) fn memory_of(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let mut store = Self::memory(clock)?;
        store.tokens = Arc::new(TokenFile::new(Some(path)));
        // Immutable: reads without making the log and the index that a read-only directory cannot take.
        if let Ok(old) = open_to_read(path, "immutable=1")
            && schema::inspect(&old).is_ok()
        {
            let now = store.clock.now();
            // What cannot be read is missing on the screen; the notice says why.
            let _ = store.lock_for(|new| {
                carry::ledgers(&old, new)?;
                carry::history(&old, new, &now, 0)
            });
        }
        Ok(store)
    }

    /// What the ledgers hold now.
    pub(super) fn ledgers(&self) -> Result<Ledgers, StoreError> {
        self.read(|c, _| carry::take_out(c))
    }

    /// Takes in ledgers, each entry by its own number: twice does no harm.
    pub(super) fn take_ledgers(&self, ledgers: &Ledgers) -> Result<(), StoreError> {
        self.lock_for(|to| carry::put_in(ledgers, to)).map_err(|e| self.explain(&e))
    }

    /// Copies documents that are newer here.
    pub(super) fn copy_documents_to(&self, other: &SqliteStore) -> Result<(), StoreError> {
        let from = self.lock();
        other.lock_for(|to| carry::documents(&from, to)).map_err(|e| self.explain(&e))
    }

    /// The cursor behind the last reading.
    pub(super) fn head(&self) -> Result<Cursor, StoreError> {
        self.read(|c, _| readings::head(c))
    }

    /// Numbers the next readings from beyond `seq` on.
    pub(super) fn number_from(&self, seq: i64) -> Result<(), StoreError> {
        self.write(|c, _| carry::number_from(c, seq))
    }

    /// Takes in what was made elsewhere, in one transaction, and tells behind which number.
    pub(super) fn absorb(&self, new: &[Reading], happened: &[Event]) -> Result<Cursor, StoreError> {
        self.write(|c, now| {
            let head = readings::head(c)?;
            latest::append(c, now, new)?;
            happened.iter().try_for_each(|event| events::note(c, event))?;
            Ok(head)
        })
    }

    /// The number of the last event.
    pub(super) fn last_event(&self) -> Result<i64, StoreError> {
        self.read(|c, _| events::last(c))
    }

    /// Events behind that number, oldest first.
    pub(super) fn events_after(&self, number: i64) -> Result<Vec<Event>, StoreError> {
        self.read(|c, _| events::after(c, number))
    }

    /// True where no permit was ever asked for.
    pub(super) fn never_polled(&self) -> Result<bool, StoreError> {
        self.read(|c, _| permits::never_asked(c))
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

fn open_to_read(path: &Path, mode: &str) -> rusqlite::Result<Connection> {
    let name: String = std::path::absolute(path).unwrap_or_default().to_string_lossy().into_owned();
    let escaped = name.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file://{escaped}?{mode}"), flags)
}

/// Absolute, because SQLite would take a relative `file:…` for a URI; and there, with the right mode.
fn prepare_place(path: &Path) -> Result<PathBuf, StoreError> {
    let place = path.display().to_string();
    let path = own_file::resolve(path).map_err(|e| error::explain_io(&e, &place))?;
    files::make(&path).map_err(|e| error::explain_io(&e, &place))?;
    own_file::resolve(&path).map_err(|e| error::explain_io(&e, &place))
}

/// Whose and of which version the file is, without a log beside it. `None` where there is no database. SQLite reads it
/// itself: to open and close the file past it would drop the locks that this process may have on it.
fn header_version(path: &Path) -> Option<(i32, u32)> {
    schema::version(&open_to_read(path, "immutable=1").ok()?).ok()
}

fn take_lock(path: &Path) -> Result<Option<files::OpenLock>, StoreError> {
    files::OpenLock::take(path, patience(OPENING)).map_err(|e| error::explain_io(&e, &path.display().to_string()))
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("file", &self.file.as_ref().map(|(path, _)| path)).finish()
    }
}

impl Store for SqliteStore {
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

    fn want(&self, who: &Instance, wants: &[(Target, Attention)], ttl: Duration) -> Result<(), StoreError> {
        self.write(|c, now| wanted::want(c, now, who, wants, ttl))
    }

    fn wanted(&self) -> Result<Vec<(Target, Attention)>, StoreError> {
        self.read(wanted::wanted)
    }

    fn instances(&self) -> Result<Vec<Instance>, StoreError> {
        self.read(wanted::instances)
    }

    fn nudge(&self, target: &Target) -> Result<(), StoreError> {
        self.write(|c, _| wanted::nudge(c, target))
    }

    fn take_nudges(&self) -> Result<Vec<Target>, StoreError> {
        // Asked often and seldom there: no write lock for nothing.
        if !self.read(|c, _| wanted::nudged(c))? {
            return Ok(vec![]);
        }
        self.write(|c, _| wanted::take_nudges(c))
    }

    fn lease(&self, who: &Instance, ttl: Duration) -> Result<Lease, StoreError> {
        // Asked each second: one that lasts is not written again.
        if let Some(lease) = self.read(|c, now| lease::lasting(c, now, who, ttl))? {
            return Ok(lease);
        }
        self.write(|c, now| {
            if self.beacon.is_dark() {
                lease::bury(c, now, who)?;
            }
            let lease = lease::lease(c, now, who, ttl)?;
            if lease.mine {
                lease::mark_lit(c, self.beacon.light(who))?;
            } else {
                self.beacon.put_out(who);
            }
            Ok(lease)
        })
    }

    fn lease_holder(&self) -> Result<Option<Instance>, StoreError> {
        Ok(self.read(lease::holder)?.filter(|(_, lit)| !(*lit && self.beacon.is_dark())).map(|(by, _)| by))
    }

    fn release(&self, who: &Instance) -> Result<(), StoreError> {
        self.write(|c, now| {
            lease::leave(c, now, who)?;
            self.beacon.put_out(who);
            Ok(())
        })
    }

    fn leave(&self, who: &Instance) -> Result<(), StoreError> {
        self.write(|c, now| {
            wanted::leave(c, who)?;
            lease::leave(c, now, who)?;
            self.beacon.put_out(who);
            Ok(())
        })
    }

    fn permit(&self, who: &Instance, ask: &PermitAsk) -> Result<PermitAnswer, StoreError> {
        self.write(|c, now| permits::permit(c, now, who, ask))
    }

    fn finish(&self, permit: PermitId, used: bool) -> Result<(), StoreError> {
        self.write(|c, now| permits::finish(c, now, permit, used))
    }

    fn land(&self, permit: PermitId, reading: &Reading) -> Result<(), StoreError> {
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

    fn token(&self) -> Result<Option<Token>, StoreError> {
        token::token(&self.tokens).map_err(|e| self.explain(&e))
    }

    fn mint_begin(&self, who: &Instance, ask: &MintAsk) -> Result<MintAnswer, StoreError> {
        self.write(|c, now| token::mint_begin(c, now, &self.tokens, who, ask))
    }

    fn mint_end(&self, ticket: MintTicket, end: MintEnd) -> Result<(), StoreError> {
        self.write(|c, now| token::mint_end(c, now, &self.tokens, ticket, &end))
    }

    fn token_died(&self, generation: u64, who: &Instance) -> Result<bool, StoreError> {
        self.write(|c, now| token::token_died(c, now, &self.tokens, generation, who))
    }

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
}
