//! One banner a cause, with what to do.

use std::time::Duration;

use crossterm::event::KeyCode;

use crate::{
    alert::{Ack, Alert, AlertId, AlertKind, Subject},
    app::{Concerned, Event, Notice, Severity, Shared, Topic, banners, fixture::Floor},
    domain::{EventTime, Outcome, Problem, Target},
    store::{Instance, Link, OtherClients, Role, Usage},
};

fn texts(floor: &Floor) -> Vec<String> {
    banners(&floor.state).into_iter().map(|b| b.text.to_string()).collect()
}

fn problems(floor: &Floor) -> Vec<Problem> {
    let topics = banners(&floor.state).into_iter().map(|b| b.id.0);
    topics.map(|topic| if let Topic::Problem(problem) = topic { problem } else { panic!("{topic:?}") }).collect()
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
    for (link, problem, parts) in [
        (Link::Throttled { until: until.clone() }, Problem::Throttled, ["3 in the last hour", "in 90 s"]),
        (
            Link::TokenWait { until: until.clone(), why: "it was invalidated".into() },
            Problem::Token,
            ["it was invalidated", "in 90 s"],
        ),
        (Link::TokenCeiling { until: until.clone() }, Problem::TokenCeiling, ["3 of 4", "token_command"]),
        (
            Link::Credentials { until: until.clone(), why: "wrong key".into() },
            Problem::Credentials,
            ["wrong key", "in 90 s"],
        ),
        (Link::Down { until, since, why: "no route".into() }, Problem::Service, ["no route", "in 90 s"]),
    ] {
        floor.state.live.status = Some(floor.status(link));
        floor.state.live.usage = Usage { throttled_1h: 3, generated_1h: 4, invalidated_1h: 3, ..Usage::default() };
        assert_eq!(problems(&floor), [problem]);
        let text = texts(&floor).remove(0);
        assert!(parts.iter().all(|p| text.contains(p)), "{text}");
    }
}

#[test]
fn a_silent_poller_is_named_and_its_old_words_are_not_repeated() {
    let mut floor = Floor::new();
    floor.state.live.status = Some(floor.status(Link::Throttled { until: later(&floor, 5) }));
    floor.state.live.poller = Some(poller());
    floor.advance(29);
    assert_eq!(problems(&floor), [Problem::Throttled]);
    floor.advance(13);
    let all = banners(&floor.state);
    assert_eq!((all.len(), all[0].severity), (1, Severity::Error));
    assert_eq!(all[0].id, (Topic::Problem(Problem::Silent), Concerned::Process("p".into())));
    let text = all[0].text.to_string();
    assert!(text.starts_with("Restart pid 2211 (serve) on floor-2: it has not checked the service for 42 s"), "{text}");
}

#[test]
fn without_a_poller_a_viewer_is_told_what_to_start() {
    let mut floor = Floor::new();
    floor.state.config.may_poll = false;
    floor.advance(30);
    assert!(texts(&floor)[0].starts_with("Start `ahtop serve`"), "{:?}", texts(&floor));
}

#[test]
fn an_unknown_id_has_a_banner_until_somebody_has_acknowledged_it() {
    let mut floor = Floor::new();
    floor.state.live.status = Some(floor.status(Link::Live));
    refuse(&mut floor, "a3");
    let at = floor.now().stamp();
    let kind = |rank| AlertKind::Problem { text: "the service does not know agent a3".into(), count: rank, rank };
    let id = AlertId { subject: Subject::Problem(Problem::UnknownId), serial: 1 };
    let ack = Ack { at: at.wall, by: "Meera".into(), rank: 1, note: "".into(), holds: true };
    let alert = Alert { id, started: at.clone(), since: at, exact: true, kind: kind(1), ended: None, ack: None };
    floor.state.live.alerts = vec![alert];
    assert_eq!(texts(&floor).len(), 1);
    floor.state.live.alerts[0].ack = Some(ack);
    assert_eq!(texts(&floor), Vec::<String>::new());
    floor.state.live.alerts[0].kind = kind(2);
    assert_eq!(texts(&floor).len(), 1, "a further one is another matter");
}

#[test]
fn an_unknown_id_is_shown_with_its_place_and_its_next_check() {
    let mut floor = Floor::new();
    floor.state.live.status = Some(floor.status(Link::Live));
    refuse(&mut floor, "a3");
    assert!(texts(&floor)[0].contains("next check soon"), "{:?}", texts(&floor));
    refuse(&mut floor, "a3");
    floor.advance(20);
    assert_eq!(
        texts(&floor),
        ["Fix config.toml line 12: agent ID a3 is unknown (checked 09:00, next check in 29 min)"]
    );
    for id in ["a1", "a2", "a4"] {
        refuse(&mut floor, id);
    }
    let text = &texts(&floor)[0];
    let begin = "Fix 4 unknown IDs, `ahtop check --live` lists them: a1 (config.toml line 10), ";
    assert!(text.starts_with(begin) && text.ends_with("and 1 more"), "{text}");
}

#[test]
fn a_row_without_an_answer_is_a_cause_only_while_the_link_lives() {
    let mut floor = Floor::new();
    floor.agent("a1", 300);
    for _ in 0..3 {
        floor.advance(90);
        let failed = floor.reading(Target::agent("a1"), Outcome::Failed("no answer within 10s".into()));
        floor.event(Event::Readings(vec![failed]));
    }
    floor.state.live.status = Some(floor.status(Link::Live));
    assert_eq!(
        texts(&floor),
        ["Run `ahtop doctor --live`: no answer for agent a1 (3 tries, last value 4:30 ago): no answer within 10s"]
    );
    let now = floor.now().stamp();
    floor.state.live.status = Some(floor.status(Link::Down { why: "down".into(), since: now.clone(), until: now }));
    assert_eq!(problems(&floor), [Problem::Service]);
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
    let notice = |topic, text: &str| Event::Notice(Notice { topic, text: text.to_owned() });
    let store = Topic::Problem(Problem::StoreRead);
    floor.event(notice(Topic::Log, "Check the disk of the log"));
    floor.event(notice(store, "The store is busy"));
    floor.event(notice(store, "The store is\u{1b} damaged"));
    assert_eq!(texts(&floor), ["The store is\u{fffd} damaged", "Check the disk of the log"]);
    floor.event(Event::Resolved(store));
    assert_eq!(texts(&floor), ["Check the disk of the log"]);
    for i in 0..100 {
        floor.event(notice(Topic::ConfigWarning(i), "x"));
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
    for part in ["about 30 of 50 requests", "cycle takes 10 min", "reserve to 31"] {
        assert!(said[0].contains(part), "{part}: {said:?}");
    }
    for part in ["about every 5 min", "3 tokens invalidated", "last at 09:10", "token_command", "basic"] {
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
        Link::TokenWait { until: until.clone(), why: "it was invalidated".into() },
        Link::Throttled { until: until.clone() },
        Link::Credentials { until, why: "wrong key".into() },
    ] {
        let mut status = floor.status(link);
        let (generated_every, last_invalidated) = (None, Some(floor.now().stamp()));
        status.other_clients = Some(OtherClients { per_minute: Some(30.0), generated_every, last_invalidated });
        floor.state.live.status = Some(status);
        let problems = problems(&floor);
        assert_eq!(problems.len(), 3);
        assert_eq!(&problems[1..], [Problem::OtherClients, Problem::Invalidated], "{problems:?}");
    }
}

#[test]
fn a_ceiling_that_nobody_else_led_to_accuses_nobody() {
    let mut floor = Floor::new();
    floor.state.live.status = Some(floor.status(Link::TokenCeiling { until: later(&floor, 90) }));
    floor.state.live.usage = Usage { generated_1h: 4, ..Usage::default() };
    let text = &texts(&floor)[0];
    assert!(text.contains("4 tries") && text.contains("in 90 s") && !text.contains("client"), "{text}");
}
