//! How values go to the server and come back.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Value, json};
use tokio_postgres::{
    Row as SqlRow,
    types::{ToSql, Type},
};

use crate::{
    domain::{BootId, BootTime, EventTime, Outcome, Reading, Row, Series},
    store::{
        Cursor, Event, Instance, Snapshot, Words,
        columns::{kind_number, outcome_of, role_of, target_of, wall_of, what_of},
    },
};

/// A parameter of a statement.
#[derive(Clone, Debug)]
pub(super) enum P {
    Big(Option<i64>),
    Bigs(Vec<i64>),
    Int(i32),
    Small(i16),
    Text(Option<String>),
    Bool(bool),
}

impl P {
    pub(super) fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            P::Big(v) => (v, Type::INT8),
            P::Bigs(v) => (v, Type::INT8_ARRAY),
            P::Int(v) => (v, Type::INT4),
            P::Small(v) => (v, Type::INT2),
            P::Text(v) => (v, Type::TEXT),
            P::Bool(v) => (v, Type::BOOL),
        }
    }
}

impl From<i64> for P {
    fn from(v: i64) -> P {
        P::Big(Some(v))
    }
}

impl From<&str> for P {
    fn from(v: &str) -> P {
        P::Text(Some(without_nul(v)))
    }
}

/// The server's texts cannot hold it.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A row that is not what a function of ours gives.
pub(super) type Odd = tokio_postgres::Error;

/// As the function `append` takes them.
pub(super) fn readings_json(readings: &[Reading]) -> String {
    let one = |reading: &Reading| {
        // The server gives a text its number.
        let what = what_of(&reading.outcome, 1);
        let text = match &reading.outcome {
            Outcome::Failed(why) => Some(without_nul(why)),
            _ => None,
        };
        let label = reading.name.as_deref().map(without_nul);
        let named = label.as_deref().is_some_and(|n| !n.trim().is_empty());
        json!([
            kind_number(reading.target.kind),
            without_nul(&reading.target.id),
            &*reading.at.boot.0,
            reading.at.mono.0,
            reading.at.wall.as_millisecond(),
            what,
            text,
            label,
            named,
        ])
    };
    Value::Array(readings.iter().map(one).collect()).to_string()
}

/// The columns of [`reading_of`].
pub(super) const READING: &str = "SELECT r.seq, b.name, r.mono, r.wall, r.what, t.kind, t.name, p.text, l.text
    FROM reading r JOIN target t ON t.id = r.target JOIN boot b ON b.id = r.boot
    LEFT JOIN phrase p ON p.id = -1 - r.what AND r.what < -1
    LEFT JOIN phrase l ON l.id = r.name";

/// Boots that were read, so that each is kept once.
#[derive(Default)]
pub(super) struct Boots(Option<BootId>);

impl Boots {
    fn of(&mut self, name: &str) -> BootId {
        match &self.0 {
            Some(boot) if &*boot.0 == name => boot.clone(),
            _ => self.0.insert(BootId(name.into())).clone(),
        }
    }
}

pub(super) fn reading_of(boots: &mut Boots, r: &SqlRow) -> Result<(i64, Reading), Odd> {
    let at = EventTime { boot: boots.of(r.try_get(1)?), mono: BootTime(r.try_get(2)?), wall: wall_of(r.try_get(3)?) };
    let name: Option<&str> = r.try_get(8)?;
    let reading = Reading {
        target: target_of(r.try_get::<_, i16>(5)?.into(), r.try_get::<_, &str>(6)?),
        at,
        outcome: outcome_of(r.try_get(4)?, r.try_get(7)?),
        name: name.map(Arc::from),
    };
    Ok((r.try_get(0)?, reading))
}

/// What is known of a target, as `snapshot` tells it.
struct Line(Vec<Value>);

impl Line {
    fn text(&self, at: usize) -> Option<&str> {
        self.0.get(at)?.as_str()
    }

    fn number(&self, at: usize) -> Option<i64> {
        self.0.get(at)?.as_i64()
    }

    fn stamp(&self, at: usize, boots: &HashMap<i64, BootId>) -> Option<EventTime> {
        let boot = boots.get(&self.number(at)?).cloned().unwrap_or_else(|| BootId("unknown".into()));
        Some(EventTime { boot, mono: BootTime(self.number(at + 1)?), wall: wall_of(self.number(at + 2)?) })
    }

    fn row(&self, kind: i64, failures: i64, boots: &HashMap<i64, BootId>) -> Row {
        let mut row = Row::new(target_of(kind, self.text(0).unwrap_or_default()));
        row.name = self.text(1).map(Into::into);
        row.good = self.number(2).map(|what| outcome_of(what, None)).zip(self.stamp(3, boots));
        row.last = self.number(6).map(|what| outcome_of(what, self.text(7))).zip(self.stamp(8, boots));
        row.failures = u32::try_from(failures).unwrap_or(u32::MAX);
        row.failing_since = self.stamp(11, boots);
        row
    }
}

/// From the rows of the function `snapshot`.
pub(super) fn snapshot_of(rows: &[SqlRow], now: &crate::domain::Now) -> Result<Snapshot, Odd> {
    let (mut boots, mut found) = (HashMap::new(), HashMap::new());
    let (mut points, mut taken) = (vec![], HashMap::<i64, usize>::new());
    let mut cursor = Cursor::default();
    for r in rows {
        let (a, b): (i64, i64) = (r.try_get(1)?, r.try_get(2)?);
        match r.try_get::<_, i32>(0)? {
            0 => drop(boots.insert(a, BootId(r.try_get::<_, &str>(6)?.into()))),
            1 => cursor = Cursor(a),
            2 => {
                let line = serde_json::from_str(r.try_get(6)?).unwrap_or_default();
                found.insert(a, Line(line).row(b, r.try_get(3)?, &boots));
            }
            _ => {
                let n = taken.entry(a).or_default();
                if *n < Series::MAX {
                    *n += 1;
                    let boot = boots.get(&b).cloned().unwrap_or_else(|| BootId("unknown".into()));
                    let at = EventTime { boot, mono: BootTime(r.try_get(3)?), wall: wall_of(r.try_get(4)?) };
                    points.push((a, at, r.try_get::<_, i64>(5)?));
                }
            }
        }
    }
    for (target, at, what) in points.into_iter().rev() {
        if let Some(row) = found.get_mut(&target) {
            row.series.push(now.mono_of(&at), outcome_of(what, None).aht());
        }
    }
    let mut rows: Vec<Row> = found.into_values().collect();
    rows.sort_unstable_by(|a, b| a.target.cmp(&b.target));
    Ok(Snapshot { rows, cursor })
}

fn instance(id: &str, pid: i64, host: &str, role: &str) -> Instance {
    Instance { id: id.into(), pid: u32::try_from(pid).unwrap_or(u32::MAX), host: host.into(), role: role_of(role) }
}

/// Reads `id, pid, host, role` from the first columns.
pub(super) fn instance_of(r: &SqlRow) -> Result<Instance, Odd> {
    Ok(instance(r.try_get(0)?, r.try_get(1)?, r.try_get(2)?, r.try_get(3)?))
}

/// From `[id, pid, host, role]`.
pub(super) fn instance_in(text: &str) -> Option<Instance> {
    let (id, pid, host, role): (String, i64, String, String) = serde_json::from_str(text).ok()?;
    Some(instance(&id, pid, &host, &role))
}

/// From a list of these.
pub(super) fn instances_in(text: &str) -> Vec<Instance> {
    let all: Vec<(String, i64, String, String)> = serde_json::from_str(text).unwrap_or_default();
    all.into_iter().map(|(id, pid, host, role)| instance(&id, pid, &host, &role)).collect()
}

/// Reads `boot, mono, wall, kind, who, text`. A kind of a later version is left out.
pub(super) fn event_of(r: &SqlRow) -> Result<Option<Event>, Odd> {
    let (boot, kind, who): (&str, &str, &str) = (r.try_get(0)?, r.try_get(3)?, r.try_get(4)?);
    let at = EventTime { boot: BootId(boot.into()), mono: BootTime(r.try_get(1)?), wall: wall_of(r.try_get(2)?) };
    let text = Words::from_stored(r.try_get(5)?);
    let kind = serde_json::from_value(Value::String(kind.to_owned())).ok();
    Ok(kind.map(|kind| Event { at, kind, who: who.into(), text }))
}
