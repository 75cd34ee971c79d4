//! What everybody may see of alerts.

use std::time::Duration;

use ports::AlertView;
use schemas::{Marks, Phase, TransitionId};

use super::*;

const DUST: &str = "air.pm10.alert:air-sidi-othmane:air.pm10:0:1";

/// The town's alerts, of which the one of dust is of a rule for everybody, and one like it that ended so many days ago.
fn with_dust(ended: u64) -> Arc<Town> {
    let town = Town::believable(Arc::new(Still));
    {
        let mut alerts = town.alerts.lock().unwrap();
        let dust = alerts.iter_mut().find(|alert| alert.kind == Kind::AIR).unwrap();
        (dust.id, dust.rule) = (schemas::AlertId(DUST.into()), "air.pm10.alert".parse().unwrap());
        let over = at(NOW).minus(Duration::from_secs(ended * 86_400));
        let mut old = AlertView { id: schemas::AlertId("old".into()), phase: Phase::Resolved, at: over, ..dust.clone() };
        old.resolved_at = Some(over);
        alerts.push(old);
    }
    town
}

#[tokio::test]
async fn everybody_sees_the_alerts_of_the_rules_that_the_settings_name_and_no_other() {
    let router = router(&with_dust(3));
    let answer = get(&router, "/api/v1/public/alerts").await.json();
    let ids: Vec<&str> = answer["alerts"].as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [DUST, "old"]);
    assert_eq!((&answer["status"], &answer["days"]), (&"Test".into(), &30.into()), "a simulated city, as the settings say");
    let page = get(&router, "/fr/public/alerts").await.text;
    assert!(page.contains("1 alerte publique en cours") && page.contains("PM10 élevé"), "{page}");
    assert!(!page.contains("Feu dans un bac") && !page.contains("Rupture probable"));
    let old = self::router(&with_dust(31));
    assert_eq!(get(&old, "/api/v1/public/alerts").await.json()["alerts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_is_told_in_public_who_has_an_alert_in_hand_nor_of_one_that_is_silenced() {
    let town = with_dust(3);
    let router = router(&town);
    let act = |address: String, body: &'static str| {
        Request::post(address).header("content-type", "application/json").body(Body::from(body)).unwrap()
    };
    let by = r#"{"by":"officer-1","note":"a word"}"#;
    assert_eq!(send(&router, act(format!("/api/v1/alerts/{DUST}/acknowledge"), by)).await.status, StatusCode::OK);
    assert_ne!(town.alerts.lock().unwrap()[2].marks, Marks::default());
    for address in ["/api/v1/public/alerts", "/en/public/alerts", "/api/v1/public/alerts.atom"] {
        let text = get(&router, address).await.text;
        assert!(text.contains("PM10") && !text.contains("officer-1") && !text.contains("a word"), "{address}");
    }
    let quiet = r#"{"scope":{"zone":["sidi-othmane"]},"until":"2026-11-21T23:00:00Z","by":"officer-1","note":"works"}"#;
    let begun = send(&router, act("/api/v1/silences".to_owned(), quiet)).await;
    assert!(begun.status.is_success(), "{}", begun.text);
    assert!(!get(&router, "/api/v1/public/alerts").await.text.contains(DUST));
    assert_eq!(get(&router, &format!("/api/v1/public/alerts/{DUST}/cap")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_cap_document_is_the_one_that_a_channel_tells_and_the_feed_leads_to_it() {
    let town = with_dust(3);
    let fire = town.alerts.lock().unwrap()[0].id.to_string();
    let router = router(&town);
    let document = get(&router, &format!("/api/v1/public/alerts/{DUST}/cap")).await;
    assert_eq!(document.header("content-type"), "application/cap+xml; charset=utf-8");
    let fired = cap::identifier(&TransitionId::new(&schemas::AlertId(DUST.into()), Phase::Firing).0);
    for text in [
        format!("<identifier>{fired}</identifier>"),
        "<msgType>Alert</msgType>".to_owned(),
        "<scope>Public</scope>".to_owned(),
        "<category>Env</category>".to_owned(),
        "<language>ar-MA</language>".to_owned(),
        "<sent>2026-11-21T18:00:00+00:00</sent>".to_owned(),
    ] {
        assert!(document.text.contains(&text), "no {text} in {}", document.text);
    }
    let over = get(&router, "/api/v1/public/alerts/old/cap").await.text;
    assert!(over.contains("<msgType>Cancel</msgType>") && over.contains("<references>marsad,marsad-"), "{over}");
    let feed = get(&router, "/api/v1/public/alerts.atom?lang=en").await;
    assert_eq!(feed.header("content-type"), "application/atom+xml; charset=utf-8");
    assert!(feed.text.contains(&format!("href=\"/api/v1/public/alerts/{DUST}/cap\"")), "{}", feed.text);
    assert!(feed.text.contains("xml:lang=\"en-GB\"") && feed.text.matches("<entry>").count() == 2);
    assert_eq!(get(&router, &format!("/api/v1/public/alerts/{fire}/cap")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&router, "/api/v1/public/alerts.atom?lang=de").await.status, StatusCode::BAD_REQUEST);
}
