//! Bands in layers: for all, for a kind, for a group, for one target. Each limit remembers where it was written.

use std::collections::HashSet;

use super::{
    error::{Diagnostics, Place, quote},
    schema::LIMITS,
};
use crate::domain::{Aht, Band, Target};

#[derive(Clone, Debug)]
pub(super) struct Limit {
    pub(super) aht: Aht,
    pub(super) place: Place,
}

/// The limits of one layer, in the order of [`LIMITS`].
#[derive(Clone, Debug, Default)]
pub(super) struct BandLimits(pub(super) [Option<Limit>; 5]);

impl BandLimits {
    fn band(&self) -> Band {
        let [low_crit, low_warn, target, high_warn, high_crit] = self.0.each_ref().map(|l| l.as_ref().map(|l| l.aht));
        Band { low_crit, low_warn, target, high_warn, high_crit }
    }

    /// The first two neighbours that are equal or reversed.
    fn disorder(&self) -> Option<(usize, usize)> {
        let error = self.band().check().err()?;
        let index = |name: &str| LIMITS.iter().position(|l| *l == name);
        Some((index(error.lower)?, index(error.upper)?))
    }

    /// Checks the layer for itself, and says so once for a layer that many targets share.
    pub(super) fn check(&self, diagnostics: &mut Diagnostics) {
        let Some((lower, upper)) = self.disorder() else { return };
        if let (Some(low), Some(high)) = (&self.0[lower], &self.0[upper]) {
            let place = low.place.clone().max(high.place.clone());
            diagnostics.push(place, order(lower, low, upper, high));
        }
    }
}

fn order(lower: usize, low: &Limit, upper: usize, high: &Limit) -> String {
    format!("'{}' ({}) must be less than '{}' ({})", LIMITS[lower], low.aht, LIMITS[upper], high.aht)
}

/// Merges layers and remembers which disorders were told already.
#[derive(Debug, Default)]
pub(super) struct Merger {
    told: HashSet<(Place, Place)>,
}

impl Merger {
    /// The band of `target` from its layers, the nearest first.
    pub(super) fn merge(&mut self, target: &Target, layers: &[&BandLimits], diagnostics: &mut Diagnostics) -> Band {
        let mut merged = BandLimits::default();
        let mut depth = [0usize; 5];
        for (rank, layer) in layers.iter().enumerate() {
            for (i, limit) in layer.0.iter().enumerate() {
                if merged.0[i].is_none() && limit.is_some() {
                    merged.0[i].clone_from(limit);
                    depth[i] = rank;
                }
            }
        }
        let Some((lower, upper)) = merged.disorder() else { return merged.band() };
        // Two limits of one layer were told by `check`.
        if depth[lower] != depth[upper]
            && let (Some(low), Some(high)) = (&merged.0[lower], &merged.0[upper])
            && self.told.insert((low.place.clone(), high.place.clone()))
        {
            let (near, far) = if depth[lower] < depth[upper] { (low, high) } else { (high, low) };
            let name = LIMITS[if depth[lower] < depth[upper] { upper } else { lower }];
            diagnostics.push(
                near.place.clone(),
                format!(
                    "band of {} {}: {}; '{name}' comes from {}",
                    target.kind,
                    quote(&target.id),
                    order(lower, low, upper, high),
                    far.place.words()
                ),
            );
        }
        merged.band()
    }
}
