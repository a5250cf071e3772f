//! One word for one thing: no screen has a word that the glossary has replaced.
//!
//! What is told by banners, alerts and events has its own rooms, and is drawn here as far as the busy floor has some.

use super::{alerts::tests::alarmed, testing::*, tests_cases::links};
use crate::{
    app::{Names, Overlay, State, View, Wall, banners},
    config::{Symbols, Theme, floor_of},
    domain::{BootTime, Outcome, Problem, Target},
    store::{Link, OnFloor, OtherClients, Presence, Role, Standing, StoreError, Usage},
};

/// Words that have another one in `docs/src/glossary.md`.
const WORDS: [&str; 16] = [
    "sweep",
    "sweeps",
    "mint",
    "mints",
    "minted",
    "stranger",
    "strangers",
    "dev",
    "d30m",
    "prev2h",
    "warm-up",
    "failing",
    "viewer",
    "viewers",
    "poller",
    "reckon",
];
const PHRASES: [&str; 12] = [
    "bad id",
    "invalid id",
    "clear band",
    "deserves a look",
    "killed by",
    "lives for",
    "needs to look",
    "nobody polls",
    "not a verdict",
    "unknown to the service",
    "usual over",
    "usual under",
];

/// The first word of `text` that has another one now.
fn outdated(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
    let word = WORDS.into_iter().find(|w| words.contains(w));
    word.or_else(|| PHRASES.into_iter().find(|p| text.contains(p)))
}

/// All views and overlays, in good times and in bad ones.
fn states() -> Vec<State> {
    let mut all: Vec<State> = View::ALL.into_iter().map(busy).collect();
    all.push(alarmed(View::Alerts));
    let overlays = [Overlay::SortMenu { cursor: 0 }, Overlay::Columns { cursor: 0 }, Overlay::Banners { scroll: 0 }];
    let help = (0..12).map(|page| Overlay::Help { scroll: page * 20 });
    for overlay in overlays.into_iter().chain(help) {
        let mut s = busy(View::Overview);
        s.navigation.overlay = Some(overlay);
        all.push(s);
    }
    for target in busy(View::Agents).config.watched.iter().map(|w| w.target.clone()) {
        let mut s = busy(View::Overview);
        s.navigation.focus = target.kind;
        s.navigation.selected.insert(target.kind, target);
        s.navigation.detail_open = true;
        all.push(s);
    }
    for view in View::ALL {
        let mut s = busy(view);
        s.live.poller = Some(instance(2211, Role::Serve));
        s.live.usage.used_60s = 50;
        s.live.usage.throttled_1h = 3;
        s.live.usage.generated_1h = 9;
        s.live.usage.invalidated_1h = 2;
        s.preferences.names = Names::Hidden;
        if let Some(status) = &mut s.live.status {
            status.link = Link::Throttled { until: ago(-5) };
            status.rate = 20.0;
        }
        all.push(s.clone());
        s.live.poller = None;
        s.live.status = None;
        all.push(s);
    }
    for s in [busy(View::Overview), all[all.len() - 1].clone()] {
        let mut wall = s;
        wall.navigation.wall = Some(Wall::new(BootTime(0)));
        all.push(wall);
    }
    all
}

/// What banners are about, by the states that raise them.
fn troubled() -> Vec<State> {
    let usage = Usage { used_60s: 20, in_flight: 0, throttled_1h: 3, generated_1h: 4, invalidated_1h: 3 };
    let mut all = Vec::new();
    let mut add = |link: Link, usage: Usage| {
        let mut s = busy(View::Agents);
        let status = s.live.status.as_mut().unwrap();
        let (generated_every, last_invalidated) = (Some(std::time::Duration::from_secs(300)), Some(ago(60)));
        status.other_clients = Some(OtherClients { per_minute: Some(30.4), generated_every, last_invalidated });
        (status.link, s.live.usage) = (link, usage);
        all.push(s);
    };
    add(Link::Live, usage);
    add(Link::Closed { until: None }, usage);
    links().into_iter().for_each(|(_, link)| add(link, usage));
    add(Link::TokenCeiling { until: ago(-60) }, Usage { invalidated_1h: 0, ..usage });
    let old = |change: fn(&mut State)| {
        let mut s = busy(View::Agents);
        s.live.status.as_mut().unwrap().at = ago(95);
        change(&mut s);
        s
    };
    all.extend([
        old(|s| s.live.poller = Some(instance(2211, Role::Serve))),
        old(|s| s.config.me = s.live.poller.clone().unwrap()),
        old(|s| (s.live.poller, s.config.may_poll) = (None, true)),
        old(|s| (s.live.poller, s.config.may_poll) = (None, false)),
    ]);
    let floor = || {
        let mut s = busy(View::Agents);
        s.config.floor = Some(floor_of(""));
        s.live.status.as_mut().unwrap().link = Link::Live;
        s
    };
    let mut full = floor();
    full.on_floor = OnFloor { logged_in: 214, left_out: 14, ..OnFloor::default() };
    all.push(full);
    let why = || "HTTP 401, Missing userName or apiKey".into();
    let standings = [
        Standing::Unknown,
        Standing::Refused { why: why(), until: ago(-60) },
        Standing::Failing { why: why(), since: ago(60) },
    ];
    all.extend(standings.map(|standing| {
        let mut s = floor();
        s.started.mono = BootTime(i64::MIN);
        s.live.presence = Some(std::sync::Arc::new(Presence::default().with(standing)));
        s
    }));
    for many in [false, true] {
        let agents = if many { 5 } else { 1 };
        let ids = (0..agents).map(|i| format!("agent.{i}.of.the.north"));
        let specs = |outcome: Outcome| {
            let three = move |id| Spec {
                target: Target::agent(id),
                readings: (1..4).map(|n| (n * 300, outcome.clone())).collect(),
                ..Spec::agent("x", "north", 300, 300, 20)
            };
            state(&ids.clone().map(three).collect::<Vec<_>>())
        };
        all.push(specs(Outcome::Invalid));
        all.push(specs(Outcome::Failed("no answer within 10s".into())));
    }
    all
}

/// The verbs that banners begin with, and the one word for when there is nothing to do.
const BEGIN: [&str; 14] = [
    "Check", "Correct", "End", "Fix", "Free", "Make", "Name", "Raise", "Restart", "Run", "Set", "Start", "Stop", "Wait",
];
const NOTHING_TO_DO: [&str; 2] = ["CLOSED", "See"];

#[test]
fn a_banner_begins_with_what_to_do_and_keeps_it_on_120_columns() {
    let mut seen = std::collections::BTreeSet::new();
    for mut s in troubled() {
        let all: Vec<_> = banners(&s).into_iter().map(|b| b.id).collect();
        for one in all.clone() {
            s.notices.dismissed = all.iter().filter(|id| **id != one).cloned().collect();
            let text = banners::told(&s, &banners(&s)[0], false);
            let (to_do, _) = text.split_once(": ").unwrap();
            let first = to_do.split([' ', ',']).next().unwrap();
            assert!(BEGIN.contains(&first) || NOTHING_TO_DO.contains(&first), "{text}");
            let picture = words(&picture(&s, &look(Theme::Mono, Symbols::Unicode), 120, 24).0);
            assert!(picture.contains(to_do), "{text}\n{picture}");
            assert_eq!(outdated(&text), None, "{text}");
            // Words of our own fit whole; only what others said may be longer.
            assert!(text.chars().count() <= 116 || to_do.chars().count() < 90, "{} {text}", text.chars().count());
            seen.insert(format!("{:?}", one.0));
        }
    }
    // What the store says of itself has tests of its own.
    let rows_and_link = |problem: &Problem| {
        let of_store = problem.word().starts_with("store") || problem.word().starts_with("ledger");
        !of_store && !matches!(problem, Problem::OtherBoot | Problem::Stale | Problem::Waiting)
    };
    assert_eq!(seen.len(), Problem::ALL.iter().filter(|p| rows_and_link(p)).count(), "{seen:?}");
    let place = || "/var/lib/ahtop/acme.db".to_owned();
    for error in [
        StoreError::Busy(place()),
        StoreError::Full(place()),
        StoreError::ReadOnly(place()),
        StoreError::Io(place()),
        StoreError::Corrupt(place()),
        StoreError::Unreachable { place: "db.example:5432".into(), why: "connection refused".into() },
        StoreError::Other("?".into()),
    ] {
        let text = error.advice();
        assert!(BEGIN.contains(&text.split(' ').next().unwrap()) && text.len() <= 116, "{text}");
    }
}

#[test]
fn no_screen_has_a_word_that_the_glossary_has_replaced() {
    for state in states() {
        for (w, h) in [(200, 60), (120, 40), (80, 24), (38, 7)] {
            for symbols in [Symbols::Unicode, Symbols::Ascii] {
                let picture = words(&picture(&state, &look(Theme::Mono, symbols), w, h).0);
                assert_eq!(outdated(&picture), None, "{picture}");
            }
        }
    }
    assert_eq!(outdated("budget 3, SWEEP 1:02"), Some("sweep"));
}
