//! Readings that a dashboard would have taken before it was started.

use std::{collections::BTreeMap, time::Duration};

use super::{
    model::{Model, Truth},
    service::SimService,
};
use crate::domain::{BootTime, Kind, Now, Target};

/// Milliseconds in a day.
const DAY: i64 = 86_400_000;

/// A reading as plain values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastReading {
    pub kind: Kind,
    pub id: String,
    /// The name that the service gives; none for what it does not know.
    pub name: Option<String>,
    /// When, by the wall clock, in milliseconds since 1970.
    pub unix_ms: i64,
    /// The same moment on the boot clock of the service's clock; negative where it lies before the boot.
    pub mono: BootTime,
    /// What the service would have said.
    pub truth: Truth,
}

impl PastReading {
    /// What was said of `target`, `age` milliseconds before `now`.
    fn new(target: &Target, name: Option<&str>, now: &Now, age: i64, truth: Truth) -> PastReading {
        PastReading {
            kind: target.kind,
            id: target.id.to_string(),
            name: (truth != Truth::Invalid).then(|| name.unwrap_or_default().to_owned()),
            unix_ms: now.wall.as_millisecond().saturating_sub(age),
            mono: BootTime(now.mono.0 - age),
            truth,
        }
    }
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
        let name = roster.name(target);
        let offset = step * i64::try_from(i).unwrap_or(0) / each + 1;
        let ages = std::iter::successors(Some(offset), |age| Some(age + step)).take_while(|&age| age <= span);
        for age in ages {
            let truth = service.truth(target, BootTime(now.mono.0 - age));
            out.push(PastReading::new(target, name, &now, age, truth));
        }
    }
    out.sort_by_key(|r| r.unix_ms);
    out
}

/// The days before [`history`] begins, `steps` times: from how long ago on, up to how long ago, and one reading in how
/// long. A call centre like this one has worked on each of these days, so that the one of now is not another for it.
pub fn days_before(service: &SimService, steps: &[(Duration, Duration, Duration)]) -> Vec<PastReading> {
    let now = service.clock().now();
    let ms = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX / 4);
    let (options, roster) = (service.options().model, service.roster());
    let opened = now.mono.0.saturating_sub(service.started().0).saturating_add(i64::from(options.lead_s) * 1000);
    let mut days: BTreeMap<i64, Model> = BTreeMap::new();
    let targets = roster.targets();
    let each = i64::try_from(targets.len().max(1)).unwrap_or(1);
    let mut out = Vec::new();
    for &(from, to, step) in steps {
        let (from, to, step) = (ms(from), ms(to), ms(step).max(1));
        for (i, target) in targets.iter().enumerate() {
            let name = roster.name(target);
            let first = to.saturating_add(step * i64::try_from(i).unwrap_or(0) / each);
            for age in std::iter::successors(Some(first), |age| Some(age + step)).take_while(|age| *age < from) {
                let t = opened.saturating_sub(age);
                let seed = options.seed.wrapping_add_signed(t.div_euclid(DAY));
                let model =
                    days.entry(t.div_euclid(DAY)).or_insert_with(|| Model::new(roster.clone(), options.workload, seed));
                // Each has worked for a day before.
                let truth = model.value_at(target, t.rem_euclid(DAY).saturating_add(DAY));
                out.push(PastReading::new(target, name, &now, age, truth));
            }
        }
    }
    out.sort_by_key(|r| r.unix_ms);
    out
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, sync::Arc};

    use super::*;
    use crate::{
        domain::{Clock, ManualClock},
        sim::Scenario,
    };

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn every_target_is_read_once_a_minute_and_truly() {
        let clock = Arc::new(ManualClock::at(jiff::Timestamp::from_second(1_800_000_000).unwrap()));
        let service = Scenario::Calm.service(1, clock.clone());
        let past = history(&service, 180 * MINUTE, MINUTE);
        let now = clock.now();
        assert!(past.windows(2).all(|w| w[0].unix_ms <= w[1].unix_ms));
        let mut by_target: HashMap<Target, Vec<&PastReading>> = HashMap::new();
        for r in &past {
            let target = Target { kind: r.kind, id: r.id.as_str().into() };
            assert_eq!(now.wall.as_millisecond() - r.unix_ms, now.mono.0 - r.mono.0);
            assert_eq!(service.truth(&target, r.mono), r.truth);
            assert_eq!(r.name.is_none(), r.truth == Truth::Invalid);
            by_target.entry(target).or_default().push(r);
        }
        assert_eq!(by_target.len(), 48);
        for readings in by_target.values() {
            assert_eq!(readings.len(), 180);
            assert!(readings.windows(2).all(|w| w[1].unix_ms - w[0].unix_ms == 60_000));
            assert!((0..60_001).contains(&(now.wall.as_millisecond() - readings[179].unix_ms)));
        }
        let values = past.iter().filter(|r| matches!(r.truth, Truth::Secs(_))).count();
        assert!(values > 43 * 170, "{values}");
    }

    #[test]
    fn the_days_before_have_values_in_each_part_and_leave_the_present_as_it_is() {
        let clock = Arc::new(ManualClock::at(jiff::Timestamp::from_second(1_800_000_000).unwrap()));
        let service = Scenario::Calm.service(1, clock.clone());
        let (day, hour) = (24 * 60 * MINUTE, 60 * MINUTE);
        let now = history(&service, 5 * hour, MINUTE);
        let before = days_before(&service, &[(7 * day, 26 * hour, hour), (26 * hour, 5 * hour, 10 * MINUTE)]);
        assert_eq!(history(&service, 5 * hour, MINUTE), now);
        assert_eq!(before.len(), 48 * (142 + 126));
        assert!(before.windows(2).all(|w| w[0].unix_ms <= w[1].unix_ms));
        let wall = clock.now().wall.as_millisecond();
        let ages = |r: &PastReading| wall - r.unix_ms;
        assert!(before.iter().all(|r| ages(r) == clock.now().mono.0 - r.mono.0));
        let (oldest, newest) = (ages(&before[0]), ages(before.last().unwrap()));
        assert!(oldest > 6 * DAY + DAY / 2 && oldest < 7 * DAY && newest >= 5 * 3_600_000, "{oldest} {newest}");
        let name = |r: &PastReading| r.id.clone();
        for d in 0..7 {
            let of_day = before.iter().filter(|r| (d * DAY..(d + 1) * DAY).contains(&ages(r)));
            let values = of_day
                .filter(|r| matches!(r.truth, Truth::Secs(_)))
                .map(name)
                .collect::<std::collections::BTreeSet<_>>();
            assert!(values.len() > 40, "{d}: {}", values.len());
        }
    }

    #[test]
    fn nothing_is_older_than_the_call_centre() {
        let clock = Arc::new(ManualClock::at(jiff::Timestamp::UNIX_EPOCH));
        let service = Scenario::Calm.service(1, clock);
        let past = history(&service, 1_000 * MINUTE, 10 * MINUTE);
        assert_eq!(past.len(), 48 * 36);
    }
}
