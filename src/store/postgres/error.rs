//! From the server's errors to ours. Neither statements nor values go into a text.

use std::error::Error as _;

use tokio_postgres::{Error, error::SqlState};

use crate::{domain::clean_line, store::StoreError};

/// Longest excerpt of what the server said.
const LONGEST: usize = 200;

/// What went wrong, in the words of the deepest cause.
pub(super) fn cause(e: &Error) -> String {
    if let Some(db) = e.as_db_error() {
        return clean_line(db.message(), LONGEST);
    }
    let (mut deepest, mut text) = (e.source(), e.to_string());
    while let Some(source) = deepest {
        text = match source.downcast_ref::<std::io::Error>() {
            // Without the system's number.
            Some(io) => io.kind().to_string(),
            None => source.to_string(),
        };
        deepest = source.source();
    }
    clean_line(&text, LONGEST)
}

/// What `e` means for the store at `place`.
pub(super) fn explain(e: &Error, place: &str) -> StoreError {
    let Some(code) = e.code() else {
        return StoreError::Unreachable { place: place.to_owned(), why: cause(e) };
    };
    let class = code.code().get(..2).unwrap_or_default();
    match (class, code) {
        // A statement or a lock took too long; or two stood in each other's way.
        (_, code) if *code == SqlState::QUERY_CANCELED => StoreError::Busy(place.to_owned()),
        ("55" | "40", _) => StoreError::Busy(place.to_owned()),
        (_, code) if *code == SqlState::DISK_FULL => StoreError::Full(place.to_owned()),
        // Starting or stopping, no connection left, or a standby.
        ("08" | "57" | "53" | "25", _) => StoreError::Unreachable { place: place.to_owned(), why: cause(e) },
        // Who we are, or what there is, is not as configured.
        ("28" | "3D", _) => StoreError::Refused(format!("{place}: {}", cause(e))),
        (_, code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            StoreError::Refused(format!("{place}: {}; the user has a role that only reads", cause(e)))
        }
        _ => StoreError::Other(format!("{place}: {}", cause(e))),
    }
}
