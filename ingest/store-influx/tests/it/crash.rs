//! Power fails at the server.

use ports::{Points, Query, Selector, Shape, Store, StoreError};
use schemas::{Reading, Timestamp};
use store_influx::Influx;

use crate::ground::{Prepared, block_on, fill, make};

const T0: i64 = 1_795_280_400_000;

async fn all(store: &Influx) -> Vec<Reading> {
    let range = Timestamp::MIN..Timestamp::MAX;
    match store.scan(&Query { select: Selector::default(), range, shape: Shape::Raw, limit: usize::MAX }).await {
        Ok(Points::Raw { readings, .. }) => readings,
        other => panic!("readings, not {other:?}"),
    }
}

#[test]
fn what_influxdb_took_is_there_after_it_was_killed() {
    let Some(mut prepared) = Prepared::start() else { return };
    let settings = prepared.bucket();
    let batch: Vec<Reading> =
        (0..10_000i32).map(|i| fill(&format!("d{}", i % 100), T0 + i64::from(i) * 1_000, f64::from(i))).collect();
    let store = Influx::new(&settings).expect("good settings");
    block_on(async {
        make(&settings).await;
        let appended = store.append(&batch).await.expect("the server takes it");
        assert!(appended.new.iter().all(|new| *new));
    });
    prepared.server.kill();
    block_on(async {
        let away = store.append(&batch[..1]).await;
        assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
    });
    prepared.server.restart();
    block_on(async {
        // The journal is read again from its cursor: by a program that ran on, and by one that began anew.
        for store in [store, Influx::new(&settings).expect("good settings")] {
            assert_eq!(all(&store).await, batch, "nothing is lost");
            let again = store.append(&batch).await.expect("the server takes it again");
            assert!(again.new.iter().all(|new| !*new), "nothing is new");
            assert_eq!(all(&store).await, batch, "nothing is there twice");
        }
    });
}
