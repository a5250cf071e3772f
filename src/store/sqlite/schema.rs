//! The tables, their versions, and the settings of a connection.
//!
//! Readings are the bulk (millions), so targets, boots, names and error texts are interned there and the rest is
//! integers. The small tables hold plain text: their rows can be copied to another database as they are.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, Error, ErrorCode, Transaction, TransactionBehavior, config::DbConfig};

use super::error;
use crate::store::{StoreError, patience::patience};

/// Marks the file as ahtop's: `ahtp`.
pub(super) const APPLICATION_ID: i32 = 0x6168_7470;
/// The newest schema that this program knows: one more than the index of the last migration.
pub(super) const VERSION: u32 = MIGRATIONS.len() as u32;
/// The value of `PRAGMA auto_vacuum`.
const INCREMENTAL: u32 = 2;
/// How long another process may hold the file before a call gives up.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// Step `n` leads from version `n` to `n + 1`. Steps that were released are never changed.
const MIGRATIONS: [&str; 2] = [FIRST, TOKEN_APART];

/// The token has a file of its own. What it leaves here is overwritten.
const TOKEN_APART: &str = "PRAGMA secure_delete = ON; DROP TABLE token;";

/// In `reading` and `latest` the column `what` is: an AHT in seconds when positive, 0 no calls, -1 invalid id, and
/// below that a failure, in `reading` with the phrase `-1 - what`. Times are in milliseconds.
const FIRST: &str = "
CREATE TABLE boot(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE target(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE(kind, name)) STRICT;
CREATE TABLE phrase(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL) STRICT;
CREATE TABLE reading(
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    target INTEGER NOT NULL, boot INTEGER NOT NULL, mono INTEGER NOT NULL, wall INTEGER NOT NULL,
    what INTEGER NOT NULL, name INTEGER) STRICT;
CREATE INDEX reading_of ON reading(target, wall);
CREATE TABLE latest(
    target INTEGER PRIMARY KEY, name TEXT,
    good_what INTEGER, good_boot INTEGER, good_mono INTEGER, good_wall INTEGER,
    last_what INTEGER, last_text TEXT, last_boot INTEGER, last_mono INTEGER, last_wall INTEGER,
    failures INTEGER NOT NULL, fail_boot INTEGER, fail_mono INTEGER, fail_wall INTEGER) STRICT;
CREATE TABLE tally(one INTEGER PRIMARY KEY CHECK(one = 1), readings INTEGER NOT NULL) STRICT;
INSERT INTO tally VALUES(1, 0);

CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE event(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    boot TEXT NOT NULL, mono INTEGER NOT NULL, wall INTEGER NOT NULL,
    kind TEXT NOT NULL, who TEXT NOT NULL, text TEXT NOT NULL) STRICT;

CREATE TABLE document(name TEXT PRIMARY KEY, revision INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE TABLE post(id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, text TEXT NOT NULL) STRICT;

CREATE TABLE instance(
    id TEXT PRIMARY KEY, pid INTEGER NOT NULL, host TEXT NOT NULL, role TEXT NOT NULL,
    boot TEXT NOT NULL, said INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE want(instance TEXT PRIMARY KEY, wants TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE nudge(
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE(kind, name)) STRICT;

CREATE TABLE lease(
    what TEXT PRIMARY KEY CHECK(what IN ('lease', 'claim')),
    id TEXT NOT NULL, pid INTEGER NOT NULL, host TEXT NOT NULL, role TEXT NOT NULL,
    boot TEXT NOT NULL, taken INTEGER NOT NULL, until INTEGER NOT NULL,
    lit INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

CREATE TABLE permit(
    id INTEGER PRIMARY KEY, who TEXT NOT NULL, kind TEXT NOT NULL,
    boot TEXT NOT NULL, taken INTEGER NOT NULL, until INTEGER NOT NULL, ended INTEGER NOT NULL) STRICT;
CREATE TABLE gate(
    one INTEGER PRIMARY KEY CHECK(one = 1), boot TEXT NOT NULL, slot INTEGER, hold INTEGER NOT NULL) STRICT;

CREATE TABLE token(
    one INTEGER PRIMARY KEY CHECK(one = 1), secret TEXT, generation INTEGER NOT NULL,
    boot TEXT NOT NULL, mono INTEGER NOT NULL, wall INTEGER NOT NULL,
    life INTEGER NOT NULL, who TEXT NOT NULL, attempt INTEGER NOT NULL) STRICT;
CREATE TABLE mint(
    n INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER NOT NULL UNIQUE, who TEXT NOT NULL,
    boot TEXT NOT NULL, mono INTEGER NOT NULL, wall INTEGER NOT NULL, ended INTEGER NOT NULL) STRICT;
";

/// Why a database cannot be used as it is.
#[derive(Debug)]
pub(super) enum Unfit {
    /// Of a later schema.
    Newer(u32),
    /// Another program's.
    Foreign,
    Sqlite(Error),
}

impl From<Error> for Unfit {
    fn from(e: Error) -> Self {
        Unfit::Sqlite(e)
    }
}

fn pragma<T: rusqlite::types::FromSql>(conn: &Connection, name: &str) -> Result<T, Error> {
    conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
}

/// Whose it is and of which version.
pub(super) fn version(conn: &Connection) -> Result<(i32, u32), Error> {
    Ok((pragma(conn, "application_id")?, pragma(conn, "user_version")?))
}

/// Looks whether this is ours and of a version that we know; writes nothing. To be called in a transaction.
pub(super) fn inspect(conn: &Connection) -> Result<(), Unfit> {
    let (application, version) = version(conn)?;
    if application == APPLICATION_ID {
        return if version > VERSION { Err(Unfit::Newer(version)) } else { Ok(()) };
    }
    let tables: u32 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != 0 || version != 0 || tables != 0 { Err(Unfit::Foreign) } else { Ok(()) }
}

/// Settings of a new connection, and the newest schema. Safe when several processes do it at once.
pub(super) fn prepare(conn: &mut Connection) -> Result<(), Unfit> {
    conn.busy_timeout(patience(PATIENCE))?;
    conn.set_prepared_statement_cache_capacity(96);
    // Otherwise a statement is planned anew whenever a bound value might change its plan. Ours has one good plan each.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    {
        // One transaction for one picture: another process may be creating the tables at this moment.
        let look = Transaction::new(conn, TransactionBehavior::Deferred)?;
        inspect(&look)?;
    }
    // Of a new file only, before its first page: what is deleted can be given back to the disk in small steps.
    conn.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    // The busy handler is not called for a change of the journal mode.
    patiently(|| conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())))?;
    // The log begins anew as an empty file: to write over old pages, where the system does not remember them any more,
    // it would have to read each of them first.
    conn.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 0; PRAGMA cache_size = -8000;
         PRAGMA trusted_schema = OFF;",
    )?;
    migrate(conn)
}

fn migrate(conn: &mut Connection) -> Result<(), Unfit> {
    if pragma::<u32>(conn, "user_version")? == VERSION {
        return Ok(());
    }
    let tx = Transaction::new(conn, TransactionBehavior::Immediate)?;
    // Another process may have been here between the look above and the lock.
    inspect(&tx)?;
    let from: u32 = pragma(&tx, "user_version")?;
    for step in MIGRATIONS.iter().skip(from as usize) {
        tx.execute_batch(step)?;
    }
    tx.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"))?;
    tx.commit()?;
    Ok(())
}

/// Repeats `f` while the database is busy, as long as [`PATIENCE`] lasts.
fn patiently<T>(mut f: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let begun = Instant::now();
    loop {
        match f() {
            Err(e)
                if matches!(e.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
                    && begun.elapsed() < patience(PATIENCE) =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            other => return other,
        }
    }
}

/// Gives pages that are not used any more back to the disk, `most` of them at most. True where more are left. Nothing
/// happens in a file of an early version, which keeps its pages for later.
pub(super) fn give_back(conn: &Connection, most: u32) -> Result<bool, Error> {
    if pragma::<u32>(conn, "auto_vacuum")? != INCREMENTAL {
        return Ok(false);
    }
    let mut give = conn.prepare(&format!("PRAGMA incremental_vacuum({most})"))?;
    let mut steps = give.query([])?;
    // A page a step.
    while steps.next()?.is_some() {}
    Ok(pragma::<u32>(conn, "freelist_count")? > 0)
}

/// Reads through all pages.
pub(super) fn is_sound(conn: &Connection) -> Result<bool, Error> {
    let said: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok(said == "ok")
}

/// What a process works with all the time, however long the history is.
const WORKING: [&str; 7] = ["instance", "want", "lease", "permit", "gate", "mint", "meta"];

/// Reads through the small tables as they are on the disk now: damage there can also make them look empty, without an
/// error.
pub(super) fn check_working(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let place = path.display().to_string();
    let sound = || -> Result<bool, Error> {
        // What was read before it was damaged would hide the damage.
        conn.execute_batch("PRAGMA shrink_memory")?;
        for table in WORKING {
            let said: String = conn.query_row(&format!("PRAGMA quick_check({table})"), [], |row| row.get(0))?;
            if said != "ok" {
                return Ok(false);
            }
        }
        Ok(true)
    };
    if sound().map_err(|e| error::explain(&e, &place))? { Ok(()) } else { Err(StoreError::Corrupt(place)) }
}

/// Why a file is not opened, for the user.
pub(super) fn unfit(why: Unfit, path: &Path) -> StoreError {
    match why {
        Unfit::Newer(found) => StoreError::Newer { path: path.to_owned(), found, known: VERSION },
        Unfit::Foreign => StoreError::Other(format!(
            "{} is the database of another program: point [store] url elsewhere",
            path.display()
        )),
        Unfit::Sqlite(e) => error::explain(&e, &path.display().to_string()),
    }
}
