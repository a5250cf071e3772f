//! What is wrong, one banner a topic: when there is one, and whom it concerns. What it says stands in `words.rs`. A pure
//! function of [`State`].

use std::{sync::Arc, time::Duration};

use super::{names, rows::lines_in, words};
use crate::{
    alert::{Alert, Subject},
    app::model::{Concerned, Line, Notice, REPLAY, Severity, State, Topic},
    domain::{Condition, Kind, Problem, SILENT_AFTER, clean_line},
    store::{Link, Standing, Words},
};

/// Where nobody has asked for so long who is logged in, nobody does: also after failures it is asked sooner.
const UNASKED: Duration = Duration::from_secs(15 * 60);

/// One cause, in one sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct Banner {
    /// What it is about and whom it concerns, never a time: a dismissed banner stays away until that changes.
    pub id: (Topic, Concerned),
    pub severity: Severity,
    /// What to do, what is so, and since when. A narrow screen cuts its end. Not cut here; a screen makes one clean line
    /// of it.
    pub text: Words,
    /// The same where there is less room, the fuller first: what it is about is whole in each.
    pub shorter: Vec<Words>,
}

impl Banner {
    fn new(topic: Topic, concerned: Concerned, text: impl Into<Words>) -> Self {
        Banner { id: (topic, concerned), severity: topic.severity(), text: text.into(), shorter: Vec::new() }
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
    all.extend(floor(state));
    all.extend(state.shown_notices().iter().rev().map(Banner::from));
    all.sort_by_key(|b| b.severity);
    all
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
    let process = |id: &Arc<str>| Concerned::Process(id.clone());
    let concerned = match &data.poller {
        _ if state.config.mode == Some(REPLAY) => Concerned::All,
        Some(poller) => process(&poller.id),
        None if state.config.may_poll => process(&state.config.me.id),
        None => Concerned::All,
    };
    let text = words::silent(state, said);
    Some(Banner::new(Topic::Problem(Problem::Silent), concerned, clean_line(&text, 400)))
}

/// The state of the link, where it is not as it should be.
fn link(state: &State) -> Option<Banner> {
    let data = state.shown();
    let status = data.status.as_ref()?;
    let problem = status.link.problem()?;
    Some(Banner::problem(problem, words::link(state, status)?))
}

/// Other clients on the account: what they use of the limit, and that they invalidate our tokens.
fn other_clients(state: &State) -> Vec<Banner> {
    let data = state.shown();
    let mut all = Vec::new();
    let Some(status) = &data.status else { return all };
    let Some(found) = &status.other_clients else { return all };
    if let Some(others) = found.per_minute {
        all.push(Banner::problem(Problem::OtherClients, words::other_clients(state, status, others)));
    }
    // A ceiling that is reached says it all by itself.
    let told = matches!(status.link, Link::TokenCeiling { .. }) || data.usage.invalidated_1h == 0;
    if let Some(last) = found.last_invalidated.as_ref().filter(|_| !told) {
        let text = words::invalidated(state, last, found.generated_every);
        all.push(Banner::problem(Problem::Invalidated, text));
    }
    all
}

/// The IDs that the service does not know, with the place in the configuration.
fn unknown_ids(state: &State) -> Option<Banner> {
    // Once somebody has acknowledged all of them, the counts of the rows say enough.
    let subject = Subject::Problem(Problem::UnknownId);
    if super::alerts::about(state.shown(), &subject).is_some_and(Alert::is_acked) {
        return None;
    }
    let unknown = in_state(state, Condition::Invalid);
    let (text, shorter) = words::unknown_ids(state, &unknown)?;
    Some(Banner { shorter, ..Banner::new(Topic::Problem(Problem::UnknownId), rows(&unknown), text) })
}

/// Whoever is logged in is to be watched, and that are too many, or nobody knows.
fn floor(state: &State) -> Option<Banner> {
    state.config.floor.as_ref()?;
    if state.on_floor.left_out > 0 {
        return Some(Banner::problem(Problem::ManyLogins, words::many_logins(state)));
    }
    let data = state.shown();
    let known = data.presence.as_deref();
    // While the service is not checked at all, that is what is told.
    if known.is_some_and(|known| known.fresh(&data.now).is_some())
        || !matches!(data.status.as_ref().map(|status| &status.link), Some(Link::Live))
    {
        return None;
    }
    let asked = known.and_then(|known| known.asked.as_ref()).map(|at| at.age(&data.now));
    let running = state.started.stamp().age(&data.now);
    let text = match known.map(|known| &known.standing) {
        Some(Standing::Refused { why, .. }) => words::no_logins(why),
        Some(Standing::Failing { why, since }) => words::late_logins(state, why, since),
        _ if asked.unwrap_or(running).min(running) >= UNASKED => words::unasked_logins().into(),
        _ => return None,
    };
    Some(Banner::problem(Problem::NoLogins, text))
}

/// Rows that get no good answer although the link is alive.
fn no_answer(state: &State) -> Option<Banner> {
    let data = state.shown();
    if !matches!(data.status.as_ref().map(|s| &s.link), Some(Link::Live)) {
        return None;
    }
    let silent = in_state(state, Condition::Failing);
    let text = words::no_answer(state, &silent)?;
    Some(Banner::new(Topic::Problem(Problem::NoAnswer), rows(&silent), text))
}

fn in_state(state: &State, condition: Condition) -> Vec<Line<'_>> {
    Kind::ALL.into_iter().flat_map(|kind| lines_in(state, kind, condition)).collect()
}

fn rows(lines: &[Line<'_>]) -> Concerned {
    Concerned::Rows(lines.iter().map(|line| line.target().clone()).collect())
}

/// The text of a banner: one clean line, not cut.
pub fn told(state: &State, banner: &Banner, ascii: bool) -> String {
    line(state, &banner.text, ascii)
}

/// The same, and what is told where there is less room.
pub fn texts(state: &State, banner: &Banner, ascii: bool) -> impl Iterator<Item = String> {
    [&banner.text].into_iter().chain(&banner.shorter).map(move |text| line(state, text, ascii))
}

fn line(state: &State, text: &Words, ascii: bool) -> String {
    clean_line(&names::told(state, text, ascii), 600)
}
