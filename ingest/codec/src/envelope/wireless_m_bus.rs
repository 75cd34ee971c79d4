//! Wireless M-Bus telegrams as a gateway hands them on: bytes, or their hexadecimal digits. The device is the meter's
//! serial number, as its link layer says it and as it is printed on the meter.

use schemas::DeviceId;

use crate::codecs::m_bus;
use crate::reject::{Reason, Reject};
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Frame, Open, Uplink, written_as_hex};

pub(super) struct WirelessMBus;

impl Envelope for WirelessMBus {
    fn name(&self) -> &'static str {
        "wireless-m-bus"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["wmbus", "wm-bus", "oms"]
    }

    fn about(&self) -> &'static str {
        "Wireless M-Bus telegrams, bytes or hexadecimal digits: the device is the meter's serial number, 8 digits."
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let payload = arrival.payload();
        let device = arrival.named()?.or_else(|| serial(payload));
        let unreadable = || Reject::new(Reason::UnknownFrame, "the telegram has no link layer with a meter's address");
        let device = device.or(arrival.device.clone()).ok_or_else(unreadable)?;
        out(Uplink::new(device, Body::Frame(Frame::Plain(payload))))
    }
}

fn serial(payload: &[u8]) -> Option<DeviceId> {
    let written = written_as_hex(payload, m_bus::LIMIT);
    let address = m_bus::address(written.as_deref().unwrap_or(payload))?;
    DeviceId::new(&address.id()).ok()
}
