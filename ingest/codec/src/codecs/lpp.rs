//! Cayenne LPP as the codec of a profile: its items become fields, named as network servers name them (`/temperature_3`).

use crate::codecs::cayenne;
use crate::codecs::fields::Fields;
use crate::normalise::Sink;
use crate::reject::{Reason, Reject};
use crate::uplink::{Codec, Uplink};

pub(crate) struct Lpp {
    /// Bytes before the first item.
    pub(crate) skip: usize,
    pub(crate) fields: Fields,
}

impl Codec for Lpp {
    fn decode(&self, uplink: &Uplink<'_>, out: &mut Sink<'_>) -> Result<(), Reject> {
        let bytes = uplink.bytes()?.get(self.skip..).unwrap_or_default();
        let items = cayenne::decode(bytes).map_err(|e| Reject::new(Reason::UnknownFrame, format!("Cayenne LPP: {e}")))?;
        self.fields.read(&cayenne::object(&items), None, out)
    }
}
