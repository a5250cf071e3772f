//! What people do about alerts, and what is new among them.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::selection;
use crate::{
    alert::{Action, Alert, AlertId, Subject, Until, UserAction, words},
    app::{
        model::{Alerts, Data, Effect, Overlay, Sent, State},
        view::{
            alerts::{Choice, about, active, cursor, mute_choices, waits},
            claims,
            filter::listed,
            names,
        },
    },
    domain::{Target, clean_line},
};

/// Longest note in characters.
pub(super) const NOTE: usize = 120;
/// What was done here is shown for so long without a word of the store.
const SENT: Duration = Duration::from_secs(10);
const NONE_WAITS: &str = "No alert is unacknowledged";

/// The alert that keys are about: under the cursor in the view of alerts, else that of the selected row.
fn chosen(state: &State) -> Option<AlertId> {
    if state.lists_alerts() {
        let listed = listed(state);
        return listed.get(cursor(state, &listed).unwrap_or(0)).map(|a| a.id.clone());
    }
    let subject = Subject::Target(selection::selected(state)?.clone());
    // A row without an alert can be muted too.
    Some(about(&state.live, &subject).map_or(AlertId { subject, serial: 0 }, |a| a.id.clone()))
}

/// Whom the alert under the cursor is about; `None` where it is about no target.
pub(super) fn target(state: &State) -> Option<Target> {
    match chosen(state)?.subject {
        Subject::Target(target) => Some(target),
        Subject::Problem(_) => None,
    }
}

/// Tells the other dashboards, and shows it here at once: the store answers later.
fn act_on(state: &mut State, id: AlertId, what: UserAction, effects: &mut Vec<Effect>) {
    let me = &state.config.me;
    let by = match &state.config.ui.operator {
        Some(operator) => operator.clone(),
        None => me.full_label().into(),
    };
    let action = Action { id, at: state.live.now.stamp(), by, what };
    let ack = active(&state.live).find(|a| a.id == action.id).and_then(|a| a.ack.clone());
    let mute = state.live.mutes.get(&action.id.subject).cloned();
    apply(&mut state.live, &action);
    sort(state);
    state.sent.push(Sent { action: action.clone(), before: (ack, mute) });
    effects.push(Effect::Act(action));
}

/// Marks the alert as `action` wants it, unless there is a later word.
fn apply(data: &mut Data, action: &Action) {
    if let Some(ack) = action.ack()
        && let Some(alert) = data.alerts.iter_mut().find(|a| a.id == action.id && a.ended.is_none())
        && alert.ack.as_ref().is_none_or(|old| *old < ack)
    {
        alert.ack = Some(ack);
    }
    if let Some(mute) = action.mute()
        && data.mutes.get(&action.id.subject).is_none_or(|old| *old < mute)
    {
        data.mutes.insert(action.id.subject.clone(), mute);
    }
}

/// The longest first, by the times that are shown: a row may be outside for longer than its alert counts.
fn sort(state: &mut State) {
    let since: BTreeMap<AlertId, Timestamp> =
        active(&state.live).map(|alert| (alert.id.clone(), claims::lasting(state, alert).0)).collect();
    Alerts::sort(&mut state.live.alerts, |alert| since.get(&alert.id).copied().unwrap_or(alert.since.wall));
}

/// True where the alerts of the store have `action`, or a later word, or nothing that it could be about.
fn is_known(data: &Data, action: &Action) -> bool {
    let ack = action.ack().is_none_or(|ack| {
        let alert = active(data).find(|a| a.id == action.id);
        alert.is_none_or(|alert| alert.ack.as_ref().is_some_and(|known| *known >= ack))
    });
    let mute = action.mute().is_none_or(|mute| match data.mutes.get(&action.id.subject) {
        Some(known) => *known >= mute,
        // A mute that was taken back is told to nobody.
        None => mute.until == Until::Off,
    });
    ack && mute
}

/// What the store did not take in time is not so, and the screen says it.
pub(super) fn give_up(state: &mut State) -> bool {
    let now = state.live.now.clone();
    let (late, sent) = std::mem::take(&mut state.sent).into_iter().partition(|s| s.action.at.age(&now) >= SENT);
    state.sent = sent;
    let late: Vec<Sent> = late;
    for Sent { action, before: (ack, mute) } in late.iter().rev() {
        if action.ack().is_some()
            && let Some(alert) = state.live.alerts.iter_mut().find(|a| a.id == action.id)
        {
            alert.ack.clone_from(ack);
        }
        if action.mute().is_some() {
            match mute {
                Some(mute) => drop(state.live.mutes.insert(action.id.subject.clone(), mute.clone())),
                None => drop(state.live.mutes.remove(&action.id.subject)),
            }
        }
    }
    if let Some(first) = late.first() {
        sort(state);
        let text = format!("{}: not saved, the store did not answer; try again", whom(state, &first.action.id.subject));
        state.notices.status_message = Some(text);
    }
    !late.is_empty()
}

/// Opens the line for a note. What is acknowledged is taken back only where that is asked for twice.
pub(super) fn acknowledge(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(id) = chosen(state) else { return };
    let asked = state.navigation.asked.take();
    let Some(alert) = active(&state.live).find(|a| a.id == id) else {
        let over = state.lists_alerts();
        state.notices.status_message = Some(if over {
            "This alert is cleared: there is nothing to acknowledge".into()
        } else {
            format!("No alert for {}: there is nothing to acknowledge", whom(state, &id.subject))
        });
        return;
    };
    if !alert.is_acked() {
        let alerts = vec![(id, alert.kind.rank())];
        state.navigation.overlay = Some(Overlay::Note { alerts, text: String::new() });
    } else if asked.as_ref() == Some(&id) {
        state.notices.status_message = Some("acknowledgement undone".into());
        act_on(state, id, UserAction::Unack, effects);
    } else {
        let by = alert.ack.as_ref().map_or_else(String::new, |ack| format!(" by {}", ack.by));
        state.notices.status_message = Some(format!("Already acknowledged{by}: press the key again to undo it"));
        state.navigation.asked = Some(id);
    }
}

fn whom(state: &State, subject: &Subject) -> String {
    clean_line(&words::whom(subject, names::of_subject(state, subject).as_deref()), 100)
}

/// Asks whether all alerts that are shown and wait for somebody are to be acknowledged; a note can be typed.
pub(super) fn acknowledge_all(state: &mut State) {
    let data = state.shown();
    let waiting = |a: &&Alert| waits(data, a) && active(&state.live).any(|live| live.id == a.id);
    let alerts: Vec<(AlertId, u32)> =
        listed(state).into_iter().filter(waiting).map(|a| (a.id.clone(), a.kind.rank())).collect();
    if alerts.is_empty() {
        state.notices.status_message = Some(NONE_WAITS.into());
    } else {
        state.navigation.overlay = Some(Overlay::Note { alerts, text: String::new() });
    }
}

/// Acknowledges with what was typed. In the list of alerts the cursor stays where it is: what is acknowledged goes down.
pub(super) fn keep_note(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Note { alerts, text }) = state.navigation.overlay.take() else { return };
    let at = if state.lists_alerts() { cursor(state, &listed(state)) } else { None };
    state.notices.status_message = match &alerts[..] {
        [(id, _)] => Some(format!("{}: acknowledged", whom(state, &id.subject))),
        all => Some(format!("{} alerts acknowledged", all.len())),
    };
    for (id, rank) in alerts {
        act_on(state, id, UserAction::Ack { rank, note: text.trim().into() }, effects);
    }
    if let Some(at) = at {
        let listed = listed(state);
        let next = listed.get(at).or(listed.last()).map(|alert| alert.id.clone());
        state.navigation.alert = next.or_else(|| state.navigation.alert.take());
    }
}

/// Moves the cursor to the next alert that waits for somebody, round and round.
pub(super) fn next_waiting(state: &mut State) {
    let data = state.shown();
    let listed = listed(state);
    let (all, from) = (listed.len(), cursor(state, &listed).map_or(0, |at| at + 1));
    let next = listed.iter().cycle().skip(from).take(all).find(|a| waits(data, a)).map(|a| a.id.clone());
    match next {
        Some(id) => state.navigation.alert = Some(id),
        None => state.notices.status_message = Some(NONE_WAITS.into()),
    }
}

/// Opens the menu of mutes.
pub(super) fn mute(state: &mut State) {
    if let Some(id) = chosen(state) {
        state.navigation.overlay = Some(Overlay::MuteMenu { id, cursor: 0 });
    }
}

/// Mutes as the cursor of the menu says.
pub(super) fn choose_mute(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::MuteMenu { id, cursor }) = state.navigation.overlay.take() else { return };
    let Some((_, choice)) = mute_choices(state, &id).get(cursor).copied() else { return };
    let what = match choice {
        Choice::Unmute => UserAction::Unmute,
        Choice::Clear => UserAction::MuteUntilClear,
        Choice::For(span) => {
            UserAction::MuteUntil(state.live.now.wall.checked_add(span).unwrap_or(jiff::Timestamp::MAX))
        }
    };
    act_on(state, id, what, effects);
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
pub(super) fn travel(state: &mut State, to: selection::Move) {
    let all = listed(state);
    let Some(last) = all.len().checked_sub(1) else { return };
    let page = state.layout.alerts.max(1);
    let next = match cursor(state, &all) {
        Some(at) => to.from(at, page).min(last),
        None if to == selection::Move::Bottom => last,
        None => 0,
    };
    state.navigation.alert = all.get(next).map(|a| a.id.clone());
}

/// From the alert under the cursor to its row.
pub(super) fn open(state: &mut State) {
    let Some(AlertId { subject: Subject::Target(target), .. }) = chosen(state) else { return };
    state.navigation.focus = target.kind;
    state.navigation.selected.clear();
    state.navigation.selected.insert(target.kind, target);
    state.navigation.detail_open = true;
}

/// Takes in what the store says now; gives the effects of what has become worse since.
pub(super) fn take(state: &mut State, alerts: Alerts, effects: &mut Vec<Effect>) -> bool {
    let before: BTreeMap<AlertId, u32> = active(&state.live).map(|a| (a.id.clone(), a.kind.rank())).collect();
    let first = !std::mem::replace(&mut state.live.alerts_known, true);
    let Data { alerts: list, mutes, warming, .. } = &mut state.live;
    let shown = (
        std::mem::replace(list, alerts.alerts),
        std::mem::replace(mutes, alerts.mutes),
        std::mem::replace(warming, alerts.warming),
    );
    let mut sent = std::mem::take(&mut state.sent);
    sent.retain(|s| !is_known(&state.live, &s.action));
    sent.iter().for_each(|s| apply(&mut state.live, &s.action));
    state.sent = sent;
    sort(state);
    // Only now are they as they are shown: with what was done here, and in the order of the screen.
    let changed = (&shown.0, &shown.1, &shown.2) != (&state.live.alerts, &state.live.mutes, &state.live.warming);
    if first {
        return changed;
    }
    let news: Vec<String> = active(&state.live)
        .filter(|a| waits(&state.live, a))
        .filter(|a| before.get(&a.id).is_none_or(|rank| *rank < a.kind.rank()))
        .map(|a| {
            let what = names::told(state, &words::kind_words(&a.id.subject, &a.kind), false);
            let whom = words::whom(&a.id.subject, names::of_subject(state, &a.id.subject).as_deref());
            clean_line(&format!("{whom}: {what}"), 400)
        })
        .collect();
    if let Some(text) = news.first() {
        let more = if news.len() > 1 { format!(" and {} more", news.len() - 1) } else { String::new() };
        effects.push(Effect::Alarm(format!("{text}{more}")));
    }
    changed
}
