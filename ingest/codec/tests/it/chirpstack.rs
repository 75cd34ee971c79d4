//! ChirpStack v4 and the two layouts, against our own examples and against third-party ones.

use crate::common::{BUILT_IN, catalogue, decode, message, show};
use codec::{ChirpStackUp, Decoder, NoScripts, ProfileError, Profiles};
use schemas::{Catalogue, Container, Device, DeviceId, Fitting, Kind, ProfileName, Quantity, Zone};

const BAY: &str = "application/casa/device/0101010101010101/event/up";

#[test]
fn an_uplink_gives_the_frames_values_and_the_strongest_gateway_at_the_networks_time() {
    let payload = r#"{"time":"2026-11-21T20:00:09.5+00:00","deviceInfo":{"devEui":"0101010101010101","tags":{}},"fPort":1,
        "data":"lQ==","object":{"x":[1,{"y":null}]},"rxInfo":[{"rssi":-100,"snr":-2.5},{"rssi":-36,"snr":10.5},{"rssi":-90}]}"#;
    let (decoded, out) = decode(BAY, payload).unwrap();
    assert_eq!(
        show(&out),
        [
            "parking.occupied#0 = 1 @ 2026-11-21T20:00:09.500Z []",
            "parking.prev_state_duration#0 = 4440 @ 2026-11-21T20:00:09.500Z []",
            "radio.rssi#0 = -36 @ 2026-11-21T20:00:09.500Z []",
            "radio.snr#0 = 10.5 @ 2026-11-21T20:00:09.500Z []",
        ]
    );
    assert_eq!((decoded.kind, decoded.zone.as_str(), decoded.readings), (Kind::PARKING, "maarif", 4));
    assert_eq!(decoded.profile.unwrap().as_str(), "nwave-nps405");
}

#[test]
fn an_upper_case_deveui_is_the_same_device_and_no_time_is_ours() {
    let topic = "application/casa/device/00137A1000000001/event/up";
    let (decoded, out) =
        decode(topic, r#"{"deviceInfo":{"devEui":"00137A1000000001"},"fPort":6,"data":"ATQBJAEBLAEHMgo="}"#).unwrap();
    assert_eq!(decoded.device.as_str(), "00137a1000000001");
    let at = "@ 2026-11-21T20:00:10.000Z []";
    assert_eq!(
        show(&out),
        [
            format!("battery.voltage#0 = 3.6 {at}"),
            format!("waste.distance#0 = 0.3 {at}"),
            format!("waste.fill#0 = 50 {at}"),
            format!("device.temperature#0 = 26.3 {at}"),
            format!("device.tilt#0 = 10 {at}"),
        ]
    );
}

#[test]
fn a_status_gives_the_battery() {
    let topic = "application/casa/device/0101010101010101/event/status";
    let payload = r#"{"time":"2026-11-21T20:00:00Z","margin":10,"externalPowerSource":false,"batteryLevelUnavailable":false,"batteryLevel":75.5}"#;
    assert_eq!(show(&decode(topic, payload).unwrap().1), ["battery.level#0 = 75.5 @ 2026-11-21T20:00:00.000Z []"]);
    let unknown = payload.replace("Unavailable\":false", "Unavailable\":true");
    assert_eq!(decode(topic, unknown).unwrap_err().code(), "no_reading");
}

#[test]
fn a_device_that_joins_is_heard() {
    let topic = "application/casa/device/0101010101010101/event/join";
    let payload = r#"{"time":"2026-11-21T20:00:00Z","deviceInfo":{"devEui":"0101010101010101"},"devAddr":"00189440"}"#;
    assert_eq!(show(&decode(topic, payload).unwrap().1), ["device.joined#0 = 1 @ 2026-11-21T20:00:00.000Z []"]);
}

#[test]
fn what_cannot_be_read_says_why() {
    let up = "application/casa/device/0101010101010101/event/up";
    let cases = [
        ("application/casa/device/0101010101010101/event/join", "joined", "not_json"),
        ("application/casa/device/ffffffffffffffff/event/join", "{}", "unknown_device"),
        ("application/casa/device/0101010101010101/event/ack", "not even JSON", "no_reading"),
        ("application/casa/device/0101010101010101", "{}", "not_a_topic"),
        ("application/casa/device/01010101/event/up", "{}", "bad_name"),
        ("application/casa/device/ffffffffffffffff/event/up", r#"{"fPort":1,"data":"lQ=="}"#, "unknown_device"),
        ("application/casa/device/0101010101010102/event/up", r#"{"fPort":1,"data":"lQ=="}"#, "no_profile"),
        (up, r#"{"deviceInfo":{"devEui":"0101010101010102"},"fPort":1,"data":"lQ=="}"#, "device_mismatch"),
        (up, r#"{"fPort":1,"data":"lQ"}"#, "bad_bytes"),
        (up, r#"{"fPort":1,"data":"l%=="}"#, "bad_bytes"),
        (up, r#"{"fPort":1}"#, "no_reading"),
        (up, r#"{"data":"lQ=="}"#, "unknown_frame"),
        (up, r#"{"fPort":9,"data":"lQ=="}"#, "unknown_frame"),
        (up, r#"{"fPort":6,"data":"AQIDAAE="}"#, "no_reading"),
        (up, r#"{"fPort":1,"data":7}"#, "bad_shape"),
        (up, r#"{"fPort":256,"data":"lQ=="}"#, "bad_shape"),
        (up, r#"{"time":"yesterday","fPort":1,"data":"lQ=="}"#, "bad_time"),
        (up, "lQ==", "not_json"),
    ];
    for (topic, payload, code) in cases {
        let reject = decode(topic, payload).unwrap_err();
        assert_eq!(reject.code(), code, "{topic} {payload}: {reject}");
    }
    let long = format!(r#"{{"fPort":1,"data":"{}"}}"#, "AAAA".repeat(86));
    assert_eq!(decode(up, long).unwrap_err().code(), "bad_bytes");
}

#[test]
fn what_the_encoder_writes_reads_back() {
    let bay = DeviceId::new("0101010101010101").unwrap();
    for (f_cnt, data) in [(0, [0xaa].as_slice()), (70_000, &[0xff])] {
        let up = ChirpStackUp {
            application: "casa",
            dev_eui: &bay,
            f_port: 1,
            f_cnt,
            data,
            time: "2026-11-21T20:00:01Z".parse().unwrap(),
            gateway: "0016c001f153a14c",
            rssi: -97,
            snr: -3.5,
        };
        let mut payload = Vec::new();
        up.write(&mut payload);
        let (_, out) = decode(&up.topic(), &payload).unwrap();
        assert_eq!(out.len(), 4, "{}", String::from_utf8_lossy(&payload));
        assert_eq!((out[2].value, out[3].value), (-97.0, -3.5));
    }
}

#[test]
fn a_profile_is_loaded_only_if_its_own_cases_pass() {
    let good = r#"
        name = "acme-bin"
        make = "Acme"
        source = "its leaflet"
        [[frame]]
        port = 2
        at_least = 3
        [[frame.field]]
        quantity = "waste.distance"
        at = 1
        width = 2
        endian = "little"
        divide = 1000
        absent = [65535]
        flaws = [{ raw = 0, flaw = "sensor_fault" }]
        [[case]]
        port = 2
        hex = "002c01"
        expect = [{ quantity = "waste.distance", value = 0.3 }]
        [[case]]
        port = 2
        hex = "000000"
        expect = [{ quantity = "waste.distance", value = 0.0, flaws = ["sensor_fault"] }]
        [[case]]
        port = 2
        hex = "00ffff"
        expect = []
    "#;
    // A frame of absent values only is understood; it is the decoder that finds nothing to store.
    let profiles = Profiles::default().with(good, "acme.toml", &NoScripts).unwrap();
    assert_eq!(profiles.iter().count(), 1);
    let again = profiles.with(good, "again.toml", &NoScripts);
    assert!(matches!(again, Err(ProfileError::Twice { ref file, .. }) if file == "again.toml"), "{again:?}");

    let text = |toml: &str| Profiles::default().with(toml, "f.toml", &NoScripts).unwrap_err().to_string();
    assert!(
        text(&good.replace("value = 0.3", "value = 0.4"))
            .starts_with("f.toml: case 1 (port 2, 002c01) gives waste.distance = 0.3")
    );
    assert!(text(good.split("[[case]]").next().unwrap()).contains("no [[case]]"));
    assert!(text(&good.replace("width = 2", "width = 9")).contains("1 to 8 bytes"));
    assert!(text(&good.replace("endian = \"little\"", "")).contains("needs endian"));
    assert!(text(&good.replace("endian = \"little\"", "endian = \"little\"\nbits = [9, 8]")).contains("bits are (9, 8)"));
    assert!(text(&good.replace("waste.distance", "waste.smell")).contains("waste.smell"));
    assert!(text(&good.replace("make = \"Acme\"", "mark = \"Acme\"")).contains("mark"));
    assert!(text(&good.replace("divide = 1000", "divide = 0")).contains("divide is not 0"));
}

#[test]
fn how_full_a_bin_is_that_lies_on_its_side_is_as_doubtful_as_the_distance() {
    let bin = Device {
        profile: Some(ProfileName::new("milesight-em310-udl").unwrap()),
        fitting: Fitting { container: Some(Container::new(1.2, 0.3, 0.28).unwrap()), ..Fitting::default() },
        ..Device::new(DeviceId::new("00137a10000000ee").unwrap(), Kind::WASTE, Zone::new("maarif").unwrap())
    };
    let decoder = Decoder::new([bin].into_iter().collect::<Catalogue>().into(), BUILT_IN.clone()).unwrap();
    let read = |frame: &str| {
        let mut out = Vec::new();
        let payload = format!(
            r#"{{"time":"2026-11-21T20:00:09Z","deviceInfo":{{"devEui":"00137a10000000ee"}},"fPort":85,"data":"{frame}"}}"#
        );
        decoder.decode(&message("application/casa/device/00137a10000000ee/event/up", payload), &mut out).unwrap();
        out.retain(|reading| [Quantity::WASTE_DISTANCE, Quantity::WASTE_FILL].contains(&reading.series.quantity));
        show(&out)
    };
    // A battery of 75 %, 630 mm and the position; then 150 mm, nearer than the sensor sees.
    let at = "@ 2026-11-21T20:00:09.000Z";
    let upright = [format!("waste.distance#0 = 0.63 {at} []"), format!("waste.fill#0 = 63.33333333333333 {at} []")];
    assert_eq!(read("AXVLA4J2AgQAAA=="), upright);
    assert_eq!(read("AXVLA4J2AgQAAQ=="), upright.map(|line| line.replace("[]", "[degraded]")));
    assert_eq!(read("AXVLA4KWAAQAAA==")[1], format!("waste.fill#0 = 100 {at} [saturated]"));
}

#[test]
fn a_catalogue_that_names_an_unknown_profile_makes_no_decoder() {
    let mut catalogue = Catalogue::clone(&catalogue());
    catalogue.insert(Device {
        id: DeviceId::new("x").unwrap(),
        kind: Kind::WASTE,
        zone: Zone::new("anfa").unwrap(),
        profile: Some(ProfileName::new("nobody-knows").unwrap()),
        place: None,
        label: None,
        fitting: schemas::Fitting::default(),
    });
    let error = Decoder::new(catalogue.into(), Profiles::built_in().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "device x is read by the profile `nobody-knows`, which is not loaded");
}

const GATEWAY: &str = "0016c001f153a14c";

/// A decoder that knows a bay and the gateway that hears it.
fn with_gateway() -> Decoder {
    let gateway = Device::new(DeviceId::new(GATEWAY).unwrap(), Kind::NETWORK, Zone::new("maarif").unwrap());
    let devices: Catalogue = catalogue().devices().cloned().chain([gateway]).collect();
    Decoder::new(devices.into(), BUILT_IN.clone()).unwrap()
}

fn said(topic: &str, payload: &str) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    let decoded = with_gateway().decode(&message(topic, payload), &mut out).map_err(|reject| reject.code().to_owned());
    decoded.map(|_| out.iter().zip(show(&out)).map(|(r, text)| format!("{} {text}", r.series.device)).collect())
}

#[test]
fn a_gateway_lives_when_it_hears_a_device_and_when_it_sends_statistics() {
    let frame = r#"{"time":"2026-11-21T20:00:09.5+00:00","deviceInfo":{"devEui":"0101010101010101"},"fPort":1,"data":"lQ==",
        "rxInfo":[{"gatewayId":"0016C001F153A14C","rssi":-36,"snr":10.5},{"gatewayId":"00000000000000ff","rssi":-90}]}"#;
    let heard = said(BAY, frame).unwrap();
    assert_eq!(heard.last().unwrap(), &format!("{GATEWAY} gateway.heard#0 = 1 @ 2026-11-21T20:00:09.500Z []"));
    assert_eq!(
        heard.iter().filter(|line| !line.starts_with("0101")).count(),
        1,
        "a gateway that nobody lists is none: {heard:?}"
    );

    let stats = r#"{"gatewayId":"0016c001f153a14c","time":"2026-11-21T20:00:05Z","rxPacketsReceived":9,"rxPacketsReceivedOk":7}"#;
    let at = "@ 2026-11-21T20:00:05.000Z []";
    for topic in [format!("eu868/gateway/{GATEWAY}/event/stats"), format!("gateway/{GATEWAY}/event/stats")] {
        let expected = [format!("{GATEWAY} gateway.frames#0 = 7 {at}"), format!("{GATEWAY} gateway.heard#0 = 1 {at}")];
        assert_eq!(said(&topic, stats).unwrap(), expected);
    }
    let version_3 = stats.replace("gatewayId", "gatewayID").replace("0016c001f153a14c", "ABbAAfFToUw=");
    assert_eq!(said(&format!("gateway/{GATEWAY}/event/stats"), &version_3).unwrap().len(), 2);
    for (state, value) in [("ONLINE", 1), ("OFFLINE", 0)] {
        let conn = format!(r#"{{"gatewayId":"{GATEWAY}","state":"{state}"}}"#);
        let said = said(&format!("eu868/gateway/{GATEWAY}/state/conn"), &conn).unwrap();
        assert!(said[0].starts_with(&format!("{GATEWAY} gateway.online#0 = {value} @")), "{said:?}");
    }
}

#[test]
fn what_a_gateway_says_and_nobody_can_read_says_why() {
    let stats = format!("eu868/gateway/{GATEWAY}/event/stats");
    for (topic, payload, reason) in [
        (stats.as_str(), "\u{a}\u{8}protobuf", "not_json"),
        (stats.as_str(), r#"{"gatewayId":"00000000000000ff"}"#, "device_mismatch"),
        ("eu868/gateway/roof/event/stats", "{}", "bad_name"),
        ("eu868/gateway/00000000000000ff/event/stats", "{}", "unknown_device"),
        (&stats.replace("event/stats", "state/conn"), r#"{"state":"ASLEEP"}"#, "bad_shape"),
    ] {
        assert_eq!(said(topic, payload).unwrap_err(), reason, "{payload}");
    }
}
