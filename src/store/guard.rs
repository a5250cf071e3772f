//! What must not be forgotten with the store: the last minute's requests and the last hour's token generations.
//!
//! The store's file can be damaged, full, read-only, removed, or exchanged for an older copy. Each of these would
//! forget requests that the service still counts, and the limit would be exceeded. So every permit is also written
//! into small files of fixed size, which need no free space once they are there:
//!
//! * one beside the store, which all who share the store see;
//! * one in the user's runtime directory, by account, which two stores for one account have in common.
//!
//! A request is sent only if each file that can be used has room for it, and at least one can be used. A file that is
//! damaged, older than it was, or gone does not tell what was sent: then nothing is sent for a whole window.
//!
//! A process that is killed while it writes spoils at most the newer slot of a [`slot_file`](super::slot_file), and the
//! permit that it was to hold was never given.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    GenerationAnswer, GenerationAsk, GenerationEnd, GenerationTicket, HOUR, LONGEST_BLOCK, PermitAnswer, PermitAsk,
    PermitId, TICK, WINDOW,
    slot_file::{self, Found, Held, Numbered},
};
use crate::domain::{BootTime, Clock, EventTime, Now};

/// How long nothing is sent at least when it is not known what was: a window, and what a request takes.
const HOLD: Duration = Duration::from_secs(70);
/// How soon to ask again where no file can be used.
const RETRY: Duration = Duration::from_secs(5);

/// A request that counts until `until`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Request {
    id: i64,
    taken: i64,
    until: i64,
    ended: bool,
}

/// A token generation that counts for an hour from `end`: its real end, or the moment at which it is given up.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Generation {
    id: i64,
    end: EventTime,
    ended: bool,
}

/// What a file says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Record {
    /// Grows with each write.
    seq: u64,
    boot: String,
    /// Nothing is sent before this, in milliseconds of the boot clock.
    hold: i64,
    requests: Vec<Request>,
    generations: Vec<Generation>,
}

impl Numbered for Record {
    fn number(&self) -> u64 {
        self.seq
    }
}

impl Record {
    /// Takes in what another file knows. An entry that both know is settled by the later knowledge.
    fn merge(&mut self, other: &Record) {
        self.seq = self.seq.max(other.seq);
        if self.boot.is_empty() {
            self.boot.clone_from(&other.boot);
        }
        if self.boot == other.boot {
            self.hold = self.hold.max(other.hold);
        }
        for request in &other.requests {
            match self.requests.iter_mut().find(|r| r.id == request.id) {
                Some(known) if request.ended && !known.ended => *known = request.clone(),
                Some(_) => {}
                None => self.requests.push(request.clone()),
            }
        }
        for generation in &other.generations {
            match self.generations.iter_mut().find(|g| g.id == generation.id) {
                Some(known) if generation.ended && !known.ended => *known = generation.clone(),
                Some(_) => {}
                None => self.generations.push(generation.clone()),
            }
        }
    }

    /// Brings it to `now`: what expired goes; what was written by another boot, or by a clock that ran ahead of this
    /// one, counts as if it had ended just now, or as if it had begun where its end was not said: it may still come.
    /// `hold`: how long it takes until what was begun now counts no more.
    fn settle(&mut self, now: &Now, hold: Duration) {
        let same = self.boot == *now.boot.0;
        if !same {
            // The last entries may have gone with the power.
            self.hold = if self.boot.is_empty() { 0 } else { (BootTime(0) + hold).0 };
            now.boot.0.as_ref().clone_into(&mut self.boot);
        }
        self.hold = self.hold.min((now.mono + LONGEST_BLOCK).0);
        for request in &mut self.requests {
            if !same || request.taken > now.mono.0 || request.until > (now.mono + LONGEST_BLOCK).0 {
                let until = if request.ended { ended_now(now) } else { (now.mono + hold).0 };
                *request = Request { taken: now.mono.0, until, ..*request };
            }
        }
        self.requests.retain(|r| r.until > now.mono.0);
        self.generations.retain(|g| g.end.age(now) < HOUR);
        // One that seems to end far ahead was written by another clock: it counts from now on.
        for generation in &mut self.generations {
            if generation.end.boot == now.boot && generation.end.mono > now.mono + HOUR {
                generation.end = now.stamp();
            }
        }
    }

    /// Why no token may be generated now.
    fn too_soon(&self, now: &Now, ask: &GenerationAsk) -> Option<GenerationAnswer> {
        ask.too_soon(now, self.generations.iter().map(|g| (&g.end, g.ended)))
    }

    /// How long until another request may be sent.
    fn wait(&self, now: &Now, cap: u32) -> Duration {
        let held = BootTime(self.hold).since(now.mono);
        let mut ends: Vec<i64> = self.requests.iter().map(|r| r.until).collect();
        ends.sort_unstable_by(|a, b| b.cmp(a));
        let room = match usize::try_from(cap).unwrap_or(usize::MAX).checked_sub(1) {
            None => WINDOW,
            Some(nth) => ends.get(nth).map_or(Duration::ZERO, |until| BootTime(*until).since(now.mono)),
        };
        held.max(room)
    }
}

fn ended_now(now: &Now) -> i64 {
    (now.mono + WINDOW + TICK).0
}

struct Known {
    held: Vec<Option<Held>>,
    /// Files that can be read and not written: a disk that turned read-only, or is full. What they say counts, but that
    /// they are older than the others is known.
    broken: Vec<bool>,
    /// What we last wrote. Empty before the first time.
    last: Option<Record>,
    /// We poll instead of somebody else, who may have had a file in common with us that none of us could write.
    took_over: bool,
    /// There was no store when we began: where no file is there either, nothing can have been sent.
    first_start: bool,
    /// How long nothing is sent when it is not known what was: a window, and the longest that a request may be under way
    /// by the configuration.
    hold: Duration,
    /// Why no file could be used the last time.
    stuck: Option<Trouble>,
    /// When a file was last found that a process of another boot had written since we wrote it.
    other_boot: Option<BootTime>,
}

/// Why requests wait, for the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No file can be written: nothing is sent.
    Unusable,
    /// Another process holds a file for long.
    Busy,
    /// It is not known what was sent; nothing is before this.
    Held(BootTime),
    /// Processes that share the files disagree on when the machine started.
    OtherBoot,
}

/// The files of an account. See the module.
pub(super) struct Guard {
    places: Vec<PathBuf>,
    known: Mutex<Known>,
}

impl Guard {
    /// Nothing is opened yet. `first_start`: there is no store yet whose requests might be forgotten.
    pub(super) fn new(places: Vec<PathBuf>, first_start: bool) -> Guard {
        let known = Known {
            held: places.iter().map(|_| None).collect(),
            broken: vec![false; places.len()],
            last: None,
            took_over: false,
            first_start,
            hold: HOLD,
            stuck: None,
            other_boot: None,
        };
        Guard { places, known: Mutex::new(known) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks `grant` only where the files have room too, and writes down what it gives. What cannot be written down is
    /// given to `take_back`.
    pub(super) fn permit<E>(
        &self,
        clock: &dyn Clock,
        ask: &PermitAsk,
        grant: impl FnOnce() -> Result<PermitAnswer, E>,
        take_back: impl FnOnce(PermitId) -> Result<(), E>,
    ) -> Result<PermitAnswer, E> {
        let mut answer = None;
        {
            let mut known = self.known();
            known.hold = known.hold.max(WINDOW + ask.void_after + ask.timeout);
        }
        let done = self.update(clock, |record, now| {
            let wait = record.wait(now, ask.cap);
            if wait > Duration::ZERO {
                answer = Some(Ok(PermitAnswer::Wait(wait)));
                return;
            }
            let given = grant();
            if let Ok(PermitAnswer::Granted { id, .. }) = &given {
                let until = (now.mono + ask.void_after + ask.timeout + WINDOW).0;
                record.requests.push(Request { id: id.0, taken: now.mono.0, until, ended: false });
            }
            answer = Some(given);
        });
        match answer {
            Some(answer) if done => answer,
            Some(Err(e)) => Err(e),
            Some(Ok(PermitAnswer::Granted { id, .. })) => {
                self.forget(|record| record.requests.retain(|r| r.id != id.0));
                take_back(id).map(|()| PermitAnswer::Wait(RETRY))
            }
            _ => Ok(PermitAnswer::Wait(RETRY)),
        }
    }

    /// What could not be written down was not begun either: it does not count.
    fn forget(&self, change: impl FnOnce(&mut Record)) {
        if let Some(last) = &mut self.known().last {
            change(last);
        }
    }

    /// From now on this process polls in memory, and another one may have until now.
    pub(super) fn took_over(&self) {
        self.known().took_over = true;
    }

    /// The request has ended, or was never sent.
    pub(super) fn finish(&self, clock: &dyn Clock, permit: PermitId, used: bool) {
        self.update(clock, |record, now| {
            if used {
                for request in record.requests.iter_mut().filter(|r| r.id == permit.0 && !r.ended) {
                    (request.ended, request.until) = (true, ended_now(now));
                }
            } else {
                record.requests.retain(|r| r.id != permit.0 || r.ended);
            }
        });
    }

    /// Asks `begin`, and writes down what it allows. What it allows and the files do not is given to `take_back`.
    pub(super) fn generate<E>(
        &self,
        clock: &dyn Clock,
        ask: &GenerationAsk,
        begin: impl FnOnce() -> Result<GenerationAnswer, E>,
        take_back: impl Fn(GenerationTicket) -> Result<(), E>,
    ) -> Result<GenerationAnswer, E> {
        let mut answer = None;
        let done = self.update(clock, |record, now| {
            let given = begin();
            answer = Some(match given {
                Ok(GenerationAnswer::Go(ticket)) => match record.too_soon(now, ask) {
                    Some(wait) => take_back(ticket).map(|()| wait),
                    None => {
                        let end = now.after(ask.lock);
                        record.generations.push(Generation { id: ticket.0, end, ended: false });
                        Ok(GenerationAnswer::Go(ticket))
                    }
                },
                other => other,
            });
        });
        match answer {
            Some(Ok(GenerationAnswer::Go(ticket))) if !done => {
                self.forget(|record| record.generations.retain(|g| g.id != ticket.0));
                take_back(ticket).map(|()| GenerationAnswer::Busy(RETRY))
            }
            Some(answer) => answer,
            None => Ok(GenerationAnswer::Busy(RETRY)),
        }
    }

    /// A token generation has ended.
    pub(super) fn generated(&self, clock: &dyn Clock, ticket: GenerationTicket, end: &GenerationEnd) {
        self.update(clock, |record, now| {
            if matches!(end, GenerationEnd::NotSent) {
                record.generations.retain(|g| g.id != ticket.0);
            } else {
                for generation in record.generations.iter_mut().filter(|g| g.id == ticket.0 && !g.ended) {
                    (generation.ended, generation.end) = (true, now.stamp());
                }
            }
        });
    }

    /// Why requests wait, if they do because of the files.
    pub(super) fn trouble(&self, now: &Now) -> Option<Trouble> {
        let known = self.known();
        if known.stuck.is_some() {
            return known.stuck.clone();
        }
        if known.other_boot.is_some_and(|at| now.mono.since(at) < LONGEST_BLOCK) {
            return Some(Trouble::OtherBoot);
        }
        let hold = known.last.as_ref().map(|r| BootTime(r.hold));
        hold.filter(|hold| *hold > now.mono).map(Trouble::Held)
    }

    /// Where the files are, for messages.
    pub(super) fn places(&self) -> String {
        self.places.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and ")
    }

    /// Changes the files under their locks. False where none could be used: then nothing may be sent.
    ///
    /// The clock is read under the locks, so that time rises in the order of the files over all processes: who waited for
    /// a lock, or was stopped before it, would take what the others wrote meanwhile for a thing of the future.
    fn update(&self, clock: &dyn Clock, change: impl FnOnce(&mut Record, &Now)) -> bool {
        let mut known = self.known();
        let mut doubtful = false;
        let mut merged = Record::default();
        let mut whole = 0;
        let mut joins = false;
        let mut unwritable = false;
        let mut locked = vec![];
        for at in 0..self.places.len() {
            let was_there = known.held[at].is_some();
            let same = match slot_file::hold_as_allowed(&self.places[at], &mut known.held[at]) {
                Ok(same) => same,
                Err(e) => {
                    // Not to be used now; what it says is not known when it comes back.
                    known.held[at] = None;
                    if e.kind() != io::ErrorKind::TimedOut {
                        // Where it is not there, nobody else has it either.
                        let there = fs::symlink_metadata(&self.places[at]);
                        unwritable |= !there.is_err_and(|e| e.kind() == io::ErrorKind::NotFound);
                        continue;
                    }
                    // It works, and somebody was stopped with it. To go on without it would leave those behind who have
                    // nothing but this file in common with us.
                    for at in locked {
                        known.held[at] = None;
                    }
                    known.stuck = Some(Trouble::Busy);
                    return false;
                }
            };
            let Some(held) = &known.held[at] else { continue };
            unwritable |= known.broken[at] || !held.is_writable();
            let doubt = match held.read::<Record>() {
                Found::Nothing => {
                    joins = true;
                    was_there
                }
                Found::Damaged => true,
                Found::Value { value: record, spoilt } => {
                    let older = same && known.last.as_ref().is_some_and(|last| record.seq < last.seq);
                    merged.merge(&record);
                    whole += 1;
                    spoilt || older || (was_there && !same)
                }
            };
            doubtful |= doubt && !known.broken[at];
            locked.push(at);
        }
        if locked.is_empty() {
            known.stuck = Some(Trouble::Unusable);
            return false;
        }
        let now = &clock.now();
        if known.last.is_some() && !merged.boot.is_empty() && merged.boot != *now.boot.0 {
            known.other_boot = Some(now.mono);
        }
        doubtful |= whole == 0 && !known.first_start;
        doubtful |= std::mem::take(&mut known.took_over) && unwritable;
        if let Some(last) = &known.last {
            merged.merge(last);
        }
        merged.settle(now, known.hold);
        if doubtful {
            merged.hold = merged.hold.max((now.mono + known.hold).0);
        }
        change(&mut merged, now);
        // Both slots after a doubt, so that the spoilt one is not found again; and where a file is new beside another one,
        // since an empty slot under a high number looks as if it had been lost.
        let slots = if doubtful || joins { 2 } else { 1 };
        let mut written = 0;
        let first = merged.seq + 1;
        merged.seq += slots;
        for at in locked {
            if let Some(held) = &known.held[at] {
                let done = (first..=merged.seq).all(|seq| held.write(&Record { seq, ..merged.clone() }).is_ok());
                written += usize::from(done);
                // Nothing else to do where the lock cannot be given back: it goes with the file.
                if held.unlock().is_err() || !done {
                    known.held[at] = None;
                }
                known.broken[at] = !done;
            }
        }
        known.last = Some(merged);
        known.first_start = false;
        known.stuck = (written == 0).then_some(Trouble::Unusable);
        written > 0
    }
}

/// The directory for what processes of this user share until the next boot, made for the user alone (0700). `None`
/// where the system gives none, or where it is not ours.
pub(super) fn runtime_dir() -> Option<PathBuf> {
    let user = rustix::process::geteuid().as_raw();
    let named = ["XDG_RUNTIME_DIR", "RUNTIME_DIRECTORY"].into_iter().filter_map(std::env::var_os).map(PathBuf::from);
    let given = named.filter(|dir| dir.is_absolute()).chain([PathBuf::from(format!("/run/user/{user}"))]);
    let inside = given.filter(|dir| dir.is_dir()).map(|dir| dir.join("ahtop"));
    let last = std::env::temp_dir().join(format!("ahtop-{user}"));
    inside.chain([last]).find(|dir| {
        // There already, or made here; the check below decides.
        let _ = DirBuilder::new().mode(0o700).create(dir);
        fs::symlink_metadata(dir).is_ok_and(|m| m.is_dir() && m.uid() == user && m.mode() & 0o077 == 0)
    })
}

/// The path of an account in the runtime directory, to which an ending is added. `account` names it over all stores:
/// the service and the user.
pub(super) fn runtime_path(account: &str) -> Option<PathBuf> {
    Some(runtime_dir()?.join(format!("account-{:016x}", slot_file::checksum(account.as_bytes()))))
}

#[cfg(test)]
mod tests {
    use std::{fs::File, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

    use tempfile::TempDir;

    use super::*;
    use crate::{
        domain::ManualClock,
        store::{Pace, PermitKind, StoreError},
    };

    const LIMIT: u32 = 3;
    const GAPS: [u64; 4] = [0, 60, 300, 900];

    /// A clock that stands.
    #[derive(Debug)]
    struct Fixed(Now);

    impl Clock for Fixed {
        fn now(&self) -> Now {
            self.0.clone()
        }
    }

    struct World {
        dir: TempDir,
        clock: Arc<ManualClock>,
        ids: std::cell::Cell<i64>,
    }

    impl World {
        fn new() -> World {
            let clock = Arc::new(ManualClock::at(jiff::Timestamp::from_second(1_770_000_000).unwrap()));
            World { dir: TempDir::new().unwrap(), clock, ids: std::cell::Cell::new(0) }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        fn guard(&self, names: &[&str], first_start: bool) -> Guard {
            Guard::new(names.iter().map(|name| self.path(name)).collect(), first_start)
        }

        /// Asks a store that would always say yes.
        fn ask(&self, guard: &Guard) -> PermitAnswer {
            let (void_after, timeout) = (Duration::from_secs(1), Duration::from_secs(9));
            let ask = PermitAsk { kind: PermitKind::Aht, cap: LIMIT, pace: Pace::Burst, void_after, timeout };
            self.ids.set(self.ids.get() + 1);
            let yes =
                PermitAnswer::Granted { id: PermitId(self.ids.get()), void_at: self.clock.now().mono + void_after };
            guard.permit(&*self.clock, &ask, || Ok::<_, StoreError>(yes), |_| Ok(())).unwrap()
        }

        fn sent(&self, guard: &Guard) -> PermitId {
            match self.ask(guard) {
                PermitAnswer::Granted { id, .. } => id,
                PermitAnswer::Wait(d) => panic!("told to wait {d:?}"),
            }
        }

        fn waits(&self, guard: &Guard) -> Duration {
            match self.ask(guard) {
                PermitAnswer::Wait(d) => d,
                PermitAnswer::Granted { .. } => panic!("granted"),
            }
        }
    }

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_first_start_sends_at_once_and_then_never_more_than_the_limit() {
        let world = World::new();
        let (one, two) = (world.guard(&["a"], true), world.guard(&["a"], false));
        let first = world.sent(&one);
        world.sent(&two);
        world.sent(&one);
        // Not finished: they count for as long as they can be under way, and a minute.
        assert_eq!(world.waits(&two), secs(70));
        two.finish(&*world.clock, first, true);
        assert_eq!(world.waits(&one), WINDOW + TICK);
        world.clock.advance(secs(30));
        world.clock.step_wall(-86_400_000);
        assert_eq!(world.waits(&two), secs(30) + TICK);
        // What was never sent does not count.
        world.clock.advance(secs(31));
        let unused = world.sent(&two);
        world.waits(&one);
        one.finish(&*world.clock, unused, false);
        world.sent(&one);
    }

    #[test]
    fn who_waits_for_a_file_counts_from_the_moment_at_which_it_has_it() {
        let world = World::new();
        world.sent(&world.guard(&["a"], true));
        let (file, guard, clock) = (File::open(world.path("a")).unwrap(), world.guard(&["a"], false), &*world.clock);
        let (void_after, timeout) = (secs(1), secs(9));
        let ask = PermitAsk { kind: PermitKind::Aht, cap: LIMIT, pace: Pace::Burst, void_after, timeout };
        let yes = || Ok::<_, StoreError>(PermitAnswer::Granted { id: PermitId(77), void_at: BootTime(0) });
        std::thread::scope(|scope| {
            file.lock().unwrap();
            // On a busy machine the file may be held for longer than a permit waits for it.
            let waiting = scope.spawn(|| {
                loop {
                    let answer = guard.permit(clock, &ask, yes, |_| Ok(())).unwrap();
                    if answer != PermitAnswer::Wait(RETRY) {
                        return answer;
                    }
                }
            });
            std::thread::sleep(Duration::from_millis(200));
            clock.advance(secs(30));
            file.unlock().unwrap();
            assert!(matches!(waiting.join().unwrap(), PermitAnswer::Granted { .. }));
        });
        world.sent(&guard);
        // Of three one must end: the first began 30 s before the others.
        assert_eq!(world.waits(&guard), secs(40));
        world.clock.advance(secs(40));
        world.sent(&guard);
        assert_eq!(world.waits(&guard), secs(30));
    }

    #[test]
    fn a_request_that_seems_to_come_from_the_future_still_ends_when_its_end_is_said() {
        let world = World::new();
        let guard = world.guard(&["a"], true);
        let open = world.sent(&guard);
        let behind = Fixed(Now { mono: BootTime(world.clock.now().mono.0 - 5_000), ..world.clock.now() });
        // Another process, whose clock is behind.
        world.guard(&["a"], false).finish(&behind, PermitId(-1), true);
        world.clock.advance(secs(9));
        guard.finish(&*world.clock, open, true);
        world.sent(&guard);
        world.sent(&guard);
        assert_eq!(world.waits(&guard), WINDOW + TICK);
    }

    #[test]
    fn a_file_that_is_gone_damaged_or_older_is_waited_for() {
        type Harm = fn(&Path, &[u8]);
        let harms: [(&str, Harm); 5] = [
            ("removed", |path, _| fs::remove_file(path).unwrap()),
            ("emptied", |path, _| fs::write(path, b"").unwrap()),
            ("overwritten", |path, _| fs::write(path, [0x55; 40_000]).unwrap()),
            ("cut", |path, _| File::options().write(true).open(path).unwrap().set_len(100).unwrap()),
            ("put back", |path, old| fs::write(path, old).unwrap()),
        ];
        for (name, harm) in harms {
            for killed in [false, true] {
                // A file that is older than it was is known by those who saw the newer one.
                if killed && name == "put back" {
                    continue;
                }
                let world = World::new();
                let guard = world.guard(&["a"], true);
                world.sent(&guard);
                let old = fs::read(world.path("a")).unwrap();
                world.sent(&guard);
                world.sent(&guard);
                harm(&world.path("a"), &old);
                // A store that was cut in the same moment looks like a new one.
                let guard = if killed { world.guard(&["a"], name != "removed") } else { guard };
                assert_eq!(world.waits(&guard), HOLD, "{name} {killed}");
                assert!(matches!(guard.trouble(&world.clock.now()), Some(Trouble::Held(_))));
                world.clock.advance(HOLD);
                world.sent(&guard);
                assert_eq!(guard.trouble(&world.clock.now()), None);
            }
        }
    }

    #[test]
    fn slow_requests_are_waited_for_longer() {
        let world = World::new();
        let guard = world.guard(&["a"], true);
        let ask = |timeout| {
            let (kind, pace, void_after) = (PermitKind::Aht, Pace::Burst, secs(1));
            let ask = PermitAsk { kind, cap: LIMIT, pace, void_after, timeout: secs(timeout) };
            let yes = || Ok::<_, StoreError>(PermitAnswer::Granted { id: PermitId(1), void_at: BootTime(0) });
            guard.permit(&*world.clock, &ask, yes, |_| Ok(())).unwrap()
        };
        assert!(matches!(ask(60), PermitAnswer::Granted { .. }));
        fs::remove_file(world.path("a")).unwrap();
        assert_eq!(ask(60), PermitAnswer::Wait(secs(121)));
    }

    #[test]
    fn the_largest_limit_that_can_be_configured_fits_into_a_file() {
        let now = World::new().clock.now();
        let long = Record {
            seq: u64::MAX,
            boot: "0".repeat(100),
            hold: i64::MAX,
            // A hundred years.
            requests: (0..600)
                .map(|n| Request { id: i64::MAX - n, taken: 3_155_760_000_000, until: 3_155_760_000_000, ended: false })
                .collect(),
            generations: (0..12).map(|n| Generation { id: i64::MAX - n, end: now.stamp(), ended: false }).collect(),
        };
        let text = serde_json::to_string(&long).unwrap();
        assert!(slot_file::HEAD + text.len() < usize::try_from(slot_file::SLOT).unwrap(), "{}", text.len());
    }

    #[test]
    fn many_that_begin_together_do_not_take_the_new_file_for_a_cut_one() {
        for _ in 0..20 {
            let world = World::new();
            let guards: Vec<Guard> = (0..LIMIT).map(|_| world.guard(&["a"], true)).collect();
            let clock = &world.clock;
            std::thread::scope(|scope| {
                for guard in &guards {
                    scope.spawn(move || while !guard.update(clock.as_ref(), |_, _| {}) {});
                }
            });
            for guard in &guards {
                world.sent(guard);
            }
            assert_eq!(fs::read_dir(world.dir.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_byte_that_changed_is_found() {
        let world = World::new();
        let guard = world.guard(&["a"], true);
        world.sent(&guard);
        world.sent(&guard);
        let mut bytes = fs::read(world.path("a")).unwrap();
        bytes[20] ^= 1;
        fs::write(world.path("a"), &bytes).unwrap();
        assert_eq!(world.waits(&world.guard(&["a"], false)), HOLD);
    }

    #[test]
    fn what_one_file_lost_the_other_tells() {
        let world = World::new();
        let guard = world.guard(&["a", "account"], true);
        for _ in 0..LIMIT {
            world.sent(&guard);
        }
        fs::remove_file(world.path("a")).unwrap();
        // The whole store was removed, and this looks like a first start.
        assert_eq!(world.waits(&world.guard(&["a", "account"], true)), secs(70));
        // A second store of the account.
        assert_eq!(world.waits(&world.guard(&["b", "account"], true)), secs(70));
    }

    #[test]
    fn a_file_that_is_new_beside_an_old_one_is_no_reason_to_wait() {
        let world = World::new();
        world.sent(&world.guard(&["a"], true));
        world.sent(&world.guard(&["a"], false));
        // The runtime directory of a new boot, or another store of the account.
        let both = world.guard(&["a", "account"], false);
        world.sent(&both);
        assert_eq!(world.waits(&both), secs(70));
        world.clock.advance(secs(70));
        for _ in 0..3 {
            world.sent(&world.guard(&["a", "account"], false));
        }
        assert_eq!(both.trouble(&world.clock.now()), None);
    }

    #[test]
    fn a_file_that_somebody_holds_for_long_is_not_passed_over() {
        let world = World::new();
        let guard = world.guard(&["a", "b"], true);
        world.sent(&guard);
        for name in ["a", "b"] {
            let file = File::open(world.path(name)).unwrap();
            file.lock().unwrap();
            assert_eq!(world.waits(&guard), RETRY, "{name}");
            assert_eq!(guard.trouble(&world.clock.now()), Some(Trouble::Busy));
        }
        // Nothing of it stays locked, and it is no reason to wait longer.
        world.sent(&world.guard(&["a", "b"], false));
        world.sent(&guard);
        assert_eq!(guard.trouble(&world.clock.now()), None);
    }

    #[test]
    fn where_nothing_can_be_written_down_nothing_is_sent() {
        let world = World::new();
        fs::write(world.path("file"), b"x").unwrap();
        let nowhere = world.guard(&["file/a"], true);
        assert_eq!(world.waits(&nowhere), RETRY);
        assert_eq!(nowhere.trouble(&world.clock.now()), Some(Trouble::Unusable));
        fs::remove_file(world.path("file")).unwrap();
        fs::create_dir(world.path("file")).unwrap();
        world.sent(&nowhere);
        assert_eq!(nowhere.trouble(&world.clock.now()), None);
        fs::remove_dir_all(world.path("file")).unwrap();
        fs::write(world.path("file"), b"x").unwrap();
        // One of two is enough.
        world.sent(&world.guard(&["file/a", "b"], true));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_could_not_be_written_down_does_not_count() {
        let world = World::new();
        let guard = world.guard(&["a"], true);
        guard.finish(&*world.clock, PermitId(0), false);
        let set = |mode| fs::set_permissions(world.path("a"), fs::Permissions::from_mode(mode)).unwrap();
        set(0o400);
        crate::store::own_file::obey_rights().unwrap();
        let guard = world.guard(&["a"], false);
        for ticket in 0..=LIMIT {
            assert_eq!(world.waits(&guard), RETRY);
            assert!(matches!(generate_by(&guard, &world, ticket.into()), GenerationAnswer::Busy(RETRY)));
        }
        set(0o600);
        world.sent(&guard);
        assert!(matches!(generate_by(&guard, &world, 100), GenerationAnswer::Go(_)));
    }

    #[test]
    fn a_link_a_pipe_or_a_second_name_is_not_used() {
        let world = World::new();
        fs::write(world.path("victim"), b"private").unwrap();
        fs::set_permissions(world.path("victim"), fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(world.path("victim"), world.path("link")).unwrap();
        assert_eq!(world.waits(&world.guard(&["link"], true)), RETRY);
        fs::hard_link(world.path("victim"), world.path("second")).unwrap();
        assert_eq!(world.waits(&world.guard(&["second"], true)), RETRY);
        assert_eq!(fs::read(world.path("victim")).unwrap(), b"private");
        rustix::fs::mkfifoat(rustix::fs::CWD, world.path("pipe"), rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
            .unwrap();
        assert_eq!(world.waits(&world.guard(&["pipe"], true)), RETRY);
    }

    #[test]
    fn another_boot_waits_and_no_wait_is_without_end() {
        let world = World::new();
        let guard = world.guard(&["a"], true);
        world.sent(&guard);
        let early =
            Now { boot: crate::domain::BootId("other".into()), mono: BootTime(10_000), wall: world.clock.now().wall };
        let ask =
            PermitAsk { kind: PermitKind::Aht, cap: LIMIT, pace: Pace::Burst, void_after: secs(1), timeout: secs(9) };
        let no = || -> Result<PermitAnswer, StoreError> { panic!("asked") };
        let PermitAnswer::Wait(wait) = guard.permit(&Fixed(early.clone()), &ask, no, |_| Ok(())).unwrap() else {
            panic!("granted")
        };
        assert_eq!(wait, secs(60));
        // Both go on, by turns: slowly, and the screen says why.
        world.ask(&guard);
        assert_eq!(guard.trouble(&world.clock.now()), Some(Trouble::OtherBoot));
        let mut record = Record { hold: i64::MAX, boot: "other".into(), ..Record::default() };
        record.requests.push(Request { id: 1, taken: 0, until: i64::MAX, ended: false });
        record.settle(&early, HOLD);
        assert!(record.wait(&early, 1) <= LONGEST_BLOCK);
    }

    /// What a guard of another process answers, beside a store that was just begun anew.
    fn generate(world: &World, ticket: i64) -> (Guard, GenerationAnswer) {
        let guard = world.guard(&["a"], ticket == 0);
        let answer = generate_by(&guard, world, ticket);
        (guard, answer)
    }

    fn generate_by(guard: &Guard, world: &World, ticket: i64) -> GenerationAnswer {
        let ask = GenerationAsk { unfit: None, gaps: GAPS.map(secs).to_vec(), lock: secs(30) };
        let go = || Ok::<_, StoreError>(GenerationAnswer::Go(GenerationTicket(ticket)));
        guard.generate(&*world.clock, &ask, go, |_| Ok(())).unwrap()
    }

    #[test]
    fn after_a_generation_that_was_given_up_the_next_one_follows_a_step_sooner() {
        let world = World::new();
        for (ticket, gap) in (0..).zip([0, 0, 60, 300].map(secs)) {
            world.clock.advance(gap);
            assert!(matches!(generate(&world, ticket).1, GenerationAnswer::Go(_)), "after {gap:?}");
            // Killed in it: the lock ends.
            world.clock.advance(secs(30));
        }
        assert!(matches!(generate(&world, 100).1, GenerationAnswer::Ceiling(_)));
    }

    #[test]
    fn four_tokens_an_hour_also_where_the_store_forgets_them() {
        let world = World::new();
        let next = |ticket| generate(&world, ticket);
        for (ticket, gap) in (0..).zip(GAPS.map(secs)) {
            world.clock.advance(gap);
            let (guard, answer) = next(ticket);
            assert!(matches!(answer, GenerationAnswer::Go(_)), "{answer:?}");
            assert!(matches!(next(100).1, GenerationAnswer::Busy(d) if d == secs(30)));
            guard.generated(&*world.clock, GenerationTicket(ticket), &GenerationEnd::Failed);
            if ticket < 3 {
                assert!(matches!(next(100).1, GenerationAnswer::BackOff(_)));
            }
        }
        assert!(matches!(next(100).1, GenerationAnswer::Ceiling(d) if d > secs(2300) && d < HOUR));
        world.clock.advance(HOUR);
        let (guard, answer) = next(5);
        assert!(matches!(answer, GenerationAnswer::Go(_)));
        // One that never reached the service is none.
        guard.generated(&*world.clock, GenerationTicket(5), &GenerationEnd::NotSent);
        assert!(matches!(next(6).1, GenerationAnswer::Go(_)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_may_only_be_read_tells_and_who_takes_over_waits_a_window() {
        let world = World::new();
        // Two users of one store, each with a runtime directory of their own.
        std::fs::create_dir(world.path("shared")).unwrap();
        let (mine, theirs) = (["shared/store", "one"], ["shared/store", "two"]);
        let (one, two) = (world.guard(&mine, true), world.guard(&theirs, true));
        world.sent(&two);
        let sent: Vec<_> = (1..LIMIT).map(|_| world.sent(&one)).collect();
        sent.iter().for_each(|id| one.finish(&*world.clock, *id, true));
        drop((one, two));

        // The disk turns read-only, and new processes come.
        let set = |path: &str, mode| fs::set_permissions(world.path(path), fs::Permissions::from_mode(mode)).unwrap();
        set("shared/store", 0o400);
        set("shared", 0o500);
        crate::store::own_file::obey_rights().unwrap();
        let (one, two) = (world.guard(&mine, false), world.guard(&theirs, false));
        assert!(world.waits(&two) > secs(50), "what the other user sent counts");
        world.clock.advance(secs(80));
        for _ in 0..LIMIT {
            world.sent(&one);
        }

        // What this user sends nobody else can read: who polls next does not know it.
        two.took_over();
        assert!(world.waits(&two) >= WINDOW);
        assert!(matches!(two.trouble(&world.clock.now()), Some(Trouble::Held(_))));
        world.clock.advance(secs(80));
        world.sent(&two);

        // Where all can be written again, all is known.
        set("shared", 0o700);
        set("shared/store", 0o600);
        world.sent(&two);
        two.took_over();
        world.sent(&two);
    }
}
