//! The view of the budget: requests, replies, token; cycle, ages, who checks and who watches, history.

use std::time::Duration;

use crate::{
    config::Budget,
    domain::{GENERATIONS_PER_HOUR, plural, sentences, times},
    poll::plan::Plan,
    store::{HistoryInfo, Instance, Usage},
    ui::cells,
};

pub(crate) const BUDGET: &str = "Budget";
/// The two halves, where they stand side by side.
pub(crate) const HALVES: [&str; 2] = ["Requests", "Ages and dashboards"];

// What the lines are about.

pub(crate) const LAST_MINUTE: &str = "last 60 s";
pub(crate) const PACE: &str = "pace";
pub(crate) const THROTTLED: &str = "throttled";
pub(crate) const REPLIES: &str = "replies";
pub(crate) const LATENCY: &str = "latency";
pub(crate) const TOKEN: &str = "token";
pub(crate) const GENERATED: &str = "generated";
pub(crate) const CYCLE: &str = "cycle";
pub(crate) const NEXT_CHECK: &str = "next check";
pub(crate) const STALE_AFTER: &str = "stale after";
pub(crate) const PLAN: &str = "plan";
pub(crate) const LOGINS: &str = "logins";
pub(crate) const AGES: &str = "ages";
pub(crate) const CHECKED_BY: &str = "checked by";
pub(crate) const DASHBOARDS: &str = "dashboards";
pub(crate) const MEMORY: &str = "memory";
pub(crate) const HISTORY: &str = "history";

// Requests.

sentences! {
    fn other_clients(others: f64) = "other clients use about {others:.0} a minute";
    fn replies(n: u32) = "{n} in the last hour";
    /// What the sparks of the latency show.
    fn sparks(minutes: usize, top: u64) = "{minutes} min, up to {top} ms";
}

pub(crate) fn used(usage: &Usage, budget: &Budget) -> String {
    let under_way = if usage.in_flight > 0 { format!(", {} under way", usage.in_flight) } else { String::new() };
    format!("{} of {}{under_way}; {} reserved", usage.used_60s, budget.requests_per_minute, budget.reserve)
}

/// `from`: what it would be without other clients.
pub(crate) fn pace(rate: f64, from: Option<u32>) -> String {
    let slowed = from.map_or_else(String::new, |from| format!(", slowed from {from}"));
    format!("{:.0} a minute{slowed}", rate.max(0.0))
}

pub(crate) fn throttled(n: u32) -> String {
    if n == 0 { "not in the last hour".into() } else { format!("{} in the last hour", times(n)) }
}

/// The latency of now, and the slowest.
pub(crate) fn latency(ms: Option<(u32, u32)>) -> String {
    match ms {
        Some((now, slowest)) => format!("{now} ms, slowest in the last hour {slowest} ms"),
        None => "no answer in the last hour".into(),
    }
}

pub(crate) fn token(left: Option<Duration>, usage: &Usage) -> String {
    match left {
        Some(left) => format!("expires in {}", cells::span(left)),
        None if usage.generated_1h > 0 => "none now".into(),
        None => "none".into(),
    }
}

pub(crate) fn generated(usage: &Usage) -> String {
    let invalidated = match usage.invalidated_1h {
        0 => String::new(),
        n => format!(", {n} invalidated by other clients"),
    };
    format!("{} of {GENERATIONS_PER_HOUR} this hour{invalidated}", usage.generated_1h)
}

// Ages and dashboards.

pub(crate) const CYCLE_NOT_KNOWN: &str = "not known yet";
pub(crate) const NOBODY: &str = "nobody now";

sentences! {
    fn cycle(cycle: Duration, watched: u32, resting: u32) =
        "{} for {watched} watched{}", cells::age(Some(cycle)), super::at_rest(resting as usize);
    fn planned_readings(n: f64) = "{n:.0} readings in two hours";
}

pub(crate) fn plan(plan: &Plan) -> String {
    let age = |age| cells::age(Some(age));
    format!("cycle {}, mean age {}, oldest {}", age(plan.cycle), age(plan.mean_age), age(plan.oldest_age))
}

pub(crate) fn expected_error(secs: Option<f64>) -> String {
    let error = secs.map_or_else(|| "not known yet: not enough history".into(), |secs| format!("{secs:.1} s"));
    format!("expected error {error}")
}

pub(crate) fn ages(n: u32) -> String {
    plural(n, "reading")
}

/// Between two ages; without the second: from the first one on.
pub(crate) fn age(from: Duration, to: Option<Duration>) -> String {
    let from = cells::age(Some(from));
    if to.is_some() { format!("{from}-{}", cells::age(to)) } else { format!("over {from}") }
}

/// `me`: that it is this one.
pub(crate) fn dashboard(instance: &Instance, me: bool) -> String {
    let text = instance.full_label();
    if me { format!("{}, {text}", super::THIS_DASHBOARD) } else { text }
}

pub(crate) fn history(history: &HistoryInfo, since: Option<String>) -> String {
    let size = if history.bytes > 0 { format!(", {}", bytes(history.bytes)) } else { String::new() };
    let since = since.map_or_else(String::new, |since| format!(", since {since}"));
    format!("{}{size}{since}", plural(history.readings, "reading"))
}

/// A size as people read it.
pub(crate) fn bytes(n: u64) -> String {
    match n {
        0..100_000 => format!("{} kB", n / 1000),
        100_000..1_000_000_000 => format!("{}.{} MB", n / 1_000_000, n / 100_000 % 10),
        _ => format!("{}.{} GB", n / 1_000_000_000, n / 100_000_000 % 10),
    }
}
