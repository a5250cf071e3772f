//! The state under another configuration.

use std::{sync::Arc, time::Duration};

use crate::{
    app::{
        DashboardConfig, Event, Names, SavedPreferences, Shared, State, View,
        fixture::{self, Floor},
        lines, reconfigure,
    },
    config::{Theme, Watched, floor_of},
    domain::{Aht, Band, Kind, LoggedIn, Target},
    store::Presence,
};

fn follow(floor: &mut Floor, change: impl FnOnce(&mut DashboardConfig)) {
    let now = floor.now();
    let mut config = fixture::facts();
    change(&mut config);
    let old = std::mem::replace(&mut floor.state, State::new(fixture::facts(), now.clone()));
    floor.state = reconfigure(old, config, now);
}

fn words(floor: &Floor) -> Vec<String> {
    let line = |l: &crate::app::Line<'_>| format!("{} {}", l.name(), l.state.word());
    lines(&floor.state, Kind::Agent).iter().map(line).collect()
}

#[test]
fn another_configuration_changes_what_is_watched_and_leaves_what_is_known() {
    let mut floor = Floor::new();
    for (id, secs) in [("a1", 290), ("a2", 291), ("a3", 292)] {
        floor.agent(id, secs);
    }
    floor.keys("2jj:names id<Enter>/a<Enter>");
    let (view, selected) = (floor.state.navigation.view, floor.selected());
    let revision = floor.state.revision;
    follow(&mut floor, |config| {
        let mut watched: Vec<Watched> = config.watched.to_vec();
        // Two go, one comes, and one has another band and a name.
        watched.retain(|w| w.target != Target::agent("a2") && w.target != Target::agent("a6"));
        watched.push(Watched { target: Target::agent("a9"), ..watched[watched.len() - 1].clone() });
        let a3 = watched.iter_mut().find(|w| w.target == Target::agent("a3")).unwrap();
        (a3.band, a3.label) = (Band { high_crit: Some(Aht::from_secs(200)), ..Band::default() }, Some("Asha".into()));
        config.watched = watched.into();
        config.ui.theme = Theme::Light;
    });
    assert_eq!(words(&floor), ["Asha V.HIGH", "a1 ok", "a4 waiting", "a5 waiting", "a9 waiting"]);
    assert_eq!((floor.state.navigation.view, view), (View::Agents, View::Agents));
    assert_eq!(floor.state.navigation.filter.text.value(), "a");
    assert_eq!(floor.state.preferences.names, Names::Id);
    assert_eq!(floor.state.preferences.theme, Theme::Light, "a new line in the file is a later word");
    assert!(floor.state.revision != revision, "it is drawn");
    assert!(selected.is_some() && floor.selected().is_some_and(|id| id != "a2"), "{selected:?}");
    // What comes is taken in as before.
    floor.agent("a9", 250);
    floor.agent("a2", 250);
    assert!(words(&floor).contains(&"a9 ok".to_owned()) && !words(&floor).iter().any(|w| w.starts_with("a2")));
}

#[test]
fn a_look_that_was_chosen_stays_where_the_configuration_says_the_same() {
    let mut floor = Floor::new();
    floor.keys(":theme mono<Enter>:sort age<Enter>");
    let chosen = SavedPreferences::of(&floor.state);
    follow(&mut floor, |_| {});
    assert_eq!(SavedPreferences::of(&floor.state), chosen);
}

#[test]
fn without_a_list_of_its_own_all_that_was_known_is_shown() {
    let mut floor = Floor::new();
    floor.agent("a1", 290);
    follow(&mut floor, |config| config.watched = [].into());
    assert_eq!(words(&floor), ["a1 ok"]);
    floor.event(Event::Answer("read".into()));
    assert_eq!(floor.state.notices.status_message.as_deref(), Some("read"));
}

#[test]
fn whoever_is_logged_in_comes_and_goes_with_the_list_unless_the_picture_is_frozen() {
    let mut floor = Floor::new();
    floor.agent("a1", 290);
    follow(&mut floor, |config| {
        config.watched = config.watched.iter().filter(|w| w.target.kind == Kind::Campaign).cloned().collect();
        config.floor = Some(floor_of("[[agent]]\nid = \"A7\"\nlabel = \"Maya\"\n"));
    });
    assert!(words(&floor).is_empty(), "nobody is known to be logged in");
    let mut known = Presence::default();
    let mut listed = |floor: &mut Floor, ids: &[&str]| {
        let agents = ids.iter().map(|id| LoggedIn { id: (*id).into(), name: None, state: None }).collect();
        known = std::mem::take(&mut known).listed(agents, true, Duration::from_secs(60), &floor.now());
        let shared = Shared { presence: Some(Arc::new(known.clone())), ..Shared::default() };
        floor.event(Event::Shared(Box::new(shared)));
    };
    listed(&mut floor, &["a1", "a7"]);
    // What was known of somebody is there at once.
    assert_eq!(words(&floor), ["a1 ok", "Maya waiting"]);
    floor.keys("2j");
    assert!(floor.selected().is_some());
    floor.state.toggle_freeze();
    listed(&mut floor, &["a8"]);
    assert_eq!(words(&floor), ["a1 ok", "Maya waiting"]);
    floor.state.toggle_freeze();
    floor.event(Event::Tick);
    assert_eq!(words(&floor), ["a1 ok", "a8 waiting", "Maya waiting"]);
    // Another dashboard reads on: the value is of somebody who is not shown.
    floor.agent("a9", 250);
    floor.advance(7200);
    floor.event(Event::Tick);
    assert_eq!(words(&floor), ["a8 waiting"]);
    listed(&mut floor, &["a9"]);
    assert!(words(&floor).iter().any(|line| line.starts_with("a9 ")), "{:?}", words(&floor));
    let unread = floor.state.live.rows.get(&Target::agent("a7"));
    assert!(unread.is_none() && floor.state.config.watched.iter().any(|w| w.target.kind == Kind::Campaign));
}
