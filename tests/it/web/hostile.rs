//! Clients that mean harm, or just do badly: whatever they do, the listener answers the others, and holds nothing of
//! theirs for long.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::client::{Answer, LIMIT, World, say};

/// How many requests of each kind; `AHTOP_HOSTILE` makes it more.
fn many() -> usize {
    std::env::var("AHTOP_HOSTILE").ok().and_then(|n| n.parse().ok()).unwrap_or(10)
}

/// Sends `bytes` and reads what comes; nothing where the connection is just closed.
async fn send(address: &str, bytes: &[u8]) -> Option<u16> {
    let said = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        all.starts_with(b"HTTP/1.1 ").then(|| Answer::of(&all).status)
    };
    timeout(LIMIT, said).await.unwrap()
}

/// What it is, its bytes, and what may come of it; `None`: nothing but the end.
type Case = (&'static str, Vec<u8>, &'static [Option<u16>]);

#[tokio::test]
async fn what_is_no_good_request_is_refused() {
    let world = World::new(|_| {}).await;
    world.fill();
    let host = "Host: localhost\r\n";
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\n{host}{more}Connection: close\r\n\r\n");
    let cases: Vec<Case> = vec![
        ("a method", format!("POST / HTTP/1.1\r\n{host}Content-Length: 3\r\n\r\nabc").into(), &[Some(405)]),
        ("a method of its own", format!("BREW / HTTP/1.1\r\n{host}\r\n").into(), &[Some(405)]),
        (
            "an upgrade",
            get("/events", "Upgrade: websocket\r\n").replace("GET", "CONNECT").into(),
            &[Some(405), Some(400)],
        ),
        ("a body", get("/", "Content-Length: 1000000000\r\n").into(), &[Some(413)]),
        ("two lengths", get("/", "Content-Length: 0\r\nContent-Length: 5\r\n").into(), &[Some(400), Some(413), None]),
        ("a chunked body", get("/", "Transfer-Encoding: chunked\r\n").into(), &[Some(413)]),
        ("no host", b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n".into(), &[Some(400)]),
        ("two hosts", get("/", host).into(), &[Some(400)]),
        ("another host", b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".into(), &[Some(421)]),
        ("another's URL", get("http://evil.example/metrics", "").into(), &[Some(421)]),
        ("a way up", get("/../../etc/passwd", "").into(), &[Some(404)]),
        ("a hidden way up", get("/%2e%2e/%2e%2e/etc/passwd", "").into(), &[Some(404)]),
        ("a long path", get(&format!("/{}", "x".repeat(4000)), "").into(), &[Some(414)]),
        ("a huge head", get("/", &format!("X: {}\r\n", "x".repeat(100_000))).into(), &[Some(431), None]),
        ("too many fields", get("/", &"A: b\r\n".repeat(500)).into(), &[Some(431), None]),
        ("a folded field", get("/", "X: a\r\n b\r\n").into(), &[Some(400), None]),
        ("no HTTP", vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3], &[Some(400), None]),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), &[Some(400), Some(505), None]),
        ("bytes", (0..=255).cycle().take(20_000).collect(), &[Some(400), Some(431), None]),
        ("nothing", vec![], &[None]),
        ("half a request", b"GET / HT".into(), &[Some(400), None]),
        ("a size", get("/board.svg?size=65535x65535", "").into(), &[Some(400)]),
        ("a page", get("/board.svg?page=18446744073709551616", "").into(), &[Some(400)]),
        ("markup", get("/?theme=%3Cscript%3E", "").into(), &[Some(400)]),
    ];
    for _ in 0..many() {
        for (what, bytes, allowed) in &cases {
            let status = send(&world.address, bytes).await;
            assert!(allowed.contains(&status), "{what}: {status:?}");
        }
    }
    // A request smuggled behind one that is refused is not answered.
    let smuggled = format!("POST / HTTP/1.1\r\n{host}Content-Length: 40\r\n\r\nGET /metrics HTTP/1.1\r\n{host}\r\n");
    let answer = say(&world.address, smuggled.as_bytes()).await;
    assert!(answer.status == 405 && !answer.body.contains("HTTP/1.1"), "{answer:?}");
    assert_eq!(world.get("/healthz").await.status, 200);
}

/// Clients that say nothing, say it slowly, or never read take places; they lose them, and the others are answered.
#[tokio::test]
async fn slow_clients_lose_their_places() {
    let world = World::new(|_| {}).await;
    world.fill();
    let (begun, mut slow) = (Instant::now(), vec![]);
    for n in 0..128 {
        let mut stream = TcpStream::connect(&world.address).await.unwrap();
        if n % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: loc").await.unwrap();
        }
        slow.push(stream);
    }
    let refused = send(&world.address, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    // On a busy machine the first of them may have lost their places before the last one came.
    assert!(matches!(refused, Some(503) | None) || begun.elapsed() > Duration::from_secs(4), "{refused:?}");
    // Each drips a byte now and then; that does not keep it there.
    let answered = async {
        loop {
            for stream in &mut slow {
                let _ = stream.write_all(b"x").await;
            }
            if send(&world.address, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await
                == Some(200)
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(LIMIT, answered).await.unwrap();
}

/// One who asks for much and reads nothing harms nobody else.
#[tokio::test]
async fn a_client_that_never_reads_is_hung_up_on() {
    let world = World::new(|_| {}).await;
    world.fill();
    let mut greedy = TcpStream::connect(&world.address).await.unwrap();
    let request = "GET /board.svg?size=300x100 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let asked = async {
        // What we do not read fills its buffers; then it does not take our requests any more, and hangs up.
        while greedy.write_all(request.as_bytes()).await.is_ok() {}
    };
    let others = async {
        for _ in 0..20 {
            assert_eq!(world.get("/healthz").await.status, 200);
        }
    };
    let both = async { tokio::join!(asked, others) };
    timeout(LIMIT, both).await.unwrap();
}
