//! The file on disk: one SQLite database, opened for its owner alone.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ports::{AccessError, RecordError};
use rusqlite::types::Type;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, Transaction, TransactionBehavior};
use schemas::Timestamp;

/// Version n of the format is what the first n steps make.
const STEPS: [&str; 4] = [
    include_str!("../migrations/0001.sql"),
    include_str!("../migrations/0002.sql"),
    include_str!("../migrations/0003.sql"),
    include_str!("../migrations/0004.sql"),
];

/// "MRSA" in the header of the file.
const APPLICATION: i32 = 0x4D52_5341;

/// How long a statement waits for another process, such as a backup.
const BUSY: Duration = Duration::from_secs(5);

/// Users, sessions, second factors, tokens, credentials, claim codes and audit. Its calls block for a disk: call them where that is allowed.
#[derive(Debug)]
pub struct Book {
    db: Mutex<Connection>,
}

impl Book {
    /// Opens the file, made with mode 0600 if it is not there; its directory must exist.
    ///
    /// # Errors
    /// `Unavailable` where it cannot be opened or written now; `Damaged` where it is none of ours, corrupt or newer.
    pub fn open(path: &Path) -> Result<Self, RecordError> {
        let opening = |why: &dyn std::fmt::Display| RecordError::Unavailable(format!("opening {}: {why}", path.display()));
        OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(|why| opening(&why))?;
        // A copy that somebody put there may be open to others.
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|why| opening(&why))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags).map_err(|why| told(&why))?;
        prepare(&mut db, path)?;
        Ok(Self { db: Mutex::new(db) })
    }

    /// Runs `work` in one transaction: all of it, or nothing.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, AccessError> {
        // A transaction left open by a panic was rolled back on its way.
        let mut db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|e| told(&e))?;
        let done = work(&transaction).map_err(|e| told(&e))?;
        transaction.commit().map_err(|e| told(&e))?;
        Ok(done)
    }

    /// Runs `work` on the last commit.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, AccessError> {
        let db = self.db.lock().unwrap_or_else(PoisonError::into_inner);
        work(&db).map_err(|e| told(&e).into())
    }
}

fn number(db: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    db.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
}

fn prepare(db: &mut Connection, path: &Path) -> Result<(), RecordError> {
    db.busy_timeout(BUSY).map_err(|e| told(&e))?;
    let version = recognise(db, path)?;
    db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)).map_err(|e| told(&e))?;
    for (name, value) in [("synchronous", "FULL"), ("foreign_keys", "ON"), ("secure_delete", "ON")] {
        db.pragma_update(None, name, value).map_err(|e| told(&e))?;
    }
    for (step, sql) in STEPS.iter().enumerate().skip(version) {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|e| told(&e))?;
        transaction.execute_batch(sql).map_err(|e| told(&e))?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(|e| told(&e))?;
        let raised = i64::try_from(step + 1).unwrap_or(i64::MAX);
        transaction.pragma_update(None, "user_version", raised).map_err(|e| told(&e))?;
        transaction.commit().map_err(|e| told(&e))?;
    }
    Ok(())
}

/// The version of a file that is ours, or empty.
fn recognise(db: &Connection, path: &Path) -> Result<usize, RecordError> {
    let version = number(db, "user_version").map_err(|e| told(&e))?;
    let application = number(db, "application_id").map_err(|e| told(&e))?;
    if application != i64::from(APPLICATION) && (version, application) != (0, 0) {
        return Err(RecordError::Damaged(format!("{} holds no users of this program", path.display())));
    }
    usize::try_from(version).ok().filter(|v| *v <= STEPS.len()).ok_or_else(|| {
        let most = STEPS.len();
        RecordError::Damaged(format!("{} has format {version}, this program reads formats up to {most}", path.display()))
    })
}

/// Copies the file `from`, as its last commit left it, into the new file `to`, for its owner alone. Works beside the
/// program that writes to it.
///
/// # Errors
/// One cannot be read or the other not written, or `from` is none of ours.
pub fn copy(from: &Path, to: &Path) -> Result<(), RecordError> {
    let unwritable = |why: &dyn std::fmt::Display| RecordError::Unavailable(format!("copying to {}: {why}", to.display()));
    let db = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let db = db.map_err(|e| told(&e))?;
    db.busy_timeout(BUSY).map_err(|e| told(&e))?;
    recognise(&db, from)?;
    // SQLite writes into a file that is there if it is empty: so its mode is ours from the first byte on.
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(to).map_err(|why| unwritable(&why))?;
    let name = to.to_str().ok_or_else(|| unwritable(&"the name is not Unicode"))?;
    db.execute("VACUUM INTO ?1", [name]).map_err(|e| told(&e))?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(|why| unwritable(&why))
}

/// What SQLite says: the world is at fault, or nothing can be trusted any more.
pub(crate) fn told(error: &rusqlite::Error) -> RecordError {
    let text = format!("users and audit: {error}");
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory,
        ) => RecordError::Unavailable(text),
        _ => RecordError::Damaged(text),
    }
}

/// An instant of a column.
pub(crate) fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millis(row.get(column)?).map_err(|e| unfit(column, e))
}

/// An instant that may be absent.
pub(crate) fn instant_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis).transpose().map_err(|e| unfit(column, e))
}

/// A number that is never negative.
pub(crate) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|e| unfit(column, e))
}

/// A word that the table's own check holds to be one of a few.
pub(crate) fn word<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    row.get_ref(column)?.as_str()?.parse().map_err(|e| unfit(column, e))
}

pub(crate) fn unfit(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, Box::new(error))
}
