//! Alerts on the screen: what they say, their marks, and where one types a note.

use std::sync::Arc;

use super::super::testing::*;
use crate::{
    alert::{Ack, Alert, AlertId, AlertKind, EndReason, Limits, Mute, Subject, Until},
    app::{Alerts, Overlay, State, View},
    config::{Symbols, Theme},
    domain::{Aht, Kind, Level, Outcome, Problem, Target},
};

fn alert(subject: Subject, secs: i64, kind: AlertKind) -> Alert {
    let started = ago(secs);
    let id = AlertId { subject, serial: started.wall.as_millisecond() };
    Alert { id, since: ago(secs + 300), exact: true, started, kind, ended: None, ack: None }
}

fn agent(id: &str, secs: i64, level: Level, last: u32) -> Alert {
    let last = Aht::from_secs(last);
    let limits = Some(Limits::new(&band(AGENTS), level, 0.05));
    let kind = AlertKind::Band { level, worst: level, first: last, last, peak: Some(last), limits };
    alert(Subject::Target(Target::agent(format!("{id}@acme.example"))), secs, kind)
}

/// One of each kind, as they are sorted: waiting, muted, a cause, acknowledged with a note, and one that is over.
pub(in crate::ui) fn alarmed(view: View) -> State {
    let mut s = busy(view);
    let mut acked = agent("paulo.m", 1080, Level::LowCrit, 62);
    let at = ago(600).wall;
    let (by, note): (Arc<str>, Arc<str>) = ("Meera".into(), "voicemail list".into());
    acked.ack = Some(Ack { at, by: by.clone(), rank: 2, note, holds: true });
    let muted = agent("devika.r", 360, Level::HighWarn, 391);
    let until = Until::Time(ago(-3600).wall);
    s.live.mutes.insert(muted.id.subject.clone(), Mute { at, by, until });
    let text: Arc<str> = "the service says: max limit exceeded".into();
    let cause = alert(Subject::Problem(Problem::Throttled), 120, AlertKind::Problem { text, count: 0, rank: 1 });
    let mut over = agent("gopal.s", 9000, Level::HighWarn, 284);
    over.ended = Some((ago(7800), EndReason::Cleared));
    let mut worst = agent("imran.q", 1320, Level::HighCrit, 468);
    for (alert, secs) in [(&mut worst, 490), (&mut over, 402)] {
        let AlertKind::Band { peak, .. } = &mut alert.kind else { panic!() };
        *peak = Some(Aht::from_secs(secs));
    }
    s.live.alerts = vec![cause, worst, muted, acked, over];
    Alerts::sort(&mut s.live.alerts, |alert| alert.since.wall);
    s.live.warming.insert(Target::agent("hana.t@acme.example"), (2, 5));
    s.live.alerts_known = true;
    s
}

const UNICODE: (Theme, Symbols) = (Theme::Auto, Symbols::Unicode);

#[test]
fn nothing_about_alerts_tells_a_name_that_is_hidden() {
    let mut state = alarmed(View::Alerts);
    let text: Arc<str> = "the service does not know agent imran.q@acme.example".into();
    state.live.alerts[2].kind = AlertKind::Problem { text, count: 1, rank: 1 };
    let id = state.live.alerts[0].id.clone();
    let named = ["Imran", "imran", "Devika", "devika", "Paulo", "paulo", "Gopal", "gopal"];
    let unicode = look(UNICODE.0, UNICODE.1);
    for names in [crate::app::Names::Full, crate::app::Names::Hidden] {
        state.preferences.names = names;
        let mut seen = String::new();
        for view in [View::Alerts, View::Overview] {
            state.navigation.view = view;
            let menu = Overlay::MuteMenu { id: id.clone(), cursor: 0 };
            let note = Overlay::Note { alerts: vec![(id.clone(), 2)], text: String::new() };
            for overlay in [None, Some(menu), Some(note)] {
                state.navigation.overlay = overlay;
                seen += &words(&picture(&state, &unicode, 120, 40).0);
            }
        }
        let told = named.iter().filter(|n| seen.contains(**n)).count();
        assert_eq!(told > 0, names == crate::app::Names::Full, "{seen}");
    }
}

#[test]
fn the_cursor_stands_where_a_note_is_typed() {
    let mut state = alarmed(View::Overview);
    let id = state.live.alerts[1].id.clone();
    state.navigation.overlay =
        Some(Overlay::Note { alerts: vec![(id, 1)], text: "on the voicemail list since noon".into() });
    let (buf, layout) = picture(&state, &look(UNICODE.0, UNICODE.1), 80, 24);
    let (x, y) = layout.cursor.unwrap();
    assert!((0..4).map(|i| buf[(x - 4 + i, y)].symbol()).eq(["n", "o", "o", "n"]), "{}", words(&buf));
}

#[test]
fn a_mark_is_a_sign_in_a_cell_of_its_own_and_a_word_where_there_is_room() {
    let marked = alarmed(View::Agents);
    let drawn = |state: &State, w| words(&picture(state, &look(UNICODE.0, UNICODE.1), w, 40).0);
    let text = drawn(&marked, 120);
    let row = |name: &str| text.lines().find(|l| l.contains(name)).unwrap().to_owned();
    assert!(row("Paulo M").contains("√▼▼ V.LOW 1h ack") && row("Hana T").contains("~   ok few calls"), "{text}");
    assert!(row("Devika R").contains("ø▲  HIGH"), "{text}");
    assert!(!row("Imran Q").contains('√'));
    assert!(text.contains("2 unacked"));
    // No column comes or goes, and none moves, because of a mark.
    let mut plain = marked.clone();
    plain.live.alerts.clear();
    plain.live.mutes.clear();
    plain.live.warming.clear();
    for w in [60, 80, 100, 120, 160, 200, 300] {
        let titles = |state| picture(state, &look(UNICODE.0, UNICODE.1), w, 40).1.tables[0].titles.clone();
        assert_eq!(titles(&marked), titles(&plain), "{w}");
    }
}

#[test]
fn an_alert_says_what_is_so_now_and_which_limit_was_crossed() {
    let said = |then: &[(i64, Outcome)], ended: bool| {
        let mut s = state(&[Spec::agent("Imran Q", "north", 302, 468, 41).then(then)]);
        s.navigation.view = View::Alerts;
        let mut alert = agent("imran.q", 1320, Level::HighCrit, 468);
        alert.ended = ended.then(|| (ago(10), EndReason::Cleared));
        s.live.alerts = vec![alert];
        words(&picture(&s, &look(UNICODE.0, UNICODE.1), 120, 40).0)
    };
    let value = |secs| Outcome::Value(Aht::from_secs(secs));
    for (then, expected) in [
        (vec![], "7:48, over 7:30, clears below 5:57  "),
        (vec![(20, value(440))], "was over 7:30 (worst 7:48), now 7:20  "),
        (vec![(20, value(450))], "7:30, at its limit (worst 7:48), clears below 5:57  "),
    ] {
        let text = said(&then, false);
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(said(&[], true).contains("was over 7:30, last 7:48  "), "{}", said(&[], true));
}

#[test]
fn what_is_over_says_what_its_value_is_at_any_width() {
    let mut s = alarmed(View::Alerts);
    let over = s.live.alerts.last_mut().unwrap();
    let limits = Limits { warn: Some(Aht::from_secs(760)), crit: None, clear: None };
    let (level, first, last) = (Level::HighWarn, Aht::from_secs(790), Aht::from_secs(726));
    over.kind = AlertKind::Band { level, worst: level, first, last, peak: Some(first), limits: Some(limits) };
    let line = |s: &State, w: u16| {
        let text = words(&picture(s, &look(UNICODE.0, UNICODE.1), w, 40).0);
        text.lines().find(|l| l.contains("Gopal S")).unwrap().to_owned()
    };
    assert!(line(&s, 80).contains("over 12:40, last 12:06   cleared"), "{}", line(&s, 80));
    for width in 60..=140 {
        assert!(line(&s, width).contains("last 12:06"), "{}", line(&s, width));
    }
}

/// Devika's alert of 12 minutes ago, and what she has taken since.
fn held(view: View, then: &[(i64, u32)]) -> State {
    let then: Vec<_> = then.iter().map(|(ago, secs)| (*ago, value(*secs))).collect();
    let mut s = state(&[Spec::agent("Devika R", "north", 360, 391, 60).then(&then)]);
    s.navigation.view = view;
    let mut alert = agent("devika.r", 720, Level::HighWarn, 391);
    alert.ack =
        Some(Ack { at: ago(600).wall, by: "Meera".into(), rank: 1, note: "voicemail list".into(), holds: true });
    s.live.alerts = vec![alert];
    s
}

#[test]
fn what_is_held_inside_its_limit_has_no_bare_value_at_any_width() {
    let s = held(View::Alerts, &[(20, 365)]);
    for width in 60..=140 {
        let text = words(&picture(&s, &look(UNICODE.0, UNICODE.1), width, 40).0);
        let line = text.lines().find(|l| l.contains("Devika R")).unwrap();
        assert!(line.contains("was over 6:15"), "{width}: {line}");
        assert!(line.contains("acked by"), "{width}: {line}");
    }
}

#[test]
fn the_detail_tells_the_time_of_the_alert_apart_from_that_of_the_row() {
    let drawn = |then: &[(i64, u32)]| {
        let mut s = held(View::Agents, then);
        s.navigation.detail_open = true;
        words(&picture(&s, &look(UNICODE.0, UNICODE.1), 120, 40).0)
    };
    // Held: it is not outside now.
    let text = drawn(&[(20, 365)]);
    assert!(
        text.contains("alert HIGH since 14:15 (16m): was over 6:15 (worst 6:31), now 6:05, clears below 5:57"),
        "{text}"
    );
    assert!(!text.contains("the band since") && !text.contains("now HIGH"), "{text}");
    // Outside again: since then, and the alert for longer.
    let text = drawn(&[(50, 365), (40, 380), (10, 381)]);
    assert!(text.contains("HIGH 16m ack  above the band since 14:31, alert since 14:15"), "{text}");
    assert!(text.contains("alert HIGH since 14:15 (16m): 6:21, over 6:15 (worst 6:31), clears below 5:57"), "{text}");
}

#[test]
fn beside_a_table_a_span_without_a_beginning_is_told_once() {
    let mut s = state(&[Spec::agent("Imran Q", "north", 460, 468, 41)]);
    s.navigation.view = View::Agents;
    let drawn = |w| words(&picture(&s, &look(UNICODE.0, UNICODE.1), w, 40).0);
    assert!(drawn(120).contains("V.HIGH >2h") && !drawn(120).contains("for over"), "{}", drawn(120));
    assert!(drawn(200).contains("V.HIGH >2h  above the band for over 2 h"), "{}", drawn(200));
}

#[test]
fn where_the_beginning_is_not_known_no_moment_is_told() {
    let mut s = alarmed(View::Alerts);
    let line = |s: &State| {
        let text = words(&picture(s, &look(UNICODE.0, UNICODE.1), 120, 40).0);
        text.lines().find(|l| l.contains("Gopal S")).unwrap().trim_start_matches(['│', ' ']).to_owned()
    };
    assert!(line(&s).starts_with("11:57 ▲  HIGH   25m  Gopal S"), "{}", line(&s));
    s.live.alerts.last_mut().unwrap().exact = false;
    assert!(line(&s).starts_with("▲  HIGH   >25m Gopal S"), "{}", line(&s));
}

#[test]
fn an_alert_and_its_row_tell_one_time_and_the_detail_tells_all_of_the_alert() {
    let mut s = alarmed(View::Alerts);
    let drawn = |s: &State, w: u16| words(&picture(s, &look(UNICODE.0, UNICODE.1), w, 40).0);
    let line = |text: &str, name: &str| text.lines().find(|l| l.contains(name)).unwrap().to_owned();
    let listed = line(&drawn(&s, 140), "Imran Q");
    assert!(listed.contains("7:48, over 7:30 (worst 8:10), clears below 5:57  unacknowledged"), "{listed}");
    assert!(line(&drawn(&s, 100), "Imran Q").contains("7:48, over 7:30 (worst 8:10)   unack"));
    s.navigation.view = View::Agents;
    let listed = listed.split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
    assert!(listed.starts_with("13:51 ▲▲ V.HIGH 40m Imran Q"), "{listed}");
    assert!(drawn(&s, 140).contains("▲▲ V.HIGH 40m"), "{}", drawn(&s, 140));
    s.navigation.detail_open = true;
    let detail = drawn(&s, 200);
    let all = "alert VERY HIGH, outside the band since 13:51 (40m): 7:48, over 7:30 (worst 8:10), clears below 5:57";
    assert!(detail.contains(all), "{detail}");
}

#[test]
fn below_the_list_stands_what_the_alert_under_the_cursor_is_about() {
    let mut s = alarmed(View::Alerts);
    let drawn = |s: &State, w: u16, h: u16| {
        let (buf, layout) = picture(s, &look(UNICODE.0, UNICODE.1), w, h);
        (words(&buf), layout.chart.map(|chart| chart.targets[0].id.to_string()))
    };
    // This one is about the account.
    s.navigation.alert = Some(s.live.alerts[2].id.clone());
    let (text, chart) = drawn(&s, 120, 40);
    assert!(text.contains("the service says: max limit exceeded, since 14:25 (7m)"), "{text}");
    assert!(text.contains("what to do: wait; see budget") && chart.is_none(), "{text}");
    s.navigation.alert = Some(s.live.alerts[3].id.clone());
    let (text, chart) = drawn(&s, 120, 40);
    assert_eq!(chart.as_deref(), Some("paulo.m@acme.example"));
    assert!(text.contains("acked by Meera 14:22") && text.contains("note: voicemail list"), "{text}");
    for (w, h, expected) in [(80, 24, true), (80, 16, false), (200, 60, true)] {
        assert_eq!(drawn(&s, w, h).1.is_some(), expected, "{w}x{h}");
    }
    // A list that is long leaves half of a large screen.
    let many: Vec<Alert> = (0..60).map(|i| agent("imran.q", 100 + i, Level::HighWarn, 400)).collect();
    s.live.alerts = many;
    assert_eq!((drawn(&s, 80, 24).1, drawn(&s, 120, 40).1.is_some()), (None, true));
    // What is hidden is hidden here too.
    s = alarmed(View::Alerts);
    s.navigation.alert = Some(s.live.alerts[3].id.clone());
    s.preferences.names = crate::app::Names::Hidden;
    assert!(!drawn(&s, 120, 40).0.contains("voicemail"));
}

#[test]
fn below_few_campaigns_stands_the_selected_one() {
    let mut s = busy(View::Campaigns);
    s.navigation.selected.insert(Kind::Campaign, Target::campaign("RENEWALS"));
    for (w, h, expected) in [(80, 24, true), (80, 16, false), (120, 40, true)] {
        let chart = picture(&s, &look(UNICODE.0, UNICODE.1), w, h).1.chart;
        assert_eq!(chart.is_some_and(|chart| &*chart.targets[0].id == "RENEWALS"), expected, "{w}x{h}");
    }
}
