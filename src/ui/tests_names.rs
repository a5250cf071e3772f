//! Hidden names: no picture depends on them. Who sees a screen, its log, a banner or a notification learns nothing of
//! names and ids that the same floor under other names would not show, whatever the names are.

use std::sync::Arc;

use proptest::prelude::*;

use super::testing::*;
use crate::{
    alert::{
        Ack, Alert, AlertEvent, AlertId, AlertKind, Counts, EndReason, Observation, Step, Subject, findings,
        words::event_words,
    },
    api::Reply,
    app::{Alerts, Effect, Event, Names, Notice, Overlay, State, Topic, View, Wall, update},
    config::{Symbols, Theme},
    domain::{Aht, Level, Outcome, Target, opening},
    store::{EventKind, Link, Words},
};

const AGENTS_HERE: usize = 9;

/// Someone whom a name and an id give away.
#[derive(Clone, Debug, PartialEq)]
struct Person {
    id: String,
    name: String,
}

impl Person {
    fn target(&self) -> Target {
        Target::agent(&*self.id)
    }
}

/// A floor in trouble of every kind, where all that can name anybody names `people`: the last one is watched by another
/// dashboard.
fn world(people: &[Person], view: View, names: Names) -> State {
    let (here, other) = (&people[..AGENTS_HERE], &people[AGENTS_HERE]);
    let excerpt = |p: &Person| format!("{{\"agent\": \"{}\", \"name\": \"{}\"}}", p.id, p.name);
    let malformed = |p: &Person| failed(&Reply::Malformed { excerpt: excerpt(p).into() }.sentence(&p.target()));
    let mut specs = floor();
    specs.truncate(4);
    for (i, p) in here.iter().enumerate() {
        let spec = Spec::agent("x", "north", 302, 468 - 40 * i as u32, 41).id(&p.id);
        specs.push(match i {
            5 => spec.only(&[(19_000, Outcome::Invalid), (300, Outcome::Invalid)]),
            6 | 7 => spec.only(&[(4000, Outcome::NoCalls), (50, malformed(p))]),
            8 => spec.only(&[]),
            _ => spec,
        });
    }
    let mut s = state(&specs);
    let mut watched = s.config.watched.to_vec();
    for (w, (i, p)) in watched.iter_mut().skip(4).zip(here.iter().enumerate()) {
        // Some are known by their label, some by the service's name.
        w.label = (i % 2 == 0).then(|| Arc::from(&*p.name));
        s.live.rows.get_mut(&p.target()).unwrap().name = (i % 3 > 0).then(|| Arc::from(&*p.name));
    }
    s.config.watched = watched.into();
    s.navigation.view = view;
    s.preferences.names = names;
    s.config.wall.names = names;
    s.navigation.selected.insert(crate::domain::Kind::Agent, here[0].target());
    s.navigation.focus = crate::domain::Kind::Agent;
    s.notices.list = vec![Notice {
        topic: Topic::ConfigWarning(0),
        text: format!("config.toml line 3: agent {} is there twice", here[1].id),
    }];
    let status = s.live.status.as_mut().unwrap();
    status.next = Some(other.target());
    s.live.alerts = alerts(here, other);
    s.live.events = events(here, other);
    for p in [&here[6], other] {
        let (at, who) = (ago(700), "pid 4711".into());
        let text = Words::default().name(&p.target(), None).own(": malformed reply: ");
        let text = text.said(excerpt(p), "[hidden]");
        s.live.events.push(crate::store::Event { at, kind: EventKind::Malformed, who, text });
    }
    s
}

fn band_alert(p: &Person, note: &str) -> Alert {
    let kind = AlertKind::Band {
        level: Level::HighCrit,
        worst: Level::HighCrit,
        first: Aht::from_secs(400),
        last: Aht::from_secs(460),
        peak: None,
        limits: None,
    };
    let ack = Ack { at: ago(60).wall, by: "pid 7 (dashboard) on desk".into(), rank: 2, note: note.into(), holds: true };
    Alert {
        id: AlertId { subject: Subject::Target(p.target()), serial: 5 },
        started: ago(900),
        since: ago(1200),
        kind,
        ended: None,
        ack: (!note.is_empty()).then_some(ack),
    }
}

fn causes(people: &[&Person]) -> Vec<Alert> {
    let mut counts = Counts { total: 12, stale: 2, ..Counts::default() };
    counts.unknown.extend(people.iter().map(|p| p.target()));
    let found = findings(Some(&link(people[0])), &counts);
    let present = found.into_iter().filter_map(|(cause, observation)| match observation {
        Observation::Present(finding) => Some((cause, finding)),
        _ => None,
    });
    let alert = |(problem, found): (crate::domain::Problem, crate::alert::Finding)| Alert {
        id: AlertId { subject: Subject::Problem(problem), serial: 9 },
        kind: AlertKind::Problem { text: found.text, count: found.count, rank: found.rank },
        ..band_alert(people[0], "")
    };
    present.map(alert).collect()
}

/// The service answers with something about somebody.
fn link(p: &Person) -> Link {
    let why = Reply::Malformed { excerpt: format!("<b>{} {}</b>", p.id, p.name).into() }.account_sentence();
    Link::Down { why: why.into(), since: ago(500), until: ago(-20) }
}

fn alerts(here: &[Person], other: &Person) -> Vec<Alert> {
    let mut all = vec![band_alert(&here[0], ""), band_alert(&here[1], &format!("{} is on it", here[2].name))];
    all.extend(causes(&[&here[5], other]));
    all.push(band_alert(other, ""));
    all.push(Alert { ended: Some((ago(100), EndReason::Cleared)), ..band_alert(&here[3], "") });
    all
}

fn events(here: &[Person], other: &Person) -> Vec<crate::store::Event> {
    let event = |kind, text| crate::store::Event { at: ago(800), kind, who: "pid 4711".into(), text };
    let why = format!("the service refuses the credentials ({} {})", other.id, other.name);
    let mut all = vec![
        event(EventKind::Link, Words::of_link(&link(other))),
        event(EventKind::GenerationFailed, Words::default().said(&*why, opening(&why))),
        // As an earlier version wrote it.
        event(EventKind::Alert, Words::default().said(format!("{}: HIGH 7:48", here[0].name), "[hidden]")),
    ];
    for alert in alerts(here, other) {
        let name = match &alert.id.subject {
            Subject::Target(target) => here.iter().chain([other]).find(|p| p.target() == *target),
            Subject::Problem(_) => None,
        };
        let step = alert.ack.clone().map_or(Step::Started, Step::Acked);
        let event_of = AlertEvent { id: alert.id, at: ago(850), step, kind: alert.kind, muted: false };
        all.push(event(EventKind::Alert, event_words(&event_of, name.map(|p| &*p.name))));
    }
    all
}

/// All that `people` make a dashboard say, in all of its views.
fn all_that_is_said(people: &[Person], names: Names) -> Vec<String> {
    let mut all = Vec::new();
    for (view, symbols, size) in
        View::ALL.into_iter().flat_map(|v| [(v, Symbols::Unicode, (150, 44)), (v, Symbols::Ascii, (84, 30))])
    {
        let mut see = |state: &State| {
            let (buf, _) = picture(state, &look(Theme::Auto, symbols), size.0, size.1);
            all.push(format!("{view:?}\n{}", words(&buf)));
        };
        let calm = world(people, view, names);
        see(&calm);
        let mut s = calm.clone();
        s.navigation.detail_open = true;
        for selected in [5, 6] {
            s.navigation.selected.insert(crate::domain::Kind::Agent, people[selected].target());
            see(&s);
        }
        let mut s = calm.clone();
        s.live.status.as_mut().unwrap().link = link(&people[AGENTS_HERE]);
        s.navigation.overlay = Some(Overlay::Banners { scroll: 0 });
        see(&s);
        s = calm.clone();
        s.navigation.overlay =
            Some(Overlay::Note { alerts: vec![(calm.live.alerts[0].id.clone(), 1)], text: "x".into() });
        see(&s);
        s = calm.clone();
        s.navigation.wall = Some(Wall::new(s.live.now.mono));
        // The board has an order of its own.
        s.preferences.names = Names::Full;
        see(&s);
        s.live.status.as_mut().unwrap().link = link(&people[AGENTS_HERE]);
        s.live.rows.values_mut().for_each(|row| *row = crate::domain::Row::new(row.target.clone()));
        see(&s);
    }
    let mut s = world(people, View::Alerts, names);
    let now = s.live.now.clone();
    s.live.alerts.clear();
    s.live.alerts_known = true;
    for alert in alerts(&people[..AGENTS_HERE], &people[AGENTS_HERE]) {
        let news = Alerts { alerts: vec![alert], ..Alerts::default() };
        for effect in update(&mut s, Event::Alerts(Box::new(news)), now.clone()) {
            let Effect::Alarm(text) = effect else { continue };
            all.push(text);
        }
    }
    all
}

/// Nothing in particular, words of the screen itself, and names of every script.
fn person() -> impl Strategy<Value = (String, String)> {
    let word = prop_oneof![
        3 => "\\PC{1,14}",
        3 => "[A-Z][a-z]{1,7} [A-Z][a-z]{1,9}",
        2 => prop::sample::select(vec!["a", "1", "Al", "Log", "agent", "ok", "HIGH", "no", "agent 1", "in", "hidden"])
            .prop_map(str::to_owned),
    ];
    (word.clone(), word)
}

fn people(named: Vec<(String, String)>) -> Vec<Person> {
    // Ids are unique.
    named.into_iter().enumerate().map(|(i, (id, name))| Person { id: format!("{id}{i}"), name }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn hidden_names_make_no_difference_anywhere(named in prop::collection::vec(person(), AGENTS_HERE + 1)) {
        let others = people(vec![("someone".into(), "Some One".into()); AGENTS_HERE + 1]);
        let [these, those] = [people(named), others].map(|people| all_that_is_said(&people, Names::Hidden));
        prop_assert!(these.len() > 70, "{}", these.len());
        for (this, that) in these.iter().zip(&those) {
            prop_assert_eq!(this, that);
        }
        prop_assert_eq!(these.len(), those.len());
    }
}

#[test]
fn initials_and_ids_are_no_names() {
    let named = (0..=AGENTS_HERE).map(|i| (format!("zq.{i}.@acme.example"), format!("Zoltan{i} Quisp{i}"))).collect();
    let people = people(named);
    for (names, hidden) in [(Names::Initials, &["oltan", "uisp", "zq."][..]), (Names::Id, &["oltan", "uisp"])] {
        for said in all_that_is_said(&people, names) {
            assert!(!hidden.iter().any(|part| said.contains(part)), "{names:?}: {said}");
        }
    }
    let full = all_that_is_said(&people, Names::Full).concat();
    assert!(people.iter().all(|p| full.contains(&p.name) || full.contains(&p.id)), "the floor names everybody");
}

#[test]
fn the_detail_shows_events_of_its_row_alone() {
    let mut s = state(&[Spec::agent("x", "", 300, 301, 20).id("a1"), Spec::agent("y", "", 300, 301, 20).id("a11")]);
    s.navigation.view = View::Agents;
    s.navigation.detail_open = true;
    let text = Words::default().name(&Target::agent("a11"), None).own(": malformed reply: ").said("<p>", "[hidden]");
    s.live.events.push(crate::store::Event { at: ago(60), kind: EventKind::Malformed, who: "pid 1".into(), text });
    for (id, shown) in [("a1", false), ("a11", true)] {
        s.navigation.selected.insert(crate::domain::Kind::Agent, Target::agent(id));
        s.navigation.focus = crate::domain::Kind::Agent;
        let (buf, _) = picture(&s, &look(Theme::Auto, Symbols::Unicode), 100, 40);
        assert_eq!(words(&buf).contains("malformed reply: <p>"), shown, "{id}\n{}", words(&buf));
    }
}

/// A large floor, of which the last thousand agents have something in the log.
fn crowd(view: View) -> State {
    let readings = [(3000, 300), (40, 301)].map(|(ago, secs)| (ago, Outcome::Value(Aht::from_secs(secs))));
    let agent = |i| Spec::agent("x", "north", 302, 1, 1).id(&format!("agent.{i:04}@acme.example")).only(&readings);
    let specs: Vec<Spec> = (0..5000).map(agent).collect();
    let mut s = state(&specs);
    s.navigation.view = view;
    for spec in specs.iter().rev().take(1000) {
        let text = Words::default().name(&spec.target, Some("Some One")).own(": HIGH 7:48");
        s.live.events.push(crate::store::Event { at: ago(9), kind: EventKind::Alert, who: "pid 1".into(), text });
    }
    for spec in specs.iter().rev().take(50) {
        s.live.alerts.push(band_alert(&Person { id: spec.target.id.to_string(), name: "x".into() }, ""));
    }
    s
}

#[test]
fn hidden_names_cost_no_more_than_full_ones() {
    for view in [View::Agents, View::Alerts, View::Log] {
        let (mut s, look) = (crowd(view), look(Theme::Auto, Symbols::Unicode));
        // Of this thread alone: others may be busy.
        let spent = || rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        let mut least = [i128::MAX; 2];
        for (names, least) in [Names::Full, Names::Hidden].into_iter().zip(&mut least) {
            s.preferences.names = names;
            for _ in 0..5 {
                let begun = spent();
                picture(&s, &look, 200, 60);
                let end = spent();
                let took =
                    i128::from(end.tv_sec - begun.tv_sec) * 1_000_000_000 + i128::from(end.tv_nsec - begun.tv_nsec);
                *least = took.min(*least);
            }
        }
        // It was four times as much where each name was searched for in the list.
        assert!(least[1] < least[0] * 2, "{view:?}: {least:?} ns");
    }
}
