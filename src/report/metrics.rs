//! The metrics: what is watched, the service, the store, and this process.
//!
//! Bounded: at most 9 series for each agent and campaign that is watched, and 80 for the rest, whatever happens.
//! Values are those of the store, read at one moment.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    ALERT_STATES, Gathered, Naming,
    exposition::{Exposition, Label, Text, Type},
    gathered::link_states,
};
use crate::{
    alert::{Alert, AlertKind, Subject, is_crit},
    config::{Budget, Watched},
    domain::{Condition, Kind, Level, Problem, Row, clean_line},
    store::{ANSWER_CLASSES, ReplyKind, Role},
};

/// Longest value of a label in characters.
const LONGEST: usize = 300;

/// What metrics are made from, beside what the store holds.
#[derive(Clone, Copy, Debug)]
pub struct MetricsOptions<'a> {
    /// What is watched.
    pub watched: &'a [Watched],
    /// The account's limit.
    pub budget: Budget,
    /// `[poll] min_interval`.
    pub min_interval: Duration,
    /// What may be told of agents.
    pub naming: Naming,
    /// True where names stand beside ids.
    pub names: bool,
    /// The process that runs; `None` for one that ends at once.
    pub process: Option<Process>,
}

/// What the system says of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Process {
    /// When it began.
    pub started: Option<Timestamp>,
    /// How long it has computed.
    pub cpu: Option<Duration>,
    /// Its resident memory in bytes.
    pub memory: Option<u64>,
    /// Its open files, and how many it may have.
    pub files: Option<(u64, u64)>,
    /// Connections that are open to clients.
    pub connections: u64,
}

/// The metrics as text.
pub fn metrics(found: &Gathered, options: &MetricsOptions<'_>, form: Exposition) -> String {
    let mut text = Text::new(form);
    text.family("ahtop_build_info", Type::Gauge, "Which ahtop this is.");
    text.sample("ahtop_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    rows(&mut text, found, options);
    service(&mut text, found, options.budget);
    tokens(&mut text, found);
    alerts(&mut text, found, options.watched);
    processes(&mut text, found);
    store(&mut text, found);
    if let Some(process) = &options.process {
        this_process(&mut text, process);
    }
    text.finish()
}

/// A row with what names it.
struct Labelled<'a> {
    labels: Vec<(&'static str, String)>,
    watched: &'a Watched,
    row: Row,
    condition: Condition,
}

impl Labelled<'_> {
    fn labels(&self) -> Vec<Label<'_>> {
        self.labels.iter().map(|(name, text)| (*name, text.as_str())).collect()
    }
}

fn labels(watched: &Watched, row: &Row, options: &MetricsOptions<'_>) -> Vec<(&'static str, String)> {
    let id = options.naming.id(options.watched, &watched.target);
    let mut labels = vec![("kind", watched.target.kind.to_string()), ("id", clean_line(&id, LONGEST))];
    if let Some(name) = options.naming.name(watched, row).filter(|_| options.names) {
        labels.push(("name", clean_line(&name, LONGEST)));
    }
    labels
}

/// What is told of each target.
fn rows(text: &mut Text, found: &Gathered, options: &MetricsOptions<'_>) {
    let stale_after = found.stale_after(options.min_interval);
    let labelled = |(watched, row): (_, Row)| Labelled {
        labels: labels(watched, &row, options),
        condition: row.condition(&found.now, stale_after),
        watched,
        row,
    };
    let rows: Vec<Labelled<'_>> = found.watched(options.watched).into_iter().map(labelled).collect();
    let mut each = |name: &str, help: &str, value: &dyn Fn(&Watched, &Row, Condition) -> Option<f64>| {
        text.family(name, Type::Gauge, help);
        for line in &rows {
            if let Some(value) = value(line.watched, &line.row, line.condition) {
                text.sample(name, &line.labels(), value);
            }
        }
    };
    each(
        "ahtop_aht_seconds",
        "Average handling time of the last two hours, as it was read last.",
        &|_, row, condition| {
            let told = matches!(condition, Condition::Value | Condition::Stale | Condition::Failing);
            row.aht().filter(|_| told).map(|aht| f64::from(aht.secs()))
        },
    );
    each("ahtop_reading_timestamp_seconds", "When the last good reading was made.", &|_, row, _| {
        row.good.as_ref().map(|(_, at)| unix(at.wall))
    });
    each(
        "ahtop_band_level",
        "Where a fresh value lies in its band: -2 very low, -1 low, 0 inside, 1 high, 2 very high.",
        &|watched, row, condition| {
            let fresh = condition == Condition::Value && !watched.band.is_empty();
            row.aht().filter(|_| fresh).map(|aht| match watched.band.level(aht) {
                Level::LowCrit => -2.0,
                Level::LowWarn => -1.0,
                Level::Inside => 0.0,
                Level::HighWarn => 1.0,
                Level::HighCrit => 2.0,
            })
        },
    );
    text.family(
        "ahtop_condition",
        Type::Gauge,
        "The condition of a row: 1 for the one that it is in, 0 for the others.",
    );
    for line in &rows {
        for condition in Condition::ALL {
            let labels = [&line.labels()[..], &[("condition", condition.word())]].concat();
            text.sample("ahtop_condition", &labels, f64::from(u8::from(condition == line.condition)));
        }
    }
    text.family("ahtop_watched", Type::Gauge, "Agents and campaigns that are watched.");
    for kind in Kind::ALL {
        let count = options.watched.iter().filter(|w| w.target.kind == kind).count();
        text.sample("ahtop_watched", &[("kind", &kind.to_string())], number(count));
    }
}

/// The link to the service, and what it costs.
fn service(text: &mut Text, found: &Gathered, budget: Budget) {
    let state = found.link_state();
    text.family("ahtop_link_state", Type::Gauge, "The connection to the service: 1 for the state that it is in.");
    for word in link_states() {
        text.sample("ahtop_link_state", &[("state", word)], f64::from(u8::from(word == state)));
    }
    let mut gauge = |name: &str, help: &str, value: f64| text.single(name, Type::Gauge, help, value);
    let (limit, reserve) = (f64::from(budget.requests_per_minute), f64::from(budget.reserve));
    gauge("ahtop_request_limit", "Requests that the account has in any 60 seconds.", limit);
    gauge("ahtop_request_reserve", "Requests of these that are reserved for other clients.", reserve);
    let usage = found.usage;
    gauge("ahtop_requests_used", "Requests of the last 60 seconds that count.", f64::from(usage.used_60s));
    gauge("ahtop_throttled_last_hour", "Answers 'max limit exceeded' of the last hour.", f64::from(usage.throttled_1h));
    let Some(status) = &found.status else { return };
    gauge("ahtop_request_rate", "Requests in a minute, at the present rate.", status.rate);
    gauge(
        "ahtop_cycle_seconds",
        "How long a cycle takes: one round over all that is watched.",
        status.sweep.as_secs_f64(),
    );
    let at = unix(status.at.wall);
    gauge("ahtop_poller_status_timestamp_seconds", "When the process that checks the service last reported.", at);
    let totals = &status.traffic.totals;
    text.family("ahtop_requests", Type::Counter, "Requests by their result, since that process began.");
    for (kind, count) in ReplyKind::ALL.into_iter().zip(totals.replies) {
        text.sample("ahtop_requests_total", &[("outcome", outcome(kind))], number64(count));
    }
    let name = "ahtop_request_duration_seconds";
    text.family(name, Type::Histogram, "How long answers took, since that process began.");
    let mut sum = 0_u64;
    let bounds = ANSWER_CLASSES.iter().map(|ms| format!("{:?}", f64::from(*ms) / 1000.0)).chain(["+Inf".to_owned()]);
    for (bound, count) in bounds.zip(totals.answers) {
        sum = sum.saturating_add(count);
        text.sample(&format!("{name}_bucket"), &[("le", &bound)], number64(sum));
    }
    text.sample(&format!("{name}_count"), &[], number64(sum));
    text.sample(&format!("{name}_sum"), &[], number64(totals.took_ms) / 1000.0);
}

/// The label for a kind of reply.
const fn outcome(kind: ReplyKind) -> &'static str {
    match kind {
        ReplyKind::Value => "value",
        ReplyKind::NoCalls => "no_calls",
        ReplyKind::Invalid => "unknown_id",
        ReplyKind::Throttled => "throttled",
        ReplyKind::Rejected => "rejected",
        ReplyKind::Faulty => "faulty",
        ReplyKind::Lost => "no_answer",
    }
}

fn tokens(text: &mut Text, found: &Gathered) {
    if let Some(status) = &found.status {
        let totals = &status.traffic.totals;
        let mut counter = |name: &str, help: &str, count| text.single(name, Type::Counter, help, number64(count));
        counter("ahtop_tokens_generated", "Tokens generated, since that process began.", totals.generated);
        let help = "Tokens invalidated before their end, since that process began.";
        counter("ahtop_tokens_invalidated", help, totals.invalidated);
    }
    let usage = found.usage;
    let mut gauge = |name: &str, help: &str, value: f64| text.single(name, Type::Gauge, help, value);
    let generated = f64::from(usage.generated_1h);
    gauge("ahtop_tokens_generated_last_hour", "Tokens asked for in the last hour.", generated);
    let invalidated = f64::from(usage.invalidated_1h);
    gauge("ahtop_tokens_invalidated_last_hour", "Tokens invalidated before their end in the last hour.", invalidated);
    if let Some(left) = found.token_left {
        let ends = found.now.wall.checked_add(left).map_or_else(|_| unix(Timestamp::MAX), unix);
        gauge("ahtop_token_expiry_timestamp_seconds", "When the token ends.", ends);
    }
}

fn alerts(text: &mut Text, found: &Gathered, watched: &[Watched]) {
    let ours: Vec<&Alert> = found.active_alerts(watched);
    let level = |alert: &Alert| match &alert.kind {
        AlertKind::Band { level, .. } if is_crit(*level) => "crit",
        AlertKind::Band { .. } => "warn",
        AlertKind::Problem { .. } => "account",
    };
    text.family("ahtop_alerts", Type::Gauge, "Active alerts by level and by what people did about them.");
    for word in ["warn", "crit", "account"] {
        for state in ALERT_STATES {
            let count = ours.iter().filter(|a| level(a) == word && found.alert_state(a) == state).count();
            text.sample("ahtop_alerts", &[("level", word), ("state", state)], number(count));
        }
    }
    text.family("ahtop_account_alert", Type::Gauge, "1 while this alert about the account as a whole is active.");
    for problem in Problem::alerts() {
        let active = ours.iter().any(|a| a.id.subject == Subject::Problem(problem));
        text.sample("ahtop_account_alert", &[("cause", problem.word())], f64::from(u8::from(active)));
    }
}

/// Who polls, and who is here.
fn processes(text: &mut Text, found: &Gathered) {
    if let Some(poller) = &found.poller {
        text.family("ahtop_poller_info", Type::Gauge, "Which process checks the service.");
        text.sample("ahtop_poller_info", &[("host", &poller.host), ("role", poller.role.word())], 1.0);
    }
    text.family("ahtop_instances", Type::Gauge, "Running ahtops of the account, by what they do.");
    for role in [Role::Dashboard, Role::Serve, Role::Command] {
        let count = found.instances.iter().filter(|i| i.role == role).count();
        text.sample("ahtop_instances", &[("role", role.word())], number(count));
    }
}

fn store(text: &mut Text, found: &Gathered) {
    let mut gauge = |name: &str, help: &str, value: f64| text.single(name, Type::Gauge, help, value);
    gauge("ahtop_store_readings", "Readings that the store has.", number64(found.history.readings));
    gauge("ahtop_store_size_bytes", "Size of the store on the disk.", number64(found.history.bytes));
    if let Some(oldest) = found.history.oldest {
        gauge("ahtop_store_oldest_reading_timestamp_seconds", "When the oldest reading was made.", unix(oldest));
    }
}

fn this_process(text: &mut Text, process: &Process) {
    if let Some(cpu) = process.cpu {
        let help = "How long this process has computed.";
        text.single("process_cpu_seconds", Type::Counter, help, cpu.as_secs_f64());
    }
    let mut gauge = |name: &str, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            text.single(name, Type::Gauge, help, value);
        }
    };
    gauge("process_start_time_seconds", "When this process began.", process.started.map(unix));
    gauge("process_resident_memory_bytes", "Memory of this process.", process.memory.map(number64));
    gauge("process_open_fds", "Files that this process has open.", process.files.map(|(open, _)| number64(open)));
    gauge("process_max_fds", "Files that it may have open.", process.files.map(|(_, most)| number64(most)));
    gauge("ahtop_http_connections", "Connections to clients of the listener.", Some(number64(process.connections)));
}

/// Seconds since 1970, to the millisecond.
fn unix(at: Timestamp) -> f64 {
    // Milliseconds of this age of the world are far below where f64 loses whole numbers.
    at.as_millisecond() as f64 / 1000.0
}

fn number(n: usize) -> f64 {
    number64(u64::try_from(n).unwrap_or(u64::MAX))
}

fn number64(n: u64) -> f64 {
    n as f64
}
