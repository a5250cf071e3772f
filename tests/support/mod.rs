//! What the tests of the poller share: time of their own, and the simulator without sockets behind the client.
#![allow(dead_code, reason = "each test crate uses its part")]

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use ahtop::{
    api::{Auth, Method, NetworkError, Request, Response, Transport, TransportError},
    domain::{BootId, Clock, Mono, Now},
    sim::{SimRequest, SimService, WireFault},
};
use jiff::Timestamp;
use secrecy::ExposeSecret;

/// Follows tokio's clock, which tests pause; the wall clock can be stepped on its own.
#[derive(Debug)]
pub struct TokioClock {
    start: tokio::time::Instant,
    wall: AtomicI64,
}

/// Uptime of the pretended machine when a test starts.
const UPTIME_MS: i64 = 86_400_000;

impl TokioClock {
    /// Starts on a Monday at ten in the morning, Indian time.
    pub fn new() -> Arc<Self> {
        let wall: Timestamp = "2026-01-12T04:30:00Z".parse().unwrap();
        Arc::new(TokioClock { start: tokio::time::Instant::now(), wall: AtomicI64::new(wall.as_millisecond()) })
    }

    pub fn step_wall(&self, millis: i64) {
        self.wall.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Now {
        let ran = i64::try_from(self.start.elapsed().as_millis()).unwrap();
        Now {
            boot: BootId("test".into()),
            mono: Mono(UPTIME_MS + ran),
            wall: Timestamp::from_millisecond(self.wall.load(Ordering::SeqCst) + ran).unwrap(),
        }
    }
}

/// Hands requests to the simulated service and waits as long as it says, in tokio's time.
pub struct SimTransport {
    pub sim: Arc<SimService>,
    pub timeout: Duration,
}

impl Transport for SimTransport {
    fn send<'a>(
        &'a self,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>> {
        Box::pin(async move {
            let auth = match &request.auth {
                Auth::Bearer(token) => ("authorization".to_owned(), format!("Bearer {}", token.expose_secret())),
                Auth::ApiKey(key) => ("apiKey".to_owned(), key.expose_secret().to_owned()),
            };
            let request = SimRequest {
                method: match request.method {
                    Method::Post => "POST".into(),
                    Method::Get => "GET".into(),
                },
                path: request.route.path().into(),
                headers: vec![auth, ("content-type".into(), "application/json".into())],
                body: request.body.into_bytes(),
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
                Some(WireFault::Hang | WireFault::Drip) => {
                    tokio::time::sleep(self.timeout - reply.delay).await;
                    return Err(timeout());
                }
                Some(_) => return Err(broken()),
            }
            if reply.body.len() > Response::MAX_BODY {
                return Err(TransportError::TooLarge { status: reply.status });
            }
            Ok(Response { status: reply.status, retry_after: None, body: reply.body })
        })
    }
}
