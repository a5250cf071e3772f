//! The poller asks who is logged in.

use std::time::Duration;

use super::{HOUSEKEEPING, Poller, Step};
use crate::{
    api::ListReply,
    domain::{Now, opening},
    poll::{Next, Ready, request::Listed},
    store::{EventKind, Pace, Resting, StoreError, Words, read_presence, write_presence},
};

impl Poller {
    /// Begins with what the last poller knew.
    pub(super) async fn begin_presence(&mut self, now: &Now) -> Result<(), StoreError> {
        let (known, revision) = self
            .store
            .call(|s| {
                let mut revision = 0;
                Ok((read_presence(s, &mut revision)?, revision))
            })
            .await?;
        self.presence.revision = revision;
        self.presence.begin(known.unwrap_or_default(), now);
        Ok(())
    }

    /// Who is logged in is asked once the first values are on the screen; but where that decides who is watched, before
    /// anything else, and also while nobody is.
    pub(super) fn may_ask_for_logins(&self, next: &Next, now: &Now) -> bool {
        let watches = self.rules.floor.is_some();
        match next {
            Next::Ask { first: true, .. } => watches && self.presence.fresh(now).is_none(),
            Next::Idle => watches,
            Next::Ask { .. } | Next::At(_) => true,
        }
    }

    /// Asks who is logged in if there is a token, a turn and a permit. It takes a turn of the account's pace.
    pub(super) async fn send_for_logins(&mut self, now: &Now, rate: f64) -> Result<Step, StoreError> {
        let auth = match self.token_manager.ready(now, self.requests.in_flight() == 0).await? {
            Ready::Send(auth, _) => auth,
            Ready::Drain => return Ok(Step::Sleep(HOUSEKEEPING)),
            Ready::Wait(link, until) => {
                self.status.set_link(link, now);
                return Ok(Step::Sleep(until.since(now.mono).max(Duration::from_millis(50))));
            }
        };
        let gap = Duration::from_secs(60).div_f64(rate);
        if let Some(wait) = self.requests.send_for_logins(auth, Pace::Even(gap), rate, now).await? {
            return Ok(Step::Sleep(wait));
        }
        self.presence.asking = true;
        Ok(Step::Again)
    }

    /// Takes in an answer about who is logged in. It says nothing about the token, and nothing about the service: an
    /// account that does not give the list works for everything else.
    pub(super) async fn listed(&mut self, listed: Listed) -> Result<(), StoreError> {
        let Listed { permit, reply, at: now } = listed;
        self.requests.completed(permit);
        self.presence.asking = false;
        let Some(reply) = reply else {
            return self.store.call(move |s| s.finish(permit, false)).await;
        };
        if let ListReply::Refused { why } = &reply {
            tracing::info!("the list of who is logged in is refused: {why}");
        }
        let wanted = self.store.call(|s| s.wanted()).await?;
        let news = self.presence.answered(reply, wanted.iter().map(|(target, _)| target), &now);
        self.schedule.set_presence(&now, self.presence.fresh(&now));
        self.presence.rest(Resting::new(self.schedule.resting(), self.schedule.rest_late()));
        let words = |text: String| Words::default().said(&*text, opening(&text));
        let event = news.map(|text| self.status.event(EventKind::Link, words(text), &now));
        let (known, mut revision) = (self.presence.known.clone(), self.presence.revision);
        self.presence.revision = self
            .store
            .call(move |s| {
                s.finish(permit, true)?;
                if !write_presence(s, &known, &mut revision)? {
                    // Somebody else polled meanwhile; this is newer.
                    read_presence(s, &mut revision)?;
                    write_presence(s, &known, &mut revision)?;
                }
                event.map_or(Ok(()), |event| s.note(&event))?;
                Ok(revision)
            })
            .await?;
        self.notifiers.feed.notify_one();
        Ok(())
    }
}
