//! The built-in profiles of waste and air against what third parties made of real frames. The examples stand beside the
//! project; without them the tests say that they are skipped.

use std::collections::BTreeSet;

use codec::Explained;
use schemas::Kind;
use serde_json::Value;

use crate::city::{CITY, frame, plain};
use crate::common::{message, third_party, unhex};

/// A value in a stated unit as the vocabulary holds it.
fn canonical(quantity: &str, value: f64, unit: &str) -> f64 {
    let payload = serde_json::json!({"v": 1, "values": {quantity: {"value": value, "unit": unit}}}).to_string();
    let explained = CITY.explain(&message("marsad/maarif/air/any/up", payload));
    explained.readings.first().unwrap_or_else(|| panic!("{quantity} in {unit}: {:?}", explained.result)).value
}

/// `quantity#channel = value [flaws]`, in order of names; what is missing has no value. Without what the network says.
fn told(explained: &Explained) -> Vec<String> {
    let readings = explained.readings.iter().filter(|r| !r.series.quantity.name().starts_with("radio.")).map(|r| {
        let flaws: Vec<_> = r.quality.flaws().map(schemas::Flaw::code).collect();
        one(r.series.quantity.name(), r.series.channel, Some(r.value), &flaws.join(" "))
    });
    let missing = explained.missing.iter().map(|m| one(m.series.quantity.name(), m.series.channel, None, m.flaw.code()));
    let mut all: Vec<_> = readings.chain(missing).collect();
    all.sort();
    all
}

fn one(quantity: &str, channel: u8, value: Option<f64>, flaws: &str) -> String {
    let value = value.map_or_else(|| "nothing".to_owned(), |v| format!("{v:.9}"));
    format!("{quantity}#{channel} = {value} [{flaws}]")
}

/// Bytes, port and canonical readings as a third party has them, for the profiles of waste and air.
#[test]
fn third_party_mappings_come_out_exactly() {
    let known = |id: &str| {
        CITY.profiles()
            .iter()
            .find(|p| p.name().as_str() == id)
            .is_some_and(|p| [Some(Kind::WASTE), Some(Kind::AIR)].contains(&p.kind()))
    };
    let all = third_party("mapping_expected.jsonl");
    let mut compared = 0;
    for example in all.iter().filter(|e| known(e["id"].as_str().unwrap())) {
        let id = example["id"].as_str().unwrap();
        let port = u8::try_from(example["fPort"].as_u64().unwrap()).unwrap();
        let explained = frame(id, port, &unhex(example["bytes_hex"].as_str().unwrap()));
        let mut expected: Vec<_> = example["canonical"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let quantity = row["name"].as_str().unwrap();
                let value = match &row["value"] {
                    Value::Bool(state) => Some(f64::from(u8::from(*state))),
                    value => value.as_f64().map(|v| canonical(quantity, v, row["ucum"].as_str().unwrap())),
                };
                one(quantity, 0, value, Some(row["quality"].as_str().unwrap()).filter(|q| *q != "good").unwrap_or(""))
            })
            .collect();
        expected.sort();
        // What the sample leaves out, although its frame holds it.
        let left_out = |line: &String| line.starts_with("air.number_") || (id == "inbiot-well" && line.starts_with("air.hcho"));
        let mut got = told(&explained);
        got.retain(|line| !left_out(line));
        assert_eq!(got, expected, "{id}: {:?}", explained.result);
        compared += 1;
    }
    assert!(all.is_empty() || compared == 8, "{compared} of the waste and air devices");
}

/// A quantity and its value.
type Named = (&'static str, f64);

/// Devices that speak JSON, as their makers show them.
#[test]
fn third_party_messages_of_devices_that_speak_json_are_read() {
    let expected: &[(&str, &str, &[Named])] = &[
        (
            "airgradient-mqtt",
            "airgradient-one",
            &[
                ("air.co2", 447.0),
                ("air.pm1", 3.0),
                ("air.pm2_5", 7.0),
                ("air.pm10", 8.0),
                ("air.number_pm0_3", 4.42),
                ("air.temperature", 25.87),
                ("air.humidity", 43.0),
                ("air.voc_index", 100.0),
                ("air.nox_index", 1.0),
                ("radio.rssi", -46.0),
            ],
        ),
        (
            "tasmota-pms5003",
            "tasmota-pms5003",
            &[
                ("air.pm1", 1.0),
                ("air.pm2_5", 2.0),
                ("air.pm10", 2.0),
                ("air.number_pm0_3", 4.23),
                ("air.temperature", 24.7),
                ("air.humidity", 32.1),
            ],
        ),
        (
            "purpleair-local",
            "purpleair-pa2",
            &[
                ("air.pm1", 6.0),
                ("air.pm2_5", 15.0),
                ("air.pm10", 16.0),
                ("air.number_pm0_3", 14.88),
                ("air.temperature", 30.555_555_555_555_557),
                ("air.humidity", 45.0),
                ("air.pressure", 1010.19),
                ("radio.rssi", -23.0),
            ],
        ),
    ];
    let all = third_party("direct_mqtt_examples.jsonl");
    for (id, profile, values) in expected {
        for example in all.iter().filter(|e| e["id"] == *id) {
            let explained = plain(profile, example["payload"].to_string().as_bytes());
            let got: Vec<_> = explained.readings.iter().map(|r| (r.series.quantity.name(), r.value)).collect();
            assert_eq!(got, *values, "{id}: {:?}", explained.result);
        }
    }
}

/// Names that a third party's decoders give to what the profiles read, with what theirs is multiplied by.
const NAMES: &[(&str, &str, f64)] = &[
    ("battery", "battery.level", 1.0),
    ("battery_voltage", "battery.voltage", 1.0),
    ("air_temperature", "air.temperature", 1.0),
    ("air_humidity", "air.humidity", 1.0),
    ("humidity", "air.humidity", 1.0),
    ("co2", "air.co2", 1.0),
    ("co2_concentration", "air.co2", 1.0),
    ("total_voc", "air.tvoc", 1.0),
    ("pm1_0_mass_concentration", "air.pm1", 1.0),
    ("pm2_5_mass_concentration", "air.pm2_5", 1.0),
    ("pm4_mass_concentration", "air.pm4", 1.0),
    ("pm10_mass_concentration", "air.pm10", 1.0),
    ("pm2_5", "air.pm2_5", 1.0),
    ("pm10", "air.pm10", 1.0),
    ("hcho", "air.hcho", 1000.0),
    ("barometric_pressure", "air.pressure", 0.01),
    ("pressure", "air.pressure", 1.0),
    ("distance", "waste.distance", 0.001),
    ("distance_average", "waste.distance", 0.001),
    ("illumination", "air.illuminance", 1.0),
];

/// Models of the third party's envelopes, and what reads them.
const MODELS: &[(&str, &str)] = &[
    ("DL-IAM", "decentlab-dl-iam"),
    ("DL-LID", "decentlab-dl-lid"),
    ("DL-LP8P", "decentlab-dl-lp8p"),
    ("DL-MBX", "decentlab-dl-mbx"),
    ("DL-PM", "decentlab-dl-pm"),
    ("AM102", "milesight-am102"),
    ("AM102L", "milesight-am102"),
    ("AM103", "milesight-am103"),
    ("AM103L", "milesight-am103"),
    ("AM104", "milesight-am107"),
    ("AM107", "milesight-am107"),
    ("AM307", "milesight-am307"),
    ("AM307L", "milesight-am307"),
    ("AM308", "milesight-am308"),
    ("AM308L", "milesight-am308"),
    ("AM319", "milesight-am319"),
    ("AM319L", "milesight-am319"),
    ("EM310-UDL", "milesight-em310-udl"),
    ("EM400-TLD", "milesight-em400-tld"),
    ("EM400-UDL", "milesight-em400-tld"),
    ("EM500-CO2", "milesight-em500-co2"),
    ("EM500-UDL", "milesight-em500-udl"),
];

/// The frame in a network server's wrapping: base64 in most of them, hexadecimal in the others.
fn wrapped(envelope: &Value) -> Option<Vec<u8>> {
    use base64::Engine;
    let text = ["/data", "/uplink_message/frm_payload", "/DevEUI_uplink/payload_hex", "/payload_hex", "/payload"]
        .iter()
        .find_map(|at| envelope.pointer(at)?.as_str())?;
    let hex = text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if hex { Some(unhex(text)) } else { base64::engine::general_purpose::STANDARD.decode(text).ok() }
}

/// Hundreds of real frames with the values that a third party reads in them.
#[test]
fn third_party_frames_give_the_values_that_the_third_party_reads() {
    let all = third_party("envelopes.jsonl");
    let (mut frames, mut values, mut unread) = (0, 0, BTreeSet::new());
    for example in &all {
        let model = example["model"].as_str().unwrap();
        let Some((_, profile)) = MODELS.iter().find(|(m, _)| *m == model) else { continue };
        let Some(data) = wrapped(&example["envelope"]) else { continue };
        let telemetry = &example["expected"]["telemetry"];
        let Some(now) = telemetry.get(0).map_or(telemetry.get("values"), |first| first.get("values")) else { continue };
        let explained = frame(profile, if profile.starts_with("milesight") { 85 } else { 1 }, &data);
        if explained.result.is_err() {
            unread.insert(model);
            continue;
        }
        frames += 1;
        for (name, quantity, factor) in NAMES {
            let Some(expected) = now[name].as_f64().map(|v| v * factor) else { continue };
            let got = explained.readings.iter().find(|r| r.series.quantity.name() == *quantity).map(|r| r.value);
            let close = got.is_some_and(|got| (got - expected).abs() <= 1e-9 * expected.abs().max(1.0));
            assert!(close, "{model} {name}: {got:?}, expected {expected} in {}", example["path"]);
            values += 1;
        }
    }
    println!("{frames} frames with {values} values");
    // A log of an AM308 is published as one of an AM307, whose is shorter.
    assert!(unread.iter().all(|model| model.starts_with("AM307")), "{unread:?}");
    assert!(all.is_empty() || (frames > 150 && values > 600), "{frames} frames with {values} values");
}

/// A third party's names for points, and which quantity they are in which unit (UCUM).
const POINTS: &[(&str, &str, &str)] = &[
    ("fillLevel", "waste.fill", "%"),
    ("distance", "waste.distance", "mm"),
    ("temperature", "device.temperature", "Cel"),
    ("humidity", "air.humidity", "%"),
    ("pressure", "air.pressure", "hPa"),
    ("batteryVoltage", "battery.voltage", "V"),
    ("batteryLevel", "battery.level", "%"),
    ("angle", "device.tilt", "deg"),
];

/// Level sensors with the points that a third party makes of them. Other devices of the same maker are refused, not guessed.
#[test]
fn third_party_points_of_level_sensors_are_the_readings() {
    let models = [("wilsen", "pepperl-fuchs-wilsen"), ("level-sensors", "enginko-level"), ("vegapuls-air", "vegapuls-air")];
    let all = third_party("decoded_to_points.jsonl");
    let (mut read, mut refused, mut values) = (0, 0, 0);
    for example in &all {
        let Some((_, profile)) = models.iter().find(|(model, _)| example["model"] == *model) else { continue };
        let explained = frame(profile, 1, &unhex(example["bytes_hex"].as_str().unwrap()));
        match &explained.result {
            Err(reject) if reject.code() == "no_reading" => continue,
            Err(reject) => {
                assert_eq!(reject.code(), "unknown_frame", "{example}");
                refused += 1;
                continue;
            }
            Ok(_) => read += 1,
        }
        for (name, quantity, unit) in POINTS {
            let point = &example["points"][name];
            let Some(expected) = point["record"].as_f64() else { continue };
            let unit = if point["unitId"] == "m" { "m" } else { unit };
            let expected = canonical(quantity, expected, unit);
            let got = explained.readings.iter().find(|r| r.series.quantity.name() == *quantity).map(|r| r.value);
            assert!(
                got.is_some_and(|got| (got - expected).abs() < 1e-6),
                "{quantity}: {got:?}, expected {expected} in {example}"
            );
            values += 1;
        }
    }
    println!("level sensors: {read} frames read, {refused} refused, {values} points");
    assert!(all.is_empty() || (read >= 12 && refused <= 6 && values >= 40), "{read} read, {refused} refused, {values} points");
}
