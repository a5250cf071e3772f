//! `--live`: the name, the connection, and one authenticated request, which takes its permit like any other. It is sent
//! with the stored token or with what needs none: nothing is generated here.

use std::{fmt::Display, sync::Arc, time::Duration};

use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{
    finding::{Finding, Level},
    words,
};
use crate::{
    api::{Auth, NetworkError, Reply},
    commands::{floor, session},
    config::{Config, Env},
    domain::{Clock, SystemClock},
    exit::Exit,
    poll::Keys,
    store::{Handle, Instance, PermitAnswer, Role, open_for, peek},
};

/// Looks at the way to the service.
pub(super) async fn look(config: &Config, env: &Env) -> Vec<Finding> {
    let mut found = Vec::new();
    let origin = &config.account.base_url;
    let proxy = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].iter().find(|name| env.get(name).is_some());
    match proxy {
        Some(name) => found.push(Finding::look("network", words::proxy(name))),
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
    let took = || clock.now().mono.since(begun);
    let bad = |what, text: String| vec![Finding::bad(what, Exit::Service, text)];
    let addresses: Vec<_> = match timeout(limit, lookup_host((host, port))).await {
        Err(_) => return bad("name", words::name_not_answered(host, limit)),
        Ok(Err(e)) => return bad("name", words::name_not_found(host, &e)),
        Ok(Ok(addresses)) => addresses.collect(),
    };
    let Some(first) = addresses.first().copied() else {
        return bad("name", words::no_address(host));
    };
    let name = Finding::ok("name", words::name(host, first, addresses.len(), took()));
    let connection = match timeout(limit, TcpStream::connect(addresses.as_slice())).await {
        Ok(Ok(_)) => Finding::ok("connection", words::port(port, took())),
        Ok(Err(e)) => Finding::bad("connection", Exit::Service, words::port_closed(port, &e)),
        Err(_) => Finding::bad("connection", Exit::Service, words::port_silent(port, limit)),
    };
    vec![name, connection]
}

/// Asks for the first target that is watched.
async fn request(config: &Config, env: &Env) -> Finding {
    let not_sent = |why: &dyn Display| Finding::look("request", words::not_sent(why));
    let Some(target) = floor::known(config, env).watch.first().map(|w| w.target.clone()) else {
        return not_sent(if config.floor.is_some() { &words::NOBODY_KNOWN } else { &words::NOTHING_WATCHED });
    };
    let keys = match session::keys(config, env).await {
        Ok(Some(keys)) => keys,
        Ok(None) => return Finding::ok("request", words::not_sent(words::READ_ONLY)),
        Err(failure) => return Finding::bad("request", failure.exit, failure.message),
    };
    let client = match session::client(config, &keys) {
        Ok(client) => client,
        Err(failure) => return Finding::bad("request", failure.exit, failure.message),
    };
    let clock = Arc::new(SystemClock::new());
    let place = match session::place(config, env) {
        Ok(place) => place,
        Err(failure) => return not_sent(&failure.message),
    };
    // Looked at first: opening would make one.
    let stored = match peek(&place, clock.clone()) {
        Ok(Some(store)) => store.token().map(|token| token.filter(|t| t.remaining(&store.now()) > Duration::ZERO)),
        Ok(None) => return not_sent(&words::NO_STORE),
        Err(e) => Err(e),
    };
    let auth = match (keys, stored) {
        (Keys::Basic(key), Ok(_)) => Auth::ApiKey(key),
        (Keys::Source(source), Ok(_)) => match source.token().await {
            Ok(token) => Auth::Bearer(token),
            Err(why) => return Finding::bad("request", Exit::Credentials, why),
        },
        (Keys::Token(_), Ok(Some(token))) => Auth::Bearer(token.secret),
        (Keys::Token(_), Ok(_)) => return not_sent(&words::NO_TOKEN),
        (_, Err(e)) => return not_sent(&e),
    };
    let store = match open_for(&place, clock.clone(), Some(&session::account(config))) {
        Ok(opened) => Handle::new(opened.store),
        Err(e) => return not_sent(&e),
    };
    let me = Instance::here(Role::Command);
    let ask = session::permit_ask(config);
    let (permit, void_at) = match store.call(move |s| s.permit(&me, &ask)).await {
        Ok(PermitAnswer::Granted { id, void_at }) => (id, void_at),
        Ok(PermitAnswer::Wait(d)) => {
            let usage = store.call(|s| s.usage()).await.unwrap_or_default();
            return not_sent(&words::must_wait(usage.why_wait(ask.cap), d));
        }
        Err(e) => return not_sent(&e),
    };
    let begun = clock.now().mono;
    // By the store's own clock, which gave the permit.
    let reply = if store.direct().now().mono < void_at { Some(client.aht(&target, &auth).await) } else { None };
    let (took, sent) = (clock.now().mono.since(begun), reply.is_some());
    let counted = store.call(move |s| s.finish(permit, sent)).await;
    if let Err(e) = counted {
        tracing::warn!("{e}");
    }
    reply.map_or_else(|| not_sent(&words::TOO_LATE), |reply| judge(&reply, took, config.account.base_url.is_https()))
}

fn judge(reply: &Reply, took: Duration, tls: bool) -> Finding {
    match reply {
        Reply::Value { .. } | Reply::NoCalls { .. } => Finding::ok("request", words::answer(took, tls)),
        Reply::InvalidId => Finding::look("request", words::unknown_id(&words::answer(took, tls))),
        Reply::WrongMethod => Finding::look("request", words::OTHER_METHOD),
        Reply::Throttled { .. } => Finding::look("request", words::THROTTLED),
        Reply::TokenRejected { message } => Finding::look("request", words::token_rejected(message)),
        Reply::CredentialsRejected { .. } => Finding::bad("request", Exit::Credentials, reply.account_sentence()),
        Reply::Network(NetworkError::Tls(why)) => Finding::bad("request", Exit::Service, words::tls(why)),
        Reply::Network(_) | Reply::Service { .. } | Reply::Malformed { .. } => {
            Finding::bad("request", Exit::Service, reply.account_sentence())
        }
    }
}
