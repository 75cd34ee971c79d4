//! Messages of the quarantine, decoded again: each under the time at which it was received. The same
//! for the running historian and for a stopped directory.
//!
//! Deliberately absent: judging. What is brought back is data, not news, and no alert comes of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use codec::{Decoder, Reject};
use ports::{Brought, DeviceSeen, Page, Quarantine, Quarantined, RecordError, Retried, Retry, Settlement};
use schemas::{Catalogue, Device, Reading};

use crate::append::Taken;

/// What one request tries at most: so long, and no longer, nothing else is done by the historian.
pub(crate) const CHUNK: Page = Page { rows: 1000, bytes: 8 << 20 };
/// And no longer than this, whatever its decoders take: a vendor's script may take its time.
const DECODING: Duration = Duration::from_secs(1);
/// The reason code of a message whose readings the store will never take.
pub(crate) const REFUSED_BY_STORE: &str = "refused_by_store";

/// A chunk of the quarantine under the present decoder.
pub(crate) struct Reread {
    rows: Vec<Quarantined>,
    /// Of each row: the next this many readings are its, or it gave none.
    outcomes: Vec<Result<usize, Reject>>,
    /// The readings of all of them, in order.
    pub(crate) readings: Vec<Reading>,
    next: Option<u64>,
    before: u64,
}

impl Reread {
    /// Reads and decodes the chunk that a request asks for, of the messages before `counted`: of what
    /// comes behind it the account does not know yet.
    pub(crate) fn of(quarantine: &dyn Quarantine, decoder: &Decoder, retry: &Retry, counted: u64) -> Result<Self, RecordError> {
        let before = retry.before.unwrap_or(counted).min(counted);
        let first = retry.after.map_or(0, |after| after.saturating_add(1));
        let mut rows = quarantine.page(&retry.filter, first..before, CHUNK)?;
        let bytes: usize = rows.iter().map(|row| row.message.payload.len()).sum();
        let mut full = rows.len() >= CHUNK.rows || bytes >= CHUNK.bytes;
        let (mut outcomes, mut readings) = (Vec::with_capacity(rows.len()), Vec::new());
        let began = Instant::now();
        for row in &rows {
            let start = readings.len();
            outcomes.push(decoder.decode(&row.message, &mut readings).map(|_| readings.len() - start));
            if began.elapsed() >= DECODING {
                break;
            }
        }
        full |= outcomes.len() < rows.len();
        rows.truncate(outcomes.len());
        let next = rows.last().filter(|_| full).map(|row| row.offset);
        Ok(Self { rows, outcomes, readings, next, before })
    }

    /// What it would give, without storing anything.
    pub(crate) fn outlook(&self) -> Retried {
        let mut retried = self.blank();
        for outcome in &self.outcomes {
            match outcome {
                Ok(_) => retried.readable += 1,
                Err(reject) => *retried.rejected.entry(reject.code().to_owned()).or_default() += 1,
            }
        }
        retried
    }

    /// What leaves the quarantine, now that the store has these readings durably, and what does not.
    pub(crate) fn settle(self, taken: &Taken) -> (Settlement, Retried) {
        let (mut settlement, mut retried) = (Settlement::default(), self.blank());
        let mut at = 0;
        for (row, outcome) in self.rows.into_iter().zip(self.outcomes) {
            let count = outcome.as_ref().copied().unwrap_or(0);
            let own = at..at + count;
            at = own.end;
            let refused = taken.refused.iter().find(|(index, _)| own.contains(index));
            let now = match (outcome, refused) {
                (Err(reject), _) => put_aside(row.offset, row.message.clone(), &reject),
                (Ok(_), Some((_, text))) => Quarantined { reason: REFUSED_BY_STORE.into(), text: text.clone(), ..row.clone() },
                (Ok(_), None) => {
                    let new = taken.new.get(own).is_some_and(|flags| flags.contains(&true));
                    let brought = if new { Brought::Stored } else { Brought::Duplicate };
                    retried.readable += 1;
                    retried.stored += u64::from(new);
                    retried.duplicate += u64::from(!new);
                    settlement.gone.push((row.offset, brought));
                    continue;
                }
            };
            *retried.rejected.entry(now.reason.to_string()).or_default() += 1;
            if now != row {
                settlement.restated.push(now);
            }
        }
        (settlement, retried)
    }

    /// The devices that were heard by it, each once, by the catalogue of whoever decoded.
    pub(crate) fn heard(&self, catalogue: &Catalogue) -> Vec<DeviceSeen> {
        let mut heard = BTreeMap::new();
        for reading in &self.readings {
            let at = reading.received_at;
            let seen = heard.entry(&reading.series.device).or_insert_with(|| DeviceSeen {
                device: device_of(catalogue, reading),
                first_seen: at,
                last_seen: at,
                path: None,
                firmware: None,
            });
            (seen.first_seen, seen.last_seen) = (seen.first_seen.min(at), seen.last_seen.max(at));
        }
        heard.into_values().collect()
    }

    fn blank(&self) -> Retried {
        Retried {
            tried: self.rows.len() as u64,
            readings: self.readings.len() as u64,
            next: self.next,
            before: self.before,
            ..Retried::default()
        }
    }
}

/// A message that gave no reading, with all that is known of it.
pub(crate) fn put_aside(offset: u64, message: schemas::Message, reject: &Reject) -> Quarantined {
    let (device, profile) = reject.whose().map(|w| (w.device.clone(), w.profile.clone())).unzip();
    Quarantined { offset, message, reason: reject.code().into(), text: reject.to_string(), device, profile: profile.flatten() }
}

/// The device of a reading: as it is listed, else as the reading says.
pub(crate) fn device_of(catalogue: &Catalogue, reading: &Reading) -> Device {
    let id = &reading.series.device;
    catalogue.device(id).cloned().unwrap_or_else(|| Device::new(id.clone(), reading.kind, reading.zone.clone()))
}
