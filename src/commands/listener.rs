//! Wires what `serve` shows over HTTP.

use secrecy::SecretString;

use super::{
    Failure,
    dashboard::{self, Shown},
    session::Session,
};
use crate::{
    config::{Config, Env, secret},
    exit::Exit,
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
    let options = web::Options {
        store: session.store.clone(),
        dashboard: dashboard::facts(config, session.me.clone(), session.may_poll, Shown { mode: None, locked: true }),
        metrics_names: config.serve.metrics_names,
        token,
        hosts: config.serve.hosts.clone(),
    };
    web::Server::start(bound, options)
}
