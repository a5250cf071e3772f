//! What the store tells: who polls, the token, the budget, and whether the clock was set.

use std::{sync::Arc, time::Duration};

use super::{
    finding::{Finding, Level},
    place, words,
};
use crate::{
    app::{self, remedy},
    commands::{session, token},
    config::{Config, Env},
    domain::{Now, SILENT_AFTER, Severity, SystemClock},
    exit::Exit,
    store::{
        HistoryInfo, Instance, Presence, Standing, Status, Store, StoreError, StorePlace, Token, Usage, other_store,
        peek, read_presence,
    },
};

/// A wall clock that differs by more from the boot clock was set by somebody.
const STEPPED: Duration = Duration::from_secs(5);

/// What is read from the store.
pub(super) struct Known {
    pub(super) history: HistoryInfo,
    pub(super) holder: Option<Instance>,
    pub(super) status: Option<Status>,
    pub(super) usage: Usage,
    /// Not everybody who reads the store may read the token.
    pub(super) token: Result<Option<Token>, StoreError>,
    pub(super) presence: Option<Presence>,
}

impl Known {
    fn read(store: &dyn Store) -> Result<Known, StoreError> {
        Ok(Known {
            history: store.history()?,
            holder: store.lease_holder()?,
            status: store.status()?,
            usage: store.usage()?,
            token: match store.token() {
                Err(e @ StoreError::Refused(_)) => Err(e),
                token => Ok(token?),
            },
            presence: read_presence(store, &mut 0)?,
        })
    }
}

/// Looks at the store and what is in it.
pub(super) fn look(config: &Config, env: &Env) -> Vec<Finding> {
    let place = match session::place(config, env) {
        Ok(place) => place,
        Err(failure) => return vec![Finding::bad("store", failure.exit, failure.message)],
    };
    let mut found = place.file().map(place::look).unwrap_or_default();
    if let Some((pid, store)) = other_store(&place, &session::account(config)) {
        found.push(Finding::look("store", words::other_store(pid, &store)));
    }
    let clock = Arc::new(SystemClock::new());
    let known = match peek(&place, clock) {
        Ok(Some(store)) => {
            found.extend(store.notice().map(|notice| Finding::look("store", notice.text)));
            Known::read(&*store).map(|known| (known, store.now()))
        }
        Ok(None) => {
            found.push(Finding::ok("checks", words::NEVER_CHECKED));
            return found;
        }
        Err(e) => Err(e),
    };
    match known {
        Ok((known, now)) => {
            if let StorePlace::Server(server) = &place {
                found.push(Finding::ok("store", words::server_store(server.url.place(), &server.schema)));
            }
            found.extend(tell(&known, config, &now));
        }
        Err(e @ (StoreError::Newer { .. } | StoreError::Refused(_))) => {
            found.push(Finding::bad("store", Exit::Config, e.to_string()))
        }
        Err(e @ StoreError::Corrupt(_)) => {
            found.push(Finding::look("store", words::corrupt_store(e)));
        }
        // Said already, with the reason.
        Err(_) if found.iter().any(|f| matches!(f.level, Level::Bad(_))) => {}
        Err(e) => found.push(Finding::bad("store", Exit::Unexpected, e.to_string())),
    }
    found
}

/// The findings about what was read.
pub(super) fn tell(known: &Known, config: &Config, now: &Now) -> Vec<Finding> {
    let mut found = vec![Finding::ok("history", words::history(&known.history))];
    found.push(poller(known, config, now));
    found.extend(known.status.as_ref().filter(|_| known.holder.is_some()).map(link));
    found.push(life(known, config, now));
    found.push(budget(known, config));
    found.push(presence(known, config, now));
    found.extend(stepped(known, now));
    found
}

fn poller(known: &Known, config: &Config, now: &Now) -> Finding {
    let said = known.status.as_ref().map(|s| s.at.age(now));
    match (&known.holder, said) {
        (Some(p), Some(said)) if said < SILENT_AFTER => Finding::ok("checks", words::checked_by(p, said)),
        (Some(p), said) => Finding::look("checks", words::no_report(p, said)),
        (None, _) => Finding::look("checks", words::nobody(config.auth.is_some())),
    }
}

fn link(status: &Status) -> Finding {
    let text = status.link.sentence();
    let Some(problem) = status.link.problem() else { return Finding::ok("status", text) };
    let text = words::link(text, remedy(problem));
    match problem.severity() {
        Severity::Info => Finding::ok("status", text),
        Severity::Warning => Finding::look("status", text),
        Severity::Error => Finding::bad("status", Exit::for_problem(problem), text),
    }
}

fn life(known: &Known, config: &Config, now: &Now) -> Finding {
    let (usage, status) = (&known.usage, known.status.as_ref());
    let life = match (&known.token, &config.auth) {
        (Ok(token), _) => token::life(token.as_ref(), now),
        (Err(_), None) => words::TOKEN_FOR_OTHERS.into(),
        (Err(why), Some(_)) => return Finding::look("token", why.to_string()),
    };
    let text = words::token(&life, &token::generations(usage));
    if usage.invalidated_1h > 0 {
        return Finding::look("token", words::invalidated(&text, &token::invalidations(usage, status)));
    }
    match (&known.token, &config.auth) {
        (Ok(None), Some(_)) if usage.generated_1h > 0 => Finding::look("token", words::no_token_generated(&text)),
        _ => Finding::ok("token", text),
    }
}

fn budget(known: &Known, config: &Config) -> Finding {
    let others = known.status.as_ref().and_then(|s| s.other_clients.as_ref()).and_then(|s| s.per_minute);
    let text = words::budget(&config.budget, &known.usage, others);
    if others.is_none() && known.usage.throttled_1h == 0 {
        Finding::ok("budget", text)
    } else {
        Finding::look("budget", text)
    }
}

/// Who is logged in, and whether the account tells.
fn presence(known: &Known, config: &Config, now: &Now) -> Finding {
    if !config.presence.auto {
        return Finding::ok("logins", words::LOGINS_NOT_ASKED);
    }
    let refused = known.presence.as_ref().is_some_and(|known| matches!(known.standing, Standing::Refused { .. }));
    match app::presence::sentence(known.presence.as_ref(), now, &session::zone(config)) {
        (text, _) if refused && config.floor.is_some() => {
            Finding::bad("logins", Exit::Service, words::logins_refused(&text))
        }
        (text, false) => Finding::ok("logins", text),
        (text, true) => Finding::look("logins", text),
    }
}

/// Whether somebody set the wall clock since the poller last spoke.
fn stepped(known: &Known, now: &Now) -> Option<Finding> {
    let said = known.status.as_ref().map(|s| &s.at).filter(|at| at.boot == now.boot)?;
    let wall = now.wall.as_millisecond().saturating_sub(said.wall.as_millisecond());
    let ran = now.mono.0.saturating_sub(said.mono.0);
    let step = Duration::from_millis(wall.abs_diff(ran));
    (step >= STEPPED).then(|| Finding::look("clock", words::stepped(wall > ran, step)))
}
