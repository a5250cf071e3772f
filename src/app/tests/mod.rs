//! The tests of the room, by subject.

mod alerts;
mod banners;
mod history;
mod reconfigure;
mod presence;
mod rows;
mod tables;
mod update;
mod wall;
