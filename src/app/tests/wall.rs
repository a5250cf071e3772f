//! The board: its exit, its pages, and what it makes of old data.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{
    app::{Effect, Event, FrameLayout, RowState, fixture::Floor, rows, wall},
    config::WallTiles,
    domain::{Aht, Condition, Kind, Level, Outcome, Target},
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

fn page(floor: &Floor) -> wall::Page {
    wall::page(&floor.state, &wall::tiles(&floor.state), floor.state.layout.rows(Kind::Campaign)).1
}

#[test]
fn every_key_but_the_exit_is_ignored() {
    let mut floor = board();
    floor.state.config.locked = true;
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
    assert_eq!(floor.event(key(KeyCode::F(12))), [Effect::Quit]);
}

#[test]
fn esc_and_the_exit_key_lead_back_to_the_dashboard() {
    for code in [KeyCode::Esc, KeyCode::F(12)] {
        let mut floor = board();
        floor.state.config.wall.exit_key = "F12".parse().ok();
        floor.event(key(KeyCode::Char('q')));
        assert!(floor.state.navigation.wall.is_some(), "no other key leaves");
        assert_eq!(floor.event(key(code)), [Effect::Redraw]);
        assert!(floor.state.navigation.wall.is_none());
    }
}

#[test]
fn how_one_leaves_is_said_for_ten_seconds_and_to_nobody_who_cannot() {
    let mut floor = board();
    let left = |floor: &Floor| wall::hint_left(&floor.state).map(|left| left.as_secs());
    assert_eq!(left(&floor), Some(10));
    floor.state.config.ui.age_step = Duration::from_secs(60);
    floor.advance(4);
    let wake = crate::app::needs::next_change(&floor.state, &floor.now()).unwrap();
    assert_eq!((left(&floor), wake), (Some(6), Duration::from_secs(6)), "the loop wakes to take it away");
    floor.advance(6);
    assert_eq!(left(&floor), None);
    let mut floor = board();
    floor.state.config.me.role = crate::store::Role::Serve;
    assert_eq!(left(&floor), None, "a browser has no key for it");
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
    assert_eq!(page(&floor).number, 0);
    floor.clock.step_wall(-90_000_000);
    floor.advance(14);
    assert_eq!(page(&floor).number, 0);
    floor.advance(1);
    assert_eq!(page(&floor).number, 1);
    floor.advance(15);
    assert_eq!(page(&floor).number, 0);
    // A machine that was asleep goes on with the next page.
    floor.advance(100_000);
    assert_eq!(page(&floor).number, 1);
}

#[test]
fn a_page_with_an_alert_stays_longer_and_turns_in_the_end() {
    let mut floor = board();
    let far = floor.reading(Target::campaign("COLLECT"), Outcome::Value(Aht::from_secs(500)));
    floor.event(Event::Readings(vec![far]));
    assert_eq!(page(&floor).of, 2);
    for _ in 0..3 {
        floor.advance(15);
        assert_eq!(page(&floor).number, 0);
    }
    floor.advance(15);
    assert_eq!(page(&floor).number, 1);
    floor.advance(15);
    assert_eq!(page(&floor).number, 0);
}

#[test]
fn pages_do_not_turn_where_all_tiles_have_room_and_agents_never_do() {
    let mut floor = board();
    floor.drawn(FrameLayout { campaigns: 2, agents: 1, ..FrameLayout::default() });
    for id in ["a1", "a2", "a3"] {
        floor.agent(id, 500);
    }
    let seen = floor.state.layout.seen.clone();
    floor.state.config.ui.age_step = Duration::from_secs(3600);
    for _ in 0..5 {
        floor.advance(15);
        floor.drawn(FrameLayout { campaigns: 2, agents: 1, ..FrameLayout::default() });
    }
    assert_eq!(page(&floor).of, 1);
    assert_eq!(floor.state.layout.seen.len(), seen.len() + 1);
    let worst = floor.state.layout.seen.last().cloned();
    assert_eq!(worst, Some(Target::agent("a1")), "the worst agent stays");
}

#[test]
fn the_worst_agents_come_first_whichever_side_they_are_on() {
    let mut floor = board();
    for (id, secs) in [("a1", 400), ("a2", 90), ("a3", 460), ("a4", 300), ("a5", 150)] {
        floor.agent(id, secs);
    }
    let lines = wall::lines(Kind::Agent, rows::all_lines(&floor.state, Kind::Agent));
    let ids: Vec<&str> = lines.iter().map(|line| &*line.target().id).collect();
    assert_eq!(ids, ["a3", "a2", "a1", "a5"]);
}

#[test]
fn a_group_has_a_tile_where_it_is_wanted_and_its_median_is_judged_by_the_band_that_all_share() {
    let mut floor = board();
    floor.state.config.wall.tiles = vec![WallTiles::Campaigns, WallTiles::Groups];
    for (id, secs) in [("a1", 400), ("a3", 410), ("a5", 90), ("a2", 287)] {
        floor.agent(id, secs);
    }
    let tiles = |floor: &Floor| -> Vec<(String, RowState)> {
        let name = |tile: &wall::Tile<'_>| match tile {
            wall::Tile::Campaign(line) => line.name().to_owned(),
            wall::Tile::Group(group) => format!("{} {:?}", group.name, group.median.map(|m| (m.aht.secs(), m.of))),
        };
        wall::tiles(&floor.state).iter().map(|tile| (name(tile), tile.state())).collect()
    };
    let all = tiles(&floor);
    assert_eq!(all.len(), 4, "{all:?}");
    assert_eq!(all[2], ("north Some((400, 3))".into(), RowState::Fresh(Level::HighWarn)));
    assert_eq!(all[3], ("south Some((287, 1))".into(), RowState::Fresh(Level::Inside)));
    // Where agents have bands of their own, the median is neither long nor short.
    let mut watched = floor.state.config.watched.to_vec();
    watched.iter_mut().find(|w| *w.target.id == *"a1").unwrap().band = crate::domain::Band::default();
    floor.state.config.watched = watched.into();
    assert_eq!(tiles(&floor)[2].1, RowState::Other(Condition::Value));
}

#[test]
fn the_loop_wakes_for_the_next_page() {
    let mut floor = board();
    floor.state.config.ui.age_step = Duration::from_secs(60);
    floor.advance(11);
    let wake = crate::app::needs::next_change(&floor.state, &floor.now()).unwrap();
    assert_eq!(wake, Duration::from_secs(4));
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
