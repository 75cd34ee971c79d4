//! The section `[notify]`, and how it becomes channels.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ports::{Notifier, SystemClock};
use schemas::ChannelName;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::channels::{Context, TYPES};

/// The section `[notify]`; `config/default.toml` says what each key means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How long one delivery may take, over any channel.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub timeout: Duration,
    /// The longest wait after a first failure.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub retry_first: Duration,
    /// The longest wait after many failures, unless the receiver asks for a longer one.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub retry_limit: Duration,
    /// The age at which a notification that cannot be delivered is given up.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub give_up: Duration,
    /// The channels that rules may name.
    pub channel: Vec<ChannelSettings>,
}

/// One `[[notify.channel]]`: a name, a type, and the keys of that type.
#[derive(Clone, Deserialize)]
pub struct ChannelSettings {
    /// By which rules name it.
    pub name: ChannelName,
    /// One of the types of [`TYPES`].
    #[serde(rename = "type")]
    pub kind: String,
    /// Read by the type; an unknown one is refused there.
    #[serde(flatten)]
    pub keys: Map<String, Value>,
}

impl fmt::Debug for ChannelSettings {
    /// Without the keys: a secret or an address with a token in it may be among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelSettings").field("name", &self.name).field("type", &self.kind).finish_non_exhaustive()
    }
}

/// Why the section `[notify]` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A duration outside its range.
    #[error("notify.{key}: {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was expected.
        reason: String,
    },
    /// Two channels with one name.
    #[error("notify.channel: `{0}` is there twice")]
    Twice(ChannelName),
    /// No such type.
    #[error("notify.channel `{channel}`: no type `{found}`, expected one of {}", known())]
    Type {
        /// Which channel.
        channel: ChannelName,
        /// What stood there.
        found: String,
    },
    /// The type cannot use its keys.
    #[error("notify.channel `{channel}` of type {kind}: {reason}")]
    Keys {
        /// Which channel.
        channel: ChannelName,
        /// Its type.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
}

fn known() -> String {
    TYPES.iter().map(|t| t.name).collect::<Vec<_>>().join(", ")
}

impl Settings {
    /// The names that rules may use, in the order of the settings.
    #[must_use]
    pub fn channel_names(&self) -> Vec<ChannelName> {
        self.channel.iter().map(|c| c.name.clone()).collect()
    }

    fn check(&self) -> Result<(), SettingsError> {
        let value = |key, reason: &str| Err(SettingsError::Value { key, reason: reason.to_owned() });
        if !(Duration::from_millis(10)..=Duration::from_secs(300)).contains(&self.timeout) {
            return value("timeout", "expected 10ms to 5m");
        }
        if self.retry_first.is_zero() || self.retry_first > self.retry_limit {
            return value("retry_first", "expected more than 0s and not more than retry_limit");
        }
        if self.retry_limit > self.give_up {
            return value("retry_limit", "expected not more than give_up");
        }
        for (place, channel) in self.channel.iter().enumerate() {
            if self.channel[..place].iter().any(|before| before.name == channel.name) {
                return Err(SettingsError::Twice(channel.name.clone()));
            }
        }
        Ok(())
    }
}

/// A channel, and the name by which rules know it.
pub type NamedChannel = (ChannelName, Arc<dyn Notifier>);

/// Makes the channels, in the order of the settings. Reads the files that they name; connects to
/// nothing.
///
/// # Errors
/// The first thing that is wrong.
pub fn build(settings: &Settings) -> Result<Vec<NamedChannel>, SettingsError> {
    settings.check()?;
    let clock: Arc<dyn ports::Clock> = Arc::new(SystemClock);
    let make = |channel: &ChannelSettings| {
        let name = channel.name.clone();
        let Some(kind) = TYPES.iter().find(|t| t.name == channel.kind) else {
            return Err(SettingsError::Type { channel: name, found: channel.kind.clone() });
        };
        let context = Context { timeout: settings.timeout, clock: &clock };
        match (kind.make)(&context, channel.keys.clone()) {
            Ok(notifier) => Ok((name, notifier)),
            Err(reason) => Err(SettingsError::Keys { channel: name, kind: kind.name, reason }),
        }
    };
    settings.channel.iter().map(make).collect()
}
