//! `[watch] agents = "logged-in"`: whoever is logged in is watched, and what the configuration says of single agents.

use std::{collections::BTreeMap, sync::Arc};

use crate::domain::{Band, Kind, Target};

/// One watched target, with all that the configuration says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Watched {
    pub target: Target,
    /// Shown instead of the name that the service gives.
    pub label: Option<Arc<str>>,
    /// Groups it is in, in the order of the configuration.
    pub groups: Vec<Arc<str>>,
    /// Its band, all layers merged.
    pub band: Band,
    /// Where it is configured, for messages: `config.toml line 88`, `roster.csv line 3`, `-a`.
    pub origin: Arc<str>,
}

/// The agents who are logged in are watched: who they are is known at run time alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Floor {
    /// `[watch] max_agents`: so many are watched at most.
    pub max_agents: usize,
    /// Agents with a label, a group or a band of their own, in the order of the configuration.
    named: Vec<Watched>,
    /// Where each of them stands: by the exact ID, and by that in small letters.
    places: BTreeMap<String, usize>,
    /// What holds for all others.
    band: Band,
    /// Where the word stands.
    origin: Arc<str>,
}

impl Floor {
    pub(super) fn new(max_agents: usize, named: Vec<Watched>, band: Band, origin: Arc<str>) -> Self {
        let mut places = BTreeMap::new();
        for (at, watched) in named.iter().enumerate() {
            places.entry(watched.target.id.to_lowercase()).or_insert(at);
        }
        // The exact ID has precedence over one that differs by case.
        places.extend(named.iter().enumerate().map(|(at, watched)| (watched.target.id.to_string(), at)));
        Floor { max_agents, named, places, band, origin }
    }

    /// The agents that the configuration names; they too are watched only while they are logged in.
    pub fn named(&self) -> &[Watched] {
        &self.named
    }

    /// True where the configuration names `target`: all campaigns, and agents with details.
    pub fn names(&self, target: &Target) -> bool {
        target.kind == Kind::Campaign || self.find(&target.id).is_some()
    }

    /// How the agent `id` is watched. Whether case matters to the service is not known: an ID that is written otherwise
    /// in the configuration is the same agent's.
    pub fn watched(&self, id: &Arc<str>) -> Watched {
        let target = Target::agent(id.clone());
        match self.find(id) {
            Some(named) => Watched { target, ..named.clone() },
            None => Watched { target, label: None, groups: Vec::new(), band: self.band, origin: self.origin.clone() },
        }
    }

    /// The band of the agent `id`.
    pub fn band(&self, id: &str) -> Band {
        self.find(id).map_or(self.band, |named| named.band)
    }

    fn find(&self, id: &str) -> Option<&Watched> {
        let at = self.places.get(id).or_else(|| self.places.get(&id.to_lowercase()))?;
        self.named.get(*at)
    }
}
