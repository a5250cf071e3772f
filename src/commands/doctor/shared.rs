//! What the store tells: who polls, the token, the budget, and whether the clock was set.

use std::{sync::Arc, time::Duration};

use super::{
    finding::{Finding, Level},
    place,
};
use crate::{
    app::{self, remedy, text::brief},
    commands::{session, token},
    config::{Config, Env},
    domain::{Now, SILENT_AFTER, Severity, SystemClock, clean_line},
    exit::Exit,
    store::{
        HistoryInfo, Instance, Presence, Status, Store, StoreError, StorePlace, Token, Usage, other_store, peek,
        read_presence,
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
    pub(super) token: Option<Token>,
    pub(super) presence: Option<Presence>,
}

impl Known {
    fn read(store: &dyn Store) -> Result<Known, StoreError> {
        Ok(Known {
            history: store.history()?,
            holder: store.lease_holder()?,
            status: store.status()?,
            usage: store.usage()?,
            token: store.token()?,
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
        let text = format!(
            "pid {pid} checks this account through another store, {}: point [store] url of both at one file",
            clean_line(&store.display().to_string(), 400)
        );
        found.push(Finding::look("store", text));
    }
    let clock = Arc::new(SystemClock::new());
    let known = match peek(&place, clock) {
        Ok(Some(store)) => Known::read(&*store).map(|known| (known, store.now())),
        Ok(None) => {
            found.push(Finding::ok("checks", "nobody has checked the service here yet"));
            return found;
        }
        Err(e) => Err(e),
    };
    match known {
        Ok((known, now)) => {
            if let StorePlace::Server(server) = &place {
                found.push(Finding::ok("store", format!("{}, schema {}", server.url.place(), server.schema)));
            }
            found.extend(tell(&known, config, &now));
        }
        Err(e @ (StoreError::Newer { .. } | StoreError::Refused(_))) => {
            found.push(Finding::bad("store", Exit::Config, e.to_string()))
        }
        Err(e @ StoreError::Corrupt(_)) => {
            found
                .push(Finding::look("store", format!("{e}: the next start moves it aside and keeps what can be read")));
        }
        // Said already, with the reason.
        Err(_) if found.iter().any(|f| matches!(f.level, Level::Bad(_))) => {}
        Err(e) => found.push(Finding::bad("store", Exit::Unexpected, e.to_string())),
    }
    found
}

/// The findings about what was read.
pub(super) fn tell(known: &Known, config: &Config, now: &Now) -> Vec<Finding> {
    let history = &known.history;
    let mut found =
        vec![Finding::ok("history", format!("{} readings in {:.1} MB", history.readings, history.bytes as f64 / 1e6))];
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
        (Some(p), Some(said)) if said < SILENT_AFTER => Finding::ok(
            "checks",
            format!("{} on {} checks the service; last report {} ago", p.label(), p.host, brief(said)),
        ),
        (Some(p), said) => {
            let said = said.map_or_else(|| "no report yet".to_owned(), |d| format!("no report for {}", brief(d)));
            let text =
                format!("{} on {} should check the service: {said}. See its log, or restart it", p.label(), p.host);
            Finding::look("checks", text)
        }
        (None, _) if config.auth.is_some() => {
            Finding::look("checks", "nobody checks the service now: start `ahtop serve`, or a dashboard")
        }
        (None, _) => Finding::look(
            "checks",
            "nobody checks the service: start `ahtop serve`, or a dashboard that \
         has credentials",
        ),
    }
}

fn link(status: &Status) -> Finding {
    let text = status.link.sentence();
    let Some(problem) = status.link.problem() else { return Finding::ok("status", text) };
    let text = match remedy(problem) {
        "" => text,
        remedy => format!("{text}: {remedy}"),
    };
    match problem.severity() {
        Severity::Info => Finding::ok("status", text),
        Severity::Warning => Finding::look("status", text),
        Severity::Error => Finding::bad("status", Exit::for_problem(problem), text),
    }
}

fn life(known: &Known, config: &Config, now: &Now) -> Finding {
    let (usage, status) = (&known.usage, known.status.as_ref());
    let text = format!("{}; generated: {}", token::life(known.token.as_ref(), now), token::generations(usage));
    if usage.invalidated_1h > 0 {
        return Finding::look("token", format!("{text}; invalidated: {}", token::invalidations(usage, status)));
    }
    match (&known.token, &config.auth) {
        (None, Some(_)) if usage.generated_1h > 0 => Finding::look(
            "token",
            format!(
                "{text}: generating fails; the log of the ahtop that checks the service \
             says why"
            ),
        ),
        _ => Finding::ok("token", text),
    }
}

fn budget(known: &Known, config: &Config) -> Finding {
    let (usage, budget) = (&known.usage, &config.budget);
    let text = format!(
        "{} requests in the last minute; ahtop uses up to {} of {}, {} are reserved",
        usage.used_60s,
        budget.usable(),
        budget.requests_per_minute,
        budget.reserve
    );
    let others = known.status.as_ref().and_then(|s| s.other_clients.as_ref()).and_then(|s| s.per_minute);
    match (others, usage.throttled_1h) {
        (Some(others), n) => {
            let text = format!(
                "{text}; throttled {n} times in the last hour: other clients use about {others:.0} a minute; stop \
                 them, or set [budget] reserve to {:.0}",
                others.ceil()
            );
            Finding::look("budget", text)
        }
        (None, n @ 1..) => {
            let text = format!("{text}; throttled {n} times in the last hour: raise [budget] reserve if it goes on");
            Finding::look("budget", text)
        }
        (None, 0) => Finding::ok("budget", text),
    }
}

/// Who is logged in, and whether the account tells.
fn presence(known: &Known, config: &Config, now: &Now) -> Finding {
    if !config.presence.auto {
        return Finding::ok("logins", "not asked: [presence] mode is off");
    }
    match app::presence::sentence(known.presence.as_ref(), now, &session::zone(config)) {
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
    (step >= STEPPED).then(|| {
        let way = if wall > ran { "forward" } else { "back" };
        let text = format!(
            "the wall clock was set {way} by {} since the last report: the times shown are wrong, ages and the \
             budget are right; see `timedatectl`",
            brief(step)
        );
        Finding::look("clock", text)
    })
}
