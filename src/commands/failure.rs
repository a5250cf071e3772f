//! Why a command ended early: an exit code, and a sentence for the user.

use crate::{api::HttpError, config::ConfigErrors, exit::Exit, store::StoreError};

/// An error on its way to the user.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends.
    pub exit: Exit,
    /// What happened and what to do; may have several lines.
    pub message: String,
}

impl Failure {
    /// With this exit code and sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Failure { exit, message: message.into() }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(e: ConfigErrors) -> Self {
        Failure::new(Exit::Config, e.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(e: StoreError) -> Self {
        let exit = match e {
            StoreError::Newer { .. } | StoreError::Refused(_) => Exit::Config,
            _ => Exit::Unexpected,
        };
        Failure::new(exit, e.to_string())
    }
}

impl From<HttpError> for Failure {
    fn from(e: HttpError) -> Self {
        Failure::new(Exit::Config, e.to_string())
    }
}

impl From<std::io::Error> for Failure {
    /// A reader that went away (`ahtop … | head`) is no error, and nobody is left to be told.
    fn from(e: std::io::Error) -> Self {
        match e.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::new(Exit::Ok, ""),
            _ => Failure::new(Exit::Unexpected, e.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        let failure = Failure::from(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        assert_eq!((failure.exit, failure.message.as_str()), (Exit::Ok, ""));
        let failure = Failure::from(std::io::Error::from_raw_os_error(28));
        assert_eq!(failure.exit, Exit::Unexpected);
    }
}
