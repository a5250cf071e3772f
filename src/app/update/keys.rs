//! Keys and the mouse: what the user wants, done.

use std::{sync::Arc, time::Duration};

use crossterm::event::KeyEvent;
use tui_input::{Input, backend::crossterm::to_input_request};

use super::{
    alerts, axis, columns,
    command::{self, Done},
    mouse, selection, typing, wall,
};
use crate::{
    app::{
        model::{
            Action, Column, Context, Effect, Filter, Navigation, Overlay, PlayStep, Pointer, RowState,
            SavedPreferences, State, View,
        },
        view::{
            alerts::mute_choices,
            banners::banners,
            command::{last_word, themes},
            filter_hints, groups,
            keys::{context, fits, in_help, plays},
            names,
            tables::{detailed, lines, tables},
        },
    },
    config::{Names, Symbols},
    domain::{Level, Target},
    store::Words,
};

/// How long a row stays pinned.
const PIN: Duration = Duration::from_secs(30 * 60);
/// The rank from which on a row deserves no look.
const OK: u8 = RowState::Fresh(Level::Inside).rank();

pub(super) fn key(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) -> bool {
    if state.navigation.wall.is_some() {
        return wall::key(state, key, effects);
    }
    let context = context(state);
    let keys = Arc::clone(&state.keys);
    match keys.action(context, key) {
        Some(action) => chosen(state, effects, |state, effects| act(state, action, effects)),
        None if context == Context::Note => typing::on_note(state, key),
        None => {
            let Some(line) = typing::typed_line(state) else { return false };
            to_input_request(&crossterm::event::Event::Key(key)).is_some_and(|request| typing::type_char(line, request))
        }
    }
}

pub(super) fn mouse(state: &mut State, pointer: Pointer, effects: &mut Vec<Effect>) -> bool {
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
    let before = SavedPreferences::of(state);
    let said = state.notices.status_message.take().is_some();
    let changed = act(state, effects);
    let after = SavedPreferences::of(state);
    if after != before {
        effects.push(Effect::Remember(Box::new(after)));
    }
    changed || said
}

/// Does `action`; true where the picture may differ afterwards.
fn act(state: &mut State, action: Action, effects: &mut Vec<Effect>) -> bool {
    if !fits(action, state) {
        if action == Action::EditFilter && state.navigation.overlay.is_some() {
            return false;
        }
        let place = match action {
            Action::AcknowledgeAll => "Alerts: press 4",
            Action::Slower | Action::Faster => "a replay: ahtop replay",
            _ => "a table: press 1, 2 or 3",
        };
        state.notices.status_message = Some(format!("This key works in {place}"));
        return true;
    }
    if action != Action::Acknowledge {
        state.navigation.asked = None;
    }
    match action {
        // The detail is closed first, as by Esc; what fills the screen is left before the program.
        Action::Quit if state.navigation.detail_open && state.navigation.overlay.is_none() => {
            state.navigation.detail_open = false;
        }
        Action::Quit => effects.push(Effect::Quit),
        Action::Redraw => effects.push(Effect::Redraw),
        Action::Suspend => effects.push(Effect::Suspend),
        Action::Refresh => {
            if let Some(target) = concerned(state) {
                state.notices.status_message = Some(format!("{} is checked next", names::of(state, &target)));
                effects.push(Effect::RequestPoll(target));
            }
        }
        Action::Help => {
            state.navigation.help_search = Filter::default();
            state.navigation.overlay = Some(Overlay::Help { scroll: 0 });
        }
        Action::EditFilter | Action::ApplyFilter | Action::ClearFilter if in_help(state) => {
            state.navigation.overlay = Some(Overlay::Help { scroll: 0 });
            let search = &mut state.navigation.help_search;
            search.editing = action == Action::EditFilter;
            if action == Action::ClearFilter {
                search.text = Input::default();
            }
        }
        Action::Banners => state.navigation.overlay = Some(Overlay::Banners { scroll: 0 }),
        Action::SortMenu => {
            let cursor = Column::sort_menu().iter().position(|c| *c == state.preferences.sort.column).unwrap_or(0);
            state.navigation.overlay = Some(Overlay::SortMenu { cursor });
        }
        Action::Close => state.navigation.overlay = None,
        Action::Acknowledge => {
            begin(state);
            alerts::acknowledge(state, effects);
        }
        Action::AcknowledgeAll => alerts::acknowledge_all(state),
        Action::KeepNote => alerts::keep_note(state, effects),
        Action::MuteMenu => {
            begin(state);
            alerts::mute(state);
        }
        Action::ChooseMute => alerts::choose_mute(state, effects),
        Action::ChooseSort => {
            if let Some(Overlay::SortMenu { cursor }) = state.navigation.overlay.take()
                && let Some(column) = Column::sort_menu().get(cursor)
            {
                state.preferences.sort.reverse &= state.preferences.sort.column == *column;
                state.preferences.sort.column = *column;
            }
        }
        Action::ColumnsMenu => state.navigation.overlay = Some(Overlay::Columns { cursor: 0 }),
        Action::ToggleColumn => columns::toggle(state),
        Action::ColumnLeft => columns::shift(state, false),
        Action::ColumnRight => columns::shift(state, true),
        Action::ResetColumns => state.preferences.columns.clear(),
        Action::Sections => {
            state.preferences.sections = !state.preferences.sections;
            if state.preferences.sections && groups::order(&state.config.watched).is_empty() {
                state.notices.status_message =
                    Some("No groups are configured: add a [[group]] to the configuration".into());
            }
        }
        Action::FoldLoggedOut => {
            let folds = !state.preferences.fold_logged_out;
            state.preferences.fold_logged_out = folds;
            let known = state.shown().presence.as_ref().is_some_and(|known| known.fresh(&state.shown().now).is_some());
            let said = match (folds, known) {
                (true, false) => "It is not known who is logged in: nobody is folded away",
                (true, true) => "Agents who are logged out are folded away",
                (false, _) => "Agents who are logged out are shown",
            };
            state.notices.status_message = Some(said.into());
        }
        Action::NextLook if state.lists_alerts() => alerts::next_waiting(state),
        Action::NextLook => next_look(state),
        Action::Mark => mark(state),
        Action::Pin => pin(state),
        Action::CopyId => {
            if let Some(target) = concerned(state) {
                let told = names::told(state, &Words::default().id(&target), false);
                let whose = if *told == *target.id { "" } else { "the ID of " };
                state.notices.status_message = Some(format!("copied {whose}{told}, if the terminal allows it"));
                effects.push(Effect::Copy(target.id.to_string()));
            }
        }
        Action::CycleNames => {
            state.preferences.names = following(&Names::ALL, &state.preferences.names);
            state.notices.status_message = Some(format!("names: {}", state.preferences.names.word()));
        }
        Action::CycleTheme => {
            state.preferences.theme = following(&themes(state), &state.preferences.theme);
            state.notices.status_message = Some(format!("theme: {}", state.preferences.theme.word()));
        }
        Action::CycleSymbols => {
            state.preferences.symbols = following(&Symbols::ALL, &state.preferences.symbols);
            state.notices.status_message = Some(format!("symbols: {}", state.preferences.symbols.word()));
        }
        Action::EditCommand => state.navigation.command = Some(Input::default()),
        Action::LeaveCommand => state.navigation.command = None,
        Action::CompleteCommand => {
            if let Some(line) = &state.navigation.command {
                state.navigation.command = Some(Input::new(command::complete(state, line.value())));
            }
        }
        Action::RunCommand => {
            let text = state.navigation.command.take().map(|line| line.value().to_owned()).unwrap_or_default();
            match command::run(state, &text) {
                Ok(Done::Settled) => {}
                Ok(Done::Act(action)) => return act(state, action, effects),
                Ok(Done::Ask(effect)) => effects.push(effect),
                Err(why) => state.notices.status_message = Some(why),
            }
        }
        Action::Reverse => state.preferences.sort.reverse = !state.preferences.sort.reverse,
        Action::NextView => turn(state, 1),
        Action::PreviousView => turn(state, View::ALL.len() - 1),
        Action::Show(view) => show(state, view),
        Action::Detail if state.lists_alerts() => alerts::open(state),
        Action::Detail => {
            select_something(state);
            state.navigation.detail_open = selection::selected(state).is_some();
        }
        Action::Back => back(state),
        Action::EditFilter => {
            state.filter_mut().editing = true;
            state.navigation.detail_open = false;
        }
        Action::CompleteFilter => {
            let completed = command::complete_word(
                state.filter().text.value(),
                &filter_hints::completions(state, last_word(state.filter().text.value())),
            );
            state.filter_mut().text = Input::new(completed);
        }
        Action::ApplyFilter => state.filter_mut().editing = false,
        Action::ClearFilter => *state.filter_mut() = Filter::default(),
        Action::Freeze => state.toggle_freeze(),
        Action::Dismiss => {
            let Some(first) = banners(state).into_iter().next() else { return false };
            state.notices.dismissed.push(first.id);
        }
        Action::Earlier if plays(state) => effects.push(Effect::Play(PlayStep::Back)),
        Action::Later if plays(state) => effects.push(Effect::Play(PlayStep::On)),
        Action::Slower => effects.push(Effect::Play(PlayStep::Slower)),
        Action::Faster => effects.push(Effect::Play(PlayStep::Faster)),
        Action::ZoomIn | Action::ZoomOut | Action::ZoomReset | Action::Earlier | Action::Later => {
            let Some(axis) = axis::moved(state, action) else { return false };
            begin(state);
            axis::set(state, axis);
        }
        Action::Wall => {
            wall::open(state);
            effects.push(Effect::Redraw);
        }
        Action::AgeAsTime => state.preferences.age_as_time = !state.preferences.age_as_time,
        Action::Down => travel(state, selection::Move::Down),
        Action::Up => travel(state, selection::Move::Up),
        Action::PageDown => travel(state, selection::Move::PageDown),
        Action::PageUp => travel(state, selection::Move::PageUp),
        Action::Top => travel(state, selection::Move::Top),
        Action::Bottom => travel(state, selection::Move::Bottom),
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
        return alerts::target(state);
    }
    select_something(state);
    selection::selected(state).cloned()
}

/// What concerns the selected row begins with the one that the detail beside the tables shows, where nobody has moved yet.
fn select_something(state: &mut State) {
    if selection::selected(state).is_some() {
        return;
    }
    let shown = detailed(state, |kind| lines(state, kind).into_iter().next()).map(|line| line.target().clone());
    match shown {
        Some(target) => selection::choose(state, &target),
        None => selection::go(state, selection::Move::Down),
    }
}

/// Moves what is in front: the overlay's text or cursor, else the selection.
fn travel(state: &mut State, to: selection::Move) {
    let (shown, all) = (state.layout.overlay, state.layout.overlay_lines);
    let in_alerts = state.lists_alerts();
    let text = tables(state).is_empty();
    let mutes = match &state.navigation.overlay {
        Some(Overlay::MuteMenu { id, .. }) => mute_choices(state, id).len(),
        _ => 0,
    };
    match &mut state.navigation.overlay {
        None if in_alerts => alerts::travel(state, to),
        None if text => {
            state.navigation.scroll = to.from(state.navigation.scroll, shown.max(1)).min(all.saturating_sub(shown));
        }
        None => selection::go(state, to),
        Some(Overlay::Note { .. }) => {}
        Some(Overlay::MuteMenu { cursor, .. }) => *cursor = to.from(*cursor, mutes).min(mutes.saturating_sub(1)),
        Some(Overlay::Columns { cursor }) => {
            let last = Column::ALL.len() - 1;
            *cursor = to.from(*cursor, last).min(last);
        }
        Some(Overlay::SortMenu { cursor }) => {
            let last = Column::sort_menu().len() - 1;
            *cursor = to.from(*cursor, last + 1).min(last);
        }
        Some(Overlay::Help { scroll } | Overlay::Banners { scroll }) => {
            *scroll = to.from(*scroll, shown.max(1)).min(all.saturating_sub(shown));
        }
    }
}

fn turn(state: &mut State, by: usize) {
    let at = View::ALL.iter().position(|v| *v == state.navigation.view).unwrap_or(0);
    show(state, View::ALL[(at + by) % View::ALL.len()]);
}

fn show(state: &mut State, view: View) {
    state.navigation.scroll = if state.navigation.view == view { state.navigation.scroll } else { 0 };
    state.navigation.view = view;
    state.navigation.detail_open = false;
    // A line that is half typed belongs to the view that was left.
    state.navigation.filter.editing = false;
    state.navigation.log_filter.editing = false;
    state.navigation.alert_filter.editing = false;
}

/// The value behind `present`, round and round.
fn following<T: Copy + PartialEq>(all: &[T], present: &T) -> T {
    let at = all.iter().position(|t| t == present).map_or(0, |at| (at + 1) % all.len());
    all.get(at).copied().unwrap_or(*present)
}

/// Selects the next row that deserves a look, over all tables of the view, from the selected one on; with a filter the
/// next one that it found.
fn next_look(state: &mut State) {
    let all_found = !state.navigation.filter.text.value().trim().is_empty();
    let mut rows: Vec<(Target, bool)> = Vec::new();
    for kind in tables(state) {
        rows.extend(
            selection::order(state, kind).iter().flatten().map(|r| (r.target.clone(), all_found || r.rank < OK)),
        );
    }
    let from = selection::selected(state).and_then(|t| rows.iter().position(|(x, _)| x == t)).map_or(0, |at| at + 1);
    let next = rows.iter().cycle().skip(from).take(rows.len()).find(|(_, look)| *look);
    match next.map(|(target, _)| target.clone()) {
        Some(target) => selection::choose(state, &target),
        None => state.notices.status_message = Some("No row needs attention".into()),
    }
}

/// Pins the selected row, or lets it go.
fn pin(state: &mut State) {
    let Some(target) = concerned(state) else { return };
    state.notices.status_message = Some(match state.navigation.pins.remove(&target) {
        Some(_) => "no longer pinned".into(),
        None => {
            state.navigation.pins.insert(target, state.live.now.mono + PIN);
            "pinned for 30 minutes".into()
        }
    });
}

/// Marks the selected row for the comparison, or takes its mark away.
fn mark(state: &mut State) {
    let Some(target) = concerned(state) else { return };
    let marked = &mut state.navigation.marked;
    let text = match marked.iter().position(|t| *t == target) {
        Some(at) => {
            marked.remove(at);
            "no longer marked".to_owned()
        }
        None if marked.len() >= Navigation::MOST_MARKED => {
            format!("{} rows are marked: press the key on one of them to take its mark away", marked.len())
        }
        None => {
            marked.push(target);
            match marked.len() {
                1 => "marked: mark one to three more, and the chart compares them".to_owned(),
                n => format!("{n} rows are compared; Esc takes the marks away"),
            }
        }
    };
    state.notices.status_message = Some(text);
}

fn back(state: &mut State) {
    if state.navigation.detail_open {
        state.navigation.detail_open = false;
    } else if !state.filter().text.value().is_empty() {
        *state.filter_mut() = Filter::default();
    } else if !state.navigation.marked.is_empty() && !state.lists_alerts() {
        state.navigation.marked.clear();
    } else if tables(state).is_empty() {
        state.navigation.scroll = 0;
    } else {
        state.navigation.selected.clear();
        state.navigation.cursor.clear();
    }
}
