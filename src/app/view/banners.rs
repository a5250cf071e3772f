//! What is wrong, one banner a cause, each with what to do about it. A pure function of [`State`].

use std::time::Duration;

use super::{
    names,
    rows::{lines_in, shown_now},
    text::{age, brief, moment},
};
use crate::{
    app::model::{Line, REPLAY, Severity, State},
    domain::{Condition, EventTime, Kind, Now, Problem, SILENT_AFTER, clean_line, opening},
    poll::INVALID_INTERVAL,
    store::{Link, Words},
};

/// How many targets a sentence names before it counts the rest.
const NAMED: usize = 3;

/// One cause, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    /// Names the cause and whom it concerns, never a time: a dismissed banner stays away until that changes.
    pub key: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is so, since when, and what to do. Not cut; a screen makes one clean line of it.
    pub text: Words,
}

/// All banners that were not dismissed, worst first.
pub fn banners(state: &State) -> Vec<Banner> {
    let mut all = causes(state);
    all.retain(|b| !state.notices.dismissed.contains(&b.key));
    all
}

/// All banners, dismissed or not, worst first.
pub fn causes(state: &State) -> Vec<Banner> {
    let mut all: Vec<Banner> = Vec::new();
    match silent(state) {
        // What a silent poller said of the link is not known to be so any more.
        Some(banner) => all.push(banner),
        None => all.extend(link(state).into_iter().chain(other_clients(state)).chain(failing(state))),
    }
    all.extend(invalid(state));
    all.extend(state.shown_notices().iter().rev().map(|n| Banner {
        key: n.key.clone(),
        severity: n.severity,
        text: n.words(),
    }));
    all.sort_by_key(|b| b.severity);
    all
}

/// What to do about `problem` in words that stay the same, as a part of a sentence; empty where nothing is to be done.
pub const fn remedy(problem: Problem) -> &'static str {
    match problem {
        Problem::Credentials => "correct [auth] or [account] user_name; `ahtop doctor --live` tries them",
        Problem::Token => "wait; if it lasts, see token",
        Problem::TokenCeiling => "stop the other client that generates tokens; see token",
        Problem::Service | Problem::NoAnswer => "`ahtop doctor --live` says where it fails",
        Problem::Throttled => "it passes; see budget",
        Problem::Silent => "start `ahtop serve`, or a dashboard that has credentials",
        Problem::OtherClients => "stop the other client, or set [budget] reserve",
        Problem::Invalidated => {
            "stop the other client, or give ahtop its tokens by [auth] token_command or mode = \"basic\""
        }
        Problem::Stale => "see service and budget",
        Problem::UnknownId => "correct the ID in the configuration; `ahtop check --live` finds all of them",
        Problem::StoreRead | Problem::StoreWrite | Problem::StoreDegraded => "make the store readable and writable",
        Problem::StoreQuarantined => "check the disk",
        Problem::StoreOther => "point [store] url of both at one file",
        Problem::LedgerMissing => "make the directory of the store writable",
        Problem::OtherBoot => "run all dashboards of this store in one container or on the machine itself",
        Problem::Waiting | Problem::LedgerNew | Problem::Closed => "",
    }
}

/// Nobody polls, or who does has said nothing for a while.
fn silent(state: &State) -> Option<Banner> {
    let data = state.shown();
    let running = state.started.stamp().age(&data.now);
    let said = data.status.as_ref().map(|s| s.at.age(&data.now));
    // What lies before our own start is no silence: the first answer may still be on its way.
    if said.unwrap_or(running).min(running) < SILENT_AFTER {
        return None;
    }
    let since = said.map_or_else(String::new, |s| format!(" for {}", brief(s)));
    let (key, text) = match (&data.poller, state.config.may_poll) {
        _ if state.config.mode == Some(REPLAY) => {
            ("silent:past".to_owned(), format!("Nobody had polled{since} at that time: the numbers stand still"))
        }
        (Some(p), _) if p.id == state.config.me.id => {
            ("silent:me".to_owned(), format!("Our own poller has said nothing{since}: see the log, or restart ahtop"))
        }
        (Some(p), _) => (
            format!("silent:{}", p.id),
            format!(
                "The poller {} on {} has said nothing{since}: the numbers stand still; see its log, or restart it",
                p.label(),
                p.host
            ),
        ),
        (None, true) => {
            ("silent:none".to_owned(), format!("Nobody has polled{since}; this ahtop is about to take over"))
        }
        (None, false) => (
            "silent:viewer".to_owned(),
            format!("Nobody has polled{since}: start `ahtop serve`, or a dashboard that has credentials"),
        ),
    };
    Some(Banner { key, severity: Severity::Error, text: clean_line(&text, 400).into() })
}

/// The state of the link, where it is not as it should be.
fn link(state: &State) -> Option<Banner> {
    let data = state.shown();
    let status = data.status.as_ref()?;
    let now = shown_now(state);
    let since = moment(status.since.wall, now.wall, &state.config.zone);
    let until = |stamp: &EventTime| match left(stamp, &now) {
        Some(left) => format!("in {}", brief(left)),
        None => "now".to_owned(),
    };
    let because = |what: String, why: &str| Words::from(what).own(": ").said(why, opening(why));
    let (key, severity, text): (_, _, Words) = match &status.link {
        Link::Starting | Link::Live => return None,
        Link::Closed { until: at } => (
            "closed",
            Severity::Info,
            match at {
                Some(at) => format!(
                    "CLOSED: quiet hours until {}; nothing is polled, the values are from before",
                    clock(at.wall, &state.config.zone)
                ),
                None => "CLOSED: the quiet hours never end; nothing is polled. See [quiet] hours".to_owned(),
            }
            .into(),
        ),
        Link::Throttled { until: at } => (
            "throttled",
            Severity::Warning,
            format!(
                "Throttled by the service, asking again {}, at {:.0} a minute ({} in the last hour). If others use the \
                 account, raise [budget] reserve",
                until(at),
                status.rate,
                data.usage.throttled_1h
            )
            .into(),
        ),
        Link::TokenWait { until: at, why } => (
            "token-wait",
            Severity::Warning,
            because(format!("No token since {since}, next try {}", until(at)), why)
                .own("; the values stay with their ages"),
        ),
        Link::TokenCeiling { until: at } if data.usage.invalidated_1h == 0 => (
            "token-ceiling",
            Severity::Error,
            format!(
                "Blind since {since}, next try {}: {} tries to get a token within an hour, the most that ahtop makes, \
                 brought none that works; the log says why",
                until(at),
                data.usage.generated_1h
            )
            .into(),
        ),
        Link::TokenCeiling { until: at } => (
            "token-ceiling",
            Severity::Error,
            format!(
                "Blind since {since}, next token {}: {} tokens minted in an hour, {} killed by another program that \
                 mints too{}. Stop it, or share one token by [auth] token_command",
                until(at),
                data.usage.generated_1h,
                data.usage.invalidated_1h,
                status
                    .other_clients
                    .as_ref()
                    .and_then(|s| s.generated_every)
                    .map_or_else(String::new, |d| format!(" about every {}", about(d))),
            )
            .into(),
        ),
        Link::Credentials { why, until: at } => (
            "credentials",
            Severity::Error,
            because(format!("Credentials are refused since {since}, next try {}", until(at)), why),
        ),
        Link::Down { why, since: from, until: at } => (
            "down",
            Severity::Error,
            because(
                format!(
                    "The service does not answer since {} ({}), next probe {}",
                    moment(from.wall, now.wall, &state.config.zone),
                    brief(from.age(&now)),
                    until(at)
                ),
                why,
            ),
        ),
    };
    Some(Banner { key: key.to_owned(), severity, text })
}

/// Other clients on the account: what they use of the limit, and that they kill our tokens.
fn other_clients(state: &State) -> Vec<Banner> {
    let data = state.shown();
    let now = shown_now(state);
    let mut all = Vec::new();
    let Some(status) = &data.status else { return all };
    let Some(found) = &status.other_clients else { return all };
    let mut add = |key: &str, text: String| {
        all.push(Banner { key: key.to_owned(), severity: Severity::Warning, text: text.into() });
    };
    let budget = state.config.budget;
    if let Some(others) = found.per_minute {
        add(
            "strangers:use",
            format!(
                "Others use about {others:.0} of the account's {} requests a minute: ahtop asks {:.0} a minute, a sweep \
                 takes {}. Find and stop the other client, or set [budget] reserve to {:.0} if it is to stay",
                budget.requests_per_minute,
                status.rate.max(0.0),
                brief(status.sweep),
                others.ceil().min(f64::from(budget.requests_per_minute.saturating_sub(1))),
            ),
        );
    }
    let invalidations = data.usage.invalidated_1h;
    // A ceiling that is reached says it all by itself.
    let told = matches!(status.link, Link::TokenCeiling { .. });
    if let Some(last) = found.last_invalidated.as_ref().filter(|_| !told && invalidations > 0) {
        let every = found.generated_every.map_or_else(String::new, |d| format!(" about every {}", about(d)));
        let count = if invalidations == 1 { "1 token".to_owned() } else { format!("{invalidations} tokens") };
        add(
            "strangers:mint",
            format!(
                "Another program mints tokens on this account{every}: {count} of ours died early within the hour, the \
                 last at {}. Give ahtop its tokens by [auth] token_command, use mode = \"basic\", or stop the other \
                 program",
                moment(last.wall, now.wall, &state.config.zone),
            ),
        );
    }
    all
}

/// An estimate in one unit, rounded: `40s`, `5m`, `3h`.
fn about(span: Duration) -> String {
    match span.as_secs() {
        s @ 0..120 => format!("{s}s"),
        s @ 120..7200 => format!("{}m", (s + 30) / 60),
        s => format!("{}h", (s + 1800) / 3600),
    }
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

/// The ids that the service does not know, with the place in the configuration.
fn invalid(state: &State) -> Option<Banner> {
    let bad = in_state(state, Condition::Invalid);
    let now = shown_now(state);
    let (first, more) = (bad.first()?, bad.len() - 1);
    let since = first
        .row
        .failing_since
        .as_ref()
        .map_or_else(String::new, |at| format!(" since {}", moment(at.wall, now.wall, &state.config.zone)));
    let retry = match &first.row.last {
        Some((_, at)) if first.row.failures >= 2 => {
            let left = INVALID_INTERVAL.saturating_sub(at.age(&now));
            if left.is_zero() { "next try now".to_owned() } else { format!("next try in {}", brief(left)) }
        }
        _ => "asked once more before it rests".to_owned(),
    };
    let text = if more == 0 {
        let parameter = match first.target().kind {
            Kind::Agent => "agentId",
            Kind::Campaign => "campaignName",
        };
        let place = match &*first.watched.origin {
            super::follow::ORIGIN => "it where it is configured",
            origin => origin,
        };
        Words::default().id(first.target()).own(format!(": {parameter} is invalid{since}, {retry}: correct {place}"))
    } else {
        Words::from(format!("{} ids are invalid: ", bad.len()))
            .then(named(&bad, |words, l| words.id(l.target()).own(format!(" ({})", l.watched.origin))))
            .own("; each is asked again every 30m")
    };
    Some(Banner { key: key("invalid", &bad), severity: Severity::Warning, text })
}

/// Rows that get no good answer although the link is alive.
fn failing(state: &State) -> Option<Banner> {
    let data = state.shown();
    if !matches!(data.status.as_ref().map(|s| &s.link), Some(Link::Live)) {
        return None;
    }
    let bad = in_state(state, Condition::Failing);
    let first = bad.first()?;
    let old = first.age.map_or_else(|| "never read".to_owned(), |a| format!("not refreshed for {}", age(a)));
    let why = first.row.error().unwrap_or("no good answer");
    let text = if bad.len() == 1 {
        Words::from(format!("{} ", first.target().kind))
            .id(first.target())
            .own(format!(" {old} ({} failures): ", first.row.failures))
    } else {
        Words::from(format!("{} rows get no good answer: ", bad.len()))
            .then(named(&bad, |words, l| words.name(l.target(), Some(l.name()))))
            .own("; the first: ")
    };
    let text = text.said(why, opening(why));
    Some(Banner { key: key("failing", &bad), severity: Severity::Warning, text })
}

fn in_state(state: &State, condition: Condition) -> Vec<Line<'_>> {
    Kind::ALL.into_iter().flat_map(|kind| lines_in(state, kind, condition)).collect()
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

fn key(cause: &str, lines: &[Line<'_>]) -> String {
    let mut key = cause.to_owned();
    for line in lines {
        key.push(':');
        key.push_str(&line.target().to_string());
    }
    key
}

/// The text of a banner: one clean line, not cut.
pub fn told(state: &State, banner: &Banner, ascii: bool) -> String {
    clean_line(&names::told(state, &banner.text, ascii), 600)
}
