//! The readings of a generated city, in the order in which they are heard: stations with 8 quantities, meters an hour, bins a
//! quarter of an hour, bays that change every ten minutes; before them a year of hours of some meters. One message in a
//! hundred is late by up to a day, one in a hundred comes twice.

use std::collections::VecDeque;
use std::time::Duration;

use schemas::{DeviceId, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};

use crate::failure::{Code, Failure};

/// How many devices of each kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    stations: usize,
    /// Minutes between two messages of a station.
    every: usize,
    meters: usize,
    bins: usize,
    bays: usize,
}

/// The city of the benchmark.
pub(super) const CITY: Size = Size { stations: 500, every: 1, meters: 10_000, bins: 1_000, bays: 1_000 };
/// One of 5,000 devices, for a whole year.
pub(super) const TOWN: Size = Size { stations: 500, every: 15, meters: 3_000, bins: 1_000, bays: 500 };

impl Size {
    /// Readings of a minute, on average.
    const fn a_minute(self) -> u64 {
        (self.stations * AIR.len() / self.every + self.meters / 60 + self.bins / 15 + self.bays / 10) as u64
    }

    /// Readings of so many days.
    pub(super) const fn readings(self, days: u64) -> u64 {
        self.a_minute() * days * 24 * 60
    }
}

const AIR: [Quantity; 8] = [
    Quantity::AIR_PM2_5,
    Quantity::AIR_PM10,
    Quantity::AIR_NO2,
    Quantity::AIR_O3,
    Quantity::AIR_SO2,
    Quantity::AIR_CO,
    Quantity::AIR_TEMPERATURE,
    Quantity::AIR_HUMIDITY,
];
const YEAR: u64 = 365 * 24;
const MINUTE: Duration = Duration::from_secs(60);
/// Late readings that wait at most.
const WAITING: usize = 50_000;

struct Dice(u64);

impl Dice {
    /// 0 to `sides` - 1 (Knuth's MMIX generator, its upper half).
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// One series, which walks by steps of its resolution.
struct Walker {
    reading: Reading,
    steps: f64,
    resolution: f64,
    /// A counter only grows.
    counts: bool,
}

pub(super) struct Town {
    every: usize,
    stations: Vec<Walker>,
    meters: Vec<Walker>,
    bins: Vec<Walker>,
    bays: Vec<Walker>,
    dice: Dice,
    /// Meters with a year before everything else.
    old: usize,
    /// Hours of that year told so far.
    hour: u64,
    minute: u64,
    begin: Timestamp,
    late: VecDeque<Reading>,
}

fn walkers(count: usize, name: &str, kind: Kind, quantities: &[Quantity], resolution: f64) -> Result<Vec<Walker>, Failure> {
    let odd = |e: schemas::NameError| Failure::new(Code::Failed, e.to_string());
    let mut all = Vec::with_capacity(count * quantities.len());
    for number in 0..count {
        let device = DeviceId::new(&format!("{name}-{number:05}")).map_err(odd)?;
        let zone = Zone::new(["anfa", "maarif", "hay-hassani", "ain-chock"][number % 4]).map_err(odd)?;
        for quantity in quantities {
            let reading = Reading {
                series: SeriesKey { device: device.clone(), quantity: *quantity, channel: 0 },
                kind,
                zone: zone.clone(),
                value: 0.0,
                observed_at: Timestamp::MIN,
                received_at: Timestamp::MIN,
                quality: Quality::GOOD,
            };
            let counts = kind == Kind::WATER;
            all.push(Walker { reading, steps: 300.0, resolution, counts });
        }
    }
    Ok(all)
}

impl Walker {
    fn step(&mut self, observed: Timestamp, heard: Timestamp, dice: &mut Dice) -> Reading {
        let step = i32::try_from(dice.throw(7)).unwrap_or_default();
        let step = f64::from(if self.counts { step } else { step - 3 });
        self.steps = if self.counts { self.steps + step } else { (self.steps + step).clamp(0.0, 999.0) };
        self.reading.value = if self.resolution == 0.0 { f64::from(u8::from(step > 0.0)) } else { self.steps / self.resolution };
        self.reading.observed_at = observed;
        self.reading.received_at = heard;
        self.reading.clone()
    }
}

impl Town {
    /// A city whose last reading is heard about at `end`, after so many; some of its meters have a year before that.
    pub(super) fn new(readings: u64, end: Timestamp, seed: u64) -> Result<Self, Failure> {
        let old = usize::try_from((readings / 20 / YEAR).max(1)).unwrap_or(CITY.meters).min(CITY.meters);
        Self::of(CITY, old, readings, end, seed)
    }

    /// A city of another size, of which nothing was before.
    pub(super) fn of_size(size: Size, readings: u64, end: Timestamp, seed: u64) -> Result<Self, Failure> {
        Self::of(size, 0, readings, end, seed)
    }

    fn of(size: Size, old: usize, readings: u64, end: Timestamp, seed: u64) -> Result<Self, Failure> {
        let minutes = readings / size.a_minute() + 2;
        let begin = end.minus(MINUTE * u32::try_from(minutes).unwrap_or(u32::MAX));
        Ok(Self {
            every: size.every,
            stations: walkers(size.stations, "st", Kind::AIR, &AIR, 10.0)?,
            meters: walkers(size.meters, "meter", Kind::WATER, &[Quantity::WATER_VOLUME], 1_000.0)?,
            bins: walkers(size.bins, "bin", Kind::WASTE, &[Quantity::WASTE_FILL], 10.0)?,
            bays: walkers(size.bays, "bay", Kind::PARKING, &[Quantity::PARKING_OCCUPIED], 0.0)?,
            dice: Dice(seed),
            old,
            hour: if old == 0 { YEAR } else { 0 },
            minute: 0,
            begin: begin.hour(),
            late: VecDeque::new(),
        })
    }

    /// Where the minutes begin.
    pub(super) fn begin(&self) -> Timestamp {
        self.begin
    }

    pub(super) fn stations(&self) -> Vec<DeviceId> {
        self.stations.iter().step_by(AIR.len()).map(|walker| walker.reading.series.device.clone()).collect()
    }

    /// One with a year behind it.
    pub(super) fn old_meter(&self) -> DeviceId {
        self.meters[0].reading.series.device.clone()
    }

    /// Appends what is heard next: an hour of the year before, or a minute.
    pub(super) fn next(&mut self, out: &mut Vec<Reading>) {
        let Self { every, stations, meters, bins, bays, dice, old, late, .. } = self;
        if self.hour < YEAR {
            let at = self.begin.minus(MINUTE * 60 * u32::try_from(YEAR - self.hour).unwrap_or_default());
            let heard = at.plus(Duration::from_millis(dice.throw(1_000)));
            out.extend(meters.iter_mut().take(*old).map(|meter| meter.step(at, heard, dice)));
            self.hour += 1;
            return;
        }
        let minute = usize::try_from(self.minute).unwrap_or(usize::MAX);
        let at = self.begin.plus(MINUTE * u32::try_from(self.minute).unwrap_or(u32::MAX));
        let parts = [(stations, AIR.len(), *every), (meters, 1, 60), (bins, 1, 15), (bays, 1, 10)];
        for (walkers, each, every) in parts {
            // Spread over the interval, each device with a second of its own.
            for (number, device) in walkers.chunks_mut(each).enumerate().skip(minute % every).step_by(every) {
                let second = u64::try_from(number % 60).unwrap_or_default();
                let observed = at.plus(Duration::from_secs(second));
                let heard = observed.plus(Duration::from_millis(dice.throw(1_000)));
                // What a device measures comes in one message.
                let message: Vec<Reading> = device.iter_mut().map(|walker| walker.step(observed, heard, dice)).collect();
                match dice.throw(100) {
                    0 if late.len() < WAITING => late.extend(message),
                    1 => out.extend(message.iter().cloned().chain(message.iter().cloned())),
                    _ => out.extend(message),
                }
            }
        }
        // Up to a day later.
        let due = late.len() / 1_440 + usize::from(!late.is_empty());
        out.extend(late.drain(..due));
        self.minute += 1;
    }
}
