//! Readings that a dashboard would have taken before it was started.

use std::time::Duration;

use super::{model::Truth, service::SimService};
use crate::domain::{Kind, Mono};

/// A reading as plain values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastReading {
    /// Agent or campaign.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// The name that the service gives; none for what it does not know.
    pub name: Option<String>,
    /// When, by the wall clock, in milliseconds since 1970.
    pub unix_ms: i64,
    /// The same moment on the boot clock of the service's clock; negative where it lies before the boot.
    pub mono: Mono,
    /// What the service would have said.
    pub truth: Truth,
}

/// One reading of each of the roster's targets every `step` over the last `span`, evenly spread as a poller would, in
/// order of time; none from before the call centre opened. The last ones are less than a step old.
pub fn history(service: &SimService, span: Duration, step: Duration) -> Vec<PastReading> {
    let now = service.clock().now();
    let ms = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX / 4);
    let (step, roster) = (ms(step).max(1), service.roster());
    let lead = i64::from(service.options().model.lead_s) * 1000;
    let span = ms(span).min(now.mono.0.saturating_sub(service.started().0).saturating_add(lead));
    let targets = roster.targets();
    let each = i64::try_from(targets.len().max(1)).unwrap_or(1);
    let mut out = Vec::new();
    for (i, target) in targets.iter().enumerate() {
        let offset = step * i64::try_from(i).unwrap_or(0) / each + 1;
        let ages = std::iter::successors(Some(offset), |age| Some(age + step)).take_while(|&age| age <= span);
        for age in ages {
            let at = Mono(now.mono.0 - age);
            let truth = service.truth(target, at);
            out.push(PastReading {
                kind: target.kind,
                id: target.id.to_string(),
                name: (truth != Truth::Invalid).then(|| roster.name(target).unwrap_or_default().to_owned()),
                unix_ms: now.wall.as_millisecond().saturating_sub(age),
                mono: at,
                truth,
            });
        }
    }
    out.sort_by_key(|r| r.unix_ms);
    out
}
