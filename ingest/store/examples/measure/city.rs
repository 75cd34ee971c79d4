//! A city as the store hears it: messages in the order of their arrival, the same for one seed.

use std::collections::BTreeMap;
use std::time::Duration;

use schemas::{DeviceId, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};

/// Thursday 2026-11-19, the start of a week of the store.
pub(crate) const T0: i64 = 1_795_046_400_000;
const MINUTE: i64 = 60_000;
/// Minutes by which one message in a hundred is late.
const LATE: i64 = 10;

/// How many of what there are.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// Of eight quantities each.
    pub(crate) stations: usize,
    /// Minutes between two messages of a station.
    pub(crate) every: i64,
    /// One quantity, hourly.
    pub(crate) meters: usize,
    /// Two quantities, every quarter of an hour.
    pub(crate) bins: usize,
    /// One quantity, by chance every half an hour.
    pub(crate) bays: usize,
}

/// One device: its readings as it last sent them, and each value in tenths.
struct Device {
    readings: Vec<(Reading, i64)>,
    every: i64,
    /// Its second of the minute, in milliseconds, and its minute of the interval.
    offset: i64,
    phase: i64,
    counts: bool,
}

struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % sides).expect("few sides")
    }
}

/// The city; [`City::minute`] lets it live.
pub(crate) struct City {
    devices: Vec<Device>,
    minute: i64,
    waiting: BTreeMap<i64, Vec<Reading>>,
    dice: Dice,
}

const AIR: [Quantity; 8] = [
    Quantity::AIR_PM2_5,
    Quantity::AIR_PM10,
    Quantity::AIR_NO2,
    Quantity::AIR_O3,
    Quantity::AIR_TEMPERATURE,
    Quantity::AIR_HUMIDITY,
    Quantity::AIR_PRESSURE,
    Quantity::AIR_NOISE,
];

impl City {
    pub(crate) fn new(size: Size) -> Self {
        let mut city = Self { devices: Vec::new(), minute: 0, waiting: BTreeMap::new(), dice: Dice(42) };
        for (count, kind, every, quantities) in [
            (size.stations, Kind::AIR, size.every, &AIR[..]),
            (size.meters, Kind::WATER, 60, &[Quantity::WATER_VOLUME][..]),
            (size.bins, Kind::WASTE, 15, &[Quantity::WASTE_FILL, Quantity::BATTERY_VOLTAGE][..]),
            (size.bays, Kind::PARKING, 30, &[Quantity::PARKING_OCCUPIED][..]),
        ] {
            for _ in 0..count {
                city.settle(kind, every, quantities);
            }
        }
        // In the order of their seconds, as they come.
        city.devices.sort_by_key(|d| d.offset);
        city
    }

    fn settle(&mut self, kind: Kind, every: i64, quantities: &[Quantity]) {
        let number = self.devices.len();
        let name = format!("{:016x}", (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let device = DeviceId::new(&name).expect("a good name");
        let zone = Zone::new(["anfa", "maarif", "hay-hassani", "ain-chock"][number % 4]).expect("a good name");
        let readings = quantities.iter().map(|quantity| {
            let series = SeriesKey { device: device.clone(), quantity: *quantity, channel: 0 };
            let (observed_at, received_at) = (Timestamp::MIN, Timestamp::MIN);
            let reading =
                Reading { series, kind, zone: zone.clone(), value: 0.0, observed_at, received_at, quality: Quality::GOOD };
            (reading, 200 + self.dice.throw(300))
        });
        let readings = readings.collect();
        let (offset, phase) = (self.dice.throw(60) * 1000, self.dice.throw(every.unsigned_abs()));
        self.devices.push(Device { readings, every, offset, phase, counts: kind == Kind::WATER });
    }

    /// Series of devices of a kind.
    pub(crate) fn series(&self, kind: Kind) -> impl Iterator<Item = &SeriesKey> {
        self.devices.iter().flat_map(|d| &d.readings).map(|(r, _)| r).filter(move |r| r.kind == kind).map(|r| &r.series)
    }

    /// What arrives in the next minute. A message is a walk by up to three tenths, or a count; it is heard within a
    /// second. One in a hundred is ten minutes late, one in a hundred comes twice.
    pub(crate) fn minute(&mut self, out: &mut Vec<Reading>) {
        let now = self.minute;
        self.minute += 1;
        out.extend(self.waiting.remove(&now).into_iter().flatten());
        for device in &mut self.devices {
            let chance = device.readings[0].0.kind == Kind::PARKING;
            let due = if chance { self.dice.throw(30) == 0 } else { (now - device.phase) % device.every == 0 };
            if !due {
                continue;
            }
            let fate = self.dice.throw(100);
            let second = if chance { self.dice.throw(60) * 1000 } else { device.offset };
            let observed = Timestamp::clamped(T0 + now * MINUTE + second);
            let delay = self.dice.throw(1_000) + if fate == 0 { LATE * MINUTE } else { 0 };
            let received = observed.plus(Duration::from_millis(delay.unsigned_abs()));
            for (reading, tenths) in &mut device.readings {
                *tenths += if device.counts { self.dice.throw(20) } else { self.dice.throw(7) - 3 };
                let value = if chance { self.dice.throw(2) * 10 } else { *tenths };
                reading.value = f64::from(i32::try_from(value).expect("a short walk")) / 10.0;
                (reading.observed_at, reading.received_at) = (observed, received);
            }
            let message = || device.readings.iter().map(|(reading, _)| reading.clone());
            match fate {
                0 => self.waiting.entry(now + LATE).or_default().extend(message()),
                1 => out.extend(message().chain(message())),
                _ => out.extend(message()),
            }
        }
    }
}
