//! The tests of the room, by subject.

mod banners;
mod past;
mod rows;
mod tables;
mod update;
mod wall;
