//! What holds for every case of the screen at every size, in every theme and with every set of glyphs.
//!
//! A person looks at few screens (`tests_screens.rs`); these properties cover the combinations that nobody looks at.

use std::collections::BTreeSet;

use ratatui::{buffer::Buffer, style::Style};

use super::{FrameLayout, glyphs, testing::*, tests_cases::*};
use crate::{
    app::{Column, Span, State, TableArea, View},
    config::{Symbols, Theme},
};

const SETS: [Symbols; 3] = [Symbols::Unicode, Symbols::Block, Symbols::Ascii];
const COLOURED: [Theme; 4] = [Theme::Auto, Theme::Dark, Theme::Light, Theme::Cvd];
const SIZES: [(u16, u16); 5] = [(30, 6), (60, 16), (80, 24), (120, 40), (200, 60)];

fn drawn(state: &State, theme: Theme, symbols: Symbols, (w, h): (u16, u16)) -> (Buffer, FrameLayout) {
    picture(state, &look(theme, symbols), w, h)
}

/// The words and numbers of each line, without the signs and without letters that stand alone: some signs are letters
/// in ASCII, and the mark of the sort stands right behind its title.
fn spoken(buf: &Buffer) -> Vec<Vec<String>> {
    fn unmarked(word: &str) -> &str {
        let title = |w: &&str| !w.contains(|c: char| c.is_ascii_lowercase());
        word.strip_suffix('v').filter(title).unwrap_or(word)
    }
    let sign =
        |w: &&str| w.is_empty() || w.bytes().all(|b| b == b'v') || (w.len() == 1 && !w.as_bytes()[0].is_ascii_digit());
    let said = |line: &str| -> Vec<String> {
        let pieces = line.split_whitespace().map(unscaled);
        let all = pieces.flat_map(|p| p.split(|c: char| !c.is_ascii_alphanumeric())).filter(|w| !sign(w));
        all.map(|w| unmarked(w).to_owned()).collect()
    };
    words(buf).lines().map(said).collect()
}

/// A piece of a line without the value at the axis of a chart: a set with fewer dots in a cell rounds it to others.
fn unscaled(piece: &str) -> &str {
    let value = |text: &str| text.contains(':') && text.bytes().all(|b| b.is_ascii_digit() || b == b':');
    match piece.split_once(['│', '|']) {
        Some((scale, rest)) if value(scale) => rest,
        _ => piece,
    }
}

#[test]
fn every_theme_draws_the_same_words_and_signs_and_mono_has_no_colour() {
    let plain = Style::reset();
    for (i, (name, state)) in cases().into_iter().enumerate() {
        for (j, size) in SIZES.into_iter().enumerate() {
            // Each case in each set, though not each at each size.
            let symbols = SETS[(i + j) % 3];
            let mono = drawn(&state, Theme::Mono, symbols, size).0;
            let coloured = mono.content().iter().find(|c| (Some(c.fg), Some(c.bg)) != (plain.fg, plain.bg));
            assert_eq!(coloured, None, "{name} {size:?} {symbols:?}: a colour in mono");
            for theme in COLOURED {
                let other = drawn(&state, theme, symbols, size).0;
                assert_eq!(words(&mono), words(&other), "{name} {size:?} {symbols:?}: {theme:?} and mono differ");
            }
        }
    }
}

#[test]
fn every_set_of_glyphs_says_the_same_words_and_the_ascii_set_has_nothing_else() {
    for (name, state) in cases() {
        let latin = in_latin(state.clone());
        for size in SIZES {
            let ascii = words(&drawn(&state, Theme::Mono, Symbols::Ascii, size).0);
            assert!(ascii.is_ascii(), "{name} {size:?}\n{ascii}");
            let [unicode, block, ascii] = SETS.map(|s| spoken(&drawn(&latin, Theme::Mono, s, size).0));
            // Sets have their own numbers of dots in a cell: a chart of the past begins at other minutes.
            if state.navigation.axis.span != Span::TwoHours {
                continue;
            }
            assert_eq!(unicode, block, "{name} {size:?}");
            // An arrow is a cell wider in ASCII, so that a line of the plan may break at another word; and large
            // figures are words only where the set has none that is low enough.
            if state.navigation.view != View::Budget && state.navigation.wall.is_none() {
                assert_eq!(unicode, ascii, "{name} {size:?}");
            }
        }
        if state.navigation.view == View::Budget {
            let all = |symbols| {
                let mut all = spoken(&drawn(&latin, Theme::Mono, symbols, (100, 70)).0).concat();
                all.sort_unstable();
                all
            };
            assert_eq!(all(Symbols::Unicode), all(Symbols::Ascii), "{name}");
        }
    }
}

#[test]
fn every_case_is_drawn_within_its_area_at_any_size() {
    for (i, (name, state)) in cases().into_iter().enumerate() {
        let look = look(Theme::Auto, SETS[i % 3]);
        for w in 1..46u16 {
            for h in 1..14u16 {
                if (usize::from(w * 5 + h) + i) % 11 == 0 || w < 4 || h < 2 {
                    draws_within(name, &state, &look, w, h);
                }
            }
        }
        for (w, h) in [(300, 80), (300, 1), (1, 80), (110, 30), (109, 29), (160, 45), (250, 20), (80, 24), (41, 70)] {
            draws_within(name, &state, &look, w, h);
        }
    }
}

/// The words of a picture with what stands behind each: runs of letters, and the sign after them.
fn letters(text: &str) -> Vec<(&str, Option<char>)> {
    let mut all = vec![];
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_alphabetic()) {
        rest = &rest[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        all.push((&rest[..end], rest[end..].chars().next()));
        rest = &rest[end..];
    }
    all
}

/// What lies over the view where something does, and else the whole picture: behind a menu words are covered, not cut.
fn uncovered(state: &State, size: (u16, u16)) -> String {
    let buf = drawn(state, Theme::Mono, Symbols::Unicode, size).0;
    if state.navigation.overlay.is_none() {
        return words(&buf);
    }
    let mut below = state.clone();
    below.navigation.overlay = None;
    let below = drawn(&below, Theme::Mono, Symbols::Unicode, size).0;
    // The lines at the bottom tell of the overlay, too.
    let differs = |(x, y): &(u16, u16)| buf[(*x, *y)] != below[(*x, *y)];
    let cells: Vec<(u16, u16)> =
        (0..size.1 - 3).flat_map(|y| (0..size.0).map(move |x| (x, y))).filter(differs).collect();
    let (left, right) = (cells.iter().map(|c| c.0).min().unwrap(), cells.iter().map(|c| c.0).max().unwrap());
    let (top, bottom) = (cells.iter().map(|c| c.1).min().unwrap(), cells.iter().map(|c| c.1).max().unwrap());
    let line = |y| (left..=right).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (top..=bottom).map(|y| line(y) + "\n").collect()
}

/// A word that is not there in full ends in the ellipsis. Which words there are is seen on a screen that has room for
/// all of them, and what narrow screens have instead of longer words is listed here.
#[test]
fn no_word_is_cut_without_an_ellipsis() {
    const NARROW: [&str; 3] = ["OLD", "lines", "data"];
    let cases = cases();
    let wide: Vec<String> = cases.iter().map(|(_, s)| uncovered(s, (300, 80))).collect();
    let mut known: BTreeSet<&str> = wide.iter().flat_map(|text| letters(text)).map(|(word, _)| word).collect();
    known.extend(NARROW);
    let mut unknown = BTreeSet::new();
    let mut cut = 0;
    for (i, (name, state)) in cases.iter().enumerate() {
        for w in (40..220).filter(|w| (usize::from(*w) + i) % 6 == 0) {
            let text = uncovered(state, (w, 40));
            for (word, behind) in letters(&text) {
                if behind == Some('…') {
                    cut += 1;
                    assert!(known.iter().any(|k| k.starts_with(word)), "{name} {w}: {word}\n{text}");
                } else if !known.contains(word) {
                    unknown.insert((word.to_owned(), *name, w));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "cut, or to be listed as a word of narrow screens: {unknown:?}");
    assert!(cut > 100, "{cut} words are cut: too few to say anything");
}

/// The text in the cells from `x` on, as they are.
fn cells(buf: &Buffer, x: u16, width: u16, y: u16) -> Vec<String> {
    (x..x + width).map(|x| buf[(x, y)].symbol().to_owned()).collect()
}

fn is_blank(cell: &str) -> bool {
    cell.trim().is_empty()
}

/// Free cells at the left and at the right of a column: a trend stands apart, and behind an AHT is the mark of an old
/// one.
fn inset(column: Column) -> (u16, u16) {
    match column {
        Column::Trend => (1, 0),
        Column::Aht => (0, 1),
        _ => (0, 0),
    }
}

/// The lines of a table that are rows: no heading of a section, and not the room below the last one.
fn rows_of<'a>(buf: &'a Buffer, table: &'a TableArea) -> impl Iterator<Item = u16> {
    let (left, bottom) = (table.columns.0, table.top + table.rows);
    let each = usize::from(table.each);
    let row = move |y: &u16| {
        let margin = buf[(left, *y)].symbol();
        is_blank(margin) || margin == glyphs::UNICODE.cursor
    };
    let name = table.titles.iter().find(|(c, ..)| *c == Column::Name).map(|(_, x, _)| *x).unwrap();
    (table.top + 1..=bottom).step_by(each).filter(row).filter(move |y| !is_blank(buf[(name, *y)].symbol()))
}

#[test]
fn titles_and_cells_start_and_end_in_the_same_columns_in_all_tables() {
    let mut seen = 0;
    for (name, state) in cases() {
        let overlaid = state.navigation.overlay.is_some();
        let unmatched = name == "filter_no_match" || name.starts_with("no");
        for w in (42..300).step_by(13) {
            for h in [16, 24, 40, 60] {
                let (buf, layout) = drawn(&state, Theme::Auto, Symbols::Unicode, (w, h));
                let tables: Vec<&TableArea> = layout.tables.iter().filter(|t| t.kind.is_some()).collect();
                if overlaid || unmatched || tables.is_empty() {
                    continue;
                }
                let at = |what: &str, y: u16| format!("{name} {w}x{h}, line {y}: {what}\n{}", words(&buf));
                assert!(tables.iter().all(|t| t.titles == tables[0].titles), "{}", at("tables differ", 0));
                for table in &tables {
                    let kind = table.kind.unwrap();
                    // With the mark of the sort a title may reach into the gap before it.
                    for (column, x, width) in &table.titles {
                        let (before, behind) = inset(*column);
                        let title = cells(&buf, *x - 1, width + 1, table.top);
                        let (first, last) = (usize::from(before) + 1, usize::from(width - behind));
                        let own = title[..=last].concat().trim().to_owned();
                        let expected = match column {
                            Column::Age if state.preferences.age_as_time => "READ".to_owned(),
                            _ => column.title(kind),
                        };
                        assert!(own.starts_with(&expected), "{}", at(&format!("{own:?} for {expected:?}"), table.top));
                        let edge = if column.spec().right { last } else { first };
                        assert!(!is_blank(&title[edge]), "{}", at(&format!("the title {expected} moved"), table.top));
                    }
                    for y in rows_of(&buf, table) {
                        seen += 1;
                        for (column, x, width) in &table.titles {
                            let gap = buf[(x - 1, y)].symbol();
                            // The mark of a pinned row stands in the margin.
                            let free = is_blank(gap) || *x == table.titles[0].1;
                            assert!(free, "{}", at(&format!("{gap:?} before {column:?}"), y));
                            let (before, behind) = inset(*column);
                            let value = cells(&buf, x + before, width - before - behind, y);
                            if column.spec().right {
                                assert!(!is_blank(value.last().unwrap()), "{}", at(&format!("{column:?} moved"), y));
                            } else if *column == Column::Name {
                                assert!(!is_blank(&value[0]), "{}", at("the name moved", y));
                            } else if *column == Column::State {
                                // The mark has a cell of its own, and the sign two: the word begins behind them.
                                assert!(!is_blank(&value[4]), "{}", at("the state moved", y));
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(seen > 10_000, "{seen} rows");
}

#[test]
fn frames_have_all_their_sides() {
    let sides = glyphs::UNICODE.hv[1];
    for view in [View::Overview, View::Agents, View::Campaigns] {
        for (w, h) in [(110, 30), (120, 40), (200, 60)] {
            let (buf, layout) = drawn(&busy(view), Theme::Auto, Symbols::Unicode, (w, h));
            for table in &layout.tables {
                for y in table.top..table.top + table.rows {
                    for x in [table.columns.0 - 1, table.columns.1] {
                        assert_eq!(buf[(x, y)].symbol(), sides, "{x},{y} of {w}x{h}\n{}", words(&buf));
                    }
                }
            }
        }
    }
}

#[test]
fn every_state_of_a_row_has_its_style_in_every_theme() {
    for theme in COLOURED.into_iter().chain([Theme::Mono]) {
        let look = look(theme, Symbols::Unicode);
        let mut found = BTreeSet::new();
        for view in [View::Agents, View::Campaigns] {
            let mut state = busy(view);
            // A selected row has another look.
            state.navigation.selected.clear();
            let (buf, layout) = picture(&state, &look, 120, 40);
            let table = &layout.tables[0];
            let (_, x, width) = table.titles.iter().find(|(c, ..)| *c == Column::State).unwrap();
            for y in rows_of(&buf, table) {
                let text = cells(&buf, x + 1, width - 1, y).concat();
                let said =
                    |s: &crate::app::RowState| text.starts_with(&format!("{} {}", look.glyphs.state(*s), s.word()));
                let row = all_states().into_iter().find(said);
                let row = row.unwrap_or_else(|| panic!("{text:?} is no state"));
                found.insert(row.word());
                let (is, wanted) = (buf[(x + 4, y)].style(), Style::reset().patch(look.styles.state(row)));
                assert_eq!(
                    (is.fg, is.bg, is.add_modifier),
                    (wanted.fg, wanted.bg, wanted.add_modifier),
                    "{theme:?} {row:?}"
                );
            }
        }
        assert_eq!(found.len(), all_states().len(), "{found:?}");
    }
}
