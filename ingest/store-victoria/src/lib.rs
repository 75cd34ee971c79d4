//! Readings in VictoriaMetrics, a single node or a cluster: Influx line protocol in, `/api/v1/export` out.
//!
//! Read in this order: `line` (how a reading stands there), `export` and `question` (how it comes back), `young`
//! (what the engine does not show or keep yet), `wire`, `append`, `scan`, `latest`, `hours`.
//!
//! The engine keeps samples of metrics, and four of the house's promises are not its own. They are kept on our side:
//!
//! * **Of two readings of one instant the last one wins.** There the larger wins. A correction is written under the next
//!   *revision*, a label; whoever reads takes the highest revision.
//! * **Seen at once.** There a second or more later. What was appended lately is held in memory and laid over answers.
//! * **Kept after a crash.** There what was acknowledged may be lost for some seconds. [`Victoria`] flushes no sooner than
//!   `trail` after the last append, so that the historian's cursor trails and the journal is read again.
//! * **A value is what was sent.** There values of a block share a power of ten. Ours are rounded to
//!   [`ports::quantised`] digits first, and instants that the engine would drop silently are refused.
//!
//! Deliberately absent: cutting a range out of a series, which the engine cannot; hours made by the server, which knows
//! neither revisions nor flaws.

mod append;
mod export;
mod hours;
mod latest;
mod line;
mod question;
mod scan;
mod settings;
mod wire;
mod young;

use std::ops::Range;
use std::sync::atomic::AtomicI64;

use ports::{Appended, BoxFuture, Caps, Points, Query, RolledUp, Selector, Store, StoreError, StoreGauges};
use schemas::{Reading, Timestamp};
use store_http::Hours;
use tokio::sync::Mutex;

pub use settings::Settings;
pub use store_http::{Objection, Secret};

use latest::Table;
use wire::Wire;
use young::Young;

/// The store. Making one connects to nothing: a server that is away is asked again with the first batch.
#[derive(Debug)]
pub struct Victoria {
    wire: Wire,
    settings: Settings,
    /// Held while a batch is written, so that batches keep their order.
    table: Mutex<Option<Table>>,
    young: std::sync::Mutex<Young>,
    hours: Hours,
    /// When the cursor of hours was put last, milliseconds.
    put_at: AtomicI64,
}

impl Victoria {
    /// A store as the settings say.
    ///
    /// # Errors
    /// What in the settings cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, Objection> {
        let wire = Wire::new(settings)?;
        Ok(Self {
            wire,
            settings: settings.clone(),
            table: Mutex::new(None),
            young: std::sync::Mutex::default(),
            hours: Hours::default(),
            put_at: AtomicI64::new(0),
        })
    }

    /// What is spoken with the servers, where that is TLS: read anew it holds for the next connection.
    #[must_use]
    pub fn outward(&self) -> Option<std::sync::Arc<trust::Outward>> {
        self.wire.outward.clone()
    }

    fn young(&self) -> std::sync::MutexGuard<'_, Young> {
        // It is whole after every statement that can panic.
        self.young.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits until what was appended last is on the servers' disks, as far as they can be trusted with it.
    async fn settle(&self) -> Result<(), StoreError> {
        let Some(last) = self.young().last() else { return Ok(()) };
        tokio::time::sleep_until(last + self.settings.trail).await;
        self.young().settled(last);
        Ok(())
    }

    /// Whole series only.
    async fn forget_series(&self, select: &Selector, range: Range<Timestamp>) -> Result<u64, StoreError> {
        if range.start > Timestamp::MIN || range.end < Timestamp::MAX {
            return Err(StoreError::Refused("VictoriaMetrics removes whole series only, not a range of them".to_owned()));
        }
        let _alone = self.hours.forgetting(self, &(range.start.millis()..range.end.millis())).await?;
        let mut table = self.table.lock().await;
        let count = self.readings(select, &range, usize::MAX).await?.len() as u64;
        self.wire.delete(&question::hours(select)).await?;
        self.wire.delete(&question::all(select)).await?;
        self.young().forget(select);
        *table = None;
        Ok(count)
    }
}

impl Store for Victoria {
    fn append<'a>(&'a self, batch: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>> {
        Box::pin(self.append_batch(batch))
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.settle())
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
        Box::pin(self.forget_series(select, range))
    }

    fn roll_up(&self, now: Timestamp) -> BoxFuture<'_, Result<RolledUp, StoreError>> {
        Box::pin(self.hours.roll(self, now))
    }

    fn caps(&self) -> Caps {
        Caps { exact_duplicates: true, visible_at_once: true, forget_range: false, outlives_program: true, rounds: true }
    }

    fn gauges(&self) -> StoreGauges {
        let young = self.young();
        StoreGauges {
            kind: "victoria",
            series: young.series(),
            unflushed: young.len() as u64,
            flushed: young.written(),
            bytes: 0,
        }
    }
}
