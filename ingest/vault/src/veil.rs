//! Sealing and opening messages.
//!
//! What is sealed is a message like any other: its topic is `sealed/NAME`, or `sealed/day-N` (days since 1970) where nobody
//! can tell of whom it is; its payload is topic and payload as they came, under the key of that subject or day.

use bytes::Bytes;
use bytestring::ByteString;
use codec::{Hidden, SEALED, Veil};
use schemas::{DeviceId, Kind, Message, Timestamp};

use crate::Vault;
use crate::cipher::Key;
use crate::keys::day;

/// What stands in place of a name where there is none. No pseudonym has a hyphen.
const DAY: &str = "day-";

/// u16 length of the topic, little endian; topic; payload.
fn packed(message: &Message) -> Vec<u8> {
    let topic = message.topic.as_bytes();
    let length = u16::try_from(topic.len()).expect("MQTT lengths a topic with 16 bits");
    [&length.to_le_bytes()[..], topic, &message.payload].concat()
}

fn unpacked(text: Vec<u8>, sealed: &Message) -> Option<Message> {
    let text = Bytes::from(text);
    let end = 2 + usize::from(u16::from_le_bytes(*text.first_chunk()?));
    if text.len() < end {
        return None;
    }
    let topic = ByteString::try_from(text.slice(2..end)).ok()?;
    Some(Message { topic, payload: text.slice(end..), ..sealed.clone() })
}

impl Vault {
    fn sealed(&self, name: &str, key: &Key, message: &Message) -> Option<Message> {
        let payload = key.seal(name, &packed(message))?;
        Some(Message { topic: ByteString::from(format!("{SEALED}{name}")), payload: payload.into(), ..message.clone() })
    }
}

impl Veil for Vault {
    fn covers(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    fn name(&self, device: &DeviceId, at: Timestamp) -> DeviceId {
        self.keys.name(device, at)
    }

    fn meet(&self, heard: &[&Hidden]) {
        if let Err(error) = self.enter(heard) {
            // Sealed all the same, as of nobody: nothing is kept open because a file is away.
            tracing::error!(%error, "new subjects cannot be entered into the vault");
        }
    }

    fn seal(&self, whose: Option<&Hidden>, message: &Message) -> Message {
        let of_day = || {
            let day = day(message.received_at);
            self.sealed(&format!("{DAY}{day}"), &self.keys.of_day(day), message)
        };
        // Without chance there is no nonce. What cannot be hidden is not kept: an empty message says that one came.
        let nothing = || Message { topic: ByteString::from_static(SEALED), payload: Bytes::new(), ..message.clone() };
        let of_subject = |Hidden { name, .. }: &Hidden| self.sealed(name.as_str(), &self.known_key(name)?, message);
        whose.and_then(of_subject).or_else(of_day).unwrap_or_else(nothing)
    }

    fn open(&self, sealed: &Message) -> Option<Message> {
        let name = sealed.topic.strip_prefix(SEALED)?;
        let key = match name.strip_prefix(DAY) {
            Some(day) => self.keys.of_day(day.parse().ok()?),
            None => self.known_key(&DeviceId::new(name).ok()?)?,
        };
        unpacked(key.open(name, &sealed.payload)?, sealed)
    }
}
