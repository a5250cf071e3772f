//! What keys do about alerts: the cursor stays, nothing is taken back by mistake, and a key without an alert says so.

use crate::{
    alert::{Ack, Alert, AlertId, AlertKind, Subject, UserAction},
    app::{Alerts, ChartArea, Effect, Event, Overlay, alerts, filter, fixture::Floor, view},
    domain::{Aht, Level, Target},
};

fn alert(floor: &Floor, id: &str, level: Level) -> Alert {
    let (at, aht) = (floor.now().stamp(), Aht::from_secs(460));
    Alert {
        id: AlertId { subject: Subject::Target(Target::agent(id)), serial: 1 },
        started: at.clone(),
        since: at,
        exact: true,
        kind: AlertKind::Band { level, worst: level, first: aht, last: aht, peak: Some(aht), limits: None },
        ended: None,
        ack: None,
    }
}

/// Three alerts, of which somebody else has acknowledged the last one.
pub(super) fn floor() -> Floor {
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

/// What the store says next: these alerts.
fn told(floor: &mut Floor, alerts: Vec<Alert>) {
    floor.event(Event::Alerts(Box::new(Alerts { alerts, ..Alerts::default() })));
}

fn acked_by(floor: &Floor, id: &str) -> Option<String> {
    let about = |a: &&Alert| a.id.subject == Subject::Target(Target::agent(id));
    let alert = floor.state.live.alerts.iter().find(about)?;
    alert.ack.as_ref().filter(|ack| ack.holds).map(|ack| ack.by.to_string())
}

#[test]
fn what_is_under_way_is_shown_at_once_by_the_name_of_the_person() {
    let mut floor = floor();
    floor.state.config.ui.operator = Some("Asha".into());
    let before = floor.state.live.alerts.clone();
    let effects = floor.keys("4a<Enter>");
    let [Effect::Act(action)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((&*action.by, acked_by(&floor, "a1").as_deref()), ("Asha", Some("Asha")));
    assert!(view::alerts::is_under_way(&floor.state, &action.id));
    // The store was read before it had this.
    told(&mut floor, before.clone());
    assert_eq!(acked_by(&floor, "a1").as_deref(), Some("Asha"), "what is under way does not flicker");
    // A second press asks before it takes anything back.
    floor.keys("g");
    while under_cursor(&floor) != "agent a1" {
        floor.keys("j");
    }
    assert_eq!(floor.keys("a"), []);
    assert!(said(&floor).contains("Already acknowledged by Asha"), "{}", said(&floor));
    let mut saved = before;
    saved[0].ack = action.ack();
    told(&mut floor, saved);
    assert!(!view::alerts::is_under_way(&floor.state, &action.id) && acked_by(&floor, "a1").is_some());
    floor.advance(60);
    assert_eq!(acked_by(&floor, "a1").as_deref(), Some("Asha"));
}

#[test]
fn what_the_store_never_takes_is_not_shown_as_done() {
    let mut floor = floor();
    floor.keys("4a<Enter>");
    floor.keys("gm<Enter>");
    assert_eq!((acked_by(&floor, "a1").is_some(), floor.state.live.mutes.len()), (true, 1));
    floor.advance(9);
    assert_eq!(floor.state.sent.len(), 2);
    floor.advance(2);
    assert_eq!((acked_by(&floor, "a1"), floor.state.live.mutes.len(), floor.state.sent.len()), (None, 0, 0));
    assert!(said(&floor).contains("not saved"), "{}", said(&floor));
}

#[test]
fn all_that_are_shown_are_acknowledged_after_a_question_that_says_how_many() {
    let mut floor = floor();
    assert_eq!(floor.keys("2A"), []);
    assert!(floor.state.navigation.overlay.is_none() && said(&floor).contains("Alerts: press 4"), "{}", said(&floor));
    assert_eq!(floor.keys("4A"), []);
    let Some(Overlay::Note { alerts, .. }) = &floor.state.navigation.overlay else { panic!() };
    assert_eq!(alerts.len(), 2, "the one that Meera has acknowledged is not asked for");
    assert_eq!(floor.keys("<Esc>"), []);
    let effects = floor.keys("Alunch<Enter>");
    let acted = |e: &Effect| match e {
        Effect::Act(act) => (act.id.subject.to_string(), act.what.clone()),
        _ => panic!("{e:?}"),
    };
    let ack = |rank| UserAction::Ack { rank, note: "lunch".into() };
    let expected = [("agent a1".to_owned(), ack(2)), ("agent a2".to_owned(), ack(1))];
    assert_eq!(effects.iter().map(acted).collect::<Vec<_>>(), expected);
    assert_eq!(said(&floor), "2 alerts acknowledged");
    assert_eq!(floor.keys("A"), []);
    assert_eq!(said(&floor), "No alert is unacknowledged");
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
fn another_row_begins_with_the_last_two_hours_however_one_comes_to_it() {
    for (at, then) in [
        ("2j", "j"),
        ("2j", "<Esc>"),
        ("2j", "4G<Enter>"),
        ("2j", "/a3<Enter>"),
        ("4j", "j"),
        ("4j", "n"),
        ("4j", "a<Enter>"),
        ("4j", "G<Enter>"),
    ] {
        let mut floor = floor();
        floor.keys(at);
        floor.state.layout.chart = Some(ChartArea { targets: vec![Target::agent("a1")], columns: 96 });
        floor.keys("-");
        floor.event(Event::Tick);
        assert!(!floor.state.navigation.axis.is_live(), "{at}: the same row keeps it");
        floor.keys(then);
        assert!(floor.state.navigation.axis.is_live(), "{at}, {then}");
    }
}

#[test]
fn a_longer_span_is_that_of_the_row_that_is_shown_also_where_nobody_has_moved() {
    let mut floor = floor();
    floor.keys("2");
    floor.state.layout.chart = Some(ChartArea { targets: vec![Target::agent("a1")], columns: 96 });
    floor.keys("-<Enter>");
    assert!(floor.state.navigation.detail_open && !floor.state.navigation.axis.is_live());
}

#[test]
fn after_the_last_one_is_acknowledged_the_cursor_stays_in_its_line() {
    let line = |floor: &Floor| alerts::cursor(&floor.state, &filter::listed(&floor.state));
    let mut floor = floor();
    floor.keys("4jja");
    floor.keys("<Enter>");
    assert_eq!(line(&floor), Some(1), "{}", under_cursor(&floor));
    let mut floor = self::floor();
    floor.keys("4/state:unacked<Enter>jja");
    floor.keys("<Enter>");
    assert_eq!((line(&floor), under_cursor(&floor).as_str()), (Some(0), "agent a1"), "the last one that is left");
}
