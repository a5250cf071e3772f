<<<<<<< HEAD
//! The state without a terminal: JSON, NDJSON, CSV and a plain table, all made from one [`Document`].
//!
//! Whatever a server, a store or a configuration holds, no output has a character that a terminal would act upon.

mod csv;
mod document;
mod json;
mod table;

#[cfg(test)]
mod tests;

pub use csv::csv;
pub use document::{BudgetPart, Document, Element, Facts, SCHEMA, TokenPart, View};
pub use json::{json, ndjson};
pub use table::table;
=======
//! The same state without a terminal.

mod svg;

pub use svg::svg;
>>>>>>> tui
