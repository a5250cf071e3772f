//! Which target is asked next. Pure: time, readings and attention come in, a target comes out.
//!
//! By hand first, then what was never read, then whatever has waited for two cycles, then the target whose shown value
//! is probably most wrong for what a request costs ([`echo`]). A cycle is the time of one even sweep; nobody waits
//! longer than three. What is learned comes from readings alone, so the stored history restores it.
//!
//! Where it is known who is logged in ([`logins`]), an agent who is logged out and has no calls cannot change. Such a row
//! rests: it is out of the cycle, asked every ten minutes, and at once when the agent logs in.

mod echo;
mod logins;
mod pool;

use std::{collections::BTreeMap, time::Duration};

use self::{echo::Track, pool::Pool};
use crate::{
    domain::{Aht, Band, BootTime, Kind, Now, Outcome, Point, PresencePicture, Reading, Row, Target},
    store::Attention,
};

/// An id that was answered *invalid* twice is asked only this often.
pub const INVALID_INTERVAL: Duration = Duration::from_secs(30 * 60);
/// Whoever has waited for so many cycles is asked before the index has a say: all the others then have one cycle left
/// to be asked in before they have waited for three.
const OVERDUE_CYCLES: u32 = 2;
/// First and last distance between tries of a failing target.
const RETRY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(300));
/// A row that cannot change is asked this often.
pub(in crate::poll) const REST: Duration = Duration::from_secs(600);
/// Where nothing has shown yet that what is said of its agent is right: every so many rounds, but not more often than
/// this. At few rows that costs little.
const UNPROVEN: (u32, Duration) = (5, Duration::from_secs(120));
/// So many rounds after it is due a row that rests goes before the index; it has half a round left then.
pub(in crate::poll) const REST_ROUNDS: f64 = 1.5;
/// So many rounds after it was due an answer about a row that rests counts no longer.
const REST_OVER: u32 = 2;
/// More selected or pinned targets than this are not special any more.
const FEW_SELECTED: usize = 8;

/// The next step of the poller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask this target; `first`: it was never read, so it may burst; `requested`: by hand.
    Ask { target: Target, first: bool, requested: bool },
    /// Nothing is due before this time.
    At(BootTime),
    /// There is nothing to ask.
    Idle,
}

#[derive(Clone, Debug)]
struct Entry {
    attention: Option<Attention>,
    /// When the last answer of any kind came.
    last: Option<BootTime>,
    not_before: Option<BootTime>,
    in_flight: bool,
    failures: u32,
    invalid: u32,
    requested: bool,
    track: Track,
    band: Band,
    /// The last good value in seconds, 0 for *no calls*.
    value: f64,
    /// It cannot change: logged out, and no calls in the window.
    rests: bool,
    /// When it stopped resting, if it was not asked since.
    woke: Option<BootTime>,
}

impl Entry {
    fn new(target: &Target) -> Self {
        Entry {
            attention: None,
            last: None,
            not_before: None,
            in_flight: false,
            failures: 0,
            invalid: 0,
            requested: false,
            track: Track::new(target.kind),
            band: Band::default(),
            value: 0.0,
            rests: false,
            woke: None,
        }
    }

    /// Looks whether it can change, at `now`. An answer older than `oldest` says nothing.
    fn settle(&mut self, pool: &Pool, now: BootTime, oldest: Duration) {
        let quiet = self.track.known() && self.value <= 0.0 && (self.failures, self.invalid) == (0, 0);
        // Read after the call had ended that may have been begun before the logout.
        let settled = |last: BootTime| now.since(last) <= oldest && self.track.logins().is_settled(seconds(last));
        let rests = quiet && pool.believes_logins() && self.last.is_some_and(settled);
        if self.rests && !rests {
            self.woke = Some(now);
        }
        self.rests = rests;
    }

    fn learn(&mut self, pool: &mut Pool, at: BootTime, aht: Option<Aht>) {
        self.value = aht.map_or(0.0, |a| f64::from(a.secs()));
        self.track.read(pool, seconds(at), self.value);
    }

    fn look_ahead(&mut self, pool: &Pool, cycle: Duration) {
        let limits = [self.band.low_crit, self.band.low_warn, self.band.high_warn, self.band.high_crit];
        let distances = limits.into_iter().flatten().map(|limit| (f64::from(limit.secs()) - self.value).abs());
        self.track.look_ahead(pool, cycle.as_secs_f64(), distances.min_by(f64::total_cmp));
    }
}

fn seconds(at: BootTime) -> f64 {
    at.0 as f64 / 1000.0
}

/// What is wanted and what is known of it, and from this who is next.
#[derive(Clone, Debug)]
pub struct Schedule {
    entries: BTreeMap<Target, Entry>,
    min_interval: Duration,
    pool: Pool,
    /// The time between requests, as [`pace`](Schedule::pace) was told last, and the shortest that the rate allows.
    gap: Duration,
    shortest_gap: Duration,
    /// For which cycle the outlooks were worked out.
    cycle: Duration,
    many_selected: bool,
    /// How many take turns; counted when it may have changed, since every decision asks.
    active: usize,
    /// How many rest.
    resting: usize,
    /// How many of them are not proven.
    unproven: usize,
    /// Requests for rows that do not rest, since one that does was asked.
    since_rest: u32,
}

impl Schedule {
    /// Nothing wanted yet. No target is asked more often than every `min_interval`, unless by hand or after a failure.
    pub fn new(min_interval: Duration) -> Self {
        Schedule {
            entries: BTreeMap::new(),
            min_interval,
            pool: Pool::default(),
            gap: Duration::from_secs(1),
            shortest_gap: Duration::from_secs(1),
            cycle: Duration::ZERO,
            many_selected: false,
            active: 0,
            resting: 0,
            unproven: 0,
            since_rest: 0,
        }
    }

    /// Says who is logged in, as far as that is known; to be called after each look, and when the last one is stale.
    pub fn set_presence(&mut self, now: &Now, picture: Option<&PresencePicture>) {
        let (at, oldest) = (now.mono, self.rest_over());
        for (target, entry) in self.entries.iter_mut().filter(|(target, _)| target.kind == Kind::Agent) {
            let told = picture.map(|picture| picture.of(target).is_some());
            let news = entry.track.say(&self.pool, told, seconds(at));
            entry.settle(&self.pool, at, oldest);
            if news {
                entry.look_ahead(&self.pool, self.cycle);
            }
        }
        self.count();
        self.reckon();
    }

    /// True where `target` cannot change, as far as is known: it is not in the cycle, and asked every ten minutes.
    pub fn rests(&self, target: &Target) -> bool {
        self.rest_interval(target).is_some()
    }

    /// Those that rest, and how often each is asked.
    pub fn resting(&self) -> impl Iterator<Item = (&Target, Duration)> {
        let rest = self.entries.iter().filter(|(_, entry)| entry.rests && entry.attention.is_some());
        rest.map(|(target, entry)| (target, self.rest_of(entry)))
    }

    /// How much later a row that rests is asked at the latest.
    pub fn rest_late(&self) -> Duration {
        self.round().saturating_mul(REST_OVER)
    }

    /// How often `target` is asked where it rests; [`rest_late`](Schedule::rest_late) may come to it.
    fn rest_interval(&self, target: &Target) -> Option<Duration> {
        self.entries.get(target).filter(|entry| entry.rests).map(|entry| self.rest_of(entry))
    }

    /// Replaces what is wanted. What was learned of the targets that stay is kept; `rows` tells what the store knows of
    /// those that are new here: their series of the last hours restore what was learned before a restart or a takeover.
    pub fn want(&mut self, wanted: &[(Target, Attention)], rows: &BTreeMap<Target, Row>, now: &Now) {
        let mut old = std::mem::take(&mut self.entries);
        let mut points: Vec<(Point, &Target)> = Vec::new();
        for (target, attention) in wanted {
            let mut entry = old.remove(target).unwrap_or_else(|| {
                let row = rows.get_key_value(target);
                if let Some((target, row)) = row {
                    let good = row.good.iter().map(|(o, at)| Point { at: now.mono_of(at), aht: o.aht() });
                    let good = good.filter(|p| row.series.points().next_back().is_none_or(|last| last.at < p.at));
                    points.extend(row.series.points().chain(good).map(|p| (p, target)));
                }
                row.map_or_else(|| Entry::new(target), |(_, row)| self.remembered(row, now))
            });
            entry.attention = Some(*attention);
            self.entries.insert(target.clone(), entry);
        }
        // A request that is under way comes back, wanted or not.
        self.entries
            .extend(old.into_iter().filter(|(_, e)| e.in_flight).map(|(t, e)| (t, Entry { attention: None, ..e })));
        let selected = self.entries.values().filter(|e| e.attention == Some(Attention::Selected)).count();
        self.many_selected = selected > FEW_SELECTED;
        self.count();
        self.seed(points);
        self.reckon();
    }

    /// Learns from stored points in the order of their times, as if they came now, whatever order they are given in.
    fn seed(&mut self, mut points: Vec<(Point, &Target)>) {
        points.sort_by(|(a, t), (b, u)| (a.at, t).cmp(&(b.at, u)));
        for (point, target) in points {
            if let Some(entry) = self.entries.get_mut(target) {
                entry.learn(&mut self.pool, point.at, point.aht);
                entry.look_ahead(&self.pool, self.cycle);
            }
        }
    }

    /// The bands of the targets: values near a limit are worth more. Targets without one, or not named, have none.
    pub fn bands(&mut self, band_of: impl Fn(&Target) -> Band) {
        for (target, entry) in &mut self.entries {
            let band = band_of(target);
            if entry.band != band {
                entry.band = band;
                entry.look_ahead(&self.pool, self.cycle);
            }
        }
    }

    fn remembered(&self, row: &Row, now: &Now) -> Entry {
        let Some((outcome, at)) = &row.last else { return Entry::new(&row.target) };
        let last = now.mono_of(at);
        let mut entry = Entry { last: Some(last), ..Entry::new(&row.target) };
        match outcome {
            Outcome::Invalid => {
                entry.invalid = row.failures.max(1);
                entry.not_before = Some(last + if entry.invalid >= 2 { INVALID_INTERVAL } else { self.min_interval });
            }
            Outcome::Failed(_) => entry.failures = row.failures,
            _ => entry.not_before = Some(last + self.min_interval),
        }
        entry
    }

    /// True if `target` is wanted already.
    pub fn knows(&self, target: &Target) -> bool {
        self.entries.contains_key(target)
    }

    /// `target` is to be asked next, whatever is due.
    pub fn request_poll(&mut self, target: &Target) {
        if let Some(entry) = self.entries.get_mut(target) {
            entry.requested = true;
        }
    }

    /// Says at which `rate` requests a minute are sent now; to be called before [`next`](Schedule::next).
    pub fn pace(&mut self, rate: f64) {
        self.shortest_gap = Duration::from_secs(60).div_f64(rate.max(0.1));
        self.gap = self.gap(rate);
        self.reckon();
    }

    /// The outlooks hold for a cycle; a cycle that is about the same needs no new ones.
    fn reckon(&mut self) {
        let cycle = self.cycle();
        if cycle.abs_diff(self.cycle) <= self.cycle / 8 {
            return;
        }
        self.cycle = cycle;
        for entry in self.entries.values_mut() {
            entry.look_ahead(&self.pool, cycle);
        }
    }

    /// How long an even sweep takes at the present pace.
    fn cycle(&self) -> Duration {
        self.cycle_of(self.active.max(1), self.gap)
    }

    /// The time in which asking in turn asks `active` targets once, and meanwhile those that rest as often as they must
    /// be.
    fn cycle_of(&self, active: usize, gap: Duration) -> Duration {
        let cycle = gap.saturating_mul(u32::try_from(active).unwrap_or(u32::MAX));
        if self.resting == 0 || active == 0 {
            return cycle;
        }
        // One more, since the turns of those that rest do not come evenly.
        let longer = (cycle + gap).mul_f64(1.0 / (1.0 - self.rest_share(gap)));
        // With requests to spare, each is asked when it may be.
        if gap > self.shortest_gap { longer.min(self.min_interval.max(cycle)) } else { longer }
    }

    /// The time in which the budget could ask everybody once, those that rest too.
    fn round(&self) -> Duration {
        self.shortest_gap.saturating_mul(u32::try_from(self.active + self.resting).unwrap_or(u32::MAX))
    }

    /// How often a row that rests is asked.
    fn rest_of(&self, entry: &Entry) -> Duration {
        if entry.track.logins().is_proven() { REST } else { self.rest_unproven() }
    }

    fn rest_unproven(&self) -> Duration {
        self.round().saturating_mul(UNPROVEN.0).clamp(UNPROVEN.1, REST)
    }

    /// An older answer about a row that rests says nothing.
    fn rest_over(&self) -> Duration {
        REST.saturating_add(self.rest_late())
    }

    /// How many requests those that rest need in so many seconds, where each is asked `late` after it is due.
    fn rest_requests(&self, secs: f64, late: Duration) -> f64 {
        let part = |n: usize, rest: Duration| secs * n as f64 / (rest + late).as_secs_f64();
        part(self.resting - self.unproven, REST) + part(self.unproven, self.rest_unproven())
    }

    /// What those that rest need of the requests, `gap` apart.
    fn rest_share(&self, gap: Duration) -> f64 {
        self.rest_requests(gap.as_secs_f64(), self.round().mul_f64(REST_ROUNDS)).min(0.9)
    }

    /// After so many requests for others one for a row that rests may go before them.
    fn between_rests(&self) -> u32 {
        let share = self.rest_share(self.gap);
        if share > 0.0 { (1.0 / share - 1.0).ceil().clamp(0.0, 1e6) as u32 } else { 0 }
    }

    /// What to ask at `now`: by hand first, then what was never read, then the oldest answer if it is two cycles old,
    /// then what is probably most wrong.
    pub fn next(&self, now: BootTime) -> Next {
        let t = seconds(now);
        self.next_by(now, |_, entry| match entry.attention {
            // The score goes with the square of what an error is worth.
            Some(Attention::Selected) if !self.many_selected => 256.0 * entry.track.score(t),
            Some(Attention::Selected | Attention::OnScreen) => 16.0 * entry.track.score(t),
            _ => entry.track.score(t),
        })
    }

    /// As [`next`](Schedule::next), with the index replaced by `score`: for comparisons. Of equal scores the older
    /// answer wins, then the lesser target.
    pub fn next_scored(&self, now: BootTime, mut score: impl FnMut(&Target) -> f64) -> Next {
        self.next_by(now, |target, _| score(target))
    }

    fn next_by(&self, now: BootTime, mut score: impl FnMut(&Target, &Entry) -> f64) -> Next {
        let two_cycles = self.cycle().saturating_mul(OVERDUE_CYCLES);
        let overdue = now - two_cycles;
        let (late, between) = (self.round().mul_f64(REST_ROUNDS), self.between_rests());
        let mut best: Option<(Rank, &Target, &Entry)> = None;
        let mut soonest: Option<BootTime> = None;
        for (target, entry) in &self.entries {
            if entry.attention.is_none() || entry.in_flight {
                continue;
            }
            let resting = entry.last.filter(|_| entry.rests).map(|last| last + self.rest_of(entry));
            if let Some(at) = entry.not_before.max(resting).filter(|at| *at > now && !entry.requested) {
                soonest = Some(soonest.map_or(at, |s| s.min(at)));
                continue;
            }
            let rank = match (entry.last, resting, entry.woke) {
                _ if entry.requested => Rank::new(3, 0.0, entry.last),
                (None, ..) => Rank::new(2, 0.0, None),
                (Some(_), Some(due), _) => {
                    let until = due + late;
                    let first = until <= now && self.since_rest >= between;
                    Rank::new(u8::from(first), 0.0, Some(until - two_cycles))
                }
                // As if it was just overdue when it woke.
                (Some(last), None, Some(woke)) => Rank::new(1, 0.0, Some(last.max(woke - two_cycles))),
                // Never any good answer: as if it was just overdue.
                (Some(last), ..) if last <= overdue || !entry.track.known() => Rank::new(1, 0.0, Some(last)),
                (Some(last), ..) => Rank::new(0, score(target, entry), Some(last)),
            };
            if best.as_ref().is_none_or(|(b, ..)| rank.beats(b)) {
                best = Some((rank, target, entry));
            }
        }
        match (best, soonest) {
            (Some((_, target, e)), _) => {
                Next::Ask { target: target.clone(), first: e.last.is_none(), requested: e.requested }
            }
            (None, Some(at)) => Next::At(at),
            (None, None) => Next::Idle,
        }
    }

    /// The error in seconds that the shown value of `target` probably has at `now`; `None` where it was never read.
    pub fn expected_error(&self, target: &Target, now: BootTime) -> Option<f64> {
        self.entries.get(target)?.track.error_at(seconds(now))
    }

    /// Any target that is wanted and not under way, due or not, the oldest first: for a probe.
    pub fn probe(&self) -> Option<Target> {
        let free = self.entries.iter().filter(|(_, e)| e.attention.is_some() && !e.in_flight && e.invalid < 2);
        free.min_by_key(|(_, e)| e.last).map(|(t, _)| t.clone())
    }

    /// The request about `target` was sent.
    pub fn sent(&mut self, target: &Target) {
        if let Some(entry) = self.entries.get_mut(target) {
            entry.in_flight = true;
            entry.requested = false;
            self.since_rest = if entry.rests { 0 } else { self.since_rest.saturating_add(1) };
        }
    }

    /// The request told nothing about the target (throttled, token rejected, void permit): as if it was never sent.
    pub fn unsent(&mut self, target: &Target) {
        self.complete(target);
    }

    /// The request brought `reading`. `jitter` in 0..1 spreads the tries of failing targets.
    pub fn answered(&mut self, reading: &Reading, jitter: f64) {
        let (min_interval, oldest) = (self.min_interval, self.rest_over());
        let at = reading.at.mono;
        let Some(entry) = self.complete(&reading.target) else { return };
        entry.last = Some(at);
        // Who asked for it while it was under way has the answer.
        entry.requested = false;
        let mut learned = None;
        let wait = match &reading.outcome {
            Outcome::Value(_) | Outcome::NoCalls => {
                (entry.failures, entry.invalid) = (0, 0);
                learned = Some(reading.outcome.aht());
                min_interval
            }
            Outcome::Invalid => {
                entry.failures = 0;
                entry.invalid = entry.invalid.saturating_add(1);
                if entry.invalid >= 2 { INVALID_INTERVAL } else { min_interval }
            }
            Outcome::Failed(_) => {
                let doubled = RETRY.0.saturating_mul(2u32.saturating_pow(entry.failures.min(8))).min(RETRY.1);
                entry.failures = entry.failures.saturating_add(1);
                doubled.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 4.0)
            }
        };
        entry.not_before = Some(at + wait);
        let (cycle, pool) = (self.cycle, &mut self.pool);
        if let Some(entry) = self.entries.get_mut(&reading.target) {
            if let Some(aht) = learned {
                entry.learn(pool, at, aht);
                entry.look_ahead(pool, cycle);
            }
            entry.settle(pool, at, oldest);
            // This was its turn.
            entry.woke = None;
        }
        self.count();
    }

    fn complete(&mut self, target: &Target) -> Option<&mut Entry> {
        if self.entries.get(target)?.attention.is_none() {
            self.entries.remove(target);
            return None;
        }
        let entry = self.entries.get_mut(target)?;
        entry.in_flight = false;
        Some(entry)
    }

    /// The service works again: failing targets need not wait any longer (the pace keeps them from a burst).
    pub fn forgive(&mut self) {
        for entry in self.entries.values_mut().filter(|e| e.failures > 0) {
            entry.failures = 0;
            entry.not_before = None;
        }
    }

    /// How many targets take turns: wanted, not given up as invalid, and not at rest.
    pub fn active(&self) -> usize {
        self.active
    }

    /// How many are asked at all: those that take turns, and those that rest.
    pub fn watched(&self) -> usize {
        self.active + self.resting
    }

    fn count(&mut self) {
        let turns = self.entries.values().filter(|e| e.attention.is_some() && e.invalid < 2);
        (self.active, self.resting, self.unproven) = (0, 0, 0);
        for entry in turns {
            self.active += usize::from(!entry.rests);
            self.resting += usize::from(entry.rests);
            self.unproven += usize::from(entry.rests && !entry.track.logins().is_proven());
        }
    }

    /// The even distance between requests at `rate` a minute: few targets do not use up the budget.
    pub fn gap(&self, rate: f64) -> Duration {
        let by_rate = Duration::from_secs(60).div_f64(rate.max(0.1));
        by_rate.max(self.gap_by_interval())
    }

    /// How far apart requests are where each row is asked as often as it may be.
    fn gap_by_interval(&self) -> Duration {
        let even = self.min_interval / u32::try_from(self.active.max(1)).unwrap_or(u32::MAX);
        if self.resting == 0 || even.is_zero() {
            return even;
        }
        let active = self.active as f64 / self.min_interval.as_secs_f64();
        Duration::from_secs_f64(1.0 / (active + self.rest_requests(1.0, Duration::ZERO)))
    }

    /// How long one sweep takes at `rate` requests a minute.
    pub fn sweep(&self, rate: f64) -> Duration {
        self.cycle_of(self.active, self.gap(rate))
    }
}

/// The order in which targets are asked.
#[derive(Clone, Copy, Debug)]
struct Rank {
    class: u8,
    score: f64,
    last: Option<BootTime>,
}

impl Rank {
    fn new(class: u8, score: f64, last: Option<BootTime>) -> Self {
        Rank { class, score, last }
    }

    /// Strictly before `other`; of equals the first met stays, which is the lesser target.
    fn beats(&self, other: &Rank) -> bool {
        let order = self.class.cmp(&other.class).then(self.score.total_cmp(&other.score));
        order.then(other.last.cmp(&self.last)).is_gt()
    }
}

#[cfg(test)]
mod tests;
