//! One answer of the service about one target, and when it came.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Aht, EventTime, Target};

/// What the service said about a target, or that it could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An average handling time of outbound calls over the last two hours.
    Value(Aht),
    /// No outbound call in the last two hours: neither an error nor a zero.
    NoCalls,
    /// The service does not know this id.
    Invalid,
    /// No answer about the target: one sentence for the user, already free of control characters and secrets.
    Failed(Arc<str>),
}

impl Outcome {
    /// True for [`Value`](Outcome::Value) and [`NoCalls`](Outcome::NoCalls): the service told what is so.
    pub fn is_good(&self) -> bool {
        matches!(self, Outcome::Value(_) | Outcome::NoCalls)
    }

    /// The AHT, where there is one.
    pub fn aht(&self) -> Option<Aht> {
        match self {
            Outcome::Value(aht) => Some(*aht),
            _ => None,
        }
    }
}

/// An [`Outcome`] with its target, its time and the name that came along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Who it is about.
    pub target: Target,
    /// When the reply arrived.
    pub at: EventTime,
    pub outcome: Outcome,
    /// `AgentName` or `CampaignName` of the reply, cleaned of control characters and cut to 300 characters.
    pub name: Option<Arc<str>>,
}
