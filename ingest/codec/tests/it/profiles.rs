//! The built-in profiles: each by its own cases, all by what comes in by chance, and those of waste and air by what third
//! parties made of real frames.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use codec::{ChirpStackUp, Decoder, Explained, NoScripts, Profile, Profiles, READINGS_LIMIT, Reason, Route, Routes};
use proptest::prelude::*;
use schemas::{Catalogue, Device, DeviceId, Kind, Reading, Zone};
use serde_json::Value;

use crate::common::{message, third_party, unhex};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles");

/// The TOML files of the folder, by name.
#[expect(clippy::disallowed_methods, reason = "a test reads the files that it checks")]
fn files() -> Vec<(String, String)> {
    let mut files: Vec<_> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// One device for each profile, called as it and reached by ChirpStack under `eui(profile)`, or by a topic of its own.
static CITY: LazyLock<Decoder> = LazyLock::new(|| {
    let profiles = Profiles::built_in().unwrap();
    let device = |id: &str, profile: &Profile| Device {
        id: DeviceId::new(id).unwrap(),
        kind: profile.kind().unwrap_or(Kind::AIR),
        zone: Zone::new("maarif").unwrap(),
        profile: Some(profile.name().clone()),
        place: None,
        label: None,
        fitting: schemas::Fitting::default(),
    };
    let both = |p: &Profile| [device(&eui(p.name().as_str()), p), device(p.name().as_str(), p)];
    let catalogue: Catalogue = profiles.iter().flat_map(both).collect();
    let plain = Route::new("plain/{device}", "plain").unwrap();
    Decoder::new(catalogue.into(), profiles).unwrap().with_routes(Routes::new(vec![plain])).unwrap()
});

/// A DevEUI that is the profile's in these tests: FNV-1a of its name.
fn eui(profile: &str) -> String {
    let hash = profile.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}

/// What the profile makes of a frame that ChirpStack heard.
fn frame(profile: &str, port: u8, data: &[u8]) -> Explained {
    let dev_eui = DeviceId::new(&eui(profile)).unwrap();
    let up = ChirpStackUp {
        application: "casa",
        dev_eui: &dev_eui,
        f_port: port,
        f_cnt: 1,
        data,
        time: "2026-11-21T20:00:01Z".parse().unwrap(),
        gateway: "0016c001f153a14c",
        rssi: -97,
        snr: -3.5,
    };
    let mut payload = Vec::new();
    up.write(&mut payload);
    CITY.explain(&message(&up.topic(), &payload))
}

/// What the profile makes of a payload that the device published itself.
fn plain(profile: &str, payload: &[u8]) -> Explained {
    CITY.explain(&message(&format!("plain/{profile}"), payload))
}

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

#[test]
fn every_profile_passes_its_own_cases() {
    let fails = |(name, toml): &(String, String)| Profiles::default().with(toml, name, &NoScripts).err().map(|e| e.to_string());
    let wrong: Vec<_> = files().iter().filter_map(fails).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_profile_of_the_folder_is_built_in_under_the_name_of_its_file() {
    let built_in: BTreeSet<_> = CITY.profiles().iter().map(|p| p.name().to_string()).collect();
    assert_eq!(built_in, files().into_iter().map(|(name, _)| name).collect());
}

#[test]
fn every_profile_has_several_cases_a_kind_and_an_envelope() {
    for p in CITY.profiles().iter() {
        assert!(p.cases() >= 3 && p.kind().is_some() && !p.envelopes().is_empty(), "{}", p.name());
    }
    for kind in [Kind::WASTE, Kind::AIR] {
        assert!(CITY.profiles().iter().filter(|p| p.kind() == Some(kind)).count() >= 8, "{kind:?}");
    }
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
        // What the sample leaves out and the frame holds.
        let mut got = told(&explained);
        got.retain(|line| !line.starts_with("air.number_") || expected.iter().any(|e| e == line));
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
    // A log of an AM308 is published as one of an AM307, whose is shorter.
    assert!(unread.iter().all(|model| model.starts_with("AM307")), "{unread:?}");
    assert!(all.is_empty() || (frames > 150 && values > 600), "{frames} frames with {values} values");
}

/// What a case of a profile hands in: bytes, or text.
struct Case {
    profile: String,
    port: Option<u8>,
    bytes: Vec<u8>,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for (profile, toml) in files() {
        let table: toml::Table = toml.parse().unwrap();
        for case in table["case"].as_array().unwrap() {
            let port = case.get("port").and_then(|p| u8::try_from(p.as_integer()?).ok());
            let text = |key: &str| case.get(key).and_then(toml::Value::as_str);
            let bytes = text("hex").map(unhex).or_else(|| text("json").map(|json| json.as_bytes().to_vec()));
            all.push(Case { profile: profile.clone(), port, bytes: bytes.unwrap() });
        }
    }
    all
});

fn bounded(explained: &Explained) -> Result<(), TestCaseError> {
    prop_assert!(explained.readings.len() <= READINGS_LIMIT + 2 && explained.missing.len() <= READINGS_LIMIT);
    for reading in &explained.readings {
        prop_assert!(reading.value.is_finite() && reading.value.abs() < Reading::VALUE_LIMIT);
    }
    match &explained.result {
        Ok(decoded) => prop_assert_eq!(decoded.readings, explained.readings.len()),
        Err(reject) => {
            prop_assert!(explained.readings.is_empty());
            prop_assert!(Reason::ALL.contains(&reject.reason()) && !reject.to_string().is_empty());
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_on_any_port_are_read_or_refused_by_every_profile(port: u8, data in proptest::collection::vec(any::<u8>(), 0..256)) {
        for profile in CITY.profiles().iter() {
            bounded(&frame(profile.name().as_str(), port, &data))?;
            bounded(&plain(profile.name().as_str(), &data))?;
        }
    }

    #[test]
    fn a_frame_with_some_bytes_changed_is_read_or_refused(
        which in any::<prop::sample::Index>(), cut: Option<prop::sample::Index>, port: Option<u8>,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let case = &CASES[which.index(CASES.len())];
        let mut bytes = case.bytes.clone();
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bounded(&plain(&case.profile, &bytes))?;
        bounded(&frame(&case.profile, port.or(case.port).unwrap_or(1), &bytes))?;
    }
}
