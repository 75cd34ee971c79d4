//! What SQLite says, as [`RecordError`]: the world is at fault, or nothing can be trusted any more.

use ports::RecordError;
use rusqlite::{Error, ErrorCode, ffi};

/// The result of everything here.
pub(crate) type Result<T, E = RecordError> = std::result::Result<T, E>;

/// Adds what was being done, so that a person can tell one failure from another.
pub(crate) trait While<T> {
    /// `doing`: "writing alerts".
    fn while_(self, doing: &str) -> Result<T>;
}

impl<T> While<T> for rusqlite::Result<T> {
    fn while_(self, doing: &str) -> Result<T> {
        self.map_err(|error| told(doing, &error))
    }
}

fn told(doing: &str, error: &Error) -> RecordError {
    let text = format!("{doing}: {error}");
    let Error::SqliteFailure(failure, _) = error else {
        // A column of another type, a statement that does not fit the schema: not our file, or not
        // our program.
        return RecordError::Damaged(text);
    };
    if failure.extended_code == ffi::SQLITE_IOERR_CORRUPTFS {
        return RecordError::Damaged(text);
    }
    match failure.code {
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::PermissionDenied
        | ErrorCode::OutOfMemory
        | ErrorCode::OperationInterrupted
        | ErrorCode::FileLockingProtocolFailed => RecordError::Unavailable(text),
        // Corrupt, not a database, a constraint that our own writing broke.
        _ => RecordError::Damaged(text),
    }
}
