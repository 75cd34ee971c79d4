//! What changes something, and the quarantine.

use std::sync::Mutex;

use dashboards::House;
use ports::{Happening, Incident, OperationError, QuarantineFilter, Quarantined, Retry, Stage};
use schemas::{Message, Provenance};

use super::fakes::Done;
use super::*;

fn waiting(offset: u64, reason: &'static str, payload: &[u8]) -> Quarantined {
    Quarantined {
        offset,
        message: Message {
            topic: format!("application/1/device/node-{offset}/event/up").into(),
            payload: payload.to_vec().into(),
            received_at: at(NOW),
            provenance: Provenance::default(),
        },
        reason: reason.into(),
        text: "device node-1 is not in the catalogue".to_owned(),
        device: Some("node-1".parse().unwrap()),
        profile: None,
    }
}

async fn post(router: &Router, address: &str, kind: &str, body: &str) -> Answer {
    let request = Request::post(address).header("content-type", kind).body(Body::from(body.to_owned())).unwrap();
    send(router, request).await
}

const JSON: &str = "application/json";

#[tokio::test]
async fn a_message_of_the_quarantine_is_shown_whole_and_with_why_it_gives_nothing() {
    let town = town();
    town.waiting
        .lock()
        .unwrap()
        .extend([waiting(3, "unknown_device", b"{\"data\":\"AQL/\"}"), waiting(4, "not_json", &[255; 300])]);
    let router = router(&town);
    insta::assert_json_snapshot!(get(&router, "/api/v1/quarantine/3").await.json(), @r#"
    {
      "device": "node-1",
      "dup": false,
      "now": {
        "envelope": "chirpstack",
        "readings": [],
        "refusal": {
          "reason": "unknown_device",
          "text": "device node-1 is not in the catalogue"
        },
        "uplinks": [
          {
            "device": "node-1",
            "payload_base64": "AQL/",
            "port": 2
          }
        ]
      },
      "offset": 3,
      "payload_text": "{\"data\":\"AQL/\"}",
      "profile": null,
      "qos": 0,
      "reason": "unknown_device",
      "received_at": "2026-11-21T20:05:00.000Z",
      "retain": false,
      "size": 15,
      "text": "device node-1 is not in the catalogue",
      "topic": "application/1/device/node-3/event/up",
      "will": false
    }
    "#);
    let bytes = get(&router, "/api/v1/quarantine/4").await.json();
    assert_eq!(bytes["payload_base64"].as_str().unwrap().len(), 400);
    let absent = get(&router, "/api/v1/quarantine/9").await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    assert!(absent.json()["detail"].as_str().unwrap().contains("message 9"), "{}", absent.text);
    assert_eq!(get(&router, "/api/v1/quarantine/x").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_quarantine_is_listed_by_group_or_message_by_message() {
    let town = town();
    town.waiting.lock().unwrap().extend((1..=3).map(|n| waiting(n, "unknown_device", &vec![b'x'; 300])));
    let router = router(&town);
    let groups = get(&router, "/api/v1/quarantine?limit=2&reason=unknown_device").await.json();
    assert_eq!((groups["groups"].as_array().unwrap().len(), &groups["more"]), (2, &true.into()));
    let first = get(&router, "/api/v1/quarantine?each=true&limit=2").await.json();
    assert_eq!((first["messages"].as_array().unwrap().len(), &first["next"]), (2, &2.into()));
    assert_eq!(first["messages"][0]["payload_text"].as_str().unwrap().len(), 256, "a list shows the beginning");
    let last = get(&router, "/api/v1/quarantine?each=true&limit=2&cursor=2&topic=%2B/%2B/device/%23").await.json();
    assert_eq!((last["messages"].as_array().unwrap().len(), &last["next"]), (1, &serde_json::Value::Null));
    let odd = get(&router, "/api/v1/quarantine?cursor=2").await;
    assert_eq!((odd.status, &odd.json()["parameter"]), (StatusCode::BAD_REQUEST, &"cursor".into()));
}

#[tokio::test]
async fn what_changes_something_is_taken_as_json_only() {
    let town = town();
    let router = router(&town);
    for address in ["quarantine/retry", "quarantine/drop", "devices", "reload", "demo/incidents"] {
        let address = format!("/api/v1/{address}");
        for kind in ["text/plain", "application/x-www-form-urlencoded"] {
            let answer = post(&router, &address, kind, "{}").await;
            assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{address}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            assert_eq!(answer.json()["expected"], JSON);
        }
        let answer = post(&router, &address, JSON, r#"{"nonsense": 1}"#).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
        assert!(answer.json()["detail"].as_str().unwrap().contains("nonsense"), "{}", answer.text);
    }
    assert_eq!(*town.done.lock().unwrap(), []);
}

#[tokio::test]
async fn a_retry_says_what_it_tried_and_is_asked_as_it_was_sent() {
    let town = town();
    let body = r#"{"filter": {"reasons": ["no_profile"], "device": "node-1"}, "after": 5, "dry_run": true}"#;
    let answer = post(&router(&town), "/api/v1/quarantine/retry", JSON, body).await.json();
    assert_eq!((&answer["tried"], &answer["stored"], &answer["next"]), (&2.into(), &1.into(), &serde_json::Value::Null));
    let filter = QuarantineFilter {
        reasons: vec!["no_profile".to_owned()],
        device: Some("node-1".parse().unwrap()),
        ..QuarantineFilter::default()
    };
    let asked = Retry { filter, after: Some(5), before: None, dry_run: true };
    assert_eq!(*town.done.lock().unwrap(), [Done::Retry(asked)]);
}

#[tokio::test]
async fn nothing_is_dropped_without_a_filter_or_a_word() {
    let town = town();
    let router = router(&town);
    let refused = post(&router, "/api/v1/quarantine/drop", JSON, "{}").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(*town.done.lock().unwrap(), []);
    let dropped = post(&router, "/api/v1/quarantine/drop", JSON, r#"{"all": true}"#).await;
    assert_eq!(dropped.json()["dropped"], 7);
}

#[tokio::test]
async fn devices_are_adopted_many_at_once() {
    let town = town();
    let device =
        |n: u32| serde_json::json!({"id": format!("node-{n}"), "kind": "waste", "zone": "anfa", "label": "x".repeat(50)});
    let body = serde_json::json!({"devices": (0..500).map(device).collect::<Vec<_>>()}).to_string();
    assert_eq!(post(&router(&town), "/api/v1/devices", JSON, &body).await.json()["new"], 500);
    assert!(matches!(&town.done.lock().unwrap()[..], [Done::Adopt(devices, false)] if devices.len() == 500));
}

#[tokio::test]
async fn a_reload_that_is_refused_says_every_mistake() {
    let town = town();
    let answer = post(&router(&town), "/api/v1/reload", JSON, "{}").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.json()["errors"], serde_json::json!(["city.toml:3: one", "d.csv:7:2: two"]));
}

/// A stage that writes down what is to happen.
#[derive(Default)]
struct Script(Mutex<Vec<Happening>>);

impl Stage for Script {
    fn befall(&self, happening: Happening) -> Result<(), OperationError> {
        self.0.lock().unwrap().push(happening);
        Ok(())
    }
}

#[tokio::test]
async fn in_a_demonstration_something_can_be_made_to_happen_and_nowhere_else() {
    let (town, script) = (town(), Arc::new(Script::default()));
    let demo = dashboards::router(House { stage: Some(Arc::clone(&script) as _), ..town.house() });
    let fire = r#"{"what": "fire", "device": "bin-2"}"#;
    let answer = post(&demo, "/api/v1/demo/incidents", JSON, fire).await.json();
    assert_eq!((&answer["what"], &answer["device"]), (&"fire".into(), &"bin-2".into()));
    assert_eq!(answer["at"].as_str().map(at), Some(at(NOW)));
    let happens = Happening { what: Incident::Fire, device: Some("bin-2".parse().unwrap()), at: at(NOW) };
    assert_eq!(*script.0.lock().unwrap(), [happens]);
    let unknown = post(&demo, "/api/v1/demo/incidents", JSON, r#"{"what": "flood"}"#).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);

    let real = router(&town);
    assert_eq!(post(&real, "/api/v1/demo/incidents", JSON, fire).await.status, StatusCode::NOT_FOUND);
    for (lang, burns) in [("fr", "Un bac brûle"), ("ar", "احتراق حاوية"), ("en", "A bin burns")] {
        let page = get(&demo, &format!("/{lang}/engineers")).await.text;
        assert!(page.contains(burns) && page.contains("data-incident=\"outage\""), "{lang}");
        assert!(!get(&real, &format!("/{lang}/engineers")).await.text.contains("data-incident"), "{lang}");
    }
}
