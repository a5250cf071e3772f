//! What the poller counts of its own requests: replies by kind, and how long they took. Pure.

use std::{collections::VecDeque, time::Duration};

use serde::{Deserialize, Serialize};

use crate::domain::BootTime;

/// How far back is counted, in minutes.
pub const MINUTES: usize = 60;

const MINUTE: i64 = 60_000;

/// The kinds of reply that are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyKind {
    Value,
    /// No calls within the window.
    NoCalls,
    /// The id is not known.
    Invalid,
    /// Told to slow down.
    Throttled,
    /// Token or credentials rejected.
    Rejected,
    /// An answer that is none: an error of the service, or rubbish.
    Faulty,
    /// No answer at all.
    Lost,
}

impl ReplyKind {
    /// All of them, in the order in which they are counted and shown.
    pub const ALL: [ReplyKind; 7] = [
        ReplyKind::Value,
        ReplyKind::NoCalls,
        ReplyKind::Invalid,
        ReplyKind::Throttled,
        ReplyKind::Rejected,
        ReplyKind::Faulty,
        ReplyKind::Lost,
    ];

    /// `values`, `no calls`, `unknown ID`, `throttled`, `rejected`, `faulty`, `no answer`.
    pub const fn word(self) -> &'static str {
        match self {
            ReplyKind::Value => "values",
            ReplyKind::NoCalls => "no calls",
            ReplyKind::Invalid => "unknown ID",
            ReplyKind::Throttled => "throttled",
            ReplyKind::Rejected => "rejected",
            ReplyKind::Faulty => "faulty",
            ReplyKind::Lost => "no answer",
        }
    }
}

/// What the poller has seen within the last hour, as it is published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Traffic {
    /// Replies by kind, in the order of [`ReplyKind::ALL`].
    pub replies: [u32; 7],
    /// The mean time to an answer in each of the last minutes in ms, oldest first; `None`: no answer in that minute.
    pub latency: Vec<Option<u32>>,
    /// The slowest answer, in ms.
    pub slowest: Option<u32>,
    /// What was counted since this poller began: counters for monitoring, which may begin anew.
    pub totals: Totals,
}

/// The longest answers of each class of [`Totals::answers`] but the last one, in ms.
pub const ANSWER_CLASSES: [u32; 8] = [50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/// Counts that only grow while a poller lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Replies by kind, in the order of [`ReplyKind::ALL`].
    pub replies: [u64; 7],
    /// Answers by how long they took: up to each of [`ANSWER_CLASSES`], and longer.
    pub answers: [u64; 9],
    /// How long all answers took together, in ms.
    pub took_ms: u64,
    /// Tokens that were generated; the poller adds them when it publishes.
    pub generated: u64,
    /// Tokens that were invalidated before their end.
    pub invalidated: u64,
}

impl Totals {
    /// True once the service has accepted a request, if only to say *slow down*.
    pub fn is_accepted(&self) -> bool {
        use ReplyKind::{Invalid, NoCalls, Throttled, Value};
        let accepted = |kind| matches!(kind, Value | NoCalls | Invalid | Throttled);
        ReplyKind::ALL.into_iter().zip(self.replies).any(|(kind, count)| accepted(kind) && count > 0)
    }
}

/// Counts by the minute, of the last hour.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    minutes: VecDeque<Minute>,
    totals: Totals,
}

#[derive(Clone, Copy, Debug, Default)]
struct Minute {
    /// Number of the minute on the monotonic clock.
    number: i64,
    replies: [u32; 7],
    /// Sum in ms, answers, and the slowest of them in ms.
    took: (u64, u32, u32),
}

impl Meter {
    /// A reply came at `now`, so long after its request was sent.
    pub fn reply(&mut self, kind: ReplyKind, took: Duration, now: BootTime) {
        let ms = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        let kind_at = ReplyKind::ALL.iter().position(|k| *k == kind);
        if let Some(i) = kind_at {
            self.totals.replies[i] = self.totals.replies[i].saturating_add(1);
        }
        if kind != ReplyKind::Lost {
            let class = ANSWER_CLASSES.iter().position(|longest| ms <= *longest).unwrap_or(ANSWER_CLASSES.len());
            self.totals.answers[class] = self.totals.answers[class].saturating_add(1);
            self.totals.took_ms = self.totals.took_ms.saturating_add(u64::from(ms));
        }
        let minute = self.minute(now);
        if let Some(i) = kind_at {
            minute.replies[i] = minute.replies[i].saturating_add(1);
        }
        if kind != ReplyKind::Lost {
            let (sum, n, worst) = minute.took;
            minute.took = (sum.saturating_add(u64::from(ms)), n.saturating_add(1), worst.max(ms));
        }
    }

    /// A token was invalidated before its end.
    pub fn invalidated(&mut self) {
        self.totals.invalidated = self.totals.invalidated.saturating_add(1);
    }

    /// What is published at `now`.
    pub fn traffic(&self, now: BootTime) -> Traffic {
        let last = now.0.div_euclid(MINUTE);
        let first = last.saturating_sub(MINUTES as i64 - 1);
        let mut out = Traffic { totals: self.totals, ..Traffic::default() };
        let within: Vec<&Minute> = self.minutes.iter().filter(|m| (first..=last).contains(&m.number)).collect();
        for minute in &within {
            for (sum, n) in out.replies.iter_mut().zip(minute.replies) {
                *sum = sum.saturating_add(n);
            }
            out.slowest = out.slowest.max((minute.took.1 > 0).then_some(minute.took.2));
        }
        let mean =
            |m: &Minute| (m.took.1 > 0).then(|| u32::try_from(m.took.0 / u64::from(m.took.1)).unwrap_or(u32::MAX));
        let begin = within.first().map_or(last, |m| m.number);
        out.latency = (begin..=last).map(|n| within.iter().find(|m| m.number == n).and_then(|m| mean(m))).collect();
        out
    }

    /// The minute of `now`; what is older than an hour goes.
    fn minute(&mut self, now: BootTime) -> &mut Minute {
        let last = self.minutes.back().map_or(i64::MIN, |m| m.number);
        // The clock never steps back; if it did, the last minute would serve.
        let number = now.0.div_euclid(MINUTE).max(last);
        if number != last {
            self.minutes.push_back(Minute { number, ..Minute::default() });
        }
        while self.minutes.len() > MINUTES {
            self.minutes.pop_front();
        }
        let end = self.minutes.len() - 1;
        &mut self.minutes[end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(minute: i64) -> BootTime {
        BootTime(minute * MINUTE + 5)
    }

    #[test]
    fn an_hour_is_counted_and_what_is_older_goes() {
        let mut meter = Meter::default();
        let ms = Duration::from_millis;
        meter.reply(ReplyKind::Value, ms(900), at(0));
        meter.reply(ReplyKind::Value, ms(100), at(10));
        meter.reply(ReplyKind::NoCalls, ms(300), at(10));
        meter.reply(ReplyKind::Lost, ms(10_000), at(12));
        let t = meter.traffic(at(12));
        assert_eq!(t.replies, [2, 1, 0, 0, 0, 0, 1]);
        assert_eq!((t.slowest, t.latency.len()), (Some(900), 13));
        assert_eq!((t.latency[0], t.latency[1], t.latency[10], t.latency[12]), (Some(900), None, Some(200), None));
        let t = meter.traffic(at(61));
        assert_eq!((t.replies, t.slowest, t.latency.len()), ([1, 1, 0, 0, 0, 0, 1], Some(300), 52));
        assert_eq!(meter.traffic(at(500)), Traffic { latency: vec![None], totals: meter.totals, ..Traffic::default() });
    }

    #[test]
    fn totals_only_grow() {
        let mut meter = Meter::default();
        meter.reply(ReplyKind::Value, Duration::from_millis(50), at(0));
        meter.reply(ReplyKind::Throttled, Duration::from_millis(51), at(500));
        meter.reply(ReplyKind::Value, Duration::from_secs(11), at(500));
        meter.reply(ReplyKind::Lost, Duration::from_secs(10), at(1000));
        meter.invalidated();
        let totals = meter.traffic(at(2000)).totals;
        assert_eq!(totals.replies, [2, 0, 0, 1, 0, 0, 1]);
        assert_eq!((totals.answers, totals.took_ms), ([1, 1, 0, 0, 0, 0, 0, 0, 1], 11_101));
        assert_eq!(totals.invalidated, 1);
        assert!(totals.is_accepted());
    }

    #[test]
    fn a_secret_that_is_refused_and_a_service_that_fails_accept_nothing() {
        let mut meter = Meter::default();
        for kind in [ReplyKind::Rejected, ReplyKind::Faulty, ReplyKind::Lost] {
            meter.reply(kind, Duration::from_millis(50), at(0));
            assert!(!meter.totals.is_accepted(), "{kind:?}");
        }
        meter.reply(ReplyKind::NoCalls, Duration::from_millis(50), at(0));
        assert!(meter.totals.is_accepted());
    }

    #[test]
    fn a_status_of_an_older_version_has_no_counts() {
        assert_eq!(serde_json::from_str::<Traffic>("{}").unwrap(), Traffic::default());
    }

    proptest! {
        #[test]
        fn memory_is_bounded_at_any_clock(times in prop::collection::vec(any::<i64>(), 0..200), now: i64) {
            let mut meter = Meter::default();
            for t in times {
                meter.reply(ReplyKind::Value, Duration::from_millis(t.unsigned_abs()), BootTime(t));
            }
            prop_assert!(meter.minutes.len() <= MINUTES);
            prop_assert!(meter.traffic(BootTime(now)).latency.len() <= MINUTES);
        }
    }
}
