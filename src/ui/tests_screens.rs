//! The screens that a person looks at: whole pictures, with their styles, as snapshots.
//!
//! They are few, so that each change of one is read. What must hold in every look and at every size is not told by
//! pictures: it is in `tests_matrix.rs`, and what each region must say in `tests_facts.rs`.

use std::{collections::BTreeSet, path::Path};

use super::{testing::*, tests_cases::*};
use crate::{
    app::{Span, State},
    config::{Symbols, Theme},
};

/// Columns and lines.
type Size = (u16, u16);

/// Theme and glyphs, and what the name of the snapshot has for them.
type NamedLook = (&'static str, Theme, Symbols);

const COLOUR: NamedLook = ("", Theme::Auto, Symbols::Unicode);
const DARK: NamedLook = ("_dark", Theme::Dark, Symbols::Unicode);
const LIGHT_BLOCK: NamedLook = ("_light_block", Theme::Light, Symbols::Block);
const CVD: NamedLook = ("_cvd", Theme::Cvd, Symbols::Unicode);
const MONO: NamedLook = ("_mono", Theme::Mono, Symbols::Unicode);
const MONO_BLOCK: NamedLook = ("_mono_block", Theme::Mono, Symbols::Block);
const MONO_ASCII: NamedLook = ("_mono_ascii", Theme::Mono, Symbols::Ascii);

const NORMAL: Size = (80, 24);
const LARGE: Size = (120, 40);
const LOW: Size = (120, 16);

const SCREENS: [(&str, NamedLook, Size); 49] = [
    ("overview", COLOUR, NORMAL),
    ("overview", COLOUR, LARGE),
    ("overview", COLOUR, (200, 60)),
    ("overview", COLOUR, (39, 7)),
    ("overview", COLOUR, (20, 5)),
    ("overview", COLOUR, (7, 3)),
    ("overview", DARK, LARGE),
    ("overview", LIGHT_BLOCK, LARGE),
    ("overview", CVD, LARGE),
    ("overview", MONO, LARGE),
    ("overview", MONO_ASCII, LARGE),
    ("agents", COLOUR, NORMAL),
    ("agents", COLOUR, (60, 16)),
    ("campaigns", COLOUR, NORMAL),
    ("sections", COLOUR, NORMAL),
    ("marks", COLOUR, LARGE),
    ("columns", COLOUR, NORMAL),
    ("names_hidden", COLOUR, NORMAL),
    ("names_initials", COLOUR, NORMAL),
    ("detail_high_crit", COLOUR, NORMAL),
    ("detail_low_crit", COLOUR, NORMAL),
    ("detail_stale", COLOUR, NORMAL),
    ("detail_no_calls", COLOUR, NORMAL),
    ("detail_waiting", COLOUR, NORMAL),
    ("detail_invalid", COLOUR, NORMAL),
    ("detail_failing", COLOUR, NORMAL),
    ("compared_day", COLOUR, NORMAL),
    ("alerts", COLOUR, LARGE),
    ("alerts", MONO_ASCII, NORMAL),
    ("alerts_pane", COLOUR, LARGE),
    ("alerts_mute_menu", COLOUR, NORMAL),
    ("alerts_note", COLOUR, NORMAL),
    ("budget", COLOUR, LARGE),
    ("budget_troubled", COLOUR, NORMAL),
    ("log", COLOUR, NORMAL),
    ("help", COLOUR, NORMAL),
    ("sort_menu", COLOUR, NORMAL),
    ("columns_menu", COLOUR, NORMAL),
    ("banners", COLOUR, NORMAL),
    ("filter_typed", COLOUR, NORMAL),
    ("command", COLOUR, NORMAL),
    ("link_throttled", COLOUR, LOW),
    ("link_token_ceiling", COLOUR, LOW),
    ("link_credentials", COLOUR, LOW),
    ("link_down", COLOUR, LOW),
    ("wall_calm", COLOUR, NORMAL),
    ("wall_alerts", COLOUR, LARGE),
    ("wall_alerts", MONO_ASCII, LARGE),
    ("wall_dead", COLOUR, LARGE),
];

/// Charts of the past, which are made for one size.
const CHARTS: [(&str, Span, u32, NamedLook, Size); 4] = [
    ("chart_24h", Span::Day, 0, COLOUR, LARGE),
    ("chart_7d_back", Span::Week, 1, COLOUR, NORMAL),
    ("chart_7d", Span::Week, 0, MONO_BLOCK, NORMAL),
    ("chart_7d", Span::Week, 0, MONO_ASCII, NORMAL),
];

fn named(case: &str, look: NamedLook, (w, h): Size) -> String {
    format!("{case}_{w}x{h}{}", look.0)
}

/// Compares a picture with its snapshot: the rows, then the runs of styles.
fn check(case: &str, state: &State, of: NamedLook, (w, h): Size) {
    let (buf, _) = picture(state, &look(of.1, of.2), w, h);
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "snapshots" }, {
        insta::assert_snapshot!(named(case, of, (w, h)), format!("{}---- styles\n{}", words(&buf), styles(&buf)));
    });
}

#[test]
fn the_screens_are_as_they_were_when_somebody_looked_at_them() {
    let cases = cases();
    for (name, look, size) in SCREENS {
        let (_, state) = cases.iter().find(|(n, _)| *n == name).unwrap();
        check(name, state, look, size);
    }
    for (name, span, back, look, size) in CHARTS {
        check(name, &back_then(span, back, size, look.2), look, size);
    }
}

#[test]
fn no_snapshot_is_left_of_a_screen_that_is_not_looked_at_any_more() {
    let screens = SCREENS.iter().map(|(name, look, size)| named(name, *look, *size));
    let charts = CHARTS.iter().map(|(name, _, _, look, size)| named(name, *look, *size));
    let wanted: BTreeSet<String> = screens.chain(charts).map(|name| format!("{name}.snap")).collect();
    let there = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui/snapshots")).unwrap();
    let there: BTreeSet<String> = there.map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there.difference(&wanted).collect::<Vec<_>>(), Vec::<&String>::new(), "remove these");
}
