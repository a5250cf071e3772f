//! Rows: in which state, and how old. Pure functions of [`State`].
//!
//! Lines are made afresh for every frame, once, and nothing is kept that could be out of date.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use super::alerts;
use crate::{
    alert::{Alert, Subject},
    app::model::{Held, Line, Login, Mark, RowState, State},
    config::Watched,
    domain::{self, AHT_WINDOW, Aht, Condition, Kind, Level, Now, Row, Run, Series, Target, plural},
    store::Link,
};

/// How far back the shorter difference looks; the longer one looks back over the window of the service.
const HALF_HOUR: Duration = Duration::from_secs(30 * 60);

/// With what its alert says; a row without a fresh value has nothing that could warm up.
fn marked(line: Line<'_>, mark: Option<Mark>) -> Line<'_> {
    let fresh = matches!(line.state, RowState::Fresh(_));
    Line { mark: mark.filter(|m| fresh || *m != Mark::Warming), ..line }
}

fn line_of<'a>(state: &'a State, watched: &'a Watched, row: &'a Row, shown: &Now, stale_after: Duration) -> Line<'a> {
    let data = state.shown();
    let now = &data.now;
    let state = row_state(row, watched, now, stale_after);
    let alert = alerts::about(data, &Subject::Target(watched.target.clone()));
    let aht = row.aht();
    // Differences belong to the reading, not to the moment of looking: an old value keeps those it was read with.
    let read_at = row.good.as_ref().map(|(_, at)| now.mono_of(at));
    let before = |span| read_at.and_then(|at| row.series.at(at - span, stale_after));
    let line = Line {
        watched,
        row,
        state,
        held: held(row, watched, state, alert, now),
        aht,
        deviation: aht.and_then(|a| watched.band.deviation_pct(a)),
        diff30: aht.zip(before(HALF_HOUR)).map(|(a, b)| a.minus(b)),
        prev2h: before(AHT_WINDOW),
        login: data.presence.as_deref().and_then(|known| known.of(&watched.target, now)).map(Login::new),
        mark: None,
        age: row.age(shown),
        rest: row.resting(now),
    };
    marked(line, alerts::mark(data, &watched.target, alert))
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

/// How long the row has been so: outside its band on this side up to its last reading, or without calls; else since it
/// was first refused or failed, or since the last good reading.
///
/// What an alert on the same side says is part of it: the row and its alert tell one time. A row keeps the readings of a
/// few hours, so that its alert may know of an earlier beginning; where neither knows the beginning, it is at least so
/// long. Behind the last reading nothing is known, so that the time stands still while the service does not answer.
fn held(row: &Row, watched: &Watched, state: RowState, alert: Option<&Alert>, now: &Now) -> Option<Held> {
    match state {
        RowState::Fresh(Level::Inside) | RowState::Other(Condition::Value | Condition::Waiting) => None,
        RowState::Fresh(level) => {
            let run = beside(row, watched, level)?;
            let alerted = alert.filter(|a| a.kind.level().is_some_and(|l| l.is_beside(level)));
            let alerted = alerted.map(|a| Run { since: now.mono_of(&a.since), open: a.is_open() });
            until_read(row, alerted.map_or(run, |alerted| earlier(run, alerted)))
        }
        RowState::Other(Condition::NoCalls) => until_read(row, row.series.run(|aht| aht.is_none())?),
        RowState::Other(Condition::Stale) => row.age(now).map(Held::whole),
        RowState::Other(Condition::Invalid | Condition::Failing) => {
            row.failing_since.as_ref().map(|at| Held::whole(at.age(now)))
        }
    }
}

/// The newest readings of the row that are outside on the side of `level`, whatever its alert says.
pub fn beside(row: &Row, watched: &Watched, level: Level) -> Option<Run> {
    row.series.run(|aht| aht.is_some_and(|a| watched.band.level(a).is_beside(level)))
}

/// The one that begins earlier; of two that begin at once the one that knows that it does.
fn earlier(one: Run, other: Run) -> Run {
    if (one.since, one.open) <= (other.since, other.open) { one } else { other }
}

/// From the beginning of `run` to the last good reading; nothing where that is the first one.
fn until_read(row: &Row, run: Run) -> Option<Held> {
    let span = row.series.points().next_back()?.at.since(run.since);
    (!span.is_zero()).then_some(Held { span, open: run.open })
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
        Some(line_of(state, w, row, &shown, stale))
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
    Some(line_of(state, watched, row, &shown_now(state), stale_after(state)))
}

/// The oldest age among `lines`, with whose it is. Ids that the service does not know have an age no more, and what cannot
/// change is not old.
pub fn oldest<'a>(lines: &[Line<'a>]) -> Option<(Duration, Line<'a>)> {
    lines
        .iter()
        .filter(|l| l.state != RowState::Other(Condition::Invalid) && l.rest.is_none())
        .filter_map(|l| l.age.map(|age| (age, *l)))
        .max_by_key(|(age, _)| *age)
}

/// How many agents of `lines` are logged in, of how many, and whether that is too old to go by; `None` where it is not
/// known.
pub fn logged_in<'a>(lines: impl IntoIterator<Item = Line<'a>>) -> Option<(usize, usize, bool)> {
    let known: Vec<Login<'_>> = lines.into_iter().filter_map(|line| line.login).collect();
    let stale = known.first()?.stale;
    Some((known.iter().filter(|login| login.is_in()).count(), known.len(), stale))
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

/// The median of the averages of agents. Not the team's AHT: calls are not weighted, and the screen says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Median {
    pub aht: Aht,
    /// Of how many averages: also of those that are not fresh any more, so that it stands still in an outage instead of
    /// going over to the few that were read last.
    pub of: usize,
    /// Of these, how many are not fresh.
    pub old: usize,
    /// The age of the youngest one, where none is fresh.
    pub age: Option<Duration>,
}

impl Median {
    /// As it is said: `median of 39 agents 4:33`, with what keeps it from being one of now.
    pub fn words(&self, now: Timestamp, zone: &TimeZone) -> String {
        let text = format!("median of {} {}", plural(self.of, "agent"), self.aht);
        match (self.age, self.old) {
            (Some(age), _) => {
                let at = now.checked_sub(age).unwrap_or(now);
                format!("{text} at {}", super::text::moment(at, now, zone))
            }
            (None, 0) => text,
            (None, old) => format!("{text} ({old} not fresh)"),
        }
    }
}

/// For how long the service has not answered; `None` while it does.
pub fn out_for(state: &State) -> Option<Duration> {
    match &state.shown().status.as_ref()?.link {
        Link::Down { since, .. } => Some(since.age(&shown_now(state))),
        _ => None,
    }
}

/// The median of the last averages among the `lines` of agents. A value of which no call is in the window any more is none.
/// Where the service is `out` for so long there is no median once that is so of any that it was made of: of the others
/// alone it would move although nothing new is known.
pub fn median<'a>(lines: impl IntoIterator<Item = Line<'a>>, out: Option<Duration>) -> Option<Median> {
    let known = |l: Line<'a>| {
        let age = l.age.filter(|_| l.state != RowState::Other(Condition::Invalid))?;
        Some((l.aht?.secs(), matches!(l.state, RowState::Fresh(_)), age))
    };
    let mut values: Vec<(u32, bool, Duration)> = lines.into_iter().filter_map(known).collect();
    let passed = |age: Duration| out.is_some_and(|out| age.saturating_sub(out) < AHT_WINDOW && age >= AHT_WINDOW);
    if values.iter().any(|(.., age)| passed(*age)) {
        return None;
    }
    values.retain(|(.., age)| *age < AHT_WINDOW);
    values.sort_unstable_by_key(|(secs, ..)| *secs);
    let of = values.len();
    let upper = values.get(of / 2)?.0;
    let lower = if of.is_multiple_of(2) { values.get((of / 2).checked_sub(1)?)?.0 } else { upper };
    let old = values.iter().filter(|(_, fresh, _)| !fresh).count();
    let age = if old == of { values.iter().map(|(.., age)| *age).min() } else { None };
    Some(Median { aht: Aht::from_secs(lower + (upper - lower) / 2), of, old, age })
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
