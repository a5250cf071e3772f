//! The wallboard over HTTP: the picture, its text, the stream, and a browser that shows it.

use std::{
    thread,
    time::{Duration, Instant},
};

use ahtop::{
    config::Names,
    domain::{Aht, Clock, Outcome, Reading, SystemClock, Target},
    store::ReadingStore,
};
use rustix::process::Signal;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    time::timeout,
};

use super::{
    browser::Browser,
    client::{AGENT, LIMIT, World},
    serving::{Serving, address, get, store},
};
use crate::{
    live::{Home, Service, until},
    pty::{self, Pty},
};

/// Asks again until the answer is so.
async fn shows(world: &World, path: &str, what: &str) -> String {
    let asked = async {
        loop {
            let answer = world.get(path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            if answer.body.contains(what) {
                return answer.body;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LIMIT, asked).await.unwrap_or_else(|_| panic!("{path} does not show {what}"))
}

#[tokio::test]
async fn the_picture_comes_as_text_as_svg_and_as_a_page() {
    let world = World::new(|_| {}).await;
    world.fill();
    let text = shows(&world, "/board.txt?size=100x30", "10:12").await;
    assert!(text.lines().count() == 30 && text.lines().all(|l| l.chars().count() <= 100), "{text}");
    assert!(text.contains("Collections") && text.contains("Priya") && text.contains("██"), "{text}");
    let svg = world.get("/board.svg?size=100x30").await;
    assert_eq!(svg.headers["content-type"], "image/svg+xml");
    assert!(svg.body.starts_with("<svg ") && svg.body.contains("viewBox=\"0 0 900 540\""), "{}", svg.body);
    assert!(svg.body.contains(">10:12") || svg.body.contains("10:12<"), "{}", svg.body);
    // Another page may show the picture, and nothing else of it.
    assert_eq!(svg.headers["cross-origin-resource-policy"], "cross-origin");
    let page = world.get("/?size=100x30").await;
    assert_eq!(page.headers["cross-origin-resource-policy"], "same-origin");
    assert!(page.body.contains(&svg.body), "the page begins with the picture");
    assert!(page.body.contains("http-equiv=\"refresh\""), "without scripts it is loaded anew");
    for (path, kind) in [("/board.js", "text/javascript"), ("/board.css", "text/css")] {
        assert!(world.get(path).await.headers["content-type"].starts_with(kind));
    }
    assert!(!page.body.contains("//") || !page.body.replace("http://www.w3.org/2000/svg", "").contains("//"));

    let light = world.get("/board.svg?theme=light").await.body;
    assert!(light != world.get("/board.svg?theme=dark").await.body && light.contains("#fafafa"));
    for query in ["size=0x0", "size=9999x9999", "theme=x", "page=0", "names=x", "a=b"] {
        assert_eq!(world.get(&format!("/board.svg?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn names_are_hidden_as_configured_and_on_demand() {
    let world = World::new(|_| {}).await;
    world.fill();
    shows(&world, "/board.txt", "Priya").await;
    let hidden = world.get("/board.txt?names=hidden").await.body;
    assert!(hidden.contains("10:12") && !hidden.contains("Priya") && !hidden.contains('@'), "{hidden}");
    let strict = World::new(|options| options.dashboard.wall.names = Names::Hidden).await;
    strict.fill();
    let text = shows(&strict, "/board.txt?names=full", "10:12").await;
    assert!(!text.contains("Priya") && !text.contains('@'), "{text}");
}

/// The next message of this kind.
async fn message(stream: &mut BufReader<tokio::net::TcpStream>, kind: &str) -> String {
    let heard = async {
        let mut ours = false;
        loop {
            let mut line = String::new();
            assert!(stream.read_line(&mut line).await.unwrap() > 0, "the stream has ended");
            if let Some(event) = line.strip_prefix("event: ") {
                ours = event.trim_end() == kind;
            } else if let Some(data) = line.strip_prefix("data:").filter(|_| ours) {
                return data.trim().to_owned();
            }
        }
    };
    timeout(LIMIT, heard).await.unwrap_or_else(|_| panic!("no {kind} came"))
}

#[tokio::test]
async fn the_stream_tells_rows_that_changed_and_that_it_lives() {
    let world = World::new(|_| {}).await;
    world.fill();
    let mut stream = BufReader::new(tokio::net::TcpStream::connect(&world.address).await.unwrap());
    let request = "GET /events?size=100x30 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let first: Value = serde_json::from_str(&message(&mut stream, "board").await).unwrap();
    assert!(first["svg"].as_str().unwrap().starts_with("<svg ") && first["paper"] == "#161821");
    world.clock.advance(Duration::from_secs(1));
    world.read(Target::agent(AGENT), Outcome::Value(Aht::from_secs(595)), None);
    let mut rows = String::new();
    while !rows.contains("9:55") {
        let next: Value = serde_json::from_str(&message(&mut stream, "board").await).unwrap();
        assert!(next.get("svg").is_none(), "only what changed is sent");
        rows.push_str(&next["rows"].to_string());
    }
    message(&mut stream, "beat").await;
}

#[tokio::test]
async fn there_are_64_seats_and_one_that_is_left_is_free() {
    let world = World::new(|_| {}).await;
    world.fill();
    let mut seated = vec![];
    for n in 0..64 {
        let mut stream = BufReader::new(tokio::net::TcpStream::connect(&world.address).await.unwrap());
        stream.write_all(b"GET /events?size=80x24 HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        message(&mut stream, "board").await;
        seated.push(stream);
        assert_eq!(seated.len(), n + 1);
    }
    let refused = world.get("/events?size=80x24").await;
    assert_eq!((refused.status, refused.headers["retry-after"].as_str()), (503, "5"));
    // The others are served as before.
    shows(&world, "/board.txt", "10:12").await;
    world.read(Target::agent(AGENT), Outcome::Value(Aht::from_secs(599)), None);
    for stream in &mut seated {
        while !message(stream, "board").await.contains("9:59") {}
    }
    drop(seated);
    let asked = async {
        loop {
            let mut stream = BufReader::new(tokio::net::TcpStream::connect(&world.address).await.unwrap());
            stream.write_all(b"GET /events?size=80x24 HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            if line.contains(" 200 ") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(LIMIT, asked).await.expect("a seat is free again");
}

/// Lines as both show them: how often a reply came and since when a board stands is each one's own.
fn lines(text: &str) -> String {
    let own = |line: &str| line.split("wallboard since").next().unwrap_or_default().replace('■', "·");
    text.lines().map(|l| format!("{}\n", own(l).trim_end())).collect::<String>().trim_end().to_owned()
}

/// The same with blanks for what a picture draws as shapes.
fn words(text: &str) -> String {
    let shape = |c: char| matches!(c, '\u{2580}'..='\u{2588}' | '\u{2591}'..='\u{2593}' | '\u{2800}'..='\u{28ff}');
    lines(&text.replace(shape, " "))
}

/// The browser shows what the terminal shows, follows the store, says when `serve` is gone, and recovers by itself.
#[test]
fn a_browser_shows_the_wallboard_of_the_terminal() {
    let (service, home) = (Service::start(|_| {}), Home::new());
    let Some(mut browser) = Browser::start(home.root()) else { return };
    let address = address();
    let agents = [0, 1].map(|n| service.agent(n));
    let flags = ["-C", "COLLECT-IN", "-a", &agents[0], "-a", &agents[1]];
    let mut serving = Serving::start(&home, &service, &address, &flags);
    until("it is ready", || get(&address, "/readyz").starts_with("HTTP/1.1 200"));

    for (screen, cells) in [((1920, 1080), (160, 45)), ((3840, 2160), (160, 45)), ((800, 480), (88, 26))] {
        browser.screen(screen.0, screen.1);
        browser.open(&format!("http://{address}/"));
        let args = ["--base-url", &service.base_url, "--user", "acme", "wall"].into_iter().chain(flags);
        let mut variables: Vec<_> = home.variables().into();
        variables.push(("COLORTERM", "truecolor".into()));
        let command = pty::command(env!("CARGO_BIN_EXE_ahtop"), args, variables);
        let terminal = Pty::start(command, cells.0, cells.1);
        let deadline = Instant::now() + pty::LIMIT;
        loop {
            // Between the looks something may have changed.
            let told = terminal.screen(|s| s.rows(0, s.size().1.get()).collect::<Vec<_>>().join("\n"));
            let text = get(&address, &format!("/board.txt?size={}x{}", cells.0, cells.1));
            let (text, page) = (text.split_once("\r\n\r\n").unwrap_or_default().1.to_owned(), browser.cells());
            if told.contains("Agents outside") && lines(&told) == lines(&text) && words(&told) == lines(&page) {
                break;
            }
            assert!(Instant::now() < deadline, "{screen:?}\n{}\n\n{}\n\n{}", lines(&told), lines(&text), lines(&page));
            thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(browser.lost(), "");
        // It fills the screen, and nothing has to be scrolled.
        let fills = "var b = document.querySelector('#board svg').getBoundingClientRect(); \
                     Math.abs(b.width - innerWidth) < 2 && Math.abs(b.height - innerHeight) < 2 && \
                     document.documentElement.scrollHeight <= innerHeight";
        assert_eq!(browser.value(fills), true, "{screen:?}");
        let select = "getSelection().selectAllChildren(document.getElementById('board')); String(getSelection())";
        assert!(browser.value(select).as_str().unwrap().contains("Agents outside"), "text can be selected");
    }

    // How long each takes is for who reads the output.
    fn timed(what: &str, holds: impl FnMut() -> bool) {
        let begun = Instant::now();
        until(what, holds);
        eprintln!("{what}: after {} ms", begun.elapsed().as_millis());
    }
    let (store, now) = (store(&home), SystemClock::new().now());
    // The median of the agents.
    let stored = [0, 1].map(|n| {
        let (target, outcome) = (Target::agent(service.agent(n).as_str()), Outcome::Value(Aht::from_secs(3599)));
        Reading { target, at: now.stamp(), outcome, name: None }
    });
    store.append(&stored).unwrap();
    timed("the page shows what was stored", || browser.cells().contains("59:59"));

    // One that stands still ends no connection: nothing comes any more.
    serving.signal(Signal::STOP);
    timed("the page says that nothing comes", || browser.lost().contains("CONNECTION LOST"));
    serving.signal(Signal::CONT);
    timed("it recovers when something comes", || browser.lost().is_empty());

    serving.kill();
    timed("the page says that it is lost", || browser.lost().contains("CONNECTION LOST"));
    assert!(browser.lost().contains("These figures are from "), "{}", browser.lost());
    assert!(browser.cells().contains(':'), "the last figures stay");
    let _again = Serving::start(&home, &service, &address, &flags);
    timed("it recovers by itself", || browser.lost().is_empty());
    assert!(browser.cells().contains(':'));
}
