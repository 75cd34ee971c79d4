//! Hours that are kept: where they come from, and what becomes of them.

use ports::{Points, Query, Selector, Shape, Store};
use schemas::{HOUR, Partial, Timestamp};
use store::conformance::Ground;

use crate::ground::{block_on, fill, has_node, node};

const T0: i64 = 1_737_003_600_000;

async fn hours(store: &impl Store) -> Vec<Partial> {
    let range = Timestamp::clamped(T0 - 1_000 * HOUR)..Timestamp::clamped(T0 + 10 * HOUR);
    match store.scan(&Query { select: Selector::default(), range, shape: Shape::Hourly, limit: 1_000 }).await {
        Ok(Points::Hourly { partials, .. }) => partials,
        other => panic!("hours, not {other:?}"),
    }
}

async fn counts(store: &impl Store) -> Vec<u64> {
    hours(store).await.iter().map(|hour| hour.count).collect()
}

#[test]
fn hours_are_answered_from_what_is_kept_and_made_anew_where_readings_come_late() {
    if !has_node() {
        return;
    }
    let mut place = node(true);
    block_on(async {
        let store = place.open().await;
        let batch: Vec<_> = (0..4).map(|hour| fill("a", T0 + hour * HOUR, 1.0)).collect();
        store.append(&batch).await.expect("it takes them");
        store.flush().await.expect("hours are kept");
        // Somebody writes another count, which no reading says: so it is what was kept that is shown.
        let forged = "waste,channel=0,device=a,quantity=waste.fill,rev=7,zone=anfa \
                      hour_count=77,hour_sum=1,hour_min=1,hour_max=1,hour_first=1,hour_last=1";
        let url = format!("{}/api/v2/write?precision=ms", place.settings.write_url);
        let client = store_http::http(None).expect("a client");
        let written = client.post(url).body(format!("{forged} {}\n", T0 + HOUR)).send().await.expect("an answer");
        assert!(written.status().is_success(), "{written:?}");
        assert_eq!(store.roll().await.expect("nothing is late"), 0);
        assert_eq!(counts(&store).await, [1, 77, 1, 1]);
        // What comes late counts at once, and its hour is kept anew, under a revision above the forged one.
        store.append(&[fill("a", T0 + HOUR + 1, 2.0)]).await.expect("it takes it");
        assert_eq!(counts(&store).await, [1, 2, 1, 1]);
        assert_eq!(store.roll().await.expect("one hour is late"), 1);
        assert_eq!(counts(&store).await, [1, 2, 1, 1]);
        drop(store);
        let again = place.open().await;
        assert_eq!(counts(&again).await, [1, 2, 1, 1], "a program that begins anew");
        assert_eq!(again.roll().await.expect("nothing is to be done"), 0);
    });
}

#[test]
fn a_series_that_is_forgotten_is_gone_with_its_hours_and_others_stay() {
    if !has_node() {
        return;
    }
    let mut place = node(true);
    block_on(async {
        let store = place.open().await;
        store.append(&[fill("a", T0, 1.0), fill("b", T0, 2.0)]).await.expect("it takes them");
        store.flush().await.expect("hours are kept");
        let select = Selector { devices: vec![fill("a", T0, 1.0).series.device], ..Selector::default() };
        assert_eq!(store.forget(&select, Timestamp::MIN..Timestamp::MAX).await.expect("whole series"), 1);
        let left = hours(&store).await;
        assert_eq!(left.iter().map(|hour| hour.last).collect::<Vec<_>>(), [2.0]);
        assert_eq!(store.latest(&Selector::default()).await.expect("an answer").len(), 1);
    });
}
