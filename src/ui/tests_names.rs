//! Hidden names: no picture depends on them. Who sees a screen, its log, a banner or a notification learns nothing of
//! names and ids that the same floor under other names would not show, whatever the names are.

use proptest::prelude::*;

use super::testing::*;
use crate::{
    alert::{Alert, AlertId, AlertKind, Subject},
    app::{
        Names, Overlay, State, View, Wall,
        worlds::{PEOPLE, Person, Script, World, anybody, people, plain_people, script},
    },
    config::{Symbols, Theme},
    domain::{Aht, Kind, Level, Outcome, Target},
    store::{EventKind, Words},
};

fn band_alert(target: &Target) -> Alert {
    let kind = AlertKind::Band {
        level: Level::HighCrit,
        worst: Level::HighCrit,
        first: Aht::from_secs(400),
        last: Aht::from_secs(460),
        peak: None,
        limits: None,
    };
    Alert {
        id: AlertId { subject: Subject::Target(target.clone()), serial: 5 },
        started: ago(900),
        since: ago(1200),
        exact: true,
        kind,
        ended: None,
        ack: None,
    }
}

/// All that `people` make a dashboard say on the floor of `script`: as somebody left it, and where most is told.
fn all_that_is_said(script: &Script, people: &[Person], names: Names) -> Vec<String> {
    let script = script.clone().named(names);
    let mut world = World::new(&script, people);
    let mut all = std::mem::take(&mut world.alarms);
    let size = script.size;
    let mut see = |state: &State, symbols, (w, h)| {
        all.push(words(&picture(state, &look(Theme::Auto, symbols), w, h).0));
    };
    let s = world.state().clone();
    see(&s, Symbols::Unicode, size);
    let mut open = s.clone();
    (open.navigation.wall, open.navigation.overlay) = (None, None);
    open.navigation.detail_open = true;
    for line in crate::app::rows::all_lines(&s, Kind::Agent) {
        open.navigation.focus = Kind::Agent;
        open.navigation.selected.insert(Kind::Agent, line.target().clone());
        see(&open, Symbols::Ascii, (84, 30));
    }
    open.navigation.detail_open = false;
    for view in View::ALL {
        open.navigation.view = view;
        see(&open, Symbols::Unicode, (150, 44));
    }
    open.navigation.overlay = Some(Overlay::Banners { scroll: 0 });
    see(&open, Symbols::Unicode, (150, 44));
    // The board has an order of its own.
    let mut board = s;
    (board.navigation.overlay, board.navigation.wall) = (None, Some(Wall::new(board.live.now.mono)));
    board.preferences.names = Names::Full;
    see(&board, Symbols::Unicode, (150, 44));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn hidden_names_make_no_difference_anywhere(script in script(), these in anybody()) {
        let those = people(vec![("someone".into(), "Some One".into()); PEOPLE]);
        let [these, those] = [these, those].map(|people| all_that_is_said(&script, &people, Names::Hidden));
        for (this, that) in these.iter().zip(&those) {
            prop_assert_eq!(this, that);
        }
        prop_assert_eq!(these.len(), those.len());
    }

    #[test]
    fn initials_and_ids_are_no_names(script in script()) {
        let hidden: [(Names, &[&str]); 3] = [
            (Names::Hidden, &["oltan", "uisp", "zq."]),
            (Names::Initials, &["oltan", "uisp", "zq."]),
            (Names::Id, &["oltan", "uisp"]),
        ];
        for (names, hidden) in hidden {
            for said in all_that_is_said(&script, &plain_people(), names) {
                prop_assert!(!hidden.iter().any(|part| said.contains(part)), "{names:?}: {said}");
            }
        }
    }

    #[test]
    fn a_floor_with_full_names_names_somebody(script in script()) {
        let people = plain_people();
        let full = all_that_is_said(&script, &people, Names::Full).concat();
        prop_assert!(people.iter().any(|p| full.contains(&p.name)), "{full}");
    }
}

#[test]
fn the_detail_shows_events_of_its_row_alone() {
    let mut s = state(&[Spec::agent("x", "", 300, 301, 20).id("a1"), Spec::agent("y", "", 300, 301, 20).id("a11")]);
    s.navigation.view = View::Agents;
    s.navigation.detail_open = true;
    let text = Words::default().name(&Target::agent("a11"), None).own(": malformed reply: ").said("<p>", "[hidden]");
    s.live.events.push(crate::store::Event { at: ago(60), kind: EventKind::Malformed, who: "pid 1".into(), text });
    for (id, shown) in [("a1", false), ("a11", true)] {
        s.navigation.selected.insert(Kind::Agent, Target::agent(id));
        s.navigation.focus = Kind::Agent;
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
        s.live.alerts.push(band_alert(&spec.target));
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
