//! What the defaults cost on simulated shifts, and how shifts are told apart.

use super::*;
use crate::{
    alert::testing::{Model, minutes, outcome, reading},
    domain::Level,
};

const TARGET: Aht = Aht::from_secs(287);

/// `shifts` days of one target on which `agents` agents work, on target.
fn simulate(target: &Target, agents: usize, shifts: u64, settings: Vec<Setting>) -> Noise {
    simulate_until(f64::INFINITY, target, agents, shifts, settings)
}

/// The same, where nothing is read from that second of the shift on.
fn simulate_until(end: f64, target: &Target, agents: usize, shifts: u64, settings: Vec<Setting>) -> Noise {
    let mut noise = Noise::new(Policy::default(), settings);
    let band = Band::around(TARGET, target.kind);
    for day in 0..shifts {
        for (t, o) in Model::ON_TARGET.shift(agents, day).into_iter().filter(|(t, _)| (*t as f64) < end) {
            noise.record(&reading(target, t + i64::try_from(day).unwrap() * 86_400, o), &band);
        }
    }
    noise
}

fn print(noise: &Noise) {
    for s in noise.summary() {
        let (label, without) = (s.setting.label(), s.without * 100.0);
        println!("| {} | {label} | {} | {} | {:.2} | {without:.0} |", s.kind, s.median, s.p90, s.mean);
    }
}

#[test]
fn an_agent_on_target_has_at_most_one_alert_a_shift_at_the_median() {
    let noise = simulate(&Target::agent("a"), 1, 200, Setting::usual());
    print(&noise);
    let lines = noise.summary();
    assert!(lines.iter().all(|l| l.shifts == 200 && l.kind == Kind::Agent));
    let of = |setting: Setting| lines.iter().find(|l| l.setting == setting).unwrap();
    let c = Setting::CONFIGURED;
    let configured = of(c);
    assert!(configured.median <= 1 && configured.p90 <= 2 && configured.mean < 1.4, "{configured:?}");
    // Each of the rules earns its keep, and bands half as wide would be unbearable.
    assert!(of(Setting { dwell: Some(Duration::ZERO), ..c }).mean > configured.mean * 1.15);
    assert!(of(Setting { warm_up: Some(0), ..c }).mean > configured.mean * 1.15);
    assert!(of(Setting { clear_band: Some(0.0), ..c }).mean > configured.mean);
    assert!(of(Setting { widen: 0.5, ..c }).median >= 3);
    assert!(of(Setting { widen: 1.5, ..c }).mean < configured.mean / 1.5);
}

#[test]
fn most_alerts_of_an_agent_on_target_come_when_the_window_empties_after_work() {
    let lines = |end| simulate_until(end, &Target::agent("a"), 1, 200, vec![Setting::CONFIGURED]).summary();
    let (all, at_work) = (lines(f64::INFINITY)[0], lines(Model::SHIFT)[0]);
    println!("{all:?}\n{at_work:?}");
    assert!(at_work.median == 0 && at_work.mean < all.mean / 2.0);
}

#[test]
fn a_campaign_on_target_has_at_most_one_alert_a_shift_at_the_median() {
    for (agents, shifts) in [(4, 80), (10, 50)] {
        let settings = vec![Setting::CONFIGURED, Setting { widen: 0.5, ..Setting::CONFIGURED }];
        let noise = simulate(&Target::campaign("c"), agents, shifts, settings);
        print(&noise);
        let lines = noise.summary();
        assert!(lines[0].median <= 1 && lines[0].mean < lines[1].mean, "{lines:?}");
    }
}

/// The first start on the high side, in minutes after `from`.
fn first_high(model: Model, agents: usize, seed: u64, from: f64, band: &Band, rules: &Rules) -> Option<f64> {
    let target = Target::agent("a");
    let mut track = Track::default();
    for (t, o) in model.shift(agents, seed) {
        let moves = track.record(&reading(&target, t, o.clone()).at, &o, band, rules);
        let high = |m: &Move| matches!(m, Move::Start { level: Level::HighWarn | Level::HighCrit, .. });
        if t as f64 >= from && (t as f64) < Model::SHIFT && moves.iter().any(high) {
            return Some((t as f64 - from) / 60.0);
        }
    }
    None
}

#[test]
fn the_model_crosses_an_instant_25_percent_in_about_four_of_five_shifts() {
    let band = Band { high_warn: Some(Aht::from_secs(359)), ..Band::default() };
    let rules = Rules { dwell: Duration::ZERO, ..Rules::for_kind(Kind::Agent) };
    let crossed = (0..200).filter(|&s| first_high(Model::ON_TARGET, 1, s, 0.0, &band, &rules).is_some()).count();
    println!("{crossed} of 200");
    assert!((130..190).contains(&crossed), "{crossed}");
}

#[test]
fn handling_times_that_double_raise_an_alert_sooner_on_the_campaign_than_on_its_agents() {
    let from = 3.0 * 3600.0;
    let model = Model { change: Some((from, 2.0)), ..Model::ON_TARGET };
    let delays = |kind, agents| {
        let band = Band::around(TARGET, kind);
        let mut delays: Vec<f64> = (0..60)
            .map(|s| first_high(model, agents, s, from, &band, &Rules::for_kind(kind)).unwrap_or(f64::INFINITY))
            .collect();
        delays.sort_by(f64::total_cmp);
        println!("{kind}: median {:.0} min, p90 {:.0} min", delays[30], delays[54]);
        delays
    };
    let (agent, campaign) = (delays(Kind::Agent, 1), delays(Kind::Campaign, 10));
    assert!(campaign[54] < 120.0 && campaign[30] < agent[30] && agent[30] < 150.0);
}

#[test]
fn shifts_are_told_apart_by_pauses() {
    let target = Target::agent("a");
    let runs = |steps: &[(i64, u32)]| {
        let mut noise = Noise::new(Policy::default(), vec![Setting::CONFIGURED]);
        for &(t, v) in steps {
            noise.record(&reading(&target, t, outcome(v)), &Band::around(TARGET, Kind::Agent));
        }
        noise.shifts().iter().map(|s| s.values).collect::<Vec<_>>()
    };
    assert_eq!(runs(&[(0, 300), (7199, 300)]), [2]);
    assert_eq!(runs(&[(0, 300), (7200, 300)]), [1, 1]);
    assert_eq!(runs(&[(0, 300), (60, 0), (1799, 300), (1800, 0), (4000, 300)]), [2, 1]);
    let around_the_clock: Vec<(i64, u32)> = (0..50).map(|h| (h * 3600, 300)).collect();
    assert_eq!(runs(&around_the_clock), [24, 24, 2]);
    assert_eq!(runs(&[]), [0; 0]);
}

#[test]
fn bands_are_widened_from_their_target() {
    let band = Band::around(Aht::from_secs(200), Kind::Agent);
    let widened = |widen| Setting { widen, ..Setting::CONFIGURED }.band(&band).limits().map(|(_, v)| v.map(Aht::secs));
    assert_eq!(widened(1.0), [Some(60), Some(100), Some(200), Some(300), Some(400)]);
    assert_eq!(widened(0.5), [Some(130), Some(150), Some(200), Some(250), Some(300)]);
    assert_eq!(widened(2.0), [None, None, Some(200), Some(400), Some(600)]);
    assert_eq!(widened(0.0), widened(1.0));
    assert_eq!(widened(f64::INFINITY), widened(1.0));
    assert_eq!(
        Setting { dwell: Some(minutes(10)), widen: 1.5, ..Setting::CONFIGURED }.label(),
        "dwell 10m, bands x1.5"
    );
}
