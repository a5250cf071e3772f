//! The store on a PostgreSQL server: for dashboards on several machines.
//!
//! Each call is one function in the database and one round trip. What decides about the limit and the token is decided
//! there, under a row lock and by the server's clock, so that it holds over all machines. Where the server cannot be
//! reached no permit is given; what was already on its way is kept and written later.

mod admin;
mod bundles;
mod clock;
mod codec;
mod error;
mod ledger;
mod link;
mod schema;
#[cfg(test)]
mod test_proxy;
#[cfg(test)]
pub(crate) mod test_server;
#[cfg(test)]
mod tests;
mod tls;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use tokio_postgres::Row as SqlRow;

pub use self::{admin::Admin, schema::Names};
use self::{
    clock::ServerClock,
    codec::{Boots, P, READING},
    link::{Late, Link},
};
use super::{
    Attention, Bundles, Cursor, DocumentStore, Event, HistoryInfo, Instance, InterestStore, Lease, LeaseStore, Post,
    Pruned, RangeQuery, ReadingStore, Revised, ServerPlace, Snapshot, Status, StoreError, StoreNotice, StoreState,
    columns::{Wants, kind_number, millis, revision_number, target_of, wall_of, wants_of},
    ids::fresh_id,
};
use crate::domain::{Clock, Now, Problem, Reading, Target};

/// How often something may have changed where nothing is heard, in milliseconds.
const DEAF_LOOKS: u64 = 2000;
/// Rows of a range that are read at once.
const PAGE: i64 = 1000;
/// Longest text of a piece of an event in characters.
const LONGEST: usize = 500;

/// Whose time counts.
enum Time {
    Server(Arc<ServerClock>),
    /// Handed in with each call.
    #[cfg(test)]
    Given(Arc<dyn Clock>),
}

/// A [`Store`](super::Store) on a server.
pub struct PostgresStore {
    link: Arc<Link>,
    time: Time,
    /// What was wanted at the last look, by its stamp.
    wants: Mutex<(Option<String>, Wants)>,
    /// What each instance here last said that it wants.
    said: Mutex<BTreeMap<Arc<str>, String>>,
}

fn span(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

fn number(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl PostgresStore {
    /// Begins to connect, and waits a few seconds for that. Where the server cannot be reached the store is opened all the
    /// same, and goes on trying.
    ///
    /// # Errors
    /// What waiting does not mend: a wrong password, no store of the account there, one of a newer version.
    pub fn open(options: ServerPlace, local: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::open_within(options, local, link::LIMIT)
    }

    /// The same where a short call may take as long as `limit`, and a long one too if that is more than 10 s.
    ///
    /// # Errors
    /// As [`open`](PostgresStore::open).
    pub fn open_within(options: ServerPlace, local: Arc<dyn Clock>, limit: Duration) -> Result<Self, StoreError> {
        let clock = Arc::new(ServerClock::new(local.clone()));
        let link = Link::start(options, local, Some(clock.clone()), limit)?;
        let store = PostgresStore { link, time: Time::Server(clock), wants: Mutex::default(), said: Mutex::default() };
        match store.link.call(|link| async move { link.up().await.map(drop) }) {
            Err(e) if !link::is_away(&e) => Err(e),
            _ => Ok(store),
        }
    }

    /// The same by a time that is handed in with each call.
    #[cfg(test)]
    fn with_time(options: ServerPlace, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let link = Link::start(options, Arc::new(crate::domain::SystemClock::new()), None, tests::PATIENCE)?;
        link.call(|link| async move { link.up().await.map(drop) })?;
        Ok(PostgresStore { link, time: Time::Given(clock), wants: Mutex::default(), said: Mutex::default() })
    }

    /// The clock by which all that is in the store is measured.
    pub fn clock(&self) -> Arc<dyn Clock> {
        match &self.time {
            Time::Server(clock) => clock.clone(),
            #[cfg(test)]
            Time::Given(clock) => clock.clone(),
        }
    }

    /// The given time, for the functions of the database; null where the server's counts.
    fn at(&self) -> P {
        match &self.time {
            Time::Server(_) => P::Text(None),
            #[cfg(test)]
            Time::Given(clock) => {
                let now = clock.now();
                P::Text(Some(serde_json::json!([&*now.boot.0, now.mono.0, now.wall.as_millisecond()]).to_string()))
            }
        }
    }

    fn odd(&self, e: &tokio_postgres::Error) -> StoreError {
        error::explain(e, &self.link.place)
    }

    /// One statement, and its rows read.
    fn read<T>(
        &self,
        sql: &'static str,
        params: Vec<P>,
        each: impl Fn(&SqlRow) -> Result<T, tokio_postgres::Error>,
    ) -> Result<Vec<T>, StoreError> {
        self.link.query(sql, params)?.iter().map(each).collect::<Result<_, _>>().map_err(|e| self.odd(&e))
    }

    /// The same with a single row.
    fn read_one<T>(
        &self,
        sql: &'static str,
        params: Vec<P>,
        each: impl Fn(&SqlRow) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, StoreError> {
        self.read(sql, params, each)?.pop().ok_or_else(|| StoreError::Corrupt(self.link.place.clone()))
    }

    fn write(&self, sql: &'static str, params: Vec<P>) -> Result<(), StoreError> {
        self.link.query(sql, params)?;
        self.link.changed();
        Ok(())
    }

    /// What must be written, if not now then when the server is back.
    fn write_sometime(&self, sql: &'static str, params: Vec<P>) -> Result<(), StoreError> {
        match self.write(sql, params.clone()) {
            Err(e) if link::is_away(&e) && self.link.later(Late { sql, params }) => Ok(()),
            other => other,
        }
    }

    fn remember<T: Serialize>(&self, key: &str, value: &T) -> Result<(), StoreError> {
        let text = serde_json::to_string(value).map_err(|e| StoreError::Other(e.to_string()))?;
        self.write("SELECT remember($1, $2)", vec![key.into(), text.as_str().into()])
    }

    /// `None` also where another version wrote something that this one does not understand.
    fn recall<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let texts = self.read("SELECT value::text FROM meta WHERE key = $1", vec![key.into()], |r| r.try_get(0))?;
        Ok(texts.first().and_then(|text: &String| serde_json::from_str(text).ok()))
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").field("place", &self.link.place).finish_non_exhaustive()
    }
}

impl StoreState for PostgresStore {
    fn now(&self) -> Now {
        self.clock().now()
    }

    fn is_local(&self) -> bool {
        false
    }

    fn bundles(&self) -> Option<&dyn Bundles> {
        Some(self)
    }

    /// Counts what was heard from the server, and what was written from here: nothing is asked for it. Where nothing is
    /// heard (behind a pool of connections), something may have changed every two seconds.
    fn version(&self) -> Result<u64, StoreError> {
        let told = self.link.version.load(Ordering::SeqCst);
        let passed = if self.link.listens() { 0 } else { self.link.here().0.unsigned_abs() / DEAF_LOOKS };
        Ok((passed << 32) ^ told)
    }

    fn notice(&self) -> Option<StoreNotice> {
        let state = self.link.state();
        let Some((_, since)) = state.down else {
            let text = format!(
                "Connect to {} without a pool of transactions: LISTEN does not work through one, so what others write comes \
                 up to two seconds late",
                self.link.place
            );
            return (!self.link.listens()).then_some(StoreNotice { problem: Problem::StoreDelayed, text });
        };
        let why = state.why.map(|why| why.to_string()).unwrap_or_default();
        let kept = match self.link.waiting() {
            0 => String::new(),
            n => format!("; {n} replies are kept and written then"),
        };
        let text = format!(
            "Check the server of the store: no answer since {}. Nothing is sent until it answers{kept}: {why}",
            since.strftime("%H:%M:%S UTC")
        );
        Some(StoreNotice { problem: Problem::StoreUnreachable, text })
    }
}

impl ReadingStore for PostgresStore {
    fn append(&self, readings: &[Reading]) -> Result<(), StoreError> {
        if readings.is_empty() {
            return Ok(());
        }
        let json = codec::readings_json(readings);
        let params = vec![self.at(), fresh_id().into(), P::Big(None), json.as_str().into()];
        self.link.bulk("SELECT land($1, $2, $3, $4)".into(), params)?;
        self.link.changed();
        Ok(())
    }

    fn snapshot(&self, span: Duration) -> Result<Snapshot, StoreError> {
        let sql = "SELECT kind, a, b, c, d, e, line FROM snapshot($1, $2)";
        let rows = self.link.bulk(sql.into(), vec![self.at(), millis(span).into()])?;
        codec::snapshot_of(&rows, &self.now()).map_err(|e| self.odd(&e))
    }

    fn since(&self, cursor: Cursor, limit: usize) -> Result<(Vec<Reading>, Cursor), StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql = format!("{READING} WHERE r.seq > $1 ORDER BY r.seq LIMIT $2");
        let rows = self.link.call(|link| async move { link.ask(&sql, &[cursor.0.into(), limit.into()]).await })?;
        let (mut boots, mut last) = (Boots::default(), cursor);
        let mut out = Vec::with_capacity(rows.len());
        for row in &rows {
            let (seq, reading) = codec::reading_of(&mut boots, row).map_err(|e| self.odd(&e))?;
            last = Cursor(seq);
            out.push(reading);
        }
        Ok((out, last))
    }

    fn range(&self, query: &RangeQuery, each: &mut dyn FnMut(Reading) -> bool) -> Result<(), StoreError> {
        let ms = |at: jiff::Timestamp| {
            at.as_nanosecond().div_euclid(1_000_000) + i128::from(at.subsec_nanosecond() % 1_000_000 != 0)
        };
        let ms = |at: jiff::Timestamp| i64::try_from(ms(at)).unwrap_or(i64::MAX);
        let (from, to) = (query.from.map_or(i64::MIN, ms), query.to.map_or(i64::MAX, ms));
        let until: i64 = self.read_one("SELECT reading FROM head", vec![], |r| r.try_get(0))?;
        let (mut after, mut boots) = (0, Boots::default());
        loop {
            let mut params: Vec<P> = vec![after.into(), until.into(), from.into(), to.into(), PAGE.into()];
            let mut sql = format!("{READING} WHERE r.seq > $1 AND r.seq <= $2 AND r.wall >= $3 AND r.wall < $4");
            if let Some(target) = &query.target {
                sql += " AND r.target = (SELECT id FROM target WHERE kind = $6 AND name = $7)";
                params.extend([P::Small(kind_number(target.kind)), (&*target.id).into()]);
            }
            let rows = self.link.bulk(sql + " ORDER BY r.seq LIMIT $5", params)?;
            for row in &rows {
                let (seq, reading) = codec::reading_of(&mut boots, row).map_err(|e| self.odd(&e))?;
                after = seq;
                if !each(reading) {
                    return Ok(());
                }
            }
            if i64::try_from(rows.len()).unwrap_or(0) < PAGE {
                return Ok(());
            }
        }
    }

    fn prune(&self, keep: Duration) -> Result<Pruned, StoreError> {
        let rows = self.link.bulk("SELECT prune($1, $2)".into(), vec![self.at(), millis(keep).into()])?;
        let gone: i64 = rows.first().map_or(Ok(0), |r| r.try_get(0)).map_err(|e| self.odd(&e))?;
        let readings = u64::try_from(gone).unwrap_or(0);
        Ok(Pruned { readings, more: readings > 0 })
    }

    fn history(&self) -> Result<HistoryInfo, StoreError> {
        self.read_one("SELECT readings, oldest, bytes FROM history()", vec![], |r| {
            let oldest: Option<i64> = r.try_get(1)?;
            Ok(HistoryInfo {
                readings: u64::try_from(r.try_get::<_, i64>(0)?).unwrap_or(0),
                oldest: oldest.map(wall_of),
                bytes: u64::try_from(r.try_get::<_, i64>(2)?).unwrap_or(0),
                path: None,
            })
        })
    }
}

impl InterestStore for PostgresStore {
    fn want(&self, who: &Instance, wants: &[(Target, Attention)], ttl: Duration) -> Result<(), StoreError> {
        let json = serde_json::to_string(wants).map_err(|e| StoreError::Other(e.to_string()))?;
        // The list is long, and seldom another one.
        if self.said().get(&who.id).is_some_and(|said| *said == json) {
            let params = vec![self.at(), (&*who.id).into(), millis(ttl).into()];
            if self.read_one("SELECT want_again($1, $2, $3)", params, |r| r.try_get::<_, bool>(0))? {
                return Ok(());
            }
        }
        self.said().remove(&who.id);
        let [id, pid, host, role] = whole(who);
        let params = vec![self.at(), id, pid, host, role, json.as_str().into(), millis(ttl).into()];
        self.write("SELECT want($1, $2, $3, $4, $5, $6, $7)", params)?;
        self.said().insert(who.id.clone(), json);
        Ok(())
    }

    fn wanted(&self) -> Result<Vec<(Target, Attention)>, StoreError> {
        let lists = self.read("SELECT wants FROM wanted($1)", vec![self.at()], |r| r.try_get::<_, String>(0))?;
        Ok(wants_of(lists))
    }

    fn instances(&self) -> Result<Vec<Instance>, StoreError> {
        self.read("SELECT id, pid, host, role FROM instances($1)", vec![self.at()], codec::instance_of)
    }

    fn request_poll(&self, target: &Target) -> Result<(), StoreError> {
        let params = vec![P::Small(kind_number(target.kind)), (&*target.id).into()];
        self.write("SELECT request_poll($1, $2)", params)
    }

    fn take_requested_polls(&self) -> Result<Vec<Target>, StoreError> {
        self.read("SELECT kind, name FROM take_requested_polls()", vec![], |r| {
            Ok(target_of(r.try_get::<_, i16>(0)?.into(), r.try_get::<_, &str>(1)?))
        })
    }
}

/// The columns of an instance.
fn whole(who: &Instance) -> [P; 4] {
    [(&*who.id).into(), i64::from(who.pid).into(), (&*who.host).into(), who.role.word().into()]
}

impl PostgresStore {
    fn said(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, String>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, who: &Instance, wants: bool) -> Result<(), StoreError> {
        let (at, who) = (self.at(), who.clone());
        self.said().remove(&who.id);
        self.link.call(|link| async move {
            let up = link.up().await?;
            let failed = |e: tokio_postgres::Error| error::explain(&e, &link.place);
            if !up.poller {
                if wants {
                    up.query("SELECT forget($1)", &[(&*who.id).into()]).await.map_err(failed)?;
                }
                return Ok(());
            }
            let held = link.held_by(up.number).is_some_and(|by| by == who.id);
            let params = [at, (&*who.id).into(), P::Bool(wants), P::Bool(held)];
            up.query("SELECT leave($1, $2, $3, $4)", &params).await.map_err(failed)?;
            if held {
                link.hold(up.number, None);
            }
            Ok(())
        })?;
        self.link.changed();
        Ok(())
    }
}

impl LeaseStore for PostgresStore {
    fn lease(&self, who: &Instance, ttl: Duration) -> Result<Lease, StoreError> {
        let (at, who) = (self.at(), who.clone());
        let (lease, new) = self.link.call(|link| async move {
            let up = link.up().await?;
            let failed = |e: tokio_postgres::Error| error::explain(&e, &link.place);
            let held = link.held_by(up.number);
            let [id, pid, host, role] = whole(&who);
            let params = [at, id, pid, host, role, millis(ttl).into(), P::Text(held.as_deref().map(str::to_owned))];
            let sql = "SELECT id, pid, host, role, mine, claimed, locked FROM lease($1, $2, $3, $4, $5, $6, $7)";
            let rows = up.query(sql, &params).await.map_err(failed)?;
            let row = rows.first().ok_or_else(|| StoreError::Corrupt(link.place.clone()))?;
            let holder = codec::instance_of(row).map_err(failed)?;
            let lease =
                Lease { holder, mine: row.try_get(4).map_err(failed)?, claimed: row.try_get(5).map_err(failed)? };
            let locked: bool = row.try_get(6).map_err(failed)?;
            let by = if lease.mine { Some(who.id.clone()) } else { held.clone() };
            let new = lease.mine && held != by;
            link.hold(up.number, by.filter(|_| locked));
            Ok((lease, new))
        })?;
        if new {
            self.link.changed();
        }
        Ok(lease)
    }

    fn lease_holder(&self) -> Result<Option<Instance>, StoreError> {
        let at = self.at();
        self.link.call(|link| async move {
            let up = link.up().await?;
            let failed = |e: tokio_postgres::Error| error::explain(&e, &link.place);
            let held = P::Bool(link.held_by(up.number).is_some());
            let rows = up.query("SELECT id, pid, host, role FROM lease_holder($1, $2)", &[at, held]).await;
            rows.map_err(failed)?.first().map(codec::instance_of).transpose().map_err(failed)
        })
    }

    fn release(&self, who: &Instance) -> Result<(), StoreError> {
        self.give_back(who, false)
    }

    fn leave(&self, who: &Instance) -> Result<(), StoreError> {
        self.give_back(who, true)
    }
}

impl DocumentStore for PostgresStore {
    fn document(&self, name: &str, known: u64) -> Result<Option<Revised>, StoreError> {
        let sql = "SELECT revision, text FROM document WHERE name = $1 AND revision <> $2";
        let found = self.read(sql, vec![name.into(), revision_number(known).into()], |r| {
            Ok(Revised { revision: u64::try_from(r.try_get::<_, i64>(0)?).unwrap_or(0), text: r.try_get(1)? })
        })?;
        Ok(found.into_iter().next())
    }

    fn set_document(&self, name: &str, seen: u64, text: &str) -> Result<Option<u64>, StoreError> {
        let next = seen.saturating_add(1);
        let params = vec![name.into(), revision_number(seen).into(), revision_number(next).into(), text.into()];
        let written: bool = self.read_one("SELECT set_document($1, $2, $3, $4)", params, |r| r.try_get(0))?;
        self.link.changed();
        Ok(written.then_some(next))
    }

    fn post(&self, queue: &str, text: &str) -> Result<(), StoreError> {
        self.write("SELECT post($1, $2)", vec![queue.into(), text.into()])
    }

    fn posts(&self, queue: &str) -> Result<Vec<Post>, StoreError> {
        self.read("SELECT id, text FROM post WHERE queue = $1 ORDER BY id", vec![queue.into()], |r| {
            Ok(Post { id: r.try_get(0)?, text: r.try_get(1)? })
        })
    }

    fn drop_posts(&self, queue: &str, upto: i64) -> Result<(), StoreError> {
        self.write("SELECT drop_posts($1, $2)", vec![queue.into(), upto.into()])
    }

    fn set_status(&self, status: &Status) -> Result<(), StoreError> {
        self.remember("status", status)
    }

    fn status(&self) -> Result<Option<Status>, StoreError> {
        self.recall("status")
    }

    fn note(&self, event: &Event) -> Result<(), StoreError> {
        let kind = match serde_json::to_value(event.kind) {
            Ok(serde_json::Value::String(word)) => word,
            _ => String::new(),
        };
        let params = vec![
            (&*event.at.boot.0).into(),
            event.at.mono.0.into(),
            event.at.wall.as_millisecond().into(),
            kind.as_str().into(),
            (&*event.who).into(),
            event.text.to_stored(LONGEST).as_str().into(),
        ];
        self.write("SELECT note($1, $2, $3, $4, $5, $6)", params)
    }

    fn events(&self, span: Duration) -> Result<Vec<Event>, StoreError> {
        let sql = "SELECT boot, mono, wall, kind, who, line FROM events($1, $2)";
        let events = self.read(sql, vec![self.at(), millis(span).into()], codec::event_of)?;
        Ok(events.into_iter().flatten().collect())
    }

    fn past_events(&self, from: Timestamp) -> Result<Vec<Event>, StoreError> {
        let sql = "SELECT boot, mono, wall, kind, who, text FROM event WHERE wall >= $1 ORDER BY id";
        let events = self.read(sql, vec![from.as_millisecond().into()], codec::event_of)?;
        Ok(events.into_iter().flatten().collect())
    }
}
