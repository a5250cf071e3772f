//! An hour that was stored, replayed: at each moment the screen shows, cell by cell, what it showed then.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ahtop::{
    alert::{Policy, persist},
    alerting::Evaluator,
    app::{Alerts, DashboardConfig, Event, Shared, State, View, update},
    config::{self, Watched},
    domain::{Aht, Band, Clock, Kind, ManualClock, Now, Outcome, Problem, Quiet, Reading, Series, Target},
    sim::{Fault, Span},
    store::{
        self, Cursor, EventKind, Instance, Link, ReplayClock, ReplayStore, Role, SqliteStore, Status, Store,
        StoreState, Usage, Words,
    },
    ui::{Look, TerminalFacts, draw_on},
};
use jiff::{Timestamp, tz::TimeZone};
use ratatui::{buffer::Buffer, layout::Rect};
use tokio::time::sleep;

use crate::support::World;

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

/// All of the simulated call centre, with bands about what is usual.
fn watched_in(world: &World) -> Vec<Watched> {
    let watched = |target: &Target| Watched {
        band: Band::around(Aht::from_secs(300), target.kind),
        target: target.clone(),
        label: None,
        groups: vec!["north".into()],
        origin: "config.toml line 8".into(),
    };
    world.targets.iter().map(watched).collect()
}

/// What the feed does, one step at a time: the store's news into the state, and a picture of it.
struct Screen {
    state: State,
    cursor: Option<Cursor>,
    known: persist::Known,
    watched: Vec<Watched>,
}

impl Screen {
    fn new(now: &Now, view: View, watched: &[Watched]) -> Screen {
        let watched = watched.to_vec();
        let config = DashboardConfig { ui: ui(), ..DashboardConfig::new("acme", watched.clone(), me()) };
        let mut state = State::new(config, now.clone());
        state.navigation.view = view;
        Screen { state, cursor: None, known: persist::Known::default(), watched }
    }

    fn look(&mut self, store: &dyn Store) -> Buffer {
        let now = store.now();
        // A sign of life every ten seconds is not noted: how old the last one was is told to neither screen.
        let status = store.status().unwrap().map(|status| Status { at: now.stamp(), next: None, ..status });
        // How many requests counted at a moment is not known later.
        let usage = Usage { used_60s: 0, in_flight: 0, ..store.usage().unwrap() };
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
            tell(Event::Alerts(Box::new(Alerts::new(&registry, &self.watched, &policy(), &now))));
        }
        let shared = Shared {
            status,
            usage,
            poller: store.lease_holder().unwrap(),
            instances: vec![me()],
            events: Some(store.events(Duration::from_secs(24 * 3600)).unwrap()),
            ..Shared::default()
        };
        tell(Event::Shared(Box::new(shared)));
        tell(Event::Tick);
        let terminal = TerminalFacts { colors: ahtop::config::Colors::True, utf8: true, braille: true, light: false };
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
    let status = Status::new(clock.now().stamp(), Link::Live);
    let status = Status { rate: 45.0, targets: 13, sweep: Duration::from_secs(60), ..status };
    live.set_status(&status).unwrap();
    let text = Words::of_status(&status);
    live.note(&store::Event { at: clock.now().stamp(), kind: EventKind::Status, who: "me".into(), text }).unwrap();
    let mut evaluator = Evaluator::new(me(), watched().into(), policy(), Quiet::default());
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
                screens = views.iter().map(|view| Screen::new(&clock.now(), *view, &watched())).collect();
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
    replayed_is_what_was_shown((live, me()), &watched(), (begin, from), &views, &then);
}

/// Replays `live` from the second of the moments on; the alerts are followed from the first on. `then`: the pictures of
/// each view at each moment.
fn replayed_is_what_was_shown(
    (live, poller): (Arc<dyn Store>, Instance),
    watched: &[Watched],
    (begin, from): (Timestamp, Timestamp),
    views: &[View],
    then: &[(Timestamp, Buffer)],
) {
    let near = ReplayStore::near(&*live, from).unwrap();
    let time = Arc::new(ReplayClock::new(begin, 60, near.stamp.as_ref(), None));
    let past = ReplayStore::new(live, time.clone(), poller).unwrap();
    let mut evaluator = Evaluator::new(me(), watched.to_vec().into(), policy(), Quiet::default());
    // To a moment that no clock of whole milliseconds stands at.
    let to = from.checked_add(Duration::from_micros(123)).unwrap();
    ahtop::alerting::catch_up(&mut evaluator, &past, &time, to).unwrap();
    let mut screens: Vec<Screen> = views.iter().map(|view| Screen::new(&past.now(), *view, watched)).collect();
    for pictures in then.chunks(views.len()) {
        // The evaluator looks as often as it did then: alerts start when a reading says so.
        while time.now().wall < pictures[0].0 {
            time.set(time.now().wall.checked_add(Duration::from_secs(1)).unwrap());
            evaluator.round(&past).unwrap();
        }
        for (screen, (at, picture)) in screens.iter_mut().zip(pictures) {
            screen.state.started = Screen::new(&past.now(), View::Overview, watched).state.started;
            let now = screen.look(&past);
            for y in 0..SIZE.height {
                let line = |b: &Buffer| (0..SIZE.width).map(|x| b[(x, y)].symbol().to_owned()).collect::<String>();
                assert_eq!(line(&now), line(picture), "{at} line {y}");
            }
            assert!(now == *picture, "{at}: the styles differ");
        }
    }
}

/// A shift in which the service is down, throttles, refuses our tokens again and again, and closes; with the poller that
/// runs in the program, against the simulated service.
#[tokio::test(start_paused = true)]
async fn a_replay_of_outage_throttling_token_ceiling_and_closed_hours_shows_what_was_shown_then() {
    let mut world = World::in_memory(1, 12, |_| ());
    // What the poller does in whole seconds is not done in the millisecond of a picture.
    let apart = Duration::from_millis(333);
    let begin = world.clock.now().wall.checked_add(apart).unwrap();
    let at = |minute: u64| begin.checked_add(Duration::from_secs(minute * 60)).unwrap();
    let hours = |from: u64, to: u64| {
        let time = |minute| at(minute).to_zoned(TimeZone::UTC).strftime("%H:%M").to_string();
        format!("{}-{}", time(from), time(to)).parse().unwrap()
    };
    world.rules.quiet = Quiet::new(vec![hours(150, 160)], TimeZone::UTC);
    world.rules.min_interval = Duration::from_secs(20);
    // One that the service does not know, which the log tells.
    world.targets.push(Target::agent("nobody@acme.example"));
    let watched = watched_in(&world);
    let process = world.start(&world.targets, 7);
    let poller = process.me.clone();
    let live: Arc<dyn Store> = process.store.direct().clone();
    let views = [View::Overview, View::Alerts, View::Log, View::Campaigns];
    sleep(apart).await;
    let mut evaluator = Evaluator::new(me(), watched.clone().into(), policy(), Quiet::default());
    let mut screens: Vec<Screen> = Vec::new();
    let (mut then, mut links) = (Vec::new(), BTreeSet::new());
    for second in 0..175 * 60u64 {
        match second {
            1500 => world.sim.inject(Fault::Status(503), Span::Millis(400_000)),
            2400 => world.sim.inject(Fault::ForeignUse { per_minute: 40 }, Span::Millis(600_000)),
            3600 => world.sim.inject(Fault::ForeignMint { every_s: 100 }, Span::Millis(4_800_000)),
            _ => {}
        }
        sleep(Duration::from_secs(1)).await;
        evaluator.round(&*live).unwrap();
        if second == 1200 {
            screens = views.iter().map(|view| Screen::new(&live.now(), *view, &watched)).collect();
        }
        // Not in step with anything that happens in whole seconds or minutes.
        if second > 1200 && second % 97 == 0 {
            let status = live.status().unwrap().unwrap();
            links.insert(status.link.problem().map_or("live", |problem| problem.word()));
            for screen in &mut screens {
                then.push((live.now().wall, screen.look(&*live)));
            }
        }
    }
    process.kill().await;
    for problem in [Problem::Service, Problem::Throttled, Problem::TokenCeiling, Problem::Closed] {
        assert!(links.contains(problem.word()), "{problem:?} is not among {links:?}");
    }
    let told = live.events(Duration::from_secs(4 * 3600)).unwrap();
    assert_eq!(told.iter().filter(|event| event.kind == EventKind::Target).count(), 1);
    replayed_is_what_was_shown((live, poller), &watched, (begin, at(20)), &views, &then);
}
