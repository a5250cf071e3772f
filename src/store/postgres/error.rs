//! From the server's errors to ours. Neither statements nor values go into a text.

use std::error::Error as _;

use rustls::CertificateError as Bad;
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
            Some(io) => io.get_ref().map_or_else(|| io.kind().to_string(), ToString::to_string),
            None => source.to_string(),
        };
        deepest = source.source();
    }
    clean_line(&text, LONGEST)
}

/// What is wrong with the server's encryption, and what to do about it. Waiting does not mend that.
fn encryption(e: &Error) -> Option<String> {
    let mut source = e.source();
    while let Some(at) = source {
        // What the encryption says comes in an error of the stream.
        let inner =
            at.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref()).map(|e| e as &dyn std::error::Error);
        if let Some(rustls::Error::InvalidCertificate(bad)) = inner.unwrap_or(at).downcast_ref() {
            return Some(match bad {
                Bad::UnknownIssuer => "its certificate is of an authority that is not known here: name the file of \
                                       that authority's certificate in [store] ca_file"
                    .into(),
                Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                    "its certificate is for another name: write that as the host in [store] url".into()
                }
                Bad::Expired | Bad::ExpiredContext { .. } => {
                    "its certificate has expired: give the server a new one".into()
                }
                other => format!("its certificate cannot be used: {other}"),
            });
        }
        source = at.source();
    }
    let without = "server does not support TLS";
    (cause(e) == without).then(|| "it does not encrypt: set ssl = on there, with a certificate".to_owned())
}

/// What `e` means for the store at `place`.
pub(super) fn explain(e: &Error, place: &str) -> StoreError {
    let Some(code) = e.code() else {
        if let Some(what) = encryption(e) {
            return StoreError::Refused(format!("{place}: {what}"));
        }
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
