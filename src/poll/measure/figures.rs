//! Exact integrals of what is shown against what is true.

use serde::Serialize;

use super::{Day, LIMIT, Truth};

/// What was shown: for each target when which value came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    rows: Vec<Vec<(f64, f64)>>,
    /// From when on each rested, or did not.
    rests: Vec<Vec<(f64, bool)>>,
}

impl Shown {
    /// Of `n` targets nothing is known: 0 is shown.
    pub fn new(n: usize) -> Self {
        Shown { rows: vec![Vec::new(); n], rests: vec![Vec::new(); n] }
    }

    /// From `t` seconds on, not before the last time of this row, the row of target `i` shows `value`.
    pub fn push(&mut self, i: usize, t: f64, value: f64) {
        if let Some(row) = self.rows.get_mut(i) {
            row.push((t, value));
        }
    }

    /// From `t` on the row of target `i` rests, or does not.
    pub fn rest(&mut self, i: usize, t: f64, rests: bool) {
        if let Some(row) = self.rests.get_mut(i)
            && row.last().is_some_and(|last| last.1) != rests
        {
            row.push((t, rests));
        }
    }

    /// What is shown now of target `i`.
    pub fn value(&self, i: usize) -> f64 {
        self.rows.get(i).and_then(|r| r.last()).map_or(0.0, |p| p.1)
    }

    /// How old at `t` the last reading of target `i` is; its whole life if there is none.
    pub fn age(&self, i: usize, t: f64) -> f64 {
        t - self.rows.get(i).and_then(|r| r.last()).map_or(0.0, |p| p.0)
    }

    /// How many readings there were.
    pub fn polls(&self) -> usize {
        self.rows.iter().map(Vec::len).sum()
    }
}

/// The figures of one day under one policy; the names are those of the output.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    pub trace: String,
    pub policy: String,
    /// Mean over targets and time of |shown - true|, in seconds.
    pub mae_s: f64,
    /// The 95th percentile over targets of their means over time.
    pub p95_mae_s: f64,
    /// How long the screen was on the wrong side after the truth crossed 1.2 times its goal, until it showed it or the
    /// truth went back: the mean over crossings.
    pub detect_mean_s: f64,
    /// The 95th percentile of that.
    pub detect_p95_s: f64,
    /// Part of all targets' time on the wrong side of 1.2 times their goal, in percent.
    pub wrong_side_pct: f64,
    /// Mean age of what is shown, in seconds.
    pub age_mean_s: f64,
    /// The greatest age while a row did not rest, in cycles.
    pub age_max_cycles: f64,
    /// The longest time from a change to the next reading, in seconds.
    pub wait_max_s: f64,
    /// Readings in the whole day.
    pub polls: usize,
}

impl Figures {
    /// The mean of each figure, of the ages the greatest; named after the first. `None` of none.
    pub fn average(all: &[Figures]) -> Option<Figures> {
        let first = all.first()?;
        let n = all.len() as f64;
        let mean = |of: fn(&Figures) -> f64| all.iter().map(of).sum::<f64>() / n;
        Some(Figures {
            trace: first.trace.clone(),
            policy: first.policy.clone(),
            mae_s: mean(|f| f.mae_s),
            p95_mae_s: mean(|f| f.p95_mae_s),
            detect_mean_s: mean(|f| f.detect_mean_s),
            detect_p95_s: mean(|f| f.detect_p95_s),
            wrong_side_pct: mean(|f| f.wrong_side_pct),
            age_mean_s: mean(|f| f.age_mean_s),
            age_max_cycles: all.iter().map(|f| f.age_max_cycles).fold(0.0, f64::max),
            wait_max_s: all.iter().map(|f| f.wait_max_s).fold(0.0, f64::max),
            polls: all.iter().map(|f| f.polls).sum::<usize>() / all.len(),
        })
    }

    pub(super) fn named(self, trace: &str, policy: &str) -> Figures {
        Figures { trace: trace.to_owned(), policy: policy.to_owned(), ..self }
    }
}

#[derive(Default)]
struct Sums {
    error: f64,
    wrong: f64,
    age: f64,
    oldest: f64,
    longest: f64,
    detected: Vec<f64>,
}

/// Integrates over `span` in seconds. `cycle` is the measure of the greatest age. Crossings count that begin in the
/// span, to its end.
pub fn figures(day: &Day, shown: &Shown, span: (f64, f64), cycle: f64) -> Figures {
    let sums: Vec<Sums> = day
        .truths
        .iter()
        .zip(shown.rows.iter().zip(&shown.rests))
        .map(|(truth, (row, rests))| row_sums(truth, row, rests, span))
        .collect();
    let (time, n) = (span.1 - span.0, sums.len().max(1) as f64);
    let mean = |of: fn(&Sums) -> f64| sums.iter().map(of).sum::<f64>() / n / time;
    let mut each: Vec<f64> = sums.iter().map(|s| s.error / time).collect();
    let mut detected: Vec<f64> = sums.iter().flat_map(|s| s.detected.iter().copied()).collect();
    Figures {
        mae_s: mean(|s| s.error),
        p95_mae_s: percentile_95(&mut each),
        detect_mean_s: detected.iter().sum::<f64>() / detected.len().max(1) as f64,
        detect_p95_s: percentile_95(&mut detected),
        wrong_side_pct: mean(|s| s.wrong) * 100.0,
        age_mean_s: mean(|s| s.age),
        age_max_cycles: sums.iter().map(|s| s.oldest).fold(0.0, f64::max) / cycle,
        wait_max_s: sums.iter().map(|s| s.longest).fold(0.0, f64::max),
        polls: shown.polls(),
        ..Figures::default()
    }
}

/// The nearest rank.
fn percentile_95(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * 95).div_ceil(100).saturating_sub(1);
    values.get(rank).copied().unwrap_or(0.0)
}

fn row_sums(truth: &Truth, row: &[(f64, f64)], rests: &[(f64, bool)], span: (f64, f64)) -> Sums {
    let limit = LIMIT * truth.goal;
    let mut sums = Sums::default();
    let (mut i, mut j, mut k) = (0, 0, 0);
    let (mut t, mut is, mut shows, mut read) = (0.0, 0.0, 0.0, 0.0);
    // Since when it counts as waiting, and since when what is shown is not so.
    let (mut waits, mut rested, mut unseen) = (0.0f64, false, None::<f64>);
    // Since when the screen is on the wrong side because the truth crossed.
    let mut missed: Option<f64> = None;
    while t < span.1 {
        // Everything that happens at `t`, the truth first.
        let over = is >= limit;
        while truth.changes.get(i).is_some_and(|c| c.0 <= t) {
            is = truth.changes[i].1;
            i += 1;
        }
        while row.get(j).is_some_and(|c| c.0 <= t) {
            (read, shows) = row[j];
            waits = read;
            j += 1;
        }
        while rests.get(k).is_some_and(|c| c.0 <= t) {
            (waits, rested) = (rests[k].0.max(read), rests[k].1);
            k += 1;
        }
        if is == shows {
            unseen = None;
        } else if unseen.is_none_or(|since| since < read) {
            unseen = Some(t);
        }
        let wrong = (is >= limit) != (shows >= limit);
        let crossed = (is >= limit) != over;
        if let Some(since) = missed.filter(|_| !wrong) {
            sums.detected.push(t - since);
            missed = None;
        }
        if crossed && wrong && t >= span.0 {
            missed = Some(t);
        }
        let next = |list: &[(f64, f64)], k: usize| list.get(k).map_or(f64::INFINITY, |c| c.0);
        let until =
            next(&truth.changes, i).min(next(row, j)).min(rests.get(k).map_or(f64::INFINITY, |c| c.0)).min(span.1);
        let (from, to) = (t.max(span.0), until);
        if to > from {
            sums.error += (to - from) * (is - shows).abs();
            sums.wrong += if wrong { to - from } else { 0.0 };
            sums.age += ((to - read).powi(2) - (from - read).powi(2)) / 2.0;
            sums.oldest = if rested { sums.oldest } else { sums.oldest.max(to - waits) };
            sums.longest = sums.longest.max(unseen.map_or(0.0, |since| to - since));
        }
        t = until;
    }
    sums.detected.extend(missed.map(|since| span.1 - since));
    sums
}
