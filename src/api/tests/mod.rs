//! Tests of the room that need more than one of its files.

mod client;
mod fuzz;
mod http;
mod listings;
mod shapes;
mod wordings;
