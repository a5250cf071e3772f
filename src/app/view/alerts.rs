//! What alerts say of rows, and how they are muted. Pure functions of [`State`].

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    alert::{Alert, AlertId, Mute, Subject, Until},
    app::model::{Data, Mark, State},
    domain::Target,
};

/// The mark of `target`, which has this active alert, of `data` as it is shown.
pub(super) fn mark(data: &Data, target: &Target, alert: Option<&Alert>) -> Option<Mark> {
    let subject = Subject::Target(target.clone());
    if data.mutes.get(&subject).is_some_and(|m| m.covers(alert.map(|a| a.id.serial), data.now.wall)) {
        return Some(Mark::Muted);
    }
    match alert {
        Some(alert) if alert.is_acked() => Some(Mark::Acked),
        Some(_) => None,
        None => data.warming.contains_key(target).then_some(Mark::Warming),
    }
}

/// The active alerts of `state`.
pub fn active(data: &Data) -> impl Iterator<Item = &Alert> {
    data.alerts.iter().take_while(|a| a.ended.is_none())
}

/// The active alert about `subject`.
pub fn about<'a>(data: &'a Data, subject: &Subject) -> Option<&'a Alert> {
    active(data).find(|a| a.id.subject == *subject)
}

/// True where `subject` is muted now.
pub fn is_muted(data: &Data, subject: &Subject) -> bool {
    let serial = about(data, subject).map(|a| a.id.serial);
    data.mutes.get(subject).is_some_and(|m| m.covers(serial, data.now.wall))
}

/// True for an active alert that waits for somebody: it is neither acknowledged nor muted.
pub fn waits(data: &Data, alert: &Alert) -> bool {
    alert.ended.is_none() && !alert.is_acked() && !is_muted(data, &alert.id.subject)
}

/// How many alerts wait for somebody.
pub fn waiting(data: &Data) -> usize {
    active(data).filter(|alert| waits(data, alert)).count()
}

/// True where something that was done here about `id` is not in the store yet.
pub fn is_under_way(state: &State, id: &AlertId) -> bool {
    state.sent.iter().any(|sent| sent.action.id == *id)
}

/// Where the cursor stands among the alerts that are `listed`; `None` before somebody moved it.
pub fn cursor(state: &State, listed: &[&Alert]) -> Option<usize> {
    let id = state.navigation.alert.as_ref()?;
    listed.iter().position(|a| a.id == *id)
}

/// The entries of the menu of mutes for an alert: words, and how long.
pub fn mute_choices(state: &State, id: &AlertId) -> Vec<(&'static str, Choice)> {
    let mut choices = Vec::new();
    if is_muted(&state.live, &id.subject) {
        choices.push(("unmute", Choice::Unmute));
    }
    if about(&state.live, &id.subject).is_some_and(|a| a.id == *id) {
        choices.push(("until it is cleared", Choice::Clear));
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
    Unmute,
    /// As long as the alert lasts.
    Clear,
    For(Duration),
}

/// When a mute ends, in words for the screen.
pub fn muted_until(mute: &Mute) -> Option<Timestamp> {
    match mute.until {
        Until::Time(at) => Some(at),
        Until::Clear(_) | Until::Off => None,
    }
}
