//! A store that is asked at each flush to put by what hours come to, as the program asks it now and then: what is asked after
//! that meets hours that are kept.

use std::fmt;
use std::ops::Range;

use ports::{Appended, BoxFuture, Caps, Points, Query, RolledUp, Selector, Store, StoreError, StoreGauges};
use schemas::{Reading, Timestamp};

/// See the module.
pub struct Rolling<S> {
    store: S,
    rolls: bool,
    show: Box<dyn Fn() + Send + Sync>,
}

impl<S> Rolling<S> {
    /// With hours rolled up at each flush, or without. `show` has a server show at once what it took, where it would wait.
    pub fn new(store: S, rolls: bool, show: impl Fn() + Send + Sync + 'static) -> Self {
        Self { store, rolls, show: Box::new(show) }
    }
}

impl<S: Store> Rolling<S> {
    /// Rolls up until nothing is left to be done, and what was written was read back; how many hours were written.
    ///
    /// # Errors
    /// As for [`Store::roll_up`].
    pub async fn roll(&self) -> Result<u64, StoreError> {
        let (now, mut hours) = (Timestamp::clamped(jiff::Timestamp::now().as_millisecond()), 0);
        loop {
            let rolled = self.store.roll_up(now).await?;
            (self.show)();
            hours += rolled.hours;
            if rolled == RolledUp::default() {
                return Ok(hours);
            }
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Rolling<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rolling").field("store", &self.store).field("rolls", &self.rolls).finish_non_exhaustive()
    }
}

impl<S: Store> Store for Rolling<S> {
    fn append<'a>(&'a self, batch: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>> {
        self.store.append(batch)
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            (self.show)();
            self.store.flush().await?;
            if self.rolls {
                self.roll().await?;
            }
            Ok(())
        })
    }

    fn scan<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Points, StoreError>> {
        self.store.scan(query)
    }

    fn latest<'a>(&'a self, select: &'a Selector) -> BoxFuture<'a, Result<Vec<Reading>, StoreError>> {
        self.store.latest(select)
    }

    fn forget<'a>(&'a self, select: &'a Selector, range: Range<Timestamp>) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.store.forget(select, range)
    }

    fn caps(&self) -> Caps {
        self.store.caps()
    }

    fn gauges(&self) -> StoreGauges {
        self.store.gauges()
    }
}
