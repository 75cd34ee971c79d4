//! The embedded store: columns compressed by `pco`, in blocks, in one SQLite database. The journal
//! is its write-ahead log.
//!
//! Read in this order: [`entry`], [`block`] and [`hours`] (what is kept), [`directory`] (whose it is), [`shelf`] (where it
//! stands), [`format`](mod@format) and [`database`] (the file), [`state`] (appending), [`scan`] and [`hourly`], [`writer`]
//! (flushing), [`merge`], [`forget`], [`mod@verify`].
//!
//! Deliberately absent: a plan for a disk that stays full.

mod block;
mod builder;
mod database;
mod directory;
mod entry;
mod forget;
mod format;
mod hourly;
mod hours;
mod memtable;
mod merge;
mod readers;
mod scan;
mod shelf;
mod state;
#[cfg(test)]
mod tests;
mod verify;
mod wire;
mod writer;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use ports::{Appended, BoxFuture, Caps, Points, Query, Selector, Store, StoreError, StoreGauges};
use schemas::{Reading, Timestamp};
use tokio::sync::oneshot;

pub(crate) use entry::WEEK;
pub use verify::{Verified, copy, verify};

use crate::Settings;
use state::Shared;
use writer::{Job, Writer};

/// The embedded store. One process at a time has it open; the caller sees to that.
///
/// `append` and `latest` work in the caller's thread, for a millisecond or so a thousand readings;
/// `scan` works in tokio's blocking threads, so that its caller must be inside a tokio runtime;
/// `flush` and `forget` work in a thread of the store's own. Dropping it flushes nothing.
#[derive(Debug)]
pub struct Embedded {
    shared: Arc<Shared>,
    /// None only while it is dropped.
    jobs: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl Embedded {
    /// Opens the database file at `path`, or makes it. A path that is no file and does not end in
    /// `.db` is a directory, made if it is not there, and the file is `readings.db` in it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the file cannot be opened or written,
    /// [`StoreError::Damaged`] where it is not what this program wrote or has another format version,
    /// [`StoreError::Refused`] where it holds a quantity or kind that the vocabulary does not have.
    pub fn open(path: &Path, settings: &Settings) -> Result<Self, StoreError> {
        let file = format::file_of(path);
        if file != path {
            std::fs::create_dir_all(path).map_err(|e| StoreError::Unavailable(format!("{}: {e}", path.display())))?;
        }
        let path = file;
        let db = format::open(&path)?;
        database::hold_pages(&db, settings.shares().pages / 2).map_err(|e| database::fault(&path, &e))?;
        let loaded = database::load(&db, &path)?;
        let shared = Arc::new(Shared::new(&path, loaded, settings));
        shared.bytes.store(database::size(&db).map_err(|e| database::fault(&path, &e))?, Ordering::Relaxed);
        // Full only if sixty-four callers wait for flushes at once: the next is told to come again.
        let (jobs, queue) = sync_channel(64);
        let writer = Writer { db, shared: Arc::clone(&shared), dead: Vec::new(), merge: None, stuck: false };
        let writer = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.run(&queue))
            .map_err(|e| StoreError::Unavailable(format!("no thread for the store: {e}")))?;
        Ok(Self { shared, jobs: Some(jobs), writer: Some(writer) })
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().expect("only drop takes it");
        jobs.try_send(job(reply)).map_err(|e| match e {
            TrySendError::Full(_) => StoreError::Unavailable("too many wait for it already".to_owned()),
            TrySendError::Disconnected(_) => stopped(),
        })?;
        answer.await.map_err(|_| stopped())?
    }
}

fn stopped() -> StoreError {
    StoreError::Damaged("its thread has ended by a fault of the program".to_owned())
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the store's thread panicked: what was not flushed must be appended again");
        }
    }
}

impl Store for Embedded {
    fn append<'a>(&'a self, batch: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>> {
        Box::pin(async move {
            let appended = self.shared.append(batch);
            if matches!(appended, Err(StoreError::Unavailable(_)))
                && let Some(jobs) = &self.jobs
            {
                // Nobody waits for this flush; if the queue is full, flushes are on their way.
                let _ = jobs.try_send(Job::Flush(oneshot::channel().0));
            }
            appended
        })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.ask(Job::Flush))
    }

    fn scan<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Points, StoreError>> {
        let (shared, query) = (Arc::clone(&self.shared), query.clone());
        Box::pin(async move {
            // Whoever asks no more drops this, and the search ends.
            let asking = Arc::new(());
            let asked = Arc::downgrade(&asking);
            let scanned = tokio::task::spawn_blocking(move || scan::scan(&shared, &query, &asked)).await;
            drop(asking);
            scanned.map_err(|e| StoreError::Unavailable(format!("the scan did not end: {e}")))?
        })
    }

    fn latest<'a>(&'a self, select: &'a Selector) -> BoxFuture<'a, Result<Vec<Reading>, StoreError>> {
        Box::pin(async move { Ok(self.shared.state().directory.latest(select)) })
    }

    fn forget<'a>(&'a self, select: &'a Selector, range: Range<Timestamp>) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let gone = self.ask(move |reply| Job::Forget(select.clone(), range, reply)).await?;
            if gone.names {
                self.ask(Job::CutOff).await?;
            }
            Ok(gone.readings)
        })
    }

    fn caps(&self) -> Caps {
        Caps { exact_duplicates: true, visible_at_once: true, forget_range: true, outlives_program: false, rounds: false }
    }

    fn gauges(&self) -> StoreGauges {
        let state = self.shared.state();
        StoreGauges {
            kind: "embedded",
            series: state.directory.len() as u64,
            unflushed: state.unflushed() as u64,
            flushed: state.shelf.count(),
            bytes: self.shared.bytes.load(Ordering::Relaxed),
        }
    }
}
