//! What a filter asks for: numbers, words that find nothing, what Tab completes, and alerts.

use tui_input::Input;

use super::alerts::floor as alarmed;
use crate::{
    app::{Names, filter, filter_hints, fixture::Floor, lines, rows},
    domain::Kind,
};

/// Six agents: 4:00, 8:00, 9:00, no calls, and two that were not read; the first one is five minutes old.
fn floor() -> Floor {
    let mut floor = Floor::new();
    floor.agent("a1", 240);
    floor.advance(300);
    floor.agent("a2", 480);
    floor.agent("a3", 540);
    floor.agent("a4", 0);
    floor
}

fn found(floor: &mut Floor, text: &str) -> Vec<String> {
    floor.state.navigation.filter.text = Input::new(text.to_owned());
    let mut ids: Vec<String> = lines(&floor.state, Kind::Agent).iter().map(|l| l.target().id.to_string()).collect();
    ids.sort();
    ids
}

fn remark(floor: &mut Floor, text: &str) -> Option<String> {
    floor.state.filter_mut().text = Input::new(text.to_owned());
    filter_hints::remark(&floor.state, rows::all_lines(&floor.state, Kind::Agent))
}

#[test]
fn numbers_compare() {
    let mut floor = floor();
    for (text, ids) in [
        ("aht>8:00", &["a3"][..]),
        ("aht>=8:00", &["a2", "a3"]),
        ("aht>=480", &["a2", "a3"]),
        ("aht>=8m", &["a2", "a3"]),
        ("aht=4:00", &["a1"]),
        ("aht<9:00 kind:agent", &["a1", "a2"]),
        ("age>4m", &["a1"]),
        ("age<=4m", &["a2", "a3", "a4"]),
        ("vs>80%", &["a3"]),
        ("vs<-10", &["a1"]),
        // What has no number is neither more nor less.
        ("!aht>0", &["a4", "a5", "a6"]),
        // Half typed it hides nothing.
        ("aht>", &["a1", "a2", "a3", "a4", "a5", "a6"]),
        ("aht>x", &["a1", "a2", "a3", "a4", "a5", "a6"]),
    ] {
        assert_eq!(found(&mut floor, text), ids, "{text}");
    }
}

#[test]
fn a_word_that_finds_nothing_says_why() {
    let mut floor = floor();
    floor.keys("2");
    for (text, expected) in [
        ("grp:north", Some("no field grp; known: state, group, name, id, kind, login, aht, age, vs")),
        ("ath>8:00", Some("no field ath; known: state, group, name, id, kind, login, aht, age, vs")),
        ("aht>x", Some("'x' is no number; write it as aht>8:00")),
        ("nroth", Some("nothing has 'nroth'; did you mean 'north'?")),
        ("group:nroth", Some("nothing has 'nroth'; did you mean 'north'?")),
        ("state:hihg", Some("nothing has 'hihg'; did you mean 'high'?")),
        ("state:unknown_id", Some("nothing has 'unknown_id' now")),
        ("zebra", Some("nothing has 'zebra'")),
        ("!zebra", Some("nothing has 'zebra'")),
        ("north", None),
        ("north south", None),
        ("aht>99:00", None),
        ("aht>", None),
        ("", None),
    ] {
        assert_eq!(remark(&mut floor, text).as_deref(), expected, "{text}");
    }
}

#[test]
fn a_view_without_rows_says_nothing_about_the_filter_of_the_rows() {
    let mut floor = floor();
    floor.keys("1");
    assert!(remark(&mut floor, "zzz").is_some());
    for view in ["5", "6"] {
        floor.keys(view);
        assert_eq!(filter_hints::remark(&floor.state, rows::all_lines(&floor.state, Kind::Agent)), None);
    }
}

#[test]
fn a_suggestion_tells_no_name_that_is_hidden() {
    let mut floor = floor();
    let mut watched = floor.state.config.watched.to_vec();
    for w in &mut watched {
        w.label = Some("Devika R".into());
    }
    floor.state.watch(watched.into());
    floor.keys("2");
    assert_eq!(remark(&mut floor, "devikka").as_deref(), Some("nothing has 'devikka'; did you mean 'devika'?"));
    floor.state.preferences.names = Names::Hidden;
    assert_eq!(remark(&mut floor, "devikka").as_deref(), Some("nothing has 'devikka'"));
}

#[test]
fn tab_completes_fields_states_and_groups() {
    let mut floor = floor();
    for (typed, expected) in [
        ("2/gr<Tab>", "group:"),
        ("2/group:<Tab>", "group:"),
        ("2/group:n<Tab>", "group:north "),
        ("2/!group:so<Tab>", "!group:south "),
        ("2/north state:no_c<Tab>", "north state:no_calls "),
        ("2/ah<Tab>", "aht>"),
        ("2/zebra<Tab>", "zebra"),
    ] {
        floor.keys("<Esc><Esc>");
        floor.keys(typed);
        assert_eq!(floor.state.filter().text.value(), expected, "{typed}");
    }
}

#[test]
fn alerts_are_filtered_in_their_own_view() {
    let mut floor = alarmed();
    let listed = |floor: &Floor| {
        filter::listed(&floor.state).iter().map(|a| a.id.subject.to_string()).collect::<Vec<_>>().join(" ")
    };
    floor.keys("4");
    for (text, expected) in [
        ("a2", "agent a2"),
        ("state:v.high", "agent a1"),
        ("state:acked", "agent a3"),
        ("state:unacked", "agent a1 agent a2"),
        ("meera", "agent a3"),
        ("!north", "agent a2"),
        ("aht>7:00 kind:agent", "agent a1 agent a2 agent a3"),
    ] {
        floor.state.filter_mut().text = Input::new(text.to_owned());
        assert_eq!(listed(&floor), expected, "{text}");
    }
    // The keys are about what is shown, and the tables keep their rows.
    floor.state.filter_mut().text = Input::default();
    floor.keys("/south<Enter>ja");
    let Some(crate::app::Overlay::Note { alerts, .. }) = &floor.state.navigation.overlay else { panic!() };
    assert_eq!(alerts[0].0.subject.to_string(), "agent a2");
    floor.keys("<Esc>A");
    let Some(crate::app::Overlay::Note { alerts, .. }) = &floor.state.navigation.overlay else { panic!() };
    assert_eq!(alerts.len(), 1);
    floor.keys("<Esc>2");
    assert_eq!(lines(&floor.state, Kind::Agent).len(), 6);
}
