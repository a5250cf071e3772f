//! A plain table for people: aligned by the width that characters have on the screen, without colours.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::{Document, Element};
use crate::domain::{Aht, Condition, clean_line, fit};

/// A column: its title and its widest content in cells.
const COLUMNS: [(&str, usize); 7] =
    [("KIND", 8), ("NAME", 36), ("ID", 36), ("AHT", 9), ("AGE", 9), ("READ AT", 19), ("STATE", 8)];
/// Of these, numbers: aligned on the right.
const RIGHT: [bool; 7] = [false, false, false, true, true, false, false];

/// Writes `document` as a table with a line about the account above and one about the budget below. The last column
/// is not bounded: an error stands there in full. `ascii`: `...` marks what is cut instead of an ellipsis.
///
/// # Errors
/// Those of `out`.
pub fn table(document: &Document, ascii: bool, out: &mut dyn Write) -> io::Result<()> {
    let ellipsis = if ascii { "..." } else { "…" };
    let mut rows: Vec<[String; 7]> = vec![COLUMNS.map(|(title, _)| title.to_owned())];
    rows.extend(document.targets.iter().map(cells));
    let mut widths = [0; 7];
    for (i, width) in widths.iter_mut().enumerate() {
        let widest = rows.iter().map(|r| r[i].width()).max().unwrap_or(0);
        *width = widest.min(COLUMNS[i].1);
    }
    let mut text = format!("{}  {}\n", clean_line(&document.account, 64), document.taken_at);
    for row in &rows {
        let mut line = String::new();
        for (i, cell) in row.iter().enumerate() {
            if i + 1 == row.len() {
                line.push_str(cell);
            } else if RIGHT[i] {
                let fitted = fit(cell, widths[i].min(cell.width()), ellipsis);
                line.push_str(&" ".repeat(widths[i].saturating_sub(fitted.width())));
                line.push_str(&fitted);
                line.push_str("  ");
            } else {
                line.push_str(&fit(cell, widths[i], ellipsis));
                line.push_str("  ");
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str(&footer(document));
    out.write_all(text.as_bytes())
}

fn cells(e: &Element) -> [String; 7] {
    let dash = || "-".to_owned();
    let word = e.condition.word();
    let state = match (&e.error, e.condition) {
        (None, _) => word.to_owned(),
        (Some(error), Condition::Value | Condition::NoCalls) => {
            format!("{word} (last try: {})", clean_line(error, 500))
        }
        (Some(error), _) => format!("{word}: {}", clean_line(error, 500)),
    };
    let read_at = e.read_at.as_deref().map_or_else(dash, |at| at.get(..19).unwrap_or(at).replace('T', " "));
    [
        e.kind.word().to_owned(),
        e.shown_name(),
        clean_line(&e.id, 300),
        e.aht_s.map_or_else(dash, clock),
        e.age_s.map_or_else(dash, |s| clock(u32::try_from(s).unwrap_or(u32::MAX))),
        read_at,
        state,
    ]
}

/// Seconds in the form of an AHT, which ages share.
fn clock(secs: u32) -> String {
    Aht::from_secs(secs).to_string()
}

fn footer(document: &Document) -> String {
    let (budget, token) = (document.budget, document.token);
    let times = |n: u32| if n == 1 { "once".to_owned() } else { format!("{n} times") };
    let left = match token.expires_in_s {
        Some(left) => format!("token ends in {}", clock(u32::try_from(left).unwrap_or(u32::MAX))),
        None => "no token".into(),
    };
    format!(
        "{} of {} requests in the last minute, throttled {} in the last hour; {left}, {} minted in the last hour\n",
        budget.used_60s,
        budget.limit,
        times(budget.throttled_1h),
        token.minted_1h,
    )
}
