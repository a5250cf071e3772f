//! What a tile says, of a campaign or of a group, in words and figures; where they stand is the tile's.

use std::borrow::Cow;

use super::digits::Fill;
use crate::{
    app::{
        Line, RowState, text,
        wall::{self, Tile, Trust},
    },
    domain::{Aht, Band, Condition, Level, Series},
    ui::{
        canvas::cells as width_of,
        cell, cells,
        scene::Scene,
        words::{self, wall as texts},
    },
};

/// Half an hour's difference of this share of the AHT is a movement.
const MOVES: f64 = 0.05;

pub(super) struct Face<'a> {
    /// The name as the board may tell it.
    pub name: Cow<'a, str>,
    pub state: RowState,
    /// The state in words, the longest first.
    said: Vec<String>,
    /// What they say besides the word: for how long, since when.
    pub detail: String,
    /// The figure as text, and how it is filled.
    pub figure: (String, Fill),
    /// The figure is none of now: it is old, or the service does not answer.
    pub faded: bool,
    /// The value that has its place in the band; `None` where it says nothing of now.
    pub aht: Option<Aht>,
    pub band: Option<Band>,
    /// Which way it moves, as the number of its arrow, and by how many seconds in half an hour.
    pub moves: Option<(usize, i64)>,
    /// What the figure is, where it is not what the tile is about: that must stand beside it.
    pub label: Option<String>,
    /// What else is told, the most important first.
    pub more: Vec<String>,
    pub series: Option<&'a Series>,
}

impl<'a> Face<'a> {
    pub(super) fn new(scene: &Scene<'_>, tile: &Tile<'a>, ascii: bool) -> Face<'a> {
        match tile {
            Tile::Campaign(line) => Face::of_campaign(scene, line, ascii),
            Tile::Group(group) => {
                let old = scene.is_out() || matches!(group.state, RowState::Other(Condition::Stale));
                let gone = wall::dead_since(scene.state).is_some();
                let fresh = group.aht().filter(|_| !gone && !old);
                let figure = match group.aht() {
                    _ if gone => ("?".into(), Fill::Thin),
                    None => ("-".into(), Fill::Thin),
                    Some(aht) => (cells::aht(Some(aht)), if old { Fill::Thin } else { Fill::Solid }),
                };
                // Beside the figure at all times: it is not what the team took for its calls.
                let median = texts::median(group.median.map(|median| median.of), group.agents);
                let counts = group.counts.iter().filter(|(state, _)| state.rank() < OK);
                Face {
                    name: Cow::Borrowed(group.name),
                    state: group.state,
                    said: texts::state(group.state).map(str::to_owned).into(),
                    detail: String::new(),
                    faded: old || figure.1 == Fill::Thin,
                    figure,
                    aht: fresh,
                    band: group.band,
                    moves: fresh.zip(group.diff30).map(|(aht, secs)| movement(aht, secs)),
                    label: Some(median),
                    more: counts.map(|(state, n)| texts::in_state(*n, *state)).collect(),
                    series: None,
                }
            }
        }
    }

    fn of_campaign(scene: &Scene<'_>, line: &Line<'a>, ascii: bool) -> Face<'a> {
        let trust = wall::trust(scene.state, line);
        let fresh = line.aht.filter(|_| trust == Trust::Fresh);
        let figure = figure(line, trust);
        Face {
            name: cell::name(scene, line, ascii),
            state: line.state,
            detail: detail(scene, line, trust),
            said: said(scene, line, trust),
            faded: scene.is_out() || figure.1 == Fill::Thin,
            figure,
            aht: fresh,
            band: Some(line.watched.band),
            label: None,
            moves: fresh.zip(line.diff30).map(|(aht, secs)| movement(aht, secs)),
            more: line.prev2h.zip(fresh).map(|(before, now)| texts::two_hours_ago(before, now)).into_iter().collect(),
            series: Some(&line.row.series),
        }
    }

    /// The state in words, as long as `width` allows; the shortest where none has room.
    pub(super) fn words(&self, width: u16) -> &str {
        let fits = self.said.iter().find(|said| width_of(said) <= usize::from(width));
        fits.or(self.said.last()).map_or("", String::as_str)
    }

    /// The state in a word, two forms of it: for large letters.
    pub(super) fn shortest(&self) -> [&str; 2] {
        let [long, short] = texts::state(self.state);
        if self.state == RowState::Other(Condition::Value) { [short, short] } else { [long, short] }
    }

    /// How it moves, and since when, the longest first; with its arrow, unless that stands elsewhere.
    pub(super) fn movement(&self, arrows: Option<&[&str; 3]>) -> [String; 3] {
        let Some((arrow, secs)) = self.moves else { return Default::default() };
        let sign = arrows.map_or_else(String::new, |arrows| format!("{} ", arrows[arrow]));
        texts::movement(arrow, secs).map(|text| format!("{sign}{text}"))
    }

    /// The goal: the target, where there is none the band.
    pub(super) fn goal(&self) -> Option<String> {
        let band = self.band.as_ref()?;
        match band.target {
            Some(target) => Some(words::target(target)),
            None => words::band(band),
        }
    }
}

/// The rank from which on nothing needs attention.
const OK: u8 = RowState::Fresh(Level::Inside).rank();

/// Which arrow, and by how much.
fn movement(aht: Aht, secs: i64) -> (usize, i64) {
    let share = secs as f64 / f64::from(aht.secs().max(1));
    let arrow = if share >= MOVES {
        0
    } else if share <= -MOVES {
        1
    } else {
        2
    };
    (arrow, secs)
}

/// The figure of a line as text, and how it is filled; `?` where no number is to be believed.
fn figure(line: &Line<'_>, trust: Trust) -> (String, Fill) {
    match (trust, line.aht) {
        (Trust::Gone, _) | (Trust::Old, None) => ("?".into(), Fill::Thin),
        (Trust::Fresh, None) => ("-".into(), Fill::Thin),
        (Trust::Fresh, Some(aht)) => (cells::aht(Some(aht)), Fill::Solid),
        (Trust::Old, Some(aht)) => (cells::aht(Some(aht)), Fill::Thin),
    }
}

/// The state of a line in words, the longest first.
fn said(scene: &Scene<'_>, line: &Line<'_>, trust: Trust) -> Vec<String> {
    let (word, short) = (line.state.long_word(), line.state.word());
    let long = match (line.state, trust, line.age) {
        (RowState::Other(Condition::Waiting | Condition::Failing | Condition::Stale), _, None) => texts::not_read(word),
        (RowState::Other(Condition::Invalid), ..) => word.into(),
        (_, Trust::Gone, Some(age)) => texts::not_fresh(&scene.moment_ago(age)),
        (RowState::Other(Condition::Stale | Condition::Failing), _, Some(age)) => {
            format!("{word}: {}", texts::old(age))
        }
        (RowState::Other(Condition::NoCalls), ..) => texts::NO_CALLS.into(),
        (RowState::Fresh(Level::Inside), ..) => word.into(),
        _ => line.held.map_or_else(|| word.to_owned(), |held| format!("{word} {}", texts::held(held, false))),
    };
    let middle = match (line.state, line.age) {
        (RowState::Other(Condition::Stale | Condition::Failing), Some(age)) => {
            format!("{short} {}", scene.moment_ago(age))
        }
        _ => line.held.map_or_else(
            || word.to_owned(),
            |held| format!("{short} {}", if held.open { cells::held(held) } else { text::brief(held.span) }),
        ),
    };
    vec![long, middle, short.to_owned()]
}

/// What is told beside the word of the state.
fn detail(scene: &Scene<'_>, line: &Line<'_>, trust: Trust) -> String {
    match (line.state, trust, line.age) {
        (RowState::Other(Condition::Invalid | Condition::Waiting), ..) => String::new(),
        (_, Trust::Gone, Some(age)) => words::since(&scene.moment_ago(age)),
        (RowState::Other(Condition::Stale | Condition::Failing), _, Some(age)) => texts::old(age),
        _ => line.held.map_or_else(String::new, |held| texts::held(held, false)),
    }
}

/// A figure in one row, with a mark where it is old.
pub(super) fn plain((text, fill): &(String, Fill)) -> String {
    match fill {
        Fill::Thin if text != "?" && text != "-" => format!("{text}?"),
        _ => text.clone(),
    }
}
