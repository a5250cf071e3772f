//! The tests of the room, by subject.

mod banners;
mod history;
mod rows;
mod tables;
mod update;
mod wall;
