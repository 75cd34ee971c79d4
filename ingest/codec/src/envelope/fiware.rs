//! What the two FIWARE IoT Agents have in common: topics, and devices that write everything as text.
//!
//! `/{protocol}/{key}/{device}/attrs` carries measures, `/{protocol}/{key}/{device}/attrs/{name}` a single one; the
//! leading slash may be missing. Answers to commands (`cmdexe`), and requests for settings (`configuration`), hold nothing
//! to store.

use schemas::{DeviceId, Timestamp};

use crate::instant;
use crate::reject::{Reason, Reject, excerpt};
use crate::route::Arrival;

/// The measure that is the time of the others.
pub(super) const TIME: &str = "TimeInstant";

/// What a topic carries.
pub(super) enum Measures<'m> {
    Named,
    One(&'m str),
}

/// The device, and what its message carries. `protocol` is the first level of the agent's own topics; on a topic of
/// another shape, which a route of the settings has given us, measures have names unless it ends in `attrs/{name}`.
pub(super) fn addressed<'m>(arrival: &Arrival<'m>, protocol: &str) -> Result<(DeviceId, Measures<'m>), Reject> {
    let topic: &'m str = &arrival.message.topic;
    let device = arrival.device()?.ok_or_else(|| arrival.nameless())?;
    let mut levels = topic.rsplit('/');
    match (levels.next(), levels.next()) {
        (Some("attrs"), _) => Ok((device, Measures::Named)),
        (Some(name), Some("attrs")) if !name.is_empty() => Ok((device, Measures::One(name))),
        _ if topic.trim_start_matches('/').split('/').next() != Some(protocol) => Ok((device, Measures::Named)),
        (command, _) => {
            let command = excerpt(command.unwrap_or_default());
            Err(Reject::new(Reason::NoReading, format!("`{command}` is not `attrs` and holds nothing to store")))
        }
    }
}

/// When measures were so, as a device writes it.
pub(super) fn time(text: &str, field: &str) -> Result<Timestamp, Reject> {
    instant::parse(text).map_err(|e| Reject::new(Reason::BadTime, format!("`{field}`: {e}")))
}
