//! A running ahtop, as the others see it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// An interactive dashboard or a wallboard.
    Dashboard,
    Serve,
    /// `once`, `stream`, `check --live` and the like.
    Command,
}

impl Role {
    /// `dashboard`, `serve`, `command`.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Dashboard => "dashboard",
            Role::Serve => "serve",
            Role::Command => "command",
        }
    }
}

/// Names a process uniquely over hosts and restarts.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Instance {
    /// Unique: never used by another process, also not after a restart with the same pid.
    pub id: Arc<str>,
    pub pid: u32,
    pub host: Arc<str>,
    pub role: Role,
}

impl Instance {
    /// This process, with a fresh unique id.
    pub fn here(role: Role) -> Self {
        let pid = std::process::id();
        let host: Arc<str> = rustix::system::uname().nodename().to_string_lossy().into();
        let unique: u64 = rand::random();
        Instance { id: format!("{host}-{pid}-{unique:016x}").into(), pid, host, role }
    }

    /// For people: `pid 2211 (serve)`.
    pub fn label(&self) -> String {
        format!("pid {} ({})", self.pid, self.role.word())
    }

    /// With its machine, for those on others: `pid 2211 (serve) on pc1`.
    pub fn full_label(&self) -> String {
        format!("{} on {}", self.label(), self.host)
    }

    /// For people on the machine of `other`: its own is named where it is another one.
    pub fn label_for(&self, other: &Instance) -> String {
        if self.host == other.host { self.label() } else { self.full_label() }
    }
}
