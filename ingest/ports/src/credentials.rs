//! Credentials of devices, and the codes and lists by which many come to theirs.

use schemars::JsonSchema;
use schemas::Timestamp;
use serde::{Deserialize, Serialize};

/// The credential of a device or a gateway, without its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceCredential {
    /// Its number.
    pub id: u64,
    /// The device, which is its MQTT user name too.
    pub device: String,
    /// Topic filters besides its own topics: of a gateway or a network server, which speaks for others.
    pub topics: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends: a credential that was rotated away.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A credential that is to be.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCredential {
    /// The device.
    pub device: String,
    /// Topic filters besides its own topics.
    #[serde(default)]
    pub topics: Vec<String>,
    /// In place of a password: the SHA-256 of the certificate (DER) that the device shows, 64 hexadecimal digits.
    #[serde(default)]
    pub certificate: Option<String>,
    /// Those that it has end so many hours from now; with none they stay.
    pub overlap_hours: Option<u32>,
}

/// A claim code that is open, without the code: a device trades it once for its credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// Its number.
    pub id: u64,
    /// The device.
    pub device: String,
    /// Topic filters that the credential will have besides the device's own topics.
    pub topics: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be traded.
    pub expires_at: Timestamp,
}

/// A claim code that is to be. One that the device has open ends.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClaim {
    /// The device.
    pub device: String,
    /// Topic filters that the credential will have besides the device's own topics.
    #[serde(default)]
    pub topics: Vec<String>,
    /// How long it can be traded, hours.
    pub hours: u32,
}

/// Many devices that are each to have a credential, or a claim code: all, or none.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provision {
    /// Those that have a credential that holds, or an open code, are left as they are.
    pub devices: Vec<String>,
    /// In place of passwords: claim codes, which hold so many hours.
    #[serde(default)]
    pub claim_hours: Option<u32>,
    /// Only say for which devices something would be made.
    #[serde(default)]
    pub dry_run: bool,
}

/// What was made for many devices.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct Provided {
    /// In the order in which they were named.
    pub made: Vec<Handed>,
    /// Devices that had one.
    pub same: u64,
    /// Until when the codes hold, where they are codes.
    pub until: Option<Timestamp>,
}

/// A device, and what it shows of who it is.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct Handed {
    /// The device, which is its MQTT user name too.
    pub device: String,
    /// Its password or code: of it nothing is kept but a hash. Empty where nothing was made yet.
    pub secret: String,
}
