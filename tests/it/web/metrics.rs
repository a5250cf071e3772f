//! `/metrics`: the format, and that its figures are those of the store.

use std::{collections::BTreeMap, time::Duration};

use ahtop::{
    config::Names,
    domain::{Aht, Clock, Outcome, Target},
    report::Exposition,
    store::{LedgerStore, Link, Pace, PermitAnswer, PermitAsk, PermitKind},
};

use super::{
    client::{AGENT, CAMPAIGN, OTHER, World, anew},
    openmetrics::{Series, read},
};

pub(super) const ACCEPT: &str = "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n";

async fn scrape(world: &World) -> BTreeMap<Series, f64> {
    anew().await;
    let answer = world.ask("/metrics", ACCEPT).await;
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, Exposition::OpenMetrics.media_type()));
    read(&answer.body)
}

/// The value of `name` with these labels among those that it has.
pub(super) fn value(all: &BTreeMap<Series, f64>, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let mut found = all.iter().filter(|((series, has), _)| {
        series == name && labels.iter().all(|(label, text)| has.get(*label).is_some_and(|t| t == text))
    });
    let value = found.next().map(|(_, value)| *value);
    assert!(found.next().is_none(), "{name} {labels:?} is not the only one");
    value
}

#[tokio::test]
async fn figures_are_those_of_the_store() {
    let world = World::new(|_| {}).await;
    let before = scrape(&world).await;
    assert_eq!(value(&before, "ahtop_link_state", &[("state", "no_poller")]), Some(1.0));
    assert_eq!(value(&before, "ahtop_condition", &[("id", AGENT), ("condition", "waiting")]), Some(1.0));

    world.fill();
    let ask = PermitAsk {
        kind: PermitKind::Aht,
        cap: 45,
        pace: Pace::Burst,
        void_after: Duration::from_secs(1),
        timeout: Duration::from_secs(10),
    };
    for _ in 0..3 {
        assert!(matches!(world.store.permit(&world.me, &ask).unwrap(), PermitAnswer::Granted { .. }));
    }
    let all = scrape(&world).await;
    let now = world.clock.now().wall.as_millisecond() as f64 / 1000.0;
    let of = |name: &str, labels: &[(&str, &str)]| value(&all, name, labels);
    assert_eq!(of("ahtop_aht_seconds", &[("kind", "campaign"), ("id", CAMPAIGN)]), Some(291.0));
    assert_eq!(of("ahtop_aht_seconds", &[("kind", "agent"), ("id", AGENT)]), Some(612.0));
    assert_eq!(of("ahtop_aht_seconds", &[("id", OTHER)]), None, "no calls is not zero");
    assert_eq!(of("ahtop_band_level", &[("id", AGENT)]), Some(2.0));
    assert_eq!(of("ahtop_band_level", &[("id", CAMPAIGN)]), Some(0.0));
    assert_eq!(of("ahtop_band_level", &[("id", OTHER)]), None);
    assert_eq!(of("ahtop_reading_timestamp_seconds", &[("id", OTHER)]), Some(now));
    for (id, is) in [(CAMPAIGN, "value"), (AGENT, "value"), (OTHER, "no_calls")] {
        for condition in ["value", "no_calls", "waiting", "stale", "invalid", "no_answer"] {
            let expected = f64::from(u8::from(condition == is));
            assert_eq!(of("ahtop_condition", &[("id", id), ("condition", condition)]), Some(expected));
        }
    }
    assert_eq!(of("ahtop_link_state", &[("state", "live")]), Some(1.0));
    assert_eq!(of("ahtop_requests_used", &[]), Some(f64::from(world.store.usage().unwrap().used_60s)));
    assert_eq!(of("ahtop_requests_used", &[]), Some(3.0));
    assert_eq!((of("ahtop_request_limit", &[]), of("ahtop_request_reserve", &[])), (Some(50.0), Some(5.0)));
    assert_eq!(of("ahtop_cycle_seconds", &[]), Some(4.0));
    assert_eq!(of("ahtop_store_readings", &[]), Some(3.0));
    assert_eq!(of("ahtop_poller_info", &[("role", "serve"), ("host", "pc")]), Some(1.0));
    assert_eq!(of("ahtop_watched", &[("kind", "agent")]), Some(2.0));
    assert!(!all.keys().any(|(_, labels)| labels.contains_key("name")), "names only where they are wanted");
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/src/web.md")).unwrap();
    for (name, _) in all.keys() {
        let family = ["_bucket", "_count", "_sum"].iter().find_map(|s| name.strip_suffix(s)).unwrap_or(name);
        assert!(page.contains(&format!("`{family}`")), "{name} is not in docs/src/web.md");
    }
    // The bound that is stated.
    let rows = all.keys().filter(|(_, labels)| labels.contains_key("id")).count();
    assert!(rows <= 3 * 9 && all.len() - rows <= 80, "{rows} and {}", all.len() - rows);
}

#[tokio::test]
async fn counters_only_grow_but_for_a_new_poller() {
    let world = World::new(|_| {}).await;
    let mut meter = ahtop::store::Meter::default();
    let mut last = BTreeMap::new();
    for n in 0..3_u64 {
        meter.reply(ahtop::store::ReplyKind::Value, Duration::from_millis(120 * n), world.clock.now().mono);
        meter.reply(ahtop::store::ReplyKind::Lost, Duration::from_secs(10), world.clock.now().mono);
        meter.invalidated();
        // Hours pass: what the screen counts within the hour goes, these stay.
        world.clock.advance(Duration::from_secs(7200));
        world.link_with(Link::Live, meter.traffic(world.clock.now().mono));
        let counters = |all: BTreeMap<Series, f64>| -> BTreeMap<Series, f64> {
            all.into_iter()
                .filter(|((n, _), _)| ["_total", "_bucket", "_count"].iter().any(|s| n.ends_with(s)))
                .collect()
        };
        let now = counters(scrape(&world).await);
        assert!(last.iter().all(|(series, value)| now[series] >= *value), "{last:?} {now:?}");
        let of = |name: &str, labels: &[(&str, &str)]| value(&now, name, labels);
        let count = n as f64 + 1.0;
        assert_eq!(of("ahtop_requests_total", &[("outcome", "value")]), Some(count));
        assert_eq!(of("ahtop_requests_total", &[("outcome", "no_answer")]), Some(count));
        assert_eq!(of("ahtop_request_duration_seconds_count", &[]), Some(count));
        assert_eq!(of("ahtop_tokens_invalidated_total", &[]), Some(count));
        last = now;
    }
}

#[tokio::test]
async fn names_are_told_only_where_both_keys_allow_it() {
    for (names, metrics_names, id, name) in [
        (Names::Full, false, AGENT, None),
        (Names::Full, true, AGENT, Some("Priya \"PS\" S")),
        (Names::Id, true, AGENT, None),
        (Names::Initials, true, "agent 1", Some("PS")),
        (Names::Hidden, true, "agent 1", None),
    ] {
        let world = World::new(|options| {
            (options.dashboard.wall.names, options.metrics_names) = (names, metrics_names);
        })
        .await;
        world.fill();
        let all = scrape(&world).await;
        let labels: Vec<_> = all.keys().filter(|(series, _)| series == "ahtop_aht_seconds").map(|(_, l)| l).collect();
        let agent = labels.iter().find(|l| l["kind"] == "agent").unwrap();
        let told = agent.get("name").map(String::as_str);
        assert_eq!((agent["id"].as_str(), told.map(|t| t.replace('"', ""))), (id, name.map(|n| n.replace('"', ""))));
        let text = world.get("/metrics").await.body;
        assert!(names == Names::Full || !text.contains("Priya") && !text.contains("Ravi"), "{text}");
        assert!(matches!(names, Names::Full | Names::Id) || !text.contains('@'), "{text}");
    }
}

/// A scraper that does not ask for OpenMetrics gets the older form; an alert, an unknown ID and a stale row are told.
#[tokio::test]
async fn the_older_form_is_told_to_those_that_ask_for_nothing_else() {
    let world = World::new(|_| {}).await;
    world.fill();
    world.clock.advance(Duration::from_secs(200));
    world.read(Target::agent(OTHER), Outcome::Invalid, None);
    world.read(Target::agent(AGENT), Outcome::Value(Aht::from_secs(30)), None);
    world.link(Link::Live);
    anew().await;
    let answer = world.get("/metrics").await;
    assert_eq!(answer.headers["content-type"], Exposition::Prometheus.media_type());
    for line in [
        "# TYPE ahtop_requests_total counter",
        "ahtop_condition{kind=\"campaign\",id=\"COLLECT-IN\",condition=\"stale\"} 1",
        "ahtop_condition{kind=\"agent\",id=\"ravi@acme.example\",condition=\"invalid\"} 1",
        "ahtop_band_level{kind=\"agent\",id=\"priya@acme.example\"} -2",
    ] {
        assert!(answer.body.lines().any(|l| l == line), "{line}: {}", answer.body);
    }
    assert!(!answer.body.contains("EOF") && !answer.body.contains("# UNIT"));
    // Only where a stale row is fresh again may its level be told.
    assert!(!answer.body.contains("ahtop_band_level{kind=\"campaign\""), "{}", answer.body);
}
