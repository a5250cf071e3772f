//! Sixty-four clients at once on the program itself: the poller keeps its pace, and the memory stays flat.
//!
//! It takes seconds. `AHTOP_CROWD=600` says for how many of them the clients stay, and as long it is watched without
//! them before; then it prints what it measured.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use ahtop::domain::Kind as Watched;

use super::serving::{Serving, address};
use crate::live::{Home, Service, until};

/// How many clients there are of each kind.
const CROWD: [(Kind, usize); 6] = [
    (Kind::Stream, 36),
    (Kind::Metrics, 8),
    (Kind::Picture, 8),
    (Kind::SlowStream, 4),
    (Kind::Drip, 4),
    (Kind::Deaf, 4),
];
/// What the memory may grow by while they stay.
const MOST_MORE: u64 = 6 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Follows the wallboard.
    Stream,
    /// Asks for the metrics each second.
    Metrics,
    /// Asks for a large picture each second.
    Picture,
    /// Follows the wallboard, and reads a little now and then.
    SlowStream,
    /// Says its request a byte at a time.
    Drip,
    /// Asks again and again and never reads.
    Deaf,
}

/// What a kind has had: events or answers, or how often it was hung up on.
type Had = Arc<AtomicU64>;

impl Kind {
    /// One connection, until it ends.
    async fn visit(self, n: usize, address: &str, had: &Had) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(address).await?;
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let size = ["80x24", "120x40", "160x45", "300x100"][n % 4];
        let mut bytes = vec![0; 16 * 1024];
        match self {
            Kind::Stream | Kind::SlowStream => {
                stream.write_all(get(&format!("/events?size={size}")).as_bytes()).await?;
                if self == Kind::SlowStream {
                    bytes.truncate(64);
                }
                loop {
                    let read = stream.read(&mut bytes).await?;
                    if read == 0 {
                        return Ok(());
                    }
                    had.fetch_add(1, Ordering::Relaxed);
                    if self == Kind::SlowStream {
                        sleep(Duration::from_millis(500)).await;
                    }
                }
            }
            Kind::Metrics | Kind::Picture => {
                let path = if self == Kind::Metrics { "/metrics" } else { "/board.svg?size=300x100" };
                let request = get(path).replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
                stream.write_all(request.as_bytes()).await?;
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await?;
                if answer.starts_with(b"HTTP/1.1 200 ") {
                    had.fetch_add(1, Ordering::Relaxed);
                }
                sleep(Duration::from_secs(1)).await;
            }
            Kind::Drip => {
                for byte in get("/metrics").bytes().cycle() {
                    if stream.write_all(&[byte]).await.is_err() {
                        break;
                    }
                    sleep(Duration::from_millis(200)).await;
                }
                had.fetch_add(1, Ordering::Relaxed);
            }
            Kind::Deaf => {
                while stream.write_all(get("/board.svg?size=300x100").as_bytes()).await.is_ok() {}
                had.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}

/// Readings that the service was asked for until now.
fn asked(service: &Service) -> u64 {
    service.sim.counters().aht_requests
}

/// Waits for `stay`, and gives requests a minute.
fn pace(service: &Service, stay: Duration) -> f64 {
    let (from, begun) = (asked(service), Instant::now());
    thread::sleep(stay);
    (asked(service) - from) as f64 * 60.0 / begun.elapsed().as_secs_f64()
}

#[test]
fn with_64_clients_the_poller_keeps_its_pace_and_the_memory_stays_flat() {
    let long = std::env::var("AHTOP_CROWD").ok().and_then(|secs| secs.parse().ok()).map(Duration::from_secs);
    // So many and so often that the pace is that of the limit.
    let most = if long.is_some() { usize::MAX } else { 12 };
    let (service, home) = (Service::start(|_| {}), Home::new());
    let address = address();
    let targets: Vec<_> = service.sim.roster().targets().into_iter().take(most).collect();
    let flags = targets.iter().flat_map(|t| [if t.kind == Watched::Campaign { "-C" } else { "-a" }, &t.id]);
    let flags: Vec<&str> = ["--min-interval", "15s"].into_iter().chain(flags).collect();
    let serve = Serving::start(&home, &service, &address, &flags);
    let count = targets.len() as u64;
    until("everything was asked once", || asked(&service) >= count);
    let alone = long.map(|stay| {
        thread::sleep(Duration::from_secs(60));
        (serve.memory(), pace(&service, stay))
    });

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let had: Vec<Had> = CROWD.iter().map(|_| Had::default()).collect();
    for ((kind, many), had) in CROWD.into_iter().zip(&had) {
        for n in 0..many {
            let (address, had) = (address.clone(), had.clone());
            runtime.spawn(async move {
                loop {
                    if kind.visit(n, &address, &had).await.is_err() {
                        sleep(Duration::from_millis(100)).await;
                    }
                }
            });
        }
    }
    let all = |least: &[u64; 6]| had.iter().zip(least).all(|(had, least)| had.load(Ordering::Relaxed) >= *least);
    // Everybody is served, and who does not read or does not ask to the end is hung up on.
    until("all are there", || all(&[72, 16, 16, 8, 1, 1]));
    let (first, begun) = (serve.memory(), asked(&service));
    let (middle, busy) = match long {
        Some(stay) => {
            let first = pace(&service, stay / 2);
            let middle = serve.memory();
            (middle, f64::midpoint(first, pace(&service, stay / 2)))
        }
        None => (first, 0.0),
    };
    until("it goes on asking", || asked(&service) >= begun + 5);
    until("they go on being served", || all(&[216, 48, 48, 24, 5, 5]));
    let last = serve.memory();
    if let Some((before, pace)) = alone {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let served: Vec<_> = CROWD.iter().zip(&had).map(|((k, n), had)| format!("{n} {k:?}: {had:?}")).collect();
        eprintln!(
            "resident MiB: {:.1} without clients, then {:.1} {:.1} {:.1}",
            mib(before),
            mib(first),
            mib(middle),
            mib(last)
        );
        eprintln!("requests a minute: {pace:.1} without clients, {busy:.1} with them; {}", served.join(", "));
        assert!((busy - pace).abs() <= 0.05 * pace, "{pace} {busy}");
    }
    assert!(last <= first + MOST_MORE, "{first} {middle} {last}");
    assert!(service.sim.counters().max_in_60s <= 50);
    runtime.shutdown_background();
}
