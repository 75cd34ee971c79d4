//! The store of a platform under test: the embedded one, which a scenario takes away and a mutant breaks.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use ports::{Appended, BoxFuture, Caps, Points, Query, Selector, Store, StoreError, StoreGauges};
use schemas::{Reading, Timestamp};
use store::Embedded;

use super::mutant::Deed;

/// A store that can be out of reach; and, in a mutant, does not do what a store must.
pub(super) struct Reached {
    pub(super) inner: Embedded,
    away: AtomicBool,
    mutant: Option<Deed>,
}

impl Reached {
    pub(super) fn new(inner: Embedded, mutant: Option<Deed>) -> Self {
        Self { inner, away: AtomicBool::new(false), mutant }
    }

    /// Takes it away, or brings it back.
    pub(super) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }

    fn there(&self) -> Result<(), StoreError> {
        if self.is_away() { Err(StoreError::Unavailable("it is away".to_owned())) } else { Ok(()) }
    }
}

impl Store for Reached {
    fn append<'a>(&'a self, batch: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>> {
        Box::pin(async move {
            self.there()?;
            match self.mutant {
                None => self.inner.append(batch).await,
                Some(deed) => {
                    let mut appended = self.inner.append(&deed.of_readings(batch)).await?;
                    deed.of_answer(&mut appended, batch.len());
                    Ok(appended)
                }
            }
        })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.there()?;
            if self.mutant == Some(Deed::Unwritten) {
                return Ok(());
            }
            self.inner.flush().await
        })
    }

    fn scan<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Points, StoreError>> {
        self.inner.scan(query)
    }

    fn latest<'a>(&'a self, select: &'a Selector) -> BoxFuture<'a, Result<Vec<Reading>, StoreError>> {
        self.inner.latest(select)
    }

    fn forget<'a>(&'a self, select: &'a Selector, range: Range<Timestamp>) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.inner.forget(select, range)
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn gauges(&self) -> StoreGauges {
        self.inner.gauges()
    }
}
