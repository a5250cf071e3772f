//! The settings of the alerts, the default band around a target, and the level with its clear band.
//!
//! The defaults come from a model of a call centre (tests of [`noise`](super::noise)): agents with about twenty calls
//! in the two-hour window, log-normal handling times with a coefficient of variation of 0.8, shifts of eight hours.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{Aht, Band, EventTime, Kind, Level, Now};

/// When a target's readings become an alert.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// So long must the readings be outside without a break, all of them fresh, before an alert starts. From warning to
    /// critical there is no further wait.
    pub dwell: Duration,
    /// A fraction of the limit, 0 to 0.5: a level is left only this far inside of its limit.
    pub clear_band: f64,
    /// So many changes from one value to another must be seen before the dwell can begin; counted anew after *no calls*
    /// and after a gap of [`AHT_WINDOW`](crate::domain::AHT_WINDOW).
    pub warm_up: u32,
    /// A longer gap between good readings breaks the dwell, and an alert is marked as stale when its last reading is
    /// older. Best made from the configuration, so that it does not change with the weather.
    pub stale_after: Duration,
}

impl Rules {
    /// What holds for `kind` unless configured otherwise: the same for both. The bands differ ([`Band::around`](crate::domain::Band::around)).
    pub const fn for_kind(kind: Kind) -> Self {
        match kind {
            Kind::Agent | Kind::Campaign => Rules {
                dwell: Duration::from_secs(300),
                clear_band: 0.05,
                warm_up: 5,
                stale_after: Duration::from_secs(180),
            },
        }
    }
}

/// All settings of an account's alerts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    pub agents: Rules,
    pub campaigns: Rules,
    /// How long a cycle takes, for [`ProblemRules::new`](super::ProblemRules::new).
    pub sweep: Duration,
}

impl Policy {
    /// The rules for a target of `kind`.
    pub const fn rules(&self, kind: Kind) -> &Rules {
        match kind {
            Kind::Agent => &self.agents,
            Kind::Campaign => &self.campaigns,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            agents: Rules::for_kind(Kind::Agent),
            campaigns: Rules::for_kind(Kind::Campaign),
            sweep: Duration::from_secs(60),
        }
    }
}

/// Which side of a band a level lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    High,
    Low,
}

/// `None` for [`Level::Inside`].
pub(super) const fn side(level: Level) -> Option<Side> {
    match level {
        Level::HighCrit | Level::HighWarn => Some(Side::High),
        Level::LowCrit | Level::LowWarn => Some(Side::Low),
        Level::Inside => None,
    }
}

/// True for the two critical levels.
pub const fn is_crit(level: Level) -> bool {
    matches!(level, Level::HighCrit | Level::LowCrit)
}

/// The worse of two values outside the band on the side of `level`.
pub fn worse(level: Level, one: Aht, other: Aht) -> Aht {
    match side(level) {
        Some(Side::Low) => one.min(other),
        Some(Side::High) | None => one.max(other),
    }
}

/// True where `aht` is at `limit` or beyond it, on the side of `level`.
pub(super) fn reaches(level: Level, aht: Aht, limit: Aht) -> bool {
    worse(level, aht, limit) == aht
}

/// The limits on the side of a level, by which a reading was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub warn: Option<Aht>,
    pub crit: Option<Aht>,
    /// An alert ends when the value is inside of this one; at it, it goes on.
    pub clear: Option<Aht>,
}

impl Limits {
    /// Those of `band` while the level `held` is held.
    pub fn new(band: &Band, held: Level, clear_band: f64) -> Limits {
        let eased = eased(band, held, clear_band);
        match side(held) {
            Some(Side::High) => Limits {
                warn: band.high_warn,
                crit: band.high_crit,
                clear: [eased.high_warn, eased.high_crit].into_iter().flatten().min(),
            },
            Some(Side::Low) => Limits {
                warn: band.low_warn,
                crit: band.low_crit,
                clear: [eased.low_warn, eased.low_crit].into_iter().flatten().max(),
            },
            None => Limits::default(),
        }
    }

    /// The limit that a value of `level` has crossed.
    pub fn crossed(&self, level: Level) -> Option<Aht> {
        match level {
            Level::HighCrit | Level::LowCrit => self.crit,
            Level::HighWarn | Level::LowWarn => self.warn,
            Level::Inside => None,
        }
    }
}

/// The level of `aht` while the level `held` is held: a limit that was crossed is left only when the value is more than
/// `clear_band` (a fraction of the limit, 0 to 0.5) inside of it. The clear band never reaches the target or the other
/// side of the band.
pub fn held_level(band: &Band, held: Level, aht: Aht, clear_band: f64) -> Level {
    eased(band, held, clear_band).level(aht)
}

/// The band with the limits that are held moved inwards by the clear band.
fn eased(band: &Band, held: Level, clear_band: f64) -> Band {
    let Some(held_side) = side(held) else { return *band };
    let fraction = if clear_band.is_finite() { clear_band.clamp(0.0, 0.5) } else { 0.0 };
    let mut eased = *band;
    match held_side {
        Side::High => {
            let floor = [band.target, band.low_warn, band.low_crit].into_iter().flatten().max();
            let ease = |limit: Aht| {
                let eased = Aht::from_secs(scale(limit, 1.0 - fraction, f64::ceil));
                eased.max(floor.map_or(eased, |f| Aht::from_secs(f.secs().saturating_add(1)))).min(limit)
            };
            eased.high_warn = band.high_warn.map(ease);
            if is_crit(held) {
                eased.high_crit = band.high_crit.map(ease);
            }
        }
        Side::Low => {
            let ceiling = [band.target, band.high_warn, band.high_crit].into_iter().flatten().min();
            let ease = |limit: Aht| {
                let eased = Aht::from_secs(scale(limit, 1.0 + fraction, f64::floor));
                eased.min(ceiling.map_or(eased, |c| Aht::from_secs(c.secs().saturating_sub(1)))).max(limit)
            };
            eased.low_warn = band.low_warn.map(ease);
            if is_crit(held) {
                eased.low_crit = band.low_crit.map(ease);
            }
        }
    }
    eased
}

/// `limit` times `factor` in whole seconds. A millionth is forgiven, so that 5 % of 400 s is 20 s and not 19.999….
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the product is clamped to u32 first")]
fn scale(limit: Aht, factor: f64, round: fn(f64) -> f64) -> u32 {
    let product = f64::from(limit.secs()) * factor;
    let near = product.round();
    let whole = if (product - near).abs() < 1e-6 { near } else { round(product) };
    whole.clamp(0.0, f64::from(u32::MAX)) as u32
}

/// How long after `earlier` a stamp is, by the rule of [`EventTime::age`]; zero if it is not after.
pub(super) fn gap(earlier: &EventTime, later: &EventTime) -> Duration {
    earlier.age(&Now { boot: later.boot.clone(), mono: later.mono, wall: later.wall })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn band(limits: [u32; 5]) -> Band {
        let at = |i: usize| (limits[i] > 0).then(|| Aht::from_secs(limits[i]));
        Band { low_crit: at(0), low_warn: at(1), target: at(2), high_warn: at(3), high_crit: at(4) }
    }

    #[test]
    fn a_level_is_left_only_beyond_the_clear_band() {
        let b = band([100, 200, 300, 400, 500]);
        let level = |held, secs| held_level(&b, held, Aht::from_secs(secs), 0.05);
        for (held, secs, then) in [
            (Level::Inside, 399, Level::Inside),
            (Level::HighWarn, 380, Level::HighWarn),
            (Level::HighWarn, 379, Level::Inside),
            (Level::HighWarn, 499, Level::HighWarn),
            (Level::HighWarn, 500, Level::HighCrit),
            (Level::HighCrit, 475, Level::HighCrit),
            (Level::HighCrit, 474, Level::HighWarn),
            (Level::HighCrit, 380, Level::HighWarn),
            (Level::HighCrit, 379, Level::Inside),
            (Level::LowWarn, 210, Level::LowWarn),
            (Level::LowWarn, 211, Level::Inside),
            (Level::LowCrit, 105, Level::LowCrit),
            (Level::LowCrit, 106, Level::LowWarn),
            (Level::HighCrit, 200, Level::LowWarn),
        ] {
            assert_eq!(level(held, secs), then, "{held:?} at {secs}");
        }
    }

    #[test]
    fn the_clear_band_ends_at_the_target() {
        let b = band([0, 296, 300, 304, 0]);
        assert_eq!(held_level(&b, Level::HighWarn, Aht::from_secs(301), 0.5), Level::HighWarn);
        assert_eq!(held_level(&b, Level::HighWarn, Aht::from_secs(300), 0.5), Level::Inside);
        assert_eq!(held_level(&b, Level::LowWarn, Aht::from_secs(300), 0.5), Level::Inside);
    }

    #[test]
    fn the_default_band_is_in_order_and_narrower_for_campaigns() {
        let target = Aht::from_secs(287);
        let (a, c) = (Band::around(target, Kind::Agent), Band::around(target, Kind::Campaign));
        assert!(a.high_warn > c.high_warn && a.low_warn < c.low_warn);
        assert_eq!(Band::around(Aht::from_secs(1), Kind::Agent).high_warn, None);
        for secs in (0..2000).chain([u32::MAX]) {
            assert_eq!(Band::around(Aht::from_secs(secs), Kind::Agent).check(), Ok(()), "{secs}");
        }
    }

    proptest! {
        #[test]
        fn holding_a_level_never_makes_it_worse(
            mut limits in prop::collection::btree_set(1u32..900, 5), keep in 0u8..32, secs in 1u32..1000,
            held in prop::sample::select(vec![Level::HighCrit, Level::HighWarn, Level::LowWarn, Level::LowCrit]),
            clear in prop_oneof![0.0..0.6f64, Just(f64::NAN), Just(f64::INFINITY)],
        ) {
            let mut l = [0; 5];
            for (i, slot) in l.iter_mut().enumerate() {
                let v = limits.pop_first().unwrap_or(0);
                *slot = if keep >> i & 1 == 1 { v } else { 0 };
            }
            let b = band(l);
            let (plain, now) = (b.level(Aht::from_secs(secs)), held_level(&b, held, Aht::from_secs(secs), clear));
            // What the band itself says of the other side, and anything worse, is never hidden.
            prop_assert!(side(plain).is_none_or(|s| side(now) == Some(s)));
            prop_assert!(!is_crit(plain) || now == plain);
            // Nothing is held that was not there before.
            prop_assert!(now == plain || (side(now) == side(held) && (is_crit(held) || !is_crit(now))));
        }

        #[test]
        fn any_band_around_a_target_is_in_order(secs in any::<u32>()) {
            for kind in Kind::ALL {
                prop_assert_eq!(Band::around(Aht::from_secs(secs), kind).check(), Ok(()));
            }
        }
    }
}
