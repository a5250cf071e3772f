//! What the client sends, and how it finds the method that the service takes.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use secrecy::ExposeSecret;

use crate::{
    api::{Auth, Client, Method, Reply, Request, Response, Route, TokenReply, Transport, TransportError},
    domain::{Aht, Target},
};

/// Gives prepared answers and keeps what was asked.
#[derive(Default)]
pub(super) struct Script {
    answers: Mutex<VecDeque<Result<Response, TransportError>>>,
    pub(super) asked: Mutex<Vec<Request>>,
}

impl Transport for Script {
    fn send<'a>(
        &'a self,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>> {
        self.asked.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop_front().unwrap();
        Box::pin(async move { answer })
    }
}

pub(super) fn client(answers: &[(u16, &str)]) -> (Arc<Script>, Client) {
    let script = Arc::new(Script::default());
    let responses = answers.iter().map(|&(status, body)| Ok(Response { status, retry_after: None, body: body.into() }));
    script.answers.lock().unwrap().extend(responses);
    (script.clone(), Client::new(script, "acme"))
}

pub(super) fn bearer() -> Auth {
    Auth::Bearer("sesame-0123456789".to_owned().into())
}

const GOOD: &str = r#"{"status":"success","message":{"AHT":"00:01:00"}}"#;
const VALUE: Reply = Reply::Value { aht: Aht::from_secs(60), name: None };

#[tokio::test]
async fn the_body_names_the_user_and_one_target() {
    let (script, client) = client(&[(200, GOOD), (200, GOOD)]);
    assert_eq!(client.aht(&Target::agent("a\"\u{e9}"), &bearer()).await, VALUE);
    assert_eq!(client.aht(&Target::campaign("C 1"), &bearer()).await, VALUE);
    let asked = script.asked.lock().unwrap();
    assert_eq!(asked[0].body, r#"{"userName":"acme","agentId":"a\"é"}"#);
    assert_eq!(asked[1].body, r#"{"userName":"acme","campaignName":"C 1"}"#);
    assert!(asked.iter().all(|r| r.route == Route::Aht && r.method == Method::Post));
}

#[tokio::test]
async fn a_token_is_asked_for_with_the_key() {
    let (script, client) = client(&[(200, r#"{"token":"abc","message":""}"#)]);
    match client.generate_token(&"key".to_owned().into(), Timestamp::UNIX_EPOCH).await {
        TokenReply::Generated { secret, .. } => assert_eq!(secret.expose_secret(), "abc"),
        other => panic!("{other:?}"),
    }
    let asked = script.asked.lock().unwrap();
    assert_eq!((asked[0].route, asked[0].method), (Route::GenerateToken, Method::Post));
    assert_eq!(asked[0].body, r#"{"userName":"acme"}"#);
    assert!(matches!(&asked[0].auth, Auth::ApiKey(key) if key.expose_secret() == "key"));
}

#[tokio::test]
async fn the_other_method_is_used_after_a_405_and_remembered() {
    let (script, client) = client(&[(405, ""), (200, GOOD), (200, GOOD), (405, ""), (200, GOOD)]);
    let target = Target::agent("A-1");
    for reply in [Reply::WrongMethod, VALUE, VALUE, Reply::WrongMethod, VALUE] {
        assert_eq!(client.aht(&target, &bearer()).await, reply);
    }
    let methods: Vec<Method> = script.asked.lock().unwrap().iter().map(|r| r.method).collect();
    assert_eq!(methods, [Method::Post, Method::Get, Method::Get, Method::Get, Method::Post]);
}

#[tokio::test]
async fn a_service_that_takes_no_method_is_ill_and_may_recover() {
    let (_, client) = client(&[(405, ""), (405, ""), (500, ""), (405, ""), (405, ""), (200, GOOD), (405, "")]);
    let target = Target::agent("A-1");
    let mut replies = Vec::new();
    for _ in 0..7 {
        replies.push(client.aht(&target, &bearer()).await);
    }
    let refused = |r: &Reply| matches!(r, Reply::Service { status: 405, .. });
    assert_eq!(replies[0], Reply::WrongMethod);
    assert!([1, 3, 4].into_iter().all(|i| refused(&replies[i])), "{replies:?}");
    assert_eq!(replies[5], VALUE);
    assert_eq!(replies[6], Reply::WrongMethod);
}

#[tokio::test]
async fn a_secret_that_comes_back_is_not_repeated() {
    for body in [
        r#"{"status":"error","message":"bad sesame-0123456789"}"#,
        "you sent sesame-0123456789",
        &format!("{}sesame-0123456789", "x ".repeat(97)),
    ] {
        let (_, client) = client(&[(200, body), (401, body), (403, body)]);
        for _ in 0..3 {
            let reply = client.aht(&Target::agent("A-1"), &bearer()).await;
            let text = format!("{reply:?} {}", reply.sentence(&Target::agent("A-1")));
            assert!(!text.contains("sesa"), "{text}");
        }
    }
}

#[tokio::test]
async fn an_escaped_cut_or_renamed_secret_is_not_repeated_either() {
    let key = "Kk0/9aBcD+eFgH2iJk==";
    for body in [
        r#"{"status":"false","message":"Invalid apiKey Kk0/9aBcD+eFgH2iJk\u003d\u003d"}"#,
        r#"{"status":"false","message":"Invalid apiKey KK0/9ABCD"}"#,
        r#"{"status":"success","note":"9aBcD+eFgH"}"#,
        r#"{"status":"success","message":{"AgentID":"x","AgentName":"Kk0/9aBcD+eFgH2iJk==","AHT":"00:01:00"}}"#,
        r#"{"status":"success","message":{"AgentID":"x","AgentName":"Kk0/9aBcD+eFgH2iJk==","AHT":"00:00:00"}}"#,
    ] {
        // In token mode too: the service knows the key.
        let (_, client) = client(&[(200, body), (401, body), (200, body)]);
        let client = client.hiding(key.into());
        let mut said = vec![];
        for auth in [bearer(), bearer(), Auth::ApiKey(key.into())] {
            let reply = client.aht(&Target::agent("x"), &auth).await;
            said.push(format!("{reply:?} {}", reply.sentence(&Target::agent("x"))));
        }
        let said = said.join("\n").to_lowercase();
        assert!(!said.contains("9abcd") && !said.contains("kk0"), "{said}");
    }
}

#[tokio::test]
async fn a_secret_that_no_header_can_carry_is_never_sent() {
    let (script, client) = client(&[]);
    for secret in ["", "a b", "a\nb", "ключ"] {
        let target = Target::agent("A-1");
        let reply = client.aht(&target, &Auth::ApiKey(secret.to_owned().into())).await;
        assert!(matches!(reply, Reply::CredentialsRejected { .. }));
        let reply = client.aht(&target, &Auth::Bearer(secret.to_owned().into())).await;
        assert!(matches!(reply, Reply::TokenRejected { .. }));
        let reply = client.generate_token(&secret.to_owned().into(), Timestamp::UNIX_EPOCH).await;
        assert!(matches!(reply, TokenReply::Refused(Reply::CredentialsRejected { .. })));
    }
    assert!(script.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_is_too_large_is_judged_by_its_status() {
    let (script, client) = client(&[]);
    for (status, matches) in [
        (200, (|r| matches!(r, Reply::Service { status: 200, .. })) as fn(&Reply) -> bool),
        (401, |r| matches!(r, Reply::TokenRejected { .. })),
        (429, |r| matches!(r, Reply::Throttled { .. })),
        (500, |r| matches!(r, Reply::Service { status: 500, .. })),
    ] {
        script.answers.lock().unwrap().push_back(Err(TransportError::TooLarge { status }));
        let reply = client.aht(&Target::agent("A-1"), &bearer()).await;
        assert!(matches(&reply), "{reply:?}");
    }
}
