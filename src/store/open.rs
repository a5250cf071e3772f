//! From the place of a store to one that works, whatever the disk says.

use std::{path::PathBuf, sync::Arc};

use super::{
    ResilientStore, ServerPlace, SqliteStore, Store, StoreError, StoreNotice, StorePlace, guard, own_file,
    poller_lock::PollerLock, slot_file,
};
use crate::domain::Clock;

/// A store, and what the user should know about how it was opened.
pub struct Opened {
    /// The store. Its [`notice`](super::StoreState::notice) tells of later trouble.
    pub store: Arc<dyn Store>,
    /// The clock by which what is in the store has its age: on a server its own.
    pub clock: Arc<dyn Clock>,
    /// What happened while it was opened: a damaged file moved aside, or memory in place of the file.
    pub notices: Vec<StoreNotice>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("notices", &self.notices).finish_non_exhaustive()
    }
}

/// Opens the store at `place`. A damaged file is moved aside; where no file can be opened and written, the store is in
/// memory and a notice says what to do. A server that cannot be reached has no such way out, since the other machines
/// keep the whole limit: the store is opened, gives no permit, and goes on trying. Blocks for a few seconds at most.
///
/// # Errors
/// [`StoreError::Newer`], since an older program must not touch a newer store;
/// [`StoreError::Busy`]; [`StoreError::Other`] for the database of another program; [`StoreError::Refused`] by a server.
pub fn open(place: &StorePlace, clock: Arc<dyn Clock>) -> Result<Opened, StoreError> {
    open_for(place, clock, None)
}

/// The same for an account: `account` names it over all stores of this user, so that two stores of one account keep
/// its limit together.
pub fn open_for(place: &StorePlace, clock: Arc<dyn Clock>, account: Option<&str>) -> Result<Opened, StoreError> {
    match place {
        StorePlace::File(path) => {
            let (store, notices) = ResilientStore::open_for(path.clone(), clock.clone(), account)?;
            Ok(Opened { store: Arc::new(store), clock, notices })
        }
        StorePlace::Server(server) => on_server(server, clock),
    }
}

#[cfg(feature = "postgres")]
fn on_server(server: &ServerPlace, clock: Arc<dyn Clock>) -> Result<Opened, StoreError> {
    let store = super::PostgresStore::open(server.clone(), clock)?;
    let (clock, notices) = (store.clock(), super::StoreState::notice(&store).into_iter().collect());
    Ok(Opened { store: Arc::new(store), clock, notices })
}

#[cfg(not(feature = "postgres"))]
fn on_server(server: &ServerPlace, _: Arc<dyn Clock>) -> Result<Opened, StoreError> {
    Err(StoreError::Refused(format!(
        "{}: this ahtop was built without the feature 'postgres'; use one that has it",
        server.url.place()
    )))
}

/// Looks at the store of [`open`] without making, changing or locking anything: whatever would write fails. `None`
/// where there is none yet. What is on a server is looked at as by everybody else.
///
/// # Errors
/// [`StoreError::Newer`], [`StoreError::Corrupt`], and whatever keeps a store from being read.
pub fn peek(place: &StorePlace, clock: Arc<dyn Clock>) -> Result<Option<Arc<dyn Store>>, StoreError> {
    match place {
        StorePlace::File(path) => {
            let store = SqliteStore::peek(path, clock)?;
            Ok(store.map(|store| Arc::new(store) as Arc<dyn Store>))
        }
        StorePlace::Server(server) => on_server(server, clock).map(|opened| Some(opened.store)),
    }
}

/// The process and the store through which `account` is polled on this machine, where that is another store than the
/// one of [`open_for`]. Takes and makes nothing.
pub fn other_store(place: &StorePlace, account: &str) -> Option<(u32, PathBuf)> {
    let path = place.file()?;
    let path = own_file::resolve(path).unwrap_or_else(|_| path.to_owned());
    let runtime = guard::runtime_path(account)?;
    let lock = PollerLock::new(slot_file::beside(&runtime, ".poller"), path.clone());
    lock.holder().filter(|(_, store)| *store != path)
}
