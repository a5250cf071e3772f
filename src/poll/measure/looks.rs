//! What the list of logins tells over a day: a look each minute, which costs a request, and is known when it comes.

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::trace::Day;
use crate::domain::{Kind, LoggedIn, Target};

/// The time between two looks, in seconds.
pub(super) const INTERVAL: f64 = 60.0;

pub(super) struct Looks<'a> {
    /// The agents, and for each the times that the list has.
    listed: Vec<(&'a Target, &'a [(f64, f64)])>,
    /// So old is the list when it comes.
    late: f64,
    next: f64,
    /// When the answer comes, and of which time it tells.
    coming: Option<(f64, f64)>,
}

impl<'a> Looks<'a> {
    /// At the logins of `day`. Of the part `wrong` of the agents, drawn by `seed`, the list tells those of another one.
    pub(super) fn new(day: &'a Day, seed: u64, wrong: f64, late: f64) -> Self {
        let agents: Vec<&Target> = day.truths.iter().map(|t| &t.target).filter(|t| t.kind == Kind::Agent).collect();
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed);
        let mut mixed: Vec<usize> = (0..agents.len()).collect();
        mixed.shuffle(&mut rng);
        mixed.truncate((agents.len() as f64 * wrong).round() as usize);
        // They are taken for each other; a single one for anybody.
        let mut whose: Vec<usize> = (0..agents.len()).collect();
        for (k, &i) in mixed.iter().enumerate() {
            whose[i] = match mixed.len() {
                1 if agents.len() > 1 => (i + rng.random_range(1..agents.len())) % agents.len(),
                n => mixed[(k + 1) % n],
            };
        }
        let times = |target: &Target| day.logins.get(target).map_or(&[][..], Vec::as_slice);
        let listed = agents.iter().zip(&whose).map(|(agent, &w)| (*agent, times(agents[w]))).collect();
        Looks { listed, late, next: 0.0, coming: None }
    }

    /// Sends a request if it is time; then there is none for anybody else.
    pub(super) fn send(&mut self, t: f64, rng: &mut StdRng) -> bool {
        if t < self.next || self.coming.is_some() {
            return false;
        }
        self.next = t + INTERVAL;
        let latency = rng.random_range(0.1..1.0);
        self.coming = Some((t + latency, t + latency / 2.0 - self.late));
        true
    }

    /// What came until `t`: when, and who was logged in.
    pub(super) fn arrived(&mut self, t: f64) -> Option<(f64, Vec<LoggedIn>)> {
        let (at, of) = self.coming.take_if(|(at, _)| *at <= t)?;
        let inside = self.listed.iter().filter(|(_, times)| times.iter().any(|(from, to)| (*from..*to).contains(&of)));
        let agents = inside.map(|(agent, _)| LoggedIn { id: agent.id.clone(), name: None, state: None });
        Some((at, agents.collect()))
    }
}
