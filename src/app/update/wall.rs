//! The wallboard: its pages turn, and one key leaves it.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::{
    app::{
        model::{Effect, Key, Pager, State, Wall},
        view::{
            names,
            rows::all_lines,
            wall::{Page, page_at, tiles},
        },
    },
    config::Names,
    domain::Kind,
};

/// Turns the page of tiles that is due; true where one did. The list of agents has no pages: who looks up must see the
/// worst of them.
pub(super) fn turn(state: &mut State) -> bool {
    let Some(before) = state.navigation.wall.as_ref().map(Wall::pager) else { return false };
    let after = next(state, before);
    if let Some(wall) = &mut state.navigation.wall {
        wall.set_pager(after);
    }
    after.page != before.page
}

/// The page that comes after that of `before`, or the same one.
fn next(state: &State, before: Pager) -> Pager {
    let (now, room) = (state.live.now.mono, state.layout.rows(Kind::Campaign));
    let tiles = tiles(state);
    let (_, page) = page_at(state, before, &tiles, room);
    let next = match page {
        Page { of: 1, .. } => Pager { page: 0, since: now, ..before },
        Page { left, .. } if left.is_zero() => Pager { page: (page.number + 1) % page.of, since: now, ..before },
        // There may be fewer pages than there were.
        _ => Pager { page: page.number, ..before },
    };
    let (_, page) = page_at(state, next, &tiles, room);
    Pager { until: (page.of > 1).then(|| now + page.left), ..next }
}

/// True where the board names agents in a script about whose width terminals disagree: what such a name leaves behind
/// when it goes is only gone when everything is drawn again. Nobody would press a key for that.
pub(super) fn is_doubtful(state: &State) -> bool {
    state.config.wall.names != Names::Hidden
        && all_lines(state, Kind::Agent).any(|l| !names::name(state, &l).is_ascii())
}

/// The board takes its exit alone: where it lies over a dashboard, also Esc. Where it is all there is, its exit ends the
/// program.
pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) -> bool {
    let interrupt = Key::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let escape = (!state.config.locked).then(|| Key::new(KeyCode::Esc, KeyModifiers::NONE));
    let exits = [Some(interrupt), state.config.wall.exit_key, escape].contains(&Some(Key::from(key)));
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
    state.navigation.wall = Some(Wall::opened(state.live.now.mono));
}
