//! A city's own routes: which envelope opens the messages of which topics.

use schemas::{DeviceId, Kind, ProfileName, Zone};
use serde::Deserialize;

/// One `[[route]]` table; what it says fits together.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawRoute")]
pub struct RouteTable {
    /// The topics, as the table has them.
    pub topic: String,
    /// The route.
    pub route: codec::Route,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoute {
    topic: String,
    envelope: String,
    device: Option<DeviceId>,
    kind: Option<Kind>,
    zone: Option<Zone>,
    profile: Option<ProfileName>,
}

impl TryFrom<RawRoute> for RouteTable {
    type Error = codec::RouteError;

    fn try_from(raw: RawRoute) -> Result<Self, codec::RouteError> {
        let route = codec::Route::new(&raw.topic, &raw.envelope)?;
        let route = route.enrolling(raw.kind, raw.zone).read_by(raw.profile).of(raw.device);
        Ok(Self { topic: raw.topic, route })
    }
}
