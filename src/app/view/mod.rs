//! What a frame shows: pure functions of the state, from rows up to tables, banners and the wallboard.

pub mod alerts;
pub mod banners;
pub mod claims;
pub mod columns;
pub mod command;
pub mod filter;
pub mod filter_hints;
pub mod follow;
pub mod groups;
pub mod history;
pub mod keys;
pub mod log;
pub mod names;
pub mod needs;
pub mod presence;
pub mod rows;
pub mod tables;
pub mod text;
pub mod wall;
pub(super) mod words;
