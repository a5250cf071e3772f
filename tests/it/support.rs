//! What the tests of the poller share: time of their own, and the simulator without sockets behind the client.
#![allow(dead_code, reason = "two test programs use it, each a part")]

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    task::{Poll, Waker},
    time::Duration,
};

use ahtop::{
    api::{Auth, Client, Method, NetworkError, Request, Response, Transport, TransportError},
    config::Budget,
    domain::{BootId, BootTime, Clock, Now, Outcome, Row, Target},
    poll::{Keys, Notifiers, Poller, Rules, Setup},
    sim::{SimOptions, SimRequest, SimService, Truth, WireFault, options::RosterChoice},
    store::{Attention, Handle, Instance, RangeQuery, Role, SqliteStore},
};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Follows tokio's clock, which tests pause; the wall clock can be stepped on its own.
#[derive(Debug)]
pub(crate) struct TokioClock {
    start: tokio::time::Instant,
    wall: AtomicI64,
}

/// Uptime of the pretended machine when a test starts.
const UPTIME_MS: i64 = 86_400_000;

impl TokioClock {
    /// Starts on a Monday at ten in the morning, Indian time.
    pub(crate) fn new() -> Arc<Self> {
        let wall: Timestamp = "2026-01-12T04:30:00Z".parse().unwrap();
        Arc::new(TokioClock { start: tokio::time::Instant::now(), wall: AtomicI64::new(wall.as_millisecond()) })
    }

    pub(crate) fn step_wall(&self, millis: i64) {
        self.wall.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Now {
        let ran = i64::try_from(self.start.elapsed().as_millis()).unwrap();
        Now {
            boot: BootId("test".into()),
            mono: BootTime(UPTIME_MS + ran),
            wall: Timestamp::from_millisecond(self.wall.load(Ordering::SeqCst) + ran).unwrap(),
        }
    }
}

/// Stops a process's tasks, as SIGSTOP does: nothing of it runs until it is continued. A store call that is under way
/// ends, as one in the kernel would.
#[derive(Default)]
pub(crate) struct Gate {
    shut: AtomicBool,
    sleepers: Mutex<Vec<Waker>>,
}

impl Gate {
    pub(crate) fn stop(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }

    pub(crate) fn go_on(&self) {
        self.shut.store(false, Ordering::SeqCst);
        self.sleepers.lock().unwrap().drain(..).for_each(Waker::wake);
    }

    /// `task`, which runs only while the gate is open.
    pub(crate) async fn guard<T>(self: Arc<Self>, task: impl Future<Output = T>) -> T {
        let mut task = Box::pin(task);
        poll_fn(|cx| {
            if self.shut.load(Ordering::SeqCst) {
                self.sleepers.lock().unwrap().push(cx.waker().clone());
                return Poll::Pending;
            }
            task.as_mut().poll(cx)
        })
        .await
    }
}

/// When which process sent a request.
pub(crate) type Sent = Arc<Mutex<Vec<(BootTime, Arc<str>)>>>;

/// Hands requests to the simulated service and waits as long as it says, in tokio's time.
pub(crate) struct SimTransport {
    pub(crate) who: Arc<str>,
    pub(crate) sent: Sent,
    pub(crate) gate: Arc<Gate>,
    pub(crate) sim: Arc<SimService>,
    pub(crate) timeout: Duration,
}

impl Transport for SimTransport {
    fn send<'a>(
        &'a self,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>> {
        self.sent.lock().unwrap().push((self.sim.clock().now().mono, self.who.clone()));
        Box::pin(self.gate.clone().guard(async move {
            let auth = match &request.auth {
                Auth::Bearer(token) => ("authorization".to_owned(), format!("Bearer {}", token.expose_secret())),
                Auth::ApiKey(key) => ("apiKey".to_owned(), key.expose_secret().to_owned()),
            };
            let most = request.route.max_body();
            let request = SimRequest {
                method: match request.method {
                    Method::Post => "POST".into(),
                    Method::Get => "GET".into(),
                },
                path: request.route.path().into(),
                headers: vec![auth, ("content-type".into(), "application/json".into())],
                body: request.body.into_bytes(),
                peer: "127.0.0.1".into(),
            };
            // The service sees a request half a round trip after it was sent.
            let reply = self.sim.handle(&request);
            let timeout = || TransportError::Network(NetworkError::Timeout(self.timeout));
            let broken = || TransportError::Network(NetworkError::Broken("reset".into()));
            if reply.delay >= self.timeout {
                tokio::time::sleep(self.timeout).await;
                return Err(timeout());
            }
            tokio::time::sleep(reply.delay).await;
            match reply.wire {
                None => {}
                Some(WireFault::Hang | WireFault::Drip(_)) => {
                    tokio::time::sleep(self.timeout - reply.delay).await;
                    return Err(timeout());
                }
                Some(_) => return Err(broken()),
            }
            if reply.body.len() > most {
                return Err(TransportError::TooLarge { status: reply.status });
            }
            let seconds = reply.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
            let retry_after = seconds.and_then(|(_, v)| v.parse().ok()).map(Duration::from_secs);
            Ok(Response { status: reply.status, retry_after, body: reply.body })
        }))
    }
}

/// An account with its simulated service and its shared store; processes come and go on it.
pub(crate) struct World {
    pub(crate) clock: Arc<TokioClock>,
    pub(crate) sim: Arc<SimService>,
    pub(crate) targets: Vec<Target>,
    pub(crate) rules: Rules,
    /// Who sent what, by the ids of the processes.
    pub(crate) sent: Sent,
    dir: tempfile::TempDir,
    /// In place of the file, for all processes.
    memory: Option<Handle>,
}

/// The longest that a request may take in these tests.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

impl World {
    /// `agents` agents in `campaigns` campaigns who work around the clock; everything is watched.
    pub(crate) fn new(campaigns: usize, agents: usize, adjust: impl FnOnce(&mut SimOptions)) -> World {
        let clock = TokioClock::new();
        let mut options = SimOptions::default();
        options.model.roster = RosterChoice::Generated { campaigns, agents, around_the_clock: true };
        adjust(&mut options);
        let sim = Arc::new(SimService::new(options, clock.clone()));
        let roster = sim.roster();
        let targets = roster.targets();
        let rules = Rules {
            budget: Budget::default(),
            min_interval: Duration::from_secs(60),
            timeout: TIMEOUT,
            keep: Duration::from_secs(30 * 86_400),
            bands: targets.iter().filter_map(|t| Some((t.clone(), roster.band(t)?))).collect(),
            floor: None,
            presence: None,
            quiet: ahtop::domain::Quiet::default(),
        };
        World { clock, sim, targets, rules, sent: Sent::default(), dir: tempfile::tempdir().unwrap(), memory: None }
    }

    /// The same with a store in memory: for what lasts long and is not about the file.
    pub(crate) fn in_memory(campaigns: usize, agents: usize, adjust: impl FnOnce(&mut SimOptions)) -> World {
        let world = World::new(campaigns, agents, adjust);
        let store = SqliteStore::memory(world.clock.clone()).unwrap();
        World { memory: Some(Handle::new(Arc::new(store))), ..world }
    }

    /// Another process's view of the shared store.
    pub(crate) fn store(&self) -> Handle {
        if let Some(memory) = &self.memory {
            return memory.clone();
        }
        let store = SqliteStore::open(&self.dir.path().join("acme.db"), self.clock.clone()).unwrap();
        Handle::new(Arc::new(store))
    }

    /// Starts a process that wants `targets` and polls if nobody does.
    pub(crate) fn start(&self, targets: &[Target], seed: u64) -> Process {
        self.start_as(Role::Dashboard, targets, seed)
    }

    /// The same in another role.
    pub(crate) fn start_as(&self, role: Role, targets: &[Target], seed: u64) -> Process {
        let me = Instance { id: format!("test-{seed}-{}", rand::random::<u64>()).into(), ..Instance::here(role) };
        self.start_on(self.store(), me, targets, seed)
    }

    /// The way of a process to the service.
    pub(crate) fn transport(&self, me: &Instance, gate: &Arc<Gate>) -> Arc<SimTransport> {
        Arc::new(SimTransport {
            who: me.id.clone(),
            sent: self.sent.clone(),
            gate: gate.clone(),
            sim: self.sim.clone(),
            timeout: self.rules.timeout,
        })
    }

    /// The same with a store and a name of its own, as on another machine.
    pub(crate) fn start_on(&self, store: Handle, me: Instance, targets: &[Target], seed: u64) -> Process {
        let gate = Arc::new(Gate::default());
        let transport = self.transport(&me, &gate);
        let notifiers = Notifiers::default();
        let poller = Poller::new(Setup {
            store: store.clone(),
            client: Arc::new(Client::new(transport, "acme")),
            keys: Keys::Token("sim-key".to_owned().into()),
            me: me.clone(),
            rules: self.rules.clone(),
            notifiers,
            seed,
        });
        let cancel = CancellationToken::new();
        let wants: Vec<(Target, Attention)> = targets.iter().map(|t| (t.clone(), Attention::Listed)).collect();
        let (wanting, who) = (store.clone(), me.clone());
        let wanting = tokio::spawn(gate.clone().guard(async move {
            loop {
                let (wants, who) = (wants.clone(), who.clone());
                let _ = wanting.call(move |s| s.want(&who, &wants, Duration::from_secs(30))).await;
                tokio::time::sleep(Duration::from_secs(10)).await;
            }
        }));
        let polling = tokio::spawn(gate.clone().guard(poller.run(cancel.clone())));
        Process { store, me, polling, wanting, cancel, gate }
    }
}

/// Every stored reading is one that the service gave for that target, told when it says it was.
pub(crate) fn every_reading_was_told(world: &World, process: &Process) -> usize {
    let mut told: BTreeMap<Target, Vec<(BootTime, Truth)>> = BTreeMap::new();
    for entry in world.sim.log() {
        if let (Some(target), Some(truth)) = (entry.target, entry.told) {
            told.entry(target).or_default().push((entry.at, truth));
        }
    }
    let mut seen = 0;
    process
        .store
        .direct()
        .range(&RangeQuery::default(), &mut |reading| {
            let expected = match reading.outcome {
                Outcome::Value(aht) => Truth::Secs(aht.secs()),
                Outcome::NoCalls => Truth::NoCalls,
                _ => return true,
            };
            let found = told.get(&reading.target).into_iter().flatten().any(|(at, truth)| {
                *truth == expected && reading.at.mono.since(*at) <= TIMEOUT && *at <= reading.at.mono
            });
            assert!(found, "{} {:?} at {:?} was never told", reading.target, reading.outcome, reading.at.mono);
            seen += 1;
            true
        })
        .unwrap();
    seen
}

/// A running process.
pub(crate) struct Process {
    pub(crate) store: Handle,
    pub(crate) me: Instance,
    polling: JoinHandle<()>,
    wanting: JoinHandle<()>,
    cancel: CancellationToken,
    gate: Arc<Gate>,
}

impl Process {
    /// SIGSTOP.
    pub(crate) fn stop(&self) {
        self.gate.stop();
    }

    /// SIGCONT.
    pub(crate) fn go_on(&self) {
        self.gate.go_on();
    }

    /// `kill -9`: nothing is given back.
    pub(crate) async fn kill(self) {
        self.polling.abort();
        self.wanting.abort();
        let _ = (self.polling.await, self.wanting.await);
    }

    /// A clean exit.
    pub(crate) async fn quit(self) {
        self.wanting.abort();
        let _ = self.wanting.await;
        self.cancel.cancel();
        self.polling.await.unwrap();
    }

    /// What the store knows, through this process's eyes.
    pub(crate) fn rows(&self) -> Vec<Row> {
        self.store.direct().snapshot(Duration::from_secs(2 * 3600)).unwrap().rows
    }
}

/// Lets time run until `done`, looking every 100 ms.
pub(crate) async fn until(what: &str, most: Duration, mut done: impl FnMut() -> bool) {
    let end = tokio::time::Instant::now() + most;
    while !done() {
        assert!(tokio::time::Instant::now() < end, "not within {most:?}: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
