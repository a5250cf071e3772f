//! The rules of a configuration.

use std::time::Duration;

use crate::{
    alert::{Policy, Rules},
    app::rows,
    config::Config,
};

/// The rules of `config`. They come from the configuration alone, so that they do not change with the weather: how
/// long a sweep takes is reckoned from the number of targets and the budget.
pub fn policy(config: &Config) -> Policy {
    let targets = u64::try_from(config.watch.len()).unwrap_or(u64::MAX);
    let full = Duration::from_secs(targets.saturating_mul(60) / u64::from(config.budget.usable().max(1)));
    let sweep = full.max(config.poll.min_interval);
    let rules = Rules {
        dwell: config.alert.dwell,
        clear_band: f64::from(config.alert.clear_band_pct) / 100.0,
        warm_up: config.alert.warm_up,
        stale_after: rows::stale_rule(sweep, config.poll.min_interval),
    };
    Policy { agents: rules, campaigns: rules, sweep }
}
