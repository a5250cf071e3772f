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

/// Makes the bindings of each context, in this order: action, keys, the word for the footer where there is one, and the
/// sentence for the help.
macro_rules! bindings {
    ($($context:ident { $($action:expr, [$($key:expr),+] $(, $hint:literal)? => $help:literal;)+ })+) => {
        vec![$($(Binding {
            context: $context,
            action: $action,
            keys: vec![$($key),+],
            hint: [$($hint)?].first().copied(),
            help: $help,
        }),+),+]
    };
}

/// The standard table. Its order is that of the footer and of the help.
pub(crate) fn standard() -> Vec<Binding> {
    use Action as A;
    use Context::{Columns, Command, Everywhere, Filter, Menu, Mute, Normal, Note, Pager, Search};
    use KeyCode::{BackTab, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right, Tab, Up};

    let key = |code| Key::new(code, KeyModifiers::NONE);
    let char = |c| Key::new(KeyCode::Char(c), KeyModifiers::NONE);
    let ctrl = |c| Key::new(KeyCode::Char(c), KeyModifiers::CONTROL);

    bindings! {
        Normal {
            A::Quit, [char('q')], "quit" => "Quit; in the detail: back";
            A::EditFilter, [char('/')], "filter" =>
                "Show only rows with these words; !word hides rows; state:high group:north look in one field; aht>8:00 \
                 age>5m vs>20% compare";
            A::SortMenu, [char('o'), key(F(6))], "sort" => "Choose the sort column";
            A::Reverse, [char('O')], "reverse" => "Reverse the order";
            A::NextView, [key(Tab)], "view" => "Next view";
            A::PreviousView, [key(BackTab)] => "Previous view";
            A::Show(View::Overview), [char('1')] => "Campaigns and agents";
            A::Show(View::Agents), [char('2')] => "Agents";
            A::Show(View::Campaigns), [char('3')] => "Campaigns";
            A::Show(View::Alerts), [char('4')] => "Alerts";
            A::Show(View::Budget), [char('5')] => "Requests, token, ages, and who checks the service";
            A::Show(View::Log), [char('6')] => "What happened in the last day";
            A::Detail, [key(Enter)], "detail" => "The selected row in detail, with its chart";
            A::Back, [key(Esc)] =>
                "Back: close the detail, clear the filter, take the marks away, or clear the selection";
            A::ZoomIn, [char('+'), char('=')] => "Chart: a shorter span (7 d, 24 h, 8 h, 2 h)";
            A::ZoomOut, [char('-')] => "Chart: a longer span, from the history";
            A::Earlier, [key(Left)] => "Chart: a quarter of its span earlier";
            A::Later, [key(Right)] => "Chart: a quarter of its span later";
            A::ZoomReset, [char('0')] => "Chart: the last two hours again";
            A::Slower, [char('<')] => "Replay: half as fast; Left and Right go a quarter of an hour back and on";
            A::Faster, [char('>')] => "Replay: twice as fast";
            A::Wall, [char('w')] => "The wallboard; Esc, Ctrl-C or [wall] exit_key leaves it";
            A::Freeze, [char('p'), char(' ')], "freeze" => "Freeze the screen, or continue";
            A::Refresh, [char('r')], "refresh" =>
                "Check the selected row next; this takes one request of the budget, never more";
            A::NextLook, [char('n')] =>
                "The next row that needs attention, then the first one again; with a filter: the next row found; in \
                 Alerts: the next one that is not acknowledged";
            A::Pin, [char('P')] =>
                "Pin the selected row: it is checked more often for 30 minutes; press again to unpin";
            A::Mark, [char('v')] =>
                "Mark the selected row, or take its mark away: the chart compares two to four marked rows, over its \
                 spans; Esc takes all marks away";
            A::CopyId, [char('y')] => "Copy the ID of the selected row, if the terminal allows it";
            A::ColumnsMenu, [char('c')], "columns" => "Choose and order the columns";
            A::Sections, [char('z')], "groups" => "Agents in sections by group, each with the median of its agents";
            A::FoldLoggedOut, [char('L')] =>
                "Fold away the agents who are logged out, or show them again; those outside their band stay";
            A::CycleNames, [char('N')] => "Names of agents: full, initials, ID, hidden";
            A::AgeAsTime, [char('u')] => "Show the time of a reading instead of its age; press again for the age";
            A::Acknowledge, [char('a')], "ack" =>
                "Acknowledge the alert of the row, with or without a note; press twice more to undo";
            A::MuteMenu, [char('m')], "mute" => "Mute the alert of the row until it is cleared, or for a time";
            A::AcknowledgeAll, [char('A')], "ack all" => "In Alerts: acknowledge all that are shown, after a question";
            A::CycleTheme, [char('t')] => "Next theme";
            A::CycleSymbols, [char('s')] => "Next set of characters";
            A::EditCommand, [char(':')] =>
                "Type a command: group, filter, sort, columns, names, theme, symbols, view, export, reload, help, quit; \
                 Tab completes it";
            A::Banners, [char('b')], "banners" => "Show all banners in full";
            A::Dismiss, [char('x')] => "Dismiss the first banner until its cause changes";
            A::Down, [char('j'), key(Down)] => "Next row";
            A::Up, [char('k'), key(Up)] => "Previous row";
            A::PageDown, [key(PageDown), ctrl('f')] => "A page down";
            A::PageUp, [key(PageUp), ctrl('b')] => "A page up";
            A::Top, [char('g'), key(Home)] => "First row; press again for the table above";
            A::Bottom, [char('G'), key(End)] => "Last row; press again for the table below";
            A::Help, [char('?'), char('h'), key(F(1))], "help" => "Show all keys";
        }
        Filter {
            A::ApplyFilter, [key(Enter)], "keep" => "Keep the filter";
            A::CompleteFilter, [key(Tab)], "complete" => "Complete the word: a field, a state, a group";
            A::ClearFilter, [key(Esc)], "clear" => "Clear the filter";
            A::Down, [key(Down)] => "Next row";
            A::Up, [key(Up)] => "Previous row";
            A::PageDown, [key(PageDown)] => "A page down";
            A::PageUp, [key(PageUp)] => "A page up";
        }
        Command {
            A::RunCommand, [key(Enter)], "run" => "Run the command";
            A::CompleteCommand, [key(Tab)], "complete" => "Complete the word";
            A::LeaveCommand, [key(Esc)], "leave" => "Leave the command line";
        }
        Menu {
            A::ChooseSort, [key(Enter), char(' ')], "choose" => "Sort by this column";
            A::Reverse, [char('O')], "reverse" => "Reverse the order";
            A::Close, [key(Esc), char('q'), char('o'), key(F(6))], "close" => "Close the menu";
            A::Down, [char('j'), key(Down)] => "Next entry";
            A::Up, [char('k'), key(Up)] => "Previous entry";
            A::Top, [char('g'), key(Home)] => "First entry";
            A::Bottom, [char('G'), key(End)] => "Last entry";
        }
        Note {
            A::KeepNote, [key(Enter)], "acknowledge" => "Acknowledge with this note";
            A::Close, [key(Esc)], "cancel" => "Cancel";
        }
        Mute {
            A::ChooseMute, [key(Enter), char(' ')], "choose" => "Mute for this time";
            A::Close, [key(Esc), char('q'), char('m')], "close" => "Close the menu";
            A::Down, [char('j'), key(Down)] => "Next entry";
            A::Up, [char('k'), key(Up)] => "Previous entry";
        }
        Columns {
            A::ToggleColumn, [char(' '), key(Enter)], "show or hide" => "Show or hide the column";
            A::ColumnLeft, [char('K'), key(Left), char('<')], "left" => "One place to the left";
            A::ColumnRight, [char('J'), key(Right), char('>')], "right" => "One place to the right";
            A::ResetColumns, [char('0')], "reset" => "The default columns";
            A::Close, [key(Esc), char('q'), char('c')], "close" => "Close the menu";
            A::Down, [char('j'), key(Down)] => "Next entry";
            A::Up, [char('k'), key(Up)] => "Previous entry";
            A::Top, [char('g'), key(Home)] => "First entry";
            A::Bottom, [char('G'), key(End)] => "Last entry";
        }
        Pager {
            A::Close, [key(Esc), char('q'), key(Enter), char('?'), char('h'), key(F(1)), char('b')], "close" => "Close";
            A::EditFilter, [char('/')], "search" => "In the help: show only what has this text";
            A::Down, [char('j'), key(Down)], "down" => "A line down";
            A::Up, [char('k'), key(Up)], "up" => "A line up";
            A::PageDown, [key(PageDown), char(' '), ctrl('f')] => "A page down";
            A::PageUp, [key(PageUp), ctrl('b')] => "A page up";
            A::Top, [char('g'), key(Home)] => "To the top";
            A::Bottom, [char('G'), key(End)] => "To the end";
            A::Dismiss, [char('x')] => "Dismiss the first banner until its cause changes";
        }
        Search {
            A::ApplyFilter, [key(Enter)], "keep" => "Keep what was found";
            A::ClearFilter, [key(Esc)], "clear" => "Show all of the help again";
            A::Down, [key(Down)] => "A line down";
            A::Up, [key(Up)] => "A line up";
            A::PageDown, [key(PageDown)] => "A page down";
            A::PageUp, [key(PageUp)] => "A page up";
        }
        Everywhere {
            A::Quit, [ctrl('c')] => "Quit at once";
            A::Redraw, [ctrl('l')] => "Draw everything again";
            A::Suspend, [ctrl('z')] => "Back to the shell; `fg` returns";
        }
    }
}
