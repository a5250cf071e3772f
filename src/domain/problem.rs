//! What can be wrong, each in one place: its words, how bad it is, and whether it becomes an alert.
//!
//! Link states, alerts, banners, hooks, `doctor`, exit codes, `/readyz` and metrics derive from this list. What to say and
//! to do about a problem stands in `app/view/words.rs`, the exit code in `exit.rs`: neither compiles until
//! a new problem has its own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::words::plural;

/// How bad something is, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The numbers cannot be trusted or do not come.
    Error,
    /// Something needs attention.
    Warning,
    Info,
}

/// A problem as all rooms know it.
#[derive(Clone, Copy, Debug)]
pub struct ProblemSpec {
    /// Its name for programs: alerts, hooks, `/readyz`, metrics. It never changes.
    pub word: &'static str,
    pub severity: Severity,
    /// Where the link to the service is in this state: what that is called.
    pub link: Option<LinkWords>,
    /// Where it becomes an alert: how. Hooks are told of alerts.
    pub alert: Option<Alerting>,
    /// One line that names nobody, for where names are not shown.
    pub summary: Summary,
}

/// What a state of the link is called.
#[derive(Clone, Copy, Debug)]
pub struct LinkWords {
    /// In JSON and metrics.
    pub word: &'static str,
    /// In the header of the screen.
    pub label: &'static str,
}

/// How a problem becomes an alert about the account.
#[derive(Clone, Copy, Debug)]
pub struct Alerting {
    /// The alert that it raises: one alert may have several stages.
    pub of: Problem,
    /// How bad it is among the stages of its alert, from 1 on.
    pub rank: u32,
    pub rise: Rise,
    /// It must be gone for so long.
    pub settle: Duration,
}

/// How long a problem must last until it is an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rise {
    AtOnce,
    After(Duration),
    /// Two rounds over all that is watched, a few minutes at least.
    TwoCycles,
}

/// One line about a problem.
#[derive(Clone, Copy, Debug)]
pub enum Summary {
    Fixed(&'static str),
    /// Of the number of agents and campaigns that it concerns.
    Counted(fn(u32) -> String),
}

const MINUTE: Duration = Duration::from_secs(60);

/// Makes the enum, the list of all and the specs from one list, so that none can be forgotten.
macro_rules! problems {
    ($($(#[$attribute:meta])* $name:ident: $spec:expr,)+) => {
        /// What can be wrong, in the order of attention.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Problem { $($(#[$attribute])* $name),+ }

        impl Problem {
            /// All of them, in the order of attention.
            pub const ALL: [Problem; [$(stringify!($name)),+].len()] = [$(Problem::$name),+];

            pub const fn spec(self) -> &'static ProblemSpec {
                match self {
                    $(Problem::$name => {
                        const SPEC: ProblemSpec = $spec;
                        &SPEC
                    })+
                }
            }
        }
    };
}

problems! {
    /// Key or user name are wrong, or the account does not take tokens.
    Credentials: ProblemSpec {
        word: "credentials",
        severity: Severity::Error,
        link: Some(LinkWords { word: "credentials", label: "REFUSED" }),
        alert: Some(Alerting { of: Problem::Credentials, rank: 1, rise: Rise::AtOnce, settle: Duration::ZERO }),
        summary: Summary::Fixed("the service refuses the credentials"),
    },
    /// No token: another process generates one, or back-off after an invalidation.
    Token: ProblemSpec {
        word: "token",
        severity: Severity::Warning,
        link: Some(LinkWords { word: "no_token", label: "NO TOKEN" }),
        // Waiting for somebody else's generation is ordinary.
        alert: Some(Alerting { of: Problem::Token, rank: 1, rise: Rise::After(MINUTE), settle: MINUTE }),
        summary: Summary::Fixed("no token"),
    },
    /// No token, and none is generated any more within this hour.
    TokenCeiling: ProblemSpec {
        word: "token_ceiling",
        severity: Severity::Error,
        link: Some(LinkWords { word: "no_token", label: "NO TOKEN" }),
        alert: Some(Alerting { of: Problem::Token, rank: 2, rise: Rise::After(MINUTE), settle: MINUTE }),
        summary: Summary::Fixed("no token"),
    },
    /// The service does not answer, or answers rubbish.
    Service: ProblemSpec {
        word: "service",
        severity: Severity::Error,
        link: Some(LinkWords { word: "down", label: "DOWN" }),
        // What comes and goes with each request must be gone for a minute.
        alert: Some(Alerting { of: Problem::Service, rank: 1, rise: Rise::AtOnce, settle: MINUTE }),
        summary: Summary::Fixed("the service does not answer"),
    },
    /// Told to slow down.
    Throttled: ProblemSpec {
        word: "throttled",
        severity: Severity::Warning,
        link: Some(LinkWords { word: "throttled", label: "THROTTLED" }),
        alert: Some(Alerting { of: Problem::Throttled, rank: 1, rise: Rise::AtOnce, settle: MINUTE }),
        summary: Summary::Fixed("the service says: max limit exceeded"),
    },
    /// Nobody checks the service, or who should has said nothing for a while.
    Silent: ProblemSpec {
        word: "no_poller",
        severity: Severity::Error,
        link: Some(LinkWords { word: "no_poller", label: "NOT CHECKED" }),
        alert: None,
        summary: Summary::Fixed("nobody checks the service"),
    },
    /// No fresh reading, and nothing above explains it.
    Stale: ProblemSpec {
        word: "stale",
        severity: Severity::Warning,
        link: None,
        // The first cycle after a start, a suspend or quiet hours is no alert.
        alert: Some(Alerting { of: Problem::Stale, rank: 1, rise: Rise::TwoCycles, settle: MINUTE }),
        summary: Summary::Counted(|count| format!("{count} without a fresh reading")),
    },
    /// IDs that the service does not know.
    #[serde(rename = "invalid")]
    UnknownId: ProblemSpec {
        word: "invalid",
        severity: Severity::Warning,
        link: None,
        alert: Some(Alerting { of: Problem::UnknownId, rank: 1, rise: Rise::AtOnce, settle: Duration::ZERO }),
        summary: Summary::Counted(|count| format!("the service does not know {}", plural(count, "ID"))),
    },
    /// Other clients use a part of the limit.
    OtherClients: plain("other_clients", Severity::Warning, Summary::Fixed("other clients use the account")),
    /// Another client generates tokens, which ends ours.
    Invalidated: plain("invalidated", Severity::Warning, Summary::Fixed("another client invalidates the tokens")),
    /// Single agents or campaigns get no good answer, while others do.
    NoAnswer: plain("no_answer", Severity::Warning, Summary::Counted(|count| format!("no answer for {count}"))),
    /// More agents are logged in than are watched at most.
    ManyLogins: plain(
        "many_logins",
        Severity::Warning,
        Summary::Counted(|count| format!("{count} who are logged in are not watched")),
    ),
    /// Whoever is logged in should be watched, and nobody tells who is.
    NoLogins: plain("no_logins", Severity::Warning, Summary::Fixed("nobody tells who is logged in")),
    /// Never read yet.
    Waiting: plain("waiting", Severity::Info, Summary::Counted(|count| format!("{count} not checked yet"))),
    /// The store cannot be read or written.
    StoreRead: store("store_read", Severity::Error, "the store cannot be read"),
    StoreWrite: store("store_write", Severity::Error, "the store cannot be written"),
    /// The server of the store does not answer.
    StoreUnreachable: store("store_unreachable", Severity::Error, "the store cannot be reached"),
    /// The server of the store does not tell when something was written.
    StoreDelayed: store("store_delayed", Severity::Warning, "what others write comes up to two seconds late"),
    /// Memory stands in for the file of the store.
    StoreDegraded: store("store_degraded", Severity::Warning, "readings are not kept"),
    /// A damaged store was moved aside.
    StoreQuarantined: store("store_quarantined", Severity::Warning, "the store was damaged"),
    /// Another store of the account is in use on this machine.
    StoreOther: store("store_other", Severity::Warning, "the account is checked through another store"),
    /// Without its ledger of requests nothing is sent.
    LedgerMissing: store("ledger_missing", Severity::Warning, "there is no request ledger"),
    /// A new or damaged ledger: nothing is sent for a minute.
    LedgerNew: store("ledger_new", Severity::Warning, "the request ledger is new"),
    /// The processes disagree about when the machine started.
    OtherBoot: store("other_boot", Severity::Warning, "the dashboards disagree about when the machine started"),
    /// The quiet hours: nothing is asked, as it should be.
    Closed: ProblemSpec {
        word: "closed",
        severity: Severity::Info,
        link: Some(LinkWords { word: "closed", label: "CLOSED" }),
        alert: None,
        summary: Summary::Fixed("quiet hours"),
    },
}

/// A problem that is no state of the link and no alert.
const fn plain(word: &'static str, severity: Severity, summary: Summary) -> ProblemSpec {
    ProblemSpec { word, severity, link: None, alert: None, summary }
}

const fn store(word: &'static str, severity: Severity, summary: &'static str) -> ProblemSpec {
    plain(word, severity, Summary::Fixed(summary))
}

impl Problem {
    /// How many there are that are alerts of their own.
    pub const ALERTS: usize = {
        let (mut count, mut i) = (0, 0);
        while i < Problem::ALL.len() {
            count += Problem::ALL[i].is_alert() as usize;
            i += 1;
        }
        count
    };

    /// Its name for programs.
    pub const fn word(self) -> &'static str {
        self.spec().word
    }

    pub const fn severity(self) -> Severity {
        self.spec().severity
    }

    /// How it becomes an alert; `None`: it does not.
    pub const fn alert(self) -> Option<&'static Alerting> {
        self.spec().alert.as_ref()
    }

    /// True for what is an alert of its own, not a stage of another one's.
    pub const fn is_alert(self) -> bool {
        match self.alert() {
            Some(alert) => alert.of as u8 == self as u8,
            None => false,
        }
    }

    /// Those that are alerts of their own, in the order of attention.
    pub fn alerts() -> impl Iterator<Item = Problem> {
        Problem::ALL.into_iter().filter(|problem| problem.is_alert())
    }

    /// One line that names nobody; `count`: how many agents and campaigns it concerns.
    pub fn summary(self, count: u32) -> String {
        match self.spec().summary {
            Summary::Fixed(text) => text.to_owned(),
            Summary::Counted(text) => text(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_problem_has_a_word_and_a_line_of_its_own() {
        let words: BTreeSet<_> = Problem::ALL.into_iter().map(Problem::word).collect();
        assert_eq!(words.len(), Problem::ALL.len());
        for problem in Problem::ALL {
            assert!(!problem.summary(1).is_empty() && problem.summary(2).is_ascii(), "{problem:?}");
            // The alert that a stage belongs to is one of its own.
            assert!(problem.alert().is_none_or(|alert| alert.of.is_alert() && alert.rank > 0), "{problem:?}");
        }
        assert_eq!(Problem::alerts().count(), Problem::ALERTS);
    }

    #[test]
    fn what_stores_and_hooks_know_keeps_its_word() {
        let words: Vec<_> = Problem::alerts().map(Problem::word).collect();
        assert_eq!(words, ["credentials", "token", "service", "throttled", "stale", "invalid"]);
        for problem in Problem::alerts() {
            assert_eq!(serde_json::to_value(problem).unwrap(), problem.word());
        }
    }
}
