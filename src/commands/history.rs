//! `ahtop history export|prune|backtest`, and `ahtop report`: what the stored readings tell. Nothing is polled.

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
    sync::Arc,
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};

use super::{Failure, floor, print, print_error, progress::Progress, session, time_arg::time_arg};
use crate::{
    alert::{Noise, noise::Setting},
    alerting,
    app::follow,
    cli::{self, HistoryCommand, Output},
    config::{self, Config, Env, Id, Overrides, Watched},
    domain::{Now, Reading, SystemClock, Target, display_name},
    exit::Exit,
    report::{self, BacktestLook, Export, ShiftBuilder},
    store::{RangeQuery, Store, open},
};

/// Readings before a report's span that are looked at too, for alerts that were active when it began.
const LEAD: Duration = Duration::from_secs(3 * 3600);

/// A store that was opened to be read.
struct Past {
    config: Config,
    store: Arc<dyn Store>,
    zone: TimeZone,
    now: Now,
}

impl Past {
    fn open(flags: &Overrides, env: &Env) -> Result<Past, Failure> {
        let loaded = super::load(flags, env)?;
        print_error(&super::config::warnings(&loaded.warnings));
        let config = loaded.config;
        let opened = open(&session::place(&config, env)?, Arc::new(SystemClock::new()))?;
        for notice in &opened.notices {
            print_error(&notice.text);
        }
        Ok(Past { zone: session::zone(&config), now: opened.clock.now(), store: opened.store, config })
    }

    /// The same with the agents that were read from `from` on, where whoever is logged in is watched.
    fn since(self, from: Option<Timestamp>) -> Result<Past, Failure> {
        let config = floor::of_the_past(&self.config, &*self.store, from.unwrap_or(Timestamp::MIN))?;
        Ok(Past { config, ..self })
    }

    fn time_arg(&self, flag: &str, text: &str) -> Result<Timestamp, Failure> {
        time_arg(flag, text, self.now.wall, &self.zone)
    }

    /// Hands out the readings from `from` on, until `each` fails.
    fn range(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        mut progress: Progress,
        mut each: impl FnMut(&Reading) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let (mut failed, mut count) = (None, 0);
        self.store.range(&RangeQuery { target: None, from, to }, &mut |reading| match each(&reading) {
            Ok(()) => {
                count += 1;
                // A look at the clock for each would take longer than the reading.
                if count % 1000 == 0 {
                    progress.readings(count, "read");
                }
                true
            }
            Err(e) => {
                failed = Some(e);
                false
            }
        })?;
        failed.map_or(Ok(()), |e| Err(e.into()))
    }
}

/// `history …`
///
/// # Errors
/// Configuration, store, a moment that is none, standard output.
pub fn run(command: &HistoryCommand, flags: &Overrides, env: &Env) -> Result<Exit, Failure> {
    let past = Past::open(flags, env)?.since(None)?;
    match command {
        HistoryCommand::Export(args) => export(&past, args, flags, Progress::beside_output(args.quiet, env)),
        HistoryCommand::Prune(args) => prune(&past, Progress::new(args.quiet, env)),
        HistoryCommand::Backtest(args) => backtest(&past, args, Progress::new(args.quiet, env)),
    }
}

fn export(past: &Past, args: &cli::Export, flags: &Overrides, progress: Progress) -> Result<Exit, Failure> {
    let from = args.since.as_deref().map(|text| past.time_arg("--since", text)).transpose()?;
    let to = args.until.as_deref().map(|text| past.time_arg("--until", text)).transpose()?;
    let watched: BTreeMap<&Target, &Watched> = past.config.watch.iter().map(|w| (&w.target, w)).collect();
    let named = flags.values().any(|(id, _)| matches!(id, Id::Agents | Id::Campaigns | Id::AgentsCsv));
    let mut out = Export::begin(args.format, past.zone.clone(), BufWriter::new(io::stdout().lock()))?;
    past.range(from, to, progress, |reading| match watched.get(&reading.target) {
        None if named => Ok(()),
        watched => out.record(reading, watched.and_then(|w| w.label.as_deref())),
    })?;
    out.end()?;
    Ok(Exit::Ok)
}

fn prune(past: &Past, mut progress: Progress) -> Result<Exit, Failure> {
    let keep = past.config.history_keep;
    let mut gone = 0;
    loop {
        let pruned = past.store.prune(keep)?;
        gone += pruned.readings;
        progress.readings(gone, "deleted");
        if !pruned.more {
            break;
        }
    }
    drop(progress);
    let left = past.store.history()?;
    let keep = config::format_duration(keep);
    Ok(print(&format!("{gone} readings older than {keep} deleted, {} left\n", left.readings)))
}

fn backtest(past: &Past, args: &cli::Backtest, progress: Progress) -> Result<Exit, Failure> {
    let from = past.time_arg("--since", &args.since)?;
    let watched: BTreeMap<&Target, &Watched> = past.config.watch.iter().map(|w| (&w.target, w)).collect();
    if watched.values().all(|w| w.band.is_empty()) {
        print_error("no agent and no campaign has a band, so there are no alerts: set [bands]");
    }
    let settings = Setting::usual();
    let mut replay = Noise::new(alerting::policy(&past.config), settings.clone());
    past.range(Some(from), None, progress, |reading| {
        if let Some(watched) = watched.get(&reading.target) {
            replay.record(reading, &watched.band);
        }
        Ok(())
    })?;
    let name = |target: &Target| {
        let label = watched.get(target).and_then(|w| w.label.as_deref());
        display_name(label, None, &target.id).to_owned()
    };
    let look = BacktestLook { zone: &past.zone, shifts: args.shifts, all: args.all, name: &name };
    if args.format == Output::Json {
        return Ok(print(&report::backtest_json(&replay, &settings, &look)));
    }
    let mut out = BufWriter::new(io::stdout().lock());
    report::backtest(&replay, &settings, &look, &mut out)?;
    out.flush()?;
    Ok(Exit::Ok)
}

/// `report`
///
/// # Errors
/// Like [`run`].
pub fn shift(args: &cli::Report, flags: &Overrides, env: &Env) -> Result<Exit, Failure> {
    let past = Past::open(flags, env)?;
    let follows = past.config.watch.is_empty() && past.config.floor.is_none();
    let from = past.time_arg("--since", &args.since)?;
    let past = past.since(Some(from))?;
    let to = match &args.until {
        Some(text) => past.time_arg("--until", text)?,
        None => past.now.wall,
    };
    if from >= to {
        let message = match args.until {
            Some(_) => "--until must be after --since",
            None => "--since lies in the future",
        };
        return Err(Failure::new(Exit::Usage, message));
    }
    let watched = match &past.config.watch {
        // Who has no targets of its own reports on all that the store has read lately.
        _ if follows => follow::watch_list(&past.store.snapshot(Duration::ZERO)?.rows, &past.now),
        own => own.clone(),
    };
    let mut builder = ShiftBuilder::new(&watched, from, to, alerting::policy(&past.config));
    let lead = from.checked_sub(LEAD).unwrap_or(from);
    past.range(Some(lead), Some(to), Progress::new(args.quiet, env), |reading| {
        builder.record(reading);
        Ok(())
    })?;
    let (name, mut out) = (&past.config.account.name, BufWriter::new(io::stdout().lock()));
    report::shift(&builder.end(&past.now), name, &past.zone, args.format, &mut out)?;
    out.flush()?;
    Ok(Exit::Ok)
}
