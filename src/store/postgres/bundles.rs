//! Several questions in one round trip.

use std::{sync::PoisonError, time::Duration};

use super::{
    PostgresStore,
    codec::{self, P},
    error, number, whole,
};
use crate::store::{
    Bundles, Heard, Instance, Lease, Overview, StoreError, Turn, Usage,
    columns::{millis, target_of, union},
};

impl Bundles for PostgresStore {
    fn turn(&self, who: &Instance, ttl: Duration) -> Result<Turn, StoreError> {
        let known = self.wants.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (at, who, stamp) = (self.at(), who.clone(), known.0.clone());
        let sql = "SELECT id, pid, host, role, mine, claimed, locked, polls, stamp, wants, governor
            FROM turn($1, $2, $3, $4, $5, $6, $7, $8)";
        let (turn, stamp, taken) = self.link.call(|link| async move {
            let up = link.up().await?;
            let failed = |e: tokio_postgres::Error| error::explain(&e, &link.place);
            let held = link.held_by(up.number);
            let [id, pid, host, role] = whole(&who);
            let held_text = P::Text(held.as_deref().map(str::to_owned));
            let params = [at, id, pid, host, role, millis(ttl).into(), held_text, P::Text(stamp.clone())];
            let rows = up.query(sql, &params).await.map_err(failed)?;
            let row = rows.first().ok_or_else(|| StoreError::Corrupt(link.place.clone()))?;
            let lease = Lease {
                holder: codec::instance_of(row).map_err(failed)?,
                mine: row.try_get(4).map_err(failed)?,
                claimed: row.try_get(5).map_err(failed)?,
            };
            let by = if lease.mine { Some(who.id.clone()) } else { held.clone() };
            let new = lease.mine && held != by;
            let locked: bool = row.try_get(6).map_err(failed)?;
            link.hold(up.number, by.filter(|_| locked));
            let text = |at: usize| row.try_get::<_, Option<String>>(at).map_err(failed);
            let polls: Vec<(i64, String)> = read(text(7)?.as_deref());
            let now: Option<String> = text(8)?;
            let fresh = now != stamp;
            let wanted = if fresh { union(read::<Vec<_>>(text(9)?.as_deref())) } else { known.1 };
            let turn = Turn {
                lease,
                requested_polls: polls.iter().map(|(kind, name)| target_of(*kind, name.as_str())).collect(),
                wanted,
                governor: text(10)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
            };
            Ok((turn, now, new))
        })?;
        *self.wants.lock().unwrap_or_else(PoisonError::into_inner) = (stamp, turn.wanted.clone());
        if taken {
            self.link.changed();
        }
        Ok(turn)
    }

    fn overview(&self) -> Result<Overview, StoreError> {
        let at = self.at();
        let sql =
            "SELECT used, in_flight, throttled, generated, invalidated, status, holder, here FROM overview($1, $2)";
        self.link.call(|link| async move {
            let up = link.up().await?;
            let failed = |e: tokio_postgres::Error| error::explain(&e, &link.place);
            let held = P::Bool(link.held_by(up.number).is_some());
            let rows = up.query(sql, &[at, held]).await.map_err(failed)?;
            let row = rows.first().ok_or_else(|| StoreError::Corrupt(link.place.clone()))?;
            let count = |at: usize| row.try_get(at).map(number).map_err(failed);
            let text = |at: usize| row.try_get::<_, Option<String>>(at).map_err(failed);
            Ok(Overview {
                usage: Usage {
                    used_60s: count(0)?,
                    in_flight: count(1)?,
                    throttled_1h: count(2)?,
                    generated_1h: count(3)?,
                    invalidated_1h: count(4)?,
                },
                status: text(5)?.and_then(|text| serde_json::from_str(&text).ok()),
                poller: text(6)?.as_deref().and_then(codec::instance_in),
                instances: text(7)?.as_deref().map(codec::instances_in).unwrap_or_default(),
            })
        })
    }

    fn heard(&self) -> Option<Heard> {
        self.link.heard()
    }
}

/// What another version wrote in another form says nothing to this one.
fn read<T: serde::de::DeserializeOwned + Default>(text: Option<&str>) -> T {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
