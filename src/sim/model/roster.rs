//! Who works in the simulated call centre: campaigns with their bands, agents with their habits.

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus, seq::SliceRandom};

use super::{
    Shift,
    names::{native_name, person},
    shift::DAY,
};
use crate::domain::{Aht, Band, Kind, Target};

/// The group names, in the order in which they are shown.
pub const GROUPS: [&str; 2] = ["north", "south"];

const MINUTE: i64 = 60_000;

#[derive(Clone, Debug, PartialEq)]
pub struct RosterCampaign {
    /// `CampaignName`.
    pub name: String,
    /// `CampaignID`: digits, more than a double holds exactly.
    pub campaign_id: String,
    /// Mean handling time of a call, in seconds.
    pub mean_s: u32,
}

impl RosterCampaign {
    /// A band that suits the campaign's own value: its mean of many calls moves little.
    pub fn band(&self) -> Band {
        self.scaled([55, 72, 100, 130, 155])
    }

    /// A band that suits one agent's value, whose two hours hold a dozen calls.
    pub fn agent_band(&self) -> Band {
        self.scaled([35, 50, 100, 155, 190])
    }

    fn scaled(&self, percent: [u32; 5]) -> Band {
        let at = |i: usize| Some(Aht::from_secs(self.mean_s.saturating_mul(percent[i]) / 100));
        Band { low_crit: at(0), low_warn: at(1), target: at(2), high_warn: at(3), high_crit: at(4) }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct RosterAgent {
    /// `agentId`.
    pub id: String,
    /// `AgentName`, as the service gives it.
    pub name: String,
    /// What a configuration may show instead.
    pub label: Option<String>,
    /// One of [`GROUPS`].
    pub group: &'static str,
    /// Index of the campaign that the agent works for.
    pub campaign: usize,
    /// False: configured, but not known to the service.
    pub exists: bool,
    /// False: never makes outbound calls.
    pub takes_calls: bool,
    /// The agent's mean handling time as a multiple of the campaign's.
    pub pace: f64,
    /// When the agent works.
    pub shift: Shift,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Roster {
    /// At least one where there are agents.
    pub campaigns: Vec<RosterCampaign>,
    /// In the order of the configuration.
    pub agents: Vec<RosterAgent>,
}

impl Roster {
    /// Four campaigns and 44 agents, around the clock: one agent unknown to the service, four without calls (two
    /// of them are never logged in), three whose calls are much longer than usual and two whose calls are much shorter.
    pub fn demo() -> Roster {
        let campaign = |name: &str, campaign_id: &str, mean_s| RosterCampaign {
            name: name.into(),
            campaign_id: campaign_id.into(),
            mean_s,
        };
        let campaigns = vec![
            campaign("COLLECT-IN", "90071992547410021", 287),
            campaign("COLLECT-SOUTH", "90071992547410044", 310),
            campaign("RENEWALS", "90071992547410087", 160),
            campaign("WINBACK", "90071992547410109", 400),
        ];
        let agents = (0..44usize)
            .map(|i| {
                let (name, id) = person(i);
                RosterAgent {
                    id,
                    name,
                    label: match i {
                        1 => Some("Rohit".into()),
                        29 => Some("Mousumi (nights)".into()),
                        _ => None,
                    },
                    group: GROUPS[i % 2],
                    campaign: i * 4 / 44,
                    exists: i != 40,
                    takes_calls: ![9, 20, 31, 42].contains(&i),
                    pace: match i {
                        2 | 17 | 35 => 1.8,
                        6 | 27 => 0.3,
                        _ => 0.9 + 0.2 * ((i * 7 % 11) as f64 / 10.0),
                    },
                    shift: match i {
                        20 | 42 => Shift { lasts_ms: 0, ..Shift::always(0) },
                        _ => Shift::always((i as i64 * 13 % 90) * MINUTE),
                    },
                }
            })
            .collect();
        Roster { campaigns, agents }
    }

    /// Any size, from a seed: nine-hour shifts that begin within the first two hours of the model's day, three in ten
    /// agents without calls, everybody known to the service. Agents need a campaign: with agents there is at least one.
    pub fn generate(campaigns: usize, agents: usize, seed: u64) -> Roster {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x526f_7374_6572);
        let campaigns = campaigns.max(usize::from(agents > 0));
        let campaigns: Vec<RosterCampaign> = (0..campaigns)
            .map(|i| RosterCampaign {
                name: campaign_name(i),
                campaign_id: (90_071_992_547_420_000 + i as u64 * 11).to_string(),
                mean_s: rng.random_range(120..=420),
            })
            .collect();
        let mut takes_calls: Vec<bool> = (0..agents).map(|i| i >= agents * 3 / 10).collect();
        takes_calls.shuffle(&mut rng);
        let agents = takes_calls
            .into_iter()
            .enumerate()
            .map(|(i, takes_calls)| {
                let (name, id) = person(i);
                RosterAgent {
                    id,
                    name,
                    label: None,
                    group: GROUPS[i % 2],
                    campaign: i % campaigns.len(),
                    exists: true,
                    takes_calls,
                    pace: rng.random_range(0.75..1.3),
                    shift: Shift {
                        starts_ms: rng.random_range(0..120 * MINUTE),
                        lasts_ms: 540 * MINUTE,
                        breaks_later_ms: rng.random_range(0..60 * MINUTE),
                    },
                }
            })
            .collect();
        Roster { campaigns, agents }
    }

    /// The same people, day and night.
    #[must_use]
    pub fn around_the_clock(mut self) -> Roster {
        for agent in &mut self.agents {
            agent.shift.lasts_ms = DAY;
        }
        self
    }

    /// The same people, whose names are written in their own scripts.
    #[must_use]
    pub fn in_scripts(mut self) -> Roster {
        for (i, agent) in self.agents.iter_mut().enumerate() {
            agent.name = native_name(i);
        }
        self
    }

    /// All that is configured, campaigns first, the unknown ones too.
    pub fn targets(&self) -> Vec<Target> {
        let campaigns = self.campaigns.iter().map(|c| Target::campaign(c.name.as_str()));
        campaigns.chain(self.agents.iter().map(|a| Target::agent(a.id.as_str()))).collect()
    }

    /// The name that the service gives.
    pub fn name(&self, target: &Target) -> Option<&str> {
        match target.kind {
            Kind::Campaign => self.campaign(target).map(|c| c.name.as_str()),
            Kind::Agent => self.agents.iter().find(|a| *a.id == *target.id).map(|a| a.name.as_str()),
        }
    }

    /// The campaign itself, or the one that the agent works for.
    pub fn campaign(&self, target: &Target) -> Option<&RosterCampaign> {
        match target.kind {
            Kind::Campaign => self.campaigns.iter().find(|c| *c.name == *target.id),
            Kind::Agent => self.campaigns.get(self.agents.iter().find(|a| *a.id == *target.id)?.campaign),
        }
    }

    /// A band that suits it.
    pub fn band(&self, target: &Target) -> Option<Band> {
        let campaign = self.campaign(target)?;
        Some(match target.kind {
            Kind::Campaign => campaign.band(),
            Kind::Agent => campaign.agent_band(),
        })
    }
}

fn campaign_name(i: usize) -> String {
    const WORK: [&str; 6] = ["COLLECT", "RENEWALS", "WINBACK", "SURVEY", "UPSELL", "WELCOME"];
    const WHERE: [&str; 5] = ["IN", "NORTH", "SOUTH", "EAST", "WEST"];
    let (work, place) = (WORK[i % WORK.len()], WHERE[i / WORK.len() % WHERE.len()]);
    match i / (WORK.len() * WHERE.len()) {
        0 => format!("{work}-{place}"),
        n => format!("{work}-{place}-{}", n + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_demo_has_one_unknown_four_idle_and_some_far_out() {
        let r = Roster::demo();
        assert_eq!((r.campaigns.len(), r.agents.len(), r.targets().len()), (4, 44, 48));
        assert_eq!(r.agents.iter().filter(|a| !a.exists).count(), 1);
        assert_eq!(r.agents.iter().filter(|a| !a.takes_calls && a.exists).count(), 4);
        assert_eq!(r.agents.iter().filter(|a| a.pace > 1.5).count(), 3);
        assert_eq!(r.agents.iter().filter(|a| a.pace < 0.5).count(), 2);
        assert_eq!(r.agents.iter().filter(|a| a.label.is_some()).count(), 2);
        for g in GROUPS {
            assert_eq!(r.agents.iter().filter(|a| a.group == g).count(), 22);
        }
        for c in 0..4 {
            assert_eq!(r.agents.iter().filter(|a| a.campaign == c).count(), 11);
        }
    }

    #[test]
    fn every_target_has_a_valid_band() {
        for r in [Roster::demo(), Roster::generate(7, 90, 3)] {
            for t in r.targets() {
                assert_eq!(r.band(&t).map(|b| b.check()), Some(Ok(())), "{t}");
                assert!(r.name(&t).is_some());
            }
        }
    }

    #[test]
    fn any_size_comes_from_its_seed_and_repeats_no_target() {
        for (c, a) in [(0, 0), (0, 1), (1, 0), (50, 450), (3, 2_000)] {
            let r = Roster::generate(c, a, 9);
            assert_eq!(r, Roster::generate(c, a, 9));
            assert_eq!(r.agents.len(), a);
            assert_eq!(r.campaigns.len(), c.max(usize::from(a > 0)));
            assert_eq!(r.targets().into_iter().collect::<HashSet<_>>().len(), r.targets().len());
            assert_eq!(r.agents.iter().filter(|a| !a.takes_calls).count(), a * 3 / 10);
        }
        assert_ne!(Roster::generate(3, 30, 1), Roster::generate(3, 30, 2));
    }
}
