//! What bands and rules would have cost: stored readings are replayed through the same [`Track`] with several settings,
//! and the alerts of each target and shift are counted.
//!
//! **What the defaults cost.** 200 simulated shifts of one agent who is exactly on target all day: eight hours with half
//! an hour of lunch, log-normal handling times of 4:47 on average with a coefficient of variation of 0.8, about twenty
//! calls in the window, read every 64 s until the window is empty; the bands of [`Band::around`]. Made, and
//! held to, by the tests of this module.
//!
//! | agent | median | p90 | mean | shifts without |
//! |---|---|---|---|---|
//! | defaults: ±50 %, dwell 5m, warm-up 5, clear band 5 % | 1 | 2 | 1.0 | 32 % |
//! | dwell 0m | 1 | 3 | 1.3 | 24 % |
//! | dwell 10m | 1 | 2 | 0.8 | 43 % |
//! | dwell 15m | 0 | 2 | 0.6 | 54 % |
//! | warm-up 0 | 1 | 3 | 1.4 | 18 % |
//! | warm-up 10 | 1 | 2 | 0.9 | 35 % |
//! | bands x0.5 (±25 %) | 3 | 5 | 3.0 | 1 % |
//! | bands x0.75 | 1 | 3 | 1.6 | 16 % |
//! | bands x1.5 (±75 %) | 0 | 1 | 0.5 | 56 % |
//!
//! Two thirds of the alerts with the defaults come in the two hours *after* work, while the window empties and the mean
//! hangs on its last few calls; at work it is a median of 0 and a mean of 0.3. Campaigns on target with ±25 %: median 1,
//! mean 1.6 with four agents and 1.2 with ten. The price on the other side is time, since the window has a memory: when
//! all handling times double at once, a campaign of ten agents alerts after 65 minutes at the median (p90 79), an agent
//! after 102 (p90 141).

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{
    machine::{Move, Track},
    rules::{Policy, Rules, gap},
};
use crate::domain::{AHT_WINDOW, Aht, Band, EventTime, Kind, Outcome, Reading, Target};

/// *No calls* ends a shift when there was no value for this long: one odd answer does not.
const PAUSE: Duration = Duration::from_secs(30 * 60);
/// What never pauses is cut after this long.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What is tried: the configured rules with some of them replaced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Another dwell.
    pub dwell: Option<Duration>,
    /// Another warm-up.
    pub warm_up: Option<u32>,
    /// Another clear band, a fraction.
    pub clear_band: Option<f64>,
    /// Limits moved away from the band's target by this factor (1: as they are). A band without a target stays.
    pub widen: f64,
}

impl Setting {
    /// The rules and bands as configured.
    pub const CONFIGURED: Setting = Setting { dwell: None, warm_up: None, clear_band: None, widen: 1.0 };

    /// The configured rules, and around them other dwells, warm-ups, clear bands and widths of the bands.
    pub fn usual() -> Vec<Setting> {
        let c = Setting::CONFIGURED;
        let mut all = vec![c];
        all.extend([0, 2, 10, 15].map(|m| Setting { dwell: Some(Duration::from_secs(m * 60)), ..c }));
        all.extend([0, 10].map(|n| Setting { warm_up: Some(n), ..c }));
        all.extend([0.0, 0.1].map(|f| Setting { clear_band: Some(f), ..c }));
        all.extend([0.5, 0.75, 1.25, 1.5].map(|widen| Setting { widen, ..c }));
        all
    }

    /// What differs from the configuration: `as configured`, `dwell 10m`, `bands x1.5`.
    pub fn label(&self) -> String {
        let mut parts = Vec::new();
        if let Some(d) = self.dwell {
            let (m, s) = (d.as_secs() / 60, d.as_secs() % 60);
            parts.push(if s == 0 { format!("dwell {m}m") } else { format!("dwell {m}m{s:02}s") });
        }
        parts.extend(self.warm_up.map(|n| format!("changes {n}")));
        parts.extend(self.clear_band.map(|f| format!("hysteresis {:.0}%", f * 100.0)));
        if (self.widen - 1.0).abs() > f64::EPSILON {
            parts.push(format!("bands x{}", self.widen));
        }
        if parts.is_empty() { "as configured".into() } else { parts.join(", ") }
    }

    fn rules(&self, rules: &Rules) -> Rules {
        Rules {
            dwell: self.dwell.unwrap_or(rules.dwell),
            warm_up: self.warm_up.unwrap_or(rules.warm_up),
            clear_band: self.clear_band.unwrap_or(rules.clear_band),
            ..*rules
        }
    }

    /// `band` with its limits moved. A limit that would fall below a second is left out.
    pub fn band(&self, band: &Band) -> Band {
        let Some(target) = band.target.filter(|_| self.widen.is_finite() && self.widen > 0.0) else { return *band };
        let moved = |limit: Option<Aht>| {
            let by = (limit?.minus(target) as f64 * self.widen).round();
            let secs = (f64::from(target.secs()) + by).min(f64::from(u32::MAX));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and u32::MAX")]
            (secs >= 1.0).then(|| Aht::from_secs(secs as u32))
        };
        let wide = Band {
            low_crit: moved(band.low_crit),
            low_warn: moved(band.low_warn),
            target: band.target,
            high_warn: moved(band.high_warn),
            high_crit: moved(band.high_crit),
        };
        if wide.check().is_ok() { wide } else { *band }
    }
}

impl Serialize for Setting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.label())
    }
}

/// One shift of a target: a run of values that no pause breaks (no calls for half an hour, or nothing at all for two
/// hours); longer than a day it is cut.
#[derive(Clone, Debug, PartialEq)]
pub struct Shift {
    pub target: Target,
    /// The first value.
    pub from: Timestamp,
    /// The last value.
    pub to: Timestamp,
    pub values: u32,
    /// Alerts started, one number a setting.
    pub alerts: Box<[u32]>,
}

/// What a setting costs for a kind of target, per shift.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Agents or campaigns.
    pub kind: Kind,
    pub setting: Setting,
    pub shifts: usize,
    /// Half of the shifts have at most so many alerts.
    pub median: u32,
    /// Nine of ten shifts have at most so many.
    pub p90: u32,
    pub most: u32,
    /// Alerts per shift on average.
    pub mean: f64,
    /// Share of the shifts without any, 0 to 1.
    pub without: f64,
}

/// The replay. Memory: one machine per target and setting, and a small record per shift.
#[derive(Clone, Debug)]
pub struct Noise {
    policy: Policy,
    settings: Vec<Setting>,
    targets: BTreeMap<Target, Replay>,
    shifts: Vec<Shift>,
}

#[derive(Clone, Debug)]
struct Replay {
    tracks: Vec<Track>,
    shift: Option<(Shift, EventTime, EventTime)>,
    silent: bool,
}

impl Noise {
    /// Replays with `policy` as each of `settings` changes it.
    pub fn new(policy: Policy, settings: Vec<Setting>) -> Self {
        Noise { policy, settings, targets: BTreeMap::new(), shifts: Vec::new() }
    }

    /// Takes in a stored reading and its target's configured band. Readings come in the order of the store.
    pub fn record(&mut self, reading: &Reading, band: &Band) {
        let n = self.settings.len();
        let replay = self.targets.entry(reading.target.clone()).or_insert_with(|| Replay {
            tracks: vec![Track::default(); n],
            shift: None,
            silent: false,
        });
        let at = &reading.at;
        match reading.outcome {
            Outcome::NoCalls => replay.silent = true,
            Outcome::Value(_) => {
                let pause = if replay.silent { PAUSE } else { AHT_WINDOW };
                let over =
                    |(_, first, last): &(Shift, EventTime, EventTime)| gap(last, at) >= pause || gap(first, at) >= DAY;
                if replay.shift.as_ref().is_some_and(over) {
                    self.shifts.extend(replay.shift.take().map(|(shift, ..)| shift));
                }
                let (target, wall) = (&reading.target, at.wall);
                let (shift, _, last) = replay.shift.get_or_insert_with(|| {
                    let alerts = vec![0; n].into();
                    let shift = Shift { target: target.clone(), from: wall, to: wall, values: 0, alerts };
                    (shift, at.clone(), at.clone())
                });
                (shift.to, *last, replay.silent) = (wall, at.clone(), false);
                shift.values = shift.values.saturating_add(1);
            }
            Outcome::Invalid | Outcome::Failed(_) => {}
        }
        let rules = self.policy.rules(reading.target.kind);
        for (i, (track, setting)) in replay.tracks.iter_mut().zip(&self.settings).enumerate() {
            let moves = track.record(at, &reading.outcome, &setting.band(band), &setting.rules(rules));
            let starts = moves.iter().filter(|m| matches!(m, Move::Start { .. })).count();
            if let Some((shift, ..)) = &mut replay.shift
                && let Some(count) = shift.alerts.get_mut(i)
            {
                *count = count.saturating_add(u32::try_from(starts).unwrap_or(u32::MAX));
            }
        }
    }

    /// The shifts so far, those that are under way included, in the order of their targets and beginnings.
    pub fn shifts(&self) -> Vec<Shift> {
        let under_way = self.targets.values().filter_map(|r| r.shift.as_ref().map(|(shift, ..)| shift));
        let mut all: Vec<Shift> = self.shifts.iter().chain(under_way).cloned().collect();
        all.sort_by(|a, b| (&a.target, a.from).cmp(&(&b.target, b.from)));
        all
    }

    /// One line for each kind that has shifts and each setting, in the order of the settings.
    pub fn summary(&self) -> Vec<Summary> {
        let shifts = self.shifts();
        let mut lines = Vec::new();
        for kind in Kind::ALL {
            for (i, &setting) in self.settings.iter().enumerate() {
                let of_kind = shifts.iter().filter(|s| s.target.kind == kind);
                let mut counts: Vec<u32> = of_kind.filter_map(|s| s.alerts.get(i).copied()).collect();
                counts.sort_unstable();
                let n = counts.len();
                let rank = |pct: usize| counts.get((n * pct).div_ceil(100).saturating_sub(1)).copied();
                let (Some(median), Some(p90), Some(&most)) = (rank(50), rank(90), counts.last()) else { continue };
                let sum: u64 = counts.iter().copied().map(u64::from).sum();
                lines.push(Summary {
                    kind,
                    setting,
                    shifts: n,
                    median,
                    p90,
                    most,
                    mean: sum as f64 / n as f64,
                    without: counts.iter().filter(|&&c| c == 0).count() as f64 / n as f64,
                });
            }
        }
        lines
    }
}

#[cfg(test)]
#[path = "noise_tests.rs"]
mod tests;
