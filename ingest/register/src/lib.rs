//! The platform's own records in one SQLite database: devices heard and adopted, quarantine, alerts, outbox and what
//! the evaluator needs to go on after a restart.
//!
//! One connection writes, one transaction at a time, and a commit is on disk when it returns
//! (write-ahead log, `synchronous = FULL`); a few others read and never wait for it. All of it blocks:
//! call it from a thread that may. Deliberately absent: readings (`store`), raw messages (`journal`),
//! and any thought about what an alert is (`rules`).

mod acts;
mod adopted;
mod alerts;
mod births;
mod devices;
mod erased;
mod groups;
mod outbox;
mod plan;
mod quarantine;
mod quiets;
mod reports;
mod rows;
mod schema;
mod trouble;

use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ports::RecordError;
use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use outbox::{DEAD_KEPT, DELIVERED_KEPT};
pub use plan::REASONS_KEPT;
pub use reports::Reports;
pub use schema::copy;

use trouble::{Result, While};

/// Connections that read: as many pages and dispatchers may ask at once without waiting.
const READERS: usize = 4;

/// The platform's own records. Share it behind an `Arc`; dropping the last one folds the write-ahead
/// log into the file.
#[derive(Debug)]
pub struct Register {
    // Before the writer, so that they are closed first and the writer's close finds itself alone.
    readers: [Mutex<Connection>; READERS],
    next_reader: AtomicUsize,
    writer: Mutex<Connection>,
    // Counted once at the start and kept by every commit: asked for every few seconds, and a count
    // over millions of rows is not cheap. Changed only by who holds the writer. Another process that
    // writes here is not counted, so the counts never trust it enough to go below zero.
    tally: Mutex<Tally>,
    /// Changes with what keeps alerts from being told.
    revision: AtomicU64,
}

/// How many rows of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    devices: u64,
    quarantined: u64,
    pending: u64,
    firing: u64,
    waiting: u64,
    delivered: u64,
    dead: u64,
}

/// A panic under a lock leaves nothing half done: an open transaction is rolled back on its way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Register {
    /// Opens the register in the file `path`, made if it is not there; its directory must exist. An
    /// older format is brought to the newest.
    ///
    /// # Errors
    /// `Unavailable` where the file cannot be opened or written now; `Damaged` where it is no
    /// register, is corrupt, or has a format that only a newer program reads.
    pub fn open(path: &Path) -> Result<Self> {
        let writer = schema::writer(path)?;
        let tally = Tally::count(&writer).while_("counting the records")?;
        let mut readers = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            readers.push(Mutex::new(schema::reader(path)?));
        }
        let readers = readers.try_into().map_err(|_| RecordError::Damaged("readers were miscounted".to_owned()))?;
        Ok(Self {
            readers,
            next_reader: AtomicUsize::new(0),
            writer: Mutex::new(writer),
            tally: Mutex::new(tally),
            revision: AtomicU64::new(0),
        })
    }

    /// Runs `work` in one transaction: all of it, or nothing. `work` keeps the tally, which counts
    /// only once the transaction is on disk.
    fn write<T>(&self, doing: &str, work: impl FnOnce(&Transaction<'_>, &mut Tally) -> Result<T>) -> Result<T> {
        let mut writer = lock(&self.writer);
        let mut tally = self.tally();
        // Immediate: busy is said here, before any work, and never in the middle of it.
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).while_(doing)?;
        let done = work(&transaction, &mut tally)?;
        transaction.commit().while_(doing)?;
        *lock(&self.tally) = tally;
        Ok(done)
    }

    /// Runs `work` on a connection that reads the last commit.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let free = self.readers.iter().find_map(|reader| reader.try_lock().ok());
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed) % READERS;
        let reader = free.unwrap_or_else(|| lock(&self.readers[turn]));
        work(&reader)
    }

    /// What the planner knows of alerts and acts is of yesterday.
    fn changed(&self) {
        self.revision.fetch_add(1, Ordering::Release);
    }

    fn tally(&self) -> Tally {
        *lock(&self.tally)
    }
}

impl Tally {
    fn count(db: &Connection) -> rusqlite::Result<Self> {
        let rows = |of: &str| db.query_row(&format!("SELECT count(*) FROM {of}"), [], |row| rows::count(row, 0));
        // The words of the partial indexes, so that these counts walk them and nothing else.
        Ok(Self {
            devices: rows("device")?,
            quarantined: rows("quarantine")?,
            pending: rows("alert WHERE phase IN ('pending', 'firing') AND phase = 'pending'")?,
            firing: rows("alert WHERE phase IN ('pending', 'firing') AND phase = 'firing'")?,
            waiting: rows("outbox WHERE state = 'waiting'")?,
            delivered: rows("outbox WHERE state <> 'waiting' AND state = 'delivered'")?,
            dead: rows("outbox WHERE state <> 'waiting' AND state = 'dead'")?,
        })
    }
}

#[cfg(test)]
mod tests;
