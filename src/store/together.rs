//! Asks several things together: in one round trip where the store can do that, else one after the other. And the token,
//! for those who can do without.

use std::time::Duration;

use super::{Instance, Overview, Store, StoreError, Token, Turn};

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

/// The token, for who only shows how long it lives: `None` also where this user may not read it.
///
/// # Errors
/// Those of the store.
pub fn readable_token(store: &dyn Store) -> Result<Option<Token>, StoreError> {
    match store.token() {
        Err(StoreError::Refused(_)) => Ok(None),
        token => token,
    }
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
