//! Rules and facts of the service that several rooms go by, each of them said once.

use std::time::Duration;

/// The service averages over the calls that ended within this time. Readings that lie further apart share no call.
pub const AHT_WINDOW: Duration = Duration::from_secs(2 * 3600);

/// Tokens that the service generates for an account in an hour, for all programs together.
pub const GENERATIONS_PER_HOUR: u32 = 10;

/// A poller that said nothing for so long is silent: it speaks every few seconds, also while it waits.
pub const SILENT_AFTER: Duration = Duration::from_secs(30);

/// From which age on a reading is stale: three cycles (a target may wait its turn and miss one answer), twice the
/// smallest interval, and never less than three minutes.
pub fn stale_after(cycle: Duration, min_interval: Duration) -> Duration {
    cycle.saturating_mul(3).max(min_interval.saturating_mul(2)).max(Duration::from_secs(180))
}
