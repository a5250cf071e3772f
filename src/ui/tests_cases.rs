//! The cases of the screen: every view, region and overlay in each of its states. The screens that a person looks at
//! are some of these cases; the properties hold for all of them.

use super::{alerts::tests::alarmed, testing::*, wall};
use crate::{
    app::{Axis, Column, Names, Notice, Overlay, Severity, Span, State, Topic, View, history},
    config::{Symbols, Theme},
    domain::{Aht, Outcome, Problem, Reading, Target},
    store::{Link, Role, Traffic, Usage},
};

/// Agents and campaigns, each in another state, and the case that shows its detail.
const DETAILS: [(&str, &str); 10] = [
    ("detail_high_crit", "imran.q"),
    ("detail_high", "devika.r"),
    ("detail_low_crit", "paulo.m"),
    ("detail_low", "sunita.k"),
    ("detail_inside", "gopal.s"),
    ("detail_stale", "kavya.n"),
    ("detail_no_calls", "luis.f"),
    ("detail_waiting", "nobody.yet"),
    ("detail_invalid", "a-1099"),
    ("detail_failing", "WINBACK"),
];

/// All cases with their names.
pub(super) fn cases() -> Vec<(&'static str, State)> {
    let mut all = vec![
        ("overview", busy(View::Overview)),
        ("agents", busy(View::Agents)),
        ("campaigns", busy(View::Campaigns)),
        ("budget", busy(View::Budget)),
        ("budget_troubled", troubled(View::Budget)),
        ("budget_empty", empty(View::Budget)),
        ("log", busy(View::Log)),
        ("log_empty", empty(View::Log)),
        ("alerts_none", busy(View::Alerts)),
        ("alerts_pane", alarmed(View::Overview)),
        ("nothing_watched", state(&[])),
    ];
    let mut add = |name, view, change: &dyn Fn(&mut State)| all.push((name, changed(view, change)));
    add("no_agents", View::Agents, &|s| *s = State { navigation: s.navigation.clone(), ..state(&[]) });
    add("no_campaigns", View::Campaigns, &|s| *s = State { navigation: s.navigation.clone(), ..state(&[]) });
    for (name, id) in DETAILS {
        let campaign = id == "WINBACK";
        add(name, if campaign { View::Campaigns } else { View::Agents }, &|s| {
            let target = if campaign { Target::campaign(id) } else { Target::agent(format!("{id}@acme.example")) };
            s.navigation.selected.insert(target.kind, target);
            s.navigation.detail_open = true;
        });
    }
    add("detail_day_unread", View::Agents, &|s| {
        s.navigation.detail_open = true;
        s.navigation.axis = Axis { span: Span::Day, back: 0 };
    });
    add("compared", View::Agents, &|s| *s = compared());
    add("compared_day", View::Agents, &|s| *s = compared_day((80, 24), Symbols::Unicode));
    add("log_filtered", View::Log, &|s| s.navigation.log_filter.text = "limit".into());
    add("log_no_match", View::Log, &|s| s.navigation.log_filter.text = "zebra".into());
    add("log_typed", View::Log, &|s| {
        s.navigation.log_filter.text = "tok".into();
        s.navigation.log_filter.editing = true;
    });
    add("sections", View::Agents, &|s| s.preferences.sections = true);
    add("marks", View::Agents, &|s| {
        *s = alarmed(View::Agents);
        for id in ["imran.q", "paulo.m"] {
            s.navigation.pins.insert(Target::agent(format!("{id}@acme.example")), now_at(WALL + 60).mono);
        }
    });
    add("columns", View::Agents, &|s| {
        s.preferences.columns = vec![Column::State, Column::Age, Column::Name, Column::Trend, Column::Aht];
    });
    add("ages_as_time", View::Agents, &|s| s.preferences.age_as_time = true);
    add("names_initials", View::Agents, &|s| s.preferences.names = Names::Initials);
    add("names_id", View::Agents, &|s| s.preferences.names = Names::Id);
    add("names_hidden", View::Agents, &|s| s.preferences.names = Names::Hidden);
    add("filter", View::Agents, &|s| s.navigation.filter.text = "north".into());
    add("filter_typed", View::Agents, &|s| {
        s.navigation.filter.text = "north".into();
        s.navigation.filter.editing = true;
    });
    add("filter_no_match", View::Overview, &|s| s.navigation.filter.text = "nothing like it".into());
    add("command", View::Agents, &|s| s.navigation.command = Some("sort d".into()));
    add("said", View::Agents, &|s| {
        s.notices.status_message = Some("no column agee; did you mean 'age'?".into());
    });
    add("help", View::Agents, &|s| s.navigation.overlay = Some(Overlay::Help { scroll: 0 }));
    add("sort_menu", View::Agents, &|s| s.navigation.overlay = Some(Overlay::SortMenu { cursor: 3 }));
    add("columns_menu", View::Agents, &|s| s.navigation.overlay = Some(Overlay::Columns { cursor: 2 }));
    add("banners", View::Agents, &|s| s.navigation.overlay = Some(Overlay::Banners { scroll: 0 }));
    add("banners_none", View::Agents, &|s| {
        *s = state(&[Spec::agent("Arun V", "north", 295, 310, 20)]);
        s.navigation.overlay = Some(Overlay::Banners { scroll: 0 });
    });
    add("notices", View::Agents, &|s| {
        *s = state(&[Spec::agent("Arun V", "north", 295, 310, 20)]);
        let all = [Severity::Error, Severity::Warning, Severity::Info, Severity::Info];
        s.notices.list = (1..).zip(all).map(|(i, severity)| notice(i, severity)).collect();
    });
    add("alerts", View::Alerts, &|s| {
        *s = alarmed(View::Alerts);
        s.navigation.alert = Some(s.live.alerts[0].id.clone());
    });
    add("alerts_mute_menu", View::Alerts, &|s| {
        *s = alarmed(View::Alerts);
        s.navigation.overlay = Some(Overlay::MuteMenu { id: s.live.alerts[0].id.clone(), cursor: 1 });
    });
    add("alerts_note", View::Alerts, &|s| {
        *s = alarmed(View::Alerts);
        let text = "on the voicemail list since noon".into();
        s.navigation.overlay = Some(Overlay::Note { alerts: vec![(s.live.alerts[0].id.clone(), 1)], text });
    });
    add("demo", View::Overview, &|s| s.config.mode = Some("DEMO"));
    add("frozen", View::Overview, &State::toggle_freeze);
    add("watching", View::Agents, &|s| s.live.poller = Some(instance(2211, Role::Serve)));
    add("nobody_checks", View::Agents, &|s| {
        s.live.poller = None;
        s.live.status.as_mut().unwrap().at = ago(95);
    });
    for (name, link) in links() {
        all.push((name, linked(link)));
    }
    all.extend(wall::tests::states());
    all
}

/// The state of one case.
pub(super) fn case(name: &str) -> State {
    let found = cases().into_iter().find(|(n, _)| *n == name);
    found.unwrap_or_else(|| panic!("there is no case {name}")).1
}

fn changed(view: View, change: &dyn Fn(&mut State)) -> State {
    let mut s = busy(view);
    change(&mut s);
    s
}

fn notice(number: usize, severity: Severity) -> Notice {
    let topic = Problem::ALL.into_iter().filter(|p| p.severity() == severity).map(Topic::Problem);
    let topic = topic.chain((0..).map(Topic::ConfigWarning)).nth(number).unwrap();
    Notice { topic, text: format!("notice {number}: the store was moved aside, see the log") }
}

/// All that the link can say when not all is well.
pub(super) fn links() -> Vec<(&'static str, Link)> {
    vec![
        ("link_starting", Link::Starting),
        ("link_throttled", Link::Throttled { until: ago(-12) }),
        ("link_token_wait", Link::TokenWait { until: ago(-30), why: "another program took our token".into() }),
        ("link_token_ceiling", Link::TokenCeiling { until: ago(-1500) }),
        ("link_credentials", Link::Credentials { why: "Invalid userName or apiKey".into(), until: ago(-600) }),
        ("link_down", Link::Down { why: "no answer within 10s".into(), since: ago(130), until: ago(-20) }),
        ("link_closed", Link::Closed { until: Some(ago(-7200)) }),
        ("link_closed_for_good", Link::Closed { until: None }),
    ]
}

/// The agents while the link is like this.
fn linked(link: Link) -> State {
    changed(View::Agents, &|s| {
        let status = s.live.status.as_mut().unwrap();
        (status.link, status.since) = (link.clone(), ago(140));
        // In quiet hours there is no reason to slow down.
        if !matches!(link, Link::Closed { .. }) {
            status.rate = 20.0;
            s.live.usage = Usage { used_60s: 20, in_flight: 0, throttled_1h: 3, generated_1h: 4, invalidated_1h: 3 };
        }
    })
}

/// Much goes wrong: throttled, tokens invalidated, others poll, several instances.
fn troubled(view: View) -> State {
    let mut s = busy(view);
    s.live.usage = Usage { used_60s: 50, in_flight: 0, throttled_1h: 7, generated_1h: 9, invalidated_1h: 4 };
    let status = s.live.status.as_mut().unwrap();
    status.rate = 20.0;
    status.token_until = None;
    status.traffic = Traffic {
        replies: [12, 0, 0, 7, 9, 40, 80],
        latency: vec![None; 60],
        slowest: None,
        totals: Default::default(),
    };
    s.live.poller = Some(instance(99, Role::Serve));
    s.live.instances.push(instance(99, Role::Serve));
    s.live.instances.push(instance(312, Role::Command));
    s.live.memory = 13_400_000;
    s
}

/// Just started: nothing is known.
fn empty(view: View) -> State {
    let mut s = busy(view);
    s.live.status = None;
    s.live.usage = Usage::default();
    s.live.poller = None;
    s.live.instances.clear();
    s.live.events.clear();
    s.live.history = crate::store::HistoryInfo::default();
    s
}

/// The detail of an agent with nine days of history on this axis.
pub(super) fn back_then(span: Span, back: u32, size: (u16, u16), symbols: Symbols) -> State {
    let mut s = busy(View::Agents);
    s.navigation.detail_open = true;
    s.navigation.axis = Axis { span, back };
    with_past(s, size, symbols)
}

/// Two agents that are compared in the detail over a day.
pub(super) fn compared_day(size: (u16, u16), symbols: Symbols) -> State {
    let mut s = compared();
    s.navigation.detail_open = true;
    s.navigation.axis = Axis { span: Span::Day, back: 1 };
    with_past(s, size, symbols)
}

fn compared() -> State {
    let mut s = busy(View::Agents);
    s.navigation.marked = ["imran.q", "paulo.m"].map(|id| Target::agent(format!("{id}@acme.example"))).to_vec();
    s
}

/// What the history has for the chart of this size: nine days, one reading a minute in working hours, a minute faster
/// for each row.
fn with_past(mut s: State, (w, h): (u16, u16), symbols: Symbols) -> State {
    let chart = picture(&s, &look(Theme::Auto, symbols), w, h).1.chart.unwrap();
    let mut binner = history::BucketBuilder::new(history::grid(&s, &chart).unwrap());
    for minute in (0..9 * 24 * 60).rev() {
        let at = ago(minute * 60);
        // From 9 to 18 in India, slower towards the evening, with an hour far above the scale on some days.
        let hour = (at.wall.as_second() + 19_800) / 3600;
        let (day, hour) = (hour / 24, hour % 24);
        let secs = if hour == 15 && day % 3 == 0 { 900 } else { 240 + u32::try_from(hour * 8 + minute % 7).unwrap() };
        for (target, faster) in chart.targets.iter().zip((0..).step_by(60)) {
            let value = Outcome::Value(Aht::from_secs(secs - faster));
            let outcome = if (9..18).contains(&hour) { value } else { Outcome::NoCalls };
            binner.record(&Reading { target: target.clone(), at: at.clone(), outcome, name: None });
        }
    }
    s.live.past = Some(binner.finish(s.live.now.wall.as_millisecond()));
    s
}

/// The same floor with names that every set of glyphs can show.
pub(super) fn in_latin(mut s: State) -> State {
    let mut watched = s.config.watched.to_vec();
    for w in watched.iter_mut().filter(|w| w.label.as_deref().is_some_and(|l| !l.is_ascii())) {
        w.label = Some(w.target.id.split('.').next().unwrap_or_default().into());
    }
    s.config.watched = watched.into();
    s
}
