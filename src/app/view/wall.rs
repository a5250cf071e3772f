//! The board on the wall: which page of campaigns and of agents it shows, and what it shows of them. Pure.
//!
//! Pages turn by the monotonic clock, so that a wall clock which is set does not make them jump, and as often as the
//! board is looked at, whether anything arrives or not.

use std::{borrow::Cow, time::Duration};

use super::rows::stale_after;
use crate::{
    app::model::{Line, Pager, RowState, State},
    config::Names,
    domain::{BootTime, Condition, Kind, Level, Row, initials},
};

/// How many times as long a page with an alert stays. It does turn in the end: another page may have one too.
pub const HOLD: u32 = 4;

/// How often the picture moves by a cell, so that nothing burns into the screen.
pub const SHIFT: Duration = Duration::from_secs(15 * 60);

/// A reading so many times older than what counts as stale is no longer shown as a number.
const HIDDEN: u32 = 3;

/// The part of a table that the board shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Counted from 0.
    pub number: usize,
    /// How many there are, at least one.
    pub of: usize,
    /// How long it still stays; zero where it is the only one.
    pub left: Duration,
}

/// What the board shows of `all` lines of a kind, whatever the filter: all campaigns in the order of the configuration, since a tile
/// must stay in its place; of the agents those outside of their band, longer ones first, the farthest out first.
pub fn lines<'a>(kind: Kind, all: impl IntoIterator<Item = Line<'a>>) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = all.into_iter().collect();
    if kind == Kind::Agent {
        lines.retain(|l| side(l).is_some());
        lines.sort_by(|a, b| {
            let far = |l: &Line<'_>| l.deviation.map_or(0.0, f64::abs);
            side(a)
                .cmp(&side(b))
                .then(a.state.rank().cmp(&b.state.rank()))
                .then(far(b).total_cmp(&far(a)))
                .then_with(|| a.target().cmp(b.target()))
        });
    }
    lines
}

/// On which side of its band a line is: longer first.
pub fn side(line: &Line<'_>) -> Option<Level> {
    match line.state {
        RowState::Fresh(Level::HighCrit | Level::HighWarn) => Some(Level::HighCrit),
        RowState::Fresh(Level::LowCrit | Level::LowWarn) => Some(Level::LowCrit),
        _ => None,
    }
}

/// True for a line for which its page stays longer.
pub fn is_alert(line: &Line<'_>) -> bool {
    matches!(line.state, RowState::Fresh(Level::HighCrit | Level::LowCrit))
}

/// The page of `lines` that is shown where `room` of them have room, and where it stands among the others.
pub fn page<'l, 'a>(state: &State, kind: Kind, lines: &'l [Line<'a>], room: usize) -> (&'l [Line<'a>], Page) {
    let first = Pager { page: 0, since: state.live.now.mono, until: None };
    page_at(state, state.navigation.wall.as_ref().map_or(first, |w| w.pager(kind)), lines, room)
}

/// The page of `pager`.
pub(crate) fn page_at<'l, 'a>(
    state: &State,
    pager: Pager,
    lines: &'l [Line<'a>],
    room: usize,
) -> (&'l [Line<'a>], Page) {
    let room = room.max(1);
    let of = lines.len().div_ceil(room).max(1);
    let number = pager.page.min(of - 1);
    let from = number.saturating_mul(room).min(lines.len());
    let shown = &lines[from..from.saturating_add(room).min(lines.len())];
    let stays = stays(state, shown);
    let left = if of == 1 { Duration::ZERO } else { stays.saturating_sub(state.live.now.mono.since(pager.since)) };
    (shown, Page { number, of, left })
}

fn stays(state: &State, shown: &[Line<'_>]) -> Duration {
    let page = Duration::from_secs(u64::from(state.config.wall.page_seconds));
    if shown.iter().any(is_alert) { page * HOLD } else { page }
}

/// After how long the board changes by the passing of time alone, beside ages: a page turns, or the picture moves.
pub(crate) fn next_change(state: &State) -> Option<Duration> {
    let wall = state.navigation.wall.as_ref()?;
    let shift = i64::try_from(SHIFT.as_millis()).unwrap_or(i64::MAX);
    let into = state.live.now.mono.0.rem_euclid(shift);
    let moves = Duration::from_millis(u64::try_from(shift - into).unwrap_or(0));
    let turns = wall.next_page().map(|at| at.since(state.live.now.mono));
    turns.into_iter().chain([moves]).min()
}

/// By how many columns and rows the picture is moved now: round a square of two cells.
pub fn shift(now: BootTime) -> (u16, u16) {
    let shift = i64::try_from(SHIFT.as_millis()).unwrap_or(i64::MAX);
    match now.0.div_euclid(shift).rem_euclid(4) {
        0 => (0, 0),
        1 => (1, 0),
        2 => (1, 1),
        _ => (0, 1),
    }
}

/// How much of a number is still to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    Fresh,
    /// It is old, and must look so.
    Old,
    /// It is so old that it says nothing of now: it is not shown.
    Gone,
}

/// How much of the number of `line` is to be believed.
pub fn trust(state: &State, line: &Line<'_>) -> Trust {
    let stale = stale_after(state);
    let age = line.row.age(&state.shown().now);
    match (line.state, age) {
        _ if dead_since(state).is_some() => Trust::Gone,
        (RowState::Fresh(_), _) => Trust::Fresh,
        (RowState::Other(Condition::NoCalls), _) => Trust::Fresh,
        (RowState::Other(Condition::Invalid), _) | (_, None) => Trust::Gone,
        (_, Some(age)) if age >= stale.saturating_mul(HIDDEN) => Trust::Gone,
        _ => Trust::Old,
    }
}

/// Where not one of the watched targets has a fresh reading though some were read: the age of the youngest one. Then
/// the board as a whole tells nothing of now, whatever its parts say.
pub fn dead_since(state: &State) -> Option<Duration> {
    let data = state.shown();
    let stale = stale_after(state);
    let fresh = |row: &Row| row.age(&data.now).is_some_and(|age| age < row.stale_after(&data.now, stale));
    let youngest = data.rows.values().filter_map(|row| row.age(&data.now)).min()?;
    (!data.rows.values().any(fresh)).then_some(youngest)
}

/// How `line` is named on the board; nothing where agents are hidden.
pub fn name<'a>(names: Names, line: &Line<'a>) -> Cow<'a, str> {
    match (names, line.target().kind) {
        (Names::Full, _) | (_, Kind::Campaign) => Cow::Borrowed(line.name()),
        (Names::Initials, Kind::Agent) => Cow::Owned(initials(line.name())),
        (Names::Id, Kind::Agent) => Cow::Borrowed(&line.watched.target.id),
        (Names::Hidden, Kind::Agent) => Cow::Borrowed(""),
    }
}
