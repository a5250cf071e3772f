//! The one place where the state changes: an event in, effects out. No I/O and no clock.

use std::{sync::Arc, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tui_input::{Input, InputRequest, backend::crossterm::to_input_request};

use super::{
    Action, Choices, Context, Event, Key, Names, Overlay, Pointer, Room, Shared, State, View, alarms,
    banners::{banners, causes},
    columns,
    command::{self, Done},
    context, follow, groups, mouse, names,
    past::Axis,
    rows::{SORT_COLUMNS, lines, tables},
    select,
    wall::{self, Wall},
};
use crate::{
    config::Symbols,
    domain::{Now, Outcome, Reading, Row, Target, clean_line},
    store::{Snapshot, Words},
};

/// Most notices that are kept; the oldest go first.
const NOTICES: usize = 20;
/// Longest filter and longest command in characters.
pub(super) const FILTER: usize = 200;
/// How long a row stays pinned.
const PIN: Duration = Duration::from_secs(30 * 60);
/// The rank from which on a row deserves no look.
const OK: u8 = crate::app::RowState::Fresh(crate::domain::Level::Inside).rank();
/// Of the memory, so much makes a difference on the screen.
const MEMORY: u64 = 100_000;

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
    RequestPoll(Target),
    /// Tell all dashboards what was done about an alert.
    Act(crate::alert::Action),
    /// An alert started or became worse: bell and notification, where they are on.
    Alarm(String),
    /// Put this text into the clipboard.
    Copy(String),
    /// Remember these choices for the next start.
    Remember(Box<Choices>),
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
        Event::Tick => {
            let now = state.now.mono;
            let before = state.pins.len();
            state.pins.retain(|_, until| *until > now);
            live(state) || state.pins.len() != before
        }
        Event::Mouse(pointer) => on_mouse(state, pointer, &mut effects),
        Event::Memory(bytes) => {
            let changed = bytes / MEMORY != state.memory / MEMORY;
            state.memory = bytes;
            changed && state.view == View::Budget && live(state)
        }
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
    state.spots = room.spots;
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
    let Some(line) = typed_line(state) else { return false };
    let before = line.value().to_owned();
    for c in clean_line(text, FILTER).chars().filter(|c| *c != '\u{fffd}') {
        type_char(line, InputRequest::InsertChar(c));
    }
    before != line.value()
}

/// The line that is being typed.
fn typed_line(state: &mut State) -> Option<&mut Input> {
    match context(state) {
        Context::Filter => Some(&mut state.filter_mut().text),
        Context::Command => state.command.as_mut(),
        _ => None,
    }
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
        Some(action) => chosen(state, effects, |state, effects| act(state, action, effects)),
        None if context == Context::Note => on_note(state, key),
        None => {
            let Some(line) = typed_line(state) else { return false };
            to_input_request(&crossterm::event::Event::Key(key)).is_some_and(|request| type_char(line, request))
        }
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

fn on_mouse(state: &mut State, pointer: Pointer, effects: &mut Vec<Effect>) -> bool {
    chosen(state, effects, |state, _| match (pointer, mouse::wheel(pointer)) {
        (_, Some(to)) => {
            (0..mouse::NOTCH).for_each(|_| travel(state, to));
            true
        }
        (Pointer::Click(x, y), None) => mouse::click(state, x, y),
        _ => false,
    })
}

/// Does what the user wants. What an earlier wish came to is no news then, and what is chosen is remembered.
fn chosen(
    state: &mut State,
    effects: &mut Vec<Effect>,
    act: impl FnOnce(&mut State, &mut Vec<Effect>) -> bool,
) -> bool {
    let before = Choices::of(state);
    let said = state.said.take().is_some();
    let changed = act(state, effects);
    let after = Choices::of(state);
    if after != before {
        effects.push(Effect::Remember(Box::new(after)));
    }
    changed || said
}

/// Does `action`; true where the picture may differ afterwards.
fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) -> bool {
    if !action.fits(state) {
        state.said = Some("this is about a table: 1, 2 or 3 show them".into());
        return true;
    }
    match action {
        Action::Quit => effects.push(Effect::Quit),
        Action::Redraw => effects.push(Effect::Redraw),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Refresh => {
            if let Some(target) = concerned(state) {
                state.said = Some(format!("{} is asked next", names::of(state, &target)));
                effects.push(Effect::RequestPoll(target));
            }
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
        Action::ColumnsMenu => state.overlay = Some(Overlay::Columns { cursor: 0 }),
        Action::ToggleColumn => columns::toggle(state),
        Action::ColumnLeft => columns::shift(state, false),
        Action::ColumnRight => columns::shift(state, true),
        Action::ResetColumns => state.columns.clear(),
        Action::Sections => {
            state.sections = !state.sections;
            if state.sections && groups::order(state).is_empty() {
                state.said = Some("no group is configured: [[group]] makes one".into());
            }
        }
        Action::NextLook => next_look(state),
        Action::Pin => pin(state),
        Action::CopyId => {
            if let Some(target) = concerned(state) {
                let told = names::told(state, &Words::default().id(&target), false);
                let whose = if *told == *target.id { "" } else { "the id of " };
                state.said = Some(format!("copied {whose}{told}, if the terminal allows it"));
                effects.push(Effect::Copy(target.id.to_string()));
            }
        }
        Action::CycleNames => {
            state.names = following(&Names::ALL, &state.names);
            state.said = Some(format!("names: {}", state.names.word()));
        }
        Action::CycleTheme => {
            state.theme = following(&command::themes(state), &state.theme);
            state.said = Some(format!("theme: {}", state.theme.word()));
        }
        Action::CycleSymbols => {
            state.symbols = following(&Symbols::ALL, &state.symbols);
            state.said = Some(format!("symbols: {}", state.symbols.word()));
        }
        Action::EditCommand => state.command = Some(Input::default()),
        Action::LeaveCommand => state.command = None,
        Action::CompleteCommand => {
            if let Some(line) = &state.command {
                state.command = Some(Input::new(command::complete(state, line.value())));
            }
        }
        Action::RunCommand => {
            let text = state.command.take().map(|line| line.value().to_owned()).unwrap_or_default();
            match command::run(state, &text) {
                Ok(Done::Settled) => {}
                Ok(Done::Act(action)) => return act(state, action, effects),
                Err(why) => state.said = Some(why),
            }
        }
        Action::Reverse => state.sort.reverse = !state.sort.reverse,
        Action::NextView => turn(state, 1),
        Action::PreviousView => turn(state, View::ALL.len() - 1),
        Action::Show(view) => show(state, view),
        Action::Detail if state.lists_alerts() => alarms::open(state),
        Action::Detail => {
            select_something(state);
            state.detail_open = select::selected(state).is_some();
        }
        Action::Back => back(state),
        Action::EditFilter => {
            state.filter_mut().editing = true;
            state.detail_open = false;
        }
        Action::ApplyFilter => state.filter_mut().editing = false,
        Action::ClearFilter => *state.filter_mut() = super::Filter::default(),
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

/// Outside of the view of alerts keys are about a row.
fn begin(state: &mut State) {
    if !state.lists_alerts() {
        select_something(state);
    }
}

/// Whom keys are about: the target of the alert under the cursor, else the selected row.
fn concerned(state: &mut State) -> Option<Target> {
    if state.lists_alerts() {
        return alarms::target(state);
    }
    select_something(state);
    select::selected(state).cloned()
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
    let in_alerts = state.lists_alerts();
    let text = tables(state).is_empty();
    let mutes = match &state.overlay {
        Some(Overlay::MuteMenu { id, .. }) => alarms::mute_choices(state, id).len(),
        _ => 0,
    };
    match &mut state.overlay {
        None if in_alerts => alarms::travel(state, to),
        None if text => {
            state.scroll = to.from(state.scroll, shown.max(1)).min(all.saturating_sub(shown));
        }
        None => select::go(state, to),
        Some(Overlay::Note { .. }) => {}
        Some(Overlay::MuteMenu { cursor, .. }) => *cursor = to.from(*cursor, mutes).min(mutes.saturating_sub(1)),
        Some(Overlay::Columns { cursor }) => {
            let last = crate::app::Column::ALL.len() - 1;
            *cursor = to.from(*cursor, last).min(last);
        }
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
    state.scroll = if state.view == view { state.scroll } else { 0 };
    state.view = view;
    state.detail_open = false;
    // A line that is half typed belongs to the view that was left.
    state.filter.editing = false;
    state.log_filter.editing = false;
}

/// The value behind `present`, round and round.
fn following<T: Copy + PartialEq>(all: &[T], present: &T) -> T {
    let at = all.iter().position(|t| t == present).map_or(0, |at| (at + 1) % all.len());
    all.get(at).copied().unwrap_or(*present)
}

/// Selects the next row that deserves a look, over all tables of the view, from the selected one on; with a filter the
/// next one that it found.
fn next_look(state: &mut State) {
    let all_found = !state.filter.text.value().trim().is_empty();
    let mut rows: Vec<(Target, bool)> = Vec::new();
    for kind in tables(state) {
        rows.extend(lines(state, kind).iter().map(|l| (l.target().clone(), all_found || l.state.rank() < OK)));
    }
    let from = select::selected(state).and_then(|t| rows.iter().position(|(x, _)| x == t)).map_or(0, |at| at + 1);
    let next = rows.iter().cycle().skip(from).take(rows.len()).find(|(_, look)| *look);
    match next.map(|(target, _)| target.clone()) {
        Some(target) => select::choose(state, &target),
        None => state.said = Some("no row deserves a look".into()),
    }
}

/// Pins the selected row, or lets it go.
fn pin(state: &mut State) {
    let Some(target) = concerned(state) else { return };
    state.said = Some(match state.pins.remove(&target) {
        Some(_) => "no longer pinned".into(),
        None => {
            state.pins.insert(target, state.now.mono + PIN);
            "pinned for 30 minutes".into()
        }
    });
}

fn back(state: &mut State) {
    if state.detail_open {
        state.detail_open = false;
    } else if !state.filter().text.value().is_empty() {
        *state.filter_mut() = super::Filter::default();
    } else if tables(state).is_empty() {
        state.scroll = 0;
    } else {
        state.selected.clear();
        state.cursor.clear();
    }
}
