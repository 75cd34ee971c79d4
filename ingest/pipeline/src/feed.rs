//! The feed: reads the journal and decodes it once for all readers that stand at the same place. A
//! reader that fell far behind reads and decodes for itself and holds nobody.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use codec::{Decoder, Gateways, Reject};
use journal::{JournalError, Reader, View};
use rules::RuleSet;
use schemas::{Catalogue, DamagedMessage, DeviceId, Firmware, Message, Reading, Timestamp};
use tokio::sync::watch;

use crate::heard::Heard;
use crate::lock;

/// Messages in a batch, at most: about a millisecond of decoding.
const RECORDS: usize = 2048;
/// Bytes in a batch, at most.
const BYTES: usize = 1 << 20;
/// Batches remembered for the reader that comes second.
const RECENT: usize = 16;
/// A reader that is further behind than this will meet nobody in the remembered batches.
const FAR: u64 = (RECENT * RECORDS) as u64;

/// What became of one message in decoding.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The next this many readings of the batch are its.
    Readings(usize),
    /// It gave none.
    Rejected(Box<(Message, Reject)>),
}

/// Some consecutive messages, decoded.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Offset of the first message.
    pub(crate) first: u64,
    /// What became of each message, in order.
    pub(crate) outcomes: Vec<Outcome>,
    /// The readings of all of them, in order.
    pub(crate) readings: Vec<Reading>,
    /// Those of the messages without which later ones cannot be read.
    pub(crate) births: Vec<Message>,
    /// By offset: who heard the messages of which the network says so.
    pub(crate) gateways: Vec<(u64, Gateways)>,
    /// By offset: versions of devices' programs, where messages say them.
    pub(crate) firmware: Vec<(u64, DeviceId, Firmware)>,
    /// Whom its last messages were of, for the batch that comes next.
    heard: Heard,
}

impl Batch {
    /// The version of its program that a device said in the message at this offset.
    pub(crate) fn firmware(&self, offset: u64, device: &DeviceId) -> Option<&Firmware> {
        let from = self.firmware.partition_point(|(at, ..)| *at < offset);
        let said = self.firmware.get(from..).unwrap_or_default().iter().take_while(|(at, ..)| *at == offset);
        said.filter(|(_, of, _)| of == device).map(|(.., version)| version).last()
    }

    pub(crate) fn next(&self) -> u64 {
        self.first + self.outcomes.len() as u64
    }

    /// Who heard the message at this offset, in order; nobody where the network does not say.
    pub(crate) fn gateways(&self, offset: u64) -> Vec<DeviceId> {
        let found = self.gateways.binary_search_by_key(&offset, |(offset, _)| *offset).ok();
        let named = found.and_then(|place| self.gateways.get(place)).into_iter().flat_map(|(_, gateways)| gateways.names());
        let mut names: Vec<DeviceId> = named.cloned().collect();
        names.sort();
        names
    }
}

/// Why reading on is impossible.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record passed its checksum but is not a message.
    #[error("journal record {offset} is not a message: {cause}")]
    Message {
        /// Its offset.
        offset: u64,
        /// What is wrong with it.
        cause: DamagedMessage,
    },
}

/// The journal, decoded. Shared by all readers.
#[derive(Debug)]
pub struct Feed {
    view: View,
    decoder: ArcSwap<Decoder>,
    tail: watch::Receiver<u64>,
    recent: Mutex<VecDeque<Arc<Batch>>>,
    rulings: watch::Sender<Option<Ruling>>,
}

/// Rules that are to judge from a place of the journal on.
#[derive(Clone, Debug)]
pub(crate) struct Ruling {
    pub(crate) rules: Arc<RuleSet>,
    /// What was kept before is judged by the rules of before: a backlog must end silences before these end.
    pub(crate) from: u64,
    /// When it was asked for.
    pub(crate) at: Timestamp,
}

impl Feed {
    pub(crate) fn new(view: View, decoder: Arc<Decoder>, tail: watch::Receiver<u64>) -> Arc<Self> {
        Arc::new(Self { view, decoder: ArcSwap::new(decoder), tail, recent: Mutex::default(), rulings: watch::Sender::new(None) })
    }

    /// What decodes now.
    #[must_use]
    pub fn decoder(&self) -> Arc<Decoder> {
        self.decoder.load_full()
    }

    /// From now on messages are decoded by this decoder, and its catalogue is that of the historian and
    /// of the rules too: one swap, so that nobody sees half a reload.
    pub fn set_decoder(&self, decoder: Arc<Decoder>) {
        self.decoder.store(decoder);
        // What one reader had decoded by the old one must not reach a reader that comes later: it would
        // put messages aside that can be read by now.
        lock(&self.recent).clear();
    }

    /// What is kept from now on is judged by these rules; `now` is when the alerts of rules that are no more end.
    pub fn set_rules(&self, rules: Arc<RuleSet>, now: Timestamp) {
        self.rulings.send_replace(Some(Ruling { rules, from: *self.tail.borrow(), at: now }));
    }

    /// The last rules that were set. Ends only with the feed.
    pub(crate) fn rulings(&self) -> watch::Receiver<Option<Ruling>> {
        self.rulings.subscribe()
    }

    /// A reader that stands before the message `from`.
    pub(crate) fn reader(self: &Arc<Self>, from: u64) -> FeedReader {
        FeedReader { feed: Arc::clone(self), tail: self.tail.clone(), position: from, journal: None, heard: Heard::default() }
    }
}

/// A place in the feed.
#[derive(Debug)]
pub(crate) struct FeedReader {
    feed: Arc<Feed>,
    tail: watch::Receiver<u64>,
    position: u64,
    journal: Option<Reader>,
    heard: Heard,
}

impl FeedReader {
    /// Before which message it stands.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// What decodes now.
    pub(crate) fn decoder(&self) -> Arc<Decoder> {
        self.feed.decoder()
    }

    /// The devices of the city, as they are listed now.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(self.feed.decoder.load().catalogue())
    }

    /// How many messages are ahead.
    pub(crate) fn lag(&self) -> u64 {
        self.tail.borrow().saturating_sub(self.position)
    }

    /// Goes to the end, skipping what is ahead.
    pub(crate) fn skip_to_tail(&mut self) {
        self.position = *self.tail.borrow();
        self.heard = Heard::default();
    }

    /// Waits until a message is ahead. False: none will ever be, the keeper is gone. Cancel-safe.
    pub(crate) async fn ready(&mut self) -> bool {
        let position = self.position;
        self.tail.wait_for(|tail| *tail > position).await.is_ok()
    }

    /// The batch at this place, without waiting; none at the end. Blocks to read and decode.
    pub(crate) fn next(&mut self) -> Result<Option<Arc<Batch>>, FeedError> {
        if self.lag() == 0 {
            return Ok(None);
        }
        if self.lag() > FAR {
            let batch = Arc::new(self.decode()?);
            self.pass(&batch);
            return Ok(Some(batch));
        }
        // Held while decoding: the reader that comes second waits for the very batch it needs.
        let feed = Arc::clone(&self.feed);
        let mut recent = lock(&feed.recent);
        let found = recent.iter().find(|b| b.first == self.position).map(Arc::clone);
        let batch = match found {
            Some(batch) => batch,
            None => {
                let batch = Arc::new(self.decode()?);
                if recent.len() == RECENT {
                    recent.pop_front();
                }
                recent.push_back(Arc::clone(&batch));
                batch
            }
        };
        self.pass(&batch);
        Ok(Some(batch))
    }

    fn pass(&mut self, batch: &Batch) {
        self.position = batch.next();
        self.heard.clone_from(&batch.heard);
    }

    fn decode(&mut self) -> Result<Batch, FeedError> {
        let mut reader = match self.journal.take() {
            Some(reader) if reader.offset() == self.position => reader,
            _ => self.feed.view.reader(self.position)?,
        };
        // Up to the next multiple: readers that went apart come to the same places again.
        let ahead = RECORDS - usize::try_from(self.position % RECORDS as u64).expect("below RECORDS");
        let raw = reader.next(ahead, BYTES)?;
        self.journal = Some(reader);
        let records = raw.map(|r| r.records).unwrap_or_default();
        let decoder = self.feed.decoder.load();
        let mut batch = Batch {
            first: self.position,
            outcomes: Vec::with_capacity(records.len()),
            readings: Vec::with_capacity(records.len() * 2),
            births: Vec::new(),
            gateways: Vec::new(),
            firmware: Vec::new(),
            heard: std::mem::take(&mut self.heard),
        };
        for record in &records {
            let offset = batch.next();
            let message = Message::decode(record).map_err(|cause| FeedError::Message { offset, cause })?;
            let before = batch.readings.len();
            if decoder.is_birth(&message) {
                batch.births.push(message.clone());
            }
            batch.outcomes.push(match decoder.decode(&message, &mut batch.readings) {
                Ok(decoded) => {
                    batch.heard.tell_apart(batch.readings.get_mut(before..).unwrap_or_default());
                    if decoded.gateways.names().next().is_some() {
                        batch.gateways.push((offset, decoded.gateways));
                    }
                    batch.firmware.extend(decoded.firmware.into_iter().map(|(device, version)| (offset, device, version)));
                    Outcome::Readings(batch.readings.len() - before)
                }
                Err(reject) => {
                    batch.readings.truncate(before);
                    Outcome::Rejected(Box::new((message, reject)))
                }
            });
        }
        Ok(batch)
    }
}
