//! The ways to tell somebody: a file and a line in the table each.

pub(crate) mod cap;
pub(crate) mod dry;
pub(crate) mod email;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod mqtt;
pub(crate) mod open311;
mod secret;
pub(crate) mod sms;
pub(crate) mod webhook;

use std::sync::Arc;
use std::time::Duration;

use ports::{Clock, Notifier};
use schemas::{Catalogue, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Which of a receiver's addresses a channel reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// None: the channel's own keys say whom it reaches.
    Own,
    /// `mail`.
    Mail,
    /// `phone`.
    Phone,
}

/// A type of channel.
#[derive(Debug)]
pub struct ChannelType {
    /// As the settings name it.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Which of a receiver's addresses it reads.
    pub address: Address,
    pub(crate) make: Make,
}

/// Every type of channel.
pub static TYPES: [ChannelType; 7] = [log::TYPE, webhook::TYPE, email::TYPE, sms::TYPE, mqtt::TYPE, cap::TYPE, open311::TYPE];

/// Makes a channel of its keys, or says what is wrong with them.
pub(crate) type Make = fn(&Context<'_>, Map<String, Value>) -> Result<Arc<dyn Notifier>, String>;

/// What every channel may use.
pub(crate) struct Context<'a> {
    /// How long one delivery may take.
    pub(crate) timeout: Duration,
    pub(crate) clock: &'a Arc<dyn Clock>,
    /// Where devices are.
    pub(crate) catalogue: &'a Arc<Catalogue>,
    /// Since when the city lives, where it is simulated: then nothing that leaves may look like the real one.
    pub(crate) simulated: Option<Timestamp>,
}

/// The keys as the type knows them.
pub(crate) fn keys<T: DeserializeOwned>(keys: Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(keys)).map_err(|error| error.to_string())
}
