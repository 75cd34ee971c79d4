//! Hours in a bucket of their own, beside that of readings: they may be kept longer than these.
//!
//! The server folds readings and hands the sums over, and they are written back as points: the house's job, and not a task of
//! the server, since only who writes knows which hours are late.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ports::{Selector, StoreError};
use schemas::{DeviceId, HOUR, Partial};
use store_http::{Body, Content, Hour, HourShelf};

use crate::answer::{CursorRow, FirstRow, Group, KeptRow};
use crate::{Influx, line, question};

impl HourShelf for Influx {
    const STEP: usize = 50_000;
    const SUMS_BELOW: f64 = f64::INFINITY;

    async fn there(&self) -> Result<bool, StoreError> {
        match self.cursor().await {
            Ok(_) => Ok(true),
            Err(StoreError::Denied(why)) => {
                self.told.call_once(|| {
                    tracing::warn!(
                        why,
                        "hours are not kept, and are folded from readings when asked for: `marsad store init influx` makes their bucket"
                    );
                });
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn trail(&self) -> Option<Duration> {
        None
    }

    fn floor(&self, now: i64) -> i64 {
        // An hour more: the server's clock goes on while an hour is on its way there.
        let keep = i64::try_from(self.keep.as_millis()).unwrap_or(i64::MAX);
        if keep == 0 { 0 } else { now.saturating_sub(keep).saturating_add(HOUR).max(0) }
    }

    async fn folded(&self, devices: &[DeviceId], hours: &Range<i64>) -> Result<Vec<Hour>, StoreError> {
        let mut all = Vec::new();
        let take = |group: Group<KeptRow>| all.extend(group.hours().filter(|hour| matches!(hour.content, Content::Sums(_))));
        self.wire.ask(&question::folded(devices, hours), take).await?;
        Ok(all)
    }

    async fn kept(
        &self,
        select: &Selector,
        hours: &Range<i64>,
        most: usize,
        mut take: impl FnMut(Hour) -> bool + Send,
    ) -> Result<(), StoreError> {
        // They come series by series: however many are enough, the next may have earlier ones.
        let take = |group: Group<KeptRow>| group.hours().for_each(|hour| _ = take(hour));
        self.beside.ask(&question::kept(select, hours, most), take).await
    }

    async fn keep(&self, hours: &[Hour]) -> Result<(), StoreError> {
        let mut body = Body::default();
        for hour in hours {
            body.push(|text| line::write_hour(hour, text))?;
        }
        self.beside.write(body).await
    }

    async fn first(&self, from: i64) -> Result<Option<i64>, StoreError> {
        let mut first: Option<i64> = None;
        let take = |group: Group<FirstRow>| first = first.into_iter().chain(group.earliest()).min();
        self.wire.ask(&question::first(from), take).await?;
        Ok(first)
    }

    async fn cursor(&self) -> Result<Option<i64>, StoreError> {
        let mut cursor = None;
        self.beside.ask(question::CURSOR, |group: Group<CursorRow>| cursor = group.row()).await?;
        Ok(cursor.map(|(at, through)| {
            self.put_at.fetch_max(at, Ordering::Relaxed);
            through
        }))
    }

    async fn put_cursor(&self, through: i64) -> Result<(), StoreError> {
        // By the time at which it is put: what is older may be gone by the bucket's retention, and a cursor that is gone is
        // only one that stands at the beginning.
        let now = jiff::Timestamp::now().as_millisecond();
        // Never before the last one, whatever the clock says: the later one is the one that is found.
        let at = self.put_at.fetch_max(now, Ordering::Relaxed).saturating_add(1).max(now);
        self.put_at.fetch_max(at, Ordering::Relaxed);
        let mut body = Body::default();
        body.push(|text| writeln!(text, "rolled through={through}i {at}").map_err(|e| StoreError::Refused(e.to_string())))?;
        self.beside.write(body).await
    }

    async fn partials(&self, select: &Selector, range: &Range<i64>, most: usize) -> Result<Vec<Partial>, StoreError> {
        self.folded_partials(select, range, most).await
    }
}
