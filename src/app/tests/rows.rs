//! Order, filter, states, differences and ages.

use std::time::Duration;

use proptest::prelude::*;
use tui_input::Input;

use crate::{
    app::{Column, Event, Held, RowState, Shared, Sort, fixture::Floor, groups, lines, needs::*, rows::*},
    domain::{Aht, Condition, Kind, Level, Outcome, Target},
    store::{Attention, Link},
};

fn floor() -> Floor {
    let mut floor = Floor::new();
    for (id, secs) in [("a1", 290), ("a2", 468), ("a3", 62), ("a4", 391), ("a5", 0)] {
        floor.agent(id, secs);
    }
    floor
}

fn ids(floor: &mut Floor, column: Column, reverse: bool) -> String {
    floor.state.preferences.sort = Sort { column, reverse };
    floor.ids(Kind::Agent).join(" ")
}

#[test]
fn rows_that_deserve_a_look_come_first() {
    assert_eq!(ids(&mut floor(), Column::State, false), "a2 a3 a4 a1 a6 a5");
}

#[test]
fn rows_without_a_value_come_last_in_both_directions() {
    for (column, up, down) in [
        (Column::Aht, "a2 a4 a1 a3", "a3 a1 a4 a2"),
        (Column::Deviation, "a2 a4 a1 a3", "a3 a1 a4 a2"),
        (Column::State, "a2 a3 a4 a1", "a1 a4 a3 a2"),
    ] {
        assert_eq!(ids(&mut floor(), column, false), format!("{up} a6 a5"), "{column:?}");
        assert_eq!(ids(&mut floor(), column, true), format!("{down} a6 a5"), "{column:?}");
    }
    assert_eq!(ids(&mut floor(), Column::Name, true), "a6 a5 a4 a3 a2 a1");
}

#[test]
fn among_equals_of_a_state_the_larger_deviation_comes_first() {
    let mut floor = floor();
    floor.agent("a1", 440);
    assert_eq!(ids(&mut floor, Column::State, false), "a2 a3 a1 a4 a6 a5");
}

#[test]
fn every_word_of_the_filter_must_occur() {
    let mut floor = floor();
    for (text, expected) in [
        ("", "a2 a3 a4 a1 a6 a5"),
        ("north", "a3 a1 a5"),
        ("NORTH ok", "a1"),
        ("!north", "a2 a4 a6"),
        ("! north", "a2 a4 a6"),
        ("! north ok", "a2 a3 a4 a6 a5"),
        ("!", "a2 a3 a4 a1 a6 a5"),
        ("state:high", "a2 a4"),
        ("state:high group:south", "a2 a4"),
        ("!state:high group:south", "a6"),
        ("state:no_calls", "a5"),
        ("id:a3", "a3"),
        ("group:", "a2 a3 a4 a1 a6 a5"),
        ("colour:red", ""),
    ] {
        floor.state.navigation.filter.text = Input::new(text.to_owned());
        assert_eq!(floor.ids(Kind::Agent).join(" "), expected, "{text:?}");
    }
}

#[test]
fn a_row_is_stale_after_three_sweeps_and_failing_if_it_failed_meanwhile() {
    let mut floor = floor();
    floor.state.live.status = Some(floor.status(crate::store::Link::Live));
    assert_eq!(stale_after(&floor.state), Duration::from_secs(180));
    floor.state.live.status.as_mut().unwrap().sweep = Duration::from_secs(300);
    assert_eq!(stale_after(&floor.state), Duration::from_secs(900));
    let state = |floor: &Floor, id| line(&floor.state, &Target::agent(id)).unwrap().state;
    floor.advance(899);
    assert_eq!(state(&floor, "a1"), RowState::Fresh(Level::Inside));
    let failed = floor.reading(Target::agent("a2"), Outcome::Failed("no answer".into()));
    floor.event(crate::app::Event::Readings(vec![failed]));
    assert_eq!(state(&floor, "a2"), RowState::Fresh(Level::HighCrit));
    floor.advance(1);
    assert_eq!(state(&floor, "a1"), RowState::Other(Condition::Stale));
    assert_eq!(state(&floor, "a2"), RowState::Other(Condition::Failing));
    assert_eq!(state(&floor, "a6"), RowState::Other(Condition::Waiting));
}

#[test]
fn differences_belong_to_the_reading_and_need_one_that_was_fresh_then() {
    let mut floor = Floor::new();
    floor.agent("a1", 200);
    for step in 1..=8u32 {
        floor.advance(15 * 60);
        floor.agent("a1", 200 + step * 10);
    }
    let at = line(&floor.state, &Target::agent("a1")).unwrap();
    assert_eq!((at.diff30, at.prev2h.map(|a| a.secs())), (Some(20), Some(200)));
    floor.advance(100);
    assert_eq!(line(&floor.state, &Target::agent("a1")).unwrap().diff30, Some(20));
    floor.advance(500);
    floor.agent("a1", 300);
    let at = line(&floor.state, &Target::agent("a1")).unwrap();
    assert_eq!((at.diff30, at.prev2h), (None, None), "nothing fresh was known ten minutes after a quarter");
}

#[test]
fn the_past_is_missing_where_the_history_has_a_gap_there() {
    let minutes = |gap: std::ops::Range<u64>| {
        let mut floor = Floor::new();
        for minute in 0..=150 {
            if !gap.contains(&minute) {
                floor.agent("a1", if minute == 140 { 0 } else { 200 + minute as u32 });
            }
            floor.advance(60);
        }
        let at = line(&floor.state, &Target::agent("a1")).unwrap();
        (at.diff30, at.prev2h.map(|a| a.secs()))
    };
    assert_eq!(minutes(0..0), (Some(30), Some(230)));
    assert_eq!(minutes(28..31), (Some(30), Some(227)), "three minutes are no gap yet");
    assert_eq!(minutes(20..31), (Some(30), None), "two hours ago nothing fresh was known");
    assert_eq!(minutes(110..121), (None, Some(230)), "half an hour ago nothing fresh was known");
    assert_eq!(minutes(0..40), (Some(30), None), "what came later is not what was two hours ago");
}

#[test]
fn a_level_is_held_since_the_first_reading_of_its_run() {
    let mut floor = Floor::new();
    for secs in [300, 460, 470] {
        floor.agent("a1", secs);
        floor.advance(60);
    }
    let held = |floor: &Floor| line(&floor.state, &Target::agent("a1")).unwrap().held;
    assert_eq!(
        held(&floor),
        Some(Held::whole(Duration::from_secs(60))),
        "up to the last reading: nothing is known behind it"
    );
    // The service does not answer: what is not known does not grow.
    floor.advance(100);
    assert_eq!(held(&floor), Some(Held::whole(Duration::from_secs(60))));
    floor.agent("a1", 400);
    assert_eq!(
        held(&floor),
        Some(Held::whole(Duration::from_secs(220))),
        "it is one time above the band, whatever the level"
    );
    floor.advance(60);
    floor.agent("a1", 100);
    assert_eq!(held(&floor), None, "the first reading on the other side");
}

#[test]
fn the_median_of_the_floor_does_not_move_while_nothing_new_is_known() {
    let mut floor = floor();
    let median = |floor: &Floor| median(all_lines(&floor.state, Kind::Agent), None).unwrap();
    let fresh = Median { aht: Aht::from_secs((290 + 391) / 2), of: 4, old: 0, age: None };
    assert_eq!(median(&floor), fresh);
    floor.advance(150);
    floor.agent("a3", 62);
    let before = median(&floor);
    floor.advance(60);
    // Three of the four are not fresh any more: it is still the median of all four, and says so.
    assert_eq!(median(&floor), Median { old: 3, ..before });
    floor.advance(200);
    let out = median(&floor);
    assert_eq!(out, Median { old: 4, age: Some(Duration::from_secs(260)), ..before });
    let words = out.words(floor.now().wall, &jiff::tz::TimeZone::UTC);
    assert!(words.ends_with(" at 09:02"), "{words}");
    floor.advance(7200);
    assert_eq!(
        crate::app::rows::median(all_lines(&floor.state, Kind::Agent), None),
        None,
        "no call of then counts now"
    );
}

#[test]
fn in_an_outage_there_is_no_median_once_one_of_its_values_is_none_any_more() {
    let mut floor = floor();
    floor.advance(600);
    floor.agent("a3", 62);
    let down = Link::Down { why: "no answer".into(), since: floor.now().stamp(), until: floor.now().stamp() };
    let shared =
        |floor: &Floor, link| Event::Shared(Box::new(Shared { status: Some(floor.status(link)), ..Shared::default() }));
    let event = shared(&floor, down);
    floor.event(event);
    let of = |floor: &Floor| {
        let out = out_for(&floor.state);
        median(all_lines(&floor.state, Kind::Agent), out).map(|median| median.of)
    };
    floor.advance(6400);
    assert_eq!(of(&floor), Some(4));
    floor.advance(300);
    // The three that were read before a3 are over two hours old.
    assert_eq!(of(&floor), None);
    let agents: Vec<_> = all_lines(&floor.state, Kind::Agent).collect();
    for group in groups::summaries(&agents, out_for(&floor.state)) {
        assert_eq!((group.median, group.state), (None, RowState::Other(Condition::Stale)), "{}", group.name);
    }
    let event = shared(&floor, Link::Live);
    floor.event(event);
    assert_eq!(of(&floor), Some(1), "without an outage what is not known any more is left out");
}

#[test]
fn the_oldest_age_is_not_that_of_an_unknown_id() {
    let mut floor = floor();
    floor.advance(5);
    floor.agent("a2", 400);
    let refused = floor.reading(Target::agent("a1"), Outcome::Invalid);
    floor.event(crate::app::Event::Readings(vec![refused]));
    floor.advance(5);
    let all = lines(&floor.state, Kind::Agent);
    let only: Vec<_> = all.iter().filter(|l| ["a1", "a2"].contains(&&*l.target().id)).copied().collect();
    let (age, whose) = oldest(&only).unwrap();
    assert_eq!((age.as_secs(), &*whose.target().id), (5, "a2"));
}

#[test]
fn the_counts_are_in_the_order_of_attention() {
    let floor = floor();
    let words: Vec<_> =
        counts(all_lines(&floor.state, Kind::Agent)).into_iter().map(|(s, n)| format!("{} {n}", s.word())).collect();
    assert_eq!(words.join(", "), "V.HIGH 1, V.LOW 1, HIGH 1, ok 1, waiting 1, no calls 1");
}

#[test]
fn ages_and_clock_advance_together_once_a_step() {
    let mut floor = floor();
    floor.state.config.ui.age_step = Duration::from_secs(5);
    let wakes = |floor: &Floor| next_change(&floor.state, &floor.now()).map(|d| d.as_millis());
    assert_eq!(wakes(&floor), Some(5000));
    floor.clock.advance(Duration::from_millis(3400));
    floor.event(crate::app::Event::Tick);
    assert_eq!(wakes(&floor), Some(1600));
    let ages = |floor: &Floor| lines(&floor.state, Kind::Agent).iter().filter_map(|l| l.age).max().unwrap().as_secs();
    assert_eq!(ages(&floor), 0);
    floor.clock.advance(Duration::from_millis(1600));
    floor.event(crate::app::Event::Tick);
    assert_eq!(ages(&floor), 5);
    floor.event(crate::app::Event::Key(crossterm::event::KeyCode::Char('p').into()));
    assert_eq!(wakes(&floor), None);
}

#[test]
fn attention_is_highest_for_the_selection_and_then_for_the_screen() {
    let mut floor = floor();
    let room = crate::app::FrameLayout { agents: 2, campaigns: 1, ..Default::default() };
    floor.drawn(room);
    floor.state.navigation.focus = Kind::Agent;
    floor.state.navigation.selected.insert(Kind::Agent, Target::agent("a2"));
    let wants = attention(&floor.state);
    let of = |target: Target| wants.iter().find(|(t, _)| *t == target).unwrap().1;
    assert_eq!(wants.len(), 8);
    assert_eq!(of(Target::agent("a2")), Attention::Selected);
    assert_eq!(of(Target::agent("a3")), Attention::OnScreen);
    assert_eq!(of(Target::agent("a1")), Attention::Listed);
    assert_eq!(of(Target::campaign("COLLECT")), Attention::OnScreen);
    assert_eq!(of(Target::campaign("RENEW")), Attention::Listed);
}

proptest! {
    #[test]
    fn any_filter_is_one_and_its_inverse_shows_the_rest(text in "[ !a-z0-9:\u{e9}]{0,20}") {
        let mut floor = floor();
        floor.state.navigation.filter.text = Input::new(text.clone());
        let shown = floor.ids(Kind::Agent).len();
        // A second lone `!` does not turn it round once more.
        prop_assume!(text.split_whitespace().next() != Some("!"));
        floor.state.navigation.filter.text = Input::new(format!("! {text}"));
        let rest = floor.ids(Kind::Agent).len();
        prop_assert!(shown + rest == 6 || (shown, rest) == (6, 6), "{shown} and {rest}: only a text without a word hides none");
    }
}
