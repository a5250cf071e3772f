//! What a store in a file must be able to do, so that it can be left for memory when its disk fails and returned to.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Store, StoreError};
use crate::domain::Clock;

/// What has become of an open file.
pub enum OnDisk {
    /// It is where it was.
    Same,
    /// It was moved or deleted: its name leads to another file now, or to none.
    Other,
    /// Its log is gone: what is written from now on, nobody else sees.
    WithoutLog(StoreError),
}

/// A store just opened, and where a damaged file was moved to if there was one.
#[derive(Debug)]
pub struct Found<S> {
    pub store: S,
    /// Where the damaged file is now.
    pub quarantined: Option<PathBuf>,
}

/// The numbers of the last reading and the last event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Last {
    pub reading: i64,
    pub event: i64,
}

/// A store in a file, or in memory in place of one.
pub trait Recoverable: Store + Sized {
    /// What must not be forgotten with the file: permits, token generations, rate control, and who is here.
    type Ledgers: Clone + Default + Send;

    /// Opens or creates the file at `path`; a damaged one is moved away and a new one begun. What it still tells of the
    /// last minute's requests and of the last hours is brought over; if it does not tell of the requests, the new one
    /// gives no permit for a minute. `suspect`: reads through the whole file, however large.
    fn open_or_replace(path: &Path, clock: Arc<dyn Clock>, suspect: bool) -> Result<Found<Self>, StoreError>;

    /// A store in memory with what a file that cannot be opened for writing still tells.
    fn memory_of(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError>;

    /// A store in memory with the same token, and with what this one still tells of what safety and the screen need.
    /// New readings are numbered from beyond `offset` on.
    fn memory_beside(&self, offset: i64) -> Result<Self, StoreError>;

    /// Takes back what was made in `memory` behind `last`, readings and events all or none, so that it can be tried
    /// again. They are numbered from beyond `from` on; gives the number before the first of them.
    fn take_back(self, memory: &Self, last: Last, from: i64) -> Result<(Self, i64), StoreError>;

    /// Whether the file's name still leads to the file that is open.
    fn on_disk(&self) -> OnDisk;

    /// Reads through the small tables, which every call works with: damage can also make them look empty, without an
    /// error.
    fn check_small_tables(&self) -> Result<(), StoreError>;

    /// True where no permit was ever asked for.
    fn never_polled(&self) -> Result<bool, StoreError>;

    /// What the ledgers hold now.
    fn ledgers(&self) -> Result<Self::Ledgers, StoreError>;

    /// Takes in ledgers, each entry by its own number: twice does no harm.
    fn take_ledgers(&self, ledgers: &Self::Ledgers) -> Result<(), StoreError>;

    /// The last numbers given.
    fn last(&self) -> Result<Last, StoreError>;

    /// Numbers the next readings from beyond `seq` on.
    fn number_from(&self, seq: i64) -> Result<(), StoreError>;
}
