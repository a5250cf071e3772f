//! Other clients on the account, judged by what they do to us: how often they generate tokens, and how much they ask.
//! Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Event, EventKind, Governor};
use crate::domain::{EventTime, Now};

/// Invalidations further back than this say nothing about the present.
pub const REMEMBERED: Duration = Duration::from_secs(3 * 3600);

/// What is known of other clients on the account. Stored under the names that the first versions gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OtherClients {
    /// Requests that they make in a minute, by what throttling has shown; `None` without evidence.
    pub per_minute: Option<f64>,
    /// How far apart their generations are; known from the second invalidation on.
    #[serde(rename = "mint_every")]
    pub generated_every: Option<Duration>,
    /// When the last of our tokens was invalidated, within [`REMEMBERED`].
    #[serde(rename = "last_death")]
    pub last_invalidated: Option<EventTime>,
}

impl OtherClients {
    /// What the rate control and the `events` (oldest first) tell at `now`, with `full` the configured rate.
    /// `None`: nobody is noticed.
    pub fn from_evidence(governor: &Governor, full: f64, events: &[Event], now: &Now) -> Option<OtherClients> {
        let lives = lives(events, now);
        let found = OtherClients {
            per_minute: governor.others(full, now),
            generated_every: generation_interval(&lives),
            last_invalidated: lives.last().map(|l| l.at.clone()),
        };
        (found.per_minute.is_some() || found.last_invalidated.is_some()).then_some(found)
    }
}

/// One of our tokens that was invalidated. Ages are before `now`.
struct Life {
    generated: Option<Duration>,
    invalidated: Duration,
    at: EventTime,
}

/// The tokens that were invalidated, oldest first.
fn lives(events: &[Event], now: &Now) -> Vec<Life> {
    let (mut generated, mut all) = (None, Vec::new());
    for event in events {
        match event.kind {
            EventKind::TokenGenerated => generated = Some(event.at.age(now)),
            EventKind::TokenInvalidated => {
                all.push(Life { generated: generated.take(), invalidated: event.at.age(now), at: event.at.clone() });
            }
            _ => {}
        }
    }
    all.retain(|life| life.invalidated <= REMEMBERED);
    all
}

/// How far apart the generations are that invalidated these tokens.
///
/// An invalidation is a generation of theirs. Where we had a token again soon after it, nothing of theirs went unseen
/// until the next invalidation, so the time between the two is one interval of theirs. Without such a pair there are
/// only lives that began at any moment between two of theirs; the longest of n is on average n/(n + 1) of an interval.
fn generation_interval(lives: &[Life]) -> Option<Duration> {
    if lives.len() < 2 {
        return None;
    }
    let pairs = lives.windows(2).filter_map(|pair| {
        let between = pair[0].invalidated.saturating_sub(pair[1].invalidated);
        let unseen = pair[0].invalidated.saturating_sub(pair[1].generated?);
        (unseen * 5 <= between && !between.is_zero()).then_some(between)
    });
    let whole: Vec<Duration> = pairs.collect();
    if let n @ 1.. = whole.len() {
        return Some(whole.iter().sum::<Duration>() / u32::try_from(n).unwrap_or(u32::MAX));
    }
    let spans: Vec<Duration> = lives.iter().filter_map(|l| Some(l.generated?.saturating_sub(l.invalidated))).collect();
    let (longest, n) = (spans.iter().max()?, u32::try_from(spans.len()).unwrap_or(u32::MAX));
    Some(longest.mul_f64(f64::from(n.saturating_add(1)) / f64::from(n)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Clock, ManualClock};

    /// Our events where others generate a token every `period` seconds from `phase` on and we may generate one again
    /// after `gap`, up to `until`.
    fn war(phase: u64, period: u64, gap: u64, until: u64) -> (Vec<Event>, Now) {
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        let (mut events, mut generated) = (Vec::new(), None);
        let mut next = 0;
        for second in 0..until {
            clock.advance(Duration::from_secs(1));
            let mut note = |kind| {
                events.push(Event { at: clock.now().stamp(), kind, who: "pid 1 (serve)".into(), text: "".into() });
            };
            if second >= phase && (second - phase).is_multiple_of(period) && generated.is_some() {
                generated = None;
                next = next.max(second + 1);
                note(EventKind::TokenInvalidated);
            }
            if generated.is_none() && second >= next {
                generated = Some(second);
                next = second + gap;
                note(EventKind::TokenGenerated);
            }
        }
        (events, clock.now())
    }

    #[test]
    fn one_invalidation_is_no_interval() {
        let (events, now) = war(100, 7200, 0, 600);
        let found = OtherClients::from_evidence(&Governor::default(), 45.0, &events, &now).unwrap();
        assert_eq!((found.generated_every, found.per_minute), (None, None));
        assert_eq!(found.last_invalidated.unwrap().age(&now), Duration::from_secs(499));
    }

    #[test]
    fn nobody_is_noticed_where_tokens_live_to_their_end() {
        let (events, now) = war(9999, 60, 3000, 9000);
        assert!(events.len() == 1 && OtherClients::from_evidence(&Governor::default(), 45.0, &events, &now).is_none());
    }

    #[test]
    fn old_invalidations_are_forgotten() {
        let (events, mut now) = war(100, 300, 0, 1000);
        now.mono = now.mono + REMEMBERED + Duration::from_secs(1000);
        assert_eq!(OtherClients::from_evidence(&Governor::default(), 45.0, &events, &now), None);
    }

    proptest! {
        #[test]
        fn where_a_token_follows_at_once_the_interval_is_theirs(phase in 30u64..600, period in 60u64..900) {
            let (events, now) = war(phase, period, 0, 3600);
            prop_assume!(events.iter().filter(|e| e.kind == EventKind::TokenInvalidated).count() >= 2);
            let found = OtherClients::from_evidence(&Governor::default(), 45.0, &events, &now).unwrap().generated_every.unwrap();
            let ratio = found.as_secs_f64() / period as f64;
            prop_assert!((0.98..1.02).contains(&ratio), "{found:?} for {period}");
        }

        #[test]
        fn what_went_unseen_in_between_is_not_taken_for_an_interval(phase in 1u64..20, period in 20u64..60) {
            let (events, now) = war(phase, period, 613, 9000);
            let found = OtherClients::from_evidence(&Governor::default(), 45.0, &events, &now).unwrap().generated_every.unwrap();
            prop_assert!(found.as_secs() <= 2 * period, "{found:?} for {period}");
        }
    }
}
