//! A vendor's own script, and the fields of what it gives. The engine that runs scripts is none of this crate's: it comes
//! in by the trait [`Script`].

use std::sync::Arc;

use schemas::Timestamp;
use serde_json::Value;

use crate::codecs::fields::Fields;
use crate::forbidden;
use crate::normalise::Sink;
use crate::reject::Reject;
use crate::uplink::{Codec, Uplink};

/// A vendor's decoder, ready to run. Its answer depends on its arguments alone, and it ends in bounded time and memory.
pub trait Script: Send + Sync {
    /// The decoded fields of a frame: `data` of TS013 `decodeUplink`. `now` is what the script takes for the present.
    ///
    /// # Errors
    /// [`crate::Reason::ScriptFailed`] where it broke off or reports errors.
    fn run(&self, port: u8, bytes: &[u8], now: Timestamp) -> Result<Value, Reject>;
}

pub(crate) struct Scripted {
    pub(crate) fields: Fields,
    pub(crate) script: Arc<dyn Script>,
    /// Bytes before those that the script reads.
    pub(crate) skip: usize,
}

impl Codec for Scripted {
    fn decode(&self, uplink: &Uplink<'_>, out: &mut Sink<'_>) -> Result<(), Reject> {
        let bytes = uplink.bytes()?.get(self.skip..).unwrap_or_default();
        let tree = self.script.run(uplink.port.unwrap_or(0), bytes, out.heard_at())?;
        forbidden::check(&tree)?;
        self.fields.read(&tree, None, out)
    }
}
