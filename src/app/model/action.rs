//! What the user can do, and the one table of keys, footer hints and help sentences for it.

use crossterm::event::{KeyCode, KeyModifiers};

use super::{Key, View};

/// Something that the user can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Quit,
    Help,
    /// Show all banners in full.
    Banners,
    /// One row or line down.
    Down,
    /// One row or line up.
    Up,
    PageDown,
    PageUp,
    /// To the first row or line.
    Top,
    /// To the last row or line.
    Bottom,
    NextView,
    PreviousView,
    Show(View),
    /// The selected row in detail.
    Detail,
    /// One step back: close the detail, clear the filter, drop the selection.
    Back,
    EditFilter,
    /// Complete the word of the filter.
    CompleteFilter,
    /// Keep the filter and leave its line.
    ApplyFilter,
    /// Clear the filter and leave its line.
    ClearFilter,
    /// Choose the sort column.
    SortMenu,
    /// Sort the other way round.
    Reverse,
    /// Sort by the column under the cursor.
    ChooseSort,
    /// Stop or continue the picture.
    Freeze,
    /// Poll the selected row next.
    Refresh,
    /// Dismiss the first banner.
    Dismiss,
    /// Acknowledge the alert, or take that back.
    Acknowledge,
    /// Acknowledge all alerts that are shown.
    AcknowledgeAll,
    /// Acknowledge with the note that was typed.
    KeepNote,
    /// Open the menu of mutes.
    MuteMenu,
    /// Mute for as long as the cursor says.
    ChooseMute,
    /// Show ages as the time of the reading.
    AgeAsTime,
    /// Let the chart cover a shorter span.
    ZoomIn,
    /// Let the chart cover a longer span.
    ZoomOut,
    /// The chart's last two hours again.
    ZoomReset,
    /// Let the chart end earlier.
    Earlier,
    /// Let the chart end later.
    Later,
    /// Let a replay run slower.
    Slower,
    /// Let a replay run faster.
    Faster,
    /// Show nothing but the board on the wall.
    Wall,
    /// To the next row that needs attention.
    NextLook,
    ColumnsMenu,
    /// Show or hide the column under the cursor.
    ToggleColumn,
    /// The column under the cursor one place to the left.
    ColumnLeft,
    /// The column under the cursor one place to the right.
    ColumnRight,
    ResetColumns,
    /// Agents in sections by their group.
    Sections,
    /// Leave out the agents who are logged out.
    FoldLoggedOut,
    /// Poll the selected row as often as if it stayed selected, for a while.
    Pin,
    /// Mark the selected row, to compare it with others.
    Mark,
    /// Put the id of the selected row into the clipboard.
    CopyId,
    /// The next way to name agents.
    CycleNames,
    CycleTheme,
    /// The next set of characters.
    CycleSymbols,
    EditCommand,
    /// Do what was typed.
    RunCommand,
    /// Complete the word that is typed.
    CompleteCommand,
    /// Leave the command line.
    LeaveCommand,
    /// Close what lies over the view.
    Close,
    Redraw,
    /// Hand the terminal back to the shell.
    Suspend,
}

impl Action {
    /// Its name in `[ui.keys]`; `None`: its keys are fixed, so that nobody locks himself into a menu.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Action::Quit => "quit",
            Action::EditFilter => "filter",
            Action::SortMenu => "sort",
            Action::Reverse => "reverse",
            Action::NextView => "next_view",
            Action::PreviousView => "previous_view",
            Action::Show(View::Overview) => "overview",
            Action::Show(View::Agents) => "agents",
            Action::Show(View::Campaigns) => "campaigns",
            Action::Show(View::Alerts) => "alerts",
            Action::Show(View::Budget) => "budget",
            Action::Show(View::Log) => "log",
            Action::Detail => "detail",
            Action::Back => "back",
            Action::Freeze => "freeze",
            Action::Refresh => "refresh",
            Action::NextLook => "next_look",
            Action::Pin => "pin",
            Action::Mark => "mark",
            Action::CopyId => "copy_id",
            Action::ColumnsMenu => "columns",
            Action::Sections => "groups",
            Action::FoldLoggedOut => "fold_logged_out",
            Action::CycleNames => "names",
            Action::Acknowledge => "acknowledge",
            Action::AcknowledgeAll => "acknowledge_all",
            Action::MuteMenu => "mute",
            Action::AgeAsTime => "age_as_time",
            Action::ZoomIn => "zoom_in",
            Action::ZoomOut => "zoom_out",
            Action::ZoomReset => "zoom_reset",
            Action::Earlier => "earlier",
            Action::Later => "later",
            Action::Slower => "slower",
            Action::Faster => "faster",
            Action::Wall => "wall",
            Action::CycleTheme => "theme",
            Action::CycleSymbols => "symbols",
            Action::EditCommand => "command",
            Action::Banners => "banners",
            Action::Dismiss => "dismiss",
            Action::Down => "down",
            Action::Up => "up",
            Action::PageDown => "page_down",
            Action::PageUp => "page_up",
            Action::Top => "top",
            Action::Bottom => "bottom",
            Action::Help => "help",
            Action::Redraw => "redraw",
            Action::Suspend => "suspend",
            _ => return None,
        })
    }
}

/// Where a key has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// In all others too, unless they use the key themselves.
    Everywhere,
    Normal,
    /// The line in which the filter is typed.
    Filter,
    Command,
    /// The menu of sort columns lies over the view.
    Menu,
    /// The menu of mutes lies over the view.
    Mute,
    /// The line in which a note is typed.
    Note,
    /// The menu of columns lies over the view.
    Columns,
    /// A long text lies over the view.
    Pager,
    /// The line in which is typed what is looked for in the help.
    Search,
}

impl Context {
    /// All of them, in the order of the help.
    pub const ALL: [Context; 10] = [
        Context::Normal,
        Context::Filter,
        Context::Note,
        Context::Command,
        Context::Menu,
        Context::Mute,
        Context::Columns,
        Context::Pager,
        Context::Search,
        Context::Everywhere,
    ];

    /// The heading in the help.
    pub const fn title(self) -> &'static str {
        match self {
            Context::Everywhere => "Everywhere",
            Context::Normal => "Tables",
            Context::Filter => "While you type a filter",
            Context::Mute => "In the menu of mutes",
            Context::Note => "While you type a note",
            Context::Command => "While you type a command",
            Context::Menu => "In the menu of sort columns",
            Context::Columns => "In the menu of columns",
            Context::Pager => "In this help and the list of banners",
            Context::Search => "While you search in the help",
        }
    }
}

/// An action in a context, with its keys and words.
#[derive(Clone, Debug)]
pub struct Binding {
    pub context: Context,
    pub action: Action,
    /// The keys, the usual one first.
    pub keys: Vec<Key>,
    /// A word for the footer; `None`: only in the help.
    pub hint: Option<&'static str>,
    /// A sentence for the help.
    pub help: &'static str,
}

/// The standard table. Its order is that of the footer and of the help.
pub(crate) fn standard() -> Vec<Binding> {
    use Action as A;
    use Context::{Columns, Command, Everywhere, Filter, Menu, Mute, Normal, Note, Pager, Search};
    use KeyCode::{BackTab, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right, Tab, Up};

    let key = |code| Key::new(code, KeyModifiers::NONE);
    let char = |c| Key::new(KeyCode::Char(c), KeyModifiers::NONE);
    let ctrl = |c| Key::new(KeyCode::Char(c), KeyModifiers::CONTROL);
    let bind = |context, action, keys: &[Key], hint, help| Binding { context, action, keys: keys.to_vec(), hint, help };

    vec![
        bind(Normal, A::Quit, &[char('q')], Some("quit"), "Quit; in the detail: back"),
        bind(
            Normal,
            A::EditFilter,
            &[char('/')],
            Some("filter"),
            "Show only rows with these words; !word hides rows; state:high group:north look in one field; aht>8:00 age>5m vs>20% compare",
        ),
        bind(Normal, A::SortMenu, &[char('o'), key(F(6))], Some("sort"), "Choose the sort column"),
        bind(Normal, A::Reverse, &[char('O')], Some("reverse"), "Reverse the order"),
        bind(Normal, A::NextView, &[key(Tab)], Some("view"), "Next view"),
        bind(Normal, A::PreviousView, &[key(BackTab)], None, "Previous view"),
        bind(Normal, A::Show(View::Overview), &[char('1')], None, "Campaigns and agents"),
        bind(Normal, A::Show(View::Agents), &[char('2')], None, "Agents"),
        bind(Normal, A::Show(View::Campaigns), &[char('3')], None, "Campaigns"),
        bind(Normal, A::Show(View::Alerts), &[char('4')], None, "Alerts"),
        bind(Normal, A::Show(View::Budget), &[char('5')], None, "Requests, token, ages, and who checks the service"),
        bind(Normal, A::Show(View::Log), &[char('6')], None, "What happened in the last day"),
        bind(Normal, A::Detail, &[key(Enter)], Some("detail"), "The selected row in detail, with its chart"),
        bind(
            Normal,
            A::Back,
            &[key(Esc)],
            None,
            "Back: close the detail, clear the filter, take the marks away, or clear the selection",
        ),
        bind(Normal, A::ZoomIn, &[char('+'), char('=')], None, "Chart: a shorter span (7 d, 24 h, 8 h, 2 h)"),
        bind(Normal, A::ZoomOut, &[char('-')], None, "Chart: a longer span, from the history"),
        bind(Normal, A::Earlier, &[key(Left)], None, "Chart: a quarter of its span earlier"),
        bind(Normal, A::Later, &[key(Right)], None, "Chart: a quarter of its span later"),
        bind(Normal, A::ZoomReset, &[char('0')], None, "Chart: the last two hours again"),
        bind(
            Normal,
            A::Slower,
            &[char('<')],
            None,
            "Replay: half as fast; Left and Right go a quarter of an hour back and on",
        ),
        bind(Normal, A::Faster, &[char('>')], None, "Replay: twice as fast"),
        bind(Normal, A::Wall, &[char('w')], None, "The wallboard; Esc, Ctrl-C or [wall] exit_key leaves it"),
        bind(Normal, A::Freeze, &[char('p'), char(' ')], Some("freeze"), "Freeze the screen, or continue"),
        bind(
            Normal,
            A::Refresh,
            &[char('r')],
            Some("refresh"),
            "Check the selected row next; this takes one request of the budget, never more",
        ),
        bind(
            Normal,
            A::NextLook,
            &[char('n')],
            None,
            "The next row that needs attention, then the first one again; with a filter: the next row found; in Alerts: the \
             next one that is not acknowledged",
        ),
        bind(
            Normal,
            A::Pin,
            &[char('P')],
            None,
            "Pin the selected row: it is checked more often for 30 minutes; press again to unpin",
        ),
        bind(
            Normal,
            A::Mark,
            &[char('v')],
            None,
            "Mark the selected row, or take its mark away: the chart compares two to four marked rows, over its spans; Esc takes all marks away",
        ),
        bind(Normal, A::CopyId, &[char('y')], None, "Copy the ID of the selected row, if the terminal allows it"),
        bind(Normal, A::ColumnsMenu, &[char('c')], Some("columns"), "Choose and order the columns"),
        bind(
            Normal,
            A::Sections,
            &[char('z')],
            Some("groups"),
            "Agents in sections by group, each with the median of its agents",
        ),
        bind(
            Normal,
            A::FoldLoggedOut,
            &[char('L')],
            None,
            "Fold away the agents who are logged out, or show them again; those outside their band stay",
        ),
        bind(Normal, A::CycleNames, &[char('N')], None, "Names of agents: full, initials, ID, hidden"),
        bind(
            Normal,
            A::AgeAsTime,
            &[char('u')],
            None,
            "Show the time of a reading instead of its age; press again for the age",
        ),
        bind(
            Normal,
            A::Acknowledge,
            &[char('a')],
            Some("ack"),
            "Acknowledge the alert of the row, with or without a note; press twice more to undo",
        ),
        bind(
            Normal,
            A::MuteMenu,
            &[char('m')],
            Some("mute"),
            "Mute the alert of the row until it is cleared, or for a time",
        ),
        bind(
            Normal,
            A::AcknowledgeAll,
            &[char('A')],
            Some("ack all"),
            "In Alerts: acknowledge all that are shown, after a question",
        ),
        bind(Normal, A::CycleTheme, &[char('t')], None, "Next theme"),
        bind(Normal, A::CycleSymbols, &[char('s')], None, "Next set of characters"),
        bind(
            Normal,
            A::EditCommand,
            &[char(':')],
            None,
            "Type a command: group, filter, sort, columns, names, theme, symbols, view, export, reload, help, quit; Tab completes it",
        ),
        bind(Normal, A::Banners, &[char('b')], Some("banners"), "Show all banners in full"),
        bind(Normal, A::Dismiss, &[char('x')], None, "Dismiss the first banner until its cause changes"),
        bind(Normal, A::Down, &[char('j'), key(Down)], None, "Next row"),
        bind(Normal, A::Up, &[char('k'), key(Up)], None, "Previous row"),
        bind(Normal, A::PageDown, &[key(PageDown), ctrl('f')], None, "A page down"),
        bind(Normal, A::PageUp, &[key(PageUp), ctrl('b')], None, "A page up"),
        bind(Normal, A::Top, &[char('g'), key(Home)], None, "First row; press again for the table above"),
        bind(Normal, A::Bottom, &[char('G'), key(End)], None, "Last row; press again for the table below"),
        bind(Normal, A::Help, &[char('?'), char('h'), key(F(1))], Some("help"), "Show all keys"),
        bind(Filter, A::ApplyFilter, &[key(Enter)], Some("keep"), "Keep the filter"),
        bind(Filter, A::CompleteFilter, &[key(Tab)], Some("complete"), "Complete the word: a field, a state, a group"),
        bind(Filter, A::ClearFilter, &[key(Esc)], Some("clear"), "Clear the filter"),
        bind(Filter, A::Down, &[key(Down)], None, "Next row"),
        bind(Filter, A::Up, &[key(Up)], None, "Previous row"),
        bind(Filter, A::PageDown, &[key(PageDown)], None, "A page down"),
        bind(Filter, A::PageUp, &[key(PageUp)], None, "A page up"),
        bind(Command, A::RunCommand, &[key(Enter)], Some("run"), "Run the command"),
        bind(Command, A::CompleteCommand, &[key(Tab)], Some("complete"), "Complete the word"),
        bind(Command, A::LeaveCommand, &[key(Esc)], Some("leave"), "Leave the command line"),
        bind(Menu, A::ChooseSort, &[key(Enter), char(' ')], Some("choose"), "Sort by this column"),
        bind(Menu, A::Reverse, &[char('O')], Some("reverse"), "Reverse the order"),
        bind(Menu, A::Close, &[key(Esc), char('q'), char('o'), key(F(6))], Some("close"), "Close the menu"),
        bind(Menu, A::Down, &[char('j'), key(Down)], None, "Next entry"),
        bind(Menu, A::Up, &[char('k'), key(Up)], None, "Previous entry"),
        bind(Menu, A::Top, &[char('g'), key(Home)], None, "First entry"),
        bind(Menu, A::Bottom, &[char('G'), key(End)], None, "Last entry"),
        bind(Note, A::KeepNote, &[key(Enter)], Some("acknowledge"), "Acknowledge with this note"),
        bind(Note, A::Close, &[key(Esc)], Some("cancel"), "Cancel"),
        bind(Mute, A::ChooseMute, &[key(Enter), char(' ')], Some("choose"), "Mute for this time"),
        bind(Mute, A::Close, &[key(Esc), char('q'), char('m')], Some("close"), "Close the menu"),
        bind(Mute, A::Down, &[char('j'), key(Down)], None, "Next entry"),
        bind(Mute, A::Up, &[char('k'), key(Up)], None, "Previous entry"),
        bind(Columns, A::ToggleColumn, &[char(' '), key(Enter)], Some("show or hide"), "Show or hide the column"),
        bind(Columns, A::ColumnLeft, &[char('K'), key(Left), char('<')], Some("left"), "One place to the left"),
        bind(Columns, A::ColumnRight, &[char('J'), key(Right), char('>')], Some("right"), "One place to the right"),
        bind(Columns, A::ResetColumns, &[char('0')], Some("reset"), "The default columns"),
        bind(Columns, A::Close, &[key(Esc), char('q'), char('c')], Some("close"), "Close the menu"),
        bind(Columns, A::Down, &[char('j'), key(Down)], None, "Next entry"),
        bind(Columns, A::Up, &[char('k'), key(Up)], None, "Previous entry"),
        bind(Columns, A::Top, &[char('g'), key(Home)], None, "First entry"),
        bind(Columns, A::Bottom, &[char('G'), key(End)], None, "Last entry"),
        bind(
            Pager,
            A::Close,
            &[key(Esc), char('q'), key(Enter), char('?'), char('h'), key(F(1)), char('b')],
            Some("close"),
            "Close",
        ),
        bind(Pager, A::EditFilter, &[char('/')], Some("search"), "In the help: show only what has this text"),
        bind(Pager, A::Down, &[char('j'), key(Down)], Some("down"), "A line down"),
        bind(Pager, A::Up, &[char('k'), key(Up)], Some("up"), "A line up"),
        bind(Pager, A::PageDown, &[key(PageDown), char(' '), ctrl('f')], None, "A page down"),
        bind(Pager, A::PageUp, &[key(PageUp), ctrl('b')], None, "A page up"),
        bind(Pager, A::Top, &[char('g'), key(Home)], None, "To the top"),
        bind(Pager, A::Bottom, &[char('G'), key(End)], None, "To the end"),
        bind(Pager, A::Dismiss, &[char('x')], None, "Dismiss the first banner until its cause changes"),
        bind(Search, A::ApplyFilter, &[key(Enter)], Some("keep"), "Keep what was found"),
        bind(Search, A::ClearFilter, &[key(Esc)], Some("clear"), "Show all of the help again"),
        bind(Search, A::Down, &[key(Down)], None, "A line down"),
        bind(Search, A::Up, &[key(Up)], None, "A line up"),
        bind(Search, A::PageDown, &[key(PageDown)], None, "A page down"),
        bind(Search, A::PageUp, &[key(PageUp)], None, "A page up"),
        bind(Everywhere, A::Quit, &[ctrl('c')], None, "Quit at once"),
        bind(Everywhere, A::Redraw, &[ctrl('l')], None, "Draw everything again"),
        bind(Everywhere, A::Suspend, &[ctrl('z')], None, "Back to the shell; `fg` returns"),
    ]
}
