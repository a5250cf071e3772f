//! `serve` is killed and begins anew on its store, while a scraper goes on asking.

use std::{collections::BTreeMap, time::Duration};

use ahtop::{
    domain::{Outcome, Row, Target},
    store::{DocumentStore, LeaseStore, LedgerStore, ReadingStore, SqliteStore},
};

use super::{
    metrics::{ACCEPT, value},
    openmetrics::{Series, read},
    serving::{Serving, address, ask, store},
};
use crate::live::{Home, Service, until};

type Sample = BTreeMap<Series, f64>;

/// What is scraped, one after the other.
struct Scraper {
    address: String,
    counters: Vec<Sample>,
}

impl Scraper {
    /// Nothing while nobody answers.
    fn scrape(&mut self) -> Option<Sample> {
        let answer = ask(&self.address, "/metrics", ACCEPT);
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let all = head.starts_with("HTTP/1.1 200 ").then(|| read(body))?;
        let is_counter = |name: &str| ["_total", "_bucket", "_count", "_sum"].iter().any(|s| name.ends_with(s));
        // What is about the process that listens is its own.
        let ours = all.iter().filter(|((name, _), _)| is_counter(name) && name.starts_with("ahtop_"));
        let counters: Sample = ours.map(|(series, value)| (series.clone(), *value)).collect();
        if !counters.is_empty() {
            self.counters.push(counters);
        }
        Some(all)
    }

    /// How much a counter has grown as Prometheus reckons it: where it is less than before it began at 0.
    fn increase(&self, series: &Series) -> f64 {
        let values = self.counters.iter().map(|counters| counters[series]);
        let grown = values.scan(0.0, |last, value| {
            let grown = if value < *last { value } else { value - *last };
            *last = value;
            Some(grown)
        });
        grown.sum()
    }

    /// Which scrapes have a counter that is less than in the one before.
    fn resets(&self) -> Vec<usize> {
        let less = |n: &usize| {
            let (before, after) = (&self.counters[n - 1], &self.counters[*n]);
            after.iter().any(|(series, value)| before.get(series).is_some_and(|b| value < b))
        };
        (1..self.counters.len()).filter(less).collect()
    }
}

/// All answers that are counted.
fn requests(all: &Sample) -> f64 {
    all.iter().filter(|((name, _), _)| name == "ahtop_requests_total").map(|(_, value)| value).sum()
}

/// True where `all` says what the store says; false where the store has gone on meanwhile.
fn equals(all: &Sample, store: &SqliteStore, targets: &[Target]) -> bool {
    let of = |name: &str, labels: &[(&str, &str)]| value(all, name, labels);
    let rows: BTreeMap<Target, Row> =
        store.snapshot(Duration::ZERO).unwrap().rows.into_iter().map(|r| (r.target.clone(), r)).collect();
    let figures = targets.iter().all(|target| {
        let labels = [("id", &*target.id)];
        let Some((outcome, at)) = rows.get(target).and_then(|row| row.good.as_ref().map(|(o, at)| (o, at))) else {
            return false;
        };
        let aht = match outcome {
            Outcome::Value(aht) => Some(f64::from(aht.secs())),
            _ => None,
        };
        let at = at.wall.as_millisecond() as f64 / 1000.0;
        of("ahtop_aht_seconds", &labels) == aht && of("ahtop_reading_timestamp_seconds", &labels) == Some(at)
    });
    let Some(status) = store.status().unwrap() else { return false };
    let totals = status.traffic.totals;
    let (usage, history) = (store.usage().unwrap(), store.history().unwrap());
    let counted: u64 = totals.replies.iter().sum();
    figures
        && requests(all) == counted as f64
        && of("ahtop_tokens_generated_total", &[]) == Some(totals.generated as f64)
        && of("ahtop_requests_used", &[]) == Some(f64::from(usage.used_60s))
        && of("ahtop_tokens_generated_last_hour", &[]) == Some(f64::from(usage.generated_1h))
        && of("ahtop_store_readings", &[]) == Some(history.readings as f64)
        && of("ahtop_poller_info", &[("role", "serve")]).is_some() == store.lease_holder().unwrap().is_some()
}

#[test]
fn a_restart_resets_the_counters_once_and_every_figure_is_the_stores() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let agents = [0, 1].map(|n| service.agent(n));
    let targets =
        [Target::campaign("COLLECT-IN"), Target::agent(agents[0].as_str()), Target::agent(agents[1].as_str())];
    let flags = ["--min-interval", "5s", "--presence", "off", "-C", "COLLECT-IN", "-a", &agents[0], "-a", &agents[1]];
    let mut scraper = Scraper { address: address(), counters: vec![] };
    let mut runs = vec![];
    for run in 0..2 {
        let mut serving = Serving::start(&home, &service, &scraper.address, &flags);
        // Those of this run: the ones of the last are told until the new poller has said something.
        let mut last = Sample::new();
        until("the requests are counted", || {
            last = scraper.scrape().unwrap_or_default();
            requests(&last) >= 6.0 && scraper.resets().len() == run
        });
        let store = store(&home);
        until("the figures are those of the store", || {
            scraper.scrape().is_some_and(|all| equals(&all, &store, &targets))
        });
        assert_eq!(value(&last, "ahtop_tokens_generated_total", &[]), Some(if run == 0 { 1.0 } else { 0.0 }));
        serving.kill();
        runs.push(value(&last, "process_start_time_seconds", &[]).unwrap());
    }
    assert!(runs[0] < runs[1], "{runs:?}");
    assert_eq!(scraper.resets().len(), 1, "all of them begin anew at once, with the new poller");
    let last = scraper.counters.last().unwrap();
    let grown: f64 = last.keys().filter(|(name, _)| name == "ahtop_requests_total").map(|s| scraper.increase(s)).sum();
    // A request that was under way when it was killed is counted by the service alone.
    let asked = service.sim.counters().aht_requests as f64;
    assert!(grown <= asked && grown >= 12.0, "{grown} {asked}");
}
