//! From one database to another: when a damaged file is replaced, when a failing disk drives the store into memory,
//! and when it comes back.

use rusqlite::{Connection, Result, Transaction, TransactionBehavior, params_from_iter, types::Value};

use super::{
    codec::{Boots, head},
    latest, readings,
};
use crate::{
    domain::{Now, Series},
    store::Cursor,
};

/// The ledgers: small tables of plain values. An entry that both know is settled by the later knowledge: a finished
/// permit stays finished, and an ended generation ended.
const LEDGERS: [(&str, &str); 5] = [
    (
        "SELECT id, who, kind, boot, taken, until, ended FROM permit",
        "INSERT INTO permit(id, who, kind, boot, taken, until, ended) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT(id) DO UPDATE SET ended = 1, until = excluded.until WHERE permit.ended = 0 AND excluded.ended = 1",
    ),
    (
        "SELECT boot, slot, hold FROM gate",
        "INSERT INTO gate(one, boot, slot, hold) VALUES(1, ?1, ?2, ?3)
         ON CONFLICT(one) DO UPDATE SET slot = max(ifnull(slot, excluded.slot), ifnull(excluded.slot, slot)),
            hold = max(hold, excluded.hold) WHERE gate.boot = excluded.boot",
    ),
    (
        "SELECT id, who, boot, mono, wall, ended FROM mint ORDER BY n",
        "INSERT INTO mint(id, who, boot, mono, wall, ended) VALUES(?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT(id) DO UPDATE SET boot = excluded.boot, mono = excluded.mono, wall = excluded.wall, ended = 1
            WHERE mint.ended = 0 AND excluded.ended = 1",
    ),
    ("SELECT key, value FROM meta WHERE key = 'governor'", "INSERT OR REPLACE INTO meta(key, value) VALUES(?1, ?2)"),
    (
        // Who shares the limit.
        "SELECT id, pid, host, role, boot, said, until FROM instance",
        "INSERT INTO instance(id, pid, host, role, boot, said, until) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT(id) DO UPDATE SET boot = excluded.boot, said = excluded.said, until = excluded.until
            WHERE excluded.said > instance.said",
    ),
];

/// The later revision of each document holds.
const DOCUMENTS: (&str, &str) = (
    "SELECT name, revision, text FROM document",
    "INSERT INTO document(name, revision, text) VALUES(?1, ?2, ?3)
     ON CONFLICT(name) DO UPDATE SET revision = excluded.revision, text = excluded.text
        WHERE excluded.revision > document.revision",
);

/// What a new database in memory takes over besides.
const REST: [(&str, &str); 7] = [
    DOCUMENTS,
    ("SELECT id, queue, text FROM post", "INSERT OR IGNORE INTO post(id, queue, text) VALUES(?1, ?2, ?3)"),
    ("SELECT key, value FROM meta", "INSERT OR REPLACE INTO meta(key, value) VALUES(?1, ?2)"),
    (
        "SELECT id, boot, mono, wall, kind, who, text FROM event",
        "INSERT OR IGNORE INTO event(id, boot, mono, wall, kind, who, text) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    ),
    ("SELECT instance, wants FROM want", "INSERT OR REPLACE INTO want(instance, wants) VALUES(?1, ?2)"),
    ("SELECT kind, name FROM nudge ORDER BY id", "INSERT OR IGNORE INTO nudge(kind, name) VALUES(?1, ?2)"),
    ("SELECT id, name FROM boot", "INSERT OR IGNORE INTO boot(id, name) VALUES(?1, ?2)"),
];

/// The rows of a table, in the order of its columns.
type Rows = Vec<Vec<Value>>;

/// Permits, pace, generations, rate control, and who is here, out of any database.
#[derive(Clone, Default)]
pub struct Ledgers([Rows; LEDGERS.len()]);

fn rows(from: &Connection, select: &str) -> Result<Rows> {
    let mut read = from.prepare_cached(select)?;
    let columns = read.column_count();
    read.query_map([], |row| (0..columns).map(|i| row.get(i)).collect())?.collect()
}

fn insert(to: &Connection, insert: &str, rows: &Rows) -> Result<()> {
    let mut write = to.prepare_cached(insert)?;
    rows.iter().try_for_each(|row| write.execute(params_from_iter(row)).map(drop))
}

fn copy(from: &Connection, to: &Connection, (select, into): (&str, &str)) -> Result<()> {
    insert(to, into, &rows(from, select)?)
}

/// Takes the ledgers out. All of them or an error.
pub(super) fn take_out(from: &Connection) -> Result<Ledgers> {
    let mut out = Ledgers::default();
    for ((select, _), rows_of) in LEDGERS.iter().zip(&mut out.0) {
        *rows_of = rows(from, select)?;
    }
    Ok(out)
}

/// Puts ledgers in, each entry under its own number: twice does no harm.
pub(super) fn put_in(ledgers: &Ledgers, to: &mut Connection) -> Result<()> {
    let to = Transaction::new(to, TransactionBehavior::Immediate)?;
    for ((_, into), rows) in LEDGERS.iter().zip(&ledgers.0) {
        insert(&to, into, rows)?;
    }
    to.commit()
}

/// From one database to another.
pub(super) fn ledgers(from: &Connection, to: &mut Connection) -> Result<()> {
    put_in(&take_out(from)?, to)
}

/// Documents that were written in memory.
pub(super) fn documents(from: &Connection, to: &Connection) -> Result<()> {
    copy(from, to, DOCUMENTS)
}

/// What is known of each target, the readings of the screen's span under their own numbers, wants and events. What
/// comes after them is numbered from beyond `offset` on.
pub(super) fn history(from: &Connection, to: &mut Connection, now: &Now, offset: i64) -> Result<()> {
    let to = Transaction::new(to, TransactionBehavior::Immediate)?;
    for table in REST {
        copy(from, &to, table)?;
    }
    let mut boots = Boots::load(&to)?;
    let snapshot = latest::snapshot(from, now, std::time::Duration::ZERO)?;
    for row in &snapshot.rows {
        latest::save(&to, &mut boots, row)?;
    }
    let Cursor(first) = readings::first_within(from, now, Series::SPAN)?;
    let mut cursor = Cursor(first.saturating_sub(1));
    loop {
        let (page, next) = readings::since_numbered(from, cursor, 1000)?;
        if page.is_empty() {
            break;
        }
        for (seq, reading) in &page {
            readings::insert(&to, &mut boots, *seq, reading)?;
        }
        cursor = next;
    }
    number_from(&to, snapshot.cursor.0.saturating_add(offset))?;
    to.commit()
}

/// Numbers the next readings from beyond `seq` on, if they would be less.
pub(super) fn number_from(c: &Connection, seq: i64) -> Result<()> {
    let seq = seq.max(head(c)?.0);
    c.execute("DELETE FROM sqlite_sequence WHERE name = 'reading'", [])?;
    c.execute("INSERT INTO sqlite_sequence(name, seq) VALUES('reading', ?1)", [seq])?;
    Ok(())
}
