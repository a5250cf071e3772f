//! One frame of 500 rows at 200x60: what the screen costs whenever something on it changes.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set itself up should say so")]

use std::{hint::black_box, sync::Arc};

use ahtop::{
    app::{DashboardConfig, State, View},
    config::{Symbols, Theme, Ui, Watched},
    domain::Clock,
    domain::{Aht, Band, BootTime, Kind, ManualClock, Outcome, Reading, Row, Target},
    store::{Instance, Role},
    ui::{Look, TerminalFacts, draw_on},
};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

/// 500 agents in five groups, each read once a minute over four hours.
fn state() -> State {
    let clock = ManualClock::at(Timestamp::from_second(1_773_306_127).unwrap());
    let now = clock.now();
    let limit = |s| Some(Aht::from_secs(s));
    let band = Band {
        low_crit: limit(120),
        low_warn: limit(200),
        target: limit(287),
        high_warn: limit(375),
        high_crit: limit(450),
    };
    let watched: Arc<[Watched]> = (0..500u32)
        .map(|i| Watched {
            target: Target::agent(format!("agent{i}@example.org")),
            label: Some(format!("Agent {i}").into()),
            groups: vec![format!("group {}", i % 5).into()],
            band,
            origin: "config.toml line 1".into(),
        })
        .collect();
    let me = Instance { id: "bench".into(), pid: 1, host: "bench".into(), role: Role::Dashboard };
    let facts = DashboardConfig {
        ui: Ui { theme: Theme::Dark, symbols: Symbols::Unicode, ..Ui::default() },
        ..DashboardConfig::new("bench", watched.clone(), me)
    };
    let mut state = State::new(facts, now.clone());
    for (i, w) in (0..).zip(watched.iter()) {
        let mut row = Row::new(w.target.clone());
        for minute in 0..240 {
            let mut at = now.stamp();
            at.mono = BootTime(now.mono.0 - (240 - minute) * 60_000);
            let secs = 100 + (i * 37 + u32::try_from(minute).unwrap() * 3) % 400;
            let outcome = Outcome::Value(Aht::from_secs(secs));
            row.record(&Reading { target: w.target.clone(), at, outcome, name: None }, &now);
        }
        state.live.rows.insert(w.target.clone(), row);
    }
    state.navigation.view = View::Agents;
    state.navigation.selected.insert(Kind::Agent, watched[3].target.clone());
    state
}

fn frame(c: &mut Criterion) {
    let mut state = state();
    let terminal = TerminalFacts::default();
    let look = Look::resolve(&state.config.ui, terminal);
    let area = Rect::new(0, 0, 200, 60);
    let mut buf = Buffer::empty(area);
    c.bench_function("500 rows at 200x60", |b| {
        b.iter(|| black_box(draw_on(&mut buf, area, black_box(&state), &look)));
    });
    state.navigation.detail_open = true;
    c.bench_function("a detail at 200x60", |b| {
        b.iter(|| black_box(draw_on(&mut buf, area, black_box(&state), &look)));
    });
}

criterion_group!(benches, frame);
criterion_main!(benches);
