//! The lists: who is logged in, and which campaigns there are, in every shape that was seen or can be expected.

use std::time::Duration;

use super::client::{bearer, client};
use crate::api::{
    Auth, ListReply, ListedCampaign, Login, Method, Response, Route,
    listing::{campaigns, logins},
};

fn ids(status: u16, body: &str) -> Option<Vec<String>> {
    match logins(status, None, body.as_bytes()) {
        ListReply::Rows { rows, unread: 0 } => Some(rows.iter().map(|login| login.id.to_string()).collect()),
        ListReply::Rows { .. } => panic!("unread: {body}"),
        _ => None,
    }
}

fn why(status: u16, body: &str) -> String {
    match logins(status, None, body.as_bytes()) {
        ListReply::Refused { why } => why.to_string(),
        other => panic!("{status} {body}: {other:?}"),
    }
}

#[test]
fn the_documented_answer_is_read_in_full() {
    let body = r#"{"status":"success","message":[{"AgentId":"priya@acme.example","AgentName":"Priya Sharma",
        "PhoneNumber":"5550100","AgentState":"READY","SkillName":"sales, hindi"}]}"#;
    let login = Login {
        id: "priya@acme.example".into(),
        name: Some("Priya Sharma".into()),
        state: Some("READY".into()),
        skills: vec!["sales".into(), "hindi".into()],
    };
    assert_eq!(logins(200, None, body.as_bytes()), ListReply::Rows { rows: vec![login], unread: 0 });
}

#[test]
fn a_list_is_found_wherever_it_lies() {
    for body in [
        r#"{"status":"success","message":[{"AgentId":"a"},{"AgentId":"b"}]}"#,
        r#"{"status":"SUCCESS","message":"","details":[{"agentID":"a"},{"agentID":"b"}]}"#,
        r#"{"status":true,"message":[],"data":[{"AGENTID":"a"},{"AGENTID":"b"}]}"#,
        r#"{"status":"true","data":{"agents":[{"AgentId":"a"},{"AgentId":"b"}]}}"#,
        r#"{"status":"ok","message":[{"AgentId":"a"},{"AgentId":"b"}]}"#,
        r#"{"message":[{"AgentId":"a","SkillName":"x"},{"AgentId":"b"},{"AgentId":"a","SkillName":"y"}]}"#,
        r#"[{"AgentId":"a"},{"AgentId":"b"}]"#,
    ] {
        assert_eq!(ids(200, body).as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]), "{body}");
    }
    assert_eq!(ids(200, r#"{"status":"success","message":{"AgentId":17}}"#).unwrap(), ["17"]);
    assert_eq!(ids(200, r#"{"status":"success","AgentId":"a b"}"#).unwrap(), ["a b"]);
}

#[test]
fn nobody_is_an_answer_only_where_the_service_says_so() {
    for (status, body) in [
        (200, r#"{"status":"success","message":[]}"#),
        (200, r#"{"status":"success","message":"","details":[]}"#),
        (200, r#"{"status":"failure","message":"no record found"}"#),
        (200, r#"{"status":"error","message":"No agents logged in"}"#),
        (404, r#"{"status":"failure","message":"No  Record Found."}"#),
    ] {
        assert_eq!(ids(status, body), Some(vec![]), "{body}");
    }
    for body in
        ["", "[]", "{}", "null", r#"{"message":[]}"#, r#"{"status":"success"}"#, r#"{"status":"error","message":[]}"#]
    {
        assert!(why(200, body).starts_with("the answer is not understood"), "{body}");
    }
}

#[test]
fn a_row_without_an_id_is_no_row_and_makes_the_list_incomplete() {
    let body = r#"{"status":"success","message":[{"AgentId":"a"},{"AgentName":"x"},null,{"AgentId":"\u001b[2J"},{"AgentId":" "}]}"#;
    let ListReply::Rows { rows, unread } = logins(200, None, body.as_bytes()) else { panic!("no rows") };
    assert_eq!((rows.len(), unread), (1, 4));
    assert!(why(200, r#"{"status":"success","message":[{"Agent":"a"}]}"#).starts_with("the answer is not understood"));
}

#[test]
fn words_are_kept_as_they_come_but_harmless() {
    let body = r#"{"status":"success","message":[
        {"AgentId":"a","AgentState":"On\u001b[2J a\nbreak","AgentName":"Z\u202eq"},{"AgentId":"b","AgentState":""}]}"#;
    let ListReply::Rows { rows, .. } = logins(200, None, body.as_bytes()) else { panic!("no rows") };
    assert_eq!(rows[0].state.as_deref(), Some("On\u{fffd}[2J a break"));
    assert_eq!(rows[0].name.as_deref(), Some("Z\u{fffd}q"));
    assert_eq!(rows[1].state, None);
}

#[test]
fn a_refusal_is_a_refusal_and_an_ill_service_is_no_refusal() {
    for (status, body, words) in [
        (401, r#"{"status":"false","message":"Missing userName or apiKey"}"#, "Missing userName or apiKey"),
        (200, r#"{"status":"false","message":"Token Expired","data":null}"#, "Token Expired"),
        (401, "", "HTTP 401"),
        (403, "", "HTTP 403"),
        (404, "<html>404</html>", "HTTP 404"),
        (405, "", "HTTP 405"),
        (302, "", "redirect"),
        (200, "<html>Sign in</html>", "HTML page"),
        (200, r#"{"status":"failure","message":"All parameters are mandatory"}"#, "All parameters are mandatory"),
    ] {
        assert!(why(status, body).contains(words), "{status} {body}: {}", why(status, body));
    }
    for status in [500, 502, 503, 504, 599] {
        assert!(matches!(logins(status, None, b""), ListReply::Failed { .. }), "{status}");
    }
    let wait = Some(Duration::from_secs(9));
    for (status, body) in [
        (429, ""),
        (200, r#"{"status":"error","message":"Max limit exceeded"}"#),
        (200, r#"{"status":"error","message":"only 1 hit will be allowed within a time frame of 5mins"}"#),
    ] {
        assert_eq!(logins(status, wait, body.as_bytes()), ListReply::Throttled { retry_after: wait }, "{body}");
    }
    let long = why(200, &"x y ".repeat(9999));
    assert!(long.len() < 300, "{long}");
}

#[test]
fn campaigns_are_read_from_both_siblings() {
    let named = |name: &str, kind: Option<&str>, state: Option<&str>| ListedCampaign {
        name: name.into(),
        kind: kind.map(Into::into),
        state: state.map(Into::into),
    };
    for (body, expected) in [
        (
            r#"{"status":"success","message":[{"CampaignID":"256","CampaignName":"Preview_naw","UserName":"x","Position":"READY"},
                {"CampaignID":"257","CampaignName":"Other","Position":null}]}"#,
            vec![named("Preview_naw", None, Some("READY")), named("Other", None, None)],
        ),
        (
            r#"{"status":"success","Campaigns":[{"Campaign":"A 1","CampaignType":"Preview","Status":"PAUSED","CampaignID":9007199254740993}]}"#,
            vec![named("A 1", Some("Preview"), Some("PAUSED"))],
        ),
        (r#"{"status":"failure","message":"no record found"}"#, vec![]),
    ] {
        assert_eq!(campaigns(200, None, body.as_bytes()), ListReply::Rows { rows: expected, unread: 0 }, "{body}");
    }
}

#[tokio::test]
async fn each_list_has_its_route_method_and_body() {
    let good = r#"{"status":"success","message":[]}"#;
    let (script, client) = client(&[(200, good), (200, good), (200, good)]);
    client.logins(&bearer()).await;
    client.available_campaigns(&Auth::ApiKey("key".to_owned().into())).await;
    client.campaign_status("C 1", &bearer()).await;
    let asked = script.asked.lock().unwrap();
    let told: Vec<_> = asked.iter().map(|r| (r.route, r.method, r.body.as_str())).collect();
    assert_eq!(
        told,
        [
            (Route::AgentLogins, Method::Post, r#"{"userName":"acme"}"#),
            (Route::AvailableCampaigns, Method::Get, r#"{"userName":"acme"}"#),
            (Route::CampaignStatus, Method::Get, r#"{"userName":"acme","campaignName":"C 1"}"#),
        ]
    );
    assert!(matches!(&asked[1].auth, Auth::ApiKey(_)) && matches!(&asked[0].auth, Auth::Bearer(_)));
    assert!(Route::AgentLogins.max_body() == Response::MAX_LIST && Route::Aht.max_body() == Response::MAX_BODY);
}

#[tokio::test]
async fn a_405_for_a_list_does_not_change_the_method_of_the_aht() {
    let (_, client) = client(&[(405, ""), (405, "")]);
    assert!(matches!(client.logins(&bearer()).await, ListReply::Refused { .. }));
    assert!(matches!(client.available_campaigns(&bearer()).await, ListReply::Refused { .. }));
    assert_eq!(client.method(), Method::Post);
}

#[tokio::test]
async fn a_secret_in_a_list_is_not_repeated() {
    let rows = r#"{"status":"success","message":[{"AgentId":"sesame-0123456789"},
        {"AgentId":"b","AgentName":"sesame-0123456789","AgentState":"x sesame-0123","SkillName":"s, sesame-0123456789"}]}"#;
    let (_, client) = client(&[
        (200, rows),
        (200, "no sesame-0123456789"),
        (200, r#"[{"Campaign":"c","Status":"sesame-0123456789"}]"#),
    ]);
    let ListReply::Rows { rows, unread } = client.logins(&bearer()).await else { panic!("no rows") };
    let left = Login { id: "b".into(), name: None, state: None, skills: vec!["s".into()] };
    assert_eq!((rows, unread), (vec![left], 1));
    let refused = format!("{:?}", client.logins(&bearer()).await);
    assert!(refused.contains("Refused") && !refused.contains("sesa"), "{refused}");
    let campaigns = format!("{:?}", client.available_campaigns(&bearer()).await);
    assert!(campaigns.contains("Rows") && !campaigns.contains("sesa"), "{campaigns}");
}
