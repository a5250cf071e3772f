//! What is wrong, one banner a topic. Each begins with what to do. A pure function of [`State`].

use std::{sync::Arc, time::Duration};

use super::{
    names,
    rows::{lines_in, shown_now},
    text::{age, moment, spoken},
};
use crate::{
    alert::{Alert, Subject},
    app::model::{Concerned, Line, Notice, REPLAY, Severity, State, Topic},
    domain::{Condition, EventTime, Kind, Now, Problem, SILENT_AFTER, clean_line, opening},
    poll::INVALID_INTERVAL,
    store::{Link, Words},
};

/// How many targets a sentence names before it counts the rest.
const NAMED: usize = 3;

/// One cause, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    /// What it is about and whom it concerns, never a time: a dismissed banner stays away until that changes.
    pub id: (Topic, Concerned),
    pub severity: Severity,
    /// What to do, what is so, and since when. A narrow screen cuts its end. Not cut here; a screen makes one clean line
    /// of it.
    pub text: Words,
}

impl Banner {
    fn new(topic: Topic, concerned: Concerned, text: impl Into<Words>) -> Self {
        Banner { id: (topic, concerned), severity: topic.severity(), text: text.into() }
    }

    fn problem(problem: Problem, text: impl Into<Words>) -> Self {
        Banner::new(Topic::Problem(problem), Concerned::All, text)
    }

    /// True where it is about single agents, whose names not every screen may show.
    pub fn names_agents(&self) -> bool {
        matches!(self.id.1, Concerned::Rows(_))
    }
}

/// What a notice says.
impl From<&Notice> for Banner {
    fn from(notice: &Notice) -> Self {
        Banner::new(notice.topic, Concerned::All, notice.words())
    }
}

/// All banners that were not dismissed, worst first.
pub fn banners(state: &State) -> Vec<Banner> {
    let mut all = causes(state);
    all.retain(|b| !state.notices.dismissed.contains(&b.id));
    all
}

/// All banners, dismissed or not, worst first.
pub fn causes(state: &State) -> Vec<Banner> {
    let mut all: Vec<Banner> = Vec::new();
    match silent(state) {
        // What a silent poller said of the link is not known to be so any more.
        Some(banner) => all.push(banner),
        None => all.extend(link(state).into_iter().chain(other_clients(state)).chain(no_answer(state))),
    }
    all.extend(unknown_ids(state));
    all.extend(state.shown_notices().iter().rev().map(Banner::from));
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
        Problem::Throttled => "wait; see budget",
        Problem::Silent => "start `ahtop serve`, or a dashboard that has credentials",
        Problem::OtherClients => "stop the other client, or set [budget] reserve",
        Problem::Invalidated => {
            "stop the other client, or give ahtop its tokens by [auth] token_command or mode = \"basic\""
        }
        Problem::Stale => "see service and budget",
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

/// Nobody checks the service, or who does has said nothing for a while.
fn silent(state: &State) -> Option<Banner> {
    let data = state.shown();
    let running = state.started.stamp().age(&data.now);
    let said = data.status.as_ref().map(|s| s.at.age(&data.now));
    // What lies before our own start is no silence: the first answer may still be on its way.
    if said.unwrap_or(running).min(running) < SILENT_AFTER {
        return None;
    }
    let since = said.map_or_else(String::new, |s| format!(" for {}", spoken(s)));
    let process = |id: &Arc<str>| Concerned::Process(id.clone());
    let (concerned, text) = match (&data.poller, state.config.may_poll) {
        _ if state.config.mode == Some(REPLAY) => {
            (Concerned::All, format!("Nobody checked the service at that time{since}: the numbers stand still"))
        }
        (Some(p), _) if p.id == state.config.me.id => {
            (process(&p.id), format!("Restart this ahtop: it has not checked the service{since}. The log says why"))
        }
        (Some(p), _) => (
            process(&p.id),
            format!(
                "Restart {} on {}: it has not checked the service{since}, the numbers stand still. Its log says why",
                p.label(),
                p.host
            ),
        ),
        (None, true) => (
            process(&state.config.me.id),
            format!("Wait a moment: nobody has checked the service{since}, this ahtop takes over"),
        ),
        (None, false) => (
            Concerned::All,
            format!("Start `ahtop serve`, or a dashboard that has credentials: nobody has checked the service{since}"),
        ),
    };
    Some(Banner::new(Topic::Problem(Problem::Silent), concerned, clean_line(&text, 400)))
}

/// The state of the link, where it is not as it should be.
fn link(state: &State) -> Option<Banner> {
    let data = state.shown();
    let status = data.status.as_ref()?;
    let problem = status.link.problem()?;
    let now = shown_now(state);
    let since = moment(status.since.wall, now.wall, &state.config.zone);
    let until = |stamp: &EventTime| match left(stamp, &now) {
        Some(left) => format!("in {}", spoken(left)),
        None => "now".to_owned(),
    };
    // What others said stands at the end: its length is not ours to choose.
    let because = |what: String, why: &str| Words::from(what).own(": ").said(why, opening(why));
    let usage = &data.usage;
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
    Some(Banner::problem(problem, text))
}

/// Other clients on the account: what they use of the limit, and that they invalidate our tokens.
fn other_clients(state: &State) -> Vec<Banner> {
    let data = state.shown();
    let now = shown_now(state);
    let mut all = Vec::new();
    let Some(status) = &data.status else { return all };
    let Some(found) = &status.other_clients else { return all };
    let budget = state.config.budget;
    if let Some(others) = found.per_minute {
        let text = format!(
            "Stop the other client, or set [budget] reserve to {:.0}: it uses about {others:.0} of {} requests/min. A \
             cycle takes {}",
            others.ceil().min(f64::from(budget.requests_per_minute.saturating_sub(1))),
            budget.requests_per_minute,
            spoken(status.sweep),
        );
        all.push(Banner::problem(Problem::OtherClients, text));
    }
    let invalidations = data.usage.invalidated_1h;
    // A ceiling that is reached says it all by itself.
    let told = matches!(status.link, Link::TokenCeiling { .. });
    if let Some(last) = found.last_invalidated.as_ref().filter(|_| !told && invalidations > 0) {
        let text = format!(
            "Stop the other client, or use [auth] token_command or mode = \"basic\": {invalidations} token{} invalidated \
             this hour, last at {}{}",
            if invalidations == 1 { "" } else { "s" },
            moment(last.wall, now.wall, &state.config.zone),
            every(found.generated_every),
        );
        all.push(Banner::problem(Problem::Invalidated, text));
    }
    all
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

/// The IDs that the service does not know, with the place in the configuration.
fn unknown_ids(state: &State) -> Option<Banner> {
    // Once somebody has acknowledged all of them, the counts of the rows say enough.
    let subject = Subject::Problem(Problem::UnknownId);
    if super::alerts::about(state.shown(), &subject).is_some_and(Alert::is_acked) {
        return None;
    }
    let unknown = in_state(state, Condition::Invalid);
    let now = shown_now(state);
    let first = unknown.first()?;
    let text = if unknown.len() == 1 {
        let what = match first.target().kind {
            Kind::Agent => "agent ID",
            Kind::Campaign => "campaign",
        };
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
        Words::from(format!("Fix {place}: {what} ")).id(first.target()).own(format!(" is unknown{checked}"))
    } else {
        Words::from(format!("Fix {} unknown IDs, `ahtop check --live` lists them: ", unknown.len()))
            .then(named(&unknown, |words, l| words.id(l.target()).own(format!(" ({})", l.watched.origin))))
    };
    Some(Banner::new(Topic::Problem(Problem::UnknownId), rows(&unknown), text))
}

/// Rows that get no good answer although the link is alive.
fn no_answer(state: &State) -> Option<Banner> {
    let data = state.shown();
    if !matches!(data.status.as_ref().map(|s| &s.link), Some(Link::Live)) {
        return None;
    }
    let silent = in_state(state, Condition::Failing);
    let first = silent.first()?;
    let why = first.row.error().unwrap_or("no good answer");
    let words = Words::from("Run `ahtop doctor --live`: no answer for ");
    let text = if silent.len() == 1 {
        let age = first.age.map_or_else(String::new, |a| format!(", last value {} ago", age(a)));
        let tries = format!(" ({} tries{age}): ", first.row.failures);
        words.own(format!("{} ", first.target().kind)).id(first.target()).own(tries)
    } else {
        words
            .own(format!("{} of {} watched: ", silent.len(), data.rows.len()))
            .then(named(&silent, |words, l| words.name(l.target(), Some(l.name()))))
            .own("; the first: ")
    };
    Some(Banner::new(Topic::Problem(Problem::NoAnswer), rows(&silent), text.said(why, opening(why))))
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

fn rows(lines: &[Line<'_>]) -> Concerned {
    Concerned::Rows(lines.iter().map(|line| line.target().clone()).collect())
}

/// The text of a banner: one clean line, not cut.
pub fn told(state: &State, banner: &Banner, ascii: bool) -> String {
    clean_line(&names::told(state, &banner.text, ascii), 600)
}
