//! What banners say: each sentence begins with what to do, and then says what is so. When there is a banner, and whom it
//! concerns, stands in [`banners`](super::banners).

use std::time::Duration;

use super::{
    rows::shown_now,
    text::{age, moment, spoken},
};
use crate::{
    app::model::{Line, REPLAY, State},
    domain::{EventTime, Now, Problem, opening, plural},
    poll::INVALID_INTERVAL,
    store::{Link, Status, Words},
};

/// How many targets a sentence names before it counts the rest.
const NAMED: usize = 3;

/// What to do about `problem` in words that stay the same, as a part of a sentence; empty where nothing is to be done.
pub const fn remedy(problem: Problem) -> &'static str {
    match problem {
        Problem::Credentials => "correct [auth] or [account] user_name; `ahtop doctor --live` tries them",
        Problem::Token => "wait; if it lasts, see token",
        Problem::TokenCeiling => "stop the other client that generates tokens; see token",
        Problem::Service | Problem::NoAnswer => "`ahtop doctor --live` says where it fails",
        Problem::Throttled => "wait; see budget",
        Problem::Silent => "start `ahtop serve`, or a dashboard that has credentials",
        Problem::OtherClients => "stop the other client, or set [budget] reserve",
        Problem::Invalidated => {
            "stop the other client, or give ahtop its tokens by [auth] token_command or mode = \"basic\""
        }
        Problem::Stale => "see service and budget",
        Problem::ManyLogins => "raise [watch] max_agents, or name the agents",
        Problem::NoLogins => "name the agents in [watch] agents; see logins",
        Problem::UnknownId => "correct the ID in the configuration; `ahtop check --live` finds all of them",
        Problem::StoreRead | Problem::StoreWrite | Problem::StoreDegraded => "make the store readable and writable",
        Problem::StoreUnreachable => "start the server of the store, or correct [store] url",
        Problem::StoreDelayed => "connect to the server of the store without a pool of transactions",
        Problem::StoreQuarantined => "check the disk",
        Problem::StoreOther => "point [store] url of both at one file",
        Problem::LedgerMissing => "make the directory of the store writable",
        Problem::OtherBoot => "run all dashboards of this store in one container or on the machine itself",
        Problem::Waiting | Problem::LedgerNew | Problem::Closed => "",
    }
}

/// Nobody checks the service; `said`: so long ago somebody said that he does.
pub(super) fn silent(state: &State, said: Option<Duration>) -> String {
    let since = said.map_or_else(String::new, |s| format!(" for {}", spoken(s)));
    match (&state.shown().poller, state.config.may_poll) {
        _ if state.config.mode == Some(REPLAY) => {
            format!("Nobody checked the service at that time{since}: the numbers stand still")
        }
        (Some(p), _) if p.id == state.config.me.id => {
            format!("Restart this ahtop: it has not checked the service{since}. The log says why")
        }
        (Some(p), _) => format!(
            "Restart {}: it has not checked the service{since}, the numbers stand still. Its log says why",
            p.full_label()
        ),
        (None, true) => format!("Wait a moment: nobody has checked the service{since}, this ahtop takes over"),
        (None, false) => {
            format!("Start `ahtop serve`, or a dashboard that has credentials: nobody has checked the service{since}")
        }
    }
}

/// The state of the link, where it is not as it should be.
pub(super) fn link(state: &State, status: &Status) -> Option<Words> {
    let now = shown_now(state);
    let since = moment(status.since.wall, now.wall, &state.config.zone);
    let until = |stamp: &EventTime| match left(stamp, &now) {
        Some(left) => format!("in {}", spoken(left)),
        None => "now".to_owned(),
    };
    // What others said stands at the end: its length is not ours to choose.
    let because = |what: String, why: &str| Words::from(what).own(": ").said(why, opening(why));
    let usage = &state.shown().usage;
    let text: Words = match &status.link {
        Link::Starting | Link::Live => return None,
        Link::Closed { until: Some(at) } => {
            let until = clock(at.wall, &state.config.zone);
            format!("CLOSED: quiet hours until {until}. Nothing is checked, the values are from before").into()
        }
        Link::Closed { until: None } => {
            "CLOSED: correct [quiet] hours if this is wrong: they never end, and nothing is checked".into()
        }
        Link::Throttled { until: at } => format!(
            "Wait, or raise [budget] reserve for other clients: max limit exceeded ({} in the last hour), next check {}",
            usage.throttled_1h,
            until(at)
        )
        .into(),
        // Without this the remedy would be at the end, where a narrow screen cuts it.
        Link::TokenWait { until: at, why } if usage.invalidated_1h > 0 => because(
            format!(
                "Stop the other client, or set [auth] token_command: no token since {since}, next try {}",
                until(at)
            ),
            why,
        ),
        Link::TokenWait { until: at, why } => {
            because(format!("Wait, next try {}: no token since {since}, the values stay with their ages", until(at)), why)
        }
        Link::TokenCeiling { until: at } if usage.invalidated_1h == 0 => format!(
            "See the log: no token since {since}, {} tries in an hour brought none that works, next try {}",
            usage.generated_1h,
            until(at)
        )
        .into(),
        Link::TokenCeiling { until: at } => format!(
            "Stop the other client, or set [auth] token_command: no token since {since}, it invalidated {} of {}, next {}{}",
            usage.invalidated_1h,
            usage.generated_1h,
            until(at),
            every(status.other_clients.as_ref().and_then(|s| s.generated_every)),
        )
        .into(),
        Link::Credentials { why, until: at } => because(
            format!(
                "Correct [account] user_name, the key or [auth] mode: refused since {since}, next try {}",
                until(at)
            ),
            why,
        ),
        Link::Down { why, since: from, until: at } => because(
            format!(
                "Run `ahtop doctor --live`: no answer from the service since {} ({}), next check {}",
                moment(from.wall, now.wall, &state.config.zone),
                spoken(from.age(&now)),
                until(at)
            ),
            why,
        ),
    };
    Some(text)
}

/// Other clients make so many requests a minute.
pub(super) fn other_clients(state: &State, status: &Status, others: f64) -> String {
    let budget = state.config.budget;
    format!(
        "Stop the other client, or set [budget] reserve to {:.0}: it uses about {others:.0} of {} requests/min. A cycle \
         takes {}",
        others.ceil().min(f64::from(budget.requests_per_minute.saturating_sub(1))),
        budget.requests_per_minute,
        spoken(status.sweep),
    )
}

/// Another client generates tokens, which invalidates ours: the last one then, and about so often.
pub(super) fn invalidated(state: &State, last: &EventTime, generated_every: Option<Duration>) -> String {
    let count = state.shown().usage.invalidated_1h;
    format!(
        "Stop the other client, or use [auth] token_command or mode = \"basic\": {} invalidated this hour, last at {}{}",
        plural(count, "token"),
        moment(last.wall, shown_now(state).wall, &state.config.zone),
        every(generated_every),
    )
}

/// How often another client generates a token, where that is known.
fn every(span: Option<Duration>) -> String {
    span.map_or_else(String::new, |span| format!(" (about every {})", spoken(span)))
}

/// A moment of the week ahead: `Mon 07:00`.
fn clock(at: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %H:%M").to_string()
}

/// How long it is until `stamp`; `None` where that is over.
fn left(stamp: &EventTime, now: &Now) -> Option<Duration> {
    let left = if stamp.boot == now.boot { stamp.mono.since(now.mono) } else { Duration::ZERO };
    (!left.is_zero()).then_some(left)
}

/// The IDs that the service does not know, with the place in the configuration; `None`: there are none.
pub(super) fn unknown_ids(state: &State, unknown: &[Line<'_>]) -> Option<(Words, Vec<Words>)> {
    let now = shown_now(state);
    let first = unknown.first()?;
    // An ID that no file names is of the list: there is no line that could be corrected.
    let of_file = |l: &Line<'_>| state.config.floor.as_ref().is_none_or(|floor| floor.names(l.target()));
    if !unknown.iter().any(of_file) {
        let count = if unknown.len() == 1 { "an unknown ID".into() } else { format!("{} unknown IDs", unknown.len()) };
        let text = format!("Name the agents in [watch] agents: the list of who is logged in has {count}: ");
        return Some((Words::from(text).then(named(unknown, |words, l| words.id(l.target()))), Vec::new()));
    }
    Some(if unknown.len() == 1 {
        let what = first.target().kind.before_id();
        let place = match &*first.watched.origin {
            super::follow::ORIGIN => "the configuration",
            origin => origin,
        };
        let checked = match &first.row.last {
            Some((_, at)) if state.config.mode == Some(REPLAY) => {
                format!(" (checked {})", moment(at.wall, now.wall, &state.config.zone))
            }
            Some((_, at)) => {
                let next = match INVALID_INTERVAL.saturating_sub(at.age(&now)) {
                    // It may be known after all: a second check comes soon.
                    _ if first.row.failures < 2 => "soon".to_owned(),
                    Duration::ZERO => "now".to_owned(),
                    left => format!("in {}", spoken(left)),
                };
                format!(" (checked {}, next check {next})", moment(at.wall, now.wall, &state.config.zone))
            }
            None => String::new(),
        };
        let told = |before: String| Words::from(before).id(first.target()).own(" is unknown");
        let fixed = told(format!("Fix {place}: {what} "));
        (fixed.clone().own(checked), vec![fixed, told(format!("{what} "))])
    } else {
        let text = Words::from(format!("Fix {} unknown IDs, `ahtop check --live` lists them: ", unknown.len()))
            .then(named(unknown, |words, l| words.id(l.target()).own(format!(" ({})", l.watched.origin))));
        (text, Vec::new())
    })
}

/// More are logged in than are watched at most.
pub(super) fn many_logins(state: &State) -> String {
    let on = &state.on_floor;
    let (logged_in, watched) = (on.logged_in, on.logged_in - on.left_out);
    format!("Raise [watch] max_agents, or name the agents: {logged_in} are logged in, {watched} are watched")
}

/// The account does not tell who is logged in.
pub(super) fn no_logins(why: &str) -> Words {
    let text = "Name the agents in [watch] agents: the account does not list who is logged in: ";
    Words::from(text).said(why, opening(why))
}

/// Nobody knows at the moment who is logged in.
pub(super) fn late_logins(state: &State, why: &str, since: &EventTime) -> Words {
    let since = moment(since.wall, shown_now(state).wall, &state.config.zone);
    let text = format!("Wait, or name the agents in [watch] agents: no list of who is logged in since {since}: ");
    Words::from(text).said(why, opening(why))
}

/// Who checks the service does not ask who is logged in.
pub(super) const fn unasked_logins() -> &'static str {
    "Set [presence] mode = \"auto\" where the service is checked: nobody asks who is logged in"
}

/// Why no agent is watched where that is whoever is logged in.
pub fn nobody(state: &State) -> &'static str {
    match state.shown().presence.as_deref().and_then(|presence| presence.picture.as_ref()) {
        Some(_) => "Nobody is logged in",
        None => "Nobody knows yet who is logged in",
    }
}

/// Rows that get no good answer; `None`: there are none.
pub(super) fn no_answer(state: &State, silent: &[Line<'_>]) -> Option<Words> {
    let first = silent.first()?;
    let why = first.row.error().unwrap_or("no good answer");
    let words = Words::from("Run `ahtop doctor --live`: no answer for ");
    let text = if silent.len() == 1 {
        let age = first.age.map_or_else(String::new, |a| format!(", last value {} ago", age(a)));
        let tries = format!(" ({} tries{age}): ", first.row.failures);
        words.own(format!("{} ", first.target().kind)).id(first.target()).own(tries)
    } else {
        words
            .own(format!("{} of {} watched: ", silent.len(), state.config.watched.len()))
            .then(named(silent, |words, l| words.name(l.target(), Some(l.name()))))
            .own("; the first: ")
    };
    Some(text.said(why, opening(why)))
}

fn named(lines: &[Line<'_>], name: impl Fn(Words, &Line<'_>) -> Words) -> Words {
    let words = lines
        .iter()
        .take(NAMED)
        .enumerate()
        .fold(Words::default(), |words, (i, line)| name(if i == 0 { words } else { words.own(", ") }, line));
    match lines.len().saturating_sub(NAMED) {
        0 => words,
        more => words.own(format!(" and {more} more")),
    }
}
