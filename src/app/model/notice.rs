//! Messages about ourselves.

use crate::{domain::clean_line, store::Words};

/// What is told besides the numbers.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    /// Messages about ourselves: store moved aside, configuration reloaded. Newest last, bounded.
    pub list: Vec<Notice>,
    /// Banners that the user has dismissed, by their key; a banner with another key shows again.
    pub dismissed: Vec<String>,
    /// What the last key came to, where that is not seen elsewhere; until the next key.
    pub status_message: Option<String>,
}

/// A message about ourselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Names the cause, so that the same one is shown once.
    pub key: String,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence that says what to do.
    pub text: String,
}

impl Notice {
    /// The keys of notices about the configuration begin so. They may name an id.
    pub const CONFIG: &str = "config-";
    /// The key of the notice that the configuration is bad that was read anew.
    pub const RELOAD: &str = "config-reload";

    /// What it says, in pieces.
    pub(crate) fn words(&self) -> Words {
        let text = clean_line(&self.text, 400);
        if self.key.starts_with(Notice::CONFIG) {
            let hidden = match self.key.as_str() {
                Notice::RELOAD => "The new configuration is bad, the old one stays: `ahtop check` shows why",
                _ => "The configuration has a warning: `ahtop check` shows it",
            };
            return Words::default().said(text, hidden);
        }
        text.into()
    }
}

/// How bad a banner is, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The numbers cannot be trusted or do not come.
    Error,
    /// Something needs a look.
    Warning,
    Info,
}
