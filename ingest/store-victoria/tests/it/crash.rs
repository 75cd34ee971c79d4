//! Power fails at the servers: what trailing is for.

use std::time::Duration;

use ports::{Points, Query, Selector, Shape, Store};
use schemas::{Reading, Timestamp};
use services::Victoria as Servers;
use store_victoria::Victoria;

use crate::ground::{block_on, fill, settings};

const T0: i64 = 1_737_003_600_000;

async fn all(store: &Victoria) -> Vec<Reading> {
    let range = Timestamp::MIN..Timestamp::MAX;
    match store.scan(&Query { select: Selector::default(), range, shape: Shape::Raw, limit: usize::MAX }).await {
        Ok(Points::Raw { readings, .. }) => readings,
        other => panic!("readings, not {other:?}"),
    }
}

#[test]
fn what_the_servers_lose_is_what_was_not_flushed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let Some(mut servers) = Servers::single(directory.path()) else { return };
    let settings = settings(&servers, None);
    let batch: Vec<Reading> =
        (0..10_000i32).map(|i| fill(&format!("d{}", i % 100), T0 + i64::from(i) * 1_000, f64::from(i))).collect();
    let store = Victoria::new(&settings).expect("good settings");
    block_on(async {
        let appended = store.append(&batch).await.expect("the server takes it");
        assert!(appended.new.iter().all(|new| *new));
        assert_eq!(all(&store).await, batch, "seen at once");
    });
    servers.kill();
    servers.restart();
    block_on(async {
        // A program that began anew sees what the server has: it acknowledged all of it and has lost some.
        servers.show();
        let kept = all(&Victoria::new(&settings).expect("good settings")).await.len();
        assert!(kept < batch.len(), "had the cursor moved, {kept} of {} readings would be left", batch.len());
        // The cursor has not moved, since no flush has ended: the journal is read again.
        let again = Victoria::new(&settings).expect("good settings");
        again.append(&batch).await.expect("the server takes it again");
        servers.show();
        assert_eq!(
            all(&Victoria::new(&settings).expect("good settings")).await,
            batch,
            "nothing is lost, nothing is there twice"
        );
    });
}

#[test]
fn a_flush_ends_no_sooner_than_the_trail_after_the_last_append() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let Some(servers) = Servers::single(directory.path()) else { return };
    let trailing = store_victoria::Settings { trail: Duration::from_secs(60), ..settings(&servers, None) };
    block_on(async {
        let store = Victoria::new(&trailing).expect("good settings");
        store.flush().await.expect("nothing waits");
        store.append(&[fill("a", T0, 1.0)]).await.expect("the server takes it");
        let began = tokio::time::Instant::now();
        // From here on time passes only where somebody waits for it, and nobody asks the server.
        tokio::time::pause();
        store.flush().await.expect("it waits");
        assert!(began.elapsed() >= Duration::from_secs(59), "it waited {:?}", began.elapsed());
        assert_eq!(store.gauges().unflushed, 0);
    });
}
