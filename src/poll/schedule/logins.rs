//! What it means for the calls of an agent whether the agent is logged in. Nobody takes a call who is logged out, but
//! one that was begun before still ends; and between two calls of an agent there is time. Pure arithmetic, in seconds.

use crate::domain::AHT_WINDOW;

/// In so many times the length of a call after a login or a call the next one becomes as likely as it gets.
const RAMP: f64 = 2.0;
/// So long after a logout a call that was begun before has ended, in seconds ...
const SETTLED: f64 = 900.0;
/// ... or this many times as long as no call had ended before the logout: the agent may have been in a long one.
const LONG_CALL: f64 = 2.0;
/// Who had a call while said to be logged out is asked for so long as if nothing was said, in seconds ...
const DOUBT: f64 = 8.0 * 3600.0;
/// ... unless the login is told within this time: then it was late and not wrong.
const LATE: f64 = 900.0;
/// So few calls are expected where none is.
const NONE: f64 = 0.03;

/// What is said of an agent. Where the change was not seen, `since` is minus infinity.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    Nothing,
    In { since: f64 },
    Out { since: f64 },
}

/// Time in seconds, by which calls could end in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Exposure {
    /// Nothing was known.
    pub(super) unknown: f64,
    /// Logged in, or out so shortly that a call could still end: each second by how likely that was.
    pub(super) inside: f64,
    /// Logged out.
    pub(super) outside: f64,
}

/// What is known of the logins of one agent. Of a campaign nothing is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Logins {
    said: Said,
    /// The time since the last reading, up to `upto`.
    time: Exposure,
    upto: f64,
    /// When the last call probably ended.
    ended: f64,
    /// How long before the logout no call had ended, and from when on none can be left that was begun before it.
    silent: f64,
    settled: f64,
    /// A call came while the agent was said to be logged in.
    proven: bool,
    /// Until when what is said does not count, since it was wrong.
    doubted: f64,
}

impl Logins {
    pub(super) fn new() -> Self {
        Logins {
            said: Said::Nothing,
            time: Exposure::default(),
            upto: f64::NEG_INFINITY,
            ended: f64::NEG_INFINITY,
            silent: 0.0,
            settled: f64::NEG_INFINITY,
            proven: false,
            doubted: f64::NEG_INFINITY,
        }
    }

    fn said(&self, now: f64) -> Said {
        if now < self.doubted { Said::Nothing } else { self.said }
    }

    /// Takes in what is said from `now` on: logged in or not, or nothing. `length`: how long a call takes. True where
    /// it is news.
    pub(super) fn say(&mut self, told: Option<bool>, now: f64, length: f64) -> bool {
        let next = match (told, self.said) {
            (None, _) => Said::Nothing,
            (Some(true), Said::In { .. }) | (Some(false), Said::Out { .. }) => self.said,
            (Some(true), Said::Out { .. }) => Said::In { since: now },
            (Some(false), Said::In { .. }) => Said::Out { since: now },
            (Some(true), Said::Nothing) => Said::In { since: f64::NEG_INFINITY },
            (Some(false), Said::Nothing) => Said::Out { since: f64::NEG_INFINITY },
        };
        if next == self.said {
            return false;
        }
        self.pass(now, length);
        if matches!(next, Said::In { .. }) && self.doubted - now > DOUBT - LATE {
            self.doubted = now;
        }
        let came = if let Said::In { since } = self.said { since } else { f64::NEG_INFINITY };
        self.said = next;
        self.settle(came);
        true
    }

    /// Works out from when on no call can be left that was begun before the logout. It was not begun before `came`.
    fn settle(&mut self, came: f64) {
        (self.silent, self.settled) = (0.0, f64::NEG_INFINITY);
        if let Said::Out { since } = self.said
            && since.is_finite()
        {
            let window = AHT_WINDOW.as_secs_f64();
            self.silent = (since - self.ended.max(came)).clamp(0.0, window);
            self.settled = since + (LONG_CALL * self.silent).clamp(SETTLED, window);
        }
    }

    /// Counts the time until `now`.
    fn pass(&mut self, now: f64, length: f64) {
        if now > self.upto && self.upto.is_finite() {
            self.time = self.time + self.exposure(self.upto, now, length);
        }
        self.upto = self.upto.max(now);
    }

    /// The target was read at `t`: gives the time since it was read before, and begins anew.
    pub(super) fn read(&mut self, t: f64, length: f64) -> Exposure {
        self.pass(t, length);
        std::mem::take(&mut self.time)
    }

    /// A call probably ended at `t`, which was so while the agent was said to be logged in, or not.
    pub(super) fn called(&mut self, t: f64, inside: bool) {
        self.ended = t;
        self.proven |= inside;
    }

    /// The window is empty since `t`: now it is certain when the last call ended, whatever its echoes looked like.
    pub(super) fn emptied(&mut self, t: f64) {
        self.ended = t - AHT_WINDOW.as_secs_f64();
        self.settle(f64::NEG_INFINITY);
    }

    /// At `now` something came that cannot be while what was said is right.
    pub(super) fn doubt(&mut self, now: f64) {
        self.doubted = now + DOUBT;
        self.proven = false;
    }

    /// The time until the value that was read at `at` is `age` old: what was counted, and from then on as it is now.
    pub(super) fn until(&self, at: f64, age: f64, length: f64) -> Exposure {
        let counted = (self.upto - at).max(0.0);
        if counted > 0.0 && age <= counted {
            let part = age / counted;
            let Exposure { unknown, inside, outside } = self.time;
            Exposure { unknown: unknown * part, inside: inside * part, outside: outside * part }
        } else if counted > 0.0 {
            self.time + self.exposure(self.upto, at + age, length)
        } else if self.said(at) == Said::Nothing {
            Exposure { unknown: age, ..Exposure::default() }
        } else {
            self.exposure(at, at + age, length)
        }
    }

    /// True where the agent was said at `t` to be logged out and had had the time to end a call.
    pub(super) fn is_settled(&self, t: f64) -> bool {
        matches!(self.said(t), Said::Out { .. }) && self.settled <= t
    }

    /// True where what is said was seen to be right.
    pub(super) fn is_proven(&self) -> bool {
        self.proven
    }

    fn exposure(&self, a: f64, b: f64, length: f64) -> Exposure {
        let all = (b - a).max(0.0);
        // The integral of what is left at a time after `since`.
        let fading = |since: f64, length: f64| {
            let left = |t: f64| (-(t - since).max(0.0) / length).exp();
            if length > 0.0 { (length * (left(a) - left(b))).clamp(0.0, all) } else { 0.0 }
        };
        match self.said(a) {
            Said::Nothing => Exposure { unknown: all, ..Exposure::default() },
            Said::In { since } => {
                Exposure { inside: all - fading(since.max(self.ended), RAMP * length), ..Exposure::default() }
            }
            Said::Out { since } => {
                let inside = fading(since, length.max(self.silent));
                Exposure { inside, outside: all - inside, ..Exposure::default() }
            }
        }
    }
}

impl Exposure {
    /// True where it was known all the time whether the agent was logged in.
    pub(super) fn is_known(&self) -> bool {
        self.unknown <= 0.0
    }

    /// True where no call can have come that was none of a wrong list, at `rate` calls for each second logged in.
    pub(super) fn rules_out(&self, rate: f64) -> bool {
        self.is_known() && self.outside > 0.0 && rate * self.inside < NONE
    }
}

impl std::ops::Add for Exposure {
    type Output = Exposure;

    fn add(self, other: Exposure) -> Exposure {
        Exposure {
            unknown: self.unknown + other.unknown,
            inside: self.inside + other.inside,
            outside: self.outside + other.outside,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read at 0, and from then on as told.
    fn told(changes: &[(f64, bool)]) -> Logins {
        let mut logins = Logins::new();
        logins.read(0.0, 300.0);
        for &(t, inside) in changes {
            assert!(logins.say(Some(inside), t, 300.0));
        }
        logins
    }

    #[test]
    fn time_is_counted_by_whether_a_call_could_end() {
        let mut unknown = told(&[]);
        assert_eq!(unknown.until(0.0, 70.0, 300.0), Exposure { unknown: 70.0, ..Exposure::default() });
        assert_eq!(unknown.read(100.0, 300.0), Exposure { unknown: 100.0, ..Exposure::default() });
        // Logged in since nobody knows when, and without a call: every second counts.
        let mut inside = told(&[(0.0, true)]);
        assert_eq!(inside.read(100.0, 300.0).inside, 100.0);
        // After a call the next one takes its time.
        inside.called(100.0, true);
        let (soon, late) = (inside.until(100.0, 60.0, 300.0).inside, inside.until(100.0, 6000.0, 300.0).inside);
        assert!(soon < 5.0 && late > 5300.0, "{soon} {late}");
        // Logged out since nobody knows when: none can.
        let mut outside = told(&[(0.0, false)]);
        assert_eq!(outside.read(100.0, 300.0), Exposure { outside: 100.0, ..Exposure::default() });
    }

    #[test]
    fn after_a_logout_a_call_that_was_begun_before_still_ends() {
        let mut logins = told(&[(0.0, true)]);
        logins.read(500.0, 300.0);
        logins.called(500.0, true);
        logins.say(Some(false), 600.0, 300.0);
        let time = logins.until(500.0, 99_500.0, 300.0);
        // The 300 s of a call, and next to nothing of the time before.
        assert!((300.0..320.0).contains(&time.inside) && (99_000.0..99_200.0).contains(&time.outside), "{time:?}");
        assert!(!logins.is_settled(600.0 + SETTLED - 1.0) && logins.is_settled(600.0 + SETTLED));
    }

    #[test]
    fn who_had_no_call_for_long_before_the_logout_may_be_in_a_long_one() {
        let mut logins = told(&[(0.0, true)]);
        logins.called(500.0, true);
        logins.say(Some(false), 2500.0, 300.0);
        assert!(!logins.is_settled(6400.0) && logins.is_settled(6500.0));
    }

    #[test]
    fn who_was_wrong_is_doubted_and_who_was_late_is_not() {
        let mut wrong = told(&[(0.0, false)]);
        assert!(wrong.is_settled(100.0));
        wrong.read(100.0, 300.0);
        wrong.doubt(100.0);
        assert!(!wrong.is_settled(100.0 + DOUBT - 1.0) && wrong.is_settled(100.0 + DOUBT));
        assert_eq!(wrong.read(400.0, 300.0).unknown, 300.0);
        let mut late = told(&[(0.0, false)]);
        late.doubt(100.0);
        late.say(Some(true), 100.0 + LATE - 1.0, 300.0);
        assert!(matches!(late.said(1000.0), Said::In { .. }));
        let mut later = told(&[(0.0, false)]);
        later.doubt(100.0);
        later.say(Some(true), 100.0 + LATE + 1.0, 300.0);
        assert_eq!(later.said(1100.0), Said::Nothing);
    }

    #[test]
    fn a_call_is_ruled_out_only_where_all_is_known() {
        let out = Exposure { outside: 100.0, ..Exposure::default() };
        assert!(out.rules_out(0.01));
        assert!(!Exposure { unknown: 1.0, ..out }.rules_out(0.01));
        assert!(!Exposure { inside: 10.0, ..out }.rules_out(0.01));
        assert!(!Exposure::default().rules_out(0.01));
    }
}
