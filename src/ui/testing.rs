//! States for tests: a small call centre with every kind of row, and arbitrary ones.

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use ratatui::{
    buffer::{Buffer, Cell},
    layout::Rect,
    style::Modifier,
};

use super::{FrameLayout, Look, TerminalFacts, draw_on};
use crate::{
    app::{DashboardConfig, State, View},
    config::{Symbols, Theme, Ui, Watched},
    domain::{Aht, Band, BootId, BootTime, Condition, EventTime, Kind, Level, Now, Outcome, Row, Target},
    store::{Event, EventKind, HistoryInfo, Instance, Link, Role, Status, Traffic, Usage, Words},
};

/// 12 March 2026, 14:32:07 in India.
pub(crate) const WALL: i64 = 1_773_306_127;

pub(crate) fn now() -> Now {
    now_at(WALL)
}

pub(crate) fn now_at(wall: i64) -> Now {
    Now {
        boot: BootId("test".into()),
        mono: BootTime(500_000_000 + (wall - WALL) * 1000),
        wall: Timestamp::from_second(wall).unwrap(),
    }
}

/// The moment `secs` before [`now`]; negative: after it.
pub(crate) fn ago(secs: i64) -> EventTime {
    now_at(WALL - secs).stamp()
}

fn aht(secs: u32) -> Option<Aht> {
    Some(Aht::from_secs(secs))
}

pub(crate) fn band(limits: [u32; 5]) -> Band {
    let l = limits.map(|l| (l > 0).then(|| Aht::from_secs(l)));
    Band { low_crit: l[0], low_warn: l[1], target: l[2], high_warn: l[3], high_crit: l[4] }
}

/// The band of the agents: target 4:47, usual 3:20 to 6:15.
pub(crate) const AGENTS: [u32; 5] = [120, 200, 287, 375, 450];

pub(crate) fn instance(pid: u32, role: Role) -> Instance {
    Instance { id: format!("floor-{pid}").into(), pid, host: "floor".into(), role }
}

fn ui(theme: Theme, symbols: Symbols) -> Ui {
    Ui { theme, symbols, ..Ui::default() }
}

pub(crate) fn look(theme: Theme, symbols: Symbols) -> Look {
    Look::resolve(&ui(theme, symbols), TerminalFacts::default())
}

/// What a row is made of.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) target: Target,
    pub(crate) label: Option<Arc<str>>,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) band: Band,
    /// Readings: how many seconds ago, and what.
    pub(crate) readings: Vec<(i64, Outcome)>,
}

impl Spec {
    /// An agent whose AHT moved from `from` to `to` within two hours, read last `age` seconds ago.
    pub(crate) fn agent(label: &str, group: &str, from: u32, to: u32, age: i64) -> Spec {
        Spec {
            target: Target::agent(format!("{}@acme.example", label.to_lowercase().replace(' ', "."))),
            label: Some(label.into()),
            group: (!group.is_empty()).then(|| group.into()),
            band: band(AGENTS),
            readings: walk(from, to, age),
        }
    }

    pub(crate) fn campaign(id: &str, limits: [u32; 5], from: u32, to: u32, age: i64) -> Spec {
        Spec {
            target: Target::campaign(id),
            label: None,
            group: None,
            band: band(limits),
            readings: walk(from, to, age),
        }
    }

    pub(crate) fn id(mut self, id: &str) -> Spec {
        self.target.id = id.into();
        self
    }

    pub(crate) fn then(mut self, readings: &[(i64, Outcome)]) -> Spec {
        self.readings.extend_from_slice(readings);
        self
    }

    pub(crate) fn only(mut self, readings: &[(i64, Outcome)]) -> Spec {
        self.readings = readings.to_vec();
        self
    }
}

/// Readings once a minute over two and a half hours, with a little unrest that is the same in each run.
fn walk(from: u32, to: u32, age: i64) -> Vec<(i64, Outcome)> {
    let (from, to) = (f64::from(from), f64::from(to));
    (0..150)
        .map(|i| {
            // The first half hour stays, so that the differences have something to start from.
            let share = (f64::from(i - 30) / 119.0).clamp(0.0, 1.0);
            let unrest = f64::from((i * 7919) % 13 - 6) * (1.0 - share);
            let secs = (from + (to - from) * share * share + unrest).max(1.0);
            (age + i64::from(149 - i) * 60, Outcome::Value(Aht::from_secs(secs as u32)))
        })
        .collect()
}

pub(crate) fn failed(why: &str) -> Outcome {
    Outcome::Failed(why.into())
}

/// A state with these rows, as of [`now`], polled by itself and live.
pub(crate) fn state(specs: &[Spec]) -> State {
    let watched: Arc<[Watched]> = specs
        .iter()
        .enumerate()
        .map(|(i, s)| Watched {
            target: s.target.clone(),
            label: s.label.clone(),
            groups: s.group.iter().cloned().collect(),
            band: s.band,
            origin: format!("config.toml line {}", i + 20).into(),
        })
        .collect();
    let me = instance(4711, Role::Dashboard);
    let facts = DashboardConfig {
        zone: TimeZone::get("Asia/Kolkata").unwrap(),
        ui: ui(Theme::Auto, Symbols::Unicode),
        ..DashboardConfig::new("acme", watched, me.clone())
    };
    let mut state = State::new(facts, now());
    state.started = now_at(WALL - 9000);
    for spec in specs {
        let mut row = Row::new(spec.target.clone());
        for (secs, outcome) in &spec.readings {
            let reading = crate::domain::Reading {
                target: spec.target.clone(),
                at: ago(*secs),
                outcome: outcome.clone(),
                name: None,
            };
            row.record(&reading, &now());
        }
        state.live.rows.insert(spec.target.clone(), row);
    }
    state.live.status = Some(Status {
        since: ago(7300),
        rate: 45.0,
        targets: u32::try_from(specs.len()).unwrap(),
        sweep: Duration::from_secs(64),
        next: specs.first().map(|s| s.target.clone()),
        token_until: Some(ago(-2460)),
        traffic: Traffic {
            replies: [2514, 122, 4, 1, 0, 2, 3],
            latency: (0..60).map(|m| (m % 17 != 3).then_some(120 + (m * 37) % 90)).collect(),
            slowest: Some(1840),
            totals: Default::default(),
        },
        ..Status::new(ago(2), Link::Live)
    });
    state.live.usage = Usage { used_60s: 45, in_flight: 1, throttled_1h: 0, generated_1h: 1, invalidated_1h: 0 };
    state.live.poller = Some(me.clone());
    state.live.instances = vec![me];
    state.live.history =
        HistoryInfo { readings: 120_000, bytes: 12_400_000, oldest: None, path: Some("/var/lib/ahtop/acme.db".into()) };
    state
}

/// Every kind of row: 4 campaigns and 15 agents.
pub(crate) fn floor() -> Vec<Spec> {
    let no_calls = |age| (age, Outcome::NoCalls);
    vec![
        Spec::campaign("COLLECT-IN", [0, 210, 285, 360, 0], 277, 291, 14),
        Spec::campaign("COLLECT-SOUTH", [0, 210, 285, 360, 450], 289, 372, 39),
        Spec::campaign("RENEWALS", [0, 120, 180, 240, 0], 140, 131, 5),
        Spec::campaign("WINBACK", [0, 300, 420, 540, 0], 412, 400, 372)
            .then(&[(200, failed("no answer within 10s")), (60, failed("no answer within 10s"))]),
        Spec::agent("Imran Q", "north", 302, 468, 41),
        Spec::agent("Devika R", "north", 347, 391, 12),
        Spec::agent("Paulo M", "south", 238, 62, 66),
        Spec::agent("Sunita K", "south", 178, 160, 33),
        Spec::agent("Arun V", "north", 295, 310, 20),
        Spec::agent("Beatriz L", "north", 301, 298, 57),
        Spec::agent("王小明", "south", 273, 291, 4).id("wang.x@acme.example"),
        Spec::agent("प्रिया शर्मा", "south", 280, 287, 49).id("priya.s@acme.example"),
        Spec::agent("Gopal S", "north", 299, 284, 25),
        Spec::agent("Hana T", "south", 252, 270, 38),
        Spec::agent("Kavya N", "north", 262, 242, 372),
        Spec::agent("Luis F", "south", 241, 230, 4000).then(&[no_calls(3900), no_calls(1800), no_calls(52)]),
        Spec::agent("Meera S", "north", 1, 1, 0).only(&[no_calls(120), no_calls(28)]),
        Spec::agent("Nobody Yet", "north", 1, 1, 0).only(&[]),
        Spec::agent("A-1099", "", 1, 1, 0).only(&[(19_000, Outcome::Invalid), (300, Outcome::Invalid)]),
    ]
}

/// The state of [`floor`] in a view, with the first agent selected.
pub(crate) fn busy(view: View) -> State {
    let mut s = state(&floor());
    s.navigation.view = view;
    s.navigation.focus = if view == View::Campaigns { Kind::Campaign } else { Kind::Agent };
    s.navigation.selected.insert(Kind::Agent, Target::agent("imran.q@acme.example"));
    s.navigation.selected.insert(Kind::Campaign, Target::campaign("COLLECT-SOUTH"));
    let event = |secs, kind, text: &str| Event { at: ago(secs), kind, who: "pid 4711".into(), text: text.into() };
    let invalid = Words::from("agent ID ").id(&Target::agent("a-1099@acme.example")).own(" is unknown");
    s.live.events = vec![
        event(7200, EventKind::Lease, "pid 4711 (dashboard) polls"),
        event(7199, EventKind::TokenGenerated, "token 1 generated, expires in 60 min"),
        Event { text: invalid, ..event(5400, EventKind::Target, "") },
        event(300, EventKind::Throttled, "max limit exceeded: waiting 5 s"),
    ];
    s
}

/// The picture of a state.
pub(crate) fn picture(state: &State, look: &Look, width: u16, height: u16) -> (Buffer, FrameLayout) {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    let layout = draw_on(&mut buf, area, state, look);
    (buf, layout)
}

/// Draws into a part of a larger buffer, whose other cells must stay as they were.
pub(crate) fn draws_within(name: &str, state: &State, look: &Look, width: u16, height: u16) {
    let whole = Rect::new(0, 0, width + 2, height + 2);
    let mut buf = Buffer::filled(whole, Cell::new("@"));
    draw_on(&mut buf, Rect::new(1, 1, width, height), state, look);
    let mut blank = true;
    for y in 0..whole.height {
        for x in 0..whole.width {
            let inside = (1..=width).contains(&x) && (1..=height).contains(&y);
            assert!(inside || buf[(x, y)] == Cell::new("@"), "{name} {width}x{height}: wrote at {x},{y}");
            blank &= !inside || buf[(x, y)].symbol().trim().is_empty();
        }
    }
    // A menu on a screen of one cell has nothing to show.
    assert!(!blank || state.navigation.overlay.is_some(), "{name} {width}x{height} is blank");
}

/// The words and glyphs of a picture, line by line, without the blanks at the ends.
pub(crate) fn words(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buf.area.width {
            let cell = &buf[(x, y)];
            line.push_str(cell.symbol());
            x += ratatui::buffer::CellWidth::cell_width(cell).max(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The styles of a picture: for each line its runs as `from-to colours and modifiers`; plain cells are left out.
pub(crate) fn styles(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let mut runs: Vec<(u16, u16, String)> = Vec::new();
        for x in 0..buf.area.width {
            let c = &buf[(x, y)];
            let reset = ratatui::style::Style::reset();
            let mut text = Vec::new();
            if Some(c.fg) != reset.fg {
                text.push(format!("{}", c.fg));
            }
            if Some(c.bg) != reset.bg {
                text.push(format!("on {}", c.bg));
            }
            for (modifier, name) in [
                (Modifier::BOLD, "bold"),
                (Modifier::DIM, "dim"),
                (Modifier::ITALIC, "italic"),
                (Modifier::UNDERLINED, "underlined"),
                (Modifier::REVERSED, "reversed"),
            ] {
                if c.modifier.contains(modifier) {
                    text.push(name.into());
                }
            }
            let text = text.join(" ");
            match runs.last_mut() {
                Some((_, end, last)) if *last == text && *end == x => *end = x + 1,
                _ if text.is_empty() => {}
                _ => runs.push((x, x + 1, text)),
            }
        }
        let runs: Vec<String> = runs.into_iter().map(|(a, b, t)| format!("{a}-{} {t}", b - 1)).collect();
        if !runs.is_empty() {
            out.push_str(&format!("{y}: {}\n", runs.join(", ")));
        }
    }
    out
}

/// All states that a row can have on the screen.
pub(crate) fn all_states() -> Vec<crate::app::RowState> {
    use crate::app::RowState::{Fresh, Other};
    let levels = [Level::HighCrit, Level::LowCrit, Level::HighWarn, Level::LowWarn, Level::Inside];
    let others = Condition::ALL.into_iter().filter(|c| *c != Condition::Value);
    levels.into_iter().map(Fresh).chain(others.map(Other)).collect()
}

/// A value, for the proptests.
pub(crate) fn value(secs: u32) -> Outcome {
    aht(secs).map_or(Outcome::NoCalls, Outcome::Value)
}
