//! Tells people: one dispatcher per channel reads the durable outbox in order, delivers, tries again,
//! gives up.
//!
//! At least once, and once by key: the same transition over the same channel has the same
//! [key](ports::Notification::key) however often it is sent. Deliberately absent: the decision what
//! is told to whom (`rules`), the outbox itself (`register`), silences, grouping and digests.

mod channels;
mod dispatcher;
mod gauges;
mod settings;

pub use channels::webhook::{Webhook, WebhookError, WebhookKeys, webhook_schema};
pub use channels::{ChannelType, TYPES, log::LogChannel};
pub use dispatcher::{Dispatcher, DispatcherError};
pub use gauges::ChannelGauges;
pub use settings::{ChannelSettings, NamedChannel, Settings, SettingsError, build};

#[cfg(test)]
mod tests;
