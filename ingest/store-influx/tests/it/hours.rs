//! Hours that are kept: where they come from, and what becomes of them.

use std::time::Duration;

use ports::{Points, Query, Selector, Shape, Store};
use schemas::{HOUR, Reading, Timestamp};
use store::conformance::Ground;
use store_influx::{Influx, Settings};

use crate::ground::{Prepared, block_on, fill, make};

const T0: i64 = 1_737_003_600_000;

async fn counts(store: &impl Store) -> Vec<u64> {
    let range = Timestamp::clamped(T0 - 1_000 * HOUR)..Timestamp::clamped(T0 + 10 * HOUR);
    match store.scan(&Query { select: Selector::default(), range, shape: Shape::Hourly, limit: 1_000 }).await {
        Ok(Points::Hourly { partials, .. }) => partials.iter().map(|hour| hour.count).collect(),
        other => panic!("hours, not {other:?}"),
    }
}

#[test]
fn hours_are_answered_from_what_is_kept_and_made_anew_where_readings_come_late() {
    let Some(prepared) = Prepared::start() else { return };
    let mut bucket = prepared.ground(true);
    block_on(async {
        let store = bucket.open().await;
        let batch: Vec<Reading> = (0..4).map(|hour| fill("a", T0 + hour * HOUR, 1.0)).collect();
        store.append(&batch).await.expect("it takes them");
        store.flush().await.expect("hours are kept");
        // Somebody writes another count, which no reading says: so it is what was kept that is shown.
        let settings = &bucket.settings;
        let url = format!("{}/api/v2/write", settings.url);
        let query = [("org", settings.org.as_str()), ("bucket", &settings.hours()), ("precision", "ms")];
        let token = settings.token.clone().expect("a prepared server");
        let forged = format!("waste,channel=0,device=a,quantity=waste.fill,zone=anfa count=77i {}\n", T0 + HOUR);
        let request = store_http::http(None).expect("a client").post(url).query(&query).body(forged);
        let written = request.header("Authorization", format!("Token {}", token.reveal())).send().await.expect("an answer");
        assert!(written.status().is_success(), "{written:?}");
        assert_eq!(store.roll().await.expect("nothing is late"), 0);
        assert_eq!(counts(&store).await, [1, 77, 1, 1]);
        // What comes late counts at once, and its hour is kept anew.
        store.append(&[fill("a", T0 + HOUR + 1, 2.0)]).await.expect("it takes it");
        assert_eq!(counts(&store).await, [1, 2, 1, 1]);
        assert_eq!(store.roll().await.expect("one hour is late"), 1);
        assert_eq!(counts(&store).await, [1, 2, 1, 1]);
        drop(store);
        let again = bucket.open().await;
        assert_eq!(counts(&again).await, [1, 2, 1, 1], "a program that begins anew");
        assert_eq!(again.roll().await.expect("nothing is to be done"), 0);
    });
}

#[test]
fn a_bucket_that_was_prepared_before_hours_were_kept_answers_without() {
    let Some(prepared) = Prepared::start() else { return };
    block_on(async {
        let settings = prepared.bucket();
        make(&settings).await;
        // The same readings, with a bucket of hours that is not there.
        let old = store_only(&settings).await;
        let store = Influx::new(&old).expect("good settings");
        store.append(&[fill("a", T0, 1.0), fill("a", T0 + 1, 2.0)]).await.expect("it takes them");
        let rolled = store.roll_up(Timestamp::clamped(T0 + 9 * HOUR)).await.expect("there is nothing to do");
        assert_eq!((rolled.hours, rolled.more), (0, false));
        assert_eq!(counts(&store).await, [2]);
        let removed = store.forget(&Selector::default(), Timestamp::MIN..Timestamp::MAX).await.expect("it forgets");
        assert_eq!(removed, 2);
    });
}

/// Removes the bucket of hours, as a server has it that was prepared by an older program.
async fn store_only(settings: &Settings) -> Settings {
    let token = settings.token.clone().expect("a prepared server");
    let client = influxdb2::Client::new(&settings.url, &settings.org, token.reveal());
    let asked = influxdb2::api::buckets::ListBucketsRequest { name: Some(settings.hours()), ..Default::default() };
    let buckets = client.list_buckets(Some(asked)).await.expect("it is there").buckets;
    let id = buckets.first().and_then(|bucket| bucket.id.clone()).expect("it has an id");
    client.delete_bucket(&id).await.expect("it can be removed");
    settings.clone()
}

#[test]
fn hours_outlive_their_readings_where_they_are_kept_longer() {
    let Some(prepared) = Prepared::start() else { return };
    // A day of readings; their hours for ever.
    let settings = Settings { keep: Duration::from_secs(86_400), ..prepared.bucket() };
    block_on(async {
        make(&settings).await;
        let store = Influx::new(&settings).expect("good settings");
        let now = jiff::Timestamp::now().as_millisecond();
        let hour = now - now.rem_euclid(HOUR) - 3 * HOUR;
        store.append(&[fill("a", hour, 1.0), fill("a", hour + 1, 2.0)]).await.expect("it takes them");
        let now = Timestamp::clamped(now);
        assert_eq!(store.roll_up(now).await.expect("it rolls").hours, 1);
        // Its readings go, as the server lets them go in time; two days later a program that begins anew looks at the cursor and leaves them.
        let url = format!("{}/api/v2/delete", settings.url);
        let query = [("org", settings.org.as_str()), ("bucket", &settings.raw())];
        let token = settings.token.clone().expect("a prepared server");
        let order = "{\"start\":\"1970-01-01T00:00:00Z\",\"stop\":\"2200-01-01T00:00:00Z\",\"predicate\":\"\"}";
        let request = store_http::http(None).expect("a client").post(url).query(&query).body(order);
        let request = request.header("Authorization", format!("Token {}", token.reveal()));
        let gone = request.header("Content-Type", "application/json").send().await.expect("an answer");
        assert!(gone.status().is_success(), "{gone:?}");
        let later = Influx::new(&settings).expect("good settings");
        assert_eq!(later.roll_up(now.plus(Duration::from_secs(2 * 86_400))).await.expect("it rolls").hours, 0);
        let range = Timestamp::clamped(hour)..Timestamp::clamped(hour + HOUR);
        let query = Query { select: Selector::default(), range, shape: Shape::Hourly, limit: 9 };
        let Ok(Points::Hourly { partials, .. }) = later.scan(&query).await else { panic!("hours") };
        assert_eq!(partials.iter().map(|hour| hour.count).collect::<Vec<_>>(), [2]);
    });
}
