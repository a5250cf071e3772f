//! Readings, snapshots, ranges, pruning.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Make, World, runner, secs};
use crate::{
    domain::{Aht, Clock, Outcome, Reading, Row, Series, Target, record},
    store::{Cursor, RangeQuery, Store},
};

fn targets() -> [Target; 3] {
    [Target::agent("priya@acme.example"), Target::agent("PRIYA@acme.example"), Target::campaign("priya@acme.example")]
}

fn ranged(store: &dyn Store, query: &RangeQuery) -> Vec<Reading> {
    let mut out = vec![];
    store
        .range(query, &mut |r| {
            out.push(r);
            true
        })
        .unwrap();
    out
}

pub(crate) fn what_is_appended_is_read_on_without_gap_or_repetition(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    let [one, two, _] = targets();
    let mut cursor = a.snapshot(Series::SPAN).unwrap().cursor;
    let (mut written, mut read) = (vec![], vec![]);
    for i in 0..20 {
        world.advance(1);
        let batch = [world.value(&one, 100 + i), world.value(&two, 200 + i)];
        if i % 2 == 0 { &a } else { &b }.append(&batch).unwrap();
        written.extend(batch);
        if i % 3 == 0 {
            let (some, next) = b.since(cursor, 5).unwrap();
            assert!(some.len() <= 5);
            read.extend(some);
            cursor = next;
        }
    }
    let snapshot = b.snapshot(Series::SPAN).unwrap();
    loop {
        let (some, next) = a.since(cursor, 7).unwrap();
        if some.is_empty() {
            assert_eq!(next, cursor);
            break;
        }
        read.extend(some);
        cursor = next;
    }
    assert_eq!(read, written);
    assert_eq!(cursor, snapshot.cursor);
    a.append(&[world.value(&one, 1)]).unwrap();
    assert_eq!(b.since(snapshot.cursor, 9).unwrap().0, [world.value(&one, 1)]);
}

pub(crate) fn readings_come_back_as_they_went_in(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let [one, two, three] = targets();
    let mut batch = vec![
        world.value(&one, 1),
        world.value(&two, u32::MAX),
        world.reading(&three, Outcome::NoCalls),
        world.reading(&one, Outcome::Invalid),
        world.reading(&two, Outcome::Failed("no answer within 10 s".into())),
        world.reading(&three, Outcome::Failed("".into())),
        world.value(&Target::agent("प्रिया 👩‍💻 '; --"), 60),
    ];
    batch[0].name = Some("Priya S".into());
    batch[4].name = Some("".into());
    store.append(&batch).unwrap();
    store.append(&[]).unwrap();
    assert_eq!(world.view().since(Cursor::default(), 100).unwrap().0, batch);
}

fn check_rows(world: &World, store: &dyn Store, readings: &[Reading]) {
    let now = world.clock.now();
    let mut rows: BTreeMap<Target, Row> = BTreeMap::new();
    for r in readings {
        record(&mut rows, r, &now);
    }
    let snapshot = store.snapshot(Series::SPAN).unwrap();
    assert_eq!(snapshot.rows.len(), rows.len());
    for row in snapshot.rows {
        let expected = &rows[&row.target];
        assert_eq!(row.name, expected.name);
        assert_eq!(row.good, expected.good);
        assert_eq!(row.last, expected.last);
        assert_eq!(row.failures, expected.failures);
        assert_eq!(row.failing_since, expected.failing_since);
        let young =
            |r: &Row| -> Vec<_> { r.series.points().filter(|p| now.mono.since(p.at) <= Series::SPAN).collect() };
        assert_eq!(row.series.points().collect::<Vec<_>>(), young(expected));
    }
}

pub(crate) fn a_snapshot_is_what_all_readings_together_say(make: Make<'_>) {
    let outcome = prop_oneof![
        4 => (1u32..5000).prop_map(|s| Outcome::Value(Aht::from_secs(s))),
        1 => Just(Outcome::NoCalls),
        1 => Just(Outcome::Invalid),
        2 => "[ab]{1,2}".prop_map(|s| Outcome::Failed(s.into())),
    ];
    let name = prop::option::of(prop_oneof![Just(""), Just("Priya S"), Just("प्रिया")]);
    let step = (0usize..3, outcome, name, 0u64..4000, -500_000i64..500_000);
    let mut runner = runner(make, 12);
    runner
        .run(&prop::collection::vec(step, 1..60), |steps| {
            let world = make();
            let store = world.view();
            let mut all = vec![];
            for (who, outcome, name, wait, jump) in steps {
                world.advance(wait);
                world.clock.step_wall(jump);
                let mut reading = world.reading(&targets()[who], outcome);
                reading.name = name.map(Into::into);
                store.append(std::slice::from_ref(&reading)).unwrap();
                all.push(reading);
            }
            check_rows(&world, &*world.view(), &all);
            Ok(())
        })
        .unwrap();
}

pub(crate) fn a_snapshot_of_a_short_span_keeps_the_last_outcomes(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let [one, two, _] = targets();
    store.append(&[world.value(&one, 287), world.reading(&two, Outcome::Invalid)]).unwrap();
    world.advance(86_400);
    store.append(&[world.reading(&one, Outcome::Failed("down".into()))]).unwrap();
    let rows = store.snapshot(secs(60)).unwrap().rows;
    let row = |t: &Target| rows.iter().find(|r| r.target == *t).unwrap();
    assert_eq!(row(&one).aht(), Some(Aht::from_secs(287)));
    assert_eq!(row(&one).age(&world.clock.now()), Some(secs(86_400)));
    assert_eq!((row(&one).failures, row(&one).error()), (1, Some("down")));
    assert_eq!(row(&one).series.points().len(), 0);
    assert!(row(&two).good.is_none() && row(&two).last.is_some());
}

pub(crate) fn the_wall_clock_does_not_touch_ages(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let [one, ..] = targets();
    store.append(&[world.value(&one, 287)]).unwrap();
    world.advance(40);
    for jump in [-86_400_000, 300 * 86_400_000] {
        world.clock.step_wall(jump);
        let rows = store.snapshot(Series::SPAN).unwrap().rows;
        assert_eq!(rows[0].age(&world.clock.now()), Some(secs(40)));
        assert_eq!(rows[0].series.points().len(), 1);
    }
}

pub(crate) fn a_range_is_by_wall_time_in_the_order_of_appending(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let [one, two, three] = targets();
    let mut all = vec![];
    for i in 0..5000u32 {
        world.advance(1);
        if i == 2500 {
            world.clock.step_wall(-600_000);
        }
        all.push(world.value(if i % 2 == 0 { &one } else { &two }, i + 1));
    }
    store.append(&all).unwrap();
    let (from, to) = (all[2000].at.wall, all[2400].at.wall);
    for target in [None, Some(one), Some(two), Some(three)] {
        for (from, to) in
            [(None, None), (Some(from), None), (None, Some(to)), (Some(from), Some(to)), (Some(to), Some(from))]
        {
            let query = RangeQuery { target: target.clone(), from, to };
            let inside = |r: &&Reading| {
                target.as_ref().is_none_or(|t| r.target == *t)
                    && from.is_none_or(|f| r.at.wall >= f)
                    && to.is_none_or(|t| r.at.wall < t)
            };
            let expected: Vec<Reading> = all.iter().filter(inside).cloned().collect();
            assert!(ranged(&*store, &query) == expected, "{query:?}");
        }
    }
}

pub(crate) fn a_range_lets_the_store_be_used_and_stops_when_told(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let [one, two, _] = targets();
    store.append(&[world.value(&one, 1), world.value(&one, 2), world.value(&one, 3)]).unwrap();
    let mut seen = 0;
    store
        .range(&RangeQuery::default(), &mut |r| {
            seen += 1;
            store.append(&[world.value(&two, 9)]).unwrap();
            r.outcome.aht() != Some(Aht::from_secs(2))
        })
        .unwrap();
    assert_eq!(seen, 2);
    assert_eq!(store.since(Cursor::default(), 99).unwrap().0.len(), 5);
}

pub(crate) fn pruning_takes_what_is_old_and_keeps_the_last_good(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let [one, two, _] = targets();
    let old: Vec<Reading> = (0..12_000).map(|i| world.value(&one, i + 1)).collect();
    store.append(&old).unwrap();
    world.advance(3600);
    store.append(&[world.value(&two, 5), world.reading(&one, Outcome::Failed("x".into()))]).unwrap();
    assert_eq!(store.prune(secs(7200)).unwrap().readings, 0);
    let cursor = store.snapshot(Series::SPAN).unwrap().cursor;
    let mut gone = 0;
    loop {
        match store.prune(secs(600)).unwrap().readings {
            0 => break,
            n => gone += n,
        }
    }
    assert_eq!(gone, 12_000);
    assert_eq!(ranged(&*store, &RangeQuery::default()).len(), 2);
    assert_eq!(store.history().unwrap().readings, 2);
    let rows = store.snapshot(Series::SPAN).unwrap().rows;
    let row = rows.iter().find(|r| r.target == one).unwrap();
    assert_eq!((row.aht(), row.error()), (Some(Aht::from_secs(12_000)), Some("x")));
    // The sequence goes on where it was, also when everything is gone.
    world.advance(3600);
    assert_eq!(store.prune(secs(600)).unwrap().readings, 2);
    store.append(&[world.value(&two, 6)]).unwrap();
    assert_eq!(store.since(cursor, 9).unwrap().0, [world.value(&two, 6)]);
}

pub(crate) fn the_version_tells_of_every_change(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    let [one, ..] = targets();
    let mut last = a.version().unwrap();
    for writer in [&a, &b, &b, &a] {
        writer.append(&[world.value(&one, 1)]).unwrap();
        let next = a.version().unwrap();
        assert_ne!(next, last);
        last = next;
    }
    assert_eq!(a.version().unwrap(), last);
}

pub(crate) fn the_history_is_counted(make: Make<'_>) {
    let world = make();
    let store = world.view();
    let [one, two, _] = targets();
    assert_eq!(store.history().unwrap().oldest, None);
    let first = world.clock.now().wall;
    store.append(&[world.value(&one, 1), world.value(&two, 2)]).unwrap();
    world.advance(5);
    store.append(&[world.value(&one, 1)]).unwrap();
    let info = world.view().history().unwrap();
    assert_eq!((info.readings, info.oldest), (3, Some(first)));
}
