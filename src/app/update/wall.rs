//! The wallboard: its pages turn, and one key leaves it.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::{
    app::{
        model::{Effect, Key, Pager, State, Wall},
        view::{
            rows::all_lines,
            wall::{name, shown},
        },
    },
    config::Names,
    domain::Kind,
};

/// Turns the pages that are due; true where one did.
pub(super) fn turn(state: &mut State) -> bool {
    if state.navigation.wall.is_none() {
        return false;
    }
    let mut turned = false;
    for kind in Kind::ALL {
        let (_, page) = shown(state, kind);
        let now = state.live.now.mono;
        let Some(pager) = state.navigation.wall.as_mut().map(|w| w.pager_mut(kind)) else { continue };
        if page.of == 1 {
            turned |= pager.page != 0;
            *pager = Pager { page: 0, since: now };
        } else if page.left.is_zero() {
            *pager = Pager { page: (page.number + 1) % page.of, since: now };
            turned = true;
        } else if pager.page != page.number {
            // There are fewer pages than there were.
            pager.page = page.number;
            turned = true;
        }
    }
    turned
}

/// True where the board names agents in a script about whose width terminals disagree: what such a name leaves behind
/// when it goes is only gone when everything is drawn again. Nobody would press a key for that.
pub(super) fn is_doubtful(state: &State) -> bool {
    state.config.wall.names != Names::Hidden
        && all_lines(state, Kind::Agent).any(|l| !name(state.config.wall.names, &l).is_ascii())
}

/// The board takes its exit alone. Where it is all there is, that ends the program.
pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) -> bool {
    let interrupt = Key::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let exits = [Some(interrupt), state.config.wall.exit_key].contains(&Some(Key::from(key)));
    if !exits || key.kind == KeyEventKind::Release {
        return false;
    }
    if state.config.locked {
        effects.push(Effect::Quit);
        return false;
    }
    state.navigation.wall = None;
    effects.push(Effect::Redraw);
    true
}

/// From the dashboard: whatever lay over it or stood still is over.
pub(super) fn open(state: &mut State) {
    state.navigation.overlay = None;
    state.frozen = None;
    state.navigation.filter.editing = false;
    state.navigation.wall = Some(Wall::new(state.live.now.mono));
}
