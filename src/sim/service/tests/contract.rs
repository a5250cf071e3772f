//! Shapes, wordings, methods and ids.

use super::*;

#[test]
fn a_campaign_and_an_agent_are_answered_with_the_truth() {
    let s = Sim::minted(nothing);
    let roster = s.service.roster();
    let agent = &roster.agents[0];
    for (field, target) in
        [("campaignName", Target::campaign("COLLECT-IN")), ("agentId", Target::agent(agent.id.as_str()))]
    {
        let r = s.ask(&json!({"userName": "acme", field: &*target.id}));
        let Truth::Secs(secs) = s.service.truth(&target, s.clock.now().mono) else { panic!("no value") };
        assert_eq!(r.status, 200);
        let body = json_of(&r);
        assert_eq!(body["status"], "success");
        assert_eq!(body["message"]["AHT"], format!("{:02}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60));
        match target.kind {
            Kind::Agent => {
                assert_eq!(body["message"]["AgentID"], agent.id);
                assert_eq!(body["message"]["AgentName"], agent.name);
            }
            Kind::Campaign => {
                assert_eq!(body["message"]["CampaignID"], "90071992547410021");
                assert_eq!(body["message"]["CampaignName"], "COLLECT-IN");
            }
        }
        let entry = s.service.log().pop().unwrap();
        assert_eq!((entry.target, entry.told, entry.verdict), (Some(target), Some(Truth::Secs(secs)), Verdict::Value));
        assert_eq!((entry.generation, entry.delay_ms, entry.at), (Some(1), 20, s.clock.now().mono));
    }
}

#[test]
fn every_shape_carries_the_payload_where_it_says() {
    for &shape in Shape::ALL {
        let body = json_of(&Sim::minted(|o| o.shape = shape).campaign());
        let payload = match shape {
            Shape::MessageObject => &body["message"],
            Shape::MessageArray => &body["message"][0],
            Shape::DetailsObject => &body["details"],
            Shape::DetailsArray => &body["details"][0],
            Shape::Data => &body["data"],
            Shape::TopLevel => &body,
        };
        assert_eq!(payload["AHT"].as_str().unwrap().len(), 8, "{shape:?}");
        assert_eq!(body["status"], "success");
    }
}

#[test]
fn every_vocabulary_of_status_is_spoken() {
    let expected = [
        (json!("success"), json!("error")),
        (json!("SUCCESS"), json!("FAIL")),
        (json!(true), json!(false)),
        (json!("true"), json!("false")),
        (json!("success"), json!("failure")),
        (json!("success"), json!("fail")),
    ];
    for (&status_words, (good, bad)) in StatusWords::ALL.iter().zip(expected) {
        let s = Sim::minted(|o| o.status_words = status_words);
        assert_eq!(json_of(&s.campaign())["status"], good);
        assert_eq!(json_of(&s.ask(&json!({"userName": "acme", "agentId": "x"})))["status"], bad);
    }
}

#[test]
fn no_calls_are_said_in_every_form() {
    for &form in NoCallsForm::ALL {
        let s = Sim::minted(|o| o.no_calls = form);
        let idle = s.service.roster().agents.iter().find(|a| a.exists && !a.takes_calls).unwrap().id.clone();
        let r = s.ask(&json!({"userName": "acme", "agentId": idle}));
        let body = json_of(&r);
        let expected = match form {
            NoCallsForm::ZeroTime => Some(json!("00:00:00")),
            NoCallsForm::Null => Some(Value::Null),
            NoCallsForm::Empty => Some(json!("")),
            NoCallsForm::Missing | NoCallsForm::NoDataFound | NoCallsForm::EmptyDetails => None,
        };
        assert_eq!(body["message"].get("AHT"), expected.as_ref(), "{form:?}");
        match form {
            NoCallsForm::NoDataFound => assert_eq!(body["message"], "No Data Found"),
            NoCallsForm::EmptyDetails => assert_eq!(body["details"], json!([])),
            _ => assert_eq!(body["message"]["AgentID"], idle),
        }
        assert_eq!((r.status, s.verdict()), (200, Verdict::NoCalls));
    }
}

#[test]
fn errors_are_worded_and_numbered_as_switched() {
    let invalid = json!({"userName": "acme", "campaignName": "NOPE"});
    let words = [
        (Wording::Page, "campaignName is Invalid", "max limit exceeded"),
        (Wording::Sibling, "Invalid campaignName", "Max limit exceeded"),
        (Wording::Odd, "CAMPAIGNNAME IS INVALID", "ONLY 1 HIT WILL BE ALLOWED WITHIN A TIME FRAME OF 5MINS"),
    ];
    for (wording, id, limit) in words {
        let s = Sim::minted(|o| (o.wording, o.limit_per_minute) = (wording, 1));
        let fold = |r: &SimResponse| message(r).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(fold(&s.ask(&invalid)), id);
        assert_eq!(fold(&s.ask(&invalid)), limit);
    }
    for (error_status, statuses) in
        [(ErrorStatus::Mixed, [200, 200, 401]), (ErrorStatus::Ok, [200; 3]), (ErrorStatus::Real, [400, 429, 401])]
    {
        let mut s = Sim::minted(|o| (o.error_status, o.limit_per_minute) = (error_status, 1));
        let got = [s.ask(&invalid).status, s.ask(&invalid).status, {
            s.pass(60);
            s.token = "dead".into();
            s.campaign().status
        }];
        assert_eq!(got, statuses, "{error_status:?}");
    }
}

#[test]
fn each_mistake_of_a_client_has_its_message() {
    let s = Sim::minted(nothing);
    for (body, text, verdict) in [
        (json!({"campaignName": "A"}), "userName should not be empty", Verdict::CredentialsRejected),
        (json!({"userName": "", "campaignName": "A"}), "userName should not be empty", Verdict::CredentialsRejected),
        (json!({"userName": "b", "campaignName": "A"}), "userName or apiKey is Invalid", Verdict::CredentialsRejected),
        (
            json!({"userName": "acme", "campaignName": "A", "agentId": "a"}),
            "Both agentId and campaignName cannot be passed at a time",
            Verdict::BadRequest,
        ),
        (json!({"userName": "acme"}), "Both agentId and campaignName cannot be passed at a time", Verdict::BadRequest),
        (
            json!({"userName": "acme", "campaignName": "", "agentId": ""}),
            "Both agentId and campaignName cannot be empty",
            Verdict::BadRequest,
        ),
        (json!({"userName": "acme", "agentId": 7}), "agentId is Invalid", Verdict::InvalidId),
        (json!({"userName": "acme", "agentId": "collect-in"}), "agentId is Invalid", Verdict::InvalidId),
        (json!({"userName": "acme", "campaignName": "collect-in"}), "campaignName is Invalid", Verdict::InvalidId),
        (json!([]), "Invalid Json Pass Valid Json", Verdict::BadRequest),
    ] {
        let r = s.ask(&body);
        assert_eq!((message(&r).as_str(), s.verdict()), (text, verdict), "{body}");
    }
    let query = SimRequest { path: "/ca_apis/aht?userName=acme&agentId=x".into(), ..s.request(&json!({})) }.body("");
    assert_eq!(message(&s.service.handle(&query)), "Invalid Json Pass Valid Json");
    assert_eq!(s.service.handle(&SimRequest::new("POST", "/ca_apis/AHT")).status, 404);

    let mint = |key: &str, body: &str| {
        let request = SimRequest::new("POST", "/ca_apis/CAToken/generateToken").header("apiKey", key).body(body);
        message(&s.service.handle(&request))
    };
    assert_eq!(mint("sim-key", ""), "UserName is null");
    assert_eq!(mint("", r#"{"userName":"acme"}"#), "apiKey should not be empty");
    assert_eq!(mint("wrong", r#"{"userName":"acme"}"#), "userName or apiKey is Invalid");
    assert_eq!(s.service.counters().minted, 1);
}

#[test]
fn case_folds_where_it_is_switched_so() {
    let s = Sim::minted(|o| o.case_sensitive_ids = false);
    let body = json_of(&s.ask(&json!({"userName": "acme", "campaignName": "collect-in"})));
    assert_eq!(body["message"]["CampaignName"], "COLLECT-IN");
    let now = s.clock.now().mono;
    assert!(matches!(s.service.truth(&Target::campaign("Collect-In"), now), Truth::Secs(_)));
}

#[test]
fn the_wrong_method_gives_a_bare_405() {
    for (methods, post, get) in [(Methods::Post, 200, 405), (Methods::Get, 405, 200), (Methods::Both, 200, 200)] {
        let s = Sim::minted(|o| o.methods = methods);
        let body = json!({"userName": "acme", "campaignName": "WINBACK"});
        let with = |method: &str| s.service.handle(&SimRequest { method: method.into(), ..s.request(&body) });
        assert_eq!((with("POST").status, with("GET").status, with("PUT").status), (post, get, 405));
        assert_eq!(with("PUT").body, b"");
    }
    let s = Sim::minted(|o| o.wrong_method_status = 404);
    let body = json!({"userName": "acme", "campaignName": "WINBACK"});
    assert_eq!(s.service.handle(&SimRequest { method: "GET".into(), ..s.request(&body) }).status, 404);
}

#[test]
fn a_basic_account_wants_the_key_and_names_it_to_a_bearer() {
    let s = Sim::minted(|o| o.auth = AuthSetting::Basic);
    let r = s.campaign();
    assert_eq!((r.status, message(&r).as_str()), (401, "Missing userName or apiKey"));
    let with_key = |key: &str| {
        let body = json!({"userName": "acme", "campaignName": "WINBACK"}).to_string();
        s.service.handle(&SimRequest::new("POST", "/ca_apis/aht").header("apiKey", key).body(body))
    };
    assert_eq!(json_of(&with_key("sim-key"))["status"], "success");
    assert_eq!(message(&with_key("other")), "userName or apiKey is Invalid");
    assert_eq!(message(&with_key("")), "apiKey should not be empty");
    let token_account = Sim::minted(nothing);
    let request = SimRequest::new("POST", "/ca_apis/aht").header("apiKey", "sim-key");
    assert_eq!(message(&token_account.service.handle(&request.body("{}"))), "Token Expired");
}
