//! The server over real sockets, byte by byte.

use std::time::Instant;

use serde_json::Value;

use super::*;
use crate::{
    domain::SystemClock,
    sim::{Fault, SimOptions, Span, options::Latency},
};

struct Running {
    addr: SocketAddr,
    service: Arc<SimService>,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn start() -> Running {
        let options = SimOptions { latency: Latency::Fixed(0), ..SimOptions::default() };
        let service = Arc::new(SimService::new(options, Arc::new(SystemClock::new())));
        let server = SimServer::bind(0).await.unwrap();
        let (addr, cancel) = (server.addr(), CancellationToken::new());
        assert!(addr.ip().is_loopback() && server.base_url().starts_with("http://127.0.0.1:"));
        let task = tokio::spawn(server.serve(Arc::clone(&service), cancel.clone()));
        Running { addr, service, cancel, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    /// One request on a connection of its own, everything that comes back until the end.
    async fn once(&self, raw: &str) -> io::Result<Vec<u8>> {
        let mut stream = self.connect().await;
        stream.write_all(raw.as_bytes()).await?;
        let mut out = Vec::new();
        stream.read_to_end(&mut out).await.map(|_| out)
    }

    async fn token(&self) -> String {
        let raw = post("/ca_apis/CAToken/generateToken", "apiKey: sim-key\r\n", r#"{"userName":"acme"}"#, false);
        json(&self.once(&raw).await.unwrap())["token"].as_str().unwrap().to_owned()
    }
}

fn post(path: &str, headers: &str, body: &str, keep_alive: bool) -> String {
    let connection = if keep_alive { "" } else { "Connection: close\r\n" };
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}{connection}Content-Length: {length}\r\n\r\n{body}")
}

fn aht(token: &str, keep_alive: bool) -> String {
    let auth = format!("Authorization: Bearer {token}\r\n");
    post("/ca_apis/aht", &auth, r#"{"userName":"acme","campaignName":"WINBACK"}"#, keep_alive)
}

fn body(raw: &[u8]) -> &[u8] {
    let at = raw.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    &raw[at + 4..]
}

fn json(raw: &[u8]) -> Value {
    serde_json::from_slice(body(raw)).unwrap()
}

fn status(raw: &[u8]) -> &str {
    std::str::from_utf8(&raw[9..12]).unwrap()
}

/// One response with a length from a connection that stays open.
async fn response(stream: &mut TcpStream) -> Vec<u8> {
    let mut raw = Vec::new();
    loop {
        if let Some(at) = raw.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8(raw[..at].to_vec()).unwrap();
            let length = head.lines().find_map(|l| l.strip_prefix("Content-Length: ")).unwrap();
            if raw.len() >= at + 4 + length.parse::<usize>().unwrap() {
                return raw;
            }
        }
        assert!(stream.read_buf(&mut raw).await.unwrap() > 0, "closed early");
    }
}

#[tokio::test]
async fn a_connection_serves_request_after_request() {
    let run = Running::start().await;
    let token = run.token().await;
    let mut stream = run.connect().await;
    for _ in 0..3 {
        stream.write_all(aht(&token, true).as_bytes()).await.unwrap();
        let raw = response(&mut stream).await;
        assert_eq!((status(&raw), &json(&raw)["status"]), ("200", &Value::from("success")));
    }
    // Two at once, the second cut in the middle of its head.
    let both = aht(&token, true) + &aht(&token, false);
    let (first, second) = both.split_at(both.len() - 120);
    stream.write_all(first.as_bytes()).await.unwrap();
    assert_eq!(status(&response(&mut stream).await), "200");
    stream.write_all(second.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(json(&rest)["message"]["CampaignName"], "WINBACK");
    assert_eq!(run.service.counters().aht_requests, 5);
    assert_eq!(run.service.log().last().unwrap().method, "POST");
}

#[tokio::test]
async fn a_get_can_have_a_body() {
    let run = Running::start().await;
    run.service.patch_options(serde_json::json!({"methods": "get"})).unwrap();
    let token = run.token().await;
    let raw = run.once(&aht(&token, false).replacen("POST", "GET", 1)).await.unwrap();
    assert_eq!(json(&raw)["message"]["CampaignName"], "WINBACK");
    let raw = run.once(&aht(&token, false)).await.unwrap();
    assert_eq!((status(&raw), body(&raw)), ("405", b"".as_slice()));
}

#[tokio::test]
async fn what_is_not_a_request_is_refused_and_bounded() {
    let run = Running::start().await;
    let long = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(17 * 1024));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(70));
    for (raw, expected) in [
        ("\x16\x03\x01 not http\r\n\r\n", "400"),
        (long.as_str(), "431"),
        (many.as_str(), "431"),
        ("POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n", "413"),
        ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "411"),
    ] {
        let mut stream = run.connect().await;
        stream.write_all(raw.as_bytes()).await.unwrap();
        assert_eq!(status(&response(&mut stream).await), expected, "{:.40}", raw);
    }
    assert_eq!(run.once("GET /nothing HTTP/1.0\r\n\r\n").await.map(|r| status(&r).to_owned()).unwrap(), "404");
}

#[tokio::test]
async fn every_spoiling_of_the_wire_happens() {
    let run = Running::start().await;
    let token = run.token().await;
    let spoiled = async |fault| {
        run.service.inject(fault, Span::Requests(1));
        run.once(&aht(&token, false)).await
    };
    let reset = spoiled(Fault::Reset).await;
    assert_eq!(reset.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    let cut = spoiled(Fault::Truncate).await.unwrap();
    let head = String::from_utf8_lossy(&cut);
    let length: usize = head.lines().find_map(|l| l.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
    assert_eq!(body(&cut).len(), length / 2);
    let garbage = spoiled(Fault::Garbage).await.unwrap();
    assert!(garbage.len() == 512 && !garbage.starts_with(b"HTTP"));
    let huge = spoiled(Fault::HugeBody { bytes: 2 << 20 }).await.unwrap();
    assert!(body(&huge).len() > 2 << 20 && json(&huge)["status"] == "success");
    let moved = spoiled(Fault::Redirect { to: "http://127.0.0.1:1/\r\nX: y".into() }).await.unwrap();
    assert!(String::from_utf8_lossy(&moved).contains("Location: http://127.0.0.1:1/X: y\r\n"));
    assert_eq!(status(&spoiled(Fault::GatewayTimeout).await.unwrap()), "504");
    assert_eq!(json(&run.once(&aht(&token, false)).await.unwrap())["status"], "success");
}

#[tokio::test]
async fn a_dripping_answer_is_whole_in_the_end() {
    let run = Running::start().await;
    let token = run.token().await;
    run.service.inject(Fault::Drip { byte_ms: 1 }, Span::Requests(1));
    let began = Instant::now();
    let mut stream = run.connect().await;
    stream.write_all(aht(&token, true).as_bytes()).await.unwrap();
    let raw = response(&mut stream).await;
    // A pause before each byte is at least what the fault asks for, however slow the machine is.
    assert!(began.elapsed() >= Duration::from_millis(raw.len() as u64));
    assert_eq!(json(&raw)["message"]["CampaignName"], "WINBACK");
    stream.write_all(aht(&token, true).as_bytes()).await.unwrap();
    assert_eq!(status(&response(&mut stream).await), "200");
}

#[tokio::test]
async fn a_hanging_answer_never_comes_and_hinders_nobody() {
    let run = Running::start().await;
    let token = run.token().await;
    run.service.inject(Fault::Hang, Span::Requests(1));
    let mut hanging = run.connect().await;
    hanging.write_all(aht(&token, true).as_bytes()).await.unwrap();
    while run.service.counters().spoiled == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(json(&run.once(&aht(&token, false)).await.unwrap())["status"], "success");
    let mut byte = [0u8; 1];
    assert!(timeout(Duration::from_millis(30), hanging.read(&mut byte)).await.is_err());
    // Cancelling ends it.
    run.cancel.cancel();
    run.task.await.unwrap();
    assert!(matches!(hanging.read(&mut byte).await, Ok(0) | Err(_)));
    assert!(TcpStream::connect(run.addr).await.is_err());
}

#[tokio::test]
async fn control_is_reached_over_the_same_socket() {
    let run = Running::start().await;
    let fault = post("/sim/fault", "", r#"{"fault":{"status":503},"span":{"requests":1}}"#, false);
    assert_eq!(json(&run.once(&fault).await.unwrap())["ok"], true);
    let spoiled = run.once(&aht("none", false)).await.unwrap();
    assert_eq!(status(&spoiled), "503");
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let log = json(&run.once(&get("/sim/log")).await.unwrap());
    assert_eq!((log[0]["status"].as_u64(), &log[0]["fault"]), (Some(503), &Value::from("status")));
    assert_eq!(json(&run.once(&get("/sim/counters")).await.unwrap())["requests"], 1);
    let truth = json(&run.once(&get("/sim/truth?campaign=WINBACK")).await.unwrap());
    assert!(truth["truth"]["secs"].as_u64().is_some());
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let run = Running::start().await;
    let taken = SimServer::bind(run.addr.port()).await;
    assert_eq!(taken.err().map(|e| e.kind()), Some(io::ErrorKind::AddrInUse));
}
