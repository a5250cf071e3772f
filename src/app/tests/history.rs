//! The chart's time axis: its keys, its grid, and the buckets of the history.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::{
    app::{
        Axis, ChartArea, Event, FrameLayout, Query, Span,
        fixture::{self, Floor},
        history::{self, BucketBuilder},
        tables::compared,
    },
    domain::{Aht, BootId, BootTime, EventTime, Outcome, Reading, Target},
};

fn press(floor: &mut Floor, code: KeyCode) {
    floor.event(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
}

fn floor(columns: usize) -> Floor {
    let mut floor = Floor::new();
    press(&mut floor, KeyCode::Enter);
    let chart = fixture::chart(&floor.state, columns);
    floor.event(Event::Drawn(FrameLayout { chart, ..FrameLayout::default() }));
    floor
}

#[test]
fn keys_zoom_move_and_reset_the_axis() {
    let mut f = floor(100);
    let axis = |f: &Floor| (f.state.navigation.axis.span, f.state.navigation.axis.back);
    press(&mut f, KeyCode::Char('+'));
    assert_eq!(axis(&f), (Span::TwoHours, 0));
    for span in [Span::EightHours, Span::Day, Span::Week, Span::Week] {
        press(&mut f, KeyCode::Char('-'));
        assert_eq!(axis(&f), (span, 0));
    }
    press(&mut f, KeyCode::Char('='));
    press(&mut f, KeyCode::Left);
    press(&mut f, KeyCode::Left);
    assert_eq!(axis(&f), (Span::Day, 2));
    // Twelve hours back are six quarters of eight hours.
    press(&mut f, KeyCode::Char('+'));
    assert_eq!(axis(&f), (Span::EightHours, 6));
    press(&mut f, KeyCode::Right);
    assert_eq!(axis(&f), (Span::EightHours, 5));
    press(&mut f, KeyCode::Char('0'));
    assert!(f.state.navigation.axis.is_live() && history::wanted(&f.state).is_none());
    press(&mut f, KeyCode::Right);
    assert!(f.state.navigation.axis.is_live(), "there is nothing later than now");
}

#[test]
fn without_a_chart_on_the_screen_its_keys_do_nothing() {
    let mut f = floor(0);
    let revision = f.state.revision;
    for code in [KeyCode::Char('-'), KeyCode::Left, KeyCode::Char('0')] {
        press(&mut f, code);
    }
    assert_eq!((f.state.navigation.axis, f.state.revision), (Axis::default(), revision));
}

#[test]
fn the_grid_moves_by_whole_buckets() {
    let mut f = floor(96);
    press(&mut f, KeyCode::Char('-'));
    // Eight hours in 96 columns: five minutes each.
    let first = history::wanted(&f.state).unwrap();
    assert_eq!((first.width, first.count), (300_000, 96));
    let now = f.state.live.now.wall.as_millisecond();
    assert!(first.end() > now && first.begin(95) <= now);
    f.advance(299);
    assert_eq!(history::wanted(&f.state).unwrap().first, first.first);
    f.advance(1);
    assert_eq!(history::wanted(&f.state).unwrap().first, first.first + 1);
    // What lies back does not change with the time within a bucket, and is asked for once.
    press(&mut f, KeyCode::Left);
    let back = history::wanted(&f.state);
    f.advance(200);
    assert_eq!(history::wanted(&f.state), back);
}

fn ask(width: i64, first: i64, count: usize, hold: u64) -> Query {
    Query { targets: vec![Target::agent("a")], width, first, count, hold: Duration::from_millis(hold), minute: 0 }
}

fn reading(ms: i64, outcome: Outcome) -> Reading {
    let wall = Timestamp::from_millisecond(ms).unwrap();
    Reading {
        target: Target::agent("a"),
        at: EventTime { boot: BootId("b".into()), mono: BootTime(ms), wall },
        outcome,
        name: None,
    }
}

fn of(secs: u32) -> Outcome {
    if secs == 0 { Outcome::NoCalls } else { Outcome::Value(Aht::from_secs(secs)) }
}

#[test]
fn buckets_keep_extremes_hold_values_and_leave_gaps() {
    let mut binner = BucketBuilder::new(ask(100, 10, 8, 250));
    for (at, secs) in [(990, 5), (1010, 9), (1020, 3), (1050, 4), (1510, 7), (1620, 0)] {
        binner.record(&reading(at, of(secs)));
    }
    binner.record(&reading(1700, Outcome::Failed("no answer".into())));
    let mut other = reading(1710, of(99));
    other.target = Target::agent("b");
    binner.record(&other);
    let buckets = binner.finish(1_000_000).buckets.remove(0);
    let got: Vec<_> = buckets.iter().map(|b| b.map(|b| (b.low.secs(), b.high.secs(), b.last.secs()))).collect();
    let flat = |v| Some((v, v, v));
    // The reading of 1050 holds until 1300, that of 1510 until no calls were told at 1620.
    let first = Some((3, 9, 4));
    assert_eq!(got, [first, flat(4), flat(4), flat(4), None, flat(7), flat(7), None]);
}

#[test]
fn nothing_holds_in_the_future() {
    let mut binner = BucketBuilder::new(ask(100, 0, 5, 1000));
    binner.record(&reading(110, of(7)));
    let buckets = binner.finish(230).buckets.remove(0);
    assert_eq!(buckets.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, true, false, false]);
}

#[test]
fn an_answer_serves_the_next_bucket_too_and_no_other_target() {
    let mut binner = BucketBuilder::new(ask(100, 10, 3, 0));
    for i in 0..3u32 {
        binner.record(&reading(1000 + i64::from(i) * 100, of(i + 1)));
    }
    let past = binner.finish(1_000_000);
    let of_target = |grid: &Query, id: &str| past.on(grid, &Target::agent(id));
    let secs =
        |grid: &Query| of_target(grid, "a").map(|b| b.iter().map(|b| b.map(|b| b.last.secs())).collect::<Vec<_>>());
    assert_eq!(secs(&ask(100, 11, 3, 0)), Some(vec![Some(2), Some(3), None]));
    assert_eq!(secs(&ask(100, 9, 3, 0)), Some(vec![None, Some(1), Some(2)]));
    assert_eq!(secs(&ask(90, 10, 3, 0)), None);
    assert_eq!(of_target(&ask(100, 10, 3, 0), "b"), None);
}

#[test]
fn several_rows_are_read_one_after_the_other_and_what_is_known_of_one_serves_any_comparison() {
    let targets = |ids: &[&str]| ids.iter().map(|id| Target::agent(*id)).collect::<Vec<_>>();
    let ask = |ids: &[&str]| Query { targets: targets(ids), ..ask(100, 10, 3, 50) };
    let mut binner = BucketBuilder::new(ask(&["a", "b"]));
    // The second row begins before the first one has ended.
    for (id, at, secs) in [("a", 1000, 5), ("a", 1220, 6), ("b", 1010, 7), ("b", 1110, 8), ("c", 1110, 9)] {
        let mut reading = reading(at, of(secs));
        reading.target = Target::agent(id);
        binner.record(&reading);
    }
    let past = binner.finish(1_000_000);
    let last = |grid: &Query, id: &str| -> Option<Vec<Option<u32>>> {
        let buckets = past.on(grid, &Target::agent(id))?;
        Some(buckets.iter().map(|b| b.map(|b| b.last.secs())).collect())
    };
    for grid in [ask(&["a", "b"]), ask(&["b", "c", "a"])] {
        assert_eq!(last(&grid, "a"), Some(vec![Some(5), None, Some(6)]));
        assert_eq!(last(&grid, "b"), Some(vec![Some(7), Some(8), None]));
        assert_eq!(last(&grid, "c"), None, "nobody asked for it yet");
    }
}

#[test]
fn what_is_compared_has_the_axis_of_the_detail_and_keeps_it_where_the_selection_moves() {
    let mut f = floor(100);
    f.room(2, 6);
    f.keys("2vjvj");
    let ids = |f: &Floor| compared(&f.state).iter().map(|l| l.target().id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&f), ["a1", "a2"]);
    let chart = ChartArea { targets: f.state.navigation.marked.clone(), columns: 96 };
    f.event(Event::Drawn(FrameLayout { chart: Some(chart), ..FrameLayout::default() }));
    assert_eq!(history::wanted(&f.state), None, "the rows have the last two hours");
    press(&mut f, KeyCode::Char('-'));
    press(&mut f, KeyCode::Left);
    let asked = history::wanted(&f.state).unwrap();
    assert_eq!((asked.targets, asked.width), (f.state.navigation.marked.clone(), 300_000));
    let axis = f.state.navigation.axis;
    assert_eq!(axis, Axis { span: Span::EightHours, back: 1 });
    f.keys("j");
    assert_eq!(f.state.navigation.axis, axis);
    // In the list of alerts the chart is about the alert; one row alone is no comparison.
    f.keys("4");
    assert!(ids(&f).is_empty());
    // Among the campaigns agents are compared no more than they are shown.
    f.keys("3");
    assert!(ids(&f).is_empty());
    f.keys("1");
    assert_eq!(ids(&f), ["a1", "a2"]);
    f.keys("2gv");
    assert!(ids(&f).is_empty());
    f.keys("j");
    assert!(f.state.navigation.axis.is_live());
}

proptest! {
    #[test]
    fn memory_depends_on_the_buckets_alone_and_every_bin_is_within_its_readings(
        (width, first, count, hold) in (1i64..1000, -50i64..50, 0usize..50, 0u64..5000),
        readings in prop::collection::vec((-100_000i64..100_000, 0u32..50), 0..80),
        now in -100_000i64..100_000,
    ) {
        let mut binner = BucketBuilder::new(ask(width, first, count, hold));
        for (at, secs) in &readings {
            binner.record(&reading(*at, of(*secs)));
        }
        let past = binner.finish(now);
        prop_assert_eq!(past.buckets.iter().map(Vec::len).collect::<Vec<_>>(), [count]);
        for bin in past.buckets.iter().flatten().flatten() {
            prop_assert!(bin.low <= bin.last && bin.last <= bin.high);
            prop_assert!(readings.iter().any(|(_, s)| *s == bin.low.secs()));
        }
    }

    #[test]
    fn any_axis_has_a_grid(span in 0usize..4, back in any::<u32>(), columns in 1usize..3000, skew in any::<i64>()) {
        let mut f = floor(columns);
        f.state.navigation.axis = Axis { span: Span::ALL[span], back };
        f.state.live.now.mono = BootTime(skew);
        let grid = history::grid(&f.state, &fixture::chart(&f.state, columns).unwrap()).unwrap();
        prop_assert!(grid.count > 0 && grid.count <= 2000 && grid.width > 0);
        prop_assert!(grid.from() <= grid.begin(0) && grid.begin(0) <= grid.end());
    }
}
