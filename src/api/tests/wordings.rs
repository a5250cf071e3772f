//! Messages and statuses: what each combination means.

use std::time::Duration;

use crate::{
    api::{
        NetworkError, Reply, TokenReply,
        classify::{aht, token},
        jwt::tests::token as jwt,
    },
    config::AuthMode,
    domain::{Aht, Kind, Target},
};
use jiff::Timestamp;
use secrecy::ExposeSecret;

const MODES: [AuthMode; 2] = [AuthMode::Token, AuthMode::Basic];
const ERRORS: [u16; 7] = [200, 400, 401, 403, 404, 422, 500];

fn error(status_word: &str, message: &str) -> Vec<u8> {
    format!(r#"{{"status":{status_word},"message":"{message}","data":null}}"#).into_bytes()
}

fn word(reply: &Reply) -> &'static str {
    match reply {
        Reply::Value { .. } => "value",
        Reply::NoCalls { .. } => "no calls",
        Reply::InvalidId => "invalid",
        Reply::Throttled { .. } => "throttled",
        Reply::TokenRejected { .. } => "token",
        Reply::CredentialsRejected { wants_basic: true, .. } => "wants basic",
        Reply::CredentialsRejected { wants_basic: false, .. } => "credentials",
        Reply::WrongMethod => "method",
        Reply::Malformed { .. } => "malformed",
        Reply::Service { .. } => "service",
        Reply::Network(_) => "network",
    }
}

fn ask(status: u16, body: &[u8], mode: AuthMode) -> &'static str {
    word(&aht(status, None, body, mode, &Target::agent("A-1")))
}

#[test]
fn a_known_message_means_the_same_under_every_status_and_status_word() {
    for (message, by_token, by_key) in [
        ("max limit exceeded", "throttled", "throttled"),
        ("only 1 hit will be allowed within a time frame of 5mins", "throttled", "throttled"),
        ("agentId is Invalid", "invalid", "invalid"),
        ("AGENTID  IS  INVALID", "invalid", "invalid"),
        ("Token Expired", "token", "credentials"),
        ("Invalid Token", "token", "credentials"),
        ("userName or apiKey is Invalid", "credentials", "credentials"),
        ("Invalid userName or apiKey", "credentials", "credentials"),
        ("UserName is null", "credentials", "credentials"),
        ("Missing userName or apiKey", "wants basic", "credentials"),
    ] {
        for status_word in ["\"error\"", "\"false\"", "false", "\"FAIL\"", "\"failure\"", "null"] {
            for status in ERRORS {
                let body = error(status_word, message);
                assert_eq!(ask(status, &body, AuthMode::Token), by_token, "{message} {status} {status_word}");
                assert_eq!(ask(status, &body, AuthMode::Basic), by_key, "{message} {status} {status_word}");
            }
        }
    }
}

#[test]
fn a_status_without_a_known_message_means_what_its_class_means() {
    for mode in MODES {
        let refused = if mode == AuthMode::Token { "token" } else { "credentials" };
        for (status, body, meaning) in [
            (401, "", refused),
            (401, r#"{"message":"who are you"}"#, refused),
            (401, "<html>login</html>", refused),
            (403, "", "credentials"),
            (403, r#"{"status":"false","message":"Forbidden"}"#, "credentials"),
            (403, "<html>blocked</html>", "service"),
            (404, "", "service"),
            (404, r#"{"status":"error","message":"No Data Found"}"#, "no calls"),
            (405, "", "method"),
            (405, r#"{"status":405,"error":"Method Not Allowed"}"#, "method"),
            (429, "", "throttled"),
            (429, r#"{"status":"success","details":[{"AgentID":"A-1","AHT":"00:01:00"}]}"#, "throttled"),
            (400, "", "service"),
            (400, r#"{"status":"error","message":"something new"}"#, "malformed"),
            (302, "", "service"),
            (304, "", "service"),
            (500, "", "service"),
            (500, r#"{"status":"success","message":{"AgentID":"A-1","AHT":"00:01:00"}}"#, "service"),
            (400, r#"{"status":"success","message":{"AgentID":"A-1","AHT":"00:01:00"}}"#, "malformed"),
            (502, "<html>Bad Gateway</html>", "service"),
            (504, "<html>Gateway Time-out</html>", "service"),
            (599, "?", "service"),
            (200, "<!DOCTYPE html><html></html>", "service"),
            (200, " \r\n<html>login</html>", "service"),
            (200, "", "malformed"),
            (200, "OK", "malformed"),
            (200, "max limit exceeded", "throttled"),
            (200, "\"max limit exceeded\"", "throttled"),
            (200, "No Data Found", "no calls"),
            (204, "", "malformed"),
            (200, r#"{"status":"false","message":"Invalid Json Pass Valid Json"}"#, "malformed"),
            (200, r#"{"status":"error","message":"Both agentId and campaignName cannot be empty"}"#, "malformed"),
            (0, "", "service"),
            (999, "", "service"),
        ] {
            assert_eq!(ask(status, body.as_bytes(), mode), meaning, "{status} {body} {mode:?}");
        }
    }
}

#[test]
fn an_invalid_id_of_the_other_kind_is_not_about_this_target() {
    let body = error("\"error\"", "campaignName is Invalid");
    assert_eq!(ask(200, &body, AuthMode::Token), "malformed");
    assert_eq!(aht(200, None, &body, AuthMode::Token, &Target::campaign("C")), Reply::InvalidId);
}

#[test]
fn the_time_to_wait_comes_along() {
    let wait = Some(Duration::from_secs(7));
    let body = error("\"error\"", "Max limit exceeded");
    for (status, body) in [(429, &b""[..]), (200, &body)] {
        let reply = aht(status, wait, body, AuthMode::Token, &Target::agent("A-1"));
        assert_eq!(reply, Reply::Throttled { retry_after: wait });
    }
}

#[test]
fn an_excerpt_is_short_clean_and_holds_no_token() {
    let excerpt = |body: &str| match aht(200, None, body.as_bytes(), AuthMode::Token, &Target::agent("A-1")) {
        Reply::Malformed { excerpt } => excerpt.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(excerpt("a\u{1b}[2J\n b"), "a\u{fffd}[2J b");
    assert!(excerpt(&"x ".repeat(5000)).chars().count() <= 200);
    assert!(excerpt(&"é".repeat(300)).chars().count() <= 200);
    let token = jwt(r#"{"sub":"acme","exp":1770000000}"#);
    for body in [
        format!(r#"{{"token":"{token}"}}"#),
        format!("Authorization: Bearer {token}"),
        format!("{} {token}", "x".repeat(20)),
        format!(r#"{{"status":"error","message":"bad {token}"}}"#),
    ] {
        let text = excerpt(&body);
        assert!(!text.contains(&token[..30]), "{text}");
    }
}

fn generate(status: u16, body: &str) -> TokenReply {
    token(status, None, body.as_bytes(), Timestamp::from_second(1_770_000_000).unwrap())
}

#[test]
fn a_token_is_taken_with_its_message_and_its_life() {
    let hour = Duration::from_secs(3600);
    let short = jwt(r#"{"exp":1770001200}"#);
    for (body, secret, life) in [
        (r#"{"token":"abc","message":""}"#.to_owned(), "abc", hour),
        (r#"{"token":" abc ","message":"Token generated; max limit exceeded soon"}"#.to_owned(), "abc", hour),
        (r#"{"status":"success","data":{"token":"abc"}}"#.to_owned(), "abc", hour),
        (format!(r#"{{"message":"","token":"{short}"}}"#), &*short, Duration::from_secs(1200)),
    ] {
        match generate(200, &body) {
            TokenReply::Generated { secret: got, life: lives } => {
                assert_eq!((got.expose_secret(), lives), (secret, life), "{body}");
            }
            TokenReply::Refused(reply) => panic!("{body}: {reply:?}"),
        }
    }
}

#[test]
fn what_is_no_token_is_refused_and_nothing_of_the_body_is_repeated() {
    for (status, body, meaning) in [
        (200, r#"{"token":"","message":"Invalid userName or apiKey"}"#, "credentials"),
        (200, r#"{"status":"false","message":"Invalid userName or apiKey","data":null}"#, "credentials"),
        (401, r#"{"status":"false","message":"Invalid userName or apiKey","data":null}"#, "credentials"),
        (200, r#"{"message":"UserName is null"}"#, "credentials"),
        (401, "", "credentials"),
        (403, "", "credentials"),
        (200, r#"{"token":"","message":"max limit exceeded"}"#, "throttled"),
        (429, "", "throttled"),
        (200, r#"{"token":""}"#, "malformed"),
        (200, r#"{"token":null,"message":"sesame"}"#, "malformed"),
        (200, r#"{"token":17}"#, "malformed"),
        (200, r#"{"token":"se\u0000same"}"#, "malformed"),
        (200, r#"{"token":"se same"}"#, "malformed"),
        (200, r#"{"status":"error","token":"sesame"}"#, "malformed"),
        (200, r#"{"token":"sesame""#, "malformed"),
        (200, "sesame", "malformed"),
        (200, "<html>sesame", "service"),
        (302, r#"{"token":"sesame"}"#, "service"),
        (405, "", "service"),
        (500, r#"{"token":"sesame"}"#, "service"),
    ] {
        match generate(status, body) {
            TokenReply::Refused(reply) => {
                assert_eq!(word(&reply), meaning, "{status} {body}");
                assert!(!format!("{reply:?}").contains("same"), "{reply:?}");
            }
            TokenReply::Generated { .. } => panic!("{status} {body}"),
        }
    }
}

#[test]
fn every_sentence_is_one_line_that_says_what_to_do() {
    let target = Target { kind: Kind::Agent, id: "A-\u{1b}1".into() };
    let replies = [
        Reply::Value { aht: Aht::from_secs(287), name: None },
        Reply::NoCalls { name: None },
        Reply::InvalidId,
        Reply::Throttled { retry_after: None },
        Reply::Throttled { retry_after: Some(Duration::from_secs(9)) },
        Reply::TokenRejected { message: "Token Expired".into() },
        Reply::CredentialsRejected { message: "x".into(), wants_basic: false },
        Reply::CredentialsRejected { message: "x".into(), wants_basic: true },
        Reply::WrongMethod,
        Reply::Malformed { excerpt: "".into() },
        Reply::Malformed { excerpt: "{}".into() },
        Reply::Service { status: 502, what: "a gateway".into() },
        Reply::Network(NetworkError::Timeout(Duration::from_secs(10))),
    ];
    let mut all = std::collections::BTreeSet::new();
    for reply in replies {
        let sentence = reply.sentence(&target);
        assert!(!sentence.is_empty() && !sentence.contains(char::is_control), "{sentence:?}");
        assert!(!sentence.contains("  "), "{sentence:?}");
        assert!(all.insert(sentence.clone()), "{sentence:?} is said of two things");
        if matches!(reply, Reply::CredentialsRejected { wants_basic: true, .. }) {
            for part in ["'API Authentication'", "BASIC_AUTH", "[auth] mode = \"basic\""] {
                assert!(sentence.contains(part), "{sentence}");
            }
        }
        assert!(!TokenReply::Refused(reply).sentence().is_empty());
    }
}
