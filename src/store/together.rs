//! Asks several things together: in one round trip where the store can do that, else one after the other.

use std::time::Duration;

use super::{Instance, Overview, Store, StoreError, Turn};

/// Takes the lease, or keeps it, and looks at what is to be polled.
pub fn turn(store: &dyn Store, who: &Instance, ttl: Duration) -> Result<Turn, StoreError> {
    if let Some(bundles) = store.bundles() {
        return bundles.turn(who, ttl);
    }
    let lease = store.lease(who, ttl)?;
    // Requested polls before the wants: who requests one wants the target a moment later.
    let requested_polls = store.take_requested_polls()?;
    Ok(Turn { lease, requested_polls, wanted: store.wanted()?, governor: store.governor()? })
}

/// What all dashboards see beside the readings.
pub fn overview(store: &dyn Store) -> Result<Overview, StoreError> {
    if let Some(bundles) = store.bundles() {
        return bundles.overview();
    }
    Ok(Overview {
        status: store.status()?,
        usage: store.usage()?,
        poller: store.lease_holder()?,
        instances: store.instances()?,
    })
}
