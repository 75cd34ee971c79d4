//! The file on disk: one SQLite database of its own, opened for its owner alone.

use std::collections::BTreeMap;
use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ports::RecordError;
use rusqlite::types::Type;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};
use schemas::{DeviceId, Timestamp};

use crate::cipher::KEY;

const STEP: &str = include_str!("../migrations/0001.sql");
const VERSION: i64 = 1;
/// "MRSV" in the header of the file.
const APPLICATION: i64 = 0x4D52_5356;
/// How long a statement waits for another process, such as a backup.
const BUSY: Duration = Duration::from_secs(5);

/// A new subject.
pub(crate) struct Entry<'h> {
    pub(crate) name: &'h DeviceId,
    /// Whose key its name is made with.
    pub(crate) year: i32,
    pub(crate) salt: [u8; KEY],
    /// Its own id, sealed.
    pub(crate) meter: Vec<u8>,
    pub(crate) since: Timestamp,
}

impl Entry<'_> {
    fn put(&self, all: &Transaction<'_>) -> rusqlite::Result<(DeviceId, [u8; KEY])> {
        let Self { name, year, salt, meter, since } = self;
        all.prepare_cached(
            "INSERT INTO subject (name, year, salt, meter, since) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        )?
        .execute(params![name.as_str(), year, salt, meter, since.millis()])?;
        let mut kept = all.prepare_cached("SELECT salt FROM subject WHERE name = ?1")?;
        Ok(((*name).clone(), kept.query_row([name.as_str()], |row| row.get(0))?))
    }
}

/// Who is behind a name, sealed. Its calls block for a disk.
#[derive(Debug)]
pub(crate) struct Book {
    db: Mutex<Connection>,
}

impl Book {
    pub(crate) fn open(path: &Path) -> Result<Self, RecordError> {
        let opening = |why: std::io::Error| RecordError::Unavailable(format!("opening {}: {why}", path.display()));
        OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(opening)?;
        std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(opening)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags).map_err(|e| told(&e))?;
        db.busy_timeout(BUSY).map_err(|e| told(&e))?;
        let fresh = recognise(&db, path)?;
        // Not WAL: what is forgotten must not stay in a second file.
        for (name, value) in [("journal_mode", "DELETE"), ("synchronous", "FULL"), ("secure_delete", "ON")] {
            db.pragma_update(None, name, value).map_err(|e| told(&e))?;
        }
        if fresh {
            let made = db.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|all| {
                all.execute_batch(STEP)?;
                all.pragma_update(None, "application_id", APPLICATION)?;
                all.pragma_update(None, "user_version", VERSION)?;
                all.commit()
            });
            made.map_err(|e| told(&e))?;
        }
        Ok(Self { db: Mutex::new(db) })
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        // A transaction left open by a panic was rolled back on its way.
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The salts of all subjects.
    pub(crate) fn salts(&self) -> Result<BTreeMap<DeviceId, [u8; KEY]>, RecordError> {
        let db = self.db();
        let mut select = db.prepare("SELECT name, salt FROM subject").map_err(|e| told(&e))?;
        let rows = select.query_map([], |row| Ok((id(row, 0)?, row.get(1)?))).and_then(Iterator::collect);
        rows.map_err(|e| told(&e))
    }

    /// Some subject, if there is one.
    pub(crate) fn any(&self) -> Result<Option<(DeviceId, Vec<u8>)>, RecordError> {
        let row = self.db().query_row("SELECT name, meter FROM subject LIMIT 1", [], |row| Ok((id(row, 0)?, row.get(1)?)));
        row.optional().map_err(|e| told(&e))
    }

    /// The sealed id behind a name.
    pub(crate) fn meter(&self, name: &DeviceId) -> Result<Option<Vec<u8>>, RecordError> {
        let row = self.db().query_row("SELECT meter FROM subject WHERE name = ?1", [name.as_str()], |row| row.get(0));
        row.optional().map_err(|e| told(&e))
    }

    /// Enters subjects that are not there yet, in one transaction. The salts that are kept: two doors may hear a new meter at
    /// once, and the one that comes second takes the first one's.
    pub(crate) fn enter(&self, entries: &[Entry<'_>]) -> Result<Vec<(DeviceId, [u8; KEY])>, RecordError> {
        let mut db = self.db();
        let entered = db.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|all| {
            let kept = entries.iter().map(|entry| entry.put(&all)).collect::<rusqlite::Result<_>>()?;
            all.commit()?;
            Ok(kept)
        });
        entered.map_err(|e| told(&e))
    }

    /// Takes subjects out: how many there were.
    pub(crate) fn forget(&self, names: &[DeviceId]) -> Result<u64, RecordError> {
        let mut db = self.db();
        let forgotten = db.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|all| {
            let mut gone = 0;
            let mut delete = all.prepare_cached("DELETE FROM subject WHERE name = ?1")?;
            for name in names {
                gone += delete.execute([name.as_str()])? as u64;
            }
            drop(delete);
            all.commit()?;
            Ok(gone)
        });
        forgotten.map_err(|e| told(&e))
    }
}

fn id(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<DeviceId> {
    let unfit = |e| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(e));
    DeviceId::new(row.get_ref(column)?.as_str()?).map_err(unfit)
}

/// Whether the file is empty; an error where it is none of ours.
fn recognise(db: &Connection, path: &Path) -> Result<bool, RecordError> {
    let number = |pragma: &str| db.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0));
    let version = number("user_version").map_err(|e| told(&e))?;
    match (number("application_id").map_err(|e| told(&e))?, version) {
        (0, 0) => Ok(true),
        (APPLICATION, VERSION) => Ok(false),
        (APPLICATION, newer) => {
            Err(RecordError::Damaged(format!("{} has format {newer}, this program reads format {VERSION}", path.display())))
        }
        _ => Err(RecordError::Damaged(format!("{} is no vault of this program", path.display()))),
    }
}

/// Copies the file `from`, as its last commit left it, into the new file `to`, for its owner alone. Works beside the
/// program that writes to it.
///
/// # Errors
/// One cannot be read or the other not written, or `from` is no vault.
pub fn copy(from: &Path, to: &Path) -> Result<(), RecordError> {
    let unwritable = |why: &dyn std::fmt::Display| RecordError::Unavailable(format!("copying to {}: {why}", to.display()));
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(from, flags).map_err(|e| told(&e))?;
    db.busy_timeout(BUSY).map_err(|e| told(&e))?;
    recognise(&db, from)?;
    // SQLite writes into a file that is there if it is empty: so its mode is ours from the first byte on.
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(to).map_err(|why| unwritable(&why))?;
    let name = to.to_str().ok_or_else(|| unwritable(&"the name is not Unicode"))?;
    db.execute("VACUUM INTO ?1", [name]).map_err(|e| told(&e))?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(|why| unwritable(&why))
}

/// What SQLite says: the world is at fault, or nothing can be trusted any more.
fn told(error: &rusqlite::Error) -> RecordError {
    let text = format!("the vault: {error}");
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => RecordError::Damaged(text),
        Some(_) => RecordError::Unavailable(text),
        None => RecordError::Damaged(text),
    }
}
