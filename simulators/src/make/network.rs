//! What network servers put around a frame of LoRaWAN.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use codec::ChirpStackUp;
use schemas::{Device, DeviceId, Timestamp};

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
    Loriot,
    /// Gateways of Milesight, set to write base64.
    Milesight,
    /// The same, set to write hexadecimal.
    MilesightHex,
    Netmore,
}

/// The servers whose operators set the topic: what stands before the device in ours, and the envelope that opens it.
pub(super) static ROUTED: [(Network, &str, &str); 4] = [
    (Network::Loriot, "loriot", "loriot"),
    (Network::Milesight, "milesight", "milesight"),
    (Network::MilesightHex, "milesight-hex", "milesight-hex"),
    (Network::Netmore, "netmore", "netmore"),
];

/// A frame as a network server heard it.
pub(super) struct Heard<'a> {
    pub(super) device: &'a Device,
    pub(super) port: u8,
    pub(super) bytes: &'a [u8],
    pub(super) time: Timestamp,
    pub(super) count: u32,
    pub(super) radio: Radio,
}

/// What a server says when a device joins: topic and message; none of those that say nothing of it.
pub(super) fn join(network: Network, device: &Device, time: Timestamp) -> Option<(String, String)> {
    let id = &device.id;
    match network {
        Network::ChirpStack => Some((
            format!("application/{APPLICATION}/device/{id}/event/join"),
            format!(
                "{{\"time\":\"{time}\",\"deviceInfo\":{{\"applicationId\":\"{APPLICATION}\",\"devEui\":\"{id}\"}},\
                 \"devAddr\":\"{}\"}}",
                address(id)
            ),
        )),
        Network::TheThingsStack => Some((
            format!("v3/casablanca@city/devices/eui-{id}/join"),
            format!(
                "{{\"end_device_ids\":{{\"device_id\":\"eui-{id}\",\"application_ids\":{{\"application_id\":\"casablanca\"}},\
                 \"dev_eui\":\"{}\",\"dev_addr\":\"{}\"}},\"received_at\":\"{time}\",\
                 \"join_accept\":{{\"received_at\":\"{time}\"}}}}",
                id.as_str().to_ascii_uppercase(),
                address(id)
            ),
        )),
        _ => None,
    }
}

/// The address that a device is given: here the end of its own.
fn address(id: &DeviceId) -> &str {
    id.as_str().get(8..).unwrap_or_default()
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
            Network::Loriot | Network::Milesight | Network::MilesightHex | Network::Netmore => {
                let text = match network {
                    Network::Loriot => self.loriot(),
                    Network::Netmore => self.netmore(),
                    Network::MilesightHex => self.milesight(&self.hex()),
                    _ => self.milesight(&STANDARD.encode(self.bytes)),
                };
                out.extend_from_slice(text.as_bytes());
                let prefix = ROUTED.iter().find(|(routed, _, _)| *routed == network).map_or("", |(_, prefix, _)| *prefix);
                format!("{prefix}/{id}")
            }
        }
    }

    fn hex(&self) -> String {
        self.bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn eui(&self) -> String {
        self.device.id.as_str().to_ascii_uppercase()
    }

    /// Told at once, by the gateway that heard it best.
    fn loriot(&self) -> String {
        let Self { port, time, count, radio: Radio { rssi, snr }, .. } = self;
        format!(
            "{{\"cmd\":\"rx\",\"EUI\":\"{}\",\"ts\":{},\"fcnt\":{count},\"port\":{port},\"rssi\":{rssi},\"snr\":{snr},\
             \"ack\":false,\"bat\":255,\"data\":\"{}\"}}",
            self.eui(),
            time.millis(),
            self.hex()
        )
    }

    fn milesight(&self, data: &str) -> String {
        let Self { device, port, time, count, radio: Radio { rssi, snr }, .. } = self;
        format!(
            "{{\"applicationID\":\"1\",\"applicationName\":\"casablanca\",\"data\":\"{data}\",\"devEUI\":\"{}\",\
             \"deviceName\":\"device\",\"fCnt\":{count},\"fPort\":{port},\"rxInfo\":[{{\"loRaSNR\":{snr},\
             \"mac\":\"{GATEWAY}\",\"rssi\":{rssi}}}],\"time\":\"{time}\"}}",
            device.id
        )
    }

    /// A list of one event; numbers are text.
    fn netmore(&self) -> String {
        let Self { device, port, time, count, radio: Radio { rssi, snr }, .. } = self;
        format!(
            "[{{\"devEui\":\"{}\",\"timestamp\":\"{time}\",\"payload\":\"{}\",\"rssi\":\"{rssi}\",\"snr\":\"{snr}\",\
             \"messageType\":\"payload\",\"fPort\":\"{port}\",\"fCntUp\":\"{count}\"}}]",
            device.id,
            self.hex()
        )
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
        let version = super::firmware::version(id, *time);
        let versions = version.map_or_else(String::new, |v| format!("\"version_ids\":{{\"firmware_version\":\"{v}\"}},"));
        let counted = if *count == 0 { String::new() } else { format!("\"f_cnt\":{count},") };
        format!(
            "{{\"end_device_ids\":{{\"device_id\":\"eui-{id}\",\"application_ids\":{{\"application_id\":\"casablanca\"}},\
             \"dev_eui\":\"{upper}\"}},\"received_at\":\"{time}\",\"uplink_message\":{{\"f_port\":{port},{counted}\
             \"frm_payload\":\"{}\",\"rx_metadata\":[{{\"gateway_ids\":{{\"gateway_id\":\"roof-1\"}},\"rssi\":{rssi},\
             \"snr\":{snr}}}],{versions}\"received_at\":\"{time}\"}}}}",
            STANDARD.encode(bytes)
        )
    }

    fn thingpark(&self) -> String {
        let Self { port, time, count, radio: Radio { rssi, snr }, .. } = self;
        format!(
            "{{\"DevEUI_uplink\":{{\"Time\":\"{time}\",\"DevEUI\":\"{}\",\"FPort\":{port},\"FCntUp\":{count},\
             \"MType\":2,\"payload_hex\":\"{}\",\"LrrRSSI\":\"{rssi}\",\"LrrSNR\":\"{snr}\"}}}}",
            self.eui(),
            self.hex()
        )
    }

    fn helium(&self) -> String {
        let Self { port, bytes, time, count, radio: Radio { rssi, snr }, .. } = self;
        format!(
            "{{\"dev_eui\":\"{}\",\"fcnt\":{count},\"port\":{port},\"payload\":\"{}\",\"reported_at\":{},\
             \"hotspots\":[{{\"name\":\"roof-1\",\"rssi\":{rssi},\"snr\":{snr}}}]}}",
            self.eui(),
            STANDARD.encode(bytes),
            time.millis()
        )
    }
}
