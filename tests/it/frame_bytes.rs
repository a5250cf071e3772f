//! What a frame sends, in bytes, where nothing but time has passed: counted, never timed.

use std::{
    cell::RefCell,
    io::{self, Write},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use ahtop::{
    app::{DashboardConfig, Event, State, View, update},
    config::{Theme, Ui, Watched},
    domain::{Aht, Band, Clock, ManualClock, Outcome, Reading, Target},
    store::{Instance, Role},
    term::{Screen, Tty},
    ui::{self, Look, TerminalFacts},
};
use ratatui::Terminal;

/// A terminal that keeps the bytes.
#[derive(Clone)]
struct Bytes(Rc<RefCell<Vec<u8>>>, (u16, u16));

impl Write for Bytes {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tty for Bytes {
    fn size(&self) -> io::Result<(u16, u16)> {
        Ok(self.1)
    }
}

/// A dashboard with 60 agents, read one each second, in injected time.
struct Floor {
    state: State,
    clock: ManualClock,
    terminal: Terminal<Screen<Bytes>>,
    bytes: Rc<RefCell<Vec<u8>>>,
    look: Look,
}

impl Floor {
    fn new(theme: Theme, age_step: u64, size: (u16, u16)) -> Floor {
        let clock = ManualClock::at("2026-03-12T09:00:00Z".parse().unwrap());
        let limit = |s| Some(Aht::from_secs(s));
        let band = Band { low_warn: limit(200), target: limit(287), high_warn: limit(375), ..Band::default() };
        let watched: Arc<[Watched]> = (0..60)
            .map(|i| Watched {
                target: Target::agent(format!("agent{i:02}@example.org")),
                label: Some(format!("Agent {i:02}").into()),
                groups: vec!["north".into()],
                band,
                origin: "config.toml line 1".into(),
            })
            .collect();
        let ui = Ui { theme, age_step: Duration::from_secs(age_step), ..Ui::default() };
        let look = Look::resolve(&ui, TerminalFacts::default());
        let me = Instance { id: "me".into(), pid: 7, host: "desk".into(), role: Role::Dashboard };
        let facts = DashboardConfig { ui, may_poll: false, ..DashboardConfig::new("acme", watched, me) };
        let mut state = State::new(facts, clock.now());
        state.navigation.view = View::Agents;
        let bytes: Rc<RefCell<Vec<u8>>> = Rc::default();
        let terminal = Terminal::new(Screen::new(Bytes(bytes.clone(), size))).unwrap();
        let mut floor = Floor { state, clock, terminal, bytes, look };
        // Two hours of the past, so that every row has its trend.
        for minute in 0..120 {
            let mut readings = Vec::new();
            for agent in 0..60 {
                readings.push(floor.reading(agent, 250 + (minute * 7 + agent * 13) % 60));
                floor.clock.advance(Duration::from_secs(1));
            }
            update(&mut floor.state, Event::Readings(readings), floor.clock.now());
        }
        floor.frame();
        floor
    }

    fn reading(&self, agent: u32, secs: u32) -> Reading {
        Reading {
            target: Target::agent(format!("agent{agent:02}@example.org")),
            at: self.clock.now().stamp(),
            outcome: Outcome::Value(Aht::from_secs(secs)),
            name: None,
        }
    }

    fn read(&mut self, agent: u32, secs: u32) {
        let reading = self.reading(agent, secs);
        update(&mut self.state, Event::Readings(vec![reading]), self.clock.now());
    }

    /// Draws as of now and tells how many bytes it took.
    fn frame(&mut self) -> usize {
        let now = self.clock.now();
        update(&mut self.state, Event::Tick, now);
        let (state, look) = (&self.state, &self.look);
        self.terminal.draw(|frame| drop(ui::draw(frame, state, look))).unwrap();
        std::mem::take(&mut *self.bytes.borrow_mut()).len()
    }
}

#[test]
fn a_second_in_which_sixty_ages_advance_takes_few_bytes() {
    for theme in [Theme::Auto, Theme::Dark, Theme::Mono] {
        let mut floor = Floor::new(theme, 1, (120, 70));
        let mut all = Vec::new();
        for _ in 0..100 {
            floor.clock.advance(Duration::from_secs(1));
            all.push(floor.frame());
        }
        let mean = all.iter().sum::<usize>() / all.len();
        assert!(mean < 380, "{theme:?}: {mean} bytes a second: {all:?}");
        assert!(all.iter().all(|n| *n > 60), "sixty ages advance: {all:?}");
    }
}

#[test]
fn with_coarse_ages_most_seconds_take_none() {
    let mut floor = Floor::new(Theme::Auto, 10, (120, 70));
    let mut all = Vec::new();
    for _ in 0..100 {
        floor.clock.advance(Duration::from_secs(1));
        all.push(floor.frame());
    }
    assert!(all.iter().filter(|n| **n == 0).count() >= 89, "{all:?}");
    let mean = all.iter().sum::<usize>() / all.len();
    assert!(mean < 60, "{mean} bytes a second: {all:?}");
}

#[test]
fn a_reading_changes_its_row_and_little_else() {
    let mut floor = Floor::new(Theme::Auto, 60, (120, 70));
    let mut all = Vec::new();
    for agent in 0..60 {
        floor.read(agent, 300);
        all.push(floor.frame());
    }
    all.sort_unstable();
    // A row that finds another place by its new value moves those between.
    assert!(all[30] < 2600, "{all:?}");
}
