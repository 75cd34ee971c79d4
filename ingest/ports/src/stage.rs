//! What can be made to happen in a simulated city, for whoever watches a demonstration.

use schemas::{DeviceId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::OperationError;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Incident {
    /// Dust at all air stations.
    Dust,
    /// A pipe bursts behind a meter.
    Leak,
    /// A bin burns.
    Fire,
    /// Nothing comes from anywhere, then all at once.
    Outage,
}

impl Incident {
    /// Every one.
    pub const ALL: [Incident; 4] = [Incident::Dust, Incident::Leak, Incident::Fire, Incident::Outage];

    /// As commands and requests name it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Incident::Dust => "dust",
            Incident::Leak => "leak",
            Incident::Fire => "fire",
            Incident::Outage => "outage",
        }
    }

    /// What it is, in a line.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Incident::Dust => "Desert dust at all air stations, for two minutes",
            Incident::Leak => "A pipe bursts behind a water meter, for two minutes",
            Incident::Fire => "A bin burns, for two minutes",
            Incident::Outage => "The gateways are away for a minute: nothing comes from anywhere, then all at once",
        }
    }
}

/// Something that happens from an instant on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happening {
    /// What.
    pub what: Incident,
    /// At this device, in place of the one that is chosen.
    pub device: Option<DeviceId>,
    /// From when on.
    pub at: Timestamp,
}

/// The simulated city of a demonstration.
pub trait Stage: Send + Sync + 'static {
    /// Has it happen.
    ///
    /// # Errors
    /// The simulated devices have ended.
    fn befall(&self, happening: Happening) -> Result<(), OperationError>;
}
