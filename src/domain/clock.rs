//! Time, in two kinds that are never mixed up: a monotonic one for ages and budgets, and the wall's for people.
//!
//! The monotonic clock is the system's boot clock: it counts through a suspend, never steps, and is the same for all
//! processes of a machine, so that several dashboards agree on ages and on the request ledger whatever happens to the
//! wall clock. Across a reboot only the wall clock remains, and then an age is at least the uptime.

use std::{
    ops::{Add, Sub},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A point on the boot clock, in milliseconds. Negative where a time before this boot was carried over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootTime(pub i64);

impl BootTime {
    /// How long after `earlier` this is; zero if it is not after.
    pub fn since(self, earlier: BootTime) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for BootTime {
    type Output = BootTime;
    fn add(self, d: Duration) -> BootTime {
        BootTime(self.0.saturating_add(millis(d)))
    }
}

impl Sub<Duration> for BootTime {
    type Output = BootTime;
    fn sub(self, d: Duration) -> BootTime {
        BootTime(self.0.saturating_sub(millis(d)))
    }
}

fn millis(d: Duration) -> i64 {
    i64::try_from(d.as_millis()).unwrap_or(i64::MAX)
}

/// Which boot of which machine a [`BootTime`] belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(pub Arc<str>);

/// Both clocks, read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Now {
    /// The boot that `mono` counts from.
    pub boot: BootId,
    /// Milliseconds since boot, suspend included.
    pub mono: BootTime,
    /// The wall clock, for display and for what outlives a reboot.
    pub wall: Timestamp,
}

impl Now {
    /// This moment, to be kept with a reading.
    pub fn stamp(&self) -> EventTime {
        EventTime { boot: self.boot.clone(), mono: self.mono, wall: self.wall }
    }

    /// The moment `d` after this one.
    pub fn after(&self, d: Duration) -> EventTime {
        self.stamp().after(d)
    }

    /// Where `stamp` lies on this boot's clock: exact for the same boot, by the wall clock otherwise.
    pub fn mono_of(&self, stamp: &EventTime) -> BootTime {
        self.mono - stamp.age(self)
    }
}

/// When something happened, in a form that outlives processes and reboots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventTime {
    /// The boot that `mono` counts from.
    pub boot: BootId,
    /// Milliseconds since that boot.
    pub mono: BootTime,
    /// The wall clock at that moment.
    pub wall: Timestamp,
}

impl EventTime {
    /// The moment `d` later, at most the end of time.
    #[must_use]
    pub fn after(&self, d: Duration) -> EventTime {
        let wall = self.wall.checked_add(d).unwrap_or(Timestamp::MAX);
        EventTime { boot: self.boot.clone(), mono: self.mono + d, wall }
    }

    /// How long ago this was. Within one boot by the monotonic clock alone; from an earlier boot by the wall clock,
    /// but never less than the time since this boot, so that a clock that was set back cannot make old things young.
    pub fn age(&self, now: &Now) -> Duration {
        if self.boot == now.boot {
            return now.mono.since(self.mono);
        }
        let by_wall = now.wall.as_millisecond().saturating_sub(self.wall.as_millisecond());
        Duration::from_millis(u64::try_from(by_wall.max(now.mono.0)).unwrap_or(0))
    }
}

/// Where time comes from; injected everywhere, so that tests own it.
pub trait Clock: Send + Sync + std::fmt::Debug {
    fn now(&self) -> Now;
}

/// The time namespace that a machine begins with, a fixed number of the Linux kernel (PROC_TIME_INIT_INO).
const FIRST_TIME_NAMESPACE: &str = "time:[4026531834]";

#[derive(Clone, Debug)]
pub struct SystemClock {
    boot: BootId,
}

impl SystemClock {
    /// Reads the boot id once. Where the system has none (macOS) the boot time's own value in whole minutes stands in.
    pub fn new() -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|s| s.trim().to_owned());
        let boot = boot.unwrap_or_else(|_| {
            let booted = Timestamp::now().as_second() - boot_clock().0 / 1000;
            format!("boot-{}", (booted + 30) / 60)
        });
        // A container can have a boot clock of its own, which begins elsewhere.
        let namespace = std::fs::read_link("/proc/self/ns/time").ok();
        let other = namespace.filter(|ns| ns.as_os_str() != FIRST_TIME_NAMESPACE);
        let boot = other.map_or(boot.clone(), |ns| format!("{boot} {}", ns.display()));
        SystemClock { boot: BootId(boot.into()) }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now { boot: self.boot.clone(), mono: boot_clock(), wall: Timestamp::now() }
    }
}

fn boot_clock() -> BootTime {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let id = rustix::time::ClockId::Boottime;
    // macOS's CLOCK_MONOTONIC counts through sleep.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let id = rustix::time::ClockId::Monotonic;
    let t = rustix::time::clock_gettime(id);
    BootTime(t.tv_sec.saturating_mul(1000).saturating_add(t.tv_nsec / 1_000_000))
}

/// A clock that stands still until it is told otherwise: for tests, measurements and replays.
#[derive(Debug)]
pub struct ManualClock {
    boot: BootId,
    mono: AtomicI64,
    wall: AtomicI64,
}

impl ManualClock {
    /// Starts at `wall`, an hour after a boot named `manual`.
    pub fn at(wall: Timestamp) -> Self {
        ManualClock {
            boot: BootId("manual".into()),
            mono: AtomicI64::new(3_600_000),
            wall: AtomicI64::new(wall.as_millisecond()),
        }
    }

    /// Lets both clocks run for `d`.
    pub fn advance(&self, d: Duration) {
        self.mono.fetch_add(millis(d), Ordering::SeqCst);
        self.wall.fetch_add(millis(d), Ordering::SeqCst);
    }

    /// Steps the wall clock alone, as an administrator or NTP would, by `millis` (negative: back).
    pub fn step_wall(&self, millis: i64) {
        self.wall.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Now {
        let wall = Timestamp::from_millisecond(self.wall.load(Ordering::SeqCst)).unwrap_or(Timestamp::UNIX_EPOCH);
        Now { boot: self.boot.clone(), mono: BootTime(self.mono.load(Ordering::SeqCst)), wall }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(boot: &str, mono: i64, wall: i64) -> Now {
        let wall = Timestamp::from_millisecond(wall).unwrap();
        Now { boot: BootId(boot.into()), mono: BootTime(mono), wall }
    }

    #[test]
    fn within_a_boot_the_wall_clock_does_not_touch_an_age() {
        let stamp = now("a", 1_000, 50_000_000).stamp();
        assert_eq!(stamp.age(&now("a", 42_000, 10)), Duration::from_secs(41));
        assert_eq!(stamp.age(&now("a", 500, 60_000_000)), Duration::ZERO);
    }

    #[test]
    fn across_boots_an_age_is_at_least_the_uptime() {
        let stamp = now("a", 90_000_000, 50_000_000).stamp();
        assert_eq!(stamp.age(&now("b", 7_000, 50_060_000)), Duration::from_secs(60));
        assert_eq!(stamp.age(&now("b", 7_000, 49_000_000)), Duration::from_secs(7));
    }

    #[test]
    fn the_system_clock_runs_forward_and_names_its_boot() {
        let clock = SystemClock::new();
        let (a, b) = (clock.now(), clock.now());
        assert!(b.mono >= a.mono && a.mono.0 > 0);
        assert_eq!(a.boot, SystemClock::new().now().boot);
    }

    #[test]
    fn arithmetic_saturates_instead_of_panicking() {
        assert_eq!(BootTime(i64::MAX) + Duration::MAX, BootTime(i64::MAX));
        assert_eq!(BootTime(i64::MIN) - Duration::MAX, BootTime(i64::MIN));
        assert_eq!(BootTime(i64::MIN).since(BootTime(i64::MAX)), Duration::ZERO);
    }
}
