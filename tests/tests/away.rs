//! A gateway and a broker that are away are told of, and what hangs on them is not told to be silent: the real program with
//! the shipped rules, a real broker that dies, and messages as a network server and its gateways send them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ports::{Clock, SystemClock};
use serde_json::Value;
use tests::{Device, Marsad, Mosquitto, until};

const GATEWAY: &str = "0016c001f153a14c";
const BAY: &str = "0101010101010101";

const DEVICES: &str = r#"
[[device]]
id = "0101010101010101"
kind = "parking"
zone = "anfa"
profile = "nwave-nps405"

[[device]]
id = "0016c001f153a14c"
kind = "network"
zone = "anfa"
"#;

const RULES: &str = r#"
[[rule]]
id = "gone"
severity = "warning"
notify = ["log"]
texts = { fr = "F {device}", ar = "A {device}", en = "E {device}" }
when = { device = ["bin-*", "0101*"] }
absence = { longer_than = "10s" }
"#;

const SETTINGS: &str = r#"
[devices]
files = ["devices.toml"]
[rules]
packs = []
files = ["rules.toml"]
[pipeline]
flush_every = "100ms"
commit_every = "100ms"
[[inhibit]]
name = "gateway-away"
source = { rule = ["gateway.*"] }
target = { rule = ["gone"] }
equal = ["gateway"]
[away]
rules = ["gone"]
after = "0s"
back = "0s"
"#;

fn settings(folder: &Path, broker: &Mosquitto) -> String {
    std::fs::write(folder.join("devices.toml"), DEVICES).expect("the devices");
    let shipped = std::fs::read_to_string(tests::root().join("config/rules/devices.toml")).expect("the shipped rules");
    // A quarter of an hour is long for a test.
    let shipped = shipped.replace("longer_than = \"15m\"", "longer_than = \"5s\"");
    std::fs::write(folder.join("rules.toml"), shipped + RULES).expect("the rules");
    format!("{SETTINGS}[[collector]]\nname = \"city\"\nurl = \"mqtt://{}\"\nfilters = [\"#\"]\n", broker.address)
}

/// By device: what the alert of its silence came to, `posted` or by what it is withheld; none before that is decided.
fn told(marsad: &Marsad) -> BTreeMap<String, String> {
    let alerts = marsad.json("/api/v1/alerts?phase=firing");
    let alerts = alerts["alerts"].as_array().expect("alerts").iter();
    let fate = |alert: &Value| {
        let why = marsad.json(&format!("/api/v1/alerts/{}/why", alert["id"].as_str()?));
        let steps = why["steps"].as_array()?.iter().filter(|step| step["phase"] == "firing");
        let links: Vec<Value> = steps.filter_map(|step| step["chain"].as_array()).flatten().cloned().collect();
        let withheld = links
            .iter()
            .find(|link| link["what"] == "withheld")
            .map(|link| format!("{} {}", link["by"].as_str().unwrap_or_default(), link["id"].as_str().unwrap_or_default()));
        let posted = || links.iter().any(|link| link["what"] == "posted").then(|| "posted".to_owned());
        Some((alert["device"].as_str()?.to_owned(), withheld.or_else(posted)?))
    };
    alerts.filter_map(fate).collect()
}

#[test]
fn a_dead_gateway_and_a_dead_broker_are_told_of_and_the_silence_behind_them_is_withheld() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let Some(broker) = Mosquitto::start(folder) else { return };
    let mut marsad = Marsad::start(folder, &settings(folder, &broker));
    until("the collector to subscribe", Duration::from_secs(60), || {
        marsad.status().filter(|s| s.sources.iter().any(|source| source.name == "city" && source.up))
    });
    let fill = br#"{"v":1,"values":{"waste.fill":10}}"#;
    let mut far = Device::connect(broker.address, "far");
    far.publish("marsad/anfa/waste/bin-far/up", fill);
    far.acknowledged();
    let mut near = Device::connect(marsad.mqtt, "near");
    near.publish("marsad/anfa/waste/bin-near/up", fill);
    let stats = format!(r#"{{"gatewayId":"{GATEWAY}","time":"{}","rxPacketsReceivedOk":7}}"#, SystemClock.now());
    near.publish(&format!("eu868/gateway/{GATEWAY}/event/stats"), stats.as_bytes());
    let frame = format!(
        r#"{{"time":"{}","deviceInfo":{{"devEui":"{BAY}"}},"fPort":1,"data":"qg==","rxInfo":[{{"gatewayId":"{GATEWAY}","rssi":-36,"snr":10.5}}]}}"#,
        SystemClock.now()
    );
    near.publish(&format!("application/a/device/{BAY}/event/up"), frame.as_bytes());
    near.acknowledged();
    until("all four", Duration::from_secs(60), || marsad.status().filter(|s| s.identity.stored >= 4));
    drop(broker);

    let all = until("all to be decided", Duration::from_secs(60), || Some(told(&marsad)).filter(|told| told.len() == 5));
    let expected = [
        (GATEWAY, "posted"),
        (BAY, "inhibition gateway-away"),
        ("bin-far", "collector city"),
        ("bin-near", "posted"),
        ("collector:city", "posted"),
    ];
    assert_eq!(all, expected.map(|(device, fate)| (device.to_owned(), fate.to_owned())).into());
    let frames = marsad.json(&format!("/api/v1/latest?device={GATEWAY}"));
    let frames = frames["readings"].as_array().expect("readings").iter().find(|r| r["quantity"] == "gateway.frames").cloned();
    assert_eq!(frames.map(|r| r["value"].clone()), Some(7.0.into()));
    assert!(marsad.stop().success());
}
