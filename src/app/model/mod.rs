//! Plain types: the state that the screen is drawn from, what reaches the update, and what it asks for.

mod action;
mod alerts;
mod column;
mod effect;
mod event;
mod history;
mod key;
mod keymap;
mod layout;
mod navigation;
mod notice;
mod preferences;
mod row_state;
mod state;
mod wall;

pub(crate) use action::standard;
pub use action::{Action, Binding, Context};
pub use alerts::{Alerts, Mark};
pub use column::{Column, SORT_COLUMNS, Sort};
pub use effect::Effect;
pub use event::{Event, Pointer, Shared};
pub(crate) use history::MOST_BUCKETS;
pub use history::{Axis, Bucket, Past, Query, Span};
pub use key::Key;
pub use keymap::Keymap;
pub use layout::{Room, Spot};
pub use navigation::{Filter, Overlay, View};
pub use notice::{Notice, Severity};
pub use preferences::{Instead, SavedPreferences};
pub use row_state::RowState;
pub use state::{Facts, Places, REPLAY, State};
pub(crate) use wall::Pager;
pub use wall::Wall;
