//! `--live`: the name, the connection, and one authenticated request, which takes its permit like any other. It is sent
//! with the stored token or with what needs none: nothing is generated here.

use std::{sync::Arc, time::Duration};

use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::finding::{Finding, Level};
use crate::{
    api::{Auth, NetworkError, Reply},
    app::text::brief,
    commands::session,
    config::{Config, Env},
    domain::{Clock, SystemClock},
    exit::Exit,
    poll::Keys,
    store::{Handle, Instance, Pace, PermitAnswer, PermitAsk, PermitKind, Role, open_for, peek},
};

/// Looks at the way to the service.
pub(super) async fn look(config: &Config, env: &Env) -> Vec<Finding> {
    let mut found = Vec::new();
    let origin = &config.account.base_url;
    let proxy = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].iter().find(|name| env.get(name).is_some());
    match proxy {
        Some(name) => found.push(Finding::look("network", format!("{name} is set: requests go through a proxy"))),
        None => found.extend(way(origin.host(), origin.port(), config.poll.connect_timeout).await),
    }
    if found.iter().all(|f| !matches!(f.level, Level::Bad(_))) {
        found.push(request(config, env).await);
    }
    found
}

async fn way(host: &str, port: u16, limit: Duration) -> Vec<Finding> {
    let clock = SystemClock::new();
    let begun = clock.now().mono;
    let took = || format!("{} ms", clock.now().mono.since(begun).as_millis());
    let bad = |what, text: String| vec![Finding::bad(what, Exit::Service, text)];
    let addresses: Vec<_> = match timeout(limit, lookup_host((host, port))).await {
        Err(_) => return bad("name", format!("no answer about {host} within {}: check DNS", brief(limit))),
        Ok(Err(e)) => return bad("name", format!("{host} is not found ({e}): check [account] base_url and DNS")),
        Ok(Ok(addresses)) => addresses.collect(),
    };
    let Some(first) = addresses.first().copied() else {
        return bad("name", format!("{host} has no address: check [account] base_url and DNS"));
    };
    let found = match addresses.len() {
        1 => first.to_string(),
        n => format!("{n} addresses, {first} first"),
    };
    let name = Finding::ok("name", format!("{host}: {found}, in {}", took()));
    let connection = match timeout(limit, TcpStream::connect(addresses.as_slice())).await {
        Ok(Ok(_)) => Finding::ok("connection", format!("port {port} answers, in {}", took())),
        Ok(Err(e)) => {
            Finding::bad("connection", Exit::Service, format!("port {port} does not answer ({e}): check the firewall"))
        }
        Err(_) => Finding::bad(
            "connection",
            Exit::Service,
            format!("port {port} does not answer within {}: check the firewall", brief(limit)),
        ),
    };
    vec![name, connection]
}

/// Asks for the first target that is watched.
async fn request(config: &Config, env: &Env) -> Finding {
    let look = |text: String| Finding::look("request", text);
    let Some(target) = config.watch.first().map(|w| w.target.clone()) else {
        return look("not sent: nothing is watched".into());
    };
    let keys = match session::keys(config, env).await {
        Ok(Some(keys)) => keys,
        Ok(None) => return Finding::ok("request", "not sent: a read-only dashboard sends no requests"),
        Err(failure) => return Finding::bad("request", failure.exit, failure.message),
    };
    let client = match session::client(config, &keys) {
        Ok(client) => client,
        Err(failure) => return Finding::bad("request", failure.exit, failure.message),
    };
    let clock = Arc::new(SystemClock::new());
    let place = match session::place(config, env) {
        Ok(place) => place,
        Err(failure) => return look(format!("not sent: {}", failure.message)),
    };
    // Looked at first: opening would make one.
    let stored = match peek(&place, clock.clone()) {
        Ok(Some(store)) => store.token().map(|token| token.filter(|t| t.remaining(&store.now()) > Duration::ZERO)),
        Ok(None) => {
            return look("not sent: without a store it would not count in the budget: start ahtop first".into());
        }
        Err(e) => Err(e),
    };
    let auth = match (keys, stored) {
        (Keys::Basic(key), Ok(_)) => Auth::ApiKey(key),
        (Keys::Source(source), Ok(_)) => match source.token().await {
            Ok(token) => Auth::Bearer(token),
            Err(why) => return Finding::bad("request", Exit::Credentials, why),
        },
        (Keys::Token(_), Ok(Some(token))) => Auth::Bearer(token.secret),
        (Keys::Token(_), Ok(_)) => {
            let text = "not sent: no valid token is stored, and this command generates none: start `ahtop` or `ahtop \
             serve` once";
            return look(text.into());
        }
        (_, Err(e)) => return look(format!("not sent: {e}")),
    };
    let store = match open_for(&place, clock.clone(), Some(&session::account(config))) {
        Ok(opened) => Handle::new(opened.store),
        Err(e) => return look(format!("not sent: {e}")),
    };
    let me = Instance::here(Role::Command);
    let ask = PermitAsk {
        kind: PermitKind::Aht,
        cap: config.budget.requests_per_minute,
        pace: Pace::Burst,
        void_after: Duration::from_secs(1),
        timeout: config.poll.timeout,
    };
    let permit = match store.call(move |s| s.permit(&me, &ask)).await {
        Ok(PermitAnswer::Granted { id, .. }) => id,
        Ok(PermitAnswer::Wait(d)) => {
            return look(format!("not sent: the budget is used up: try again in {}", brief(d)));
        }
        Err(e) => return look(format!("not sent: {e}")),
    };
    let begun = clock.now().mono;
    let reply = client.aht(&target, &auth).await;
    let took = clock.now().mono.since(begun).as_millis();
    let counted = store.call(move |s| s.finish(permit, true)).await;
    if let Err(e) = counted {
        tracing::warn!("{e}");
    }
    judge(&reply, took, config.account.base_url.is_https())
}

fn judge(reply: &Reply, took: u128, tls: bool) -> Finding {
    let secured = if tls { "TLS is valid, the" } else { "the" };
    match reply {
        Reply::Value { .. } | Reply::NoCalls { .. } => {
            Finding::ok("request", format!("{secured} service answers in {took} ms"))
        }
        Reply::InvalidId => Finding::look(
            "request",
            format!("{secured} service answers in {took} ms, but the first ID is unknown: run `ahtop check --live`"),
        ),
        Reply::WrongMethod => Finding::look("request", "the service wants the other HTTP method; ahtop will use it"),
        Reply::Throttled { .. } => {
            Finding::look("request", "throttled: other clients use the account; see budget".to_owned())
        }
        Reply::TokenRejected { message } => Finding::look(
            "request",
            format!(
                "the stored token was invalidated ({message}): another client generated one; ahtop generates a \
             new one"
            ),
        ),
        Reply::CredentialsRejected { .. } => Finding::bad("request", Exit::Credentials, reply.account_sentence()),
        Reply::Network(NetworkError::Tls(why)) => Finding::bad(
            "request",
            Exit::Service,
            format!("TLS fails: {why}: check the clock, and [account] ca_file if a proxy opens TLS"),
        ),
        Reply::Network(_) | Reply::Service { .. } | Reply::Malformed { .. } => {
            Finding::bad("request", Exit::Service, reply.account_sentence())
        }
    }
}
