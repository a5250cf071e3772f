//! One banner a cause, with what to do.

use std::time::Duration;

use crossterm::event::KeyCode;

use crate::{
    app::{Event, Notice, Severity, Shared, banners, fixture::Floor},
    domain::{EventTime, Outcome, Target},
    store::{Instance, Link, OtherClients, Role, Usage},
};

fn texts(floor: &Floor) -> Vec<String> {
    banners(&floor.state).into_iter().map(|b| b.text.to_string()).collect()
}

fn later(floor: &Floor, secs: u64) -> EventTime {
    let mut at = floor.now().stamp();
    at.mono = at.mono + Duration::from_secs(secs);
    at
}

fn poller() -> Instance {
    Instance { id: "p".into(), pid: 2211, host: "floor-2".into(), role: Role::Serve }
}

fn refuse(floor: &mut Floor, id: &str) {
    let refused = floor.reading(Target::agent(id), Outcome::Invalid);
    floor.event(Event::Readings(vec![refused]));
}

#[test]
fn a_calm_floor_has_no_banner() {
    let mut floor = Floor::new();
    floor.advance(29);
    assert_eq!(texts(&floor), Vec::<String>::new());
    floor.advance(600);
    floor.state.live.status = Some(floor.status(Link::Live));
    assert_eq!(texts(&floor), Vec::<String>::new());
}

#[test]
fn each_state_of_the_link_says_what_happens_next() {
    let mut floor = Floor::new();
    let until = later(&floor, 90);
    let since = floor.now().stamp();
    for (link, key, parts) in [
        (Link::Throttled { until: until.clone() }, "throttled", ["3 in the last hour", "in 1m"]),
        (
            Link::TokenWait { until: until.clone(), why: "it died early".into() },
            "token-wait",
            ["it died early", "in 1m"],
        ),
        (Link::TokenCeiling { until: until.clone() }, "token-ceiling", ["4 tokens", "token_command"]),
        (Link::Credentials { until: until.clone(), why: "wrong key".into() }, "credentials", ["wrong key", "in 1m"]),
        (Link::Down { until, since, why: "no route".into() }, "down", ["no route", "in 1m"]),
    ] {
        floor.state.live.status = Some(floor.status(link));
        floor.state.live.usage = Usage { throttled_1h: 3, generated_1h: 4, invalidated_1h: 3, ..Usage::default() };
        let banners = banners(&floor.state);
        assert_eq!(banners.len(), 1);
        assert_eq!(banners[0].key, key);
        assert!(parts.iter().all(|p| banners[0].text.to_string().contains(p)), "{}", banners[0].text);
    }
}

#[test]
fn a_silent_poller_is_named_and_its_old_words_are_not_repeated() {
    let mut floor = Floor::new();
    floor.state.live.status = Some(floor.status(Link::Throttled { until: later(&floor, 5) }));
    floor.state.live.poller = Some(poller());
    floor.advance(29);
    assert!(texts(&floor)[0].starts_with("Throttled"));
    floor.advance(13);
    let all = banners(&floor.state);
    assert_eq!((all.len(), all[0].severity), (1, Severity::Error));
    assert!(
        all[0].text.to_string().contains("pid 2211 (serve) on floor-2 has said nothing for 42s"),
        "{}",
        all[0].text
    );
}

#[test]
fn without_a_poller_a_viewer_is_told_what_to_start() {
    let mut floor = Floor::new();
    floor.state.config.may_poll = false;
    floor.advance(30);
    assert!(texts(&floor)[0].contains("ahtop serve"), "{:?}", texts(&floor));
}

#[test]
fn an_invalid_id_is_shown_with_its_place_and_its_next_try() {
    let mut floor = Floor::new();
    floor.state.live.status = Some(floor.status(Link::Live));
    refuse(&mut floor, "a3");
    assert!(texts(&floor)[0].contains("asked once more"), "{:?}", texts(&floor));
    refuse(&mut floor, "a3");
    floor.advance(20);
    assert_eq!(texts(&floor), ["a3: agentId is invalid since 09:00, next try in 29m: correct config.toml line 12"]);
    for id in ["a1", "a2", "a4"] {
        refuse(&mut floor, id);
    }
    let text = &texts(&floor)[0];
    assert!(text.starts_with("4 ids are invalid: a1 (config.toml line 10), ") && text.contains("and 1 more"), "{text}");
}

#[test]
fn a_failing_row_is_a_cause_only_while_the_link_lives() {
    let mut floor = Floor::new();
    floor.agent("a1", 300);
    for _ in 0..3 {
        floor.advance(90);
        let failed = floor.reading(Target::agent("a1"), Outcome::Failed("no answer within 10s".into()));
        floor.event(Event::Readings(vec![failed]));
    }
    floor.state.live.status = Some(floor.status(Link::Live));
    assert_eq!(texts(&floor), ["agent a1 not refreshed for 4:30 (3 failures): no answer within 10s"]);
    let now = floor.now().stamp();
    floor.state.live.status = Some(floor.status(Link::Down { why: "down".into(), since: now.clone(), until: now }));
    assert_eq!(banners(&floor.state).iter().map(|b| b.key.as_str()).collect::<Vec<_>>(), ["down"]);
}

#[test]
fn a_dismissed_banner_returns_with_its_cause() {
    let mut floor = Floor::new();
    let live = Shared { status: Some(floor.status(Link::Live)), ..Shared::default() };
    let throttled =
        Shared { status: Some(floor.status(Link::Throttled { until: later(&floor, 9) })), ..Shared::default() };
    floor.event(Event::Shared(Box::new(throttled.clone())));
    floor.event(Event::Key(KeyCode::Char('x').into()));
    assert_eq!(texts(&floor), Vec::<String>::new());
    floor.event(Event::Shared(Box::new(throttled.clone())));
    assert_eq!(texts(&floor), Vec::<String>::new());
    floor.event(Event::Shared(Box::new(live)));
    floor.event(Event::Shared(Box::new(throttled)));
    assert_eq!(texts(&floor).len(), 1);
}

#[test]
fn notices_are_shown_once_worst_first_and_go_when_resolved() {
    let mut floor = Floor::new();
    let notice = |key: &str, severity, text: &str| {
        Event::Notice(Notice { key: key.to_owned(), severity, text: text.to_owned() })
    };
    floor.event(notice("reload", Severity::Info, "Configuration read again"));
    floor.event(notice("store:read", Severity::Error, "The store is busy"));
    floor.event(notice("store:read", Severity::Error, "The store is\u{1b} damaged"));
    assert_eq!(texts(&floor), ["The store is\u{fffd} damaged", "Configuration read again"]);
    floor.event(Event::Resolved("store:read".to_owned()));
    assert_eq!(texts(&floor), ["Configuration read again"]);
    for i in 0..100 {
        floor.event(notice(&format!("n{i}"), Severity::Info, "x"));
    }
    assert_eq!(floor.state.notices.list.len(), 20);
}

#[test]
fn other_clients_are_named_with_their_numbers_and_what_to_do() {
    let mut floor = Floor::new();
    floor.advance(600);
    let mut status = floor.status(Link::Live);
    status.rate = 19.0;
    status.sweep = Duration::from_secs(630);
    status.other_clients = Some(OtherClients {
        per_minute: Some(30.4),
        generated_every: Some(Duration::from_secs(300)),
        last_invalidated: Some(floor.now().stamp()),
    });
    floor.state.live.usage.invalidated_1h = 3;
    floor.state.live.status = Some(status.clone());
    let said = texts(&floor);
    for part in ["about 30 of the account's 50", "asks 19 a minute", "sweep takes 10m", "reserve to 31"] {
        assert!(said[0].contains(part), "{part}: {said:?}");
    }
    for part in ["about every 5m", "3 tokens of ours died early", "the last at 09:10", "token_command", "basic"] {
        assert!(said[1].contains(part), "{part}: {said:?}");
    }
    // After an hour without an invalidation nobody is accused any more.
    floor.state.live.usage.invalidated_1h = 0;
    status.other_clients.as_mut().unwrap().per_minute = None;
    floor.state.live.status = Some(status);
    assert_eq!(texts(&floor), Vec::<String>::new());
}

#[test]
fn why_nothing_comes_stands_before_what_other_clients_do() {
    let mut floor = Floor::new();
    floor.advance(600);
    floor.state.live.usage.invalidated_1h = 1;
    let until = later(&floor, 90);
    for link in [
        Link::TokenWait { until: until.clone(), why: "it died early".into() },
        Link::Throttled { until: until.clone() },
        Link::Credentials { until, why: "wrong key".into() },
    ] {
        let mut status = floor.status(link);
        let (generated_every, last_invalidated) = (None, Some(floor.now().stamp()));
        status.other_clients = Some(OtherClients { per_minute: Some(30.0), generated_every, last_invalidated });
        floor.state.live.status = Some(status);
        let keys: Vec<String> = banners(&floor.state).into_iter().map(|b| b.key).collect();
        assert_eq!(keys.len(), 3);
        assert_eq!(&keys[1..], ["strangers:use", "strangers:mint"], "{keys:?}");
    }
}

#[test]
fn a_ceiling_that_nobody_else_led_to_accuses_nobody() {
    let mut floor = Floor::new();
    floor.state.live.status = Some(floor.status(Link::TokenCeiling { until: later(&floor, 90) }));
    floor.state.live.usage = Usage { generated_1h: 4, ..Usage::default() };
    let text = &texts(&floor)[0];
    assert!(text.contains("4 tries") && text.contains("in 1m") && !text.contains("another program"), "{text}");
}
