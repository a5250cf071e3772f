//! How values lie in the columns of the tables.

use std::{collections::HashMap, time::Duration};

use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::{
    domain::{BootId, BootTime, EventTime, Now, Target},
    store::{
        Cursor,
        columns::{kind_number, millis, wall_of},
    },
};

/// The interned boots, both ways.
pub(super) struct Boots(HashMap<i64, BootId>);

impl Boots {
    pub(super) fn load(c: &Connection) -> Result<Boots> {
        let mut stmt = c.prepare_cached("SELECT id, name FROM boot")?;
        let rows = stmt.query_map([], |r| Ok((r.get(0)?, BootId(r.get::<_, String>(1)?.into()))))?;
        rows.collect::<Result<_>>().map(Boots)
    }

    /// The number of `boot`, given on first use.
    pub(super) fn number(&mut self, c: &Connection, boot: &BootId) -> Result<i64> {
        if let Some((id, _)) = self.0.iter().find(|(_, b)| *b == boot) {
            return Ok(*id);
        }
        c.prepare_cached("INSERT INTO boot(name) VALUES(?1)")?.execute([&*boot.0])?;
        let id = c.last_insert_rowid();
        self.0.insert(id, boot.clone());
        Ok(id)
    }

    /// The number of `boot` if it has one; 0, which no row carries, otherwise.
    pub(super) fn find(&self, boot: &BootId) -> i64 {
        self.0.iter().find(|(_, b)| *b == boot).map_or(0, |(id, _)| *id)
    }

    pub(super) fn stamp(&self, boot: i64, mono: i64, wall: i64) -> EventTime {
        let boot = self.0.get(&boot).cloned().unwrap_or_else(|| BootId("unknown".into()));
        EventTime { boot, mono: BootTime(mono), wall: wall_of(wall) }
    }
}

pub(super) fn target_number(c: &Connection, target: &Target) -> Result<i64> {
    if let Some(id) = find_target(c, target)? {
        return Ok(id);
    }
    c.prepare_cached("INSERT INTO target(kind, name) VALUES(?1, ?2)")?
        .execute(params![kind_number(target.kind), &*target.id])?;
    Ok(c.last_insert_rowid())
}

pub(super) fn find_target(c: &Connection, target: &Target) -> Result<Option<i64>> {
    c.prepare_cached("SELECT id FROM target WHERE kind = ?1 AND name = ?2")?
        .query_row(params![kind_number(target.kind), &*target.id], |r| r.get(0))
        .optional()
}

/// The highest sequence number ever given.
pub(super) fn head(c: &Connection) -> Result<Cursor> {
    let seq = c
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'reading'")?
        .query_row([], |r| r.get(0))
        .optional()?;
    Ok(Cursor(seq.unwrap_or(0)))
}

/// The mono (this boot's) and the wall (other boots') before which something is older than `keep`. Things of an
/// earlier boot are at least as old as this boot.
pub(super) fn oldest_kept(now: &Now, keep: Duration) -> (i64, i64) {
    let (mono, by_wall) = (now.mono - keep, now.wall.as_millisecond().saturating_sub(millis(keep)));
    (mono.0, if now.mono.0 > millis(keep) { i64::MAX } else { by_wall })
}
