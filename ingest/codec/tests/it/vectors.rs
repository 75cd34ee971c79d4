//! Third-party examples of envelopes, where the shared folder stands beside the project. What is expected is taken out of
//! the raw JSON here, by the rules of the network servers' documents, and not by the code that is tested.

use std::collections::BTreeMap;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemas::Timestamp;
use serde_json::{Value, json};

use crate::common::{RECEIVED, third_party};
use crate::opened::explain;

/// Device, port, payload, time of the network server.
type Uplink = (String, Option<u64>, Option<String>, Option<Timestamp>);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn from_base64(value: &Value) -> Vec<u8> {
    STANDARD.decode(text(value)).unwrap()
}

/// Which envelope reads the example, and what is in it.
fn expected(example: &Value) -> (&'static str, Uplink) {
    let e = &example["envelope"];
    let time = |value: &Value| text(value).parse().ok();
    match text(&example["network_server"]).as_str() {
        "ChirpStack" if e["deviceInfo"].is_null() => {
            // Version 3 has only the gateway's time, which is not taken.
            let device = hex(&from_base64(&e["devEUI"]));
            ("chirpstack", (device, e["fPort"].as_u64(), Some(hex(&from_base64(&e["data"]))), None))
        }
        "ChirpStack" => {
            let payload = e["data"].is_string().then(|| hex(&from_base64(&e["data"])));
            ("chirpstack", (text(&e["deviceInfo"]["devEui"]), Some(e["fPort"].as_u64().unwrap_or(0)), payload, time(&e["time"])))
        }
        "ThingsStackCommunity" | "ThingsStackIndustries" => {
            let up = &e["uplink_message"];
            let device = text(&e["end_device_ids"]["dev_eui"]).to_lowercase();
            let heard = time(&up["received_at"]).or(time(&e["received_at"]));
            let payload = Some(hex(&from_base64(&up["frm_payload"])));
            ("tts", (device, Some(up["f_port"].as_u64().unwrap_or(0)), payload, heard))
        }
        "ThingPark" | "ThingParkEnterprise" => {
            let up = &e["DevEUI_uplink"];
            let payload = Some(text(&up["payload_hex"]).to_lowercase());
            ("thingpark", (text(&up["DevEUI"]).to_lowercase(), up["FPort"].as_u64(), payload, time(&up["Time"])))
        }
        "LORIOT" => {
            let heard = Timestamp::from_millis(e["ts"].as_i64().unwrap()).ok();
            let payload = Some(text(&e["data"]).to_lowercase());
            ("loriot", (text(&e["EUI"]).to_lowercase(), e["port"].as_u64(), payload, heard))
        }
        "HTTP" => {
            let heard = text(&e["time"]).replace("2020-0327T", "2020-03-27T").parse().ok();
            ("milesight", (text(&e["devEUI"]).to_lowercase(), e["fPort"].as_u64(), Some(hex(&from_base64(&e["data"]))), heard))
        }
        other => panic!("a network server that this test does not know: {other}"),
    }
}

#[test]
fn device_port_payload_and_time_of_real_envelopes_are_right() {
    let examples = third_party("envelopes.jsonl");
    let (mut right, mut misses) = (BTreeMap::<String, usize>::new(), Vec::new());
    for example in &examples {
        let (envelope, expected) = expected(example);
        let explained = explain(envelope, "#", "set/by/the/operator", example["envelope"].to_string());
        let found: Option<Uplink> = explained
            .uplinks
            .first()
            .map(|u| (u.device.to_string(), u.port.map(u64::from), u.bytes.as_deref().map(hex), u.network_time));
        if found.as_ref() == Some(&expected) && explained.uplinks.len() == 1 {
            *right.entry(text(&example["network_server"])).or_default() += 1;
        } else {
            misses.push(format!("{}: {found:?}, expected {expected:?}; {:?}", example["path"], explained.result));
        }
    }
    let all: usize = right.values().sum();
    let _ = writeln!(std::io::stderr(), "envelopes.jsonl: {all} of {} right, {right:?}; misses: {misses:#?}", examples.len());
    assert!(misses.len() * 100 <= examples.len(), "{misses:#?}");
}

/// By which envelope, and by which pattern, an example of a whole MQTT message is read.
fn route(id: &str) -> Option<(&'static str, &'static str)> {
    Some(match id {
        "chirpstack-v4-up" => ("chirpstack", "application/#"),
        "tts-v3-up" => ("the-things-stack", "v3/#"),
        "thingpark-up" => ("thingpark", "#"),
        "helium-console-up" => ("helium", "helium/+/rx"),
        "netmore-up" => ("netmore", "#"),
        "milesight-gw-up" => ("milesight", "#"),
        "fiware-ul20" | "fiware-ul20-groups" => ("ultralight", "/ul/+/{device}/attrs"),
        "fiware-json" => ("iot-agent-json", "/json/+/{device}/attrs"),
        "senml-cbor" => ("senml", "senml/{device}"),
        // Devices that speak JSON themselves or are bytes without an envelope are the profiles'; some say only field names.
        "airgradient-mqtt"
        | "tasmota-pms5003"
        | "tasmota-ld2410-distance"
        | "purpleair-local"
        | "zigbee2mqtt-leak"
        | "golemio-sensoneo"
        | "bigbelly-assets"
        | "clarity-v1"
        | "axioma-w1-51B" => return None,
        other => panic!("an example that this test does not know: {other}"),
    })
}

#[test]
fn published_mqtt_examples_give_what_is_expected_of_them() {
    for example in third_party("direct_mqtt_examples.jsonl") {
        let id = text(&example["id"]);
        let Some((envelope, pattern)) = route(&id) else { continue };
        let payload = match (&example["payload"], &example["payload_text"], &example["payload_cbor_hex"]) {
            (_, Value::String(text), _) => text.clone().into_bytes(),
            (_, _, Value::String(hex)) => {
                (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
            }
            (payload, ..) => payload.to_string().into_bytes(),
        };
        let topic = example["topic"].as_str().unwrap_or("senml/base");
        let mut explained = explain(envelope, pattern, topic, payload);
        assert_eq!(explained.uplinks.len(), 1, "{id}: {:?}", explained.result);
        let up = explained.uplinks.remove(0);
        let fields: Vec<(Option<String>, Value)> = up.fields.iter().map(|(t, f)| (t.map(|t| t.to_string()), f.clone())).collect();
        let expect = &example["expect"];
        match id.as_str() {
            "fiware-ul20" => {
                assert_eq!(up.device.as_str(), "id_sen1");
                assert_eq!(fields, [(Some("2016-06-13T00:35:30.000Z".to_owned()), json!({"lle": expect["lle"]}))]);
            }
            "fiware-ul20-groups" => assert_eq!(fields, [(None, expect[0].clone()), (None, expect[1].clone())]),
            // Text, of which the profile makes the numbers that are expected.
            "fiware-json" => assert_eq!(fields, [(None, example["payload"].clone())]),
            "senml-cbor" => {
                let [first, second] = [&example["expect_json"][0], &example["expect_json"][1]];
                let sum = |record: &Value, base: &str, own: &str| record[base].as_f64().unwrap() + record[own].as_f64().unwrap();
                // 250 s, which is relative to when it was heard.
                let ahead = RECEIVED.parse::<Timestamp>().unwrap().millis() + 1000 * 250;
                assert_eq!(sum(first, "bt", "t"), 250.0);
                let unit = &first["u"];
                let expected = json!({
                    "base-namename": {"value": sum(first, "bv", "v"), "unit": unit, "sum": sum(first, "bs", "s")},
                    "base-namename-1": {"value": second["vb"], "sum": sum(second, "bs", "s")},
                });
                assert_eq!(fields, [(Some(Timestamp::from_millis(ahead).unwrap().to_string()), expected)]);
            }
            _ => {
                let lower = text(&expect["dev_eui"]).to_lowercase();
                assert_eq!(up.device.as_str(), lower, "{id}");
                assert_eq!(up.port.map(u64::from), expect["f_port"].as_u64(), "{id}");
                assert_eq!(up.counter.map(u64::from), Some(expect["f_cnt"].as_u64().unwrap_or(0)), "{id}");
                assert_eq!(up.confirmed, expect["confirmed"].as_bool().unwrap_or(false), "{id}");
                let payload = expect["bytes_hex"].as_str().or(example["payload"][0]["payload"].as_str());
                assert_eq!(up.bytes.as_deref().map(hex).as_deref(), payload, "{id}");
                for (found, expected) in [(up.radio.rssi, &expect["rssi"]), (up.radio.snr, &expect["snr"])] {
                    assert!(expected.is_null() || found == expected.as_f64(), "{id}");
                }
            }
        }
        // What a network server says of the time, but for the one that says it is the year 2472.
        let heard = match id.as_str() {
            "chirpstack-v4-up" => Some("2022-07-18T09:34:15.775Z"),
            "tts-v3-up" => Some("2023-05-19T05:33:35.641Z"),
            "thingpark-up" => Some("2024-11-28T21:08:22.138Z"),
            "netmore-up" => Some("2025-04-10T20:48:22.053Z"),
            "milesight-gw-up" => Some("2022-12-27T07:21:27.078Z"),
            _ => None,
        };
        assert_eq!(up.network_time.map(|t| t.to_string()).as_deref(), heard, "{id}");
    }
}
