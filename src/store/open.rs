//! From the configured URL to a store that works, whatever the disk says.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    ResilientStore, SqliteStore, Store, StoreError, StoreNotice, guard, own_file, poller_lock::PollerLock, slot_file,
};
use crate::{config::StoreUrl, domain::Clock};

/// A store, and what the user should know about how it was opened.
pub struct Opened {
    /// The store. Its [`notice`](super::StoreState::notice) tells of later trouble.
    pub store: Arc<dyn Store>,
    /// What happened while it was opened: a damaged file moved aside, or memory in place of the file.
    pub notices: Vec<StoreNotice>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("notices", &self.notices).finish_non_exhaustive()
    }
}

/// Opens the store of `[store] url`: `auto` is the file at `auto_path`, `sqlite:///path` the one at `/path`. A damaged
/// file is moved aside; where no file can be opened and written, the store is in memory and a notice says what to do.
/// Blocks for a few seconds at most.
///
/// # Errors
/// [`StoreError::Newer`], since an older program must not touch a newer file;
/// [`StoreError::Busy`]; [`StoreError::Other`] for the database of another program.
pub fn open(url: &StoreUrl, auto_path: &Path, clock: Arc<dyn Clock>) -> Result<Opened, StoreError> {
    open_for(url, auto_path, clock, None)
}

/// The same for an account: `account` names it over all stores of this user, so that two stores of one account keep
/// its limit together.
///
/// # Errors
/// As for [`open`].
pub fn open_for(
    url: &StoreUrl,
    auto_path: &Path,
    clock: Arc<dyn Clock>,
    account: Option<&str>,
) -> Result<Opened, StoreError> {
    let (store, notices) = ResilientStore::open_for(url.file(auto_path).to_owned(), clock, account)?;
    Ok(Opened { store: Arc::new(store), notices })
}

/// Looks at the store of [`open`] without making, changing or locking anything: whatever would write fails. `None`
/// where there is none yet.
///
/// # Errors
/// [`StoreError::Newer`], [`StoreError::Corrupt`], and whatever keeps a file from being read.
pub fn peek(url: &StoreUrl, auto_path: &Path, clock: Arc<dyn Clock>) -> Result<Option<Arc<dyn Store>>, StoreError> {
    let store = SqliteStore::peek(url.file(auto_path), clock)?;
    Ok(store.map(|store| Arc::new(store) as Arc<dyn Store>))
}

/// The process and the store through which `account` is polled on this machine, where that is another store than the
/// one of [`open_for`]. Takes and makes nothing.
pub fn other_store(url: &StoreUrl, auto_path: &Path, account: &str) -> Option<(u32, PathBuf)> {
    let path = url.file(auto_path);
    let path = own_file::resolve(path).unwrap_or_else(|_| path.to_owned());
    let runtime = guard::runtime_path(account)?;
    let lock = PollerLock::new(slot_file::beside(&runtime, ".poller"), path.clone());
    lock.holder().filter(|(_, store)| *store != path)
}
