//! The one place where the state changes: an event in, effects out. No I/O and no clock.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::{Input, InputRequest, backend::crossterm::to_input_request};

use super::{
    Action, Context, Event, Key, Overlay, Room, Shared, State, View, alarms,
    banners::{banners, causes},
    context, follow,
    past::Axis,
    rows::SORT_COLUMNS,
    select,
    wall::{self, Wall},
};
use crate::{
    domain::{Now, Outcome, Reading, Row, Target, clean_line},
    store::Snapshot,
};

/// Most notices that are kept; the oldest go first.
const NOTICES: usize = 20;
/// Longest filter in characters.
const FILTER: usize = 200;

/// What the loop does for the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Clear the terminal and draw everything.
    Redraw,
    /// Give the terminal back and stop until continued.
    Suspend,
    /// Ask the store that this target be polled next.
    Nudge(Target),
    /// Tell all dashboards what was done about an alert.
    Act(crate::alert::Action),
    /// An alert started or became worse: bell and notification, where they are on.
    Alarm(String),
}

/// Takes in one event at `now`. [`State::revision`] counts up where the picture may differ afterwards.
pub fn update(state: &mut State, event: Event, now: Now) -> Vec<Effect> {
    state.now = now;
    let mut effects = Vec::new();
    let changed = match event {
        Event::Key(key) => on_key(state, key, &mut effects),
        Event::Paste(text) => on_paste(state, &text),
        Event::Resize(columns, rows) => std::mem::replace(&mut state.size, (columns, rows)) != (columns, rows),
        Event::Loaded(snapshot) => on_loaded(state, snapshot),
        Event::Readings(readings) => on_readings(state, &readings),
        Event::Shared(shared) => on_shared(state, *shared),
        Event::Alarms(alarms) => alarms::take(state, *alarms, &mut effects) && live(state),
        Event::Past(past) => {
            state.past = Some(*past);
            true
        }
        Event::Notice(notice) => {
            let known = state.notices.contains(&notice);
            state.notices.retain(|n| n.key != notice.key);
            state.notices.push(notice);
            let over = state.notices.len().saturating_sub(NOTICES);
            state.notices.drain(..over);
            !known && live(state)
        }
        Event::Resolved(key) => {
            let before = state.notices.len();
            state.notices.retain(|n| n.key != key);
            state.notices.len() != before && live(state)
        }
        Event::Tick => live(state),
        Event::Drawn(room) => on_drawn(state, room),
    };
    let turned = wall::turn(state);
    if turned && wall::is_doubtful(state) {
        effects.push(Effect::Redraw);
    }
    if changed || turned {
        select::settle(state);
        state.revision = state.revision.wrapping_add(1);
    }
    effects
}

/// A frame with other room than the one before may need another offset.
fn on_drawn(state: &mut State, room: Room) -> bool {
    state.overlay_lines = (room.overlay, room.overlay_lines);
    state.alert_page = room.alerts;
    state.chart = room.chart;
    if state.page == room.page {
        return false;
    }
    state.page = room.page;
    let before = state.offset.clone();
    select::settle(state);
    state.offset != before
}

/// While the picture is frozen, new data change nothing visible.
fn live(state: &State) -> bool {
    state.frozen.is_none()
}

fn on_loaded(state: &mut State, snapshot: Snapshot) -> bool {
    let mut unknown = Vec::new();
    for row in snapshot.rows {
        match state.rows.get_mut(&row.target) {
            Some(mine) => *mine = row,
            None => unknown.push(row),
        }
    }
    if state.follows {
        follow::adopt(state, unknown);
    }
    live(state)
}

/// Readings of targets that are not watched here belong to other dashboards on the store; a viewer without targets of
/// its own takes them all.
fn on_readings(state: &mut State, readings: &[Reading]) -> bool {
    let mut ours = false;
    for reading in readings {
        if state.follows && !state.rows.contains_key(&reading.target) {
            let mut row = Row::new(reading.target.clone());
            row.take(reading, &state.now);
            ours |= follow::adopt(state, vec![row]);
        } else if let Some(row) = state.rows.get_mut(&reading.target) {
            row.take(reading, &state.now);
            // A failure may be that no answer came at all.
            state.replies += u64::from(!matches!(reading.outcome, Outcome::Failed(_)));
            ours = true;
        }
    }
    forgive(state);
    ours && live(state)
}

fn on_shared(state: &mut State, shared: Shared) -> bool {
    let changed = state.status != shared.status
        || state.usage != shared.usage
        || state.poller != shared.poller
        || state.instances != shared.instances
        || shared.history.as_ref().is_some_and(|h| *h != state.history)
        || shared.events.as_ref().is_some_and(|e| *e != state.events);
    state.status = shared.status;
    state.usage = shared.usage;
    state.poller = shared.poller;
    state.instances = shared.instances;
    if let Some(history) = shared.history {
        state.history = history;
    }
    if let Some(events) = shared.events {
        state.events = events;
    }
    forgive(state);
    changed && live(state)
}

/// A dismissed banner is forgotten with its cause, so that it shows when the cause returns.
fn forgive(state: &mut State) {
    if state.dismissed.is_empty() || state.frozen.is_some() {
        return;
    }
    let causes = causes(state);
    state.dismissed.retain(|key| causes.iter().any(|b| b.key == *key));
}

fn on_paste(state: &mut State, text: &str) -> bool {
    if let Some(Overlay::Note { text: note, .. }) = &mut state.overlay {
        let typed = clean_line(text, alarms::NOTE);
        let before = note.len();
        for c in typed.chars().filter(|c| *c != '\u{fffd}') {
            alarms::type_note(note, c);
        }
        return note.len() != before;
    }
    if context(state) != Context::Filter {
        return false;
    }
    let before = state.filter.text.value().to_owned();
    for c in clean_line(text, FILTER).chars().filter(|c| *c != '\u{fffd}') {
        type_char(&mut state.filter.text, InputRequest::InsertChar(c));
    }
    before != state.filter.text.value()
}

fn type_char(input: &mut Input, request: InputRequest) -> bool {
    if let InputRequest::InsertChar(_) = request
        && input.value().chars().count() >= FILTER
    {
        return false;
    }
    input.handle(request).is_some_and(|change| change.value || change.cursor)
}

/// The board takes its exit alone. Where it is all there is, that ends the program.
fn on_wall(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) -> bool {
    let name = Key::from(key).to_string();
    let exits = name == "Ctrl-C" || state.facts.wall.exit_key.as_deref() == Some(name.as_str());
    if !exits || key.kind == KeyEventKind::Release {
        return false;
    }
    if state.facts.locked {
        effects.push(Effect::Quit);
        return false;
    }
    state.wall = None;
    effects.push(Effect::Redraw);
    true
}

/// From the dashboard: whatever lay over it or stood still is over.
fn open_wall(state: &mut State) {
    state.overlay = None;
    state.frozen = None;
    state.filter.editing = false;
    state.wall = Some(Wall::new(state.now.mono));
}

fn on_key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) -> bool {
    if state.wall.is_some() {
        return on_wall(state, key, effects);
    }
    let context = context(state);
    let keys = Arc::clone(&state.keys);
    match keys.action(context, key) {
        Some(action) => act(state, action, effects),
        None if context == Context::Note => on_note(state, key),
        None if context == Context::Filter => to_input_request(&crossterm::event::Event::Key(key))
            .is_some_and(|request| type_char(&mut state.filter.text, request)),
        None => false,
    }
}

/// Letters and Backspace in the line of a note.
fn on_note(state: &mut State, key: KeyEvent) -> bool {
    let Some(Overlay::Note { text, .. }) = &mut state.overlay else { return false };
    match key.code {
        _ if key.kind == KeyEventKind::Release => false,
        KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
            alarms::type_note(text, c)
        }
        KeyCode::Backspace => text.pop().is_some(),
        _ => false,
    }
}

/// Does `action`; true where the picture may differ afterwards.
fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) -> bool {
    match action {
        Action::Quit => effects.push(Effect::Quit),
        Action::Redraw => effects.push(Effect::Redraw),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Refresh => {
            select_something(state);
            effects.extend(select::selected(state).cloned().map(Effect::Nudge));
        }
        Action::Help => state.overlay = Some(Overlay::Help { scroll: 0 }),
        Action::Banners => state.overlay = Some(Overlay::Banners { scroll: 0 }),
        Action::SortMenu => {
            let cursor = SORT_COLUMNS.iter().position(|c| *c == state.sort.column).unwrap_or(0);
            state.overlay = Some(Overlay::SortMenu { cursor });
        }
        Action::Close => state.overlay = None,
        Action::Acknowledge => {
            begin(state);
            alarms::acknowledge(state, effects);
        }
        Action::KeepNote => alarms::keep_note(state, effects),
        Action::MuteMenu => {
            begin(state);
            alarms::mute(state);
        }
        Action::ChooseMute => alarms::choose_mute(state, effects),
        Action::ChooseSort => {
            if let Some(Overlay::SortMenu { cursor }) = state.overlay.take()
                && let Some(column) = SORT_COLUMNS.get(cursor)
            {
                state.sort.reverse &= state.sort.column == *column;
                state.sort.column = *column;
            }
        }
        Action::Reverse => state.sort.reverse = !state.sort.reverse,
        Action::NextView => turn(state, 1),
        Action::PreviousView => turn(state, View::ALL.len() - 1),
        Action::Show(view) => show(state, view),
        Action::Detail if in_alerts(state) => alarms::open(state),
        Action::Detail => {
            select_something(state);
            state.detail_open = select::selected(state).is_some();
        }
        Action::Back => back(state),
        Action::EditFilter => {
            state.filter.editing = true;
            state.detail_open = false;
        }
        Action::ApplyFilter => state.filter.editing = false,
        Action::ClearFilter => state.filter = super::Filter::default(),
        Action::Freeze => {
            state.frozen = match state.frozen.take() {
                Some(_) => None,
                None => Some(Box::new(state.clone())),
            }
        }
        Action::Dismiss => {
            let Some(first) = banners(state).into_iter().next() else { return false };
            state.dismissed.push(first.key);
        }
        Action::ZoomIn | Action::ZoomOut | Action::ZoomReset | Action::Earlier | Action::Later => {
            return axis(state, action);
        }
        Action::Wall => {
            open_wall(state);
            effects.push(Effect::Redraw);
        }
        Action::AgeAsTime => state.age_as_time = !state.age_as_time,
        Action::Down => travel(state, select::Move::Down),
        Action::Up => travel(state, select::Move::Up),
        Action::PageDown => travel(state, select::Move::PageDown),
        Action::PageUp => travel(state, select::Move::PageUp),
        Action::Top => travel(state, select::Move::Top),
        Action::Bottom => travel(state, select::Move::Bottom),
    }
    true
}

/// True where keys are about the list of alerts.
fn in_alerts(state: &State) -> bool {
    state.view == View::Alerts && !state.detail_open
}

/// Outside of the view of alerts keys are about a row.
fn begin(state: &mut State) {
    if !in_alerts(state) {
        select_something(state);
    }
}

/// Moves the chart's time axis, where there is a chart.
fn axis(state: &mut State, action: Action) -> bool {
    let next = match action {
        _ if state.chart == 0 => state.axis,
        Action::ZoomIn => state.axis.zoomed(-1),
        Action::ZoomOut => state.axis.zoomed(1),
        Action::Earlier => state.axis.moved(1),
        Action::Later => state.axis.moved(-1),
        _ => Axis::default(),
    };
    std::mem::replace(&mut state.axis, next) != next
}

/// What concerns the selected row begins with the first one in view, visibly, where nobody has moved yet.
fn select_something(state: &mut State) {
    if select::selected(state).is_none() {
        select::go(state, select::Move::Down);
    }
}

/// Moves what is in front: the overlay's text or cursor, else the selection.
fn travel(state: &mut State, to: select::Move) {
    let (shown, all) = state.overlay_lines;
    let in_alerts = in_alerts(state);
    let mutes = match &state.overlay {
        Some(Overlay::MuteMenu { id, .. }) => alarms::mute_choices(state, id).len(),
        _ => 0,
    };
    match &mut state.overlay {
        None if in_alerts => alarms::travel(state, to),
        None => select::go(state, to),
        Some(Overlay::Note { .. }) => {}
        Some(Overlay::MuteMenu { cursor, .. }) => *cursor = to.from(*cursor, mutes).min(mutes.saturating_sub(1)),
        Some(Overlay::SortMenu { cursor }) => {
            *cursor = to.from(*cursor, SORT_COLUMNS.len()).min(SORT_COLUMNS.len() - 1)
        }
        Some(Overlay::Help { scroll } | Overlay::Banners { scroll }) => {
            *scroll = to.from(*scroll, shown.max(1)).min(all.saturating_sub(shown));
        }
    }
}

fn turn(state: &mut State, by: usize) {
    let at = View::ALL.iter().position(|v| *v == state.view).unwrap_or(0);
    show(state, View::ALL[(at + by) % View::ALL.len()]);
}

fn show(state: &mut State, view: View) {
    state.view = view;
    state.detail_open = false;
}

fn back(state: &mut State) {
    if state.detail_open {
        state.detail_open = false;
    } else if !state.filter.text.value().is_empty() {
        state.filter = super::Filter::default();
    } else {
        state.selected.clear();
        state.cursor.clear();
    }
}
