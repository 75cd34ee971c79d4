//! Makes of device: which of what is true each can say, how finely, and the bytes in which it says it.
//!
//! A make is a row of [`MAKES`]. The layouts are those of the makers' documents, written down once more and not taken from the
//! profiles of `codec`, which read them; the network servers' messages are those that its envelopes open. Deliberately absent: what
//! is true (`device`), and frames that hold nothing but a log, which a device sends when it is asked for one.

pub(crate) mod container;
mod facts;
mod firmware;
mod formats;
mod layout;
mod layouts;
mod log;
mod m_bus;
mod marks;
mod network;
mod own;
mod sparkplug;
mod table;
#[cfg(test)]
mod vectors;

use std::time::Duration;

use codec::{Reason, Route, marsad_topic, write_marsad};
use schemas::{Device, DeviceKey, Kind, Quantity, Timestamp};

use crate::device::Radio;
use crate::physics::rounded;
pub(crate) use facts::{pulses, register};
use layout::Layout;
pub(crate) use layout::compressed;
use log::Log;
pub use log::Logged;
use network::{Heard, Network, ROUTED};
pub(crate) use table::MAKES;
use table::NATIVE;

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
    /// FIWARE Ultralight 2.0.
    Ultralight,
    /// JSON of its own.
    Own(&'static own::Own),
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

/// What a make says of the time before.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Memory {
    Nothing,
    /// A register at full hours.
    Hours(&'static Log),
    /// When it was emptied last, and how full it was then.
    Collection,
}

/// What is no profile's: its messages name what they say.
const FORMATS: [&str; 5] = [NATIVE, "senml", "sparkplug-b", "iot-agent-json", "ultralight"];
/// Where telegrams are published.
const TELEGRAMS: &str = "wmbus/roof-1";

/// What is said once a message: by whom, when, how it was heard, and where in its session the device is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saying<'a> {
    pub(crate) device: &'a Device,
    pub(crate) time: Timestamp,
    /// What the device kept of the time before.
    pub(crate) log: &'a [Logged],
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
        let servers = ROUTED.iter().map(|(_, prefix, envelope)| (format!("{prefix}/#"), *envelope));
        let all = own.chain(servers).chain([("wmbus/#".to_owned(), "wireless-m-bus")]);
        all.filter_map(|(pattern, envelope)| Route::new(&pattern, envelope).ok())
    }

    /// Whose clock its messages go by.
    pub(crate) const fn time(&self) -> Time {
        match self.way {
            Way::Native | Way::SenMl | Way::Sparkplug | Way::IotAgent | Way::Ultralight => Time::Own,
            Way::Own(own) if own.has_clock() => Time::Own,
            // A clock in a frame is set by the network, to its own time.
            Way::Lora(..) => Time::Network,
            Way::Own(_) | Way::Telegram { .. } => Time::Heard,
        }
    }

    /// Whether it says the time in whole seconds.
    pub(crate) fn counts_seconds(&self) -> bool {
        match self.way {
            Way::Own(own) => own.has_clock(),
            Way::Lora(_, layouts) => layouts.iter().any(|layout| layout.clock.is_some()),
            _ => false,
        }
    }

    /// How far back the device's own times are believed.
    pub(crate) fn believed(&self) -> Duration {
        match (self.way, self.memory()) {
            (Way::Own(own), _) => own.believed,
            (_, Memory::Hours(log)) => log.believed,
            _ => codec::OLDEST,
        }
    }

    /// What it says of the time before.
    pub(crate) fn memory(&self) -> Memory {
        match self.way {
            Way::Own(own) if own.tells_collection => Memory::Collection,
            Way::Lora(_, layouts) => layouts.iter().find_map(|layout| layout.log).map_or(Memory::Nothing, Memory::Hours),
            _ => Memory::Nothing,
        }
    }

    /// Whether it counts cars that pass, and does not watch a bay.
    pub(crate) fn counts_cars(&self) -> bool {
        self.name == "nwave-ncc405"
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

    /// What its network server says when it joins, if it does: topic and payload.
    pub(crate) fn join(&self, device: &Device, time: Timestamp) -> Option<(String, Vec<u8>)> {
        let Way::Lora(network, _) = self.way else { return None };
        network::join(network, device, time).map(|(topic, text)| (topic, text.into_bytes()))
    }

    /// Why a message of it is put aside of which half is missing, or whose first byte is another one.
    pub(crate) const fn garbled(&self, first_byte: bool) -> Reason {
        match self.way {
            Way::Telegram { .. } => Reason::UnknownFrame,
            Way::Sparkplug => Reason::BadBytes,
            // Bytes that begin otherwise than JSON are taken for CBOR.
            Way::SenMl if first_byte => Reason::BadShape,
            // It begins with its time.
            Way::Ultralight => Reason::BadTime,
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
        match self.way {
            Way::Sparkplug => sparkplug::half(payload),
            // Half of a text is a text: less than a date is left.
            Way::Ultralight => 8,
            _ => payload.len() / 2,
        }
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
            Way::SenMl | Way::Sparkplug | Way::IotAgent | Way::Ultralight => {
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
            Way::Native | Way::SenMl | Way::Sparkplug | Way::IotAgent | Way::Ultralight => {
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

    /// Makes of what is to be said, all of it being known, what one message can say.
    pub(crate) fn settle(&self, values: &mut Values, log: &mut [Logged]) {
        if let Way::Lora(_, layouts) = self.way {
            if let Some(layout) = Layout::of(layouts, values) {
                layout.settle(values);
            }
            if let Memory::Hours(kept) = self.memory() {
                kept.settle(log);
            }
        }
    }

    /// Topic and payload of what it says.
    pub(crate) fn message(&self, saying: &Saying<'_>, values: &Values) -> (String, Vec<u8>) {
        let Saying { device, time, log, count, .. } = *saying;
        let mut payload = Vec::with_capacity(256);
        let topic = match self.way {
            Way::Native => {
                let version = firmware::version(&device.id, time).filter(|_| firmware::says(count));
                write_marsad(&mut payload, Some(time), Some(count), version.as_ref(), values);
                marsad_topic(&device.zone, device.kind, &device.id)
            }
            Way::SenMl => {
                formats::senml(&mut payload, values, time);
                format!("senml/{}", device.id)
            }
            Way::Sparkplug => return sparkplug::message(saying, values),
            Way::IotAgent => {
                formats::iot_agent(&mut payload, values, time);
                format!("json/city/{}/attrs", device.id)
            }
            Way::Ultralight => {
                formats::ultralight(&mut payload, values, time);
                format!("ul/city/{}/attrs", device.id)
            }
            Way::Own(own) => {
                own.write(&mut payload, values, log, time);
                own.topic(&device.id)
            }
            Way::Lora(network, layouts) => {
                let (port, bytes) = Layout::of(layouts, values).map(|layout| layout.frame(values, log, time)).unwrap_or_default();
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
