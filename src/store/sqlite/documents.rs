//! Documents that all share, and the queues of those who want something done to them.

use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::store::{Post, Revised, columns::revision_number};

/// Lines that a queue holds at most; the oldest go first.
const POSTS: i64 = 1000;

pub(super) fn read(c: &Connection, name: &str, known: u64) -> Result<Option<Revised>> {
    c.prepare_cached("SELECT revision, text FROM document WHERE name = ?1 AND revision <> ?2")?
        .query_row(params![name, revision_number(known)], |r| {
            Ok(Revised { revision: u64::try_from(r.get::<_, i64>(0)?).unwrap_or(0), text: r.get(1)? })
        })
        .optional()
}

pub(super) fn write(c: &Connection, name: &str, seen: u64, text: &str) -> Result<Option<u64>> {
    let next = seen.saturating_add(1);
    let written = c
        .prepare_cached(
            "INSERT INTO document(name, revision, text) SELECT ?1, ?2, ?3
                WHERE ?4 = 0 OR EXISTS(SELECT 1 FROM document WHERE name = ?1)
             ON CONFLICT(name) DO UPDATE SET revision = excluded.revision, text = excluded.text
                WHERE document.revision = ?4",
        )?
        .execute(params![name, revision_number(next), text, revision_number(seen)])?;
    Ok((written > 0).then_some(next))
}

pub(super) fn post(c: &Connection, queue: &str, text: &str) -> Result<()> {
    c.prepare_cached("INSERT INTO post(queue, text) VALUES(?1, ?2)")?.execute([queue, text])?;
    c.prepare_cached(
        "DELETE FROM post WHERE queue = ?1 AND id <= (
            SELECT id FROM post WHERE queue = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute(params![queue, POSTS])?;
    Ok(())
}

pub(super) fn posts(c: &Connection, queue: &str) -> Result<Vec<Post>> {
    let mut stmt = c.prepare_cached("SELECT id, text FROM post WHERE queue = ?1 ORDER BY id")?;
    stmt.query_map([queue], |r| Ok(Post { id: r.get(0)?, text: r.get(1)? }))?.collect()
}

pub(super) fn drop_posts(c: &Connection, queue: &str, upto: i64) -> Result<()> {
    c.prepare_cached("DELETE FROM post WHERE queue = ?1 AND id <= ?2")?.execute(params![queue, upto])?;
    Ok(())
}
