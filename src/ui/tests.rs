//! What the screen does: when its lines are made, what stays where it is, and what hostile contents cannot do.

use std::sync::Arc;

use crossterm::event::KeyCode;
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};

use super::{Look, draw, testing::*, tests_cases::*};
use crate::{
    app::{
        Column, Event, Keymap, Notice, Overlay, RowState, Severity, Sort, State, Topic, View, history, needs,
        rows::MADE, update,
    },
    config::{Place, Rebind, Symbols, Theme},
    domain::{Condition, Kind, Level, Problem, Target},
    store::Role,
};

const UNICODE: (Theme, Symbols) = (Theme::Auto, Symbols::Unicode);

fn with(look: (Theme, Symbols)) -> Look {
    super::testing::look(look.0, look.1)
}

fn screen(state: &State, width: u16, height: u16) -> String {
    words(&picture(state, &with(UNICODE), width, height).0)
}

/// How often the lines of a table were made while `work` was done.
fn made(work: impl FnOnce()) -> usize {
    let before = MADE.get();
    work();
    MADE.get() - before
}

#[test]
fn marked_rows_are_compared_in_one_chart_with_a_legend() {
    let mut s = busy(View::Agents);
    let target = |id: &str| Target::agent(format!("{id}@acme.example"));
    s.navigation.marked = vec![target("imran.q")];
    let plain = screen(&s, 120, 40);
    assert!(!plain.contains("1 Imran Q"), "one row is no comparison: {plain}");
    s.navigation.marked.push(target("paulo.m"));
    for looks in [UNICODE, (Theme::Mono, Symbols::Ascii)] {
        for (w, h) in [(120, 40), (200, 60)] {
            let (buf, layout) = picture(&s, &with(looks), w, h);
            let text = words(&buf);
            assert!(text.contains("1 Imran Q 7:48") && text.contains("2 Paulo M 1:02"), "{text}");
            // The lines are far apart at the end: the first one above the second one, each by its sign.
            let chart = |sign: &str| text.lines().position(|l| l.contains(&sign.repeat(4)));
            assert!(chart("1").unwrap() < chart("2").unwrap(), "{text}");
            assert_eq!(layout.chart.unwrap().targets, s.navigation.marked);
            assert!(!text.contains("8 h"), "{text}");
        }
    }
    // The rows have the same signs, and the colours of the legend differ.
    let styles = with(UNICODE).styles;
    assert_ne!(styles.compared(0), styles.compared(1));
    assert!(screen(&s, 120, 40).lines().any(|l| l.contains("▸1Imran Q")));
}

#[test]
fn a_comparison_has_the_spans_of_the_detail_and_its_history() {
    for (w, h) in [(80, 24), (120, 40), (200, 60), (300, 80)] {
        for looks in [UNICODE, (Theme::Mono, Symbols::Ascii)] {
            let s = compared_day((w, h), looks.1);
            let text = words(&picture(&s, &with(looks), w, h).0);
            assert!(text.contains("2 h 8 h [24 h] 7 d  ending 6h00m ago"), "{w}x{h}: {text}");
            assert!(text.contains("1 Imran Q 7:48") && text.contains("2 Paulo M 1:02"), "{text}");
            let spans = text.lines().position(|l| l.contains("[24 h]")).unwrap();
            assert!(text.lines().nth(spans + 1).unwrap().contains("1 Imran Q"), "{text}");
            // A day of both, the second one faster by a minute: it runs below the first one.
            for column in text.lines().skip(spans + 2).flat_map(|l| l.match_indices("222").map(|(at, _)| at).take(1)) {
                assert!(column > 8, "{text}");
            }
            assert!(text.matches('1').count() > 20 && text.matches('2').count() > 20, "{text}");
            // Until it is read, the chart says so; and what was asked for other columns is not shown in these.
            let mut unread = s.clone();
            unread.live.past = None;
            let text = words(&picture(&unread, &with(looks), w, h).0);
            assert!(text.contains("reading the history") && text.contains("[24 h]"), "{text}");
        }
    }
    // Beside the table the time is told where it is not the last two hours.
    let mut s = compared_day((120, 40), Symbols::Unicode);
    s.navigation.detail_open = false;
    assert!(screen(&s, 120, 40).contains("[24 h]"));
    // A third row is read, the others stand meanwhile.
    let mut s = compared_day((120, 40), Symbols::Unicode);
    s.navigation.marked.push(Target::agent("arun.v@acme.example"));
    let text = screen(&s, 120, 40);
    assert!(text.contains("1111") && text.contains("2222") && !text.contains("333"), "{text}");
}

#[test]
fn the_help_begins_with_what_is_seen_then_has_the_keys_of_the_view_and_is_searched() {
    let mut s = busy(View::Alerts);
    s.navigation.overlay = Some(Overlay::Help { scroll: 0 });
    let drawn = |s: &State| words(&picture(s, &look(Theme::Auto, Symbols::Unicode), 100, 200).0);
    let text = drawn(&s);
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    assert!(at("States") < at("Columns") && at("Columns") < at("Words") && at("Words") < at("Keys in Alerts"));
    assert!(at("Keys in Alerts") < at("Keys in other views") && at("Keys in other views") < at("Commands after"));
    assert!((at("Keys in Alerts")..at("Keys in other views")).contains(&at("acknowledge all that are shown")));
    assert!(at("Choose the sort column") > at("Keys in other views"));
    s.navigation.help_search.text = "MUTE".into();
    let text = drawn(&s);
    assert!(text.contains("Help  / MUTE") && text.contains("Mute the alert of the row"), "{text}");
    assert!(!text.contains("Choose the sort column") && !text.contains("Commands after"), "{text}");
    s.navigation.help_search.text = "zebra".into();
    assert!(drawn(&s).contains("Nothing in the help has 'zebra'"));
}

#[test]
fn the_lines_of_a_table_are_made_once_a_key_and_once_a_frame() {
    let mut s = busy(View::Overview);
    s.navigation.axis = crate::app::Axis { span: crate::app::Span::Day, back: 1 };
    s.navigation.axis_of = s.navigation.selected.get(&Kind::Agent).cloned();
    let frame = |s: &mut State| {
        let (_, layout) = picture(s, &with(UNICODE), 120, 40);
        update(s, Event::Drawn(layout), now());
        // What the loop asks for after each frame.
        (needs::attention(s), needs::next_change(s, &now()), history::wanted(s))
    };
    let (attention, change, wanted) = frame(&mut s);
    assert!(!attention.is_empty() && change.is_some() && wanted.is_some());
    assert_eq!(s.layout.seen.len(), 19);
    for text in
        ["j", "k", "G", "g", "n", "r", "P", "y", "o", "z", "O", "N", "p", "/", "x", "\x1b", "\t", "5", "2", "a", "\t"]
    {
        let code = match text {
            "\x1b" => KeyCode::Esc,
            "\t" => KeyCode::Tab,
            text => KeyCode::Char(text.chars().next().unwrap()),
        };
        let key = made(|| drop(update(&mut s, Event::Key(code.into()), now())));
        assert!(key <= 2, "{text:?}: {key} for two tables");
        let drawn = made(|| drop(frame(&mut s.clone())));
        // Where the tables got other room, the update looks once more whether the selection is in view.
        let room = |s: &State| (s.layout.campaigns, s.layout.agents);
        let before = room(&s);
        frame(&mut s);
        let most = if room(&s) == before { 2 } else { 4 };
        assert!(drawn <= most, "{text:?}: {drawn} in a frame of two tables");
        if s.navigation.overlay.is_some() {
            update(&mut s, Event::Key(KeyCode::Esc.into()), now());
        }
    }
}

#[test]
fn between_two_borders_of_buckets_the_curve_of_the_past_stands_still() {
    let mut s = back_then(crate::app::Span::Day, 0, (120, 40), Symbols::Unicode);
    let plot = |s: &State| -> Vec<String> {
        let picture = screen(s, 120, 40);
        let curve = |l: &&str| l.contains(|c: char| ('\u{2800}'..='\u{28ff}').contains(&c));
        picture.lines().filter(curve).map(|l| l.chars().filter(|c| !c.is_ascii()).collect()).collect()
    };
    s.layout = picture(&s, &with(UNICODE), 120, 40).1;
    let before = (plot(&s), history::wanted(&s).unwrap().first);
    for secs in 1..120 {
        s.live.now = now_at(WALL + secs);
        if history::wanted(&s).unwrap().first == before.1 {
            assert_eq!(plot(&s), before.0, "after {secs} s");
        }
    }
}

#[test]
fn the_detail_tells_the_next_poll_and_the_last_errors() {
    let mut s = busy(View::Agents);
    s.navigation.detail_open = true;
    let told = |s: &State| screen(s, 120, 40);
    assert!(told(&s).contains("next check: in about 23s"), "{}", told(&s));
    s.live.status.as_mut().unwrap().next = Some(Target::agent("imran.q@acme.example"));
    assert!(told(&s).contains("next check: now"));
    s.live.status.as_mut().unwrap().at = ago(300);
    assert!(told(&s).contains("next check: not known"));
    let mut s = busy(View::Agents);
    s.navigation.detail_open = true;
    s.navigation.selected.insert(Kind::Agent, Target::agent("a-1099@acme.example"));
    let picture = told(&s);
    assert!(picture.contains("13:02 agent ID a-1099@acme.example is unknown"), "{picture}");
    assert!(picture.contains("(2 times") && picture.contains("since 09:15)"), "{picture}");
}

#[test]
fn who_polls_is_said() {
    let mut s = busy(View::Agents);
    s.live.poller = Some(instance(2211, Role::Serve));
    assert!(screen(&s, 120, 24).contains("checked by pid 2211 (serve)"));
    s.live.poller = None;
    s.live.status.as_mut().unwrap().at = ago(95);
    let picture = screen(&s, 120, 24);
    assert!(picture.contains("nobody checks the service") && picture.contains("[NOT CHECKED 1:35]"), "{picture}");
}

#[test]
fn a_frozen_picture_says_so_with_its_time_and_shows_the_old_numbers() {
    let mut live = busy(View::Agents);
    live.toggle_freeze();
    live.live.now = now_at(WALL + 600);
    live.live.rows.clear();
    for (w, h) in [(200, 60), (80, 24), (60, 9), (40, 8)] {
        let picture = screen(&live, w, h);
        assert!(picture.contains("FROZEN 14:32:07") && picture.contains("7:48"), "{picture}");
    }
    assert!(screen(&live, 20, 4).contains("FROZEN"));
}

#[test]
fn demo_is_never_hidden() {
    let mut s = busy(View::Overview);
    s.config.mode = Some("DEMO");
    for (w, h) in [(200, 60), (120, 40), (80, 24), (40, 8), (20, 4), (7, 3)] {
        assert!(screen(&s, w, h).contains("DEMO"), "{w}x{h}");
    }
}

#[test]
fn help_is_scrolled_to_its_end_and_no_further() {
    let mut s = busy(View::Agents);
    s.navigation.overlay = Some(Overlay::Help { scroll: usize::MAX });
    let (buf, layout) = picture(&s, &with(UNICODE), 80, 24);
    assert!(words(&buf).contains("Read the configuration again"), "{}", words(&buf));
    assert!(layout.overlay_lines > layout.overlay && layout.overlay == 22);
}

#[test]
fn the_filter_is_typed_in_its_line_and_said_while_it_holds() {
    let mut s = busy(View::Agents);
    s.navigation.filter.text = "north".into();
    assert!(screen(&s, 80, 24).contains("filter: north"));
    s.navigation.filter.editing = true;
    let (_, layout) = picture(&s, &with(UNICODE), 80, 24);
    assert_eq!(layout.cursor, Some((1 + 8 + 5, 21)));
    s.navigation.filter.text = "プリヤ".repeat(60).into();
    for w in 40..120 {
        let (_, layout) = picture(&s, &with(UNICODE), w, 24);
        assert!(layout.cursor.unwrap().0 < w);
    }
    s.navigation.filter.text = "nothing like it".into();
    s.navigation.filter.editing = false;
    assert!(screen(&s, 80, 24).contains("No agent matches the filter"));
}

#[test]
fn banners_beyond_their_lines_are_counted() {
    let mut s = busy(View::Agents);
    for problem in Problem::ALL.into_iter().filter(|problem| problem.severity() == Severity::Error).take(4) {
        let text = format!("notice {problem:?}: the store was moved aside");
        s.notices.list.push(Notice { topic: Topic::Problem(problem), text });
    }
    let picture = screen(&s, 80, 24);
    assert!(picture.contains("4 more: b"), "{picture}");
    // The key is the one that shows them, if any does.
    let place = Place::At { file: "c.toml".into(), line: 1, column: 1 };
    for (key, hint) in [(Some("V"), "4 more: V\n"), (None, "4 more\n")] {
        let keys = key.map(|key| (key.into(), place.clone())).into_iter().collect();
        let rebind = Rebind { action: "banners".into(), place: place.clone(), keys };
        s.keys = Arc::new(Keymap::of(&[rebind]).unwrap());
        let picture = screen(&s, 80, 24);
        assert!(picture.contains(hint), "{picture}");
    }
}

#[test]
fn the_ascii_set_draws_nothing_but_ascii() {
    let mut state = busy(View::Overview);
    state.notices.list.push(Notice { topic: Topic::Log, text: "प्रिया → “x” …".into() });
    for (w, h) in [(5, 3), (20, 5), (60, 16), (80, 24), (120, 40), (200, 60)] {
        let picture = words(&picture(&state, &with((Theme::Auto, Symbols::Ascii)), w, h).0);
        assert!(picture.is_ascii(), "{picture}");
    }
}

#[test]
fn every_state_differs_in_glyph_word_and_style() {
    for theme in [Theme::Auto, Theme::Dark, Theme::Light, Theme::Cvd] {
        let look = with((theme, Symbols::Unicode));
        let all = all_states();
        for (i, a) in all.iter().enumerate() {
            for b in &all[i + 1..] {
                assert_ne!(look.glyphs.state(*a), look.glyphs.state(*b), "{a:?} {b:?}");
                assert_ne!(a.word(), b.word());
            }
        }
        let styles = [
            RowState::Fresh(Level::HighCrit),
            RowState::Fresh(Level::HighWarn),
            RowState::Fresh(Level::LowCrit),
            RowState::Fresh(Level::LowWarn),
            RowState::Fresh(Level::Inside),
            RowState::Other(Condition::NoCalls),
            RowState::Other(Condition::Waiting),
            RowState::Other(Condition::Stale),
            RowState::Other(Condition::Invalid),
            RowState::Other(Condition::Failing),
        ]
        .map(|s| look.styles.state(s));
        for (i, style) in styles.iter().enumerate() {
            assert!(!styles[..i].contains(style), "{theme:?}: {:?}", all[i]);
        }
    }
}

#[test]
fn an_old_number_looks_old_and_no_calls_is_not_a_number() {
    let picture = screen(&busy(View::Agents), 80, 24);
    let line = |name: &str| picture.lines().find(|l| l.contains(name)).unwrap().to_owned();
    assert!(line("Kavya N").contains("4:02?") && line("Kavya N").contains("STALE"));
    assert!(line("Luis F").contains("no calls") && !line("Luis F").contains("0:00"));
    assert!(line("Nobody Yet").contains("waiting"));
}

#[test]
fn hostile_names_stay_in_their_cells() {
    let names = [
        "प्रिया शर्मा",
        "王小明王小明王小明王小明王小明",
        "👩‍💻👨‍👩‍👧‍👦🏳️‍🌈❤️",
        "e\u{301}\u{301}\u{301}\u{301}tude\u{301}",
        "\u{301}\u{301}lead",
        "\u{202e}evil\u{202c}",
        "\u{1b}[31mred\u{1b}]0;t\u{7}",
        "ﾊﾞﾋﾟﾌﾞﾍﾟﾎﾞﾊﾞﾋﾟﾌﾞﾍﾟﾎﾞ",
        "a\u{200d}\u{200d}b",
        "\u{fdfa}\u{fdfa}\u{fdfa}\u{fdfa}\u{fdfa}",
        "tab\tnew\nline",
        "\u{0}",
        "  ",
    ];
    let plain: Vec<Spec> = (0..names.len()).map(|i| Spec::agent(&format!("Agent {i}"), "north", 280, 300, 5)).collect();
    let hostile: Vec<Spec> = plain
        .iter()
        .zip(names)
        .map(|(s, name)| Spec { label: Some(crate::domain::clean(name, 300).into_owned().into()), ..s.clone() })
        .collect();
    let raw: Vec<Spec> =
        plain.iter().zip(names).map(|(s, name)| Spec { label: Some(Arc::from(name)), ..s.clone() }).collect();
    for (w, h) in [(40, 24), (60, 24), (80, 24), (109, 30), (120, 40)] {
        for specs in [&hostile, &raw] {
            let (mut s, mut expected) = (state(specs), state(&plain));
            for s in [&mut s, &mut expected] {
                s.navigation.view = View::Agents;
                s.preferences.sort = Sort { column: Column::Age, reverse: false };
            }
            let look = with(UNICODE);
            let (a, b) = (picture(&s, &look, w, h).0, picture(&expected, &look, w, h).0);
            assert!(!words(&a).contains(|c: char| c.is_control() && c != '\n'));
            // What stands right of the names is where it would stand beside any other name.
            let age = |buf: &Buffer| -> Vec<u16> {
                (2..h)
                    .filter_map(|y| {
                        (0..w.saturating_sub(3))
                            .find(|x| (0..4).map(|i| buf[(x + i, y)].symbol()).collect::<String>() == "0:05")
                    })
                    .collect()
            };
            assert_eq!(age(&b).len(), names.len(), "{w}x{h}\n{}", words(&b));
            assert_eq!(age(&a).len(), names.len(), "{w}x{h}\n{}", words(&a));
            assert!(age(&a).windows(2).all(|p| p[0] == p[1]), "{w}x{h}");
        }
    }
}

#[test]
fn what_is_cut_has_an_ellipsis() {
    let mut specs = floor();
    specs[4].label = Some("Imran Qureshi of the Northern Evening Shift and Beyond".into());
    let mut s = state(&specs);
    s.navigation.view = View::Agents;
    for w in [40, 60, 80, 120] {
        let picture = screen(&s, w, 24);
        assert!(picture.lines().any(|l| l.contains("Imran") && l.contains('…')), "{picture}");
    }
    s.notices.list.push(Notice { topic: Topic::ConfigRejected, text: "long ".repeat(80) });
    assert!(screen(&s, 80, 24).lines().any(|l| l.contains("long") && l.contains('…')));
}

#[test]
fn the_frame_and_the_buffer_are_the_same_picture() {
    let mut state = busy(View::Overview);
    state.navigation.filter.editing = true;
    let look = with(UNICODE);
    let mut terminal = Terminal::new(TestBackend::new(100, 30)).unwrap();
    let mut reported = super::FrameLayout::default();
    terminal.draw(|frame| reported = draw(frame, &state, &look)).unwrap();
    let (buf, layout) = picture(&state, &look, 100, 30);
    assert_eq!((terminal.backend().buffer(), &reported), (&buf, &layout));
    let at = terminal.get_cursor_position().unwrap();
    assert_eq!(Some((at.x, at.y)), layout.cursor);
}

#[test]
fn the_layout_says_how_many_rows_are_drawn() {
    let specs: Vec<Spec> = (0..200).map(|i| Spec::agent(&format!("Agent {i:03}"), "n", 280, 300, 5)).collect();
    let mut s = state(&specs);
    s.navigation.view = View::Agents;
    for (w, h) in [(40, 8), (60, 12), (80, 24), (109, 30), (120, 40), (200, 60)] {
        let (buf, layout) = picture(&s, &with(UNICODE), w, h);
        let drawn = words(&buf).lines().filter(|l| l.contains("Agent ") && l.contains("ok")).count();
        assert_eq!(layout.rows(Kind::Agent), drawn, "{w}x{h}\n{}", words(&buf));
        assert_eq!(layout.rows(Kind::Campaign), 0);
    }
    // An offset that is too large for the window shows the last page, not an empty one.
    s.navigation.offset.insert(Kind::Agent, 10_000);
    assert!(screen(&s, 80, 24).contains("Agent 199"));
}

#[test]
fn a_screen_is_never_blank() {
    for state in [busy(View::Overview), state(&[])] {
        for w in 1..50 {
            for h in 1..12 {
                assert!(!screen(&state, w, h).trim().is_empty(), "{w}x{h}");
            }
        }
    }
}
