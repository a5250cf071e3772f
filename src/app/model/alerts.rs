//! The alerts as the screen has them, made from the registry in the store.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::Timestamp;

use crate::{
    alert::{Ack, Action, Alert, AlertRegistry, Mute, Phase, Policy, Subject},
    config::Watched,
    domain::{Now, Problem, Target},
};

/// Ended alerts that are shown.
const ENDED: usize = 100;

/// What the registry says, as far as the screen shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alerts {
    /// Active ones first, those that nobody has acknowledged before the others, what is outside its band before what is
    /// wrong with the account, the worst and of those alike the longest first; then the ended ones, newest first. How long
    /// is for the screen to say, which knows the rows and puts them into their order once more.
    pub alerts: Vec<Alert>,
    pub mutes: BTreeMap<Subject, Mute>,
    /// Rows that have changed too seldom to alert: changes seen, and needed.
    pub warming: BTreeMap<Target, (u32, u32)>,
}

impl Alerts {
    /// What `registry` says of the `watched` targets and of the account as of `now`.
    pub fn new(registry: &AlertRegistry, watched: &[Watched], policy: &Policy, now: &Now) -> Self {
        let ours = |subject: &Subject| match subject {
            Subject::Problem(_) => true,
            Subject::Target(target) => watched.iter().any(|w| w.target == *target),
        };
        let mut alerts: Vec<Alert> = registry.active().filter(|a| ours(&a.id.subject)).cloned().collect();
        Alerts::sort(&mut alerts, |alert| alert.since.wall);
        // A problem is over from the moment on at which it was gone, and that is known later.
        let mut ended: Vec<&Alert> = registry.ended().filter(|a| ours(&a.id.subject)).collect();
        ended.sort_by_key(|alert| Reverse(alert.ended.as_ref().map(|(at, _)| at.wall)));
        alerts.extend(ended.into_iter().take(ENDED).cloned());
        let subjects = watched.iter().map(|w| Subject::Target(w.target.clone()));
        let subjects = subjects.chain(Problem::alerts().map(Subject::Problem));
        let mutes = subjects.filter_map(|s| registry.mute(&s, now).cloned().map(|mute| (s, mute))).collect();
        let warming = watched.iter().filter_map(|w| match registry.phase(&w.target, policy) {
            Phase::WarmUp { seen, of } => Some((w.target.clone(), (seen, of))),
            _ => None,
        });
        Alerts { alerts, mutes, warming: warming.collect() }
    }

    /// Puts the active ones of `alerts`, which come first, into their order; `since`: since when each is so.
    pub(crate) fn sort(alerts: &mut [Alert], since: impl Fn(&Alert) -> Timestamp) {
        let active = alerts.partition_point(|a| a.ended.is_none());
        if let Some(active) = alerts.get_mut(..active) {
            active.sort_by_key(|a| (a.is_acked(), a.kind.level().is_none(), a.kind.level(), since(a)));
        }
    }
}

/// Something that was done here, until the alerts of the store have it.
#[derive(Clone, Debug)]
pub struct Sent {
    pub action: Action,
    /// What it replaced, for the case that the store never takes it.
    pub before: (Option<Ack>, Option<Mute>),
}

/// What a row's state is marked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Its alert was acknowledged.
    Acked,
    Muted,
    /// It has changed too seldom to alert.
    Warming,
}

impl Mark {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Mark::Acked => "ack",
            Mark::Muted => "muted",
            Mark::Warming => "few calls",
        }
    }
}
