//! No wrapping: the payload is the device's. The topic names the device, by the route's pattern.

use crate::reject::Reject;
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Frame, Open, Uplink};

pub(super) struct Plain;

impl Envelope for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn about(&self) -> &'static str {
        "No wrapping: the payload is the device's own, JSON or bytes; the route takes the device from the topic."
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let device = arrival.device()?.ok_or_else(|| arrival.nameless())?;
        out(Uplink::new(device, Body::Frame(Frame::Plain(arrival.payload()))))
    }
}
