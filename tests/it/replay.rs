//! An hour that was stored, replayed: at each moment the screen shows, cell by cell, what it showed then.

use std::{sync::Arc, time::Duration};

use ahtop::{
    alert::{Policy, persist},
    app::{Alerts, DashboardConfig, Event, Shared, State, View, update},
    config::{self, Watched},
    domain::{Aht, Band, Clock, Kind, ManualClock, Now, Outcome, Reading, Series, Target},
    store::{Cursor, Instance, ReplayClock, ReplayStore, Role, SqliteStore, Status, Store, StoreState},
    ui::{Look, TerminalFacts, draw_on},
};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

const SIZE: Rect = Rect { x: 0, y: 0, width: 120, height: 40 };

fn ui() -> config::Ui {
    let (theme, symbols) = (config::Theme::Dark, config::Symbols::Unicode);
    config::Ui { theme, symbols, ..config::Ui::default() }
}

fn me() -> Instance {
    Instance { id: "me".into(), pid: 7, host: "desk".into(), role: Role::Dashboard }
}

fn watched() -> Vec<Watched> {
    let watched = |target: Target, secs| Watched {
        band: Band::around(Aht::from_secs(secs), target.kind),
        target,
        label: None,
        groups: vec!["north".into()],
        origin: "config.toml line 8".into(),
    };
    let agents = (0..12).map(|i| watched(Target::agent(format!("a{i:02}@acme.example")), 300));
    std::iter::once(watched(Target::campaign("COLLECT"), 300)).chain(agents).collect()
}

fn facts() -> DashboardConfig {
    DashboardConfig { ui: ui(), ..DashboardConfig::new("acme", watched(), me()) }
}

/// What the feed does, one step at a time: the store's news into the state, and a picture of it.
struct Screen {
    state: State,
    cursor: Option<Cursor>,
    known: persist::Known,
    status: Status,
}

impl Screen {
    fn new(now: &Now, view: View) -> Screen {
        let mut state = State::new(facts(), now.clone());
        state.navigation.view = view;
        // The log tells what the link was, not how fast was polled: both screens are told the same.
        let known = Status::new(now.stamp(), ahtop::store::Link::Live);
        let status = Status { rate: 45.0, targets: 13, sweep: Duration::from_secs(60), ..known };
        Screen { state, cursor: None, known: persist::Known::default(), status }
    }

    fn look(&mut self, store: &dyn Store) -> Buffer {
        let now = store.now();
        self.status.at = now.stamp();
        let mut tell = |event| drop(update(&mut self.state, event, now.clone()));
        let cursor = match self.cursor {
            Some(cursor) => cursor,
            None => {
                let snapshot = store.snapshot(Series::SPAN).unwrap();
                let cursor = snapshot.cursor;
                tell(Event::Loaded(snapshot));
                cursor
            }
        };
        let (readings, next) = store.since(cursor, 100_000).unwrap();
        self.cursor = Some(next);
        tell(Event::Readings(readings));
        if let Some(registry) = persist::read_registry(store, &mut self.known).unwrap() {
            tell(Event::Alerts(Box::new(Alerts::new(&registry, &watched(), &policy(), &now))));
        }
        let shared = Shared {
            status: Some(self.status.clone()),
            poller: store.lease_holder().unwrap(),
            instances: vec![me()],
            events: Some(store.events(Duration::from_secs(24 * 3600)).unwrap()),
            ..Shared::default()
        };
        tell(Event::Shared(Box::new(shared)));
        tell(Event::Tick);
        let terminal = TerminalFacts { colors: ahtop::ui::Colors::True, utf8: true, braille: true, light: false };
        let mut buffer = Buffer::empty(SIZE);
        draw_on(&mut buffer, SIZE, &self.state, &Look::resolve(&ui(), terminal));
        buffer
    }
}

fn policy() -> Policy {
    Policy { sweep: Duration::from_secs(60), ..Policy::default() }
}

/// Four hours before the hour and the hour itself: agents that come and go, one that fails, one far outside.
fn outcome(i: usize, minute: u64) -> Option<Outcome> {
    let wave = ((minute * 7 + i as u64 * 13) % 40) as u32;
    Some(match i {
        3 if minute > 250 => Outcome::Failed("no answer within 10s".into()),
        4 if minute % 90 > 60 => Outcome::NoCalls,
        5 => Outcome::Invalid,
        6 if minute > 260 => Outcome::Value(Aht::from_secs(620 + wave)),
        7 if (240..270).contains(&minute) => return None,
        8 if minute < 255 => Outcome::Value(Aht::from_secs(480 + wave)),
        _ => Outcome::Value(Aht::from_secs(250 + wave * 2)),
    })
}

#[tokio::test]
async fn a_replay_shows_at_each_moment_what_was_shown_then() {
    let begin: Timestamp = "2026-03-12T05:00:00Z".parse().unwrap();
    let clock = Arc::new(ManualClock::at(begin));
    let live: Arc<dyn Store> = Arc::new(SqliteStore::memory(clock.clone()).unwrap());
    live.lease(&me(), Duration::from_secs(86_400)).unwrap();
    let mut evaluator =
        ahtop::alerting::Evaluator::new(me(), watched().into(), policy(), ahtop::domain::Quiet::default());
    let from = begin.checked_add(Duration::from_secs(240 * 60)).unwrap();
    let moments = [112u64, 653, 955, 1854, 2456, 3599];
    let views = [View::Overview, View::Alerts, View::Agents];
    let mut screens: Vec<Screen> = Vec::new();
    let mut then = Vec::new();
    for minute in 0..300u64 {
        for (i, w) in watched().iter().enumerate() {
            if let Some(outcome) = outcome(i, minute) {
                let name = (w.target.kind == Kind::Agent).then(|| "Asha".into());
                let reading = Reading { target: w.target.clone(), at: clock.now().stamp(), outcome, name };
                live.append(&[reading]).unwrap();
            }
            clock.advance(Duration::from_secs(4));
        }
        // The rest of the minute in steps, each looked at where it was a moment to remember.
        for _ in 0..8 {
            evaluator.round(&*live).unwrap();
            let passed = clock.now().wall.duration_since(from).as_secs();
            if minute >= 240 && screens.is_empty() {
                screens = views.iter().map(|view| Screen::new(&clock.now(), *view)).collect();
            }
            if moments.iter().any(|m| i64::try_from(*m).unwrap() == passed) {
                for screen in &mut screens {
                    then.push((clock.now().wall, screen.look(&*live)));
                }
            }
            clock.advance(Duration::from_secs(1));
        }
    }
    assert_eq!(then.len() % views.len(), 0);
    assert!(then.len() == moments.len() * views.len(), "{}", then.len());

    let near = ReplayStore::near(&*live, from).unwrap();
    let time = Arc::new(ReplayClock::new(begin, 60, near.stamp.as_ref(), None));
    let past = ReplayStore::new(live, time.clone(), me()).unwrap();
    let mut evaluator =
        ahtop::alerting::Evaluator::new(me(), watched().into(), policy(), ahtop::domain::Quiet::default());
    // To a moment that no clock of whole milliseconds stands at.
    let to = from.checked_add(Duration::from_micros(123)).unwrap();
    ahtop::alerting::catch_up(&mut evaluator, &past, &time, to).unwrap();
    let mut screens: Vec<Screen> = views.iter().map(|view| Screen::new(&past.now(), *view)).collect();
    for pictures in then.chunks(views.len()) {
        // The evaluator looks as often as it did then: alerts start when a reading says so.
        while time.now().wall < pictures[0].0 {
            time.set(time.now().wall.checked_add(Duration::from_secs(1)).unwrap());
            evaluator.round(&past).unwrap();
        }
        for (screen, (at, picture)) in screens.iter_mut().zip(pictures) {
            screen.state.started = Screen::new(&past.now(), View::Overview).state.started;
            let now = screen.look(&past);
            for y in 0..SIZE.height {
                let line = |b: &Buffer| (0..SIZE.width).map(|x| b[(x, y)].symbol().to_owned()).collect::<String>();
                assert_eq!(line(&now), line(picture), "{at} line {y}");
            }
            assert!(now == *picture, "{at}: the styles differ");
        }
    }
}
