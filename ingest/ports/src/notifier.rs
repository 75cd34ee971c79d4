//! Who tells people.

use std::time::Duration;

use futures_util::future::BoxFuture;
use schemas::{ChannelName, Timestamp, Transition};
use serde::{Deserialize, Serialize};

use crate::{Fate, Fated};

/// One transition on its way over one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The outbox's number: rises in the order in which the transitions were decided.
    pub number: u64,
    /// The way it goes.
    pub channel: ChannelName,
    /// What is told.
    pub transition: Transition,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it was put in the outbox: the age after which a channel gives up counts from here.
    pub made_at: Timestamp,
    /// Not before this instant.
    pub due: Timestamp,
}

impl Notification {
    /// `{channel}/{transition id}`: the same transition over the same channel has the same key
    /// however often it is sent, so the receiver can drop repetitions.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.channel, self.transition.id)
    }
}

/// Why a notification did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The receiver cannot be reached, is busy or failed: later it may work.
    #[error("not delivered: {reason}")]
    Unavailable {
        /// What the receiver or the network said.
        reason: String,
        /// How long it asked us to wait.
        after: Option<Duration>,
    },
    /// The receiver will never take it.
    #[error("refused by the receiver: {0}")]
    Refused(String),
}

impl Fated for DeliveryError {
    fn fate(&self) -> Fate {
        match self {
            DeliveryError::Unavailable { after, .. } => Fate::Retry { after: *after },
            DeliveryError::Refused(_) => Fate::Quarantine,
        }
    }
}

/// A way to tell somebody.
pub trait Notifier: Send + Sync + 'static {
    /// Tells. `Ok` means that the receiver has it.
    ///
    /// # Errors
    /// As [`DeliveryError`] says; the same notification may then be told again.
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>>;
}
