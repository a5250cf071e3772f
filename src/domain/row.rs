//! What is known of one target now, made from its readings: the last good value, its age, and what is wrong if anything.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Aht, EventTime, Now, Outcome, Reading, Rest, Series, Target};

/// The state of a row. Each has its own glyph, word and colour on the screen; the words here are also those of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    Value,
    /// Freshly told: no outbound call in the last two hours.
    NoCalls,
    /// Never asked yet.
    Waiting,
    /// The last good reading is older than it should be.
    Stale,
    /// The service does not know this id.
    Invalid,
    /// Asked, but no good answer yet, or failing again and again while the value grows old.
    #[serde(rename = "no_answer")]
    Failing,
}

impl Condition {
    /// All of them, in the order of the enum.
    pub const ALL: [Condition; 6] = [
        Condition::Value,
        Condition::NoCalls,
        Condition::Waiting,
        Condition::Stale,
        Condition::Invalid,
        Condition::Failing,
    ];

    /// The word of the JSON output: `value`, `no_calls`, `waiting`, `stale`, `invalid`, `no_answer`.
    pub const fn word(self) -> &'static str {
        match self {
            Condition::Value => "value",
            Condition::NoCalls => "no_calls",
            Condition::Waiting => "waiting",
            Condition::Stale => "stale",
            Condition::Invalid => "invalid",
            Condition::Failing => "no_answer",
        }
    }
}

/// Lets the row of the reading's target take it in; a row that is not there yet is made. Readings come in the order of
/// the store.
pub fn record<'a>(rows: &'a mut BTreeMap<Target, Row>, reading: &Reading, now: &Now) -> &'a Row {
    let row = rows.entry(reading.target.clone()).or_insert_with(|| Row::new(reading.target.clone()));
    row.record(reading, now);
    row
}

/// Everything known about one target.
#[derive(Clone, Debug)]
pub struct Row {
    /// Who it is about.
    pub target: Target,
    /// The last name that the service gave.
    pub name: Option<Arc<str>>,
    /// The last good outcome (value or no calls) and when it was read. Survives every later failure.
    pub good: Option<(Outcome, EventTime)>,
    /// The last outcome of any kind.
    pub last: Option<(Outcome, EventTime)>,
    /// Failures since the last good reading, and when the first of them was.
    pub failures: u32,
    /// When the present run of failures or of `Invalid` began.
    pub failing_since: Option<EventTime>,
    /// The readings of the last hours, for sparklines and differences.
    pub series: Series,
    /// Where it cannot change: how rarely it is asked.
    pub rest: Option<Rest>,
}

impl Row {
    /// A row of a target that was never read.
    pub fn new(target: Target) -> Self {
        Row {
            target,
            name: None,
            good: None,
            last: None,
            failures: 0,
            failing_since: None,
            series: Series::default(),
            rest: None,
        }
    }

    /// Takes in a reading of this target. Readings come in the order of the store.
    pub fn record(&mut self, reading: &Reading, now: &Now) {
        if let Some(name) = reading.name.as_ref().filter(|n| !n.trim().is_empty()) {
            self.name = Some(name.clone());
        }
        if reading.outcome.is_good() {
            self.good = Some((reading.outcome.clone(), reading.at.clone()));
            self.failures = 0;
            self.failing_since = None;
            self.series.push(now.mono_of(&reading.at), reading.outcome.aht());
        } else {
            self.failures = self.failures.saturating_add(1);
            self.failing_since.get_or_insert_with(|| reading.at.clone());
        }
        self.last = Some((reading.outcome.clone(), reading.at.clone()));
    }

    /// The last good AHT, however old. `None` also where the last good answer was *no calls*.
    pub fn aht(&self) -> Option<Aht> {
        self.good.as_ref().and_then(|(o, _)| o.aht())
    }

    /// The age of the last good reading.
    pub fn age(&self, now: &Now) -> Option<Duration> {
        self.good.as_ref().map(|(_, at)| at.age(now))
    }

    /// How rarely it is asked, while it rests: it had no calls when it was read last, and what was seen still counts.
    pub fn resting(&self, now: &Now) -> Option<&Rest> {
        let quiet = matches!(self.last, Some((Outcome::NoCalls, _)));
        self.rest.as_ref().filter(|rest| quiet && rest.holds(now))
    }

    /// From which age on its last good reading is stale, where `stale_after` is that of rows that take turns.
    pub fn stale_after(&self, now: &Now, stale_after: Duration) -> Duration {
        self.resting(now).map_or(stale_after, |rest| stale_after.saturating_add(rest.at_most))
    }

    /// The state of the row, where a good reading is stale from the age `stale_after` on; later where the row rests.
    pub fn condition(&self, now: &Now, stale_after: Duration) -> Condition {
        if matches!(self.last, Some((Outcome::Invalid, _))) {
            return Condition::Invalid;
        }
        match (&self.good, &self.last) {
            (None, None) => Condition::Waiting,
            (None, Some(_)) => Condition::Failing,
            (Some((_, at)), _) if at.age(now) >= self.stale_after(now, stale_after) => {
                if self.failures > 0 {
                    Condition::Failing
                } else {
                    Condition::Stale
                }
            }
            (Some((Outcome::Value(_), _)), _) => Condition::Value,
            (Some(_), _) => Condition::NoCalls,
        }
    }

    /// The sentence of the last failure, while the target fails.
    pub fn error(&self) -> Option<&str> {
        match &self.last {
            Some((Outcome::Failed(why), _)) => Some(why),
            Some((Outcome::Invalid, _)) => Some("the service does not know this ID"),
            _ => None,
        }
    }
}
