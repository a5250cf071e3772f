//! What the dashboards of one account share: readings, who wants what, who polls, the request ledger, and the token.
//!
//! Everything that a screen shows came through here, also in a single process. *Safety* rests here too: permits and
//! generations are atomic over all processes, so that the account's limit and its token survive races, crashes,
//! restarts and processes that were suspended and wake up believing that they still poll.
//!
//! The trait is synchronous and each call is short; [`Handle`] keeps it off the thread that answers keys.

mod bundles;
mod columns;
mod event;
mod floor;
mod governor;
mod guard;
mod handle;
mod ids;
mod instance;
mod link;
mod open;
mod other_clients;
mod own_file;
mod parts;
mod patience;
mod place;
mod poller_lock;
#[cfg(feature = "postgres")]
mod postgres;
mod presence;
mod recoverable;
mod replay;
mod resilient;
mod slot_file;
mod sqlite;
mod status;
mod together;
mod token_file;
mod traffic;
mod types;
mod words;

#[cfg(test)]
pub(crate) mod conformance;

pub use bundles::{Bundles, Heard, Overview, Turn};
pub use event::{Event, EventKind};
pub use floor::{OnFloor, on_floor, settled, watched_now, with_agents};
pub use governor::{Governor, Hit};
pub use handle::{Handle, StoreThread};
pub use ids::seed_ids;
pub use instance::{Instance, Role};
pub use link::Link;
pub use open::{Opened, open, open_for, other_store, peek};
pub use other_clients::{OtherClients, REMEMBERED};
pub use parts::{DocumentStore, InterestStore, LeaseStore, LedgerStore, ReadingStore, Store, StoreState, TokenStore};
pub use patience::never_wait_for_locks;
pub use place::{ServerPlace, StorePlace};
#[cfg(feature = "postgres")]
pub use postgres::{Admin as PostgresAdmin, Names as PostgresNames, PostgresStore};
pub use presence::{
    AgentLogin, AgentPresence, Presence, Resting, Standing, read_presence, rows, rows_and_presence, write_presence,
};
pub use replay::{Near, ReplayClock, ReplayStore};
pub use sqlite::SqliteStore;
pub use status::Status;
pub use together::{overview, readable_token, turn};
pub use traffic::{ANSWER_CLASSES, MINUTES, Meter, ReplyKind, Totals, Traffic};
pub use types::*;
pub use words::{Piece, Words};

/// An SQLite store that goes on in memory when its disk fails.
pub type ResilientStore = resilient::Resilient<SqliteStore>;
