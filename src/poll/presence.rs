//! Who is logged in: when to ask, and what an answer means. Pure but for the clock that is passed in.
//!
//! Not every account gives the list, and a refusal is believed only when it came several times while all went well: the
//! token may have been invalidated at that moment, which only an AHT request can tell.

use std::{sync::Arc, time::Duration};

use crate::{
    api::{ListReply, Login},
    domain::{BootTime, LoggedIn, Now, PresencePicture, Target},
    store::{Presence, Resting, Standing},
};

/// An account that refuses is asked again after this long.
const REFUSED: Duration = Duration::from_secs(24 * 3600);
/// So many refusals in a row are believed.
const BELIEVED: u32 = 3;
/// The longest distance between two requests that brought nothing.
const LONGEST: Duration = Duration::from_secs(600);
/// The service has a limit of its own of five a minute: two requests are never nearer than this, whoever sent the last.
const NEAREST: Duration = Duration::from_secs(15);

/// Asks at the configured interval, and rarely where that brings nothing.
#[derive(Debug, Default)]
pub(super) struct PresenceKeeper {
    /// `None`: nothing is asked.
    interval: Option<Duration>,
    /// What is known and shared.
    pub(super) known: Presence,
    /// The revision of the document.
    pub(super) revision: u64,
    /// Nothing is asked before.
    next: Option<BootTime>,
    /// A request is under way.
    pub(super) asking: bool,
    /// Answers in a row that brought nothing: refusals, and others.
    refusals: u32,
    failures: u32,
}

impl PresenceKeeper {
    pub(super) fn new(interval: Option<Duration>) -> Self {
        PresenceKeeper { interval, ..PresenceKeeper::default() }
    }

    /// Begins with what the store knows. Who begins anew asks again also where the account refused, but not sooner than
    /// anybody may.
    pub(super) fn begin(&mut self, known: Presence, now: &Now) {
        let waited = known.asked.as_ref().map(|at| at.age(now));
        let wait = match (self.interval, &known.standing) {
            (Some(interval), Standing::Listed) => interval,
            _ => NEAREST,
        };
        self.next = waited.map(|waited| now.mono + wait.saturating_sub(waited));
        (self.asking, self.refusals, self.failures) = (false, 0, 0);
        self.known = known;
    }

    pub(super) fn is_on(&self) -> bool {
        self.interval.is_some()
    }

    /// True where it is to be asked now.
    pub(super) fn is_due(&self, now: BootTime) -> bool {
        self.is_on() && !self.asking && self.next.is_none_or(|next| next <= now)
    }

    /// What is known, to be gone by: where nothing is asked, nothing.
    pub(super) fn fresh(&self, now: &Now) -> Option<&PresencePicture> {
        self.known.fresh(now).filter(|_| self.is_on())
    }

    /// Says who rests.
    pub(super) fn rest(&mut self, resting: Resting) {
        self.known = std::mem::take(&mut self.known).with_resting(resting);
    }

    /// Takes in an answer. `targets` are those that are polled: their ids are written as the configuration writes them.
    /// Gives a sentence for the log where there is news.
    pub(super) fn answered<'a>(
        &mut self,
        reply: ListReply<Login>,
        targets: impl Iterator<Item = &'a Target>,
        now: &Now,
    ) -> Option<String> {
        self.asking = false;
        let interval = self.interval?;
        self.known.asked = Some(now.stamp());
        let before = std::mem::discriminant(&self.known.standing);
        let mut wait = interval;
        let news = match reply {
            ListReply::Rows { rows, unread } => {
                (self.refusals, self.failures) = (0, 0);
                let agents = as_configured(rows, targets);
                let count = agents.len();
                self.known = std::mem::take(&mut self.known).listed(agents, unread == 0, interval, now);
                format!("the service lists who is logged in: {count} agents")
            }
            ListReply::Refused { why } => {
                (self.refusals, self.failures) = (self.refusals.saturating_add(1), 0);
                if self.refusals >= BELIEVED {
                    let until = now.after(REFUSED);
                    wait = REFUSED;
                    self.known.standing = Standing::Refused { why: why.clone(), until };
                }
                format!("the account does not list who is logged in: {why}")
            }
            ListReply::Throttled { retry_after } => {
                wait = self.failed("too many requests".into(), interval, now).max(retry_after.unwrap_or_default());
                "the service limits the requests for who is logged in".into()
            }
            ListReply::Failed { why } => {
                wait = self.failed(why.clone(), interval, now);
                format!("no answer about who is logged in: {why}")
            }
        };
        self.next = Some(now.mono + wait.max(NEAREST));
        (std::mem::discriminant(&self.known.standing) != before).then_some(news)
    }

    fn failed(&mut self, why: Arc<str>, interval: Duration, now: &Now) -> Duration {
        self.failures = self.failures.saturating_add(1);
        let since = match &self.known.standing {
            Standing::Failing { since, .. } => since.clone(),
            _ => now.stamp(),
        };
        self.known.standing = Standing::Failing { why, since };
        interval.saturating_mul(2u32.saturating_pow(self.failures.min(8))).min(LONGEST.max(interval))
    }
}

/// The logins with the ids of `targets` where they differ by case alone: whether case matters to the service is not
/// known, and what is configured is what is shown.
fn as_configured<'a>(rows: Vec<Login>, targets: impl Iterator<Item = &'a Target>) -> Vec<LoggedIn> {
    use std::collections::{BTreeMap, BTreeSet};
    let agents: BTreeSet<&Arc<str>> =
        targets.filter(|t| t.kind == crate::domain::Kind::Agent).map(|target| &target.id).collect();
    let folded: BTreeMap<String, &Arc<str>> = agents.iter().map(|id| (id.to_lowercase(), *id)).collect();
    rows.into_iter()
        .map(|login| {
            let exact = agents.contains(&login.id);
            let id = folded.get(&login.id.to_lowercase()).filter(|_| !exact).map_or(login.id, |id| (*id).clone());
            LoggedIn { id, name: login.name, state: login.state }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, ManualClock};

    const MINUTE: Duration = Duration::from_secs(60);

    fn login(id: &str) -> Login {
        Login { id: id.into(), name: None, state: Some("READY".into()), skills: vec![] }
    }

    fn refused() -> ListReply<Login> {
        ListReply::Refused { why: "HTTP 401".into() }
    }

    /// Lets time pass until it is due, and gives how long that was.
    fn wait(keeper: &PresenceKeeper, clock: &ManualClock) -> u64 {
        let began = clock.now().mono;
        while !keeper.is_due(clock.now().mono) {
            clock.advance(Duration::from_secs(1));
        }
        clock.now().mono.since(began).as_secs()
    }

    #[test]
    fn it_asks_at_the_interval_and_never_where_it_is_off() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        assert!(!PresenceKeeper::new(None).is_due(clock.now().mono));
        let mut keeper = PresenceKeeper::new(Some(MINUTE));
        keeper.begin(Presence::default(), &clock.now());
        assert!(keeper.is_due(clock.now().mono));
        keeper.asking = true;
        assert!(!keeper.is_due(clock.now().mono));
        let target = Target::agent("Asha");
        let rows = ListReply::Rows { rows: vec![login("asha"), login("b")], unread: 0 };
        assert!(keeper.answered(rows, [&target].into_iter(), &clock.now()).is_some());
        assert!(keeper.known.picture.as_ref().unwrap().of(&target).is_some());
        assert_eq!(wait(&keeper, &clock), 60);
    }

    #[test]
    fn a_refusal_is_believed_the_third_time_and_tried_again_after_a_day_or_a_restart() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let mut keeper = PresenceKeeper::new(Some(MINUTE));
        for (n, standing) in [(1, false), (2, false), (3, true)] {
            let news = keeper.answered(refused(), [].into_iter(), &clock.now());
            assert_eq!((matches!(keeper.known.standing, Standing::Refused { .. }), news.is_some()), (standing, n == 3));
            if n < 3 {
                assert_eq!(wait(&keeper, &clock), 60);
            }
        }
        let known = keeper.known.clone();
        assert_eq!(wait(&keeper, &clock), 24 * 3600);
        let mut anew = PresenceKeeper::new(Some(MINUTE));
        let at = known.asked.clone().unwrap();
        let restarted = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(at.age(&restarted.now()), Duration::ZERO);
        anew.begin(known, &restarted.now());
        assert_eq!(wait(&anew, &restarted), 15);
    }

    #[test]
    fn what_fails_is_tried_rarely_and_keeps_the_last_list() {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let mut keeper = PresenceKeeper::new(Some(MINUTE));
        keeper.answered(ListReply::Rows { rows: vec![login("a")], unread: 0 }, [].into_iter(), &clock.now());
        let mut waits = vec![];
        for _ in 0..5 {
            keeper.answered(ListReply::Failed { why: "HTTP 500".into() }, [].into_iter(), &clock.now());
            waits.push(wait(&keeper, &clock));
        }
        assert_eq!(waits, [120, 240, 480, 600, 600]);
        assert!(
            keeper.known.picture.as_ref().is_some() && keeper.known.picture.as_ref().unwrap().is_stale(&clock.now())
        );
        let asked = ListReply::Throttled { retry_after: Some(Duration::from_secs(900)) };
        keeper.answered(asked, [].into_iter(), &clock.now());
        assert_eq!(wait(&keeper, &clock), 900);
    }
}
