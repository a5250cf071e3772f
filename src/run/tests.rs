//! The real loop on a fake terminal and fake keys, over a real store. Time stands still unless everybody waits.

use std::{
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use futures::stream;
use jiff::Timestamp;
use ratatui::{
    backend::{ClearType, TestBackend, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
    widgets::Paragraph,
};
use tokio::{
    sync::{
        mpsc::{self, UnboundedSender},
        oneshot,
    },
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::*;
use crate::{
    alert::{AlertRegistry, persist},
    app::{Mark, banners, fixture, lines},
    domain::{Aht, BootId, BootTime, Kind, ManualClock, Now, Outcome as Answer, Problem, Reading, Target},
    store::{
        Attention, DocumentStore, Instance, InterestStore, LedgerStore, Link, Pace, PermitAnswer, PermitAsk,
        PermitKind, ReadingStore, ResilientStore, Role, SqliteStore, Status, Store,
    },
};

/// Follows the runtime's time, which tests hold still.
#[derive(Debug)]
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    fn now(&self) -> Now {
        let ms = i64::try_from(self.0.elapsed().as_millis()).unwrap();
        let wall = Timestamp::from_millisecond(1_773_306_000_000 + ms).unwrap();
        Now { boot: BootId("test".into()), mono: BootTime(3_600_000 + ms), wall }
    }
}

#[derive(Clone, Default)]
struct TestHost {
    /// The terminal is gone.
    gone: Arc<AtomicBool>,
    suspended: Arc<AtomicUsize>,
    resumed: Arc<AtomicUsize>,
    attracted: Arc<Mutex<Vec<u8>>>,
    copied: Arc<Mutex<Vec<String>>>,
}

impl Host for TestHost {
    fn suspend(&mut self) -> io::Result<bool> {
        self.suspended.fetch_add(1, Ordering::SeqCst);
        Ok(true)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.copied.lock().unwrap().push(text.to_owned());
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        self.resumed.fetch_add(1, Ordering::SeqCst);
        if self.gone.load(Ordering::SeqCst) { Err(rustix::io::Errno::IO.into()) } else { Ok(()) }
    }

    fn attract(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.attracted.lock().unwrap().extend(bytes);
        Ok(())
    }
}

const BELL: Alert =
    Alert { dwell: Duration::ZERO, clear_band_pct: 5, warm_up: 0, bell: true, notify: crate::config::Notify::Off };

/// A dashboard that runs, with all its ends in our hands.
struct Rig {
    keys: UnboundedSender<io::Result<Input>>,
    signals: UnboundedSender<Signal>,
    store: Arc<SqliteStore>,
    clock: Arc<RuntimeClock>,
    notify: Arc<Notify>,
    cancel: CancellationToken,
    host: TestHost,
    frames: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<Result<Outcome, RunError>>,
    /// Where it asks that the configuration be read again.
    reloads: mpsc::Receiver<oneshot::Sender<Result<(), String>>>,
    resume: Resume,
}

/// What a frame of the test shows: as much of the state as the tests ask about.
fn picture(state: &State) -> String {
    let mut text = format!(
        "/{}/ {:?}",
        state.navigation.filter.text.value(),
        state.navigation.selected.values().map(|t| &t.id).collect::<Vec<_>>()
    );
    for line in Kind::ALL.into_iter().flat_map(|kind| lines(state, kind)) {
        text.push_str(&format!("\n{} {:?} {}", line.name(), line.aht.map(Aht::secs), line.state.word()));
        if let Some(mark) = line.mark.filter(|m| *m != Mark::Warming) {
            text.push_str(&format!(" {}", mark.word()));
        }
        if let Some(age) = line.age {
            text.push_str(&format!(" age {}", age.as_secs()));
        }
    }
    if let Some(past) = &state.live.past {
        let values = past.buckets.iter().flatten().flatten().map(|b| b.last.secs()).collect::<Vec<_>>();
        text.push_str(&format!("\npast of {}: {values:?}", past.query.targets[0].id));
    }
    if let Some(said) = &state.notices.status_message {
        text.push_str(&format!("\n> {said}"));
    }
    for banner in banners(state) {
        text.push_str(&format!("\n! {}", banner.text));
    }
    text
}

fn term_facts() -> term::Facts {
    term::Facts {
        colors: crate::config::Colors::True,
        unicode: true,
        dumb: false,
        linux_console: false,
        light: false,
        answers: false,
    }
}

impl Rig {
    fn start() -> Rig {
        let clock = Arc::new(RuntimeClock(Instant::now()));
        let store = SqliteStore::memory(clock.clone()).unwrap();
        Rig::on(store, clock, TestBackend::new(80, 24))
    }

    fn on_file() -> (Rig, tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ahtop.db");
        let clock = Arc::new(RuntimeClock(Instant::now()));
        let store = SqliteStore::open(&path, clock.clone()).unwrap();
        (Rig::on(store, clock, TestBackend::new(80, 24)), dir, path)
    }

    fn on<B>(store: SqliteStore, clock: Arc<RuntimeClock>, backend: B) -> Rig
    where
        B: Backend + Send + 'static,
        B::Error: Send + Sync + 'static,
    {
        let (keys, mut input) = mpsc::unbounded_channel();
        let (signals, mut signalled) = mpsc::unbounded_channel();
        let store = Arc::new(store);
        let (notify, cancel, host) = (Arc::new(Notify::new()), CancellationToken::new(), TestHost::default());
        let frames: Arc<Mutex<Vec<String>>> = Arc::default();
        let ((reload, reloads), resume) = (mpsc::channel(1), Resume::default());
        let options = DashboardOptions {
            facts: fixture::facts(),
            store: Handle::new(store.clone()),
            notify: notify.clone(),
            clock: clock.clone(),
            cancel: cancel.clone(),
            look: look(&fixture::facts().ui, term_facts()),
            notices: Vec::new(),
            policy: Policy::default(),
            alert: BELL,
            memory: Memory::default(),
            log_trouble: || None,
            reload: Some(reload),
            player: None,
            resume: resume.clone(),
            csv: |state| Ok(picture(state).into_bytes()),
        };
        let (drawn, mut theirs) = (frames.clone(), host.clone());
        let task = tokio::spawn(async move {
            let mut terminal = Terminal::new(backend).map_err(|e| RunError::Terminal(Box::new(e)))?;
            let input = stream::poll_fn(move |cx| input.poll_recv(cx));
            let signalled = stream::poll_fn(move |cx| signalled.poll_recv(cx));
            let draw = move |frame: &mut Frame<'_>, state: &State| {
                let text = picture(state);
                frame.render_widget(Paragraph::new(text.clone()), frame.area());
                drawn.lock().unwrap().push(text);
                let chart = fixture::chart(state, 96);
                fixture::frame(state, FrameLayout { campaigns: 2, agents: 4, chart, ..FrameLayout::default() })
            };
            drive(options, &mut terminal, &mut theirs, input, signalled, draw).await
        });
        Rig { keys, signals, store, clock, notify, cancel, host, frames, task, reloads, resume }
    }

    fn press(&self, code: KeyCode) {
        self.keys.send(Ok(Input::Key(code.into()))).unwrap();
    }

    fn type_text(&self, text: &str) {
        text.chars().for_each(|c| self.press(KeyCode::Char(c)));
    }

    fn append(&self, id: &str, secs: u32) {
        let reading = Reading {
            target: Target::agent(id),
            at: self.clock.now().stamp(),
            outcome: Answer::Value(Aht::from_secs(secs)),
            name: None,
        };
        self.store.append(&[reading]).unwrap();
    }

    fn frames(&self) -> usize {
        self.frames.lock().unwrap().len()
    }

    fn last(&self) -> String {
        self.frames.lock().unwrap().last().cloned().unwrap_or_default()
    }

    /// Waits until a frame shows `text`.
    async fn shows(&self, text: &str) {
        self.until(|| self.last().contains(text), text).await;
    }

    async fn until(&self, mut holds: impl FnMut() -> bool, what: &str) {
        for _ in 0..6000 {
            if holds() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("{what:?} did not come; the last frame was\n{}", self.last());
    }

    async fn end(self) -> Result<Outcome, RunError> {
        timeout(Duration::from_secs(60), self.task).await.unwrap().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_store_knew_and_what_it_learns_is_shown() {
    let clock = Arc::new(RuntimeClock(Instant::now()));
    let store = SqliteStore::memory(clock.clone()).unwrap();
    let old = Reading {
        target: Target::agent("a1"),
        at: clock.now().stamp(),
        outcome: Answer::Value(Aht::from_secs(290)),
        name: Some("Asha".into()),
    };
    store.append(&[old]).unwrap();
    let rig = Rig::on(store, clock, TestBackend::new(80, 24));
    rig.shows("Asha Some(290) ok").await;
    rig.append("a2", 500);
    let before = Instant::now();
    rig.shows("a2 Some(500) V.HIGH").await;
    assert!(before.elapsed() <= Duration::from_millis(600), "another process's readings are seen within half a second");
    rig.append("a3", 300);
    rig.notify.notify_one();
    let before = Instant::now();
    rig.shows("a3 Some(300) ok").await;
    assert!(before.elapsed() <= Duration::from_millis(100), "those of our own poller at once");
    rig.type_text("q");
    assert_eq!(rig.end().await.unwrap(), Outcome::Quit);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_comes_with_the_ages_and_what_is_selected_at_once() {
    let rig = Rig::start();
    rig.shows("a1").await;
    for watched in fixture::facts().watched.iter() {
        let at = rig.clock.now().stamp();
        let outcome = Answer::Value(Aht::from_secs(290));
        rig.store.append(&[Reading { target: watched.target.clone(), at, outcome, name: None }]).unwrap();
    }
    rig.shows("a6 Some(290)").await;
    let before = rig.frames();
    for i in 0..200 {
        rig.append("a2", 200 + i);
        rig.notify.notify_one();
        sleep(Duration::from_millis(300)).await;
    }
    let drawn = rig.frames() - before;
    assert!((59..=62).contains(&drawn), "{drawn} frames in a minute with 200 readings");
    sleep(Duration::from_millis(1000)).await;
    assert!(rig.last().contains("a2 Some(399)"));
    rig.type_text("2j");
    rig.shows("[\"a").await;
    let selected = rig.last().split("[\"").nth(1).and_then(|t| t.split('"').next()).unwrap().to_owned();
    for i in 0..10 {
        sleep(Duration::from_millis(370)).await;
        rig.append(&selected, 300 + i);
        rig.notify.notify_one();
        let before = Instant::now();
        rig.shows(&format!("{selected} Some({})", 300 + i)).await;
        assert!(before.elapsed() <= Duration::from_millis(100));
    }
}

#[tokio::test(start_paused = true)]
async fn quitting_takes_no_longer_than_a_frame() {
    let rig = Rig::start();
    rig.shows("a1").await;
    let before = Instant::now();
    rig.type_text("q");
    assert_eq!(rig.end().await.unwrap(), Outcome::Quit);
    assert!(before.elapsed() <= Duration::from_millis(34));
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_keys_is_taken_in_order_and_quits_where_it_says() {
    let rig = Rig::start();
    let mut expected = String::new();
    rig.type_text("/");
    for i in 0..500u32 {
        if i % 3 == 2 {
            rig.press(KeyCode::Backspace);
            expected.pop();
        } else {
            let c = char::from_u32(u32::from('a') + i % 26).unwrap();
            rig.type_text(&c.to_string());
            expected.push(c);
        }
    }
    rig.shows(&format!("/{expected}/")).await;
    assert!(rig.frames() <= 10, "{} frames for one burst", rig.frames());
    rig.press(KeyCode::Esc);
    rig.type_text("jq");
    rig.type_text(&"k".repeat(500));
    let frames = rig.frames.clone();
    assert_eq!(rig.end().await.unwrap(), Outcome::Quit);
    assert!(frames.lock().unwrap().len() <= 12, "what follows the q is not looked at");
}

#[tokio::test(start_paused = true)]
async fn an_idle_dashboard_draws_once_a_step_and_a_frozen_one_never() {
    let rig = Rig::start();
    rig.append("a1", 300);
    rig.shows("age 3").await;
    let before = rig.frames();
    sleep(Duration::from_secs(60)).await;
    let drawn = rig.frames() - before;
    assert!((59..=62).contains(&drawn), "{drawn} frames in a minute");
    rig.type_text("p");
    sleep(Duration::from_secs(1)).await;
    let before = rig.frames();
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(rig.frames(), before);
    rig.type_text(" ");
    rig.shows("age 36").await;
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_changes_is_drawn_at_the_frame_rate() {
    let rig = Rig::start();
    rig.shows("a1").await;
    let (before, started) = (rig.frames(), Instant::now());
    for i in 0..1000u16 {
        rig.keys.send(Ok(Input::Resize(40 + i % 100, 20 + i % 30))).unwrap();
        sleep(Duration::from_millis(2)).await;
    }
    let seconds = started.elapsed().as_secs_f64();
    let drawn = (rig.frames() - before) as f64;
    assert!(drawn <= seconds * 30.0 + 3.0 && drawn >= seconds * 20.0, "{drawn} frames in {seconds} s");
}

#[tokio::test(start_paused = true)]
async fn two_hundred_keys_a_second_are_each_answered_at_once() {
    let rig = Rig::start();
    rig.shows("a1").await;
    rig.type_text("/");
    sleep(Duration::from_millis(500)).await;
    let mut waits = Vec::new();
    for i in 0..200u32 {
        let (before, pressed) = (rig.frames(), Instant::now());
        rig.type_text(if i % 20 < 10 { "x" } else { "y" });
        let drawn = loop {
            sleep(Duration::from_millis(1)).await;
            if rig.frames() > before {
                break pressed.elapsed();
            }
        };
        waits.push(drawn);
        sleep(Duration::from_millis(5).saturating_sub(drawn)).await;
    }
    waits.sort();
    assert!(waits[100] <= Duration::from_millis(5), "{waits:?}");
    assert!(waits[199] <= Duration::from_millis(10), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_looked_at_and_who_is_wanted_next_reaches_the_store() {
    let rig = Rig::start();
    rig.shows("a1").await;
    let attention = |id: &str| {
        let wanted = rig.store.wanted().unwrap();
        wanted.into_iter().find(|(t, _)| *t == Target::agent(id)).map(|(_, a)| a)
    };
    rig.until(|| attention("a1") == Some(Attention::OnScreen), "wants").await;
    assert_eq!(attention("a6"), Some(Attention::Listed));
    rig.type_text("2Gr");
    rig.until(|| attention("a6") == Some(Attention::Selected), "the selection").await;
    assert_eq!(attention("a1"), Some(Attention::Listed), "scrolled away");
    assert_eq!(rig.store.take_requested_polls().unwrap(), [Target::agent("a6")]);
    sleep(Duration::from_secs(120)).await;
    assert_eq!(attention("a6"), Some(Attention::Selected), "said again before it is forgotten");
    rig.cancel.cancel();
    rig.task.await.unwrap().unwrap();
    sleep(Duration::from_secs(31)).await;
    assert_eq!(rig.store.wanted().unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn what_the_poller_says_becomes_a_banner_and_goes_again() {
    let rig = Rig::start();
    let status = |link| {
        let known = Status::new(rig.clock.now().stamp(), link);
        Status { rate: 30.0, targets: 8, sweep: Duration::from_secs(60), ..known }
    };
    rig.store.set_status(&status(Link::Throttled { until: rig.clock.now().stamp() })).unwrap();
    rig.shows("! Wait, or raise [budget] reserve").await;
    rig.store.set_status(&status(Link::Live)).unwrap();
    rig.until(|| !rig.last().contains('!'), "calm").await;
    rig.shows("nobody has checked the service for 30 s").await;
}

#[tokio::test(start_paused = true)]
async fn a_failing_store_is_a_notice_and_the_feed_goes_on_when_it_recovers() {
    let (rig, _dir, path) = Rig::on_file();
    rig.append("a1", 290);
    rig.shows("a1 Some(290)").await;
    let other = rusqlite::Connection::open(path).unwrap();
    other.execute_batch("ALTER TABLE lease RENAME TO elsewhere").unwrap();
    rig.shows("! Check the store: it failed").await;
    assert!(rig.last().contains("a1 Some(290)"), "the last values stay");
    other.execute_batch("ALTER TABLE elsewhere RENAME TO lease").unwrap();
    rig.append("a1", 300);
    rig.shows("a1 Some(300)").await;
    rig.until(|| !rig.last().contains("! Check the store"), "calm").await;
}

#[tokio::test(start_paused = true)]
async fn what_a_store_says_of_itself_comes_and_goes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ahtop.db");
    std::fs::write(&path, "no database").unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
    let (store, _) = ResilientStore::open(path, clock.clone()).unwrap();
    let me = Instance { id: "me".into(), pid: 1, host: "desk".into(), role: Role::Dashboard };
    let (void_after, timeout) = (Duration::from_secs(1), Duration::from_secs(10));
    let ask = PermitAsk { kind: PermitKind::Aht, cap: 50, pace: Pace::Burst, void_after, timeout };
    // What was sent before the damage is not known: requests wait.
    assert!(matches!(store.permit(&me, &ask), Ok(PermitAnswer::Wait(_))));
    let judge = Judge { watched: Vec::new().into(), floor: None, policy: Policy::default() };
    let mut feed = Feed::start(Handle::new(Arc::new(store)), Arc::new(Notify::new()), me, judge);
    let ledger = Topic::Problem(Problem::LedgerNew);
    let mut until =
        async |found: &dyn Fn(&Event) -> bool| while !feed.events.recv().await.unwrap().iter().any(found) {};
    until(&|event| matches!(event, Event::Notice(notice) if notice.topic == ledger)).await;
    clock.advance(Duration::from_secs(120));
    until(&|event| matches!(event, Event::Resolved(topic) if *topic == ledger)).await;
}

#[tokio::test]
async fn a_store_that_is_held_by_another_process_does_not_stop_the_keys() {
    let (rig, _dir, path) = Rig::on_file();
    rig.shows("a1").await;
    let other = rusqlite::Connection::open(path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    rig.type_text("2Gr");
    rig.shows("[\"a6\"]").await;
    rig.type_text("q");
    assert_eq!(rig.end().await.unwrap(), Outcome::Quit);
    other.execute_batch("ROLLBACK").unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_bad_configuration_is_told_and_a_good_one_is_gone_on_with() {
    let mut rig = Rig::start();
    rig.shows("a1").await;
    rig.type_text("2Gr");
    rig.shows("[\"a6\"]").await;
    // By key and by signal; the loop goes on while the files are read.
    rig.type_text(":reload");
    rig.press(KeyCode::Enter);
    let answer = rig.reloads.recv().await.unwrap();
    rig.signals.send(Signal::Reload).unwrap();
    rig.append("a2", 500);
    rig.shows("a2 Some(500)").await;
    answer.send(Err("c.toml:3:1: unknown key\nc.toml:4:1: another".into())).unwrap();
    rig.shows("! Correct the configuration (the old one stays in use): c.toml:3:1: unknown key; c.toml:4:1: another")
        .await;
    assert!(rig.reloads.try_recv().is_err(), "once at a time");
    rig.signals.send(Signal::Reload).unwrap();
    rig.reloads.recv().await.unwrap().send(Ok(())).unwrap();
    let resume = rig.resume.clone();
    assert_eq!(rig.end().await.unwrap(), Outcome::Reload);
    let kept = resume.take().unwrap();
    assert!(picture(&kept).contains("a2 Some(500)") && kept.navigation.selected.values().any(|t| &*t.id == "a6"));
}

#[tokio::test]
async fn an_export_is_a_new_file_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows of today.csv");
    let rig = Rig::start();
    rig.append("a2", 500);
    rig.shows("a2 Some(500)").await;
    let export = |path: &std::path::Path| {
        rig.type_text(&format!(":export csv {}", path.display()));
        rig.press(KeyCode::Enter);
    };
    export(&path);
    rig.shows("> exported to ").await;
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.contains("a2 Some(500)"), "{written}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    export(&path);
    rig.shows("exists: give another name").await;
    export(&dir.path().join("nowhere/x.csv"));
    rig.shows("> not exported: ").await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
    rig.type_text("q");
    assert_eq!(rig.end().await.unwrap(), Outcome::Quit);
}

#[tokio::test(start_paused = true)]
async fn every_end_has_its_outcome() {
    for (signal, outcome) in [
        (Signal::Terminate(15), Outcome::Signal(15)),
        (Signal::HangUp, Outcome::HangUp),
        (Signal::Gone, Outcome::HangUp),
    ] {
        let rig = Rig::start();
        rig.signals.send(signal).unwrap();
        assert_eq!(rig.end().await.unwrap(), outcome);
    }
    let rig = Rig::start();
    rig.keys.send(Err(io::Error::other("gone"))).unwrap();
    assert_eq!(rig.end().await.unwrap(), Outcome::HangUp);
    let rig = Rig::start();
    rig.keys.send(Ok(Input::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)))).unwrap();
    assert_eq!(rig.end().await.unwrap(), Outcome::Quit);
    let rig = Rig::start();
    rig.cancel.cancel();
    assert_eq!(rig.end().await.unwrap(), Outcome::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn after_a_suspension_everything_is_drawn_again() {
    let rig = Rig::start();
    rig.shows("a1").await;
    rig.type_text("p");
    sleep(Duration::from_secs(1)).await;
    let control_z = || KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL);
    for (what, stops) in [("Ctrl-Z", true), ("SIGTSTP", true), ("SIGSTOP", false)] {
        let before = rig.frames();
        match what {
            "Ctrl-Z" => rig.keys.send(Ok(Input::Key(control_z()))).unwrap(),
            "SIGTSTP" => rig.signals.send(Signal::Suspend).unwrap(),
            // Comes unseen; only that we go on is told.
            _ => {}
        }
        sleep(Duration::from_secs(1)).await;
        rig.type_text("u");
        sleep(Duration::from_secs(1)).await;
        assert_eq!(rig.frames() == before, stops, "{what}: the terminal is the shell's");
        let before = rig.frames();
        rig.signals.send(Signal::Continue).unwrap();
        rig.until(|| rig.frames() > before, what).await;
        sleep(Duration::from_secs(1)).await;
    }
    let counts = (rig.host.suspended.load(Ordering::SeqCst), rig.host.resumed.load(Ordering::SeqCst));
    assert_eq!(counts, (2, 3));
}

/// A terminal that takes nothing any more.
struct Broken(i32);

impl Backend for Broken {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, _: I) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(self.0))
    }
    fn hide_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }
    fn set_cursor_position<P: Into<Position>>(&mut self, _: P) -> io::Result<()> {
        Ok(())
    }
    fn clear(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn clear_region(&mut self, _: ClearType) -> io::Result<()> {
        Ok(())
    }
    fn size(&self) -> io::Result<Size> {
        Ok(Size::new(80, 24))
    }
    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::ZERO })
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_hung_up_is_an_end_and_any_other_failure_an_error() {
    let on = |errno: rustix::io::Errno| {
        let clock = Arc::new(RuntimeClock(Instant::now()));
        Rig::on(SqliteStore::memory(clock.clone()).unwrap(), clock, Broken(errno.raw_os_error()))
    };
    assert_eq!(on(rustix::io::Errno::IO).end().await.unwrap(), Outcome::HangUp);
    assert_eq!(on(rustix::io::Errno::PIPE).end().await.unwrap(), Outcome::HangUp);
    let rig = Rig::start();
    rig.host.gone.store(true, Ordering::SeqCst);
    rig.signals.send(Signal::Continue).unwrap();
    assert_eq!(rig.end().await.unwrap(), Outcome::HangUp, "a hang-up brings a SIGCONT along");
    let RunError::Terminal(cause) = on(rustix::io::Errno::NOSPC).end().await.unwrap_err();
    assert!(cause.is::<io::Error>());
}

#[tokio::test(start_paused = true)]
async fn the_real_screen_pages_by_what_it_had_room_for() {
    let clock = Arc::new(RuntimeClock(Instant::now()));
    let store = Arc::new(SqliteStore::memory(clock.clone()).unwrap());
    let cancel = CancellationToken::new();
    let options = DashboardOptions {
        facts: fixture::facts(),
        store: Handle::new(store.clone()),
        notify: Arc::default(),
        clock: clock.clone(),
        cancel: cancel.clone(),
        look: look(&fixture::facts().ui, term_facts()),
        notices: Vec::new(),
        policy: Policy::default(),
        alert: BELL,
        memory: Memory::default(),
        log_trouble: || None,
        reload: None,
        player: None,
        resume: Resume::default(),
        csv: |_| Ok(Vec::new()),
    };
    let (keys, mut input) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        // Room for a few of the six agents only.
        let mut terminal = Terminal::new(TestBackend::new(80, 8)).unwrap();
        let input = stream::poll_fn(move |cx| input.poll_recv(cx));
        let end = dashboard(options, &mut terminal, &mut TestHost::default(), input, stream::pending()).await;
        (end, terminal.backend().to_string())
    });
    for code in [KeyCode::Char('2'), KeyCode::Char('G')] {
        keys.send(Ok(Input::Key(code.into()))).unwrap();
    }
    let attention = |id: &str| {
        let wanted = store.wanted().unwrap();
        wanted.into_iter().find(|(t, _)| *t == Target::agent(id)).map(|(_, a)| a)
    };
    for _ in 0..500 {
        if attention("a6") == Some(Attention::Selected) {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((attention("a5"), attention("a1")), (Some(Attention::OnScreen), Some(Attention::Listed)));
    keys.send(Ok(Input::Key(KeyCode::Char('q').into()))).unwrap();
    let (end, screen) = task.await.unwrap();
    assert_eq!(end.unwrap(), Outcome::Quit);
    assert!(screen.contains("a6") && !screen.contains("a1"), "{screen}");
}

/// Writes a registry in which agent a1 has been outside of its band.
fn alert_about_a1(store: &dyn Store) {
    let rules = crate::alert::Rules { dwell: Duration::ZERO, warm_up: 0, ..crate::alert::Rules::for_kind(Kind::Agent) };
    let policy = Policy { agents: rules, ..Policy::default() };
    let at = store.now().stamp();
    let reading = Reading { target: Target::agent("a1"), at, outcome: Answer::Value(Aht::from_secs(500)), name: None };
    let mut registry = AlertRegistry::default();
    assert_eq!(registry.record(&reading, &fixture::band(), &policy).len(), 1);
    store.append(&[reading]).unwrap();
    store.set_document(persist::ALERTS, 0, &serde_json::to_string(&registry).unwrap()).unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_shows_on_every_dashboard_within_a_second() {
    let (rig, _dir, path) = Rig::on_file();
    let other = SqliteStore::open(&path, rig.clock.clone()).unwrap();
    let other = Rig::on(other, rig.clock.clone(), TestBackend::new(80, 24));
    alert_about_a1(&*rig.store);
    rig.shows("a1 Some(500) V.HIGH").await;
    other.shows("a1 Some(500) V.HIGH").await;
    for code in [KeyCode::Char('4'), KeyCode::Char('a'), KeyCode::Char('o'), KeyCode::Char('k'), KeyCode::Enter] {
        rig.press(code);
    }
    let done = rig.clock.now().mono;
    rig.shows("a1 Some(500) V.HIGH ack").await;
    other.shows("a1 Some(500) V.HIGH ack").await;
    assert!(rig.clock.now().mono.since(done) <= Duration::from_secs(1));
    let registry = persist::read_registry(&*rig.store, &mut persist::Known::default()).unwrap().unwrap();
    assert_eq!(registry.active().next().and_then(|a| a.ack.as_ref()).map(|a| a.note.to_string()), Some("ok".into()));
    // Muted from the other one, by its row and the second entry of the menu.
    for code in [KeyCode::Char('2'), KeyCode::Char('j'), KeyCode::Char('m'), KeyCode::Char('j'), KeyCode::Enter] {
        other.press(code);
    }
    rig.shows("a1 Some(500) V.HIGH muted").await;
    other.shows("a1 Some(500) V.HIGH muted").await;
}

#[tokio::test(start_paused = true)]
async fn the_bell_rings_for_what_is_new_and_not_for_what_was_there() {
    let (rig, _dir, path) = Rig::on_file();
    rig.shows("a1").await;
    alert_about_a1(&*rig.store);
    rig.shows("a1 Some(500) V.HIGH").await;
    rig.until(|| rig.host.attracted.lock().unwrap().len() == 1, "the bell").await;
    assert_eq!(*rig.host.attracted.lock().unwrap(), b"\x07");
    let late =
        Rig::on(SqliteStore::open(&path, rig.clock.clone()).unwrap(), rig.clock.clone(), TestBackend::new(80, 24));
    late.shows("a1 Some(500) V.HIGH").await;
    sleep(Duration::from_secs(5)).await;
    assert!(late.host.attracted.lock().unwrap().is_empty());
    assert_eq!(rig.host.attracted.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_history_of_the_selected_row_comes_when_its_chart_asks_for_it() {
    let clock = Arc::new(RuntimeClock(Instant::now()));
    let store = SqliteStore::memory(clock.clone()).unwrap();
    let at = |hours: i64, id: &str, secs| {
        let now = clock.now();
        let wall = now.wall.checked_sub(Duration::from_secs(3600 * hours.unsigned_abs())).unwrap();
        let stamp = Now { mono: BootTime(now.mono.0 - hours * 3_600_000), wall, ..now }.stamp();
        Reading { target: Target::agent(id), at: stamp, outcome: Answer::Value(Aht::from_secs(secs)), name: None }
    };
    let past = [at(50, "a1", 111), at(20, "a1", 222), at(20, "a2", 999), at(6, "a1", 333), at(0, "a1", 444)];
    store.append(&past).unwrap();
    let rig = Rig::on(store, clock.clone(), TestBackend::new(80, 24));
    rig.shows("a1 Some(444)").await;
    rig.type_text("/a1");
    rig.press(KeyCode::Enter);
    rig.press(KeyCode::Enter);
    rig.shows("[\"a1\"]").await;
    rig.type_text("-");
    rig.shows("past of a1: [333, 444]").await;
    rig.type_text("-");
    rig.shows("past of a1: [222, 333, 444]").await;
    rig.press(KeyCode::Left);
    rig.shows("past of a1: [222, 333]\n").await;
    rig.type_text("-0-");
    rig.shows("past of a1: [333, 444]").await;
    rig.cancel.cancel();
    assert_eq!(rig.end().await.unwrap(), Outcome::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_board_turns_its_pages_by_itself_and_takes_no_key_but_its_exit() {
    let rig = Rig::start();
    rig.append("a1", 300);
    rig.shows("a1 Some(300)").await;
    rig.type_text("w");
    rig.type_text("q/x2?");
    let keys = rig.keys.clone();
    sleep(Duration::from_secs(40)).await;
    assert!(rig.last().starts_with("// "), "{}", rig.last());
    keys.send(Ok(Input::Key(crossterm::event::KeyEvent::new(
        KeyCode::Char('c'),
        crossterm::event::KeyModifiers::CONTROL,
    ))))
    .unwrap();
    rig.type_text("/back");
    rig.shows("/back/").await;
    rig.cancel.cancel();
    assert_eq!(rig.end().await.unwrap(), Outcome::Cancelled);
}
