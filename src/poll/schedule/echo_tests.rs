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
