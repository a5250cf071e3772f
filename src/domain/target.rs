//! What is asked about: an agent or a campaign.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// The two kinds of thing that the AHT API knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A campaign (`campaignName`); the roll-up of its agents' outbound calls.
    Campaign,
    /// An agent (`agentId`).
    Agent,
}

impl Kind {
    /// Both, campaigns first, as they are shown.
    pub const ALL: [Kind; 2] = [Kind::Campaign, Kind::Agent];

    /// The word for it: `campaign` or `agent`.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Campaign => "campaign",
            Kind::Agent => "agent",
        }
    }

    /// What stands before an ID that is told alone: `campaign`, but `agent ID`.
    pub const fn before_id(self) -> &'static str {
        match self {
            Kind::Campaign => "campaign",
            Kind::Agent => "agent ID",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One agent or campaign, named by the id that is sent to the API exactly as it was configured.
///
/// Two ids that differ only in case are two targets: whether the API folds case is not documented.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    pub kind: Kind,
    /// `agentId` or `campaignName`, never empty.
    pub id: Arc<str>,
}

impl Target {
    /// An agent by its `agentId`.
    pub fn agent(id: impl Into<Arc<str>>) -> Self {
        Target { kind: Kind::Agent, id: id.into() }
    }

    /// A campaign by its `campaignName`.
    pub fn campaign(id: impl Into<Arc<str>>) -> Self {
        Target { kind: Kind::Campaign, id: id.into() }
    }
}

/// What a row is called: the label of the configuration, else the service's name, else the id. One that is blank counts
/// as none. Neither cut nor cleaned.
pub fn display_name<'a>(label: Option<&'a str>, name: Option<&'a str>, id: &'a str) -> &'a str {
    [label, name].into_iter().flatten().find(|text| !text.trim().is_empty()).unwrap_or(id)
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_goes_before_the_name_and_the_id_is_always_there() {
        for (label, name, shown) in [
            (Some("Asha"), Some("A. Sharma"), "Asha"),
            (None, Some("A. Sharma"), "A. Sharma"),
            (Some(" "), Some("A. Sharma"), "A. Sharma"),
            (None, Some("\u{2003}"), "a1"),
            (None, None, "a1"),
        ] {
            assert_eq!(display_name(label, name, "a1"), shown);
        }
    }
}
