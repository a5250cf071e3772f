//! What the update asks of the loop.

use std::path::PathBuf;

use super::SavedPreferences;
use crate::domain::Target;

/// What the loop does for the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
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
    /// Write the rows of the view into a new file.
    Export(PathBuf),
    /// Move within the past that is replayed.
    Play(PlayStep),
    /// Read the configuration again.
    Reload,
    /// Remember these choices for the next start.
    Remember(Box<SavedPreferences>),
}

/// What can be done with a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayStep {
    /// A quarter of an hour back.
    Back,
    /// A quarter of an hour on.
    On,
    Slower,
    Faster,
}
