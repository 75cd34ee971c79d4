//! What can be known of a data directory while no program runs on it. Nothing here writes.

use codec::Decoder;
use journal::View;
use ports::{Identity, Store};
use schemas::Message;

use crate::PipelineError;
use crate::feed::FeedError;
use crate::run::historian_start;

/// Where the account of messages stood when the program ended or broke off.
///
/// # Errors
/// The historian's cursor cannot be read.
pub fn standing(view: &View) -> Result<Identity, PipelineError> {
    let (done, tallies) = historian_start(view)?;
    Ok(tallies.identity(done, view.next()))
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
