//! A plain table for people: aligned by the width that characters have on the screen.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::{Document, Element};
use crate::{
    app::RowState,
    domain::{Aht, Condition, clean_line, fit, plural, times},
};

/// A column: its title and its widest content in cells.
const COLUMNS: [(&str, usize); 7] =
    [("KIND", 8), ("NAME", 36), ("ID", 36), ("AHT", 9), ("VS TGT", 6), ("AGE", 9), ("STATE", 8)];
/// Of these, numbers: aligned on the right.
const RIGHT: [bool; 7] = [false, false, false, true, true, true, false];
/// Of these, what a colour says something about.
const PAINTED: [bool; 7] = [false, false, false, true, true, false, true];

/// How a table looks.
pub struct TableLook<'a> {
    /// `...` marks what is cut instead of an ellipsis.
    pub ascii: bool,
    /// Puts the colours of a state around a text.
    pub paint: &'a dyn Fn(RowState, &str) -> String,
}

/// Writes `document` as a table with a line about the account above and one about the limit below. The last column
/// is not bounded: an error stands there in full.
pub fn table(document: &Document, look: &TableLook<'_>, out: &mut dyn Write) -> io::Result<()> {
    let ellipsis = if look.ascii { "..." } else { "…" };
    let titles = (None, COLUMNS.map(|(title, _)| title.to_owned()));
    let elements = document.targets.iter().map(|e| (Some(e.state), cells(e)));
    let rows: Vec<(Option<RowState>, [String; 7])> = std::iter::once(titles).chain(elements).collect();
    let mut widths = [0; 7];
    for (i, width) in widths.iter_mut().enumerate() {
        let widest = rows.iter().map(|(_, cells)| cells[i].width()).max().unwrap_or(0);
        *width = widest.min(COLUMNS[i].1);
    }
    let mut text = format!("{}  {}\n", clean_line(&document.account, 64), document.taken_at);
    for (state, cells) in &rows {
        let mut line = String::new();
        for (i, cell) in cells.iter().enumerate() {
            let last = i + 1 == cells.len();
            let fitted = match (last, RIGHT[i]) {
                (true, _) => cell.clone(),
                (_, true) => fit(cell, widths[i].min(cell.width()), ellipsis),
                _ => fit(cell, widths[i], ellipsis),
            };
            if RIGHT[i] {
                line.push_str(&" ".repeat(widths[i].saturating_sub(fitted.width())));
            }
            match state {
                Some(state) if PAINTED[i] => line.push_str(&(look.paint)(*state, &fitted)),
                _ => line.push_str(&fitted),
            }
            line.push_str(if last { "" } else { "  " });
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str(&footer(document));
    out.write_all(text.as_bytes())
}

fn cells(e: &Element) -> [String; 7] {
    let dash = || "-".to_owned();
    let word = e.state.word();
    let state = match (&e.error, e.state) {
        (None, _) => word.to_owned(),
        // The word says it all.
        (Some(_), RowState::Other(Condition::Invalid)) => word.to_owned(),
        // What is shown is fresh all the same.
        (Some(error), RowState::Fresh(_)) => format!("{word} (last try: {})", clean_line(error, 500)),
        (Some(error), _) => format!("{word}: {}", clean_line(error, 500)),
    };
    [
        e.kind.word().to_owned(),
        e.shown_name(),
        clean_line(&e.id, 300),
        e.aht_s.map_or_else(dash, clock),
        e.vs_target_pct.map_or_else(dash, percent),
        e.age_s.map_or_else(dash, |s| clock(u32::try_from(s).unwrap_or(u32::MAX))),
        state,
    ]
}

/// `+63%`, `-7%`, `0%`
fn percent(pct: f64) -> String {
    let rounded = pct.round();
    match rounded {
        _ if rounded > 999.0 => ">999%".into(),
        _ if rounded == 0.0 => "0%".into(),
        _ => format!("{rounded:+}%"),
    }
}

/// Seconds in the form of an AHT, which ages share.
fn clock(secs: u32) -> String {
    Aht::from_secs(secs).to_string()
}

fn footer(document: &Document) -> String {
    let (budget, token) = (document.budget, document.token);
    let left = match token.expires_in_s {
        Some(left) => format!("token expires in {}", clock(u32::try_from(left).unwrap_or(u32::MAX))),
        None => "no token".into(),
    };
    format!(
        "{} of {} requests in the last minute; in the last hour throttled {} and generated {}; {left}\n",
        budget.used_60s,
        budget.limit,
        times(budget.throttled_1h),
        plural(token.generated_1h, "token"),
    )
}
