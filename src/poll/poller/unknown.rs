//! Which IDs the service does not know, so that a change is told, and not each check.

use std::collections::BTreeSet;

use crate::{
    domain::{Outcome, Reading, Row, Target},
    store::Words,
};

/// Those of which the service said last that it does not know them. That it does not answer says nothing of an ID.
#[derive(Default)]
pub(super) struct UnknownIds(BTreeSet<Target>);

impl UnknownIds {
    /// As the last poller left it.
    pub(super) fn of(rows: &[Row]) -> Self {
        let unknown = rows.iter().filter(|row| matches!(row.last, Some((Outcome::Invalid, _))));
        UnknownIds(unknown.map(|row| row.target.clone()).collect())
    }

    /// Takes in an answer; what there is to tell where the ID has become unknown, or known again.
    pub(super) fn record(&mut self, reading: &Reading) -> Option<Words> {
        let target = &reading.target;
        let news = match reading.outcome {
            Outcome::Invalid => self.0.insert(target.clone()).then_some(" is unknown"),
            Outcome::Value(_) | Outcome::NoCalls => self.0.remove(target).then_some(" is known again"),
            Outcome::Failed(_) => None,
        };
        Some(Words::from(format!("{} ", target.kind.before_id())).id(target).own(news?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Aht, BootId, BootTime, EventTime};

    #[test]
    fn a_change_is_told_once_and_survives_a_takeover() {
        let (agent, campaign) = (Target::agent("a3"), Target::campaign("C"));
        let at = EventTime { boot: BootId("test".into()), mono: BootTime(0), wall: jiff::Timestamp::UNIX_EPOCH };
        let reading =
            |target: &Target, outcome| Reading { target: target.clone(), at: at.clone(), outcome, name: None };
        let mut ids = UnknownIds::default();
        let mut told = |target: &Target, outcome: Outcome| {
            ids.record(&reading(target, outcome)).map(|words| (words.is_about(target), words.to_string()))
        };
        let say = |text: &str| Some((true, text.to_owned()));
        let value = || Outcome::Value(Aht::from_secs(300));
        assert_eq!(told(&agent, value()), None, "never unknown");
        assert_eq!(told(&agent, Outcome::Invalid), say("agent ID a3 is unknown"));
        assert_eq!(told(&campaign, Outcome::Invalid), say("campaign C is unknown"));
        assert_eq!(told(&agent, Outcome::Invalid), None);
        assert_eq!(told(&agent, Outcome::Failed("timeout".into())), None);
        assert_eq!(told(&agent, Outcome::NoCalls), say("agent ID a3 is known again"));
        assert_eq!(told(&agent, value()), None);
        let mut row = Row::new(campaign.clone());
        row.last = Some((Outcome::Invalid, at.clone()));
        let mut ids = UnknownIds::of(&[row, Row::new(agent)]);
        assert!(ids.record(&reading(&campaign, Outcome::Invalid)).is_none());
        let words = ids.record(&reading(&campaign, value())).map(|words| words.to_string());
        assert_eq!(words.as_deref(), Some("campaign C is known again"));
    }
}
