//! The tests of the room, by subject.

mod banners;
mod past;
mod rows;
mod update;
mod wall;
