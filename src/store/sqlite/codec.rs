//! How values lie in the columns of the tables.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::{
    domain::{Aht, BootId, BootTime, EventTime, Kind, Now, Outcome, Target},
    store::Cursor,
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

/// From stored milliseconds; what no clock can say becomes the epoch.
pub(super) fn wall_of(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `d` in whole milliseconds, saturating.
pub(super) fn millis(d: Duration) -> i64 {
    i64::try_from(d.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn kind_number(kind: Kind) -> i64 {
    match kind {
        Kind::Campaign => 0,
        Kind::Agent => 1,
    }
}

pub(super) fn target_of(kind: i64, name: String) -> Target {
    Target { kind: if kind == 0 { Kind::Campaign } else { Kind::Agent }, id: name.into() }
}

/// The column `what` (see the schema), where `phrase` is the number of a failure's text.
pub(super) fn what_of(outcome: &Outcome, phrase: i64) -> i64 {
    match outcome {
        Outcome::Value(aht) => i64::from(aht.secs()),
        Outcome::NoCalls => 0,
        Outcome::Invalid => -1,
        Outcome::Failed(_) => -1 - phrase,
    }
}

pub(super) fn outcome_of(what: i64, text: Option<String>) -> Outcome {
    match what {
        0 => Outcome::NoCalls,
        -1 => Outcome::Invalid,
        1.. => Outcome::Value(Aht::from_secs(u32::try_from(what).unwrap_or(u32::MAX))),
        _ => Outcome::Failed(text.unwrap_or_default().into()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_survive_their_number() {
        for outcome in [
            Outcome::Value(Aht::from_secs(1)),
            Outcome::Value(Aht::from_secs(u32::MAX)),
            Outcome::NoCalls,
            Outcome::Invalid,
            Outcome::Failed("x".into()),
        ] {
            assert_eq!(outcome_of(what_of(&outcome, 7), Some("x".into())), outcome);
        }
    }
}
