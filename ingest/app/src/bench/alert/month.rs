//! A back-test of a month: the engines of `marsad backtest` over readings that are made as they are judged. Reading them
//! from a file or a store is not in it, nor are the texts, which are made for `--notifications` alone.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rules::RuleSet;
use schemas::{DeviceId, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use serde::Serialize;
use settings::{RULE_PACKS, Settings};

use super::{Figures, in_f64, mib};
use crate::backtest::{CHUNK, Judges};
use crate::failure::{Code, Failure};
use crate::memory::Resident;
use crate::progress::Progress;

/// 2026-09-21T00:00:00Z
const START: i64 = 1_789_948_800_000;
const QUARTER: i64 = 900_000;
const QUARTERS_OF_A_DAY: i64 = 96;
/// What a month of 10,000 devices may take on two cores, seconds.
const TARGET: f64 = 10.0;
/// Devices and days of the target.
const MONTH: u64 = 10_000 * 30;

#[derive(Debug, Serialize)]
pub(super) struct Month {
    days: u16,
    devices: u32,
    rules: usize,
    threads: usize,
    readings: u64,
    transitions: u64,
    judging_seconds: f64,
    readings_per_second: f64,
    /// Of so many devices and days.
    target_seconds: f64,
    /// What it took over what it may take.
    target_ratio: f64,
    resident_bytes_most: u64,
}

impl Figures for Month {
    const NAME: &'static str = "backtest";

    fn lines(&self) -> Vec<String> {
        vec![
            format!(
                "back-test of {} days, {} devices, {} rules, {} threads: {} readings, {} transitions",
                self.days, self.devices, self.rules, self.threads, self.readings, self.transitions
            ),
            format!(
                "  judging took              {:>10.1} s: {:.0} readings/s, {:.2} of the target of {:.1} s",
                self.judging_seconds, self.readings_per_second, self.target_ratio, self.target_seconds
            ),
            format!("  memory                    {:>10.0} MiB resident at most", mib(self.resident_bytes_most)),
        ]
    }
}

/// A device, and what its readings are made from.
struct Source {
    reading: Reading,
    number: i64,
}

/// Of twenty devices twelve are bins, four bays, three meters and one an air station.
fn sources(devices: u32) -> Result<Vec<Source>, Failure> {
    let wrong = |e: schemas::NameError| Failure::new(Code::Stopped, e.to_string());
    let zone = Zone::new("anfa").map_err(wrong)?;
    let source = |number: u32| {
        let (kind, quantity) = match number % 20 {
            0..12 => (Kind::WASTE, Quantity::WASTE_FILL),
            12..16 => (Kind::PARKING, Quantity::PARKING_OCCUPIED),
            16..19 => (Kind::WATER, Quantity::WATER_VOLUME),
            _ => (Kind::AIR, Quantity::AIR_NO2),
        };
        let device: DeviceId = format!("{kind}-{number:06}").parse().map_err(wrong)?;
        let reading = Reading {
            series: SeriesKey { device, quantity, channel: 0 },
            kind,
            zone: zone.clone(),
            value: 0.0,
            observed_at: Timestamp::MIN,
            received_at: Timestamp::MIN,
            quality: Quality::GOOD,
        };
        Ok(Source { reading, number: i64::from(number) })
    };
    (0..devices).map(source).collect()
}

impl Source {
    /// What it says in the quarter `n`: bins fill in a day or two and are emptied, bays are taken and left, meters count
    /// more by day than by night, the air is worse in the evening.
    fn say(&mut self, n: i64) -> Reading {
        let Self { reading, number } = self;
        let quarter = n % QUARTERS_OF_A_DAY;
        let tenths = match reading.kind {
            Kind::WASTE => (n * (40 + *number % 60) + *number * 37) % 10_400 / 10,
            Kind::PARKING => (n / (1 + *number % 9) + *number) % 2 * 10,
            Kind::WATER => (n * 7 + quarter.clamp(24, 88) * 3 + n / QUARTERS_OF_A_DAY * 192 + *number) / 10,
            _ => 200 + 10 * ((quarter - 76).abs().min(20) * -7 + 140 + *number % 23),
        };
        reading.value = f64::from(i32::try_from(tenths).unwrap_or(i32::MAX)) / 10.0;
        // Each has its own second of the quarter.
        reading.observed_at = Timestamp::clamped(START + n * QUARTER + *number * QUARTER / (1 << 20));
        reading.received_at = reading.observed_at.plus(Duration::from_secs(2));
        reading.clone()
    }
}

pub(super) fn measure(settings: &Settings, devices: u32, days: u16) -> Result<Month, Failure> {
    let rules =
        RuleSet::parse(&RULE_PACKS).map_err(|wrong| Failure::new(Code::Stopped, format!("the shipped rules: {wrong:?}")))?;
    let rules = Arc::new(rules);
    let mut judges = Judges::new(&rules, &settings::check(settings)?);
    judges.leave_out_texts();
    let mut sources = sources(devices)?;
    let (quarters, progress) = (i64::from(days) * QUARTERS_OF_A_DAY, Progress::of("readings judged"));
    let all = quarters.unsigned_abs() * u64::from(devices);
    let (mut chunk, mut readings, mut transitions, mut judging) = (Vec::with_capacity(CHUNK), 0u64, 0u64, Duration::ZERO);
    let mut judge = |chunk: &mut Vec<Reading>| {
        let began = Instant::now();
        transitions += judges.judge(chunk).len() as u64;
        judging += began.elapsed();
        readings += chunk.len() as u64;
        progress.at(readings, all);
        chunk.clear();
    };
    for n in 0..quarters {
        for source in &mut sources {
            if chunk.len() == CHUNK {
                judge(&mut chunk);
            }
            chunk.push(source.say(n));
        }
    }
    judge(&mut chunk);
    let began = Instant::now();
    transitions += judges.finish(Timestamp::clamped(START + quarters * QUARTER)).len() as u64;
    judging += began.elapsed();
    let most = Resident::own().most;
    let seconds = judging.as_secs_f64();
    let target_seconds = TARGET * in_f64(u64::from(devices) * u64::from(days)) / in_f64(MONTH);
    Ok(Month {
        days,
        devices,
        rules: rules.rules().len(),
        threads: judges.threads(),
        readings,
        transitions,
        judging_seconds: seconds,
        readings_per_second: in_f64(readings) / seconds,
        target_seconds,
        target_ratio: seconds / target_seconds,
        resident_bytes_most: most,
    })
}
