//! What keys do about alerts: the cursor stays, nothing is taken back by mistake, and a key without an alert says so.

use crate::{
    alert::{Ack, Alert, AlertId, AlertKind, Subject, UserAction},
    app::{Effect, Overlay, fixture::Floor},
    domain::{Aht, Level, Target},
};

fn alert(floor: &Floor, id: &str, level: Level) -> Alert {
    let (at, aht) = (floor.now().stamp(), Aht::from_secs(460));
    Alert {
        id: AlertId { subject: Subject::Target(Target::agent(id)), serial: 1 },
        started: at.clone(),
        since: at,
        kind: AlertKind::Band { level, worst: level, first: aht, last: aht, peak: Some(aht), limits: None },
        ended: None,
        ack: None,
    }
}

/// Three alerts, of which somebody else has acknowledged the last one.
fn floor() -> Floor {
    let mut floor = Floor::new();
    for id in ["a1", "a2", "a3", "a4"] {
        floor.agent(id, 460);
    }
    let mut acked = alert(&floor, "a3", Level::HighWarn);
    let at = floor.now().wall;
    acked.ack = Some(Ack { at, by: "Meera".into(), rank: 1, note: "".into(), holds: true });
    floor.state.live.alerts = vec![alert(&floor, "a1", Level::HighCrit), alert(&floor, "a2", Level::HighWarn), acked];
    floor
}

fn said(floor: &Floor) -> &str {
    floor.state.notices.status_message.as_deref().unwrap_or("")
}

fn under_cursor(floor: &Floor) -> String {
    floor.state.navigation.alert.as_ref().map_or_else(String::new, |id| id.subject.to_string())
}

#[test]
fn after_an_acknowledgement_the_cursor_is_on_the_next_one_and_the_screen_says_what_was_done() {
    let mut floor = floor();
    floor.keys("4ja");
    assert!(matches!(floor.state.navigation.overlay, Some(Overlay::Note { .. })));
    let effects = floor.keys("<Enter>");
    assert!(
        matches!(&effects[..], [Effect::Act(act)] if matches!(act.what, UserAction::Ack { rank: 2, .. })),
        "{effects:?}"
    );
    assert_eq!((under_cursor(&floor).as_str(), said(&floor)), ("agent a2", "a1: acknowledged"));
}

#[test]
fn an_acknowledgement_is_taken_back_only_where_that_is_asked_for_twice() {
    let mut floor = floor();
    floor.keys("4G");
    assert_eq!(under_cursor(&floor), "agent a3");
    assert_eq!(floor.keys("a"), []);
    assert!(said(&floor).contains("Already acknowledged by Meera"), "{}", said(&floor));
    assert_eq!(floor.keys("kG"), [], "another key in between is another wish");
    assert_eq!(floor.keys("a"), []);
    let effects = floor.keys("a");
    assert!(matches!(&effects[..], [Effect::Act(act)] if act.what == UserAction::Unack), "{effects:?}");
}

#[test]
fn a_row_without_an_alert_says_so() {
    let mut floor = floor();
    floor.keys("2GG");
    while floor.state.navigation.selected.values().all(|t| &*t.id != "a4") {
        floor.keys("k");
    }
    assert_eq!(floor.keys("a"), []);
    assert!(floor.state.navigation.overlay.is_none() && said(&floor).contains("No alert for a4"), "{}", said(&floor));
}

#[test]
fn n_goes_to_the_alerts_that_wait_for_somebody() {
    let mut floor = floor();
    let seen: Vec<String> = ["4n", "n", "n"]
        .iter()
        .map(|keys| {
            floor.keys(keys);
            under_cursor(&floor)
        })
        .collect();
    assert_eq!(seen, ["agent a1", "agent a2", "agent a1"]);
}

#[test]
fn q_leaves_the_detail_before_the_program() {
    let mut floor = floor();
    floor.keys("2j");
    floor.keys("<Enter>");
    assert!(floor.state.navigation.detail_open);
    assert_eq!(floor.keys("q"), []);
    assert!(!floor.state.navigation.detail_open);
    assert_eq!(floor.keys("q"), [Effect::Quit]);
}

#[test]
fn another_row_begins_with_the_last_two_hours() {
    let mut floor = floor();
    floor.keys("2j");
    floor.state.navigation.axis = floor.state.navigation.axis.zoomed(2);
    floor.keys("j");
    assert!(floor.state.navigation.axis.is_live());
}
