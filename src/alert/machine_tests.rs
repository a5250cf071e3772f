//! The machine against a second, naive statement of its rules, and its promises about restarts, ticks and flapping.

use proptest::prelude::*;

use super::*;
use crate::alert::testing::{minutes, now, outcome, stamp};

const BAND: Band = Band {
    low_crit: Some(Aht::from_secs(100)),
    low_warn: Some(Aht::from_secs(200)),
    target: Some(Aht::from_secs(300)),
    high_warn: Some(Aht::from_secs(400)),
    high_crit: Some(Aht::from_secs(500)),
};

const RULES: Rules = Rules { dwell: minutes(5), clear_band: 0.05, warm_up: 0, stale_after: minutes(3) };

type Step = (i64, Outcome);

fn run(track: &mut Track, steps: &[Step], rules: &Rules) -> Vec<Move> {
    steps.iter().flat_map(|(t, o)| track.record(&stamp(*t), o, &BAND, rules)).collect()
}

/// The moves without the uneventful ones, in short words with their second.
fn words(moves: &[Move]) -> Vec<String> {
    let secs = |at: &EventTime| at.wall.as_second() - stamp(0).wall.as_second();
    moves
        .iter()
        .filter_map(|m| match m {
            Move::Start { at, since, level, .. } => Some(format!("start {level:?} {} since {}", secs(at), secs(since))),
            Move::Level { at, level, .. } => Some(format!("{level:?} {}", secs(at))),
            Move::End { at, why, .. } => Some(format!("{why:?} {}", secs(at))),
            Move::Stay { .. } => None,
        })
        .collect()
}

fn every_minute(values: &[u32]) -> Vec<Step> {
    (0i64..).step_by(60).zip(values.iter().map(|&v| outcome(v))).collect()
}

fn life(values: &[u32], rules: &Rules) -> Vec<String> {
    words(&run(&mut Track::default(), &every_minute(values), rules))
}

#[test]
fn an_alert_starts_after_the_dwell_and_ends_beyond_the_clear_band() {
    let values = [300, 410, 420, 410, 405, 400, 401, 390, 380, 379, 300];
    assert_eq!(life(&values, &RULES), ["start HighWarn 360 since 60", "Cleared 540"]);
    assert_eq!(life(&[300, 410, 420, 399, 410, 410, 410, 410, 410], &RULES), [""; 0], "a break starts the wait anew");
    assert_eq!(
        life(&[150, 150, 150, 90, 150, 150, 90, 104, 106, 211], &RULES),
        ["start LowWarn 300 since 0", "LowCrit 360", "LowWarn 480", "Cleared 540"]
    );
}

#[test]
fn critical_needs_no_dwell_of_its_own() {
    assert_eq!(life(&[410, 410, 410, 410, 410, 600], &RULES), ["start HighCrit 300 since 0"]);
    assert_eq!(life(&[410, 410, 410, 410, 410, 410, 600], &RULES), ["start HighWarn 300 since 0", "HighCrit 360"]);
}

#[test]
fn the_other_side_is_another_alert_with_its_own_dwell() {
    let values = [410, 410, 410, 410, 410, 410, 150, 150, 150, 150, 150, 150];
    assert_eq!(life(&values, &RULES), ["start HighWarn 300 since 0", "OtherSide 360", "start LowWarn 660 since 360"]);
}

#[test]
fn no_calls_end_an_alert_and_begin_the_warm_up_anew() {
    let rules = Rules { warm_up: 2, dwell: minutes(1), ..RULES };
    let values = [450, 451, 452, 453, 0, 450, 451, 451, 450, 450];
    assert_eq!(life(&values, &rules), ["start HighWarn 180 since 120", "NoCalls 240", "start HighWarn 540 since 480"]);
}

#[test]
fn stale_data_breaks_the_dwell_and_keeps_the_alert() {
    let gap = |steps: &[(i64, u32)]| {
        let steps: Vec<Step> = steps.iter().map(|&(t, v)| (t, outcome(v))).collect();
        words(&run(&mut Track::default(), &steps, &RULES))
    };
    assert_eq!(gap(&[(0, 450), (180, 450), (361, 450), (540, 450)]), [""; 0]);
    assert_eq!(
        gap(&[(0, 450), (180, 450), (360, 450), (3000, 450), (3060, 300)]),
        ["start HighWarn 360 since 0", "Cleared 3060"]
    );
}

#[test]
fn failures_say_nothing_and_two_invalid_answers_end_it() {
    let failed = Outcome::Failed("no answer".into());
    let mut steps = every_minute(&[450; 6]);
    steps.extend([(360, failed.clone()), (420, Outcome::Invalid), (480, outcome(450)), (540, Outcome::Invalid)]);
    steps.extend([(600, failed), (660, Outcome::Invalid)]);
    let mut track = Track::default();
    assert_eq!(words(&run(&mut track, &steps, &RULES)), ["start HighWarn 300 since 0", "Invalid 660"]);
}

#[test]
fn an_alert_without_data_is_lost_after_two_hours() {
    let mut track = Track::default();
    run(&mut track, &every_minute(&[450; 6]), &RULES);
    assert_eq!(track.tick(&now(7499)), None);
    assert_eq!(track.active(), Some(Level::HighWarn));
    let mut late = track.clone();
    let lost = track.tick(&now(9000)).unwrap();
    assert_eq!(words(std::slice::from_ref(&lost)), ["Lost 7500"]);
    assert_eq!(track.tick(&now(9001)), None);
    // A reading that comes first says the same.
    assert_eq!(late.record(&stamp(9000), &outcome(450), &BAND, &RULES), [lost]);
}

#[test]
fn another_boot_is_reckoned_by_the_wall_clock() {
    let mut track = Track::default();
    let steps = every_minute(&[450; 5]);
    run(&mut track, &steps, &RULES);
    let reboot =
        EventTime { boot: crate::domain::BootId("next".into()), mono: crate::domain::BootTime(20_000), ..stamp(330) };
    let moves = track.record(&reboot, &outcome(450), &BAND, &RULES);
    assert_eq!(words(&moves), ["start HighWarn 330 since 0"]);
}

#[test]
fn a_wall_clock_that_is_set_back_names_no_alert_twice() {
    let rules = Rules { dwell: Duration::ZERO, ..RULES };
    let mut track = Track::default();
    let mut serials = vec![];
    for (t, value) in [(0, 450), (60, 300), (120, 450), (180, 300), (240, 450)] {
        let at = EventTime { wall: stamp(-t).wall, ..stamp(t) };
        for m in track.record(&at, &outcome(value), &BAND, &rules) {
            if let Move::Start { serial, .. } = m {
                serials.push(serial);
            }
        }
    }
    assert!(serials.len() == 3 && serials.is_sorted_by(|a, b| a < b), "{serials:?}");
}

/// Runs of readings that stay near one value, some outside, with gaps, silence and failures between them.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = (prop::sample::select(vec![90u32, 105, 150, 205, 300, 385, 420, 480, 520]), -15i32..=15)
        .prop_map(|(base, jitter)| outcome(base.saturating_add_signed(jitter)));
    let odd = prop_oneof![
        Just(Outcome::NoCalls),
        Just(Outcome::Invalid),
        Just(Outcome::Failed("no answer".into())),
        value.clone()
    ];
    let run = prop_oneof![
        6 => (prop::sample::select(vec![90u32, 105, 150, 205, 300, 385, 420, 480, 520]), prop::collection::vec((20i64..150, -15i32..=15), 1..12))
            .prop_map(|(base, steps)| steps.into_iter().map(|(dt, j)| (dt, outcome(base.saturating_add_signed(j)))).collect::<Vec<_>>()),
        2 => (0i64..200, odd).prop_map(|step| vec![step]),
        1 => (prop_oneof![150i64..400, 7000i64..7400, 20_000i64..90_000], value).prop_map(|step| vec![step]),
    ];
    prop::collection::vec(run, 1..14).prop_map(|runs| {
        let mut t = 0;
        runs.into_iter()
            .flatten()
            .map(|(dt, o)| {
                t += dt.max(1);
                (t, o)
            })
            .collect()
    })
}

fn rules() -> impl Strategy<Value = Rules> {
    (0u64..=600, 0.0..0.2f64, 0u32..6).prop_map(|(dwell, clear_band, warm_up)| Rules {
        dwell: Duration::from_secs(dwell),
        clear_band,
        warm_up,
        ..RULES
    })
}

/// The rule for a start, said once more by looking back over all values since the warm-up began.
fn may_start(history: &[(i64, Aht)], rules: &Rules) -> Option<crate::alert::rules::Side> {
    let i = history.len() - 1;
    let wanted = side(BAND.level(history[i].1))?;
    let first = (0..=i).rev().take_while(|&k| {
        let fresh = k == i || history[k + 1].0 - history[k].0 <= rules.stale_after.as_secs() as i64;
        let changes = history[..=k].windows(2).filter(|w| w[0].1 != w[1].1).count();
        fresh && side(BAND.level(history[k].1)) == Some(wanted) && changes >= rules.warm_up as usize
    });
    let since = history[first.last()?].0;
    (history[i].0 - since >= rules.dwell.as_secs() as i64).then_some(wanted)
}

proptest! {
    #[test]
    fn an_alert_starts_exactly_after_warm_up_and_dwell_on_fresh_data(steps in steps(), rules in rules()) {
        let mut track = Track::default();
        let (mut history, mut last, mut invalid) = (Vec::new(), None, 0);
        for (t, outcome) in &steps {
            if last.is_some_and(|l| t - l >= AHT_WINDOW.as_secs() as i64) {
                history.clear();
            }
            match outcome {
                Outcome::Value(aht) => history.push((*t, *aht)),
                Outcome::NoCalls => history.clear(),
                Outcome::Invalid => {
                    invalid += 1;
                    if invalid >= 2 {
                        history.clear();
                    }
                }
                Outcome::Failed(_) => {}
            }
            if outcome.is_good() {
                (last, invalid) = (Some(*t), 0);
            }
            let moves = track.record(&stamp(*t), outcome, &BAND, &rules);
            let started = moves.iter().any(|m| matches!(m, Move::Start { .. }));
            let allowed = if outcome.aht().is_some() { may_start(&history, &rules) } else { None };
            prop_assert!(!started || allowed.is_some(), "started at {t} against the rules");
            if let Some(wanted) = allowed {
                prop_assert_eq!(track.active().and_then(side), Some(wanted), "no alert at {}", t);
            }
        }
    }

    #[test]
    fn every_alert_has_one_start_and_one_end(steps in steps(), rules in rules()) {
        let mut track = Track::default();
        let mut moves = run(&mut track, &steps, &rules);
        moves.extend(track.tick(&now(steps.last().unwrap().0 + 7200)));
        let mut open: Option<(EventTime, Level)> = None;
        let mut last_serial = i64::MIN;
        for m in &moves {
            match m {
                Move::Start { serial, at, since, level, .. } => {
                    prop_assert!(open.is_none() && *serial > last_serial && since.mono <= at.mono);
                    last_serial = *serial;
                    open = Some((at.clone(), *level));
                }
                Move::Level { level, worse, .. } => {
                    let (_, before) = open.as_mut().unwrap();
                    prop_assert!(before != level && is_crit(*level) == *worse && side(*before) == side(*level));
                    *before = *level;
                }
                Move::Stay { .. } => prop_assert!(open.is_some()),
                Move::End { at, .. } => {
                    let (start, _) = open.take().unwrap();
                    prop_assert!(start.mono <= at.mono);
                }
            }
        }
        prop_assert!(open.is_none() && track.active().is_none());
    }

    #[test]
    fn restarts_and_ticks_at_any_moment_change_nothing(
        steps in steps(), rules in rules(), cuts in prop::collection::vec((any::<bool>(), any::<bool>(), 0.0..1.0f64), 160),
    ) {
        let end = now(steps.last().unwrap().0 + 8000);
        let mut plain = Track::default();
        let mut expected = run(&mut plain, &steps, &rules);
        expected.extend(plain.tick(&end));
        let mut track = Track::default();
        let mut got = Vec::new();
        let mut before = 0;
        for ((t, o), (restart, tick, part)) in steps.iter().zip(cuts.iter().cycle()) {
            if *restart {
                let json = serde_json::to_string(&track).unwrap();
                let back: Track = serde_json::from_str(&json).unwrap();
                prop_assert_eq!(&back, &track);
                track = back;
            }
            if *tick {
                got.extend(track.tick(&now(before + ((t - before) as f64 * part) as i64)));
            }
            got.extend(track.record(&stamp(*t), o, &BAND, &rules));
            before = *t;
        }
        got.extend(track.tick(&end));
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn nothing_flaps_inside_the_clear_band(
        crit in any::<bool>(), low in any::<bool>(), inside in prop::collection::vec((1i64..170, 0.0..=1.0f64), 1..60),
    ) {
        let (outside, from, to) = match (low, crit) {
            (false, false) => (450, 380, 499),
            (false, true) => (550, 475, 600),
            (true, false) => (150, 101, 210),
            (true, true) => (90, 1, 105),
        };
        let mut track = Track::default();
        let moves = run(&mut track, &every_minute(&[outside; 6]), &RULES);
        prop_assert!(matches!(moves[..], [Move::Start { .. }]), "no start");
        let mut t = 300;
        for (dt, part) in inside {
            t += dt;
            let value = from + (f64::from(to - from) * part) as u32;
            let moves = track.record(&stamp(t), &outcome(value), &BAND, &RULES);
            prop_assert!(matches!(moves[..], [Move::Stay { .. }]), "{value}: {moves:?}");
        }
    }

    #[test]
    fn stamps_in_any_order_and_of_any_boot_do_no_harm(
        steps in prop::collection::vec((any::<i64>(), any::<i64>(), any::<bool>(), 0u32..700), 1..60), rules in rules(),
    ) {
        let mut track = Track::default();
        let (mut open, mut last_serial) = (false, i64::MIN);
        for (mono, wall, boot, value) in steps {
            let at = EventTime {
                boot: crate::domain::BootId(if boot { "a" } else { "b" }.into()),
                mono: crate::domain::BootTime(mono),
                wall: jiff::Timestamp::from_millisecond(wall % 100_000_000_000_000).unwrap(),
            };
            for m in track.record(&at, &outcome(value), &BAND, &rules) {
                match m {
                    Move::Start { serial, .. } => {
                        prop_assert!(!open && serial > last_serial);
                        (open, last_serial) = (true, serial);
                    }
                    Move::End { .. } => { prop_assert!(open); open = false; }
                    _ => prop_assert!(open),
                }
            }
        }
    }
}
