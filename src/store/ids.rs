//! Numbers that no other database gives.

use std::cell::RefCell;

use rand::{RngExt, SeedableRng, rngs::StdRng};

thread_local! {
    /// Where this thread's numbers come from, in place of the system's randomness.
    static IDS: RefCell<Option<StdRng>> = const { RefCell::new(None) };
}

/// From now on the numbers of permits and tickets that are given on this thread follow from `seed`: for simulations,
/// which must go the same way each time.
pub fn seed_ids(seed: u64) {
    IDS.set(Some(StdRng::seed_from_u64(seed)));
}

/// A number that no other database gives: permits and tickets keep theirs when they move to another one.
pub(super) fn fresh_id() -> i64 {
    IDS.with_borrow_mut(|ids| ids.as_mut().map_or_else(rand::random::<i64>, |rng| rng.random())) & i64::MAX
}
