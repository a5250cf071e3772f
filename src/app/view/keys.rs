//! What keys mean where the user is: for the footer, and for the next key.

use crate::app::model::{Action, Context, Overlay, REPLAY, State, View};

/// Where the next key goes.
pub fn context(state: &State) -> Context {
    match &state.navigation.overlay {
        Some(Overlay::SortMenu { .. }) => Context::Menu,
        Some(Overlay::MuteMenu { .. }) => Context::Mute,
        Some(Overlay::Note { .. }) => Context::Note,
        Some(Overlay::Columns { .. }) => Context::Columns,
        Some(Overlay::Help { .. }) if state.navigation.help_search.editing => Context::Search,
        Some(Overlay::Help { .. } | Overlay::Banners { .. }) => Context::Pager,
        None if state.navigation.command.is_some() => Context::Command,
        None if state.filter().editing => Context::Filter,
        None => Context::Normal,
    }
}

/// The footer: the usual key and a word, in order of use; of what does something in this view.
pub fn hints(state: &State) -> Vec<(String, &'static str)> {
    if context(state) == Context::Normal && state.navigation.detail_open {
        return DETAIL.iter().filter_map(|(action, word)| Some((state.keys.key_of(*action)?, *word))).collect();
    }
    let mut hints = Vec::new();
    if plays(state) {
        hints.extend(PLAY.iter().filter_map(|(action, word)| Some((state.keys.key_of(*action)?, *word))));
    }
    // What a replay has no use for goes.
    let replay = state.config.mode == Some(REPLAY);
    let fits = |action| fits(action, state) && !(replay && matches!(action, Action::Refresh));
    hints.extend(state.keys.hints(context(state), fits));
    hints
}

/// True where keys of the time axis move the replay: there is no chart in front that they could be about.
pub(crate) fn plays(state: &State) -> bool {
    state.config.mode == Some(REPLAY) && !state.navigation.detail_open && context(state) == Context::Normal
}

/// What the footer of a replay begins with.
const PLAY: [(Action, &str); 4] = [
    (Action::Earlier, "15 min back"),
    (Action::Later, "15 min on"),
    (Action::Slower, "slower"),
    (Action::Faster, "faster"),
];

/// The same for the view below what lies over it.
pub fn fits_below(state: &State, action: Action) -> bool {
    match action {
        Action::EditFilter => state.navigation.view != View::Budget || state.navigation.detail_open,
        _ => fits(action, state),
    }
}

/// True where the help lies over the view.
pub(crate) fn in_help(state: &State) -> bool {
    matches!(state.navigation.overlay, Some(Overlay::Help { .. }))
}

/// The footer of the detail.
const DETAIL: [(Action, &str); 11] = [
    (Action::Back, "back"),
    (Action::ZoomOut, "longer"),
    (Action::ZoomIn, "shorter"),
    (Action::Earlier, "earlier"),
    (Action::Later, "later"),
    (Action::ZoomReset, "last 2 h"),
    (Action::Down, "next row"),
    (Action::Acknowledge, "ack"),
    (Action::MuteMenu, "mute"),
    (Action::Refresh, "refresh"),
    (Action::Help, "help"),
];

/// False where the view has nothing that it could be about: there the footer does not offer it.
pub(crate) fn fits(action: Action, state: &State) -> bool {
    let table =
        !matches!(state.navigation.view, View::Alerts | View::Budget | View::Log) || state.navigation.detail_open;
    let alerts = state.lists_alerts();
    match action {
        Action::EditFilter if state.navigation.overlay.is_some() => in_help(state),
        Action::SortMenu | Action::Reverse | Action::ColumnsMenu | Action::Sections | Action::FoldLoggedOut => table,
        Action::EditFilter => table || alerts || state.navigation.view == View::Log,
        Action::Mark => table,
        Action::Detail | Action::Refresh | Action::Pin | Action::CopyId | Action::Acknowledge | Action::MuteMenu => {
            table || alerts
        }
        Action::AcknowledgeAll => alerts,
        Action::Slower | Action::Faster => state.config.mode == Some(REPLAY),
        _ => true,
    }
}
