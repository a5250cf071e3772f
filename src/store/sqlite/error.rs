//! From SQLite's errors to ours. Neither statements nor values go into a text.

use rusqlite::{Error, ErrorCode};

use crate::store::StoreError;

/// What `e` means for the store at `place`.
pub(super) fn explain(e: &Error, place: &str) -> StoreError {
    let place = || place.to_owned();
    let code = match e {
        Error::SqliteFailure(failure, _) => failure.code,
        Error::SqlInputError { error, .. } => error.code,
        // A column that holds what no version of ours writes there.
        Error::InvalidColumnType(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::FromSqlConversionFailure(..)
        | Error::Utf8Error(..) => return StoreError::Corrupt(place()),
        other => return StoreError::Other(other.to_string()),
    };
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
            StoreError::Busy(place())
        }
        ErrorCode::DiskFull => StoreError::Full(place()),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreError::ReadOnly(place()),
        ErrorCode::CannotOpen | ErrorCode::SystemIoFailure => StoreError::Io(place()),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(place()),
        _ => StoreError::Other(e.to_string()),
    }
}

/// What a failed file operation means for the store at `place`.
pub(super) fn explain_io(e: &std::io::Error, place: &str) -> StoreError {
    use std::io::ErrorKind as K;
    match e.kind() {
        K::StorageFull | K::QuotaExceeded => StoreError::Full(place.to_owned()),
        K::InvalidInput => StoreError::Refused(e.to_string()),
        K::PermissionDenied | K::ReadOnlyFilesystem => StoreError::ReadOnly(place.to_owned()),
        _ => StoreError::Io(format!("{place} ({e})")),
    }
}
