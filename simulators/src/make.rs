//! Makes of device: which of what is true each can say, how finely, and the bytes in which it says it.
//!
//! The layouts are those that the profiles of `codec` read, from the makers' documents; the network servers' messages are
//! those that its envelopes open. Deliberately absent: what is true (`device`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use codec::{ChirpStackUp, marsad_topic, write_marsad};
use schemas::{Device, Kind, Quantity, Timestamp};

use crate::device::Radio;
use crate::physics::rounded;

/// The ChirpStack application that the simulated LoRaWAN devices belong to.
const APPLICATION: &str = "17c82e96-be03-4f38-aef3-f83d48582d97";
const GATEWAY: &str = "0016c001f153a14c";

/// (quantity, channel, value in the canonical unit)
pub(crate) type Values = Vec<(Quantity, u8, f64)>;

/// A make, with the network that it speaks by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Make {
    /// Marsad's own JSON.
    Marsad,
    /// SenML in JSON (RFC 8428).
    SenMl,
    /// Netvox R718X through ChirpStack.
    Netvox,
    /// Nwave NPS 405 through ChirpStack.
    Nwave,
    /// Milesight EM310-UDL through The Things Stack.
    MilesightUdl,
    /// Bosch TPS110 through The Things Stack.
    Bosch,
    /// Decentlab DL-PM through ThingPark.
    DecentlabPm,
    /// Quandify CubicMeter through ThingPark.
    Quandify,
}

/// What stands around a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    ChirpStack,
    TheThingsStack,
    ThingPark,
}

impl Make {
    /// The make of the `i`th device of a kind, where all makes are wanted.
    pub(crate) fn of(kind: Kind, i: usize) -> Make {
        let choice: &[Make] = match kind {
            Kind::AIR => &[Make::Marsad, Make::SenMl, Make::DecentlabPm],
            Kind::WASTE => &[Make::Marsad, Make::Netvox, Make::MilesightUdl],
            Kind::PARKING => &[Make::Nwave, Make::Bosch],
            _ => &[Make::Marsad, Make::Quandify],
        };
        choice.get(i % choice.len()).copied().unwrap_or(Make::Marsad)
    }

    /// How the platform reads it; none for what needs no profile.
    pub(crate) const fn profile(self) -> Option<&'static str> {
        match self {
            Make::Marsad | Make::SenMl => None,
            Make::Netvox => Some("netvox-r718x"),
            Make::Nwave => Some("nwave-nps405"),
            Make::MilesightUdl => Some("milesight-em310-udl"),
            Make::Bosch => Some("bosch-tps110"),
            Make::DecentlabPm => Some("decentlab-dl-pm"),
            Make::Quandify => Some("quandify-cubicmeter"),
        }
    }

    const fn network(self) -> Option<Network> {
        match self {
            Make::Marsad | Make::SenMl => None,
            Make::Netvox | Make::Nwave => Some(Network::ChirpStack),
            Make::MilesightUdl | Make::Bosch => Some(Network::TheThingsStack),
            Make::DecentlabPm | Make::Quandify => Some(Network::ThingPark),
        }
    }

    /// Whether it speaks LoRaWAN: its time is then the network's.
    pub(crate) const fn is_lora(self) -> bool {
        self.network().is_some()
    }

    /// What it says of what is true, as finely as it can, in the order in which it is read.
    pub(crate) fn carries(self, all: Values) -> Values {
        let of = |quantity| find(&all, quantity);
        let volts = |step: f64| {
            of(Quantity::BATTERY_VOLTAGE)
                .or_else(|| Some(3.0 + 0.6 * of(Quantity::BATTERY_LEVEL)? / 100.0))
                .map(|v| v * 1000.0 / step)
        };
        match self {
            Make::Marsad | Make::Netvox | Make::Nwave => all,
            // Fields of a pack are read by name.
            Make::SenMl => {
                let mut sorted = all;
                sorted.sort_by_key(|(quantity, _, _)| quantity.name());
                sorted
            }
            Make::MilesightUdl => {
                let level = of(Quantity::BATTERY_VOLTAGE).map_or(90.0, |v| ((v - 3.2) * 250.0).clamp(0.0, 100.0).round());
                let tilted = f64::from(u8::from(of(Quantity::DEVICE_TILT).is_some_and(|tilt| tilt >= 45.0)));
                let distance = of(Quantity::WASTE_DISTANCE).unwrap_or(0.0);
                vec![
                    (Quantity::BATTERY_LEVEL, 0, level),
                    (Quantity::WASTE_DISTANCE, 0, distance),
                    (Quantity::DEVICE_TILT_ALARM, 0, tilted),
                ]
            }
            Make::Bosch => {
                let mut told = vec![(Quantity::PARKING_OCCUPIED, 0, of(Quantity::PARKING_OCCUPIED).unwrap_or(0.0))];
                // Only a heartbeat says how warm it is.
                told.extend(of(Quantity::DEVICE_TEMPERATURE).map(|t| (Quantity::DEVICE_TEMPERATURE, 0, rounded(t, 0))));
                told
            }
            Make::DecentlabPm => {
                let (fine, coarse) = (of(Quantity::AIR_PM2_5).unwrap_or(0.0), of(Quantity::AIR_PM10).unwrap_or(0.0));
                let masses =
                    [(Quantity::AIR_PM1, 0.7 * fine), (Quantity::AIR_PM2_5, fine), (Quantity::AIR_PM4, (fine + coarse) / 2.0)];
                let masses = masses.into_iter().chain([(Quantity::AIR_PM10, coarse)]);
                let numbers = NUMBERS
                    .iter()
                    .zip([5.0, 6.0, 6.4, 6.5, 6.6])
                    .filter_map(|(name, per)| Some((name.parse().ok()?, per * fine)));
                let battery = volts(1.0).map(|mv| (Quantity::BATTERY_VOLTAGE, 0, mv.round() / 1000.0));
                battery.into_iter().chain(masses.chain(numbers).map(|(q, v)| (q, 0, tenths(v)))).collect()
            }
            Make::Quandify => {
                let warmth = 16.0;
                let battery = volts(8.0).map_or(150.0, |steps| (steps - 225.0).clamp(163.0, 255.0).round());
                vec![
                    (Quantity::WATER_VOLUME, 0, rounded(of(Quantity::WATER_VOLUME).unwrap_or(0.0).max(0.0), 3)),
                    (Quantity::WATER_LEAK, 0, of(Quantity::WATER_LEAK).unwrap_or(0.0)),
                    (Quantity::WATER_BACKFLOW, 0, 0.0),
                    (FAULT.parse().unwrap_or(Quantity::DEVICE_TAMPER), 0, 0.0),
                    ("water.temperature_min".parse().unwrap_or(Quantity::WATER_TEMPERATURE), 0, warmth),
                    ("water.temperature_max".parse().unwrap_or(Quantity::WATER_TEMPERATURE), 0, warmth + 2.0),
                    (Quantity::DEVICE_TEMPERATURE, 0, warmth + 4.0),
                    (Quantity::BATTERY_VOLTAGE, 0, (1800.0 + 8.0 * battery) / 1000.0),
                    (Quantity::BATTERY_LOW, 0, 0.0),
                ]
            }
        }
    }

    /// A changed value as finely as it can say it.
    pub(crate) fn finest(self, quantity: Quantity, value: f64) -> f64 {
        match self {
            Make::Marsad | Make::SenMl => rounded(value, if quantity.name().starts_with("water.") { 3 } else { 1 }),
            Make::DecentlabPm => tenths(value),
            Make::Quandify => rounded(value.clamp(0.0, 4_000_000.0), 3),
            Make::Netvox | Make::Nwave | Make::MilesightUdl | Make::Bosch => rounded(value, 0).clamp(0.0, 100.0),
        }
    }

    /// Topic and payload of what it says at `time` as number `count` of its own.
    pub(crate) fn message(
        self,
        device: &Device,
        values: &Values,
        radio: Option<Radio>,
        time: Timestamp,
        count: u64,
    ) -> (String, Vec<u8>) {
        let mut payload = Vec::with_capacity(256);
        let topic = match (self.network(), radio) {
            (Some(network), Some(radio)) => {
                let (port, bytes) = self.frame(values);
                let heard = Heard { device, port, bytes: &bytes, time, count: u32::try_from(count & 0xffff).unwrap_or(0), radio };
                heard.write(network, &mut payload)
            }
            _ if self == Make::SenMl => {
                senml(&mut payload, values, time);
                format!("senml/{}", device.id)
            }
            _ => {
                write_marsad(&mut payload, Some(time), Some(count), values);
                marsad_topic(&device.zone, device.kind, &device.id)
            }
        };
        (topic, payload)
    }

    /// Port and bytes of the frame that says these values.
    fn frame(self, values: &Values) -> (u8, Vec<u8>) {
        let scaled = |quantity, by: f64| integer(by * find(values, quantity).unwrap_or(0.0));
        match self {
            Make::MilesightUdl => {
                let distance = scaled(Quantity::WASTE_DISTANCE, 1000.0);
                let mut bytes =
                    vec![0x01, 0x75, low(scaled(Quantity::BATTERY_LEVEL, 1.0)), 0x03, 0x82, low(distance), low(distance >> 8)];
                bytes.extend([0x04, 0x00, low(scaled(Quantity::DEVICE_TILT_ALARM, 1.0))]);
                (85, bytes)
            }
            Make::Bosch => {
                let occupied = low(scaled(Quantity::PARKING_OCCUPIED, 1.0));
                match find(values, Quantity::DEVICE_TEMPERATURE) {
                    Some(warmth) => (2, vec![occupied, low(integer(warmth))]),
                    None => (1, vec![occupied]),
                }
            }
            Make::DecentlabPm => {
                // Version 2, the device's number, battery and particles follow.
                let mut bytes = vec![2, 0x1b, 0x50, 0, 3];
                let mut word = |value: i32| bytes.extend([low(value >> 8), low(value)]);
                word(scaled(Quantity::BATTERY_VOLTAGE, 1000.0));
                for quantity in [Quantity::AIR_PM1, Quantity::AIR_PM2_5, Quantity::AIR_PM4, Quantity::AIR_PM10] {
                    word(scaled(quantity, 10.0));
                }
                // The typical size, which is not taken.
                word(600);
                for quantity in NUMBERS.iter().filter_map(|name| name.parse().ok()) {
                    word(scaled(quantity, 10.0));
                }
                (1, bytes)
            }
            Make::Quandify => {
                let mut bytes = vec![0; 28];
                let litres = scaled(Quantity::WATER_VOLUME, 1000.0);
                for (at, byte) in (6..10).zip(litres.to_le_bytes()) {
                    put(&mut bytes, at, byte);
                }
                put(&mut bytes, 22, if scaled(Quantity::WATER_LEAK, 1.0) == 1 { 3 } else { 2 });
                put(
                    &mut bytes,
                    24,
                    low(integer((find(values, Quantity::BATTERY_VOLTAGE).unwrap_or(3.2) * 1000.0 - 1800.0) / 8.0)),
                );
                let warmths = ["water.temperature_min", "water.temperature_max"]
                    .map(|name| name.parse().ok().and_then(|q| find(values, q)));
                for (at, warmth) in (25..28).zip(warmths.into_iter().chain([find(values, Quantity::DEVICE_TEMPERATURE)])) {
                    put(&mut bytes, at, low(integer((warmth.unwrap_or(0.0) + 20.0) * 2.0)));
                }
                (1, bytes)
            }
            Make::Nwave => nwave(values),
            Make::Netvox | Make::Marsad | Make::SenMl => netvox(values),
        }
    }
}

/// Number concentrations, by size.
const NUMBERS: [&str; 5] = ["air.number_pm0_5", "air.number_pm1", "air.number_pm2_5", "air.number_pm4", "air.number_pm10"];
const FAULT: &str = "device.fault";

fn put(bytes: &mut [u8], at: usize, byte: u8) {
    if let Some(place) = bytes.get_mut(at) {
        *place = byte;
    }
}

/// As a word of tenths can say it.
fn tenths(value: f64) -> f64 {
    (value * 10.0).round().clamp(0.0, 65_535.0) / 10.0
}

fn find(values: &Values, quantity: Quantity) -> Option<f64> {
    values.iter().find(|(q, _, _)| *q == quantity).map(|(_, _, value)| *value)
}

fn netvox(values: &Values) -> (u8, Vec<u8>) {
    let scaled = |quantity, by: f64| integer(by * find(values, quantity).unwrap_or(0.0));
    let (distance, warmth) = (scaled(Quantity::WASTE_DISTANCE, 1000.0), scaled(Quantity::DEVICE_TEMPERATURE, 10.0));
    // Version 1, type 0x34, measurement, battery, status on, then big-endian words.
    let mut bytes = vec![1, 0x34, 1, low(scaled(Quantity::BATTERY_VOLTAGE, 10.0)), 1];
    bytes.extend([low(distance >> 8), low(distance), low(warmth >> 8), low(warmth)]);
    bytes.extend([low(scaled(Quantity::WASTE_FILL, 1.0)), low(scaled(Quantity::DEVICE_TILT, 1.0))]);
    (6, bytes)
}

fn nwave(values: &Values) -> (u8, Vec<u8>) {
    let of = |quantity| find(values, quantity);
    let occupied = integer(of(Quantity::PARKING_OCCUPIED).unwrap_or(0.0));
    if let Some(seconds) = of(Quantity::PARKING_PREV_STATE_DURATION) {
        let (code, _) = compressed(i64::from(integer(seconds / 60.0)));
        return (1, vec![low(code << 1 | occupied)]);
    }
    let battery = integer((of(Quantity::BATTERY_VOLTAGE).unwrap_or(0.0) - 2.5) * 250.0);
    let warmth = integer(2.0 * (of(Quantity::DEVICE_TEMPERATURE).unwrap_or(0.0) - 10.0));
    (2, vec![low(occupied), low(battery), low(warmth)])
}

/// Minutes in the seven bits of the parking detector, and the seconds that they come back as:
/// minutes to 89, steps of 5 from 90, of 60 from 240, 127 for 660 and more.
pub(crate) fn compressed(minutes: i64) -> (i32, i32) {
    let minutes = i32::try_from(minutes.clamp(0, 660)).unwrap_or(660);
    let (code, back) = match minutes {
        0..90 => (minutes, minutes),
        90..240 => (90 + (minutes - 90) / 5, 90 + (minutes - 90) / 5 * 5),
        240..660 => (120 + (minutes - 240) / 60, 240 + (minutes - 240) / 60 * 60),
        _ => (127, 660),
    };
    (code, back * 60)
}

/// A pack of one instant: names of the vocabulary, and the units of RFC 8428 and RFC 8798 where they have one.
fn senml(out: &mut Vec<u8>, values: &Values, time: Timestamp) {
    let seconds = (time.millis().div_euclid(1000), time.millis().rem_euclid(1000));
    let records = values.iter().enumerate().map(|(i, (quantity, _, value))| {
        let base = if i == 0 { format!("\"bt\":{}.{:03},", seconds.0, seconds.1) } else { String::new() };
        let unit = match quantity.unit() {
            "ug/m3" => "\"u\":\"ug/m3\",",
            "Cel" => "\"u\":\"Cel\",",
            _ => "",
        };
        format!("{{{base}\"n\":\"{}\",{unit}\"v\":{value}}}", quantity.name())
    });
    let pack = format!("[{}]", records.collect::<Vec<_>>().join(","));
    out.extend_from_slice(pack.as_bytes());
}

/// A frame as a network server heard it.
struct Heard<'a> {
    device: &'a Device,
    port: u8,
    bytes: &'a [u8],
    time: Timestamp,
    count: u32,
    radio: Radio,
}

impl Heard<'_> {
    /// Appends the server's message; its topic.
    fn write(&self, network: Network, out: &mut Vec<u8>) -> String {
        let Self { device, port, bytes, time, count, radio: Radio { rssi, snr } } = self;
        let id = &device.id;
        let upper = id.as_str().to_ascii_uppercase();
        match network {
            Network::ChirpStack => {
                let up = ChirpStackUp {
                    application: APPLICATION,
                    dev_eui: id,
                    f_port: *port,
                    f_cnt: *count,
                    data: bytes,
                    time: *time,
                    gateway: GATEWAY,
                    rssi: *rssi,
                    snr: *snr,
                };
                up.write(out);
                up.topic()
            }
            Network::TheThingsStack => {
                let counted = if *count == 0 { String::new() } else { format!("\"f_cnt\":{count},") };
                let text = format!(
                    "{{\"end_device_ids\":{{\"device_id\":\"eui-{id}\",\"application_ids\":{{\"application_id\":\"casablanca\"}},\
                     \"dev_eui\":\"{upper}\"}},\"received_at\":\"{time}\",\"uplink_message\":{{\"f_port\":{port},{counted}\
                     \"frm_payload\":\"{}\",\"rx_metadata\":[{{\"gateway_ids\":{{\"gateway_id\":\"roof-1\"}},\"rssi\":{rssi},\
                     \"snr\":{snr}}}],\"received_at\":\"{time}\"}}}}",
                    STANDARD.encode(bytes)
                );
                out.extend_from_slice(text.as_bytes());
                format!("v3/casablanca@city/devices/eui-{id}/up")
            }
            Network::ThingPark => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let text = format!(
                    "{{\"DevEUI_uplink\":{{\"Time\":\"{time}\",\"DevEUI\":\"{upper}\",\"FPort\":{port},\"FCntUp\":{count},\
                     \"MType\":2,\"payload_hex\":\"{hex}\",\"LrrRSSI\":\"{rssi}\",\"LrrSNR\":\"{snr}\"}}}}"
                );
                out.extend_from_slice(text.as_bytes());
                format!("mqtt/things/{upper}/uplink")
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "physical values far within i32")]
pub(crate) fn integer(value: f64) -> i32 {
    value.round() as i32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the low byte is what is meant")]
fn low(value: i32) -> u8 {
    value as u8
}
