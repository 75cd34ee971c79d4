//! The journal as people look into it: the messages that came last, and the one that gave a reading. Nothing is moved by looking.

use std::ops::Range;

use codec::{Decoder, Explained};
use journal::{JournalError, View};
use ports::{Kept, KeptFilter, KeptPage, OperationError, ReadBy, Refusal, Reread, Trace, fits_topic};
use schemas::{Message, Reading, Timestamp};
use sha2::{Digest, Sha256};

/// Messages that one question looks at, and how many at a time.
const LOOKS: u64 = 20_000;
const WINDOW: u64 = 2_000;
/// Bytes that are read at once.
const BYTES: usize = 1 << 20;
/// What is heard at one instant may stand so far from what was heard at another, ms: doors keep time by themselves.
const ASKEW: i64 = 60_000;
/// Hexadecimal digits of a digest that are shown.
const DIGITS: usize = 12;

fn failed(error: &JournalError) -> OperationError {
    OperationError::Unavailable(format!("the journal cannot be read: {error}"))
}

/// How a message is read now.
pub(crate) fn reread(decoder: &Decoder, message: &Message) -> Reread {
    let Explained { envelope, uplinks, readings, result, .. } = decoder.explain(message);
    let named = result.as_ref().ok().and_then(|decoded| decoded.profile.as_ref());
    let profile = named.and_then(|name| decoder.profiles().named(name)).map(|profile| ReadBy {
        profile: profile.name().clone(),
        codec: profile.codec().to_owned(),
        make: format!("{} {}", profile.make(), profile.model()).trim_end().to_owned(),
        source: profile.source().to_owned(),
        version: digest(profile.toml()),
    });
    Reread {
        envelope: envelope.map(ToOwned::to_owned),
        uplinks: uplinks.into_iter().map(|uplink| (uplink.device, uplink.port, uplink.bytes)).collect(),
        profile,
        readings,
        refusal: result.err().map(|why| Refusal { reason: why.code().to_owned(), text: why.to_string() }),
    }
}

fn digest(text: &str) -> String {
    let hex: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    hex.chars().take(DIGITS).collect()
}

/// The messages that came last, the newest first.
pub(crate) fn newest(journal: &View, decoder: &Decoder, filter: &KeptFilter) -> Result<KeptPage, OperationError> {
    let mut end = filter.before.unwrap_or(u64::MAX).min(journal.next());
    let last = end.saturating_sub(LOOKS).max(journal.first());
    let mut found = Vec::new();
    while end > last && found.len() < filter.limit {
        let begin = end.saturating_sub(WINDOW).max(last);
        let mut window = Vec::new();
        each(journal, begin..end, |kept| {
            if fits(decoder, filter, &kept.message) {
                window.push(kept);
            }
        })?;
        let room = filter.limit - found.len();
        end = if window.len() > room { window.get(window.len() - room).map_or(begin, |kept| kept.offset) } else { begin };
        found.extend(window.into_iter().rev().take(room));
    }
    Ok(KeptPage { messages: found, next: (end > journal.first()).then_some(end) })
}

fn fits(decoder: &Decoder, filter: &KeptFilter, message: &Message) -> bool {
    if filter.topic.as_ref().is_some_and(|topic| !fits_topic(topic, &message.topic)) {
        return false;
    }
    let Some(device) = &filter.device else { return true };
    decoder.decode(message, &mut Vec::new()).is_ok_and(|decoded| decoded.device == *device)
}

/// The message that gave a reading; none where the journal has let go of it, or where it would be read otherwise now.
pub(crate) fn trace(journal: &View, decoder: &Decoder, reading: &Reading) -> Result<Option<Trace>, OperationError> {
    let heard = reading.received_at;
    let mut found = None;
    each(journal, about(journal, heard)?, |kept| {
        // Readings of messages that came in one millisecond are told apart: each is heard a little later than it came.
        let came = kept.message.received_at;
        if came <= heard && heard.since(came) <= pipeline::APART {
            let mut readings = Vec::new();
            let same = |r: &Reading| r.series == reading.series && r.observed_at == reading.observed_at;
            if decoder.decode(&kept.message, &mut readings).is_ok() && readings.iter().any(same) {
                // Of two that say something of one instant the later one stands.
                found = Some(kept);
            }
        }
    })?;
    Ok(found.map(|kept| Trace { now: reread(decoder, &kept.message), kept }))
}

/// The segments in which what was heard at an instant can stand.
fn about(journal: &View, heard: Timestamp) -> Result<Range<u64>, OperationError> {
    let (mut begin, mut end) = (journal.first(), journal.next());
    for first in journal.segments() {
        let mut at = None;
        each(journal, first..first.saturating_add(1).min(journal.next()), |kept| at = Some(kept.message.received_at))?;
        match at {
            Some(at) if at.millis() < heard.millis() - ASKEW => begin = begin.max(first),
            Some(at) if at.millis() > heard.millis() + ASKEW => {
                end = end.min(first);
                break;
            }
            _ => {}
        }
    }
    Ok(begin..end)
}

/// Shows each message of a range; those that the journal lets go of meanwhile are left out.
fn each(journal: &View, range: Range<u64>, mut show: impl FnMut(Kept)) -> Result<(), OperationError> {
    if range.is_empty() {
        return Ok(());
    }
    let mut reader = match journal.reader(range.start.max(journal.first())) {
        Ok(reader) => reader,
        Err(JournalError::OutOfRange { .. }) => return Ok(()),
        Err(error) => return Err(failed(&error)),
    };
    while reader.offset() < range.end {
        let left = usize::try_from(range.end - reader.offset()).unwrap_or(usize::MAX);
        let batch = match reader.next(left, BYTES) {
            Ok(Some(batch)) => batch,
            Ok(None) | Err(JournalError::OutOfRange { .. }) => return Ok(()),
            Err(error) => return Err(failed(&error)),
        };
        for (offset, record) in (batch.first..).zip(&batch.records) {
            let message = Message::decode(record).map_err(|e| OperationError::Unavailable(format!("record {offset}: {e}")))?;
            show(Kept { offset, message });
        }
    }
    Ok(())
}
