//! A small floor for the tests of this and the rooms above: two campaigns, six agents in two groups, one band.

use std::{sync::Arc, time::Duration};

use super::{ChartArea, DashboardConfig, Event, FrameLayout, Line, State, items, rows, tables, update, wall};
use crate::{
    config::Watched,
    domain::{Aht, Band, Clock, Kind, ManualClock, Now, Outcome, Reading, Target},
    store::{Instance, Link, Role, Status},
};

/// The layout of a frame with the rows and the chart that it has room for.
pub(crate) fn frame(state: &State, layout: FrameLayout) -> FrameLayout {
    let mut seen = Vec::new();
    for kind in Kind::ALL {
        let room = layout.rows(kind);
        if state.navigation.wall.is_some() {
            let tiles = wall::tiles(state);
            let lines: Vec<Line<'_>> = match kind {
                Kind::Campaign => {
                    wall::page(state, &tiles, room).0.iter().filter_map(wall::Tile::line).copied().collect()
                }
                Kind::Agent => wall::lines(kind, rows::all_lines(state, kind)),
            };
            seen.extend(lines.iter().take(room).map(|l| l.target().clone()));
        } else if tables::tables(state).contains(&kind) {
            let offset = state.navigation.offset.get(&kind).copied().unwrap_or(0);
            let items = items(state, kind);
            let shown = items.iter().skip(offset).take(room);
            seen.extend(shown.filter_map(|i| i.row()).map(|l| l.target().clone()));
        }
    }
    FrameLayout { seen, ..layout }
}

/// The chart of the row that the detail is about.
pub(crate) fn chart(state: &State, columns: usize) -> Option<ChartArea> {
    let line = tables::detailed(state, |kind| super::lines(state, kind).into_iter().next())?;
    Some(ChartArea { targets: vec![line.target().clone()], columns }).filter(|chart| chart.columns > 0)
}

/// A state with its clock.
pub(crate) struct Floor {
    pub(crate) clock: ManualClock,
    pub(crate) state: State,
}

pub(crate) fn band() -> Band {
    let at = |s| Some(Aht::from_secs(s));
    Band { low_crit: at(120), low_warn: at(200), target: at(287), high_warn: at(375), high_crit: at(450) }
}

pub(crate) fn facts() -> DashboardConfig {
    let watched = |target: Target, group: &str, line: usize| Watched {
        target,
        label: None,
        groups: vec![group.into()],
        band: band(),
        origin: format!("config.toml line {line}").into(),
    };
    let agents = ["a1", "a2", "a3", "a4", "a5", "a6"]
        .iter()
        .enumerate()
        .map(|(i, id)| watched(Target::agent(*id), if i % 2 == 0 { "north" } else { "south" }, 10 + i));
    let campaigns = ["COLLECT", "RENEW"].iter().map(|id| watched(Target::campaign(*id), "sales", 5));
    let me = Instance { id: "me".into(), pid: 7, host: "desk".into(), role: Role::Dashboard };
    DashboardConfig::new("acme", campaigns.chain(agents).collect::<Vec<_>>(), me)
}

impl Floor {
    pub(crate) fn new() -> Floor {
        let clock = ManualClock::at("2026-03-12T09:00:00Z".parse().unwrap());
        let state = State::new(facts(), clock.now());
        Floor { clock, state }
    }

    pub(crate) fn now(&self) -> Now {
        self.clock.now()
    }

    pub(crate) fn reading(&self, target: Target, outcome: Outcome) -> Reading {
        Reading { target, at: self.now().stamp(), outcome, name: None }
    }

    /// Lets an agent's reading arrive now; 0 is *no calls*.
    pub(crate) fn agent(&mut self, id: &str, secs: u32) {
        let outcome = if secs == 0 { Outcome::NoCalls } else { Outcome::Value(Aht::from_secs(secs)) };
        let reading = self.reading(Target::agent(id), outcome);
        self.event(Event::Readings(vec![reading]));
    }

    pub(crate) fn event(&mut self, event: Event) -> Vec<super::Effect> {
        let now = self.now();
        update(&mut self.state, event, now)
    }

    /// A frame with room for so many rows is drawn.
    pub(crate) fn drawn(&mut self, layout: FrameLayout) {
        let layout = frame(&self.state, layout);
        self.event(Event::Drawn(layout));
    }

    pub(crate) fn advance(&mut self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
        self.event(Event::Tick);
    }

    pub(crate) fn status(&self, link: Link) -> Status {
        let known = Status::new(self.now().stamp(), link);
        Status { rate: 45.0, targets: 8, sweep: Duration::from_secs(60), ..known }
    }

    /// The ids of a table in the order of the screen.
    pub(crate) fn ids(&self, kind: Kind) -> Vec<Arc<str>> {
        super::lines(&self.state, kind).iter().map(|l| l.target().id.clone()).collect()
    }
}
