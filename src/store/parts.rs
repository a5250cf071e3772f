//! The store in parts: what each of them must do, and how a store that stands in front of another one passes on the
//! rest.
//!
//! A method is said once, below: the part's trait and the forwarding come from it.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Attention, Bundles, Cursor, Event, GenerationAnswer, GenerationAsk, GenerationEnd, GenerationTicket, Governor,
    HistoryInfo, Instance, Lease, PermitAnswer, PermitAsk, PermitId, Post, Pruned, RangeQuery, Revised, Snapshot,
    Status, StoreError, StoreNotice, Token, Usage,
};
use crate::domain::{Now, Reading, Target};

/// The shared state of one account: all the parts. Implementations pass the same conformance suite.
///
/// Time comes from the clock that the implementation was opened with (a server's own time where there is a server).
pub trait Store:
    StoreState + ReadingStore + InterestStore + LeaseStore + LedgerStore + TokenStore + DocumentStore
{
}

impl<S> Store for S where
    S: StoreState + ReadingStore + InterestStore + LeaseStore + LedgerStore + TokenStore + DocumentStore
{
}

/// What a store tells of itself.
pub trait StoreState: Send + Sync {
    /// The store's own reading of time, by which its stamps, leases and permits are measured.
    fn now(&self) -> Now;

    /// A number that differs from the last one given whenever anything in the store may have changed since.
    fn version(&self) -> Result<u64, StoreError>;

    /// True where a call takes no longer than a file does. Otherwise it is made off the thread of who asks, so that a
    /// server that does not answer holds up nobody.
    fn is_local(&self) -> bool {
        true
    }

    /// Where several questions are answered at once.
    fn bundles(&self) -> Option<&dyn Bundles> {
        None
    }

    /// What is wrong with the store itself at present, while it goes on as well as it can.
    fn notice(&self) -> Option<StoreNotice> {
        None
    }
}

macro_rules! parts {
    ($(
        $(#[$about:meta])*
        trait $Part:ident {
            $($(#[$doc:meta])* fn $name:ident(&self $(, $arg:ident: $Type:ty)*) -> $Out:ty;)*
        }
    )*) => {
        $(
            $(#[$about])*
            pub trait $Part {
                $($(#[$doc])* fn $name(&self $(, $arg: $Type)*) -> $Out;)*
            }

            impl<L: Layer> $Part for L {
                $(fn $name(&self $(, $arg: $Type)*) -> $Out {
                    Layer::$name(self $(, $arg)*)
                })*
            }
        )*

        /// A store in front of another one: what it does not do in its own way is passed on.
        pub(super) trait Layer: StoreState {
            /// Makes a call to the store behind, perhaps a second time to another one.
            fn pass<T>(&self, call: impl FnMut(&dyn Store) -> Result<T, StoreError>) -> Result<T, StoreError>;

            $($(fn $name(&self $(, $arg: $Type)*) -> $Out {
                self.pass(|store| store.$name($($arg),*))
            })*)*
        }
    };
}

parts! {
    /// Readings: the history.
    trait ReadingStore {
        /// Appends readings, in order, all or none.
        fn append(&self, readings: &[Reading]) -> Result<(), StoreError>;

        /// Every target ever read, with its last good and last outcome however old, and its series of the last `span`;
        /// together with the cursor from which [`since`](ReadingStore::since) continues without a gap or a repetition.
        fn snapshot(&self, span: Duration) -> Result<Snapshot, StoreError>;

        /// Readings appended after `cursor`, oldest first, at most `limit`, and the cursor behind them.
        fn since(&self, cursor: Cursor, limit: usize) -> Result<(Vec<Reading>, Cursor), StoreError>;

        /// Readings by wall time in `[from, to)`, in the order in which they were appended, handed to `each` one by one
        /// so that a million of them cost no memory. `target`: only this one. `each` returns false to stop.
        fn range(&self, query: &RangeQuery, each: &mut dyn FnMut(Reading) -> bool) -> Result<(), StoreError>;

        /// Deletes readings older than `keep` (the last good one of each target stays) and events older than that.
        /// Bounded in time per call; call again while [`Pruned::more`].
        fn prune(&self, keep: Duration) -> Result<Pruned, StoreError>;

        /// Size and extent of the history.
        fn history(&self) -> Result<HistoryInfo, StoreError>;
    }

    /// Who is here, what they want polled, and what is to be polled next.
    trait InterestStore {
        /// Replaces what `who` wants polled; forgotten after `ttl` unless said again.
        fn want(&self, who: &Instance, wants: &[(Target, Attention)], ttl: Duration) -> Result<(), StoreError>;

        /// The union over all instances that did not expire: each target once, with the highest attention.
        fn wanted(&self) -> Result<Vec<(Target, Attention)>, StoreError>;

        /// Who is here (has unexpired wants or the lease).
        fn instances(&self) -> Result<Vec<Instance>, StoreError>;

        /// Asks that `target` be polled next, once.
        fn request_poll(&self, target: &Target) -> Result<(), StoreError>;

        /// Takes the requested polls, oldest first; they are gone then.
        fn take_requested_polls(&self) -> Result<Vec<Target>, StoreError>;
    }

    /// Who polls.
    trait LeaseStore {
        /// Takes the lease to poll if it is free, expired or already ours, for `ttl`; says who holds it otherwise. One
        /// that is ours and lasts for half of `ttl` may stay as it is. A [`Role::Serve`](super::Role::Serve) that meets
        /// a dashboard's lease leaves a claim, which the holder sees as `claimed`.
        fn lease(&self, who: &Instance, ttl: Duration) -> Result<Lease, StoreError>;

        /// Who holds the lease, without asking for it.
        fn lease_holder(&self) -> Result<Option<Instance>, StoreError>;

        /// Gives back the lease if `who` has it.
        fn release(&self, who: &Instance) -> Result<(), StoreError>;

        /// Clean exit: gives back the lease if `who` has it, and forgets its wants.
        fn leave(&self, who: &Instance) -> Result<(), StoreError>;
    }

    /// The request ledger, and the rate control that rests on it.
    trait LedgerStore {
        /// Permission for one request, given only while fewer than `ask.cap` permits count, nobody was told to wait,
        /// and (for [`Pace::Even`](super::Pace::Even)) the pace allows it. A permit counts from now until 60 s after it
        /// was finished; one that is never finished counts until 60 s after `ask.void_after + ask.timeout`.
        fn permit(&self, who: &Instance, ask: &PermitAsk) -> Result<PermitAnswer, StoreError>;

        /// The request of a permit has ended (`used`), or was never sent and must not count (`!used`).
        fn finish(&self, permit: PermitId, used: bool) -> Result<(), StoreError>;

        /// The request of a permit has ended with this reading: [`finish`](LedgerStore::finish) and
        /// [`append`](ReadingStore::append) together, both or neither.
        fn finish_with_reading(&self, permit: PermitId, reading: &Reading) -> Result<(), StoreError>;

        /// What the ledger holds now.
        fn usage(&self) -> Result<Usage, StoreError>;

        /// The shared rate control: what throttling has taught.
        fn governor(&self) -> Result<Governor, StoreError>;

        /// Replaces the rate control. Permits are refused until its `blocked_until`.
        fn set_governor(&self, governor: &Governor) -> Result<(), StoreError>;
    }

    /// The token, and the ledger of its generations.
    trait TokenStore {
        /// The stored token, alive or not; `None` if there never was one or it was discarded. [`StoreError::Refused`] where
        /// this user may not read it: another one must not be generated then.
        fn token(&self) -> Result<Option<Token>, StoreError>;

        /// Asks to generate a token. Counts as a generation from this moment, whether it succeeds or not.
        fn begin_generation(&self, who: &Instance, ask: &GenerationAsk) -> Result<GenerationAnswer, StoreError>;

        /// Ends a generation. A new token replaces the stored one under the next number.
        fn end_generation(&self, ticket: GenerationTicket, end: &GenerationEnd) -> Result<(), StoreError>;

        /// A token of this generation was rejected before its end. Recorded once per generation; the token is
        /// discarded. Returns false if a newer token is stored already (then use that one).
        fn token_invalidated(&self, generation: u64, who: &Instance) -> Result<bool, StoreError>;
    }

    /// Texts that all share, queues, the status and the events.
    trait DocumentStore {
        /// A text that all share, by its name, with its revision; `None` where there is none, or where it still has the
        /// revision `known` (0: nothing is known).
        fn document(&self, name: &str, known: u64) -> Result<Option<Revised>, StoreError>;

        /// Replaces a document that still has the revision `seen` (0: there was none), and gives the new revision;
        /// `None` where somebody else has written meanwhile.
        fn set_document(&self, name: &str, seen: u64, text: &str) -> Result<Option<u64>, StoreError>;

        /// Puts a text at the end of a queue; of more than 1000 the oldest are dropped.
        fn post(&self, queue: &str, text: &str) -> Result<(), StoreError>;

        /// What is in the queue, oldest first; it stays there.
        fn posts(&self, queue: &str) -> Result<Vec<Post>, StoreError>;

        /// Drops the posts up to this number.
        fn drop_posts(&self, queue: &str, upto: i64) -> Result<(), StoreError>;

        /// Publishes the poller's view of the link, for all dashboards.
        fn set_status(&self, status: &Status) -> Result<(), StoreError>;

        /// The last published status.
        fn status(&self) -> Result<Option<Status>, StoreError>;

        fn note(&self, event: &Event) -> Result<(), StoreError>;

        /// Events of the last `span`, oldest first, at most the newest 1000, without those that only a replay needs.
        fn events(&self, span: Duration) -> Result<Vec<Event>, StoreError>;

        /// All events that are kept, of every kind, by wall time from `from` on, oldest first.
        fn past_events(&self, from: Timestamp) -> Result<Vec<Event>, StoreError>;
    }
}
