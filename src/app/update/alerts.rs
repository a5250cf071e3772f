//! What people do about alerts, and what is new among them.

use std::collections::BTreeMap;

use super::selection;
use crate::{
    alert::{Action, Alert, AlertId, Subject, UserAction, words},
    app::{
        model::{Alerts, Effect, Overlay, State},
        view::{
            alerts::{Choice, about, active, cursor, is_muted, mute_choices},
            names,
        },
    },
    domain::{Target, clean_line},
};

/// Longest note in characters.
pub(super) const NOTE: usize = 120;

/// The alert that keys are about: under the cursor in the view of alerts, else that of the selected row.
fn chosen(state: &State) -> Option<AlertId> {
    if state.lists_alerts() {
        let at = cursor(state).unwrap_or(0);
        return state.shown().alerts.get(at).map(|a| a.id.clone());
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

fn act_on(state: &State, id: AlertId, what: UserAction) -> Effect {
    let me = &state.config.me;
    Effect::Act(Action { id, at: state.live.now.stamp(), by: format!("{} on {}", me.label(), me.host).into(), what })
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
        state.navigation.overlay = Some(Overlay::Note { rank: alert.kind.rank(), id, text: String::new() });
    } else if asked.as_ref() == Some(&id) {
        state.notices.status_message = Some("acknowledgement taken back".into());
        effects.push(act_on(state, id, UserAction::Unack));
    } else {
        let by = alert.ack.as_ref().map_or_else(String::new, |ack| format!(" by {}", ack.by));
        state.notices.status_message = Some(format!("Already acknowledged{by}: press the key again to take it back"));
        state.navigation.asked = Some(id);
    }
}

fn whom(state: &State, subject: &Subject) -> String {
    clean_line(&words::whom(subject, names::of_subject(state, subject).as_deref()), 100)
}

/// Acknowledges with what was typed. In the list of alerts the cursor stays where it is: what is acknowledged goes down.
pub(super) fn keep_note(state: &mut State, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Note { id, rank, text }) = state.navigation.overlay.take() {
        if state.lists_alerts() {
            let at = cursor(state).unwrap_or(0);
            let next = state.shown().alerts.get(at + 1).filter(|a| a.ended.is_none() && !a.is_acked());
            state.navigation.alert = next.map(|a| a.id.clone()).or_else(|| state.navigation.alert.clone());
        }
        state.notices.status_message = Some(format!("{}: acknowledged", whom(state, &id.subject)));
        effects.push(act_on(state, id, UserAction::Ack { rank, note: text.trim().into() }));
    }
}

/// Moves the cursor to the next alert that waits for somebody, round and round.
pub(super) fn next_waiting(state: &mut State) {
    let data = state.shown();
    let waits = |a: &Alert| a.ended.is_none() && !a.is_acked() && !is_muted(data, &a.id.subject);
    let (all, from) = (data.alerts.len(), cursor(state).map_or(0, |at| at + 1));
    let next = data.alerts.iter().cycle().skip(from).take(all).find(|a| waits(a)).map(|a| a.id.clone());
    match next {
        Some(id) => state.navigation.alert = Some(id),
        None => state.notices.status_message = Some("No alert is unacknowledged".into()),
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
    effects.push(act_on(state, id, what));
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
    let all = &state.shown().alerts;
    let Some(last) = all.len().checked_sub(1) else { return };
    let page = state.layout.alerts.max(1);
    let next = match cursor(state) {
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
    let changed = (&state.live.alerts, &state.live.mutes, &state.live.warming)
        != (&alerts.alerts, &alerts.mutes, &alerts.warming);
    let before: BTreeMap<AlertId, u32> = active(&state.live).map(|a| (a.id.clone(), a.kind.rank())).collect();
    let first = !std::mem::replace(&mut state.live.alerts_known, true);
    (state.live.alerts, state.live.mutes, state.live.warming) = (alerts.alerts, alerts.mutes, alerts.warming);
    if first {
        return changed;
    }
    let news: Vec<String> = active(&state.live)
        .filter(|a| !a.is_acked() && !is_muted(&state.live, &a.id.subject))
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
