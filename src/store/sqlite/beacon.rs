//! Proof of life of who polls: an advisory lock beside the file, which the system drops with the process that holds it.
//!
//! It makes a crash hand over at once instead of when the lease ends. It decides nothing alone: a stopped process keeps
//! its lock but loses its lease by expiry, and where locks do not work (some network file systems) expiry remains.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::files::beside;

/// The lock of one connection's process; never dark in memory.
pub(super) struct Beacon {
    path: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    file: Option<File>,
    lit: bool,
}

impl Beacon {
    /// Beside the database at `path`; `None`: in memory.
    pub(super) fn beside(path: Option<&Path>) -> Self {
        Beacon { path: path.map(|p| beside(p, ".poller")), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.file.is_none()
            && let Some(path) = &self.path
            && super::files::make(path).is_ok()
        {
            state.file = OpenOptions::new().read(true).write(true).open(path).ok();
        }
        state
    }

    /// True where nobody alive holds the lock. False also where that cannot be told.
    pub(super) fn is_dark(&self) -> bool {
        let state = self.state();
        match &state.file {
            Some(file) if !state.lit => file.try_lock_shared().is_ok_and(|()| file.unlock().is_ok()),
            _ => false,
        }
    }

    /// Takes the lock, or gives it back. Where somebody still has it (a process that was stopped) the next call tries
    /// again.
    pub(super) fn set(&self, lit: bool) {
        let mut state = self.state();
        let State { file: Some(file), lit: was } = &mut *state else { return };
        if lit && !*was {
            *was = file.try_lock().is_ok();
        } else if !lit && *was {
            *was = file.unlock().is_err();
        }
    }
}
