//! The shift report as one file: Markdown, HTML or SVG. No scripts, no fonts, nothing from elsewhere.

use std::{
    fmt::Write as _,
    io::{self, Write},
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};

use super::{Shift, ShiftRow, svg::escape};
use crate::domain::{Aht, Kind, clean_line};

/// How the report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShiftFormat {
    Markdown,
    /// A page with a chart for each target.
    Html,
    /// A picture with a chart for each target.
    Svg,
}

/// Size of a chart in user units.
const CHART: (u32, u32) = (480, 72);

/// Writes the report on `account` with the times of `zone`.
///
/// # Errors
/// Those of `out`.
pub fn shift(
    shift: &Shift,
    account: &str,
    zone: &TimeZone,
    format: ShiftFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    let page = Page { shift, account: clean_line(account, 64), zone };
    let text = match format {
        ShiftFormat::Markdown => page.markdown(),
        ShiftFormat::Html => page.html(),
        ShiftFormat::Svg => page.svg(),
    };
    out.write_all(text.as_bytes())
}

struct Page<'a> {
    shift: &'a Shift,
    account: String,
    zone: &'a TimeZone,
}

const HEAD: [&str; 8] = ["start", "end", "median", "change", "outside the band", "alerts", "longest alert", "coverage"];

/// What the columns mean, below the tables.
const LEGEND: &str = "Average handling time of outbound calls over the two hours before each moment. Coverage: how \
 much of the time had a fresh answer. A long or a short average can have many reasons.";

impl Page<'_> {
    fn title(&self) -> String {
        let at = |at: Timestamp, form: &str| at.to_zoned(self.zone.clone()).strftime(form).to_string();
        format!(
            "Shift report {}: {} to {}",
            self.account,
            at(self.shift.from, "%a %-d %b %Y %H:%M"),
            at(self.shift.to, "%a %-d %b %H:%M %Z")
        )
    }

    fn clock(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%a %H:%M").to_string()
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &ShiftRow> {
        self.shift.rows.iter().filter(move |r| r.watched.target.kind == kind)
    }

    fn cells(&self, row: &ShiftRow) -> [String; 8] {
        let aht = |aht: Option<Aht>| aht.map_or("-".to_owned(), |a| a.to_string());
        let lengths = row.alerts.iter().map(|a| a.within(self.shift.from, self.shift.to));
        let change = match (row.start, row.end) {
            (Some(start), Some(end)) => signed(end.minus(start)),
            _ => "-".into(),
        };
        [
            aht(row.start),
            aht(row.end),
            aht(row.median),
            change,
            if row.watched.band.is_empty() { "-".into() } else { minutes(row.outside) },
            row.alerts.len().to_string(),
            lengths.max().map_or("-".into(), minutes),
            format!("{:.0} %", row.coverage * 100.0),
        ]
    }

    /// One line for each alert, oldest first.
    fn alerts(&self) -> Vec<[String; 5]> {
        let mut all: Vec<_> =
            self.shift.rows.iter().flat_map(|r| r.alerts.iter().map(move |a| (a.from, r, a))).collect();
        all.sort_by_key(|(from, ..)| *from);
        all.into_iter()
            .map(|(from, row, alert)| {
                let (end, why) = match alert.to {
                    Some((at, why)) if at < self.shift.to => (self.clock(at), why.words()),
                    _ => ("-".into(), "goes on"),
                };
                let level = alert.worst.word();
                [self.clock(from), end, clean_line(&row.name, 100), level.into(), why.into()]
            })
            .collect()
    }

    fn markdown(&self) -> String {
        let mut out = format!("# {}\n", plain(&self.title()));
        for kind in Kind::ALL {
            if self.of(kind).next().is_none() {
                continue;
            }
            let _ = write!(out, "\n| {} | {} |\n|---|{}\n", kind.word(), HEAD.join(" | "), "---:|".repeat(HEAD.len()));
            for row in self.of(kind) {
                let name = plain(&clean_line(&row.name, 100));
                let _ = writeln!(out, "| {name} | {} |", self.cells(row).join(" | "));
            }
        }
        let alerts = self.alerts();
        if alerts.is_empty() {
            out.push_str("\nNo alert.\n");
        } else {
            out.push_str("\n| from | to | who | worst | end |\n|---|---|---|---|---|\n");
            for [from, to, who, worst, why] in alerts {
                let _ = writeln!(out, "| {from} | {to} | {} | {worst} | {why} |", plain(&who));
            }
        }
        let _ = write!(out, "\n{LEGEND}\n");
        out
    }

    fn html(&self) -> String {
        let title = escape(&self.title());
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>{STYLE}\
             </style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        );
        for kind in Kind::ALL {
            if self.of(kind).next().is_none() {
                continue;
            }
            let heads: String = HEAD.iter().map(|h| format!("<th>{h}</th>")).collect();
            let _ = write!(out, "<table>\n<tr><th>{}</th>{heads}<th></th></tr>\n", kind.word());
            for row in self.of(kind) {
                let cells: String = self.cells(row).iter().map(|c| format!("<td>{}</td>", escape(c))).collect();
                let name = escape(&clean_line(&row.name, 100));
                let chart = self.chart(row);
                let _ = writeln!(
                    out,
                    "<tr><th scope=\"row\">{name}</th>{cells}<td><svg viewBox=\"0 0 {} {}\" role=\"img\" \
                     aria-label=\"{name}\">{chart}</svg></td></tr>",
                    CHART.0, CHART.1
                );
            }
            out.push_str("</table>\n");
        }
        let alerts = self.alerts();
        if alerts.is_empty() {
            out.push_str("<p>No alert.</p>\n");
        } else {
            out.push_str("<table>\n<tr><th>from</th><th>to</th><th>who</th><th>worst</th><th>end</th></tr>\n");
            for alert in alerts {
                let cells: String = alert.iter().map(|c| format!("<td>{}</td>", escape(c))).collect();
                let _ = writeln!(out, "<tr>{cells}</tr>");
            }
            out.push_str("</table>\n");
        }
        let _ = write!(out, "<p>{LEGEND}</p>\n</body>\n</html>\n");
        out
    }

    fn svg(&self) -> String {
        let (left, line) = (330, CHART.1 + 16);
        let rows: Vec<&ShiftRow> = Kind::ALL.into_iter().flat_map(|kind| self.of(kind)).collect();
        let width = left + CHART.0 + 20;
        let height = u32::try_from(rows.len()).unwrap_or(u32::MAX).saturating_mul(line).saturating_add(70);
        let title = escape(&self.title());
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" aria-label=\"{title}\" font-family=\"sans-serif\" font-size=\"13\">\n\
             <title>{title}</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
             <text x=\"12\" y=\"26\" font-size=\"16\" fill=\"#1b2430\">{title}</text>\n"
        );
        let mut y: u32 = 44;
        for row in rows {
            let name = escape(&clean_line(&row.name, 40));
            let [start, end, median, _, outside, alerts, longest, coverage] = self.cells(row);
            let _ = write!(
                out,
                "<text x=\"12\" y=\"{}\" font-weight=\"bold\" fill=\"#1b2430\">{name}</text>\n\
                 <text x=\"12\" y=\"{}\" fill=\"#4a5563\">{start} to {end}, median {median}, coverage {coverage}</text>\n\
                 <text x=\"12\" y=\"{}\" fill=\"#4a5563\">outside {outside}, alerts {alerts}, longest {longest}</text>\n\
                 <g transform=\"translate({left} {y})\">{}</g>\n",
                y + 18,
                y + 38,
                y + 56,
                self.chart(row)
            );
            y = y.saturating_add(line);
        }
        let _ = write!(
            out,
            "<text x=\"12\" y=\"{}\" font-size=\"11\" fill=\"#4a5563\">{}</text>\n</svg>\n",
            height - 10,
            escape(LEGEND)
        );
        out
    }

    /// The line over the span with its gaps, the limits, and the alerts as a bar below.
    fn chart(&self, row: &ShiftRow) -> String {
        let (w, h) = (f64::from(CHART.0), f64::from(CHART.1));
        let band = &row.watched.band;
        let limits = || band.limits().into_iter().filter_map(|(name, aht)| Some((name, f64::from(aht?.secs()))));
        let values = || row.chart.iter().flatten().map(|a| f64::from(a.secs()));
        let usual = limits().filter(|(name, _)| !name.ends_with("crit")).map(|(_, v)| v);
        let (low, high) = values().chain(usual).fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        let mut out = format!("<rect width=\"{}\" height=\"{}\" fill=\"#f4f6f8\"/>", CHART.0, CHART.1);
        if values().next().is_none() {
            let _ = write!(out, "<text x=\"8\" y=\"40\" font-size=\"12\" fill=\"#4a5563\">no values</text>");
            return out;
        }
        let pad = ((high - low) * 0.1).max(5.0);
        let (low, high) = (low - pad, high + pad);
        let y = |v: f64| (h - 6.0) * (1.0 - (v - low) / (high - low));
        for (name, v) in limits().filter(|(_, v)| (low..=high).contains(v)) {
            let (ink, dash) = match name {
                "target" => ("#7b8794", "1 3"),
                "low_crit" | "high_crit" => ("#b3261e", "5 3"),
                _ => ("#9a6700", "5 3"),
            };
            let _ = write!(
                out,
                "<line x1=\"0\" x2=\"{}\" y1=\"{:.1}\" y2=\"{:.1}\" stroke=\"{ink}\" stroke-dasharray=\"{dash}\"/>",
                CHART.0,
                y(v),
                y(v)
            );
        }
        let step = w / row.chart.len().max(1) as f64;
        let (mut path, mut pen) = (String::new(), false);
        for (i, aht) in row.chart.iter().enumerate() {
            let Some(aht) = aht else {
                pen = false;
                continue;
            };
            let (x, v) = (i as f64 * step, y(f64::from(aht.secs())));
            let _ = write!(path, "{}{x:.1} {v:.1}H{:.1}", if pen { 'L' } else { 'M' }, x + step);
            pen = true;
        }
        let _ = write!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"#1f6feb\" stroke-width=\"1.6\"/>");
        let (from, to) = (self.shift.from.as_millisecond(), self.shift.to.as_millisecond());
        let part =
            |at: Timestamp| ((at.as_millisecond() - from) as f64 / (to - from).max(1) as f64).clamp(0.0, 1.0) * w;
        for alert in &row.alerts {
            let (a, b) = (part(alert.from), part(alert.to.map_or(self.shift.to, |(at, _)| at)));
            let _ = write!(
                out,
                "<rect x=\"{a:.1}\" y=\"{}\" width=\"{:.1}\" height=\"4\" fill=\"#b3261e\"/>",
                CHART.1 - 4,
                (b - a).max(1.0)
            );
        }
        out
    }
}

const STYLE: &str = "body{font:14px/1.5 sans-serif;color:#1b2430;margin:2em;max-width:90em}table{border-collapse:\
                     collapse;margin:1.5em 0}th,td{padding:.3em .8em;border-bottom:1px solid #d0d7de;text-align:right;\
                     white-space:nowrap}th:first-child{text-align:left}td svg{width:20em;height:3em;display:block}\
                     @media print{body{margin:0}}";

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
