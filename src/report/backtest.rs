//! What bands and rules would have cost: one sentence, then tables for people, or JSON.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{SCHEMA, document::rfc3339, json::json_line};
use crate::{
    alert::{
        Noise,
        noise::{Setting, Shift, Summary},
    },
    domain::{Kind, Target, clean_line, fit, plural},
};

/// Cells of a target's name.
const NAME: usize = 28;

/// How a backtest is told.
pub struct BacktestLook<'a> {
    /// The zone of all times.
    pub zone: &'a TimeZone,
    /// Each shift too.
    pub shifts: bool,
    /// Also what had no alert under any setting.
    pub all: bool,
    /// What a target is called.
    pub name: &'a dyn Fn(&Target) -> String,
}

/// Writes a sentence about the configured setting, the cost of each setting per kind, and that of each target that
/// would have alerted, under the same settings. The first setting is the configured one.
pub fn backtest(noise: &Noise, settings: &[Setting], look: &BacktestLook<'_>, out: &mut dyn Write) -> io::Result<()> {
    let all = noise.shifts();
    if all.is_empty() {
        return writeln!(out, "no shift of what is watched lies in that time");
    }
    writeln!(out, "{}\n", sentence(&all))?;
    writeln!(out, "alerts per shift:\n")?;
    writeln!(
        out,
        "{:<10}{:<16}{:>7}{:>8}{:>6}{:>6}{:>7}{:>9}",
        "", "", "shifts", "median", "p90", "most", "mean", "without"
    )?;
    for s in noise.summary() {
        writeln!(
            out,
            "{:<10}{:<16}{:>7}{:>8}{:>6}{:>6}{:>7.1}{:>8.0}%",
            s.kind.word(),
            s.setting.label(),
            s.shifts,
            s.median,
            s.p90,
            s.most,
            s.mean,
            s.without * 100.0
        )?;
    }
    let rows: Vec<_> = by_target(&all).into_iter().filter(|(_, shifts)| look.all || alerted(shifts)).collect();
    let left_out = by_target(&all).len() - rows.len();
    if !rows.is_empty() {
        writeln!(out, "\nalerts of each; the columns are:")?;
        for (i, setting) in settings.iter().enumerate() {
            writeln!(out, "  {:>2}  {}", i + 1, setting.label())?;
        }
        let heads: String = (1..=settings.len()).map(|i| format!("{i:>5}")).collect();
        writeln!(out, "\n{}{:>7}{heads}", fit("", NAME, "…"), "shifts")?;
    }
    for (target, of_target) in rows {
        let label = fit(&clean_line(&(look.name)(target), 100), NAME, "…");
        let sums: String = sums(&of_target, settings.len()).iter().map(|sum| format!("{sum:>5}")).collect();
        writeln!(out, "{label}{:>7}{sums}", of_target.len())?;
        for shift in of_target.iter().filter(|_| look.shifts) {
            let day = |at: jiff::Timestamp| at.to_zoned(look.zone.clone());
            let span = format!("  {}-{}", day(shift.from).strftime("%a %d %b %H:%M"), day(shift.to).strftime("%H:%M"));
            let counts: String = shift.alerts.iter().map(|n| format!("{n:>5}")).collect();
            writeln!(out, "{}{:>7}{counts}", fit(&span, NAME, "…"), "")?;
        }
    }
    match left_out {
        0 => Ok(()),
        1 => writeln!(out, "\n1 had no alert under any setting (--all shows it)"),
        n => writeln!(out, "\n{n} had no alert under any setting (--all shows them)"),
    }
}

/// What the configured setting came to, as one sentence.
fn sentence(shifts: &[Shift]) -> String {
    let counts: Vec<u32> = shifts.iter().map(|s| s.alerts.first().copied().unwrap_or(0)).collect();
    let total: u64 = counts.iter().map(|n| u64::from(*n)).sum();
    let with = counts.iter().filter(|n| **n > 0).count();
    let of = plural(counts.len(), "shift");
    let worst = counts.iter().max().copied().unwrap_or(0);
    match total {
        0 => format!("As configured there would have been no alerts in {of}."),
        n => format!(
            "As configured there would have been {} in {with} of {of}, at most {worst} in one shift.",
            plural(n, "alert")
        ),
    }
}

fn by_target(shifts: &[Shift]) -> BTreeMap<&Target, Vec<&Shift>> {
    let mut by_target: BTreeMap<&Target, Vec<&Shift>> = BTreeMap::new();
    for shift in shifts {
        by_target.entry(&shift.target).or_default().push(shift);
    }
    by_target
}

fn alerted(shifts: &[&Shift]) -> bool {
    shifts.iter().any(|shift| shift.alerts.iter().any(|n| *n > 0))
}

/// Alerts under each of `n` settings.
fn sums(shifts: &[&Shift], n: usize) -> Vec<u64> {
    let sum = |i: usize| shifts.iter().filter_map(|s| s.alerts.get(i)).map(|n| u64::from(*n)).sum();
    (0..n).map(sum).collect()
}

/// The same as one object of JSON, with everything.
pub fn backtest_json(noise: &Noise, settings: &[Setting], look: &BacktestLook<'_>) -> String {
    #[derive(Serialize)]
    struct Document {
        schema: u32,
        sentence: String,
        settings: Vec<String>,
        summary: Vec<Summary>,
        targets: Vec<Of>,
    }
    #[derive(Serialize)]
    struct Of {
        kind: Kind,
        id: String,
        label: String,
        /// Under each setting.
        alerts: Vec<u64>,
        shifts: Vec<One>,
    }
    #[derive(Serialize)]
    struct One {
        from: String,
        to: String,
        values: u32,
        alerts: Vec<u32>,
    }
    let all = noise.shifts();
    let one = |s: &&Shift| One {
        from: rfc3339(s.from, look.zone),
        to: rfc3339(s.to, look.zone),
        values: s.values,
        alerts: s.alerts.to_vec(),
    };
    let of = |(target, shifts): (&Target, Vec<&Shift>)| Of {
        kind: target.kind,
        id: target.id.to_string(),
        label: (look.name)(target),
        alerts: sums(&shifts, settings.len()),
        shifts: shifts.iter().map(one).collect(),
    };
    json_line(&Document {
        schema: SCHEMA,
        sentence: sentence(&all),
        settings: settings.iter().map(Setting::label).collect(),
        summary: noise.summary(),
        targets: by_target(&all).into_iter().map(of).collect(),
    })
}
