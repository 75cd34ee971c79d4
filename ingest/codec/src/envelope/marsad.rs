//! Marsad's own: no wrapping at all, everything is in the topic `marsad/{zone}/{kind}/{device}/up`.

use crate::reject::{Reason, Reject, excerpt};
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Open, Uplink};

const PREFIX: &str = "marsad";
/// The last level of the topic of what a device sends.
pub(crate) const UP: &str = "up";
const TOPIC: &str = "marsad/{zone}/{kind}/{device}/up";

pub(super) struct Marsad;

impl Envelope for Marsad {
    fn name(&self) -> &'static str {
        "marsad"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["native"]
    }

    fn about(&self) -> &'static str {
        "Marsad's own JSON (payload.md): zone, kind and device stand in the topic, everything else in the payload."
    }

    fn topics(&self) -> &'static [&'static str] {
        &["marsad/#"]
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let topic: &'m str = &arrival.message.topic;
        let mut arrival = arrival.clone();
        let mut levels = topic.split('/');
        if levels.next() == Some(PREFIX) {
            let (Some(zone), Some(kind), Some(device), Some(UP), None) =
                (levels.next(), levels.next(), levels.next(), levels.next(), levels.next())
            else {
                return Err(Reject::new(Reason::NotATopic, format!("`{}` is not {TOPIC}", excerpt(topic))));
            };
            (arrival.found.zone, arrival.found.kind, arrival.found.device) = (Some(zone), Some(kind), Some(device));
        }
        let (kind, zone) = arrival.claim()?;
        let device = arrival.device()?.ok_or_else(|| arrival.nameless())?;
        out(Uplink { claim: kind.zip(zone), ..Uplink::new(device, Body::Marsad(arrival.payload())) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Pattern;

    #[test]
    fn its_topic_is_the_pattern_that_it_reads() {
        let found = Pattern::parse(TOPIC).unwrap().find("marsad/anfa/air/st-1/up").unwrap();
        assert_eq!((found.zone, found.kind, found.device), (Some("anfa"), Some("air"), Some("st-1")));
    }
}
