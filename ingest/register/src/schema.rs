//! The format on disk: which file is ours, which version it has, and how an older one becomes the
//! newest. A migration is never changed once it was released; the next one is added below it.

use std::path::Path;
use std::time::Duration;

use ports::RecordError;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::trouble::{Result, While};

/// Version n of the format is what the first n steps make.
const STEPS: [&str; 7] = [
    include_str!("../migrations/0001.sql"),
    include_str!("../migrations/0002.sql"),
    include_str!("../migrations/0003.sql"),
    include_str!("../migrations/0004.sql"),
    include_str!("../migrations/0005.sql"),
    include_str!("../migrations/0006.sql"),
    include_str!("../migrations/0007.sql"),
];

/// The newest format.
pub(crate) const VERSION: usize = STEPS.len();

/// "MRSD" in the header of the file: tells a register from any other SQLite database.
const APPLICATION: i32 = 0x4D52_5344;

/// How long a statement waits for another process (a backup, a person with a shell) before it says
/// that the register is busy. The process itself has one writer, which never waits for itself.
const BUSY: Duration = Duration::from_secs(5);

/// Pages of the write-ahead log after which a commit folds it into the file: 16 MiB, so that most
/// commits of the evaluator are one sequential write and one sync.
const FOLD_AFTER_PAGES: i64 = 4096;

/// Page cache of a connection, KiB.
const CACHE_KIB: i64 = 8192;

/// The one connection that writes; the file is made or brought to the newest format.
pub(crate) fn writer(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opening = format!("opening {}", path.display());
    let mut db = Connection::open_with_flags(path, flags).while_(&opening)?;
    db.busy_timeout(BUSY).while_(&opening)?;
    recognise(&db, path)?;
    let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).while_(&opening)?;
    if mode != "wal" {
        return Err(RecordError::Unavailable(format!(
            "{}: the file system gives no write-ahead log (journal mode {mode})",
            path.display()
        )));
    }
    tune(&db).while_(&opening)?;
    db.pragma_update(None, "wal_autocheckpoint", FOLD_AFTER_PAGES).while_(&opening)?;
    migrate(&mut db, path)?;
    Ok(db)
}

/// A connection that can only read.
pub(crate) fn reader(path: &Path) -> Result<Connection> {
    let opening = format!("opening {} for reading", path.display());
    // Not opened read-only: a reader of a write-ahead log takes part in its shared memory.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).while_(&opening)?;
    db.busy_timeout(BUSY).while_(&opening)?;
    tune(&db).while_(&opening)?;
    db.pragma_update(None, "query_only", true).while_(&opening)?;
    Ok(db)
}

/// Copies the register in the file `from`, as its last commit left it, into the new file `to`, without free pages.
/// Works beside the program that writes to it. Durable when it returns.
///
/// # Errors
/// `Unavailable` where one cannot be read or the other not written, `Damaged` where `from` is no register.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let copying = format!("copying {} to {}", from.display(), to.display());
    let unwritable = |why: &dyn std::fmt::Display| RecordError::Unavailable(format!("{copying}: {why}"));
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(from, flags).while_(&copying)?;
    db.busy_timeout(BUSY).while_(&copying)?;
    recognise(&db, from)?;
    let name = to.to_str().ok_or_else(|| unwritable(&"the name is not Unicode"))?;
    db.execute("VACUUM INTO ?1", [name]).while_(&copying)?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(|why| unwritable(&why))
}

fn tune(db: &Connection) -> rusqlite::Result<()> {
    // FULL: a commit is on disk when it returns, the write-ahead log synced.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    db.set_prepared_statement_cache_capacity(64);
    crate::quarantine::teach(db)
}

fn number(db: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    db.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0))
}

/// Refuses what is not ours, before anything is written to it.
fn recognise(db: &Connection, path: &Path) -> Result<()> {
    let reading = format!("reading {}", path.display());
    let version = number(db, "user_version").while_(&reading)?;
    let application = number(db, "application_id").while_(&reading)?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).while_(&reading)?;
    let fresh = version == 0 && application == 0 && tables == 0;
    if !fresh && application != i64::from(APPLICATION) {
        return Err(RecordError::Damaged(format!("{} is not a register of this program", path.display())));
    }
    if usize::try_from(version).map_or(true, |v| v > VERSION) {
        return Err(RecordError::Damaged(format!(
            "{} has format {version}, written by a newer program; this one reads formats up to {VERSION}",
            path.display()
        )));
    }
    Ok(())
}

/// Brings the file to the newest format, each step all or nothing.
fn migrate(db: &mut Connection, path: &Path) -> Result<()> {
    let migrating = format!("bringing {} to format {VERSION}", path.display());
    loop {
        let step = db.transaction_with_behavior(TransactionBehavior::Immediate).while_(&migrating)?;
        let version = usize::try_from(number(&step, "user_version").while_(&migrating)?).unwrap_or(VERSION);
        let Some(sql) = STEPS.get(version) else { return Ok(()) };
        step.execute_batch(sql).while_(&migrating)?;
        step.pragma_update(None, "application_id", APPLICATION).while_(&migrating)?;
        step.pragma_update(None, "user_version", i64::try_from(version + 1).unwrap_or(i64::MAX)).while_(&migrating)?;
        step.commit().while_(&migrating)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_of_a_newer_program_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("register.sqlite");
        drop(writer(&path).unwrap());
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
        drop(db);

        let refused = writer(&path).unwrap_err();
        assert!(
            matches!(&refused, RecordError::Damaged(text) if text.contains("format 99") && text.contains("newer")),
            "{refused}"
        );
        assert_eq!(number(&Connection::open(&path).unwrap(), "user_version").unwrap(), 99);
    }

    #[test]
    fn somebody_elses_database_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("photos.sqlite");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE photo (name TEXT)").unwrap();
        let refused = writer(&path).unwrap_err();
        assert!(matches!(&refused, RecordError::Damaged(text) if text.contains("not a register")), "{refused}");
    }

    #[test]
    fn a_file_that_is_no_database_is_damaged() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("register.sqlite");
        std::fs::write(&path, "once upon a time there was no database here".repeat(100)).unwrap();
        assert!(matches!(writer(&path), Err(RecordError::Damaged(_))));
    }

    #[test]
    fn a_directory_that_is_not_there_is_unavailable() {
        assert!(matches!(writer(Path::new("/nowhere/at/all/register.sqlite")), Err(RecordError::Unavailable(_))));
    }

    #[test]
    fn a_commit_is_synced_and_a_reader_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("register.sqlite");
        let db = writer(&path).unwrap();
        assert_eq!(number(&db, "synchronous").unwrap(), 2);
        assert_eq!(number(&db, "foreign_keys").unwrap(), 1);
        assert!(reader(&path).unwrap().execute("DELETE FROM alert", []).is_err());
    }
}
