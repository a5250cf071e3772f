//! One word for one thing: no screen has a word that the glossary has replaced.
//!
//! What is told by banners, alerts and events has its own rooms, and is drawn here as far as the busy floor has some.

use super::{alerts::tests::alarmed, testing::*};
use crate::{
    app::{Names, Overlay, State, View, Wall},
    config::{Symbols, Theme},
    domain::BootTime,
    store::{Link, Role},
};

/// Words that have another one in `docs/src/glossary.md`.
const WORDS: [&str; 16] = [
    "sweep",
    "sweeps",
    "mint",
    "mints",
    "minted",
    "stranger",
    "strangers",
    "dev",
    "d30m",
    "prev2h",
    "warm-up",
    "failing",
    "viewer",
    "viewers",
    "poller",
    "reckon",
];
const PHRASES: [&str; 12] = [
    "bad id",
    "invalid id",
    "clear band",
    "deserves a look",
    "killed by",
    "lives for",
    "needs to look",
    "nobody polls",
    "not a verdict",
    "unknown to the service",
    "usual over",
    "usual under",
];

/// The first word of `text` that has another one now.
fn outdated(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
    let word = WORDS.into_iter().find(|w| words.contains(w));
    word.or_else(|| PHRASES.into_iter().find(|p| text.contains(p)))
}

/// All views and overlays, in good times and in bad ones.
fn states() -> Vec<State> {
    let mut all: Vec<State> = View::ALL.into_iter().map(busy).collect();
    all.push(alarmed(View::Alerts));
    let overlays = [Overlay::SortMenu { cursor: 0 }, Overlay::Columns { cursor: 0 }, Overlay::Banners { scroll: 0 }];
    let help = (0..12).map(|page| Overlay::Help { scroll: page * 20 });
    for overlay in overlays.into_iter().chain(help) {
        let mut s = busy(View::Overview);
        s.navigation.overlay = Some(overlay);
        all.push(s);
    }
    for target in busy(View::Agents).config.watched.iter().map(|w| w.target.clone()) {
        let mut s = busy(View::Overview);
        s.navigation.focus = target.kind;
        s.navigation.selected.insert(target.kind, target);
        s.navigation.detail_open = true;
        all.push(s);
    }
    for view in View::ALL {
        let mut s = busy(view);
        s.live.poller = Some(instance(2211, Role::Serve));
        s.live.usage.used_60s = 50;
        s.live.usage.throttled_1h = 3;
        s.live.usage.generated_1h = 9;
        s.live.usage.invalidated_1h = 2;
        s.preferences.names = Names::Hidden;
        if let Some(status) = &mut s.live.status {
            status.link = Link::Throttled { until: ago(-5) };
            status.rate = 20.0;
        }
        all.push(s.clone());
        s.live.poller = None;
        s.live.status = None;
        all.push(s);
    }
    for s in [busy(View::Overview), all[all.len() - 1].clone()] {
        let mut wall = s;
        wall.navigation.wall = Some(Wall::new(BootTime(0)));
        all.push(wall);
    }
    all
}

#[test]
fn no_screen_has_a_word_that_the_glossary_has_replaced() {
    for state in states() {
        for (w, h) in [(200, 60), (120, 40), (80, 24), (38, 7)] {
            for symbols in [Symbols::Unicode, Symbols::Ascii] {
                let picture = words(&picture(&state, &look(Theme::Mono, symbols), w, h).0);
                assert_eq!(outdated(&picture), None, "{picture}");
            }
        }
    }
    assert_eq!(outdated("budget 3, SWEEP 1:02"), Some("sweep"));
}
