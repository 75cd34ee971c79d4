//! Where a number comes from, and the messages as they came.

use super::*;

#[tokio::test]
async fn a_number_is_explained_from_its_messages_bytes_to_the_hour_it_counts_in() {
    let town = town();
    town.put([fill("bin-1", 40.0, "2026-11-21T19:10:00Z"), fill("bin-1", 60.0, "2026-11-21T19:40:00Z")]);
    let router = router(&town);
    let address = "explain?device=bin-1&quantity=waste.fill&at=2026-11-21T19:40:00Z";
    let told = get(&router, &format!("/api/v1/{address}")).await.json();
    assert_eq!((&told["reading"]["value"], &told["message"]["offset"], &told["same"]), (&60.0.into(), &41.into(), &true.into()));
    assert_eq!(told["message"]["payload_text"], r#"{"bin":"bin-1","level":60}"#);
    let profile = (&told["now"]["profile"]["profile"], &told["now"]["profile"]["version"]);
    assert_eq!(profile, (&"netvox-r718x".into(), &"0123456789ab".into()));
    let hour = &told["hour"];
    assert_eq!((&hour["count"], &hour["mean"], &hour["counts"]), (&2.into(), &50.0.into(), &true.into()), "{hour}");
    for (lang, texts) in [
        ("fr", ["1. Le message", "01 02 ff", "la même valeur", "compte dans l’heure"]),
        ("ar", ["1. الرسالة", "01 02 ff", "القيمة نفسها", "في الساعة"]),
        ("en", ["1. The message", "01 02 ff", "the same value", "counts in its hour"]),
    ] {
        let page = get(&router, &format!("/{lang}/{address}")).await.text;
        for text in texts {
            assert!(page.contains(text), "{lang}: no {text:?} in {page}");
        }
    }
    let device = get(&router, "/en/devices/bin-1").await.text;
    assert!(
        device.contains("/en/explain?device=bin-1&amp;quantity=waste.fill&amp;channel=0&amp;at=2026-11-21T19:40"),
        "{device}"
    );
    let list = get(&router, "/en/devices").await.text;
    for column in ["Heard", "Interval", "Battery", "Profile", "Firmware"] {
        assert!(list.contains(&format!("{column}</th>")), "no {column} in {list}");
    }
    let row = list.split("<tr>").find(|row| row.contains(">bin-1</a>") || row.contains("bin-1</bdi></a>")).expect("its row");
    assert!(row.contains("as seen</small>"), "the interval that was learned: {row}");
}

#[tokio::test]
async fn what_was_never_measured_and_what_a_person_used_is_not_explained() {
    let town = town();
    let series = SeriesKey { device: "meter-1".parse().unwrap(), quantity: Quantity::WATER_VOLUME, channel: 0 };
    town.put([Reading { series, kind: Kind::WATER, ..fill("bin-1", 12.5, NOW) }, fill("bin-1", 40.0, NOW)]);
    let router = router(&town);
    let ask = async |query: &str| get(&router, &format!("/api/v1/explain?{query}")).await.status;
    assert_eq!(ask(&format!("device=bin-1&quantity=waste.fill&at={NOW}")).await, StatusCode::OK);
    assert_eq!(ask("device=bin-1&quantity=waste.fill&at=2026-11-21T20:00:00Z").await, StatusCode::NOT_FOUND);
    assert_eq!(ask(&format!("device=bin-1&quantity=waste.fill&channel=3&at={NOW}")).await, StatusCode::NOT_FOUND);
    assert_eq!(ask(&format!("device=meter-1&quantity=water.volume&at={NOW}")).await, StatusCode::FORBIDDEN);
    assert_eq!(ask(&format!("device=bin-1&at={NOW}")).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn messages_are_listed_as_they_came_the_last_ones_first() {
    let town = town();
    town.waiting.lock().unwrap().extend((1..=3).map(|n| operations::waiting(n, "unknown_device", b"{}")));
    let router = router(&town);
    let all = get(&router, "/api/v1/messages").await.json();
    let offsets: Vec<u64> = all["messages"].as_array().unwrap().iter().map(|m| m["offset"].as_u64().unwrap()).collect();
    assert!(offsets.len() > 1 && offsets.is_sorted_by(|a, b| a > b), "{offsets:?}");
    let first = get(&router, "/api/v1/messages?limit=1").await.json();
    assert_eq!(first["next"], offsets[0], "the next page goes on behind it");
    let next = get(&router, &format!("/api/v1/messages?cursor={}", offsets[0])).await.json();
    assert_eq!(next["messages"][0]["offset"], offsets[1]);
    for lang in ["fr", "ar", "en"] {
        let page = get(&router, &format!("/{lang}/messages")).await;
        assert!(page.status.is_success() && page.text.contains("class=\"dump\""), "{lang}: {}", page.text);
    }
}
