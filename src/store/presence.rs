//! Who is logged in, as all dashboards of the account share it: one document, written by who polls.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{Store, StoreError};
use crate::domain::{AHT_WINDOW, EventTime, LoggedIn, Now, PresencePicture, Rest, Row, Target};

/// Names the document.
const DOCUMENT: &str = "presence";
/// Who was out for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(24 * 3600);
/// Most agents that are remembered.
const MOST: usize = 10_000;

/// What is known of who is logged in, and how the account answers who asks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// The last list; kept while nothing newer is known, with its age.
    pub picture: Option<PresencePicture>,
    /// Since when each agent is as the last list says, as far as that was seen.
    #[serde(default)]
    since: BTreeMap<Arc<str>, Since>,
    #[serde(default)]
    pub standing: Standing,
    /// When it was asked last.
    #[serde(default)]
    pub asked: Option<EventTime>,
    /// Who cannot change, by who polls.
    #[serde(default)]
    resting: Resting,
}

/// The agents that are logged out and have no calls: they are asked rarely.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resting {
    /// How often each is asked, in seconds.
    every: BTreeMap<Arc<str>, u32>,
    /// So many seconds later it is asked at the latest, since others may be asked before it.
    late: u32,
}

impl Resting {
    /// `every`: each agent and how often it is asked, `late`: how much later at most.
    pub fn new<'a>(every: impl IntoIterator<Item = (&'a Target, Duration)>, late: Duration) -> Self {
        let secs = |d: Duration| u32::try_from(d.as_secs()).unwrap_or(u32::MAX);
        let every = every.into_iter().take(MOST).map(|(target, d)| (Arc::clone(&target.id), secs(d))).collect();
        Resting { every, late: secs(late) }
    }
}

/// How the account answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Standing {
    /// Not asked yet, or not often enough to tell.
    #[default]
    Unknown,
    /// It gives the list.
    Listed,
    /// The account does not give the list: what the service said, and when it is asked again.
    Refused { why: Arc<str>, until: EventTime },
    /// No answer, or too many requests: it is tried again.
    Failing { why: Arc<str>, since: EventTime },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Since {
    at: EventTime,
    /// The change was seen; otherwise it was so from the first look on.
    seen: bool,
    logged_in: bool,
    #[serde(default)]
    state: Option<Arc<str>>,
}

/// How an agent is, by the last list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentPresence<'a> {
    pub login: AgentLogin<'a>,
    /// Since when; `None` where the change was not seen.
    pub since: Option<&'a EventTime>,
    /// The list is so old that nobody should go by it.
    pub stale: bool,
}

/// Logged in or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentLogin<'a> {
    In {
        /// The service's own word.
        state: Option<&'a str>,
    },
    Out,
}

impl Presence {
    /// Takes in a list of `agents` that arrived at `now`. `complete`: who is not in it is logged out; otherwise nothing
    /// is said of them, and they stay as they were.
    #[must_use]
    pub fn listed(self, agents: Vec<LoggedIn>, complete: bool, interval: Duration, now: &Now) -> Presence {
        let at = now.stamp();
        let first = self.picture.is_none();
        let mut agents = agents;
        if !complete && let Some(old) = &self.picture {
            let named: HashSet<Arc<str>> = agents.iter().map(|agent| Arc::clone(&agent.id)).collect();
            agents.extend(old.agents.values().filter(|agent| !named.contains(&agent.id)).cloned());
        }
        agents.truncate(MOST);
        let picture = PresencePicture::new(at.clone(), interval, agents);
        // Behind a long gap nobody saw who logged out when: they count from the last look.
        let gap = self.picture.filter(|old| old.age(now) >= AHT_WINDOW).map(|old| old.seen);
        let out = Since { seen: gap.is_none(), at: gap.unwrap_or_else(|| at.clone()), logged_in: false, state: None };
        let mut since = self.since;
        for (id, entry) in &mut since {
            if entry.logged_in && !picture.agents.contains_key(id) {
                *entry = out.clone();
            }
        }
        for (id, agent) in &picture.agents {
            let same = since.get(id).is_some_and(|entry| entry.logged_in && entry.state == agent.state);
            if !same {
                // Who appears in the first list may have been there for hours.
                let entry = Since { at: at.clone(), seen: !first, logged_in: true, state: agent.state.clone() };
                since.insert(id.clone(), entry);
            }
        }
        since.retain(|_, entry| entry.logged_in || entry.at.age(now) < FORGOTTEN);
        let resting = self.resting;
        Presence { picture: Some(picture), since, standing: Standing::Listed, asked: Some(at), resting }
    }

    /// The same with another answer of the account.
    #[must_use]
    pub fn with(self, standing: Standing) -> Presence {
        Presence { standing, ..self }
    }

    /// How `target` is; `None` where nothing is known of it: a campaign, or no list yet.
    pub fn of(&self, target: &Target, now: &Now) -> Option<AgentPresence<'_>> {
        let picture = self.picture.as_ref().filter(|_| target.kind == crate::domain::Kind::Agent)?;
        let login = match picture.of(target) {
            Some(agent) => AgentLogin::In { state: agent.state.as_deref() },
            None => AgentLogin::Out,
        };
        let since = self.since.get(&target.id).filter(|entry| entry.seen).map(|entry| &entry.at);
        Some(AgentPresence { login, since, stale: picture.is_stale(now) })
    }

    /// The same with other agents that rest.
    #[must_use]
    pub fn with_resting(self, resting: Resting) -> Presence {
        Presence { resting, ..self }
    }

    /// Tells `row` whether it rests.
    pub fn mark(&self, row: &mut Row) {
        let agent = row.target.kind == crate::domain::Kind::Agent;
        let every = self.resting.every.get(&row.target.id).filter(|_| agent);
        row.rest = every.zip(self.picture.as_ref()).map(|(secs, picture)| {
            let every = Duration::from_secs(u64::from(*secs));
            let at_most = every + Duration::from_secs(u64::from(self.resting.late));
            Rest { every, at_most, seen: picture.seen.clone(), good_for: picture.good_for() }
        });
    }

    /// How many rest, as far as the list is fresh enough to go by.
    pub fn resting(&self, now: &Now) -> usize {
        self.fresh(now).map_or(0, |_| self.resting.every.len())
    }

    /// When `id` was seen to log out; `None` where that was not seen.
    pub fn out_since(&self, id: &str) -> Option<&EventTime> {
        self.since.get(id).filter(|entry| !entry.logged_in).map(|entry| &entry.at)
    }

    /// Everybody who was logged in within a day, and for how long not any more; `None`: by the last list they are.
    pub fn agents(&self, now: &Now) -> impl Iterator<Item = (&Arc<str>, Option<Duration>)> {
        let last = self.picture.as_ref().is_some_and(|picture| picture.age(now) < FORGOTTEN);
        let known = self.since.iter().map(|(id, entry)| (id, (!entry.logged_in).then(|| entry.at.age(now))));
        known.filter(move |(_, out)| last && out.is_none_or(|out| out < FORGOTTEN))
    }

    /// The list, where it is fresh enough to go by.
    pub fn fresh(&self, now: &Now) -> Option<&PresencePicture> {
        self.picture.as_ref().filter(|picture| !picture.is_stale(now))
    }
}

/// All rows with the readings of the time `back`, and which of them rest.
pub fn rows(store: &dyn Store, back: Duration) -> Result<BTreeMap<Target, Row>, StoreError> {
    rows_and_presence(store, back).map(|(rows, _)| rows)
}

/// The same with who is logged in, where that was asked.
pub fn rows_and_presence(
    store: &dyn Store,
    back: Duration,
) -> Result<(BTreeMap<Target, Row>, Option<Presence>), StoreError> {
    let mut rows = store.snapshot(back)?.rows;
    let presence = read_presence(store, &mut 0)?;
    if let Some(presence) = &presence {
        rows.iter_mut().for_each(|row| presence.mark(row));
    }
    Ok((rows.into_iter().map(|row| (row.target.clone(), row)).collect(), presence))
}

/// What is in the store, if it has changed since `known`, which is brought up to date.
pub fn read_presence(store: &dyn Store, known: &mut u64) -> Result<Option<Presence>, StoreError> {
    let Some(found) = store.document(DOCUMENT, *known)? else { return Ok(None) };
    *known = found.revision;
    // What another version wrote and this one does not understand is as if nobody had asked.
    Ok(Some(serde_json::from_str(&found.text).unwrap_or_default()))
}

/// Writes it over the revision `known`; false where somebody else has written meanwhile.
pub fn write_presence(store: &dyn Store, presence: &Presence, known: &mut u64) -> Result<bool, StoreError> {
    let text = serde_json::to_string(presence).map_err(|e| StoreError::Other(e.to_string()))?;
    let written = store.set_document(DOCUMENT, *known, &text)?;
    *known = written.unwrap_or(*known);
    Ok(written.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, ManualClock, Outcome, Reading};
    use crate::store::parts::ReadingStore;

    const MINUTE: Duration = Duration::from_secs(60);

    fn agent(id: &str, state: &str) -> LoggedIn {
        LoggedIn { id: id.into(), name: None, state: Some(state.into()) }
    }

    fn login<'a>(presence: &'a Presence, id: &str, now: &Now) -> (AgentLogin<'a>, Option<i64>) {
        let of = presence.of(&Target::agent(id), now).unwrap();
        (of.login, of.since.map(|at| at.mono.0))
    }

    #[test]
    fn changes_have_their_time_and_what_was_so_at_the_first_look_has_none() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let start = clock.now().mono.0;
        let one =
            Presence::default().listed(vec![agent("a", "READY"), agent("b", "READY")], true, MINUTE, &clock.now());
        let ready = AgentLogin::In { state: Some("READY") };
        assert_eq!(login(&one, "a", &clock.now()), (ready, None));
        assert_eq!(login(&one, "x", &clock.now()), (AgentLogin::Out, None));
        clock.advance(MINUTE);
        let two = one.clone().listed(vec![agent("a", "PAUSE"), agent("c", "READY")], true, MINUTE, &clock.now());
        clock.advance(MINUTE);
        let three = two.listed(vec![agent("a", "PAUSE"), agent("c", "READY")], true, MINUTE, &clock.now());
        let now = clock.now();
        let at = Some(start + 60_000);
        assert_eq!(login(&three, "a", &now), (AgentLogin::In { state: Some("PAUSE") }, at));
        assert_eq!(login(&three, "b", &now), (AgentLogin::Out, at));
        assert_eq!(login(&three, "c", &now), (ready, at));
        assert_eq!(three.out_since("b").map(|at| at.mono.0), at);
        assert_eq!(three.of(&Target::campaign("a"), &now), None);
        clock.advance(MINUTE * 3);
        assert!(three.of(&Target::agent("a"), &clock.now()).unwrap().stale && three.fresh(&clock.now()).is_none());
    }

    #[test]
    fn an_incomplete_list_logs_nobody_out() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let one =
            Presence::default().listed(vec![agent("a", "READY"), agent("b", "READY")], true, MINUTE, &clock.now());
        let two = one.listed(vec![agent("a", "PAUSE")], false, MINUTE, &clock.now());
        assert_eq!(login(&two, "b", &clock.now()).0, AgentLogin::In { state: Some("READY") });
    }

    #[test]
    fn who_rests_is_stored_and_counts_as_long_as_the_list() {
        let clock = Arc::new(ManualClock::at(jiff::Timestamp::UNIX_EPOCH));
        let store = super::super::SqliteStore::memory(clock.clone()).unwrap();
        let (a, b) = (Target::agent("a"), Target::agent("b"));
        let read =
            |target: &Target, outcome| Reading { target: target.clone(), at: clock.now().stamp(), outcome, name: None };
        let value = Outcome::Value(crate::domain::Aht::from_secs(200));
        store.append(&[read(&a, Outcome::NoCalls), read(&b, Outcome::NoCalls)]).unwrap();
        let resting = Resting::new([(&a, MINUTE * 10)], MINUTE * 2);
        let presence = Presence::default().listed(vec![], true, MINUTE, &clock.now()).with_resting(resting);
        write_presence(&store, &presence, &mut 0).unwrap();
        clock.advance(MINUTE * 2);
        let resting = |store: &dyn Store| {
            let rows = rows(store, Duration::ZERO).unwrap();
            [&a, &b].map(|t| rows[t].resting(&clock.now()).map(|rest| (rest.every, rest.at_most)))
        };
        assert_eq!(resting(&store), [Some((MINUTE * 10, MINUTE * 12)), None]);
        assert_eq!(presence.resting(&clock.now()), 1);
        let row = |target| rows(&store, Duration::ZERO).unwrap()[target].clone();
        assert_eq!(row(&a).stale_after(&clock.now(), MINUTE * 3), MINUTE * 15);
        assert_eq!(row(&b).stale_after(&clock.now(), MINUTE * 3), MINUTE * 3);
        // Whoever has a call does not rest, whatever was said before.
        store.append(&[read(&a, value)]).unwrap();
        assert_eq!(resting(&store), [None, None]);
        store.append(&[read(&a, Outcome::NoCalls)]).unwrap();
        clock.advance(MINUTE);
        assert_eq!((resting(&store), presence.resting(&clock.now())), ([None, None], 0));
    }

    #[test]
    fn it_is_written_and_read_and_never_written_over_a_newer_one() {
        let clock = Arc::new(ManualClock::at(jiff::Timestamp::UNIX_EPOCH));
        let store = super::super::SqliteStore::memory(clock.clone()).unwrap();
        let (mut mine, mut other) = (0, 0);
        assert_eq!(read_presence(&store, &mut mine).unwrap(), None);
        let one = Presence::default().listed(vec![agent("a", "READY")], true, MINUTE, &clock.now());
        assert!(write_presence(&store, &one, &mut mine).unwrap());
        assert_eq!(read_presence(&store, &mut other).unwrap(), Some(one.clone()));
        assert_eq!(read_presence(&store, &mut other).unwrap(), None);
        assert!(write_presence(&store, &Presence::default(), &mut other).unwrap());
        assert!(!write_presence(&store, &one, &mut mine).unwrap());
    }
}
