//! The database file: its tables, its version, and how it is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ports::StoreError;
use rusqlite::Connection;

use super::database::fault;

/// The version of everything in the file, in SQLite's `user_version`.
pub(crate) const FORMAT: i32 = 2;
/// "Mrsd", in SQLite's `application_id`.
const APPLICATION: i32 = 0x4d72_7364;

const TABLES: &str = "
    CREATE TABLE stream (
        id INTEGER PRIMARY KEY, series INTEGER NOT NULL, device TEXT NOT NULL, quantity TEXT NOT NULL,
        channel INTEGER NOT NULL, kind TEXT NOT NULL, zone TEXT NOT NULL
    ) STRICT;
    CREATE TABLE latest (chunk INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TABLE block (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, week INTEGER NOT NULL, run INTEGER NOT NULL, level INTEGER NOT NULL,
        place INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, earliest INTEGER NOT NULL, latest INTEGER NOT NULL,
        count INTEGER NOT NULL, hours INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE content (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TABLE hours (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
";

/// Blocks of format 1 stay as they are, and are written anew as they are merged.
const FROM_1: &str = "
    BEGIN IMMEDIATE;
    ALTER TABLE block ADD COLUMN hours INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE hours (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    PRAGMA user_version = 2;
    COMMIT;
";

/// The file of a store: a path that is no file and does not end in `.db` is a directory that holds it.
pub(crate) fn file_of(path: &Path) -> PathBuf {
    if path.is_file() || path.extension().is_some_and(|e| e == "db") { path.to_owned() } else { path.join("readings.db") }
}

/// The format of the database. Refuses one of another program, or of a later format.
pub(crate) fn check_format(db: &Connection, path: &Path) -> Result<i32, StoreError> {
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(|e| fault(path, &e));
    let place = path.display();
    if number("application_id")? != APPLICATION {
        return Err(StoreError::Damaged(format!("{place} is a database of another program")));
    }
    match number("user_version")? {
        version @ 1..=FORMAT => Ok(version),
        version => Err(StoreError::Damaged(format!("{place} has format {version}, this program reads formats 1 to {FORMAT}"))),
    }
}

/// A connection that writes, with the tables made and their version checked.
pub(crate) fn open(path: &Path) -> Result<Connection, StoreError> {
    let cannot = |e: rusqlite::Error| fault(path, &e);
    let db = Connection::open(path).map_err(cannot)?;
    db.busy_timeout(Duration::from_secs(10)).map_err(cannot)?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(cannot)?;
    if tables == 0 {
        db.execute_batch("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;").map_err(cannot)?;
    } else if check_format(&db, path)? == 1 {
        db.execute_batch(FROM_1).map_err(cannot)?;
    }
    // FULL: a transaction that is over survives power loss. Erasure means that the bytes go.
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST;").map_err(cannot)?;
    // The log does not stay as large as the largest merge made it.
    db.execute_batch("PRAGMA journal_size_limit = 4194304;").map_err(cannot)?;
    if tables == 0 {
        let made =
            format!("BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}; COMMIT;");
        db.execute_batch(&made).map_err(cannot)?;
    }
    Ok(db)
}
