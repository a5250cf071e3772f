//! The chart of a row of the shift report, reckoned in units of its picture: the line over the time that is known with its
//! gaps, the limits of the band, and the alerts as a bar below. The templates draw it.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Shift, ShiftRow};

/// A limit of the band: how high, in which colour, how it is dashed.
pub(super) struct Limit {
    pub y: String,
    pub ink: &'static str,
    pub dash: &'static str,
}

/// An alert: where it begins, and how long it is.
pub(super) struct Bar {
    pub x: String,
    pub width: String,
}

pub(super) struct Picture {
    pub limits: Vec<Limit>,
    /// The line; empty where there are no values.
    pub path: String,
    pub bars: Vec<Bar>,
}

impl Picture {
    /// Width and height.
    pub(super) const SIZE: (u32, u32) = (480, 72);

    pub(super) fn new(shift: &Shift, row: &ShiftRow) -> Picture {
        let (w, h) = (f64::from(Picture::SIZE.0), f64::from(Picture::SIZE.1));
        let band = &row.watched.band;
        let limits = || band.limits().into_iter().filter_map(|(name, aht)| Some((name, f64::from(aht?.secs()))));
        let values = || row.chart.iter().flatten().map(|a| f64::from(a.secs()));
        if values().next().is_none() {
            return Picture { limits: Vec::new(), path: String::new(), bars: Vec::new() };
        }
        let usual = limits().filter(|(name, _)| !name.ends_with("crit")).map(|(_, v)| v);
        let (low, high) = values().chain(usual).fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)));
        let pad = ((high - low) * 0.1).max(5.0);
        let (low, high) = (low - pad, high + pad);
        let y = |v: f64| (h - 6.0) * (1.0 - (v - low) / (high - low));
        let limit = |(name, v): (&'static str, f64)| {
            let (ink, dash) = match name {
                "target" => ("#7b8794", "1 3"),
                "low_crit" | "high_crit" => ("#b3261e", "5 3"),
                _ => ("#9a6700", "5 3"),
            };
            Limit { y: format!("{:.1}", y(v)), ink, dash }
        };
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
        let (from, to) = (shift.known.0.as_millisecond(), shift.known.1.as_millisecond());
        let part =
            |at: Timestamp| ((at.as_millisecond() - from) as f64 / (to - from).max(1) as f64).clamp(0.0, 1.0) * w;
        let bars = row.alerts.iter().map(|alert| {
            let (a, b) = (part(alert.from), part(alert.to.map_or(shift.to, |(at, _)| at)));
            Bar { x: format!("{a:.1}"), width: format!("{:.1}", (b - a).max(1.0)) }
        });
        Picture {
            limits: limits().filter(|(_, v)| (low..=high).contains(v)).map(limit).collect(),
            path,
            bars: bars.collect(),
        }
    }
}
