//! What an alert claims in words, computed once more from the readings: the value, the limit that was crossed, the worst
//! value, what ends it, and how long it lasts.

use std::time::Duration;

use proptest::prelude::*;

use crate::{
    alert::{Alert, AlertRegistry, EndReason, Policy, Rules, Subject},
    app::{
        Alerts, Event, claims,
        fixture::{Floor, band},
        rows,
    },
    domain::{Aht, EventTime, Level, Outcome, Reading, Target},
};

fn policy() -> Policy {
    let rules =
        Rules { dwell: Duration::from_secs(120), clear_band: 0.05, warm_up: 0, stale_after: Duration::from_secs(180) };
    Policy { agents: rules, campaigns: rules, sweep: Duration::from_secs(60) }
}

/// The number behind `word` in `text`, as `m:ss`.
fn number(text: &str, word: &str) -> Option<u32> {
    let (_, rest) = text.split_once(word)?;
    let (minutes, rest) = rest.trim_start().split_once(':')?;
    let seconds: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some(minutes.parse::<u32>().ok()? * 60 + seconds.parse::<u32>().ok()?)
}

/// Readings of one agent, as they were fed.
struct Past {
    floor: Floor,
    registry: AlertRegistry,
    read: Vec<(EventTime, u32)>,
}

impl Past {
    fn new(steps: &[(u64, u32)]) -> Past {
        let mut past = Past { floor: Floor::new(), registry: AlertRegistry::default(), read: Vec::new() };
        for (secs, value) in steps {
            past.floor.clock.advance(Duration::from_secs(*secs));
            past.floor.agent("a1", *value);
            let reading = past.reading(*value);
            past.registry.record(&reading, &band(), &policy());
            past.read.push((reading.at, *value));
        }
        let now = past.floor.now();
        let alerts = Alerts::new(&past.registry, &past.floor.state.config.watched, &policy(), &now);
        past.floor.event(Event::Alerts(Box::new(alerts)));
        past
    }

    fn reading(&self, value: u32) -> Reading {
        let outcome = if value == 0 { Outcome::NoCalls } else { Outcome::Value(Aht::from_secs(value)) };
        self.floor.reading(Target::agent("a1"), outcome)
    }

    /// Whether the alert is still there when `value` is read next.
    fn goes_on(&self, value: u32) -> bool {
        let mut registry = self.registry.clone();
        let before = registry.about(&Subject::Target(Target::agent("a1"))).map(|a| a.id.clone());
        registry.record(&self.reading(value), &band(), &policy());
        registry.about(&Subject::Target(Target::agent("a1"))).map(|a| a.id.clone()) == before
    }

    /// The values from the first reading outside to the last one that belongs to the alert.
    fn values(&self, alert: &Alert) -> Vec<u32> {
        let last = |at: &EventTime| alert.ended.as_ref().is_none_or(|(end, _)| at.mono < end.mono);
        self.read.iter().filter(|(at, _)| at.mono >= alert.since.mono && last(at)).map(|(_, v)| *v).collect()
    }
}

fn secs(limit: Option<Aht>) -> u32 {
    limit.map_or(0, Aht::secs)
}

/// Compares each claim about `alert` with the readings.
fn check(past: &Past, alert: &Alert) -> Result<(), TestCaseError> {
    let (state, band) = (&past.floor.state, band());
    let claims = claims::of(state, alert).unwrap();
    let text = claims.texts()[0].clone();
    let values = past.values(alert);
    let high = alert.kind.level().unwrap().is_beside(Level::HighCrit);
    let outside = |v: u32, limit: u32| if high { v >= limit } else { v <= limit };
    let (warn, crit) =
        if high { (secs(band.high_warn), secs(band.high_crit)) } else { (secs(band.low_warn), secs(band.low_crit)) };
    let worst = if high { values.iter().max() } else { values.iter().min() }.copied().unwrap();
    prop_assert!(outside(values[0], warn), "{text}: {values:?} begins inside");
    let over = alert.ended.is_some();

    // The value.
    let value = match alert.ended {
        None => past.read.last().unwrap().1,
        Some((ref at, EndReason::Cleared | EndReason::OtherSide)) => {
            past.read.iter().find(|(t, _)| t.mono == at.mono).unwrap().1
        }
        Some(_) => *values.last().unwrap(),
    };
    let said = if over {
        number(&text, "last ")
    } else {
        number(&text, "now ").or_else(|| number(&text, "").filter(|_| text.starts_with(|c: char| c.is_ascii_digit())))
    };
    let at_limit = text.contains("at its limit");
    prop_assert_eq!(said, Some(value), "{}: {:?}", text, values);

    // The level that is held, walked through once more, and its limit.
    let eased = |limit: u32| f64::from(limit) * if high { 0.95 } else { 1.05 };
    let held = |v: u32| if high { f64::from(v) >= eased(crit) - 1e-6 } else { f64::from(v) <= eased(crit) + 1e-6 };
    // The dwell goes by the band alone; what is critical is held from the start of the alert on.
    let started = past.read.iter().filter(|(t, _)| t.mono >= alert.since.mono && t.mono < alert.started.mono).count();
    let (mut is_crit, mut was_crit) = (false, false);
    for v in &values[started..] {
        is_crit = outside(*v, crit) || (is_crit && held(*v));
        was_crit |= is_crit;
    }
    let limit = if (over && was_crit) || (!over && is_crit) { crit } else { warn };
    let said = number(&text, if high { "over " } else { "under " });
    if at_limit {
        prop_assert_eq!(value, limit, "{}", text);
    } else {
        prop_assert_eq!(said, Some(limit), "{}: {:?}", text, values);
    }
    prop_assert!(outside(worst, limit), "{text}: nothing crossed that limit");
    // `was` where the value is not outside of it any more.
    prop_assert_eq!(text.starts_with("was "), over || !outside(value, limit), "{}", text);

    // The worst.
    let said = number(&text, "worst ");
    prop_assert_eq!(said, (worst != value).then_some(worst), "{}: {:?}", text, values);

    // What ends it.
    let said = number(&text, if high { "clears below " } else { "clears above " });
    prop_assert_eq!(said.is_some(), !over, "{}", text);
    if let Some(clear) = said {
        prop_assert!(past.goes_on(clear), "{text}: {clear} ends it");
        prop_assert!(!past.goes_on(if high { clear - 1 } else { clear + 1 }), "{text}: it goes on inside of {clear}");
    }

    // How long: from the first reading outside to the last one, or to the end.
    let end = alert.ended.as_ref().map_or_else(|| past.read.last().unwrap().0.mono, |(at, _)| at.mono);
    prop_assert_eq!(claims::lasting(state, alert).1, end.since(alert.since.mono), "{}", text);
    prop_assert_eq!(claims::lasting(state, alert).0, alert.since.wall, "{}", text);
    // The row says the same while it is outside on that side.
    let line = rows::line(state, &Target::agent("a1")).unwrap();
    if let (None, Some(held)) = (&alert.ended, line.held)
        && outside(value, warn)
    {
        prop_assert_eq!(held, claims::lasting(state, alert).1);
    }
    Ok(())
}

proptest! {
    #[test]
    fn an_alert_claims_what_the_readings_say(
        steps in prop::collection::vec((20u64..120, prop_oneof![
            8 => 340u32..500,
            3 => 110u32..220,
            2 => Just(300u32),
            1 => Just(375u32),
            1 => Just(450u32),
            1 => Just(0u32),
        ]), 1..80),
        calm in prop::bool::ANY,
    ) {
        // Most floors move slowly: without that an alert would hardly ever last.
        let steps: Vec<(u64, u32)> = if calm {
            let mut at = 0;
            steps.iter().map(|(secs, v)| {
                at = if *v == 0 || at == 0 { *v } else { (at * 3 + v) / 4 };
                (*secs, at)
            }).collect()
        } else {
            steps
        };
        let past = Past::new(&steps);
        let all = past.floor.state.live.alerts.clone();
        for alert in &all {
            check(&past, alert)?;
        }
    }
}

#[test]
fn the_worst_value_counts_from_the_first_reading_outside() {
    let past = Past::new(&[(60, 300), (60, 400), (60, 430), (60, 390), (60, 365)]);
    let alert = &past.floor.state.live.alerts[0];
    let claims = claims::of(&past.floor.state, alert).unwrap();
    assert_eq!(
        claims.texts(),
        [
            "was over 6:15 (worst 7:10), now 6:05, clears below 5:57",
            "was over 6:15 (worst 7:10), now 6:05",
            "was over 6:15, now 6:05",
            "6:05"
        ]
    );
    assert_eq!(claims::lasting(&past.floor.state, alert).1, Duration::from_secs(180));
}

#[test]
fn what_an_older_version_did_not_keep_is_read_from_the_row_or_not_claimed() {
    let mut past = Past::new(&[(60, 300), (60, 400), (60, 430), (60, 390), (60, 365)]);
    let text = serde_json::to_string(&past.registry).unwrap();
    // The document of a version that kept neither.
    let mut old: serde_json::Value = serde_json::from_str(&text).unwrap();
    let kind = old["active"][0][1]["matter"]["band"].as_object_mut().unwrap();
    assert!(kind.remove("peak").is_some() && kind.remove("limits").is_some());
    past.registry = crate::alert::persist::parse(&old.to_string());
    assert_eq!(past.registry.active().len(), 1, "an alert of an older version is kept");
    let alert = past.registry.active().next().unwrap().clone();
    let text = |past: &Past| claims::of(&past.floor.state, &alert).unwrap().texts()[0].clone();
    assert_eq!(text(&past), "was over 6:15 (worst 7:10), now 6:05");
    // A row that begins later does not know.
    let row = past.floor.state.live.rows.get_mut(&Target::agent("a1")).unwrap();
    let mut short = crate::domain::Series::default();
    row.series.points().skip(3).for_each(|p| short.push(p.at, p.aht));
    row.series = short;
    assert_eq!(text(&past), "was over 6:15, now 6:05");
}
