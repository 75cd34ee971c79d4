//! Questions by the hour: what blocks keep is what the readings say, and the readings are left alone.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use schemas::{Flaw, HOUR};

use super::*;

const MINUTES: i64 = 15 * 60;

/// Minutes of three devices in some order, each perhaps corrected, moved or bad.
fn history() -> impl Strategy<Value = Vec<Vec<Reading>>> {
    let change = prop_oneof![12 => Just(0u8), 1 => Just(1), 1 => Just(2), 1 => Just(3)];
    let step = (0usize..3, -30i64..30, change, 0i32..50);
    prop::collection::vec(prop::collection::vec(step, 20..200), 2..12).prop_map(|flushes| {
        let count: usize = flushes.iter().map(Vec::len).sum();
        let mut at = 0usize;
        let mut taken = |(device, apart, change, value): (usize, i64, u8, i32)| {
            at += 1;
            let minute = (at as i64 * MINUTES / count as i64 + apart).clamp(0, MINUTES);
            let mut taken = reading(device, minute, f64::from(value) / if device == 2 { 7.0 } else { 10.0 });
            match change {
                1 => taken.zone = Zone::new("maarif").unwrap(),
                2 => taken.quality = Flaw::SensorFault.into(),
                3 => taken.kind = Kind::AIR,
                _ => {}
            }
            taken
        };
        flushes.into_iter().map(|flush| flush.into_iter().map(&mut taken).collect()).collect()
    })
}

fn by_the_hour(from: i64, to: i64, zone: Option<&str>, limit: usize) -> Query {
    let start = reading(0, 0, 0.0).observed_at.millis();
    let select = Selector { zone: zone.map(|z| Zone::new(z).unwrap()), ..Selector::default() };
    Query { select, range: Timestamp::clamped(start + from)..Timestamp::clamped(start + to), shape: Shape::Hourly, limit }
}

async fn partials(store: &impl Store, query: &Query) -> Vec<schemas::Partial> {
    match store.scan(query).await.unwrap() {
        Points::Hourly { partials, .. } => partials,
        Points::Raw { .. } => panic!("asked for hours"),
    }
}

async fn compare(store: &Embedded, oracle: &Memory) -> Result<(), TestCaseError> {
    let hour = HOUR;
    for query in [
        by_the_hour(-hour, 20 * hour, None, usize::MAX),
        by_the_hour(2 * hour, 9 * hour, Some("anfa"), usize::MAX),
        by_the_hour(hour / 2, 7 * hour + 1, None, usize::MAX),
        by_the_hour(0, 20 * hour, None, 7),
    ] {
        let (ours, theirs) = (partials(store, &query).await, partials(oracle, &query).await);
        prop_assert_eq!(ours.len(), theirs.len(), "{:?}", query);
        for (a, b) in ours.iter().zip(&theirs) {
            prop_assert!((a.sum - b.sum).abs() <= 1e-9 * b.sum.abs().max(1.0), "{} is not {}", a.sum, b.sum);
            prop_assert_eq!(&schemas::Partial { sum: b.sum, ..a.clone() }, b, "{:?}", query);
        }
    }
    Ok(())
}

#[test]
fn hours_are_those_of_memory_after_corrections_moves_and_merges() {
    let play = |history: Vec<Vec<Reading>>| {
        block_on(async {
            let (ground, oracle) = (Directory::new(), Memory::default());
            let store = Embedded::open(ground.0.path(), &settings()).unwrap();
            for batch in history {
                store.append(&batch).await.unwrap();
                oracle.append(&batch).await.unwrap();
                compare(&store, &oracle).await?;
                store.flush().await.unwrap();
                compare(&store, &oracle).await?;
            }
            settled(&store).await;
            compare(&store, &oracle).await
        })
    };
    TestRunner::new(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() }).run(&history(), play).unwrap();
}

#[test]
fn whole_hours_are_answered_without_unpacking_readings() {
    block_on(async {
        let (ground, oracle) = (Directory::new(), Memory::default());
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        // Each device at instants of its own, so that no block ends within an hour.
        let own = |d: usize| (0..12).map(move |m| reading(d, m * 10 + d as i64, ((m * 7 + d as i64) % 31) as f64 / 10.0));
        let batch: Vec<_> = (0..9).flat_map(own).collect();
        store.append(&batch).await.unwrap();
        oracle.append(&batch).await.unwrap();
        store.flush().await.unwrap();
        let db = Connection::open(ground.0.path().join("readings.db")).unwrap();
        db.execute("UPDATE content SET data = x'00'", []).unwrap();
        let query = by_the_hour(-HOUR, 20 * HOUR, None, usize::MAX);
        assert_eq!(partials(&store, &query).await.len(), partials(&oracle, &query).await.len());
        let half = by_the_hour(HOUR / 2, 2 * HOUR, None, usize::MAX);
        assert!(store.scan(&half).await.is_err(), "the readings of half an hour are not to be had");
    });
}
