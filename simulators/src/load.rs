//! Load: many synthetic devices, payloads of one size, every message unique and known beforehand,
//! for benchmarks and for tests that kill the program and then ask for every single reading.

use schemas::{DeviceId, Quantity, Timestamp};

use crate::chance::Chance;

/// The quantities of an air station, in the order in which a payload grows.
static GROWTH: [Quantity; 8] = [
    Quantity::AIR_PM10,
    Quantity::AIR_PM2_5,
    Quantity::AIR_NO2,
    Quantity::AIR_O3,
    Quantity::AIR_SO2,
    Quantity::AIR_PM1,
    Quantity::AIR_PM4,
    Quantity::AIR_NO,
];
/// 2026-11-21T00:00:00Z
const DEFAULT_START: i64 = 1_795_219_200_000;

/// Synthetic devices `load-000000` and on, kind air, that speak Marsad's own JSON.
///
/// Message `n` is of device `n mod devices`, observed `n / devices` milliseconds after the start:
/// no two messages share device and time.
#[derive(Clone, Debug)]
pub struct Load {
    chance: Chance,
    devices: u64,
    start: i64,
    /// (`"air.pm10#1":`) of each value.
    keys: Vec<Box<[u8]>>,
}

impl Load {
    /// Payloads of as many values as come nearest to `bytes`, at least one; all payloads of a
    /// generator have the same length.
    #[must_use]
    pub fn new(seed: u64, devices: u32, bytes: usize) -> Self {
        let key = |i: usize| {
            let (quantity, channel) = (GROWTH.get(i % GROWTH.len()).copied().unwrap_or(Quantity::AIR_PM10), i / GROWTH.len());
            let name = quantity.name();
            let text = if channel == 0 { format!("\"{name}\":") } else { format!("\"{name}#{channel}\":") };
            text.into_bytes().into_boxed_slice()
        };
        let mut load =
            Self { chance: Chance::new(seed), devices: u64::from(devices.max(1)), start: DEFAULT_START, keys: vec![key(0)] };
        // 8 quantities on 256 channels each are all there are.
        for i in 1..GROWTH.len() * 256 {
            let next = key(i);
            // Half of what the next one adds (key, number, comma) is the rounding point.
            if load.payload_len() + (next.len() + 5) / 2 >= bytes {
                break;
            }
            load.keys.push(next);
        }
        load
    }

    /// With the first observation at `start`. Take one a little in the past: a device's time more
    /// than 5 minutes ahead of ours is not believed.
    #[must_use]
    pub fn starting(self, start: Timestamp) -> Self {
        Self { start: start.millis(), ..self }
    }

    /// Length of every payload, bytes.
    #[must_use]
    pub fn payload_len(&self) -> usize {
        let values: usize = self.keys.iter().map(|k| k.len() + 4).sum();
        b"{\"v\":1,\"time\":1795219200000,\"values\":{}}".len() + values + self.keys.len() - 1
    }

    /// Readings in every message.
    #[must_use]
    pub fn readings(&self) -> usize {
        self.keys.len()
    }

    /// Writes topic and payload of message `n`; what was in them goes.
    pub fn publish(&self, n: u64, topic: &mut String, payload: &mut Vec<u8>) {
        topic.clear();
        topic.push_str("marsad/load/air/");
        self.push_id(n, topic);
        topic.push_str("/up");
        payload.clear();
        payload.extend_from_slice(b"{\"v\":1,\"time\":");
        digits(payload, self.time(n).cast_unsigned(), 13);
        payload.extend_from_slice(b",\"values\":{");
        for (i, key) in self.keys.iter().enumerate() {
            if i > 0 {
                payload.push(b',');
            }
            payload.extend_from_slice(key);
            let tenths = self.tenths(n, i);
            digits(payload, tenths / 10, 2);
            payload.push(b'.');
            digits(payload, tenths % 10, 1);
        }
        payload.extend_from_slice(b"}}");
    }

    /// The first reading of message `n`: device, quantity (channel 0), time, value.
    ///
    /// # Panics
    /// Never: the id is a name.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "tenths below 1000")]
    pub fn expect(&self, n: u64) -> (DeviceId, Quantity, Timestamp, f64) {
        let mut id = String::new();
        self.push_id(n, &mut id);
        let device = DeviceId::new(&id).expect("letters, digits and a hyphen");
        (device, GROWTH[0], Timestamp::clamped(self.time(n)), self.tenths(n, 0) as f64 / 10.0)
    }

    fn time(&self, n: u64) -> i64 {
        self.start + (n / self.devices).cast_signed()
    }

    fn push_id(&self, n: u64, out: &mut String) {
        out.push_str("load-");
        let mut number = [0; 10];
        let device = n % self.devices;
        for (i, digit) in number.iter_mut().rev().enumerate() {
            *digit = digit_of(device, i);
        }
        let shown = if device < 1_000_000 { number.get(4..) } else { number.get(..) };
        out.extend(shown.unwrap_or_default().iter().map(|d| char::from(*d)));
    }

    /// 100 to 449: always two digits, a point and one digit. A level of the device's own and a little
    /// noise, below every threshold of the shipped rules: a calm city, in which judging is not telling.
    fn tenths(&self, n: u64, value: usize) -> u64 {
        let level = self.chance.branch((n % self.devices).cast_signed()).branch(-1).bits() % 300;
        100 + level + self.chance.branch(n.cast_signed()).branch(i64::try_from(value).unwrap_or(0)).bits() % 50
    }
}

/// Appends exactly `width` decimal digits.
fn digits(out: &mut Vec<u8>, number: u64, width: usize) {
    out.extend((0..width).rev().map(|i| digit_of(number, i)));
}

fn digit_of(number: u64, place: usize) -> u8 {
    b'0' + (number / 10_u64.pow(u32::try_from(place).unwrap_or(0)) % 10) as u8
}
