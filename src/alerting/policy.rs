//! The rules of a configuration.

use crate::{
    alert::{Policy, Rules},
    config::Config,
    domain,
};

/// The rules of `config`. They come from the configuration alone, so that they do not change with the weather: how
/// long a sweep takes is reckoned from the number of targets and the budget.
pub fn policy(config: &Config) -> Policy {
    let sweep = config.budget.sweep(config.most_watched()).max(config.poll.min_interval);
    let rules = Rules {
        dwell: config.alert.dwell,
        clear_band: f64::from(config.alert.clear_band_pct) / 100.0,
        warm_up: config.alert.warm_up,
        stale_after: domain::stale_after(sweep, config.poll.min_interval),
    };
    Policy { agents: rules, campaigns: rules, sweep }
}
