//! Every region in each of its states at 60, 80, 120 and 200 columns, in colour, without colours and in ASCII: one
//! snapshot for each region and state, which holds all twelve pictures.
//!
//! Colour and mono must draw the same words and glyphs, so that these are in the snapshot once for each width, with the
//! runs of styles of both below them. The themes in true colour must draw the same too; their styles are in the
//! snapshots of whole screens.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    BESIDE, FRAMES, FrameLayout, alerts, alerts::tests::alarmed, banners, budget, canvas::Canvas, counts, detail, full,
    header, help, log, menu, scene::Scene, small, table, testing::*, tests::*, tests_tables::*, wall,
};
use crate::{
    app::{Column, Names, Notice, Severity, State, View},
    config::{Symbols, Theme},
    domain::{Kind, Target},
    store::{Link, Role, Usage},
};

const WIDTHS: [u16; 4] = [60, 80, 120, 200];
const COLOUR: (Theme, Symbols) = (Theme::Auto, Symbols::Unicode);
const MONO: (Theme, Symbols) = (Theme::Mono, Symbols::Unicode);
const ASCII: (Theme, Symbols) = (Theme::Mono, Symbols::Ascii);
/// Height of the screens of which only some lines are looked at.
const SCREEN: u16 = 24;

/// Draws a region all over a canvas.
type Region<'a> = &'a dyn Fn(&mut Canvas<'_>, &Scene<'_>, &mut FrameLayout);

/// The region of a state in a look, `keep` of its lines; all of them where none are named.
fn region(state: &State, (theme, symbols): (Theme, Symbols), (w, h): (u16, u16), keep: &[u16], draw: Region) -> Buffer {
    let look = look(theme, symbols);
    let mut buf = Buffer::empty(Rect::new(0, 0, w, h));
    let mut canvas = Canvas::new(&mut buf, Rect::new(0, 0, w, h), &look);
    canvas.clear();
    draw(&mut canvas, &Scene::of(state), &mut FrameLayout::default());
    if keep.is_empty() {
        return buf;
    }
    let mut kept = Buffer::empty(Rect::new(0, 0, w, u16::try_from(keep.len()).unwrap()));
    for (to, from) in (0..).zip(keep) {
        for x in 0..w {
            kept[(x, to)] = buf[(x, *from)].clone();
        }
    }
    kept
}

/// Compares the twelve pictures of a region in a state with their snapshot.
fn lines(name: &str, state: &State, height: u16, keep: &[u16], draw: Region) {
    let mut out = String::new();
    for w in WIDTHS {
        let [colour, mono, ascii] = [COLOUR, MONO, ASCII].map(|l| region(state, l, (w, height), keep, draw));
        let text = words(&colour);
        assert_eq!(text, words(&mono), "{name} at {w}: colour and mono differ");
        for theme in [Theme::Dark, Theme::Light, Theme::Cvd] {
            let other = region(state, (theme, Symbols::Unicode), (w, height), keep, draw);
            assert_eq!(text, words(&other), "{name} at {w}: {theme:?} has other words");
        }
        assert!(words(&ascii).is_ascii(), "{name} at {w}: {}", words(&ascii));
        for picture in [&mono, &ascii] {
            let styles = styles(picture);
            let coloured = ["red", "green", "yellow", "blue", "magenta", "cyan", "white", "black", "gray", "#"];
            let found = coloured.iter().find(|c| styles.to_lowercase().contains(*c));
            assert!(found.is_none(), "{name} at {w}: {found:?} without colours\n{styles}");
        }
        let told = if styles(&ascii) == styles(&mono) { "as in mono\n".into() } else { styles(&ascii) };
        out.push_str(&format!(
            "==== {w} columns\n{text}---- colour\n{}---- mono\n{}==== {w} columns, ASCII\n{}---- mono\n{told}",
            styles(&colour),
            styles(&mono),
            words(&ascii),
        ));
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "snapshots" }, {
        insta::assert_snapshot!(format!("matrix_{name}"), out);
    });
}

/// A region that is drawn whole.
fn check(name: &str, state: &State, height: u16, draw: Region) {
    lines(name, state, height, &[], draw);
}

/// The lines of a whole screen that tell how polling goes: header, banners, status and footer.
fn around(name: &str, state: &State) {
    lines(name, state, SCREEN, &[0, 2, 3, SCREEN - 3, SCREEN - 2, SCREEN - 1], &screen);
}

/// The line of status and the two of the footer.
fn below(name: &str, state: &State) {
    lines(name, state, SCREEN, &[SCREEN - 3, SCREEN - 2, SCREEN - 1], &screen);
}

fn screen(canvas: &mut Canvas<'_>, scene: &Scene<'_>, layout: &mut FrameLayout) {
    full(canvas, scene, layout);
}

fn framed(canvas: &Canvas<'_>) -> bool {
    canvas.width() >= FRAMES.0
}

fn changed(view: View, change: impl FnOnce(&mut State)) -> State {
    let mut s = busy(view);
    change(&mut s);
    s
}

/// Nothing is watched.
fn unwatched(view: View) -> State {
    let mut s = state(&[]);
    s.navigation.view = view;
    s
}

fn notice(key: u8, severity: Severity) -> Notice {
    Notice { key: format!("n{key}"), severity, text: format!("notice {key}: the store was moved aside, see the log") }
}

#[test]
fn the_header() {
    let live = busy(View::Overview);
    let draw = |c: &mut Canvas<'_>, s: &Scene<'_>, _: &mut FrameLayout| header::draw(c, s);
    check("header_live", &live, 1, &draw);
    check("header_demo", &changed(View::Overview, |s| s.config.mode = Some("DEMO")), 1, &draw);
    check("header_unacked", &alarmed(View::Overview), 1, &draw);
    check("header_no_rows", &state(&[]), 1, &draw);
    let frozen = changed(View::Overview, State::toggle_freeze);
    check("header_frozen", &frozen, 1, &draw);
    check("header_views", &live, 6, &|canvas, scene, _| {
        for (y, view) in (0..).zip(View::ALL) {
            let mut state = scene.state.clone();
            state.navigation.view = view;
            header::draw(&mut canvas.part(0, y, canvas.width(), 1), &Scene::of(&state));
        }
    });
}

#[test]
fn the_counts() {
    let draw = |c: &mut Canvas<'_>, s: &Scene<'_>, _: &mut FrameLayout| counts::draw(c, s);
    for (name, view) in [("both", View::Overview), ("agents", View::Agents), ("campaigns", View::Campaigns)] {
        check(&format!("counts_{name}"), &busy(view), 1, &draw);
    }
    check("counts_none", &state(&[]), 1, &draw);
}

#[test]
fn the_banners() {
    let of = |all: &[Severity]| {
        let mut s = state(&[Spec::agent("Arun V", "north", 295, 310, 20)]);
        s.notices.list = (1..).zip(all).map(|(i, severity)| notice(i, *severity)).collect();
        s
    };
    let draw = |c: &mut Canvas<'_>, s: &Scene<'_>, _: &mut FrameLayout| {
        banners::draw(c, s);
    };
    let all = |c: &mut Canvas<'_>, s: &Scene<'_>, l: &mut FrameLayout| banners::draw_all(c, s, 0, l);
    let each = of(&[Severity::Error, Severity::Warning, Severity::Info]);
    check("banners_each", &each, 3, &draw);
    check("banners_more", &of(&[Severity::Error, Severity::Warning, Severity::Info, Severity::Info]), 2, &draw);
    check("banners_in_full", &busy(View::Overview), 12, &all);
    check("banners_in_full_none", &of(&[]), 5, &all);
}

#[test]
fn the_table_of_campaigns() {
    let draw = |c: &mut Canvas<'_>, s: &Scene<'_>, l: &mut FrameLayout| table::draw(c, s, Kind::Campaign, framed(c), l);
    check("campaigns_states", &busy(View::Campaigns), 7, &draw);
    check("campaigns_none", &changed(View::Campaigns, |s| *s = unwatched(View::Campaigns)), 5, &draw);
    let unmatched = changed(View::Campaigns, |s| s.navigation.filter.text = "nothing like it".into());
    check("campaigns_no_match", &unmatched, 5, &draw);
}

#[test]
fn the_table_of_agents() {
    let draw = |c: &mut Canvas<'_>, s: &Scene<'_>, l: &mut FrameLayout| table::draw(c, s, Kind::Agent, framed(c), l);
    let check = |name: &str, height: u16, change: &dyn Fn(&mut State)| {
        check(&format!("agents_{name}"), &changed(View::Agents, change), height, &draw);
    };
    check("states", 18, &|_| {});
    let told = words(&region(&busy(View::Agents), COLOUR, (120, 18), &[], &draw))
        + &words(&region(&busy(View::Campaigns), COLOUR, (120, 18), &[], &|c, s, l| {
            table::draw(c, s, Kind::Campaign, true, l);
        }));
    for state in all_states() {
        assert!(told.contains(state.word()), "no row is {}", state.word());
    }
    check("marks", 18, &|s| {
        *s = alarmed(View::Agents);
        for id in ["imran.q", "paulo.m"] {
            s.navigation.pins.insert(Target::agent(format!("{id}@acme.example")), now_at(WALL + 60).mono);
        }
    });
    check("sections", 22, &|s| s.preferences.sections = true);
    check("names_initials", 18, &|s| s.preferences.names = Names::Initials);
    check("names_id", 18, &|s| s.preferences.names = Names::Id);
    check("names_hidden", 18, &|s| s.preferences.names = Names::Hidden);
    check("columns", 18, &|s| {
        s.preferences.columns = vec![Column::State, Column::Age, Column::Name, Column::Trend, Column::Aht];
    });
    check("ages_as_time", 18, &|s| s.preferences.age_as_time = true);
    check("none", 5, &|s| *s = unwatched(View::Agents));
    check("no_match", 5, &|s| s.navigation.filter.text = "nothing like it".into());
}

#[test]
fn the_detail() {
    let draw = |c: &mut Canvas<'_>, s: &Scene<'_>, l: &mut FrameLayout| detail::draw(c, s, framed(c), l);
    for (id, name) in [
        ("imran.q", "high_crit"),
        ("devika.r", "high_warn"),
        ("paulo.m", "low_crit"),
        ("sunita.k", "low_warn"),
        ("gopal.s", "inside"),
        ("kavya.n", "stale"),
        ("luis.f", "no_calls"),
        ("nobody.yet", "waiting"),
        ("a-1099", "invalid"),
    ] {
        let mut s = changed(View::Agents, |s| s.navigation.detail_open = true);
        s.navigation.selected.insert(Kind::Agent, Target::agent(format!("{id}@acme.example")));
        check(&format!("detail_{name}"), &s, 20, &draw);
    }
    let mut s = changed(View::Campaigns, |s| s.navigation.detail_open = true);
    s.navigation.selected.insert(Kind::Campaign, Target::campaign("WINBACK"));
    check("detail_failing", &s, 20, &draw);
    check("detail_nothing", &unwatched(View::Agents), 5, &draw);
    let mut day = back_then(crate::app::Span::Day, 0, (80, 24), Symbols::Unicode);
    check("detail_day", &day, 20, &draw);
    day.live.past = None;
    check("detail_day_unread", &day, 20, &draw);
}

#[test]
fn the_link_in_header_banners_status_and_footer() {
    let mut all = links();
    all.push(("live", Link::Live));
    all.push(("closed", Link::Closed { until: Some(ago(-7200)) }));
    all.push(("closed_for_good", Link::Closed { until: None }));
    for (name, link) in all {
        // Neither while all is well nor in quiet hours is there a reason to slow down.
        let live = matches!(link, Link::Live | Link::Closed { .. });
        let s = changed(View::Agents, |s| {
            let status = s.live.status.as_mut().unwrap();
            (status.link, status.since) = (link, ago(140));
            if !live {
                status.rate = 20.0;
                s.live.usage =
                    Usage { used_60s: 20, in_flight: 0, throttled_1h: 3, generated_1h: 4, invalidated_1h: 3 };
            }
        });
        around(&format!("link_{name}"), &s);
    }
    around("link_watching", &changed(View::Agents, |s| s.live.poller = Some(instance(2211, Role::Serve))));
    let nobody = changed(View::Agents, |s| {
        s.live.poller = None;
        s.live.status.as_mut().unwrap().at = ago(95);
    });
    around("link_nobody_polls", &nobody);
}

#[test]
fn the_lines_below_the_tables() {
    below("line_filter", &changed(View::Agents, |s| s.navigation.filter.text = "north".into()));
    let typed = changed(View::Agents, |s| {
        s.navigation.filter.text = "north".into();
        s.navigation.filter.editing = true;
    });
    below("line_filter_typed", &typed);
    below("line_command", &changed(View::Agents, |s| s.navigation.command = Some("sort d".into())));
    let said = changed(View::Agents, |s| s.notices.status_message = Some("no column agee; did you mean 'age'?".into()));
    below("line_said", &said);
    below(
        "line_log_filter_typed",
        &changed(View::Log, |s| {
            s.navigation.log_filter.text = "tok".into();
            s.navigation.log_filter.editing = true;
        }),
    );
}

#[test]
fn the_alerts() {
    let draw = |c: &mut Canvas<'_>, s: &Scene<'_>, l: &mut FrameLayout| alerts::draw(c, s, framed(c), l);
    let mut s = alarmed(View::Alerts);
    let id = s.live.alerts[1].id.clone();
    s.navigation.alert = Some(id.clone());
    check("alerts_each", &s, 7, &draw);
    check("alerts_none", &busy(View::Alerts), 4, &draw);
    check("alerts_pane", &alarmed(View::Overview), 7, &|c, s, _| alerts::pane(c, s));
    check("mute_menu", &s, 10, &|c, s, l| alerts::mute_menu(c, s, &id, 1, l));
    check("note", &s, 3, &|c, s, l| alerts::note(c, s, &id, "on the voicemail list since noon", l));
}

#[test]
fn the_budget() {
    let draw = |c: &mut Canvas<'_>, s: &Scene<'_>, l: &mut FrameLayout| budget::draw(c, s, framed(c), l);
    // Below 110 columns the halves stand one above the other.
    assert!(WIDTHS[1] < BESIDE && BESIDE <= WIDTHS[2]);
    check("budget_fresh", &busy(View::Budget), 48, &draw);
    check("budget_troubled", &troubled(View::Budget), 48, &draw);
    check("budget_empty", &empty(View::Budget), 48, &draw);
}

#[test]
fn the_log() {
    let draw = |c: &mut Canvas<'_>, s: &Scene<'_>, l: &mut FrameLayout| log::draw_view(c, s, framed(c), l);
    check("log_all", &busy(View::Log), 6, &draw);
    check("log_filtered", &changed(View::Log, |s| s.navigation.log_filter.text = "limit".into()), 6, &draw);
    check("log_no_match", &changed(View::Log, |s| s.navigation.log_filter.text = "zebra".into()), 4, &draw);
    check("log_empty", &empty(View::Log), 4, &draw);
    check("log_pane", &busy(View::Overview), 6, &|c, s, _| log::draw(c, s));
}

#[test]
fn help_and_menus() {
    let s = busy(View::Agents);
    check("help", &s, 60, &|c, s, l| help::draw(c, s, 0, l));
    check("sort_menu", &s, 12, &|c, s, l| menu::sort(c, s, 3, l));
    check("columns_menu", &s, 12, &|c, s, l| menu::choose_columns(c, s, 2, l));
}

#[test]
fn small_screens() {
    let draw = |c: &mut Canvas<'_>, s: &Scene<'_>, l: &mut FrameLayout| small::draw(c, s, l);
    check("small_states", &busy(View::Overview), 7, &draw);
    check("small_none", &state(&[]), 4, &draw);
}

#[test]
fn the_wall() {
    let draw = |c: &mut Canvas<'_>, s: &Scene<'_>, l: &mut FrameLayout| wall::draw(c, s, l);
    let stale = wall::tests::board(&[
        Spec::campaign("WINBACK", [0, 300, 420, 540, 0], 412, 400, 250),
        Spec::campaign("RENEWALS", [0, 120, 180, 240, 0], 180, 178, 5),
    ]);
    for (name, state) in [
        ("ok", wall::tests::calm()),
        ("alerts", wall::tests::alerts()),
        ("stale", stale),
        ("nothing_fresh", wall::tests::dead()),
        ("hidden_names", wall::tests::hidden()),
    ] {
        check(&format!("wall_{name}"), &state, 24, &draw);
    }
}
