//! A lock file that says who polls, where the store itself cannot.
//!
//! In memory the processes of an account do not see each other, and two stores of one account never do. The system
//! drops the lock with the process that holds it. The file names the holder and its store.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::own_file;

/// Longest text in the file: a process id and a path.
const LONGEST: u64 = 8192;

/// The answer to [`PollerLock::acquire`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Acquired {
    /// This process has it.
    Mine,
    /// The process `pid` has it, for the store at `store`.
    Theirs { pid: u32, store: PathBuf },
    /// There is no such file, or it cannot be locked.
    Unavailable,
}

/// One lock file.
pub(super) struct PollerLock {
    path: PathBuf,
    /// Whose lock it is: the store's path.
    store: PathBuf,
    held: Mutex<Option<File>>,
}

impl PollerLock {
    /// Takes nothing yet.
    pub(super) fn new(path: PathBuf, store: PathBuf) -> PollerLock {
        PollerLock { path, store, held: Mutex::new(None) }
    }

    fn held(&self) -> MutexGuard<'_, Option<File>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock if nobody has it; does not wait.
    pub(super) fn acquire(&self) -> Acquired {
        let mut held = self.held();
        if held.is_some() {
            return Acquired::Mine;
        }
        let Ok((file, _)) = own_file::open(&self.path) else { return Acquired::Unavailable };
        match file.try_lock() {
            Ok(()) => {
                let text = format!("{}\n{}\n", std::process::id(), self.store.display());
                // Only for people; the lock holds without it.
                let _ = file.set_len(0).and_then(|()| file.write_all_at(text.as_bytes(), 0));
                *held = Some(file);
                Acquired::Mine
            }
            Err(fs::TryLockError::WouldBlock) => {
                let (pid, store) = holder(&file);
                Acquired::Theirs { pid, store }
            }
            Err(fs::TryLockError::Error(_)) => Acquired::Unavailable,
        }
    }

    /// Who has it now, without taking or making anything.
    pub(super) fn holder(&self) -> Option<(u32, PathBuf)> {
        fs::symlink_metadata(&self.path).ok()?;
        let (file, _) = own_file::open(&self.path).ok()?;
        // Given back with the file.
        matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)).then(|| holder(&file))
    }

    /// Gives it back if this process has it.
    pub(super) fn release(&self) {
        *self.held() = None;
    }
}

fn holder(file: &File) -> (u32, PathBuf) {
    let mut text = String::new();
    // What cannot be read is not known; the lock holds all the same.
    let _ = file.take(LONGEST).read_to_string(&mut text);
    let mut lines = text.lines();
    let pid = lines.next().and_then(|pid| pid.parse().ok()).unwrap_or(0);
    (pid, lines.next().unwrap_or_default().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_and_the_others_learn_who() {
        let dir = tempfile::TempDir::new().unwrap();
        let lock = |store: &str| PollerLock::new(dir.path().join("a.poller"), store.into());
        let (one, two) = (lock("/one.db"), lock("/two.db"));
        assert_eq!(one.acquire(), Acquired::Mine);
        assert_eq!(one.acquire(), Acquired::Mine);
        assert_eq!(two.holder(), Some((std::process::id(), "/one.db".into())));
        let theirs = Acquired::Theirs { pid: std::process::id(), store: "/one.db".into() };
        assert_eq!(two.acquire(), theirs);
        one.release();
        assert_eq!(two.acquire(), Acquired::Mine);
        drop(two);
        assert_eq!(one.acquire(), Acquired::Mine);
        let nowhere = PollerLock::new(dir.path().join("no/a.poller"), "/one.db".into());
        assert_eq!((nowhere.acquire(), nowhere.holder()), (Acquired::Unavailable, None));
    }
}
