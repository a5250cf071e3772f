//! The file left for memory, and returned to.

use std::{path::Path, sync::Arc};

use rusqlite::{Connection, OpenFlags};

use super::{
    SqliteStore, codec, error, events,
    files::{self, Identity},
    latest,
    open::{open_to_read, prepare_place, take_lock},
    permits, schema,
    transfer::{self, Ledgers},
};
use crate::{
    domain::{Clock, Series},
    store::{
        Cursor, DocumentStore, ReadingStore, StoreError, WINDOW,
        recoverable::{Found, Last, OnDisk, Recoverable},
        token_file::TokenFile,
    },
};

impl Recoverable for SqliteStore {
    type Ledgers = Ledgers;

    fn open_or_replace(path: &Path, clock: Arc<dyn Clock>, suspect: bool) -> Result<Found<Self>, StoreError> {
        let path = prepare_place(path)?;
        let lock = take_lock(&path)?;
        // SQLite's own check does not look at what the columns hold.
        let read = |store: Self| {
            if suspect {
                store.snapshot(Series::SPAN)?;
                store.events(Series::SPAN)?;
            }
            Ok(store)
        };
        let failed = match Self::open_locked(path.clone(), clock.clone(), suspect).and_then(read) {
            Ok(store) => return Ok(Found { store, quarantined: None }),
            Err(e @ StoreError::Corrupt(_)) => e,
            Err(e) => return Err(e),
        };
        if lock.is_none() {
            return Err(failed);
        }
        let place = path.display().to_string();
        let now = clock.now();
        let quarantined = files::quarantine(&path, now.wall).map_err(|e| error::explain_io(&e, &place))?;
        files::make(&path).map_err(|e| error::explain_io(&e, &place))?;
        let store = Self::open_locked(path, clock, false)?;
        let old = Connection::open_with_flags(&quarantined, OpenFlags::SQLITE_OPEN_READ_ONLY);
        if old.as_ref().is_ok_and(|old| store.lock_for(|new| transfer::ledgers(old, new)).is_ok()) {
            // All of the last hours or nothing: it is history, and safe without it.
            let _ = old.and_then(|old| store.lock_for(|new| transfer::history(&old, new, &now, 0)));
        } else {
            store.hold(WINDOW)?;
        }
        Ok(Found { store, quarantined: Some(quarantined) })
    }

    fn memory_of(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let mut store = Self::memory(clock)?;
        store.tokens = Arc::new(TokenFile::new(Some(path)));
        // Immutable: reads without making the log and the index that a read-only directory cannot take.
        if let Ok(old) = open_to_read(path, "immutable=1")
            && schema::inspect(&old).is_ok()
        {
            let now = store.clock.now();
            // What cannot be read is missing on the screen; the notice says why.
            let _ = store.lock_for(|new| {
                transfer::ledgers(&old, new)?;
                transfer::history(&old, new, &now, 0)
            });
        }
        Ok(store)
    }

    fn memory_beside(&self, offset: i64) -> Result<Self, StoreError> {
        let memory = SqliteStore { tokens: self.tokens.clone(), ..Self::memory(self.clock.clone())? };
        let now = self.clock.now();
        let from = self.lock();
        // Best effort: the file has failed already.
        let _ = memory.lock_for(|to| {
            transfer::ledgers(&from, to)?;
            transfer::history(&from, to, &now, offset)
        });
        drop(from);
        memory.number_from(offset)?;
        Ok(memory)
    }

    fn take_back(self, memory: &Self, last: Last, from: i64) -> Result<(Self, i64), StoreError> {
        memory.tokens.catch_up();
        let file = SqliteStore { tokens: memory.tokens.clone(), ..self };
        file.take_ledgers(&memory.ledgers()?)?;
        file.lock_for(|to| transfer::documents(&memory.lock(), to)).map_err(|e| file.explain(&e))?;
        file.number_from(from)?;
        let (fresh, _) = memory.since(Cursor(last.reading), usize::MAX)?;
        let happened = memory.read(|c, _| events::after(c, last.event))?;
        let before = file.write(|c, now| {
            let head = codec::head(c)?;
            latest::append(c, now, &fresh)?;
            happened.iter().try_for_each(|event| events::note(c, event))?;
            Ok(head)
        })?;
        Ok((file, before.0))
    }

    fn on_disk(&self) -> OnDisk {
        let Some((path, opened)) = &self.file else { return OnDisk::Same };
        let now = Identity::from_path(path);
        if now == *opened {
            OnDisk::Same
        } else if now.database != opened.database {
            OnDisk::Other
        } else {
            OnDisk::WithoutLog(StoreError::Corrupt(path.display().to_string()))
        }
    }

    fn check_small_tables(&self) -> Result<(), StoreError> {
        self.file.as_ref().map_or(Ok(()), |(path, _)| schema::check_working(&self.lock(), path))
    }

    fn never_polled(&self) -> Result<bool, StoreError> {
        self.read(|c, _| permits::never_asked(c))
    }

    fn ledgers(&self) -> Result<Ledgers, StoreError> {
        self.read(|c, _| transfer::take_out(c))
    }

    fn take_ledgers(&self, ledgers: &Ledgers) -> Result<(), StoreError> {
        self.lock_for(|to| transfer::put_in(ledgers, to)).map_err(|e| self.explain(&e))
    }

    fn last(&self) -> Result<Last, StoreError> {
        self.read(|c, _| Ok(Last { reading: codec::head(c)?.0, event: events::last(c)? }))
    }

    fn number_from(&self, seq: i64) -> Result<(), StoreError> {
        self.write(|c, _| transfer::number_from(c, seq))
    }
}
