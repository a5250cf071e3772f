//! CSV with a header, for spreadsheets.
//!
//! A text cell that a spreadsheet would take for a formula (it starts with `=`, `+`, `-`, `@`, a tab or a carriage
//! return) gets an apostrophe in front, ids included. Who needs ids to the letter reads the JSON.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use super::Document;
use crate::domain::clean_line;

/// The columns, in this order for ever; new ones come behind.
const COLUMNS: [&str; 11] =
    ["kind", "id", "name", "condition", "aht_s", "read_at", "age_s", "error", "label", "level", "vs_target_pct"];

/// Writes what `document` lists with a header line. Absent values are empty cells. RFC 4180 quoting, lines end
/// with a line feed.
pub fn csv(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for e in &document.targets {
        let number = |n: Option<u64>| n.map_or(String::new(), |n| n.to_string());
        writer.write_record([
            e.kind.word(),
            &cell(&e.id),
            &cell(e.name.as_deref().unwrap_or_default()),
            e.condition.word(),
            &number(e.aht_s.map(u64::from)),
            e.read_at.as_deref().unwrap_or_default(),
            &number(e.age_s),
            &cell(e.error.as_deref().unwrap_or_default()),
            &cell(e.label.as_deref().unwrap_or_default()),
            e.level.unwrap_or_default(),
            &e.vs_target_pct.map_or(String::new(), |pct| pct.to_string()),
        ])?;
    }
    writer.flush()
}

/// Writes a roster as `[watch] agents_csv` reads it: id, label and group. IDs are exact; a label that a spreadsheet
/// would take for a formula gets an apostrophe in front.
pub fn roster<'a>(rows: impl IntoIterator<Item = [&'a str; 3]>, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    writer.write_record(["id", "label", "group"])?;
    for [id, label, group] in rows {
        writer.write_record([id, &cell(label), group])?;
    }
    writer.flush()
}

/// A text in one line that no spreadsheet runs.
pub(super) fn cell(text: &str) -> Cow<'static, str> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = clean_line(text, usize::MAX);
    // Also where white space in front hid it.
    if formula || text.starts_with(['=', '+', '-', '@']) { format!("'{text}").into() } else { text.into() }
}
