//! One publish, exactly as it came: what the journal keeps and everything else is derived from.
//!
//! The bytes of [`Message::encode`] are a format on disk. Version 1:
//!
//! ```text
//! u8  version = 1
//! u8  flags: bits 0-1 QoS, bit 2 retain, bit 3 dup, bit 4 last will
//! u64 received_at, milliseconds since the epoch, little endian
//! u16 length of the topic, little endian
//! ..  topic, UTF-8
//! ..  payload, to the end of the record
//! ```

use bytes::{BufMut, Bytes};
use bytestring::ByteString;

use crate::{TimeError, Timestamp};

const VERSION: u8 = 1;
const HEADER: usize = 12;

/// How a publish was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Qos {
    /// QoS 0: nothing was promised.
    #[default]
    AtMostOnce = 0,
    /// QoS 1: acknowledged once it is kept.
    AtLeastOnce = 1,
    /// QoS 2: as QoS 1, and the sender does not repeat it.
    ExactlyOnce = 2,
}

/// What came with a publish besides topic and payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Provenance {
    /// How it was sent.
    pub qos: Qos,
    /// A retained message of the broker: the last known value, heard again on every subscribe.
    pub retain: bool,
    /// Marked by the sender as possibly a repetition.
    pub dup: bool,
    /// A last will: the broker or endpoint says it for a device that went silent.
    pub will: bool,
}

/// One publish. Cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The topic it was published under; at most 65,535 bytes, as MQTT has it.
    pub topic: ByteString,
    /// The payload, untouched.
    pub payload: Bytes,
    /// When we heard.
    pub received_at: Timestamp,
    /// How it was sent.
    pub provenance: Provenance,
}

/// Why bytes are not a message: the disk lied, or a newer version wrote them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DamagedMessage {
    /// Shorter than its own header says.
    #[error("a message record of {0} bytes is shorter than its header says")]
    Short(usize),
    /// Written by another version of the format.
    #[error("message format {0} is unknown, this program reads format {VERSION}")]
    Version(u8),
    /// The topic is not UTF-8.
    #[error("the topic is not UTF-8")]
    Topic,
    /// The time is outside the range of [`Timestamp`].
    #[error(transparent)]
    Time(#[from] TimeError),
}

impl Message {
    /// Bytes that [`Message::encode`] will write.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        HEADER + self.topic.len() + self.payload.len()
    }

    /// Appends the record of this message to `out`.
    ///
    /// # Panics
    /// If the topic is longer than 65,535 bytes, which no MQTT packet can carry.
    pub fn encode(&self, out: &mut impl BufMut) {
        let p = self.provenance;
        out.put_u8(VERSION);
        out.put_u8(p.qos as u8 | u8::from(p.retain) << 2 | u8::from(p.dup) << 3 | u8::from(p.will) << 4);
        out.put_i64_le(self.received_at.millis());
        out.put_u16_le(u16::try_from(self.topic.len()).expect("MQTT lengths a topic with 16 bits"));
        out.put_slice(self.topic.as_bytes());
        out.put_slice(&self.payload);
    }

    /// Reads a record; topic and payload share `record`'s bytes.
    ///
    /// # Errors
    /// [`DamagedMessage`]: the record was not written by [`Message::encode`] of this version.
    pub fn decode(record: &Bytes) -> Result<Self, DamagedMessage> {
        let short = || DamagedMessage::Short(record.len());
        let header: &[u8; HEADER] = record.first_chunk().ok_or_else(short)?;
        let [version, flags, time @ .., low, high] = *header;
        if version != VERSION {
            return Err(DamagedMessage::Version(version));
        }
        let topic_end = HEADER + usize::from(u16::from_le_bytes([low, high]));
        if record.len() < topic_end {
            return Err(short());
        }
        let topic = ByteString::try_from(record.slice(HEADER..topic_end)).map_err(|_| DamagedMessage::Topic)?;
        let qos = match flags & 3 {
            0 => Qos::AtMostOnce,
            1 => Qos::AtLeastOnce,
            _ => Qos::ExactlyOnce,
        };
        Ok(Self {
            topic,
            payload: record.slice(topic_end..),
            received_at: Timestamp::from_millis(i64::from_le_bytes(time))?,
            provenance: Provenance { qos, retain: flags & 4 != 0, dup: flags & 8 != 0, will: flags & 16 != 0 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_message_reads_back_as_it_was_written(
            topic in ".{0,200}", payload in proptest::collection::vec(any::<u8>(), 0..300),
            at in 0..253_402_128_000_000i64, qos in 0..3u8, retain: bool, dup: bool, will: bool,
        ) {
            let qos = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce][usize::from(qos)];
            let message = Message {
                topic: topic.into(), payload: payload.into(), received_at: Timestamp::from_millis(at).unwrap(),
                provenance: Provenance { qos, retain, dup, will },
            };
            let mut record = Vec::new();
            message.encode(&mut record);
            prop_assert_eq!(record.len(), message.encoded_len());
            prop_assert_eq!(Message::decode(&record.into()).unwrap(), message);
        }

        #[test]
        fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Message::decode(&bytes.into());
        }
    }

    #[test]
    fn version_1_stays_readable() {
        let record = Bytes::from_static(b"\x01\x05\x88\x13\x00\x00\x00\x00\x00\x00\x03\x00a/bhello");
        let message = Message::decode(&record).unwrap();
        assert_eq!(&*message.topic, "a/b");
        assert_eq!(&message.payload[..], b"hello");
        assert_eq!(message.received_at.millis(), 5000);
        assert_eq!(message.provenance, Provenance { qos: Qos::AtLeastOnce, retain: true, dup: false, will: false });
    }
}
