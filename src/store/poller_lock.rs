//! A lock file that says who polls, where the store itself cannot.
//!
//! In memory the processes of an account do not see each other, and two stores of one account never do. The system
//! drops the lock with the process that holds it. The file names the holder and its store.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::Read,
    os::unix::{
        ffi::OsStrExt,
        fs::{FileExt, MetadataExt},
    },
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
    /// The process `pid` has it, for the store at `store`, which is empty where the file does not say.
    Theirs { pid: u32, store: PathBuf },
    /// There is no such file, or it cannot be locked.
    Unavailable,
}

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

    pub(super) fn is_mine(&self) -> bool {
        self.held().is_some()
    }

    /// Takes the lock if nobody has it; does not wait.
    pub(super) fn acquire(&self) -> Acquired {
        let mut held = self.held();
        if let Some(file) = &*held {
            if self.is_current(file) {
                return Acquired::Mine;
            }
            // What cleans up old files has removed it: others lock another file under this name.
            *held = None;
        }
        let Ok((file, _)) = own_file::open_as_allowed(&self.path) else { return Acquired::Unavailable };
        match file.try_lock() {
            // Removed while it was opened: the next call finds what is there then.
            Ok(()) if !self.is_current(&file) => Acquired::Unavailable,
            Ok(()) => {
                let pid = format!("{}\n", std::process::id());
                let text = [pid.as_bytes(), self.store.as_os_str().as_bytes(), b"\n"].concat();
                // The lock holds without it, and where the disk is full it must.
                let _ = file.set_len(0).and_then(|()| file.write_all_at(&text, 0));
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

    fn is_current(&self, file: &File) -> bool {
        let there = fs::symlink_metadata(&self.path).map(|m| (m.dev(), m.ino()));
        file.metadata().is_ok_and(|m| there.is_ok_and(|there| there == (m.dev(), m.ino())))
    }

    /// Who has it now, without taking or making anything.
    pub(super) fn holder(&self) -> Option<(u32, PathBuf)> {
        fs::symlink_metadata(&self.path).ok()?;
        let (file, _) = own_file::open_as_allowed(&self.path).ok()?;
        match file.try_lock_shared() {
            Err(fs::TryLockError::WouldBlock) => Some(holder(&file)),
            _ => {
                let _ = file.unlock();
                None
            }
        }
    }

    /// Gives it back if this process has it. To close the file is not enough: a child that was forked and has not begun its
    /// program yet has the file open too.
    pub(super) fn release(&self) {
        if let Some(file) = self.held().take() {
            let _ = file.unlock();
        }
    }
}

impl Drop for PollerLock {
    fn drop(&mut self) {
        self.release();
    }
}

fn holder(file: &File) -> (u32, PathBuf) {
    let mut text = Vec::new();
    // What cannot be read is not known; the lock holds all the same.
    let _ = file.take(LONGEST).read_to_end(&mut text);
    let (pid, store) = text.split_at(text.iter().position(|b| *b == b'\n').unwrap_or(text.len()));
    let pid = str::from_utf8(pid).ok().and_then(|pid| pid.parse().ok()).unwrap_or(0);
    // A path may hold anything but a zero, a line's end too.
    let store = store.strip_prefix(b"\n").and_then(|store| store.strip_suffix(b"\n")).unwrap_or_default();
    (pid, OsStr::from_bytes(store).into())
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
        // As in a child that was forked and has not begun its program yet.
        let copy = |lock: &PollerLock| lock.held().as_ref().unwrap().try_clone().unwrap();
        let child = copy(&one);
        one.release();
        assert_eq!(two.acquire(), Acquired::Mine);
        let children = (child, copy(&two));
        drop(two);
        assert_eq!(one.acquire(), Acquired::Mine);
        drop(children);
        let nowhere = PollerLock::new(dir.path().join("no/a.poller"), "/one.db".into());
        assert_eq!((nowhere.acquire(), nowhere.holder()), (Acquired::Unavailable, None));
    }

    #[test]
    fn the_holder_is_told_whatever_its_path_and_not_known_where_nothing_could_be_written() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("a.poller");
        let store = PathBuf::from(OsStr::from_bytes(b"/a\nb/\xff.db"));
        let (one, two) =
            (PollerLock::new(path.clone(), store.clone()), PollerLock::new(path.clone(), "/two.db".into()));
        assert_eq!(one.acquire(), Acquired::Mine);
        assert_eq!(two.acquire(), Acquired::Theirs { pid: std::process::id(), store });
        fs::write(&path, "").unwrap();
        assert_eq!(two.acquire(), Acquired::Theirs { pid: 0, store: PathBuf::new() });
    }

    #[test]
    fn a_file_that_is_removed_is_no_lock_any_more() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("a.poller");
        let lock = || PollerLock::new(path.clone(), "/a.db".into());
        let (one, two) = (lock(), lock());
        assert_eq!(one.acquire(), Acquired::Mine);
        fs::remove_file(&path).unwrap();
        assert_eq!(two.acquire(), Acquired::Mine);
        assert!(matches!(one.acquire(), Acquired::Theirs { .. }), "one of them has it");
        assert_eq!(two.acquire(), Acquired::Mine);
    }
}
