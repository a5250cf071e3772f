//! The state without a terminal: JSON, NDJSON, CSV and a plain table, all made from one [`Document`].
//!
//! Whatever a server, a store or a configuration holds, no output has a character that a terminal would act upon.

mod backtest;
mod csv;
mod document;
mod export;
mod exposition;
mod gathered;
mod json;
mod metrics;
mod naming;
mod sheet;
mod shift;
mod shift_chart;
mod shift_text;
mod svg;
mod table;

#[cfg(test)]
mod tests;

pub use backtest::{BacktestLook, backtest, backtest_json};
pub use csv::{csv, roster};
pub use document::{BudgetPart, Document, Element, Facts, SCHEMA, TokenPart, View, rfc3339};
pub use export::{Export, ExportFormat};
pub use exposition::Exposition;
pub use gathered::{ALERT_STATES, Gathered, link_states};
pub use json::{json, json_line, ndjson};
pub use metrics::{MetricsOptions, Process, metrics};
pub use naming::Naming;
pub use sheet::{Sheet, words};
pub use shift::{Shift, ShiftBuilder, ShiftRow, Stretch};
pub use shift_text::{ShiftFormat, shift};
pub use svg::{Paper, escape, svg};
pub use table::{TableLook, table};
