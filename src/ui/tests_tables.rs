//! What people can do with tables, and the views that are texts.

use super::{Look, testing::*};
use crate::{
    app::{Column, Names, State, TableArea, View},
    config::{Symbols, Theme},
    domain::Kind,
};

fn plain() -> Look {
    look(Theme::Auto, Symbols::Unicode)
}

fn screen(state: &State, width: u16, height: u16) -> String {
    words(&picture(state, &plain(), width, height).0)
}

#[test]
fn agents_in_sections() {
    let mut s = busy(View::Agents);
    s.preferences.sections = true;
    let picture = screen(&s, 120, 40);
    assert!(picture.contains("median of 5 agents") && picture.contains("no group"), "{picture}");
    assert!(!picture.contains("north's AHT"));
}

#[test]
fn columns_in_their_own_order() {
    let mut s = busy(View::Agents);
    s.preferences.columns = vec![Column::State, Column::Age, Column::Name, Column::Trend, Column::Aht];
    let picture = screen(&s, 120, 40);
    let titles = picture.lines().find(|l| l.contains("STATE")).unwrap();
    assert!(titles.find("STATE") < titles.find("AGE") && titles.find("AGE") < titles.find("AGENT "), "{titles}");
    assert!(!titles.contains("GROUP"));
}

#[test]
fn hidden_names_are_in_no_view() {
    let mut s = busy(View::Overview);
    s.preferences.names = Names::Hidden;
    for (w, h) in [(12, 4), (39, 7), (60, 20), (80, 24), (120, 40), (200, 60)] {
        for view in View::ALL {
            for open in [false, true] {
                (s.navigation.view, s.navigation.detail_open) = (view, open);
                let picture = screen(&s, w, h);
                for secret in ["Imran", "imran", "Paulo", "王小明", "a-1099", "A-1099", "acme.example"] {
                    assert!(!picture.contains(secret), "{secret} in\n{picture}");
                }
            }
        }
    }
}

#[test]
fn the_command_line_and_what_it_says() {
    let mut s = busy(View::Agents);
    s.navigation.command = Some("sort d".into());
    let (_, layout) = picture(&s, &plain(), 80, 24);
    assert_eq!(layout.cursor, Some((2 + 6, 21)));
    s.navigation.command = None;
    s.notices.status_message = Some("x".repeat(500));
    assert!(screen(&s, 80, 24).contains('…'));
}

#[test]
fn the_tables_tell_where_they_are() {
    for (w, h) in [(60, 20), (80, 24), (120, 40), (200, 60)] {
        let s = busy(View::Overview);
        let (buf, layout) = picture(&s, &plain(), w, h);
        let kinds: Vec<_> = layout.tables.iter().map(|s| s.kind).collect();
        assert_eq!(kinds, [Some(Kind::Campaign), Some(Kind::Agent)]);
        for TableArea { kind, top, rows, each, columns, titles } in &layout.tables {
            assert_eq!(usize::from(rows / each), layout.rows(kind.unwrap()), "{w}x{h}");
            let line = words(&buf).lines().nth(usize::from(*top)).unwrap().to_owned();
            for (column, x, width) in titles {
                assert!(columns.0 <= *x && x + width <= columns.1);
                let cells: String = (*x..x + width).map(|x| buf[(x, *top)].symbol()).collect();
                let expected = column.title(kind.unwrap());
                assert!(cells.contains(&expected), "{expected} is not in {cells:?} of {line}");
            }
        }
    }
}

#[test]
fn a_short_table_on_a_tall_screen_has_two_lines_for_each_row_and_its_trend() {
    let s = busy(View::Agents);
    let lines = |w, h| picture(&s, &plain(), w, h).1.tables[0].each;
    assert_eq!([(80, 24), (120, 36), (120, 52), (200, 60), (50, 60)].map(|(w, h)| lines(w, h)), [1, 1, 2, 2, 1]);
    let (buf, layout) = picture(&s, &plain(), 200, 60);
    let spot = &layout.tables[0];
    let (_, x, width) = *spot.titles.iter().find(|(c, ..)| *c == Column::Trend).unwrap();
    let braille =
        |y: u16| (x..x + width).any(|x| buf[(x, y)].symbol().starts_with(|c| ('\u{2801}'..'\u{28ff}').contains(&c)));
    // What is above the target is on the first line, what is below on the second.
    let drawn = |line: u16| (spot.top + 1 + line..=spot.top + spot.rows).step_by(2).filter(|y| braille(*y)).count();
    assert!(drawn(0) > 4 && drawn(1) > 4, "{} and {}", drawn(0), drawn(1));
    // The selection covers both lines, the trend too.
    let reversed = |y: u16| (x..x + width).all(|x| buf[(x, y)].modifier.contains(ratatui::style::Modifier::REVERSED));
    assert!(reversed(spot.top + 1) && reversed(spot.top + 2) && !reversed(spot.top + 3));
}

#[test]
fn a_filter_that_is_typed_makes_no_row_taller() {
    for view in [View::Overview, View::Agents] {
        for (w, h) in [(80, 24), (120, 40), (200, 60), (200, 80)] {
            let each = |filter: &str| {
                let mut s = busy(view);
                s.navigation.filter.text = filter.into();
                s.navigation.filter.editing = true;
                let tables = picture(&s, &plain(), w, h).1.tables;
                tables.into_iter().find(|table| table.kind == Some(Kind::Agent)).map(|table| table.each)
            };
            assert_eq!(each("imran"), each(""), "{view:?} {w}x{h}");
        }
    }
}

#[test]
fn in_sections_both_tables_have_one_grid() {
    for (w, h) in [(80, 24), (120, 40), (200, 60)] {
        let mut s = busy(View::Overview);
        s.preferences.sections = true;
        let tables = picture(&s, &plain(), w, h).1.tables;
        assert_eq!(tables[0].titles, tables[1].titles, "{w}x{h}");
    }
}

#[test]
fn a_text_that_is_longer_than_the_screen_is_scrolled_to_its_end_and_no_further() {
    let mut s = busy(View::Budget);
    let (_, layout) = picture(&s, &plain(), 80, 24);
    assert!(layout.overlay_lines > layout.overlay && layout.overlay > 5);
    s.navigation.scroll = usize::MAX;
    let picture = screen(&s, 80, 24);
    assert!(picture.contains("acme.db") && !picture.contains("last 60 s"), "{picture}");
}

#[test]
fn columns_that_no_row_has_anything_for_are_not_shown() {
    let spec = |group: &str| Spec::agent("Arun V", group, 295, 310, 20);
    let titles = |spec: Spec| screen(&at(View::Agents, state(&[spec])), 200, 24);
    let full = titles(spec("north"));
    assert!(full.contains("GROUP") && full.contains("VS TGT"));
    let bare = titles(Spec { band: band([0; 5]), ..spec("") });
    assert!(!bare.contains("GROUP") && !bare.contains("VS TGT"), "{bare}");
}

fn at(view: View, mut s: State) -> State {
    s.navigation.view = view;
    s
}
