//! The two-sided band that says when an AHT deserves a look.

use serde::{Deserialize, Serialize};

use super::{Aht, Kind};

/// Limits around an AHT, each of them optional: `low_crit < low_warn < target < high_warn < high_crit`.
///
/// Two-sided on purpose: a very low AHT is a question too (calls that were avoided), and neither side is a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// At or below: much shorter than usual.
    pub low_crit: Option<Aht>,
    /// At or below: shorter than usual.
    pub low_warn: Option<Aht>,
    /// What is usual; deviations are shown against it.
    pub target: Option<Aht>,
    /// At or above: longer than usual.
    pub high_warn: Option<Aht>,
    /// At or above: much longer than usual.
    pub high_crit: Option<Aht>,
}

/// Where an AHT lies in its [`Band`], worst side first in the order of attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// At or above `high_crit`.
    HighCrit,
    /// At or below `low_crit`.
    LowCrit,
    /// At or above `high_warn`.
    HighWarn,
    /// At or below `low_warn`.
    LowWarn,
    Inside,
}

impl Level {
    /// Its word for people; no two differ by letter case alone.
    pub const fn word(self) -> &'static str {
        match self {
            Level::HighCrit => "VERY HIGH",
            Level::HighWarn => "HIGH",
            Level::Inside => "ok",
            Level::LowWarn => "LOW",
            Level::LowCrit => "VERY LOW",
        }
    }

    /// Its name for programs: JSON, CSV, hooks.
    pub const fn key(self) -> &'static str {
        match self {
            Level::HighCrit => "very_high",
            Level::HighWarn => "high",
            Level::Inside => "ok",
            Level::LowWarn => "low",
            Level::LowCrit => "very_low",
        }
    }

    /// True where both lie outside on the same side of the band.
    pub const fn is_beside(self, other: Level) -> bool {
        matches!(
            (self, other),
            (Level::HighCrit | Level::HighWarn, Level::HighCrit | Level::HighWarn)
                | (Level::LowCrit | Level::LowWarn, Level::LowCrit | Level::LowWarn)
        )
    }
}

/// Two limits of a band that stand in the wrong order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{lower}` must be less than `{upper}`")]
pub struct BandError {
    /// Name of the limit that should be the smaller one.
    pub lower: &'static str,
    /// Name of the limit that should be the larger one.
    pub upper: &'static str,
}

impl Band {
    /// The limits by name, in ascending order.
    pub fn limits(&self) -> [(&'static str, Option<Aht>); 5] {
        [
            ("low_crit", self.low_crit),
            ("low_warn", self.low_warn),
            ("target", self.target),
            ("high_warn", self.high_warn),
            ("high_crit", self.high_crit),
        ]
    }

    /// Checks the order of those limits that are present.
    ///
    /// # Errors
    /// Names the first two neighbours that are equal or reversed.
    pub fn check(&self) -> Result<(), BandError> {
        let present: Vec<(&'static str, Aht)> =
            self.limits().into_iter().filter_map(|(name, v)| v.map(|v| (name, v))).collect();
        match present.windows(2).find(|w| w[0].1 >= w[1].1) {
            Some(w) => Err(BandError { lower: w[0].0, upper: w[1].0 }),
            None => Ok(()),
        }
    }

    /// This band with every missing limit taken from `below`, the more general layer.
    #[must_use]
    pub fn over(self, below: Band) -> Band {
        Band {
            low_crit: self.low_crit.or(below.low_crit),
            low_warn: self.low_warn.or(below.low_warn),
            target: self.target.or(below.target),
            high_warn: self.high_warn.or(below.high_warn),
            high_crit: self.high_crit.or(below.high_crit),
        }
    }

    /// The band around `target` where nothing but the target is configured: wide for agents, narrower for campaigns. What it
    /// costs stands with `alert::noise`.
    ///
    /// | percent of the target | `low_crit` | `low_warn` | `high_warn` | `high_crit` |
    /// |---|---|---|---|---|
    /// | agent | 30 | 50 | 150 | 200 |
    /// | campaign | 60 | 75 | 125 | 150 |
    ///
    /// Limits that would not be in order, which happens for targets of a few seconds, are left out.
    pub fn around(target: Aht, kind: Kind) -> Self {
        let [low_crit, low_warn, high_warn, high_crit] = match kind {
            Kind::Agent => [30, 50, 150, 200],
            Kind::Campaign => [60, 75, 125, 150],
        };
        let part =
            |pct: u64| u32::try_from(u64::from(target.secs()) * pct / 100).ok().filter(|&s| s > 0).map(Aht::from_secs);
        let band = Band {
            low_crit: part(low_crit),
            low_warn: part(low_warn),
            target: Some(target),
            high_warn: part(high_warn),
            high_crit: part(high_crit),
        };
        if band.check().is_ok() { band } else { Band { target: Some(target), ..Band::default() } }
    }

    pub fn level(&self, aht: Aht) -> Level {
        let at_least = |limit: Option<Aht>| limit.is_some_and(|l| aht >= l);
        let at_most = |limit: Option<Aht>| limit.is_some_and(|l| aht <= l);
        if at_least(self.high_crit) {
            Level::HighCrit
        } else if at_most(self.low_crit) {
            Level::LowCrit
        } else if at_least(self.high_warn) {
            Level::HighWarn
        } else if at_most(self.low_warn) {
            Level::LowWarn
        } else {
            Level::Inside
        }
    }

    /// Deviation of `aht` from `target` in percent, `None` without a target.
    pub fn deviation_pct(&self, aht: Aht) -> Option<f64> {
        let target = f64::from(self.target?.secs());
        (target > 0.0).then(|| (f64::from(aht.secs()) - target) / target * 100.0)
    }

    /// True where no limit at all is set.
    pub fn is_empty(&self) -> bool {
        *self == Band::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(limits: [u32; 5]) -> Band {
        let at = |i: usize| (limits[i] > 0).then(|| Aht::from_secs(limits[i]));
        Band { low_crit: at(0), low_warn: at(1), target: at(2), high_warn: at(3), high_crit: at(4) }
    }

    #[test]
    fn a_level_for_every_part_of_the_band() {
        let b = band([120, 200, 287, 375, 450]);
        for (secs, level) in [
            (1, Level::LowCrit),
            (120, Level::LowCrit),
            (121, Level::LowWarn),
            (200, Level::LowWarn),
            (201, Level::Inside),
            (374, Level::Inside),
            (375, Level::HighWarn),
            (450, Level::HighCrit),
        ] {
            assert_eq!(b.level(Aht::from_secs(secs)), level, "{secs}");
        }
        assert_eq!(Band::default().level(Aht::from_secs(9)), Level::Inside);
    }

    #[test]
    fn limits_out_of_order_are_named() {
        assert_eq!(band([120, 200, 287, 375, 450]).check(), Ok(()));
        assert_eq!(band([0, 0, 287, 0, 450]).check(), Ok(()));
        assert_eq!(band([0, 300, 287, 0, 0]).check(), Err(BandError { lower: "low_warn", upper: "target" }));
        assert_eq!(band([0, 300, 0, 0, 300]).check(), Err(BandError { lower: "low_warn", upper: "high_crit" }));
    }

    #[test]
    fn the_nearer_layer_wins_limit_by_limit() {
        let merged = band([0, 0, 300, 0, 0]).over(band([0, 100, 200, 400, 0]));
        assert_eq!(merged, band([0, 100, 300, 400, 0]));
    }
}
