//! The vertical scale of sparklines and charts: by the band where there is one, so that rows compare and nothing jumps;
//! else the range of the values themselves.

use crate::domain::{Aht, Band, Level};

/// From one AHT to another, in seconds; `low < high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub low: f64,
    pub high: f64,
    /// True where it is that of a band, whose limits are labelled.
    pub by_band: bool,
}

/// Own ranges are opened to this many seconds, so that noise does not look like a movement.
const LEAST: f64 = 60.0;

/// By so many times its height a scale is stretched at most; what lies beyond is clamped, and marked.
const STRETCH: f64 = 2.0;

impl Scale {
    /// The scale for `values` in `band`. The limits take the middle two thirds; a target alone stands in the middle of
    /// half to one and a half of it. Where values lie beyond, it is stretched to them: the rows that one opens are those.
    /// Without a band the range is that of the values, in steps of half a minute.
    pub(super) fn of(band: &Band, values: impl Iterator<Item = Aht> + Clone) -> Scale {
        let scale = Scale::fixed(band, values.clone());
        let ends = values.map(|a| f64::from(a.secs()));
        let (low, high) = ends.fold((scale.low, scale.high), |(low, high), v| (low.min(v), high.max(v)));
        let high = if high > scale.high { (high / 30.0).ceil() * 30.0 } else { high };
        // One odd value must not make a flat line of all others.
        Scale { low, high: high.min(scale.high + (scale.high - scale.low) * STRETCH), ..scale }
    }

    fn fixed(band: &Band, values: impl Iterator<Item = Aht>) -> Scale {
        let limits: Vec<f64> = ends(band).iter().filter_map(|l| l.map(|a| f64::from(a.secs()))).collect();
        match (limits.first(), limits.last()) {
            (Some(first), Some(last)) if limits.len() > 1 && last > first => {
                let margin = ((last - first) / 4.0).max(LEAST / 4.0);
                Scale { low: (first - margin).max(0.0), high: last + margin, by_band: true }
            }
            (Some(only), _) => {
                let margin = (only / 2.0).max(LEAST / 2.0);
                Scale { low: (only - margin).max(0.0), high: only + margin, by_band: true }
            }
            (None, _) => {
                let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
                for v in values.map(|a| f64::from(a.secs())) {
                    low = low.min(v);
                    high = high.max(v);
                }
                if !low.is_finite() {
                    (low, high) = (0.0, LEAST);
                }
                let (low, high) = ((low / 30.0).floor() * 30.0, (high / 30.0).ceil() * 30.0);
                let open = ((LEAST - (high - low)) / 2.0).max(0.0);
                let low = (low - open).max(0.0);
                Scale { low, high: (high + open).max(low + LEAST), by_band: false }
            }
        }
    }

    /// Where `aht` lies among `steps` equal steps, 0 lowest; clamped to them.
    pub(super) fn step(&self, aht: Aht, steps: usize) -> usize {
        let share = (f64::from(aht.secs()) - self.low) / (self.high - self.low);
        ((share * steps as f64).floor().max(0.0) as usize).min(steps.saturating_sub(1))
    }

    /// Whether `aht` lies above (`Greater`) or below the scale.
    pub(super) fn beyond(&self, aht: Aht) -> std::cmp::Ordering {
        let v = f64::from(aht.secs());
        if v > self.high {
            std::cmp::Ordering::Greater
        } else if v < self.low {
            std::cmp::Ordering::Less
        } else {
            std::cmp::Ordering::Equal
        }
    }
}

/// Where values lie in their band: the target in the middle, the limits at the edges. In a few steps this tells more than
/// any scale in seconds: where the line is inside, and where it left its band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Relative {
    low: f64,
    middle: f64,
    high: f64,
    /// False where no band is set: from the smallest to the largest of the values.
    by_band: bool,
}

/// So many times as far out as its limit a value is marked as beyond the picture.
const FAR: f64 = 2.0;

impl Relative {
    pub(super) fn of(band: &Band, values: impl Iterator<Item = Aht> + Clone) -> Relative {
        let inner = Band {
            low_crit: band.low_crit.filter(|_| band.low_warn.is_none()),
            high_crit: band.high_crit.filter(|_| band.high_warn.is_none()),
            ..*band
        };
        let limits: Vec<f64> = ends(&inner).iter().filter_map(|l| l.map(|a| f64::from(a.secs()))).collect();
        let target = band.target.map(|t| f64::from(t.secs()));
        let (low, high, by_band) = match (limits.first(), limits.last()) {
            (Some(first), Some(last)) if last > first => (*first, *last, true),
            (Some(only), _) => (only / 2.0, only * 1.5, true),
            _ => {
                let scale = Scale::of(&Band::default(), values);
                (scale.low, scale.high, false)
            }
        };
        let middle = target.filter(|t| low < *t && *t < high).unwrap_or(f64::midpoint(low, high));
        Relative { low, middle, high, by_band }
    }

    /// 0 at the target, 1 at the upper limit, -1 at the lower one.
    fn place(&self, aht: Aht) -> f64 {
        let secs = f64::from(aht.secs());
        let side = if secs >= self.middle { self.high - self.middle } else { self.middle - self.low };
        (secs - self.middle) / side.max(1.0)
    }

    /// Where `aht` lies among `steps` equal steps from the lower limit to the upper one, 0 lowest; clamped to them.
    pub(super) fn step(&self, aht: Aht, steps: usize) -> usize {
        let share = f64::midpoint(self.place(aht), 1.0);
        ((share * steps as f64).floor().max(0.0) as usize).min(steps.saturating_sub(1))
    }

    /// Whether `aht` lies far above (`Greater`) or far below what the steps tell apart.
    pub(super) fn beyond(&self, aht: Aht, level: Level) -> std::cmp::Ordering {
        let place = self.place(aht);
        match level {
            _ if !self.by_band => std::cmp::Ordering::Equal,
            Level::HighCrit => std::cmp::Ordering::Greater,
            Level::LowCrit => std::cmp::Ordering::Less,
            _ if place >= FAR => std::cmp::Ordering::Greater,
            _ if place <= -FAR => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Equal,
        }
    }
}

/// The limits of `band` from the lowest to the highest, with another end where it has them on one side alone: without
/// one, all that is on the other side of the target would be clamped to its edge. The other end mirrors the outermost
/// limit at the target, but is no lower than half of the target; without a target it is half or one and a half of the limit.
fn ends(band: &Band) -> Vec<Option<Aht>> {
    let mut all: Vec<Option<Aht>> = band.limits().map(|(_, limit)| limit).to_vec();
    let (low, high) = (band.low_crit.or(band.low_warn), band.high_crit.or(band.high_warn));
    let aht = |secs: i64| Some(Aht::from_secs(u32::try_from(secs).unwrap_or(0)));
    let secs = |aht: Aht| i64::from(aht.secs());
    match (low, high, band.target) {
        (None, Some(high), Some(target)) => {
            let mirror = secs(target) * 2 - secs(high);
            all.insert(0, aht(mirror.max(secs(target) / 2)));
        }
        (Some(low), None, Some(target)) => all.push(aht(secs(target) * 2 - secs(low))),
        (None, Some(_), None) => all.insert(0, band.high_warn.or(band.high_crit).and_then(|l| aht(secs(l) / 2))),
        (Some(_), None, None) => all.push(band.low_warn.or(band.low_crit).and_then(|l| aht(secs(l) * 3 / 2))),
        _ => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn aht(secs: u32) -> Aht {
        Aht::from_secs(secs)
    }

    #[test]
    fn a_band_makes_the_scale_and_values_beyond_stretch_it() {
        let band = Band { low_warn: Some(aht(200)), high_warn: Some(aht(400)), ..Band::default() };
        let of = |values: &[u32]| Scale::of(&band, values.iter().map(|s| aht(*s)));
        assert_eq!(of(&[]), of(&[150, 300, 450]), "nothing jumps while the values are inside");
        assert_eq!((of(&[]).low, of(&[]).high), (150.0, 450.0));
        assert_eq!((of(&[20, 601]).low, of(&[20, 601]).high), (20.0, 630.0));
        let odd = of(&[9999]);
        assert_eq!((odd.high, odd.beyond(aht(9999))), (1050.0, std::cmp::Ordering::Greater));
    }

    #[test]
    fn a_band_with_limits_on_one_side_has_room_on_the_other() {
        let at = |s| Some(aht(s));
        let above = Band { target: at(300), high_warn: at(375), high_crit: at(450), ..Band::default() };
        let scale = Scale::of(&above, [].into_iter());
        assert!(scale.low < 150.0 && scale.high > 450.0, "{scale:?}");
        for inside in [160, 230, 299, 374] {
            assert_eq!(scale.beyond(aht(inside)), std::cmp::Ordering::Equal, "{inside}");
        }
        for one_sided in [
            Band { target: None, ..above },
            Band { low_warn: at(200), target: at(300), ..Band::default() },
            Band { low_warn: at(200), ..Band::default() },
        ] {
            let scale = Scale::of(&one_sided, [].into_iter());
            assert_eq!(scale.beyond(aht(290)), std::cmp::Ordering::Equal, "{one_sided:?}: {scale:?}");
        }
    }

    #[test]
    fn in_a_band_the_target_is_in_the_middle_and_the_limits_are_at_the_edges() {
        let at = |s| Some(aht(s));
        let band =
            Band { low_warn: at(200), target: at(287), high_warn: at(375), high_crit: at(450), ..Band::default() };
        let place = Relative::of(&band, [].into_iter());
        for (secs, four, eight) in
            [(100, 0, 0), (200, 0, 0), (244, 1, 2), (286, 1, 3), (287, 2, 4), (331, 3, 6), (374, 3, 7), (900, 3, 7)]
        {
            assert_eq!((place.step(aht(secs), 4), place.step(aht(secs), 8)), (four, eight), "{secs}");
        }
        // A campaign with an upper limit alone is no flat line below its target.
        let above = Band { target: at(270), high_warn: at(720), ..Band::default() };
        let place = Relative::of(&above, [].into_iter());
        assert_eq!([150, 200, 265, 280, 600].map(|s| place.step(aht(s), 8)), [0, 1, 3, 4, 6]);
        // And without any band the row's own two hours fill the steps.
        let place = Relative::of(&Band::default(), [200, 500].map(aht).into_iter());
        assert_eq!([200, 350, 500].map(|s| place.step(aht(s), 4)), [0, 2, 3]);
    }

    #[test]
    fn without_a_band_small_movements_stay_small() {
        let s = Scale::of(&Band::default(), [aht(300), aht(303)].into_iter());
        assert_eq!(s.high - s.low, 60.0);
        assert!(!s.by_band);
    }

    proptest! {
        #[test]
        fn every_step_is_within_the_scale(limits in prop::array::uniform5(prop::option::of(any::<u32>())),
                                          values in prop::collection::vec(any::<u32>(), 0..9), v: u32, steps in 1usize..99) {
            let l = limits.map(|l| l.map(aht));
            let band = Band { low_crit: l[0], low_warn: l[1], target: l[2], high_warn: l[3], high_crit: l[4] };
            let s = Scale::of(&band, values.into_iter().map(aht));
            prop_assert!(s.low < s.high && s.low >= 0.0);
            prop_assert!(s.step(aht(v), steps) < steps);
        }
    }
}
