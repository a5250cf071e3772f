//! What is known of each target now: kept up to date with each append, so that no start reads the whole history.

use std::{collections::HashMap, time::Duration};

use rusqlite::{Connection, OptionalExtension, Result, Row as SqlRow, params};

use super::{
    codec::{self, Boots, target_number},
    readings::{self, ENOUGH},
};
use crate::{
    domain::{EventTime, Now, Outcome, Reading, Row, Series, Target},
    store::{
        Cursor, Snapshot,
        columns::{outcome_of, target_of, what_of},
    },
};

const COLUMNS: &str = "name, good_what, good_boot, good_mono, good_wall,
    last_what, last_text, last_boot, last_mono, last_wall, failures, fail_boot, fail_mono, fail_wall";

fn stamp_at(boots: &Boots, r: &SqlRow<'_>, at: usize) -> Result<Option<EventTime>> {
    let (boot, mono, wall): (Option<i64>, Option<i64>, Option<i64>) = (r.get(at)?, r.get(at + 1)?, r.get(at + 2)?);
    Ok(boot.zip(mono).zip(wall).map(|((boot, mono), wall)| boots.stamp(boot, mono, wall)))
}

/// Reads [`COLUMNS`] from the column `at` on.
fn row_of(boots: &Boots, target: Target, r: &SqlRow<'_>, at: usize) -> Result<Row> {
    let mut row = Row::new(target);
    row.name = r.get::<_, Option<String>>(at)?.map(Into::into);
    let good: Option<i64> = r.get(at + 1)?;
    row.good = good.map(|w| outcome_of(w, None)).zip(stamp_at(boots, r, at + 2)?);
    let (last, text): (Option<i64>, Option<String>) = (r.get(at + 5)?, r.get(at + 6)?);
    row.last = last.map(|w| outcome_of(w, text.as_deref())).zip(stamp_at(boots, r, at + 7)?);
    row.failures = r.get(at + 10)?;
    row.failing_since = stamp_at(boots, r, at + 11)?;
    Ok(row)
}

/// Appends readings, and lets the rows of their targets take them in.
pub(super) fn append(c: &Connection, now: &Now, readings: &[Reading]) -> Result<()> {
    let mut boots = Boots::load(c)?;
    let Cursor(mut seq) = codec::head(c)?;
    for reading in readings {
        seq = seq.saturating_add(1);
        readings::insert(c, &mut boots, seq, reading)?;
        record(c, &mut boots, now, reading)?;
    }
    Ok(())
}

/// Lets the row of a reading's target take it in, by the same rule as everywhere.
fn record(c: &Connection, boots: &mut Boots, now: &Now, reading: &Reading) -> Result<()> {
    let number = target_number(c, &reading.target)?;
    let target = reading.target.clone();
    let row = c
        .prepare_cached(&format!("SELECT {COLUMNS} FROM latest WHERE target = ?1"))?
        .query_row([number], |r| row_of(boots, target, r, 0))
        .optional()?;
    let mut row = row.unwrap_or_else(|| Row::new(reading.target.clone()));
    row.record(reading, now);
    save(c, boots, &row)
}

/// Writes what is known of a target, without its series.
pub(super) fn save(c: &Connection, boots: &mut Boots, row: &Row) -> Result<()> {
    type Split = (Option<i64>, Option<i64>, Option<i64>);
    let mut split = |stamp: Option<&EventTime>| -> Result<Split> {
        match stamp {
            None => Ok((None, None, None)),
            Some(s) => Ok((Some(boots.number(c, &s.boot)?), Some(s.mono.0), Some(s.wall.as_millisecond()))),
        }
    };
    let good = split(row.good.as_ref().map(|(_, at)| at))?;
    let last = split(row.last.as_ref().map(|(_, at)| at))?;
    let fail = split(row.failing_since.as_ref())?;
    let text = match &row.last {
        Some((Outcome::Failed(why), _)) => Some(&**why),
        _ => None,
    };
    let what = |o: &Option<(Outcome, EventTime)>| o.as_ref().map(|(o, _)| what_of(o, 1));
    c.prepare_cached(&format!(
        "INSERT OR REPLACE INTO latest(target, {COLUMNS})
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
    ))?
    .execute(params![
        target_number(c, &row.target)?,
        row.name.as_deref(),
        what(&row.good),
        good.0,
        good.1,
        good.2,
        what(&row.last),
        text,
        last.0,
        last.1,
        last.2,
        row.failures,
        fail.0,
        fail.1,
        fail.2,
    ])?;
    Ok(())
}

/// All rows, their series of the last `span`, and the cursor behind them. To be called in one transaction.
pub(super) fn snapshot(c: &Connection, now: &Now, span: Duration) -> Result<Snapshot> {
    let boots = Boots::load(c)?;
    let mut rows: HashMap<i64, Row> = HashMap::new();
    let columns = COLUMNS.replace("name,", "l.name,");
    let mut stmt = c.prepare_cached(&format!(
        "SELECT t.id, t.kind, t.name, {columns} FROM latest l JOIN target t ON t.id = l.target"
    ))?;
    let mut found = stmt.query([])?;
    while let Some(r) = found.next()? {
        rows.insert(r.get(0)?, row_of(&boots, target_of(r.get(1)?, r.get::<_, String>(2)?), r, 3)?);
    }
    // Newest first, so that only what is needed is read; each series takes no more than it can hold.
    let mut points: Vec<(i64, EventTime, i64)> = vec![];
    let mut taken: HashMap<i64, usize> = HashMap::new();
    let mut beyond = 0;
    let mut stmt = c.prepare_cached("SELECT target, boot, mono, wall, what FROM reading ORDER BY seq DESC")?;
    let mut found = stmt.query([])?;
    while let Some(r) = found.next()? {
        let at = boots.stamp(r.get(1)?, r.get(2)?, r.get(3)?);
        if at.age(now) > span {
            beyond += 1;
            if beyond >= ENOUGH {
                break;
            }
            continue;
        }
        beyond = 0;
        let (target, what): (i64, i64) = (r.get(0)?, r.get(4)?);
        let n = taken.entry(target).or_default();
        if what >= 0 && *n < Series::MAX {
            *n += 1;
            points.push((target, at, what));
        }
    }
    for (target, at, what) in points.into_iter().rev() {
        if let Some(row) = rows.get_mut(&target) {
            row.series.push(now.mono_of(&at), outcome_of(what, None).aht());
        }
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    rows.sort_unstable_by(|a, b| a.target.cmp(&b.target));
    Ok(Snapshot { rows, cursor: codec::head(c)? })
}
