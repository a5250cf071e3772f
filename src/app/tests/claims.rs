//! What an alert claims in words, computed once more from the readings: the value, the limit that was crossed, the worst
//! value, what ends it, and how long it lasts; and that its row says the same.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;

use crate::{
    alert::{Alert, AlertKind, EndReason, Subject},
    app::{
        Event, Held, RowState,
        alerts::active,
        claims, rows,
        worlds::{Script, World, plain_people, script},
    },
    domain::{Aht, BootTime, Condition, Kind, Level, Outcome, Problem, Reading, Target},
};

/// The number behind `word` in `text`, as `m:ss`.
fn number(text: &str, word: &str) -> Option<u32> {
    let (_, rest) = text.split_once(word)?;
    let (minutes, rest) = rest.trim_start().split_once(':')?;
    let seconds: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some(minutes.parse::<u32>().ok()? * 60 + seconds.parse::<u32>().ok()?)
}

/// Whether the alert about `target` is still there when `value` is read next.
fn goes_on(world: &World, target: &Target, value: u32) -> bool {
    let subject = Subject::Target(target.clone());
    let mut registry = world.registry.clone();
    let before = registry.about(&subject).map(|a| a.id.clone());
    let reading: Reading = world.floor.reading(target.clone(), Outcome::Value(Aht::from_secs(value)));
    // What is shown may be of a while ago, after which the alert is lost.
    let reading = Reading { at: world.state().shown().now.stamp(), ..reading };
    registry.record(&reading, &world.band(target), &world.policy);
    registry.about(&subject).map(|a| a.id.clone()) == before
}

/// The side that an alert is on, and the limits there, from a second statement of the rules.
struct Side {
    high: bool,
    warn: Option<u32>,
    crit: Option<u32>,
    /// To where a limit eases while it is held.
    stop: Option<u32>,
}

impl Side {
    fn of(world: &World, target: &Target, level: Level) -> Side {
        let band = world.band(target);
        let secs = |limit: Option<Aht>| limit.map(Aht::secs);
        let high = level.is_beside(Level::HighCrit);
        if high {
            let stop = [band.target, band.low_warn, band.low_crit].into_iter().flatten().max();
            Side { high, warn: secs(band.high_warn), crit: secs(band.high_crit), stop: secs(stop) }
        } else {
            let stop = [band.target, band.high_warn, band.high_crit].into_iter().flatten().min();
            Side { high, warn: secs(band.low_warn), crit: secs(band.low_crit), stop: secs(stop) }
        }
    }

    fn outside(&self, value: u32, limit: Option<u32>) -> bool {
        limit.is_some_and(|limit| if self.high { value >= limit } else { value <= limit })
    }

    /// Whether a critical value that was is held at `value`: 5 % inside of the limit, and not up to the target.
    fn holds(&self, value: u32) -> bool {
        let Some(crit) = self.crit else { return false };
        if self.high {
            value >= (crit * 95).div_ceil(100).max(self.stop.map_or(0, |stop| stop + 1)).min(crit)
        } else {
            value <= (crit * 105 / 100).min(self.stop.map_or(u32::MAX, |stop| stop - 1)).max(crit)
        }
    }
}

/// Compares each claim about `alert` with the readings.
fn check(world: &World, alert: &Alert) -> Result<(), TestCaseError> {
    let state = world.state();
    let target = match &alert.id.subject {
        Subject::Target(target) => target,
        Subject::Problem(problem) => return check_problem(world, alert, *problem),
    };
    let over = alert.ended.is_some();
    let claims = claims::of(state, alert).unwrap();
    let (text, level) = (claims.texts()[0].clone(), alert.kind.level().unwrap());
    let side = Side::of(world, target, level);
    let (since, lasted) = claims::lasting(state, alert);
    let good: Vec<(BootTime, Timestamp, Option<u32>)> =
        world.good(target).map(|(at, value)| (at.mono, at.wall, value)).collect();

    // How long: from a reading outside to the last one, or to the end.
    let from = good.iter().find(|(_, wall, _)| *wall == since).copied();
    prop_assert!(from.is_some(), "{text}: nothing was read at {since}");
    let (from, _, first) = from.unwrap();
    let end = alert.ended.as_ref().map_or_else(|| good.last().unwrap().0, |(at, _)| at.mono);
    prop_assert_eq!(lasted.span, end.since(from), "{}", text);
    let begins = side.outside(first.unwrap(), side.warn) || side.outside(first.unwrap(), side.crit);
    prop_assert!(begins, "{text}: begins inside with {first:?}");
    let outside = |v: u32| side.outside(v, side.warn) || side.outside(v, side.crit);
    check_beginning(world, target, (from, lasted), outside)?;

    let belongs = |at: BootTime| at >= from && (!over || at < end);
    let values: Vec<(BootTime, u32)> =
        good.iter().filter(|(at, ..)| belongs(*at)).filter_map(|(at, _, v)| Some((*at, (*v)?))).collect();
    let all = values.iter().map(|(_, v)| *v);
    let worst = if side.high { all.max() } else { all.min() }.unwrap();

    // The value.
    let value = match alert.ended {
        None => good.last().unwrap().2.unwrap(),
        Some((ref at, EndReason::Cleared | EndReason::OtherSide)) => {
            good.iter().find(|(t, ..)| *t == at.mono).unwrap().2.unwrap()
        }
        Some(_) => values.last().unwrap().1,
    };
    let row = rows::line(state, target).unwrap();
    let fresh = matches!(row.state, RowState::Fresh(_));
    let begun = || number(&text, "").filter(|_| text.starts_with(|c: char| c.is_ascii_digit()));
    let said = if over || !fresh { number(&text, "last ") } else { number(&text, "now ") };
    prop_assert_eq!(said.or_else(begun), Some(value), "{}: {:?}", text, values);
    // What is old has the mark of its row.
    let mark = format!("{}?", Aht::from_secs(value));
    prop_assert_eq!(text.contains(&mark), !over && !fresh, "{} of {:?}", text, row.state);
    // A bare value beside the level would be told as one of that level: it is told with what was crossed, or not at all.
    let bare = |text: &String| number(text, "").is_some_and(|_| !text.contains(' '));
    prop_assert!(
        over || !claims.texts().iter().any(bare) || side.outside(value, claims.limit.map(Aht::secs)),
        "{:?}",
        claims.texts()
    );

    // The level that is held, walked through once more, and its limit.
    let (mut is_crit, mut was_crit) = (false, false);
    // The dwell goes by the band alone; what is critical is held from the start of the alert on.
    for (_, v) in values.iter().filter(|(at, _)| *at >= alert.started.mono) {
        is_crit = side.outside(*v, side.crit) || (is_crit && side.holds(*v));
        was_crit |= is_crit;
    }
    let limit = if (over && was_crit) || (!over && is_crit) { side.crit } else { side.warn };
    if text.contains("was at its limit") {
        prop_assert_eq!((number(&text, "its limit "), Some(worst)), (limit, limit), "{}: {:?}", text, values);
    } else if text.contains("at its limit") {
        prop_assert_eq!(Some(value), limit, "{}", text);
    } else {
        prop_assert!(Some(worst) != limit, "{text}: nothing went beyond that limit");
        prop_assert_eq!(number(&text, if side.high { "over " } else { "under " }), limit, "{}: {:?}", text, values);
    }
    prop_assert!(side.outside(worst, limit), "{text}: nothing crossed that limit");
    // `was` where the value is not outside of it any more.
    prop_assert_eq!(text.starts_with("was "), over || !side.outside(value, limit), "{}", text);

    // The worst of the time that is claimed.
    if !text.contains("was at its limit") {
        let said = number(&text, "worst ");
        prop_assert_eq!(said, (worst != value).then_some(worst), "{}: {:?}", text, values);
    }

    // What ends it.
    let said = number(&text, if side.high { "clears below " } else { "clears above " });
    prop_assert_eq!(said.is_some(), !over, "{}", text);
    if let Some(clear) = said {
        prop_assert!(goes_on(world, target, clear), "{text}: {clear} ends it");
        let inside = if side.high { clear - 1 } else { clear + 1 };
        prop_assert!(!goes_on(world, target, inside), "{text}: it goes on inside of {clear}");
    }

    // The sentence says that it was outside all the time only where each reading was.
    let sentence = claims::sentence(state, alert).unwrap();
    let begins = format!("alert {}", claims.level.word());
    prop_assert!(sentence.starts_with(&begins) && sentence.ends_with(&text), "{}", sentence);
    let all_outside = good.iter().filter(|(at, ..)| *at >= from).all(|(_, _, v)| v.is_some_and(outside));
    let kept = row.row.series.points().next().unwrap().at <= from;
    let told = sentence.contains(", outside the band ");
    prop_assert!(!told || (!over && fresh && all_outside), "{sentence}: {values:?}");
    prop_assert!(told || over || !fresh || !all_outside || !kept, "{sentence}: {values:?}");

    // The row says the same, or the alert names the difference.
    if let (false, RowState::Fresh(own)) = (over, row.state) {
        prop_assert_eq!(text.starts_with("was "), own != level, "{} of a row that is {:?}", text, own);
        if own.is_beside(level) {
            prop_assert_eq!(row.held, Some(lasted), "{}", text);
        }
    }
    Ok(())
}

/// What a problem of the account counts is what the rows say.
fn check_problem(world: &World, alert: &Alert, problem: Problem) -> Result<(), TestCaseError> {
    let state = world.state();
    let AlertKind::Problem { count, .. } = alert.kind else { panic!("{alert:?}") };
    let is = |conditions: &[Condition]| {
        let lines = Kind::ALL.into_iter().flat_map(|kind| rows::all_lines(state, kind));
        let of = lines.filter(|l| conditions.iter().any(|c| l.state == RowState::Other(*c)));
        u32::try_from(of.count()).unwrap()
    };
    // While it is not cleared yet it says what was so last.
    let now = match problem {
        Problem::UnknownId => is(&[Condition::Invalid]),
        _ => 0,
    };
    if alert.ended.is_none() && now > 0 {
        prop_assert_eq!(count, now, "{:?}", alert);
    }
    let end = alert.ended.as_ref().map_or_else(|| rows::shown_now(state).mono, |(at, _)| at.mono);
    prop_assert_eq!(claims::lasting(state, alert), (alert.since.wall, Held::whole(end.since(alert.since.mono))));
    Ok(())
}

/// A beginning is told only where the reading before it was not outside; elsewhere it is said that it is longer.
fn check_beginning(
    world: &World,
    target: &Target,
    (from, held): (BootTime, Held),
    outside: impl Fn(u32) -> bool,
) -> Result<(), TestCaseError> {
    let before = world.good(target).rev().find(|(at, _)| at.mono < from).map(|(_, value)| value);
    let was = before.map(|value| value.is_some_and(outside));
    if held.open {
        let kept = world.state().live.rows[target].series.points().next().unwrap();
        prop_assert!(was != Some(false) || kept.at == from, "it began then: {held:?}");
    } else {
        prop_assert_eq!(was, Some(false), "it did not begin then: {:?}", held);
    }
    Ok(())
}

/// A row without an alert says how long it is outside by its readings alone.
fn check_rows(world: &World) -> Result<(), TestCaseError> {
    let state = world.state();
    for line in Kind::ALL.into_iter().flat_map(|kind| rows::all_lines(state, kind)) {
        let RowState::Fresh(level) = line.state else { continue };
        let target = line.target();
        let good: Vec<(BootTime, Option<u32>)> = world.good(target).map(|(at, value)| (at.mono, value)).collect();
        let last = good.last().unwrap();
        prop_assert_eq!(line.aht.map(Aht::secs), last.1);
        if level == Level::Inside {
            continue;
        }
        let band = world.band(target);
        let beside = |v: &Option<u32>| v.is_some_and(|v| band.level(Aht::from_secs(v)).is_beside(level));
        let first = good.iter().rev().take_while(|(_, v)| beside(v)).last().unwrap();
        // A row keeps the readings of a few hours.
        let kept = line.row.series.points().next().unwrap().at;
        let span = last.0.since(first.0.max(kept));
        prop_assert_eq!(rows::beside(line.row, line.watched, level).unwrap().since, first.0.max(kept));
        if world.registry.about(&Subject::Target(target.clone())).is_some() {
            continue;
        }
        prop_assert_eq!(line.held.map(|held| held.span), (!span.is_zero()).then_some(span), "{:?}", line.state);
        if let Some(held) = line.held {
            check_beginning(world, target, (last.0 - held.span, held), |v| beside(&Some(v)))?;
        }
    }
    Ok(())
}

/// The alerts stand in the order that the list promises, by the times that it shows.
fn check_order(world: &World) -> Result<(), TestCaseError> {
    let state = world.state();
    let key = |a: &Alert| (a.is_acked(), a.kind.level().is_none(), a.kind.level(), claims::lasting(state, a).0);
    let keys: Vec<_> = active(state.shown()).map(key).collect();
    prop_assert!(keys.is_sorted(), "{keys:?}");
    let ended = state.shown().alerts.iter().filter_map(|a| a.ended.as_ref()).map(|(at, _)| at.mono);
    prop_assert!(ended.rev().is_sorted(), "newest first: {:?}", state.shown().alerts);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_alert_claims_what_the_readings_say_and_its_row_says_the_same(script in script()) {
        let world = World::new(&script, &plain_people());
        for alert in &world.state().shown().alerts.clone() {
            check(&world, alert)?;
        }
        check_rows(&world)?;
        check_order(&world)?;
    }
}

/// A floor of one agent with these readings: after so many seconds such a value.
fn read(steps: &[(u64, u32)]) -> (World, Target) {
    let people = plain_people();
    let mut world = World::begun(&Script::calm(), &people);
    for (secs, value) in steps {
        world.floor.clock.advance(Duration::from_secs(*secs));
        world.record(people[0].target(), Outcome::Value(Aht::from_secs(*value)));
    }
    world.show();
    (world, people[0].target())
}

#[test]
fn the_worst_value_counts_from_the_first_reading_outside() {
    let (world, _) = read(&[(60, 300), (60, 400), (60, 430), (60, 390), (60, 365)]);
    let alert = &world.state().live.alerts[0];
    let claims = claims::of(world.state(), alert).unwrap();
    assert_eq!(
        claims.texts(),
        [
            "was over 6:15 (worst 7:10), now 6:05, clears below 5:57",
            "was over 6:15 (worst 7:10), now 6:05",
            "was over 6:15, now 6:05",
            "was over 6:15"
        ]
    );
    assert_eq!(
        claims::sentence(world.state(), alert).unwrap().split_once(" since ").unwrap().0,
        "alert HIGH",
        "it was inside in the end"
    );
    assert_eq!(claims::lasting(world.state(), alert).1, Held::whole(Duration::from_secs(180)));
}

#[test]
fn what_is_outside_again_is_not_told_as_outside_all_the_time() {
    let sentence = |last: &[(u64, u32)]| {
        let steps = [&[(60, 300), (60, 400), (60, 430), (60, 390)], last].concat();
        let (world, _) = read(&steps);
        claims::sentence(world.state(), &world.state().live.alerts[0]).unwrap()
    };
    assert!(sentence(&[]).starts_with("alert HIGH, outside the band since "), "{}", sentence(&[]));
    for last in [&[(60, 365)][..], &[(60, 365), (60, 380)], &[(60, 300)]] {
        assert!(sentence(last).starts_with("alert HIGH since "), "{}", sentence(last));
    }
}

#[test]
fn an_old_value_has_the_mark_of_its_row() {
    let (mut world, _) = read(&[(60, 300), (60, 460), (60, 470), (60, 465), (60, 465)]);
    world.floor.clock.advance(Duration::from_secs(400));
    world.floor.event(Event::Tick);
    let text = |world: &World| claims::of(world.state(), &world.state().live.alerts[0]).unwrap().texts()[0].clone();
    assert_eq!(text(&world), "7:45?, over 7:30 (worst 7:50), clears below 5:57");
}

#[test]
fn what_an_older_version_did_not_keep_is_read_from_the_row_or_not_claimed() {
    let (mut world, target) = read(&[(60, 300), (60, 400), (60, 430), (60, 390), (60, 365)]);
    let text = serde_json::to_string(&world.registry).unwrap();
    // The document of a version that kept none of these.
    let mut old: serde_json::Value = serde_json::from_str(&text).unwrap();
    let kind = old["active"][0][1]["matter"]["band"].as_object_mut().unwrap();
    assert!(kind.remove("peak").is_some() && kind.remove("limits").is_some());
    assert!(old["active"][0][1].as_object_mut().unwrap().remove("exact").is_some());
    world.registry = crate::alert::persist::parse(&old.to_string());
    assert_eq!(world.registry.active().len(), 1, "an alert of an older version is kept");
    let alert = world.registry.active().next().unwrap().clone();
    let text = |world: &World| claims::of(world.state(), &alert).unwrap().texts()[0].clone();
    assert_eq!(text(&world), "was over 6:15 (worst 7:10), now 6:05");
    let held = claims::lasting(world.state(), &alert).1;
    assert_eq!(held, Held { span: Duration::from_secs(180), open: true }, "whether it began then was not kept");
    // A row that begins later does not know.
    let row = world.floor.state.live.rows.get_mut(&target).unwrap();
    let mut short = crate::domain::Series::default();
    row.series.points().skip(3).for_each(|p| short.push(p.at, p.aht));
    row.series = short;
    assert_eq!(text(&world), "was over 6:15, now 6:05");
}

/// The minutes since which the alert of the floor says it is so, and whether it is longer.
fn minutes(world: &World) -> (u64, bool) {
    let held = claims::lasting(world.state(), world.state().live.alerts.iter().find(|a| a.ended.is_none()).unwrap()).1;
    (held.span.as_secs() / 60, held.open)
}

#[test]
fn a_beginning_that_the_row_does_not_keep_any_more_is_told_where_the_alert_knows_it() {
    let mut steps = vec![(60, 300)];
    steps.extend((0..300).map(|i| (60, 400 + i % 2)));
    assert_eq!(minutes(&read(&steps).0), (299, false));
    // It is outside already when the alert begins behind a gap: what is known is that it is longer.
    let gap = |then: u32| {
        let mut steps = vec![(60, 300), (60, 400), (600, 400)];
        steps.extend((0..then).map(|i| (60, 400 + i % 2)));
        minutes(&read(&steps).0)
    };
    assert_eq!((gap(239), gap(240), gap(241), gap(300)), ((249, false), (250, true), (241, true), (300, true)));
}

#[test]
fn what_was_outside_when_it_was_read_first_may_be_so_for_longer() {
    assert_eq!(minutes(&read(&[(60, 400), (60, 400), (60, 400)]).0), (2, true));
    let (world, target) = read(&[(60, 400), (60, 400)]);
    let held = rows::line(world.state(), &target).unwrap().held;
    assert_eq!(held, Some(Held { span: Duration::from_secs(60), open: true }));
}
