//! Who is logged in, on each screen that tells it: glyph, word and colour.

use std::{sync::Arc, time::Duration};

use super::{testing::*, wall::tests::board};
use crate::{
    app::{Event, RowState, Shared, State, View, rows, update},
    config::{Symbols, Theme},
    domain::{Condition, Kind, LoggedIn, Outcome, Reading},
    store::{Presence, Resting},
};

const MINUTE: Duration = Duration::from_secs(60);

/// The floor of `state`, where the second agent is on a break since now and the third has just gone home.
fn with_logins(mut state: State) -> State {
    let ids: Vec<Arc<str>> =
        state.config.watched.iter().filter(|w| w.target.kind == Kind::Agent).map(|w| w.target.id.clone()).collect();
    let all = |break_word: &str, from: usize| -> Vec<LoggedIn> {
        let word = |i: usize| ["READY", break_word, "In Call"][i % 3].into();
        let agent = |(i, id): (usize, &Arc<str>)| LoggedIn { id: id.clone(), name: None, state: Some(word(i)) };
        ids.iter().enumerate().filter(|(i, _)| *i != 2 || from == 0).map(agent).collect()
    };
    let mut before = state.live.now.clone();
    before.mono = before.mono - MINUTE;
    let known = Presence::default().listed(all("READY", 0), true, MINUTE, &before);
    state.live.presence = Some(Arc::new(known.listed(all("PAUSE", 1), true, MINUTE, &state.live.now)));
    state
}

fn screen(state: &State, look: (Theme, Symbols), width: u16, height: u16) -> String {
    words(&picture(state, &look_of(look), width, height).0)
}

fn look_of((theme, symbols): (Theme, Symbols)) -> super::Look {
    look(theme, symbols)
}

const COLOUR: (Theme, Symbols) = (Theme::Dark, Symbols::Unicode);

#[test]
fn the_table_has_a_column_and_the_counts_say_how_many() {
    let state = with_logins(busy(View::Agents));
    let text = screen(&state, COLOUR, 160, 40);
    for part in ["LOGIN", "+ READY", "= PAUSE", "» In Call", "- out", "14 of 15 logged in"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!screen(&busy(View::Agents), COLOUR, 160, 40).contains("LOGIN"));
    let ascii = screen(&state, (Theme::Mono, Symbols::Ascii), 160, 40);
    assert!(ascii.contains("> In Call") && ascii.contains("= PAUSE"), "{ascii}");
    // It is the first that a narrow screen goes without.
    assert!(!screen(&state, COLOUR, 80, 24).contains("LOGIN"));
}

#[test]
fn old_knowledge_looks_old() {
    let mut state = with_logins(busy(View::Agents));
    state.live.now.mono = state.live.now.mono + MINUTE * 3;
    let text = screen(&state, COLOUR, 160, 40);
    for part in ["+ READY?", "- out?", "14 of 15 logged in?"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn the_detail_says_since_when_and_the_budget_what_the_account_tells() {
    let mut state = with_logins(busy(View::Agents));
    let agents: Vec<_> = state.config.watched.iter().filter(|w| w.target.kind == Kind::Agent).cloned().collect();
    state.navigation.focus = Kind::Agent;
    state.navigation.detail_open = true;
    for (i, part) in [(0, "logged in: READY"), (1, "on a break (PAUSE) since "), (2, "logged out since ")] {
        state.navigation.selected.insert(Kind::Agent, agents[i].target.clone());
        let text = screen(&state, COLOUR, 120, 40);
        assert!(text.contains(part), "{part}\n{text}");
    }
    let budget = screen(&with_logins(busy(View::Budget)), COLOUR, 140, 60);
    assert!(budget.contains("14 agents logged in, told 0s ago"), "{budget}");
    assert!(screen(&busy(View::Budget), COLOUR, 140, 60).contains("not asked yet"));
}

#[test]
fn a_row_that_rests_is_not_old_and_says_how_often_it_is_looked_after() {
    let mut state = with_logins(busy(View::Agents));
    let target = state.config.watched.iter().filter(|w| w.target.kind == Kind::Agent).nth(2).unwrap().target.clone();
    let mut before = state.live.now.clone();
    before.mono = before.mono - MINUTE * 9;
    let row = state.live.rows.get_mut(&target).unwrap();
    row.record(
        &Reading { target: target.clone(), at: before.stamp(), outcome: Outcome::NoCalls, name: None },
        &state.live.now,
    );
    state.navigation.focus = Kind::Agent;
    state.navigation.detail_open = true;
    state.navigation.selected.insert(Kind::Agent, target.clone());
    let of = |state: &State| {
        let line = rows::line(state, &target).unwrap();
        (line.state, line.rest.is_some())
    };
    assert_eq!(of(&state), (RowState::Other(Condition::Stale), false));
    let presence = state.live.presence.take().unwrap();
    let resting = Resting::new([(&target, MINUTE * 10)], MINUTE);
    let shared = Shared {
        presence: Some(Arc::new((*presence).clone().with_resting(resting))),
        status: state.live.status.clone(),
        ..Shared::default()
    };
    let now = state.live.now.clone();
    update(&mut state, Event::Shared(Box::new(shared)), now);
    assert_eq!(of(&state), (RowState::Other(Condition::NoCalls), true));
    let text = screen(&state, COLOUR, 120, 40);
    for part in ["logged out since ", ", checked every 10 min", "next check: in about 1m"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    state.navigation.view = View::Budget;
    let budget = screen(&state, COLOUR, 140, 60);
    assert!(budget.contains("watched, 1 at rest"), "{budget}");
    // What was seen counts as long as the list.
    state.live.now.mono = state.live.now.mono + MINUTE * 3;
    assert_eq!(of(&state), (RowState::Other(Condition::Stale), false));
}

#[test]
fn the_board_says_how_many_are_logged_in() {
    let text = screen(&with_logins(board(&floor())), COLOUR, 160, 50);
    assert!(text.contains("logged in") && text.contains("14 of 15"), "{text}");
}
