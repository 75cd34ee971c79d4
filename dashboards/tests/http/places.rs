//! Where devices stand and what they say, in columns; and the pages that have maps of them.

use super::*;

/// As many of each.
fn columns(answer: &serde_json::Value) -> usize {
    let long = |name: &str| answer[name].as_array().expect("a list").len();
    let counts: Vec<usize> = ["devices", "labels", "lat", "lon", "values"].into_iter().map(long).collect();
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    counts[0]
}

#[tokio::test]
async fn places_are_told_in_columns_with_what_each_says_now_and_none_where_it_cannot_be_believed() {
    let town = Town::believable(Arc::new(Still));
    let router = router(&town);
    let told = get(&router, "/api/v1/places?kind=waste").await.json();
    assert_eq!((columns(&told), &told["quantity"], &told["without_place"]), (140, &"waste.fill".into(), &0.into()));
    let ids: Vec<&str> = told["devices"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert!(ids.is_sorted(), "by id");
    let latest = get(&router, "/api/v1/latest?device=bin-anfa-03&quantity=waste.fill").await.json();
    let place = ids.iter().position(|id| *id == "bin-anfa-03").unwrap();
    assert_eq!(told["values"][place], latest["readings"][0]["value"]);
    // A value that nobody believes, a bin that was silent for two days, and one that is nowhere.
    let (doubted, silent) = ("bin-anfa-00", "bin-anfa-01");
    let bad = Quality::GOOD.with(schemas::Flaw::Invalid);
    town.put([
        Reading { quality: bad, ..fill(doubted, 50.0, NOW) },
        fill(silent, 50.0, "2026-11-19T12:00:00Z"),
        fill("bin-nowhere", 10.0, NOW),
    ]);
    let told = get(&router, "/api/v1/places?kind=waste").await.json();
    let value = |of: &str| {
        let place = told["devices"].as_array().unwrap().iter().position(|id| id == of).unwrap();
        told["values"][place].clone()
    };
    assert_eq!(value(doubted), serde_json::Value::Null);
    assert_eq!((columns(&told), &told["without_place"]), (140, &1.into()));
    assert!(value("bin-anfa-02").is_number(), "{told}");
    let few = get(&router, "/api/v1/places?kind=waste&zone=anfa").await.json();
    assert_eq!(columns(&few), 12);
}

#[tokio::test]
async fn single_connections_and_spaces_are_not_on_the_map_of_everybody_who_may_see_bins() {
    let router = router(&Town::believable(Arc::new(Still)));
    for kind in ["water", "parking"] {
        let refused = get(&router, &format!("/api/v1/places?kind={kind}")).await;
        assert_eq!((refused.status, &refused.json()["parameter"]), (StatusCode::BAD_REQUEST, &"kind".into()), "{}", refused.text);
    }
    let refused = get(&router, "/api/v1/places?kind=network").await;
    assert_eq!(refused.json()["parameter"], "quantity");
    assert_eq!(get(&router, "/api/v1/places").await.json()["parameter"], "kind");
    let bays = get(&router, "/api/v1/parking/bays").await.json();
    assert_eq!(columns(&bays), 530);
    let values = bays["values"].as_array().unwrap();
    assert!(values.iter().all(|value| value == 0.0 || value == 1.0), "free or taken");
}

#[tokio::test]
async fn bins_and_bays_have_maps_whose_signs_lead_to_pages_that_are_there() {
    let router = router(&Town::believable(Arc::new(Still)));
    for (page, source, to) in [
        ("/fr/waste", "/api/v1/places?kind=waste", "/fr/waste/bin-anfa-03"),
        ("/ar/parking", "/api/v1/parking/bays", "/ar/devices/bay-anfa-003"),
    ] {
        let text = get(&router, page).await.text;
        let field = text.split("data-field=\"").nth(1).expect("a map of many").split('"').next().unwrap();
        let said: serde_json::Value = serde_json::from_str(&field.replace("&quot;", "\"").replace("&amp;", "&")).unwrap();
        assert_eq!(said["source"], source);
        assert_eq!(get(&router, source).await.status, StatusCode::OK);
        assert!(to.starts_with(said["page"].as_str().unwrap()), "{said}");
        assert_eq!(get(&router, to).await.status, StatusCode::OK, "{to}");
    }
    let indicators = get(&router, "/en/indicators?days=28").await;
    assert_eq!(indicators.status, StatusCode::OK);
    assert_eq!(get(&router, "/en/indicators?days=6").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(get(&router, "/en/kinds/waste").await.status, StatusCode::NOT_FOUND, "that kind is not the city's own");
}
