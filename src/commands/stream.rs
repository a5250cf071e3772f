//! `ahtop stream`: a JSON object for each reading, one a line, until interrupted.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};

use super::{
    Failure, print_error,
    session::{self, Session},
    stop,
};
use crate::{
    config::{Config, Env, Overrides, Watched},
    domain::{self, Problem, Row, Target, record},
    exit::Exit,
    report::{self, Element, View},
    store::{self, Attention, Cursor, Link, Role, StoreError},
};

/// How often the store is looked at when nobody wakes us.
const LOOK: Duration = Duration::from_millis(500);
/// How often the wants are said again, and how long they hold.
const WANT: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(30));
/// Most readings taken at a time.
const BATCH: usize = 1000;

/// Streams the readings of the configured targets.
///
/// # Errors
/// Configuration, credentials, store.
pub async fn run(flags: &Overrides, env: &Env) -> Result<Exit, Failure> {
    let loaded = super::load(flags, env)?;
    let config = &loaded.config;
    print_error(&super::config::warnings(&loaded.warnings));
    let wants = config.watch.iter().map(|w| w.target.clone()).collect();
    let stop = stop::signal();
    let session = Session::configured(config, env, Role::Command, wants).await?;
    let result = tokio::select! {
        result = follow(&session, config) => result,
        signal = stop => Ok(Exit::Signal(signal)),
    };
    session.close().await;
    result
}

async fn follow(session: &Session, config: &Config) -> Result<Exit, Failure> {
    let snapshot = session.store.call(|s| s.snapshot(Duration::ZERO)).await?;
    let mut rows: BTreeMap<Target, Row> = snapshot.rows.into_iter().map(|r| (r.target.clone(), r)).collect();
    // Where whoever is logged in is watched, it is looked at again with each want.
    let of = |watch: Vec<Watched>| watch.into_iter().map(|w| (w.target.clone(), w)).collect::<BTreeMap<_, _>>();
    let mut watched = of(self::watched(session, config).await?);
    let follows = config.watch.is_empty() && config.floor.is_none();
    let zone = session::zone(config);
    let mut cursor: Cursor = snapshot.cursor;
    let begun = session.clock.now();
    let mut said = begun.mono;
    let mut trouble = Trouble::default();
    loop {
        let now = session.clock.now();
        if now.mono.since(said) >= WANT.0 {
            watched = of(self::watched(session, config).await?);
            let wants: Vec<_> = watched.keys().map(|target| (target.clone(), Attention::Listed)).collect();
            let me = session.me.clone();
            session.store.call(move |s| s.want(&me, &wants, WANT.1)).await?;
            said = now.mono;
        }
        let at = cursor;
        let ((readings, next), status) = session.store.call(move |s| Ok((s.since(at, BATCH)?, s.status()?))).await?;
        cursor = next;
        // What an earlier poller said is no news.
        if let Some(status) = status.as_ref().filter(|s| s.at.boot == begun.boot && s.at.mono >= begun.mono) {
            trouble.tell(&status.link);
        }
        let sweep = status.map(|s| s.sweep);
        let stale_after = domain::stale_after(sweep.unwrap_or_default(), config.poll.min_interval);
        let full = readings.len() == BATCH;
        let mut lines = Vec::new();
        for reading in &readings {
            // Without targets of its own it tells what anybody reads.
            let watched = match watched.get(&reading.target) {
                Some(watched) => Some(watched),
                None if follows => None,
                None => continue,
            };
            let row = record(&mut rows, reading, &now);
            let view = View { now: &now, zone: &zone, stale_after };
            report::ndjson(&config.account.name, &Element::new(row, watched, &view), &mut lines)?;
        }
        let mut out = io::stdout().lock();
        match out.write_all(&lines).and_then(|()| out.flush()) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::Ok),
            result => result?,
        }
        drop(out);
        if !full {
            tokio::select! {
                () = session.notifiers.feed.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

/// What is watched now.
async fn watched(session: &Session, config: &Config) -> Result<Vec<Watched>, StoreError> {
    let (watch, floor) = (config.watch.clone(), config.floor.clone());
    session.store.call(move |s| store::watched_now(s, &watch, floor.as_deref())).await
}

/// Why nothing arrives: one line on standard error whenever the problem changes.
#[derive(Default)]
struct Trouble {
    told: Option<Problem>,
}

impl Trouble {
    fn tell(&mut self, link: &Link) {
        let Some(problem) = link.problem() else {
            if *link == Link::Live && self.told.take().is_some() {
                print_error("ahtop: answers arrive again");
            }
            return;
        };
        if self.told.replace(problem) != Some(problem) {
            print_error(&format!("ahtop: {}", link.sentence()));
        }
    }
}
