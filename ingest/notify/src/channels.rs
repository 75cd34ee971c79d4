//! The ways to tell somebody: a file and a line in the table each.

pub(crate) mod log;
pub(crate) mod webhook;

use std::sync::Arc;
use std::time::Duration;

use ports::{Clock, Notifier};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A type of channel.
#[derive(Debug)]
pub struct ChannelType {
    /// As the settings name it.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    pub(crate) make: Make,
}

/// Every type of channel.
pub static TYPES: [ChannelType; 2] = [log::TYPE, webhook::TYPE];

/// Makes a channel of its keys, or says what is wrong with them.
pub(crate) type Make = fn(&Context<'_>, Map<String, Value>) -> Result<Arc<dyn Notifier>, String>;

/// What every channel may use.
pub(crate) struct Context<'a> {
    /// How long one delivery may take.
    pub(crate) timeout: Duration,
    pub(crate) clock: &'a Arc<dyn Clock>,
}

/// The keys as the type knows them.
pub(crate) fn keys<T: DeserializeOwned>(keys: Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(keys)).map_err(|error| error.to_string())
}
