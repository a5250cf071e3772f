//! How much memory this process uses, where the system tells.

/// Resident memory in bytes; `None` where there is no `/proc`.
pub fn memory() -> Option<u64> {
    resident(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_are_understood() {
        assert_eq!(resident("Name:\tahtop\nVmRSS:\t   12340 kB\nThreads:\t3\n"), Some(12_636_160));
        for text in ["", "VmRSS:", "VmRSS: x kB", "VmRSS: 12 MB"] {
            assert_eq!(resident(text), None, "{text}");
        }
    }

    #[test]
    fn this_process_uses_some() {
        assert!(!cfg!(target_os = "linux") || memory().is_some_and(|bytes| bytes > 100_000));
    }
}
