//! Connections that only read, for scans beside the writer.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ports::StoreError;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::database::{fault, hold_pages};

/// Connections that are kept.
const KEPT: usize = 8;

/// Connections that only read.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    /// Bytes of pages that each holds at most.
    pages: u64,
    /// Those that nobody uses now: as many as there were readers at once, at most [`KEPT`].
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// `pages` are the bytes that all may hold.
    pub(crate) fn new(path: &Path, pages: u64) -> Self {
        Self { path: path.to_owned(), pages: pages / KEPT as u64, idle: Mutex::new(Vec::new()) }
    }

    /// The content of a block; none where a merge has deleted it since.
    pub(crate) fn content(&self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        self.blob("SELECT data FROM content WHERE id = ?", id)
    }

    /// What the hours of a block come to; none likewise.
    pub(crate) fn hours(&self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        self.blob("SELECT data FROM hours WHERE id = ?", id)
    }

    fn blob(&self, question: &str, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let cannot = |e: rusqlite::Error| fault(&self.path, &e);
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let db = match kept {
            Some(db) => db,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let db = Connection::open_with_flags(&self.path, flags).map_err(cannot)?;
                db.busy_timeout(Duration::from_secs(10)).map_err(cannot)?;
                hold_pages(&db, self.pages).map_err(cannot)?;
                db
            }
        };
        let content = db
            .prepare_cached(question)
            .and_then(|mut statement| statement.query_row([id], |row| row.get(0)).optional())
            .map_err(cannot)?;
        let mut idle = idle();
        if idle.len() < KEPT {
            idle.push(db);
        }
        Ok(content)
    }
}
