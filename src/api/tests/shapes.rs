//! Shapes of a good answer, and what looks like one and is none.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    api::{Reply, classify},
    config::AuthMode,
    domain::{Aht, Target},
};

fn ask(body: &Value, target: &Target) -> Reply {
    classify::aht(200, None, body.to_string().as_bytes(), AuthMode::Token, target)
}

fn agent(body: Value) -> Reply {
    ask(&body, &Target::agent("priya@acme.example"))
}

fn campaign(body: Value) -> Reply {
    ask(&body, &Target::campaign("COLLECT-IN"))
}

fn value(secs: u32, name: &str) -> Reply {
    Reply::Value { aht: Aht::from_secs(secs), name: Some(name.into()) }
}

fn payload() -> Value {
    json!({"AgentID": "priya@acme.example", "AgentName": "Priya S", "AHT": "00:04:51"})
}

fn none(name: Option<&str>) -> Reply {
    Reply::NoCalls { name: name.map(Into::into) }
}

fn is_malformed(reply: &Reply) -> bool {
    matches!(reply, Reply::Malformed { .. })
}

#[test]
fn the_payload_is_found_in_every_place() {
    let p = payload();
    for body in [
        json!({"status": "success", "message": p}),
        json!({"status": "success", "message": [p]}),
        json!({"status": "success", "message": "", "details": p}),
        json!({"status": "success", "message": "Success", "details": [p]}),
        json!({"status": "success", "data": p}),
        json!({"status": "success", "message": "ok", "data": [p]}),
        json!({"status": "success", "AgentID": "priya@acme.example", "AgentName": "Priya S", "AHT": "00:04:51"}),
        p.clone(),
    ] {
        assert_eq!(agent(body.clone()), value(291, "Priya S"), "{body}");
    }
}

#[test]
fn the_first_place_wins() {
    let at = |aht: &str| json!({"AHT": aht});
    let reply = agent(json!({"details": at("00:00:02"), "message": at("00:00:01"), "data": at("00:00:03")}));
    assert_eq!(reply, Reply::Value { aht: Aht::from_secs(1), name: None });
    let reply = agent(json!({"data": at("00:00:03"), "details": [at("00:00:02")], "AHT": "00:00:04"}));
    assert_eq!(reply, Reply::Value { aht: Aht::from_secs(2), name: None });
}

#[test]
fn every_status_word_is_known_and_another_one_is_not_guessed_at() {
    for word in [json!("success"), json!("SUCCESS"), json!(" Success "), json!(true), json!("true"), json!(200)] {
        assert_eq!(agent(json!({"status": word, "message": payload()})), value(291, "Priya S"), "{word}");
    }
    for word in [
        json!("error"),
        json!("false"),
        json!(false),
        json!("fail"),
        json!("FAIL"),
        json!("failure"),
        json!(500),
        json!("partial"),
        json!(""),
        json!(0),
        json!([]),
        json!({}),
    ] {
        assert!(is_malformed(&agent(json!({"status": word, "message": payload()}))), "{word}");
    }
}

#[test]
fn no_calls_are_neither_an_error_nor_a_zero() {
    for aht in [json!("00:00:00"), json!("000:00:00"), json!(null), json!(""), json!("  ")] {
        let mut p = payload();
        p["AHT"] = aht.clone();
        assert_eq!(agent(json!({"status": "success", "message": p})), none(Some("Priya S")), "{aht}");
    }
    let mut p = payload();
    p.as_object_mut().unwrap().remove("AHT");
    assert_eq!(agent(json!({"status": "success", "details": [p]})), none(Some("Priya S")));
    assert_eq!(campaign(json!({"status": "success", "message": {"CampaignID": "77"}})), none(None));
    for body in [
        json!({"status": "success", "details": []}),
        json!({"status": "SUCCESS", "message": "Success", "details": []}),
        json!({"status": "success", "message": "No Data Found"}),
        json!({"status": "error", "message": "No data found", "details": []}),
        json!({"status": "false", "message": "No  Data  Found", "data": null}),
    ] {
        assert_eq!(agent(body.clone()), none(None), "{body}");
    }
}

#[test]
fn an_aht_that_is_none_is_malformed() {
    for aht in [
        json!(291),
        json!(4.5),
        json!(0),
        json!(true),
        json!(["00:04:51"]),
        json!("04:51"),
        json!("00:60:00"),
        json!("00:00:60"),
        json!("-1:00:00"),
        json!("N/A"),
        json!("1193046:28:15"),
        json!("9999999999:00:00"),
    ] {
        let mut p = payload();
        p["AHT"] = aht.clone();
        assert!(is_malformed(&agent(json!({"status": "success", "message": p}))), "{aht}");
    }
    let mut p = payload();
    p["AHT"] = json!("99:59:59");
    assert_eq!(agent(p), value(359_999, "Priya S"));
}

#[test]
fn an_answer_about_somebody_else_is_never_taken() {
    let p = |id: Value| json!({"status": "success", "message": {"AgentID": id, "AHT": "00:04:51"}});
    for id in
        [json!("arjun@acme.example"), json!("priya@acme.example "), json!(7), json!({}), json!(["priya@acme.example"])]
    {
        assert!(is_malformed(&agent(p(id.clone()))), "{id}");
    }
    for id in [json!("priya@acme.example"), json!("PRIYA@ACME.example"), json!(null), json!("")] {
        assert!(matches!(agent(p(id.clone())), Reply::Value { .. }), "{id}");
    }
    for body in [
        json!({"AgentID": "arjun@acme.example", "message": {"AHT": "00:04:51"}}),
        json!({"message": {"AgentID": "priya@acme.example", "AgentId": "arjun@acme.example", "AHT": "00:04:51"}}),
        json!({"message": {"CampaignID": "7", "CampaignName": "COLLECT-IN", "AHT": "00:04:51"}}),
        json!({"message": [{"AgentID": "arjun@acme.example", "AHT": "00:04:51"}, payload()]}),
        json!({"message": {"AgentID": "priya@acme.example", "AHT": "00:04:51", "aht": "00:04:52"}}),
        // Without an AHT it would be no calls of somebody else.
        json!({"status": "success", "message": {"AgentID": "arjun@acme.example"}}),
        json!({"status": "success", "AgentID": "arjun@acme.example", "details": []}),
    ] {
        assert!(is_malformed(&agent(body.clone())), "{body}");
    }
    let c =
        |name: &str| json!({"message": {"CampaignID": "9007199254740993", "CampaignName": name, "AHT": "00:04:51"}});
    assert_eq!(campaign(c("COLLECT-IN")), value(291, "COLLECT-IN"));
    assert_eq!(campaign(c("collect-in")), value(291, "collect-in"));
    assert!(is_malformed(&campaign(c("COLLECT-SOUTH"))));
    assert!(is_malformed(&campaign(json!({"message": payload()}))));
}

#[test]
fn numbers_as_ids_are_compared_without_loss() {
    let body =
        |id: &str| format!(r#"{{"status":"success","message":{{"AgentID":{id},"AHT":"00:01:00"}}}}"#).into_bytes();
    let target = Target::agent("9007199254740993");
    let ask = |id| classify::aht(200, None, &body(id), AuthMode::Token, &target);
    assert!(matches!(ask("9007199254740993"), Reply::Value { .. }));
    assert!(is_malformed(&ask("9007199254740992")));
    let big =
        br#"{"message":{"CampaignID":123456789012345678901234567890,"CampaignName":"COLLECT-IN","AHT":"00:01:00"}}"#;
    let reply = classify::aht(200, None, big, AuthMode::Token, &Target::campaign("COLLECT-IN"));
    assert_eq!(reply, value(60, "COLLECT-IN"));
}

#[test]
fn a_known_error_is_stronger_than_a_value_beside_it() {
    let reply = agent(json!({"status": "success", "message": "max limit exceeded", "details": [payload()]}));
    assert_eq!(reply, Reply::Throttled { retry_after: None });
}

#[test]
fn names_are_made_harmless_and_kept_otherwise() {
    let named = |name: &str| {
        let mut p = payload();
        p["AgentName"] = json!(name);
        match agent(p) {
            Reply::Value { name, .. } => name.map(|n| n.to_string()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(named("प्रिया शर्मा 👩‍💻").as_deref(), Some("प्रिया शर्मा 👩‍💻"));
    assert_eq!(named("a\u{1b}[2J\u{202e}b").as_deref(), Some("a\u{fffd}[2J\u{fffd}b"));
    assert_eq!(named("  "), None);
    assert_eq!(named(&"न".repeat(1000)).unwrap().chars().count(), 300);
}

#[test]
fn contradicting_keys_and_broken_json_are_malformed() {
    for body in [
        r#"{"message":{"AgentID":"priya@acme.example","AHT":"00:01:00","AHT":"00:02:00"}}"#,
        r#"{"message":{"AgentID":"arjun@acme.example","AgentID":"priya@acme.example","AHT":"00:01:00"}}"#,
        r#""status": "success" "message": "AgentID": "xx" "AgentName": "xx" "AHT":"00:02:37""#,
        r#"{"message":{"AHT":NaN}}"#,
        r#"{"message":{"AHT":"00:01:00"}} trailing"#,
        r#"{"message":{"AHT":"00:01:00"}"#,
        "[]",
        "{}",
        "null",
        "0",
    ] {
        let reply = classify::aht(200, None, body.as_bytes(), AuthMode::Token, &Target::agent("priya@acme.example"));
        assert!(is_malformed(&reply), "{body}");
    }
    let bom = b"\xef\xbb\xbf{\"message\":{\"AgentName\":\"\xff\",\"AHT\":\"00:01:00\"}}";
    let reply = classify::aht(200, None, bom, AuthMode::Token, &Target::agent("x"));
    assert_eq!(reply, value(60, "\u{fffd}"));
}

proptest! {
    #[test]
    fn a_value_is_what_stands_in_the_reply(h in 0u32..100, m in 0u32..60, s in 0u32..60, id in "\\PC{1,20}", name in "\\PC{0,20}") {
        let aht = format!("{h:02}:{m:02}:{s:02}");
        let reply = ask(&json!({"status": "true", "details": [{"AgentID": id, "AgentName": name, "AHT": aht}]}), &Target::agent(&*id));
        match reply {
            Reply::Value { aht, .. } => prop_assert_eq!(aht.secs(), h * 3600 + m * 60 + s),
            Reply::NoCalls { .. } => prop_assert_eq!(h + m + s, 0),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn another_id_is_never_taken(asked in "[a-z0-9@.]{1,12}", told in "[a-z0-9@.]{1,12}") {
        prop_assume!(asked != told);
        let body = json!({"status": "success", "message": {"AgentID": told, "AHT": "00:01:00"}});
        prop_assert!(is_malformed(&ask(&body, &Target::agent(&*asked))));
        let body = json!({"status": "success", "message": {"CampaignName": told, "AHT": "00:01:00"}});
        prop_assert!(is_malformed(&ask(&body, &Target::campaign(&*asked))));
    }
}
