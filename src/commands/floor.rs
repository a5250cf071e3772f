//! Who is watched by a command that ends with its answer, where that is whoever is logged in.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    Failure, discover, print_error,
    session::{keys, place},
};
use crate::{
    api::ListReply,
    config::{Config, Env},
    domain::{Kind, LoggedIn, Row, SystemClock, clean_line},
    exit::Exit,
    store::{Presence, Store, StoreError, peek, read_presence, watched_now, write_presence},
};

/// `config` with the agents who are logged in now: by the list in the store while it is fresh, else the service is asked.
///
/// # Errors
/// Where nobody tells who is logged in; those of the secret and the store.
pub(super) async fn settled(config: &Config, env: &Env) -> Result<Config, Failure> {
    if config.floor.is_none() {
        return Ok(config.clone());
    }
    let place = place(config, env)?;
    let stored = || peek(&place, Arc::new(SystemClock::new()));
    let last = stored()?.map(|store| {
        let presence = read_presence(&*store, &mut 0)?.unwrap_or_default();
        Ok::<_, StoreError>((presence, store.now(), on(config, &*store)?))
    });
    let last = last.transpose()?;
    if let Some((presence, now, settled)) = &last
        && presence.fresh(now).is_some()
    {
        return Ok(settled.clone());
    }
    match (ask(config, env).await?, last) {
        (Ok(()), _) => stored()?.map_or_else(|| Ok(config.clone()), |store| Ok(on(config, &*store)?)),
        // What was known last is better than nothing.
        (Err(failure), Some((presence, now, settled))) if presence.agents(&now).next().is_some() => {
            print_error(&format!("warning: an older list of who is logged in is used: {}", failure.message));
            Ok(settled)
        }
        (Err(failure), _) => Err(failure),
    }
}

/// `config` with the agents that are watched now on `store`.
pub(super) fn on(config: &Config, store: &dyn Store) -> Result<Config, StoreError> {
    let watch = watched_now(store, &config.watch, config.floor.as_deref())?;
    Ok(Config { watch, floor: None, ..config.clone() })
}

/// The same where that is only to help: without a store that can be read, nobody is known.
pub(super) fn known(config: &Config, env: &Env) -> Config {
    let store = place(config, env).ok().and_then(|place| peek(&place, Arc::new(SystemClock::new())).ok()?);
    store.and_then(|store| on(config, &*store).ok()).unwrap_or_else(|| config.clone())
}

/// `config` with all agents that were read from `from` on: who was logged in in the past is not stored.
pub(super) fn of_the_past(config: &Config, store: &dyn Store, from: Timestamp) -> Result<Config, StoreError> {
    let Some(floor) = &config.floor else { return Ok(config.clone()) };
    let rows = store.snapshot(Duration::ZERO)?.rows;
    let read = |row: &&Row| row.target.kind == Kind::Agent && row.last.as_ref().is_some_and(|(_, at)| at.wall >= from);
    let agents = rows.iter().filter(read).map(|row| floor.watched(&row.target.id));
    let watch = config.watch.iter().cloned().chain(agents).collect();
    Ok(Config { watch, floor: None, ..config.clone() })
}

/// Asks the service, and tells the store. The inner error: nobody tells.
async fn ask(config: &Config, env: &Env) -> Result<Result<(), Failure>, Failure> {
    if keys(config, env).await?.is_none() {
        let message = "nobody tells who is logged in: start `ahtop serve`, or an ahtop with an [auth] section";
        return Ok(Err(Failure::new(Exit::Credentials, message)));
    }
    let (reply, store) = discover::logins(config, env).await?;
    let failure = |exit, text: String| Ok(Err(Failure::new(exit, clean_line(&text, 400))));
    match reply {
        ListReply::Rows { rows, unread } => {
            let agents =
                rows.into_iter().map(|row| LoggedIn { id: row.id, name: row.name, state: row.state }).collect();
            let interval = config.presence.interval;
            store
                .call(move |s| {
                    let mut revision = 0;
                    let known: Presence = read_presence(s, &mut revision)?.unwrap_or_default();
                    // Where somebody else has written meanwhile, that list is as new.
                    write_presence(s, &known.listed(agents, unread == 0, interval, &s.now()), &mut revision)
                })
                .await?;
            Ok(Ok(()))
        }
        ListReply::Refused { why } => failure(
            Exit::Service,
            format!("name the agents in [watch] agents: the account does not list who is logged in: {why}"),
        ),
        ListReply::Throttled { .. } => failure(
            Exit::Throttled,
            "try again in a minute: the service limits the requests for who is logged in".to_owned(),
        ),
        ListReply::Failed { why } => failure(
            Exit::Service,
            format!("try again, or run `ahtop doctor --live`: who is logged in is not known: {why}"),
        ),
    }
}
