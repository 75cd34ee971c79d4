//! Messages as one envelope opens them, whatever their topic.

use crate::common::{decoder, message};
use codec::{Births, Decoder, Explained, Route, Routes};

/// A decoder that has heard nothing yet, and shares with no other test what it will hear.
pub(crate) fn fresh() -> Decoder {
    decoder().clone().with_births(Births::default())
}

/// What one route of a city makes of a message.
pub(crate) fn explain(envelope: &str, pattern: &str, topic: &str, payload: impl AsRef<[u8]>) -> Explained {
    let routes = Routes::only([Route::new(pattern, envelope).unwrap()]);
    fresh().with_routes(routes).unwrap().explain(&message(topic, payload))
}

/// The code of what is refused, for whatever reason.
pub(crate) fn code(envelope: &str, payload: impl AsRef<[u8]>) -> &'static str {
    explain(envelope, "#", "some/topic", payload).result.map_or_else(|reject| reject.code(), |_| "read")
}
