//! Readings in InfluxDB 2: written as line protocol of our own, asked for in InfluxQL, both over HTTP.
//!
//! Read in this order: `line` (how a reading stands there), `question` and `answer` (how it is asked for),
//! `wire` (sending, and what refusals mean), `table` (what is latest), `append` and `scan`, `hours`.
//!
//! One program writes into a bucket: its table of latest readings tells new ones from late ones, and only late
//! ones are looked up before they are written. That is how a repeat stays a repeat and a correction moves its
//! reading, as every store of the house has it, on an engine whose points have no such notion.
//!
//! Deliberately absent: the crate's own points, derive macros and queries (they inject lines, panic on empty cells
//! and drop headers), compression (a store stands near), and readings that others wrote into the bucket.

mod answer;
mod append;
mod forget;
mod hours;
mod line;
mod question;
mod scan;
mod settings;
mod setup;
mod table;
mod wire;

use std::ops::Range;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use ports::{Appended, BoxFuture, Caps, Points, Query, RolledUp, Selector, Store, StoreError, StoreGauges};
use schemas::{Reading, Timestamp};
use store_http::Hours;
use tokio::sync::Mutex;

pub use line::{Line, encode};
pub use settings::Settings;
pub use setup::{Access, Made, Setup, SetupError, healthy};
pub use store_http::{NameInLine, Objection, Secret};

use table::Table;
use wire::Wire;

/// The store. Making one connects to nothing: a server that is away is asked again with the first batch.
#[derive(Debug)]
pub struct Influx {
    wire: Wire,
    /// To the bucket of hours.
    beside: Wire,
    hours: Hours,
    /// The latest reading of each series; none before the server was asked for them. Held while a batch is
    /// written, so that batches keep their order.
    table: Mutex<Option<Table>>,
    series: AtomicU64,
    written: AtomicU64,
    /// How long the server keeps readings; zero is for ever.
    keep: Duration,
    /// When the cursor of hours was put last, milliseconds.
    put_at: AtomicI64,
    /// That hours are not kept is said once.
    told: Once,
}

impl Influx {
    /// A store as the settings say.
    ///
    /// # Errors
    /// What in the settings cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, Objection> {
        let (series, written) = (AtomicU64::new(0), AtomicU64::new(0));
        let (wire, beside) = (Wire::new(settings)?, Wire::beside(settings, settings.hours())?);
        settings.check_keep()?;
        Ok(Self {
            wire,
            beside,
            hours: Hours::default(),
            table: Mutex::new(None),
            series,
            written,
            keep: settings.keep,
            put_at: AtomicI64::new(0),
            told: Once::new(),
        })
    }

    /// What is spoken with the server, where that is TLS: read anew it holds for the next connection.
    #[must_use]
    pub fn outward(&self) -> Option<Arc<trust::Outward>> {
        self.wire.outward.clone()
    }
}

impl Store for Influx {
    fn append<'a>(&'a self, batch: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>> {
        Box::pin(self.append_batch(batch))
    }

    /// Nothing is left to do: what the server took, it has on disk.
    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn scan<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Points, StoreError>> {
        Box::pin(self.scan_points(query))
    }

    fn latest<'a>(&'a self, select: &'a Selector) -> BoxFuture<'a, Result<Vec<Reading>, StoreError>> {
        Box::pin(async move {
            let mut guard = self.table.lock().await;
            Ok(self.loaded(&mut guard).await?.latest(select))
        })
    }

    fn forget<'a>(&'a self, select: &'a Selector, range: Range<Timestamp>) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(self.forget_range(select, range))
    }

    fn roll_up(&self, now: Timestamp) -> BoxFuture<'_, Result<RolledUp, StoreError>> {
        Box::pin(self.hours.roll(self, now))
    }

    fn caps(&self) -> Caps {
        Caps { exact_duplicates: true, visible_at_once: true, forget_range: true, outlives_program: true, rounds: false }
    }

    fn gauges(&self) -> StoreGauges {
        StoreGauges {
            kind: "influx",
            series: self.series.load(Ordering::Relaxed),
            unflushed: 0,
            flushed: self.written.load(Ordering::Relaxed),
            bytes: 0,
        }
    }
}
