//! Reports that go by mail, as people look at them: which edition went, which waits and why, and when the next one goes.

use schemars::JsonSchema;
use schemas::{ChannelName, Timestamp};
use serde::{Deserialize, Serialize};

/// A report for one receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mailing {
    /// By which the settings know the report.
    pub report: ChannelName,
    /// `daily`, `weekly` or `monthly`.
    pub which: String,
    /// Who gets it, by which channel, in which language.
    pub receiver: ChannelName,
    /// The channel.
    pub channel: ChannelName,
    /// `fr`, `ar` or `en`.
    pub language: String,
    /// Of this contractor alone; none where it is of all.
    pub contractor: Option<String>,
    /// The last edition that arrived; none before.
    pub sent: Option<EditionSent>,
    /// The last edition whose time has come, unless it arrived.
    pub due: Option<EditionDue>,
    /// When the next one goes.
    pub next: Option<Timestamp>,
}

/// An edition that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditionSent {
    /// The last day of its period.
    pub date: String,
    /// When the receiver's server took it.
    pub at: Timestamp,
}

/// An edition that should have arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditionDue {
    /// The last day of its period.
    pub date: String,
    /// When its time came.
    pub since: Timestamp,
    /// How it fares.
    pub state: EditionState,
    /// Attempts to send it so far.
    pub attempts: u32,
    /// When it is tried again; none of one that is not made yet, or is dead.
    pub again: Option<Timestamp>,
    /// What went wrong last, if anything did.
    pub trouble: Option<String>,
}

/// How an edition fares that has not arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EditionState {
    /// It is not made yet.
    Unmade,
    /// It is made, and waits to be sent.
    Waiting,
    /// It was given up.
    Dead,
}

/// An edition as the book has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booked {
    /// Which one.
    pub id: String,
    /// `waiting`, `delivered` or `dead`.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next.
    pub due: Timestamp,
    /// When it was delivered or given up; none before.
    pub settled_at: Option<Timestamp>,
    /// What went wrong last.
    pub reason: Option<String>,
}
