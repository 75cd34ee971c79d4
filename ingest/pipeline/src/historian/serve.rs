//! What the historian does for others between two batches: bring messages back, drop some, and keep
//! the quarantine within its bounds. Each is one chunk, so that reading goes on soon.

use std::sync::atomic::Ordering;

use ports::{Retried, Retry};
use tokio::time::Instant;

use super::{Heard, Historian, REGISTER, STORE, Unflushed};
use crate::PipelineError;
use crate::append::{append_standing, corrected_since};
use crate::orders::{Dropped, Dropping, Order};
use crate::reread::{CHUNK, Reread};

impl Historian {
    /// Whether something is to be done besides reading.
    pub(super) fn wanted(&self) -> bool {
        self.ordered.is_some() || !self.orders.is_empty() || self.warden.due <= Instant::now()
    }

    /// Does one order, if there is one, and looks at the bounds, if it is time. All that was read is
    /// durable.
    pub(super) fn serve(&mut self, open: &mut Unflushed, heard: &mut Heard) -> Result<(), PipelineError> {
        if let Some(order) = self.ordered.take().or_else(|| self.orders.try_recv().ok()) {
            match order {
                // Whoever asked has gone: it was not done, and can be asked again.
                Order::Retry(_, answer) if answer.is_closed() => {}
                Order::Drop(_, answer) if answer.is_closed() => {}
                Order::DropThese(_, answer) if answer.is_closed() => {}
                Order::Retry(retry, answer) => {
                    let retried = self.bring_back(&retry, open, heard)?;
                    let _ = answer.send(retried);
                }
                Order::Drop(dropping, answer) => {
                    let dropped = self.drop_chunk(&dropping)?;
                    let _ = answer.send(dropped);
                }
                Order::DropThese(offsets, answer) => {
                    let dropped = self.drop_these(offsets)?;
                    let _ = answer.send(dropped);
                }
            }
        }
        if self.warden.due <= Instant::now() { self.look() } else { Ok(()) }
    }

    /// Everything before this offset stands in the account for good.
    fn counted(&self) -> u64 {
        self.patience.gauges.durable.load(Ordering::Relaxed)
    }

    /// Readings first, durably; then their messages leave and the account moves with them. A crash in
    /// between leaves messages whose readings are there: the next try finds duplicates.
    fn bring_back(&mut self, retry: &Retry, open: &mut Unflushed, heard: &mut Heard) -> Result<Retried, PipelineError> {
        let (decoder, counted) = (self.feed.decoder(), self.counted());
        let reread = self.patience.retry(REGISTER, || Reread::of(&*self.quarantine, &decoder, retry, counted))?;
        if retry.dry_run {
            return Ok(reread.outlook());
        }
        let readings = &reread.readings;
        let runtime = &self.patience.runtime;
        let corrected = self.patience.retry(STORE, || runtime.block_on(corrected_since(&*self.store, readings)))?;
        let once = |batch: &[_]| self.patience.retry(STORE, || runtime.block_on(self.store.append(batch)));
        let taken = append_standing(readings, &corrected, once)?;
        if !reread.readings.is_empty() {
            self.patience.retry(STORE, || self.patience.runtime.block_on(self.store.flush()))?;
            reread.readings.iter().for_each(|reading| self.hear(reading, None, None, open, heard));
            open.since.get_or_insert_with(Instant::now);
        }
        let (settlement, retried) = reread.settle(&taken);
        self.patience.retry(REGISTER, || self.quarantine.settle(&settlement))?;
        self.look()?;
        Ok(retried)
    }

    fn drop_chunk(&mut self, dropping: &Dropping) -> Result<Dropped, PipelineError> {
        let counted = self.counted();
        let before = dropping.before.unwrap_or(counted).min(counted);
        let messages =
            self.patience.retry(REGISTER, || self.quarantine.drop_messages(&dropping.filter, 0..before, CHUNK.rows))?;
        self.look()?;
        Ok(Dropped { messages, before, more: messages >= CHUNK.rows as u64 })
    }

    fn drop_these(&mut self, mut offsets: Vec<u64>) -> Result<u64, PipelineError> {
        let counted = self.counted();
        offsets.retain(|offset| *offset < counted);
        let messages = self.patience.retry(REGISTER, || self.quarantine.drop_these(&offsets))?;
        self.look()?;
        Ok(messages)
    }

    /// Notes how the quarantine stands, and forgets a chunk of what is beyond its bounds.
    pub(super) fn look(&mut self) -> Result<(), PipelineError> {
        let now = self.clock.now();
        let aged_before = self.warden.bounds.aged_before(now);
        let holding = self.patience.retry(REGISTER, || self.quarantine.holding(aged_before))?;
        self.account.departed(holding.departed);
        let Some(overflow) = self.warden.look(holding, now, self.counted()) else { return Ok(()) };
        let forgotten = self.patience.retry(REGISTER, || self.quarantine.forget(&overflow))?;
        self.warden.forgot(&forgotten);
        let holding = self.patience.retry(REGISTER, || self.quarantine.holding(aged_before))?;
        self.account.departed(holding.departed);
        // Only noted: what is still too much is for the next look.
        let due = self.warden.due;
        self.warden.look(holding, now, self.counted());
        self.warden.due = due;
        Ok(())
    }
}
