//! What is learned over all targets: how often calls come, what they do to a value, and how far what is foretold comes
//! true. Times are in seconds.

use crate::domain::Kind;

/// Where a greater part of first calls is of agents who are said to be logged out, nobody is left alone for that.
const MOST_LEAKED: f64 = 0.2;

/// A sum over observations by a sum over their weights, with a prior and slow forgetting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ratio {
    pub(super) num: f64,
    pub(super) den: f64,
}

impl Ratio {
    pub(super) fn new(num: f64, den: f64) -> Self {
        Ratio { num, den }
    }

    pub(super) fn add(&mut self, num: f64, den: f64, keep: f64) {
        self.num = self.num * keep + num;
        self.den = self.den * keep + den;
    }

    pub(super) fn get(self) -> f64 {
        self.num / self.den.max(1e-9)
    }

    /// The rate of one target: its own observations beside the usual rate, which counts for `prior` events.
    pub(super) fn beside(self, usual: Ratio, prior: f64) -> f64 {
        let usual = usual.get();
        usual * (prior + self.num) / (prior + usual * self.den)
    }
}

/// What is learned over all targets of a kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Common {
    /// New calls by seconds watched, of targets with calls.
    pub(super) calls: Ratio,
    /// First calls by seconds watched, of targets without.
    pub(super) starts: Ratio,
    /// The same two by seconds logged in, of agents of whom that is known.
    pub(super) calls_in: Ratio,
    pub(super) starts_in: Ratio,
    /// Value after a first call, in seconds.
    pub(super) begin: Ratio,
    /// How far a handling time is off the mean, as a part of the mean.
    pub(super) spread: Ratio,
}

/// What is learned over all targets.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    campaigns: Common,
    agents: Common,
    /// How far echoes have come true.
    pub(super) truth: Ratio,
    /// New calls of agents who were said to be logged out, by those that they would have had logged in.
    pub(super) leak: Ratio,
    /// First calls of such agents, by all first calls.
    pub(super) leak_starts: Ratio,
}

impl Default for Pool {
    /// Before anything was seen: a call every ten minutes, one start in three hours, and a window that works.
    fn default() -> Self {
        let common = Common {
            calls: Ratio::new(5.0, 3_000.0),
            starts: Ratio::new(2.0, 20_000.0),
            calls_in: Ratio::new(5.0, 3_000.0),
            starts_in: Ratio::new(2.0, 2_000.0),
            begin: Ratio::new(600.0, 2.0),
            spread: Ratio::new(5.0, 10.0),
        };
        Pool {
            campaigns: common,
            agents: common,
            truth: Ratio::new(20.0, 20.0),
            leak: Ratio::new(0.2, 20.0),
            leak_starts: Ratio::new(0.0, 3.0),
        }
    }
}

impl Pool {
    pub(super) fn of(&self, kind: Kind) -> &Common {
        match kind {
            Kind::Campaign => &self.campaigns,
            Kind::Agent => &self.agents,
        }
    }

    pub(super) fn of_mut(&mut self, kind: Kind) -> &mut Common {
        match kind {
            Kind::Campaign => &mut self.campaigns,
            Kind::Agent => &mut self.agents,
        }
    }

    /// How many calls agents have who are said to be logged out, as a part of those they would have logged in.
    pub(super) fn leaks(&self) -> f64 {
        self.leak.get().clamp(0.0, 1.0)
    }

    /// How many of the first calls are of agents who are said to be logged out.
    pub(super) fn leaked_starts(&self) -> f64 {
        self.leak_starts.get().clamp(0.0, 1.0)
    }

    /// True where what is said of who is logged in is right so often that one can go by it.
    pub(super) fn believes_logins(&self) -> bool {
        self.leaked_starts() < MOST_LEAKED
    }

    /// How far echoes have come true, 0 to 1: near 0 where the service's window works otherwise.
    pub(super) fn trust(&self) -> f64 {
        self.truth.get().clamp(0.0, 1.0)
    }
}
