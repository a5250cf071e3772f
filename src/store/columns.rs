//! What stands for a value in the columns of a database. It is the same in every engine, so that one can be copied to
//! another and a person who looks at both finds the same numbers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{Attention, Role};
use crate::domain::{Aht, Kind, Outcome, Target};

/// What one instance wants, or all of them.
pub(super) type Wants = Vec<(Target, Attention)>;

/// From stored milliseconds; what no clock can say becomes the epoch.
pub(super) fn wall_of(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `d` in whole milliseconds, saturating.
pub(super) fn millis(d: Duration) -> i64 {
    i64::try_from(d.as_millis()).unwrap_or(i64::MAX)
}

/// The column of a document's revision, saturating.
pub(super) fn revision_number(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

pub(super) fn kind_number(kind: Kind) -> i16 {
    match kind {
        Kind::Campaign => 0,
        Kind::Agent => 1,
    }
}

pub(super) fn target_of(kind: i64, name: impl Into<Arc<str>>) -> Target {
    Target { kind: if kind == 0 { Kind::Campaign } else { Kind::Agent }, id: name.into() }
}

/// The column `what` (see the schema), where `phrase` is the number of a failure's text.
pub(super) fn what_of(outcome: &Outcome, phrase: i64) -> i64 {
    match outcome {
        Outcome::Value(aht) => i64::from(aht.secs()),
        Outcome::NoCalls => 0,
        Outcome::Invalid => -1,
        Outcome::Failed(_) => -1 - phrase,
    }
}

pub(super) fn outcome_of(what: i64, text: Option<&str>) -> Outcome {
    match what {
        0 => Outcome::NoCalls,
        -1 => Outcome::Invalid,
        1.. => Outcome::Value(Aht::from_secs(u32::try_from(what).unwrap_or(u32::MAX))),
        _ => Outcome::Failed(text.unwrap_or_default().into()),
    }
}

/// A word that this version does not know is that of a command.
pub(super) fn role_of(word: &str) -> Role {
    [Role::Dashboard, Role::Serve].into_iter().find(|r| r.word() == word).unwrap_or(Role::Command)
}

/// All that the stored `lists` want: each target once, with the highest attention. A list that another version wrote in
/// another form says nothing to this one.
pub(super) fn wants_of(lists: impl IntoIterator<Item = String>) -> Wants {
    union(lists.into_iter().map(|list| serde_json::from_str(&list).unwrap_or_default()))
}

/// Each target once, with the highest attention.
pub(super) fn union(lists: impl IntoIterator<Item = Wants>) -> Wants {
    let mut union: BTreeMap<Target, Attention> = BTreeMap::new();
    for (target, attention) in lists.into_iter().flatten() {
        let highest = union.entry(target).or_insert(attention);
        *highest = attention.max(*highest);
    }
    union.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_survive_their_number() {
        for outcome in [
            Outcome::Value(Aht::from_secs(1)),
            Outcome::Value(Aht::from_secs(u32::MAX)),
            Outcome::NoCalls,
            Outcome::Invalid,
            Outcome::Failed("x".into()),
        ] {
            assert_eq!(outcome_of(what_of(&outcome, 7), Some("x")), outcome);
        }
    }
}
