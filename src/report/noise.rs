//! What bands and rules would have cost, as tables for people.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use jiff::tz::TimeZone;

use crate::{
    alert::{
        Noise,
        noise::{Setting, Shift},
    },
    domain::{Target, clean_line, fit},
};

/// Cells of a target's name.
const NAME: usize = 28;

/// Writes the cost of each setting per kind, then that of each target, with `shifts` of each of its shifts, under the
/// same settings. `name`: what a target is called.
///
/// # Errors
/// Those of `out`.
pub fn noise(
    noise: &Noise,
    settings: &[Setting],
    zone: &TimeZone,
    shifts: bool,
    name: &dyn Fn(&Target) -> String,
    out: &mut dyn Write,
) -> io::Result<()> {
    let all = noise.shifts();
    if all.is_empty() {
        return writeln!(out, "no shift of a watched target lies in that time");
    }
    writeln!(out, "alerts per shift, had the stored readings been judged so:\n")?;
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
    writeln!(out, "\nalerts of each target; the columns are:")?;
    for (i, setting) in settings.iter().enumerate() {
        writeln!(out, "  {:>2}  {}", i + 1, setting.label())?;
    }
    let heads: String = (1..=settings.len()).map(|i| format!("{i:>5}")).collect();
    writeln!(out, "\n{}{:>7}{heads}", fit("", NAME, "…"), "shifts")?;
    let mut by_target: BTreeMap<&Target, Vec<&Shift>> = BTreeMap::new();
    for shift in &all {
        by_target.entry(&shift.target).or_default().push(shift);
    }
    for (target, of_target) in by_target {
        let label = fit(&clean_line(&name(target), 100), NAME, "…");
        let sum = |i: usize| -> u64 { of_target.iter().filter_map(|s| s.alerts.get(i)).map(|n| u64::from(*n)).sum() };
        let sums: String = (0..settings.len()).map(|i| format!("{:>5}", sum(i))).collect();
        writeln!(out, "{label}{:>7}{sums}", of_target.len())?;
        for shift in of_target.iter().filter(|_| shifts) {
            let day = |at: jiff::Timestamp| at.to_zoned(zone.clone());
            let span = format!("  {}-{}", day(shift.from).strftime("%a %d %b %H:%M"), day(shift.to).strftime("%H:%M"));
            let counts: String = shift.alerts.iter().map(|n| format!("{n:>5}")).collect();
            writeln!(out, "{}{:>7}{counts}", fit(&span, NAME, "…"), "")?;
        }
    }
    Ok(())
}
