//! What hangs on a gateway or a broker that is away is not told to be silent: the real program, a real broker that dies,
//! and messages as a network server wraps them.

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
"#;

const RULES: &str = r#"
[[rule]]
id = "gateway.silent"
severity = "critical"
notify = ["log"]
texts = { fr = "F {device}", ar = "A {device}", en = "E {device}" }
when = { device = ["0016*"] }
absence = { longer_than = "5s" }

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
    std::fs::write(folder.join("rules.toml"), RULES).expect("the rules");
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
fn the_silence_behind_a_dead_gateway_or_broker_is_withheld_and_that_of_others_is_told() {
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
    near.publish(&format!("marsad/anfa/waste/{GATEWAY}/up"), fill);
    let frame = format!(
        r#"{{"time":"{}","deviceInfo":{{"devEui":"{BAY}"}},"fPort":1,"data":"qg==","rxInfo":[{{"gatewayId":"{GATEWAY}","rssi":-36,"snr":10.5}}]}}"#,
        SystemClock.now()
    );
    near.publish(&format!("application/a/device/{BAY}/event/up"), frame.as_bytes());
    near.acknowledged();
    until("all four", Duration::from_secs(60), || marsad.status().filter(|s| s.identity.stored >= 4));
    drop(broker);

    let all = until("all to be decided", Duration::from_secs(60), || Some(told(&marsad)).filter(|told| told.len() == 4));
    let expected = [(GATEWAY, "posted"), (BAY, "inhibition gateway-away"), ("bin-far", "collector city"), ("bin-near", "posted")];
    assert_eq!(all, expected.map(|(device, fate)| (device.to_owned(), fate.to_owned())).into());
    assert!(marsad.stop().success());
}
