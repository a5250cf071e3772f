//! How wrong the shown value of one target probably is, by the time since it was read.
//!
//! The service reports a mean over two hours, so a call that enters it leaves it two hours later: each change that was
//! seen is due again, as its *echo*. A [`Track`] keeps the calls that are probably in the window of one target: in
//! which time each came, how likely it is still there and how long it was. What all targets have in common is learned
//! in a [`Pool`]. Times are seconds on any axis, values whole seconds with 0 for *no calls*. Pure arithmetic.

use super::{
    logins::{Exposure, Logins},
    pool::{Pool, Ratio},
};
use crate::domain::{AHT_WINDOW, Kind};

/// The service's window in seconds: what enters the mean leaves it this much later.
const WINDOW: f64 = AHT_WINDOW.as_secs_f64();
/// The outlook of a target reaches this many cycles, the oldest that any value gets.
const REACH: f64 = 3.0;
/// Points of an outlook; between them it is straight.
const STEPS: usize = 16;

/// Memory of a target's own rate of calls, in seconds.
const MEMORY: f64 = 3600.0;
/// The pooled rate counts like this many calls of the target's own.
const RATE_PRIOR: f64 = 8.0;
/// The pooled rate of first calls counts like this many of the target's own.
const START_PRIOR: f64 = 3.0;
/// The pooled spread of handling times counts like this many of the target's own calls.
const SPREAD_PRIOR: f64 = 6.0;
/// A target's own spread forgets this part with each call: its last four calls rule.
const SPREAD_KEEP: f64 = 0.75;
/// The pool remembers about this many observations.
const POOL_KEEP: f64 = 1.0 - 1.0 / 3000.0;
/// What is learned of first calls remembers about fifty of them.
const START_KEEP: f64 = 0.98;
/// How far an echo's size is off what was foreseen: seconds, and a part of the size.
const ECHO_OFF: (f64, f64) = (1.0, 0.25);
/// How much an echo's own foreseen size counts against the usual size of a change.
const OWN_SIZE: f64 = 0.5;
/// A value on the wrong side of a band's limit is as bad as this many seconds of error.
const EDGE: f64 = 30.0;
/// A call is forgotten below this probability.
const FAINT: f64 = 0.005;
/// Bound on the calls kept for one target: a campaign with hundreds of calls in the window is a flow, not calls.
const MOST: usize = 256;

/// What is taken for a call in the window.
#[derive(Clone, Copy, Debug)]
struct Call {
    /// It ended after this and at or before `to`.
    from: f64,
    to: f64,
    /// How many calls this probably is.
    weight: f64,
    /// Handling time; `None` where nothing tells it.
    length: Option<f64>,
}

impl Call {
    /// The probability that it leaves until `t`, as it was still there at `s`.
    fn leaves(&self, s: f64, t: f64) -> f64 {
        let (from, to) = ((self.from + WINDOW).max(s), self.to + WINDOW);
        if t >= to {
            1.0
        } else if t <= from {
            0.0
        } else {
            (t - from) / (to - from).max(1e-3)
        }
    }
}

/// What is known of one target.
#[derive(Clone, Debug)]
pub(super) struct Track {
    kind: Kind,
    /// The last value and when it was read.
    shown: Option<(f64, f64)>,
    calls: Vec<Call>,
    /// New calls, and seconds watched, with [`MEMORY`].
    rate: Ratio,
    /// First calls, and seconds watched without calls.
    starts: Ratio,
    /// The same two by the time that the agent was logged in, where that is known.
    rate_in: Ratio,
    starts_in: Ratio,
    /// Own spread of handling times.
    spread: Ratio,
    logins: Logins,
    outlook: Outlook,
}

/// The expected error by age, worked out once a reading so that a decision costs next to nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Outlook {
    error: [f32; STEPS + 1],
    step: f32,
    /// Error that comes up in a second, over the time in which the target is polled a few times.
    growth: f32,
}

impl Track {
    /// A target that was never read.
    pub(super) fn new(kind: Kind) -> Self {
        let nothing = Ratio::new(0.0, 0.0);
        Track {
            kind,
            shown: None,
            calls: Vec::new(),
            rate: nothing,
            starts: nothing,
            rate_in: nothing,
            starts_in: nothing,
            spread: nothing,
            logins: Logins::new(),
            outlook: Outlook::default(),
        }
    }

    /// The same without calls and what was learned from them.
    fn anew(&self) -> Track {
        let Track { kind, starts, starts_in, logins, .. } = *self;
        Track { starts, starts_in, logins, ..Track::new(kind) }
    }

    /// Takes in what is said of the agent from `now` on: logged in or not, or nothing. True where that is news.
    pub(super) fn say(&mut self, pool: &Pool, told: Option<bool>, now: f64) -> bool {
        let length = self.length(pool);
        self.logins.say(told, now, length)
    }

    /// What is known of the agent's logins.
    pub(super) fn logins(&self) -> &Logins {
        &self.logins
    }

    /// How long a call takes, roughly.
    fn length(&self, pool: &Pool) -> f64 {
        self.shown.map(|shown| shown.0).filter(|value| *value > 0.0).unwrap_or(pool.of(self.kind).begin.get())
    }

    /// How many new calls probably come in `time`.
    fn arrived(&self, pool: &Pool, time: Exposure) -> f64 {
        let known = time.inside + pool.leaks() * time.outside;
        let unknown = self.arrivals(pool) * time.unknown;
        if known > 0.0 { unknown + self.arrivals_in(pool) * known } else { unknown }
    }

    /// How many first calls probably come in `time`.
    fn started(&self, pool: &Pool, time: Exposure) -> f64 {
        let usual = self.starts.beside(pool.of(self.kind).starts, START_PRIOR);
        let any = usual * (time.unknown + pool.leaked_starts() * time.outside);
        if time.inside > 0.0 { any + self.starts_inside(pool) * time.inside } else { any }
    }

    /// First calls a second logged in.
    fn starts_inside(&self, pool: &Pool) -> f64 {
        self.starts_in.beside(pool.of(self.kind).starts_in, START_PRIOR)
    }

    /// True once it was read.
    pub(super) fn known(&self) -> bool {
        self.shown.is_some()
    }

    /// How many calls the window probably holds; at least one where there is a value.
    fn count(&self) -> f64 {
        self.calls.iter().map(|c| c.weight).sum::<f64>().max(1.0)
    }

    /// New calls a second.
    fn arrivals(&self, pool: &Pool) -> f64 {
        self.rate.beside(pool.of(self.kind).calls, RATE_PRIOR)
    }

    /// New calls a second logged in.
    fn arrivals_in(&self, pool: &Pool) -> f64 {
        self.rate_in.beside(pool.of(self.kind).calls_in, RATE_PRIOR)
    }

    /// What a new call does to the mean `value` of `n` calls.
    fn new_size(&self, pool: &Pool, value: f64, n: f64) -> f64 {
        let usual = pool.of(self.kind).spread.get();
        let spread = (usual * SPREAD_PRIOR + self.spread.num) / (SPREAD_PRIOR + self.spread.den);
        spread * value / (n + 1.0)
    }

    /// What it does to the mean `value` of `n` calls when `call` leaves. The last one leaves nothing.
    fn echo_size(&self, pool: &Pool, call: &Call, value: f64, n: f64) -> f64 {
        let rest = n - call.weight.min(1.0);
        if rest < 0.6 {
            return -value;
        }
        call.length.map_or(pool.of(self.kind).spread.get() * value, |length| value - length) / rest
    }

    /// Takes in the reading `value` at `t`. A time before the last one is taken as the same time.
    pub(super) fn read(&mut self, pool: &mut Pool, t: f64, value: f64) {
        let Some((old, s)) = self.shown else { return self.begin(pool, t, value) };
        let t = t.max(s);
        if t - s > WINDOW {
            return self.begin(pool, t, value);
        }
        let time = self.logins.read(t, self.length(pool));
        if old <= 0.0 || value <= 0.0 {
            self.turn(pool, (s, old), (t, value), time);
        } else {
            // Whatever is said of the agent, something came where nothing else explains a change.
            let lambda = self.arrived(pool, time).max(if time.is_known() { 1e-6 } else { 0.0 });
            let due: f64 = self.calls.iter().map(|c| c.weight * c.leaves(s, t)).sum();
            let fresh = if value == old {
                self.unchanged(pool, s, t, old, lambda)
            } else {
                self.changed(pool, (s, old), (t, value), lambda)
            };
            let inside = if time.is_known() { self.learn_logins(pool, t, time, fresh, due) } else { 0.0 };
            if fresh > 0.5 {
                self.logins.called((s + t) / 2.0, inside > 0.5);
            }
            self.rate.add(fresh, t - s, (-(t - s) / MEMORY).exp());
            pool.of_mut(self.kind).calls.add(fresh, t - s, POOL_KEEP);
        }
        self.calls.retain(|c| c.weight > FAINT && c.to + WINDOW > t - 1.0);
        if self.calls.len() > MOST {
            self.calls.drain(..self.calls.len() - MOST);
        }
        self.shown = Some((value, t));
    }

    /// Learns from `fresh` new calls in a time of which it was known whether the agent was logged in, where so many
    /// echoes were `due`. Returns how many of the calls came while logged in.
    fn learn_logins(&mut self, pool: &mut Pool, t: f64, time: Exposure, fresh: f64, due: f64) -> f64 {
        let rate = self.arrivals_in(pool);
        let inside = fresh * time.inside / (time.inside + pool.leaks() * time.outside).max(1e-9);
        if time.outside > 0.0 {
            let missed = rate * time.outside;
            pool.leak.add(fresh - inside, missed, 1.0 - (missed / 2000.0).min(1.0));
        }
        self.rate_in.add(inside, time.inside, (-time.inside / MEMORY).exp());
        pool.of_mut(self.kind).calls_in.add(inside, time.inside, POOL_KEEP);
        if fresh > 0.5 && due < 0.1 && time.rules_out(rate) {
            self.logins.doubt(t);
            return 0.0;
        }
        inside
    }

    /// A first reading, or the first after so long that nothing older counts.
    fn begin(&mut self, pool: &Pool, t: f64, value: f64) {
        self.logins.read(t, self.length(pool));
        *self = Track { shown: Some((value, t)), ..self.anew() };
        if value > 0.0 {
            let weight = (pool.of(self.kind).calls.get() * WINDOW / 2.0).max(1.0);
            self.calls.push(Call { from: t - WINDOW, to: t, weight, length: None });
        }
    }

    /// Without calls, or into or out of it: then the window is known exactly.
    fn turn(&mut self, pool: &mut Pool, (s, old): (f64, f64), (t, value): (f64, f64), time: Exposure) {
        if old <= 0.0 {
            let started = f64::from(u8::from(value > 0.0));
            if time.is_known() {
                let rate = self.starts_inside(pool);
                let leaked = value > 0.0 && time.rules_out(rate);
                if leaked {
                    self.logins.doubt(t);
                }
                if value > 0.0 {
                    self.logins.called((s + t) / 2.0, !leaked);
                    pool.leak_starts.add(f64::from(u8::from(leaked)), 1.0, START_KEEP);
                }
                let inside = if leaked { 0.0 } else { started };
                self.starts_in.add(inside, time.inside, 1.0);
                pool.of_mut(self.kind).starts_in.add(inside, time.inside, POOL_KEEP);
            }
            self.starts.add(started, t - s, 1.0);
            pool.of_mut(self.kind).starts.add(started, t - s, POOL_KEEP);
        }
        let common = pool.of_mut(self.kind);
        if (old > 0.0) != (value > 0.0) {
            *self = self.anew();
            if value <= 0.0 {
                self.logins.emptied((s + t) / 2.0);
            } else {
                common.begin.add(value, 1.0, START_KEEP);
                self.calls.push(Call { from: s, to: t, weight: 1.0, length: Some(value) });
            }
        }
    }

    /// The same value again: what was due did not leave.
    fn unchanged(&mut self, pool: &mut Pool, s: f64, t: f64, value: f64, lambda: f64) -> f64 {
        let n = self.count();
        self.learn_trust(pool, s, t, lambda, false);
        let trust = pool.trust();
        let sizes: Vec<f64> = self.calls.iter().map(|c| self.echo_size(pool, c, value, n).abs().min(1.0)).collect();
        for (call, seen) in self.calls.iter_mut().zip(sizes) {
            let leaves = call.leaves(s, t);
            let stays = call.weight * (1.0 - leaves);
            // Smaller than the second in which values come, it may have left unseen.
            let excluded = (1.0 - call.weight.min(1.0) * leaves * seen).max(1e-3);
            call.weight = if trust > 0.0 { (stays / excluded).min(call.weight) } else { stays };
        }
        0.0
    }

    /// Another value: shares the change out between a new call and the echoes that were due, by how likely each was
    /// and how well its size fits. Returns how many new calls that makes.
    fn changed(&mut self, pool: &mut Pool, (s, old): (f64, f64), (t, value): (f64, f64), lambda: f64) -> f64 {
        let (n, change) = (self.count(), value - old);
        self.learn_trust(pool, s, t, lambda, true);
        let trust = pool.trust();
        let due: Vec<(f64, f64, f64)> = self
            .calls
            .iter()
            .map(|c| {
                let leaves = c.leaves(s, t);
                (leaves, c.weight * leaves * trust, self.echo_size(pool, c, old, n))
            })
            .collect();
        let mass: f64 = due.iter().map(|d| d.1).sum();
        let nothing = (-lambda).exp() * due.iter().map(|d| 1.0 - d.1.min(1.0)).product::<f64>();
        // The more happened at once, the less one size says.
        let temper = 1.0 / (1.0 + (lambda + mass - 1.0).max(0.0));
        let fits = |off: f64, scale: f64| ((-off.abs() / scale).exp() / (2.0 * scale)).max(1e-12).powf(temper);
        let new = lambda * fits(change, self.new_size(pool, old, n).max(0.5));
        let echoes: Vec<f64> =
            due.iter().map(|d| d.1 * fits(change - d.2, ECHO_OFF.0 + ECHO_OFF.1 * d.2.abs())).collect();
        let scale = (lambda + mass) / (new + echoes.iter().sum::<f64>()).max(1e-12) / (1.0 - nothing).max(1e-6);
        let mut explained = 0.0;
        for ((call, echo), (leaves, _, size)) in self.calls.iter_mut().zip(&echoes).zip(&due) {
            if *leaves <= 0.0 {
                continue;
            }
            let left = (scale * echo).min(call.weight);
            explained += left * size;
            let stays = call.weight - left;
            call.weight = stays * (1.0 - leaves) / (1.0 - stays.min(1.0) * leaves).max(1e-6);
        }
        let happened = ((lambda + mass) / (1.0 - nothing).max(1e-6)).max(1.0);
        let mut fresh = (scale * new).clamp(0.0, happened);
        if self.kind == Kind::Agent {
            // Nobody ends more calls than fit into the time.
            fresh = fresh.min(((t - s) / old).max(1.0));
        }
        if fresh > 0.02 {
            let kept = self.calls.iter().map(|c| c.weight).sum::<f64>();
            let calls = kept.max(n.min(kept + 1.0)) + fresh;
            let length = old + (change - explained) * calls / fresh.max(1.0);
            self.calls.push(Call { from: s, to: t, weight: fresh, length: Some(length.clamp(1.0, 1e6)) });
        }
        let spread = (change.abs() * (n + 1.0) / old / happened.sqrt()).min(5.0);
        self.spread.add(spread, 1.0, SPREAD_KEEP);
        pool.of_mut(self.kind).spread.add(spread * fresh, fresh, 1.0 - fresh.min(1.0) / 2000.0);
        fresh
    }

    /// Compares whether a change was seen with what the echoes foretold.
    fn learn_trust(&self, pool: &mut Pool, s: f64, t: f64, lambda: f64, changed: bool) {
        let Some((value, _)) = self.shown else { return };
        let n = self.count();
        let none: f64 = self
            .calls
            .iter()
            .map(|c| {
                let seen = self.echo_size(pool, c, value, n).abs().min(1.0);
                1.0 - (c.weight * c.leaves(s, t)).min(1.0) * seen
            })
            .product();
        let new = 1.0 - (-lambda).exp();
        let foretold = (1.0 - new) * (1.0 - none);
        let seen = f64::from(u8::from(changed)) - new;
        pool.truth.add(foretold * seen, foretold * foretold, 1.0 - foretold * foretold / 2000.0);
    }

    /// Works out the outlook for cycles of `cycle` seconds. `edge`: how far the nearest limit of the band is from the
    /// value, in seconds.
    pub(super) fn look_ahead(&mut self, pool: &Pool, cycle: f64, edge: Option<f64>) {
        let Some((value, at)) = self.shown else { return };
        let reach = (cycle * REACH).clamp(1.0, 1e9);
        let step = reach / STEPS as f64;
        let mut outlook = Outlook { step: step as f32, ..Outlook::default() };
        let (track, length) = (&*self, self.length(pool));
        let time = move |age: f64| track.logins.until(at, age, length);
        let mut error: Box<dyn FnMut(f64) -> f64> = if value <= 0.0 {
            let begin = pool.of(track.kind).begin.get();
            Box::new(move |age| track.started(pool, time(age)) * begin)
        } else {
            let (n, trust) = (track.count(), pool.trust());
            let usual = track.new_size(pool, value, n);
            let soon: Vec<(Call, f64)> = self
                .calls
                .iter()
                .filter(|c| c.from + WINDOW < at + 2.0 * reach)
                .map(|c| {
                    let own = track.echo_size(pool, c, value, n).abs();
                    (*c, OWN_SIZE * own + (1.0 - OWN_SIZE) * usual)
                })
                .collect();
            Box::new(move |age| {
                let new = track.arrived(pool, time(age));
                let (mut sum, mut events) = (new * usual, new);
                for (call, size) in &soon {
                    let leaves = call.weight * call.leaves(at, at + age) * trust;
                    sum += leaves * size;
                    events += leaves;
                }
                let crossing = edge.map_or(0.0, |d| {
                    let size = (sum / events.max(1e-9)).max(1e-3);
                    EDGE * events.min(1.0) * tail(d / (1.25 * size))
                });
                sum + crossing
            })
        };
        for (i, point) in outlook.error.iter_mut().enumerate() {
            *point = error(step * i as f64) as f32;
        }
        outlook.growth = (error(2.0 * reach) / (2.0 * reach)) as f32;
        drop(error);
        self.outlook = outlook;
    }

    /// The expected error at `now`; `None` where it was never read.
    pub(super) fn error_at(&self, now: f64) -> Option<f64> {
        self.shown.map(|(_, at)| self.error(now - at))
    }

    /// The expected error in seconds when the value is `age` seconds old (as far as the outlook reaches).
    fn error(&self, age: f64) -> f64 {
        let Outlook { error, step, .. } = &self.outlook;
        let x = (age.max(0.0) as f32 / step.max(1e-3)).min(STEPS as f32);
        let i = (x as usize).min(STEPS - 1);
        f64::from(error[i] + (error[i + 1] - error[i]) * (x - i as f32)).max(0.0)
    }

    /// How much a request is worth `now`; only the order matters.
    ///
    /// It grows with the square of the age where errors come evenly, like `error · age`. Where they come at a known
    /// time it also prefers the target that will then be right for long, by `error² / growth`. This is the product of
    /// both.
    pub(super) fn score(&self, now: f64) -> f64 {
        let Some((_, at)) = self.shown else { return 0.0 };
        let age = (now - at).max(0.0);
        let error = self.error(age);
        error * error * error * age / f64::from(self.outlook.growth).max(1e-6)
    }
}

/// The part of a normal distribution beyond `x >= 0` standard deviations, to 0.00001 (Abramowitz and Stegun 26.2.16).
fn tail(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.33267 * x);
    let density = (-x * x / 2.0).exp() * 0.398_942_3;
    density * t * (0.436_183_6 + t * (-0.120_167_6 + t * 0.937_298))
}

#[cfg(test)]
#[path = "echo_tests.rs"]
mod tests;
