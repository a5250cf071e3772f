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
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let namespace = std::fs::read_link("/proc/self/ns/time").ok();
        let namespace = namespace.as_ref().and_then(|ns| ns.to_str());
        let booted = Timestamp::now().as_second() - boot_clock().0 / 1000;
        SystemClock { boot: BootId(boot_name(id.as_deref(), namespace, booted).into()) }
    }
}

/// What a boot is called, by the system's id for it and the time namespace, each where there is one; `booted`: when it
/// began by the wall clock, in seconds.
fn boot_name(id: Option<&str>, namespace: Option<&str>, booted: i64) -> String {
    let id = id.map(str::trim).filter(|id| !id.is_empty());
    let boot = id.map_or_else(|| format!("boot-{}", (booted + 30).div_euclid(60)), str::to_owned);
    match namespace {
        // A container can have a boot clock of its own, which begins elsewhere.
        Some(other) if other != FIRST_TIME_NAMESPACE => format!("{boot} {other}"),
        _ => boot,
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
    fn a_boot_is_told_by_its_id_and_by_its_clock() {
        let name = |id, namespace| boot_name(id, namespace, 1_770_000_000);
        let (first, other) = (Some(FIRST_TIME_NAMESPACE), Some("time:[4026532281]"));
        for (id, namespace, called) in [
            (Some("4f7e\n"), first, "4f7e"),
            (Some("4f7e\n"), None, "4f7e"),
            // The same boot seen from a container whose clock begins elsewhere: times of the two are not compared.
            (Some("4f7e\n"), other, "4f7e time:[4026532281]"),
            (None, first, "boot-29500000"),
            (None, None, "boot-29500000"),
            (Some(" \n"), other, "boot-29500000 time:[4026532281]"),
        ] {
            assert_eq!(name(id, namespace), called);
        }
        // Without an id, two processes of a boot may read the two clocks some seconds apart.
        assert_eq!(boot_name(None, None, 1_770_000_029), name(None, None));
        assert_eq!(boot_name(None, None, 1_769_999_970), name(None, None));
        assert_ne!(boot_name(None, None, 1_770_000_060), name(None, None));
    }

    #[test]
    fn arithmetic_saturates_instead_of_panicking() {
        assert_eq!(BootTime(i64::MAX) + Duration::MAX, BootTime(i64::MAX));
        assert_eq!(BootTime(i64::MIN) - Duration::MAX, BootTime(i64::MIN));
        assert_eq!(BootTime(i64::MIN).since(BootTime(i64::MAX)), Duration::ZERO);
    }
}
