//! Proof of life of who polls: an advisory lock beside the file, which the system drops with the process that holds it.
//!
//! It makes a crash hand over at once instead of when the lease ends. It decides nothing alone: a stopped process keeps
//! its lock but loses its lease by expiry, and where locks do not work (some network file systems) expiry remains.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::files::beside;
use crate::store::{Instance, own_file};

/// The lock of one connection's process; never free in memory.
pub(super) struct LeaseLock {
    path: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    file: Option<File>,
    /// The instance that holds the lock through this connection.
    held_by: Option<Arc<str>>,
}

impl LeaseLock {
    /// Beside the database at `path`; `None`: in memory.
    pub(super) fn beside(path: Option<&Path>) -> Self {
        LeaseLock { path: path.map(|p| beside(p, ".poller")), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.file.is_none()
            && let Some(path) = &self.path
        {
            state.file = own_file::open(path).ok().map(|(file, _)| file);
        }
        state
    }

    /// True where nobody alive holds the lock. False also where that cannot be told.
    pub(super) fn is_free(&self) -> bool {
        let state = self.state();
        match &state.file {
            Some(file) if state.held_by.is_none() => file.try_lock_shared().is_ok_and(|()| file.unlock().is_ok()),
            _ => false,
        }
    }

    /// Takes the lock for `who`; true if `who` has it now. Where somebody else still has it (a process that was stopped)
    /// the next call tries again.
    pub(super) fn acquire(&self, who: &Instance) -> bool {
        let mut state = self.state();
        let State { file: Some(file), held_by } = &mut *state else { return false };
        if held_by.is_some() || file.try_lock().is_ok() {
            *held_by = Some(who.id.clone());
        }
        held_by.is_some()
    }

    /// Gives the lock back if `who` has it.
    pub(super) fn release(&self, who: &Instance) {
        let mut state = self.state();
        let State { file: Some(file), held_by } = &mut *state else { return };
        if held_by.as_ref().is_some_and(|by| *by == who.id) && file.unlock().is_ok() {
            *held_by = None;
        }
    }
}

impl Drop for LeaseLock {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        // A child that was just forked still has the file open, and the lock would stay with it.
        if let Some(file) = state.file.take().filter(|_| state.held_by.is_some()) {
            let _ = file.unlock();
        }
    }
}
