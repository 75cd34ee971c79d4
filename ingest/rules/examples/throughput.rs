//! What a reading costs: 100,000 series, 20 rules. `cargo run --release -p rules --example throughput`
//! prints nanoseconds per reading and per state taken, bytes per state, and bytes per series in memory.

use std::sync::Arc;
use std::time::Instant;

use rules::{Engine, RuleSet};
use schemas::{Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};

const DEVICES: u32 = 25_000;
const QUANTITIES: [Quantity; 4] =
    [Quantity::WASTE_FILL, Quantity::WASTE_TEMPERATURE, Quantity::BATTERY_LEVEL, Quantity::DEVICE_TILT];
const START: i64 = 1_767_225_600_000;

fn rules() -> Arc<RuleSet> {
    let mut text = String::new();
    let texts = r#"texts = { fr = "{device}", ar = "{device}", en = "{device}" }"#;
    let conditions = [
        "threshold = { at_least = 90, clear = 80 }",
        "hold = \"30m\"\nthreshold = { at_least = 95, clear = 85 }",
        "threshold = { below = 10, clear = 15 }",
        "absence = { longer_than = \"3h\" }",
    ];
    for (number, quantity) in QUANTITIES.iter().enumerate() {
        for (letter, condition) in ('a'..).zip(conditions) {
            text += &format!("[[rule]]\nid = \"r{number}{letter}\"\nseverity = \"info\"\nnotify = []\n{texts}\n");
            text += &format!("when = {{ kind = \"waste\", quantity = \"{quantity}\" }}\n{condition}\n");
        }
    }
    for kind in ["waste", "air", "parking", "water"] {
        text += &format!("[[rule]]\nid = \"silent.{kind}\"\nseverity = \"info\"\nnotify = []\n{texts}\n");
        text += &format!("when = {{ kind = \"{kind}\" }}\nabsence = {{ longer_than = \"48h\" }}\n");
    }
    let rules = RuleSet::parse(&[("bench.toml", text)]).expect("the rules of the benchmark are right");
    assert_eq!(rules.rules().len(), 20);
    Arc::new(rules)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; the engine does not see it")]
fn main() {
    let mut engine = Engine::new(rules());
    let zone = Zone::new("sidi-belyout").expect("a zone");
    let mut readings: Vec<Reading> = (0..DEVICES)
        .flat_map(|d| {
            let device: schemas::DeviceId = format!("{:016x}", u64::from(d) * 0x9E37_79B9).parse().expect("an id");
            QUANTITIES.map(|quantity| Reading {
                series: SeriesKey { device: device.clone(), quantity, channel: 0 },
                kind: Kind::WASTE,
                zone: zone.clone(),
                value: 50.0,
                observed_at: Timestamp::MIN,
                received_at: Timestamp::MIN,
                quality: Quality::GOOD,
            })
        })
        .collect();
    // Devices in a scattered order, as they are heard: the caches see no pattern.
    let mut seed = 1u64;
    for i in (1..DEVICES as usize).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let j = usize::try_from(seed >> 33).unwrap_or(0) % (i + 1);
        for q in 0..4 {
            readings.swap(4 * i + q, 4 * j + q);
        }
    }
    let mut out = Vec::new();
    // 50 hours: in the last ones the past is as long as it gets.
    for round in 0..200i64 {
        for (reading, jitter) in readings.iter_mut().zip((0..5).cycle()) {
            reading.observed_at = Timestamp::clamped(START + round * 900_000);
            reading.received_at = Timestamp::clamped(START + round * 900_000 + 2_000);
            // One device in a hundred crosses a limit, every other round.
            reading.value =
                if jitter == 0 && round % 2 == 1 && reading.series.device.as_str().ends_with("00") { 96.0 } else { 50.0 };
        }
        let start = Instant::now();
        for reading in &readings {
            engine.observe(reading, &mut out);
        }
        let judged = start.elapsed();
        let start = Instant::now();
        engine.advance(Timestamp::clamped(START + round * 900_000), &mut out);
        let advanced = start.elapsed();
        let start = Instant::now();
        let states = engine.take_dirty();
        let taken = start.elapsed();
        let bytes: usize = states.iter().map(|(_, s)| s.len()).sum();
        if !(round < 3 || round % 20 == 0 || round > 196) {
            out.clear();
            continue;
        }
        println!(
            "round {round}: {} ns a reading, {} transitions, advance {advanced:?}, {} ns and {} bytes a state, {} bytes a series",
            judged.as_nanos() / readings.len() as u128,
            out.len(),
            taken.as_nanos() / states.len().max(1) as u128,
            bytes / states.len().max(1),
            engine.bytes() / readings.len(),
        );
        out.clear();
    }
}
