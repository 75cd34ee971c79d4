//! A back-test of 30 days and 10,000 bins, a reading each quarter of an hour, by two threads: `cargo run --release -p
//! rules --example month [FILE..]` prints how long it takes by the rules of these files, else by the shipped ones for
//! waste and devices.

use std::sync::Arc;
use std::time::Instant;

use rules::{Engine, RuleSet};
use schemas::{Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};

const DEVICES: u32 = 10_000;
const READINGS: i64 = 30 * 96;
const START: i64 = 1_790_000_000_000;
const SHARDS: u32 = 2;

/// One half of the bins: readings judged and transitions said.
fn half(rules: &Arc<RuleSet>, shard: u32) -> (u64, u64) {
    let mut engine = Engine::new(Arc::clone(rules));
    let zone = Zone::new("anfa").expect("a zone");
    let mut readings: Vec<Reading> = (0..DEVICES)
        .filter(|d| d % SHARDS == shard)
        .map(|d| Reading {
            series: SeriesKey {
                device: format!("bin-{d:05}").parse().expect("an id"),
                quantity: Quantity::WASTE_FILL,
                channel: 0,
            },
            kind: Kind::WASTE,
            zone: zone.clone(),
            value: 0.0,
            observed_at: Timestamp::MIN,
            received_at: Timestamp::MIN,
            quality: Quality::GOOD,
        })
        .collect();
    let (mut out, mut judged, mut said) = (Vec::new(), 0u64, 0u64);
    for n in 0..READINGS {
        for (d, reading) in (0i64..).zip(&mut readings) {
            // Full in a day or two, and emptied.
            let fill = (n * (40 + d % 60) + d * 37) % 10_400;
            reading.value = f64::from(u32::try_from(fill / 100).unwrap_or(0));
            reading.observed_at = Timestamp::clamped(START + n * 900_000 + d);
            reading.received_at = Timestamp::clamped(START + n * 900_000 + d + 2_000);
            engine.advance(reading.received_at, &mut out);
            engine.observe(reading, &mut out);
            judged += 1;
        }
        said += out.len() as u64;
        out.clear();
    }
    (judged, said)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time and reads the files that it is told to")]
fn main() {
    let mut files: Vec<(String, String)> = std::env::args()
        .skip(1)
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a file of rules");
            (path, text)
        })
        .collect();
    if files.is_empty() {
        files.push(("waste.toml".to_owned(), include_str!("../../../config/rules/waste.toml").to_owned()));
        files.push(("devices.toml".to_owned(), include_str!("../../../config/rules/devices.toml").to_owned()));
    }
    let rules = Arc::new(RuleSet::parse(&files).expect("the rules are right"));
    let start = Instant::now();
    let halves: Vec<(u64, u64)> = std::thread::scope(|scope| {
        let judges: Vec<_> = (0..SHARDS)
            .map(|shard| {
                scope.spawn({
                    let rules = &rules;
                    move || half(rules, shard)
                })
            })
            .collect();
        judges.into_iter().map(|judge| judge.join().expect("judging is total")).collect()
    });
    let (judged, said) = halves.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    println!("{judged} readings by {} rules in {:?}, {said} transitions", rules.rules().len(), start.elapsed());
}
