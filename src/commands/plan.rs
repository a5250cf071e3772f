//! `ahtop plan`: what the configuration costs and gives, without asking the service.

use std::{collections::BTreeSet, fmt::Write, sync::Arc};

use serde::Serialize;

use super::{Done, session};
use crate::{
    app::text::age,
    cli::Output,
    config::{Config, Env, Overrides, Watched},
    domain::{Kind, Series, SystemClock, plural},
    exit::Exit,
    poll::plan::{self, Plan},
    report::SCHEMA,
    store::{self, Standing, StoreError, peek, settled},
};

/// Prints the plan of all that is watched.
pub fn run(format: Output, flags: &Overrides, env: &Env) -> Done {
    let config = match super::load(flags, env) {
        Ok(loaded) => loaded.config,
        Err(errors) => return Done::failed(Exit::Config, errors.to_string()),
    };
    // The arithmetic stands without a history.
    let (Known { series, resting, refused, floor }, err) = match known(&config, env) {
        Ok(known) => (known, String::new()),
        Err(e) => (Known::default(), format!("{e}\n")),
    };
    let interval = (config.presence.auto && !refused).then_some(config.presence.interval);
    let logins = plan::Logins { interval, resting };
    let known = floor.is_some();
    let watch = floor.unwrap_or_else(|| most(&config));
    let plan = plan::plan(&watch, config.budget, config.poll.min_interval, logins);
    let busy = plan.cycle > config.poll.min_interval;
    let error = plan::expected_error(&series, plan.cycle, busy);
    let done = match format {
        Output::Text => Done::ok(page(&plan, &config, error, series.len(), known)),
        Output::Json => Done::json(&Element::new(&plan, &config, error)),
    };
    Done { err, ..done }
}

/// What is stored of what is watched.
#[derive(Default)]
struct Known {
    series: Vec<Series>,
    /// How many rest.
    resting: usize,
    /// The account does not list who is logged in.
    refused: bool,
    /// All that is watched now, where that is whoever is logged in and it is known who is.
    floor: Option<Vec<Watched>>,
}

/// The most that `config` watches: as long as it is not known who is logged in, that is what is reckoned with.
fn most(config: &Config) -> Vec<Watched> {
    let agents = config
        .floor
        .iter()
        .flat_map(|floor| (0..floor.max_agents).map(|i| floor.watched(&format!("agent {i}").into())));
    config.watch.iter().cloned().chain(agents).collect()
}

/// Reads it; nothing where nothing is stored.
fn known(config: &Config, env: &Env) -> Result<Known, StoreError> {
    let Ok(place) = session::place(config, env) else { return Ok(Known::default()) };
    let Some(store) = peek(&place, Arc::new(SystemClock::new()))? else { return Ok(Known::default()) };
    let ((mut rows, presence), now) = (store::rows_and_presence(&*store, Series::SPAN)?, store.now());
    let listed = presence.as_ref().filter(|presence| presence.picture.is_some());
    let floor = config.floor.as_ref().zip(listed).map(|(floor, listed)| {
        settled(&config.watch, floor, Some(listed), &rows, &now).unwrap_or_else(|| config.watch.clone())
    });
    let watched: BTreeSet<_> = floor.as_ref().unwrap_or(&config.watch).iter().map(|w| &w.target).collect();
    rows.retain(|target, _| watched.contains(target));
    let refused = presence.is_some_and(|presence| matches!(presence.standing, Standing::Refused { .. }));
    let resting = rows.values().filter(|row| row.resting(&now).is_some()).count();
    Ok(Known { series: rows.into_values().map(|row| row.series).collect(), resting, refused, floor })
}

/// The plan in JSON.
#[derive(Serialize)]
struct Element {
    schema: u32,
    account: String,
    campaigns: usize,
    agents: usize,
    /// Of the agents, those that are logged out and have no calls now: they are checked rarely.
    agents_at_rest: usize,
    /// So many agents are watched at most; null where they are listed in the configuration.
    max_agents: Option<usize>,
    /// Requests a minute that are sent when all goes well, of those that the account has.
    requests_per_minute: f64,
    limit: u32,
    left_for_other_clients: f64,
    cycle_s: f64,
    mean_age_s: f64,
    oldest_age_s: f64,
    readings_per_window: f64,
    /// Null where too little is stored.
    expected_error_s: Option<f64>,
    advice: Vec<String>,
}

impl Element {
    fn new(plan: &Plan, config: &Config, error: Option<f64>) -> Self {
        Element {
            schema: SCHEMA,
            account: config.account.name.clone(),
            campaigns: plan.campaigns,
            agents: plan.agents + plan.resting,
            agents_at_rest: plan.resting,
            max_agents: config.floor.as_ref().map(|floor| floor.max_agents),
            requests_per_minute: tenths(plan.rate),
            limit: config.budget.requests_per_minute,
            left_for_other_clients: tenths(plan.left),
            cycle_s: tenths(plan.cycle.as_secs_f64()),
            mean_age_s: tenths(plan.mean_age.as_secs_f64()),
            oldest_age_s: tenths(plan.oldest_age.as_secs_f64()),
            readings_per_window: tenths(plan.readings),
            expected_error_s: error.map(tenths),
            advice: plan.advice.iter().map(ToString::to_string).collect(),
        }
    }
}

/// `stored`: of how many something is stored; `known`: who is logged in is.
fn page(plan: &Plan, config: &Config, error: Option<f64>, stored: usize, known: bool) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String, meaning: &str| {
        let text = format!("{name:<15} {value:>8}  {meaning}");
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}", text.trim_end());
    };
    let agents = plan.agents + plan.resting;
    let watched = plan.campaigns + agents;
    let kinds = format!("{}, {}", plural(plan.campaigns, Kind::Campaign), plural(agents, Kind::Agent));
    line("watched", watched.to_string(), &kinds);
    if let Some(floor) = &config.floor {
        let most = floor.max_agents;
        let meaning = match known {
            true => format!("watched now: whoever is logged in, at most {most}"),
            false => format!("who is logged in is not known yet: this is about {most}, the most that are watched"),
        };
        line("agents", if known { agents.to_string() } else { "?".into() }, &meaning);
    }
    if plan.resting > 0 {
        line("at rest", plan.resting.to_string(), "logged out and without calls now: checked every 10 minutes or so");
    }
    line(
        "requests",
        format!("{:.0}/min", plan.rate),
        &format!("of {}; {:.0} are reserved or free for other clients", config.budget.requests_per_minute, plan.left),
    );
    if plan.looks > 0.0 {
        line("logins", format!("{}/min", tenths(plan.looks)), "of these requests ask who is logged in");
    }
    let rest = if plan.resting > 0 { ", but for what is at rest" } else { "" };
    line("cycle", age(plan.cycle), &format!("until everything that is watched was checked once{rest}"));
    line("mean age", age(plan.mean_age), "of a shown value");
    line("oldest age", age(plan.oldest_age), "at most, while the service answers");
    line("readings", format!("{:.0}", plan.readings), "of each within the two hours that its value is about");
    match error {
        Some(error) => line(
            "expected error",
            format!("{error:.1} s"),
            &format!("mean of |shown - true|, from the stored history of {stored}"),
        ),
        None => line("expected error", "?".into(), "not enough history is stored yet"),
    }
    for advice in &plan.advice {
        let _ = writeln!(out, "advice: {advice}");
    }
    out
}

fn tenths(n: f64) -> f64 {
    (n * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        config::Id,
        domain::{Aht, Clock, Outcome, Reading, Target},
        store::{Presence, ReadingStore, Resting, SqliteStore, write_presence},
    };

    fn flags(agents: usize) -> Overrides {
        let mut flags = Overrides::default();
        flags.set(Id::UserName, "acme");
        (0..agents).for_each(|i| flags.set(Id::Agents, format!("a{i}")));
        flags
    }

    #[test]
    fn the_arithmetic_needs_no_store_and_makes_none() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::of([("AHTOP_STATE_DIR", dir.path().to_str().unwrap())]);
        let done = run(Output::Text, &flags(180), &env);
        assert_eq!(
            done.out,
            "watched              180  0 campaigns, 180 agents\n\
             requests          45/min  of 50; 5 are reserved or free for other clients\n\
             logins             1/min  of these requests ask who is logged in\n\
             cycle               4:05  until everything that is watched was checked once\n\
             mean age            2:34  of a shown value\n\
             oldest age         12:16  at most, while the service answers\n\
             readings              29  of each within the two hours that its value is about\n\
             expected error         ?  not enough history is stored yet\n\
             advice: without the reserve of 5 requests a minute: cycle 4:05 → 3:40\n"
        );
        assert_eq!((done.err.as_str(), done.exit), ("", Exit::Ok));
        let json: serde_json::Value = serde_json::from_str(&run(Output::Json, &flags(180), &env).out).unwrap();
        assert_eq!((&json["schema"], &json["agents"], &json["cycle_s"]), (&1.into(), &180.into(), &245.5.into()));
        assert_eq!((&json["agents_at_rest"], &json["requests_per_minute"]), (&0.into(), &45.0.into()));
        let mut off = flags(180);
        off.set(Id::PresenceMode, "off");
        assert!(run(Output::Text, &off, &env).out.contains("cycle               4:00  until"));
        assert!(json["expected_error_s"].is_null() && json["advice"][0].is_string(), "{json}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn who_is_at_rest_does_not_take_turns() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::of([("AHTOP_STATE_DIR", dir.path().to_str().unwrap())]);
        let clock = Arc::new(SystemClock::new());
        let store = SqliteStore::open(&dir.path().join("acme.db"), clock.clone()).unwrap();
        let target = Target::agent("a0");
        let at = clock.now().stamp();
        let reading = Reading { target: target.clone(), at, outcome: Outcome::NoCalls, name: None };
        store.append(&[reading]).unwrap();
        let minute = Duration::from_secs(60);
        let resting = Resting::new([(&target, minute * 10)], minute);
        let presence = Presence::default().listed(vec![], true, minute, &clock.now()).with_resting(resting);
        write_presence(&store, &presence, &mut 0).unwrap();
        drop(store);
        let done = run(Output::Text, &flags(180), &env);
        for part in ["watched              180", "at rest                1  logged out", "cycle               4:04"] {
            assert!(done.out.contains(part), "{part}: {}", done.out);
        }
        let json: serde_json::Value = serde_json::from_str(&run(Output::Json, &flags(180), &env).out).unwrap();
        assert_eq!((&json["agents"], &json["agents_at_rest"]), (&180.into(), &1.into()));
    }

    #[test]
    fn a_stored_history_tells_the_error_to_expect() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::of([("AHTOP_STATE_DIR", dir.path().to_str().unwrap())]);
        let clock = Arc::new(SystemClock::new());
        let store = SqliteStore::open(&dir.path().join("acme.db"), clock.clone()).unwrap();
        let now = clock.now();
        // A value that moves by 6 s a minute differs by 6 s over a cycle of one minute: half of that on average.
        for minute in (1..60u32).rev() {
            let mut at = now.stamp();
            at.mono = now.mono - Duration::from_secs(u64::from(minute) * 60);
            let outcome = Outcome::Value(Aht::from_secs(300 + 6 * (minute % 2)));
            store.append(&[Reading { target: Target::agent("a0"), at, outcome, name: None }]).unwrap();
        }
        drop(store);
        let done = run(Output::Text, &flags(1), &env);
        assert!(done.out.contains("expected error     3.0 s  mean of |shown - true|"), "{}", done.out);
    }
}
