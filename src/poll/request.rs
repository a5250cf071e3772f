//! The requests of the poller: the turn and the permit that each needs, and its way to the service and back.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::task::JoinSet;

use super::Pacer;
use crate::{
    api::{Auth, Client, ListReply, Login, Reply},
    config::Budget,
    domain::{BootTime, EventTime, Now, Target},
    store::{Handle, Instance, Pace, PermitAnswer, PermitAsk, PermitId, PermitKind, ReplyKind, StoreError},
};

/// A permit that was not used by then is void: the process may have been suspended.
const VOID_AFTER: Duration = Duration::from_secs(1);

/// Timers come a little late.
const TICK: Duration = Duration::from_millis(100);

/// A request that has ended.
pub(super) struct Completed {
    pub(super) target: Target,
    pub(super) permit: PermitId,
    /// Of the token it was sent with.
    pub(super) generation: Option<u64>,
    /// With how long it took. `None`: the permit was void before it was sent.
    pub(super) reply: Option<(Reply, Duration)>,
    /// When the reply arrived, whenever it is looked at.
    pub(super) at: Now,
    /// The moment from which what was told has its age.
    pub(super) as_of: EventTime,
}

/// A request for a list that has ended.
pub(super) struct Listed {
    pub(super) permit: PermitId,
    /// `None`: the permit was void before it was sent.
    pub(super) reply: Option<ListReply<Login>>,
    pub(super) at: Now,
}

/// A request of either kind that has ended.
pub(super) enum Ended {
    Aht(Completed),
    Logins(Listed),
}

/// The requests under way, and the pace at which they go out.
pub(super) struct Requests {
    store: Handle,
    client: Arc<Client>,
    me: Instance,
    budget: Budget,
    timeout: Duration,
    pub(super) pacer: Pacer,
    /// Ends also for requests that are not counted as in flight any more.
    pub(super) tasks: JoinSet<Ended>,
    /// `None`: about who is logged in.
    in_flight: BTreeMap<PermitId, Option<Target>>,
    /// The last refusal of a burst, and of an even pace: a first fill asks for the one and then for the other.
    refused: [Option<Refused>; 2],
}

/// For how long at most a refusal of the ledger is taken for granted: a block may be lifted meanwhile.
const REFUSED: Duration = Duration::from_secs(2);

/// The ledger gave no permit. It is not asked again in vain: each question is a transaction, and on a server a trip.
#[derive(Clone, Copy, Debug)]
struct Refused {
    /// Zero for a burst.
    gap: Duration,
    cap: u32,
    until: BootTime,
}

impl Refused {
    /// How long at least the ledger would still say no.
    fn still(&self, gap: Duration, cap: u32, now: BootTime) -> Option<Duration> {
        // At a shorter distance the turn comes earlier by as much as the distance is shorter.
        let left = self.until.since(now).saturating_sub(self.gap.saturating_sub(gap));
        (cap <= self.cap && left > Duration::ZERO).then_some(left)
    }
}

impl Requests {
    pub(super) fn new(store: Handle, client: Arc<Client>, me: Instance, budget: Budget, timeout: Duration) -> Self {
        let (pacer, tasks, in_flight) = (Pacer::default(), JoinSet::new(), BTreeMap::new());
        Requests { store, client, me, budget, timeout, pacer, tasks, in_flight, refused: [None; 2] }
    }

    /// How many have a permit and no answer yet.
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Asks for `target` if its turn has come. `Some`: not sent, try again after this.
    pub(super) async fn send(
        &mut self,
        target: &Target,
        (auth, generation): (Auth, Option<u64>),
        pace: Pace,
        rate: f64,
        now: &Now,
    ) -> Result<Option<Duration>, StoreError> {
        let (permit, void_at) = match self.permit(pace, rate, now).await? {
            Ok(permit) => permit,
            Err(wait) => return Ok(Some(wait)),
        };
        self.in_flight.insert(permit, Some(target.clone()));
        let (store, client, target, timeout) = (self.store.clone(), self.client.clone(), target.clone(), self.timeout);
        self.tasks.spawn(async move {
            let sent = store.direct().now();
            let reply = if sent.mono < void_at { Some(client.aht(&target, &auth).await) } else { None };
            let at = store.direct().now();
            let took = at.mono.since(sent.mono);
            // A process that was stopped meanwhile finds an answer that may be as old as the request.
            let as_of = if took > timeout + TICK { sent.stamp() } else { at.stamp() };
            Ended::Aht(Completed { target, permit, generation, reply: reply.map(|reply| (reply, took)), at, as_of })
        });
        Ok(None)
    }

    /// Asks who is logged in if the turn has come. `Some`: not sent, try again after this.
    pub(super) async fn send_for_logins(
        &mut self,
        auth: Auth,
        pace: Pace,
        rate: f64,
        now: &Now,
    ) -> Result<Option<Duration>, StoreError> {
        let (permit, void_at) = match self.permit(pace, rate, now).await? {
            Ok(permit) => permit,
            Err(wait) => return Ok(Some(wait)),
        };
        self.in_flight.insert(permit, None);
        let (store, client) = (self.store.clone(), self.client.clone());
        self.tasks.spawn(async move {
            let sent = store.direct().now().mono < void_at;
            let reply = if sent { Some(client.logins(&auth).await) } else { None };
            Ended::Logins(Listed { permit, reply, at: store.direct().now() })
        });
        Ok(None)
    }

    /// A permit and until when it may be used, or how long to wait for one.
    async fn permit(
        &mut self,
        pace: Pace,
        rate: f64,
        now: &Now,
    ) -> Result<Result<(PermitId, BootTime), Duration>, StoreError> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is between 1 and 600")]
        let cap = self.budget.usable().min(rate.ceil() as u32);
        let full = self.pacer.wait(now.mono, cap);
        if full > Duration::ZERO {
            return Ok(Err(full));
        }
        let (pace, cap) = match pace {
            // A permit counts until a minute after its answer, so that an even flow of the whole rate has one more.
            Pace::Even(gap) => {
                (Pace::Even(self.pacer.gap(now.mono, cap, gap)), (cap + 1).min(self.budget.requests_per_minute))
            }
            // A first fill may burst to half of the limit and no further.
            Pace::Burst => (pace, cap.min((self.budget.requests_per_minute / 2).max(1))),
        };
        let (kind, gap) = match pace {
            Pace::Burst => (0, Duration::ZERO),
            Pace::Even(gap) => (1, gap),
        };
        if let Some(wait) = self.refused[kind].and_then(|refused| refused.still(gap, cap, now.mono)) {
            return Ok(Err(wait));
        }
        let (me, timeout) = (self.me.clone(), self.timeout);
        let ask = PermitAsk { kind: PermitKind::Aht, cap, pace, void_after: VOID_AFTER, timeout };
        let (permit, void_at) = match self.store.call(move |s| s.permit(&me, &ask)).await? {
            PermitAnswer::Granted { id, void_at } => (id, void_at),
            PermitAnswer::Wait(wait) => {
                self.refused[kind] = Some(Refused { gap, cap, until: now.mono + wait.min(REFUSED) });
                return Ok(Err(wait));
            }
        };
        self.pacer.sent(now.mono);
        Ok(Ok((permit, void_at)))
    }

    /// One of them has ended.
    pub(super) fn completed(&mut self, permit: PermitId) {
        // It counts for less time than was thought while it was under way.
        self.refused = [None; 2];
        self.in_flight.remove(&permit);
    }

    /// Takes out all that are in flight.
    pub(super) fn take_in_flight(&mut self) -> BTreeMap<PermitId, Option<Target>> {
        std::mem::take(&mut self.in_flight)
    }
}

/// As what a reply is counted.
pub(super) fn reply_kind(reply: &Reply) -> ReplyKind {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_holds_until_the_ledger_could_say_yes() {
        let ms = Duration::from_millis;
        let slot = Refused { gap: ms(1200), cap: 46, until: BootTime(5000) };
        let full = Refused { gap: ms(0), cap: 25, until: BootTime(5000) };
        for (refused, gap, cap, now, left) in [
            (slot, 1200, 46, 4000, Some(1000)),
            (slot, 1300, 46, 4000, Some(1000)),
            (slot, 1200, 40, 4000, Some(1000)),
            (slot, 1100, 46, 4000, Some(900)),
            (slot, 100, 46, 4000, None),
            (slot, 1200, 47, 4000, None),
            (slot, 1200, 46, 5000, None),
            (full, 0, 25, 4900, Some(100)),
            (full, 0, 26, 4900, None),
        ] {
            assert_eq!(refused.still(ms(gap), cap, BootTime(now)), left.map(ms), "{refused:?} {gap} {cap} {now}");
        }
    }
}
