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
    let target = chart.target.clone();
    let now = state.shown().now.wall.as_millisecond();
    let ms = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
    let width = (ms(state.navigation.axis.span.length()) / i64::try_from(count).ok().filter(|n| *n > 0)?).max(1);
    let last = now.saturating_sub(ms(state.navigation.axis.offset())).div_euclid(width);
    let first = last.saturating_sub(i64::try_from(count).unwrap_or(0)).saturating_add(1);
    let hold = stale_after(state).min(Duration::from_secs(86_400));
    let minute = if state.navigation.axis.back == 0 { now.div_euclid(60_000) } else { 0 };
    Some(Query { target, width, first, count, hold, minute })
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
    buckets: Vec<Option<Bucket>>,
    /// The last good reading: when, and its value.
    open: Option<(i64, Aht)>,
    latest: i64,
}

impl BucketBuilder {
    /// Empty buckets.
    pub fn new(query: Query) -> Self {
        BucketBuilder { buckets: vec![None; query.count.min(MOST_BUCKETS)], query, open: None, latest: i64::MIN }
    }

    /// Takes in a reading, in the order of the store; others than the target's and failures are no readings.
    pub fn record(&mut self, reading: &Reading) {
        if reading.target != self.query.target || !reading.outcome.is_good() {
            return;
        }
        let at = reading.at.wall.as_millisecond().max(self.latest);
        self.latest = at;
        self.close(at);
        self.open = match reading.outcome {
            Outcome::Value(aht) => Some((at, aht)),
            _ => None,
        };
    }

    /// The buckets as of `now`, in milliseconds since 1970: nothing holds in the future.
    pub fn finish(mut self, now: i64) -> Past {
        self.close(now.saturating_add(1));
        Past { query: self.query, buckets: self.buckets }
    }

    /// The open reading held until `until` at most.
    fn close(&mut self, until: i64) {
        let Some((from, aht)) = self.open.take() else { return };
        let hold = i64::try_from(self.query.hold.as_millis()).unwrap_or(i64::MAX);
        let last = until.saturating_sub(1).min(from.saturating_add(hold)).max(from);
        let bucket = |at: i64| at.div_euclid(self.query.width).saturating_sub(self.query.first);
        let count = i64::try_from(self.buckets.len()).unwrap_or(0);
        for i in bucket(from).max(0)..=bucket(last).min(count - 1) {
            let Some(slot) = usize::try_from(i).ok().and_then(|i| self.buckets.get_mut(i)) else { continue };
            let bucket = slot.get_or_insert(Bucket { low: aht, high: aht, last: aht });
            *bucket = Bucket { low: bucket.low.min(aht), high: bucket.high.max(aht), last: aht };
        }
    }
}
