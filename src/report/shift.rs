//! The shift report: what the readings of a span say of each target. Fed with readings one by one; what it keeps
//! does not grow with their number.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use crate::{
    alert::{AlertEvent, AlertKind, AlertRegistry, EndReason, Policy, Step, Subject},
    config::Watched,
    domain::{Aht, Kind, Level, Now, Outcome, Reading, Target, display_name},
};

/// Columns of a chart.
const BUCKETS: usize = 240;

#[derive(Clone, Debug)]
pub struct Shift {
    /// From this moment (inclusive).
    pub from: Timestamp,
    /// To this moment (exclusive).
    pub to: Timestamp,
    /// What the charts cover: the part of the span from which anything is known; the span itself where nothing is.
    pub known: (Timestamp, Timestamp),
    /// The targets in the order of the configuration.
    pub rows: Vec<ShiftRow>,
}

#[derive(Clone, Debug)]
pub struct ShiftRow {
    /// What the configuration says of it.
    pub watched: Watched,
    /// The label, else the service's name, else the id; not cleaned.
    pub name: String,
    /// The first value of the span.
    pub start: Option<Aht>,
    /// The last value.
    pub end: Option<Aht>,
    /// Half of the values read are at most this.
    pub median: Option<Aht>,
    /// How long the fresh value lay outside of the band.
    pub outside: Duration,
    /// How much of the span had a fresh answer, 0 to 1; *no calls* is one.
    pub coverage: f64,
    /// The alerts that were active in the span.
    pub alerts: Vec<Stretch>,
    /// The last value of each part of what is known, oldest first; `None` where there were no calls or no answers.
    pub chart: Vec<Option<Aht>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Since when it was so, as the screen tells it: the dwell is part of it.
    pub from: Timestamp,
    /// When it ended and why; `None`: it went on.
    pub to: Option<(Timestamp, EndReason)>,
    pub worst: Level,
}

impl Shift {
    /// The rows of `kind`, the worst first: by how long they lay outside of their band, then by their alerts.
    pub fn worst_first(&self, kind: Kind) -> Vec<&ShiftRow> {
        let mut rows: Vec<&ShiftRow> = self.rows.iter().filter(|row| row.watched.target.kind == kind).collect();
        rows.sort_by_key(|row| (std::cmp::Reverse((row.outside, row.alerts.len())), row.median.is_none()));
        rows
    }

    /// The alerts with their rows, oldest first.
    pub fn alerts(&self) -> Vec<(&ShiftRow, &Stretch)> {
        let mut all: Vec<_> = self.rows.iter().flat_map(|row| row.alerts.iter().map(move |a| (row, a))).collect();
        all.sort_by_key(|(_, alert)| alert.from);
        all
    }
}

impl ShiftRow {
    /// Where its last value lies; `None` without one, or without a band.
    pub fn level(&self) -> Option<Level> {
        self.end.filter(|_| !self.watched.band.is_empty()).map(|aht| self.watched.band.level(aht))
    }
}

impl Stretch {
    /// How much of it lies in the span.
    pub fn within(&self, from: Timestamp, to: Timestamp) -> Duration {
        let end = self.to.map_or(to, |(at, _)| at).min(to);
        between(self.from.max(from), end)
    }
}

#[derive(Clone, Debug)]
pub struct ShiftBuilder {
    from: Timestamp,
    to: Timestamp,
    policy: Policy,
    registry: AlertRegistry,
    targets: BTreeMap<Target, Track>,
    /// Where charts begin: the first moment of the span with an answer.
    begin: Option<Timestamp>,
    order: Vec<Watched>,
}

#[derive(Clone, Debug)]
struct Track {
    watched: Watched,
    name: Option<String>,
    start: Option<Aht>,
    end: Option<Aht>,
    values: BTreeMap<Aht, u32>,
    /// The last good answer: when, and what.
    last: Option<(Timestamp, Option<Aht>)>,
    covered: Duration,
    outside: Duration,
    alerts: Vec<Stretch>,
    chart: Vec<Option<Aht>>,
}

/// From `from` to `to`; zero where that is backwards.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    let ms = to.as_millisecond().saturating_sub(from.as_millisecond());
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

impl ShiftBuilder {
    /// A report on `watched` from `from` to `to`, with alerts by `policy`.
    pub fn new(watched: &[Watched], from: Timestamp, to: Timestamp, policy: Policy) -> Self {
        let track = |w: &Watched| Track {
            watched: w.clone(),
            name: None,
            start: None,
            end: None,
            values: BTreeMap::new(),
            last: None,
            covered: Duration::ZERO,
            outside: Duration::ZERO,
            alerts: Vec::new(),
            chart: vec![None; BUCKETS],
        };
        let targets = watched.iter().map(|w| (w.target.clone(), track(w))).collect();
        ShiftBuilder {
            from,
            to,
            policy,
            registry: AlertRegistry::default(),
            targets,
            begin: None,
            order: watched.to_vec(),
        }
    }

    /// Takes in a reading. They come in the order of the store, from a few hours before the span on, so that alerts
    /// that were active at its begin are known.
    pub fn record(&mut self, reading: &Reading) {
        let Some(track) = self.targets.get_mut(&reading.target) else { return };
        if reading.at.wall >= self.to {
            return;
        }
        let events = self.registry.record(reading, &track.watched.band, &self.policy);
        let stale_after = self.policy.rules(reading.target.kind).stale_after;
        let answer = matches!(reading.outcome, Outcome::Value(_) | Outcome::NoCalls);
        // Readings come in their order: the first one that is known within the span begins the charts.
        let holds = reading.at.wall.checked_add(stale_after).unwrap_or(Timestamp::MAX) > self.from;
        if self.begin.is_none() && answer && holds {
            self.begin = Some(reading.at.wall.max(self.from));
        }
        let begin = self.begin.unwrap_or(self.from);
        track.record(reading, (self.from, self.to), begin, stale_after);
        self.alerts(events);
    }

    fn alerts(&mut self, events: Vec<AlertEvent>) {
        for event in events {
            let Subject::Target(target) = &event.id.subject else { continue };
            let Some(track) = self.targets.get_mut(target) else { continue };
            let AlertKind::Band { level, worst, .. } = event.kind else { continue };
            match event.step {
                Step::Started => {
                    let from = self.registry.about(&event.id.subject).map_or(event.at.wall, |alert| alert.since.wall);
                    track.alerts.push(Stretch { from, to: None, worst: level });
                }
                Step::Ended { why, .. } => {
                    if let Some(last) = track.alerts.last_mut() {
                        (last.to, last.worst) = (Some((event.at.wall, why)), worst);
                    }
                }
                _ => {
                    if let Some(last) = track.alerts.last_mut() {
                        last.worst = worst;
                    }
                }
            }
        }
    }

    /// The report; `now` ends alerts whose data has been silent for too long.
    pub fn end(mut self, now: &Now) -> Shift {
        let lost = self.registry.tick(now);
        self.alerts(lost);
        let (from, to) = (self.from, self.to);
        let begin = self.begin.unwrap_or(from);
        let span = between(from, to).as_secs_f64().max(1.0);
        let rows = self.order.iter().filter_map(|w| {
            let mut track = self.targets.remove(&w.target)?;
            track.hold(to, (from, to), begin, self.policy.rules(w.target.kind).stale_after);
            track.alerts.retain(|a| a.to.is_none_or(|(at, _)| at > from) && a.from < to);
            Some(ShiftRow {
                name: display_name(w.label.as_deref(), track.name.as_deref(), &w.target.id).to_owned(),
                median: track.median(),
                start: track.start,
                end: track.end,
                outside: track.outside,
                coverage: (track.covered.as_secs_f64() / span).clamp(0.0, 1.0),
                alerts: track.alerts,
                chart: track.chart,
                watched: track.watched,
            })
        });
        let mut rows: Vec<ShiftRow> = rows.collect();
        // What lies behind the last value of all is not drawn.
        let last = rows.iter().filter_map(|row| row.chart.iter().rposition(Option::is_some)).max();
        let kept = last.map_or(BUCKETS, |last| last + 1);
        rows.iter_mut().for_each(|row| row.chart.truncate(kept));
        let part = between(begin, to).as_millis() * kept as u128 / BUCKETS as u128;
        let end = begin.checked_add(Duration::from_millis(u64::try_from(part).unwrap_or(0))).unwrap_or(to);
        Shift { from, to, known: (begin, end.min(to)), rows }
    }
}

impl Track {
    fn record(
        &mut self,
        reading: &Reading,
        span: (Timestamp, Timestamp),
        charted_from: Timestamp,
        stale_after: Duration,
    ) {
        if let Some(name) = reading.name.as_deref().filter(|n| !n.trim().is_empty()) {
            self.name = Some(name.to_owned());
        }
        let aht = match &reading.outcome {
            Outcome::Value(aht) => Some(*aht),
            Outcome::NoCalls => None,
            Outcome::Invalid | Outcome::Failed(_) => return,
        };
        let at = reading.at.wall;
        self.hold(at, span, charted_from, stale_after);
        self.last = Some((at, aht));
        if let Some(aht) = aht.filter(|_| at >= span.0) {
            self.start.get_or_insert(aht);
            self.end = Some(aht);
            *self.values.entry(aht).or_default() += 1;
        }
    }

    /// The last answer holds until `at`, as long as it is fresh.
    fn hold(
        &mut self,
        at: Timestamp,
        (from, to): (Timestamp, Timestamp),
        charted_from: Timestamp,
        stale_after: Duration,
    ) {
        let Some((since, aht)) = self.last else { return };
        let fresh = since.checked_add(stale_after).unwrap_or(Timestamp::MAX);
        let (begin, end) = (since.max(from), at.min(fresh).min(to));
        let held = between(begin, end);
        self.covered += held;
        if aht.is_some_and(|a| self.watched.band.level(a) != Level::Inside) {
            self.outside += held;
        }
        let whole = between(charted_from, to).as_millis().max(1);
        let bucket = |t: Timestamp| {
            let part = between(charted_from, t).as_millis() * self.chart.len() as u128 / whole;
            usize::try_from(part).unwrap_or(usize::MAX)
        };
        if begin < end {
            let (first, last) = (bucket(begin), bucket(end).min(self.chart.len().saturating_sub(1)));
            if let Some(part) = self.chart.get_mut(first..=last.max(first)) {
                part.fill(aht);
            }
        }
    }

    fn median(&self) -> Option<Aht> {
        let n: u64 = self.values.values().map(|c| u64::from(*c)).sum();
        let mut before = 0;
        self.values.iter().find_map(|(aht, count)| {
            before += u64::from(*count);
            (before * 2 >= n).then_some(*aht)
        })
    }
}
