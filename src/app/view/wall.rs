//! The board on the wall: which page of tiles it shows, which agents, and what it shows of them. Pure.
//!
//! Pages turn by the monotonic clock, so that a wall clock which is set does not make them jump, and as often as the
//! board is looked at, whether anything arrives or not.

use std::time::Duration;

use super::{
    groups::{self, Summary},
    rows::{all_lines, out_for, stale_after},
};
use crate::{
    app::model::{Line, Pager, RowState, State},
    config::WallTiles,
    domain::{BootTime, Condition, Kind, Level, Row},
    store::Role,
};

/// How many times as long a page with an alert stays. It does turn in the end: another page may have one too.
pub const HOLD: u32 = 4;

/// How often the picture moves by a cell, so that nothing burns into the screen.
pub const SHIFT: Duration = Duration::from_secs(15 * 60);

/// A reading so many times older than what counts as stale is no longer shown as a number.
const HIDDEN: u32 = 3;

/// How long a board that somebody opened says how one leaves it.
pub const HINT: Duration = Duration::from_secs(10);

/// The part of the tiles that the board shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Counted from 0.
    pub number: usize,
    /// How many there are, at least one.
    pub of: usize,
    /// How long it still stays; zero where it is the only one.
    pub left: Duration,
}

/// What the board shows of `all` lines of a kind, whatever the filter: the campaigns that the service knows, in the order
/// of the configuration, since a tile must stay in its place; of the agents those outside of their band, the worst first.
pub fn lines<'a>(kind: Kind, all: impl IntoIterator<Item = Line<'a>>) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = all.into_iter().collect();
    match kind {
        Kind::Campaign => lines.retain(|l| !l.is_unknown_id()),
        Kind::Agent => {
            lines.retain(Line::is_outside);
            lines.sort_by(|a, b| {
                let far = |l: &Line<'_>| l.deviation.map_or(0.0, f64::abs);
                let rank = a.state.rank().cmp(&b.state.rank());
                // Those alike stay as they are configured: an order by ids tells of names that are hidden.
                rank.then(far(b).total_cmp(&far(a)))
            });
        }
    }
    lines
}

/// What has a tile of its own.
#[derive(Clone, Debug)]
pub enum Tile<'a> {
    Campaign(Line<'a>),
    Group(Summary<'a>),
}

impl<'a> Tile<'a> {
    /// The line, where the tile is about one.
    pub fn line(&self) -> Option<&Line<'a>> {
        match self {
            Tile::Campaign(line) => Some(line),
            Tile::Group(_) => None,
        }
    }

    /// What it says of how things are.
    pub fn state(&self) -> RowState {
        match self {
            Tile::Campaign(line) => line.state,
            Tile::Group(group) => group.state,
        }
    }

    /// True for a tile for which its page stays longer.
    fn is_alert(&self) -> bool {
        matches!(self.state(), RowState::Fresh(Level::HighCrit | Level::LowCrit))
    }
}

/// All tiles, in the order of the configuration, from all `campaigns` and `agents`.
pub fn tiles_of<'a>(state: &State, campaigns: &[Line<'a>], agents: &[Line<'a>]) -> Vec<Tile<'a>> {
    let of = |kind: &WallTiles| -> Vec<Tile<'a>> {
        match kind {
            WallTiles::Campaigns => {
                lines(Kind::Campaign, campaigns.iter().copied()).into_iter().map(Tile::Campaign).collect()
            }
            WallTiles::Groups => groups::summaries(agents, out_for(state)).into_iter().map(Tile::Group).collect(),
        }
    };
    state.config.wall.tiles.iter().flat_map(of).collect()
}

/// The same from the rows of `state`.
pub fn tiles(state: &State) -> Vec<Tile<'_>> {
    let agents: Vec<Line<'_>> = match state.config.wall.tiles.contains(&WallTiles::Groups) {
        true => all_lines(state, Kind::Agent).collect(),
        false => Vec::new(),
    };
    tiles_of(state, &all_lines(state, Kind::Campaign).collect::<Vec<_>>(), &agents)
}

/// The page that is shown where `room` of `tiles` have room, and where it stands among the others.
pub fn page<'l, 'a>(state: &State, tiles: &'l [Tile<'a>], room: usize) -> (&'l [Tile<'a>], Page) {
    let first = Pager { page: 0, since: state.live.now.mono, until: None };
    page_at(state, state.navigation.wall.as_ref().map_or(first, |w| w.pager()), tiles, room)
}

/// The page of `pager`.
pub(crate) fn page_at<'l, 'a>(
    state: &State,
    pager: Pager,
    tiles: &'l [Tile<'a>],
    room: usize,
) -> (&'l [Tile<'a>], Page) {
    let room = room.max(1);
    let of = tiles.len().div_ceil(room).max(1);
    let number = pager.page.min(of - 1);
    let from = number.saturating_mul(room).min(tiles.len());
    let shown = &tiles[from..from.saturating_add(room).min(tiles.len())];
    let page = Duration::from_secs(u64::from(state.config.wall.page_seconds));
    let stays = if shown.iter().any(Tile::is_alert) { page * HOLD } else { page };
    let left = if of == 1 { Duration::ZERO } else { stays.saturating_sub(state.live.now.mono.since(pager.since)) };
    (shown, Page { number, of, left })
}

/// After how long the board changes by the passing of time alone, beside ages: a page turns, or the picture moves.
pub(crate) fn next_change(state: &State) -> Option<Duration> {
    let wall = state.navigation.wall.as_ref()?;
    let shift = i64::try_from(SHIFT.as_millis()).unwrap_or(i64::MAX);
    let into = state.live.now.mono.0.rem_euclid(shift);
    let moves = Duration::from_millis(u64::try_from(shift - into).unwrap_or(0));
    let turns = wall.pager().until.map(|at| at.since(state.live.now.mono));
    turns.into_iter().chain(hint_left(state)).chain([moves]).min()
}

/// How long the board still says how one leaves it; `None` once it does not, and where nobody could.
pub fn hint_left(state: &State) -> Option<Duration> {
    let opened = state.navigation.wall.as_ref()?.opened_at()?;
    let left = HINT.saturating_sub(state.live.now.mono.since(opened));
    (!left.is_zero() && state.config.me.role == Role::Dashboard).then_some(left)
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
    let mut rows = state.config.watched.iter().filter_map(|watched| data.rows.get(&watched.target));
    if rows.clone().any(fresh) {
        return None;
    }
    rows.by_ref().filter_map(|row| row.age(&data.now)).min()
}
