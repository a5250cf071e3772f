//! Who is logged in: what the service told at one look, and how old that is.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{EventTime, Kind, Now, Target};

/// What is known of an agent who is logged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedIn {
    /// `AgentId`, as in [`Target::id`].
    pub id: Arc<str>,
    /// `AgentName`, cleaned as the name of a reading is.
    pub name: Option<Arc<str>>,
    /// `AgentState` as it came, cleaned likewise: the words are the service's, and not all of them are known.
    pub state: Option<Arc<str>>,
}

/// All agents who were logged in at one look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresencePicture {
    /// When the reply arrived.
    pub seen: EventTime,
    /// How often whoever looks means to look. It is kept here so that all who share the picture agree on its age.
    pub interval: Duration,
    /// By agent id. Who is not in it was logged out.
    pub agents: BTreeMap<Arc<str>, LoggedIn>,
}

impl PresencePicture {
    /// After so many intervals a picture is stale.
    const STALE_INTERVALS: u32 = 3;

    /// A picture of `agents`, of whom one with the id of another replaces it.
    pub fn new(seen: EventTime, interval: Duration, agents: impl IntoIterator<Item = LoggedIn>) -> Self {
        let agents = agents.into_iter().map(|agent| (Arc::clone(&agent.id), agent)).collect();
        PresencePicture { seen, interval, agents }
    }

    /// How long ago the look was.
    pub fn age(&self, now: &Now) -> Duration {
        self.seen.age(now)
    }

    /// How long it counts from the look on.
    pub fn good_for(&self) -> Duration {
        self.interval.saturating_mul(Self::STALE_INTERVALS)
    }

    /// True when it is so old that nobody should go by it.
    pub fn is_stale(&self, now: &Now) -> bool {
        self.age(now) >= self.good_for()
    }

    /// What it tells of `target`, if that is an agent who was logged in. Campaigns do not log in.
    pub fn of(&self, target: &Target) -> Option<&LoggedIn> {
        (target.kind == Kind::Agent).then(|| self.agents.get(&target.id)).flatten()
    }
}

/// A row that cannot change, since its agent is logged out and has no calls: it is asked rarely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// How often it is asked.
    pub every: Duration,
    /// No answer about it gets older while all goes well: others may be asked before it.
    pub at_most: Duration,
    /// As of the look at this time, which counts for so long.
    pub seen: EventTime,
    pub good_for: Duration,
}

impl Rest {
    /// True while what was seen counts.
    pub fn holds(&self, now: &Now) -> bool {
        self.seen.age(now) < self.good_for
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, ManualClock};

    fn agent(id: &str, state: &str) -> LoggedIn {
        LoggedIn { id: id.into(), name: None, state: Some(state.into()) }
    }

    #[test]
    fn it_is_stale_after_three_intervals() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let picture = PresencePicture::new(clock.now().stamp(), Duration::from_secs(60), []);
        clock.advance(Duration::from_secs(179));
        assert_eq!((picture.age(&clock.now()).as_secs(), picture.is_stale(&clock.now())), (179, false));
        clock.advance(Duration::from_secs(1));
        assert!(picture.is_stale(&clock.now()));
    }

    #[test]
    fn it_tells_of_agents_alone_and_by_their_exact_id() {
        let now = ManualClock::at(jiff::Timestamp::UNIX_EPOCH).now();
        let agents = [agent("a1", "READY"), agent("a2", "READY"), agent("a2", "PAUSE")];
        let picture = PresencePicture::new(now.stamp(), Duration::from_secs(60), agents);
        assert_eq!(picture.agents.len(), 2);
        let state = |target| picture.of(&target).and_then(|a| a.state.as_deref());
        assert_eq!(state(Target::agent("a2")), Some("PAUSE"));
        assert_eq!(state(Target::agent("A2")), None);
        assert_eq!(state(Target::campaign("a1")), None);
    }

    #[test]
    fn it_is_stored_and_read_as_it_was() {
        let now = ManualClock::at(jiff::Timestamp::UNIX_EPOCH).now();
        let picture = PresencePicture::new(now.stamp(), Duration::from_secs(60), [agent("a1", "READY")]);
        let text = serde_json::to_string(&picture).unwrap();
        assert_eq!(serde_json::from_str::<PresencePicture>(&text).unwrap(), picture);
    }
}
