//! What is to be polled: each instance's wants with an expiry, and requested polls.

use std::time::Duration;

use rusqlite::{Connection, Result, params};

use super::lease::{self, instance_of};
use crate::{
    domain::{Now, Target},
    store::{
        Attention, Instance,
        columns::{kind_number, target_of, wants_of},
    },
};

/// Requested polls that can wait; more are dropped.
const MOST_REQUESTED: i64 = 1000;

const HERE: &str = "boot = ?1 AND said <= ?2 AND until > ?2";

pub(super) fn want(
    c: &Connection,
    now: &Now,
    who: &Instance,
    wants: &[(Target, Attention)],
    ttl: Duration,
) -> Result<()> {
    let (boot, mono) = (&*now.boot.0, now.mono.0);
    let json = serde_json::to_string(wants).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
    c.prepare_cached(&format!("DELETE FROM instance WHERE NOT ({HERE}) AND id <> ?3"))?
        .execute(params![boot, mono, &*who.id])?;
    c.prepare_cached("DELETE FROM want WHERE instance NOT IN (SELECT id FROM instance)")?.execute([])?;
    c.prepare_cached(
        "INSERT OR REPLACE INTO instance(id, pid, host, role, boot, said, until) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![&*who.id, who.pid, &*who.host, who.role.word(), boot, mono, (now.mono + ttl).0])?;
    // The list is long and seldom changes; only the small row above is written each time.
    c.prepare_cached(
        "INSERT INTO want(instance, wants) VALUES(?1, ?2)
         ON CONFLICT(instance) DO UPDATE SET wants = excluded.wants WHERE wants <> excluded.wants",
    )?
    .execute([&*who.id, &json])?;
    Ok(())
}

pub(super) fn wanted(c: &Connection, now: &Now) -> Result<Vec<(Target, Attention)>> {
    let mut stmt =
        c.prepare_cached(&format!("SELECT w.wants FROM want w JOIN instance i ON i.id = w.instance WHERE {HERE}"))?;
    let lists = stmt.query_map(params![&*now.boot.0, now.mono.0], |r| r.get::<_, String>(0))?;
    Ok(wants_of(lists.collect::<Result<Vec<_>>>()?))
}

pub(super) fn instances(c: &Connection, now: &Now) -> Result<Vec<Instance>> {
    let mut stmt = c.prepare_cached(&format!("SELECT id, pid, host, role FROM instance WHERE {HERE} ORDER BY id"))?;
    let mut all: Vec<Instance> =
        stmt.query_map(params![&*now.boot.0, now.mono.0], instance_of)?.collect::<Result<_>>()?;
    if let Some(holder) = lease::holder(c, now)?.map(|(by, _)| by).filter(|h| all.iter().all(|i| i.id != h.id)) {
        all.push(holder);
    }
    Ok(all)
}

pub(super) fn leave(c: &Connection, who: &Instance) -> Result<()> {
    c.prepare_cached("DELETE FROM instance WHERE id = ?1")?.execute([&*who.id])?;
    c.prepare_cached("DELETE FROM want WHERE instance = ?1")?.execute([&*who.id])?;
    Ok(())
}

pub(super) fn request_poll(c: &Connection, target: &Target) -> Result<()> {
    c.prepare_cached("INSERT OR IGNORE INTO nudge(kind, name) SELECT ?1, ?2 WHERE (SELECT count(*) FROM nudge) < ?3")?
        .execute(params![kind_number(target.kind), &*target.id, MOST_REQUESTED])?;
    Ok(())
}

/// True while there are requested polls, found without a lock.
pub(super) fn requested(c: &Connection) -> Result<bool> {
    c.prepare_cached("SELECT EXISTS(SELECT 1 FROM nudge)")?.query_row([], |r| r.get(0))
}

pub(super) fn take_requested_polls(c: &Connection) -> Result<Vec<Target>> {
    let mut stmt = c.prepare_cached("SELECT kind, name FROM nudge ORDER BY id")?;
    let out = stmt.query_map([], |r| Ok(target_of(r.get(0)?, r.get::<_, String>(1)?)))?.collect::<Result<_>>()?;
    c.prepare_cached("DELETE FROM nudge")?.execute([])?;
    Ok(out)
}
