//! Wires what `serve` shows over HTTP.

use secrecy::SecretString;

use super::{
    Failure,
    dashboard::{self, Shown},
    session::Session,
};
use crate::{
    alerting,
    config::{Config, Env, secret},
    exit::Exit,
    store::Instance,
    web::{self, Bound},
};

/// The token that clients must have; `None`: no token is configured.
///
/// # Errors
/// A file that cannot be read, or holds none.
pub(super) fn token(config: &Config, env: &Env) -> Result<Option<SecretString>, Failure> {
    let token = config.serve.token_file.as_ref().map(|path| secret::listener_token(path, env)).transpose();
    token.map_err(|e| Failure::new(Exit::Config, e.to_string()))
}

/// Takes the address that is configured; `None`: nothing is to be served.
///
/// # Errors
/// An address that is taken or not ours.
pub(super) fn bind(config: &Config) -> Result<Option<Bound>, Failure> {
    let Some(listen) = &config.serve.listen else { return Ok(None) };
    let bound = Bound::bind(listen);
    bound.map(Some).map_err(|e| Failure::new(Exit::Config, format!("cannot listen on {listen}: {e}")))
}

pub(super) fn start(bound: Bound, config: &Config, session: &Session, token: Option<SecretString>) -> web::Server {
    // The board is nobody's who polls, not even ours: it says which process that is.
    let me = Instance { id: format!("{} web", session.me.id).into(), ..session.me.clone() };
    let options = web::Options {
        store: session.store.clone(),
        clock: session.clock.clone(),
        notify: session.notifiers.feed.clone(),
        dashboard: dashboard::facts(config, me, false, Shown { mode: None, locked: true }),
        policy: alerting::policy(config),
        metrics_names: config.serve.metrics_names,
        token,
        hosts: config.serve.hosts.clone(),
    };
    web::Server::start(bound, options)
}
