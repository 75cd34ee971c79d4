//! What can be known of a data directory, and done on it, while no program runs there.

use codec::Decoder;
use journal::View;
use ports::{Departed, DeviceBook, Identity, Quarantine, QuarantineFilter, Retried, Retry, Store};
use schemas::Message;
use tokio::runtime::Handle;

use crate::PipelineError;
use crate::append::{append_standing, corrected_since};
use crate::feed::FeedError;
use crate::reread::{CHUNK, Reread};
use crate::run::historian_start;

/// Where the account of messages stood when the program ended or broke off; `departed` is what left the
/// quarantine, as it says itself.
///
/// # Errors
/// The historian's cursor cannot be read.
pub fn standing(view: &View, departed: &Departed) -> Result<Identity, PipelineError> {
    let (done, tallies) = historian_start(view)?;
    Ok(tallies.identity(departed, done, view.next()))
}

/// Tries a chunk of the quarantine again, as the running historian does: the readings are durable
/// before their messages leave. Blocks; not for a thread of the runtime.
///
/// # Errors
/// The store or the register failed: what had left by then is counted, the rest still waits.
pub fn retry(
    view: &View,
    decoder: &Decoder,
    store: &dyn Store,
    quarantine: &dyn Quarantine,
    devices: &dyn DeviceBook,
    retry: &Retry,
) -> Result<Retried, PipelineError> {
    let (counted, _) = historian_start(view)?;
    let reread = Reread::of(quarantine, decoder, retry, counted)?;
    if retry.dry_run {
        return Ok(reread.outlook());
    }
    let runtime = Handle::current();
    let corrected = runtime.block_on(corrected_since(store, &reread.readings))?;
    let once = |batch: &[_]| Ok(runtime.block_on(store.append(batch))?);
    let taken = append_standing(&reread.readings, &corrected, once)?;
    if !reread.readings.is_empty() {
        runtime.block_on(store.flush())?;
    }
    let heard = reread.heard(decoder.catalogue());
    let (settlement, retried) = reread.settle(&taken);
    quarantine.settle(&settlement)?;
    devices.seen(&heard)?;
    Ok(retried)
}

/// Takes messages out of the quarantine for good. How many. Blocks.
///
/// # Errors
/// The register failed: some of them may be gone.
pub fn drop_messages(view: &View, quarantine: &dyn Quarantine, filter: &QuarantineFilter) -> Result<u64, PipelineError> {
    let (counted, _) = historian_start(view)?;
    let mut dropped = 0;
    loop {
        let chunk = quarantine.drop_messages(filter, 0..counted, CHUNK.rows)?;
        dropped += chunk;
        if chunk < CHUNK.rows as u64 {
            return Ok(dropped);
        }
    }
}

/// Takes these messages out of the quarantine for good. How many of them were there. Blocks.
///
/// # Errors
/// The register failed: some of them may be gone.
pub fn drop_these(view: &View, quarantine: &dyn Quarantine, offsets: &[u64]) -> Result<u64, PipelineError> {
    let (counted, _) = historian_start(view)?;
    let mut dropped = 0;
    for chunk in offsets.chunks(CHUNK.rows) {
        let chunk: Vec<u64> = chunk.iter().copied().filter(|offset| *offset < counted).collect();
        dropped += quarantine.drop_these(&chunk)?;
    }
    Ok(dropped)
}

/// Shows the store what the journal holds beyond the historian's cursor, without making it durable:
/// after a crash a question sees every acknowledged reading. The number of messages read.
///
/// # Errors
/// The journal cannot be read or the store does not take the readings.
pub async fn overlay(view: &View, decoder: &Decoder, store: &dyn Store) -> Result<u64, PipelineError> {
    let (start, _) = historian_start(view)?;
    let mut reader = view.reader(start)?;
    let mut readings = Vec::new();
    while let Some(batch) = reader.next(2048, 1 << 20)? {
        readings.clear();
        for (offset, record) in (batch.first..).zip(&batch.records) {
            let message = Message::decode(record).map_err(|cause| FeedError::Message { offset, cause })?;
            // A message that gives nothing waits for the historian to put it aside.
            let before = readings.len();
            if decoder.decode(&message, &mut readings).is_err() {
                readings.truncate(before);
            }
        }
        store.append(&readings).await?;
    }
    Ok(view.next() - start)
}
