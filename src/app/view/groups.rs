//! The agents in sections by their group: what stands in a table besides rows.
//!
//! Offsets and pages count these items, so that a section's heading scrolls like a row; only rows can be selected.

use std::sync::Arc;

use super::rows;
use crate::{
    app::model::{Line, RowState, State},
    domain::Kind,
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
    let mut items = Vec::with_capacity(lines.len() + 8);
    for chunk in lines.chunk_by(|a, b| a.group() == b.group()) {
        items.push(Item::Section(Section {
            name: chunk.first().and_then(Line::group),
            rows: chunk.len(),
            median: rows::median(chunk.iter().copied()),
            counts: rows::counts(chunk.iter().copied()),
        }));
        items.extend(chunk.iter().copied().map(Item::Row));
    }
    items
}

/// The groups in the order of the configuration, which is that of the sections.
pub fn order(state: &State) -> Vec<&Arc<str>> {
    let mut found: Vec<&Arc<str>> = Vec::new();
    for group in state.config.watched.iter().filter_map(|w| w.groups.first()) {
        if !found.contains(&group) {
            found.push(group);
        }
    }
    found
}
