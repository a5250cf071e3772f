//! What the poller tells the others: its status, and the events of the link.

use std::time::Duration;

use super::{Next, Poller};
use crate::{
    domain::Now,
    store::{Event, EventKind, Link, Status, StoreError, Strangers, Words},
};

/// A status that says nothing new is written again after this long, as a sign of life.
pub(super) const STATUS_INTERVAL: Duration = Duration::from_secs(10);

impl Poller {
    pub(super) fn event(&self, kind: EventKind, text: impl Into<Words>, now: &Now) -> Event {
        Event { at: now.stamp(), kind, who: self.me.label().into(), text: text.into() }
    }

    pub(super) fn set_link(&mut self, link: Link, now: &Now) {
        if std::mem::discriminant(&link) != std::mem::discriminant(&self.link) || self.link_since.is_none() {
            self.link_since = Some(now.stamp());
            self.news.push(self.event(EventKind::Link, Words::of_link(&link), now));
        }
        self.link = link;
    }

    /// Publishes the status if it says something new, or as a sign of life.
    pub(super) async fn tell(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        let rate = self.rate(&now);
        let status = Status {
            at: now.stamp(),
            link: self.link.clone(),
            since: self.link_since.clone().unwrap_or_else(|| now.stamp()),
            rate,
            targets: u32::try_from(self.schedule.active()).unwrap_or(u32::MAX),
            sweep: self.schedule.sweep(rate),
            next: match self.schedule.next(now.mono) {
                Next::Ask { target, .. } => Some(target),
                _ => None,
            },
            token_until: self.keeper.until(&now),
            strangers: Strangers::of(&self.governor, self.full(), &self.past.0, &now),
            traffic: self.meter.traffic(now.mono),
        };
        let same = |old: &Status| {
            (&old.link, old.rate, old.targets) == (&status.link, status.rate, status.targets)
                && old.token_until.is_some() == status.token_until.is_some()
                && old.strangers == status.strangers
        };
        let fresh = self.told.as_ref().is_some_and(|(old, at)| same(old) && now.mono.since(*at) < STATUS_INTERVAL);
        if fresh && self.news.is_empty() {
            return Ok(());
        }
        self.told = Some((status.clone(), now.mono));
        let news = std::mem::take(&mut self.news);
        self.store
            .call(move |s| {
                s.set_status(&status)?;
                news.iter().try_for_each(|event| s.note(event))
            })
            .await?;
        self.wakes.feed.notify_one();
        Ok(())
    }
}
