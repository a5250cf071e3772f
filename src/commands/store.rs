//! `ahtop store …`: makes, describes, copies and migrates what all dashboards share.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{Done, Failure, progress::Progress, session};
use crate::{
    cli::{StoreCommand, StoreCopy},
    config::{Config, Env, Overrides, StoreUrl},
    domain::{Reading, SystemClock},
    exit::Exit,
    store::{RangeQuery, Store, StoreError, StorePlace, open},
};

/// Readings that are written at once.
const BATCH: usize = 1000;
/// The documents of an account.
const DOCUMENTS: [&str; 1] = [crate::alert::persist::ALERTS];

/// `store …`
///
/// # Errors
/// Configuration, password, server, store.
pub fn run(command: &StoreCommand, flags: &Overrides, env: &Env) -> Result<Done, Failure> {
    let config = super::load(flags, env)?.config;
    match command {
        StoreCommand::Init(args) if args.print_sql => print_sql(&config),
        StoreCommand::Init(_) => on_server(&config, env, Task::Init),
        StoreCommand::Migrate => on_server(&config, env, Task::Migrate),
        StoreCommand::Status => status(&session::place(&config, env)?),
        StoreCommand::Copy(args) => copy(args, &config, env),
    }
}

/// What is done with the rights of an administrator.
#[derive(Clone, Copy)]
enum Task {
    Init,
    Migrate,
}

fn no_server() -> Failure {
    let message = "[store] url names no server: write postgres://USER@HOST/DATABASE; a store in a file makes itself";
    Failure::new(Exit::Config, message)
}

#[cfg(feature = "postgres")]
fn print_sql(config: &Config) -> Result<Done, Failure> {
    let StoreUrl::Postgres(url) = &config.store_url else { return Err(no_server()) };
    let names = crate::store::PostgresNames { schema: url.schema_for(&config.account.name) };
    Ok(Done::ok(format!("{}BEGIN;\n{}COMMIT;\n{}", names.roles(), names.make(), how_to_grant(&names))))
}

#[cfg(feature = "postgres")]
fn how_to_grant(names: &crate::store::PostgresNames) -> String {
    format!(
        "-- The first role checks the service, the second only reads:\n--   CREATE ROLE pc3 LOGIN PASSWORD '…'; \
         GRANT \"{}\" TO pc3;\n--   CREATE ROLE wall LOGIN PASSWORD '…'; GRANT \"{}\" TO wall;\n",
        names.poller(),
        names.reader()
    )
}

#[cfg(feature = "postgres")]
fn on_server(config: &Config, env: &Env, task: Task) -> Result<Done, Failure> {
    let StorePlace::Server(server) = session::place(config, env)? else { return Err(no_server()) };
    let names = crate::store::PostgresNames { schema: server.schema.clone() };
    let place = server.url.place();
    // It has a runtime of its own, which cannot be used where there is one already.
    let result = std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            let admin = crate::store::PostgresAdmin::connect(*server)?;
            match (task, admin.version()?) {
                (Task::Init, Some(_)) => Ok(false),
                (Task::Init, None) => admin.init().map(|()| true),
                (Task::Migrate, _) => admin.migrate().map(|()| true),
            }
        });
        work.join().unwrap_or_else(|_| Err(StoreError::Other("the server was not asked".into())))
    });
    let schema = &names.schema;
    Ok(match (task, result?) {
        (Task::Init, true) => Done::ok(format!("made schema {schema} in {place}\n{}", how_to_grant(&names))),
        (Task::Init, false) => Done::ok(format!("schema {schema} is in {place} already\n")),
        (Task::Migrate, _) => Done::ok(format!("schema {schema} in {place} is that of this ahtop\n")),
    })
}

#[cfg(not(feature = "postgres"))]
fn print_sql(_: &Config) -> Result<Done, Failure> {
    Err(no_server())
}

#[cfg(not(feature = "postgres"))]
fn on_server(config: &Config, env: &Env, _: Task) -> Result<Done, Failure> {
    match session::place(config, env)? {
        StorePlace::Server(_) => {
            Err(Failure::new(Exit::Config, "this ahtop was built without the feature 'postgres'; use one that has it"))
        }
        StorePlace::File(_) => Err(no_server()),
    }
}

fn where_it_is(place: &StorePlace) -> String {
    match place {
        StorePlace::File(path) => path.display().to_string(),
        StorePlace::Server(server) => format!("{}, schema {}", server.url.place(), server.schema),
    }
}

fn status(place: &StorePlace) -> Result<Done, Failure> {
    let Some(store) = crate::store::peek(place, Arc::new(SystemClock::new()))? else {
        return Ok(Done::ok(format!("{}: not there yet; the first dashboard makes it\n", where_it_is(place))));
    };
    let (history, holder, here) = (store.history()?, store.lease_holder()?, store.instances()?);
    let mut out = format!("store     {}\n", where_it_is(place));
    let oldest = history.oldest.map(|at| format!(", the oldest of {}", at.strftime("%Y-%m-%d %H:%M UTC")));
    let size = history.bytes as f64 / 1e6;
    let _ = writeln!(out, "readings  {} in {size:.1} MB{}", history.readings, oldest.unwrap_or_default());
    let _ = match &holder {
        Some(by) => writeln!(out, "checks    {}", by.full_label()),
        None => writeln!(out, "checks    nobody"),
    };
    for one in &here {
        let _ = writeln!(out, "open      {}", one.full_label());
    }
    Ok(Done::ok(out))
}

/// The store at a URL of the command line, for this account.
fn store_at(text: &str, config: &Config, env: &Env) -> Result<(StorePlace, Arc<dyn Store>), Failure> {
    let url: StoreUrl = text.parse().map_err(|why: String| Failure::new(Exit::Usage, why))?;
    let config = Config { store_url: url, ..config.clone() };
    let place = session::place(&config, env)?;
    let opened = open(&place, Arc::new(SystemClock::new()))?;
    match opened.notices.into_iter().next() {
        // What goes on in memory, or cannot be reached, is nothing to copy from or to.
        Some(notice) => Err(Failure::new(Exit::Unexpected, notice.text)),
        None => Ok((place, opened.store)),
    }
}

fn copy(args: &StoreCopy, config: &Config, env: &Env) -> Result<Done, Failure> {
    let (from_place, from) = store_at(&args.from, config, env)?;
    let (to_place, to) = store_at(&args.to, config, env)?;
    if from_place == to_place {
        return Err(Failure::new(Exit::Usage, "both are the same store"));
    }
    let mut progress = Progress::new(args.quiet, env);
    let copied = transfer(&*from, &*to, |n| progress.readings(n, "copied"))?;
    progress.clear();
    Ok(Done::ok(format!(
        "copied {} readings and {} events to {}\n",
        copied.readings,
        copied.events,
        where_it_is(&to_place)
    )))
}

/// What was not there yet.
#[derive(Debug, Default, PartialEq, Eq)]
struct Copied {
    readings: u64,
    events: usize,
}

/// Copies what is newer than all that is there already, in the order in which it was written.
fn transfer(from: &dyn Store, to: &dyn Store, mut progress: impl FnMut(u64)) -> Result<Copied, StoreError> {
    let rows = to.snapshot(Duration::ZERO)?.rows;
    let newest = rows.iter().filter_map(|row| row.last.as_ref().map(|(_, at)| at.wall)).max();
    let mut there: Vec<Reading> = vec![];
    if newest.is_some() {
        to.range(&RangeQuery { from: newest, ..RangeQuery::default() }, &mut |reading| {
            there.push(reading);
            true
        })?;
    }
    let (mut batch, mut copied, mut failed) = (vec![], Copied::default(), None);
    let mut write = |batch: &mut Vec<Reading>, copied: &mut Copied| {
        to.append(batch)?;
        copied.readings += batch.len() as u64;
        progress(copied.readings);
        batch.clear();
        Ok(())
    };
    from.range(&RangeQuery { from: newest, ..RangeQuery::default() }, &mut |reading| {
        if !there.contains(&reading) {
            batch.push(reading);
        }
        if batch.len() >= BATCH {
            failed = write(&mut batch, &mut copied).err();
        }
        failed.is_none()
    })?;
    if let Some(e) = failed {
        return Err(e);
    }
    write(&mut batch, &mut copied)?;
    let known = to.past_events(Timestamp::MIN)?;
    let last = known.iter().map(|event| event.at.wall).max();
    for event in from.past_events(Timestamp::MIN)? {
        if last.is_none_or(|last| event.at.wall >= last) && !known.contains(&event) {
            to.note(&event)?;
            copied.events += 1;
        }
    }
    for name in DOCUMENTS {
        if let (Some(document), None) = (from.document(name, 0)?, to.document(name, 0)?) {
            to.set_document(name, 0, &document.text)?;
        }
    }
    Ok(copied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Aht, Clock, ManualClock, Outcome, Target},
        store::{Cursor, DocumentStore, Event, EventKind, ReadingStore, SqliteStore},
    };

    #[test]
    fn what_is_copied_twice_is_there_once() {
        let clock = Arc::new(ManualClock::at(jiff::Timestamp::from_second(1_770_000_000).unwrap()));
        let store = || SqliteStore::memory(clock.clone()).unwrap();
        let (from, to) = (store(), store());
        let read = |n: u32| {
            clock.advance(Duration::from_secs(1));
            let (target, at) = (Target::agent((n % 3).to_string()), clock.now().stamp());
            from.append(&[Reading { target, at, outcome: Outcome::Value(Aht::from_secs(n + 1)), name: None }]).unwrap();
        };
        (0..2500).for_each(read);
        let at = clock.now().stamp();
        from.note(&Event { at, kind: EventKind::Link, who: "me".into(), text: "up".into() }).unwrap();
        from.set_document("alerts", 0, "{}").unwrap();
        assert_eq!(transfer(&from, &to, |_| {}).unwrap(), Copied { readings: 2500, events: 1 });
        assert_eq!(transfer(&from, &to, |_| {}).unwrap(), Copied::default());
        (0..3).for_each(read);
        assert_eq!(transfer(&from, &to, |_| {}).unwrap(), Copied { readings: 3, events: 0 });
        let all = |store: &SqliteStore| store.since(Cursor::default(), usize::MAX).unwrap().0;
        assert_eq!(all(&from), all(&to));
        assert_eq!(to.document("alerts", 0).unwrap().map(|d| d.text), Some("{}".into()));
    }
}
