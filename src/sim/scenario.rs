//! Presets for a demonstration: switches, and what goes wrong when.

use std::sync::Arc;

use clap::ValueEnum;

use super::{
    fault::{Fault, FaultScope, Span},
    model::Workload,
    options::{Latency, ModelOptions, SimOptions},
    script::{Action, ScriptStep},
    service::SimService,
};
use crate::domain::Clock;

/// What happens in the simulated call centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// A quiet day
    Calm,
    /// Many calls, some agents far outside of their band
    Busy,
    /// Other clients use the account's limit too
    Throttled,
    /// Another client generates tokens and so invalidates ours
    TokenWar,
    /// The service fails and comes back
    Outage,
}

impl Scenario {
    /// The switches that differ from the defaults, and the defaults.
    pub fn options(self, seed: u64) -> SimOptions {
        let busy = self == Scenario::Busy;
        let workload = if busy {
            Workload { gap_min_s: 15, gap_max_s: 240, regime_a_day: 1.0, ..Workload::default() }
        } else {
            Workload::default()
        };
        let latency =
            if busy { Latency::LongTail { median_ms: 700 } } else { Latency::Uniform { min_ms: 60, max_ms: 400 } };
        SimOptions {
            model: ModelOptions { seed, workload, ..ModelOptions::default() },
            latency,
            ..SimOptions::default()
        }
    }

    /// What happens when, counted from the start.
    pub fn script(self) -> Vec<ScriptStep> {
        let fault = |fault, from_s, every_s, lasts_s: Option<u64>| ScriptStep {
            from_s,
            every_s,
            action: Action::Fault {
                fault,
                scope: FaultScope::All,
                span: lasts_s.map_or(Span::UntilCleared, |s| Span::Millis(s * 1000)),
            },
        };
        let regime = |campaign: &str, factor, from_s| ScriptStep {
            from_s,
            every_s: None,
            action: Action::Regime { campaign: campaign.into(), factor },
        };
        match self {
            Scenario::Calm => Vec::new(),
            Scenario::Busy => vec![
                fault(Fault::ForeignUse { per_minute: 4 }, 0, None, None),
                regime("COLLECT-IN", 1.8, 60),
                regime("RENEWALS", 0.5, 240),
            ],
            Scenario::Throttled => vec![fault(Fault::ForeignUse { per_minute: 30 }, 0, None, None)],
            Scenario::TokenWar => vec![fault(Fault::ForeignMint { every_s: 30 }, 30, None, None)],
            Scenario::Outage => vec![fault(Fault::Status(503), 60, Some(300), Some(90))],
        }
    }

    /// The service with the demo's roster, playing this.
    pub fn service(self, seed: u64, clock: Arc<dyn Clock>) -> SimService {
        SimService::new(self.options(seed), clock).with_script(self.script())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        domain::{ManualClock, Target},
        sim::{SimRequest, Truth},
    };

    fn play(scenario: Scenario) -> (SimService, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(jiff::Timestamp::UNIX_EPOCH));
        (scenario.service(1, clock.clone()), clock)
    }

    #[test]
    fn an_outage_lasts_ninety_seconds_and_comes_back_every_five_minutes() {
        let (service, clock) = play(Scenario::Outage);
        let ill: Vec<u64> = (0..720u64)
            .filter(|_| {
                let status = service.handle(&SimRequest::new("POST", "/ca_apis/aht")).status;
                clock.advance(Duration::from_secs(1));
                status == 503
            })
            .collect();
        let expected: Vec<u64> = (60..150).chain(360..450).chain(660..720).collect();
        assert_eq!(ill, expected);
    }

    #[test]
    fn an_outage_that_was_missed_altogether_does_not_come_late() {
        let (service, clock) = play(Scenario::Outage);
        clock.advance(Duration::from_secs(300));
        assert_eq!(service.faults(), [""; 0]);
        clock.advance(Duration::from_secs(70));
        assert_eq!(service.faults(), ["status"]);
        clock.advance(Duration::from_secs(80));
        assert_eq!(service.faults(), [""; 0]);
    }

    #[test]
    fn others_take_thirty_a_minute_or_all_tokens() {
        let (service, clock) = play(Scenario::Throttled);
        clock.advance(Duration::from_secs(600));
        assert_eq!(service.counters().foreign_requests, 301);
        assert_eq!(service.counters().max_in_60s_with_foreign, 30);
        let (service, clock) = play(Scenario::TokenWar);
        clock.advance(Duration::from_secs(95));
        assert_eq!(service.counters().foreign_minted, 3);
        clock.advance(Duration::from_secs(600));
        assert_eq!(service.counters().foreign_minted, 10);
        let (service, clock) = play(Scenario::Calm);
        clock.advance(Duration::from_secs(600));
        assert_eq!((service.counters().foreign_requests, service.faults().len()), (0, 0));
    }

    #[test]
    fn a_busy_day_makes_one_campaign_longer_and_another_shorter() {
        let (busy, clock) = play(Scenario::Busy);
        let quiet = SimService::new(Scenario::Busy.options(1), clock.clone());
        clock.advance(Duration::from_secs(3 * 3600));
        let now = clock.now().mono;
        let of = |s: &SimService, name: &str| match s.truth(&Target::campaign(name), now) {
            Truth::Secs(secs) => secs,
            other => panic!("{other:?}"),
        };
        assert!(of(&busy, "COLLECT-IN") * 10 > of(&quiet, "COLLECT-IN") * 14);
        assert!(of(&busy, "RENEWALS") * 10 < of(&quiet, "RENEWALS") * 7);
        assert_eq!(of(&busy, "WINBACK"), of(&quiet, "WINBACK"));
    }
}
