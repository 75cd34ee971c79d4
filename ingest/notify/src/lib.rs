//! Tells people: plans what is told to whom and when, renders it, and delivers it from a durable outbox, in
//! order, again and again, until the receiver has it or it is given up.
//!
//! At least once, and once by key: the same message to the same receiver has the same
//! [key](ports::Notification::key) however often it is sent. Deliberately absent: the decision what is an
//! alert (`rules`), the outbox itself (`register`), and the reasons to keep an alert to oneself (silences,
//! inhibition, maintenance), which come in by [`Curb`].

mod away;
mod channels;
pub mod curb;
mod curbed;
mod dispatcher;
mod gauges;
pub mod gsm;
pub mod plan;
mod planning;
mod records;
pub mod render;
pub mod report;
pub mod rota;
mod settings;

pub use away::{AwaySettings, Door, Doors, Lookout};
pub use channels::dry::DryRun;
pub use channels::http::HttpError;
pub use channels::webhook::{Webhook, WebhookError, WebhookKeys, webhook_group_schema, webhook_schema};
pub use channels::{Address, ChannelType, TYPES, log::LogChannel};
pub use curb::{Curb, Inhibit, Registered, Topology, Unbridled};
pub use curbed::Curbed;
pub use dispatcher::{Dispatcher, DispatcherError, Fallback, LineSetup, Route};
pub use gauges::ChannelGauges;
pub use planning::{Planning, PlanningError};
pub use settings::{ChannelSettings, City, Desk, ReceiverSettings, Settings, SettingsError, build, policy};

#[cfg(test)]
mod tests;
