//! The server's clock as it is here: its time is asked for with calls that are made anyway, and told in between by this
//! machine's boot clock. So ages are right on a machine whose clock is not.

use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::{BootId, BootTime, Clock, Now};
use jiff::Timestamp;

/// A difference beyond this is no matter of the way to the server: a clock was set.
pub(super) const STEP: i64 = 2000;
/// By how much a measurement may be worse than the best one, for each second since that: clocks drift.
const DRIFT_PER_SECOND: i64 = 1;

/// A measurement of the server's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// This machine's boot clock when the call was sent and when its answer was here.
    pub(super) sent: BootTime,
    pub(super) received: BootTime,
    /// What the server said in between.
    pub(super) mono: i64,
    pub(super) wall: i64,
}

#[derive(Clone, Debug)]
struct Known {
    boot: BootId,
    /// What is added to this machine's boot clock.
    mono: i64,
    wall: i64,
    /// How long the call took that told so, and when.
    trip: i64,
    at: BootTime,
}

/// See the module.
#[derive(Debug)]
pub(super) struct ServerClock {
    local: Arc<dyn Clock>,
    known: RwLock<Option<Known>>,
}

impl ServerClock {
    pub(super) fn new(local: Arc<dyn Clock>) -> Self {
        ServerClock { local, known: RwLock::new(None) }
    }

    fn known(&self) -> Option<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// By how much the server's clock was set forward since the last measurement: what the way to it cannot explain.
    pub(super) fn stepped(&self, sample: &Sample) -> Option<i64> {
        let known = self.known()?;
        let ahead = sample.mono - sample.received.0 - known.mono;
        (ahead > STEP).then_some(ahead)
    }

    /// Takes in a measurement of the clock of `boot`: the one of the shortest trip counts, until it is old.
    pub(super) fn measured(&self, boot: &BootId, sample: &Sample) {
        let middle = sample.sent.0 + (sample.received.0 - sample.sent.0) / 2;
        let trip = sample.received.0 - sample.sent.0;
        let fresh = Known {
            boot: boot.clone(),
            mono: sample.mono - middle,
            wall: sample.wall - middle,
            trip,
            at: sample.received,
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let better = known.as_ref().is_none_or(|old| {
            let age = (sample.received.0 - old.at.0) / 1000;
            old.boot != fresh.boot
                || trip <= old.trip + age * DRIFT_PER_SECOND
                || (fresh.mono - old.mono).abs() > STEP.max(trip)
                || (fresh.wall - old.wall).abs() > STEP.max(trip)
        });
        if better {
            *known = Some(fresh);
        }
    }
}

impl Clock for ServerClock {
    /// Before the server was ever reached: this machine's own time.
    fn now(&self) -> Now {
        let here = self.local.now();
        match self.known() {
            None => here,
            Some(known) => Now {
                boot: known.boot,
                mono: BootTime(here.mono.0 + known.mono),
                wall: Timestamp::from_millisecond(here.mono.0 + known.wall).unwrap_or(here.wall),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::ManualClock;

    #[test]
    fn the_shortest_trip_tells_the_time_whatever_this_machine_says() {
        let local = Arc::new(ManualClock::at(Timestamp::from_second(1_770_000_000).unwrap()));
        let clock = ServerClock::new(local.clone());
        assert_eq!(clock.now(), local.now());
        let boot = BootId("epoch".into());
        let sample = |trip: i64, mono: i64| Sample {
            sent: BootTime(local.now().mono.0 - trip),
            received: local.now().mono,
            mono,
            wall: 1_770_003_600_000 + mono,
        };
        clock.measured(&boot, &sample(20, 5_000_000));
        assert_eq!((clock.now().boot, clock.now().mono), (boot.clone(), BootTime(5_000_010)));
        assert_eq!(clock.now().wall.as_millisecond(), 1_770_003_600_000 + 5_000_010);
        // A slow call tells less, and nothing of a step.
        local.advance(Duration::from_millis(900));
        let slow = sample(900, 5_000_100);
        assert_eq!(clock.stepped(&slow), None);
        clock.measured(&boot, &slow);
        assert_eq!(clock.now().mono, BootTime(5_000_910));
        // Set forward by an hour: that no trip explains.
        let stepped = sample(900, 8_600_910);
        assert_eq!(clock.stepped(&stepped), Some(3_600_000));
        clock.measured(&boot, &stepped);
        assert!(clock.now().mono >= BootTime(8_600_910));
    }
}
