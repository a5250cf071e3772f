//! Presets for a demonstration: switches, and what goes wrong when.

use std::{fmt, str::FromStr, sync::Arc};

use super::{
    fault::{Fault, FaultScope, Span},
    model::Workload,
    options::{Latency, ModelOptions, SimOptions},
    service::SimService,
};
use crate::domain::Clock;

/// A day in the life of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Quick answers, nobody else on the account; regimes change by themselves now and then.
    #[default]
    Calm,
    /// More calls, slower answers, some other use of the account; `COLLECT-IN` takes 1.8 times as long from the second
    /// minute on, `RENEWALS` half as long from the fifth.
    Busy,
    /// Other clients make 30 requests a minute.
    Throttled,
    /// Another client generates a token every 30 s, until the account's ten are used up.
    TokenWar,
    /// HTTP 503 for 90 s, the first time after a minute, then every five.
    Outage,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Scenario; 5] =
        [Scenario::Calm, Scenario::Busy, Scenario::Throttled, Scenario::TokenWar, Scenario::Outage];

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Scenario::Calm => "calm",
            Scenario::Busy => "busy",
            Scenario::Throttled => "throttled",
            Scenario::TokenWar => "token-war",
            Scenario::Outage => "outage",
        }
    }

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

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Not the name of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a scenario: choose one of calm, busy, throttled, token-war, outage")]
pub struct UnknownScenario;

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(name: &str) -> Result<Self, UnknownScenario> {
        Scenario::ALL.into_iter().find(|s| s.name() == name).ok_or(UnknownScenario)
    }
}

/// Something that happens by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptStep {
    /// Seconds after the start.
    pub from_s: u64,
    /// And again every so many seconds.
    pub every_s: Option<u64>,
    /// What.
    pub action: Action,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Something goes wrong.
    Fault {
        /// What.
        fault: Fault,
        /// With which requests.
        scope: FaultScope,
        /// For how long.
        span: Span,
    },
    /// A campaign's handling times change.
    Regime {
        /// Its name.
        campaign: String,
        /// As a multiple of the usual mean.
        factor: f64,
    },
}

/// Steps, and which of them have happened.
#[derive(Debug, Default)]
pub(super) struct Script {
    steps: Vec<(ScriptStep, Option<u64>)>,
}

impl Script {
    pub(super) fn new(steps: Vec<ScriptStep>) -> Self {
        Script { steps: steps.into_iter().map(|s| (s, None)).collect() }
    }

    /// What has come due at `ms` after the start, with when. Of a repeated step that was missed several times only the
    /// last happens.
    pub(super) fn due(&mut self, ms: i64) -> Vec<(i64, Action)> {
        let mut out = Vec::new();
        for (step, done) in &mut self.steps {
            let Some(late) = u64::try_from(ms).ok().and_then(|ms| ms.checked_sub(step.from_s * 1000)) else { continue };
            let every = step.every_s.map(|s| s.max(1) * 1000);
            let round = every.map_or(0, |every| late / every);
            if *done != Some(round) {
                *done = Some(round);
                let at = step.from_s * 1000 + every.unwrap_or(0) * round;
                out.push((i64::try_from(at).unwrap_or(i64::MAX), step.action.clone()));
            }
        }
        out.sort_by_key(|d| d.0);
        out
    }
}
