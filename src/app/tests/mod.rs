//! The tests of the room, by subject.

mod alerts;
mod banners;
mod claims;
mod filter;
mod history;
mod presence;
mod reconfigure;
mod rows;
mod tables;
mod update;
mod wall;
