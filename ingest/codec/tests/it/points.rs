//! What vendors' decoders make of their frames, mapped by small profiles of our own, against what a third party makes of
//! the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use codec::{Decoder, NoScripts, Profiles, Reason, Route, Routes};
use schemas::{Kind, Message, Provenance, Reading, Timestamp, Zone};
use serde_json::Value;

use crate::common::{decode, third_party};

/// A decoder that gives a list of values, each with its name beside it.
const NAMED: &str = r#"
    name = "acme-named"
    make = "Acme"
    kind = "air"
    source = "its leaflet"
    codec = "json"
    [[list]]
    at = ""
    [[list.field]]
    time = "text"
    at = "/at"
    [[list.field]]
    quantity = "air.temperature"
    at = "/value"
    when = [{ at = "/name", is = ["t", "temp"] }]
    [[list.field]]
    quantity = "air.co2"
    channel = 3
    at = "/value"
    when = [{ at = "/name", is = "co2" }, { at = "/probe", is = 3 }, { at = "/valid", is = true }]
    [[case]]
    json = '[{"name":"t","value":-4.5,"at":"2026-11-21T11:30:00Z"},{"name":"co2","value":700,"probe":3,"valid":true}]'
    expect = [
        { quantity = "air.temperature", value = -4.5, at = "2026-11-21T11:30:00Z" },
        { quantity = "air.co2", channel = 3, value = 700.0 },
    ]
    [[case]]
    json = '[{"name":"rh","value":50},{"value":7},{"name":"co2","value":700,"probe":2,"valid":true},{"name":"co2","value":1,"probe":3}]'
    expect = []
"#;

#[test]
fn a_field_is_read_only_where_a_member_beside_it_says_that_it_is_meant() {
    Profiles::default().with(NAMED, "named.toml", &NoScripts).unwrap();
    let wrong = |toml: &str| Profiles::default().with(toml, "f.toml", &NoScripts).unwrap_err().to_string();
    assert!(wrong(&NAMED.replace("at = \"/name\", is = \"co2\"", "at = 0, is = 1")).contains("JSON Pointer"));
    assert!(wrong(&NAMED.replace("at = \"/name\", is = \"co2\"", "at = \"name\", is = 1")).contains("begins with /"));
}

/// The profile that maps what a model's decoder says, by the beginning of the model's name.
const MODELS: &[(&str, &str)] = &[
    ("eva", include_str!("../points/advantech-eva.toml")),
    ("level-sensors", include_str!("../points/enginko-level-sensors.toml")),
    ("fm432p", include_str!("../points/fludia-fm432p.toml")),
    ("ep5000", include_str!("../points/nanosense.toml")),
    ("qaa", include_str!("../points/nanosense.toml")),
    ("wilsen", include_str!("../points/pf-wilsen.toml")),
    ("puck-radar", include_str!("../points/sensative.toml")),
    ("square-air", include_str!("../points/sensative.toml")),
    ("cubicmeter", include_str!("../points/thermokon-cubicmeter.toml")),
    ("vegapuls-air", include_str!("../points/vega-vegapuls-air.toml")),
    ("flasho_v1.0", include_str!("../points/watteco-1-0.toml")),
    ("pulse-senso-atex_v1.0", include_str!("../points/watteco-1-0.toml")),
    ("pulse-senso_v1.0", include_str!("../points/watteco-1-0.toml")),
    ("vaqao-lt_v1.0", include_str!("../points/watteco-1-0.toml")),
    ("vaqao-plus_v1.0", include_str!("../points/watteco-1-0.toml")),
    ("vaqao_v1.0", include_str!("../points/watteco-1-0.toml")),
    ("flasho_v1.1", include_str!("../points/watteco-1-1.toml")),
    ("pulse-senso-atex_v1.1", include_str!("../points/watteco-1-1.toml")),
    ("pulse-senso_v1.1", include_str!("../points/watteco-1-1.toml")),
    ("vaqao-lite_v1.1", include_str!("../points/watteco-1-1.toml")),
    ("iq-rm200-lrw", include_str!("../points/yobiiq-iq-rm200.toml")),
];

/// Which of our quantities a point is: model (or `*`), name of the point, its nature if that decides, quantity, channel.
/// The first that fits.
const OURS: &[(&str, &str, Option<&str>, &str, u8)] = &[
    ("*", "batteryVoltage", None, "battery.voltage", 0),
    ("*", "batteryLevel", None, "battery.level", 0),
    ("eva", "temperature", None, "air.temperature", 0),
    ("eva", "humidity", None, "air.humidity", 0),
    ("eva", "leak", None, "water.leak", 0),
    ("level-sensors", "distance", None, "waste.distance", 0),
    ("level-sensors", "fillLevel", None, "waste.fill", 0),
    ("level-sensors", "temperature", None, "device.temperature", 0),
    ("level-sensors", "humidity", None, "device.humidity", 0),
    ("fm432p", "counter:2", None, "water.pulse_count", 0),
    ("*", "concentration:1", Some("benzene"), "air.benzene", 0),
    ("*", "concentration:2", Some("cov"), "air.tvoc_mass", 0),
    ("*", "concentration:3", Some("formaldehyde"), "air.hcho", 0),
    ("*", "concentration", Some("pm1"), "air.pm1", 0),
    ("*", "concentration", Some("pm10"), "air.pm10", 0),
    ("*", "concentration", Some("pm25"), "air.pm2_5", 0),
    ("*", "amount:2", Some("o3"), "air.o3", 0),
    ("*", "sound:1", Some("noise_average"), "air.noise", 0),
    ("ep5000", "temperature:2", Some("temperature"), "air.temperature", 0),
    ("ep5000", "humidity", None, "air.humidity", 0),
    ("qaa", "temperature", None, "air.temperature", 0),
    ("qaa", "humidity", None, "air.humidity", 0),
    ("wilsen", "temperature", None, "device.temperature", 0),
    ("wilsen", "fillLevel", None, "waste.fill", 0),
    ("wilsen", "distance", Some("proxx"), "waste.distance", 0),
    ("wilsen", "distance", Some("proxx_mm"), "waste.distance", 0),
    ("square-air", "humidity", None, "air.humidity", 0),
    ("cubicmeter", "temperature:1", Some("Ambient"), "device.temperature", 0),
    ("cubicmeter", "temperature:2", Some("Max"), "water.temperature_max", 0),
    ("cubicmeter", "temperature:3", Some("Min"), "water.temperature_min", 0),
    ("cubicmeter", "volume", None, "water.volume", 0),
    ("vegapuls-air", "distance", None, "waste.distance", 0),
    ("vegapuls-air", "temperature", Some("electronics"), "device.temperature", 0),
    ("vegapuls-air", "angle", Some("tilt"), "device.tilt", 0),
    ("flasho", "counter", None, "water.pulse_count", 0),
    ("pulse-senso", "counter:1", None, "water.pulse_count", 0),
    ("pulse-senso", "counter:2", None, "water.pulse_count", 1),
    ("pulse-senso", "counter:3", None, "water.pulse_count", 2),
    ("pulse-senso", "frequency:1", None, "water.pulse_count", 0),
    ("pulse-senso", "frequency:2", None, "water.pulse_count", 1),
    ("pulse-senso", "frequency:3", None, "water.pulse_count", 2),
    ("vaqao", "temperature:1", None, "air.temperature", 0),
    ("vaqao", "humidity:1", None, "air.humidity", 0),
    ("vaqao", "status", Some("violation detection"), "device.tamper", 0),
    ("*", "co2Level", None, "air.co2", 0),
    ("*", "illuminance", None, "air.illuminance", 0),
    ("*", "pressure", None, "air.pressure", 0),
];

/// Points that our vocabulary has no quantity for: model, beginning of the name, its nature if that decides, and why.
const NOT_OURS: &[(&str, &str, Option<&str>, &str)] = &[
    ("*", "location", None, "where a device stands is said by the catalogue"),
    ("eva", "current", None, "electric current"),
    ("level-sensors", "voltage", Some("adc"), "the sensor's own raw voltage"),
    ("level-sensors", "height", None, "height of the contents: computed from the distance and the container"),
    ("fm432p", "counter:1", None, "pulses of a period: the counter holds them"),
    ("ep5000", "period", None, "a setting"),
    ("ep5000", "percentage", None, "indices and controls of the maker's own"),
    ("ep5000", "temperature:1", Some("light_temperature"), "colour of the light"),
    ("ep5000", "counter", Some("occupancy"), "people in a room"),
    ("ep5000", "amount:1", Some("nox"), "nitrogen oxides together: no single gas, so no factor to a mass"),
    ("*", "sound:2", Some("noise_peak"), "a peak, not the level"),
    ("wilsen", "counter", None, "counts of its own work, amplitudes, settings and bits"),
    ("wilsen", "height", None, "height of a body of water"),
    ("wilsen", "status", None, "settings, and states of valves"),
    ("wilsen", "presence", None, "a target before a switch"),
    ("wilsen", "distance:", None, "settings: where full and empty are"),
    ("wilsen", "interval", None, "a setting"),
    ("wilsen", "duration", None, "a setting"),
    ("puck-radar", "distance", None, "two alarms, 0 or 1, that the third party calls distances in metres"),
    ("puck-radar", "presence", None, "what it watches is not told"),
    ("square-air", "counter", Some("air quality index"), "an index of the maker's own"),
    ("vegapuls-air", "status", None, "states that the number itself tells: it is missing"),
    ("flasho", "status", None, "a dry contact"),
    ("pulse-senso", "status", None, "dry contacts"),
    ("vaqao", "counter", Some("air quality index"), "an index of the maker's own"),
    ("vaqao", "presence", None, "people in a room"),
];

/// Where we and the third party do not agree: beginning of the model, point, how often, and why.
const DISAGREE: &[(&str, &str, usize, &str)] = &[
    ("cubicmeter", "volume", 1, "5,342 litres are called m3; the decoder of Quandify reads the same bytes as litres"),
    (
        "pulse-senso-atex_v1.0",
        "frequency:1",
        2,
        "an index called pulses an hour; the next version of the same driver calls it a count",
    ),
    ("pulse-senso-atex_v1.0", "frequency:2", 1, "as above"),
    ("pulse-senso-atex_v1.0", "frequency:3", 1, "as above"),
    (
        "pulse-senso_v1.0",
        "frequency:1",
        2,
        "an index called pulses an hour; the next version of the same driver calls it a count",
    ),
    ("pulse-senso_v1.0", "frequency:2", 1, "as above"),
    ("pulse-senso_v1.0", "frequency:3", 1, "as above"),
];

/// Unit ids that look like SenML's and are not in its registries.
const BESIDE_SENML: &[(&str, &str)] = &[("state", "1"), ("mbar", "mbar")];

/// The time of every message is taken from its own log, else it is this.
const HEARD: &str = "2026-11-21T20:00:00Z";

/// What the third party says of one point: value in our unit, and when, if it says so. None: its unit is not one of the
/// quantity.
fn theirs(point: &Value, quantity: &str) -> Option<Vec<(f64, Option<Timestamp>)>> {
    let id = point["unitId"].as_str().unwrap();
    let beside = BESIDE_SENML.iter().find(|(theirs, _)| *theirs == id).map(|(_, ucum)| *ucum);
    let unit = codec::senml_unit(id).or(beside)?;
    let single = point.get("record").map(|value| serde_json::json!([{ "value": value }]));
    let records = single.as_ref().or(point.get("records")).and_then(Value::as_array).unwrap().clone();
    let canonical = |record: &Value| {
        let value = record["value"].as_f64().unwrap_or_else(|| f64::from(u8::from(record["value"] == true)));
        // Through the front door: what our own format makes of a stated unit.
        let payload = serde_json::json!({ "v": 1, "values": { quantity: { "value": value, "unit": unit } } });
        let (_, readings) = decode("marsad/anfa/air/third-party/up", payload.to_string()).ok()?;
        let at = record.get("eventTime").and_then(Value::as_str).map(|at| at.parse().unwrap());
        Some((readings.first()?.value, at))
    };
    records.iter().map(canonical).collect()
}

/// The latest time that stands anywhere in what the decoder says: the message is heard a minute later.
fn latest(tree: &Value) -> Option<Timestamp> {
    match tree {
        Value::String(text) => text.parse().ok().filter(|at: &Timestamp| at.millis() > 1_500_000_000_000),
        Value::Number(number) => {
            let seconds = number.as_i64().filter(|n| (1_700_000_000..1_800_000_000).contains(n))?;
            Timestamp::from_millis(seconds * 1000).ok()
        }
        Value::Array(all) => all.iter().filter_map(latest).max(),
        Value::Object(members) => members.values().filter_map(latest).max(),
        _ => None,
    }
}

/// What we read of it.
fn read(profile: &str, data: &Value) -> Vec<Reading> {
    let profiles = Profiles::default().with(profile, "points", &NoScripts).unwrap();
    let name = profiles.iter().next().unwrap().name().clone();
    let route = Route::new("points/{device}", "plain").unwrap().read_by(Some(name));
    let route = route.enrolling(Some(Kind::AIR), Zone::new("anfa").ok());
    let decoder = Decoder::new(Arc::default(), profiles).unwrap().with_routes(Routes::new([route])).unwrap();
    let received_at = latest(data).map_or_else(|| HEARD.parse().unwrap(), |at| at.plus(Duration::from_secs(60)));
    let message = Message {
        topic: "points/third-party".into(),
        payload: data.to_string().into_bytes().into(),
        received_at,
        provenance: Provenance::default(),
    };
    let explained = decoder.explain(&message);
    if let Err(reject) = explained.result {
        assert_eq!(reject.reason(), Reason::NoReading, "{reject}: {data}");
    }
    explained.readings
}

fn fits(name: &str, beginning: &str) -> bool {
    beginning == "*" || name.starts_with(beginning)
}

/// Same numbers in the same order, and at the same time where both say one.
fn agree(ours: &[&Reading], theirs: &[(f64, Option<Timestamp>)]) -> bool {
    let same = |(our, (value, at)): (&&Reading, &(f64, Option<Timestamp>))| {
        let near = (our.value - value).abs() <= 1e-9 * value.abs().max(1.0);
        near && at.is_none_or(|at| our.observed_at == at)
    };
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(same)
}

#[test]
fn decoded_fields_come_to_the_points_of_a_third_party_or_the_table_says_why_not() {
    let (mut agreed, mut differ) = (BTreeMap::<String, usize>::new(), BTreeMap::<(String, String), usize>::new());
    let (mut foreign, mut used) = (0, BTreeSet::new());
    for row in third_party("decoded_to_points.jsonl") {
        let model = row["model"].as_str().unwrap();
        let (_, profile) = MODELS.iter().find(|(name, _)| *name == model).unwrap_or_else(|| panic!("no profile for {model}"));
        let readings = read(profile, &row["expected"]["data"]);
        for (name, point) in row["points"].as_object().unwrap() {
            let nature = point["nature"].as_str();
            let decides = |wanted: Option<&str>| wanted.is_none_or(|wanted| nature == Some(wanted));
            let ours = OURS.iter().position(|(m, n, wanted, ..)| {
                fits(model, m) && (*n == name || name.strip_prefix(n).is_some_and(|r| r.starts_with(':'))) && decides(*wanted)
            });
            let not_ours =
                NOT_OURS.iter().position(|(m, n, wanted, _)| fits(model, m) && name.starts_with(n) && decides(*wanted));
            let (quantity, channel) = match (ours, not_ours) {
                (Some(at), _) => {
                    used.insert(("ours", at));
                    (OURS[at].3, OURS[at].4)
                }
                (None, Some(at)) => {
                    used.insert(("not ours", at));
                    foreign += 1;
                    continue;
                }
                (None, None) => panic!("{model}: {name} {point} is in no table"),
            };
            let same = |r: &&Reading| r.series.quantity.name() == quantity && r.series.channel == channel;
            let mine: Vec<&Reading> = readings.iter().filter(same).collect();
            if theirs(point, quantity).is_some_and(|theirs| agree(&mine, &theirs)) {
                *agreed.entry(model.to_owned()).or_default() += 1;
            } else {
                assert!(!mine.is_empty(), "{model}: {name} {point}: no {quantity} in {readings:?}");
                *differ.entry((model.to_owned(), name.clone())).or_default() += 1;
            }
        }
    }
    if agreed.is_empty() {
        return;
    }
    for (model, points) in &agreed {
        println!("{model}: {points} points agree");
    }
    let known = DISAGREE.iter().map(|(model, point, times, _)| ((String::from(*model), String::from(*point)), *times));
    let total: usize = agreed.values().sum();
    println!("{total} points agree, {} differ, {foreign} have no quantity", differ.values().sum::<usize>());
    assert_eq!(differ, known.collect());
    assert_eq!(used.len(), OURS.len() + NOT_OURS.len(), "a row that no point needs: {used:?}");
    assert!(total > 130, "{total}");
}
