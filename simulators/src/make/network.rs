//! What network servers put around a frame of LoRaWAN.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use codec::ChirpStackUp;
use schemas::{Device, Timestamp};

use crate::device::Radio;

/// The ChirpStack application that the simulated LoRaWAN devices belong to.
const APPLICATION: &str = "17c82e96-be03-4f38-aef3-f83d48582d97";
const GATEWAY: &str = "0016c001f153a14c";

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    ChirpStack,
    TheThingsStack,
    ThingPark,
    Helium,
}

/// A frame as a network server heard it.
pub(super) struct Heard<'a> {
    pub(super) device: &'a Device,
    pub(super) port: u8,
    pub(super) bytes: &'a [u8],
    pub(super) time: Timestamp,
    pub(super) count: u32,
    pub(super) radio: Radio,
}

impl Heard<'_> {
    /// Appends the server's message; its topic.
    pub(super) fn write(&self, network: Network, out: &mut Vec<u8>) -> String {
        let id = &self.device.id;
        match network {
            Network::ChirpStack => self.chirpstack(out),
            Network::TheThingsStack => {
                out.extend_from_slice(self.the_things_stack().as_bytes());
                format!("v3/casablanca@city/devices/eui-{id}/up")
            }
            Network::ThingPark => {
                out.extend_from_slice(self.thingpark().as_bytes());
                format!("mqtt/things/{}/uplink", id.as_str().to_ascii_uppercase())
            }
            Network::Helium => {
                out.extend_from_slice(self.helium().as_bytes());
                format!("helium/{id}/rx")
            }
        }
    }

    fn chirpstack(&self, out: &mut Vec<u8>) -> String {
        let up = ChirpStackUp {
            application: APPLICATION,
            dev_eui: &self.device.id,
            f_port: self.port,
            f_cnt: self.count,
            data: self.bytes,
            time: self.time,
            gateway: GATEWAY,
            rssi: self.radio.rssi,
            snr: self.radio.snr,
        };
        up.write(out);
        up.topic()
    }

    /// As the server does, a count of 0 is left out.
    fn the_things_stack(&self) -> String {
        let Self { device, port, bytes, time, count, radio: Radio { rssi, snr } } = self;
        let id = &device.id;
        let upper = id.as_str().to_ascii_uppercase();
        let counted = if *count == 0 { String::new() } else { format!("\"f_cnt\":{count},") };
        format!(
            "{{\"end_device_ids\":{{\"device_id\":\"eui-{id}\",\"application_ids\":{{\"application_id\":\"casablanca\"}},\
             \"dev_eui\":\"{upper}\"}},\"received_at\":\"{time}\",\"uplink_message\":{{\"f_port\":{port},{counted}\
             \"frm_payload\":\"{}\",\"rx_metadata\":[{{\"gateway_ids\":{{\"gateway_id\":\"roof-1\"}},\"rssi\":{rssi},\
             \"snr\":{snr}}}],\"received_at\":\"{time}\"}}}}",
            STANDARD.encode(bytes)
        )
    }

    fn thingpark(&self) -> String {
        let Self { device, port, bytes, time, count, radio: Radio { rssi, snr } } = self;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            "{{\"DevEUI_uplink\":{{\"Time\":\"{time}\",\"DevEUI\":\"{}\",\"FPort\":{port},\"FCntUp\":{count},\
             \"MType\":2,\"payload_hex\":\"{hex}\",\"LrrRSSI\":\"{rssi}\",\"LrrSNR\":\"{snr}\"}}}}",
            device.id.as_str().to_ascii_uppercase()
        )
    }

    fn helium(&self) -> String {
        let Self { device, port, bytes, time, count, radio: Radio { rssi, snr } } = self;
        format!(
            "{{\"dev_eui\":\"{}\",\"fcnt\":{count},\"port\":{port},\"payload\":\"{}\",\"reported_at\":{},\
             \"hotspots\":[{{\"name\":\"roof-1\",\"rssi\":{rssi},\"snr\":{snr}}}]}}",
            device.id.as_str().to_ascii_uppercase(),
            STANDARD.encode(bytes),
            time.millis()
        )
    }
}
