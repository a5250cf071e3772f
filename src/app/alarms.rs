//! The alerts as the screen has them: made from the book in the store, and what people do about them.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use super::{Effect, Overlay, State, names, select};
use crate::{
    alert::{Action, Alert, AlertId, Book, Deed, Mute, Phase, Policy, Subject, Until, words},
    config::Watched,
    domain::{Now, Target, clean_line},
};

/// Ended alerts that are shown.
const ENDED: usize = 100;
/// Longest note in characters.
pub(super) const NOTE: usize = 120;

/// What the book says, as far as the screen shows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alarms {
    /// Active ones first, those that nobody has acknowledged before the others and the newest first; then the ended
    /// ones, newest first.
    pub alerts: Vec<Alert>,
    /// What is muted.
    pub mutes: BTreeMap<Subject, Mute>,
    /// Rows that have changed too seldom to alert: changes seen, and needed.
    pub warming: BTreeMap<Target, (u32, u32)>,
}

impl Alarms {
    /// What `book` says of the `watched` targets and of the account as of `now`.
    pub fn of(book: &Book, watched: &[Watched], policy: &Policy, now: &Now) -> Self {
        let ours = |subject: &Subject| match subject {
            Subject::Cause(_) => true,
            Subject::Target(target) => watched.iter().any(|w| w.target == *target),
        };
        let mut alerts: Vec<Alert> = book.active().filter(|a| ours(&a.id.subject)).cloned().collect();
        alerts.sort_by_key(|a| (a.is_acked(), std::cmp::Reverse(a.started.wall)));
        alerts.extend(book.ended().filter(|a| ours(&a.id.subject)).take(ENDED).cloned());
        let subjects = watched.iter().map(|w| Subject::Target(w.target.clone()));
        let subjects = subjects.chain(crate::alert::Cause::ALL.map(Subject::Cause));
        let mutes = subjects.filter_map(|s| book.mute(&s, now).cloned().map(|mute| (s, mute))).collect();
        let warming = watched.iter().filter_map(|w| match book.phase(&w.target, policy) {
            Phase::WarmUp { seen, of } => Some((w.target.clone(), (seen, of))),
            _ => None,
        });
        Alarms { alerts, mutes, warming: warming.collect() }
    }
}

/// What a row's state is marked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Its alert was acknowledged.
    Acked,
    /// It is muted.
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
            Mark::Warming => "warm-up",
        }
    }
}

/// The mark of `target`, of `data` as it is shown.
pub(super) fn mark(data: &State, target: &Target) -> Option<Mark> {
    let subject = Subject::Target(target.clone());
    if is_muted(data, &subject) {
        return Some(Mark::Muted);
    }
    match about(data, &subject) {
        Some(alert) if alert.is_acked() => Some(Mark::Acked),
        Some(_) => None,
        None => data.warming.contains_key(target).then_some(Mark::Warming),
    }
}

/// The active alerts of `state`.
pub fn active(state: &State) -> impl Iterator<Item = &Alert> {
    state.alerts.iter().take_while(|a| a.ended.is_none())
}

/// The active alert about `subject`.
pub fn about<'a>(state: &'a State, subject: &Subject) -> Option<&'a Alert> {
    active(state).find(|a| a.id.subject == *subject)
}

/// True where `subject` is muted now.
pub fn is_muted(state: &State, subject: &Subject) -> bool {
    let serial = about(state, subject).map(|a| a.id.serial);
    state.mutes.get(subject).is_some_and(|m| m.covers(serial, state.now.wall))
}

/// Active alerts that wait for somebody: neither acknowledged nor muted.
pub fn waiting(state: &State) -> usize {
    active(state).filter(|a| !a.is_acked() && !is_muted(state, &a.id.subject)).count()
}

/// What the target of `subject` is called on this screen.
pub fn name<'a>(state: &'a State, subject: &'a Subject) -> Option<Cow<'a, str>> {
    let Subject::Target(target) = subject else { return None };
    Some(names::of(state, target))
}

/// Where the cursor of the alerts stands; `None` before somebody moved it.
pub fn cursor(state: &State) -> Option<usize> {
    let id = state.alert.as_ref()?;
    state.shown().alerts.iter().position(|a| a.id == *id)
}

/// The entries of the menu of mutes for an alert: words, and how long.
pub fn mute_choices(state: &State, id: &AlertId) -> Vec<(&'static str, Choice)> {
    let mut choices = Vec::new();
    if is_muted(state, &id.subject) {
        choices.push(("not muted any more", Choice::Unmute));
    }
    if about(state, &id.subject).is_some_and(|a| a.id == *id) {
        choices.push(("until it clears", Choice::Clear));
    }
    let hours = |h: u64| Choice::For(Duration::from_secs(h * 3600));
    choices.extend([
        ("for 30 minutes", Choice::For(Duration::from_secs(1800))),
        ("for 2 hours", hours(2)),
        ("for 8 hours", hours(8)),
    ]);
    choices
}

/// How long something is muted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Not any more.
    Unmute,
    /// As long as the alert lasts.
    Clear,
    /// For so long.
    For(Duration),
}

/// The alert that keys are about: under the cursor in the view of alerts, else that of the selected row.
fn chosen(state: &State) -> Option<AlertId> {
    if state.lists_alerts() {
        let at = cursor(state).unwrap_or(0);
        return state.shown().alerts.get(at).map(|a| a.id.clone());
    }
    let subject = Subject::Target(select::selected(state)?.clone());
    // A row without an alert can be muted too.
    Some(about(state, &subject).map_or(AlertId { subject, serial: 0 }, |a| a.id.clone()))
}

/// Whom the alert under the cursor is about; `None` where it is about no target.
pub(super) fn target(state: &State) -> Option<Target> {
    match chosen(state)?.subject {
        Subject::Target(target) => Some(target),
        Subject::Cause(_) => None,
    }
}

fn deed(state: &State, id: AlertId, deed: Deed) -> Effect {
    let me = &state.facts.me;
    Effect::Act(Action { id, at: state.now.stamp(), by: format!("{} on {}", me.label(), me.host).into(), deed })
}

/// Opens the line for a note, or takes an acknowledgement back.
pub(super) fn acknowledge(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(id) = chosen(state) else { return };
    let Some(alert) = active(state).find(|a| a.id == id) else { return };
    if alert.is_acked() {
        effects.push(deed(state, id, Deed::Unack));
    } else {
        state.overlay = Some(Overlay::Note { rank: alert.matter.rank(), id, text: String::new() });
    }
}

/// Acknowledges with what was typed.
pub(super) fn keep_note(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Note { id, rank, text }) = state.overlay.take() {
        effects.push(deed(state, id, Deed::Ack { rank, note: text.trim().into() }));
    }
}

/// Opens the menu of mutes.
pub(super) fn mute(state: &mut State) {
    if let Some(id) = chosen(state) {
        state.overlay = Some(Overlay::MuteMenu { id, cursor: 0 });
    }
}

/// Mutes as the cursor of the menu says.
pub(super) fn choose_mute(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::MuteMenu { id, cursor }) = state.overlay.take() else { return };
    let Some((_, choice)) = mute_choices(state, &id).get(cursor).copied() else { return };
    let what = match choice {
        Choice::Unmute => Deed::Unmute,
        Choice::Clear => Deed::MuteUntilClear,
        Choice::For(span) => Deed::MuteUntil(state.now.wall.checked_add(span).unwrap_or(jiff::Timestamp::MAX)),
    };
    effects.push(deed(state, id, what));
}

/// Types into the note.
pub(super) fn type_note(text: &mut String, c: char) -> bool {
    let fits = !c.is_control() && text.chars().count() < NOTE;
    if fits {
        text.push(c);
    }
    fits
}

/// Moves the cursor of the alerts.
pub(super) fn travel(state: &mut State, to: select::Move) {
    let all = &state.shown().alerts;
    let Some(last) = all.len().checked_sub(1) else { return };
    let page = state.alert_page.max(1);
    let next = match cursor(state) {
        Some(at) => to.from(at, page).min(last),
        None if to == select::Move::Bottom => last,
        None => 0,
    };
    state.alert = all.get(next).map(|a| a.id.clone());
}

/// From the alert under the cursor to its row.
pub(super) fn open(state: &mut State) {
    let Some(AlertId { subject: Subject::Target(target), .. }) = chosen(state) else { return };
    state.focus = target.kind;
    state.selected.clear();
    state.selected.insert(target.kind, target);
    state.detail_open = true;
}

/// Takes in what the store says now; gives the effects of what has become worse since.
pub(super) fn take(state: &mut State, alarms: Alarms, effects: &mut Vec<Effect>) -> bool {
    let changed = (&state.alerts, &state.mutes, &state.warming) != (&alarms.alerts, &alarms.mutes, &alarms.warming);
    let before: BTreeMap<AlertId, u32> = active(state).map(|a| (a.id.clone(), a.matter.rank())).collect();
    let first = !std::mem::replace(&mut state.alerts_known, true);
    (state.alerts, state.mutes, state.warming) = (alarms.alerts, alarms.mutes, alarms.warming);
    if first {
        return changed;
    }
    let news: Vec<String> = active(state)
        .filter(|a| !a.is_acked() && !is_muted(state, &a.id.subject))
        .filter(|a| before.get(&a.id).is_none_or(|rank| *rank < a.matter.rank()))
        .map(|a| {
            let what = names::told(state, &words::matter_words(&a.id.subject, &a.matter), false);
            let whom = words::whom(&a.id.subject, name(state, &a.id.subject).as_deref());
            clean_line(&format!("{whom}: {what}"), 400)
        })
        .collect();
    if let Some(text) = news.first() {
        let more = if news.len() > 1 { format!(" and {} more", news.len() - 1) } else { String::new() };
        effects.push(Effect::Alarm(format!("{text}{more}")));
    }
    changed
}

/// When a mute ends, in words for the screen.
pub fn muted_until(mute: &Mute) -> Option<jiff::Timestamp> {
    match mute.until {
        Until::Time(at) => Some(at),
        Until::Clear(_) | Until::Off => None,
    }
}
