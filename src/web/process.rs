//! What the system says of this process; what it does not say is left out.

use std::{fs, time::Duration};

use jiff::Timestamp;
use rustix::{
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};

use crate::{report::Process, run::memory};

/// Ticks of a second in `/proc/self/stat`: 100 on every Linux.
const TICKS: i64 = 100;

/// This process now, with so many connections to clients.
pub(super) fn process(connections: u64) -> Process {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(cpu.tv_sec).ok();
    Process {
        started: started(),
        cpu: seconds.map(|s| Duration::new(s, u32::try_from(cpu.tv_nsec).unwrap_or(0))),
        memory: memory(),
        files: files(),
        connections,
    }
}

fn started() -> Option<Timestamp> {
    let (system, own) = (fs::read_to_string("/proc/stat").ok()?, fs::read_to_string("/proc/self/stat").ok()?);
    let boot: i64 = system.lines().find_map(|l| l.strip_prefix("btime "))?.trim().parse().ok()?;
    // The name of the program may hold anything; the numbers begin behind its last parenthesis.
    let ticks: i64 = own.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let ms = boot.saturating_mul(1000).saturating_add(ticks.saturating_mul(1000) / TICKS);
    Timestamp::from_millisecond(ms).ok()
}

fn files() -> Option<(u64, u64)> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    Some((u64::try_from(open).ok()?, getrlimit(Resource::Nofile).current?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, SystemClock};

    #[test]
    fn this_process_is_known() {
        let process = process(3);
        assert!(process.cpu.is_some_and(|cpu| cpu > Duration::ZERO && cpu < Duration::from_secs(3600)));
        if cfg!(target_os = "linux") {
            let now = SystemClock::new().now().wall;
            let age = now.duration_since(process.started.unwrap());
            assert!(age.as_secs() >= -2 && age.as_secs() < 3600, "{age}");
            assert!(process.memory.is_some_and(|bytes| bytes > 100_000));
            assert!(process.files.is_some_and(|(open, most)| open > 2 && open < most));
        }
    }
}
