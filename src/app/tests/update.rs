//! Keys and events against the state, in tables and at random.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use crate::{
    app::{
        Column, Effect, Event, FrameLayout, Overlay, PlayStep, REPLAY, Shared, Topic, View, fixture::Floor, items,
        keys, lines, needs, tables::tables,
    },
    domain::{Kind, Outcome, Row, Target},
    store::{Attention, Link, Snapshot},
};

impl Floor {
    /// Presses the keys of `text`, where `<Name>` is a special key.
    pub(super) fn keys(&mut self, text: &str) -> Vec<Effect> {
        let mut effects = vec![];
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let special = rest.strip_prefix('<').and_then(|r| r.split_once('>'));
            let key = match special {
                Some((name, after)) => {
                    rest = after;
                    named(name)
                }
                None => {
                    rest = &rest[c.len_utf8()..];
                    KeyCode::Char(c).into()
                }
            };
            effects.extend(self.event(Event::Key(key)));
        }
        effects
    }

    pub(super) fn selected(&self) -> Option<String> {
        self.state.navigation.selected.get(&self.state.navigation.focus).map(|t| t.id.to_string())
    }

    pub(super) fn room(&mut self, campaigns: usize, agents: usize) {
        self.drawn(FrameLayout {
            campaigns,
            agents,
            alerts: 5,
            overlay: 10,
            overlay_lines: 45,
            ..FrameLayout::default()
        });
    }
}

fn named(name: &str) -> KeyEvent {
    let code = match name {
        "Down" => KeyCode::Down,
        "Up" => KeyCode::Up,
        "PgDn" => KeyCode::PageDown,
        "PgUp" => KeyCode::PageUp,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Tab" => KeyCode::Tab,
        "BackTab" => KeyCode::BackTab,
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Back" => KeyCode::Backspace,
        "F1" => KeyCode::F(1),
        "F6" => KeyCode::F(6),
        other => return KeyEvent::new(KeyCode::Char(other.chars().last().unwrap()), KeyModifiers::CONTROL),
    };
    code.into()
}

#[test]
fn q_quits_but_closes_an_overlay_first_and_control_c_always_quits() {
    for overlay in ["?", "o", "b"] {
        let mut floor = Floor::new();
        assert_eq!(floor.keys(&format!("{overlay}q")), []);
        assert_eq!(floor.state.navigation.overlay, None);
        assert_eq!(floor.keys("q"), [Effect::Quit]);
        assert_eq!(floor.keys(&format!("{overlay}<C-c>")), [Effect::Quit]);
    }
    let mut floor = Floor::new();
    assert_eq!(floor.keys("/q"), []);
    assert_eq!(floor.keys("<C-c>"), [Effect::Quit]);
}

#[test]
fn keys_that_are_the_loops_become_effects() {
    let mut floor = Floor::new();
    assert_eq!(floor.keys("<C-l><C-z>"), [Effect::Redraw, Effect::Suspend]);
    assert_eq!(floor.keys("2r"), [Effect::RequestPoll(Target::agent("a1"))]);
    assert_eq!(floor.selected().as_deref(), Some("a1"), "the row that is asked for is marked");
    assert_eq!(floor.keys("jr"), [Effect::RequestPoll(Target::agent("a2"))]);
    assert_eq!(floor.keys("/nobody<Enter>r"), []);
}

#[test]
fn views_go_round_in_both_directions() {
    let mut floor = Floor::new();
    for (keys, view) in [
        ("<Tab>", View::Agents),
        ("<Tab>", View::Campaigns),
        ("<Tab>", View::Alerts),
        ("<Tab>", View::Budget),
        ("<Tab>", View::Log),
        ("<Tab>", View::Overview),
        ("<BackTab>", View::Log),
        ("4", View::Alerts),
        ("5", View::Budget),
        ("6", View::Log),
        ("1", View::Overview),
        ("3", View::Campaigns),
        ("2", View::Agents),
    ] {
        floor.keys(keys);
        assert_eq!(floor.state.navigation.view, view, "{keys}");
        let tables = tables(&floor.state);
        assert!(tables.is_empty() || tables.contains(&floor.state.navigation.focus));
    }
}

#[test]
fn nothing_is_selected_until_somebody_moves_and_then_both_tables_are_one_way() {
    let mut floor = Floor::new();
    floor.room(2, 3);
    assert_eq!(floor.selected(), None);
    for (keys, expected) in [
        ("j", "COLLECT"),
        ("<Down>", "RENEW"),
        ("j", "a1"),
        ("k", "RENEW"),
        ("G", "a6"),
        ("g", "a1"),
        ("g", "COLLECT"),
        ("<Home>", "COLLECT"),
        ("k", "COLLECT"),
        ("<End><End><End>", "a6"),
        ("<PgUp>", "a3"),
        ("<PgDn><PgDn>", "a6"),
    ] {
        floor.keys(keys);
        assert_eq!(floor.selected().as_deref(), Some(expected), "{keys}");
    }
    floor.keys("<Esc>");
    assert_eq!(floor.selected(), None);
}

#[test]
fn the_selection_follows_its_target_and_the_offset_follows_the_selection() {
    let mut floor = Floor::new();
    floor.keys("2");
    floor.room(0, 2);
    floor.keys("jj");
    assert_eq!(floor.selected().as_deref(), Some("a2"));
    for (id, secs) in [("a1", 290), ("a3", 470), ("a4", 460), ("a5", 455), ("a6", 480)] {
        floor.agent(id, secs);
    }
    assert_eq!(floor.ids(Kind::Agent).join(" "), "a6 a3 a4 a5 a1 a2");
    assert_eq!((floor.selected().as_deref(), floor.state.navigation.offset[&Kind::Agent]), (Some("a2"), 4));
    floor.room(0, 4);
    assert_eq!(floor.state.navigation.offset[&Kind::Agent], 2, "no room is left empty");
}

#[test]
fn when_the_selected_row_is_filtered_away_its_neighbour_takes_over() {
    let mut floor = Floor::new();
    floor.keys("2jjj");
    assert_eq!(floor.selected().as_deref(), Some("a3"));
    floor.keys("/south<Enter>");
    assert_eq!(floor.ids(Kind::Agent).join(" "), "a2 a4 a6");
    assert_eq!(floor.selected().as_deref(), Some("a6"));
    floor.keys("/x");
    assert_eq!(floor.selected(), None);
}

#[test]
fn escape_goes_back_one_step_at_a_time() {
    let mut floor = Floor::new();
    floor.keys("2/nor<Enter>j<Enter>");
    assert!(floor.state.navigation.detail_open);
    floor.keys("<Esc>");
    assert_eq!((floor.state.navigation.detail_open, floor.state.navigation.filter.text.value()), (false, "nor"));
    floor.keys("<Esc>");
    assert_eq!((floor.state.navigation.filter.text.value(), floor.selected().is_some()), ("", true));
    floor.keys("<Esc>");
    assert_eq!(floor.selected(), None);
}

#[test]
fn a_filter_takes_text_moves_rows_and_never_acts() {
    let mut floor = Floor::new();
    assert_eq!(floor.keys("/qrx!1<Back>"), []);
    assert!(floor.state.navigation.filter.editing);
    assert_eq!(floor.state.navigation.filter.text.value(), "qrx!");
    floor.event(Event::Paste("a\nb\u{1b}[31m".repeat(100)));
    let text = floor.state.navigation.filter.text.value();
    assert!(text.chars().count() <= 200 && !text.chars().any(char::is_control), "{text:?}");
    floor.keys("<Esc>");
    assert_eq!((floor.state.navigation.filter.editing, floor.state.navigation.filter.text.value()), (false, ""));
    floor.event(Event::Paste("q".to_owned()));
    assert_eq!(floor.state.navigation.filter.text.value(), "", "a paste outside the filter is no key");
}

#[test]
fn the_sort_menu_begins_at_the_present_column() {
    let mut floor = Floor::new();
    floor.keys("ojj<Enter>");
    assert_eq!((floor.state.preferences.sort.column, floor.state.navigation.overlay.is_none()), (Column::Group, true));
    floor.keys("O");
    assert!(floor.state.preferences.sort.reverse);
    floor.keys("<F6>");
    assert_eq!(floor.state.navigation.overlay, Some(Overlay::SortMenu { cursor: 2 }));
    floor.keys("<Enter>");
    assert!(floor.state.preferences.sort.reverse, "the same column keeps its direction");
    floor.keys("og<Enter>");
    assert_eq!((floor.state.preferences.sort.column, floor.state.preferences.sort.reverse), (Column::State, false));
}

#[test]
fn up_to_four_rows_are_marked_and_esc_takes_the_marks_away() {
    let mut floor = Floor::new();
    floor.room(2, 6);
    let marked = |floor: &Floor| floor.state.navigation.marked.iter().map(|t| t.id.to_string()).collect::<Vec<_>>();
    floor.keys("2vjvjvjv");
    assert_eq!(marked(&floor), ["a1", "a2", "a3", "a4"]);
    floor.keys("jv");
    assert!(floor.state.notices.status_message.as_deref().is_some_and(|said| said.starts_with("4 rows are marked")));
    floor.keys("gjv");
    assert_eq!(marked(&floor), ["a1", "a3", "a4"]);
    floor.keys("<Esc>");
    assert!(marked(&floor).is_empty() && floor.selected().is_some(), "one step back at a time");
    floor.keys("4v");
    assert!(marked(&floor).is_empty() && floor.state.notices.status_message.is_some());
}

#[test]
fn in_a_replay_keys_move_in_time_and_the_footer_names_them() {
    let mut floor = Floor::new();
    let hinted = |floor: &Floor| keys::hints(&floor.state).iter().map(|(_, word)| *word).collect::<Vec<_>>().join(" ");
    let press = |floor: &mut Floor| [floor.keys("<"), floor.keys(">")].concat();
    assert_eq!(press(&mut floor), []);
    assert!(!hinted(&floor).contains("slower"));
    floor.state.config.mode = Some(REPLAY);
    assert!(hinted(&floor).starts_with("15 min back 15 min on slower faster quit"), "{}", hinted(&floor));
    let steps = [PlayStep::Slower, PlayStep::Faster, PlayStep::Back, PlayStep::On];
    let play = |steps: &[PlayStep]| steps.iter().map(|step| Effect::Play(*step)).collect::<Vec<_>>();
    assert_eq!(press(&mut floor), play(&steps[..2]));
    assert_eq!(floor.keys("<Left><Right>"), play(&steps[2..]));
    // In the detail they are about the chart.
    floor.agent("a1", 300);
    floor.keys("2j<Enter>");
    assert!(floor.state.navigation.detail_open);
    assert_eq!(floor.keys("<Left>"), []);
}

#[test]
fn the_help_is_searched_and_begins_anew_when_it_is_opened() {
    let mut floor = Floor::new();
    floor.keys("5?/mute<Enter>");
    let search = |floor: &Floor| {
        let search = &floor.state.navigation.help_search;
        (search.text.value().to_owned(), search.editing)
    };
    assert_eq!(search(&floor), ("mute".to_owned(), false));
    assert!(floor.state.navigation.overlay.is_some(), "Enter keeps what was found");
    floor.keys("/<Esc>");
    assert_eq!(search(&floor), (String::new(), false));
    floor.keys("/q<Enter>q?");
    assert_eq!(search(&floor), (String::new(), false));
    // The list of banners has nothing to be searched, and the filter of the view stays as it is.
    floor.keys("q1b/x");
    assert!(floor.state.filter().text.value().is_empty() && !floor.state.filter().editing);
}

#[test]
fn the_help_scrolls_to_its_end_and_no_further() {
    let mut floor = Floor::new();
    floor.keys("?");
    floor.room(1, 1);
    let scroll = |floor: &Floor| match floor.state.navigation.overlay {
        Some(Overlay::Help { scroll }) => scroll,
        _ => panic!("no help"),
    };
    for (keys, expected) in [("jj", 2), ("<PgDn>", 12), ("G", 35), ("j", 35), ("<PgUp>", 25), ("g", 0), ("k", 0)] {
        floor.keys(keys);
        assert_eq!(scroll(&floor), expected, "{keys}");
    }
}

#[test]
fn a_frozen_picture_stands_still_while_readings_go_on() {
    let mut floor = Floor::new();
    floor.agent("a1", 300);
    floor.keys("p");
    let revision = floor.state.revision;
    floor.advance(60);
    floor.agent("a1", 400);
    floor.event(Event::Shared(Box::new(Shared { status: Some(floor.status(Link::Live)), ..Shared::default() })));
    assert_eq!(floor.state.revision, revision, "nothing visible changed");
    let shown = |floor: &Floor| lines(&floor.state, Kind::Agent).iter().find_map(|l| l.aht).map(|a| a.secs());
    assert_eq!(shown(&floor), Some(300));
    floor.keys("2j");
    assert_eq!(floor.selected().as_deref(), Some("a1"), "one can still move");
    floor.keys(" ");
    assert_eq!(shown(&floor), Some(400));
}

#[test]
fn what_changes_nothing_visible_asks_for_no_frame() {
    let mut floor = Floor::new();
    floor.event(Event::Resize(80, 24));
    let revision = floor.state.revision;
    floor.event(Event::Resize(80, 24));
    floor.keys("~");
    floor.event(Event::Readings(vec![floor.reading(Target::agent("stranger"), Outcome::NoCalls)]));
    floor.event(Event::Shared(Box::default()));
    floor.event(Event::Resolved(Topic::Log));
    assert_eq!(floor.state.revision, revision);
    assert!(!floor.state.live.rows.contains_key(&Target::agent("stranger")));
}

fn any_event() -> impl Strategy<Value = Event> {
    let key = prop_oneof![
        8 => prop::sample::select("jkgGqhpurxyobOPzzznNcKJtsy:?/!12356 ~\u{301}王".chars().collect::<Vec<_>>()).prop_map(KeyCode::Char),
        6 => prop::sample::select(vec![
            KeyCode::Down, KeyCode::Up, KeyCode::PageDown, KeyCode::PageUp, KeyCode::Home, KeyCode::End, KeyCode::Tab,
            KeyCode::BackTab, KeyCode::Enter, KeyCode::Esc, KeyCode::Backspace, KeyCode::F(1), KeyCode::F(6), KeyCode::Left,
        ]),
    ];
    let modifiers =
        prop_oneof![9 => Just(KeyModifiers::NONE), 1 => any::<u8>().prop_map(KeyModifiers::from_bits_truncate)];
    let key = (key, modifiers).prop_map(|(code, modifiers)| Event::Key(KeyEvent::new(code, modifiers)));
    let outcome = prop_oneof![
        (0u32..1000).prop_map(|s| Outcome::Value(crate::domain::Aht::from_secs(s))),
        Just(Outcome::NoCalls),
        Just(Outcome::Invalid),
        Just(Outcome::Failed("no answer".into())),
    ];
    let reading = (0usize..8, outcome).prop_map(|(i, outcome)| {
        let floor = Floor::new();
        let target = floor.state.config.watched[i].target.clone();
        Event::Readings(vec![floor.reading(target, outcome)])
    });
    let room = (0usize..9, 0usize..9, 0usize..40, 0usize..80).prop_map(|(c, a, overlay, overlay_lines)| {
        Event::Drawn(FrameLayout { campaigns: c, agents: a, overlay, overlay_lines, ..FrameLayout::default() })
    });
    prop_oneof![
        20 => key,
        6 => reading,
        4 => room,
        1 => ".{0,12}".prop_map(Event::Paste),
        1 => any::<(u16, u16)>().prop_map(|(c, r)| Event::Resize(c, r)),
        1 => Just(Event::Tick),
        1 => Just(Event::Loaded(Snapshot::default())),
        1 => Just(Event::Shared(Box::default())),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_the_selection_is_a_visible_row_or_none(events in prop::collection::vec(any_event(), 0..60)) {
        let mut floor = Floor::new();
        for event in events {
            let name = format!("{event:?}");
            floor.clock.advance(std::time::Duration::from_millis(700));
            floor.event(event);
            let state = &floor.state;
            prop_assert!(tables(state).is_empty() || tables(state).contains(&state.navigation.focus));
            for kind in Kind::ALL {
                let rows = items(state, kind);
                let offset = state.navigation.offset.get(&kind).copied().unwrap_or(0);
                prop_assert!(offset <= rows.len());
                let Some(selected) = state.navigation.selected.get(&kind) else { continue };
                let at = rows.iter().position(|i| i.row().is_some_and(|l| l.target() == selected));
                prop_assert!(at.is_some(), "{name}: {selected} is not among the rows of {kind}");
                let page = state.layout.rows(kind);
                prop_assert!(page == 0 || (offset..offset + page).contains(&at.unwrap()), "{name}: out of view");
            }
            prop_assert!(state.navigation.selected.len() <= 1);
            prop_assert!(!state.navigation.detail_open || state.navigation.selected.contains_key(&state.navigation.focus));
        }
    }
}

#[test]
fn a_viewer_without_targets_shows_all_that_the_store_has_and_what_appears_later() {
    let mut floor = Floor::new();
    let mut facts = crate::app::fixture::facts();
    (facts.watched, facts.may_poll) = (Vec::new().into(), false);
    floor.state = crate::app::State::new(facts, floor.now());
    let mut old = Row::new(Target::agent("gone"));
    old.record(&floor.reading(Target::agent("gone"), Outcome::NoCalls), &floor.now());
    floor.clock.advance(std::time::Duration::from_secs(25 * 3600));
    let mut known = Row::new(Target::agent("z"));
    known.record(&floor.reading(Target::agent("z"), Outcome::NoCalls), &floor.now());
    floor.event(Event::Loaded(Snapshot { rows: vec![known, old], ..Snapshot::default() }));
    let before = floor.state.revision;
    let late = [Target::agent("a"), Target::campaign("NEW")].map(|t| floor.reading(t, Outcome::NoCalls));
    floor.event(Event::Readings(late.to_vec()));
    assert!(floor.state.revision > before);
    let shown: Vec<_> = floor.state.config.watched.iter().map(|w| w.target.to_string()).collect();
    assert_eq!(shown, ["campaign NEW", "agent a", "agent z"]);
    assert_eq!(needs::attention(&floor.state), [], "it asks for nothing");
    floor.state.navigation.selected.insert(floor.state.navigation.focus, Target::agent("a"));
    assert_eq!(needs::attention(&floor.state), [(Target::agent("a"), Attention::Selected)]);
}
