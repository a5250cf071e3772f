//! The tests of the room, by subject.

mod banners;
mod rows;
mod update;
mod past;
mod wall;
