//! Devices that speak JSON, network servers that decoded already, protocols that name what they carry: fields, mapped by
//! the profile.

use serde_json::Value;

use crate::codecs::fields::Fields;
use crate::depth;
use crate::forbidden;
use crate::normalise::Sink;
use crate::reject::{Reason, Reject};
use crate::uplink::{Body, Codec, Uplink};

pub(crate) struct Json {
    pub(crate) fields: Fields,
    /// Reads what a codec inside the network server made, and not the payload.
    pub(crate) object: bool,
}

impl Codec for Json {
    fn decode(&self, uplink: &Uplink<'_>, out: &mut Sink<'_>) -> Result<(), Reject> {
        if self.object {
            let missing =
                || Reject::new(Reason::WrongBody, "the network server gives no decoded fields, and the profile reads them");
            let tree = parse(uplink.object.as_ref().ok_or_else(missing)?.get().as_bytes())?;
            return self.fields.read(&tree, None, out);
        }
        match &uplink.body {
            Body::Trees(trees) => trees.iter().try_for_each(|tree| {
                forbidden::check(&tree.fields)?;
                self.fields.read(&tree.fields, tree.time, out)
            }),
            Body::Frame(_) | Body::Marsad(_) | Body::Told(..) => {
                let bytes = uplink.bytes()?;
                depth::check(bytes)?;
                self.fields.read(&parse(bytes)?, None, out)
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Value, Reject> {
    let tree =
        serde_json::from_slice(bytes).map_err(|e| Reject::new(Reason::NotJson, format!("the payload is not JSON: {e}")))?;
    forbidden::check(&tree)?;
    Ok(tree)
}
