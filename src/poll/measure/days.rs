//! Days of a call centre, made up for choosing the schedule's constants: log-normal handling times, shifts and breaks,
//! idle agents, gaps between calls, a change of regime for each campaign, and who was logged in when.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, LogNormal};

use super::{Day, SPAN, Truth};
use crate::domain::{AHT_WINDOW, Target};

const WINDOW: f64 = AHT_WINDOW.as_secs_f64();

struct Campaign {
    goal: f64,
    /// From when on handling times are this many times as long.
    regime: (f64, f64),
}

/// A day of `n` targets, one in ten a campaign and at least two; the same seed gives the same day.
///
/// 30 % of the agents have no calls at all. The others begin anywhere in the first seven hours (some before the day
/// does), work five to nine hours with breaks of 10 to 40 minutes, and pause between calls for 30 s to 15 minutes. They
/// are logged in from the begin to the end of their work but for the breaks, and end the call in which they log out.
pub fn generate(n: usize, seed: u64) -> Day {
    let mut rng = StdRng::seed_from_u64(seed);
    let campaigns: Vec<Campaign> = (0..(n / 10).max(2).min(n))
        .map(|_| Campaign {
            goal: rng.random_range(120.0f64..400.0).round(),
            regime: (rng.random_range(0.0..SPAN.1), log_normal(0.35, &mut rng).clamp(0.5, 2.0)),
        })
        .collect();
    let mut merged: Vec<Vec<(f64, f64)>> = vec![Vec::new(); campaigns.len()];
    let mut truths = Vec::new();
    let mut logins = BTreeMap::new();
    for a in 0..n - campaigns.len() {
        let skewed = rng.random::<f64>() * rng.random::<f64>();
        let c = ((skewed * campaigns.len() as f64) as usize).min(campaigns.len() - 1);
        let idle = rng.random_bool(0.3);
        let (calls, spans) = if idle { (Vec::new(), Vec::new()) } else { work(&campaigns[c], &mut rng) };
        merged[c].extend(&calls);
        let target = Target::agent(format!("a{a:04}"));
        logins.insert(target.clone(), spans);
        truths.push(truth(target, campaigns[c].goal, calls));
    }
    for (c, (campaign, calls)) in campaigns.iter().zip(merged).enumerate() {
        truths.push(truth(Target::campaign(format!("c{c:04}")), campaign.goal, calls));
    }
    Day { name: format!("day-n{n:04}-s{seed}"), truths, logins }
}

/// Times from and to.
type Spans = Vec<(f64, f64)>;

/// When the calls of an agent ended and how long each took, and when the agent was logged in.
fn work(campaign: &Campaign, rng: &mut StdRng) -> (Vec<(f64, f64)>, Spans) {
    let cv: f64 = rng.random_range(0.5..0.9);
    let sigma = (1.0 + cv * cv).ln().sqrt();
    let mean = campaign.goal * log_normal(0.2, rng);
    let (longest_gap, by_doubling) = (rng.random_range(200.0f64..900.0), rng.random_bool(0.5));
    let mut t: f64 = rng.random_range(-3600.0..21_600.0);
    let end = t + rng.random_range(5.0..9.0) * 3600.0;
    let mut to_break = t + 5400.0 * rng.random_range(0.6..1.4);
    let (mut calls, mut spans, mut came) = (Vec::new(), Vec::new(), t);
    loop {
        let part: f64 = rng.random();
        t += if by_doubling { 30.0 * (longest_gap / 30.0).powf(part) } else { 30.0 + (longest_gap - 30.0) * part };
        if t > to_break {
            let pause = rng.random_range(600.0..2400.0);
            spans.push((came, to_break));
            came = to_break + pause;
            t += pause;
            to_break = t + 5400.0 * rng.random_range(0.6..1.4);
        }
        if t > end.min(SPAN.1) {
            spans.push((came, end));
            // The last break may reach beyond the end of the work.
            spans.retain_mut(|span| {
                span.1 = span.1.min(end);
                span.0 < span.1 && span.1 > 0.0
            });
            return (calls, spans);
        }
        let factor = if t > campaign.regime.0 { campaign.regime.1 } else { 1.0 };
        let length = (mean * factor * log_normal(sigma, rng) * (-sigma * sigma / 2.0).exp()).max(2.0);
        t += length;
        if t >= 0.0 {
            calls.push((t, length));
        }
    }
}

fn log_normal(sigma: f64, rng: &mut StdRng) -> f64 {
    LogNormal::new(0.0, sigma).map_or(1.0, |d| d.sample(rng))
}

/// The mean over the window, in whole seconds, at each of its changes.
fn truth(target: Target, goal: f64, calls: Vec<(f64, f64)>) -> Truth {
    let mut steps: Vec<(f64, f64, f64)> =
        calls.iter().flat_map(|&(t, length)| [(t, 1.0, length), (t + WINDOW, -1.0, -length)]).collect();
    steps.retain(|s| s.0 < SPAN.1);
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut count, mut sum) = (0.0, 0.0);
    let mut changes = vec![(0.0, 0.0)];
    let mut last = 0.0;
    for (t, calls, seconds) in steps {
        count += calls;
        sum += seconds;
        let value = if count > 0.5 { (sum / count).round().max(1.0) } else { 0.0 };
        if value != last {
            changes.push((t, value));
            last = value;
        }
    }
    Truth { target, goal, changes }
}
