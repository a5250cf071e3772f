//! The board: its exit, its pages, and what it makes of old data.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{
    app::{Effect, Event, FrameLayout, fixture::Floor, rows, wall},
    domain::Kind,
};

fn key(code: KeyCode) -> Event {
    Event::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn ctrl(c: char) -> Event {
    Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL))
}

/// A board with room for one campaign and two agents a page.
fn board() -> Floor {
    let mut floor = Floor::new();
    floor.event(key(KeyCode::Char('w')));
    room(&mut floor);
    floor
}

fn room(floor: &mut Floor) {
    floor.drawn(FrameLayout { campaigns: 1, agents: 2, ..FrameLayout::default() });
}

fn page(floor: &Floor, kind: Kind) -> wall::Page {
    let lines = wall::lines(kind, rows::all_lines(&floor.state, kind));
    wall::page(&floor.state, kind, &lines, floor.state.layout.rows(kind)).1
}

fn pages(floor: &Floor) -> (usize, usize) {
    (page(floor, Kind::Campaign).number, page(floor, Kind::Agent).number)
}

#[test]
fn every_key_but_the_exit_is_ignored() {
    let mut floor = board();
    floor.state.config.wall.exit_key = "F12".parse().ok();
    let before = format!("{:?}", floor.state);
    let mut keys: Vec<Event> = (' '..='~').map(|c| key(KeyCode::Char(c))).collect();
    keys.extend(('a'..='z').filter(|c| *c != 'c').map(ctrl));
    keys.extend([KeyCode::Esc, KeyCode::Enter, KeyCode::Tab, KeyCode::F(1), KeyCode::Down].map(key));
    keys.push(Event::Paste("q".into()));
    for event in keys {
        assert!(floor.event(event).is_empty());
    }
    assert_eq!(format!("{:?}", floor.state), before);
    floor.event(key(KeyCode::F(12)));
    assert!(floor.state.navigation.wall.is_none());
}

#[test]
fn the_exit_of_a_locked_board_ends_the_program_and_that_of_another_one_leads_back() {
    let mut floor = board();
    assert_eq!(floor.event(ctrl('c')), [Effect::Redraw]);
    assert!(floor.state.navigation.wall.is_none());
    floor.event(key(KeyCode::Char('w')));
    floor.state.config.locked = true;
    assert_eq!(floor.event(ctrl('c')), [Effect::Quit]);
    assert!(floor.state.navigation.wall.is_some());
}

#[test]
fn the_board_is_never_frozen_and_nothing_lies_over_it() {
    let mut floor = Floor::new();
    floor.event(key(KeyCode::Char('p')));
    floor.event(key(KeyCode::Char('?')));
    floor.event(key(KeyCode::Esc));
    floor.event(key(KeyCode::Char('w')));
    assert!(floor.state.frozen.is_none() && floor.state.navigation.overlay.is_none());
}

#[test]
fn pages_turn_by_the_monotonic_clock_alone() {
    let mut floor = board();
    floor.clock.step_wall(86_400_000);
    floor.event(Event::Tick);
    assert_eq!(pages(&floor), (0, 0));
    floor.clock.step_wall(-90_000_000);
    floor.advance(14);
    assert_eq!(pages(&floor), (0, 0));
    floor.advance(1);
    assert_eq!(pages(&floor), (1, 0), "the list of agents is empty and has one page");
    floor.advance(15);
    assert_eq!(pages(&floor), (0, 0));
    // A machine that was asleep goes on with the next page.
    floor.advance(100_000);
    assert_eq!(pages(&floor), (1, 0));
}

#[test]
fn a_page_with_an_alert_stays_longer_and_turns_in_the_end() {
    let mut floor = board();
    // One far outside of its band, two a little, in pages of two.
    for (id, secs) in [("a1", 500), ("a2", 400), ("a3", 390)] {
        floor.agent(id, secs);
    }
    floor.event(Event::Tick);
    assert_eq!(page(&floor, Kind::Agent).of, 2);
    for _ in 0..3 {
        floor.advance(15);
        assert_eq!(pages(&floor).1, 0);
    }
    floor.advance(15);
    assert_eq!(pages(&floor).1, 1);
    floor.advance(15);
    assert_eq!(pages(&floor).1, 0);
}

#[test]
fn the_loop_wakes_for_the_next_page() {
    let mut floor = board();
    floor.state.config.ui.age_step = Duration::from_secs(60);
    floor.advance(0);
    let wake = crate::app::needs::next_change(&floor.state, &floor.now()).unwrap();
    assert_eq!(wake, Duration::from_secs(15));
    floor.state.navigation.wall = None;
    assert!(crate::app::needs::next_change(&floor.state, &floor.now()).unwrap() > wake);
}

#[test]
fn what_is_on_the_board_is_polled_as_what_is_on_a_screen() {
    use crate::store::Attention;
    let mut floor = board();
    floor.agent("a2", 500);
    room(&mut floor);
    let attention: Vec<_> = crate::app::needs::attention(&floor.state)
        .into_iter()
        .filter(|(_, a)| *a == Attention::OnScreen)
        .map(|(t, _)| t.id.to_string())
        .collect();
    assert_eq!(attention, ["COLLECT", "a2"]);
}

#[test]
fn trust_goes_from_fresh_over_old_to_gone() {
    let mut floor = board();
    floor.agent("a1", 300);
    let trust = |floor: &Floor| {
        let line = rows::all_lines(&floor.state, Kind::Agent).next().unwrap();
        wall::trust(&floor.state, &line)
    };
    assert_eq!((trust(&floor), wall::dead_since(&floor.state)), (wall::Trust::Fresh, None));
    // Another one stays fresh, so that the board as a whole is alive.
    for (secs, expected) in [(179, wall::Trust::Fresh), (1, wall::Trust::Old), (359, wall::Trust::Old)] {
        floor.advance(secs);
        floor.agent("a2", 300);
        assert_eq!(trust(&floor), expected);
    }
    floor.advance(1);
    floor.agent("a2", 300);
    assert_eq!(trust(&floor), wall::Trust::Gone);
    floor.advance(180);
    let line = rows::all_lines(&floor.state, Kind::Agent).nth(1).unwrap();
    assert_eq!(wall::trust(&floor.state, &line), wall::Trust::Gone, "nothing on the board is fresh");
    assert_eq!(wall::dead_since(&floor.state), Some(Duration::from_secs(180)));
}

#[test]
fn a_page_in_a_script_of_doubtful_width_is_drawn_anew_when_it_turns() {
    for (label, effects) in [("Priya", vec![]), ("प्रिया", vec![Effect::Redraw])] {
        let mut floor = board();
        let mut watched = floor.state.config.watched.to_vec();
        watched.iter_mut().filter(|w| w.target.kind == Kind::Agent).for_each(|w| w.label = Some(label.into()));
        floor.state.config.watched = watched.into();
        floor.clock.advance(Duration::from_secs(15));
        assert_eq!(floor.event(Event::Tick), effects);
    }
}
