//! What an alert says in sentences, and who cares about it.

use super::{cells, scene::Scene, words::alerts as texts};
use crate::{
    alert::{Alert, words},
    app::{alerts, claims, names},
    domain::clean_line,
};

/// Who cares: `unacknowledged`, `acked by Meera 14:22: voicemail list`, `muted until 16:00`, `cleared 14:26, back in band`.
pub(super) fn fate(scene: &Scene<'_>, alert: &Alert) -> String {
    fate_of(scene, alert, true)
}

/// The same, with or without the note.
fn fate_of(scene: &Scene<'_>, alert: &Alert, with_note: bool) -> String {
    let zone = &scene.state.config.zone;
    if let Some((at, why)) = &alert.ended {
        return texts::cleared(&cells::minute(at.wall, zone), words::ended(&alert.id.subject, *why));
    }
    let subject = &alert.id.subject;
    let mut parts = Vec::new();
    if let Some(ack) = alert.ack.as_ref().filter(|_| alert.is_acked()) {
        let note = match &*ack.note {
            "" => String::new(),
            _ if !with_note => String::new(),
            note if names::are_full(scene.state) => format!(": {note}"),
            // It may name anybody.
            _ => texts::WITH_NOTE.into(),
        };
        parts.push(texts::acknowledged(&ack.by, &cells::minute(ack.at, zone), &note));
    }
    if let Some(mute) = scene.data.mutes.get(subject).filter(|_| alerts::is_muted(scene.data, subject)) {
        parts.push(texts::muted(alerts::muted_until(mute).map(|at| cells::minute(at, zone))));
    }
    if alerts::is_under_way(scene.state, &alert.id) {
        parts.push(texts::NOT_SAVED.into());
    } else if parts.is_empty() {
        parts.push(texts::UNACKNOWLEDGED.into());
    }
    clean_line(&parts.join(", "), 300)
}

/// An alert about a value in sentences, nothing left out: what it claims, and who has seen it.
pub(super) fn sentences(scene: &Scene<'_>, alert: &Alert) -> Vec<String> {
    let Some(claims) = claims::sentence(scene.state, alert) else { return Vec::new() };
    let full = match alert.ack.as_ref().filter(|ack| alert.is_acked() && !ack.note.is_empty()) {
        Some(ack) if names::are_full(scene.state) => Some(format!("{}{}", texts::NOTE, clean_line(&ack.note, 200))),
        _ => None,
    };
    let fate = fate_of(scene, alert, full.is_none());
    [claims, texts::fate(&fate)].into_iter().chain(full).collect()
}
