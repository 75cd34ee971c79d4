//! The platform's own records: devices, alerts, evaluator state. The quarantine stands in a file of its own, what is
//! told in `tell`.
//!
//! These calls block for a disk write. Call them from a thread that may block.

use bytes::Bytes;
use schemas::{Device, DeviceId, Firmware, Message, Timestamp, Transition};

use crate::{Fate, Fated};

/// Why a record was not kept or found.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The disk is full or busy: later it may work.
    #[error("the register cannot be used now: {0}")]
    Unavailable(String),
    /// What is on disk is not what was written, or a newer version wrote it.
    #[error("the register is damaged: {0}")]
    Damaged(String),
}

impl Fated for RecordError {
    fn fate(&self) -> Fate {
        match self {
            RecordError::Unavailable(_) => Fate::Retry { after: None },
            RecordError::Damaged(_) => Fate::Stop,
        }
    }
}

/// A device that was heard.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceSeen {
    /// What is known of it.
    pub device: Device,
    /// When it was heard first, as far as the caller knows.
    pub first_seen: Timestamp,
    /// When it was heard last.
    pub last_seen: Timestamp,
    /// By which way, where the caller knows; [`DeviceBook::devices`] does not give it back.
    pub path: Option<Path>,
    /// The version of its program, where it has just said one; [`DeviceBook::devices`] does not give it back.
    pub firmware: Option<Firmware>,
}

/// The way by which a device was heard last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// The collector or endpoint, as settings and status name it; none: not known.
    pub door: Option<String>,
    /// The gateways that heard it, in order; none where the network does not say, or they are many.
    pub gateways: Vec<DeviceId>,
}

/// Which devices were ever heard.
pub trait DeviceBook: Send + Sync + 'static {
    /// Enters devices or moves their `last_seen`, and their path where one is given; of a device that is there already, `first_seen`
    /// stays.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn seen(&self, devices: &[DeviceSeen]) -> Result<(), RecordError>;

    /// All of them.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn devices(&self) -> Result<Vec<DeviceSeen>, RecordError>;

    /// By which way each was heard last, as far as that is known.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn paths(&self) -> Result<Vec<(DeviceId, Path)>, RecordError>;
}

/// Messages without which later ones cannot be read: Sparkplug births, by which metrics have names.
pub trait BirthBook: Send + Sync + 'static {
    /// Keeps the last one of each topic.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn keep(&self, births: &[Message]) -> Result<(), RecordError>;

    /// All of them, in the order in which they were heard.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    fn births(&self) -> Result<Vec<Message>, RecordError>;
}

/// What the evaluator commits at once, or not at all.
#[derive(Clone, Debug, Default)]
pub struct EvaluatorStep {
    /// The journal offset up to which everything is judged.
    pub cursor: u64,
    /// Engine state that changed, by device; an empty state removes the row.
    pub states: Vec<(DeviceId, Bytes)>,
    /// Transitions in the order in which they were decided; one whose id is there already is skipped.
    /// Whom they are told is planned from here on ([`crate::PlanBook`]).
    pub transitions: Vec<Transition>,
    /// When this happened.
    pub now: Timestamp,
}

/// Alerts, and what the evaluator needs to go on after a restart.
pub trait AlertBook: Send + Sync + 'static {
    /// The last committed step: gives `each` device's engine state, one after another in the order of their names, since a city
    /// has more of them than there should be in memory twice. The answer is the journal offset up to which everything is judged;
    /// none before the first commit.
    ///
    /// # Errors
    /// As [`RecordError`] says; what was given till then is not the whole.
    fn restore(&self, each: &mut dyn FnMut(DeviceId, &[u8])) -> Result<Option<u64>, RecordError>;

    /// Cursor, states and transitions in one transaction.
    ///
    /// # Errors
    /// As [`RecordError`] says; nothing of it was kept.
    fn commit(&self, step: &EvaluatorStep) -> Result<(), RecordError>;
}
