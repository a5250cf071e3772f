//! How agents are named where others read: `[wall] names` decides.

use std::borrow::Cow;

use crate::{
    config::{Names, Watched},
    domain::{Kind, Row, Target, initials},
};

/// What may be told of agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Naming {
    names: Names,
}

impl Naming {
    /// As `names` wants it.
    pub fn new(names: Names) -> Self {
        Naming { names }
    }

    /// The id, or `agent 12`, the place among the agents of the configuration, where the id must not be told: initials and
    /// hidden names are no good beside an address of the person.
    pub fn id<'a>(self, watched: &[Watched], target: &'a Target) -> Cow<'a, str> {
        if target.kind == Kind::Campaign || matches!(self.names, Names::Full | Names::Id) {
            return Cow::Borrowed(&target.id);
        }
        let mut alike = watched.iter().filter(|w| w.target.kind == target.kind);
        match alike.position(|w| w.target == *target) {
            Some(at) => Cow::Owned(format!("{} {}", target.kind, at + 1)),
            None => Cow::Owned(format!("another {}", target.kind)),
        }
    }

    /// The label or the name, as much of it as may be told; `None`: nothing is known, or nothing may be told.
    pub fn name<'a>(self, watched: &'a Watched, row: &'a Row) -> Option<Cow<'a, str>> {
        let name = watched.label.as_deref().or(row.name.as_deref()).filter(|name| !name.trim().is_empty())?;
        match (watched.target.kind, self.names) {
            (Kind::Campaign, _) | (_, Names::Full) => Some(Cow::Borrowed(name)),
            (_, Names::Initials) => Some(initials(name)).filter(|short| !short.is_empty()).map(Cow::Owned),
            (_, Names::Id | Names::Hidden) => None,
        }
    }
}
