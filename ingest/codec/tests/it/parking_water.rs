//! The profiles of parking detectors and water meters: what third parties say that real frames mean, and that no bytes
//! whatever break them. What each frame means by our own reading stands as cases in the profiles.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use base64::Engine;
use codec::{ChirpStackUp, Decoder, Profile, Reason, Reject, Route, Routes};
use proptest::prelude::*;
use schemas::{
    Catalogue, Device, DeviceId, Fitting, Flaw, Kind, Message, ProfileName, Provenance, PulseMeter, Reading, Timestamp, Zone,
};
use serde_json::Value;

use crate::common::{BUILT_IN, third_party};

static OURS: LazyLock<Vec<&Profile>> = LazyLock::new(|| {
    let kinds = [Some(Kind::PARKING), Some(Kind::WATER)];
    BUILT_IN.iter().filter(|p| kinds.contains(&p.kind())).collect()
});

/// One device a profile; the pulses that it counts are ten litres each.
static DECODER: LazyLock<Decoder> = LazyLock::new(|| {
    let device = |profile: &&Profile| Device {
        id: device(profile.name().as_str()),
        kind: profile.kind().unwrap(),
        zone: Zone::new("anfa").unwrap(),
        profile: Some(profile.name().clone()),
        place: None,
        label: None,
        fitting: Fitting { meter: Some(PulseMeter::new(10.0, 0.0).unwrap()), ..Fitting::default() },
    };
    let catalogue: Catalogue = OURS.iter().map(device).collect();
    let profile = ProfileName::new("zigbee2mqtt-leak").ok();
    let leaks = Route::new("zigbee2mqtt/{device}", "plain").unwrap().read_by(profile);
    let leaks = leaks.enrolling(None, Zone::new("anfa").ok());
    let routes = Routes::new([leaks]);
    Decoder::new(Arc::new(catalogue), BUILT_IN.clone()).unwrap().with_routes(routes).unwrap()
});

/// The device that this profile reads.
fn device(profile: &str) -> DeviceId {
    let at = OURS.iter().position(|p| p.name().as_str() == profile);
    DeviceId::new(&format!("{:016x}", 0xc0de_0000_0000_usize + at.unwrap_or_else(|| panic!("no profile {profile}")))).unwrap()
}

/// What a message gives, without what the radio says.
fn hear(topic: &str, payload: &[u8], heard: Timestamp) -> Result<Vec<Reading>, Reject> {
    let message =
        Message { topic: topic.into(), payload: payload.to_vec().into(), received_at: heard, provenance: Provenance::default() };
    let mut out = Vec::new();
    match DECODER.decode(&message, &mut out) {
        Err(reject) if reject.reason() != Reason::NoReading => return Err(reject),
        _ => out.retain(|r| !r.series.quantity.name().starts_with("radio.")),
    }
    Ok(out)
}

/// What a frame gives in the device of this profile.
fn read(profile: &str, port: u8, bytes: &[u8], heard: Timestamp) -> Result<Vec<Reading>, Reject> {
    let dev_eui = device(profile);
    let (application, gateway) = ("casa", "0016c001f153a14c");
    let up = ChirpStackUp {
        application,
        dev_eui: &dev_eui,
        f_port: port,
        f_cnt: 1,
        data: bytes,
        time: heard,
        gateway,
        rssi: -97,
        snr: -3.5,
    };
    let mut payload = Vec::new();
    up.write(&mut payload);
    hear(&up.topic(), &payload, heard)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    hex.as_bytes().chunks(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| f64::from(u8::from(value.as_bool().unwrap())))
}

/// What the profiles say beyond the third party's own list, by the third party's id.
const BEYOND: &[(&str, &[(&str, usize)])] = &[
    // The hours between the first and the last, and the two states that the list does not name.
    ("axioma-qalcosonic-w1", &[("water.volume", 22), ("water.frost", 1), ("device.fault", 1)]),
    ("quandify-cubicmeter", &[("water.backflow", 1), ("device.fault", 1), ("battery.low", 1)]),
];

/// The profile that reads a row, where it has another name.
fn profile_of(id: &str) -> &str {
    if id == "wmbus-hydrodigit" { "wireless-m-bus-water" } else { id }
}

#[test]
fn third_party_mappings_of_parking_and_water_come_out_exactly() {
    let mut seen = 0;
    for row in third_party("mapping_expected.jsonl") {
        let (id, kind) = (row["id"].as_str().unwrap(), row["kind"].as_str().unwrap());
        if !matches!(kind, "parking" | "water") {
            continue;
        }
        seen += 1;
        let first = row["decoded"]["timestamp_unix"].as_i64().map(|s| s * 1000);
        // A frame with a log is heard ten minutes after its last hour, a register on the day after, a meter with a clock
        // at its minute.
        let heard = match (first, id) {
            (Some(first), _) => Timestamp::clamped(first + 83_400_000),
            (None, "kamstrup-lorawan") => "2023-10-20T06:00:00Z".parse().unwrap(),
            (None, "wmbus-hydrodigit") => "2024-05-22T15:33:00Z".parse().unwrap(),
            (None, _) => "2026-11-21T20:00:00Z".parse().unwrap(),
        };
        let frame = bytes(row["bytes_hex"].as_str().unwrap()).unwrap();
        let port = row["fPort"].as_u64().map_or(0, |port| u8::try_from(port).unwrap());
        let mut readings = read(profile_of(id), port, &frame, heard).unwrap();
        for expected in row["canonical"].as_array().unwrap().iter().filter(|e| !e["value"].is_null()) {
            let (name, value) = (expected["name"].as_str().unwrap(), number(&expected["value"]));
            let at = match (expected["at"].as_str(), expected["time"].as_str()) {
                (None, Some(time)) => Some(time.parse().unwrap()),
                // The registers of the same day, for which the third party writes no time.
                (None, None) if name.starts_with("water.flow_") => None,
                (None, None) => Some(heard),
                (Some("log time"), _) => first.map(Timestamp::clamped),
                (Some("+23 x 1 h"), _) => first.map(|t| Timestamp::clamped(t + 23 * 3_600_000)),
                (Some(other), _) => panic!("{id}: {other}"),
            };
            let found = readings.iter().position(|r| {
                let on_time = at.is_none_or(|at| r.observed_at == at);
                r.series.quantity.name() == name && r.value.to_bits() == value.to_bits() && on_time
            });
            let reading = readings.remove(found.unwrap_or_else(|| panic!("{id}: no {name} = {value} at {at:?} in {readings:?}")));
            if let Some(ucum) = expected["ucum"].as_str() {
                assert_eq!(reading.series.quantity.unit(), ucum, "{id}: {name}");
            }
            // Good, but for the hours that are simply past.
            assert!(reading.quality.flaws().all(|flaw| flaw == Flaw::Late), "{id}: {reading:?}");
        }
        let mut beyond: BTreeMap<&str, usize> = BTreeMap::new();
        for reading in &readings {
            *beyond.entry(reading.series.quantity.name()).or_default() += 1;
        }
        let named = BEYOND.iter().find(|(named, _)| *named == id).map_or(&[][..], |(_, more)| more);
        assert_eq!(beyond, named.iter().copied().collect(), "{id}");
    }
    assert!(seen == 0 || seen == 8, "{seen} rows");
}

#[test]
fn a_leak_detector_behind_zigbee2mqtt_is_read_by_its_topic() {
    for row in third_party("direct_mqtt_examples.jsonl").iter().filter(|row| row["id"] == "zigbee2mqtt-leak") {
        let heard = "2026-11-21T20:00:00Z".parse().unwrap();
        let readings = hear(row["topic"].as_str().unwrap(), row["payload"].to_string().as_bytes(), heard).unwrap();
        let value = |name: &str| readings.iter().find(|r| r.series.quantity.name() == name).map(|r| r.value);
        assert_eq!(value("battery.level"), row["expect"]["battery_pct"].as_f64());
        assert_eq!(value("battery.voltage"), row["expect"]["battery_v"].as_f64());
        assert_eq!(value("water.leak"), Some(0.0));
        assert_eq!(readings.len(), 3, "{readings:?}");
    }
}

/// Models of the third party, the profile that reads them, and what their words mean.
type Model = (&'static str, &'static str, &'static [(&'static str, &'static str, u8, f64)]);

const MODELS: &[Model] = &[
    ("G4_NPS_FM", "nwave-nps405", NPS),
    ("G4_NPS_SM", "nwave-nps405", NPS),
    ("G4_NCC_FM", "nwave-ncc405", &[("battery_voltage", "battery.voltage", 0, 1.0)]),
    ("G4_NCC_SM", "nwave-ncc405", &[("battery_voltage", "battery.voltage", 0, 1.0)]),
    ("EM300-DI", "milesight-em300-di", EM300),
    ("EM300-DI_Hall", "milesight-em300-di", EM300),
    ("EM300-SLD-ZLD", "milesight-em300-zld", EM300),
    ("EM300-MLD", "milesight-em300-zld", EM300),
    (
        "DL-DLR2-002",
        "decentlab-dl-dlr2-002",
        &[("cumulative_pulse_count", "water.pulse_count", 0, 1.0), ("battery_voltage", "battery.voltage", 0, 1.0)],
    ),
    (
        "DL-DLR2-010",
        "decentlab-dl-dlr2-010",
        &[
            ("ch0_cumulative_pulse_count", "water.pulse_count", 0, 1.0),
            ("ch1_cumulative_pulse_count", "water.pulse_count", 1, 1.0),
            ("battery_voltage", "battery.voltage", 0, 1.0),
        ],
    ),
];

const NPS: &[(&str, &str, u8, f64)] = &[
    ("occupied", "parking.occupied", 0, 1.0),
    ("previous_state_duration", "parking.prev_state_duration", 0, 60.0),
    ("temperature", "device.temperature", 0, 1.0),
    ("battery_voltage", "battery.voltage", 0, 1.0),
];

const EM300: &[(&str, &str, u8, f64)] = &[
    ("battery", "battery.level", 0, 1.0),
    ("temperature", "device.temperature", 0, 1.0),
    ("humidity", "device.humidity", 0, 1.0),
    ("pulse", "water.pulse_count", 0, 1.0),
    ("leakage_status", "water.leak", 0, 1.0),
];

/// Where the third party's converter is wrong, or another one of its own kind says otherwise: model, word, its value, ours.
const WRONG: &[(&str, &str, f64, f64, &str)] = &[
    ("G4_NPS_FM", "battery_voltage", 2.32, 3.344, "takes the byte for a signed one; the maker's own decoder has 3.344 V"),
    ("G4_NPS_SM", "battery_voltage", 2.32, 3.344, "takes the byte for a signed one; the maker's own decoder has 3.344 V"),
    ("EM300-DI", "humidity", 50.0, 50.5, "half percents are cut off; the same item of the EM300-ZLD keeps them"),
    ("EM300-SLD-ZLD", "humidity", 79.0, 46.5, "0x5d half percents are 46.5, as in the maker's own example"),
];

/// The bytes and the port of an envelope, whatever server it is of.
fn frame_of(envelope: &Value) -> Option<(u8, Vec<u8>)> {
    let find = |names: &[&str]| names.iter().find_map(|name| find(envelope, name));
    let port = find(&["fPort", "f_port", "FPort", "port"])?;
    let port = port.as_u64().or_else(|| port.as_str()?.parse().ok())?;
    let data = find(&["data", "frm_payload", "payload_hex", "payload"])?.as_str()?;
    let frame = bytes(data).or_else(|| base64::engine::general_purpose::STANDARD.decode(data).ok())?;
    Some((u8::try_from(port).ok()?, frame))
}

/// The first member of this name, however deep.
fn find<'v>(tree: &'v Value, name: &str) -> Option<&'v Value> {
    match tree {
        Value::Object(members) => members.get(name).or_else(|| members.values().find_map(|inner| find(inner, name))),
        Value::Array(all) => all.iter().find_map(|inner| find(inner, name)),
        _ => None,
    }
}

/// All `values` of a converter's output: word and value.
fn words<'v>(tree: &'v Value, out: &mut Vec<(&'v str, &'v Value)>) {
    match tree {
        Value::Object(members) => match members.get("values").and_then(Value::as_object) {
            Some(values) => out.extend(values.iter().map(|(word, value)| (word.as_str(), value))),
            None => members.values().for_each(|inner| words(inner, out)),
        },
        Value::Array(all) => all.iter().for_each(|inner| words(inner, out)),
        _ => {}
    }
}

#[test]
fn real_frames_of_parking_and_water_mean_what_a_third_party_says() {
    let (mut compared, mut wrong) = (0, 0);
    for row in third_party("envelopes.jsonl") {
        let model = row["model"].as_str().unwrap();
        let Some((_, profile, meanings)) = MODELS.iter().find(|(name, ..)| *name == model) else { continue };
        let Some((port, frame)) = frame_of(&row["envelope"]) else { panic!("{}: no frame", row["path"]) };
        let readings = read(profile, port, &frame, "2026-11-21T20:00:00Z".parse().unwrap());
        let readings = readings.unwrap_or_else(|e| panic!("{}: {e}", row["path"]));
        let mut said = Vec::new();
        words(&row["expected"], &mut said);
        for (word, value) in said {
            let Some((_, quantity, channel, factor)) = meanings.iter().find(|(w, ..)| *w == word) else { continue };
            let value = match value.as_str() {
                Some("leak") => 1.0,
                Some("normal") => 0.0,
                Some(other) => panic!("{model}: {word} is {other}"),
                None => number(value) * factor,
            };
            let ours = |wanted: f64| {
                let same = |r: &&Reading| r.series.quantity.name() == *quantity && r.series.channel == *channel;
                readings.iter().filter(same).any(|r| (r.value - wanted).abs() < 1e-9)
            };
            if ours(value) {
                compared += 1;
                continue;
            }
            let known = WRONG.iter().find(|(m, w, theirs, ..)| *m == model && *w == word && (theirs - value).abs() < 1e-9);
            let (.., right, _) = known.unwrap_or_else(|| panic!("{}: {word} is {value}, not in {readings:?}", row["path"]));
            assert!(ours(*right), "{}: {word} is {value}, expected our {right} in {readings:?}", row["path"]);
            wrong += 1;
        }
    }
    println!("{compared} values of real frames agree, {wrong} are wrong by the table");
    assert!(compared == 0 || compared > 150, "{compared}");
}

/// The frames of all cases: profile, port, bytes.
static FRAMES: LazyLock<Vec<(&str, u8, Vec<u8>)>> = LazyLock::new(|| {
    #[expect(clippy::disallowed_methods, reason = "a test reads the profiles that it is about")]
    let text = |name: &str| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles").join(format!("{name}.toml"));
        std::fs::read_to_string(file).unwrap()
    };
    let frames = |profile: &&'static Profile| {
        let name = profile.name().as_str();
        let toml: toml::Table = text(name).parse().unwrap();
        let cases = toml.get("case").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        let frame = move |case: toml::Value| {
            let port = case.get("port").and_then(toml::Value::as_integer)?;
            Some((name, u8::try_from(port).ok()?, bytes(case.get("hex")?.as_str()?)?))
        };
        cases.into_iter().filter_map(frame).collect::<Vec<_>>()
    };
    OURS.iter().flat_map(frames).filter(|(.., frame)| !frame.is_empty()).collect()
});

/// Whatever the bytes: readings that a store can hold, or a reason.
fn check(profile: &str, port: u8, frame: &[u8]) -> Result<(), TestCaseError> {
    let heard: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    match read(profile, port, frame, heard) {
        Ok(readings) => {
            for reading in &readings {
                prop_assert!(reading.value.is_finite() && reading.value.abs() < Reading::VALUE_LIMIT);
                prop_assert!(reading.observed_at.since(heard) <= codec::AHEAD);
                // A state is one of its words, whatever stands in the bytes.
                if matches!(reading.series.quantity.name(), "parking.occupied" | "battery.low" | "water.leak") {
                    prop_assert!(reading.value == 0.0 || reading.value == 1.0, "{:?}", reading);
                }
            }
            prop_assert!(readings.len() <= codec::READINGS_LIMIT);
        }
        Err(reject) => prop_assert!(!reject.to_string().is_empty() && reject.reason() != Reason::NoReading),
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_bytes_break_a_profile(
        which in any::<prop::sample::Index>(), port: u8, frame in proptest::collection::vec(any::<u8>(), 1..256),
    ) {
        check(which.get(&OURS).name().as_str(), port, &frame)?;
    }

    #[test]
    fn a_frame_with_some_bytes_changed_or_cut_off_breaks_no_profile(
        which in any::<prop::sample::Index>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5), cut: Option<prop::sample::Index>,
    ) {
        let (profile, port, frame) = which.get(&FRAMES);
        let mut frame = frame.clone();
        for (place, byte) in edits {
            let place = place.index(frame.len());
            frame[place] = byte;
        }
        if let Some(cut) = cut {
            frame.truncate(cut.index(frame.len()).max(1));
        }
        check(profile, *port, &frame)?;
    }
}
