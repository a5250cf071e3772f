//! What must hold of the index.

use proptest::prelude::*;

use super::*;

fn reads(readings: &[(f64, f64)]) -> (Pool, Track) {
    let (mut pool, mut track) = (Pool::default(), Track::new(Kind::Agent));
    for &(t, value) in readings {
        track.read(&mut pool, t, value);
    }
    track.look_ahead(&pool, 1000.0, None);
    (pool, track)
}

#[test]
fn a_call_is_due_again_two_hours_after_it_was_seen() {
    // One call at 900 to 1000, another long after; between 8100 and 8200 the first one leaves.
    let mut readings = vec![(0.0, 0.0), (900.0, 0.0), (1000.0, 100.0), (1100.0, 150.0)];
    readings.extend((12..=80).map(|i| (f64::from(i) * 100.0, 150.0)));
    let (pool, track) = reads(&readings);
    assert!((track.count() - 2.0).abs() < 0.2, "{}", track.count());
    let rise = |from: f64, to: f64| track.error(to - 8000.0) - track.error(from - 8000.0);
    assert!(rise(8100.0, 8200.0) > 3.0 * rise(8500.0, 8600.0), "{:?}", track.outlook);
    assert!(pool.trust() > 0.9);
}

#[test]
fn the_last_call_that_leaves_takes_the_whole_value_along() {
    let mut readings = vec![(0.0, 0.0), (100.0, 300.0)];
    readings.extend((2..=72).map(|i| (f64::from(i) * 100.0, 300.0)));
    let (pool, mut track) = reads(&readings);
    let alone = track.echo_size(&pool, &track.calls[0], 300.0, track.count());
    assert_eq!(alone, -300.0);
    let mut pool = pool;
    track.read(&mut pool, 7350.0, 0.0);
    assert!(track.calls.is_empty());
}

#[test]
fn a_change_that_fits_an_echo_is_taken_for_it() {
    // Ten calls of 300 s and one of 900 s at 1000: when that leaves, the mean falls by 60 s.
    let mut pool = Pool::default();
    let mut track = Track::new(Kind::Agent);
    track.shown = Some((360.0, 8150.0));
    track.logins.read(8150.0, 300.0);
    track.calls = (0..10).map(|i| call(4000.0 + 300.0 * f64::from(i), 300.0)).collect();
    track.calls.insert(0, call(1000.0, 900.0));
    let (mut same, mut other) = (track.clone(), track);
    same.read(&mut pool, 8250.0, 300.0);
    other.read(&mut pool, 8250.0, 420.0);
    // The second may hold the call still, beside a new one.
    assert!(same.count() < 10.3, "{}", same.count());
    assert!(other.count() > 11.0, "{}", other.count());
}

fn call(at: f64, length: f64) -> Call {
    Call { from: at, to: at + 100.0, weight: 1.0, length: Some(length) }
}

#[test]
fn a_service_whose_window_works_otherwise_is_trusted_less() {
    // A value that alternates each ten minutes for an hour of each three, and never two hours later.
    let (mut pool, mut track) = (Pool::default(), Track::new(Kind::Agent));
    let before = pool.trust();
    for minute in 0..3000u32 {
        let value = if minute % 180 < 60 { 200.0 + f64::from(minute / 3 % 7) } else { 210.0 };
        track.read(&mut pool, f64::from(minute) * 60.0, value);
    }
    assert!(before > 0.99 && pool.trust() < 0.6, "{}", pool.trust());
}

#[test]
fn a_near_limit_makes_a_row_worth_more() {
    let (pool, mut track) = reads(&[(0.0, 0.0), (500.0, 300.0), (900.0, 320.0)]);
    let mut score = |edge| {
        track.look_ahead(&pool, 100.0, edge);
        track.score(1000.0)
    };
    let (far, near, none) = (score(Some(500.0)), score(Some(1.0)), score(None));
    assert!(near > far * 1.2 && far >= none, "{near} {far} {none}");
}

#[test]
fn the_tail_of_the_normal_distribution() {
    for (x, q) in [(0.0, 0.5), (1.0, 0.158_655), (1.96, 0.025), (4.0, 0.0)] {
        assert!((tail(x) - q).abs() < 1e-4, "{x}: {}", tail(x));
    }
}

proptest! {
    #[test]
    fn any_history_has_a_finite_score(
        steps in prop::collection::vec((prop_oneof![Just(0.0), -5000.0..5000.0f64, Just(1e7)], 0u32..356_400), 1..200),
        cycle in 0.0..1e7f64,
        late in -1e6..1e12f64,
    ) {
        let (mut pool, mut track) = (Pool::default(), Track::new(Kind::Campaign));
        let mut t = 0.0;
        for (dt, value) in steps {
            t += dt;
            track.read(&mut pool, t, f64::from(value % 356_400));
            track.look_ahead(&pool, cycle, Some(f64::from(value)));
            prop_assert!(track.score(t + late).is_finite() && track.score(t + late) >= 0.0);
            prop_assert!(track.calls.len() <= MOST && (0.0..=1.0).contains(&pool.trust()));
            prop_assert!(track.calls.iter().all(|c| c.weight.is_finite() && c.weight >= 0.0));
        }
    }
}
