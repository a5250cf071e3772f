//! What the chart needs of the history: asked for by bucket, read elsewhere.

use std::time::Duration;

use super::rows::stale_after;
use crate::{
    app::model::{Bucket, ChartArea, MOST_BUCKETS, Past, Query, State},
    domain::{Aht, Outcome, Reading},
};

/// The buckets of the axis for a chart; `None` where it has no columns.
pub fn grid(state: &State, chart: &ChartArea) -> Option<Query> {
    let count = chart.columns.min(MOST_BUCKETS);
    let targets = chart.targets.clone();
    let now = state.shown().now.wall.as_millisecond();
    let ms = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
    let width = (ms(state.navigation.axis.span.length()) / i64::try_from(count).ok().filter(|n| *n > 0)?).max(1);
    let last = now.saturating_sub(ms(state.navigation.axis.offset())).div_euclid(width);
    let first = last.saturating_sub(i64::try_from(count).unwrap_or(0)).saturating_add(1);
    let hold = stale_after(state).min(Duration::from_secs(86_400));
    let minute = if state.navigation.axis.back == 0 { now.div_euclid(60_000) } else { 0 };
    Some(Query { targets, width, first, count, hold, minute })
}

/// What of the history the picture needs now; `None` where the rows have it, or no chart is shown.
pub fn wanted(state: &State) -> Option<Query> {
    if state.navigation.axis.is_live() || state.navigation.wall.is_some() {
        return None;
    }
    grid(state, state.layout.chart.as_ref()?)
}

/// Puts readings into buckets, in memory that depends on the buckets alone.
#[derive(Debug)]
pub struct BucketBuilder {
    query: Query,
    /// For each target of the query.
    rows: Vec<Building>,
}

/// The buckets of one target.
#[derive(Clone, Debug)]
struct Building {
    buckets: Vec<Option<Bucket>>,
    /// The last good reading: when, and its value.
    open: Option<(i64, Aht)>,
    latest: i64,
}

impl BucketBuilder {
    /// Empty buckets.
    pub fn new(query: Query) -> Self {
        let empty = Building { buckets: vec![None; query.count.min(MOST_BUCKETS)], open: None, latest: i64::MIN };
        BucketBuilder { rows: vec![empty; query.targets.len()], query }
    }

    /// Takes in a reading, in the order of the store for each target; others than the targets' and failures are no
    /// readings.
    pub fn record(&mut self, reading: &Reading) {
        let own = self.query.targets.iter().position(|target| *target == reading.target);
        let Some(row) = own.and_then(|own| self.rows.get_mut(own)).filter(|_| reading.outcome.is_good()) else {
            return;
        };
        let at = reading.at.wall.as_millisecond().max(row.latest);
        row.latest = at;
        row.close(&self.query, at);
        row.open = match reading.outcome {
            Outcome::Value(aht) => Some((at, aht)),
            _ => None,
        };
    }

    /// The buckets as of `now`, in milliseconds since 1970: nothing holds in the future.
    pub fn finish(mut self, now: i64) -> Past {
        for row in &mut self.rows {
            row.close(&self.query, now.saturating_add(1));
        }
        Past { query: self.query, buckets: self.rows.into_iter().map(|row| row.buckets).collect() }
    }
}

impl Building {
    /// The open reading held until `until` at most.
    fn close(&mut self, query: &Query, until: i64) {
        let Some((from, aht)) = self.open.take() else { return };
        let hold = i64::try_from(query.hold.as_millis()).unwrap_or(i64::MAX);
        let last = until.saturating_sub(1).min(from.saturating_add(hold)).max(from);
        let bucket = |at: i64| at.div_euclid(query.width).saturating_sub(query.first);
        let count = i64::try_from(self.buckets.len()).unwrap_or(0);
        for i in bucket(from).max(0)..=bucket(last).min(count - 1) {
            let Some(slot) = usize::try_from(i).ok().and_then(|i| self.buckets.get_mut(i)) else { continue };
            let bucket = slot.get_or_insert(Bucket { low: aht, high: aht, last: aht });
            *bucket = Bucket { low: bucket.low.min(aht), high: bucket.high.max(aht), last: aht };
        }
    }
}
