//! A call centre: agents on shifts who make outbound calls for campaigns, and the mean handling time that the service
//! would report for each of them.
//!
//! Time is in milliseconds since the model's start, which is midnight there. Calls are generated forward as far as
//! somebody asks, and are the same whatever is asked in which order; only a commanded change of regime alters what has
//! not happened yet.

mod calls;
mod names;
mod roster;
mod shift;

use std::{collections::HashMap, time::Duration};

use rand::{Rng, RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use rand_distr::{Distribution, LogNormal};
use serde::{Deserialize, Serialize};

use self::{calls::Calls, shift::DAY};
use crate::domain::{Kind, Target};

pub use calls::Truth;
pub use roster::{GROUPS, Roster, RosterAgent, RosterCampaign};
pub use shift::Shift;

/// How the work flows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Workload {
    /// Coefficient of variation of one handling time, above 0; 0.8 unless told.
    pub call_cv: f64,
    /// Shortest gap between calls in seconds; 30 unless told.
    pub gap_min_s: u32,
    /// Longest gap between calls in seconds; 900 unless told.
    pub gap_max_s: u32,
    /// Probability of a change of regime in a campaign's day, 0 to 1; 0.5 unless told.
    pub regime_a_day: f64,
}

impl Default for Workload {
    fn default() -> Self {
        Workload { call_cv: 0.8, gap_min_s: 30, gap_max_s: 900, regime_a_day: 0.5 }
    }
}

/// How somebody is who is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginState {
    /// Waits for a call.
    Ready,
    /// In a call.
    Busy,
    Break,
}

#[derive(Debug)]
pub struct Model {
    roster: Roster,
    workload: Workload,
    /// A handling time of mean 1.
    unit: Option<LogNormal<f64>>,
    window: i64,
    /// Everything that begins up to here has been generated.
    horizon: i64,
    campaigns: Vec<CampaignRun>,
    agents: Vec<AgentRun>,
    by_target: HashMap<Target, usize>,
}

#[derive(Debug)]
struct CampaignRun {
    rng: Xoshiro256PlusPlus,
    /// The day's own changes of regime: from when, and the factor on the mean.
    drift: Vec<(i64, f64)>,
    drift_days: i64,
    commands: Vec<(i64, f64)>,
    calls: Calls,
}

#[derive(Debug)]
struct AgentRun {
    rng: Xoshiro256PlusPlus,
    /// When the next call begins.
    next: i64,
    calls: Calls,
    /// How many of `calls` the campaign has.
    merged: usize,
}

impl Model {
    /// Opens the call centre. The same roster, workload and seed give the same calls.
    pub fn new(roster: Roster, workload: Workload, seed: u64) -> Model {
        let rng = |kind: u64, i: usize| {
            Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (kind << 32) ^ i as u64)
        };
        let campaigns = (0..roster.campaigns.len())
            .map(|i| CampaignRun {
                rng: rng(1, i),
                drift: Vec::new(),
                drift_days: 0,
                commands: Vec::new(),
                calls: Calls::default(),
            })
            .collect();
        let agents = roster.agents.iter().enumerate().map(|(i, a)| {
            let mut rng = rng(2, i);
            let works = a.takes_calls && a.exists && a.campaign < roster.campaigns.len();
            let next = if works { a.shift.next_working(gap(&workload, &mut rng)) } else { i64::MAX };
            AgentRun { rng, next, calls: Calls::default(), merged: 0 }
        });
        let agents = agents.collect();
        let known = |t: &Target| t.kind == Kind::Campaign || roster.agents.iter().any(|a| *a.id == *t.id && a.exists);
        let by_target = (0..roster.campaigns.len())
            .chain(0..roster.agents.len())
            .zip(roster.targets())
            .filter(|(_, t)| known(t))
            .map(|(i, t)| (t, i))
            .collect();
        let sane = if workload.call_cv.is_finite() { workload.call_cv.clamp(0.01, 5.0) } else { 0.8 };
        let unit = LogNormal::from_mean_cv(1.0, sane).ok();
        Model { roster, workload, unit, window: 7_200_000, horizon: -1, campaigns, agents, by_target }
    }

    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// How far back calls count; two hours unless told.
    pub fn set_window(&mut self, window: Duration) {
        self.window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX / 4).clamp(1, i64::MAX / 4);
    }

    /// From `t` on, the handling times of `campaign` are `factor` times its usual mean, until the next command. Calls
    /// that have begun are not changed: a time that was generated already becomes the earliest possible one. Returns
    /// from when the command holds, `None` where there is no such campaign or the factor is not a positive number.
    pub fn command(&mut self, campaign: &str, factor: f64, t: i64) -> Option<i64> {
        let &i = self.by_target.get(&Target::campaign(campaign))?;
        if !(factor.is_finite() && factor > 0.0) {
            return None;
        }
        let at = t.max(self.horizon.saturating_add(1));
        let commands = &mut self.campaigns.get_mut(i)?.commands;
        let place = commands.partition_point(|c| c.0 <= at);
        commands.insert(place, (at, factor));
        Some(at)
    }

    /// What the service reports for `target` at `t`.
    pub fn value_at(&mut self, target: &Target, t: i64) -> Truth {
        self.advance(t);
        let window = self.window;
        self.calls(target).map_or(Truth::Invalid, |c| c.mean(t, window))
    }

    /// The value of `target` at `from`, and each change in `(from, to]` with its time.
    pub fn changes(&mut self, target: &Target, from: i64, to: i64) -> Vec<(i64, Truth)> {
        self.advance(to.max(from));
        let window = self.window;
        self.calls(target).map_or_else(|| vec![(from, Truth::Invalid)], |c| c.changes(from, to, window))
    }

    /// How each agent of the roster is at `t`: by the shift, so that a last call can outlast the login. `None` is logged
    /// out.
    pub fn logins(&mut self, t: i64) -> Vec<Option<LoginState>> {
        self.advance(t);
        let one = |(run, agent): (&AgentRun, &RosterAgent)| {
            let on_break = agent.shift.on_break(t)?;
            let next = run.calls.first_after(t).is_some_and(|(end, long)| end - long.cast_signed() <= t);
            Some(match (next, on_break) {
                (true, _) => LoginState::Busy,
                (false, true) => LoginState::Break,
                (false, false) => LoginState::Ready,
            })
        };
        self.agents.iter().zip(&self.roster.agents).map(one).collect()
    }

    fn calls(&self, target: &Target) -> Option<&Calls> {
        let &i = self.by_target.get(target)?;
        match target.kind {
            Kind::Campaign => self.campaigns.get(i).map(|c| &c.calls),
            Kind::Agent => self.agents.get(i).map(|a| &a.calls),
        }
    }

    /// Generates all that begins up to `to`.
    fn advance(&mut self, to: i64) {
        if to <= self.horizon {
            return;
        }
        for campaign in &mut self.campaigns {
            campaign.drift_to(to, self.workload.regime_a_day);
        }
        for (agent, plan) in self.agents.iter_mut().zip(&self.roster.agents) {
            let (Some(campaign), Some(about)) =
                (self.campaigns.get(plan.campaign), self.roster.campaigns.get(plan.campaign))
            else {
                continue;
            };
            while agent.next <= to {
                let mean_ms = f64::from(about.mean_s) * 1000.0 * plan.pace * campaign.factor(agent.next);
                let one = self.unit.map_or(1.0, |d| d.sample(&mut agent.rng));
                // No call is shorter than two seconds or longer than four hours.
                let long = (mean_ms * one).clamp(2_000.0, 14_400_000.0) as i64;
                let end = agent.next + long;
                agent.calls.push(end, long.unsigned_abs());
                agent.next = plan.shift.next_working(end + gap(&self.workload, &mut agent.rng));
            }
        }
        self.merge(to);
        self.horizon = to;
    }

    /// Gives the campaigns the calls that ended by `to`. All of them are known: a later call ends later.
    fn merge(&mut self, to: i64) {
        let mut ended: Vec<Vec<(i64, u64)>> = vec![Vec::new(); self.campaigns.len()];
        for (agent, plan) in self.agents.iter_mut().zip(&self.roster.agents) {
            while let Some(call) = agent.calls.get(agent.merged).filter(|c| c.0 <= to) {
                if let Some(list) = ended.get_mut(plan.campaign) {
                    list.push(call);
                }
                agent.merged += 1;
            }
        }
        for (campaign, mut list) in self.campaigns.iter_mut().zip(ended) {
            list.sort_unstable();
            for (end, long) in list {
                campaign.calls.push(end, long);
            }
        }
    }
}

impl CampaignRun {
    fn drift_to(&mut self, to: i64, probability: f64) {
        while self.drift_days.saturating_mul(DAY) <= to {
            // All three are drawn each day, so that one probability's days are another's too.
            let (chance, at) = (self.rng.random::<f64>(), self.rng.random_range(0..DAY));
            let factor = LogNormal::<f64>::new(0.0, 0.3).map_or(1.0, |d| d.sample(&mut self.rng)).clamp(0.4, 2.5);
            if chance < probability {
                self.drift.push((self.drift_days * DAY + at, factor));
            }
            self.drift_days += 1;
        }
    }

    fn factor(&self, t: i64) -> f64 {
        let latest = |list: &[(i64, f64)]| match list.partition_point(|c| c.0 <= t) {
            0 => 1.0,
            n => list[n - 1].1,
        };
        latest(&self.drift) * latest(&self.commands)
    }
}

/// A gap between calls in milliseconds: short ones are common, each doubling is equally likely.
fn gap(workload: &Workload, rng: &mut impl Rng) -> i64 {
    let min = f64::from(workload.gap_min_s.max(1)) * 1000.0;
    let max = (f64::from(workload.gap_max_s) * 1000.0).max(min);
    (min * (max / min).powf(rng.random::<f64>())) as i64
}

#[cfg(test)]
mod tests;
