//! What `serve` shows over HTTP, asked by a client on a socket.

mod api;
mod assets;
mod board;
mod browser;
mod client;
mod crowd;
mod grafana;
mod hostile;
mod metrics;
mod openmetrics;
mod restart;
mod serving;

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    process::Stdio,
    time::Duration,
};

use crate::live::{Home, KEY, Service, finish, signal, until};
use ahtop::{
    domain::{Clock, Outcome, Target},
    store::Link,
};
use client::{AGENT, CAMPAIGN, OTHER, World, anew, say};
use rustix::process::Signal;
use secrecy::SecretString;
use serde_json::json;

#[tokio::test]
async fn the_process_lives_and_every_answer_is_closed_to_other_sites() {
    let world = World::new(|_| {}).await;
    for (path, status) in [("/healthz", 200), ("/readyz", 503), ("/nothing", 404), ("/enter", 401)] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.headers["content-security-policy"].starts_with("default-src 'none'"), "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert!(!answer.headers.keys().any(|name| name.starts_with("access-control")), "{path}");
    }
    let head = say(&world.address, b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    assert_eq!((head.status, head.headers["content-length"].as_str(), head.body.as_str()), (200, "3", ""));
}

#[tokio::test]
async fn it_is_ready_while_what_should_be_fresh_is() {
    let world = World::new(|_| {}).await;
    let ready = async || {
        anew().await;
        let answer = world.get("/readyz").await;
        let json = answer.json();
        assert_eq!(json["ready"], answer.status == 200);
        (answer.status, json)
    };
    let (status, json) = ready().await;
    assert_eq!(
        (status, &json["problems"], &json["link"]),
        (503, &json!(["waiting", "no_poller"]), &json!("no_poller"))
    );

    world.fill();
    world.clock.advance(Duration::from_secs(20));
    let expected = json!({"ready": true, "link": "live", "problems": [], "watched": 3, "fresh": 3, "waiting": 0,
                          "unknown_ids": 0, "oldest_age_s": 20, "stale_after_s": 180});
    assert_eq!(ready().await, (200, expected));

    // An id that the service does not know is no lack of fresh data.
    world.read(Target::agent(OTHER), Outcome::Invalid, None);
    let (status, json) = ready().await;
    assert_eq!((status, &json["problems"], &json["unknown_ids"]), (200, &json!(["invalid"]), &json!(1)));

    // Data are fresh for a while although the service does not answer.
    let now = world.clock.now();
    world.link(Link::Down { why: "503".into(), since: now.stamp(), until: now.stamp() });
    let (status, json) = ready().await;
    assert_eq!((status, &json["problems"], &json["link"]), (200, &json!(["service", "invalid"]), &json!("down")));
    world.clock.advance(Duration::from_secs(161));
    world.link(Link::Live);
    let (status, json) = ready().await;
    assert_eq!((status, &json["problems"]), (503, &json!(["stale", "invalid"])));
    assert_eq!((&json["fresh"], &json["oldest_age_s"]), (&json!(0), &json!(181)));

    world.link(Link::Closed { until: None });
    let (status, json) = ready().await;
    assert_eq!((status, &json["link"]), (200, &json!("closed")));
    world.clock.advance(Duration::from_secs(31));
    let (status, json) = ready().await;
    assert_eq!((status, &json["link"]), (503, &json!("no_poller")), "a poller that is silent is none");
    assert_eq!([CAMPAIGN, AGENT, OTHER].map(|id| json.to_string().contains(id)), [false; 3]);
}

#[tokio::test]
async fn without_the_token_only_health_is_told_and_a_link_brings_a_cookie() {
    const TOKEN: &str = "0123456789abcdef";
    let world = World::new(|options| options.token = Some(SecretString::from(TOKEN))).await;
    assert_eq!(world.get("/healthz").await.status, 200);
    assert_eq!(world.get("/readyz").await.status, 503);
    let answer = world.get("/").await;
    assert_eq!((answer.status, answer.headers["www-authenticate"].as_str()), (401, "Bearer"));
    assert_ne!(world.ask("/", &format!("Authorization: Bearer {TOKEN}\r\n")).await.status, 401);
    assert_eq!(world.get("/enter?token=0123456789abcdeg").await.status, 401);
    let entered = world.get(&format!("/enter?token={TOKEN}")).await;
    assert_eq!((entered.status, entered.headers["location"].as_str()), (303, "/"));
    let cookie = &entered.headers["set-cookie"];
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite") && !cookie.contains("Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_ne!(world.ask("/", &format!("Cookie: {cookie}\r\n")).await.status, 401);
}

/// The program itself, on a Unix socket, then on a port after a reload.
#[test]
fn serve_listens_where_it_is_told_and_follows_a_reload() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let socket = home.path("web.sock");
    let file = home.path("config.toml");
    let write = |listen: &str, agent: usize| {
        let text = format!(
            "[account]\nuser_name = \"acme\"\nbase_url = \"{}\"\n[auth]\napi_key_env = \"AHTOP_API_KEY\"\n\
             [watch]\nagents = [\"{}\"]\n[serve]\nlisten = \"{listen}\"\n",
            service.base_url,
            service.agent(agent)
        );
        std::fs::write(&file, text).unwrap();
    };
    write(&format!("unix:{}", socket.display()), 0);
    let mut command = home.ahtop(&["serve", "--config", file.to_str().unwrap()]);
    command.env("AHTOP_LOG", "info");
    let mut child = command.env("AHTOP_API_KEY", KEY).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut told = move |what: &str| log.find_map(|line| Some(line.split_once(what)?.1.to_owned())).unwrap();
    assert_eq!(told("listening on "), format!("unix:{}", socket.display()));
    let ask = |mut stream: Box<dyn ReadWrite>, path: &str| {
        let mut text = String::new();
        // While the program reads its configuration again, a connection may be broken off, also before the question is
        // whole. Then there is no answer, and it is asked again.
        let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .and_then(|()| stream.read_to_string(&mut text));
        text
    };
    let unix = || Box::new(UnixStream::connect(&socket).unwrap());
    assert!(ask(unix(), "/healthz").starts_with("HTTP/1.1 200"));
    until("it is ready", || ask(unix(), "/readyz").starts_with("HTTP/1.1 200"));
    let counted = |text: String| {
        let lines = text.lines().filter_map(|l| l.strip_prefix("ahtop_requests_total{outcome=\"value\"} "));
        lines.map(|n| n.parse::<f64>().unwrap()).sum::<f64>()
    };
    until("answers are counted", || counted(ask(unix(), "/metrics")) > 0.0);
    let before = counted(ask(unix(), "/metrics"));

    // An address that cannot be had changes nothing.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    write(&taken.local_addr().unwrap().to_string(), 0);
    let pid = child.id();
    signal(pid, Signal::HUP);
    assert!(told("correct the configuration").contains("cannot listen on 127.0.0.1:"));
    assert!(ask(unix(), "/healthz").starts_with("HTTP/1.1 200"));
    drop(taken);
    write("127.0.0.1:0", 0);
    signal(pid, Signal::HUP);
    let port = told("listening on ");
    let tcp = || Box::new(std::net::TcpStream::connect(port.trim_start_matches("http://")).unwrap());
    assert!(ask(tcp(), "/healthz").starts_with("HTTP/1.1 200") && !socket.exists());
    // Other things are watched now; the socket is the same, and the counters begin anew with the poller: from nothing.
    write("127.0.0.1:0", 1);
    signal(pid, Signal::HUP);
    let mut shown = String::new();
    until("the other agent is shown", || {
        shown = ask(tcp(), "/api/v1/targets");
        shown.contains(&service.agent(1))
    });
    assert!(!shown.contains(&service.agent(0)), "{shown}");
    let after = counted(ask(tcp(), "/metrics"));
    assert!(after >= before || after <= 1.0, "{before} {after}");
    // The new poller has nothing to ask for a while, and yet it is as the last one knew it.
    let ready = ask(tcp(), "/readyz");
    assert!(ready.contains("\"link\":\"live\""), "{ready}");
    signal(pid, Signal::TERM);
    assert_eq!(finish(child).code, 0);
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}
