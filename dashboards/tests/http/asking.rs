//! How readings are asked for so that an answer is small, need not be sent twice, and never takes for ever.

use super::*;

const DAY: &str = "from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z";

/// A reading each ten seconds of the day of `DAY`, trembling, with one peak.
fn busy() -> impl Iterator<Item = Reading> {
    (0..8_640).map(|n| {
        let observed = at("2026-11-20T00:00:00Z").millis() + n * 10_000;
        let value = if n == 4_321 { 97.5 } else { 20.0 + (n % 7) as f64 };
        fill("bin-1", value, &Timestamp::clamped(observed).to_string())
    })
}

#[tokio::test]
async fn a_chart_gets_as_many_points_as_it_shows_and_the_one_peak_is_among_them() {
    let town = town();
    town.put(busy());
    town.put([fill("bin-2", 5.0, "2026-11-20T12:00:00Z")]);
    let router = router(&town);
    let page = get(&router, &format!("/api/v1/readings?{DAY}&points=200")).await.json();
    let rows = page["readings"].as_array().unwrap();
    let of = |device: &str| rows.iter().filter(|r| r["device"] == device).collect::<Vec<_>>();
    assert!((190..=200).contains(&of("bin-1").len()), "{}", of("bin-1").len());
    assert!(of("bin-1").iter().any(|r| r["value"] == 97.5 && r["observed_at"] == "2026-11-20T12:00:10.000Z"));
    assert_eq!(of("bin-2").len(), 1);
    assert!(rows.is_sorted_by_key(|r| r["observed_at"].as_str().unwrap().to_owned()));
    assert_eq!(page["next"], serde_json::Value::Null);
}

#[tokio::test]
async fn points_stand_alone_and_within_what_an_answer_may_hold() {
    let town = town();
    town.put((0..30).map(|n| fill(&format!("bin-{n:02}"), 1.0, "2026-11-20T12:00:00Z")));
    let router = router(&town);
    for (more, parameter) in [
        ("points=1", "points"),
        ("points=10001", "points"),
        ("points=many", "points"),
        ("points=10&every=1h", "every"),
        ("points=10&limit=5", "limit"),
        ("points=10&format=csv", "format"),
        ("points=1000", "device"),
    ] {
        let answer = get(&router, &format!("/api/v1/readings?{DAY}&{more}")).await;
        assert_eq!((answer.status, answer.json()["parameter"].as_str()), (StatusCode::BAD_REQUEST, Some(parameter)), "{more}");
        assert!(!answer.json()["expected"].as_str().unwrap().is_empty());
    }
    assert_eq!(get(&router, &format!("/api/v1/readings?{DAY}&points=1000&device=bin-07")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_answer_about_a_closed_period_is_not_sent_twice_until_it_changes() {
    let town = town();
    town.put(busy());
    let router = router(&town);
    for question in ["", "&every=1h", "&points=50", "&limit=10"] {
        let address = format!("/api/v1/readings?{DAY}&device=bin-1{question}");
        let first = get(&router, &address).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        assert_eq!(first.header("cache-control"), "private, no-cache");
        let second = get_with(&router, &address, "if-none-match", &tag).await;
        assert_eq!((second.status, second.text.as_str(), second.header("etag")), (StatusCode::NOT_MODIFIED, "", tag.as_str()));
    }
    let address = format!("/api/v1/readings?{DAY}&device=bin-1&points=50");
    let tag = get(&router, &address).await.header("etag").to_owned();
    town.put([fill("bin-1", 99.0, "2026-11-20T06:00:00Z")]);
    let late = get_with(&router, &address, "if-none-match", &tag).await;
    assert_eq!(late.status, StatusCode::OK, "what comes late is seen");
    assert_ne!(late.header("etag"), tag);
}

#[tokio::test]
async fn a_period_that_moves_with_the_clock_is_not_kept() {
    let town = town();
    town.put(busy());
    let router = router(&town);
    for question in ["from=2026-11-20T00:00:00Z", "to=2026-11-21T00:00:00Z", "from=2026-11-20T00:00:00Z&to=2026-11-22T00:00:00Z"]
    {
        let answer = get(&router, &format!("/api/v1/readings?{question}")).await;
        assert_eq!((answer.header("etag"), answer.header("cache-control")), ("", "no-store"), "{question}");
    }
}

#[tokio::test]
async fn a_search_that_takes_too_long_is_broken_off_and_the_answer_says_what_to_narrow() {
    let town = town();
    town.put(busy());
    let mut house = town.house();
    house.settings.query_budget = std::time::Duration::ZERO;
    let router = dashboards::router(house);
    for address in [
        format!("/api/v1/readings?{DAY}"),
        format!("/api/v1/readings?{DAY}&points=100"),
        format!("/api/v1/readings?{DAY}&format=csv"),
        "/api/v1/latest".to_owned(),
        "/api/v1/parking/occupancy".to_owned(),
    ] {
        let answer = get(&router, &address).await;
        let problem = answer.json();
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}: {problem}");
        assert_eq!(problem["type"], "urn:marsad:problem:budget", "{address}");
        assert_eq!(problem["parameter"], "from");
        assert!(problem["expected"].as_str().unwrap().contains("a shorter period"));
        assert!(problem["detail"].as_str().unwrap().contains("query_budget"));
        assert_eq!(answer.header("retry-after"), "", "asking the same again would not help");
    }
    assert_eq!(get(&router, "/healthz").await.status, StatusCode::OK);
}
