//! The shift report as one file: Markdown, HTML or SVG. No fonts, nothing from elsewhere; the script in the page sorts its
//! tables, and they can be read without it.
//!
//! HTML and SVG are written by templates that escape whatever is put into them (`page/shift.html`, `page/shift.svg`).

use std::{
    fmt::Write as _,
    io::{self, Write},
    time::Duration,
};

use askama::Template;
use clap::ValueEnum;
use jiff::{Timestamp, tz::TimeZone};

use super::{Shift, ShiftRow, shift_chart::Picture};
use crate::{
    app::RowState,
    domain::{Aht, Kind, Level, clean_line, plural},
};

/// How the report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShiftFormat {
    /// Markdown
    #[value(name = "md")]
    Markdown,
    /// A page with a chart for each agent and campaign
    Html,
    /// A picture with a chart for each agent and campaign
    Svg,
}

/// Writes the report on `account` with the times of `zone`.
pub fn shift(
    shift: &Shift,
    account: &str,
    zone: &TimeZone,
    format: ShiftFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    let page = Page { shift, account: harmless(account, 64), zone };
    let text = match format {
        ShiftFormat::Markdown => Ok(page.markdown()),
        ShiftFormat::Html => page.html().render(),
        ShiftFormat::Svg => page.svg().render(),
    };
    writeln!(out, "{}", text.map_err(io::Error::other)?.trim_end_matches('\n'))
}

struct Page<'a> {
    shift: &'a Shift,
    account: String,
    zone: &'a TimeZone,
}

/// What the columns mean, below the tables.
const LEGEND: &str = "Average handling time of outbound calls over the two hours before each moment. Coverage: how \
 much of the time had a fresh answer. A long or a short average can have many reasons.";

/// A cell of a table, with what it is sorted by.
struct Cell {
    text: String,
    value: i64,
    /// `high` or `low`, where it lies outside of its band.
    class: &'static str,
}

/// A row of a table.
struct RowView {
    name: String,
    group: String,
    cells: Vec<Cell>,
    picture: Picture,
}

struct TableView {
    kind: &'static str,
    /// True for agents, where any has a group: campaigns have none.
    groups: bool,
    rows: Vec<RowView>,
}

struct AlertView {
    from: String,
    to: String,
    who: String,
    worst: &'static str,
    end: &'static str,
}

#[derive(Template)]
#[template(path = "report/page/shift.html", config = "src/report/askama.toml")]
struct HtmlPage {
    title: String,
    /// The three lines that are read first.
    summary: [String; 3],
    heads: [&'static str; 9],
    charted: String,
    tables: Vec<TableView>,
    alerts: Vec<AlertView>,
    legend: &'static str,
}

/// A row of the picture, with its place.
struct SvgRow {
    y: usize,
    name: String,
    lines: [String; 2],
    picture: Picture,
}

#[derive(Template)]
#[template(path = "report/page/shift.svg", config = "src/report/askama.toml", escape = "html")]
struct SvgPage {
    title: String,
    /// Where the charts begin.
    left: u32,
    width: u32,
    height: usize,
    summary: [String; 3],
    rows: Vec<SvgRow>,
    legend: &'static str,
}

/// The columns between group and chart.
const HEAD: [&str; 9] =
    ["target", "start", "end", "median", "change", "outside the band", "alerts", "longest alert", "coverage"];

impl Page<'_> {
    fn span(&self) -> String {
        let at = |at: Timestamp, form: &str| at.to_zoned(self.zone.clone()).strftime(form).to_string();
        let end = if at(self.shift.from, "%F") == at(self.shift.to, "%F") { "%H:%M %Z" } else { "%a %-d %b %H:%M %Z" };
        format!("{} to {}", at(self.shift.from, "%a %-d %b %Y %H:%M"), at(self.shift.to, end))
    }

    fn title(&self) -> String {
        format!("Shift report {}: {}", self.account, self.span())
    }

    /// A moment within the span: with its day where the span has several.
    fn clock(&self, at: Timestamp) -> String {
        let long = self.shift.to.as_second().saturating_sub(self.shift.from.as_second()) >= 20 * 3600;
        at.to_zoned(self.zone.clone()).strftime(if long { "%a %H:%M" } else { "%H:%M" }).to_string()
    }

    /// What the charts cover.
    fn charted(&self) -> String {
        format!("{} to {}", self.clock(self.shift.known.0), self.clock(self.shift.known.1))
    }

    fn summary(&self) -> [String; 3] {
        let alerts = self.shift.alerts();
        let open = alerts.iter().filter(|(_, a)| a.to.is_none_or(|(at, _)| at >= self.shift.to)).count();
        let outside: Vec<String> = Kind::ALL
            .into_iter()
            .filter_map(|kind| {
                let rows = self.shift.worst_first(kind);
                let beside = rows.iter().filter(|r| r.level().is_some_and(|level| level != Level::Inside)).count();
                (!rows.is_empty()).then(|| format!("{beside} of {}", plural(rows.len(), kind)))
            })
            .collect();
        let first = match alerts.len() {
            0 => "No alert.".to_owned(),
            1 => format!("1 alert{}.", if open == 1 { ", which goes on" } else { "" }),
            n => format!("{n} alerts, of which {open} go on."),
        };
        let mut longest: Vec<&ShiftRow> = Kind::ALL.into_iter().flat_map(|kind| self.shift.worst_first(kind)).collect();
        longest.retain(|row| !row.outside.is_zero() && !row.watched.band.is_empty());
        longest.sort_by_key(|row| std::cmp::Reverse(row.outside));
        let longest: Vec<String> = longest
            .into_iter()
            .take(3)
            .map(|row| format!("{} {}", harmless(&row.name, 40), minutes(row.outside)))
            .collect();
        let n = self.shift.rows.len().max(1);
        let coverage = self.shift.rows.iter().map(|row| row.coverage).sum::<f64>() / n as f64;
        [
            format!("{first} Outside the band at the end: {}.", outside.join(", ")),
            match longest.is_empty() {
                true => "Nothing was outside its band.".to_owned(),
                false => format!("Longest outside the band: {}.", longest.join(", ")),
            },
            match coverage > 0.0 {
                true => format!(
                    "Data from {}; {:.0} % of the whole time has a fresh answer.",
                    self.charted(),
                    coverage * 100.0
                ),
                false => "There are no data of this time.".to_owned(),
            },
        ]
    }

    fn cells(&self, row: &ShiftRow) -> Vec<Cell> {
        let cell = |text: String, value: i64| Cell { text, value, class: "" };
        let none = || cell("-".into(), i64::MIN);
        let aht = |aht: Option<Aht>| aht.map_or_else(none, |a| cell(a.to_string(), i64::from(a.secs())));
        let span = |d: Duration| cell(minutes(d), i64::try_from(d.as_secs()).unwrap_or(i64::MAX));
        let lengths = row.alerts.iter().map(|a| a.within(self.shift.from, self.shift.to));
        let change = row.start.zip(row.end).map(|(start, end)| end.minus(start));
        let (mark, class) = match row.level() {
            Some(Level::HighCrit | Level::HighWarn) => ("\u{25b2} ", "high"),
            Some(Level::LowCrit | Level::LowWarn) => ("\u{25bc} ", "low"),
            _ => ("", ""),
        };
        let end = aht(row.end);
        vec![
            aht(row.watched.band.target),
            aht(row.start),
            Cell { text: format!("{mark}{}", end.text), class, ..end },
            aht(row.median),
            change.map_or_else(none, |secs| cell(signed(secs), secs)),
            if row.watched.band.is_empty() { none() } else { span(row.outside) },
            cell(row.alerts.len().to_string(), i64::try_from(row.alerts.len()).unwrap_or(i64::MAX)),
            lengths.max().map_or_else(none, span),
            cell(format!("{:.0} %", row.coverage * 100.0), (row.coverage * 1000.0) as i64),
        ]
    }

    fn tables(&self) -> Vec<TableView> {
        let table = |kind: Kind| {
            let rows = self.shift.worst_first(kind);
            let groups = kind == Kind::Agent && rows.iter().any(|row| !row.watched.groups.is_empty());
            let rows = rows.into_iter().map(|row| RowView {
                name: harmless(&row.name, 100),
                group: row.watched.groups.first().map_or("-".into(), |group| harmless(group, 40)),
                cells: self.cells(row),
                picture: Picture::new(self.shift, row),
            });
            TableView { kind: kind.word(), groups, rows: rows.collect() }
        };
        Kind::ALL.into_iter().map(table).filter(|table| !table.rows.is_empty()).collect()
    }

    /// One line for each alert, oldest first.
    fn alerts(&self) -> Vec<AlertView> {
        let view = |(row, alert): (&ShiftRow, &super::Stretch)| {
            let (to, end) = match alert.to {
                Some((at, why)) if at < self.shift.to => (self.clock(at), why.words()),
                _ => ("-".into(), "goes on"),
            };
            AlertView {
                from: self.clock(alert.from),
                to,
                who: harmless(&row.name, 100),
                worst: RowState::Fresh(alert.worst).long_word(),
                end,
            }
        };
        self.shift.alerts().into_iter().map(view).collect()
    }

    fn html(&self) -> HtmlPage {
        HtmlPage {
            title: self.title(),
            summary: self.summary(),
            heads: HEAD,
            charted: self.charted(),
            tables: self.tables(),
            alerts: self.alerts(),
            legend: LEGEND,
        }
    }

    fn svg(&self) -> SvgPage {
        let line = Picture::SIZE.1 as usize + 16;
        let top = 104;
        let tables = self.tables();
        let rows: Vec<SvgRow> = tables
            .into_iter()
            .flat_map(|table| table.rows)
            .enumerate()
            .map(|(i, row)| {
                let text = |at: usize| row.cells.get(at).map_or("-", |cell| &*cell.text);
                let lines = [
                    format!("target {}, {} to {}, median {}", text(0), text(1), text(2), text(3)),
                    format!("outside {}, alerts {}, longest {}, coverage {}", text(5), text(6), text(7), text(8)),
                ];
                SvgRow { y: top + i * line, name: harmless(&row.name, 40), lines, picture: row.picture }
            })
            .collect();
        SvgPage {
            title: self.title(),
            left: SVG_LEFT,
            width: SVG_LEFT + Picture::SIZE.0 + 20,
            height: top + rows.len() * line + 26,
            summary: self.summary(),
            rows,
            legend: LEGEND,
        }
    }

    fn markdown(&self) -> String {
        let mut out = format!("# {}\n\n", plain(&self.title()));
        for line in self.summary() {
            let _ = writeln!(out, "- {}", plain(&line));
        }
        for table in self.tables() {
            let (group, rule) = if table.groups { (" group |", "---|") } else { ("", "") };
            let heads = HEAD.join(" | ");
            let _ = write!(out, "\n| {} |{group} {heads} |\n|---|{rule}{}\n", table.kind, "---:|".repeat(HEAD.len()));
            for row in &table.rows {
                let group = if table.groups { format!(" {} |", plain(&row.group)) } else { String::new() };
                let cells: Vec<&str> = row.cells.iter().map(|cell| &*cell.text).collect();
                let _ = writeln!(out, "| {} |{group} {} |", plain(&row.name), cells.join(" | "));
            }
        }
        let alerts = self.alerts();
        if alerts.is_empty() {
            out.push_str("\nNo alert.\n");
        } else {
            out.push_str("\n| from | to | who | worst | end |\n|---|---|---|---|---|\n");
            for AlertView { from, to, who, worst, end } in alerts {
                let _ = writeln!(out, "| {from} | {to} | {} | {worst} | {end} |", plain(&who));
            }
        }
        let _ = write!(out, "\n{LEGEND}\n");
        out
    }
}

/// Where charts begin in the picture.
const SVG_LEFT: u32 = 360;

/// One line of somebody else's text, without what XML 1.0 does not allow. The templates escape the rest.
fn harmless(text: &str, max: usize) -> String {
    clean_line(text, max).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// `0 min`, `42 min`, `3 h 05 min`.
fn minutes(d: Duration) -> String {
    match d.as_secs() / 60 {
        m @ 0..60 => format!("{m} min"),
        m => format!("{} h {:02} min", m / 60, m % 60),
    }
}

/// `+1:10`, `-0:31`, `0:00`.
fn signed(secs: i64) -> String {
    let sign = match secs.signum() {
        1 => "+",
        -1 => "-",
        _ => "",
    };
    format!("{sign}{}", Aht::from_secs(u32::try_from(secs.unsigned_abs()).unwrap_or(u32::MAX)))
}

/// A text of somebody else within Markdown: nothing in it is markup.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '#' | '!' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "shift_tests.rs"]
mod tests;
