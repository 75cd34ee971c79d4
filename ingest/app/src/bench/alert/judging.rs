//! Readings judged per second, and what a series costs in memory: four series a device, 20 rules, a reading of each series
//! each quarter of an hour of the data's time, until the past that late readings can still join is as long as it gets.
//!
//! Measured twice on one thread, as the program has one evaluator: the engine alone, and as the evaluator does it, which
//! also writes states and transitions into a register (SQLite, with sync) as often as the evaluator would.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::{AlertBook, EvaluatorStep};
use register::Register;
use rules::{Engine, RuleSet};
use schemas::{Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Transition, Zone};
use serde::Serialize;

use super::super::scratch;
use super::{Figures, in_f64, mib};
use crate::failure::{Code, Failure};
use crate::memory::Resident;
use crate::progress::Progress;

const QUANTITIES: [Quantity; 4] =
    [Quantity::WASTE_FILL, Quantity::WASTE_TEMPERATURE, Quantity::BATTERY_LEVEL, Quantity::DEVICE_TILT];
/// 2026-11-21T00:00:00Z
const START: i64 = 1_795_219_200_000;
const QUARTER: i64 = 900_000;
/// Rounds until the past is full: 48 hours and some. Of these the last are measured.
const ROUNDS: i64 = 200;
const MEASURED: i64 = 8;
/// Readings that the evaluator is given at once, about: a batch of the feed.
const BATCH: usize = 2_048;

#[derive(Debug, Serialize)]
pub(super) struct Judged {
    series: usize,
    devices: usize,
    rules: usize,
    /// The engine alone, one thread.
    readings_per_second: f64,
    /// Its share of those that the engine judged when its past was empty.
    full_past_ratio: f64,
    /// With states and transitions committed as the evaluator commits them.
    with_commits_per_second: f64,
    commits: u32,
    commit_seconds_mean: f64,
    /// Of the time.
    commit_share: f64,
    state_bytes_mean: f64,
    transitions: usize,
    /// As the engine counts them.
    counted_bytes_per_series: f64,
    /// By what the process grew.
    resident_bytes_per_series: f64,
    resident_bytes: u64,
}

impl Figures for Judged {
    const NAME: &'static str = "judge";

    fn lines(&self) -> Vec<String> {
        vec![
            format!("{} series of {} devices, {} rules, one thread, 48 h of past", self.series, self.devices, self.rules),
            format!("  the engine alone          {:>10.0} readings/s", self.readings_per_second),
            format!(
                "  with commits (SQLite)     {:>10.0} readings/s, {} commits of {:.0} ms on average: {:.0} % of the time, {:.0} bytes a state",
                self.with_commits_per_second,
                self.commits,
                self.commit_seconds_mean * 1e3,
                self.commit_share * 100.0,
                self.state_bytes_mean
            ),
            format!(
                "  memory                    {:>10.0} bytes a series resident, {:.0} counted; {:.0} MiB in all",
                self.resident_bytes_per_series,
                self.counted_bytes_per_series,
                mib(self.resident_bytes)
            ),
        ]
    }
}

/// Three rules of values and one of silence for each quantity, and one of silence for each kind.
fn rules() -> Result<Arc<RuleSet>, Failure> {
    let head = |id: &str| {
        format!(
            "[[rule]]\nid = \"{id}\"\nseverity = \"info\"\nnotify = []\ntexts = {{ fr = \"{{device}}\", ar = \"{{device}}\", en = \"{{device}}\" }}\n"
        )
    };
    let conditions = [
        "threshold = { at_least = 90, clear = 80 }",
        "hold = \"30m\"\nthreshold = { at_least = 95, clear = 85 }",
        "threshold = { below = 10, clear = 15 }",
        "absence = { longer_than = \"3h\" }",
    ];
    let mut text = String::new();
    for quantity in QUANTITIES {
        for (number, condition) in conditions.iter().enumerate() {
            text += &head(&format!("{quantity}.{number}"));
            text += &format!("when = {{ kind = \"waste\", quantity = \"{quantity}\" }}\n{condition}\n");
        }
    }
    for kind in ["waste", "air", "parking", "water"] {
        text += &head(&format!("silent.{kind}"));
        text += &format!("when = {{ kind = \"{kind}\" }}\nabsence = {{ longer_than = \"48h\" }}\n");
    }
    let rules = RuleSet::parse(&[("bench.toml", text)]);
    rules.map(Arc::new).map_err(|wrong| Failure::new(Code::Stopped, format!("the rules of the benchmark: {wrong:?}")))
}

/// A reading of each series. Devices in a scattered order, as they are heard: the caches see no pattern.
fn readings(devices: u32) -> Result<Vec<Reading>, Failure> {
    let wrong = |e: schemas::NameError| Failure::new(Code::Stopped, e.to_string());
    let zone = Zone::new("sidi-belyout").map_err(wrong)?;
    // Odd, so that every device has a number of its own.
    let mut numbers: Vec<u32> = (0..devices).map(|d| d.wrapping_mul(0x9E37_79B1)).collect();
    numbers.sort_unstable_by_key(|n| n.reverse_bits());
    let mut all = Vec::with_capacity(numbers.len() * QUANTITIES.len());
    for number in numbers {
        let device: schemas::DeviceId = format!("{number:016x}").parse().map_err(wrong)?;
        all.extend(QUANTITIES.map(|quantity| Reading {
            series: SeriesKey { device: device.clone(), quantity, channel: 0 },
            kind: Kind::WASTE,
            zone: zone.clone(),
            value: 50.0,
            observed_at: Timestamp::MIN,
            received_at: Timestamp::MIN,
            quality: Quality::GOOD,
        }));
    }
    Ok(all)
}

/// The next round: a quarter of an hour later, and of one device in a hundred a value beyond a limit, every other time.
fn turn(readings: &mut [Reading], round: i64) {
    for (place, reading) in readings.iter_mut().enumerate() {
        reading.observed_at = Timestamp::clamped(START + round * QUARTER);
        reading.received_at = Timestamp::clamped(START + round * QUARTER + 2_000);
        reading.value = if round % 2 == 1 && place % (100 * QUANTITIES.len()) == 0 { 96.0 } else { 50.0 };
    }
}

pub(super) fn measure(series: u32) -> Result<Judged, Failure> {
    let rules = rules()?;
    let mut readings = readings(series.div_ceil(4))?;
    let (mut engine, mut out, progress) = (Engine::new(Arc::clone(&rules)), Vec::new(), Progress::of("rounds"));
    let empty = Resident::own().now;
    let (mut first, mut last, mut transitions) = (Duration::ZERO, Duration::ZERO, 0);
    for round in 0..ROUNDS {
        progress.at(round.unsigned_abs(), (ROUNDS + MEASURED).unsigned_abs());
        turn(&mut readings, round);
        let began = Instant::now();
        readings.iter().for_each(|reading| engine.observe(reading, &mut out));
        engine.advance(Timestamp::clamped(START + round * QUARTER), &mut out);
        match round {
            // The very first one makes the devices known.
            1..=MEASURED => first += began.elapsed(),
            _ if round >= ROUNDS - MEASURED => last += began.elapsed(),
            _ => {}
        }
        transitions += out.len();
        out.clear();
    }
    let full = Resident::own().now;
    let counted = engine.bytes();
    engine.take_dirty();
    let committed = with_commits(&mut engine, &mut readings, &progress)?;
    let measured = in_f64(readings.len() as u64 * MEASURED.unsigned_abs());
    let per_series = |bytes: u64| in_f64(bytes) / in_f64(readings.len() as u64);
    Ok(Judged {
        series: readings.len(),
        devices: engine.devices(),
        rules: rules.rules().len(),
        readings_per_second: measured / last.as_secs_f64(),
        full_past_ratio: first.as_secs_f64() / last.as_secs_f64(),
        with_commits_per_second: measured / committed.whole.as_secs_f64(),
        commits: committed.commits,
        commit_seconds_mean: committed.inside.as_secs_f64() / f64::from(committed.commits.max(1)),
        commit_share: committed.inside.as_secs_f64() / committed.whole.as_secs_f64(),
        state_bytes_mean: in_f64(committed.bytes) / in_f64(committed.states.max(1)),
        transitions,
        counted_bytes_per_series: per_series(counted as u64),
        resident_bytes_per_series: per_series(full.saturating_sub(empty)),
        resident_bytes: full,
    })
}

#[derive(Default)]
struct Committed {
    whole: Duration,
    inside: Duration,
    commits: u32,
    states: u64,
    bytes: u64,
}

/// Further rounds, with commits when the evaluator would make them.
fn with_commits(engine: &mut Engine, readings: &mut [Reading], progress: &Progress) -> Result<Committed, Failure> {
    let place = scratch()?;
    let failed = |e: &dyn std::fmt::Display| Failure::new(Code::Disk, e.to_string());
    let register = Register::open(&place.path().join("register.db")).map_err(|e| failed(&e))?;
    let (mut sum, mut out, mut cursor) = (Committed::default(), Vec::new(), 0);
    let (mut last, mut pause) = (Instant::now(), Duration::ZERO);
    for round in ROUNDS..ROUNDS + MEASURED {
        progress.at(round.unsigned_abs(), (ROUNDS + MEASURED).unsigned_abs());
        turn(readings, round);
        let began = Instant::now();
        for batch in readings.chunks(BATCH) {
            batch.iter().for_each(|reading| engine.observe(reading, &mut out));
            engine.advance(Timestamp::clamped(START + round * QUARTER), &mut out);
            cursor += batch.len() as u64;
            if !out.is_empty() && last.elapsed() >= pause {
                let began = Instant::now();
                commit(engine, &register, cursor, std::mem::take(&mut out), &mut sum).map_err(|e| failed(&e))?;
                last = Instant::now();
                sum.inside += last - began;
                pause = pipeline::pause_after(last - began, pipeline::TOLD_WITHIN);
            }
        }
        sum.whole += began.elapsed();
    }
    Ok(sum)
}

fn commit(
    engine: &mut Engine,
    register: &Register,
    cursor: u64,
    transitions: Vec<Transition>,
    sum: &mut Committed,
) -> Result<(), ports::RecordError> {
    let states = engine.take_dirty();
    sum.commits += 1;
    sum.states += states.len() as u64;
    sum.bytes += states.iter().map(|(_, state)| state.len() as u64).sum::<u64>();
    register.commit(&EvaluatorStep { cursor, states, transitions, now: Timestamp::clamped(START) })
}
