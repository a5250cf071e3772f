//! What happened, and small values kept as JSON (the status, the rate control).

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use serde::{Serialize, de::DeserializeOwned};

use super::codec::oldest_kept;
use crate::{
    domain::{BootId, BootTime, EventTime, Now},
    store::{Event, EventKind, Instance, Words, columns::wall_of},
};

/// Events kept at most.
pub(super) const KEPT: i64 = 10_000;
/// Events given at most.
const GIVEN: i64 = 1000;
/// Longest text of a piece of an event in characters.
const LONGEST: usize = 500;

pub(super) fn remember<T: Serialize>(c: &Connection, key: &str, value: &T) -> Result<()> {
    let json = serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(e.into()))?;
    c.prepare_cached("INSERT OR REPLACE INTO meta(key, value) VALUES(?1, ?2)")?.execute([key, &json])?;
    Ok(())
}

/// `None` also where another version wrote something that this one does not understand.
pub(super) fn recall<T: DeserializeOwned>(c: &Connection, key: &str) -> Result<Option<T>> {
    let json: Option<String> =
        c.prepare_cached("SELECT value FROM meta WHERE key = ?1")?.query_row([key], |r| r.get(0)).optional()?;
    Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
}

fn word(kind: EventKind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

pub(super) fn note(c: &Connection, event: &Event) -> Result<()> {
    c.prepare_cached("INSERT INTO event(boot, mono, wall, kind, who, text) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")?.execute(
        params![
            &*event.at.boot.0,
            event.at.mono.0,
            event.at.wall.as_millisecond(),
            word(event.kind),
            &*event.who,
            event.text.to_stored(LONGEST),
        ],
    )?;
    c.prepare_cached("DELETE FROM event WHERE id <= ?1")?.execute([c.last_insert_rowid().saturating_sub(KEPT)])?;
    Ok(())
}

/// An event of this moment.
pub(super) fn happened(c: &Connection, now: &Now, kind: EventKind, who: &Instance, text: String) -> Result<()> {
    note(c, &Event { at: now.stamp(), kind, who: who.label().into(), text: text.into() })
}

const YOUNG: &str = "CASE boot WHEN ?1 THEN mono >= ?2 ELSE wall >= ?3 END";

/// Reads `boot, mono, wall, kind, who, text`. A kind of a later version is left out.
fn event_of(r: &Row<'_>) -> Result<Option<Event>> {
    let at =
        EventTime { boot: BootId(r.get::<_, String>(0)?.into()), mono: BootTime(r.get(1)?), wall: wall_of(r.get(2)?) };
    let (kind, who, text): (String, String, String) = (r.get(3)?, r.get(4)?, r.get(5)?);
    let kind = serde_json::from_value(serde_json::Value::String(kind)).ok();
    Ok(kind.map(|kind| Event { at, kind, who: who.into(), text: Words::from_stored(&text) }))
}

pub(super) fn events(c: &Connection, now: &Now, span: Duration) -> Result<Vec<Event>> {
    let (mono, wall) = oldest_kept(now, span);
    let mut stmt = c.prepare_cached(&format!(
        "SELECT boot, mono, wall, kind, who, text FROM event WHERE {YOUNG} AND kind <> ?4 ORDER BY id DESC LIMIT {GIVEN}"
    ))?;
    let rows = stmt.query_map(params![&*now.boot.0, mono, wall, word(EventKind::Status)], event_of)?;
    let mut out: Vec<Event> = rows.filter_map(Result::transpose).collect::<Result<_>>()?;
    out.reverse();
    Ok(out)
}

/// All events from this wall time on.
pub(super) fn since(c: &Connection, from: Timestamp) -> Result<Vec<Event>> {
    let mut stmt =
        c.prepare_cached("SELECT boot, mono, wall, kind, who, text FROM event WHERE wall >= ?1 ORDER BY id")?;
    stmt.query_map([from.as_millisecond()], event_of)?.filter_map(Result::transpose).collect()
}

/// The number of the last event.
pub(super) fn last(c: &Connection) -> Result<i64> {
    c.prepare_cached("SELECT ifnull(max(id), 0) FROM event")?.query_row([], |r| r.get(0))
}

/// All events behind number `after`, oldest first.
pub(super) fn after(c: &Connection, after: i64) -> Result<Vec<Event>> {
    let mut stmt = c.prepare_cached("SELECT boot, mono, wall, kind, who, text FROM event WHERE id > ?1 ORDER BY id")?;
    stmt.query_map([after], event_of)?.filter_map(Result::transpose).collect()
}

pub(super) fn count(c: &Connection, now: &Now, kind: EventKind, span: Duration) -> Result<u32> {
    let (mono, wall) = oldest_kept(now, span);
    c.prepare_cached(&format!("SELECT count(*) FROM event WHERE {YOUNG} AND kind = ?4"))?
        .query_row(params![&*now.boot.0, mono, wall, word(kind)], |r| r.get(0))
}

pub(super) fn prune(c: &Connection, now: &Now, keep: Duration) -> Result<()> {
    let (mono, wall) = oldest_kept(now, keep);
    c.prepare_cached(&format!("DELETE FROM event WHERE NOT {YOUNG}"))?.execute(params![&*now.boot.0, mono, wall])?;
    Ok(())
}
