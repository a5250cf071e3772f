//! One request of the poller: what it needs before it is sent, and what becomes of its answer.

use std::{sync::Arc, time::Duration};

use rand::RngExt;

use super::{
    Poller,
    keeper::Ready,
    poller::{HOUSEKEEPING, Step},
};
use crate::{
    api::{Auth, Client, Reply},
    domain::{Mono, Now, Outcome, Reading, Stamp, Target, opening},
    store::{
        EventKind, Handle, Hit, Link, Pace, PermitAnswer, PermitAsk, PermitId, PermitKind, ReplyKind, StoreError, Words,
    },
};

/// A permit that was not used by then is void: the process may have been suspended.
const VOID_AFTER: Duration = Duration::from_secs(1);

/// Timers come a little late.
const TICK: Duration = Duration::from_millis(100);

/// A request that has ended.
pub(super) struct Landed {
    target: Target,
    permit: PermitId,
    generation: Option<u64>,
    /// With how long it took. `None`: the permit was void before it was sent.
    reply: Option<(Reply, Duration)>,
    /// When the reply arrived, whenever it is looked at.
    at: Now,
    /// The moment from which what was told has its age.
    told: Stamp,
}

impl Poller {
    pub(super) async fn send(&mut self, target: Target, pace: Pace, now: &Now) -> Result<Step, StoreError> {
        let (auth, generation) = match self.keeper.ready(now, self.aloft.is_empty()).await? {
            Ready::Send(auth, generation) => (auth, generation),
            Ready::Drain => return Ok(Step::Sleep(HOUSEKEEPING)),
            Ready::Wait(link, until) => {
                self.set_link(link, now);
                return Ok(Step::Sleep(until.since(now.mono).max(Duration::from_millis(50))));
            }
        };
        let budget = self.rules.budget;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is between 1 and 600")]
        let cap = budget.usable().min(self.rate(now).ceil() as u32);
        let full = self.pacer.wait(now.mono, cap);
        if full > Duration::ZERO {
            return Ok(Step::Sleep(full));
        }
        let (pace, cap) = match pace {
            // A permit counts until a minute after its answer, so that an even flow of the whole rate has one more.
            Pace::Even(gap) => {
                (Pace::Even(self.pacer.gap(now.mono, cap, gap)), (cap + 1).min(budget.requests_per_minute))
            }
            // A first fill may burst to half of the limit and no further.
            Pace::Burst => (pace, cap.min((budget.requests_per_minute / 2).max(1))),
        };
        let ask = PermitAsk { kind: PermitKind::Aht, cap, pace, void_after: VOID_AFTER, timeout: self.rules.timeout };
        let me = self.me.clone();
        let (permit, void_at) = match self.store.call(move |s| s.permit(&me, &ask)).await? {
            PermitAnswer::Granted { id, void_at } => (id, void_at),
            PermitAnswer::Wait(d) => return Ok(Step::Sleep(d)),
        };
        self.pacer.sent(now.mono);
        self.schedule.sent(&target);
        self.aloft.insert(permit, target.clone());
        let flight = Flight { target, permit, generation, void_at, timeout: self.rules.timeout };
        self.flights.spawn(fly(self.store.clone(), self.client.clone(), auth, flight));
        Ok(Step::Again)
    }

    /// Takes in a request that ended.
    pub(super) async fn landed(&mut self, landed: Result<Landed, tokio::task::JoinError>) -> Result<(), StoreError> {
        let Ok(Landed { target, permit, generation, reply, at: now, told }) = landed else {
            return self.crashed().await;
        };
        self.aloft.remove(&permit);
        // First of all, so that no failure of the store leaves the target waiting for an answer that was here.
        self.schedule.unsent(&target);
        let Some((reply, took)) = reply else {
            return self.store.call(move |s| s.finish(permit, false)).await;
        };
        self.meter.reply(kind(&reply), took, now.mono);
        let reading = |outcome, name| Reading { target: target.clone(), at: told.clone(), outcome, name };
        let mut event = None;
        let reading = match &reply {
            Reply::Value { aht, name } => Some(reading(Outcome::Value(*aht), name.clone())),
            Reply::NoCalls { name } => Some(reading(Outcome::NoCalls, name.clone())),
            Reply::InvalidId => Some(reading(Outcome::Invalid, None)),
            Reply::Malformed { .. } | Reply::Service { .. } | Reply::Network(_) => {
                Some(reading(Outcome::Failed(reply.sentence(&target).into()), None))
            }
            Reply::WrongMethod => None,
            Reply::Throttled { .. } | Reply::TokenRejected { .. } | Reply::CredentialsRejected { .. } => {
                event = self.obstacle(&reply, generation, &now).await?;
                None
            }
        };
        if let Reply::Malformed { excerpt } = &reply {
            let words = Words::default().name(&target, None).own(": malformed reply: ");
            event = Some((EventKind::Malformed, words.said(excerpt.clone(), "[hidden]")));
        }
        if let Some(reading) = &reading {
            self.take(reading, &now);
        }
        let governor = match &reply {
            Reply::Throttled { .. } => Some(self.governor.clone()),
            // A good answer that was on its way when the service said to wait does not end the wait.
            _ if self.governor.streak > 0
                && !self.governor.is_blocked(&now)
                && reading.as_ref().is_some_and(|r| r.outcome.is_good()) =>
            {
                self.governor = self.governor.clean();
                Some(self.governor.clone())
            }
            _ => None,
        };
        let event = event.map(|(kind, text)| self.event(kind, text, &now));
        self.store
            .call(move |s| {
                match &reading {
                    Some(reading) => s.land(permit, reading)?,
                    None => s.finish(permit, true)?,
                }
                if let Some(governor) = &governor {
                    s.set_governor(governor)?;
                }
                event.map_or(Ok(()), |event| s.note(&event))
            })
            .await?;
        self.wakes.feed.notify_one();
        Ok(())
    }

    /// A request task died (a bug): everything under way is taken as sent, and asked again.
    async fn crashed(&mut self) -> Result<(), StoreError> {
        tracing::error!("a request task died");
        for (permit, target) in std::mem::take(&mut self.aloft) {
            self.schedule.unsent(&target);
            self.store.call(move |s| s.finish(permit, true)).await?;
        }
        Ok(())
    }

    fn take(&mut self, reading: &Reading, now: &Now) {
        self.schedule.answered(reading, self.rng.random());
        if let Outcome::Failed(why) = &reading.outcome {
            let jitter = self.rng.random();
            self.health.fail(&reading.target, why, self.schedule.active(), &reading.at, jitter);
            if let Some((why, since, next)) = self.health.ill() {
                let until = now.after(next.since(now.mono));
                self.set_link(Link::Down { why, since, until }, now);
            }
            return;
        }
        self.well();
        if reading.outcome.is_good() {
            self.keeper.accepted();
        }
        if !self.governor.is_blocked(now) {
            self.set_link(Link::Live, now);
        }
    }

    fn well(&mut self) {
        if self.health.well() {
            self.schedule.forgive();
        }
    }

    /// Replies that are about the account and not about the target.
    async fn obstacle(
        &mut self,
        reply: &Reply,
        generation: Option<u64>,
        now: &Now,
    ) -> Result<Option<(EventKind, Words)>, StoreError> {
        self.well();
        match reply {
            Reply::TokenRejected { message } => {
                self.past.1 = self.past.1.filter(|_| generation.is_none());
                self.keeper.rejected(generation, message, now).await?;
                Ok(None)
            }
            Reply::CredentialsRejected { .. } => {
                let why = reply.account_sentence();
                self.keeper.refused(&why, now);
                Ok(Some((EventKind::Link, Words::default().said(&*why, opening(&why)))))
            }
            Reply::Throttled { retry_after } => {
                let used = self.store.call(|s| s.usage()).await?.used_60s;
                let limit = self.rules.budget.requests_per_minute;
                let hit = Hit {
                    full: self.full(),
                    limit,
                    own: used,
                    asked: *retry_after,
                    shaken: self.health.is_shaken(now.mono),
                };
                self.governor = self.governor.throttled(&hit, now);
                let wait = self.governor.blocked_for(now);
                self.set_link(Link::Throttled { until: now.after(wait) }, now);
                Ok(Some((
                    EventKind::Throttled,
                    format!("max limit exceeded with {used} of {limit} requests of our own in 60 s").into(),
                )))
            }
            _ => Ok(None),
        }
    }
}

/// As what a reply is counted.
fn kind(reply: &Reply) -> ReplyKind {
    match reply {
        Reply::Value { .. } => ReplyKind::Value,
        Reply::NoCalls { .. } => ReplyKind::NoCalls,
        Reply::InvalidId => ReplyKind::Invalid,
        Reply::Throttled { .. } => ReplyKind::Throttled,
        Reply::TokenRejected { .. } | Reply::CredentialsRejected { .. } => ReplyKind::Rejected,
        Reply::Malformed { .. } | Reply::Service { .. } | Reply::WrongMethod => ReplyKind::Faulty,
        Reply::Network(_) => ReplyKind::Lost,
    }
}

/// A request to be sent.
struct Flight {
    target: Target,
    permit: PermitId,
    generation: Option<u64>,
    void_at: Mono,
    timeout: Duration,
}

async fn fly(store: Handle, client: Arc<Client>, auth: Auth, flight: Flight) -> Landed {
    let Flight { target, permit, generation, void_at, timeout } = flight;
    let sent = store.direct().now();
    let reply = if sent.mono < void_at { Some(client.aht(&target, &auth).await) } else { None };
    let at = store.direct().now();
    let took = at.mono.since(sent.mono);
    // A process that was stopped meanwhile finds an answer that may be as old as the request.
    let told = if took > timeout + TICK { sent.stamp() } else { at.stamp() };
    Landed { target, permit, generation, reply: reply.map(|reply| (reply, took)), at, told }
}
