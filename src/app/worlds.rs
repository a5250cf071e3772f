//! Whole states at random, for the properties of this and of the rooms above: a floor that lived for up to an hour, or
//! for longer than a row keeps readings, with rows of all conditions, alerts, what people did about them, a link in any
//! state, and somebody in front of the screen.
//!
//! A script has no name in it: the same one makes the same floor of other people. Whoever wants to know what is true asks
//! the readings, which are kept as they were fed.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use tui_input::Input;

use super::{
    Alerts, Axis, ChartArea, Column, DashboardConfig, Effect, Event, Names, Notice, Overlay, Shared, Sort, Span, State,
    Topic, View, Wall, alerts::active, fixture::Floor, history,
};
use crate::{
    alert::{
        Action, AlertEvent, AlertRegistry, Counts, Policy, Rules, Subject, UserAction, findings, words::event_words,
    },
    api::Reply,
    config::Watched,
    domain::{Aht, Band, Clock, EventTime, LoggedIn, ManualClock, Outcome, Reading, Row, Target, opening},
    store::{self, EventKind, Instance, Link, Presence, Resting, Role, Usage, Words},
};

/// Most rows of a floor.
pub(crate) const ROWS: usize = 6;
/// The people of a floor: a row each, and one whom another dashboard watches.
pub(crate) const PEOPLE: usize = ROWS + 1;
/// Each row is read once in a cycle, where the floor is as fast as most are.
const CYCLE: Duration = Duration::from_secs(60);
/// A cycle of a floor that is so slow that the readings of a row reach further back than what it keeps.
const SLOW: u32 = 16;
/// An agent has no fresh value after so many cycles.
const STALE: u32 = 3;

/// Someone whom a name and an id give away.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Person {
    pub(crate) fn target(&self) -> Target {
        Target::agent(&*self.id)
    }
}

/// People with these ids and names; ids are made unique.
pub(crate) fn people(named: Vec<(String, String)>) -> Vec<Person> {
    named.into_iter().enumerate().map(|(i, (id, name))| Person { id: format!("{id}{i}"), name }).collect()
}

/// People whose names and ids are in no other text.
pub(crate) fn plain_people() -> Vec<Person> {
    people((0..PEOPLE).map(|i| (format!("zq.{i}.@acme.example."), format!("Zoltan{i} Quisp{i}"))).collect())
}

/// Nothing in particular, words of the screen itself, and names of every script.
pub(crate) fn anybody() -> impl Strategy<Value = Vec<Person>> {
    let word = || {
        prop_oneof![
            3 => "\\PC{1,14}",
            3 => "[A-Z][a-z]{1,7} [A-Z][a-z]{1,9}",
            2 => prop::sample::select(vec!["a", "1", "Al", "Log", "agent", "ok", "HIGH", "no", "agent 1", "in", "hidden"])
                .prop_map(str::to_owned),
        ]
    };
    prop::collection::vec((word(), word()), PEOPLE).prop_map(people)
}

/// What a row answers for some cycles.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Near a limit of the band, or near five minutes where it has none there, so much beside it and so restless.
    Values {
        limit: usize,
        beside: i32,
        unrest: i32,
    },
    NoCalls,
    Invalid,
    Failed,
    Malformed,
    /// It is not read at all.
    Silent,
}

#[derive(Clone, Debug)]
struct RowScript {
    agent: bool,
    /// The limits from the lowest to the highest.
    limits: [u32; 5],
    grouped: bool,
    labelled: bool,
    phases: Vec<(Phase, usize)>,
}

/// What somebody does about an alert in a cycle.
#[derive(Clone, Copy, Debug)]
struct Deed {
    cycle: usize,
    which: usize,
    what: usize,
}

/// What somebody did in front of the screen.
#[derive(Clone, Debug)]
struct Seat {
    view: View,
    names: Names,
    detail: bool,
    wall: bool,
    frozen: bool,
    acks_here: bool,
    sections: bool,
    folds: bool,
    clock_ages: bool,
    sort: (usize, bool),
    columns: usize,
    filter: usize,
    selected: Option<usize>,
    marked: Vec<usize>,
    pinned: Option<usize>,
    overlay: usize,
    scroll: usize,
    axis: (usize, u32),
}

/// All that happened on a floor, without a name.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    rows: Vec<RowScript>,
    deeds: Vec<Deed>,
    /// In which cycles the list of logins was read, and who was on it, a bit each.
    logins: Vec<(usize, u8)>,
    warm_up: u32,
    /// So many times [`CYCLE`] is a cycle.
    slow: u32,
    link: usize,
    /// So many seconds pass after the last reading.
    rest: u64,
    /// The poller spoke so many seconds ago; more than it may, and it is not heard.
    silence: i64,
    seat: Seat,
    pub(crate) size: (u16, u16),
}

/// From one end of the sizes to the other, and more often the usual ones.
fn size() -> impl Strategy<Value = (u16, u16)> {
    prop_oneof![
        2 => prop::sample::select(vec![(40, 12), (80, 24), (120, 40), (200, 60), (300, 80)]),
        2 => (40u16..=300, 12u16..=80),
    ]
}

fn row() -> impl Strategy<Value = RowScript> {
    let limits = (60u32..400, prop::array::uniform4(5u32..90), prop_oneof![2 => Just(31u8), 1 => 0u8..32]);
    let limits = limits.prop_map(|(first, steps, keep)| {
        let mut all = [first; 5];
        for i in 1..5 {
            all[i] = all[i - 1] + steps[i - 1];
        }
        std::array::from_fn(|i| if keep >> i & 1 == 1 { all[i] } else { 0 })
    });
    let phase = prop_oneof![
        12 => (0usize..5, -25i32..25, 0i32..40)
            .prop_map(|(limit, beside, unrest)| Phase::Values { limit, beside, unrest }),
        2 => (0usize..5, -3i32..3).prop_map(|(limit, beside)| Phase::Values { limit, beside, unrest: 0 }),
        1 => Just(Phase::NoCalls),
        1 => Just(Phase::Invalid),
        1 => Just(Phase::Failed),
        1 => Just(Phase::Malformed),
        1 => Just(Phase::Silent),
    ];
    let phases = prop::collection::vec((phase, 1usize..10), 0..5);
    (prop::bool::weighted(0.8), limits, any::<[bool; 2]>(), phases)
        .prop_map(|(agent, limits, [grouped, labelled], phases)| RowScript { agent, limits, grouped, labelled, phases })
}

fn seat() -> impl Strategy<Value = Seat> {
    let flags = (any::<[bool; 4]>(), prop::bool::weighted(0.1), prop::bool::weighted(0.15), prop::bool::weighted(0.15));
    let tables = ((0..Column::sort_menu().len(), any::<bool>()), 0usize..12, 0usize..20);
    let picked =
        (prop::option::of(0..ROWS), prop::collection::vec(0..ROWS, 0..5), prop::option::weighted(0.2, 0..ROWS));
    let over = (0usize..16, 0usize..30, (prop_oneof![3 => Just(0), 1 => 0usize..4], 0u32..3));
    (prop::sample::select(View::ALL.to_vec()), prop::sample::select(Names::ALL.to_vec()), flags, tables, picked, over)
        .prop_map(|(view, names, (flags, wall, frozen, acks_here), tables, picked, over)| {
            let [detail, sections, folds, clock_ages] = flags;
            let (sort, columns, filter) = tables;
            let (selected, marked, pinned) = picked;
            let (overlay, scroll, axis) = over;
            Seat {
                view,
                names,
                detail,
                wall,
                frozen,
                acks_here,
                sections,
                folds,
                clock_ages,
                sort,
                columns,
                filter,
                selected,
                marked,
                pinned,
                overlay,
                scroll,
                axis,
            }
        })
}

/// Any floor, with anybody in front of it.
pub(crate) fn script() -> impl Strategy<Value = Script> {
    let deed = (0usize..40, 0usize..ROWS, 0usize..5).prop_map(|(cycle, which, what)| Deed { cycle, which, what });
    let deeds = prop::collection::vec(deed, 0..6);
    let logins = prop::collection::vec((0usize..40, any::<u8>()), 0..3);
    let rest = prop_oneof![4 => 0u64..60, 1 => 60u64..900, 1 => 900u64..9000];
    let silence = prop_oneof![5 => 0i64..20, 1 => 20i64..200];
    let pace = (0u32..4, prop_oneof![2 => Just(1), 1 => Just(SLOW)]);
    let floor = (prop::collection::vec(row(), 1..=ROWS), deeds, logins, pace, 0usize..9);
    (floor, rest, silence, seat(), size()).prop_map(
        |((rows, deeds, logins, (warm_up, slow), link), rest, silence, seat, size)| Script {
            rows,
            deeds,
            logins,
            warm_up,
            slow,
            link,
            rest,
            silence,
            seat,
            size,
        },
    )
}

impl Script {
    /// The same with names like this.
    pub(crate) fn named(mut self, names: Names) -> Script {
        self.seat.names = names;
        self
    }

    /// A quiet floor of one row with the usual band, on which nothing happened yet.
    pub(crate) fn calm() -> Script {
        let limits = [120, 200, 287, 375, 450];
        let row = RowScript { agent: true, limits, grouped: true, labelled: true, phases: Vec::new() };
        let seat = Seat {
            view: View::Agents,
            names: Names::Full,
            detail: false,
            wall: false,
            frozen: false,
            acks_here: false,
            sections: false,
            folds: false,
            clock_ages: false,
            sort: (0, false),
            columns: 0,
            filter: 0,
            selected: None,
            marked: Vec::new(),
            pinned: None,
            overlay: 0,
            scroll: 0,
            axis: (0, 0),
        };
        Script {
            rows: vec![row],
            deeds: Vec::new(),
            logins: Vec::new(),
            warm_up: 0,
            slow: 1,
            link: 0,
            rest: 0,
            silence: 0,
            seat,
            size: (80, 24),
        }
    }
}

/// A floor as its script made it, and what was read.
pub(crate) struct World {
    pub(crate) floor: Floor,
    pub(crate) registry: AlertRegistry,
    pub(crate) policy: Policy,
    /// In the order in which it was read.
    pub(crate) read: Vec<Reading>,
    /// What would be told outside of the screen.
    pub(crate) alarms: Vec<String>,
    cycle: Duration,
    people: Vec<Person>,
    presence: Presence,
    events: Vec<store::Event>,
}

impl World {
    /// Plays `script` with `people`.
    pub(crate) fn new(script: &Script, people: &[Person]) -> World {
        let mut world = World::begun(script, people);
        let cycles = script.rows.iter().map(RowScript::cycles).max().unwrap_or(0);
        for cycle in 0..cycles {
            for (i, row) in script.rows.iter().enumerate() {
                world.floor.clock.advance(world.cycle / u32::try_from(script.rows.len()).unwrap_or(1));
                // All end together, so that what is seen last is what happens.
                let own = (cycle + row.cycles()).checked_sub(cycles);
                if let Some(outcome) = own.and_then(|own| row.outcome(own, &people[i])) {
                    let target = row.target(i, people);
                    world.record(target, outcome);
                }
            }
            world.list(script, cycle);
            world.judge(script);
            for deed in script.deeds.iter().filter(|deed| deed.cycle == cycle) {
                world.deed(*deed);
            }
            world.show();
        }
        world.floor.clock.advance(Duration::from_secs(script.rest));
        world.judge(script);
        world.tell(script);
        world.show();
        world.sit(script);
        world
    }

    /// The floor before anything was read.
    pub(crate) fn begun(script: &Script, people: &[Person]) -> World {
        let cycle = CYCLE * script.slow;
        let (dwell, stale_after) = (Duration::from_secs(120), cycle * STALE);
        let rules = Rules { dwell, clear_band: 0.05, warm_up: script.warm_up, stale_after };
        let rows = script.rows.iter().enumerate();
        let watched: Vec<Watched> = rows.map(|(i, row)| row.watched(i, people)).collect();
        let me = Instance { id: "me".into(), pid: 7, host: "desk".into(), role: Role::Dashboard };
        let clock = ManualClock::at("2026-03-12T09:00:00Z".parse().unwrap());
        let mut state = State::new(DashboardConfig::new("acme", watched, me), clock.now());
        // What is told outside of the screen goes by them too.
        state.preferences.names = script.seat.names;
        state.config.wall.names = script.seat.names;
        World {
            floor: Floor { clock, state },
            registry: AlertRegistry::default(),
            policy: Policy { agents: rules, campaigns: rules, sweep: cycle },
            read: Vec::new(),
            alarms: Vec::new(),
            cycle,
            people: people.to_vec(),
            presence: Presence::default(),
            events: Vec::new(),
        }
    }

    pub(crate) fn state(&self) -> &State {
        &self.floor.state
    }

    pub(crate) fn band(&self, target: &Target) -> Band {
        self.state().watched(target).unwrap().band
    }

    /// `target` is read now.
    pub(crate) fn record(&mut self, target: Target, outcome: Outcome) {
        if let Outcome::Failed(why) = &outcome
            && why.contains('{')
        {
            let text = Words::default().name(&target, None).own(": malformed reply: ").said(why.clone(), "[hidden]");
            self.note(EventKind::Malformed, text);
        }
        // The service names every second one.
        let named = self.people.iter().skip(1).step_by(2).find(|p| p.target() == target);
        let name = named.map(|p| Arc::from(&*p.name));
        let reading = Reading { name, ..self.floor.reading(target, outcome) };
        let band = self.band(&reading.target);
        let news = self.registry.record(&reading, &band, &self.policy);
        self.log(&news);
        self.floor.event(Event::Readings(vec![reading.clone()]));
        self.read.push(reading);
    }

    /// What the alerts say is shown.
    pub(crate) fn show(&mut self) {
        let now = self.floor.now();
        let news = self.registry.tick(&now);
        self.log(&news);
        let alerts = Alerts::new(&self.registry, &self.state().config.watched, &self.policy, &now);
        let effects = self.floor.event(Event::Alerts(Box::new(alerts)));
        self.alarms.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Alarm(text) => Some(text),
            _ => None,
        }));
    }

    /// The good readings of `target`.
    pub(crate) fn good(&self, target: &Target) -> impl DoubleEndedIterator<Item = (&EventTime, Option<u32>)> {
        let own = self.read.iter().filter(move |r| r.target == *target && r.outcome.is_good());
        own.map(|r| (&r.at, r.outcome.aht().map(Aht::secs)))
    }

    /// The history has what was read, for the chart that a frame had.
    pub(crate) fn look_back(&mut self, chart: &ChartArea) {
        let Some(grid) = history::grid(self.state(), chart) else { return };
        let mut builder = history::BucketBuilder::new(grid);
        self.read.iter().for_each(|reading| builder.record(reading));
        let now = self.floor.now().wall.as_millisecond();
        self.floor.event(Event::Past(Box::new(builder.finish(now))));
    }

    fn note(&mut self, kind: EventKind, text: Words) {
        self.events.push(store::Event { at: self.floor.now().stamp(), kind, who: "pid 4711".into(), text });
    }

    fn log(&mut self, news: &[AlertEvent]) {
        let mut news: Vec<&AlertEvent> = news.iter().collect();
        news.sort_by_key(|event| event.at.mono);
        for event in news {
            let name = match &event.id.subject {
                Subject::Target(target) => self.people.iter().find(|p| p.target() == *target).map(|p| p.name.clone()),
                Subject::Problem(_) => None,
            };
            self.note(EventKind::Alert, event_words(event, name.as_deref()));
        }
    }

    /// The list of logins is read.
    fn list(&mut self, script: &Script, cycle: usize) {
        let Some((_, bits)) = script.logins.iter().find(|(at, _)| *at == cycle) else { return };
        let on = self.people.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1);
        let word = |i: usize| ["READY", "PAUSE", "In Call"][(i + cycle) % 3].into();
        let name = |p: &Person| Some(Arc::from(&*p.name));
        let on = on.map(|(i, p)| LoggedIn { id: p.id.as_str().into(), name: name(p), state: Some(word(i)) }).collect();
        let now = self.floor.now();
        let known = std::mem::take(&mut self.presence).listed(on, true, CYCLE, &now);
        let out = |p: &&Person| known.out_since(&p.id).is_some();
        let out: Vec<Target> = self.people.iter().filter(out).map(Person::target).collect();
        let resting = Resting::new(out.iter().map(|target| (target, CYCLE * 10)), CYCLE);
        self.presence = known.with_resting(resting);
    }

    /// What is wrong with the account is judged.
    fn judge(&mut self, script: &Script) {
        let now = self.floor.now();
        let rows: Vec<Row> = self.state().live.rows.values().cloned().collect();
        let counts = Counts::from_rows(&rows, &now, self.cycle * STALE);
        let link = self.link(script.link);
        let found = findings(link.as_ref(), &counts);
        let policy = self.policy;
        let news = self.registry.observe(found, &now.stamp(), &policy);
        self.log(&news);
    }

    fn link(&self, which: usize) -> Option<Link> {
        let now = self.floor.now();
        let other = &self.people[PEOPLE - 1];
        let later = |secs| now.stamp().after(Duration::from_secs(secs));
        let excerpt = format!("<b>{} {}</b>", other.id, other.name);
        let why: Arc<str> = Reply::Malformed { excerpt: excerpt.into() }.account_sentence().into();
        match which {
            0 | 1 => Some(Link::Live),
            2 => Some(Link::Throttled { until: later(12) }),
            3 => Some(Link::TokenWait { until: later(30), why }),
            4 => Some(Link::TokenCeiling { until: later(1500) }),
            5 => Some(Link::Credentials { why, until: later(600) }),
            6 => Some(Link::Down { why, since: now.stamp(), until: later(20) }),
            7 => Some(Link::Closed { until: Some(later(7200)) }),
            _ => None,
        }
    }

    fn deed(&mut self, deed: Deed) {
        let mut active: Vec<_> = self.registry.active().collect();
        // In no order that a name makes.
        active.sort_by_key(|a| a.started.mono);
        let Some(alert) = active.get(deed.which % active.len().max(1)) else { return };
        let (id, rank) = (alert.id.clone(), alert.kind.rank());
        let note = |text: &str| UserAction::Ack { rank, note: text.into() };
        let whom = self.people[deed.which].name.clone();
        let what = match deed.what {
            0 => note(""),
            // The same words twice would be no news, and some people have one name; of two at once the greater note wins,
            // which must not hang on a name.
            1 => note(&format!("cycle {}, {}: {whom} is on it", deed.cycle, deed.which)),
            2 => UserAction::Unack,
            3 => UserAction::MuteUntilClear,
            _ => {
                let until = self.floor.now().wall.checked_add(Duration::from_secs(1800)).unwrap();
                UserAction::MuteUntil(until)
            }
        };
        let at = self.floor.now().stamp();
        let news = self.registry.act(&Action { id, at, by: "Meera".into(), what });
        self.log(&Vec::from_iter(news));
    }

    /// What the poller and the others say.
    fn tell(&mut self, script: &Script) {
        let other = self.people[PEOPLE - 1].clone();
        let link = self.link(script.link);
        if let Some(link) = &link {
            self.note(EventKind::Link, Words::of_link(link));
        }
        let why = format!("the service refuses the credentials ({} {})", other.id, other.name);
        self.note(EventKind::GenerationFailed, Words::default().said(&*why, opening(&why)));
        // As an earlier version wrote it.
        let old = format!("{}: HIGH 7:48", self.people[0].name);
        self.note(EventKind::Alert, Words::default().said(old, "[hidden]"));
        let mut status = link.map(|link| self.floor.status(link));
        if let Some(status) = &mut status {
            status.at.mono = status.at.mono - Duration::from_secs(script.silence.unsigned_abs());
            status.at.wall = status.at.wall.checked_sub(Duration::from_secs(script.silence.unsigned_abs())).unwrap();
            status.sweep = self.cycle;
            status.next = Some(other.target());
        }
        let me = self.state().config.me.clone();
        let shared = Shared {
            status,
            usage: Usage { used_60s: 20, in_flight: 1, throttled_1h: 2, generated_1h: 4, invalidated_1h: 1 },
            poller: (script.silence % 3 > 0).then(|| me.clone()),
            instances: vec![me],
            presence: (!script.logins.is_empty()).then(|| Arc::new(self.presence.clone())),
            events: Some(std::mem::take(&mut self.events)),
            ..Shared::default()
        };
        self.floor.event(Event::Shared(Box::new(shared)));
        let text = format!("config.toml line 3: agent {} is there twice", self.people[1].id);
        self.floor.event(Event::Notice(Notice { topic: Topic::ConfigWarning(0), text }));
    }

    /// Somebody sits down in front of it.
    fn sit(&mut self, script: &Script) {
        let seat = &script.seat;
        let targets: Vec<Target> = script.rows.iter().enumerate().map(|(i, r)| r.target(i, &self.people)).collect();
        let target = |i: usize| targets[i % targets.len()].clone();
        if seat.acks_here {
            // Before the store knows of it.
            self.floor.state.navigation.view = View::Alerts;
            for key in [crossterm::event::KeyCode::Char('a'), crossterm::event::KeyCode::Enter] {
                self.floor.event(Event::Key(key.into()));
            }
        }
        let now = self.floor.now();
        let state = &mut self.floor.state;
        state.preferences.sections = seat.sections;
        state.preferences.fold_logged_out = seat.folds;
        state.preferences.age_as_time = seat.clock_ages;
        let column = Column::sort_menu().get(seat.sort.0).copied().unwrap_or(Column::State);
        state.preferences.sort = Sort { column, reverse: seat.sort.1 };
        // The usual columns more often than others.
        state.preferences.columns = Column::ALL.iter().copied().skip(seat.columns.saturating_sub(4)).collect();
        if seat.columns <= 4 {
            state.preferences.columns.clear();
        }
        let at = &mut state.navigation;
        at.view = seat.view;
        at.detail_open = seat.detail;
        at.scroll = seat.scroll;
        at.axis = Axis { span: Span::ALL[seat.axis.0 % 4], back: seat.axis.1 };
        let filters = ["group:north", "state:high", "!state:ok", "aht>5:00", "age>1m", "vs>5%", "group:nowhere"];
        at.filter.text = Input::new(filters.get(seat.filter).copied().unwrap_or("").to_owned());
        at.filter.editing = seat.filter == 1;
        if let Some(chosen) = seat.selected.map(target) {
            at.focus = chosen.kind;
            at.selected.insert(chosen.kind, chosen);
        }
        at.axis_of = at.selected.get(&at.focus).cloned();
        for i in &seat.marked {
            if !at.marked.contains(&target(*i)) && at.marked.len() < super::Navigation::MOST_MARKED {
                at.marked.push(target(*i));
            }
        }
        at.pins.extend(seat.pinned.map(|i| (target(i), now.mono + Duration::from_secs(600))));
        at.alert = state.live.alerts.get(seat.scroll % 4).map(|a| a.id.clone());
        let alert = active(&state.live).next().map(|a| (a.id.clone(), a.kind.rank()));
        at.overlay = match (seat.overlay, alert) {
            (0, _) => Some(Overlay::Help { scroll: seat.scroll }),
            (1, _) => Some(Overlay::Banners { scroll: 0 }),
            (2, _) => Some(Overlay::SortMenu { cursor: seat.scroll }),
            (3, _) => Some(Overlay::Columns { cursor: seat.scroll }),
            (4, Some(alert)) => Some(Overlay::Note { alerts: vec![alert], text: "x".into() }),
            (5, Some((id, _))) => Some(Overlay::MuteMenu { id, cursor: seat.scroll }),
            _ => None,
        };
        at.wall = seat.wall.then(|| Wall::new(now.mono));
        if seat.frozen {
            state.toggle_freeze();
            self.floor.clock.advance(Duration::from_secs(100));
            self.floor.event(Event::Tick);
        }
    }
}

impl RowScript {
    fn target(&self, i: usize, people: &[Person]) -> Target {
        if self.agent { people[i].target() } else { Target::campaign(format!("CAMPAIGN-{i}")) }
    }

    fn watched(&self, i: usize, people: &[Person]) -> Watched {
        let l = self.limits.map(|l| (l > 0).then(|| Aht::from_secs(l)));
        Watched {
            target: self.target(i, people),
            // Some are known by their label, some by the service's name, some by their id alone.
            label: (self.agent && self.labelled).then(|| Arc::from(&*people[i].name)),
            groups: self.grouped.then(|| Arc::from(["north", "south"][i % 2])).into_iter().collect(),
            band: Band { low_crit: l[0], low_warn: l[1], target: l[2], high_warn: l[3], high_crit: l[4] },
            origin: format!("config.toml line {}", i + 20).into(),
        }
    }

    fn cycles(&self) -> usize {
        self.phases.iter().map(|(_, cycles)| cycles).sum()
    }

    /// What it answers in this cycle of its own.
    fn outcome(&self, cycle: usize, person: &Person) -> Option<Outcome> {
        let mut left = cycle;
        let (phase, _) = self.phases.iter().find(|(_, cycles)| match left.checked_sub(*cycles) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        })?;
        let excerpt = || format!("{{\"agent\": \"{}\", \"name\": \"{}\"}}", person.id, person.name);
        Some(match *phase {
            Phase::Values { limit, beside, unrest } => {
                let base = i32::try_from(self.limits[limit]).unwrap_or(0);
                let base = if base == 0 { 300 } else { base };
                let moved = i32::try_from(cycle * 7919 % 13).unwrap_or(0) - 6;
                let secs = base + beside + unrest * moved / 6;
                Outcome::Value(Aht::from_secs(u32::try_from(secs.max(1)).unwrap_or(1)))
            }
            Phase::NoCalls => Outcome::NoCalls,
            Phase::Invalid => Outcome::Invalid,
            Phase::Failed => Outcome::Failed("no answer within 10s".into()),
            Phase::Malformed => {
                let reply = Reply::Malformed { excerpt: excerpt().into() };
                Outcome::Failed(reply.sentence(&person.target()).into())
            }
            Phase::Silent => return None,
        })
    }
}
