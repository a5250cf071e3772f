//! Programs that the configuration names run in a process group of their own, which ends as a whole: what they start
//! and leave behind goes with them.

use std::io;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// The process group of a program, killed when this is dropped: at a time limit, at our own end, and for children that
/// outlive the program. Only a program that leaves the group on purpose, as a daemon does, stays.
#[derive(Debug)]
pub struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    /// Starts `command` in a group of its own.
    ///
    /// # Errors
    /// As the system says.
    pub fn spawn(command: &mut Command) -> io::Result<(Child, ProcessGroup)> {
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Ok((child, ProcessGroup(group)))
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
