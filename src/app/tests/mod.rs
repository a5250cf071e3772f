//! The tests of the room, by subject.

mod banners;
mod rows;
mod tables;
mod update;
