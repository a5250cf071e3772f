//! `/api/v1`: the schema that is published, and that what it tells is what the store holds and the names rule allows.

use std::time::Duration;

use ahtop::{
    alert::{Action, AlertRegistry, Finding, Observation, UserAction, persist::ALERTS},
    config::{Env, Names, Overrides, resolve},
    domain::{Aht, Band, Clock, LoggedIn, Outcome, Problem, Reading, Target},
    report::{Document, Facts, View, json_line},
    store::{DocumentStore, LedgerStore, Link, ReadingStore, read_presence, write_presence},
};
use jsonschema::Validator;
use serde_json::{Value, json};

use super::client::{AGENT, CAMPAIGN, OTHER, World, anew, policy, watched};

/// The published schema, which here also refuses what it does not describe.
fn schema(part: &str) -> Validator {
    fn close(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.values_mut().for_each(close);
                if map.contains_key("properties") {
                    map.insert("additionalProperties".into(), false.into());
                }
            }
            Value::Array(all) => all.iter_mut().for_each(close),
            _ => {}
        }
    }
    let mut all: Value = serde_json::from_str(include_str!("../../../assets/api.schema.json")).unwrap();
    close(&mut all["$defs"]);
    all.as_object_mut().unwrap().remove("oneOf");
    all["$ref"] = format!("#/$defs/{part}").into();
    jsonschema::validator_for(&all).unwrap()
}

/// What `part` tells, held to the schema.
async fn ask(world: &World, part: &str) -> Value {
    anew().await;
    let answer = world.get(&format!("/api/v1/{part}")).await;
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/json"));
    let value = answer.json();
    let wrong: Vec<_> = schema(part).iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert_eq!(wrong, Vec::<String>::new(), "{value}");
    value
}

/// An alert about [`AGENT`], which somebody has acknowledged, and one about the account.
fn alert(world: &World) {
    let mut registry = AlertRegistry::default();
    let band = Band { high_crit: Some(Aht::from_secs(480)), ..Band::default() };
    let at = world.clock.now().stamp();
    let outcome = Outcome::Value(Aht::from_secs(612));
    let started = registry.record(
        &Reading { target: Target::agent(AGENT), at: at.clone(), outcome, name: None },
        &band,
        &policy(),
    );
    let text = format!("the service does not answer for {OTHER}: <h1>502</h1>");
    let finding = Finding { text: text.into(), count: 0, rank: 1, targets: [].into() };
    let seen = || [(Problem::Service, Observation::Present(finding.clone()))].into();
    registry.observe(seen(), &at, &policy());
    world.clock.advance(Duration::from_secs(600));
    let now = world.clock.now().stamp();
    registry.observe(seen(), &now, &policy());
    let what = UserAction::Ack { rank: 2, note: "Priya is in training".into() };
    registry.act(&Action { id: started[0].id.clone(), at: now, by: "Meena".into(), what });
    assert_eq!(registry.active().len(), 2);
    let text = serde_json::to_string(&registry).unwrap();
    world.store.set_document(ALERTS, 0, &text).unwrap().unwrap();
}

#[tokio::test]
async fn every_answer_is_as_the_schema_says_and_as_the_store_is() {
    let world = World::new(|_| {}).await;
    // Before anything was read, and without a poller.
    let status = ask(&world, "status").await;
    assert_eq!((&status["poller"], &status["link_since"], &status["alerts"]), (&Value::Null, &Value::Null, &json!(0)));
    assert_eq!(ask(&world, "targets").await["targets"][0]["condition"], "waiting");
    assert_eq!(ask(&world, "alerts").await["alerts"], json!([]));

    alert(&world);
    world.fill();
    world.read(Target::agent(OTHER), Outcome::Invalid, None);
    let targets = ask(&world, "targets").await;
    // What `once` prints.
    let (now, usage) = (world.clock.now(), world.store.usage().unwrap());
    let facts = Facts { account: "acme", budget: ahtop::config::Budget::default(), usage, token_left: None };
    let view = View { now: &now, zone: &jiff::tz::TimeZone::UTC, stale_after: Duration::from_secs(180) };
    let rows = world.store.snapshot(Duration::ZERO).unwrap().rows.into_iter().map(|row| (row.target.clone(), row));
    let printed = json_line(&Document::new(&facts, &watched(), &rows.collect(), &view));
    assert_eq!(targets, serde_json::from_str::<Value>(&printed).unwrap());
    assert_eq!((&targets["targets"][1]["aht_s"], &targets["targets"][1]["level"]), (&json!(612), &json!("very_high")));

    let alerts = ask(&world, "alerts").await["alerts"].clone();
    let of = |kind: &str| alerts.as_array().unwrap().iter().find(|a| a["kind"] == kind).unwrap().clone();
    let (agent, account) = (of("agent"), of("account"));
    assert_eq!(alerts.as_array().unwrap().len(), 2);
    assert_eq!(
        (&agent["id"], &agent["name"], &agent["level"]),
        (&json!(AGENT), &json!("Priya \"PS\" S"), &json!("very_high"))
    );
    assert_eq!((&agent["state"], &agent["acknowledged_by"]), (&json!("acknowledged"), &json!("Meena")));
    assert_eq!((&agent["note"], &agent["aht_s"]), (&json!("Priya is in training"), &json!(612)));
    let text = agent["text"].as_str().unwrap();
    assert!(text.starts_with("VERY HIGH: 10:12, over ") && text.contains(", clears below "), "{text}");
    assert_eq!((&account["id"], &account["state"]), (&json!("service"), &json!("unacknowledged")));
    assert!(account["text"].as_str().unwrap().contains("502"), "{account}");

    let status = ask(&world, "status").await;
    assert_eq!((&status["poller"]["host"], &status["cycle_s"]), (&json!("pc"), &json!(4.0)));
    assert_eq!((&status["alerts"], &status["history"]["readings"]), (&json!(2), &json!(4)));
    assert_eq!(status["health"], world.get("/readyz").await.json());
}

#[tokio::test]
async fn names_and_what_may_hold_them_are_hidden_as_configured() {
    for (names, id, name) in [
        (Names::Id, AGENT, Value::Null),
        (Names::Initials, "agent 1", json!("PS")),
        (Names::Hidden, "agent 1", Value::Null),
    ] {
        let world = World::new(|options| options.dashboard.wall.names = names).await;
        alert(&world);
        world.fill();
        let (targets, alerts) = (ask(&world, "targets").await, ask(&world, "alerts").await);
        let is_campaign = |t: &&Value| t["kind"] == "campaign";
        let agents: Vec<_> = targets["targets"].as_array().unwrap().iter().filter(|t| !is_campaign(t)).collect();
        assert_eq!(agents[0]["id"], id);
        if names != Names::Initials {
            assert_eq!(agents[0]["name"], name);
        }
        assert_eq!(targets["targets"][0]["id"], CAMPAIGN, "campaigns are no people");
        let all = format!("{targets}{alerts}{}", ask(&world, "status").await);
        for secret in ["Priya", "Ravi", "Meena", "training", "502"] {
            assert!(!all.contains(secret), "{names:?} tells {secret}: {all}");
        }
        assert!(names == Names::Id || !all.contains('@'), "{all}");
    }
}

#[tokio::test]
async fn the_schema_is_served() {
    let world = World::new(|_| {}).await;
    let served = world.get("/api/v1/schema.json").await;
    assert_eq!(served.body, include_str!("../../../assets/api.schema.json"));
    assert!(jsonschema::meta::is_valid(&served.json()));
    // A validator that would take anything holds nothing.
    for part in ["targets", "alerts", "status"] {
        assert!(!schema(part).is_valid(&json!({})) && !schema(part).is_valid(&json!({"schema": 1, "more": 2})));
    }
}

#[tokio::test]
async fn whoever_is_logged_in_is_served_and_at_night_it_is_ready_with_nobody() {
    let text = "[account]\nname = \"acme\"\n[watch]\nagents = \"logged-in\"\n";
    let file = Some((std::path::Path::new("c.toml"), text));
    let floor = resolve(&Overrides::default(), &Env::default(), file).unwrap().config.floor;
    let world = World::new(|options| (options.dashboard.watched, options.dashboard.floor) = ([].into(), floor)).await;
    let health = async || ask(&world, "status").await["health"].clone();
    world.link(Link::Live);
    let before = health().await;
    assert_eq!((&before["ready"], &before["problems"]), (&false.into(), &serde_json::json!(["no_logins"])));
    let listed = |ids: &[&str]| {
        let (mut revision, now) = (0, world.clock.now());
        let known = read_presence(&*world.store, &mut revision).unwrap().unwrap_or_default();
        let agents = ids.iter().map(|id| LoggedIn { id: (*id).into(), name: None, state: None }).collect();
        let known = known.listed(agents, true, Duration::from_secs(60), &now);
        assert!(write_presence(&*world.store, &known, &mut revision).unwrap());
    };
    listed(&[]);
    let night = health().await;
    assert_eq!((&night["ready"], &night["watched"]), (&true.into(), &0.into()));
    listed(&[AGENT]);
    let health = health().await;
    assert_eq!((&health["ready"], &health["problems"]), (&false.into(), &serde_json::json!(["waiting"])));
    let targets = ask(&world, "targets").await;
    let ids: Vec<&str> = targets["targets"].as_array().unwrap().iter().filter_map(|t| t["id"].as_str()).collect();
    assert_eq!(ids, [AGENT]);
    assert!(world.get("/metrics").await.body.contains(AGENT) && world.get("/board.txt").await.status == 200);
}
