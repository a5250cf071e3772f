//! Who is logged in, on the screen: words, filter, counts, order.

use std::{sync::Arc, time::Duration};

use crate::{
    app::{Column, Event, LoginState, Shared, fixture::Floor, lines, rows},
    domain::{Kind, LoggedIn, Target},
    store::Presence,
};

const MINUTE: Duration = Duration::from_secs(60);

fn agent(id: &str, state: &str) -> LoggedIn {
    LoggedIn { id: id.into(), name: None, state: Some(state.into()) }
}

/// a1 is ready, a2 on a break since now, a3 was there and has gone now; the others were never seen.
fn floor() -> Floor {
    let mut floor = Floor::new();
    let first = vec![agent("a1", "READY"), agent("a2", "READY"), agent("a3", "READY")];
    let known = Presence::default().listed(first, true, MINUTE, &floor.now());
    floor.advance(60);
    let known = known.listed(vec![agent("a1", "READY"), agent("a2", "NOT READY")], true, MINUTE, &floor.now());
    let shared = Shared { presence: Some(Arc::new(known)), ..Shared::default() };
    floor.event(Event::Shared(Box::new(shared)));
    floor
}

#[test]
fn each_agent_has_a_login_and_a_campaign_has_none() {
    let floor = floor();
    let of = |target: &Target| rows::line(&floor.state, target).unwrap().login;
    let at = |id: &str| of(&Target::agent(id)).map(|l| (l.state, l.word, l.since.map(|at| at.mono), l.stale)).unwrap();
    let now = Some(floor.now().mono);
    assert_eq!(at("a1"), (LoginState::Ready, "READY", None, false));
    assert_eq!(at("a2"), (LoginState::Break, "NOT READY", now, false));
    assert_eq!(at("a3"), (LoginState::Out, "out", now, false));
    assert_eq!(at("a4"), (LoginState::Out, "out", None, false));
    assert_eq!(of(&Target::campaign("RENEW")), None);
    assert_eq!(rows::logged_in(rows::all_lines(&floor.state, Kind::Agent)), Some((2, 6, false)));
    assert_eq!(rows::logged_in(rows::all_lines(&Floor::new().state, Kind::Agent)), None);
}

#[test]
fn what_is_known_goes_stale() {
    let mut floor = floor();
    floor.advance(179);
    assert_eq!(rows::logged_in(rows::all_lines(&floor.state, Kind::Agent)), Some((2, 6, false)));
    floor.advance(1);
    assert_eq!(rows::logged_in(rows::all_lines(&floor.state, Kind::Agent)), Some((2, 6, true)));
}

#[test]
fn the_filter_knows_the_login_and_the_services_word() {
    let mut floor = floor();
    let mut found = |text: &str| {
        floor.state.navigation.filter.text = text.into();
        lines(&floor.state, Kind::Agent).iter().map(|l| l.target().id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found("login:in"), ["a1", "a2"]);
    assert_eq!(found("login:out"), ["a3", "a4", "a5", "a6"]);
    assert_eq!(found("!login:in"), ["a3", "a4", "a5", "a6"]);
    assert_eq!(found("state:ready"), ["a1", "a2"]);
    assert_eq!(found("state:not"), ["a2"]);
    assert_eq!(found("login:in state:waiting").len(), 2);
}

#[test]
fn the_column_is_there_only_where_something_is_known() {
    let needs = Column::Login.spec().needs.unwrap();
    let any = |floor: &Floor| rows::all_lines(&floor.state, Kind::Agent).any(|l| needs(&l));
    assert!(any(&floor()) && !any(&Floor::new()));
}

#[test]
fn logged_out_agents_are_folded_away_by_a_key_but_not_those_outside_their_band() {
    let mut floor = floor();
    for (id, secs) in [("a3", 290), ("a4", 600)] {
        floor.agent(id, secs);
    }
    let mut ids: Vec<String> = floor.ids(Kind::Agent).iter().map(ToString::to_string).collect();
    assert_eq!(ids.len(), 6);
    let effects = floor.keys("2L");
    let remembered = effects.iter().any(|e| matches!(e, crate::app::Effect::Remember(saved) if saved.fold_logged_out));
    assert!(remembered && floor.state.preferences.fold_logged_out);
    ids = floor.ids(Kind::Agent).iter().map(ToString::to_string).collect();
    ids.sort();
    assert_eq!(ids, ["a1", "a2", "a4"]);
    // What is too old to go by folds nobody.
    floor.advance(180);
    assert_eq!(floor.ids(Kind::Agent).len(), 6);
    floor.keys("L");
    assert!(!floor.state.preferences.fold_logged_out);
    let mut without = Floor::new();
    without.keys("2L");
    assert_eq!(without.ids(Kind::Agent).len(), 6);
    assert!(without.state.notices.status_message.as_deref().is_some_and(|said| said.contains("not known")));
}
