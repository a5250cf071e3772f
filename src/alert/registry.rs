//! All alerts of an account: fed with readings, observations and what people do; gives events. Bounded, serialisable.
//!
//! What people do comes from any dashboard, late, twice or in any order. The last writer wins, by the time of the action
//! and then by name; an acknowledgement belongs to one alert by its [`AlertId`], so that one that comes after the end is
//! kept with the ended alert and does nothing else, and one that comes before the start waits for it.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::{
    account::{Observation, ProblemMove, ProblemRules, ProblemTrack},
    machine::{Move, Phase, Track},
    map_as_pairs,
    model::{Ack, Action, Alert, AlertEvent, AlertId, AlertKind, EndReason, Mute, Step, Subject, Until},
    rules::{Limits, Policy, gap, is_crit, worse},
};
use crate::{
    domain::{Aht, Band, EventTime, Level, Now, Problem, Reading, Target},
    store::Cursor,
};

/// Ended alerts that are kept, the newest ones.
const KEPT: usize = 500;
/// Acknowledgements that wait for an alert that is not known yet.
const EARLY: usize = 256;
/// Marks that mean nothing any more are forgotten after this many milliseconds; until then they win over older ones
/// that come late.
const FORGET_MS: i64 = 24 * 3_600_000;

/// The alerts of an account.
///
/// To be saved with its cursor after every event, before the event is acted upon, and otherwise now and then: readings
/// since the cursor are simply taken again, but what was seen of problems lies in no store.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlertRegistry {
    /// All readings up to here were taken: where a successor goes on. Set by whoever feeds the registry.
    pub cursor: Cursor,
    #[serde(with = "map_as_pairs")]
    tracks: BTreeMap<Target, Track>,
    #[serde(rename = "causes", with = "map_as_pairs")]
    problems: BTreeMap<Problem, ProblemTrack>,
    #[serde(with = "map_as_pairs")]
    active: BTreeMap<Subject, Alert>,
    /// Newest last.
    ended: VecDeque<Alert>,
    #[serde(with = "map_as_pairs")]
    mutes: BTreeMap<Subject, Mute>,
    #[serde(with = "map_as_pairs")]
    early: BTreeMap<AlertId, Ack>,
}

impl AlertRegistry {
    /// Takes in a reading, judged by its target's `band`. Readings come in the order of the store, each once.
    pub fn record(&mut self, reading: &Reading, band: &Band, policy: &Policy) -> Vec<AlertEvent> {
        let track = self.tracks.entry(reading.target.clone()).or_default();
        let rules = policy.rules(reading.target.kind);
        let moves = track.record(&reading.at, &reading.outcome, band, rules);
        let subject = Subject::Target(reading.target.clone());
        let judged = |level| Limits::new(band, level, rules.clear_band);
        moves.into_iter().filter_map(|m| self.moved(&subject, m, judged)).collect()
    }

    /// Takes in what was seen of the problems at `at` ([`findings`](super::findings)). While nobody is meant to poll, for
    /// instance in quiet hours, nothing is seen: do not call it then.
    pub fn observe(
        &mut self,
        observations: BTreeMap<Problem, Observation>,
        at: &EventTime,
        policy: &Policy,
    ) -> Vec<AlertEvent> {
        let mut events = Vec::new();
        for (problem, observation) in observations {
            let Some(alert) = problem.alert() else { continue };
            let rules = ProblemRules::new(alert, policy.sweep);
            let moved = self.problems.entry(problem).or_default().see(at, observation, rules);
            events.extend(moved.and_then(|m| self.problem_moved(problem, m, at)));
        }
        events
    }

    /// Lets time pass: alerts without a good reading for two hours are lost, old marks forgotten. Once a minute is often
    /// enough; call it when all readings up to `now` were taken.
    pub fn tick(&mut self, now: &Now) -> Vec<AlertEvent> {
        let mut lost: Vec<(Subject, Move)> = self
            .tracks
            .iter_mut()
            .filter_map(|(target, track)| Some((Subject::Target(target.clone()), track.tick(now)?)))
            .collect();
        // In the order of their ends, which is that of the list: an order by ids tells of names that are hidden.
        lost.sort_by_key(|(_, m)| match m {
            Move::End { at, .. } => Some(at.wall),
            _ => None,
        });
        let events =
            lost.into_iter().filter_map(|(subject, m)| self.moved(&subject, m, |_| Limits::default())).collect();
        let old = |at: jiff::Timestamp| now.wall.as_millisecond().saturating_sub(at.as_millisecond()) > FORGET_MS;
        let active = &self.active;
        self.mutes.retain(|s, m| m.covers(active.get(s).map(|a| a.id.serial), now.wall) || !old(m.at));
        self.early.retain(|_, ack| !old(ack.at));
        events
    }

    /// Forgets the targets that are not to be `keep`t; their alerts end at `at`.
    pub fn retain(&mut self, keep: impl Fn(&Target) -> bool, at: &EventTime) -> Vec<AlertEvent> {
        let gone: Vec<Target> = self.tracks.keys().filter(|t| !keep(t)).cloned().collect();
        let mut events = Vec::new();
        for target in gone {
            let end = self.tracks.remove(&target).and_then(|mut track| track.remove(at));
            events.extend(end.and_then(|m| self.moved(&Subject::Target(target), m, |_| Limits::default())));
        }
        events
    }

    /// Applies what somebody did on any dashboard. An event comes where it changes something about an active alert.
    pub fn act(&mut self, action: &Action) -> Option<AlertEvent> {
        let id = &action.id;
        let step = match action.ack() {
            Some(ack) => Step::Acked(self.acked(id, ack)?),
            None => Step::Muted(self.muted(id, action.mute()?)?),
        };
        let alert = self.active.get(&id.subject).filter(|a| a.id == *id)?;
        Some(self.event(alert, &action.at, step))
    }

    /// The active alerts: problems first, then by target.
    pub fn active(&self) -> impl ExactSizeIterator<Item = &Alert> {
        self.active.values()
    }

    /// Alerts that ended, newest first, at most 500.
    pub fn ended(&self) -> impl ExactSizeIterator<Item = &Alert> {
        self.ended.iter().rev()
    }

    /// The active alert about `subject`.
    pub fn about(&self, subject: &Subject) -> Option<&Alert> {
        self.active.get(subject)
    }

    /// An alert by its name, active or ended.
    pub fn find(&self, id: &AlertId) -> Option<&Alert> {
        self.active.get(&id.subject).filter(|a| a.id == *id).or_else(|| self.ended.iter().rev().find(|a| a.id == *id))
    }

    /// Where `target` stands: warm-up, quiet, pending or active.
    pub fn phase(&self, target: &Target, policy: &Policy) -> Phase {
        let rules = policy.rules(target.kind);
        self.tracks.get(target).map_or_else(|| Track::default().phase(rules), |t| t.phase(rules))
    }

    /// The mute that covers `subject` now, if any.
    pub fn mute(&self, subject: &Subject, now: &Now) -> Option<&Mute> {
        let serial = self.active.get(subject).map(|a| a.id.serial);
        self.mutes.get(subject).filter(|m| m.covers(serial, now.wall))
    }

    /// `judged`: the limits while a level is held.
    fn moved(&mut self, subject: &Subject, m: Move, judged: impl Fn(Level) -> Limits) -> Option<AlertEvent> {
        match m {
            Move::Start { serial, at, since, exact, level, aht, peak } => {
                let limits = Some(judged(level));
                let kind = AlertKind::Band { level, worst: level, first: aht, last: aht, peak, limits };
                Some(self.start(subject, serial, at, (since, exact), kind))
            }
            Move::Level { at, level, worse, aht } => {
                self.value(subject, aht, level, judged(level));
                let step = if worse { Step::Escalated } else { Step::Deescalated };
                Some(self.event(self.active.get(subject)?, &at, step))
            }
            Move::Stay { aht } => {
                let level = self.active.get(subject)?.kind.level()?;
                self.value(subject, aht, level, judged(level));
                None
            }
            Move::End { at, why, aht } => {
                // It was judged by the limits that stand in it, and what ended it is not outside on its side.
                if let Some(aht) = aht
                    && let Some(Alert { kind: AlertKind::Band { last, .. }, .. }) = self.active.get_mut(subject)
                {
                    *last = aht;
                }
                self.end(subject, at, why)
            }
        }
    }

    /// An alert goes on with the value `aht`, at the level `now`.
    fn value(&mut self, subject: &Subject, aht: Aht, now: Level, judged: Limits) {
        if let Some(Alert { kind: AlertKind::Band { level, worst, last, peak, limits, .. }, .. }) =
            self.active.get_mut(subject)
        {
            (*last, *level, *limits) = (aht, now, Some(judged));
            *peak = peak.map(|peak| worse(now, peak, aht));
            if is_crit(now) {
                *worst = now;
            }
        }
    }

    fn problem_moved(&mut self, problem: Problem, m: ProblemMove, at: &EventTime) -> Option<AlertEvent> {
        let subject = Subject::Problem(problem);
        match m {
            ProblemMove::Start { serial, since, finding, rank } => {
                let kind = AlertKind::Problem { text: finding.text, count: finding.count, rank };
                Some(self.start(&subject, serial, at.clone(), (since, true), kind))
            }
            ProblemMove::Stay { finding, rank, worse } => {
                let alert = self.active.get_mut(&subject)?;
                alert.kind = AlertKind::Problem { text: finding.text, count: finding.count, rank };
                let alert = self.active.get(&subject)?;
                worse.then(|| self.event(alert, at, Step::Escalated))
            }
            ProblemMove::End { at } => self.end(&subject, at, EndReason::Cleared),
        }
    }

    fn start(
        &mut self,
        subject: &Subject,
        serial: i64,
        started: EventTime,
        (since, exact): (EventTime, bool),
        kind: AlertKind,
    ) -> AlertEvent {
        let id = AlertId { subject: subject.clone(), serial };
        let ack = self.early.remove(&id);
        let alert = Alert { id, started: started.clone(), since, exact, kind, ended: None, ack };
        let event = self.event(&alert, &started, Step::Started);
        self.active.insert(subject.clone(), alert);
        event
    }

    fn end(&mut self, subject: &Subject, at: EventTime, why: EndReason) -> Option<AlertEvent> {
        let mut alert = self.active.remove(subject)?;
        let step = Step::Ended { why, lasted: gap(&alert.started, &at) };
        let event = self.event(&alert, &at, step);
        alert.ended = Some((at, why));
        self.ended.push_back(alert);
        while self.ended.len() > KEPT {
            self.ended.pop_front();
        }
        Some(event)
    }

    fn event(&self, alert: &Alert, at: &EventTime, step: Step) -> AlertEvent {
        let muted = self.mutes.get(&alert.id.subject).is_some_and(|m| m.covers(Some(alert.id.serial), at.wall));
        AlertEvent { id: alert.id.clone(), at: at.clone(), step, kind: alert.kind.clone(), muted }
    }

    /// Puts `ack` where it belongs; given back if it changed something about an active alert.
    fn acked(&mut self, id: &AlertId, ack: Ack) -> Option<Ack> {
        let active = self.active.get_mut(&id.subject).filter(|a| a.id == *id);
        let is_active = active.is_some();
        let slot = match active {
            Some(alert) => &mut alert.ack,
            None => match self.ended.iter_mut().rev().find(|a| a.id == *id) {
                Some(alert) => &mut alert.ack,
                None => {
                    let old = self.early.remove(id);
                    let latest = old.into_iter().fold(ack, Ack::max);
                    self.early.insert(id.clone(), latest);
                    while self.early.len() > EARLY {
                        let oldest = self.early.iter().min_by_key(|(_, a)| a.at).map(|(id, _)| id.clone());
                        oldest.and_then(|id| self.early.remove(&id));
                    }
                    return None;
                }
            },
        };
        let says = |a: &Option<Ack>| a.as_ref().filter(|a| a.holds).map(|a| (a.rank, a.note.clone()));
        let before = says(slot);
        if slot.as_ref().is_none_or(|old| *old < ack) {
            *slot = Some(ack);
        }
        let changed = says(slot) != before;
        slot.clone().filter(|_| is_active && changed)
    }

    /// Keeps the later word on muting; given back if it is a new one.
    fn muted(&mut self, id: &AlertId, mute: Mute) -> Option<Mute> {
        let old = self.mutes.get(&id.subject);
        if old.is_some_and(|old| *old >= mute) || (old.is_none() && mute.until == Until::Off) {
            // Without anything to take back an `Off` still wins over older words that come late.
            if old.is_none() {
                self.mutes.insert(id.subject.clone(), mute);
            }
            return None;
        }
        self.mutes.insert(id.subject.clone(), mute.clone());
        Some(mute)
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
