//! The exit codes of the program, documented in `--help` and relied upon by scripts.

use std::process::ExitCode;

use crate::domain::Problem;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    Ok,
    /// Something that should not happen.
    Unexpected,
    /// The command line is wrong.
    Usage,
    /// The configuration is wrong.
    Config,
    /// No usable key, or the service refused the key or the token.
    Credentials,
    /// Told to slow down before the sweep was complete.
    Throttled,
    /// The network or the service.
    Service,
    /// Some targets are invalid (`check --live`, `once --strict`).
    InvalidTargets,
    /// Ended by this signal.
    Signal(u8),
}

impl Exit {
    /// How a command ends that cannot go on because of `problem`.
    pub const fn for_problem(problem: Problem) -> Exit {
        match problem {
            Problem::Credentials
            | Problem::Token
            | Problem::TokenCeiling
            | Problem::Invalidated
            // Whoever has credentials checks the service.
            | Problem::Silent => Exit::Credentials,
            Problem::Throttled | Problem::OtherClients => Exit::Throttled,
            Problem::Service | Problem::NoAnswer | Problem::NoLogins | Problem::Stale | Problem::Waiting => Exit::Service,
            Problem::UnknownId => Exit::InvalidTargets,
            Problem::StoreRead
            | Problem::StoreWrite
            | Problem::StoreUnreachable
            | Problem::StoreDelayed
            | Problem::StoreDegraded
            | Problem::StoreQuarantined
            | Problem::StoreOther
            | Problem::LedgerMissing
            | Problem::LedgerNew
            | Problem::OtherBoot => Exit::Unexpected,
            // What is known is all that there will be.
            Problem::Closed | Problem::ManyLogins => Exit::Ok,
        }
    }

    /// Every exit but the signals, in the order of their codes, with the words of the help text.
    pub const TABLE: [(Exit, &'static str); 8] = [
        (Exit::Ok, "ok"),
        (Exit::Unexpected, "unexpected error"),
        (Exit::Usage, "usage: the command line is wrong"),
        (Exit::Config, "configuration"),
        (Exit::Credentials, "credentials or token"),
        (Exit::Throttled, "throttled before everything was asked"),
        (Exit::Service, "network or service"),
        (Exit::InvalidTargets, "there are unknown IDs (check --live, once --strict)"),
    ];

    /// The number that the shell sees; 128 + n for a signal n.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Ok => 0,
            Exit::Unexpected => 1,
            Exit::Usage => 2,
            Exit::Config => 3,
            Exit::Credentials => 4,
            Exit::Throttled => 5,
            Exit::Service => 6,
            Exit::InvalidTargets => 7,
            Exit::Signal(n) => 128u8.saturating_add(n),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_table() {
        for (code, (exit, _)) in Exit::TABLE.into_iter().enumerate() {
            assert_eq!(usize::from(exit.code()), code);
        }
        assert_eq!([Exit::Signal(2).code(), Exit::Signal(15).code(), Exit::Signal(255).code()], [130, 143, 255]);
    }
}
