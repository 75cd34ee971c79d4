//! The historian: writes readings to the store, puts what gave none into the quarantine, and moves
//! its cursor only after both are durable. Its cursor's note is the account of messages.
//!
//! Between two batches it does what others ask of the quarantine: it alone moves the store and the
//! account. A store that is away is asked again with backoff; meanwhile this reader, and only this one,
//! stands still.

mod serve;

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use journal::{Cursor, View};
use ports::{BirthBook, Clock, DeviceBook, DeviceSeen, Path, Quarantine, Quarantined, Store, StoreError};
use rustc_hash::FxBuildHasher;
use schemas::{DeviceId, Firmware, Message, Reading, Timestamp};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::PipelineError;
use crate::account::{Account, Counted, Tallies};
use crate::append::{Taken, append};
use crate::bounds::Warden;
use crate::doors::Doors;
use crate::feed::{Batch, FeedReader, Outcome};
use crate::keeper::Room;
use crate::orders::Order;
use crate::patience::Patience;
use crate::reread::{REFUSED_BY_STORE, device_of, put_aside};
use crate::watch::DoorCount;

/// The name of its cursor.
pub(crate) const NAME: &str = "historian";
const STORE: &str = "the store";
const REGISTER: &str = "the register";
/// Messages put aside in memory before they must be written, whatever else.
const ASIDE: usize = 1000;
/// A device's `last_seen` is written at most this often.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// When to make durable what is appended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlushPolicy {
    /// At the latest after this.
    pub(crate) every: Duration,
    /// Or when the store holds this many readings that are not flushed.
    pub(crate) readings: u64,
}

pub(crate) struct Historian {
    pub(crate) patience: Patience,
    pub(crate) feed: FeedReader,
    pub(crate) view: View,
    pub(crate) room: Arc<Room>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) quarantine: Arc<dyn Quarantine>,
    pub(crate) devices: Arc<dyn DeviceBook>,
    /// By which door a message came.
    pub(crate) doors: Arc<Doors>,
    pub(crate) births: Arc<dyn BirthBook>,
    pub(crate) account: Arc<Account>,
    /// Publishes turned away at the doors, since the data directory was made.
    pub(crate) refused: DoorCount,
    pub(crate) policy: FlushPolicy,
    /// What others ask; bounded where it is made.
    pub(crate) orders: mpsc::Receiver<Order>,
    /// The order that is next.
    pub(crate) ordered: Option<Order>,
    pub(crate) warden: Warden,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What is appended but not yet durable.
#[derive(Default)]
struct Unflushed {
    /// When the first of it was appended; none while there is nothing.
    since: Option<Instant>,
    aside: Vec<Quarantined>,
    seen: Vec<DeviceSeen>,
    births: Vec<Message>,
    offset: u64,
    tallies: Tallies,
}

type Heard = HashMap<DeviceId, Known, FxBuildHasher>;

/// What is written of a device.
#[derive(Clone, Copy)]
struct Known {
    first: Timestamp,
    last: Timestamp,
    /// Of the version of its program, as it was said last since the start; 0 before.
    firmware: u64,
}

struct InFlight {
    flush: JoinHandle<Result<(), StoreError>>,
    /// Cancelled when the flush has ended, however.
    done: CancellationToken,
    work: Unflushed,
}

impl Historian {
    /// Runs until the keeper is gone and everything is flushed, or the deadline.
    pub(crate) fn run(mut self) -> Result<(), PipelineError> {
        let Counted { done: offset, tallies, .. } = self.account.read();
        let mut open = Unflushed { offset, tallies, ..Unflushed::default() };
        let mut flying: Option<InFlight> = None;
        let mut heard: Heard = Heard::default();
        for seen in self.patience.retry(REGISTER, || self.devices.devices())? {
            let known = Known { first: seen.first_seen, last: seen.last_seen, firmware: 0 };
            heard.insert(seen.device.id, known);
        }
        loop {
            if self.patience.deadline.is_cancelled() {
                return Ok(());
            }
            let alive = self.wait(&open, flying.as_ref());
            while let Some(batch) = self.feed.next()? {
                self.take(&batch, &mut open, &mut heard)?;
                let landed = flying.as_ref().is_some_and(|f| f.done.is_cancelled());
                if landed || self.wanted() || self.must_flush(&open, flying.is_some()) || self.patience.deadline.is_cancelled() {
                    break;
                }
            }
            if let Some(flight) = flying.take_if(|f| f.done.is_cancelled()) {
                self.land(flight)?;
            }
            let ended = !alive && self.feed.lag() == 0;
            if ended || self.must_flush(&open, flying.is_some()) {
                // One flush at a time: a second one waits for the first.
                if let Some(flight) = flying.take() {
                    self.land(flight)?;
                }
                flying = Some(self.take_off(&mut open));
            }
            if ended {
                return flying.map_or(Ok(()), |flight| self.land(flight));
            }
            if self.wanted() {
                // What was read so far is durable and counted first: an order touches nothing else.
                let open_work = open.since.is_some().then(|| self.take_off(&mut open));
                flying.take().into_iter().chain(open_work).try_for_each(|flight| self.land(flight))?;
                self.serve(&mut open, &mut heard)?;
            }
        }
    }

    fn must_flush(&self, open: &Unflushed, flying: bool) -> bool {
        let Some(since) = open.since else { return false };
        // While one flush is under way the next may gather as much again.
        let readings = self.policy.readings.saturating_mul(if flying { 2 } else { 1 });
        since.elapsed() >= self.policy.every || open.aside.len() >= ASIDE || self.store.gauges().unflushed >= readings
    }

    /// Waits for messages, for an order, for the time of the next flush or look, or for the end of a
    /// flush that is under way. False: the keeper is gone and nothing is left.
    fn wait(&mut self, open: &Unflushed, flying: Option<&InFlight>) -> bool {
        let due = open.since.map(|since| since + self.policy.every);
        let Self { patience, feed, orders, ordered, warden, .. } = self;
        let deadline = patience.deadline.clone();
        patience.runtime.block_on(async {
            // Every arm only looks at shared state or waits, and an order that is taken is kept: dropping
            // any loses nothing.
            tokio::select! {
                alive = feed.ready() => alive,
                order = orders.recv(), if ordered.is_none() && !orders.is_closed() => {
                    *ordered = order;
                    true
                }
                () = sleep_until(warden.due) => true,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => true,
                () = async { if let Some(flight) = flying { flight.done.cancelled().await } }, if flying.is_some() => true,
                () = deadline.cancelled() => true,
            }
        })
    }

    fn take(&mut self, batch: &Arc<Batch>, open: &mut Unflushed, heard: &mut Heard) -> Result<(), PipelineError> {
        let taken = self.append(&batch.readings)?;
        let mut at = 0;
        for (offset, outcome) in (batch.first..).zip(&batch.outcomes) {
            match outcome {
                Outcome::Rejected(rejected) => {
                    let (message, reject) = &**rejected;
                    open.aside.push(put_aside(offset, message.clone(), reject));
                    open.tallies.quarantined += 1;
                }
                Outcome::Readings(count) => {
                    let readings = at..at + count;
                    at = readings.end;
                    let own = batch.readings.get(readings.clone()).unwrap_or_default();
                    if let Some((_, text)) = taken.refused.iter().find(|(index, _)| readings.contains(index)) {
                        open.aside.push(self.read_again(offset, own, text)?);
                        open.tallies.quarantined += 1;
                    } else if taken.new.get(readings).is_some_and(|flags| flags.contains(&true)) {
                        open.tallies.stored += 1;
                    } else {
                        open.tallies.duplicate += 1;
                    }
                    // Several devices may speak in one message, one after another.
                    for same in own.chunk_by(|a, b| a.series.device == b.series.device) {
                        if let Some(reading) = same.first() {
                            let path = || Path {
                                door: self.doors.of(offset).map(|door| door.to_string()),
                                gateways: batch.gateways(offset),
                            };
                            let firmware = batch.firmware(offset, &reading.series.device);
                            self.hear(reading, Some(&path), firmware, open, heard);
                        }
                    }
                }
            }
        }
        open.births.extend(batch.births.iter().cloned());
        open.since.get_or_insert_with(Instant::now);
        open.offset = batch.next();
        open.tallies.refused = self.refused.now();
        self.account.write(open.offset, open.tallies);
        self.patience.gauges.cursor.store(open.offset, Ordering::Relaxed);
        Ok(())
    }

    /// Notes that a device was heard, by which way and with which program, if that is news.
    fn hear(
        &self,
        reading: &Reading,
        path: Option<&dyn Fn() -> Path>,
        firmware: Option<&Firmware>,
        open: &mut Unflushed,
        heard: &mut Heard,
    ) {
        let now = reading.received_at;
        let said = firmware.map(|version| FxBuildHasher.hash_one(version) | 1);
        let first = match heard.get_mut(&reading.series.device) {
            Some(known) if now.since(known.last) < SEEN_EVERY && said.is_none_or(|said| said == known.firmware) => return,
            Some(known) => {
                (known.last, known.firmware) = (known.last.max(now), said.unwrap_or(known.firmware));
                known.first
            }
            None => {
                let known = Known { first: now, last: now, firmware: said.unwrap_or(0) };
                heard.insert(reading.series.device.clone(), known);
                now
            }
        };
        let device = device_of(&self.feed.catalogue(), reading);
        let (path, firmware) = (path.map(|path| path()), firmware.cloned());
        open.seen.push(DeviceSeen { device, first_seen: first, last_seen: now, path, firmware });
    }

    /// Appends, until it works.
    fn append(&self, readings: &[Reading]) -> Result<Taken, PipelineError> {
        append(readings, |batch| self.patience.retry(STORE, || self.patience.runtime.block_on(self.store.append(batch))))
    }

    /// The message of a refused reading, from the journal.
    fn read_again(&self, offset: u64, own: &[Reading], text: &str) -> Result<Quarantined, PipelineError> {
        let batch = self.view.reader(offset).and_then(|mut reader| reader.next(1, usize::MAX))?;
        let record = batch.and_then(|b| b.records.into_iter().next());
        let message = record.and_then(|r| Message::decode(&r).ok());
        let message = message.ok_or_else(|| PipelineError::Lost { offset })?;
        Ok(Quarantined {
            offset,
            message,
            reason: REFUSED_BY_STORE.into(),
            text: text.to_owned(),
            device: own.first().map(|reading| reading.series.device.clone()),
            profile: None,
        })
    }

    fn take_off(&self, open: &mut Unflushed) -> InFlight {
        let next = Unflushed { offset: open.offset, tallies: open.tallies, ..Unflushed::default() };
        let work = std::mem::replace(open, next);
        let (store, done) = (Arc::clone(&self.store), CancellationToken::new());
        let ended = done.clone().drop_guard();
        let flush = self.patience.runtime.spawn(async move {
            let _ended = ended;
            store.flush().await
        });
        InFlight { flush, done, work }
    }

    /// Waits for a flush, then makes the rest durable and moves the cursor.
    fn land(&mut self, flight: InFlight) -> Result<(), PipelineError> {
        let first =
            self.patience.runtime.block_on(flight.flush).map_err(|_| PipelineError::Panicked { task: "store's flush" })?;
        let mut first = Some(first);
        self.patience.retry(STORE, || first.take().unwrap_or_else(|| self.patience.runtime.block_on(self.store.flush())))?;
        let work = flight.work;
        let read = self.patience.gauges.durable.load(Ordering::Relaxed)..work.offset;
        self.patience.retry(REGISTER, || self.quarantine.put_aside(read.clone(), &work.aside))?;
        self.patience.retry(REGISTER, || self.devices.seen(&work.seen))?;
        self.patience.retry(REGISTER, || self.births.keep(&work.births))?;
        let cursor = Cursor { offset: work.offset, note: work.tallies.note() };
        self.patience.retry_journal(|| self.view.set_cursor(NAME, &cursor))?;
        self.patience.gauges.durable.store(work.offset, Ordering::Relaxed);
        self.room.ring();
        if !work.aside.is_empty() {
            self.look()?;
        }
        Ok(())
    }
}
