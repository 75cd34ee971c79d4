//! `marsad bench simulate`: readings a second that the generator alone makes: what is true, what each device says of it, and the
//! bytes in which it says it. Nobody reads them.

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use schemas::{Kind, Timestamp};
use serde_json::json;
use simulators::{Destiny, Scenario};

use crate::bench::args::BenchSimulate;
use crate::cpu;
use crate::failure::{Code, Failure, unwritable};
use crate::simulate::Traffic;

/// A Saturday in November, as with `marsad simulate`.
const START: &str = "2026-11-21T06:00:00Z";
const STEP: Duration = Duration::from_secs(60);
const SEED: u64 = 2026;

/// What a play gave, and what it took.
struct Run {
    messages: u64,
    readings: u64,
    bytes: u64,
    wall: f64,
    /// Of all threads, s.
    cpu: f64,
}

pub(crate) fn simulate(options: &BenchSimulate, json: bool) -> Result<(), Failure> {
    let kinds = [None, Some(Kind::AIR), Some(Kind::WASTE), Some(Kind::PARKING), Some(Kind::WATER)];
    for only in kinds {
        let run = play(options, only)?;
        let name = only.map_or("all kinds", |kind| kind.name());
        let text = if json {
            json!({ "only": only, "devices": options.devices, "minutes": options.minutes, "threads": options.threads,
                "messages": run.messages, "readings": run.readings, "bytes": run.bytes, "seconds": run.wall,
                "cpu_seconds": run.cpu, "readings_per_second": rate(run.readings, run.wall),
                "readings_per_cpu_second": rate(run.readings, run.cpu) })
            .to_string()
        } else {
            format!(
                "{name:<10} {:>9} messages {:>10} readings {:>6.2} s  {:>10.0} readings/s  {:>10.0} readings/s of one core",
                run.messages,
                run.readings,
                run.wall,
                rate(run.readings, run.wall),
                rate(run.readings, run.cpu)
            )
        };
        writeln!(std::io::stdout(), "{text}").map_err(unwritable)?;
    }
    Ok(())
}

fn play(options: &BenchSimulate, only: Option<Kind>) -> Result<Run, Failure> {
    let start: Timestamp = START.parse().map_err(|_| Failure::new(Code::Failed, "the start is no instant"))?;
    let lasts = Duration::from_secs(60 * u64::from(options.minutes));
    let mut scenario = Scenario::quiet(SEED, options.devices, start, lasts);
    scenario.world.only = only;
    let mut traffic = Traffic::new(&scenario, options.threads, STEP);
    let (began, cpu) = (Instant::now(), cpu::seconds());
    let (mut messages, mut readings, mut bytes) = (0_u64, 0_u64, 0_u64);
    while let Some(step) = traffic.next() {
        messages += step.sent.len() as u64;
        for sent in &step.sent {
            bytes += sent.payload.len() as u64;
            if let Destiny::Read(told) = &sent.destiny {
                readings += told.values.len() as u64;
            }
        }
        black_box(&step.sent);
    }
    Ok(Run { messages, readings, bytes, wall: began.elapsed().as_secs_f64(), cpu: cpu::seconds() - cpu })
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds.max(1e-9)
}
