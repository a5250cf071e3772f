//! The agents in sections by their group: what stands in a table besides rows.
//!
//! Offsets and pages count these items, so that a section's heading scrolls like a row; only rows can be selected.

use std::{sync::Arc, time::Duration};

use super::rows;
use crate::{
    app::model::{Line, RowState, State},
    config::Watched,
    domain::{Aht, Band, Condition, Kind},
};

/// One line of a table.
#[derive(Clone, Debug)]
pub enum Item<'a> {
    /// The heading of a section.
    Section(Section<'a>),
    Row(Line<'a>),
}

/// What the heading of a section says.
#[derive(Clone, Debug)]
pub struct Section<'a> {
    /// The group; `None`: of those without one.
    pub name: Option<&'a str>,
    /// Rows that follow.
    pub rows: usize,
    /// Not the group's AHT, since calls are not weighted.
    pub median: Option<rows::Median>,
    /// How many rows are in each state.
    pub counts: Vec<(RowState, usize)>,
}

impl<'a> Item<'a> {
    /// The row, where it is one.
    pub fn row(&self) -> Option<&Line<'a>> {
        match self {
            Item::Row(line) => Some(line),
            Item::Section(_) => None,
        }
    }
}

/// True where the table of `kind` stands in sections.
pub fn in_sections(state: &State, kind: Kind) -> bool {
    state.preferences.sections && kind == Kind::Agent
}

/// The `lines` of the table of `kind` from above, with the headings of sections.
pub fn items_of<'a>(state: &State, kind: Kind, lines: &[Line<'a>]) -> Vec<Item<'a>> {
    if !in_sections(state, kind) {
        return lines.iter().copied().map(Item::Row).collect();
    }
    let out = rows::out_for(state);
    let mut items = Vec::with_capacity(lines.len() + 8);
    for chunk in lines.chunk_by(|a, b| a.group() == b.group()) {
        items.push(Item::Section(Section {
            name: chunk.first().and_then(Line::group),
            rows: chunk.len(),
            median: rows::median(chunk.iter().copied(), out),
            counts: rows::counts(chunk.iter().copied()),
        }));
        items.extend(chunk.iter().copied().map(Item::Row));
    }
    items
}

/// The groups of those `watched` in the order of the configuration, which is that of the sections.
pub fn order(watched: &[Watched]) -> Vec<&Arc<str>> {
    let mut found: Vec<&Arc<str>> = Vec::new();
    for group in watched.iter().filter_map(|w| w.groups.first()) {
        if !found.contains(&group) {
            found.push(group);
        }
    }
    found
}

/// What a tile of the board says of a group.
#[derive(Clone, Debug)]
pub struct Summary<'a> {
    pub name: &'a str,
    /// How many agents are in it.
    pub agents: usize,
    /// Of the median, in the band that all of its agents share.
    pub state: RowState,
    /// Not the group's AHT, since calls are not weighted.
    pub median: Option<rows::Median>,
    /// How the median of those who were known 30 minutes ago has changed since.
    pub diff30: Option<i64>,
    /// The band, where all of its agents have the same one.
    pub band: Option<Band>,
    /// How many of its agents are in each state.
    pub counts: Vec<(RowState, usize)>,
}

/// The groups of `agents` in the order of the configuration. Who is in several counts in each. `out`: for how
/// long the service has not answered.
pub fn summaries<'a>(agents: &[Line<'a>], out: Option<Duration>) -> Vec<Summary<'a>> {
    let mut names: Vec<&'a str> = Vec::new();
    for name in agents.iter().flat_map(|line| line.watched.groups.iter().map(|g| &**g)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.into_iter().map(|name| summary(name, agents, out)).collect()
}

fn summary<'a>(name: &'a str, agents: &[Line<'a>], out: Option<Duration>) -> Summary<'a> {
    let members: Vec<Line<'a>> =
        agents.iter().filter(|line| line.watched.groups.iter().any(|g| **g == *name)).copied().collect();
    let band = members.first().map(|line| line.watched.band);
    let band = band.filter(|band| !band.is_empty() && members.iter().all(|line| line.watched.band == *band));
    let median = rows::median(members.iter().copied(), out);
    let state = match median {
        Some(median) if median.age.is_some() => RowState::Other(Condition::Stale),
        Some(median) => band.map_or(RowState::Other(Condition::Value), |b| RowState::Fresh(b.level(median.aht))),
        None if out.is_some() && members.iter().any(|line| line.aht.is_some()) => RowState::Other(Condition::Stale),
        None if members.iter().any(|line| line.state == RowState::Other(Condition::NoCalls)) => {
            RowState::Other(Condition::NoCalls)
        }
        None => RowState::Other(Condition::Waiting),
    };
    let pairs: Vec<(i64, i64)> = members
        .iter()
        .filter(|line| matches!(line.state, RowState::Fresh(_)))
        .filter_map(|line| Some((i64::from(line.aht?.secs()), line.diff30?)))
        .collect();
    let middle = |mut values: Vec<i64>| {
        values.sort_unstable();
        values.get(values.len() / 2).copied()
    };
    let now = middle(pairs.iter().map(|(secs, _)| *secs).collect());
    let then = middle(pairs.iter().map(|(secs, diff)| secs - diff).collect());
    Summary {
        name,
        agents: members.len(),
        state,
        median,
        diff30: now.zip(then).map(|(now, then)| now - then),
        band,
        counts: rows::counts(members),
    }
}

impl Summary<'_> {
    /// The median, however old.
    pub fn aht(&self) -> Option<Aht> {
        self.median.map(|median| median.aht)
    }
}
