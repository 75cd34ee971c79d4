//! How much of the API one client may ask.

use std::time::Duration;

use super::*;

/// A town whose clients may ask so much a minute.
fn sparing(requests: u32, search: Duration) -> (Router, Arc<Doors>) {
    let town = town();
    town.put([fill("bin-1", 42.0, "2026-11-21T20:00:00Z")]);
    let mut house = town.house();
    (house.settings.client_requests, house.settings.client_search) = (requests, search);
    let doors = Arc::new(Doors::default());
    (dashboards::guarded(house, Arc::clone(&doors) as _), doors)
}

#[tokio::test]
async fn who_asks_more_than_a_minutes_worth_is_told_when_to_ask_again_and_others_are_not() {
    let (router, doors) = sparing(3, Duration::ZERO);
    for _ in 0..3 {
        assert_eq!(as_role(&router, "GET", "/api/v1/latest", Role::Officer).await.status, StatusCode::OK);
    }
    let refused = as_role(&router, "GET", "/api/v1/latest", Role::Officer).await;
    assert_eq!((refused.status, refused.header("content-type")), (StatusCode::TOO_MANY_REQUESTS, "application/problem+json"));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((19..=21).contains(&wait), "three a minute are one in twenty seconds: {wait}");
    assert_eq!(refused.json()["type"], "urn:marsad:problem:share");
    assert_eq!(as_role(&router, "GET", "/api/v1/latest", Role::Engineer).await.status, StatusCode::OK, "another token");
    assert_eq!(as_role(&router, "GET", "/fr/", Role::Officer).await.status, StatusCode::OK, "pages are not the API");
    doors.open.store(true, Ordering::Relaxed);
    for _ in 0..10 {
        assert_eq!(get(&router, "/api/v1/latest").await.status, StatusCode::OK, "whoever is let in on this machine");
    }
}

#[tokio::test]
async fn a_client_whose_questions_are_dear_waits_until_they_are_made_up_for() {
    // The store of this town takes its time only in that the least of it is more than there is.
    let (router, _) = sparing(0, Duration::from_nanos(1));
    assert_eq!(as_role(&router, "GET", "/api/v1/latest", Role::Officer).await.status, StatusCode::OK);
    let refused = as_role(&router, "GET", "/api/v1/session", Role::Officer).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(as_role(&router, "GET", "/api/v1/latest", Role::Admin).await.status, StatusCode::OK, "another token");
}
