//! The way from the processes to the simulated service, and the judge who stands at the service and counts.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use ahtop::{
    api::{Auth, Method, NetworkError, Request, Response, Route, Transport, TransportError},
    domain::{BootTime, Outcome, Reading, Target},
    sim::{LogEntry, SimRequest, SimResponse, SimService, Truth, Verdict, WireFault},
};
use secrecy::ExposeSecret;
use tokio::{sync::oneshot, time::sleep};

use super::support::{Gate, TIMEOUT};

/// What the account is allowed in a minute.
const LIMIT: usize = 50;
/// What our processes may generate in an hour.
const GENERATIONS: usize = 4;
/// So often may another process send than the one before, within five minutes. After each fault of a store one may be in
/// memory still while another is on the file already: for up to a minute both send, within the limit.
const HANDOVERS: usize = 150;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// How the network does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Network {
    #[default]
    Well,
    /// No connection: nothing arrives.
    Refused,
    /// Nothing arrives, and nobody says so.
    Swallowed,
    /// All arrives, and no answer comes back.
    Mute,
    /// Milliseconds on the way there and on the way back.
    Late(u64, u64),
}

/// Sees every request that arrives, and every reading that a dashboard gets.
#[derive(Default)]
pub(crate) struct Judge {
    seen: u64,
    arrivals: VecDeque<BootTime>,
    generations: VecDeque<BootTime>,
    /// Pages of two times lie in one file, or one page's head over another's in its log, under stores that have it open:
    /// each page looks sound, and no check of SQLite's can find that a reading has got another's target.
    pub(crate) mixed: bool,
    /// Who sent last, and when that changed.
    sender: Option<Arc<str>>,
    handovers: VecDeque<BootTime>,
    /// When a token was asked for, whether that arrived or not.
    tried: VecDeque<BootTime>,
    /// Until when the last generation is under way.
    generating: Option<BootTime>,
    told: BTreeMap<Target, VecDeque<(BootTime, Truth)>>,
    /// When a value was last told.
    pub(crate) last_good: Option<BootTime>,
    pub(crate) peak: usize,
    pub(crate) most_generated: usize,
    /// A token request was answered 401, at this time: our processes wait a quarter of an hour.
    pub(crate) refused: Option<BootTime>,
    /// The first rule that was broken.
    pub(crate) broken: Option<String>,
}

impl Judge {
    fn breaks(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    /// Takes in what arrived since the last time, each entry with how long its answer takes.
    fn look(&mut self, sim: &SimService) {
        for entry in sim.log_after(self.seen, usize::MAX) {
            self.seen = entry.seq;
            self.arrived(&entry);
        }
    }

    fn arrived(&mut self, entry: &LogEntry) {
        let at = entry.at;
        self.arrivals.push_back(at);
        while self.arrivals.front().is_some_and(|first| at.since(*first) >= MINUTE) {
            self.arrivals.pop_front();
        }
        self.peak = self.peak.max(self.arrivals.len());
        if self.arrivals.len() > LIMIT {
            self.breaks(format!("{} requests within 60 s", self.arrivals.len()));
        }
        if let (Some(target), Some(truth)) = (&entry.target, entry.told) {
            self.last_good = Some(at);
            self.told.entry(target.clone()).or_default().push_back((at, truth));
        }
        if entry.path != Route::GenerateToken.path() {
            return;
        }
        if entry.status == 401 {
            self.refused = Some(at);
            return;
        }
        self.generations.push_back(at);
        let within = self.generations_within_hour(at);
        self.most_generated = self.most_generated.max(within);
        if within > GENERATIONS {
            self.breaks(format!("{within} token requests within an hour"));
        }
        if self.generating.is_some_and(|until| until > at) {
            self.breaks("two token generations at the same time".into());
        }
        if entry.verdict == Verdict::Minted {
            let took = Duration::from_millis(entry.delay_ms);
            self.generating = Some(at + took.min(TIMEOUT));
        }
    }

    /// Token requests of our processes in the hour before `now`.
    fn generations_within_hour(&mut self, now: BootTime) -> usize {
        while self.generations.front().is_some_and(|first| now.since(*first) >= HOUR) {
            self.generations.pop_front();
        }
        self.generations.len()
    }

    /// Nobody can know any more what was generated: all files that tell of it were spoilt at once.
    pub(crate) fn forget_generations(&mut self) {
        self.generations.clear();
    }

    fn sent_by(&mut self, who: &Arc<str>, at: BootTime) {
        if self.sender.as_ref().is_some_and(|last| last != who) {
            self.handovers.push_back(at);
        }
        self.sender = Some(who.clone());
        while self.handovers.front().is_some_and(|first| at.since(*first) >= 5 * MINUTE) {
            self.handovers.pop_front();
        }
        if self.handovers.len() > HANDOVERS {
            self.breaks(format!("{} times within five minutes another process sends", self.handovers.len()));
        }
    }

    /// How often a token was asked for in the hour before `now`.
    pub(crate) fn tried_within_hour(&self, now: BootTime) -> usize {
        self.tried.iter().filter(|at| now.since(**at) < HOUR).count()
    }

    /// A dashboard got this.
    pub(crate) fn shown(&mut self, reading: &Reading) {
        if self.mixed {
            return;
        }
        let expected = match reading.outcome {
            Outcome::Value(aht) => Truth::Secs(aht.secs()),
            Outcome::NoCalls => Truth::NoCalls,
            _ => return,
        };
        let at = reading.at.mono;
        // No newer than it says; where the answer was delayed, it may be taken for as old as its request.
        let fits =
            |(t, truth): &(BootTime, Truth)| *truth == expected && at.since(*t) <= TIMEOUT && t.since(at) <= TIMEOUT;
        if !self.told.get(&reading.target).into_iter().flatten().rev().any(fits) {
            self.breaks(format!("{} {:?} of {at:?} was never told", reading.target, reading.outcome));
        }
    }
}

/// What lies between all processes and the service.
pub(crate) struct Wire {
    pub(crate) sim: Arc<SimService>,
    pub(crate) judge: Mutex<Judge>,
    pub(crate) network: Mutex<Network>,
}

impl Wire {
    fn arrives(&self, request: &SimRequest) -> SimResponse {
        let reply = self.sim.handle(request);
        self.judge.lock().unwrap().look(&self.sim);
        reply
    }
}

/// One process's way to the service.
pub(crate) struct Path {
    pub(crate) who: Arc<str>,
    pub(crate) wire: Arc<Wire>,
    pub(crate) gate: Arc<Gate>,
}

impl Transport for Path {
    fn send<'a>(
        &'a self,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>> {
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
        {
            let now = self.wire.sim.clock().now().mono;
            let mut judge = self.wire.judge.lock().unwrap();
            judge.sent_by(&self.who, now);
            if request.path == Route::GenerateToken.path() {
                judge.tried.push_back(now);
            }
        }
        let network = *self.wire.network.lock().unwrap();
        let (tell, told) = oneshot::channel();
        let wire = self.wire.clone();
        // What is on its way arrives also when its sender is stopped or killed.
        match network {
            Network::Refused | Network::Swallowed => {}
            Network::Late(there, _) if there > 0 => {
                tokio::spawn(async move {
                    sleep(Duration::from_millis(there)).await;
                    let _ = tell.send(wire.arrives(&request));
                });
            }
            _ => drop(tell.send(wire.arrives(&request))),
        }
        let answer = async move {
            match network {
                Network::Refused => return Err(TransportError::Network(NetworkError::Connect("refused".into()))),
                Network::Swallowed | Network::Mute => std::future::pending().await,
                Network::Well | Network::Late(..) => {}
            }
            let broken = || TransportError::Network(NetworkError::Broken("reset".into()));
            let Ok(reply) = told.await else { return Err(broken()) };
            let back = if let Network::Late(_, back) = network { back } else { 0 };
            sleep(reply.delay + Duration::from_millis(back)).await;
            match reply.wire {
                None => {}
                Some(WireFault::Hang | WireFault::Drip(_)) => std::future::pending().await,
                Some(_) => return Err(broken()),
            }
            if reply.body.len() > most {
                return Err(TransportError::TooLarge { status: reply.status });
            }
            let seconds = reply.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"));
            let retry_after = seconds.and_then(|(_, v)| v.parse().ok()).map(Duration::from_secs);
            Ok(Response { status: reply.status, retry_after, body: reply.body })
        };
        let timed = async move {
            let late = TransportError::Network(NetworkError::Timeout(TIMEOUT));
            tokio::time::timeout(TIMEOUT, answer).await.unwrap_or(Err(late))
        };
        Box::pin(self.gate.clone().guard(timed))
    }
}
