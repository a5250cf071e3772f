//! What happens to the service by itself, and when: faults and changes of regime, counted from its start.

use super::fault::{Fault, FaultScope, Span};

/// Something that happens by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptStep {
    /// Seconds after the start.
    pub from_s: u64,
    /// And again every so many seconds.
    pub every_s: Option<u64>,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Something goes wrong.
    Fault { fault: Fault, scope: FaultScope, span: Span },
    /// A campaign's handling times change: a multiple of the usual mean.
    Regime { campaign: String, factor: f64 },
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
            let Some(late) = u64::try_from(ms).ok().and_then(|ms| ms.checked_sub(step.from_s.saturating_mul(1000)))
            else {
                continue;
            };
            let every = step.every_s.map(|s| s.max(1).saturating_mul(1000));
            let round = every.map_or(0, |every| late / every);
            if *done != Some(round) {
                *done = Some(round);
                let at = step.from_s.saturating_mul(1000) + every.unwrap_or(0) * round;
                out.push((i64::try_from(at).unwrap_or(i64::MAX), step.action.clone()));
            }
        }
        out.sort_by_key(|d| d.0);
        out
    }
}
