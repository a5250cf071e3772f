//! From readings to "somebody should look": pure rules, no I/O, no clock but the one passed in.
//!
//! ```text
//!   reading ─► Track (one a target) ─┐                                    ┌─► AlertEvent ─► banner, hook, bell
//!   link, counts ─► findings ─► ProblemTrack (one each)    ─► AlertRegistry ┤
//!   acknowledge, mute (any dashboard) ─► Action ────────────┘             └─► Alert: active, recently ended
//!
//!   warm-up ─► quiet ─► pending ─(dwell on fresh readings)─► active ─► ended: cleared, no calls, lost …
//!                 ▲        │                              acknowledged, muted: marks on it, no life of their own
//!                 └────────┘
//! ```
//!
//! **The same events everywhere.** What happens to a target's alert is decided by its readings and their own stamps
//! alone, never by when somebody looked: whoever feeds the same readings to the same [`AlertRegistry`] gets the same
//! events. A registry can be serialised at any moment; a successor that goes on from [`AlertRegistry::cursor`]
//! continues as if nothing had happened, and [`AlertEvent::key`] names each event so that it is acted upon once even
//! where two processes saw it.
//!
//! **Stale data** begins no alert, ends none and counts for no dwell. An alert whose data is stale stays. Two hours after
//! its last good reading, when no call of that reading is in the API's window any more, it ends as [`EndReason::Lost`], at
//! that moment and with an event.
//!
//! [`noise`] replays stored readings to show what bands and rules would have cost.

mod account;
mod machine;
mod map_as_pairs;
mod model;
pub mod noise;
pub mod persist;
mod registry;
mod rules;
pub mod words;

#[cfg(test)]
mod testing;

pub use account::{Counts, Finding, Observation, ProblemRules, ProblemTrack, findings};
pub use machine::{Move, Phase, Track};
pub use model::{
    Ack, Action, Alert, AlertEvent, AlertId, AlertKind, EndReason, Mute, Step, Subject, Until, UserAction,
};
pub use noise::Noise;
pub use registry::AlertRegistry;
pub use rules::{Limits, Policy, Rules, held_level, is_crit, worse};
