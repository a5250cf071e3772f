//! The model against its own list of calls, and against itself.

use std::io::{self, Write};

use proptest::prelude::*;

use super::*;
use crate::domain::{Aht, Level};

const HOUR: i64 = 3_600_000;

impl Model {
    /// The calls of `target` that ended in `(from, to]`: when, and how long each took, in milliseconds.
    fn ended(&mut self, target: &Target, from: i64, to: i64) -> Vec<(i64, u64)> {
        self.advance(to);
        let Some(calls) = self.calls(target) else { return Vec::new() };
        (0..).map_while(|i| calls.get(i)).filter(|&(end, _)| end > from && end <= to).collect()
    }

    /// Writes `target,kind,goal_s,t_s,aht_s`: for each target that the service knows its value at `from` and a line per
    /// change until `to`, times in seconds since `from`, no calls as 0. The goal is the middle of the band.
    fn write_trace(&mut self, out: &mut impl Write, from: i64, to: i64) -> io::Result<()> {
        let mut csv = csv::WriterBuilder::new().from_writer(out);
        csv.write_record(["target", "kind", "goal_s", "t_s", "aht_s"])?;
        let mut targets = self.roster().targets();
        targets.sort_by_key(|t| t.kind == Kind::Campaign);
        for target in targets {
            let goal = self.roster().campaign(&target).map_or(0, |c| c.mean_s).to_string();
            for (t, truth) in self.changes(&target, from, to) {
                let aht = match truth {
                    Truth::Invalid => break,
                    Truth::NoCalls => 0,
                    Truth::Secs(s) => s,
                };
                let t_s = format!("{:.2}", (t - from) as f64 / 1000.0);
                csv.write_record([&*target.id, target.kind.word(), &goal, &t_s, &aht.to_string()])?;
            }
        }
        csv.flush()
    }
}

fn small(seed: u64) -> Model {
    Model::new(Roster::generate(3, 20, seed), Workload::default(), seed)
}

fn brute(model: &mut Model, target: &Target, t: i64) -> Truth {
    let calls = model.ended(target, t - 2 * HOUR, t);
    if calls.is_empty() {
        return Truth::NoCalls;
    }
    let mean = calls.iter().map(|c| c.1 as f64).sum::<f64>() / calls.len() as f64 / 1000.0;
    Truth::Secs(mean.round() as u32)
}

#[test]
fn the_value_is_the_mean_of_the_calls_of_two_hours() {
    let mut model = small(5);
    let mut values = 0;
    for target in model.roster().targets() {
        for t in (0..14 * HOUR).step_by(1_777_777) {
            let value = model.value_at(&target, t);
            assert_eq!(value, brute(&mut model, &target, t), "{target} at {t}");
            values += usize::from(matches!(value, Truth::Secs(_)));
        }
    }
    assert!(values > 200, "{values}");
}

#[test]
fn a_campaign_has_exactly_the_calls_of_its_agents() {
    let mut model = small(6);
    let roster = model.roster().clone();
    for (i, campaign) in roster.campaigns.iter().enumerate() {
        let mut agents: Vec<_> = roster
            .agents
            .iter()
            .filter(|a| a.campaign == i)
            .flat_map(|a| model.ended(&Target::agent(a.id.as_str()), 0, 30 * HOUR))
            .collect();
        agents.sort_unstable();
        assert!(agents.len() > 30);
        assert_eq!(model.ended(&Target::campaign(campaign.name.as_str()), 0, 30 * HOUR), agents);
    }
}

#[test]
fn an_agent_never_talks_twice_at_once_and_goes_home() {
    let mut model = Model::new(Roster::generate(2, 30, 1), Workload::default(), 1);
    for agent in model.roster().agents.clone() {
        let calls = model.ended(&Target::agent(agent.id.as_str()), 0, 50 * HOUR);
        assert_eq!(calls.is_empty(), !agent.takes_calls, "{}", agent.id);
        for pair in calls.windows(2) {
            let begins = pair[1].0 - pair[1].1 as i64;
            assert!(begins - pair[0].0 >= 30_000, "a gap of {} ms", begins - pair[0].0);
            let into = (begins - agent.shift.starts_ms).rem_euclid(24 * HOUR);
            assert!(into < agent.shift.lasts_ms, "a call begins after the shift");
        }
    }
}

#[test]
fn handling_times_have_the_mean_and_the_spread_that_were_asked_for() {
    let mut roster = Roster::generate(1, 60, 3).around_the_clock();
    roster.agents.iter_mut().for_each(|a| a.pace = 1.0);
    let mean = f64::from(roster.campaigns[0].mean_s);
    let campaign = Target::campaign(roster.campaigns[0].name.as_str());
    let mut model = Model::new(roster, Workload { regime_a_day: 0.0, ..Workload::default() }, 3);
    let calls: Vec<f64> = model.ended(&campaign, 0, 48 * HOUR).iter().map(|c| c.1 as f64 / 1000.0).collect();
    let n = calls.len() as f64;
    let m = calls.iter().sum::<f64>() / n;
    let sd = (calls.iter().map(|c| (c - m).powi(2)).sum::<f64>() / n).sqrt();
    assert!((m / mean - 1.0).abs() < 0.06, "mean {m} for {mean}");
    assert!((0.65..0.95).contains(&(sd / m)), "cv {}", sd / m);
}

#[test]
fn a_commanded_regime_changes_what_comes_and_nothing_that_was() {
    let workload = Workload { regime_a_day: 0.0, ..Workload::default() };
    let roster = Roster::demo();
    let (mut plain, mut model) = (Model::new(roster.clone(), workload, 4), Model::new(roster, workload, 4));
    let target = Target::campaign("COLLECT-IN");
    let before = model.value_at(&target, 6 * HOUR);
    assert_eq!(model.command("COLLECT-IN", 2.0, 5 * HOUR), Some(6 * HOUR + 1), "the past stays");
    assert_eq!(model.value_at(&target, 6 * HOUR), before);
    let (Truth::Secs(usual), Truth::Secs(doubled)) =
        (plain.value_at(&target, 9 * HOUR), model.value_at(&target, 9 * HOUR))
    else {
        panic!("no calls")
    };
    assert!(doubled * 10 > usual * 15, "{usual} became {doubled}");
    let other = Target::campaign("WINBACK");
    assert_eq!(plain.changes(&other, 0, 9 * HOUR), model.changes(&other, 0, 9 * HOUR));
    assert_eq!(model.command("NOBODY", 2.0, 0), None);
    assert_eq!(model.command("WINBACK", f64::NAN, 0), None);
}

#[test]
fn regimes_of_the_day_come_as_often_as_told() {
    let roster = Roster::generate(40, 0, 1);
    let drifts = |p| {
        let mut model = Model::new(roster.clone(), Workload { regime_a_day: p, ..Workload::default() }, 8);
        model.advance(10 * DAY - 1);
        model.campaigns.iter().map(|c| c.drift.len()).sum::<usize>()
    };
    assert_eq!((drifts(0.0), drifts(1.0)), (0, 400));
    assert!((150..250).contains(&drifts(0.5)));
}

#[test]
fn a_trace_has_a_line_per_change() {
    let mut model = small(7);
    let mut out = Vec::new();
    model.write_trace(&mut out, 0, 10 * HOUR).unwrap();
    let text = String::from_utf8(out).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("target,kind,goal_s,t_s,aht_s"));
    let expected: usize = model.roster().targets().iter().map(|t| model.changes(t, 0, 10 * HOUR).len()).sum();
    assert_eq!(lines.clone().count(), expected);
    assert!(lines.next().unwrap().ends_with(",0.00,0"));
    assert!(lines.any(|l| l.contains(",campaign,") && !l.ends_with(",0")));
}

#[test]
fn the_demo_is_alive_after_its_first_hours() {
    let mut model = Model::new(Roster::demo(), Workload::default(), 1);
    let mut counts = [0; 3];
    for t in model.roster().targets() {
        match model.value_at(&t, 6 * HOUR) {
            Truth::Invalid => counts[0] += 1,
            Truth::NoCalls => counts[1] += 1,
            Truth::Secs(_) => counts[2] += 1,
        }
    }
    assert_eq!(counts, [1, 4, 43]);
}

#[test]
fn a_few_of_the_demo_are_out_of_their_bands_and_most_are_not() {
    for seed in 1..6 {
        let mut model = Model::new(Roster::demo(), Workload::default(), seed);
        let roster = model.roster().clone();
        let targets = roster.targets();
        let outside = targets.iter().filter(|t| match model.value_at(t, 6 * HOUR) {
            Truth::Secs(s) => roster.band(t).is_some_and(|b| b.level(Aht::from_secs(s)) != Level::Inside),
            _ => false,
        });
        let outside = outside.count();
        assert!((3..=14).contains(&outside), "seed {seed}: {outside}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_order_of_questions_does_not_matter(
        seed in 0u64..1000,
        times in prop::collection::vec(0..20 * HOUR, 1..8),
    ) {
        let mut asked = small(seed);
        let targets = asked.roster().targets();
        for (i, &t) in times.iter().enumerate() {
            asked.value_at(&targets[i % targets.len()], t);
        }
        let mut fresh = small(seed);
        for target in &targets {
            prop_assert_eq!(asked.changes(target, 0, 20 * HOUR), fresh.changes(target, 0, 20 * HOUR));
        }
    }

    #[test]
    fn changes_and_values_agree(seed in 0u64..1000, from in 0..10 * HOUR, probe in 0..8 * HOUR, hours in 1u64..4) {
        let mut model = small(seed);
        model.set_window(Duration::from_secs(hours * 3600));
        for target in model.roster().targets() {
            let changes = model.changes(&target, from, from + 8 * HOUR);
            prop_assert!(changes.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 != w[1].1));
            let said = changes.iter().rev().find(|c| c.0 <= from + probe).unwrap().1;
            prop_assert_eq!(said, model.value_at(&target, from + probe));
        }
    }
}
