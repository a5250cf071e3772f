//! `ahtop plan`: what the configuration costs and gives, reckoned without asking the service.

use std::{collections::BTreeSet, fmt::Write, sync::Arc};

use super::{Done, session};
use crate::{
    app::text::age,
    config::{Config, Env, Overrides},
    domain::{Series, SystemClock},
    exit::Exit,
    poll::plan::{self, Plan},
    store::{StoreError, peek},
};

/// Prints the plan of the configured targets.
pub fn run(flags: &Overrides, env: &Env) -> Done {
    let config = match super::load(flags, env) {
        Ok(loaded) => loaded.config,
        Err(errors) => return Done::failed(Exit::Config, errors.to_string()),
    };
    let plan = plan::plan(&config.watch, config.budget, config.poll.min_interval);
    match history(&config, env) {
        Ok(series) => Done::ok(page(&plan, &config, &series)),
        // The arithmetic stands without a history.
        Err(e) => Done { err: format!("{e}\n"), ..Done::ok(page(&plan, &config, &[])) },
    }
}

/// The stored past of what is watched; nothing where nothing is stored. Reads only.
fn history(config: &Config, env: &Env) -> Result<Vec<Series>, StoreError> {
    let Ok(place) = session::auto_path(config, env) else { return Ok(Vec::new()) };
    let Some(store) = peek(&config.store_url, &place, Arc::new(SystemClock::new()))? else { return Ok(Vec::new()) };
    let watched: BTreeSet<_> = config.watch.iter().map(|w| &w.target).collect();
    let rows = store.snapshot(Series::SPAN)?.rows;
    Ok(rows.into_iter().filter(|row| watched.contains(&row.target)).map(|row| row.series).collect())
}

fn page(plan: &Plan, config: &Config, series: &[Series]) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String, meaning: &str| {
        let text = format!("{name:<15} {value:>8}  {meaning}");
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}", text.trim_end());
    };
    let targets = plan.campaigns + plan.agents;
    line("targets", targets.to_string(), &format!("{} campaigns, {} agents", plan.campaigns, plan.agents));
    line(
        "requests",
        format!("{:.0}/min", plan.rate),
        &format!("of {}; {:.0} are left to others", config.budget.requests_per_minute, plan.left),
    );
    line("cycle", age(plan.cycle), "until every target has had a turn");
    line("mean age", age(plan.mean_age), "of a shown value");
    line("oldest age", age(plan.oldest_age), "at most, while the service answers");
    line("readings", format!("{:.0}", plan.readings), "of each target within the two hours that its value is about");
    let busy = plan.cycle > config.poll.min_interval;
    match plan::expected_error(series, plan.cycle, busy) {
        Some(error) => line(
            "expected error",
            format!("{error:.1} s"),
            &format!("mean of |shown - true|, from the stored history of {} targets", series.len()),
        ),
        None => line("expected error", "?".into(), "not enough history is stored yet"),
    }
    for advice in &plan.advice {
        let _ = writeln!(out, "advice: {advice}");
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        config::Id,
        domain::{Aht, Clock, Outcome, Reading, Target},
        store::{ReadingStore, SqliteStore},
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
        let done = run(&flags(180), &env);
        assert_eq!(
            done.out,
            "targets              180  0 campaigns, 180 agents\n\
             requests          45/min  of 50; 5 are left to others\n\
             cycle               4:00  until every target has had a turn\n\
             mean age            2:31  of a shown value\n\
             oldest age         12:00  at most, while the service answers\n\
             readings              30  of each target within the two hours that its value is about\n\
             expected error         ?  not enough history is stored yet\n\
             advice: without the reserve of 5 requests a minute: cycle 4:00 → 3:36\n"
        );
        assert_eq!((done.err.as_str(), done.exit), ("", Exit::Ok));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
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
        let done = run(&flags(1), &env);
        assert!(done.out.contains("expected error     3.0 s  mean of |shown - true|"), "{}", done.out);
    }
}
