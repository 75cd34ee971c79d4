//! Makes of device: which of what is true each can say, how finely, and the bytes in which it says it.
//!
//! A make is a row of [`MAKES`]. The layouts are those of the makers' documents, written down once more and not taken from the
//! profiles of `codec`, which read them; the network servers' messages are those that its envelopes open. Deliberately absent: what
//! is true (`device`), and log frames, since a simulated device says what is so now.

mod facts;
mod layout;
mod layouts;
mod m_bus;
mod network;
mod sparkplug;
mod text;
#[cfg(test)]
mod vectors;

use codec::{Reason, Route, marsad_topic, write_marsad};
use schemas::{Device, DeviceKey, Kind, Quantity, Timestamp};

use crate::device::Radio;
use crate::physics::rounded;
use layout::Layout;
pub(crate) use layout::compressed;
use network::{Heard, Network};

/// (quantity, channel, value in the canonical unit)
pub(crate) type Values = Vec<(Quantity, u8, f64)>;

/// A make, with the way by which its messages come.
#[derive(Debug)]
pub(crate) struct Make {
    /// As the profile that reads it is called, or the format.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    way: Way,
}

/// How it speaks.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// Marsad's own JSON.
    Native,
    /// SenML in JSON (RFC 8428).
    SenMl,
    /// Sparkplug B, by aliases that its births name.
    Sparkplug,
    /// FIWARE IoT Agent for JSON.
    IotAgent,
    /// JSON of its own, which says no time.
    Own(&'static text::Own),
    /// A LoRaWAN frame, of the first layout that fits.
    Lora(Network, &'static [Layout]),
    /// A wireless M-Bus telegram, encrypted where the device has a key.
    Telegram { encrypted: bool },
}

/// Whose clock a message goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// The device's.
    Own,
    /// The network server's.
    Network,
    /// Nobody's: it stands when it is heard.
    Heard,
}

const fn make(name: &'static str, kind: Kind, way: Way) -> Make {
    Make { name, kind, way }
}

/// Every make. The first ones of a kind are those of a city that wants no others.
pub(crate) static MAKES: [Make; 24] = [
    make(NATIVE, Kind::AIR, Way::Native),
    make(NATIVE, Kind::WASTE, Way::Native),
    make("netvox-r718x", Kind::WASTE, Way::Lora(Network::ChirpStack, layouts::NETVOX_R718X)),
    make("nwave-nps405", Kind::PARKING, Way::Lora(Network::ChirpStack, layouts::NWAVE_NPS405)),
    make(NATIVE, Kind::WATER, Way::Native),
    make("senml", Kind::AIR, Way::SenMl),
    make("sparkplug-b", Kind::AIR, Way::Sparkplug),
    make("decentlab-dl-pm", Kind::AIR, Way::Lora(Network::ThingPark, layouts::DECENTLAB_DL_PM)),
    make("milesight-am308", Kind::AIR, Way::Lora(Network::ChirpStack, layouts::MILESIGHT_AM308)),
    make("inbiot-well", Kind::AIR, Way::Lora(Network::Helium, layouts::INBIOT_PLUS)),
    make("airgradient-one", Kind::AIR, Way::Own(&text::AIRGRADIENT)),
    make("tasmota-pms5003", Kind::AIR, Way::Own(&text::TASMOTA)),
    make("milesight-em310-udl", Kind::WASTE, Way::Lora(Network::TheThingsStack, layouts::MILESIGHT_EM310_UDL)),
    make("milesight-em400-tld", Kind::WASTE, Way::Lora(Network::ChirpStack, layouts::MILESIGHT_EM400_TLD)),
    make("dingtek-df702", Kind::WASTE, Way::Lora(Network::TheThingsStack, layouts::DINGTEK_DF702)),
    make("vegapuls-air", Kind::WASTE, Way::Lora(Network::ThingPark, layouts::VEGAPULS_AIR)),
    make("bosch-tps110", Kind::PARKING, Way::Lora(Network::TheThingsStack, layouts::BOSCH_TPS110)),
    make("tekzitel-tekzipark", Kind::PARKING, Way::Lora(Network::Helium, layouts::TEKZITEL_TEKZIPARK)),
    make("pni-placepod", Kind::PARKING, Way::Lora(Network::ThingPark, layouts::PNI_PLACEPOD)),
    make("iot-agent-json", Kind::WATER, Way::IotAgent),
    make("quandify-cubicmeter", Kind::WATER, Way::Lora(Network::ThingPark, layouts::QUANDIFY_CUBICMETER)),
    make("m-bus-records-water", Kind::WATER, Way::Lora(Network::ChirpStack, layouts::M_BUS_RECORDS)),
    make("wireless-m-bus-water", Kind::WATER, Way::Telegram { encrypted: false }),
    make("wireless-m-bus-water", Kind::WATER, Way::Telegram { encrypted: true }),
];
const NATIVE: &str = "marsad";
/// What is no profile's: its messages name what they say.
const FORMATS: [&str; 4] = [NATIVE, "senml", "sparkplug-b", "iot-agent-json"];
/// Where telegrams are published.
const TELEGRAMS: &str = "wmbus/roof-1";

/// What is said once a message: by whom, when, how it was heard, and where in its session the device is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saying<'a> {
    pub(crate) device: &'a Device,
    pub(crate) time: Timestamp,
    pub(crate) radio: Option<Radio>,
    /// The number of the message in the device's own count.
    pub(crate) count: u64,
    /// How many came before it since the device joined.
    pub(crate) joined: u64,
}

impl Make {
    /// The make of the `i`th device of a kind: of all makes, or of the best-known ones.
    pub(crate) fn of(kind: Kind, i: usize, all: bool) -> &'static Make {
        let of_kind = || MAKES.iter().filter(|make| make.kind == kind);
        // Bins come in two makes by default, all others in one.
        let known = if kind == Kind::WASTE { 2 } else { 1 };
        let choice = if all { of_kind().count() } else { known };
        of_kind().nth(i % choice.max(1)).unwrap_or(&MAKES[0])
    }

    /// How the platform reads it; none for what needs no profile.
    pub(crate) fn profile(&self) -> Option<&'static str> {
        (!FORMATS.contains(&self.name)).then_some(self.name)
    }

    /// The routes without which the platform does not know what its topics mean.
    pub(crate) fn routes() -> impl Iterator<Item = Route> {
        let own = MAKES.iter().filter_map(|make| match make.way {
            Way::Own(own) => Some((own.pattern(), "plain")),
            _ => None,
        });
        let all = own.chain([("wmbus/#".to_owned(), "wireless-m-bus")]);
        all.filter_map(|(pattern, envelope)| Route::new(&pattern, envelope).ok())
    }

    /// Whose clock its messages go by.
    pub(crate) const fn time(&self) -> Time {
        match self.way {
            Way::Native | Way::SenMl | Way::Sparkplug | Way::IotAgent => Time::Own,
            Way::Lora(..) => Time::Network,
            Way::Own(_) | Way::Telegram { .. } => Time::Heard,
        }
    }

    /// Whether it speaks LoRaWAN.
    pub(crate) const fn is_lora(&self) -> bool {
        matches!(self.way, Way::Lora(..))
    }

    /// Whether a message is a birth, without which those after it cannot be read.
    pub(crate) const fn is_birth(&self, joined: u64) -> bool {
        matches!(self.way, Way::Sparkplug) && joined.is_multiple_of(sparkplug::SESSION)
    }

    /// The farewell of the session before, where a message begins another one: topic and payload.
    pub(crate) fn farewell(&self, saying: &Saying<'_>) -> Option<(String, Vec<u8>)> {
        (self.is_birth(saying.joined) && saying.joined > 0).then(|| sparkplug::death(saying))
    }

    /// Why a message of it is put aside of which half is missing, or whose first byte is another one.
    pub(crate) const fn garbled(&self, first_byte: bool) -> Reason {
        match self.way {
            Way::Telegram { .. } => Reason::UnknownFrame,
            Way::Sparkplug => Reason::BadBytes,
            // Bytes that begin otherwise than JSON are taken for CBOR.
            Way::SenMl if first_byte => Reason::BadShape,
            _ => Reason::NotJson,
        }
    }

    /// What the first byte of a message becomes that is another one on its way: in Sparkplug a tag that no field has, since other
    /// fields are passed over.
    pub(crate) const fn garble(&self, first: u8) -> u8 {
        first ^ if matches!(self.way, Way::Sparkplug) { 0x0f } else { 0x15 }
    }

    /// How many bytes are left of a message of which half is missing.
    pub(crate) fn half(&self, payload: &[u8]) -> usize {
        if matches!(self.way, Way::Sparkplug) { sparkplug::half(payload) } else { payload.len() / 2 }
    }

    /// The serial number of a meter that is known by one.
    pub(crate) const fn has_serial(&self) -> bool {
        matches!(self.way, Way::Telegram { .. })
    }

    /// The key with which a device of this luck encrypts.
    pub(crate) fn key(&self, luck: u64) -> Option<DeviceKey> {
        let encrypted = matches!(self.way, Way::Telegram { encrypted: true });
        encrypted.then(|| DeviceKey::from_hex(&format!("{luck:016x}{:016x}", luck.rotate_left(29))).ok()).flatten()
    }

    /// What it says of what is true, as finely as it can, in the order in which it is read.
    pub(crate) fn carries(&self, all: Values) -> Values {
        match self.way {
            Way::Native => all,
            // Fields of these are read by name.
            Way::SenMl | Way::Sparkplug | Way::IotAgent => {
                let mut sorted = all;
                sorted.sort_by_key(|(quantity, _, _)| quantity.name());
                sorted
            }
            Way::Own(own) => own.carries(&all),
            Way::Lora(_, layouts) => Layout::of(layouts, &all).map(|layout| layout.carries(&all)).unwrap_or_default(),
            Way::Telegram { .. } => m_bus::carries(&all),
        }
    }

    /// A changed value as finely as it can say it.
    pub(crate) fn finest(&self, quantity: Quantity, value: f64) -> f64 {
        match self.way {
            Way::Native | Way::SenMl | Way::Sparkplug | Way::IotAgent => {
                let decimals = match quantity {
                    Quantity::DEVICE_LATITUDE | Quantity::DEVICE_LONGITUDE => 5,
                    _ if quantity.name().starts_with("water.") => 3,
                    _ => 1,
                };
                rounded(value, decimals)
            }
            Way::Own(own) => own.finest(quantity, value),
            Way::Lora(_, layouts) => layouts.iter().find_map(|layout| layout.finest(quantity, value)).unwrap_or(value),
            Way::Telegram { .. } => m_bus::finest(quantity, value),
        }
    }

    /// Topic and payload of what it says.
    pub(crate) fn message(&self, saying: &Saying<'_>, values: &Values) -> (String, Vec<u8>) {
        let Saying { device, time, count, .. } = *saying;
        let mut payload = Vec::with_capacity(256);
        let topic = match self.way {
            Way::Native => {
                write_marsad(&mut payload, Some(time), Some(count), values);
                marsad_topic(&device.zone, device.kind, &device.id)
            }
            Way::SenMl => {
                text::senml(&mut payload, values, time);
                format!("senml/{}", device.id)
            }
            Way::Sparkplug => return sparkplug::message(saying, values),
            Way::IotAgent => {
                text::iot_agent(&mut payload, values, time);
                format!("json/city/{}/attrs", device.id)
            }
            Way::Own(own) => {
                own.write(&mut payload, values);
                own.topic(&device.id)
            }
            Way::Lora(network, layouts) => {
                let (port, bytes) = Layout::of(layouts, values).map(|layout| layout.frame(values)).unwrap_or_default();
                let radio = saying.radio.unwrap_or(Radio { rssi: -90, snr: 5.0 });
                let count = u32::try_from(count & 0xffff).unwrap_or(0);
                Heard { device, port, bytes: &bytes, time, count, radio }.write(network, &mut payload)
            }
            Way::Telegram { .. } => {
                payload = m_bus::telegram(&device.id, device.fitting.key, count, values);
                TELEGRAMS.to_owned()
            }
        };
        (topic, payload)
    }
}

fn find(values: &Values, quantity: Quantity) -> Option<f64> {
    values.iter().find(|(q, _, _)| *q == quantity).map(|(_, _, value)| *value)
}
