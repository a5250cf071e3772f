//! What is watched: lists, roster, entries and groups become one list of targets with labels, groups and bands.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    bands::{BandLimits, Merger},
    document::{Entry, File, Layer, Placed},
    error::{Diagnostics, Place, quote},
    floor::{Floor, Watched},
    roster::Row,
    schema::Id,
    value_type::LOGGED_IN,
};
use crate::domain::{Band, Kind, Target, clean};

/// Where what is watched comes from.
pub(super) struct Sources<'a> {
    /// The layer that decides what is watched.
    pub(super) layer: &'a Layer,
    /// True if that is the file: then its entries and groups add to the list; else they only add detail.
    pub(super) by_file: bool,
    /// The file, for detail.
    pub(super) file: &'a File,
    pub(super) roster: &'a [Row],
    /// True if the roster adds to the list; else it only adds detail.
    pub(super) by_roster: bool,
    /// `[watch] max_agents`.
    pub(super) max_agents: usize,
}

/// What the layers come to.
pub(super) struct Merged {
    pub(super) watch: Vec<Watched>,
    pub(super) floor: Option<Floor>,
    /// All groups in their order.
    pub(super) groups: Vec<Arc<str>>,
}

/// Most targets: one sweep over them takes hours already.
const MOST: usize = 10_000;

/// The targets and the groups, both in order. Where whoever is logged in is watched, the agents that are named anywhere
/// only add detail.
pub(super) fn merge(sources: &Sources<'_>, diagnostics: &mut Diagnostics) -> Merged {
    let file = sources.file;
    let groups = Groups::new(file, sources.roster);
    let labels: HashMap<&str, &str> =
        sources.roster.iter().filter_map(|r| Some((r.id.as_str(), r.label.as_deref()?))).collect();
    let mut merger = Merger::default();
    let word = logged_in(sources, diagnostics);
    let (mut watched, mut named) = (Vec::new(), Vec::new());
    for kind in Kind::ALL {
        let entries: HashMap<&str, &Entry> = file.entries(kind).iter().map(|e| (e.id.as_str(), e)).collect();
        let of_kind = if kind == Kind::Agent { &file.agent_bands } else { &file.campaign_bands };
        let floor = word.filter(|_| kind == Kind::Agent);
        let ids = match floor {
            // The last one stands for all others.
            Some(place) => named_agents(sources).chain([(LOGGED_IN, place)]).collect(),
            None => ids(kind, sources, diagnostics),
        };
        let list = if floor.is_some() { &mut named } else { &mut watched };
        for (id, place) in ids {
            let target = Target { kind, id: id.into() };
            let member = groups.of(&target);
            let entry = entries.get(id).copied();
            let label = entry
                .and_then(|e| e.label.as_deref())
                .or_else(|| labels.get(id).copied().filter(|_| kind == Kind::Agent));
            let mut layers: Vec<&BandLimits> = entry.map(|e| &e.bands).into_iter().collect();
            layers.extend(member.iter().filter_map(|&g| groups.bands(g)));
            layers.extend([of_kind, &file.bands]);
            let band = merger.merge(&target, &layers, diagnostics);
            // Who says only what is usual gets the usual limits around it.
            let band = match band.target {
                Some(target) if band == (Band { target: Some(target), ..Band::default() }) => {
                    Band::around(target, kind)
                }
                _ => band,
            };
            list.push(Watched {
                label: label.map(|l| clean(l, 256).into()),
                groups: member.iter().map(|&g| Arc::clone(&groups.names[g])).collect(),
                band,
                origin: place.words().into(),
                target,
            });
        }
    }
    if watched.len() > MOST {
        diagnostics
            .push(Place::Default, format!("{} targets are too many: at most {MOST} can be watched", watched.len()));
    }
    let others = named.pop();
    let floor = others.map(|others| Floor::new(sources.max_agents, named, others.band, others.origin));
    Merged { watch: watched, floor, groups: groups.names }
}

/// Where the word stands for whoever is logged in; `None`: agents are listed, or none is.
fn logged_in<'a>(sources: &Sources<'a>, diagnostics: &mut Diagnostics) -> Option<&'a Place> {
    let listed = sources.layer.lists.get(&Id::Agents)?;
    let (_, place) = listed.iter().find(|(id, _)| id == LOGGED_IN)?;
    if listed.len() > 1 {
        let message = format!("{} watches whoever is logged in: leave out the other agents", quote(LOGGED_IN));
        diagnostics.push(place.clone(), message);
    }
    Some(place)
}

/// The agents that the roster, entries and groups name, each once.
fn named_agents<'a>(sources: &Sources<'a>) -> impl Iterator<Item = (&'a str, &'a Place)> {
    let roster = sources.roster.iter().map(|row| (row.id.as_str(), &row.place));
    let entries = sources.file.agents.iter().map(|entry| (entry.id.as_str(), &entry.place));
    let members = sources.file.groups.iter().flat_map(|group| &group.agents).map(|(id, place)| (id.as_str(), place));
    let mut seen = HashSet::new();
    roster.chain(entries).chain(members).filter(move |(id, _)| seen.insert(*id))
}

/// The ids of one kind, each once.
fn ids<'a>(kind: Kind, sources: &Sources<'a>, diagnostics: &mut Diagnostics) -> Vec<(&'a str, &'a Place)> {
    let (list, file) = (if kind == Kind::Agent { Id::Agents } else { Id::Campaigns }, sources.file);
    let listed: &[Placed] = sources.layer.lists.get(&list).map_or(&[], Vec::as_slice);
    let mut out: Vec<(&str, &Place)> = listed.iter().map(|(id, place)| (id.as_str(), place)).collect();
    let mut seen: HashMap<&str, &Place> = out.iter().copied().collect();
    if kind == Kind::Agent && sources.by_roster {
        for row in sources.roster {
            if let Some(first) = seen.insert(&row.id, &row.place) {
                let message = format!("id {} is listed already in {}", quote(&row.id), first.words());
                diagnostics.push(row.place.clone(), message);
            } else {
                out.push((&row.id, &row.place));
            }
        }
    }
    if sources.by_file {
        let members = file.groups.iter().flat_map(|g| if kind == Kind::Agent { &g.agents } else { &g.campaigns });
        let more = file.entries(kind).iter().map(|e| (e.id.as_str(), &e.place));
        for (id, place) in more.chain(members.map(|(id, place)| (id.as_str(), place))) {
            if seen.insert(id, place).is_none() {
                out.push((id, place));
            }
        }
    }
    out
}

/// Groups in the order of the file, then those that only the roster knows.
struct Groups<'a> {
    names: Vec<Arc<str>>,
    bands: Vec<&'a BandLimits>,
    members: HashMap<Target, Vec<usize>>,
}

impl<'a> Groups<'a> {
    fn new(file: &'a File, roster: &[Row]) -> Self {
        let mut groups = Groups { names: Vec::new(), bands: Vec::new(), members: HashMap::new() };
        let mut index: HashMap<&str, usize> = HashMap::new();
        let mut pairs: HashSet<(Target, usize)> = HashSet::new();
        let mut join = |members: &mut HashMap<Target, Vec<usize>>, target: Target, group: usize| {
            if pairs.insert((target.clone(), group)) {
                members.entry(target).or_default().push(group);
            }
        };
        for (i, group) in file.groups.iter().enumerate() {
            groups.names.push(clean(&group.name, 256).into());
            groups.bands.push(&group.bands);
            index.insert(&group.name, i);
            for (id, _) in &group.agents {
                join(&mut groups.members, Target::agent(id.as_str()), i);
            }
            for (id, _) in &group.campaigns {
                join(&mut groups.members, Target::campaign(id.as_str()), i);
            }
        }
        for row in roster {
            let Some(name) = row.group.as_deref() else { continue };
            let next = groups.names.len();
            let i = *index.entry(name).or_insert(next);
            if i == next {
                groups.names.push(clean(name, 256).into());
            }
            join(&mut groups.members, Target::agent(row.id.as_str()), i);
        }
        groups.members.values_mut().for_each(|m| m.sort_unstable());
        groups
    }

    fn of(&self, target: &Target) -> &[usize] {
        self.members.get(target).map_or(&[], Vec::as_slice)
    }

    fn bands(&self, group: usize) -> Option<&'a BandLimits> {
        self.bands.get(group).copied()
    }
}
