//! One line of the page of `doctor`.

use serde::Serialize;

use crate::{domain::clean_line, exit::Exit};

/// How good a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Ok,
    /// Worth a look; it works all the same.
    Look,
    /// It does not work; the program would end so.
    Bad(Exit),
}

/// One line of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    pub(super) what: &'static str,
    pub(super) text: String,
}

/// The same in JSON.
#[derive(Serialize)]
pub(super) struct Element {
    level: &'static str,
    about: &'static str,
    text: String,
}

impl Finding {
    pub(super) fn ok(what: &'static str, text: impl Into<String>) -> Self {
        Finding { level: Level::Ok, what, text: text.into() }
    }

    pub(super) fn look(what: &'static str, text: impl Into<String>) -> Self {
        Finding { level: Level::Look, what, text: text.into() }
    }

    pub(super) fn bad(what: &'static str, exit: Exit, text: impl Into<String>) -> Self {
        Finding { level: Level::Bad(exit), what, text: text.into() }
    }

    const fn word(&self) -> &'static str {
        match self.level {
            Level::Ok => "ok",
            Level::Look => "warn",
            Level::Bad(_) => "fail",
        }
    }

    pub(super) fn line(&self) -> String {
        let word = self.word();
        format!("{word:<5} {:<14} {}\n", self.what, self.sentence())
    }

    fn sentence(&self) -> String {
        clean_line(&self.text, 600)
    }

    pub(super) fn element(&self) -> Element {
        Element { level: self.word(), about: self.what, text: self.sentence() }
    }
}
