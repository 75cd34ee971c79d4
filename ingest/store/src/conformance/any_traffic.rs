//! Any traffic, in any order, with flushes, crashes and forgettings between: the answers of memory.

use ports::{Points, Query, Selector, Shape, Store};
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use schemas::{DeviceId, Flaw, HOUR, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};

use super::{Ground, T0, block_on};
use crate::Memory;

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<Reading>),
    Flush,
    /// The program ends without a flush and begins again; whoever appends does so from the last flush.
    Crash,
    Forget(Selector, i64, i64),
}

const QUANTITIES: [Quantity; 3] = [Quantity::WASTE_FILL, Quantity::BATTERY_VOLTAGE, Quantity::AIR_NO2];
const KINDS: [Kind; 2] = [Kind::WASTE, Kind::AIR];

fn zone(index: usize) -> Zone {
    Zone::new(["anfa", "maarif", "hay-hassani"][index]).expect("good names")
}

fn device(index: usize) -> DeviceId {
    DeviceId::new(["a", "b", "c", "0011223344556677"][index]).expect("good names")
}

/// Few instants, so that many meet: minutes of some hours in three weeks, and the ends of hours.
fn instants() -> impl Strategy<Value = i64> {
    let minute = prop_oneof![(0i64..120).prop_map(|m| m * 60_000), Just(HOUR - 1), Just(HOUR)];
    (0i64..3, minute).prop_map(|(week, offset)| T0 + week * 7 * 24 * HOUR + offset)
}

fn readings() -> impl Strategy<Value = Reading> {
    let name = (0usize..4, 0usize..3, 0u8..2);
    let place = (0usize..3, 0usize..16);
    let value = prop_oneof![(0i32..5).prop_map(|v| f64::from(v) / 10.0), -1e11f64..1e11, Just(0.0)];
    let quality = prop_oneof![
        6 => Just(Quality::GOOD),
        1 => Just(Quality::from(Flaw::Late)),
        1 => Just(Quality::from(Flaw::SensorFault).with(Flaw::Late)),
    ];
    (name, place, value, quality, instants(), -5_000i64..100_000).prop_map(|(name, place, value, quality, at, delay)| Reading {
        series: SeriesKey { device: device(name.0), quantity: QUANTITIES[name.1], channel: name.2 },
        // A device of another kind now and then: somebody corrected the catalogue.
        kind: KINDS[usize::from(place.1 == 0) ^ (name.0 % 2)],
        zone: zone(place.0),
        value,
        observed_at: Timestamp::clamped(at),
        received_at: Timestamp::clamped(at + delay),
        quality,
    })
}

fn selectors() -> impl Strategy<Value = Selector> {
    let kind = prop_oneof![3 => Just(None), 1 => Just(Some(Kind::WASTE)), 1 => Just(Some(Kind::AIR))];
    let zone = prop_oneof![3 => Just(None), 1 => (0usize..3).prop_map(|z| Some(zone(z)))];
    let devices = prop_oneof![2 => Just(Vec::new()), 1 => (0usize..4, 0usize..4).prop_map(|(a, b)| vec![device(a), device(b)])];
    let quantities = prop_oneof![2 => Just(Vec::new()), 1 => (0usize..3).prop_map(|q| vec![QUANTITIES[q]])];
    (kind, zone, devices, quantities).prop_map(|(kind, zone, devices, quantities)| Selector { kind, zone, devices, quantities })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => proptest::collection::vec(readings(), 1..60).prop_map(Step::Append),
        4 => Just(Step::Flush),
        1 => Just(Step::Crash),
        1 => (selectors(), instants(), instants()).prop_map(|(s, a, b)| Step::Forget(s, a.min(b), a.max(b))),
        1 => selectors().prop_map(|s| Step::Forget(s, 0, i64::MAX)),
    ]
}

fn queries() -> impl Strategy<Value = Query> {
    let shape = prop_oneof![Just(Shape::Raw), Just(Shape::Hourly)];
    let limit = prop_oneof![1 => 0usize..20, 1 => Just(usize::MAX)];
    let range = prop_oneof![2 => (instants(), instants()), 1 => Just((0, i64::MAX))];
    (selectors(), range, shape, limit).prop_map(|(select, (a, b), shape, limit)| {
        let (mut from, mut to) = (a.min(b), a.max(b));
        if shape == Shape::Hourly {
            (from, to) = (from - from % HOUR, to - to % HOUR);
        }
        Query { select, range: Timestamp::clamped(from)..Timestamp::clamped(to), shape, limit }
    })
}

fn same(ours: &Points, oracle: &Points) -> bool {
    match (ours, oracle) {
        (Points::Hourly { partials: a, more: x }, Points::Hourly { partials: b, more: y }) => {
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0);
            let equal = a.iter().zip(b).all(|(a, b)| {
                let mut with = a.clone();
                with.sum = b.sum;
                // Large values that cancel leave a sum that is only as exact as they are.
                let size = a.min.abs().max(a.max.abs()) * 1e-9;
                with == *b && (close(a.sum, b.sum) || (a.sum - b.sum).abs() <= size)
            });
            a.len() == b.len() && equal && x == y
        }
        (a, b) => a == b,
    }
}

async fn compare(store: &impl Store, oracle: &Memory, queries: &[Query]) -> Result<(), TestCaseError> {
    for query in queries {
        let ours = store.scan(query).await.map_err(fail)?;
        let theirs = oracle.scan(query).await.map_err(fail)?;
        if !same(&ours, &theirs) {
            return Err(TestCaseError::fail(format!("{query:?}\n gave {ours:?}\n expected {theirs:?}")));
        }
        let ours = store.latest(&query.select).await.map_err(fail)?;
        let theirs = oracle.latest(&query.select).await.map_err(fail)?;
        if ours != theirs {
            return Err(TestCaseError::fail(format!("latest {:?}\n gave {ours:?}\n expected {theirs:?}", query.select)));
        }
    }
    Ok(())
}

fn fail(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

/// What the store will give back of a batch.
fn kept_of(store: &impl Store, batch: &[Reading]) -> Vec<Reading> {
    let caps = store.caps();
    batch.iter().map(|reading| Reading { value: caps.kept(reading.value), ..reading.clone() }).collect()
}

async fn play(mut ground: impl Ground, steps: &[Step], queries: &[Query]) -> Result<(), TestCaseError> {
    let mut store = ground.open().await;
    // What must be there now, and what must be there after a crash now.
    let (oracle, kept) = (Memory::default(), Memory::default());
    let mut pending: Vec<&[Reading]> = Vec::new();
    for step in steps {
        match step {
            Step::Append(batch) => {
                let ours = store.append(batch).await.map_err(fail)?;
                let theirs = oracle.append(&kept_of(&store, batch)).await.map_err(fail)?;
                if store.caps().exact_duplicates && ours != theirs {
                    return Err(TestCaseError::fail(format!("new was {:?}, expected {:?}", ours.new, theirs.new)));
                }
                pending.push(batch);
            }
            Step::Flush => {
                store.flush().await.map_err(fail)?;
                for batch in pending.drain(..) {
                    kept.append(&kept_of(&store, batch)).await.map_err(fail)?;
                }
            }
            Step::Crash if ground.durable() => {
                drop(store);
                store = ground.open().await;
                let expected = if store.caps().outlives_program { &oracle } else { &kept };
                compare(&store, expected, queries).await?;
                for batch in &pending {
                    store.append(batch).await.map_err(fail)?;
                }
            }
            Step::Crash => {}
            Step::Forget(select, from, to) if store.caps().forget_range => {
                store.flush().await.map_err(fail)?;
                for batch in pending.drain(..) {
                    kept.append(&kept_of(&store, batch)).await.map_err(fail)?;
                }
                let range = Timestamp::clamped(*from)..Timestamp::clamped(*to);
                let removed = store.forget(select, range.clone()).await.map_err(fail)?;
                let least = oracle.forget(select, range.clone()).await.map_err(fail)?;
                kept.forget(select, range).await.map_err(fail)?;
                if removed < least {
                    return Err(TestCaseError::fail(format!("{removed} readings were removed, expected at least {least}")));
                }
            }
            Step::Forget(..) => {}
        }
        compare(&store, &oracle, queries).await?;
    }
    Ok(())
}

/// Plays `cases` random histories on new ground each, or as many as `PROPTEST_CASES` says, and compares
/// every answer with memory's.
///
/// # Panics
/// With the shortest history found whose answers differ, and the seed.
pub fn any_traffic_is_answered_as_memory_answers_it<G: Ground>(cases: u32, fresh: impl Fn() -> G) {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let history = (proptest::collection::vec(steps(), 1..24), proptest::collection::vec(queries(), 1..6));
    let outcome = TestRunner::new(config).run(&history, |(steps, queries)| block_on(play(fresh(), &steps, &queries)));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
