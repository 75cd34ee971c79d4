//! *Explain this number*, of the real program: from a reading back to the very bytes that it came in, through a journal of many
//! segments.

use std::time::Duration;

use ports::{Clock, SystemClock};
use serde_json::{Value, json};
use tests::{Device, Marsad};

const NODE: &str = "0102030405060708";
const SETTINGS: &str = "[rules]\npacks = []\n[devices]\nfiles = [\"devices.toml\"]\n[journal]\nsegment = \"1 MiB\"\n";
/// A frame of a bin that is 95 % full, port 6, as its maker lays it out.
const FRAME: &str = "ATQBJAEBLAEHXwo=";
const OTHERS: usize = 300;

#[test]
fn a_number_leads_back_to_the_bytes_that_it_came_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let device = format!("[[device]]\nid = \"{NODE}\"\nkind = \"waste\"\nzone = \"anfa\"\nprofile = \"netvox-r718x\"\n");
    std::fs::write(folder.path().join("devices.toml"), device).expect("the devices");
    let marsad = Marsad::start(folder.path(), SETTINGS);
    let mut gateway = Device::connect(marsad.mqtt, "gateway");
    let said = |n: usize| format!(r#"{{"v":1,"values":{{"waste.fill":{}}}}}"#, n % 100);
    let topic = format!("application/1/device/{NODE}/event/up");
    let frame = format!(r#"{{"deviceInfo":{{"devEui":"{NODE}"}},"fPort":6,"data":"{FRAME}"}}"#);
    for n in 0..OTHERS {
        gateway.publish(&format!("marsad/anfa/waste/bin-{n}/up"), said(n).as_bytes());
        // What nobody understands fills the journal too.
        gateway.publish("marsad/maarif/waste/mumbles/up", &[b'?'; 12_000]);
        if n == OTHERS / 2 {
            gateway.publish(&topic, frame.as_bytes());
        }
    }
    gateway.acknowledged();
    let _ = marsad.settled(Duration::from_secs(60));

    let explained = |device: &str| {
        let last = marsad.json(&format!("/api/v1/latest?device={device}&quantity=waste.fill"));
        let at = last["readings"][0]["observed_at"].as_str().expect("a reading").to_owned();
        marsad.json(&format!("/api/v1/explain?device={device}&quantity=waste.fill&at={at}"))
    };
    let told = explained(NODE);
    assert_eq!((&told["message"]["topic"], &told["message"]["payload_text"]), (&json!(topic), &json!(frame)), "{told}");
    let now = &told["now"];
    assert_eq!((&now["envelope"], &now["profile"]["profile"]), (&json!("chirpstack"), &json!("netvox-r718x")), "{told}");
    assert!(now["profile"]["version"].as_str().is_some_and(|version| version.len() == 12), "{told}");
    assert_eq!(now["uplinks"], json!([{ "device": NODE, "port": 6, "payload_base64": FRAME }]), "{told}");
    assert_eq!(
        (&told["same"], &told["hour"]["count"], &told["hour"]["counts"]),
        (&json!(true), &json!(1), &json!(true)),
        "{told}"
    );
    for n in [0, 1, OTHERS / 2, OTHERS - 1] {
        let told = explained(&format!("bin-{n}"));
        assert_eq!(told["message"]["payload_text"], said(n), "{told}");
        assert_eq!((&told["now"]["profile"], &told["same"]), (&Value::Null, &json!(true)), "{told}");
    }

    // What one device says in one burst is told apart, and still found.
    let mut burst = Device::connect(marsad.mqtt, "burst");
    let begin = SystemClock.now().minus(Duration::from_secs(3600));
    let of_burst = |n: u64| {
        let at = begin.plus(Duration::from_secs(n * 60));
        (at, format!(r#"{{"v":1,"time":"{at}","values":{{"waste.fill":{n}}}}}"#))
    };
    for n in 0..40 {
        burst.publish("marsad/anfa/waste/bin-burst/up", of_burst(n).1.as_bytes());
    }
    burst.acknowledged();
    let _ = marsad.settled(Duration::from_secs(60));
    for n in [0, 7, 39] {
        let (at, payload) = of_burst(n);
        let told = marsad.json(&format!("/api/v1/explain?device=bin-burst&quantity=waste.fill&at={at}"));
        assert_eq!((&told["message"]["payload_text"], &told["same"]), (&json!(payload), &json!(true)), "{told}");
    }

    // The messages themselves, the last ones first, page by page.
    let of = |query: &str| {
        let page = marsad.json(&format!("/api/v1/messages?{query}"));
        let topics: Vec<String> =
            page["messages"].as_array().expect("messages").iter().filter_map(|m| Some(m["topic"].as_str()?.to_owned())).collect();
        (topics, page["next"].as_u64())
    };
    assert_eq!(of(&format!("device={NODE}")).0, [topic]);
    assert_eq!(of("topic=marsad/%2B/waste/bin-7/up").0, ["marsad/anfa/waste/bin-7/up"]);
    let (first, next) = of("limit=200&topic=marsad/anfa/waste/%2B/up");
    let (second, _) = of(&format!("limit=200&topic=marsad/anfa/waste/%2B/up&cursor={}", next.expect("more")));
    assert_eq!((first.len(), first[0].as_str()), (200, "marsad/anfa/waste/bin-burst/up"));
    assert_eq!(second.len(), OTHERS + 40 - 200);
    assert!(second.iter().all(|topic| !first.contains(topic)), "no message twice: {second:?}");
}
