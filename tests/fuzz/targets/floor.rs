//! A small call centre on a screen without a terminal, and its store in a file: what hostile keys and hostile rows of the
//! store are let loose on.

use std::{path::Path, sync::Arc, time::Duration};

use ahtop::{
    alert::{Policy, Rules, persist},
    alerting::Evaluator,
    app::{Alerts, DashboardConfig, Effect, Event, Pointer, Shared, State, update},
    config::{Colors, Theme, Ui, Watched},
    domain::{Aht, Band, Clock, Kind, ManualClock, Outcome, Quiet, Reading, Series, Target},
    run::read_shared,
    store::{
        Attention, GenerationAnswer, GenerationAsk, GenerationEnd, Instance, InterestStore, LeaseStore, Pace,
        PermitAnswer, PermitAsk, PermitKind, ReadingStore, Role, SqliteStore, Store, StoreError, StoreState,
    },
    ui::{Look, TerminalFacts, draw_on},
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{buffer::Buffer, layout::Rect};

use super::harmful;

pub(crate) fn me() -> Instance {
    Instance { id: "me".into(), pid: 7, host: "desk".into(), role: Role::Dashboard }
}

pub(crate) fn watched() -> Arc<[Watched]> {
    let one = |target: Target, group: &str| Watched {
        band: Band::around(Aht::from_secs(300), target.kind),
        target,
        label: None,
        groups: vec![group.into()],
        origin: "config.toml line 8".into(),
    };
    let agents =
        (0..9).map(|i| one(Target::agent(format!("a{i}@acme.example")), if i < 5 { "north" } else { "south" }));
    std::iter::once(one(Target::campaign("COLLECT"), "north")).chain(agents).collect()
}

pub(crate) fn policy() -> Policy {
    let rules = Rules { dwell: Duration::ZERO, warm_up: 0, ..Rules::for_kind(Kind::Agent) };
    Policy { agents: rules, campaigns: rules, ..Policy::default() }
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-03-12T09:00:00Z".parse().unwrap()))
}

fn ask() -> PermitAsk {
    let (void_after, timeout) = (Duration::from_secs(1), Duration::from_secs(10));
    PermitAsk { kind: PermitKind::Aht, cap: 45, pace: Pace::Even(Duration::from_secs(1)), void_after, timeout }
}

/// A store with some of everything: readings of two hours, a lease, wants, permits, a token, alerts, and what people did.
pub(crate) fn fill(path: &Path, clock: &Arc<ManualClock>) {
    let store = SqliteStore::open(path, clock.clone()).unwrap();
    store.lease(&me(), Duration::from_secs(86_400)).unwrap();
    let wants: Vec<_> = watched().iter().map(|w| (w.target.clone(), Attention::OnScreen)).collect();
    store.want(&me(), &wants, Duration::from_secs(86_400)).unwrap();
    let mut evaluator = Evaluator::new(me(), watched(), policy(), Quiet::default());
    for turn in 0..15u32 {
        for (i, w) in watched().iter().enumerate() {
            let outcome = match (i, turn % 7) {
                (3, _) => Outcome::Invalid,
                (4, 2..) => Outcome::Failed("no answer within 10s".into()),
                (5, 5) => Outcome::NoCalls,
                (6, 4..) => Outcome::Value(Aht::from_secs(900)),
                _ => Outcome::Value(Aht::from_secs(250 + turn * 8)),
            };
            let name = (w.target.kind == Kind::Agent).then(|| "Asha".into());
            store.append(&[Reading { target: w.target.clone(), at: store.now().stamp(), outcome, name }]).unwrap();
        }
        evaluator.round(&store).unwrap();
        clock.advance(Duration::from_secs(480));
    }
    acts(&store).unwrap();
    store.request_poll(&Target::agent("a1@acme.example")).unwrap();
}

/// Everything that a poller does with a store.
pub(crate) fn acts(store: &dyn Store) -> Result<(), StoreError> {
    let me = me();
    store.lease(&me, Duration::from_secs(60))?;
    store.wanted()?;
    store.take_requested_polls()?;
    if let PermitAnswer::Granted { id, .. } = store.permit(&me, &ask())? {
        let outcome = Outcome::Value(Aht::from_secs(300));
        let target = Target::agent("a0@acme.example");
        store.finish_with_reading(id, &Reading { target, at: store.now().stamp(), outcome, name: None })?;
    }
    let ask = GenerationAsk { unfit: None, gaps: vec![Duration::ZERO; 4], lock: Duration::from_secs(30) };
    match store.begin_generation(&me, &ask)? {
        GenerationAnswer::Go(ticket) => {
            let life = Duration::from_secs(3600);
            store.end_generation(ticket, &GenerationEnd::Generated { secret: "t0ken".to_owned().into(), life })?;
        }
        GenerationAnswer::Use(token) => assert!(token.remaining(&store.now()) > Duration::ZERO),
        _ => {}
    }
    let governor = store.governor()?;
    let rate = governor.rate(45.0, &store.now());
    assert!((0.0..=45.0).contains(&rate), "{rate}");
    store.set_governor(&governor)?;
    store.prune(Duration::from_secs(3600))?;
    store.leave(&me)
}

/// A screen.
#[derive(Clone)]
pub(crate) struct Floor {
    pub(crate) state: State,
    pub(crate) clock: Arc<ManualClock>,
    size: (u16, u16),
}

impl Floor {
    pub(crate) fn new(clock: Arc<ManualClock>) -> Floor {
        let ui = Ui { theme: Theme::Dark, ..Ui::default() };
        let facts = DashboardConfig { ui, ..DashboardConfig::new("acme", watched(), me()) };
        Floor { state: State::new(facts, clock.now()), clock, size: (110, 30) }
    }

    /// What the feed does at the start.
    pub(crate) fn load(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        self.tell(Event::Loaded(store.snapshot(Series::SPAN)?));
        let events = Some(store.events(Duration::from_secs(24 * 3600))?);
        self.tell(Event::Shared(Box::new(Shared { events, history: Some(store.history()?), ..read_shared(store)? })));
        if let Some(registry) = persist::read_registry(store, &mut persist::Known::default())? {
            let alarms = Alerts::new(&registry, &watched(), &policy(), &self.clock.now());
            self.tell(Event::Alerts(Box::new(alarms)));
        }
        Ok(())
    }

    pub(crate) fn tell(&mut self, event: Event) {
        for effect in update(&mut self.state, event, self.clock.now()) {
            match effect {
                Effect::Alarm(text) | Effect::Copy(text) => assert_eq!(harmful(&text), None, "{text:?}"),
                _ => {}
            }
        }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        for c in keys.chars() {
            self.tell(Event::Key(KeyEvent::from(KeyCode::Char(c))));
        }
    }

    /// Draws, and tells what there was room for. No cell may hold what a terminal would act upon.
    pub(crate) fn draw(&mut self) -> Buffer {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let facts = TerminalFacts { colors: Colors::True, utf8: true, braille: true, light: false };
        let look = Look::resolve(&self.state.config.ui, facts)
            .with(self.state.preferences.theme, self.state.preferences.symbols);
        let mut buffer = Buffer::empty(area);
        let layout = draw_on(&mut buffer, area, &self.state, &look);
        for cell in buffer.content() {
            assert_eq!(harmful(cell.symbol()).or(cell.symbol().find('\n').map(|_| '\n')), None, "{:?}", cell.symbol());
        }
        self.tell(Event::Drawn(layout));
        buffer
    }

    /// Does what `bytes` say: what can be typed is typed, the rest are keys without a character, pastes, sizes, the mouse,
    /// readings and time.
    pub(crate) fn play(&mut self, bytes: &[u8]) {
        const KEYS: [KeyCode; 12] = [
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::Delete,
            KeyCode::BackTab,
            KeyCode::Insert,
            KeyCode::Null,
        ];
        let mut bytes = bytes.iter().copied();
        while let Some(byte) = bytes.next() {
            let mut next = || bytes.next().unwrap_or(0);
            let key = |code, modifiers| Event::Key(KeyEvent::new(code, modifiers));
            let event = match byte {
                0x09 => key(KeyCode::Tab, KeyModifiers::NONE),
                0x0a | 0x0d => key(KeyCode::Enter, KeyModifiers::NONE),
                0x1b => key(KeyCode::Esc, KeyModifiers::NONE),
                0x7f => key(KeyCode::Backspace, KeyModifiers::NONE),
                0..=0x1a => key(KeyCode::Char(char::from(byte + 0x60)), KeyModifiers::CONTROL),
                0x1c..=0x7e => key(KeyCode::Char(char::from(byte)), KeyModifiers::NONE),
                0x80..=0x8b => key(KEYS[usize::from(byte - 0x80)], KeyModifiers::from_bits_truncate(next())),
                0x8c..=0x9f => key(KeyCode::F(byte - 0x8b), KeyModifiers::NONE),
                0xa0..=0xaf => {
                    let c =
                        char::from_u32(u32::from_le_bytes([next(), next(), next() & 0x1f, 0])).unwrap_or('\u{fffd}');
                    key(KeyCode::Char(c), KeyModifiers::from_bits_truncate(byte))
                }
                0xb0..=0xbf => {
                    let long: Vec<u8> = (0..next()).map(|_| next()).collect();
                    Event::Paste(String::from_utf8_lossy(&long).repeat(usize::from(byte - 0xaf)))
                }
                0xc0..=0xc7 => {
                    self.size = (u16::from(next()).max(1), u16::from(next()).max(1) / 2 + 1);
                    Event::Resize(self.size.0, self.size.1)
                }
                0xc8..=0xcf => Event::Mouse(Pointer::Click(u16::from(next()), u16::from(next()))),
                0xd0..=0xd7 => Event::Mouse(Pointer::Wheel { down: byte & 1 == 0 }),
                0xd8..=0xe7 => {
                    let target = watched()[usize::from(next()) % watched().len()].target.clone();
                    let outcome = match next() {
                        0 => Outcome::NoCalls,
                        1 => Outcome::Invalid,
                        2 => {
                            Outcome::Failed(format!("\u{1b}]0;x\u{7}{}", "\u{202e}".repeat(usize::from(next()))).into())
                        }
                        n => Outcome::Value(Aht::from_secs(u32::from(n) << (byte & 15))),
                    };
                    let name = (byte & 3 == 0).then(|| format!("{}\u{9b}2J", char::from(next())).into());
                    Event::Readings(vec![Reading { target, at: self.clock.now().stamp(), outcome, name }])
                }
                0xe8..=0xf7 => {
                    self.clock.advance(Duration::from_millis(u64::from(next()) << (byte & 15)));
                    Event::Tick
                }
                0xf8..=0xfb => {
                    // Whoever sets the clock: also far away.
                    self.clock.step_wall((i64::from(next()) - 128) << (u32::from(byte & 3) * 10));
                    Event::Tick
                }
                _ => {
                    self.draw();
                    continue;
                }
            };
            self.tell(event);
        }
        self.draw();
    }
}
