//! Readings: appended, read on from a cursor, read by time, pruned.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row as SqlRow, params};

use super::codec::{Boots, find_target, head, oldest_kept, target_number};
use crate::{
    domain::{Now, Outcome, Reading},
    store::{
        Cursor, RangeQuery,
        columns::{outcome_of, target_of, wall_of, what_of},
    },
};

/// Most rows that one [`prune`] deletes, so that nobody waits long for the file.
pub(super) const PRUNE_BATCH: i64 = 5000;
/// Most readings kept whatever their age: a wall clock that once was far ahead must not let the file grow for years.
const CEILING: i64 = 8_000_000;
/// Readings in a row, older than the span, after which a scan towards the past ends: one wrong stamp must not end it.
pub(super) const ENOUGH: u32 = 64;
/// Rows that a read of a range takes before it lets others in.
const PAGE: i64 = 2000;

/// `seq`: of the reading that uses the text last; a text whose readings are all gone can go too.
fn phrase_number(c: &Connection, text: &str, seq: i64) -> Result<i64> {
    c.prepare_cached(
        "INSERT INTO phrase(text, seq) VALUES(?1, ?2)
         ON CONFLICT(text) DO UPDATE SET seq = max(seq, excluded.seq) RETURNING id",
    )?
    .query_row(params![text, seq], |r| r.get(0))
}

/// Writes one reading under a number of the caller's choice, leaving `latest` alone.
pub(super) fn insert(c: &Connection, boots: &mut Boots, seq: i64, reading: &Reading) -> Result<()> {
    let target = target_number(c, &reading.target)?;
    let boot = boots.number(c, &reading.at.boot)?;
    let phrase = match &reading.outcome {
        Outcome::Failed(why) => phrase_number(c, why, seq)?,
        _ => 0,
    };
    let name = reading.name.as_deref().map(|n| phrase_number(c, n, seq)).transpose()?;
    let what = what_of(&reading.outcome, phrase);
    c.prepare_cached(
        "INSERT INTO reading(seq, target, boot, mono, wall, what, name) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![seq, target, boot, reading.at.mono.0, reading.at.wall.as_millisecond(), what, name])?;
    c.prepare_cached("UPDATE tally SET readings = readings + 1")?.execute([])?;
    Ok(())
}

const SELECT: &str = "SELECT r.seq, r.boot, r.mono, r.wall, r.what, t.kind, t.name, p.text, n.text
    FROM reading r JOIN target t ON t.id = r.target
    LEFT JOIN phrase p ON p.id = -1 - r.what AND r.what < -1
    LEFT JOIN phrase n ON n.id = r.name";

fn reading_of(boots: &Boots, r: &SqlRow<'_>) -> Result<(i64, Reading)> {
    let (failure, name): (Option<String>, Option<String>) = (r.get(7)?, r.get(8)?);
    let reading = Reading {
        target: target_of(r.get(5)?, r.get::<_, String>(6)?),
        at: boots.stamp(r.get(1)?, r.get(2)?, r.get(3)?),
        outcome: outcome_of(r.get(4)?, failure.as_deref()),
        name: name.map(Arc::from),
    };
    Ok((r.get(0)?, reading))
}

pub(super) fn since(c: &Connection, cursor: Cursor, limit: usize) -> Result<(Vec<Reading>, Cursor)> {
    let (numbered, last) = since_numbered(c, cursor, limit)?;
    Ok((numbered.into_iter().map(|(_, reading)| reading).collect(), last))
}

pub(super) fn since_numbered(c: &Connection, cursor: Cursor, limit: usize) -> Result<(Vec<(i64, Reading)>, Cursor)> {
    let boots = Boots::load(c)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut stmt = c.prepare_cached(&format!("{SELECT} WHERE r.seq > ?1 ORDER BY r.seq LIMIT ?2"))?;
    let mut rows = stmt.query(params![cursor.0, limit])?;
    let (mut out, mut last) = (vec![], cursor);
    while let Some(row) = rows.next()? {
        let (seq, reading) = reading_of(&boots, row)?;
        last = Cursor(seq);
        out.push((seq, reading));
    }
    Ok((out, last))
}

/// The number of the first reading of the last `span`, found from the newest on.
pub(super) fn first_within(c: &Connection, now: &Now, span: Duration) -> Result<Cursor> {
    let boots = Boots::load(c)?;
    let mut first = head(c)?.0.saturating_add(1);
    let mut beyond = 0;
    let mut stmt = c.prepare_cached("SELECT seq, boot, mono, wall FROM reading ORDER BY seq DESC")?;
    let mut rows = stmt.query([])?;
    while let Some(r) = rows.next()? {
        if boots.stamp(r.get(1)?, r.get(2)?, r.get(3)?).age(now) <= span {
            (first, beyond) = (r.get(0)?, 0);
        } else {
            beyond += 1;
            if beyond >= ENOUGH {
                break;
            }
        }
    }
    Ok(Cursor(first))
}

/// A walk over a range in pages, so that the connection is free between them. One target's rows are found by the
/// index on (target, wall) and then put in the order of appending; all targets' are scanned in that order.
pub(super) struct Walk {
    found: Option<std::vec::IntoIter<i64>>,
    after: i64,
    until: i64,
    from: i64,
    to: i64,
}

impl Walk {
    pub(super) fn begin(c: &Connection, query: &RangeQuery) -> Result<Walk> {
        let from = query.from.map_or(i64::MIN, ceil_ms);
        let to = query.to.map_or(i64::MAX, ceil_ms);
        let found = match &query.target {
            None => None,
            Some(target) => {
                let id = find_target(c, target)?.unwrap_or(0);
                let mut stmt =
                    c.prepare_cached("SELECT seq FROM reading WHERE target = ?1 AND wall >= ?2 AND wall < ?3")?;
                let mut seqs: Vec<i64> = stmt.query_map([id, from, to], |r| r.get(0))?.collect::<Result<_>>()?;
                seqs.sort_unstable();
                Some(seqs.into_iter())
            }
        };
        Ok(Walk { found, after: 0, until: head(c)?.0, from, to })
    }

    /// The next page; `Break` with the last one.
    pub(super) fn page(&mut self, c: &Connection) -> Result<ControlFlow<Vec<Reading>, Vec<Reading>>> {
        let boots = Boots::load(c)?;
        let mut out = vec![];
        if let Some(seqs) = &mut self.found {
            let mut stmt = c.prepare_cached(&format!("{SELECT} WHERE r.seq = ?1"))?;
            for seq in seqs.by_ref().take(PAGE as usize) {
                // It may have been pruned meanwhile.
                out.extend(stmt.query_row([seq], |r| reading_of(&boots, r)).optional()?.map(|(_, reading)| reading));
            }
            return Ok(if seqs.len() == 0 { ControlFlow::Break(out) } else { ControlFlow::Continue(out) });
        }
        let sql = format!(
            "{SELECT} WHERE r.seq > ?1 AND r.seq <= ?2 AND r.wall >= ?3 AND r.wall < ?4 ORDER BY r.seq LIMIT ?5"
        );
        let mut stmt = c.prepare_cached(&sql)?;
        let mut rows = stmt.query([self.after, self.until, self.from, self.to, PAGE])?;
        while let Some(row) = rows.next()? {
            let (seq, reading) = reading_of(&boots, row)?;
            self.after = seq;
            out.push(reading);
        }
        Ok(if out.len() < PAGE as usize { ControlFlow::Break(out) } else { ControlFlow::Continue(out) })
    }
}

/// Walls are kept in milliseconds, cut off: a bound within one excludes what lies before it.
fn ceil_ms(at: Timestamp) -> i64 {
    let ms = at.as_millisecond();
    if at.subsec_nanosecond() % 1_000_000 > 0 { ms.saturating_add(1) } else { ms }
}

pub(super) fn prune(c: &Connection, now: &Now, keep: Duration) -> Result<u64> {
    let boot = Boots::load(c)?.find(&now.boot);
    let (mono, wall) = oldest_kept(now, keep);
    // Reads no more than a batch from the old end; a row that looks young there (a clock was wrong) is stepped over.
    let aged = c
        .prepare_cached(
            "DELETE FROM reading WHERE seq IN (
                SELECT seq FROM (SELECT seq, boot, mono, wall FROM reading ORDER BY seq LIMIT ?1)
                WHERE CASE boot WHEN ?2 THEN mono < ?3 ELSE wall < ?4 END)",
        )?
        .execute(params![PRUNE_BATCH, boot, mono, wall])?;
    let excess = c
        .prepare_cached(
            "DELETE FROM reading WHERE seq IN (SELECT seq FROM reading ORDER BY seq LIMIT
                min(?1, max(0, (SELECT readings FROM tally) - ?2 - ?3)))",
        )?
        .execute(params![PRUNE_BATCH, i64::try_from(aged).unwrap_or(0), CEILING])?;
    let gone = aged.saturating_add(excess);
    if gone > 0 {
        c.prepare_cached("UPDATE tally SET readings = max(0, readings - ?1)")?
            .execute([i64::try_from(gone).unwrap_or(0)])?;
    } else {
        c.prepare_cached("DELETE FROM phrase WHERE seq < (SELECT coalesce(min(seq), ?1) FROM reading)")?
            .execute([head(c)?.0.saturating_add(1)])?;
    }
    Ok(gone as u64)
}

pub(super) fn count(c: &Connection) -> Result<u64> {
    let n: i64 = c.prepare_cached("SELECT readings FROM tally")?.query_row([], |r| r.get(0))?;
    Ok(u64::try_from(n).unwrap_or(0))
}

pub(super) fn oldest(c: &Connection) -> Result<Option<Timestamp>> {
    let wall: Option<i64> =
        c.prepare_cached("SELECT wall FROM reading ORDER BY seq LIMIT 1")?.query_row([], |r| r.get(0)).optional()?;
    Ok(wall.map(wall_of))
}
