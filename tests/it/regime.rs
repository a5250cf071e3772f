//! A change of regime: one campaign's handling times double. How long after the true crossing of the limit does the
//! alert start? The service is simulated, the poller is the real one, time is injected.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::support::World;
use ahtop::{
    alert::{Policy, Rules, Step, Subject},
    alerting::Evaluator,
    config::Watched,
    domain::{Aht, Band, BootTime, Clock, Kind, Level, Quiet, Target},
    sim::Truth,
    store::Instance,
};
use tokio::time::sleep;

const DWELL: Duration = Duration::from_secs(300);
/// One sweep over all targets.
const SWEEP: Duration = Duration::from_secs(64);

fn level(band: &Band, truth: Truth) -> Level {
    match truth {
        Truth::Secs(secs) => band.level(Aht::from_secs(secs)),
        _ => Level::Inside,
    }
}

/// When the truth crossed the limit for the last time before `before`, from `from` on.
fn crossing(world: &World, target: &Target, band: &Band, from: BootTime, before: BootTime) -> BootTime {
    let outside = |l: Level| matches!(l, Level::HighCrit | Level::HighWarn);
    let mut was = outside(level(band, world.sim.truth(target, from)));
    let mut crossed = from;
    for (at, truth) in world.sim.changes(target, from, before) {
        let is = outside(level(band, truth));
        if is && !was {
            crossed = at;
        }
        was = is;
    }
    crossed
}

/// How long after the true crossing the alerts of a campaign and of its agents came, in seconds, and how many agents it
/// has. `turns`: rows near a limit of their band get extra turns.
async fn delays(campaigns: usize, agents: usize, turns: bool) -> (u64, Vec<u64>, usize) {
    let mut world = World::new(campaigns, agents, |options| options.model.workload.regime_a_day = 0.0);
    let roster = world.sim.roster();
    // What is usual is what the call centre is made with.
    let usual = |t: &Target| match t.kind {
        Kind::Campaign => roster.campaigns.iter().find(|c| *c.name == *t.id).map(|c| f64::from(c.mean_s)),
        Kind::Agent => {
            let agent = roster.agents.iter().find(|a| *a.id == *t.id && a.takes_calls && a.exists)?;
            Some(f64::from(roster.campaigns[agent.campaign].mean_s) * agent.pace)
        }
    };
    let watched: Vec<Watched> = world
        .targets
        .iter()
        .filter_map(|t| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some minutes in seconds")]
            let band = Band::around(Aht::from_secs(usual(t)? as u32), t.kind);
            Some(Watched { target: t.clone(), label: None, groups: vec![], band, origin: "-a".into() })
        })
        .collect();
    let bands: BTreeMap<Target, Band> = watched.iter().map(|w| (w.target.clone(), w.band)).collect();
    world.rules.bands = if turns { bands.clone() } else { BTreeMap::new() };
    let process = world.start(&world.targets, 7);
    sleep(Duration::from_secs(900)).await;
    let begin = world.clock.now().mono;
    let sweep = SWEEP.max(Duration::from_secs(world.targets.len() as u64 * 60 / 45));
    let rules = Rules { dwell: DWELL, stale_after: 3 * sweep, ..Rules::for_kind(Kind::Agent) };
    let policy = Policy { agents: rules, campaigns: rules, sweep };
    let me: Instance = process.me.clone();
    let mut evaluator = Evaluator::new(me, Arc::from(watched), policy, Quiet::default());
    assert!(world.sim.set_regime(&roster.campaigns[0].name, 2.0));
    let campaign = Target::campaign(roster.campaigns[0].name.as_str());
    let ours = |t: &Target| {
        *t == campaign || roster.agents.iter().any(|a| t.kind == Kind::Agent && *a.id == *t.id && a.campaign == 0)
    };
    let mut delays: BTreeMap<Target, Duration> = BTreeMap::new();
    for _ in 0..150 * 4 {
        sleep(Duration::from_secs(15)).await;
        for event in evaluator.round(&**process.store.direct()).unwrap().events {
            let (Step::Started, Subject::Target(target)) = (&event.step, &event.id.subject) else { continue };
            let high =
                matches!(&event.kind, ahtop::alert::AlertKind::Band { level: Level::HighCrit | Level::HighWarn, .. });
            if !high || !ours(target) || delays.contains_key(target) {
                continue;
            }
            let crossed = crossing(&world, target, &bands[target], begin, event.at.mono - DWELL);
            delays.insert(target.clone(), event.at.mono.since(crossed));
        }
    }
    process.quit().await;
    let agents: Vec<&Target> = bands.keys().filter(|t| t.kind == Kind::Agent && ours(t)).collect();
    let mut of_agents: Vec<u64> =
        delays.iter().filter(|(t, _)| t.kind == Kind::Agent).map(|(_, d)| d.as_secs()).collect();
    of_agents.sort_unstable();
    (delays[&campaign].as_secs(), of_agents, agents.len())
}

#[tokio::test(start_paused = true)]
async fn a_change_of_regime_alerts_on_the_campaign_and_its_agents_soon_after_the_true_crossing() {
    let (campaign, agents, all) = delays(2, 24, true).await;
    assert!(agents.len() * 2 > all, "most agents are noticed");
    // The crossing is seen within a sweep, and the dwell ends with a reading: two sweeps at the most.
    let bound = (DWELL + 2 * SWEEP + Duration::from_secs(30)).as_secs();
    assert!(campaign <= bound && agents[agents.len() / 2] <= bound, "{campaign} {agents:?}");
}

/// `cargo test --test it regime -- --ignored --nocapture`: what extra turns for rows near a limit give where there are more
/// targets than turns.
#[tokio::test(start_paused = true)]
#[ignore = "a measurement of half a minute"]
async fn what_extra_turns_near_a_limit_give() {
    for turns in [false, true] {
        let (campaign, agents, all) = delays(4, 116, turns).await;
        println!(
            "extra turns {turns}: campaign {campaign} s, {} of {all} agents: median {} s, most {} s (dwell {} s)",
            agents.len(),
            agents[agents.len() / 2],
            agents[agents.len() - 1],
            DWELL.as_secs()
        );
    }
}
