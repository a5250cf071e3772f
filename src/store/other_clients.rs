//! Other clients on the account, judged by what they do to us: how often they mint, and how much they ask. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Event, EventKind, Governor};
use crate::domain::{Now, Stamp};

/// Deaths further back than this say nothing about the present.
pub const REMEMBERED: Duration = Duration::from_secs(3 * 3600);

/// What is known of other clients on the account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OtherClients {
    /// Requests that they make in a minute, by what throttling has shown; `None` without evidence.
    pub per_minute: Option<f64>,
    /// How far apart their mintings are; known from the second early death on.
    pub mint_every: Option<Duration>,
    /// When the last of our tokens died early, within [`REMEMBERED`].
    pub last_death: Option<Stamp>,
}

impl OtherClients {
    /// What the rate control and the `events` (oldest first) tell at `now`, with `full` the configured rate.
    /// `None`: nobody is noticed.
    pub fn from_evidence(governor: &Governor, full: f64, events: &[Event], now: &Now) -> Option<OtherClients> {
        let lives = lives(events, now);
        let found = OtherClients {
            per_minute: governor.others(full, now),
            mint_every: mint_interval(&lives),
            last_death: lives.last().map(|l| l.died.clone()),
        };
        (found.per_minute.is_some() || found.last_death.is_some()).then_some(found)
    }
}

/// One of our tokens that was killed. Ages are before `now`.
struct Life {
    minted: Option<Duration>,
    dead: Duration,
    died: Stamp,
}

/// The tokens that died early, oldest first.
fn lives(events: &[Event], now: &Now) -> Vec<Life> {
    let (mut minted, mut all) = (None, Vec::new());
    for event in events {
        match event.kind {
            EventKind::Minted => minted = Some(event.at.age(now)),
            EventKind::TokenDied => {
                all.push(Life { minted: minted.take(), dead: event.at.age(now), died: event.at.clone() });
            }
            _ => {}
        }
    }
    all.retain(|life| life.dead <= REMEMBERED);
    all
}

/// How far apart the mintings are that killed these tokens.
///
/// A death is a minting of theirs. Where we had a token again soon after it, nothing of theirs went unseen until the
/// next death, so the time between the two is one interval of theirs. Without such a pair there are only lives that
/// began at any moment between two of theirs; the longest of n is on average n/(n + 1) of an interval.
fn mint_interval(lives: &[Life]) -> Option<Duration> {
    if lives.len() < 2 {
        return None;
    }
    let pairs = lives.windows(2).filter_map(|pair| {
        let between = pair[0].dead.saturating_sub(pair[1].dead);
        let unseen = pair[0].dead.saturating_sub(pair[1].minted?);
        (unseen * 5 <= between && !between.is_zero()).then_some(between)
    });
    let whole: Vec<Duration> = pairs.collect();
    if let n @ 1.. = whole.len() {
        return Some(whole.iter().sum::<Duration>() / u32::try_from(n).unwrap_or(u32::MAX));
    }
    let spans: Vec<Duration> = lives.iter().filter_map(|l| Some(l.minted?.saturating_sub(l.dead))).collect();
    let (longest, n) = (spans.iter().max()?, u32::try_from(spans.len()).unwrap_or(u32::MAX));
    Some(longest.mul_f64(f64::from(n.saturating_add(1)) / f64::from(n)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Clock, ManualClock};

    /// Our events where others mint every `period` seconds from `phase` on and we may mint again after `gap`, up to
    /// `until`.
    fn war(phase: u64, period: u64, gap: u64, until: u64) -> (Vec<Event>, Now) {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let (mut events, mut minted) = (Vec::new(), None);
        let mut next = 0;
        for second in 0..until {
            clock.advance(Duration::from_secs(1));
            let mut note = |kind| {
                events.push(Event { at: clock.now().stamp(), kind, who: "pid 1 (serve)".into(), text: "".into() });
            };
            if second >= phase && (second - phase).is_multiple_of(period) && minted.is_some() {
                minted = None;
                next = next.max(second + 1);
                note(EventKind::TokenDied);
            }
            if minted.is_none() && second >= next {
                minted = Some(second);
                next = second + gap;
                note(EventKind::Minted);
            }
        }
        (events, clock.now())
    }

    #[test]
    fn one_death_is_no_interval() {
        let (events, now) = war(100, 7200, 0, 600);
        let found = OtherClients::from_evidence(&Governor::default(), 45.0, &events, &now).unwrap();
        assert_eq!((found.mint_every, found.per_minute), (None, None));
        assert_eq!(found.last_death.unwrap().age(&now), Duration::from_secs(499));
    }

    #[test]
    fn nobody_is_noticed_where_tokens_live_to_their_end() {
        let (events, now) = war(9999, 60, 3000, 9000);
        assert!(events.len() == 1 && OtherClients::from_evidence(&Governor::default(), 45.0, &events, &now).is_none());
    }

    #[test]
    fn old_deaths_are_forgotten() {
        let (events, mut now) = war(100, 300, 0, 1000);
        now.mono = now.mono + REMEMBERED + Duration::from_secs(1000);
        assert_eq!(OtherClients::from_evidence(&Governor::default(), 45.0, &events, &now), None);
    }

    proptest! {
        #[test]
        fn where_a_token_follows_at_once_the_interval_is_theirs(phase in 30u64..600, period in 60u64..900) {
            let (events, now) = war(phase, period, 0, 3600);
            prop_assume!(events.iter().filter(|e| e.kind == EventKind::TokenDied).count() >= 2);
            let found = OtherClients::from_evidence(&Governor::default(), 45.0, &events, &now).unwrap().mint_every.unwrap();
            let ratio = found.as_secs_f64() / period as f64;
            prop_assert!((0.98..1.02).contains(&ratio), "{found:?} for {period}");
        }

        #[test]
        fn what_went_unseen_in_between_is_not_taken_for_an_interval(phase in 1u64..20, period in 20u64..60) {
            let (events, now) = war(phase, period, 613, 9000);
            let found = OtherClients::from_evidence(&Governor::default(), 45.0, &events, &now).unwrap().mint_every.unwrap();
            prop_assert!(found.as_secs() <= 2 * period, "{found:?} for {period}");
        }
    }
}
