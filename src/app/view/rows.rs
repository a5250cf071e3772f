//! Rows: in which state, and how old. Pure functions of [`State`].
//!
//! Lines are made afresh for every frame, once, and nothing is kept that could be out of date.

use std::time::Duration;

use super::alerts;
use crate::{
    app::model::{Line, Mark, RowState, State},
    config::Watched,
    domain::{self, AHT_WINDOW, Aht, Condition, Kind, Level, Now, Point, Row, Series, Target},
};

/// How far back the shorter difference looks; the longer one looks back over the window of the service.
const HALF_HOUR: Duration = Duration::from_secs(30 * 60);

/// With what its alert says; a row without a fresh value has nothing that could warm up.
fn marked(line: Line<'_>, mark: Option<Mark>) -> Line<'_> {
    let fresh = matches!(line.state, RowState::Fresh(_));
    Line { mark: mark.filter(|m| fresh || *m != Mark::Warming), ..line }
}

fn line_of<'a>(watched: &'a Watched, row: &'a Row, now: &Now, shown: &Now, stale_after: Duration) -> Line<'a> {
    let state = row_state(row, watched, now, stale_after);
    let aht = row.aht();
    // Differences belong to the reading, not to the moment of looking: an old value keeps those it was read with.
    let read_at = row.good.as_ref().map(|(_, at)| now.mono_of(at));
    let before = |span| read_at.and_then(|at| row.series.at(at - span, stale_after));
    Line {
        watched,
        row,
        state,
        held: held(row, watched, state, now),
        aht,
        deviation: aht.and_then(|a| watched.band.deviation_pct(a)),
        diff30: aht.zip(before(HALF_HOUR)).map(|(a, b)| a.minus(b)),
        prev2h: before(AHT_WINDOW),
        mark: None,
        age: row.age(shown),
    }
}

/// From which age on a reading is stale, by [`domain::stale_after`]. Before the poller said how long a sweep takes, it is
/// reckoned from the number of targets and the budget.
pub fn stale_after(state: &State) -> Duration {
    let facts = &state.config;
    let sweep = state.shown().status.as_ref().map_or_else(|| facts.budget.sweep(facts.watched.len()), |s| s.sweep);
    domain::stale_after(sweep, facts.min_interval)
}

/// The state of a row.
pub fn row_state(row: &Row, watched: &Watched, now: &Now, stale_after: Duration) -> RowState {
    match (row.condition(now, stale_after), row.aht()) {
        (Condition::Value, Some(aht)) => RowState::Fresh(watched.band.level(aht)),
        (condition, _) => RowState::Other(condition),
    }
}

/// How long the row has been in `state`: for a level, since the first reading of the unbroken run in that level; else
/// since it was first refused or failed, or since the last good reading.
fn held(row: &Row, watched: &Watched, state: RowState, now: &Now) -> Option<Duration> {
    match state {
        RowState::Fresh(Level::Inside) | RowState::Other(Condition::Value | Condition::Waiting) => None,
        RowState::Fresh(level) => {
            let run = |p: &Point| p.aht.is_some_and(|a| watched.band.level(a) == level);
            let first = row.series.points().rev().take_while(run).last()?;
            Some(now.mono.since(first.at))
        }
        RowState::Other(Condition::NoCalls) => {
            let first = row.series.points().rev().take_while(|p| p.aht.is_none()).last()?;
            Some(now.mono.since(first.at))
        }
        RowState::Other(Condition::Stale) => row.age(now),
        RowState::Other(Condition::Invalid | Condition::Failing) => row.failing_since.as_ref().map(|at| at.age(now)),
    }
}

#[cfg(test)]
thread_local! {
    /// How often the lines of a table were made on this thread.
    pub(crate) static MADE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// All rows of `kind` in the order of the configuration, whatever the filter: for counts and medians.
pub fn all_lines(state: &State, kind: Kind) -> impl Iterator<Item = Line<'_>> {
    #[cfg(test)]
    MADE.with(|made| made.set(made.get() + 1));
    let (data, stale) = (state.shown(), stale_after(state));
    let shown = shown_now(state);
    state.config.watched.iter().filter(move |w| w.target.kind == kind).filter_map(move |w| {
        let row = data.rows.get(&w.target)?;
        Some(marked(line_of(w, row, &data.now, &shown, stale), alerts::mark(data, &w.target)))
    })
}

/// The rows of `kind` in this condition, in the order of the configuration. Few rows are in a bad one, so that lines are
/// made of those alone.
pub fn lines_in(state: &State, kind: Kind, condition: Condition) -> impl Iterator<Item = Line<'_>> {
    let (data, stale) = (state.shown(), stale_after(state));
    let of_kind = state.config.watched.iter().filter(move |w| w.target.kind == kind);
    let bad =
        of_kind.filter(move |w| data.rows.get(&w.target).is_some_and(|r| r.condition(&data.now, stale) == condition));
    bad.filter_map(|w| line(state, &w.target))
}

/// One row by its target.
pub fn line<'a>(state: &'a State, target: &Target) -> Option<Line<'a>> {
    let data = state.shown();
    let (watched, row) = (state.watched(target)?, data.rows.get(target)?);
    let line = line_of(watched, row, &data.now, &shown_now(state), stale_after(state));
    Some(marked(line, alerts::mark(data, target)))
}

/// The oldest age among `lines`, with whose it is. Ids that the service does not know have an age no more.
pub fn oldest<'a>(lines: &[Line<'a>]) -> Option<(Duration, Line<'a>)> {
    lines
        .iter()
        .filter(|l| l.state != RowState::Other(Condition::Invalid))
        .filter_map(|l| l.age.map(|age| (age, *l)))
        .max_by_key(|(age, _)| *age)
}

/// How many rows are in each state, in the order of attention; states without rows are left out.
pub fn counts<'a>(lines: impl IntoIterator<Item = Line<'a>>) -> Vec<(RowState, usize)> {
    let mut counts: Vec<(RowState, usize)> = Vec::new();
    for line in lines {
        match counts.iter_mut().find(|(state, _)| *state == line.state) {
            Some((_, n)) => *n += 1,
            None => counts.push((line.state, 1)),
        }
    }
    counts.sort_by_key(|(state, _)| state.rank());
    counts
}

/// The median of the fresh averages among the `lines` of agents and how many they are. Not the team's AHT: calls are not
/// weighted, and the screen says so.
pub fn median<'a>(lines: impl IntoIterator<Item = Line<'a>>) -> Option<(Aht, usize)> {
    let mut fresh: Vec<u32> = lines
        .into_iter()
        .filter(|l| matches!(l.state, RowState::Fresh(_)))
        .filter_map(|l| l.aht.map(Aht::secs))
        .collect();
    fresh.sort_unstable();
    let n = fresh.len();
    let upper = *fresh.get(n / 2)?;
    let lower = if n.is_multiple_of(2) { *fresh.get((n / 2).checked_sub(1)?)? } else { upper };
    Some((Aht::from_secs(lower + (upper - lower) / 2), n))
}

/// A series as `n` buckets over the last `span` up to the moment that is shown; gaps are `None`.
pub fn trend(state: &State, series: &Series, span: Duration, n: usize) -> Vec<Option<Aht>> {
    series.buckets(state.shown().now.mono, span, n, stale_after(state))
}

/// The moment that clocks and ages are drawn for: the last whole step of the wall clock.
///
/// All ages and the clock advance together, once a step, instead of each row at its own fraction of a second: that is
/// one wake-up and one frame a step, however many rows there are. A shown age is too small by less than a step.
pub fn shown_now(state: &State) -> Now {
    let now = &state.shown().now;
    let over = into_step(now, step(state));
    let wall = now.wall.checked_sub(over).unwrap_or(now.wall);
    Now { boot: now.boot.clone(), mono: now.mono - over, wall }
}

pub(crate) fn step(state: &State) -> Duration {
    state.config.ui.age_step
}

pub(crate) fn into_step(now: &Now, step: Duration) -> Duration {
    let step = i64::try_from(step.as_millis()).unwrap_or(1000).max(1);
    Duration::from_millis(u64::try_from(now.wall.as_millisecond().rem_euclid(step)).unwrap_or(0))
}
