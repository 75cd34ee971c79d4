//! What a person may ask to be done while the platform runs, or on its stopped directory: try the
//! quarantine again, adopt devices, read the settings anew.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use schemas::{Device, DeviceId, Message, ProfileName, Reading, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{QuarantineFilter, Quarantined, RecordError};

/// A request to try messages of the quarantine again. One request tries at most a chunk of them, so
/// that ingestion is never held for longer; ask again with `after` set to `next`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Which messages.
    pub filter: QuarantineFilter,
    /// Only behind this offset of the journal.
    pub after: Option<u64>,
    /// Only before this offset; the first answer's `before` keeps a run from chasing what comes
    /// meanwhile.
    pub before: Option<u64>,
    /// Only say what would be read; nothing is stored and nothing leaves.
    pub dry_run: bool,
}

/// What a chunk of a retry gave, in messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retried {
    /// Decoded again.
    pub tried: u64,
    /// Gave readings.
    pub readable: u64,
    /// Readings in all.
    pub readings: u64,
    /// Of the readable: gave at least one new reading.
    pub stored: u64,
    /// Of the readable: gave only what was there already.
    pub duplicate: u64,
    /// Still rejected, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Ask again with this as `after`; none where all is done.
    pub next: Option<u64>,
    /// Offsets from here on were not asked.
    pub before: u64,
}

impl Retried {
    /// Adds the chunk that follows.
    pub fn add(&mut self, chunk: Self) {
        self.tried += chunk.tried;
        self.readable += chunk.readable;
        self.readings += chunk.readings;
        self.stored += chunk.stored;
        self.duplicate += chunk.duplicate;
        for (reason, count) in chunk.rejected {
            *self.rejected.entry(reason).or_default() += count;
        }
        (self.next, self.before) = (chunk.next, chunk.before);
    }
}

/// Messages of the quarantine that have reason and device in common, or topic where no device is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuarantineGroup {
    /// The stable reason code.
    pub reason: String,
    /// Whose they are, where that is known.
    pub device: Option<DeviceId>,
    /// The topic of the last one.
    pub topic: String,
    /// How many.
    pub count: u64,
    /// When the first was received.
    pub first: Timestamp,
    /// When the last was received.
    pub last: Timestamp,
    /// The reason of the last one, for a person.
    pub text: String,
    /// The offset of the last one.
    pub sample: u64,
}

/// A device that speaks and cannot be read, since nothing says what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnknownDevice {
    /// As its messages name it.
    pub id: DeviceId,
    /// `unknown_device` or `no_profile`.
    pub reason: String,
    /// Messages that wait.
    pub count: u64,
    /// When the first was received.
    pub first: Timestamp,
    /// When the last was received.
    pub last: Timestamp,
    /// The topic of the last one.
    pub topic: String,
    /// The first bytes of its payload, at most 64, in hexadecimal.
    pub payload_hex: String,
    /// The offset of the last one.
    pub sample: u64,
}

/// Why a message gives no reading now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// The stable reason code.
    pub reason: String,
    /// For a person.
    pub text: String,
}

/// How a message is read with the present profiles and devices.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reread {
    /// The envelope that opens it; none where no route takes its topic.
    pub envelope: Option<String>,
    /// Device, port and the device's own bytes of each uplink in it.
    pub uplinks: Vec<(DeviceId, Option<u8>, Option<Vec<u8>>)>,
    /// The profile that reads it; none where it is Marsad's own JSON, or cannot be read.
    pub profile: Option<ReadBy>,
    /// What it gives.
    pub readings: Vec<Reading>,
    /// Why it gives nothing.
    pub refusal: Option<Refusal>,
}

/// A profile, and which text of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadBy {
    /// Its name.
    pub profile: ProfileName,
    /// `layout`, `json`, `script`, ..
    pub codec: String,
    /// Whose device it reads.
    pub make: String,
    /// Where its layout is documented.
    pub source: String,
    /// The first twelve hexadecimal digits of the SHA-256 of its text: another text is another version.
    pub version: String,
}

/// A message of the quarantine, read again.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// As it waits.
    pub quarantined: Quarantined,
    /// What a retry would make of it.
    pub now: Reread,
}

/// A message of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its place.
    pub offset: u64,
    /// As it came; sealed where it may tell of people.
    pub message: Message,
}

/// Which messages of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptFilter {
    /// Only those that this device sent.
    pub device: Option<DeviceId>,
    /// Only under topics that fit this MQTT filter.
    pub topic: Option<String>,
    /// Only before this offset.
    pub before: Option<u64>,
    /// At most this many.
    pub limit: usize,
}

/// Messages of the journal, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptPage {
    /// Those that fit.
    pub messages: Vec<Kept>,
    /// Before which offset to ask on; none where the journal begins there.
    pub next: Option<u64>,
}

/// Where a reading comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The message that gave it.
    pub kept: Kept,
    /// How it is read at present.
    pub now: Reread,
}

/// What became of devices that were to be adopted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Adopted {
    /// Were not known before.
    pub new: u64,
    /// Were adopted before and are other now.
    pub changed: u64,
    /// Were adopted before, just so.
    pub same: u64,
}

/// What is in force after a reload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reloaded {
    /// Devices listed in files.
    pub listed: u64,
    /// Devices adopted besides.
    pub adopted: u64,
    /// Device profiles.
    pub profiles: u64,
    /// Routes of the city's own.
    pub routes: u64,
    /// Rules that judge.
    pub rules: u64,
    /// Lines to tell by: receivers, each over each of its channels.
    pub lines: u64,
    /// Rotas.
    pub rotas: u64,
}

/// What was forgotten of whoever stood behind meters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Erased {
    /// Names under which the meters were kept.
    pub names: Vec<DeviceId>,
    /// Ways back, each with the key of its messages.
    pub keys: u64,
    /// Readings.
    pub readings: u64,
    /// Devices, alerts, steps, what rules remembered.
    pub records: u64,
    /// Messages that waited in the quarantine.
    pub messages: u64,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The register could not be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// What was asked cannot be: each line says what and why. Nothing was done.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
    /// Not now: the program is stopping, the store is away, or as many requests as may be wait.
    #[error("{0}")]
    Unavailable(String),
}

/// What a person may ask to be done.
pub trait Operations: Send + Sync + 'static {
    /// The quarantine, by reason and device or topic, the most frequent first.
    fn groups<'a>(
        &'a self,
        filter: &'a QuarantineFilter,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<QuarantineGroup>, OperationError>>;

    /// Messages of the quarantine, in the order of the journal, behind the offset `after`, and whether
    /// there are more. Long payloads can make a page shorter than `limit`.
    fn quarantined<'a>(
        &'a self,
        filter: &'a QuarantineFilter,
        after: Option<u64>,
        limit: usize,
    ) -> BoxFuture<'a, Result<(Vec<Quarantined>, bool), OperationError>>;

    /// One of them, read again without storing anything; none where it is not there.
    fn explain(&self, offset: u64) -> BoxFuture<'_, Result<Option<Explanation>, OperationError>>;

    /// Messages as they came, the newest first. A page may be short, or empty, where few fit: each looks at so many messages at
    /// most.
    fn kept<'a>(&'a self, filter: &'a KeptFilter) -> BoxFuture<'a, Result<KeptPage, OperationError>>;

    /// The message that gave a reading; none where the journal has let go of it.
    fn trace<'a>(&'a self, reading: &'a Reading) -> BoxFuture<'a, Result<Option<Trace>, OperationError>>;

    /// Tries a chunk of messages again, each with the time at which it was received. What gives readings
    /// leaves the quarantine once they are durable. Alerts are not judged by it: it is data, not news.
    fn retry(&self, retry: Retry) -> BoxFuture<'_, Result<Retried, OperationError>>;

    /// Takes messages out for good. How many.
    fn drop_messages(&self, filter: QuarantineFilter) -> BoxFuture<'_, Result<u64, OperationError>>;

    /// Devices that speak and cannot be read, those that were heard last first.
    fn unknown(&self, limit: usize) -> BoxFuture<'_, Result<Vec<UnknownDevice>, OperationError>>;

    /// Lists devices from now on, all or none; with `dry_run` only says what would become of them.
    fn adopt(&self, devices: Vec<Device>, dry_run: bool) -> BoxFuture<'_, Result<Adopted, OperationError>>;

    /// Forgets whoever stands behind these meters; returns when all of it is gone. After an error a part may be: the same order goes
    /// on.
    fn erase(&self, meters: Vec<DeviceId>) -> BoxFuture<'_, Result<Erased, OperationError>>;

    /// Reads devices, routes and profiles anew, all or nothing.
    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, OperationError>>;
}
