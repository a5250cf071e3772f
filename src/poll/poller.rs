//! The loop: one task that holds the lease, picks targets, gets permits, sends, and stores what comes back.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rand::{SeedableRng, rngs::StdRng};
use tokio::{sync::Notify, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Gate, Health, Keeper, Keys, Next, Pacer, Schedule, flight::Landed, health::ILL_AFTER, tell::STATUS_INTERVAL,
};
use crate::{
    api::Client,
    config::Budget,
    domain::{Band, Mono, Now, Quiet, Series, Stamp, Target},
    store::{
        Event, Governor, Handle, Instance, Lease, Link, Meter, Pace, PermitId, REMEMBERED, Role, Status, StoreError,
        Usage, WINDOW,
    },
};

/// The lease is held for this long and renewed every [`HOUSEKEEPING`]. A crash hands over at once where locks work; a
/// process that was stopped (or crashed where they do not) costs this time, and what it would have sent meanwhile.
const LEASE: Duration = Duration::from_secs(4);
/// How often a watching poller looks whether the lease is free.
const WATCH: Duration = Duration::from_millis(500);
/// How often lease, wanted targets and rate are looked at.
pub(super) const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// How long an outage is remembered that nobody has reported on since.
const OUTAGE_MEMORY: Duration = Duration::from_secs(300);
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
    pub(super) store: Handle,
    pub(super) client: Arc<Client>,
    pub(super) me: Instance,
    pub(super) rules: Rules,
    pub(super) wakes: Wakes,
    pub(super) keeper: Keeper,
    pub(super) schedule: Schedule,
    pub(super) health: Health,
    pub(super) rng: StdRng,
    pub(super) governor: Governor,
    pub(super) flights: JoinSet<Landed>,
    pub(super) aloft: BTreeMap<PermitId, Target>,
    pub(super) link: Link,
    pub(super) link_since: Option<Stamp>,
    pub(super) told: Option<(Status, Mono)>,
    pub(super) pruned: Option<Mono>,
    /// Nudges for what nobody wants yet: they wait for one more look at what is wanted.
    pub(super) early: Vec<Target>,
    pub(super) pacer: Pacer,
    /// Events that wait to be written with the next status.
    pub(super) news: Vec<Event>,
    /// What happened in the last hours, and when that was read.
    pub(super) past: (Vec<Event>, Option<Mono>),
    pub(super) meter: Meter,
    /// Quiet hours, as of the last housekeeping.
    pub(super) closed: bool,
}

/// What the loop does next.
pub(super) enum Step {
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
            let (rows, status, usage) =
                self.store.call(|s| Ok((s.snapshot(Duration::ZERO)?.rows, s.status()?, s.usage()?))).await?;
            let answered = rows.into_iter().filter_map(|row| Some(now.mono_of(&row.last?.1)));
            self.pacer = Pacer::after(answered.filter(|at| now.mono.since(*at) < WINDOW));
            self.take_over(status, usage, &now);
            return Ok(true);
        }
        sleep(WATCH, cancel).await;
        Ok(false)
    }

    /// Begins with what the store knows, as after a crash of whoever polled before.
    ///
    /// A service that does not answer may only queue what it gets. A poller that begins anew again and again would fill
    /// that queue, and all of it would arrive within the one minute in which the service works it off. So an outage is
    /// inherited, and so is the suspicion where the last poller left several requests without an answer.
    fn take_over(&mut self, status: Option<Status>, usage: Usage, now: &Now) {
        self.schedule = Schedule::new(self.rules.min_interval);
        self.health = Health::default();
        self.told = None;
        self.past.1 = None;
        let recent = status.filter(|status| status.at.age(now) < OUTAGE_MEMORY);
        if let Some(Status { link: Link::Down { why, since, until }, .. }) = recent {
            let next = if until.boot == now.boot { until.mono.min(now.mono + OUTAGE_MEMORY) } else { now.mono };
            self.health.inherit(why.clone(), since.clone(), next);
            // No news: it is the same outage.
            self.link_since = Some(since.clone());
            self.link = Link::Down { why, since, until };
            return;
        }
        if usage.in_flight >= ILL_AFTER {
            self.health.inherit("no answer to the last requests".into(), now.stamp(), now.mono);
        }
        self.set_link(Link::Starting, now);
    }

    /// One turn of housekeeping and sending. False when the lease is gone.
    async fn poll(&mut self, cancel: &CancellationToken) -> Result<bool, StoreError> {
        if !self.housekeeping().await? {
            return Ok(false);
        }
        // On the way of something else where something comes within half a second: a wake-up less.
        let (due, until) = (Instant::now() + HOUSEKEEPING, Instant::now() + HOUSEKEEPING.mul_f64(1.5));
        loop {
            while let Some(landed) = self.flights.try_join_next() {
                self.landed(landed).await?;
            }
            let wait = match self.step().await? {
                Step::Again => {
                    if Instant::now() >= due {
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
            if Instant::now() >= due {
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
                let pruned = prune && !s.prune(keep)?.more;
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
                Stamp { wall: at, ..now.after(Duration::from_millis(u64::try_from(left).unwrap_or(0))) }
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

    pub(super) fn rate(&self, now: &Now) -> f64 {
        self.governor.rate(self.full(), now)
    }

    pub(super) fn full(&self) -> f64 {
        f64::from(self.rules.budget.usable())
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

    pub(super) fn now(&self) -> Now {
        self.store.direct().now()
    }
}

async fn sleep(d: Duration, cancel: &CancellationToken) {
    tokio::select! {
        biased;
        () = cancel.cancelled() => {}
        () = tokio::time::sleep(d) => {}
    }
}
