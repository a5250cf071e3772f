//! One round: what happened since the last one goes through the registry, and the registry into the store.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    alert::{
        AlertEvent, AlertRegistry, Counts, Policy, Step, Subject, findings,
        persist::{ALERTS, action, parse},
        words,
    },
    config::{Floor, Watched},
    domain::{AHT_WINDOW, BootTime, Now, Quiet, Reading, Row, SILENT_AFTER, Target, record},
    store::{Event, EventKind, Instance, Presence, RangeQuery, Store, StoreError, read_presence, settled},
};

/// A registry without events is saved this often, so that a successor has little to take again.
const SAVE: Duration = Duration::from_secs(30);
/// How often time alone is looked at.
const TICK: Duration = Duration::from_secs(60);
/// Most readings taken at a time.
const BATCH: usize = 1000;

/// What a round came to.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// To be acted upon, now that the registry is saved.
    pub events: Vec<AlertEvent>,
    /// The registry in the store is another one now.
    pub changed: bool,
}

/// Evaluates the alerts while this process polls.
#[derive(Debug)]
pub struct Evaluator {
    me: Instance,
    watched: BTreeMap<Target, Watched>,
    order: Arc<[Watched]>,
    /// Whoever is logged in is watched, too.
    floor: Option<Arc<Floor>>,
    policy: Policy,
    quiet: Quiet,
    /// `None` while somebody else evaluates.
    on: Option<On>,
}

#[derive(Debug)]
struct On {
    registry: AlertRegistry,
    revision: u64,
    rows: BTreeMap<Target, Row>,
    /// Who is logged in, as the rows know it, with its revision.
    presence: (Option<Presence>, u64),
    saved: BootTime,
    ticked: Option<BootTime>,
    /// Readings were taken since the registry was saved.
    dirty: bool,
}

impl Evaluator {
    /// Evaluates nothing until the first round finds that `me` holds the lease.
    pub fn new(me: Instance, order: Arc<[Watched]>, policy: Policy, quiet: Quiet) -> Self {
        let mut evaluator =
            Evaluator { me, watched: BTreeMap::new(), order: [].into(), floor: None, policy, quiet, on: None };
        evaluator.watch(order);
        evaluator
    }

    /// The same where whoever is logged in is watched, too.
    #[must_use]
    pub fn on_floor(self, floor: Option<Arc<Floor>>) -> Self {
        Evaluator { floor, ..self }
    }

    fn watch(&mut self, order: Arc<[Watched]>) {
        self.watched = order.iter().map(|w| (w.target.clone(), w.clone())).collect();
        self.order = order;
    }

    /// Brings up to date who is watched.
    fn settle(&mut self, presence: Option<&Presence>, rows: &BTreeMap<Target, Row>, now: &Now) {
        let Some(floor) = &self.floor else { return };
        if let Some(watched) = settled(&self.order, floor, presence, rows, now) {
            self.watch(watched.into());
        }
    }

    /// Whether it evaluated in the last round: this process polls.
    pub fn is_on(&self) -> bool {
        self.on.is_some()
    }

    /// What the target of an alert is called.
    pub fn name_of(&self, subject: &Subject) -> Option<&str> {
        let Subject::Target(target) = subject else { return None };
        let label = self.watched.get(target).and_then(|w| w.label.as_deref());
        label.or_else(|| self.on.as_ref()?.rows.get(target)?.name.as_deref())
    }

    /// Does what is to be done now.
    ///
    /// # Errors
    /// Those of the store; the registry in memory is given up then, and the next round begins with the stored one.
    pub fn round(&mut self, store: &dyn Store) -> Result<Round, StoreError> {
        let result = self.turn(store);
        if result.is_err() {
            self.on = None;
        }
        result
    }

    fn turn(&mut self, store: &dyn Store) -> Result<Round, StoreError> {
        if store.lease_holder()?.is_none_or(|holder| holder.id != self.me.id) {
            self.on = None;
            return Ok(Round::default());
        }
        let now = store.now();
        let mut events = Vec::new();
        let mut on = match self.on.take() {
            Some(on) => on,
            None => self.come_on(store, &now, &mut events)?,
        };
        let posts = store.posts(ALERTS)?;
        events.extend(posts.iter().filter_map(action).filter_map(|action| on.registry.act(&action)));
        self.take_readings(store, &mut on, &now, &mut events)?;
        if let Some(presence) = read_presence(store, &mut on.presence.1)? {
            on.rows.values_mut().for_each(|row| presence.mark(row));
            on.presence.0 = Some(presence);
        }
        self.settle(on.presence.0.as_ref(), &on.rows, &now);
        if !self.quiet.at(now.wall).closed {
            let status = store.status()?.filter(|s| s.at.age(&now) < SILENT_AFTER);
            let counts = self.counts(&on.rows, &now);
            let observations = findings(status.as_ref().map(|s| &s.link), &counts);
            events.extend(on.registry.observe(observations, &now.stamp(), &self.policy));
        }
        if on.ticked.is_none_or(|at| now.mono.since(at) >= TICK) {
            on.ticked = Some(now.mono);
            events.extend(on.registry.tick(&now));
            let wanted = store.wanted()?;
            let keep = |t: &Target| self.watched.contains_key(t) || wanted.iter().any(|(w, _)| w == t);
            events.extend(on.registry.retain(keep, &now.stamp()));
        }
        let due = on.dirty && now.mono.since(on.saved) >= SAVE;
        if events.is_empty() && posts.is_empty() && !due {
            self.on = Some(on);
            return Ok(Round::default());
        }
        let text = serde_json::to_string(&on.registry).map_err(|e| StoreError::Other(e.to_string()))?;
        let Some(revision) = store.set_document(ALERTS, on.revision, &text)? else {
            // Somebody else evaluates, whatever the lease said a moment ago, and sees the same events.
            return Ok(Round::default());
        };
        on.revision = revision;
        (on.saved, on.dirty) = (now.mono, false);
        self.on = Some(on);
        if let Some(last) = posts.last() {
            store.drop_posts(ALERTS, last.id)?;
        }
        for event in &events {
            store.note(&Event {
                at: event.at.clone(),
                kind: EventKind::Alert,
                who: self.me.label().into(),
                text: words::event_words(event, self.name_of(&event.id.subject)),
            })?;
        }
        Ok(Round { events, changed: true })
    }

    /// Begins with the stored registry. Where there is none, the readings of the last window make one: of what happened
    /// in them, only what is still so is an event.
    fn come_on(&mut self, store: &dyn Store, now: &Now, events: &mut Vec<AlertEvent>) -> Result<On, StoreError> {
        let snapshot = store.snapshot(Duration::ZERO)?;
        let rows = snapshot.rows.into_iter().map(|row| (row.target.clone(), row)).collect();
        self.settle(read_presence(store, &mut 0)?.as_ref(), &rows, now);
        let stored = store.document(ALERTS, 0)?;
        let revision = stored.as_ref().map_or(0, |s| s.revision);
        let mut registry = stored.map(|s| parse(&s.text)).unwrap_or_default();
        if registry == AlertRegistry::default() {
            let from = now.wall.checked_sub(AHT_WINDOW + AHT_WINDOW / 2).ok();
            // One that comes meanwhile is taken twice, which changes nothing.
            let query = RangeQuery { target: None, from, to: None };
            store.range(&query, &mut |reading| {
                events.extend(self.record(&mut registry, &reading));
                true
            })?;
            events.extend(registry.tick(now));
            let active: Vec<_> = registry.active().map(|a| a.id.clone()).collect();
            events.retain(|e| matches!(e.step, Step::Started) && active.contains(&e.id));
            registry.cursor = snapshot.cursor;
        }
        // A cursor of a store in memory that is gone lies ahead of all that will come.
        registry.cursor = registry.cursor.min(snapshot.cursor);
        Ok(On { registry, revision, rows, presence: (None, 0), saved: now.mono, ticked: None, dirty: true })
    }

    fn take_readings(
        &self,
        store: &dyn Store,
        on: &mut On,
        now: &Now,
        events: &mut Vec<AlertEvent>,
    ) -> Result<(), StoreError> {
        loop {
            let (readings, next) = store.since(on.registry.cursor, BATCH)?;
            for reading in &readings {
                record(&mut on.rows, reading, now);
                events.extend(self.record(&mut on.registry, reading));
            }
            on.registry.cursor = next;
            on.dirty |= !readings.is_empty();
            if readings.len() < BATCH {
                return Ok(());
            }
        }
    }

    /// A target that is not configured here has no band here: its alert is left to those who know it.
    fn record(&self, registry: &mut AlertRegistry, reading: &Reading) -> Vec<AlertEvent> {
        match self.watched.get(&reading.target) {
            Some(watched) => registry.record(reading, &watched.band, &self.policy),
            None => Vec::new(),
        }
    }

    fn counts(&self, rows: &BTreeMap<Target, Row>, now: &Now) -> Counts {
        let stale_after = self.policy.agents.stale_after;
        Counts::from_rows(self.order.iter().filter_map(|w| rows.get(&w.target)), now, stale_after)
    }
}
