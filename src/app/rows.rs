//! The tables as they are shown: which rows, in which order, in which state, and how old. Pure functions of [`State`].
//!
//! Lines are made afresh for every frame: 500 rows take 0.2 ms in a release build, so nothing is cached that could be
//! out of date.

use std::{cmp::Ordering, time::Duration};

use super::{
    Column, Item, Mark, Names, RowState, Sort, State, View, alarms,
    filter::Words,
    groups::{self, in_sections},
    names, wall,
};
use crate::{
    config::Watched,
    domain::{self, AHT_WINDOW, Aht, Condition, Kind, Level, Now, Point, Row, Series, Target},
    store::Attention,
};

/// How far back the shorter difference looks; the longer one looks back over the window of the service.
const HALF_HOUR: Duration = Duration::from_secs(30 * 60);

/// The columns that rows can be ordered by, in the order of the sort menu.
pub const SORT_COLUMNS: [Column; 8] = [
    Column::State,
    Column::Name,
    Column::Group,
    Column::Aht,
    Column::Deviation,
    Column::Diff30,
    Column::Prev2h,
    Column::Age,
];

/// One row of a table with all that its columns need.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// What the configuration says of it.
    pub watched: &'a Watched,
    /// What was read.
    pub row: &'a Row,
    /// Its state.
    pub state: RowState,
    /// How long it has been in this state, where that is known.
    pub held: Option<Duration>,
    /// The last good AHT, however old.
    pub aht: Option<Aht>,
    /// Deviation from the band's target in percent.
    pub deviation: Option<f64>,
    /// Difference to the reading 30 min before, in seconds.
    pub diff30: Option<i64>,
    /// The reading two hours before, which shares no call with this one.
    pub prev2h: Option<Aht>,
    /// Acknowledged, muted, or too new to alert.
    pub mark: Option<Mark>,
    /// Age of the last good reading, as it is to be shown (see [`shown_now`]).
    pub age: Option<Duration>,
}

impl<'a> Line<'a> {
    /// With what its alert says; a row without a fresh value has nothing that could warm up.
    fn marked(self, mark: Option<Mark>) -> Self {
        let fresh = matches!(self.state, RowState::Fresh(_));
        Line { mark: mark.filter(|m| fresh || *m != Mark::Warming), ..self }
    }

    fn of(watched: &'a Watched, row: &'a Row, now: &Now, shown: &Now, stale_after: Duration) -> Self {
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

    /// What it is about.
    pub fn target(&self) -> &'a Target {
        &self.watched.target
    }

    /// The label, else the name that the service gave, else the id. Not cut, and an id is not cleaned.
    pub fn name(&self) -> &'a str {
        display_name(self.watched, self.row)
    }

    /// The first group.
    pub fn group(&self) -> Option<&'a str> {
        self.watched.groups.first().map(|g| &**g)
    }
}

/// The label, else the name that the service gave, else the id.
pub fn display_name<'a>(watched: &'a Watched, row: &'a Row) -> &'a str {
    watched.label.as_deref().or(row.name.as_deref()).unwrap_or(&watched.target.id)
}

impl RowState {
    /// The word of the state: `HIGH`, `high`, `LOW`, `low`, `ok`, `no calls`, `waiting`, `STALE`, `bad id`, `failing`.
    pub const fn word(self) -> &'static str {
        match self {
            RowState::Fresh(Level::HighCrit) => "HIGH",
            RowState::Fresh(Level::LowCrit) => "LOW",
            RowState::Fresh(Level::HighWarn) => "high",
            RowState::Fresh(Level::LowWarn) => "low",
            RowState::Fresh(Level::Inside) | RowState::Other(Condition::Value) => "ok",
            RowState::Other(Condition::NoCalls) => "no calls",
            RowState::Other(Condition::Waiting) => "waiting",
            RowState::Other(Condition::Stale) => "STALE",
            RowState::Other(Condition::Invalid) => "bad id",
            RowState::Other(Condition::Failing) => "failing",
        }
    }

    /// The order of attention, 0 first: outside the band, then what is unknown though it should be known, then ok.
    pub const fn rank(self) -> u8 {
        match self {
            RowState::Fresh(Level::HighCrit) => 0,
            RowState::Fresh(Level::LowCrit) => 1,
            RowState::Fresh(Level::HighWarn) => 2,
            RowState::Fresh(Level::LowWarn) => 3,
            RowState::Other(Condition::Failing) => 4,
            RowState::Other(Condition::Stale) => 5,
            RowState::Fresh(Level::Inside) | RowState::Other(Condition::Value) => 6,
            RowState::Other(Condition::Waiting) => 7,
            RowState::Other(Condition::NoCalls) => 8,
            RowState::Other(Condition::Invalid) => 9,
        }
    }
}

/// From which age on a reading is stale, by [`domain::stale_after`]. Before the poller said how long a sweep takes, it is
/// reckoned from the number of targets and the budget.
pub fn stale_after(state: &State) -> Duration {
    let facts = &state.facts;
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

/// The rows of the table of `kind` that pass the filter, in the order of the sort.
pub fn lines(state: &State, kind: Kind) -> Vec<Line<'_>> {
    chosen(state, kind, all_lines(state, kind))
}

/// Of `all` rows of a table those that the filter lets through, in the order of the table.
pub fn chosen<'a>(state: &State, kind: Kind, all: impl Iterator<Item = Line<'a>>) -> Vec<Line<'a>> {
    let words = Words::of(state.filter.text.value());
    let mut lines: Vec<Line<'a>> = all.filter(|l| words.accept(l)).collect();
    let names = names::order(state);
    lines.sort_by(|a, b| order(a, b, state.sort, names));
    if in_sections(state, kind) {
        let groups = groups::order(state);
        // Those without a group come last; within a section the order holds.
        let place = |l: &Line<'_>| l.group().and_then(|g| groups.iter().position(|o| ***o == *g)).unwrap_or(usize::MAX);
        lines.sort_by_cached_key(place);
    }
    lines
}

/// All rows of `kind` in the order of the configuration, whatever the filter: for counts and medians.
pub fn all_lines(state: &State, kind: Kind) -> impl Iterator<Item = Line<'_>> {
    let (data, stale) = (state.shown(), stale_after(state));
    let shown = shown_now(state);
    state.facts.watched.iter().filter(move |w| w.target.kind == kind).filter_map(move |w| {
        let row = data.rows.get(&w.target)?;
        Some(Line::of(w, row, &data.now, &shown, stale).marked(alarms::mark(data, &w.target)))
    })
}

/// One row by its target.
pub fn line<'a>(state: &'a State, target: &Target) -> Option<Line<'a>> {
    let data = state.shown();
    let (watched, row) = (state.watched(target)?, data.rows.get(target)?);
    let line = Line::of(watched, row, &data.now, &shown_now(state), stale_after(state));
    Some(line.marked(alarms::mark(data, target)))
}

/// The line that the detail is about: the selected one, also where the filter hides it, else of the first ones of the
/// tables the one that deserves a look most.
pub fn detailed(state: &State) -> Option<Line<'_>> {
    detailed_of(state, |kind| lines(state, kind).into_iter().next())
}

/// The same where the first line of each table is known already.
pub fn detailed_of<'a>(state: &'a State, first: impl Fn(Kind) -> Option<Line<'a>>) -> Option<Line<'a>> {
    match state.selected.get(&state.focus) {
        Some(target) => line(state, target),
        // The tables have their worst row first, unless they are sorted otherwise.
        None => tables(state)
            .into_iter()
            .filter_map(first)
            .reduce(|a, b| if b.state.rank() < a.state.rank() { b } else { a }),
    }
}

/// Rows without a value come last in both directions; equals are ordered by name, then id.
fn order(a: &Line<'_>, b: &Line<'_>, Sort { column, reverse }: Sort, names: Names) -> Ordering {
    let by_name = |a: &Line<'_>, b: &Line<'_>| match (names, a.target().kind) {
        // An order by names tells of them: those that are hidden keep the order of the configuration.
        (Names::Hidden, Kind::Agent) => Ordering::Equal,
        (Names::Id, Kind::Agent) => folded(&a.target().id, &b.target().id).then_with(|| a.target().cmp(b.target())),
        _ => folded(a.name(), b.name()).then_with(|| a.target().cmp(b.target())),
    };
    let first = match column {
        Column::State | Column::Trend => by(
            a.aht.map(|_| (a.state.rank(), size(a.deviation))),
            b.aht.map(|_| (b.state.rank(), size(b.deviation))),
            reverse,
            |x, y| x.0.cmp(&y.0).then(y.1.total_cmp(&x.1)),
        ),
        Column::Name => by(Some(a), Some(b), reverse, |x, y| by_name(x, y)),
        Column::Group => by(a.group(), b.group(), reverse, |x, y| folded(x, y)),
        Column::Aht => by(a.aht, b.aht, reverse, |x, y| y.cmp(x)),
        Column::Deviation => by(a.deviation, b.deviation, reverse, |x, y| y.total_cmp(x)),
        Column::Diff30 => by(a.diff30, b.diff30, reverse, |x, y| y.cmp(x)),
        Column::Prev2h => by(a.prev2h, b.prev2h, reverse, |x, y| y.cmp(x)),
        Column::Age => by(a.age, b.age, reverse, |x, y| y.cmp(x)),
    };
    first.then_with(|| a.state.rank().cmp(&b.state.rank())).then_with(|| by_name(a, b))
}

fn by<T>(a: Option<T>, b: Option<T>, reverse: bool, cmp: impl Fn(&T, &T) -> Ordering) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => {
            let ordering = cmp(&a, &b);
            if reverse { ordering.reverse() } else { ordering }
        }
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn size(deviation: Option<f64>) -> f64 {
    deviation.map_or(-1.0, f64::abs)
}

fn folded(a: &str, b: &str) -> Ordering {
    a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase))
}

/// The tables that the view shows, from above.
pub fn tables(state: &State) -> Vec<Kind> {
    let has = |kind| state.facts.watched.iter().any(|w| w.target.kind == kind);
    match state.view {
        View::Overview | View::Alerts => Kind::ALL.into_iter().filter(|k| has(*k)).collect(),
        View::Agents => vec![Kind::Agent],
        View::Campaigns => vec![Kind::Campaign],
        View::Budget | View::Log => Vec::new(),
    }
}

/// True where a name on the screen may be written in a script other than Latin.
pub fn has_wide_names(state: &State) -> bool {
    let latin = |text: &str| text.chars().all(|c| c < '\u{250}');
    let mut watched = state.facts.watched.iter();
    watched.any(|w| !w.label.as_deref().is_none_or(latin) || !latin(&w.target.id))
        || state.shown().rows.values().any(|row| !row.name.as_deref().is_none_or(latin))
}

/// The kinds that counts and ages are about: those of the view's tables, and where it has none all that are watched.
pub fn concerned(state: &State) -> Vec<Kind> {
    let tables = tables(state);
    if tables.is_empty() {
        let has = |kind: &Kind| state.facts.watched.iter().any(|w| w.target.kind == *kind);
        return Kind::ALL.into_iter().filter(has).collect();
    }
    tables
}

/// The part of a table's `items` that the last frame had room for.
pub fn window<'l, 'a>(state: &State, kind: Kind, items: &'l [Item<'a>]) -> &'l [Item<'a>] {
    let from = state.offset.get(&kind).copied().unwrap_or(0).min(items.len());
    let page = state.page.get(&kind).copied().unwrap_or(0);
    &items[from..from.saturating_add(page).min(items.len())]
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

/// The median of the agents' fresh averages and how many they are. Not the team's AHT: calls are not weighted, and the
/// screen says so.
pub fn median_of_agents(state: &State) -> Option<(Aht, usize)> {
    median(all_lines(state, Kind::Agent))
}

/// The median of the fresh averages among `lines` and how many they are.
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

/// After how long from `now` on the picture changes by the passing of time alone; `None`: not at all, because it is
/// frozen.
pub fn next_change(state: &State, now: &Now) -> Option<Duration> {
    let step = step(state);
    let ages = step.saturating_sub(into_step(now, step));
    state.frozen.is_none().then(|| wall::next_change(state).map_or(ages, |d| d.min(ages)))
}

/// True while targets wait for the first outcome that anybody ever had of them.
pub fn are_filling(state: &State) -> bool {
    state.rows.values().any(|row| row.last.is_none())
}

fn step(state: &State) -> Duration {
    state.facts.ui.age_step.clamp(Duration::from_secs(1), Duration::from_secs(60))
}

fn into_step(now: &Now, step: Duration) -> Duration {
    let step = i64::try_from(step.as_millis()).unwrap_or(1000).max(1);
    Duration::from_millis(u64::try_from(now.wall.as_millisecond().rem_euclid(step)).unwrap_or(0))
}

/// How much each watched target is looked at, for the poller's priorities: the selection, the rows on the screen, and
/// the rest. Page sizes are those of the last frame. Who follows the store asks for nothing but what is selected: the
/// rest is what others want, and ends with them.
pub fn attention(state: &State) -> Vec<(Target, Attention)> {
    let mut seen: Vec<Target> = Vec::new();
    if state.wall.is_some() {
        seen.extend(Kind::ALL.into_iter().flat_map(|k| wall::shown(state, k).0).map(|l| l.target().clone()));
    }
    for kind in tables(state).into_iter().filter(|_| state.wall.is_none()) {
        let items = groups::items(state, kind);
        seen.extend(window(state, kind, &items).iter().filter_map(|i| i.row()).map(|l| l.target().clone()));
    }
    seen.sort_unstable();
    let selected = state.selected.get(&state.focus).filter(|_| state.wall.is_none());
    let of = |target: &Target| {
        if selected == Some(target) || state.pins.contains_key(target) {
            Attention::Selected
        } else if seen.binary_search(target).is_ok() {
            Attention::OnScreen
        } else {
            Attention::Listed
        }
    };
    let all = state.facts.watched.iter().map(|w| (w.target.clone(), of(&w.target)));
    all.filter(|(_, attention)| !state.follows || *attention == Attention::Selected).collect()
}
