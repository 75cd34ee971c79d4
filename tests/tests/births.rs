//! Sparkplug metrics that are named by an alias are read after a restart too: the births that named them are remembered.

use std::path::Path;
use std::time::Duration;

use tests::{Device, Marsad};

const PATIENCE: Duration = Duration::from_secs(30);
const SETTINGS: &str = "[devices]\nfiles = [\"devices.toml\"]\n";
const DEVICES: &str = "[[device]]\nid = \"st-7\"\nkind = \"air\"\nzone = \"anfa\"\n";

/// Timestamp 0 of the payload is none; one metric: name `air.pm10`, alias 1, float 31.25, sequence 1.
const BIRTH: &[u8] = b"\x12\x13\x0a\x08air.pm10\x10\x01\x20\x09\x65\x00\x00\xfa\x41\x18\x01";
/// The same by its alias alone: float 21.5.
const DATA: &[u8] = b"\x12\x07\x10\x01\x65\x00\x00\xac\x41\x18\x02";

fn pm10(folder: &Path) -> Vec<f64> {
    let data = folder.join("data").display().to_string();
    let config = folder.join("marsad.toml").display().to_string();
    let arguments = ["query", "--config", &config, "--data", &data, "--device", "st-7", "--quantity", "air.pm10", "--json"];
    let output = Marsad::command(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = String::from_utf8(output.stdout).expect("text");
    rows.lines()
        .map(|row| serde_json::from_str::<serde_json::Value>(row).expect("JSON")["value"].as_f64().expect("a value"))
        .collect()
}

#[test]
fn an_alias_means_after_a_restart_what_the_birth_before_it_said() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("devices.toml"), DEVICES).expect("the list of devices");
    let mut marsad = Marsad::start(folder.path(), SETTINGS);
    let mut device = Device::connect(marsad.mqtt, "edge-1");
    device.publish("spBv1.0/casa/DDATA/edge-1/st-7", DATA);
    device.publish("spBv1.0/casa/DBIRTH/edge-1/st-7", BIRTH);
    device.acknowledged();
    let identity = marsad.settled(PATIENCE).identity;
    assert_eq!((identity.stored, identity.quarantined), (1, 1), "an alias without its birth waits");
    assert!(marsad.stop().success());

    let mut marsad = marsad.again(folder.path());
    let mut device = Device::connect(marsad.mqtt, "edge-1");
    device.publish("spBv1.0/casa/DDATA/edge-1/st-7", DATA);
    device.acknowledged();
    let identity = marsad.settled(PATIENCE).identity;
    assert_eq!((identity.stored, identity.quarantined), (2, 1));
    assert_eq!(pm10(folder.path()), [31.25, 21.5]);
    assert!(marsad.stop().success());
    assert_eq!(pm10(folder.path()), [31.25, 21.5]);
}
