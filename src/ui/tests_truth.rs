//! What the screen says is so: the state of the link, what is selected, and what an outage does not tell.

use std::time::Duration;

use ratatui::{buffer::Buffer, style::Modifier};

use super::testing::*;
use crate::{
    app::{REPLAY, State, View, Wall},
    config::{Symbols, Theme},
    domain::{BootTime, Outcome},
    store::{Link, Status},
};

fn screen(state: &State, width: u16, height: u16) -> String {
    words(&picture(state, &look(Theme::Auto, Symbols::Unicode), width, height).0)
}

/// [`busy`] as of so many seconds later, without anything new.
fn later(view: View, secs: i64) -> State {
    let mut s = busy(view);
    s.live.now = now_at(WALL + secs);
    s
}

#[test]
fn a_start_is_no_trouble_until_it_takes_too_long() {
    let mut s = busy(View::Overview);
    s.live.status = None;
    s.live.poller = None;
    s.started = now_at(WALL - 3);
    let text = screen(&s, 120, 40);
    assert!(text.contains("[CONNECTING]") && !text.contains("nobody") && !text.contains("NOT CHECKED"), "{text}");
    s.started = now_at(WALL - 31);
    let text = screen(&s, 120, 40);
    assert!(text.contains("[NOT CHECKED]") && text.contains("nobody checks the service"), "{text}");
}

#[test]
fn a_restart_beside_fresh_values_is_live_and_one_beside_old_ones_is_not() {
    let fresh = [Spec::agent("Arun V", "north", 295, 310, 20), Spec::agent("Hana T", "south", 252, 270, 38)];
    let starting = |specs: &[Spec]| {
        let mut s = state(specs);
        s.live.status = Some(Status::new(ago(2), Link::Starting));
        screen(&s, 120, 40)
    };
    assert!(starting(&fresh).contains("[LIVE]"));
    let text = starting(&[fresh[0].clone(), Spec::agent("Kavya N", "north", 262, 242, 900)]);
    assert!(text.contains("[CONNECTING]") && !text.contains("[LIVE]"), "{text}");
}

#[test]
fn a_replay_is_not_live_and_expects_no_check() {
    let mut s = busy(View::Agents);
    s.config.mode = Some(REPLAY);
    s.navigation.detail_open = true;
    let text = screen(&s, 120, 40);
    assert!(text.contains("REPLAY") && !text.contains("[LIVE]"), "{text}");
    assert!(
        text.contains("next check: none, this is a replay") && text.contains("replay: nothing is checked"),
        "{text}"
    );
    s.navigation.view = View::Budget;
    s.navigation.detail_open = false;
    assert!(!screen(&s, 120, 40).contains("next check"));
    s.live.status = Some(Status::new(ago(2), Link::Down { why: "no answer".into(), since: ago(60), until: ago(-5) }));
    assert!(screen(&s, 120, 40).contains("[was DOWN 1:00]"));
    let text = screen(&s, 30, 7);
    assert!(text.starts_with("REPLAY DOWN"), "{text}");
}

#[test]
fn a_cycle_of_which_nothing_is_known_is_not_told_as_one_of_nobody() {
    let mut s = busy(View::Agents);
    s.config.mode = Some(REPLAY);
    s.live.status = Some(Status::new(ago(2), Link::Live));
    let text = screen(&s, 120, 40);
    assert!(!text.contains("0 watched") && !text.contains("cycle"), "{text}");
    s.navigation.view = View::Budget;
    let text = screen(&s, 120, 40);
    assert!(text.contains("not known yet") && !text.contains("for 0 watched"), "{text}");
}

#[test]
fn the_band_in_the_footer_says_whose_it_is() {
    assert!(screen(&busy(View::Agents), 160, 40).contains("selected: target 4:47, band 3:20-6:15"));
    let mut s = busy(View::Agents);
    s.navigation.selected.clear();
    assert!(screen(&s, 160, 40).contains("first row: target 4:47, band 3:20-6:15"));
}

#[test]
fn in_an_outage_the_figures_of_the_floor_stand_still_and_what_is_old_is_not_known() {
    let out = |secs| {
        let mut s = later(View::Agents, secs);
        let down = Link::Down { why: "no answer".into(), since: ago(0), until: ago(-secs - 5) };
        s.live.status = Some(Status { sweep: Duration::from_secs(64), ..Status::new(ago(-secs), down) });
        s
    };
    let median =
        |text: &str| text.lines().find_map(|l| l.split("median of ").nth(1)).map(|t| t[..12].to_owned()).unwrap();
    let before = median(&screen(&busy(View::Agents), 160, 40));
    for secs in [100, 170, 400, 1000, 6800] {
        let text = screen(&out(secs), 160, 40);
        assert_eq!(median(&text), before, "after {secs} s: {text}");
    }
    assert!(screen(&out(1000), 160, 40).contains(" at 14:32"), "{}", screen(&out(1000), 160, 40));
    // The first of its values is two hours old: of the others alone it would move.
    let text = screen(&out(7000), 160, 40);
    assert!(text.contains("median of agents: not known") && !text.contains("median of 1"), "{text}");
    let wall = |mut s: State| {
        s.navigation.wall = Some(Wall::new(BootTime(0)));
        screen(&s, 200, 60)
    };
    assert!(wall(busy(View::Agents)).contains("10 of 12 known"));
    for secs in [100, 170] {
        assert!(wall(out(secs)).contains("under 3:12 old"), "the yardstick moves after {secs} s: {}", wall(out(secs)));
    }
    let text = wall(out(1000));
    assert!(text.contains("not known: no fresh value") && !text.contains("0 of 15"), "{text}");
}

/// Everything in italics: what is drawn as none of now.
fn faded(buf: &Buffer, symbol: impl Fn(&str) -> bool) -> Vec<bool> {
    let cells = buf.content().iter().filter(|cell| symbol(cell.symbol()));
    cells.map(|cell| cell.modifier.contains(Modifier::ITALIC)).collect()
}

#[test]
fn while_the_service_is_down_no_figure_is_drawn_as_one_of_now() {
    let down = || Link::Down { why: "no answer".into(), since: ago(30), until: ago(-5) };
    let braille = |symbol: &str| symbol.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c));
    let looks = look(Theme::Auto, Symbols::Unicode);
    let drawn = |state: &State, (w, h): (u16, u16)| picture(state, &looks, w, h).0;
    let mut detail = busy(View::Agents);
    detail.navigation.detail_open = true;
    let mut wall = busy(View::Agents);
    wall.navigation.wall = Some(Wall::new(BootTime(0)));
    let mut sections = busy(View::Agents);
    sections.preferences.sections = true;
    let cases = [
        ("overview", busy(View::Overview), (160, 48), "median of 11 agents"),
        ("detail", detail, (120, 40), "AHT 7:48"),
        ("small", busy(View::Overview), (34, 7), "7:48"),
        ("sections", sections, (80, 40), "median of 6 agents"),
        ("wall", wall.clone(), (200, 60), "10 of 12 known"),
        ("wall", wall.clone(), (80, 24), "2 longer"),
        ("wall, small", wall, (36, 7), "7:48"),
    ];
    for (name, mut state, size, text) in cases {
        for out in [false, true] {
            if out {
                state.live.status = Some(Status { sweep: Duration::from_secs(64), ..Status::new(ago(2), down()) });
            }
            let buf = drawn(&state, size);
            let found = words(&buf);
            let Some((y, x)) = (0..size.1).find_map(|y| {
                let row: Vec<&str> = (0..size.0).map(|x| buf[(x, y)].symbol()).collect();
                let at = (0..row.len()).find(|at| row[*at..].concat().starts_with(text))?;
                Some((y, u16::try_from(at).unwrap()))
            }) else {
                panic!("{name}: {text} is not in\n{found}")
            };
            assert_eq!(buf[(x, y)].modifier.contains(Modifier::ITALIC), out, "{name}: {text}\n{found}");
            let curves = faded(&buf, braille);
            assert!(!out || curves.iter().all(|faded| *faded), "{name}: a curve of now in\n{found}");
        }
    }
}

#[test]
fn an_acknowledged_unknown_id_has_its_chip_and_a_banner_no_half_bracket() {
    let mut specs: Vec<Spec> = floor();
    specs.push(
        Spec::campaign("GONE", [0, 210, 285, 360, 0], 1, 1, 0)
            .only(&[(900, Outcome::Invalid), (300, Outcome::Invalid)]),
    );
    for (w, h) in [(80, 24), (120, 40)] {
        let mut s = state(&specs);
        let text = screen(&s, w, h);
        assert!(text.lines().nth(1).unwrap().matches("unknown ID 1").count() == 2, "{text}");
        assert!(text.lines().nth(1).unwrap().contains("campaigns 5"), "{text}");
        s = state(&floor());
        let text = screen(&s, w, h);
        let banner = text.lines().find(|l| l.contains("a-1099@acme.example is unknown")).unwrap();
        assert_eq!(banner.contains("(checked"), banner.contains("next check in 25 min)"), "{banner}");
    }
}

#[test]
fn one_filter_has_the_counts_of_both_tables() {
    let mut s = busy(View::Overview);
    s.navigation.filter.text = "imran".into();
    s.navigation.filter.editing = true;
    let text = screen(&s, 120, 40);
    assert!(text.contains("1 of 15 agents, 0 of 4 campaigns"), "{text}");
}
