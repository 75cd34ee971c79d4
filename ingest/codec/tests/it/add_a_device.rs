//! `docs/add-a-device.md` promises that its examples are what the program reads; this holds it to that.

use std::sync::Arc;

use codec::{Decoder, Profiles, Reject, Script, Workshop};
use schemas::{Catalogue, Device, DeviceId, Kind, ProfileName, Timestamp, Zone};
use serde_json::Value;

use crate::common::{message, show};

/// What stands between the fences of this language, in the page's order.
#[expect(clippy::disallowed_methods, reason = "a test reads the page that it checks")]
fn examples(language: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/add-a-device.md");
    let page = std::fs::read_to_string(path).unwrap();
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// What the page's script does, for a crate that has no engine.
struct PagesScript;

impl Script for PagesScript {
    fn run(&self, _port: u8, bytes: &[u8], _now: Timestamp) -> Result<Value, Reject> {
        Ok(serde_json::json!({"level": format!("{} mm", u16::from_le_bytes([bytes[2], bytes[3]])), "temp": bytes[4]}))
    }
}

impl Workshop for PagesScript {
    fn script(&self, path: &str) -> Result<Arc<dyn Script>, String> {
        if path == "acme.js" { Ok(Arc::new(PagesScript)) } else { Err(format!("no script {path}")) }
    }
}

fn profiles() -> Profiles {
    let own = examples("toml").into_iter().filter(|toml| toml.starts_with("name ="));
    own.fold(Profiles::default(), |all, toml| all.with(&toml, "add-a-device.md", &PagesScript).unwrap())
}

#[test]
fn the_pages_examples_are_read() {
    let profiles = profiles();
    let names: Vec<_> = profiles.iter().map(|p| p.name().to_string()).collect();
    assert_eq!(names, ["acme-bin", "acme-json", "acme-script"]);

    let bin = Device {
        id: DeviceId::new("00137a10000000aa").unwrap(),
        kind: Kind::WASTE,
        zone: Zone::new("maarif").unwrap(),
        profile: Some(ProfileName::new("acme-bin").unwrap()),
        place: None,
        label: None,
        fitting: schemas::Fitting::default(),
    };
    let catalogue: Catalogue = [bin].into_iter().collect();
    let decoder = Decoder::new(catalogue.into(), profiles).unwrap();
    let [up] = <[String; 1]>::try_from(examples("json")).unwrap();
    let mut out = Vec::new();
    decoder.decode(&message("application/casa/device/00137a10000000aa/event/up", up), &mut out).unwrap();
    let at = "@ 2026-11-21T20:00:09.500Z []";
    let expected = ["device.tilt_alarm#0 = 0", "battery.low#0 = 0", "waste.distance#0 = 0.3", "device.temperature#0 = 19"]
        .into_iter()
        .chain(["battery.voltage#0 = 3.6", "radio.rssi#0 = -97", "radio.snr#0 = 6.5"])
        .map(|line| format!("{line} {at}"));
    assert_eq!(show(&out), expected.collect::<Vec<_>>());
}

#[test]
fn the_pages_route_brings_the_json_device_in_without_a_list() {
    let table: toml::Table = examples("toml").iter().find(|toml| toml.starts_with("[[route]]")).unwrap().parse().unwrap();
    let said = |key: &str| table["route"][0][key].as_str().unwrap();
    let route = codec::Route::new(said("topic"), said("envelope"))
        .unwrap()
        .enrolling(said("kind").parse().ok(), Zone::new(said("zone")).ok())
        .read_by(ProfileName::new(said("profile")).ok());
    let decoder =
        Decoder::new(Catalogue::default().into(), profiles()).unwrap().with_routes(codec::Routes::new([route])).unwrap();
    let mut out = Vec::new();
    let payload = r#"{"t":"21.5 °C","level_mm":300,"fan":{"ok":true},"pm":[{"size":"10","v":"7.5"}]}"#;
    let decoded = decoder.decode(&message("acme/bin-7/state", payload), &mut out).unwrap();
    assert_eq!((decoded.device.as_str(), decoded.zone.as_str(), decoded.readings), ("bin-7", "maarif", 3));
}
