//! The board in its states, and what holds for all of them.

use std::time::Duration;

use crate::{
    app::{Event, State, View, Wall, update},
    config::{Names, Symbols, Theme},
    domain::{BootTime, Now, Outcome, Reading, Target},
    store::{Link, Role},
    ui::testing::*,
};
use proptest::prelude::*;

/// The floor with these names, as the board shows it.
pub(in crate::ui) fn board(specs: &[Spec]) -> State {
    let mut s = state(specs);
    s.navigation.wall = Some(Wall::new(s.live.now.mono));
    s.config.wall.title = Some("ACME OUTBOUND".into());
    // The picture stands in its upper left corner.
    s.live.now.mono.0 = 4 * 900_000 * 100;
    let moved = s.live.now.mono.0 - now().mono.0;
    for row in s.live.rows.values_mut() {
        for (_, at) in row.good.iter_mut().chain(row.last.iter_mut()) {
            at.mono.0 += moved;
        }
        if let Some(at) = &mut row.failing_since {
            at.mono.0 += moved;
        }
        let points: Vec<_> = row.series.points().collect();
        row.series = crate::domain::Series::default();
        for p in points {
            row.series.push(BootTime(p.at.0 + moved), p.aht);
        }
    }
    if let Some(status) = &mut s.live.status {
        status.at.mono.0 += moved;
        status.since.mono.0 += moved;
    }
    s.started.mono.0 += moved;
    s.navigation.wall = Some(Wall::new(s.live.now.mono));
    s
}

pub(super) fn calm() -> State {
    let specs: Vec<Spec> = vec![
        Spec::campaign("COLLECT-IN", [0, 210, 285, 360, 0], 277, 291, 14),
        Spec::campaign("RENEWALS", [0, 120, 180, 240, 0], 180, 178, 5),
        Spec::agent("Arun V", "north", 295, 310, 20),
        Spec::agent("Beatriz L", "north", 301, 298, 57),
    ];
    board(&specs)
}

/// Two campaigns and four agents outside of their band, two of each by far.
pub(super) fn alerts() -> State {
    let mut specs = floor();
    specs[0] = Spec::campaign("COLLECT-IN", [120, 210, 285, 360, 450], 277, 512, 14);
    board(&specs)
}

/// Nothing was read for seven minutes.
fn dead() -> State {
    let mut s = alerts();
    let gone = Duration::from_secs(420);
    s.live.now = Now { mono: s.live.now.mono + gone, wall: s.live.now.wall.checked_add(gone).unwrap(), ..s.live.now };
    s.live.status.as_mut().unwrap().link =
        Link::Down { why: "no answer within 10s".into(), since: ago(130), until: ago(-20) };
    s
}

pub(super) fn hidden() -> State {
    let mut s = alerts();
    s.config.wall.names = Names::Hidden;
    s
}

/// One campaign was not read for some minutes, the other was.
fn stale() -> State {
    board(&[
        Spec::campaign("WINBACK", [0, 300, 420, 540, 0], 412, 400, 250),
        Spec::campaign("RENEWALS", [0, 120, 180, 240, 0], 180, 178, 5),
    ])
}

/// The cases of the board, by name.
pub(in crate::ui) fn states() -> Vec<(&'static str, State)> {
    vec![
        ("wall_calm", calm()),
        ("wall_alerts", alerts()),
        ("wall_dead", dead()),
        ("wall_hidden", hidden()),
        ("wall_stale", stale()),
        ("wall_empty", board(&[])),
    ]
}

pub(super) fn seen(state: &State, look: (Theme, Symbols), w: u16, h: u16) -> String {
    words(&picture(state, &look_of(look), w, h).0)
}

fn look_of((theme, symbols): (Theme, Symbols)) -> crate::ui::Look {
    look(theme, symbols)
}

pub(super) const COLOUR: (Theme, Symbols) = (Theme::Auto, Symbols::Unicode);

#[test]
fn a_dead_board_hides_every_figure_and_says_since_when() {
    for (w, h) in [(60, 12), (80, 24), (120, 40), (200, 60), (300, 100)] {
        let (alive, gone) = (seen(&alerts(), COLOUR, w, h), seen(&dead(), COLOUR, w, h));
        // The youngest reading was four seconds old when answers stopped.
        assert!(gone.contains("NO FRESH DATA SINCE 14:32"), "{w}x{h}\n{gone}");
        assert!(!alive.contains("NO FRESH DATA"), "{alive}");
        assert!(!gone.contains("6:31") && !gone.contains("7:48"), "{gone}");
    }
    // In one-line figures the number itself would be there.
    let alive = seen(&alerts(), COLOUR, 60, 9);
    assert!(alive.contains("8:32"), "{alive}");
    let gone = seen(&dead(), COLOUR, 60, 9);
    assert!(!gone.contains("8:32"), "{gone}");
    assert!(seen(&dead(), COLOUR, 20, 4).contains("OLD 7:"), "{}", seen(&dead(), COLOUR, 20, 4));
}

#[test]
fn an_old_tile_looks_thin_and_a_very_old_one_shows_no_number() {
    let specs = |age| {
        vec![
            Spec::campaign("WINBACK", [0, 300, 420, 540, 0], 412, 400, age),
            Spec::campaign("RENEWALS", [0, 120, 180, 240, 0], 180, 178, 5),
        ]
    };
    let fresh = seen(&board(&specs(30)), COLOUR, 120, 40);
    let old = seen(&board(&specs(250)), COLOUR, 120, 40);
    let gone = seen(&board(&specs(1000)), COLOUR, 120, 40);
    assert!(!fresh.contains('░') && old.contains("░░") && old.contains("STALE: 4m old"), "{old}");
    assert!(gone.contains("no fresh data since 14:15"), "{gone}");
}

#[test]
fn hidden_names_are_nowhere_and_initials_are_no_names() {
    let agents = ["Imran", "Devika", "Paulo", "Sunita", "imran.q", "devika.r", "acme.example", "A-1099"];
    for (w, h) in [(20, 5), (40, 8), (60, 16), (80, 24), (120, 40), (200, 60), (300, 100)] {
        for names in [Names::Hidden, Names::Initials] {
            for mut s in [alerts(), dead(), calm()] {
                s.config.wall.names = names;
                let picture = seen(&s, COLOUR, w, h);
                assert!(!agents.iter().any(|n| picture.contains(n)), "{w}x{h} {names:?}\n{picture}");
            }
        }
    }
    let mut s = alerts();
    s.config.wall.names = Names::Initials;
    assert!(seen(&s, COLOUR, 120, 40).contains(" IQ "));
    s.config.wall.names = Names::Id;
    assert!(seen(&s, COLOUR, 120, 40).contains("imran.q@acme.example"));
}

#[test]
fn the_cell_runs_with_answers_and_not_with_time() {
    let life = |s: &State| -> String {
        let picture = seen(s, COLOUR, 120, 40);
        let at = picture.find("replies ").unwrap();
        picture[at..].chars().skip(8).take(8).collect()
    };
    let mut s = calm();
    let before = life(&s);
    for secs in 1..30 {
        let now = Now {
            mono: s.live.now.mono + Duration::from_secs(1),
            wall: s.live.now.wall.checked_add(Duration::from_secs(secs)).unwrap(),
            ..s.live.now.clone()
        };
        update(&mut s, Event::Tick, now);
    }
    assert_eq!(life(&s), before);
    let reading =
        |outcome| Reading { target: Target::campaign("RENEWALS"), at: s.live.now.stamp(), outcome, name: None };
    let (value, none) = (reading(value(180)), reading(failed("no answer within 10s")));
    let now = s.live.now.clone();
    update(&mut s, Event::Readings(vec![none]), now.clone());
    assert_eq!(life(&s), before, "a failure is no answer");
    let mut all = vec![before];
    for _ in 0..7 {
        update(&mut s, Event::Readings(vec![value.clone()]), now.clone());
        all.push(life(&s));
    }
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 8);
}

#[test]
fn the_picture_moves_round_a_square_of_two_cells() {
    let mut s = calm();
    let mut corners = vec![];
    for _ in 0..8 {
        let picture = seen(&s, (Theme::Auto, Symbols::Ascii), 120, 40);
        let row = picture.lines().position(|l| l.contains("COLLECT-IN")).unwrap();
        let column = picture.lines().nth(row).unwrap().find("COLLECT-IN").unwrap();
        corners.push((column, row));
        s.live.now.mono = s.live.now.mono + Duration::from_secs(900);
    }
    assert_eq!(corners[..4], corners[4..]);
    let mut four = corners[..4].to_vec();
    four.sort_unstable();
    let (x, y) = four[0];
    assert_eq!(four, [(x, y), (x, y + 1), (x + 1, y), (x + 1, y + 1)]);
}

#[test]
fn who_polls_and_what_is_wrong_is_said() {
    let mut s = calm();
    s.live.poller = Some(instance(2211, Role::Serve));
    assert!(seen(&s, COLOUR, 200, 60).contains("checked by pid 2211 (serve)"));
    s.live.poller = None;
    s.config.may_poll = false;
    s.live.status.as_mut().unwrap().at.mono.0 -= 95_000;
    let picture = seen(&s, COLOUR, 200, 60);
    assert!(picture.contains("nobody checks the service") && picture.contains("[NOT CHECKED 1:37]"), "{picture}");
    assert!(picture.contains("Start `ahtop serve`"), "{picture}");
    s.config.mode = Some("DEMO");
    for (w, h) in [(200, 60), (120, 40), (80, 24), (40, 9)] {
        assert!(seen(&s, COLOUR, w, h).contains("DEMO"));
    }
}

#[test]
fn an_empty_list_says_that_nobody_is_outside_only_where_that_is_known() {
    assert!(seen(&calm(), COLOUR, 120, 40).contains("All agents are in their band"));
    let s = dead();
    assert!(seen(&s, COLOUR, 120, 40).contains("No agent has a fresh value"));
    assert!(seen(&board(&[]), COLOUR, 80, 24).contains("Nothing is watched"));
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => any::<u32>().prop_map(value),
        6 => (1u32..1000).prop_map(value),
        1 => Just(Outcome::NoCalls),
        1 => Just(Outcome::Invalid),
        1 => "\\PC{0,40}".prop_map(|w| failed(&w)),
    ]
}

fn spec() -> impl Strategy<Value = Spec> {
    let readings = prop::collection::vec((-1000i64..20_000, outcome()), 0..8);
    let limits = prop::array::uniform5(0u32..2000);
    (any::<bool>(), "\\PC{1,20}", prop::option::of(any::<String>()), limits, readings).prop_map(
        |(agent, id, label, limits, readings)| Spec {
            target: if agent { Target::agent(id) } else { Target::campaign(id) },
            label: label.map(Into::into),
            group: Some("g".into()),
            band: band(limits),
            readings,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_board_is_drawn_at_any_size_within_its_area(
        specs in prop::collection::vec(spec(), 0..40),
        (w, h) in prop_oneof![(1u16..60, 1u16..20), (1u16..=300, 1u16..=100)],
        symbols in prop_oneof![Just(Symbols::Unicode), Just(Symbols::Block), Just(Symbols::Ascii)],
        title in prop::option::of(any::<String>()),
        (names, skew, steps) in (0usize..4, any::<i64>(), 0u64..50),
    ) {
        let mut s = state(&specs);
        s.navigation.view = View::Agents;
        s.navigation.wall = Some(Wall::new(s.live.now.mono));
        s.config.wall.title = title;
        s.config.wall.names = [Names::Full, Names::Initials, Names::Id, Names::Hidden][names];
        let look = look_of((Theme::Auto, symbols));
        for step in 0..3 {
            draws_within("any board", &s, &look, w, h);
            let now = Now { mono: s.live.now.mono + Duration::from_secs(steps * 20), ..s.live.now.clone() };
            let now = if step == 1 { Now { mono: BootTime(now.mono.0.saturating_add(skew)), ..now } } else { now };
            let layout = picture(&s, &look, w, h).1;
            update(&mut s, Event::Drawn(layout), now);
        }
    }
}
