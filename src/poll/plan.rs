//! What a configuration costs, without asking anybody: requests a minute, how old values get, and what would help.
//!
//! Pure arithmetic over the targets and the budget. The factors that are not arithmetic were measured, see
//! `docs/src/schedule.md`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use crate::{
    config::{Budget, Watched},
    domain::{AHT_WINDOW, Aht, Kind, Series},
    poll::schedule::{REST, REST_ROUNDS},
};

/// Mean age in cycles, where all requests are used: somewhat above an even sweep's half, since quiet rows wait longer.
const MEAN_AGE: f64 = 0.63;
/// The same where `min_interval` binds: every row is asked when it may be.
const MEAN_AGE_AT_LEISURE: f64 = 0.5;
/// Error of the schedule as a part of an even sweep's, where all requests are used.
const GAIN: f64 = 0.7;
/// The bound on any age, in cycles.
const OLDEST: u32 = 3;
/// With fewer readings in a window most changes of a row are never seen singly.
const FEW_READINGS: f64 = 12.0;
/// A group of fewer agents than this is not worth giving up.
const MANY_AGENTS: usize = 5;

/// What a configuration costs and gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Campaigns that take turns.
    pub campaigns: usize,
    /// Agents that take turns.
    pub agents: usize,
    /// Agents that cannot change for now: they are asked rarely.
    pub resting: usize,
    /// Requests a minute for the list of who is logged in.
    pub looks: f64,
    /// Requests a minute that are sent when all goes well.
    pub rate: f64,
    /// Requests a minute of the account's limit that are left for others, those of the reserve included.
    pub left: f64,
    /// The time in which everybody has had a turn, in an even sweep.
    pub cycle: Duration,
    /// Mean age of a shown value.
    pub mean_age: Duration,
    /// No value gets older while all goes well.
    pub oldest_age: Duration,
    /// Readings of one target within the two hours that its value is about.
    pub readings: f64,
    /// What would help, most helpful first.
    pub advice: Vec<Advice>,
}

/// A change of the configuration, and what it would do: pairs are what is and what would be.
#[derive(Clone, Debug, PartialEq)]
pub enum Advice {
    /// Watch a campaign alone, without the agents of its group.
    Campaign { campaign: Arc<str>, group: Arc<str>, agents: usize, cycle: (Duration, Duration) },
    /// Leave nothing to others, instead of this reserve.
    Reserve { reserve: u32, cycle: (Duration, Duration) },
    /// A `min_interval` as short as the budget allows would use requests that are left over; requests a minute.
    MinInterval { interval: (Duration, Duration), rate: (f64, f64) },
    /// So many rows that each is read only a few times in its window; with so many targets it would be enough.
    TooMany { readings: f64, targets: usize },
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Advice::Campaign { campaign, group, agents, cycle: (a, b) } => {
                write!(
                    f,
                    "if the {agents} agents of group {group} work for campaign {campaign} alone, watch the campaign without \
                     them: cycle {} → {}",
                    time(*a),
                    time(*b)
                )
            }
            Advice::Reserve { reserve, cycle: (a, b) } => {
                write!(f, "without the reserve of {reserve} requests a minute: cycle {} → {}", time(*a), time(*b))
            }
            Advice::MinInterval { interval: (a, b), rate: (from, to) } => write!(
                f,
                "min_interval {} → {} would use {to:.0} instead of {from:.0} requests a minute",
                time(*a),
                time(*b)
            ),
            Advice::TooMany { readings, targets } => {
                write!(f, "{readings:.0} readings in two hours are few: with {targets} watched, each would have 12")
            }
        }
    }
}

/// `M:SS`, as AHTs are shown.
fn time(d: Duration) -> Aht {
    Aht::from_secs(u32::try_from((d.as_millis() + 500) / 1000).unwrap_or(u32::MAX))
}

/// How long an even sweep of `n` targets takes at `rate` requests a minute.
pub fn cycle(n: usize, rate: f64, min_interval: Duration) -> Duration {
    let by_rate = Duration::try_from_secs_f64(60.0 / rate.max(0.1) * n as f64).unwrap_or(Duration::MAX);
    if n == 0 { Duration::ZERO } else { by_rate.max(min_interval) }
}

/// What is known of who is logged in, and what that costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Logins {
    /// How often the list is asked for; `None`: never.
    pub interval: Option<Duration>,
    /// How many of the agents that are watched cannot change for now.
    pub resting: usize,
}

impl Logins {
    /// Requests a minute for the list.
    fn looks(self) -> f64 {
        self.interval.map_or(0.0, |interval| 60.0 / interval.as_secs_f64().max(1.0))
    }

    /// Requests a minute of `usable` ones that are left for rows that take turns, of `watched` ones.
    fn left(self, usable: f64, watched: usize) -> f64 {
        let usable = (usable - self.looks()).max(0.1);
        let round = watched as f64 * 60.0 / usable;
        let checks = 60.0 * self.resting as f64 / (REST.as_secs_f64() + REST_ROUNDS * round);
        (usable - checks).max(usable / 10.0)
    }
}

/// Works it out for all that is watched.
pub fn plan(watch: &[Watched], budget: Budget, min_interval: Duration, logins: Logins) -> Plan {
    let watched = watch.len();
    let campaigns = watch.iter().filter(|w| w.target.kind == Kind::Campaign).count();
    let resting = logins.resting.min(watched - campaigns);
    let logins = Logins { resting, ..logins };
    let n = watched - resting;
    let usable = logins.left(f64::from(budget.usable()), watched);
    let now = cycle(n, usable, min_interval);
    let per_minute =
        |cycle: Duration, n: usize| if n == 0 { 0.0 } else { n as f64 * 60.0 / cycle.as_secs_f64().max(1e-3) };
    let rate = per_minute(now, n).min(usable);
    let busy = cycle(n, usable, Duration::ZERO) >= min_interval;
    let readings = if n == 0 { 0.0 } else { AHT_WINDOW.as_secs_f64() / now.as_secs_f64().max(1e-3) };
    let mut advice = Vec::new();
    if readings < FEW_READINGS && busy && n > 0 {
        let targets = (AHT_WINDOW.as_secs_f64() / FEW_READINGS * usable / 60.0) as usize;
        advice.push(Advice::TooMany { readings, targets });
    }
    if busy {
        advice.extend(campaigns_instead(watch, (n, usable), min_interval, now));
        if budget.reserve > 0 {
            let all = logins.left(f64::from(budget.requests_per_minute.max(1)), watched);
            let then = cycle(n, all, min_interval);
            advice.push(Advice::Reserve { reserve: budget.reserve, cycle: (now, then) });
        }
    } else if n > 0 {
        let shortest = cycle(n, usable, Duration::from_secs(1));
        advice.push(Advice::MinInterval { interval: (min_interval, shortest), rate: (rate, per_minute(shortest, n)) });
    }
    // What is sent besides, for the list and for rows that rest.
    let sent = rate + f64::from(budget.usable()) - usable;
    Plan {
        campaigns,
        agents: n - campaigns,
        resting,
        looks: logins.looks(),
        rate: sent,
        left: (f64::from(budget.requests_per_minute) - sent).max(0.0),
        cycle: now,
        mean_age: now.mul_f64(if busy { MEAN_AGE } else { MEAN_AGE_AT_LEISURE }),
        oldest_age: now.saturating_mul(OLDEST),
        readings,
        advice,
    }
}

/// For each group with many agents that is a watched campaign's what the campaign alone would do, the largest group
/// first. A group is a campaign's where it has its name, or has it and no other campaign in it: any other group may be
/// of people who work on something else.
fn campaigns_instead(watch: &[Watched], (n, rate): (usize, f64), min_interval: Duration, now: Duration) -> Vec<Advice> {
    let mut groups: BTreeMap<&Arc<str>, (usize, BTreeSet<&Arc<str>>)> = BTreeMap::new();
    for w in watch {
        for group in &w.groups {
            let (agents, campaigns) = groups.entry(group).or_default();
            match w.target.kind {
                Kind::Agent => *agents += 1,
                Kind::Campaign => drop(campaigns.insert(&w.target.id)),
            }
        }
    }
    let campaigns = watch.iter().filter(|w| w.target.kind == Kind::Campaign).map(|w| &w.target.id);
    let names: BTreeSet<&Arc<str>> = campaigns.collect();
    let its = |group: &Arc<str>, inside: &BTreeSet<&Arc<str>>| match (names.get(group), inside.len()) {
        (Some(named), _) => Some(Arc::clone(named)),
        (None, 1) => inside.first().map(|only| Arc::clone(only)),
        _ => None,
    };
    let mut groups: Vec<_> = groups
        .into_iter()
        .filter(|(_, (agents, _))| *agents >= MANY_AGENTS)
        .filter_map(|(group, (agents, inside))| Some((its(group, &inside)?, group, agents)))
        .collect();
    groups.sort_by_key(|(_, _, agents)| std::cmp::Reverse(*agents));
    groups
        .into_iter()
        .map(|(campaign, group, agents)| {
            // Of how many of them rest nothing is known here: as many as of all others.
            let taking_turns = (agents * n).div_ceil(watch.len().max(1));
            let then = cycle(n.saturating_sub(taking_turns), rate, min_interval);
            Advice::Campaign { campaign, group: group.clone(), agents, cycle: (now, then) }
        })
        .filter(|a| !matches!(a, Advice::Campaign { cycle: (a, b), .. } if b >= a))
        .collect()
}

/// The mean error in seconds that rows like these would show if each was read once in `cycle`, from what was stored of
/// them; *no calls* counts as 0. `None` where nothing is stored over so long a time.
///
/// Taken from how far two readings a cycle apart differ: the error of a value grows from nothing to that.
pub fn expected_error<'a>(histories: impl IntoIterator<Item = &'a Series>, cycle: Duration, busy: bool) -> Option<f64> {
    if cycle.is_zero() {
        return None;
    }
    let means: Vec<f64> = histories.into_iter().filter_map(|series| mean_difference(series, cycle)).collect();
    let gain = if busy { GAIN } else { 1.0 };
    (!means.is_empty()).then(|| means.iter().sum::<f64>() / means.len() as f64 / 2.0 * gain)
}

/// How far readings `lag` apart differ on average; those further apart count for less, none from more than four lags.
fn mean_difference(series: &Series, lag: Duration) -> Option<f64> {
    let points: Vec<_> = series.points().collect();
    let value = |aht: Option<Aht>| aht.map_or(0.0, |a| f64::from(a.secs()));
    let (mut sum, mut count, mut j) = (0.0, 0u32, 0);
    for p in &points {
        while points.get(j).is_some_and(|q| q.at.since(p.at) < lag) {
            j += 1;
        }
        let Some(q) = points.get(j) else { break };
        let apart = q.at.since(p.at);
        if apart <= lag.saturating_mul(4) {
            sum += (value(q.aht) - value(p.aht)).abs() * lag.as_secs_f64() / apart.as_secs_f64().max(1e-3);
            count += 1;
        }
    }
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Band, BootTime, Target};
    use proptest::prelude::*;

    const BUDGET: Budget = Budget { requests_per_minute: 50, reserve: 5 };
    const MIN: Duration = Duration::from_secs(15);

    fn watched(target: Target, groups: &[&str]) -> Watched {
        let groups = groups.iter().map(|g| Arc::from(*g)).collect();
        Watched { target, label: None, groups, band: Band::default(), origin: "".into() }
    }

    fn watch(agents: usize, group: &str, others: usize) -> Vec<Watched> {
        (0..agents)
            .map(|i| watched(Target::agent(format!("a{i}")), &[group]))
            .chain((0..others).map(|i| watched(Target::agent(format!("b{i}")), &[])))
            .collect()
    }

    #[test]
    fn a_busy_budget_is_divided_among_all() {
        let plan = plan(&watch(60, "SURVEY", 129), BUDGET, MIN, Logins::default());
        assert_eq!((plan.agents, plan.campaigns, plan.rate, plan.left), (189, 0, 45.0, 5.0));
        assert_eq!(plan.cycle, Duration::from_secs(252));
        assert_eq!(plan.oldest_age, Duration::from_secs(756));
        assert_eq!(plan.mean_age.as_secs(), 158);
        assert_eq!(plan.readings.floor(), 28.0);
        let advice: Vec<String> = plan.advice.iter().map(ToString::to_string).collect();
        // A group is not a campaign's because it is large.
        assert_eq!(advice, ["without the reserve of 5 requests a minute: cycle 4:12 → 3:47"]);
    }

    #[test]
    fn a_campaign_that_is_watched_already_costs_nothing_more() {
        let mut watch = watch(60, "SURVEY", 129);
        watch.push(watched(Target::campaign("SURVEY"), &[]));
        let plan = plan(&watch, BUDGET, MIN, Logins::default());
        assert_eq!(plan.campaigns, 1);
        assert_eq!(
            plan.advice[0].to_string(),
            "if the 60 agents of group SURVEY work for campaign SURVEY alone, watch the campaign without them: cycle \
             4:13 → 2:53"
        );
    }

    #[test]
    fn a_group_is_that_of_the_one_campaign_in_it() {
        let mut watch = watch(60, "floor", 129);
        let advised = |watch: &[Watched]| {
            let advice = plan(watch, BUDGET, MIN, Logins::default()).advice;
            advice.into_iter().find_map(|a| match a {
                Advice::Campaign { campaign, group, .. } => Some(format!("{campaign} {group}")),
                _ => None,
            })
        };
        watch.push(watched(Target::campaign("SURVEY"), &[]));
        assert_eq!(advised(&watch), None);
        watch.push(watched(Target::campaign("RENEW"), &["floor"]));
        assert_eq!(advised(&watch).as_deref(), Some("RENEW floor"));
        watch.push(watched(Target::campaign("COLLECT"), &["floor"]));
        assert_eq!(advised(&watch), None, "whose of the two?");
    }

    #[test]
    fn few_targets_leave_budget_and_that_is_said() {
        let plan = plan(&watch(20, "SURVEY", 0), BUDGET, Duration::from_secs(60), Logins::default());
        assert_eq!((plan.rate, plan.left, plan.cycle), (20.0, 30.0, Duration::from_secs(60)));
        assert_eq!(plan.advice[0].to_string(), "min_interval 1:00 → 0:27 would use 45 instead of 20 requests a minute");
    }

    #[test]
    fn who_rests_leaves_its_turns_to_the_others() {
        let logins = Logins { interval: Some(Duration::from_secs(60)), resting: 100 };
        let plan = plan(&watch(0, "", 180), BUDGET, MIN, logins);
        // One request for the list, and of 44 those for 100 rows every 600 s and one and a half rounds of 4:05.
        let checks = 60.0 * 100.0 / (600.0 + 1.5 * 180.0 * 60.0 / 44.0);
        assert_eq!((plan.agents, plan.resting, plan.looks), (80, 100, 1.0));
        let cycle = 80.0 * 60.0 / (44.0 - checks);
        assert!((plan.cycle.as_secs_f64() - cycle).abs() < 0.01, "{plan:?}");
        assert!((plan.rate - 45.0).abs() < 1e-6 && (plan.left - 5.0).abs() < 1e-6, "{plan:?}");
        // More cannot rest than there are.
        let all = super::plan(&watch(0, "", 20), BUDGET, MIN, Logins { resting: 30, ..logins });
        assert_eq!((all.agents, all.resting, all.cycle), (0, 20, Duration::ZERO));
        assert!(all.rate < 4.0 && all.left > 46.0, "{all:?}");
    }

    #[test]
    fn a_thousand_targets_are_too_many() {
        let plan = plan(&watch(0, "", 1000), BUDGET, MIN, Logins::default());
        assert_eq!(plan.advice[0].to_string(), "5 readings in two hours are few: with 450 watched, each would have 12");
    }

    #[test]
    fn the_error_is_half_of_what_a_cycle_changes() {
        let mut series = Series::default();
        for i in 0..100 {
            // Up by 10 s each minute.
            series.push(BootTime(i * 60_000), Some(Aht::from_secs(100 + 10 * i as u32)));
        }
        let error = expected_error([&series], Duration::from_secs(120), false);
        assert!((error.unwrap() - 10.0).abs() < 1e-9, "{error:?}");
        let error = expected_error([&series], Duration::from_secs(30), false);
        assert!((error.unwrap() - 2.5).abs() < 1e-9, "{error:?}");
        assert_eq!(expected_error([&Series::default()], MIN, false), None);
        assert_eq!(expected_error([&series], Duration::from_secs(36_000), true), None);
    }

    proptest! {
        #[test]
        fn any_budget_has_a_plan(
            agents in 0usize..300,
            limit in 0u32..100,
            reserve in 0u32..100,
            interval in 0u64..10_000,
            resting in 0usize..400,
            looks in prop::option::of(0u64..1000),
        ) {
            let budget = Budget { requests_per_minute: limit, reserve };
            let plan = plan(&watch(agents, "G", agents / 2), budget, Duration::from_secs(interval), Logins { interval: looks.map(Duration::from_secs), resting });
            prop_assert!(plan.rate >= 0.0 && plan.rate <= f64::from(limit.max(1)));
            prop_assert!(plan.mean_age <= plan.oldest_age);
        }
    }
}
