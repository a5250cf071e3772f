//! The state without a terminal: JSON, NDJSON, CSV and a plain table, all made from one [`Document`].
//!
//! Whatever a server, a store or a configuration holds, no output has a character that a terminal would act upon.

mod csv;
mod document;
mod export;
mod gathered;
mod json;
mod noise;
mod shift;
mod shift_text;
mod svg;
mod table;

#[cfg(test)]
mod tests;

pub use csv::csv;
pub use document::{BudgetPart, Document, Element, Facts, SCHEMA, TokenPart, View};
pub use export::{Export, ExportFormat};
pub use gathered::{Gathered, LINK_STATES};
pub use json::{json, ndjson};
pub use noise::noise;
pub use shift::{Shift, ShiftBuilder, ShiftRow, Stretch};
pub use shift_text::{ShiftFormat, shift};
pub use svg::{Paper, svg, svg_on};
pub use table::{TableLook, table};
