//! From readings to "somebody should look": pure rules, no I/O, no clock but the one passed in.
//!
//! ```text
//!   reading ─► Track (one a target) ─┐                          ┌─► AlertEvent ─► banner, hook, bell
//!   link, counts ─► findings ─► CauseTrack (one a cause) ─► Book ┤
//!   acknowledge, mute (any dashboard) ─► Action ────────────┘   └─► Alert: active, recently ended
//!
//!   warm-up ─► quiet ─► pending ─(dwell on fresh readings)─► active ─► ended: cleared, no calls, lost …
//!                 ▲        │                              acknowledged, muted: marks on it, no life of their own
//!                 └────────┘
//! ```
//!
//! **The same events everywhere.** What happens to a target's alert is decided by its readings and their own stamps
//! alone, never by when somebody looked: whoever feeds the same readings to the same [`Book`] gets the same events.
//! A book can be serialised at any moment; a successor that goes on from [`Book::cursor`] continues as if nothing had
//! happened, and [`AlertEvent::key`] names each event so that it is acted upon once even where two processes saw it.
//!
//! **Stale data** begins no alert, ends none and counts for no dwell. An alert whose data is stale stays and is marked
//! ([`Track::is_stale`]). Two hours after its last good reading, when no call of that reading is in the API's window any
//! more, it ends as [`Ended::Lost`], at that moment and with an event.
//!
//! [`noise`] replays stored readings to show what bands and rules would have cost.

mod book;
mod cause;
mod life;
mod machine;
pub mod noise;
mod pairs;
mod rules;
pub mod shelf;
pub mod words;

#[cfg(test)]
mod testing;

pub use book::Book;
pub use cause::{Cause, CauseRules, CauseTrack, Counts, Finding, Sight, findings};
pub use life::{Ack, Action, Alert, AlertEvent, AlertId, Deed, Ended, Matter, Mute, Step, Subject, Until};
pub use machine::{Move, Phase, Track};
pub use noise::Noise;
pub use rules::{Policy, Rules, held_level, is_crit};
