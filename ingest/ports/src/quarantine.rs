//! Where messages that gave no reading wait, what is asked of them, and how they leave.
//!
//! A message leaves in one of three ways, each counted for ever: brought back by a retry that gave
//! readings, dropped by a person, or forgotten since the quarantine is bounded. These calls block for
//! a disk write.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use schemars::JsonSchema;
use schemas::{DeviceId, Message, ProfileName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::RecordError;

/// A message put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Its place in the journal: the same message put aside twice is one row.
    pub offset: u64,
    /// Exactly as it came.
    pub message: Message,
    /// The stable reason code.
    pub reason: Cow<'static, str>,
    /// The reason, for a person.
    pub text: String,
    /// Whose it was, where it could be read so far.
    pub device: Option<DeviceId>,
    /// How it was to be read, where something says so.
    pub profile: Option<ProfileName>,
}

/// Which messages of the quarantine. What is not given takes all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuarantineFilter {
    /// Only for one of these reason codes; empty means any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Only of this device. A message put aside by a program that did not note devices counts where
    /// its topic holds the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Only those that this profile was to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// Only of topics that fit, as [`fits_topic`] says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Only received at or after this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only received before this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

impl QuarantineFilter {
    /// Whether it takes every message.
    #[must_use]
    pub fn takes_all(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a topic fits what a person wrote: an MQTT topic filter where it holds `+` or `#` (MQTT 5.0,
/// section 4.7), else a part of the topic.
#[must_use]
pub fn fits_topic(wanted: &str, topic: &str) -> bool {
    if !wanted.contains(['+', '#']) {
        return topic.contains(wanted);
    }
    let mut levels = topic.split('/');
    for level in wanted.split('/') {
        match (level, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (text, Some(found)) if text == found => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

/// How much of the quarantine to give at once: whichever is reached first. One message is given
/// however long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Messages.
    pub rows: usize,
    /// Bytes of their payloads.
    pub bytes: usize,
}

impl Page {
    /// All of it, for who knows that it is small.
    pub const WHOLE: Self = Self { rows: usize::MAX, bytes: usize::MAX };
}

/// What a message that was tried again gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brought {
    /// At least one reading that was new.
    Stored,
    /// Only readings that were there already.
    Duplicate,
}

/// What became of some messages that were tried again: kept at once, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    /// Offsets of messages whose readings are durable: they leave.
    pub gone: Vec<(u64, Brought)>,
    /// Messages that are still rejected, for another reason than before.
    pub restated: Vec<Quarantined>,
}

/// Messages that left the quarantine, since the data directory was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Departed {
    /// Brought back with at least one new reading.
    pub stored: u64,
    /// Brought back with readings that were there already.
    pub duplicate: u64,
    /// Dropped by a person; the account goes on counting them as quarantined.
    pub dropped: u64,
    /// Forgotten, for age or size; the account goes on counting them as quarantined.
    pub forgotten: u64,
}

/// How full the quarantine is, and how full it may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holding {
    /// Messages that wait.
    pub messages: u64,
    /// Their bytes: payload, topic and text, and 128 for the rest of a row.
    pub bytes: u64,
    /// Bytes beyond which the oldest are forgotten; 0 where that is not known.
    pub limit: u64,
    /// Seconds after which a message is forgotten; 0 where that is not known.
    pub keep_seconds: u64,
    /// When the oldest was received.
    pub oldest: Option<Timestamp>,
    /// Messages that have waited for more than 80 % of that time, counted up to 100,000.
    pub aged: u64,
    /// What has left.
    pub departed: Departed,
}

impl Holding {
    /// From this share of the limit, or of the time, on it is said what will be forgotten.
    pub const WARN_AT_PERCENT: u64 = 80;

    /// Whole percent of the limit.
    #[must_use]
    pub fn percent(&self) -> u64 {
        self.bytes.saturating_mul(100).checked_div(self.limit).unwrap_or(0)
    }

    /// What will be forgotten, when and how much, where that is near.
    #[must_use]
    pub fn outlook(&self) -> Option<String> {
        let oldest = self.oldest?;
        let mut said = Vec::new();
        if self.limit > 0 && self.percent() >= Self::WARN_AT_PERCENT {
            let left = self.limit.saturating_sub(self.bytes);
            said.push(format!("after {left} bytes more the oldest messages, from {oldest} on, are forgotten"));
        }
        if self.aged > 0 && self.keep_seconds > 0 {
            let (first, aged) = (oldest.plus(Duration::from_secs(self.keep_seconds)), self.aged);
            let soon = Duration::from_secs(self.keep_seconds / 100 * (100 - Self::WARN_AT_PERCENT));
            said.push(format!("{aged} messages are forgotten for their age from {first} on, within {} h", soon.as_secs() / 3600));
        }
        if said.is_empty() { None } else { Some(said.join("; ")) }
    }
}

/// What may be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// What was received before this.
    pub received_before: Timestamp,
    /// The oldest, until no more than this many bytes are left.
    pub bytes: u64,
    /// Only offsets before this one: of what comes behind it the account does not know yet.
    pub before: u64,
    /// At most this many messages at once.
    pub rows: usize,
}

/// What was forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// By reason.
    pub reasons: BTreeMap<String, u64>,
    /// The oldest and the newest of them, by when they were received.
    pub received: Option<(Timestamp, Timestamp)>,
    /// There is more to forget.
    pub more: bool,
}

impl Forgotten {
    /// How many messages.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.reasons.values().sum()
    }
}

/// Where messages that gave no reading wait.
pub trait Quarantine: Send + Sync + 'static {
    /// Of the journal's messages `read` these gave no reading: they are put aside, durably, all or
    /// none. Idempotent by offset. A row of that range that is not among them was put aside before a
    /// crash and gives readings now: it is taken out.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn put_aside(&self, read: Range<u64>, messages: &[Quarantined]) -> Result<(), RecordError>;

    /// Messages of these offsets, in the order of the journal.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn page(&self, filter: &QuarantineFilter, offsets: Range<u64>, most: Page) -> Result<Vec<Quarantined>, RecordError>;

    /// Takes out what was brought back and counts it, in one transaction. A message that is not there
    /// any more is not counted.
    ///
    /// # Errors
    /// As [`RecordError`] says; nothing of it was done.
    fn settle(&self, settlement: &Settlement) -> Result<(), RecordError>;

    /// Takes out messages of these offsets for good, at most `rows`, the oldest first, and counts them
    /// as dropped. How many.
    ///
    /// # Errors
    /// As [`RecordError`] says; nothing of it was done.
    fn drop_messages(&self, filter: &QuarantineFilter, offsets: Range<u64>, rows: usize) -> Result<u64, RecordError>;

    /// Takes out these messages for good, and counts them as dropped. How many of them were there.
    ///
    /// # Errors
    /// As [`RecordError`] says; nothing of it was done.
    fn drop_these(&self, offsets: &[u64]) -> Result<u64, RecordError>;

    /// Takes out what there is no room or no time for, the oldest first, and counts it as forgotten.
    ///
    /// # Errors
    /// As [`RecordError`] says; nothing of it was done.
    fn forget(&self, overflow: &Overflow) -> Result<Forgotten, RecordError>;

    /// How full it is; `aged` counts what was received before `aged_before`. Cheap. Its bounds are not
    /// known here.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn holding(&self, aged_before: Timestamp) -> Result<Holding, RecordError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_fits_a_part_of_it_or_an_mqtt_filter() {
        let cases = [
            ("bin-1", "marsad/anfa/waste/bin-1/up", true),
            ("bin-2", "marsad/anfa/waste/bin-1/up", false),
            ("marsad/+/waste/#", "marsad/anfa/waste/bin-1/up", true),
            ("marsad/+/waste/#", "marsad/anfa/air/st-1/up", false),
            ("marsad/#", "marsad", true),
            ("+", "a/b", false),
            ("a/+", "a", false),
            ("#", "anything/at/all", true),
        ];
        for (wanted, topic, expected) in cases {
            assert_eq!(fits_topic(wanted, topic), expected, "{wanted} {topic}");
        }
    }

    #[test]
    fn what_will_be_forgotten_is_said_when_it_is_near_and_not_before() {
        let oldest = "2026-11-01T00:00:00Z".parse().unwrap();
        let calm =
            Holding { messages: 9, bytes: 79, limit: 100, keep_seconds: 86_400, oldest: Some(oldest), ..Holding::default() };
        assert_eq!(calm.outlook(), None);
        let full = Holding { bytes: 80, ..calm }.outlook().unwrap();
        assert!(full.contains("20 bytes more") && full.contains("2026-11-01"), "{full}");
        let old = Holding { aged: 3, ..calm }.outlook().unwrap();
        assert!(old.contains("3 messages") && old.contains("2026-11-02T00:00:00"), "{old}");
    }
}
