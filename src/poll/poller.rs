//! The loop: one task that holds the lease, picks targets, gets permits, sends, and stores what comes back.

mod logins;
mod unknown;

use std::{collections::BTreeMap, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::{
    task::JoinError,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use self::unknown::UnknownIds;
use super::{
    Gate, Health, Next, Notifiers, Pacer, Rules, Schedule, Setup, TokenManager,
    health::ILL_AFTER,
    presence::PresenceKeeper,
    request::{Completed, Ended, Requests, reply_kind},
    status::{STATUS_INTERVAL, StatusWriter},
    token_manager::Ready,
};
use crate::{
    api::Reply,
    domain::{BootTime, EventTime, Kind, Now, Outcome, Reading, SILENT_AFTER, Series, Target, opening},
    store::{
        self, Event, EventKind, Governor, Handle, Hit, Instance, Lease, Link, Meter, OtherClients, Pace, REMEMBERED,
        Role, Status, Store, StoreError, Usage, WINDOW, Words,
    },
};

/// The lease is held for this long and renewed every [`HOUSEKEEPING`]. A crash hands over at once where locks work; a
/// process that was stopped (or crashed where they do not) costs this time, and what it would have sent meanwhile.
const LEASE: Duration = Duration::from_secs(4);
/// The same on a server, where the way there may be slow. No longer than that needs: whoever is stopped keeps it so long.
const LEASE_AWAY: Duration = Duration::from_secs(5);
/// How often a watching poller looks whether the lease is free.
const WATCH: Duration = Duration::from_millis(500);
/// How often it asks a server, unless it hears that the lease was taken or given back: a session that died tells nobody.
/// Most of it is by chance, so that of many one asks soon.
const WATCH_AWAY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(4));
/// How often lease, wanted targets and rate are looked at.
const HOUSEKEEPING: Duration = Duration::from_secs(1);
/// How long an outage is remembered that nobody has reported on since.
const OUTAGE_MEMORY: Duration = Duration::from_secs(300);
/// How often the history is pruned.
const PRUNE_INTERVAL: Duration = Duration::from_secs(3600);
/// Requests under way at the same time, in the paced flow and in a first fill.
const IN_FLIGHT: (usize, usize) = (4, 8);

/// The poller of one process. It polls only while it holds the store's lease.
pub struct Poller {
    store: Handle,
    me: Instance,
    rules: Rules,
    notifiers: Notifiers,
    token_manager: TokenManager,
    schedule: Schedule,
    presence: PresenceKeeper,
    health: Health,
    rng: StdRng,
    governor: Governor,
    requests: Requests,
    status: StatusWriter,
    unknown: UnknownIds,
    pruned: Option<BootTime>,
    /// Requested polls for what nobody wants yet: they wait for one more look at what is wanted.
    not_yet_wanted: Vec<Target>,
    /// What happened in the last hours, and when that was read.
    past: (Vec<Event>, Option<BootTime>),
    meter: Meter,
    /// Quiet hours, as of the last housekeeping.
    closed: bool,
}

/// What the loop does next.
enum Step {
    Again,
    Sleep(Duration),
}

impl Poller {
    /// Prepares; nothing happens before [`run`](Poller::run).
    pub fn new(setup: Setup) -> Self {
        let Setup { store, client, keys, me, rules, notifiers, seed } = setup;
        let token_manager =
            TokenManager::new(keys, store.clone(), client.clone(), me.clone(), rules.budget, rules.timeout);
        let requests = Requests::new(store.clone(), client, me.clone(), rules.budget, rules.timeout);
        Poller {
            schedule: Schedule::new(rules.min_interval),
            presence: PresenceKeeper::new(rules.presence),
            status: StatusWriter::new(store.clone(), me.label()),
            store,
            me,
            rules,
            notifiers,
            token_manager,
            health: Health::default(),
            rng: StdRng::seed_from_u64(seed),
            governor: Governor::default(),
            requests,
            unknown: UnknownIds::default(),
            pruned: None,
            not_yet_wanted: Vec::new(),
            past: (Vec::new(), None),
            meter: Meter::default(),
            closed: false,
        }
    }

    /// Polls while it holds the lease and watches for it otherwise, until cancelled; then it gives back what it holds.
    ///
    /// A generation under way is not broken off: its token would be lost, and the account has few.
    pub async fn run(mut self, cancel: CancellationToken) {
        let (mut mine, mut failing) = (false, None);
        while !cancel.is_cancelled() {
            let result = if mine { self.poll(&cancel).await } else { self.watch(&cancel).await };
            match result {
                Ok(now_mine) => (mine, failing) = (now_mine, None),
                Err(e) => {
                    // Said once: a server can be away for hours.
                    let why = e.to_string();
                    if failing.as_ref() != Some(&why) {
                        tracing::warn!("store: {why}");
                    }
                    failing = Some(why);
                    cancel.run_until_cancelled(sleep(HOUSEKEEPING)).await;
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
                _ => s.lease(&me, lease_for(s)).map(Some),
            })
            .await?;
        if lease.is_some_and(|l| l.mine && !(l.claimed && self.me.role != Role::Serve)) {
            tracing::info!("checking the service as {}", self.me.label());
            let (rows, status, usage) =
                self.store.call(|s| Ok((s.snapshot(Duration::ZERO)?.rows, s.status()?, s.usage()?))).await?;
            self.unknown = UnknownIds::of(&rows);
            let answered = rows.into_iter().filter_map(|row| Some(now.mono_of(&row.last?.1)));
            let answered = answered.filter(|at| now.mono.since(*at) < WINDOW);
            self.requests.pacer = Pacer::after(answered).catching_up(!self.store.direct().is_local());
            self.take_over(status, usage, &now);
            self.begin_presence(&now).await?;
            return Ok(true);
        }
        self.wait_for_lease(cancel).await;
        Ok(false)
    }

    /// Waits until it is time to look again whether the lease is free.
    async fn wait_for_lease(&mut self, cancel: &CancellationToken) {
        let heard = |store: &Handle| store.heard().map(|heard| heard.lease);
        let (before, asked) = (heard(&self.store), Instant::now());
        let long = WATCH_AWAY.0 + WATCH_AWAY.1.mul_f64(self.rng.random());
        loop {
            cancel.run_until_cancelled(sleep(WATCH)).await;
            // Where nothing is heard one has to look.
            if before.is_none() || heard(&self.store) != before || asked.elapsed() >= long || cancel.is_cancelled() {
                return;
            }
        }
    }

    /// Begins with what the store knows, as after a crash of whoever polled before.
    ///
    /// A service that does not answer may only queue what it gets. A poller that begins anew again and again would fill
    /// that queue, and all of it would arrive within the one minute in which the service works it off. So an outage is
    /// inherited, and so is the suspicion where the last poller left several requests without an answer; and that answers
    /// arrive, as long as the last poller's word counts.
    fn take_over(&mut self, status: Option<Status>, usage: Usage, now: &Now) {
        self.schedule = Schedule::new(self.rules.min_interval);
        self.health = Health::default();
        self.status.begin_anew();
        self.past.1 = None;
        match status.filter(|status| status.at.age(now) < OUTAGE_MEMORY) {
            // No news: it is the same outage.
            Some(Status { link: Link::Down { why, since, until }, .. }) => {
                let next = if until.boot == now.boot { until.mono.min(now.mono + OUTAGE_MEMORY) } else { now.mono };
                self.health.inherit(why.clone(), since.clone(), next);
                self.status.inherit(Link::Down { why, since: since.clone(), until }, since);
            }
            _ if usage.in_flight >= ILL_AFTER => {
                self.health.inherit("no answer to the last requests".into(), now.stamp(), now.mono);
                self.status.set_link(Link::Starting, now);
            }
            // Where all is fresh nothing is due for a while, and no answer of our own would say so.
            Some(Status { at, link: link @ (Link::Live | Link::Throttled { .. }), since, .. })
                if at.age(now) < SILENT_AFTER =>
            {
                self.status.inherit(link, since);
            }
            _ => self.status.set_link(Link::Starting, now),
        }
    }

    /// One turn of housekeeping and sending. False when the lease is gone.
    async fn poll(&mut self, cancel: &CancellationToken) -> Result<bool, StoreError> {
        if !self.housekeeping().await? {
            return Ok(false);
        }
        // On the way of something else where something comes within half a second: a wake-up less.
        let (due, until) = (Instant::now() + HOUSEKEEPING, Instant::now() + HOUSEKEEPING.mul_f64(1.5));
        loop {
            while let Some(completed) = self.requests.tasks.try_join_next() {
                self.completed(completed).await?;
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
            self.publish().await?;
            let notifiers = self.notifiers.clone();
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Ok(true),
                // Without any it is none, and the others are waited for.
                Some(completed) = self.requests.tasks.join_next() => self.completed(completed).await?,
                () = notifiers.poller.notified() => return Ok(true),
                () = sleep(wait) => {}
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
        let (lease, wanted, requested_polls, governor, past, pruned) = self
            .store
            .call(move |s| {
                let turn = store::turn(s, &me, lease_for(s))?;
                // A batch a turn: a long history must not cost the lease.
                let pruned = prune && !s.prune(keep)?.more;
                let past = look_back.then(|| s.events(REMEMBERED)).transpose()?;
                Ok((turn.lease, turn.wanted, turn.requested_polls, turn.governor, past, pruned))
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
            tracing::info!("{} checks the service from now on", holder.label_for(&self.me));
            self.complete_all().await?;
            if mine {
                let me = self.me.clone();
                self.store.call(move |s| s.release(&me)).await?;
            }
            return Ok(false);
        }
        self.governor = governor;
        self.check_quiet_hours(&now);
        let rows = if wanted.iter().any(|(t, _)| !self.schedule.knows(t)) {
            // With their histories: the schedule learns from them what is due.
            let snapshot = self.store.call(|s| s.snapshot(Series::SPAN)).await?;
            snapshot.rows.into_iter().map(|row| (row.target.clone(), row)).collect()
        } else {
            BTreeMap::new()
        };
        self.schedule.want(&wanted, &rows, &now);
        let Rules { bands, floor, .. } = &self.rules;
        let logged_in = |t: &Target| floor.as_ref().filter(|_| t.kind == Kind::Agent).map(|floor| floor.band(&t.id));
        self.schedule.bands(|t| bands.get(t).copied().or_else(|| logged_in(t)).unwrap_or_default());
        self.schedule.set_presence(&now, self.presence.fresh(&now));
        let rate = self.rate(&now);
        self.schedule.pace(rate);
        for target in std::mem::take(&mut self.not_yet_wanted).into_iter().chain(requested_polls.iter().cloned()) {
            self.schedule.request_poll(&target);
        }
        self.not_yet_wanted = requested_polls.into_iter().filter(|t| !self.schedule.knows(t)).collect();
        Ok(true)
    }

    /// Looks whether it is quiet hours, and says so.
    fn check_quiet_hours(&mut self, now: &Now) {
        let quiet_state = self.rules.quiet.at(now.wall);
        if quiet_state.closed {
            let until = quiet_state.until.map(|at| {
                let left = at.as_millisecond().saturating_sub(now.wall.as_millisecond());
                EventTime { wall: at, ..now.after(Duration::from_millis(u64::try_from(left).unwrap_or(0))) }
            });
            // Said once: the end of the hours on the boot clock moves with every look.
            if !matches!(self.status.link(), Link::Closed { until: said } if said.as_ref().map(|s| s.wall) == quiet_state.until)
            {
                self.status.set_link(Link::Closed { until }, now);
            }
        } else if self.closed {
            self.status.set_link(Link::Starting, now);
        }
        self.closed = quiet_state.closed;
    }

    /// Sends one request if one is due and allowed.
    async fn step(&mut self) -> Result<Step, StoreError> {
        if self.closed {
            return Ok(Step::Sleep(HOUSEKEEPING));
        }
        let now = self.now();
        if let gate @ (Gate::Probe | Gate::Closed(_)) = self.health.gate(now.mono) {
            return match (gate, self.schedule.probe()) {
                (Gate::Probe, Some(target)) if self.requests.in_flight() == 0 => {
                    self.send(target, Pace::Burst, &now).await
                }
                (Gate::Closed(at), _) => Ok(Step::Sleep(at.since(now.mono))),
                _ => Ok(Step::Sleep(HOUSEKEEPING)),
            };
        }
        let rate = self.rate(&now);
        self.schedule.pace(rate);
        let next = self.schedule.next(now.mono);
        if self.presence.is_due(now.mono)
            && self.may_ask_for_logins(&next, &now)
            && self.requests.in_flight() < IN_FLIGHT.0
        {
            return self.send_for_logins(&now, rate).await;
        }
        match next {
            Next::Idle => Ok(Step::Sleep(HOUSEKEEPING)),
            Next::At(at) => Ok(Step::Sleep(at.since(now.mono))),
            Next::Ask { target, first, requested } => {
                if first
                    && self.requests.in_flight() < IN_FLIGHT.1
                    && let Step::Again = self.send(target.clone(), Pace::Burst, &now).await?
                {
                    return Ok(Step::Again);
                }
                if self.requests.in_flight() >= IN_FLIGHT.0 {
                    return Ok(Step::Sleep(HOUSEKEEPING));
                }
                // By hand it takes the next turn of the account's pace, not one of this target's.
                let gap = if requested { Duration::from_secs(60).div_f64(rate) } else { self.schedule.gap(rate) };
                self.send(target, Pace::Even(gap), &now).await
            }
        }
    }

    /// Asks for `target` if there is a token, a turn and a permit.
    async fn send(&mut self, target: Target, pace: Pace, now: &Now) -> Result<Step, StoreError> {
        let sender = match self.token_manager.ready(now, self.requests.in_flight() == 0).await? {
            Ready::Send(auth, generation) => (auth, generation),
            Ready::Drain => return Ok(Step::Sleep(HOUSEKEEPING)),
            Ready::Wait(link, until) => {
                self.status.set_link(link, now);
                return Ok(Step::Sleep(until.since(now.mono).max(Duration::from_millis(50))));
            }
        };
        if let Some(wait) = self.requests.send(&target, sender, pace, self.rate(now), now).await? {
            return Ok(Step::Sleep(wait));
        }
        self.schedule.sent(&target);
        Ok(Step::Again)
    }

    /// Takes in a request that ended.
    async fn completed(&mut self, ended: Result<Ended, JoinError>) -> Result<(), StoreError> {
        match ended {
            Ok(Ended::Aht(completed)) => self.answered(completed).await,
            Ok(Ended::Logins(listed)) => self.listed(listed).await,
            Err(_) => self.crashed().await,
        }
    }

    /// Takes in an answer about a target.
    async fn answered(&mut self, completed: Completed) -> Result<(), StoreError> {
        let Completed { target, permit, generation, reply, at: now, as_of } = completed;
        self.requests.completed(permit);
        // First of all, so that no failure of the store leaves the target waiting for an answer that was here.
        self.schedule.unsent(&target);
        let Some((reply, took)) = reply else {
            return self.store.call(move |s| s.finish(permit, false)).await;
        };
        self.meter.reply(reply_kind(&reply), took, now.mono);
        let reading = |outcome, name| Reading { target: target.clone(), at: as_of.clone(), outcome, name };
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
            self.apply(reading, &now);
            event = self.unknown.record(reading).map(|words| (EventKind::Target, words)).or(event);
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
        let event = event.map(|(kind, text)| self.status.event(kind, text, &now));
        self.store
            .call(move |s| {
                match &reading {
                    Some(reading) => s.finish_with_reading(permit, reading)?,
                    None => s.finish(permit, true)?,
                }
                if let Some(governor) = &governor {
                    s.set_governor(governor)?;
                }
                event.map_or(Ok(()), |event| s.note(&event))
            })
            .await?;
        self.notifiers.feed.notify_one();
        Ok(())
    }

    /// A request task died (a bug): everything under way is taken as sent, and asked again.
    async fn crashed(&mut self) -> Result<(), StoreError> {
        tracing::error!("a request task ended unexpectedly");
        for (permit, target) in self.requests.take_in_flight() {
            match target {
                Some(target) => self.schedule.unsent(&target),
                None => self.presence.asking = false,
            }
            self.store.call(move |s| s.finish(permit, true)).await?;
        }
        Ok(())
    }

    fn apply(&mut self, reading: &Reading, now: &Now) {
        self.schedule.answered(reading, self.rng.random());
        if let Outcome::Failed(why) = &reading.outcome {
            let jitter = self.rng.random();
            self.health.fail(&reading.target, why, self.schedule.active(), &reading.at, jitter);
            if let Some((why, since, next)) = self.health.ill() {
                let until = now.after(next.since(now.mono));
                self.status.set_link(Link::Down { why, since, until }, now);
            }
            return;
        }
        self.well();
        if reading.outcome.is_good() {
            self.token_manager.accepted();
        }
        if !self.governor.is_blocked(now) {
            self.status.set_link(Link::Live, now);
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
                if self.token_manager.rejected(generation, message, now).await? {
                    self.meter.invalidated();
                }
                Ok(None)
            }
            Reply::CredentialsRejected { .. } => {
                let why = reply.account_sentence();
                self.token_manager.refused(&why, now);
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
                self.status.set_link(Link::Throttled { until: now.after(wait) }, now);
                Ok(Some((
                    EventKind::Throttled,
                    format!("max limit exceeded with {used} of {limit} requests of our own in 60 s").into(),
                )))
            }
            _ => Ok(None),
        }
    }

    /// Publishes how things are.
    async fn publish(&mut self) -> Result<(), StoreError> {
        let now = self.now();
        let rate = self.rate(&now);
        let mut traffic = self.meter.traffic(now.mono);
        traffic.totals.generated = self.token_manager.generations();
        let status = Status {
            at: now.stamp(),
            link: self.status.link().clone(),
            since: self.status.since(&now),
            rate,
            targets: u32::try_from(self.schedule.watched()).unwrap_or(u32::MAX),
            sweep: self.schedule.sweep(rate),
            next: match self.schedule.next(now.mono) {
                Next::Ask { target, .. } => Some(target),
                _ => None,
            },
            token_until: self.token_manager.until(&now),
            other_clients: OtherClients::from_evidence(&self.governor, self.full(), &self.past.0, &now),
            traffic,
        };
        if self.status.publish(status, &now).await? {
            self.notifiers.feed.notify_one();
        }
        Ok(())
    }

    fn rate(&self, now: &Now) -> f64 {
        self.governor.rate(self.full(), now)
    }

    fn full(&self) -> f64 {
        f64::from(self.rules.budget.usable())
    }

    async fn complete_all(&mut self) -> Result<(), StoreError> {
        while let Some(completed) = self.requests.tasks.join_next().await {
            self.completed(completed).await?;
        }
        Ok(())
    }

    /// Gives everything back. What is in flight is broken off; its permits count from now.
    async fn stop(&mut self) {
        self.requests.tasks.abort_all();
        let (permits, me) = (self.requests.take_in_flight(), self.me.clone());
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

/// For how long the lease is taken.
fn lease_for(store: &dyn Store) -> Duration {
    if store.is_local() { LEASE } else { LEASE_AWAY }
}
