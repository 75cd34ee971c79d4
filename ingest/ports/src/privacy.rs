//! The one way back from a name that says nothing to the meter behind it.

use futures_util::future::BoxFuture;
use schemas::{DeviceId, Message};

use crate::RecordError;

/// Knows who is behind a name. Whoever asks it must have said what for, and have it written down first.
pub trait Vault: Send + Sync {
    /// The meter behind a name; none where nobody is, or nobody any more.
    fn reveal(&self, name: DeviceId) -> BoxFuture<'_, Result<Option<DeviceId>, RecordError>>;

    /// Every name under which a meter is or was kept, one a year.
    fn names(&self, meter: &DeviceId) -> Vec<DeviceId>;

    /// A sealed message as it came; none where its key is gone, or it was never sealed here.
    fn unseal(&self, message: &Message) -> Option<Message>;
}
