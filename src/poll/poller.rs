//! The loop: one task that holds the lease, picks targets, gets permits, sends, and stores what comes back.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{sync::Notify, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Gate, Health, Keeper, Keys, Next, Pacer, Schedule,
    keeper::{Ready, later},
};
use crate::{
    api::{Auth, Client, Reply},
    config::Budget,
    domain::{Band, Mono, Now, Outcome, Quiet, Reading, Series, Stamp, Target},
    store::{
        Event, EventKind, Governor, Handle, Hit, Instance, Lease, Link, Meter, Pace, PermitAnswer, PermitAsk, PermitId,
        PermitKind, REMEMBERED, ReplyKind, Role, Status, StoreError, Strangers, WINDOW,
    },
};

/// The lease is held for this long and renewed every [`HOUSEKEEPING`]. A crash hands over at once where locks work; a
/// process that was stopped (or crashed where they do not) costs this time, and what it would have sent meanwhile.
const LEASE: Duration = Duration::from_secs(4);
/// How often a watching poller looks whether the lease is free.
const WATCH: Duration = Duration::from_millis(500);
/// How often lease, wanted targets and rate are looked at.
const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// A permit that was not used by then is void: the process may have been suspended.
const VOID_AFTER: Duration = Duration::from_secs(1);
/// A status that says nothing new is written again after this long, as a sign of life.
const STATUS_INTERVAL: Duration = Duration::from_secs(10);
/// How often the history is pruned.
const PRUNE_INTERVAL: Duration = Duration::from_secs(3600);
/// Requests under way at the same time, in the paced flow and in a first fill.
const IN_FLIGHT: (usize, usize) = (4, 8);

/// The rules that are configured.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The account's limit and reserve.
    pub budget: Budget,
    /// No target is asked more often.
    pub min_interval: Duration,
    /// Longest time of one request.
    pub timeout: Duration,
    /// How long readings are kept.
    pub keep: Duration,
    /// The bands that are configured here: a value near a limit is worth a request sooner.
    pub bands: BTreeMap<Target, Band>,
    /// When nothing is asked.
    pub quiet: Quiet,
}

/// How the poller and the rest of the process wake each other.
#[derive(Clone, Debug, Default)]
pub struct Wakes {
    /// Poked by the poller when the store has something new.
    pub feed: Arc<Notify>,
    /// Poked by the process when it wants something else.
    pub poller: Arc<Notify>,
}

/// What a poller needs.
pub struct Setup {
    /// The shared state.
    pub store: Handle,
    /// The way to the service.
    pub client: Arc<Client>,
    /// As whom.
    pub keys: Keys,
    /// This process.
    pub me: Instance,
    /// The configured rules.
    pub rules: Rules,
    /// Wake-ups.
    pub wakes: Wakes,
    /// Seeds the jitter.
    pub seed: u64,
}

/// The poller of one process. It polls only while it holds the store's lease.
pub struct Poller {
    store: Handle,
    client: Arc<Client>,
    me: Instance,
    rules: Rules,
    wakes: Wakes,
    keeper: Keeper,
    schedule: Schedule,
    health: Health,
    rng: StdRng,
    governor: Governor,
    flights: JoinSet<Landed>,
    aloft: BTreeMap<PermitId, Target>,
    link: Link,
    link_since: Option<Stamp>,
    told: Option<(Status, Mono)>,
    pruned: Option<Mono>,
    /// Nudges for what nobody wants yet: they wait for one more look at what is wanted.
    early: Vec<Target>,
    pacer: Pacer,
    /// Events that wait to be written with the next status.
    news: Vec<Event>,
    /// What happened in the last hours, and when that was read.
    past: (Vec<Event>, Option<Mono>),
    meter: Meter,
    /// Quiet hours, as of the last housekeeping.
    closed: bool,
}

/// A request that has ended.
struct Landed {
    target: Target,
    permit: PermitId,
    generation: Option<u64>,
    /// With how long it took. `None`: the permit was void before it was sent.
    reply: Option<(Reply, Duration)>,
    /// When the reply arrived, whenever it is looked at.
    at: Now,
}

/// What the loop does next.
enum Step {
    Again,
    Sleep(Duration),
}

impl Poller {
    /// Prepares; nothing happens before [`run`](Poller::run).
    pub fn new(setup: Setup) -> Self {
        let Setup { store, client, keys, me, rules, wakes, seed } = setup;
        let keeper = Keeper::new(keys, store.clone(), client.clone(), me.clone(), rules.budget, rules.timeout);
        Poller {
            schedule: Schedule::new(rules.min_interval),
            store,
            client,
            me,
            rules,
            wakes,
            keeper,
            health: Health::default(),
            rng: StdRng::seed_from_u64(seed),
            governor: Governor::default(),
            flights: JoinSet::new(),
            aloft: BTreeMap::new(),
            link: Link::Starting,
            link_since: None,
            told: None,
            pruned: None,
            early: Vec::new(),
            pacer: Pacer::default(),
            news: Vec::new(),
            past: (Vec::new(), None),
            meter: Meter::default(),
            closed: false,
        }
    }

    /// Polls while it holds the lease and watches for it otherwise, until cancelled; then it gives back what it holds.
    ///
    /// A minting under way is not broken off: its token would be lost, and the account has few.
    pub async fn run(mut self, cancel: CancellationToken) {
        let mut mine = false;
        while !cancel.is_cancelled() {
            let result = if mine { self.poll(&cancel).await } else { self.watch(&cancel).await };
            match result {
                Ok(now_mine) => mine = now_mine,
                Err(e) => {
                    tracing::warn!("store: {e}");
                    sleep(HOUSEKEEPING, &cancel).await;
                }
            }
        }
        self.stop().await;
    }

    /// Waits for the lease. True when it is ours.
    async fn watch(&mut self, cancel: &CancellationToken) -> Result<bool, StoreError> {
        let (me, now) = (self.me.clone(), self.now());
        let lease = self
            .store
            .call(move |s| match s.lease_holder()? {
                Some(holder) if holder.id != me.id && me.role != Role::Serve => Ok(None),
                _ => s.lease(&me, LEASE).map(Some),
            })
            .await?;
        if lease.is_some_and(|l| l.mine && !(l.claimed && self.me.role != Role::Serve)) {
            tracing::info!("polling as {}", self.me.label());
            let rows = self.store.call(|s| s.snapshot(Duration::ZERO)).await?.rows;
            let answered = rows.into_iter().filter_map(|row| Some(now.mono_of(&row.last?.1)));
            self.pacer = Pacer::after(answered.filter(|at| now.mono.since(*at) < WINDOW));
            self.take_over(&now);
            return Ok(true);
        }
        sleep(WATCH, cancel).await;
        Ok(false)
    }

    /// Begins with what the store knows, as after a crash of whoever polled before.
    fn take_over(&mut self, now: &Now) {
        self.schedule = Schedule::new(self.rules.min_interval);
        self.health = Health::default();
        self.told = None;
        self.past.1 = None;
        self.set_link(Link::Starting, now);
    }

    /// One turn of housekeeping and sending. False when the lease is gone.
    async fn poll(&mut self, cancel: &CancellationToken) -> Result<bool, StoreError> {
        if !self.housekeeping().await? {
            return Ok(false);
        }
        let until = Instant::now() + HOUSEKEEPING;
        loop {
            while let Some(landed) = self.flights.try_join_next() {
                self.landed(landed).await?;
            }
            let wait = match self.step().await? {
                Step::Again => {
                    if Instant::now() >= until {
                        return Ok(true);
                    }
                    continue;
                }
                Step::Sleep(d) => d.min(until.saturating_duration_since(Instant::now())),
            };
            self.tell().await?;
            let wakes = self.wakes.clone();
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(true),
                Some(landed) = self.flights.join_next(), if !self.flights.is_empty() => self.landed(landed).await?,
                () = wakes.poller.notified() => return Ok(true),
                () = tokio::time::sleep(wait) => {}
            }
            if Instant::now() >= until {
                return Ok(true);
            }
        }
    }

    /// Renews the lease and looks at what is wanted. False when the lease is lost or left to a `serve`.
    async fn housekeeping(&mut self) -> Result<bool, StoreError> {
        let now = self.now();
        let (me, keep) = (self.me.clone(), self.rules.keep);
        let prune = self.pruned.is_none_or(|at| now.mono.since(at) >= PRUNE_INTERVAL);
        let look_back = self.past.1.is_none_or(|at| now.mono.since(at) >= STATUS_INTERVAL);
        let (lease, wanted, nudges, governor, past, pruned) = self
            .store
            .call(move |s| {
                let lease = s.lease(&me, LEASE)?;
                // A batch a turn: a long history must not cost the lease.
                let pruned = prune && s.prune(keep)? == 0;
                let past = look_back.then(|| s.events(REMEMBERED)).transpose()?;
                // Nudges first: who nudges wants next.
                let nudges = s.take_nudges()?;
                Ok((lease, s.wanted()?, nudges, s.governor()?, past, pruned))
            })
            .await?;
        if let Some(past) = past {
            self.past = (past, Some(now.mono));
        }
        if pruned {
            self.pruned = Some(now.mono);
        }
        let Lease { mine, claimed, holder } = lease;
        if !mine || (claimed && self.me.role != Role::Serve) {
            tracing::info!("leaving the polling to {}", holder.label());
            self.land_all().await?;
            if mine {
                let me = self.me.clone();
                self.store.call(move |s| s.release(&me)).await?;
            }
            return Ok(false);
        }
        self.governor = governor;
        self.watch_the_doors(&now);
        let rows = if wanted.iter().any(|(t, _)| !self.schedule.knows(t)) {
            // With their histories: the schedule learns from them what is due.
            let snapshot = self.store.call(|s| s.snapshot(Series::SPAN)).await?;
            snapshot.rows.into_iter().map(|row| (row.target.clone(), row)).collect()
        } else {
            BTreeMap::new()
        };
        self.schedule.want(&wanted, &rows, &now);
        self.schedule.bands(&self.rules.bands);
        let rate = self.rate(&now);
        self.schedule.pace(rate);
        for target in std::mem::take(&mut self.early).into_iter().chain(nudges.iter().cloned()) {
            self.schedule.nudge(&target);
        }
        self.early = nudges.into_iter().filter(|t| !self.schedule.knows(t)).collect();
        Ok(true)
    }

    /// Looks whether it is quiet hours, and says so.
    fn watch_the_doors(&mut self, now: &Now) {
        let doors = self.rules.quiet.at(now.wall);
        if doors.closed {
            let until = doors.until.map(|at| {
                let left = at.as_millisecond().saturating_sub(now.wall.as_millisecond());
                Stamp { wall: at, ..later(now, Duration::from_millis(u64::try_from(left).unwrap_or(0))) }
            });
            // Said once: the end of the hours on the boot clock moves with every look.
            if !matches!(&self.link, Link::Closed { until: said } if said.as_ref().map(|s| s.wall) == doors.until) {
                self.set_link(Link::Closed { until }, now);
            }
        } else if self.closed {
            self.set_link(Link::Starting, now);
        }
        self.closed = doors.closed;
    }

    /// Sends one request if one is due and allowed.
    async fn step(&mut self) -> Result<Step, StoreError> {
        if self.closed {
            return Ok(Step::Sleep(HOUSEKEEPING));
        }
        let now = self.now();
        if let gate @ (Gate::Probe | Gate::Closed(_)) = self.health.gate(now.mono) {
            return match (gate, self.schedule.probe()) {
                (Gate::Probe, Some(target)) if self.aloft.is_empty() => self.send(target, Pace::Burst, &now).await,
                (Gate::Closed(at), _) => Ok(Step::Sleep(at.since(now.mono))),
                _ => Ok(Step::Sleep(HOUSEKEEPING)),
            };
        }
        let rate = self.rate(&now);
        self.schedule.pace(rate);
        match self.schedule.next(now.mono) {
            Next::Idle => Ok(Step::Sleep(HOUSEKEEPING)),
            Next::At(at) => Ok(Step::Sleep(at.since(now.mono))),
            Next::Ask { target, first, nudged } => {
                if first
                    && self.aloft.len() < IN_FLIGHT.1
                    && let Step::Again = self.send(target.clone(), Pace::Burst, &now).await?
                {
                    return Ok(Step::Again);
                }
                if self.aloft.len() >= IN_FLIGHT.0 {
                    return Ok(Step::Sleep(HOUSEKEEPING));
                }
                // By hand it takes the next turn of the account's pace, not one of this target's.
                let gap = if nudged { Duration::from_secs(60).div_f64(rate) } else { self.schedule.gap(rate) };
                self.send(target, Pace::Even(gap), &now).await
            }
        }
    }

    fn rate(&self, now: &Now) -> f64 {
        self.governor.rate(self.full(), now)
    }

    fn full(&self) -> f64 {
        f64::from(self.rules.budget.usable().max(1))
    }

    async fn send(&mut self, target: Target, pace: Pace, now: &Now) -> Result<Step, StoreError> {
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
        let cap = budget.usable().max(1).min(self.rate(now).ceil() as u32);
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
        self.flights.spawn(fly(self.store.clone(), self.client.clone(), auth, generation, target, permit, void_at));
        Ok(Step::Again)
    }

    /// Takes in a request that ended.
    async fn landed(&mut self, landed: Result<Landed, tokio::task::JoinError>) -> Result<(), StoreError> {
        let Ok(Landed { target, permit, generation, reply, at: now }) = landed else {
            return self.crashed().await;
        };
        self.aloft.remove(&permit);
        // First of all, so that no failure of the store leaves the target waiting for an answer that was here.
        self.schedule.unsent(&target);
        let Some((reply, took)) = reply else {
            return self.store.call(move |s| s.finish(permit, false)).await;
        };
        self.meter.reply(kind(&reply), took, now.mono);
        let reading = |outcome, name| Reading { target: target.clone(), at: now.stamp(), outcome, name };
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
            event = Some((EventKind::Malformed, format!("{target}: malformed reply: {excerpt}")));
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
                s.finish(permit, true)?;
                if let Some(reading) = &reading {
                    s.append(std::slice::from_ref(reading))?;
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
                let until = later(now, next.since(now.mono));
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
    ) -> Result<Option<(EventKind, String)>, StoreError> {
        self.well();
        match reply {
            Reply::TokenRejected { message } => {
                self.past.1 = self.past.1.filter(|_| generation.is_none());
                self.keeper.rejected(generation, message, now).await?;
                Ok(None)
            }
            Reply::CredentialsRejected { .. } => {
                self.keeper.refused(&reply.account_sentence(), now);
                Ok(Some((EventKind::Link, reply.account_sentence())))
            }
            Reply::Throttled { retry_after } => {
                let used = self.store.call(|s| s.usage()).await?.used_60s;
                let limit = self.rules.budget.requests_per_minute;
                let hit = Hit { full: self.full(), limit, own: used, asked: *retry_after };
                self.governor = self.governor.throttled(&hit, now);
                let wait = self.governor.blocked_for(now);
                self.set_link(Link::Throttled { until: later(now, wait) }, now);
                Ok(Some((
                    EventKind::Throttled,
                    format!("max limit exceeded with {used} of {limit} requests of our own in 60 s"),
                )))
            }
            _ => Ok(None),
        }
    }

    fn event(&self, kind: EventKind, text: String, now: &Now) -> Event {
        Event { at: now.stamp(), kind, who: self.me.label().into(), text: text.into() }
    }

    fn set_link(&mut self, link: Link, now: &Now) {
        if std::mem::discriminant(&link) != std::mem::discriminant(&self.link) || self.link_since.is_none() {
            self.link_since = Some(now.stamp());
            self.news.push(self.event(EventKind::Link, link.sentence(), now));
        }
        self.link = link;
    }

    /// Publishes the status if it says something new, or as a sign of life.
    async fn tell(&mut self) -> Result<(), StoreError> {
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

    async fn land_all(&mut self) -> Result<(), StoreError> {
        while let Some(landed) = self.flights.join_next().await {
            self.landed(landed).await?;
        }
        Ok(())
    }

    /// Gives everything back. What is in flight is broken off; its permits count from now.
    async fn stop(&mut self) {
        self.flights.abort_all();
        let (permits, me) = (std::mem::take(&mut self.aloft), self.me.clone());
        let left = self
            .store
            .call(move |s| {
                for permit in permits.into_keys() {
                    s.finish(permit, true)?;
                }
                s.leave(&me)
            })
            .await;
        if let Err(e) = left {
            tracing::warn!("leaving: {e}");
        }
    }

    fn now(&self) -> Now {
        self.store.direct().now()
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

async fn sleep(d: Duration, cancel: &CancellationToken) {
    tokio::select! {
        biased;
        () = cancel.cancelled() => {}
        () = tokio::time::sleep(d) => {}
    }
}

async fn fly(
    store: Handle,
    client: Arc<Client>,
    auth: Auth,
    generation: Option<u64>,
    target: Target,
    permit: PermitId,
    void_at: Mono,
) -> Landed {
    let sent = store.direct().now().mono;
    let reply = if sent < void_at {
        let reply = client.aht(&target, &auth).await;
        Some((reply, store.direct().now().mono.since(sent)))
    } else {
        None
    };
    Landed { target, permit, generation, reply, at: store.direct().now() }
}
