//! Plain types: the state that the screen is drawn from, what reaches the update, and what it asks for.

mod action;
mod alerts;
mod column;
mod config;
mod data;
mod effect;
mod event;
mod history;
mod keymap;
mod layout;
mod navigation;
mod notice;
mod preferences;
mod row_state;
mod state;
mod wall;

pub use crate::domain::Key;
pub(crate) use action::standard;
pub use action::{Action, Binding, Context};
pub use alerts::{Alerts, Mark};
pub use column::{Column, SORT_COLUMNS, Sort};
pub use config::{DashboardConfig, REPLAY};
pub use data::Data;
pub use effect::Effect;
pub use event::{Event, Pointer, Shared};
pub(crate) use history::MOST_BUCKETS;
pub use history::{Axis, Bucket, Past, Query, Span};
pub use keymap::Keymap;
pub use layout::{FrameLayout, TableArea};
pub use navigation::{Filter, Navigation, Overlay, View};
pub use notice::{Notice, Notices, Severity};
pub use preferences::{Instead, Preferences, SavedPreferences};
pub use row_state::RowState;
pub use state::{Frozen, Places, State};
pub(crate) use wall::Pager;
pub use wall::Wall;
