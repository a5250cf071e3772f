//! Messages about ourselves, and what banners are about.

use std::sync::Arc;

use crate::{
    domain::{Problem, Severity, Target, clean_line},
    store::{StoreNotice, Words},
};

/// What is told besides the numbers.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    /// Messages about ourselves: store moved aside, configuration reloaded. Newest last, bounded.
    pub list: Vec<Notice>,
    /// Banners that the user has dismissed; one about something else, or somebody else, shows again.
    pub dismissed: Vec<(Topic, Concerned)>,
    /// What the last key came to, where that is not seen elsewhere; until the next key.
    pub status_message: Option<String>,
}

/// What a banner is about. There is at most one banner, and one notice, of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Something that all rooms know as wrong.
    Problem(Problem),
    /// The configuration that was read anew cannot be used.
    ConfigRejected,
    /// One of the warnings about the configuration, by its number.
    ConfigWarning(usize),
    /// What the user chose the last time cannot be read.
    Preferences,
    /// Lines of the log are lost.
    Log,
    /// The past is shown.
    Replay,
    /// A wallboard without its key shows what others check.
    ShowsOnly,
}

impl Topic {
    pub const fn severity(self) -> Severity {
        match self {
            Topic::Problem(problem) => problem.severity(),
            Topic::ConfigRejected => Severity::Error,
            Topic::ConfigWarning(_) | Topic::Preferences | Topic::Log | Topic::Replay | Topic::ShowsOnly => {
                Severity::Info
            }
        }
    }

    /// What stands for the text of a notice where names are not shown; `None`: it names nobody.
    const fn instead(self) -> Option<&'static str> {
        match self {
            Topic::ConfigRejected => {
                Some("Run `ahtop check`: the new configuration has errors, the old one stays in use")
            }
            Topic::ConfigWarning(_) => Some("Run `ahtop check`: the configuration has a warning"),
            Topic::Problem(_) | Topic::Preferences | Topic::Log | Topic::Replay | Topic::ShowsOnly => None,
        }
    }
}

/// Whom a banner concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concerned {
    All,
    /// The process with this id.
    Process(Arc<str>),
    Rows(Vec<Target>),
}

/// A message about ourselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about: a new one takes the place of the one before.
    pub topic: Topic,
    /// One sentence that begins with what to do.
    pub text: String,
}

impl Notice {
    /// What it says, in pieces.
    pub(crate) fn words(&self) -> Words {
        let text = clean_line(&self.text, 400);
        match self.topic.instead() {
            Some(instead) => Words::default().said(text, instead),
            None => text.into(),
        }
    }
}

/// What the store says of itself.
impl From<StoreNotice> for Notice {
    fn from(notice: StoreNotice) -> Self {
        Notice { topic: Topic::Problem(notice.problem), text: notice.text }
    }
}
