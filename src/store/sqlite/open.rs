//! A store opened: a file, memory, or a file that is only looked at.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, atomic::AtomicU64},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use super::{
    SqliteStore, error,
    files::{self, Identity},
    lease_lock::LeaseLock,
    schema,
};
use crate::{
    domain::Clock,
    store::{StoreError, own_file, patience::patience, token_file::TokenFile},
};

/// Up to this size a file is read through when it is opened; of a larger one the small tables are.
const CHECKED: u64 = 4 << 20;

/// How long another process may take to open the file, before we open it beside that one. SQLite's own locks keep
/// that safe; only a damaged file is not moved then.
const OPENING: Duration = Duration::from_secs(5);

impl SqliteStore {
    /// Opens or creates the file at `path`, private to the user. A damaged file is an error here and left alone;
    /// [`store::open`](crate::store::open()) moves it aside.
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
        Ok(Self::assemble(conn, clock, None, LeaseLock::beside(None)))
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
        Ok(Some(Self::assemble(conn, clock, Some((path, Identity::default())), LeaseLock::beside(None))))
    }

    pub(super) fn open_locked(path: PathBuf, clock: Arc<dyn Clock>, suspect: bool) -> Result<Self, StoreError> {
        // Without opening it: even that would write a log beside it.
        if let Some((schema::APPLICATION_ID, found @ schema::VERSION..)) = header_version(&path)
            && found > schema::VERSION
        {
            return Err(StoreError::Newer { path, found, known: schema::VERSION });
        }
        let place = path.display().to_string();
        let size = files::bytes(&path);
        // The path has no link in it: one that is there now was put there since we looked.
        let flags =
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let mut conn = Connection::open_with_flags(&path, flags).map_err(|e| error::explain(&e, &place))?;
        schema::prepare(&mut conn).map_err(|e| schema::unfit(e, &path))?;
        if !suspect && size > CHECKED {
            schema::check_working(&conn, &path)?;
        } else if !schema::is_sound(&conn).map_err(|e| error::explain(&e, &place))? {
            return Err(StoreError::Corrupt(place));
        }
        let file = (path.clone(), Identity::from_path(&path));
        Ok(Self::assemble(conn, clock, Some(file), LeaseLock::beside(Some(&path))))
    }

    fn assemble(
        conn: Connection,
        clock: Arc<dyn Clock>,
        file: Option<(PathBuf, Identity)>,
        lease_lock: LeaseLock,
    ) -> Self {
        let tokens = Arc::new(TokenFile::new(file.as_ref().map(|(path, _)| path.as_path())));
        SqliteStore { conn: Mutex::new(conn), clock, file, writes: AtomicU64::new(0), lease_lock, tokens }
    }
}

pub(super) fn open_to_read(path: &Path, mode: &str) -> rusqlite::Result<Connection> {
    let name: String = std::path::absolute(path).unwrap_or_default().to_string_lossy().into_owned();
    let escaped = name.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file://{escaped}?{mode}"), flags)
}

/// Absolute, because SQLite would take a relative `file:…` for a URI; and there, with the right mode.
pub(super) fn prepare_place(path: &Path) -> Result<PathBuf, StoreError> {
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

pub(super) fn take_lock(path: &Path) -> Result<Option<files::OpenLock>, StoreError> {
    files::OpenLock::take(path, patience(OPENING)).map_err(|e| error::explain_io(&e, &path.display().to_string()))
}
