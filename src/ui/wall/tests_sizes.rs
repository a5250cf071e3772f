//! What must be there at which size, and that more cells never show less.

use std::{sync::Arc, time::Duration};

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    letters,
    tests::{COLOUR, alerts, board, calm, hidden, seen},
};
use crate::{
    app::{State, Wall},
    config::{Symbols, Theme, WallTiles},
    domain::{Kind, LoggedIn, Outcome},
    store::{Link, Presence},
    ui::{canvas::Canvas, testing::*},
};

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (200, 60), (300, 80)];

/// True where `text` stands in the picture, as text or in large letters.
fn shows(picture: &str, text: &str) -> bool {
    if picture.contains(text) {
        return true;
    }
    let look = look(Theme::Mono, Symbols::Unicode);
    let Some(width) = letters::width(look.glyphs.set, text) else { return false };
    let area = Rect::new(0, 0, width, 3);
    let mut buf = Buffer::empty(area);
    letters::draw(&mut Canvas::new(&mut buf, area, &look), (0, 0), text, look.styles.text);
    let large: Vec<Vec<char>> =
        (0..3).map(|y| (0..width).map(|x| buf[(x, y)].symbol().chars().next().unwrap_or(' ')).collect()).collect();
    let lines: Vec<Vec<char>> = picture.lines().map(|line| line.chars().collect()).collect();
    let at = |y: usize, x: usize| lines.get(y).and_then(|line| line.get(x)).copied().unwrap_or(' ');
    (0..lines.len()).any(|y| {
        (0..lines[y].len()).any(|x| {
            large.iter().enumerate().all(|(dy, row)| row.iter().enumerate().all(|(dx, c)| at(y + dy, x + dx) == *c))
        })
    })
}

/// What one sees of the campaigns whatever the size: name, goal and state of each, and which way it moves since when.
fn core(state: &State) -> Vec<String> {
    let mut facts = vec!["30 min".to_owned(), "14:32".to_owned()];
    for w in state.config.watched.iter().filter(|w| w.target.kind == Kind::Campaign) {
        facts.push(w.target.id.to_string());
        facts.extend(w.band.target.map(|target| format!("target {target}")));
    }
    facts
}

/// What else there can be.
fn all_facts(state: &State) -> Vec<String> {
    let mut facts = core(state);
    let words = ["longer", "shorter", "no calls", "median of", "2 h ago", "rising, 30 min", "oldest on this page"];
    facts.extend(words.map(str::to_owned));
    let named = |w: &crate::config::Watched| w.label.as_deref().map(str::to_owned);
    facts.extend(state.config.watched.iter().filter(|w| w.target.kind == Kind::Agent).filter_map(named));
    for w in state.config.watched.iter().filter(|w| w.target.kind == Kind::Campaign) {
        facts.extend([w.band.low_warn, w.band.high_warn].into_iter().flatten().map(|limit| limit.to_string()));
    }
    facts
}

#[test]
fn name_goal_state_movement_and_clock_are_there_at_every_size() {
    for (w, h) in SIZES {
        let picture = seen(&alerts(), COLOUR, w, h);
        for fact in core(&alerts()) {
            assert!(shows(&picture, &fact), "{w}x{h}: {fact}\n{picture}");
        }
        // One far outside, one outside, one old.
        for state in [["VERY HIGH", "V.HIGH"], ["HIGH for", "HIGH"], ["no answer", "no answer"]] {
            assert!(state.iter().any(|word| shows(&picture, word)), "{w}x{h}: {state:?}\n{picture}");
        }
    }
}

#[test]
fn from_size_to_size_nothing_is_lost_and_the_largest_has_charts_and_all_agents() {
    for state in [alerts(), calm()] {
        let facts = all_facts(&state);
        let mut before: Vec<String> = Vec::new();
        for (w, h) in SIZES {
            let picture = seen(&state, COLOUR, w, h);
            let now: Vec<String> = facts.iter().filter(|fact| shows(&picture, fact)).cloned().collect();
            for fact in &before {
                assert!(now.contains(fact), "{w}x{h} has lost {fact}\n{picture}");
            }
            before = now;
        }
        let largest = seen(&state, COLOUR, 300, 80);
        assert!(
            largest.contains("━━━━━━━━━━━━━━━━━━━━") && largest.contains("13:32"),
            "a chart with its hours\n{largest}"
        );
        assert!(shows(&largest, "COLLECT-IN") && !largest.contains("COLLECT-IN"), "names are large");
        assert!(!largest.contains("target 4:45"), "goals are large");
        let lines = largest.lines().collect::<Vec<_>>();
        let empty = lines.iter().filter(|line| line.trim().is_empty()).count();
        assert!(empty <= 6, "{empty} empty rows of {}\n{largest}", lines.len());
    }
}

#[test]
fn more_cells_never_show_less_of_a_campaign() {
    const LADDER: [(u16, u16); 8] =
        [(80, 24), (100, 30), (120, 40), (160, 45), (180, 50), (200, 60), (250, 70), (300, 80)];
    let state = alerts();
    let facts = core(&state);
    let counts: Vec<usize> = LADDER
        .iter()
        .map(|(w, h)| {
            let picture = seen(&state, COLOUR, *w, *h);
            facts.iter().filter(|fact| shows(&picture, fact)).count()
        })
        .collect();
    assert!(counts.is_sorted(), "{counts:?}");
}

#[test]
fn the_band_of_a_tile_is_filled_also_where_all_is_well() {
    for (theme, w, h) in [(Theme::Auto, 80, 24), (Theme::Mono, 80, 24), (Theme::Dark, 120, 40), (Theme::Cvd, 200, 60)] {
        let look = look(theme, Symbols::Unicode);
        let (buf, _) = picture(&calm(), &look, w, h);
        let filled = |x: u16, y: u16| {
            let (cell, style) = (&buf[(x, y)], look.styles.calm);
            style.bg.is_none_or(|bg| cell.bg == bg) && cell.modifier.contains(style.add_modifier)
        };
        let most = (1..4).map(|y| (0..w).filter(|x| filled(*x, y)).count()).max();
        assert!(most > Some(usize::from(w) * 9 / 10), "{theme:?} {w}x{h}");
    }
}

#[test]
fn a_long_name_swallows_neither_state_nor_goal() {
    let long = "COLLECTIONS-OUTBOUND-NORTH-EAST-AND-SOUTH-WEST-EARLY-MORNING";
    let one = |id: &str| Spec::campaign(id, [120, 210, 285, 360, 450], 277, 372, 14);
    for specs in [vec![one(long)], vec![one(long), one("B"), one("C"), one("D")]] {
        let s = board(&specs);
        for (w, h) in [(40, 8), (40, 12), (60, 16), (80, 24), (120, 40), (200, 60)] {
            let picture = seen(&s, COLOUR, w, h);
            assert!(shows(&picture, "HIGH") && shows(&picture, "target 4:45"), "{w}x{h}\n{picture}");
            assert!(picture.contains("COLL") || shows(&picture, long), "{w}x{h}\n{picture}");
        }
    }
}

#[test]
fn of_the_agents_the_worst_are_there_and_how_many_more() {
    let mut specs: Vec<Spec> = (0..40).map(|i| Spec::agent(&format!("Agent {i:02}"), "n", 300, 380 + i, 5)).collect();
    specs.push(Spec::campaign("ONE", [0, 210, 285, 360, 0], 277, 291, 14));
    let mut s = board(&specs);
    for (w, h) in [(60, 16), (80, 24), (120, 40), (200, 60)] {
        let picture = seen(&s, COLOUR, w, h);
        let named = (0..40)
            .filter(|i| picture.lines().any(|l| l.contains(&format!("Agent {i:02} ")) && l.contains(" for ")))
            .count();
        assert!(picture.contains("Agent 39") && !picture.contains("Agent 00"), "{w}x{h}\n{picture}");
        assert!(picture.contains(&format!("+{} more", 40 - named)), "{w}x{h}: {named}\n{picture}");
    }
    let before = seen(&s, COLOUR, 80, 24);
    s.live.now.mono = s.live.now.mono + Duration::from_secs(61);
    s.navigation.wall = Some(Wall::new(s.live.now.mono));
    let agents = |picture: &str| {
        picture.lines().filter(|l| l.contains("Agent ")).map(|l| l[..40].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(agents(&before), agents(&seen(&s, COLOUR, 80, 24)), "no page turns");
}

#[test]
fn hidden_names_are_numbers_that_tell_them_apart() {
    for (w, h) in SIZES {
        let picture = seen(&hidden(), COLOUR, w, h);
        assert!(picture.contains("agent 1 ") && picture.contains("agent 3 "), "{w}x{h}\n{picture}");
        assert!(!picture.contains("an agent"), "{picture}");
    }
}

#[test]
fn an_unknown_id_has_no_tile_and_is_named() {
    let mut specs = floor();
    specs[1] = Spec::campaign("TYPO", [0, 210, 285, 360, 450], 289, 372, 39)
        .only(&[(900, Outcome::Invalid), (30, Outcome::Invalid)]);
    let s = board(&specs);
    for (w, h) in SIZES {
        let picture = seen(&s, COLOUR, w, h);
        assert_eq!(picture.matches("unknown ID: TYPO").count(), 1, "{w}x{h}\n{picture}");
        assert_eq!(picture.matches("TYPO").count(), 1, "{w}x{h}\n{picture}");
        let (_, layout) = picture_of(&s, w, h);
        assert!(!layout.seen.iter().any(|t| *t.id == *"TYPO"));
    }
}

fn picture_of(s: &State, w: u16, h: u16) -> (Buffer, crate::ui::FrameLayout) {
    picture(s, &look(COLOUR.0, COLOUR.1), w, h)
}

#[test]
fn a_closed_board_says_so_in_large_letters_and_when_it_opens() {
    let mut s = calm();
    s.live.status.as_mut().unwrap().link = Link::Closed { until: Some(ago(-3600 * 18)) };
    for (w, h) in [(80, 24), (120, 40), (200, 60), (300, 80)] {
        let picture = seen(&s, COLOUR, w, h);
        // The first row of its C and its L, once or twice as large.
        let large = ["  ████  ██  ", "    ████████    ████    "];
        assert!(large.iter().any(|row| picture.contains(row)), "{w}x{h}\n{picture}");
        let opens = shows(&picture, "opens Fri 08:32");
        assert!(opens || (w, h) == (300, 80), "{w}x{h}\n{picture}");
    }
    assert!(seen(&s, COLOUR, 60, 12).contains("CLOSED  opens Fri 08:32"));
    let soon = Link::Closed { until: Some(ago(-3600)) };
    s.live.status.as_mut().unwrap().link = soon;
    assert!(seen(&s, COLOUR, 80, 24).contains("opens 15:32"));
}

#[test]
fn a_group_says_that_its_figure_is_a_median_of_agents() {
    let mut s = alerts();
    s.config.wall.tiles = vec![WallTiles::Campaigns, WallTiles::Groups];
    for (w, h) in SIZES {
        let picture = seen(&s, COLOUR, w, h);
        for fact in ["north", "south", "median of"] {
            assert!(shows(&picture, fact), "{w}x{h}: {fact}\n{picture}");
        }
    }
    // Beside each of the two figures, also where there is one line for each.
    for (w, h) in [(60, 10), (60, 16), (80, 14), (80, 24), (120, 40), (200, 60), (300, 80)] {
        s.config.wall.tiles = vec![WallTiles::Groups];
        let picture = seen(&s, COLOUR, w, h);
        let labels = ["median of 6 of 8 agents", "median of 5 of 6 agents"];
        let full = labels.iter().all(|label| picture.contains(label));
        let short = picture.lines().filter(|l| !l.contains(" ok  ")).map(|l| l.matches("median of agents").count());
        assert!(full || short.sum::<usize>() == 2, "{w}x{h}\n{picture}");
    }
}

#[test]
fn the_one_line_board_counts_who_is_logged_in() {
    let mut s = calm();
    let ids: Vec<Arc<str>> =
        s.config.watched.iter().filter(|w| w.target.kind == Kind::Agent).map(|w| w.target.id.clone()).collect();
    let listed = vec![LoggedIn { id: ids[0].clone(), name: None, state: Some("READY".into()) }];
    s.live.presence = Some(Arc::new(Presence::default().listed(listed, true, Duration::from_secs(60), &s.live.now)));
    for (w, h) in [(60, 12), (80, 20), (80, 24), (120, 40)] {
        let picture = seen(&s, COLOUR, w, h);
        let one_line = picture.contains("1 of 2 logged in");
        assert!(one_line || picture.contains("logged in"), "{w}x{h}\n{picture}");
        assert!(one_line || w >= 100, "{w}x{h}\n{picture}");
    }
}

#[test]
fn how_one_leaves_stands_below_as_long_as_it_is_said() {
    let mut s = calm();
    assert!(!seen(&s, COLOUR, 80, 24).contains("leaves"));
    s.navigation.wall = Some(Wall::opened(s.live.now.mono));
    for (w, h) in SIZES {
        assert!(seen(&s, COLOUR, w, h).contains("Esc leaves"));
    }
    s.config.locked = true;
    assert!(seen(&s, COLOUR, 80, 24).contains("Ctrl-C leaves"));
    s.config.wall.exit_key = "F12".parse().ok();
    assert!(seen(&s, COLOUR, 80, 24).contains("F12 or Ctrl-C leaves"));
}
