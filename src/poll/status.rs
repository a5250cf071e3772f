//! What the poller tells the others: its status, and the events of the link.

use std::time::Duration;

use crate::{
    domain::{BootTime, EventTime, Now},
    store::{Event, EventKind, Handle, Link, Status, StoreError, Words},
};

/// A status that says nothing new is written again after this long, as a sign of life.
pub(super) const STATUS_INTERVAL: Duration = Duration::from_secs(10);

/// What a screen shows of a status. Numbers are as fine as they are shown: a pace that rises slowly is not noted at each
/// step.
#[derive(PartialEq)]
struct Shown {
    link: Link,
    rate: f64,
    targets: u32,
    sweep_s: u64,
    token_until: Option<EventTime>,
    /// Rounded and rounded up: how much they use, and how much to reserve for that.
    others_rate: Option<(f64, f64)>,
    others_interval: Option<Duration>,
    last_invalidated: Option<EventTime>,
}

impl Shown {
    fn of(status: &Status) -> Shown {
        let others = status.other_clients.as_ref();
        Shown {
            link: status.link.clone(),
            // As a number is written without decimals.
            rate: status.rate.round_ties_even(),
            targets: status.targets,
            sweep_s: status.sweep.as_secs(),
            token_until: status.token_until.clone(),
            others_rate: others.and_then(|o| o.per_minute).map(|rate| (rate.round_ties_even(), rate.ceil())),
            others_interval: others.and_then(|o| o.generated_every),
            last_invalidated: others.and_then(|o| o.last_invalidated.clone()),
        }
    }
}

/// Publishes how the link is.
pub(super) struct StatusWriter {
    store: Handle,
    /// Who is named in the events.
    who: String,
    link: Link,
    since: Option<EventTime>,
    last_published: Option<(Status, BootTime)>,
    /// What a replay shows at present.
    last_noted: Option<Shown>,
    /// Events that wait to be written with the next status.
    pending: Vec<Event>,
}

impl StatusWriter {
    pub(super) fn new(store: Handle, who: String) -> Self {
        StatusWriter {
            store,
            who,
            link: Link::Starting,
            since: None,
            last_published: None,
            last_noted: None,
            pending: Vec::new(),
        }
    }

    pub(super) fn event(&self, kind: EventKind, text: impl Into<Words>, now: &Now) -> Event {
        Event { at: now.stamp(), kind, who: self.who.as_str().into(), text: text.into() }
    }

    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    /// Since when the link is as it is; `now` where nothing was said yet.
    pub(super) fn since(&self, now: &Now) -> EventTime {
        self.since.clone().unwrap_or_else(|| now.stamp())
    }

    /// A link of another kind than before is an event.
    pub(super) fn set_link(&mut self, link: Link, now: &Now) {
        // However it is noticed, it is one outage, and began when it was noticed first.
        let link = match (&self.link, link) {
            (Link::Down { since, .. }, Link::Down { why, until, .. }) => {
                Link::Down { why, since: since.clone(), until }
            }
            (_, link) => link,
        };
        if std::mem::discriminant(&link) != std::mem::discriminant(&self.link) || self.since.is_none() {
            self.since = Some(now.stamp());
            self.pending.push(self.event(EventKind::Link, Words::of_link(&link), now));
        }
        self.link = link;
    }

    /// Goes on with the link of an earlier poller, which is no event.
    pub(super) fn inherit(&mut self, link: Link, since: EventTime) {
        (self.link, self.since) = (link, Some(since));
    }

    /// The next status is published whatever it says.
    pub(super) fn begin_anew(&mut self) {
        self.last_published = None;
    }

    /// Publishes the status if it says something new, or as a sign of life. True where it was written.
    pub(super) async fn publish(&mut self, mut status: Status, now: &Now) -> Result<bool, StoreError> {
        // In an outage the lists of who works go stale, and all take turns again: what is fresh is told as before.
        if let (Link::Down { .. }, Some((old, _))) = (&status.link, &self.last_published)
            && old.targets == status.targets
        {
            status.sweep = old.sweep;
        }
        let same = |old: &Status| {
            (&old.link, old.rate, old.targets) == (&status.link, status.rate, status.targets)
                && old.token_until.is_some() == status.token_until.is_some()
                && old.other_clients == status.other_clients
        };
        let fresh =
            self.last_published.as_ref().is_some_and(|(old, at)| same(old) && now.mono.since(*at) < STATUS_INTERVAL);
        if fresh && self.pending.is_empty() {
            return Ok(false);
        }
        self.last_published = Some((status.clone(), now.mono));
        let mut events = std::mem::take(&mut self.pending);
        let shown = Some(Shown::of(&status));
        if self.last_noted != shown {
            events.push(self.event(EventKind::Status, Words::of_status(&status), now));
            self.last_noted = shown;
        }
        self.store
            .call(move |s| {
                s.set_status(&status)?;
                events.iter().try_for_each(|event| s.note(event))
            })
            .await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{BootId, BootTime},
        store::OtherClients,
    };

    #[test]
    fn a_number_that_is_written_otherwise_is_noted_for_a_replay() {
        let at = EventTime { boot: BootId("test".into()), mono: BootTime(0), wall: jiff::Timestamp::UNIX_EPOCH };
        let shown = |rate: f64| {
            let others = OtherClients { per_minute: Some(rate), generated_every: None, last_invalidated: None };
            Shown::of(&Status { rate, other_clients: Some(others), ..Status::new(at.clone(), Link::Live) })
        };
        let written = |rate: f64| format!("{rate:.0}, reserve {:.0}", rate.ceil());
        let rates: Vec<f64> = (0..200).map(|quarters| f64::from(quarters) / 4.0).collect();
        for pair in rates.windows(2) {
            let same = written(pair[0]) == written(pair[1]);
            assert_eq!(shown(pair[0]) == shown(pair[1]), same, "{pair:?}");
        }
    }
}
