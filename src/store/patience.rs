//! How long a call waits for a lock that another process holds.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

static IMPATIENT: AtomicBool = AtomicBool::new(false);

/// No call of this process waits for a lock any more. For simulations in one thread, where nobody could let go of it
/// meanwhile.
pub fn never_wait_for_locks() {
    IMPATIENT.store(true, Ordering::Relaxed);
}

/// `longest`, or nothing where no call may wait.
pub(super) fn patience(longest: Duration) -> Duration {
    if IMPATIENT.load(Ordering::Relaxed) { Duration::ZERO } else { longest }
}
