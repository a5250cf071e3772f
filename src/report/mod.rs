//! The same state without a terminal.

mod svg;

pub use svg::svg;
