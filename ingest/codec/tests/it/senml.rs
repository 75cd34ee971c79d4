//! SenML, JSON and CBOR.

use crate::common::{decode, message, show};
use crate::opened::{explain, fresh};
use codec::{Route, Routes};
use proptest::prelude::*;
use schemas::{Kind, Zone};
use serde_json::{Value, json};

/// A device and what it says, by instant.
type Said = (String, Vec<(Option<String>, Value)>);

fn trees(topic: &str, payload: impl AsRef<[u8]>) -> Vec<Said> {
    let explained = explain("senml", if topic.contains('/') { "senml/{device}" } else { "senml" }, topic, payload);
    let tree =
        |u: codec::UplinkView| (u.device.to_string(), u.fields.into_iter().map(|(t, f)| (t.map(|t| t.to_string()), f)).collect());
    explained.uplinks.into_iter().map(tree).collect()
}

fn tree(topic: &str, payload: impl AsRef<[u8]>) -> Value {
    trees(topic, payload).remove(0).1.remove(0).1
}

#[test]
fn base_values_are_added_and_units_become_canonical() {
    let payload = r#"[{"bn":"moved-1:","bt":1795291200,"bu":"Cel","n":"air.temperature","v":23.1},
        {"n":"air.temperature","t":5.5,"v":23.2},{"n":"air.humidity","u":"%RH","v":45},{"n":"air.no2#1","u":"ppb","t":1,"v":10},
        {"n":"air.pressure","u":"Pa","v":101325},{"n":"device.tamper","u":"","vb":true}]"#;
    assert_eq!(
        show(&decode("senml", payload).unwrap().1),
        [
            "air.humidity#0 = 45 @ 2026-11-21T20:00:00.000Z []",
            "air.pressure#0 = 1013.25 @ 2026-11-21T20:00:00.000Z []",
            "air.temperature#0 = 23.1 @ 2026-11-21T20:00:00.000Z []",
            "device.tamper#0 = 1 @ 2026-11-21T20:00:00.000Z []",
            "air.no2#1 = 19.125 @ 2026-11-21T20:00:01.000Z []",
            "air.temperature#0 = 23.2 @ 2026-11-21T20:00:05.500Z []",
        ]
    );
}

#[test]
fn a_small_time_is_relative_to_when_we_heard_and_none_is_just_now() {
    let payload = r#"[{"bn":"moved-1/","n":"air.pm10","v":1},{"n":"air.pm10","t":-9,"v":2},{"n":"air.pm10","t":268435455,"v":3},
        {"n":"air.pm10","t":1795291200,"v":4}]"#;
    let (_, out) = decode("senml", payload).unwrap();
    let at = |value: f64| out.iter().find(|r| r.value == value).unwrap().observed_at.to_string();
    assert_eq!(at(1.0), "2026-11-21T20:00:10.000Z");
    assert_eq!(at(2.0), "2026-11-21T20:00:01.000Z");
    assert_eq!(at(3.0), "2026-11-21T20:00:10.000Z", "eight years ahead is not believed");
    assert_eq!(at(4.0), "2026-11-21T20:00:00.000Z");
}

#[test]
fn the_value_of_a_record_is_its_own_and_the_bases() {
    assert_eq!(
        tree("senml/d", r#"[{"bv":20,"bs":100,"n":"x","v":3,"s":5,"u":"W"}]"#),
        json!({"x": {"value": 23.0, "sum": 105.0, "unit": "W"}})
    );
    assert_eq!(tree("senml/d", r#"[{"bv":20,"n":"x"}]"#), json!({"x": 20.0}), "a missing value is 0");
    assert_eq!(tree("senml/d", r#"[{"bv":20,"n":"x","vb":false}]"#), json!({"x": false}));
    assert_eq!(tree("senml/d", r#"[{"n":"x","vs":"OPEN","u":"m"}]"#), json!({"x": "OPEN"}));
    assert_eq!(tree("senml/d", r#"[{"n":"x","s":5}]"#), json!({"x": {"value": null, "sum": 5.0}}));
    assert_eq!(tree("senml/d", r#"[{"v":5,"u":"furlong"}]"#), json!({"value": {"value": 5.0, "unit": "furlong"}}));
    assert_eq!(
        tree("senml/d", r#"[{"n":"x","u":"lat","v":33.5},{"n":"b","vd":"AQ"},{"n":"y","ut":5,"other":[1],"v":1}]"#),
        json!({"y": 1.0}),
        "positions, data and labels without meaning are passed over"
    );
}

#[test]
fn a_pack_may_hold_several_devices_unless_the_topic_names_one() {
    let payload = r#"[{"n":"urn:dev:mac:0024BEFFFE804FF1/air.pm10","v":1},{"n":"urn:dev:ow:10e2073a01080063_air.pm10","v":2},
        {"bn":"st-7:","n":"air.pm10","v":3},{"n":"air.pm2_5","v":4}]"#;
    let route = Route::new("packs", "senml").unwrap().enrolling(Some(Kind::AIR), Zone::new("anfa").ok());
    let decoder = fresh().with_routes(Routes::only([route])).unwrap();
    let mut out = Vec::new();
    let decoded = decoder.decode(&message("packs", payload), &mut out).unwrap();
    let found: Vec<_> = out.iter().map(|r| (r.series.device.as_str(), r.value)).collect();
    assert_eq!(found, [("0024befffe804ff1", 1.0), ("10e2073a01080063", 2.0), ("st-7", 3.0), ("st-7", 4.0)]);
    assert_eq!((decoded.device.as_str(), decoded.readings), ("0024befffe804ff1", 4));
    assert_eq!(trees("senml/bin-1", r#"[{"n":"urn:dev:mac:0024BEFFFE804FF1/t","v":1}]"#)[0].0, "bin-1");
}

/// RFC 8428 section 6: `[{-2: "moved-1:", -3: 1795291200, 0: "air.pm10", 1: "ug/m3", 2: 4([-1, 315])}]`.
const CBOR: &[u8] = b"\x81\xa5\x21\x68moved-1:\x22\x1a\x6b\x01\xf8\x40\x00\x68air.pm10\x01\x65ug/m3\x02\xc4\x82\x20\x19\x01\x3b";

#[test]
fn cbor_says_the_same_as_json_with_decimal_fractions_too() {
    let mut payload = CBOR.to_vec();
    let expected = ["air.pm10#0 = 31.5 @ 2026-11-21T20:00:00.000Z []"];
    assert_eq!(show(&decode("senml", &payload).unwrap().1), expected);
    let tagged = [&[0xd9, 0xd9, 0xf7], payload.as_slice()].concat();
    assert_eq!(show(&decode("senml", &tagged).unwrap().1), expected);
    payload.push(0);
    assert_eq!(decode("senml", &payload).unwrap_err().code(), "bad_bytes");
    for end in 1..payload.len() - 2 {
        assert_eq!(decode("senml", &payload[..end]).unwrap_err().code(), "bad_bytes", "{end}");
    }
}

#[test]
fn what_is_not_senml_says_why() {
    let many = format!("[{}{{}}]", "{},".repeat(2100));
    let cases: [(&[u8], &str); 18] = [
        (b"[{]", "not_json"),
        (b"{}", "bad_shape"),
        (b"[7]", "bad_shape"),
        (br#"[{"n":"moved-1:air.pm10","v":"1"}]"#, "bad_shape"),
        (br#"[{"n":"moved-1:air.pm10","v":1,"vs":"x"}]"#, "bad_shape"),
        (br#"[{"n":"moved-1:air.pm10","v":1,"must_":1}]"#, "bad_shape"),
        (br#"[{"n":"moved-1:air.pm10","v":1},{"n":"moved-1:air.pm10","v":2}]"#, "bad_shape"),
        (br#"[{"bver":32,"n":"moved-1:air.pm10","v":1}]"#, "unknown_version"),
        (br#"[{"n":"moved-1:air.pm10","u":"parsec","v":1}]"#, "unknown_unit"),
        (br#"[{"n":"moved-1:air.smell","v":1}]"#, "unknown_quantity"),
        (br#"[{"n":"air.pm10","v":1}]"#, "bad_name"),
        (br#"[{"n":"a/b/air.pm10","v":1}]"#, "bad_name"),
        (br#"[{"bt":1e300,"n":"moved-1:air.pm10","v":1}]"#, "bad_time"),
        (br#"[{"bn":"moved-1:"}]"#, "no_reading"),
        (many.as_bytes(), "too_many"),
        (b"\x9f\xff\xff", "bad_bytes"),
        // NaN as a value, and as a time.
        (b"\x81\xa2\x00\x70moved-1:air.pm10\x02\xf9\x7e\x00", "not_finite"),
        (b"\x81\xa3\x00\x70moved-1:air.pm10\x02\x01\x06\xf9\x7e\x00", "bad_time"),
    ];
    for (payload, code) in cases {
        let reject = decode("senml", payload).unwrap_err();
        assert_eq!(reject.code(), code, "{}: {reject}", payload.escape_ascii());
    }
    for (label, code) in [("bn", "bad_name"), ("n", "bad_name"), ("bu", "unknown_unit"), ("u", "unknown_unit")] {
        let pack = json!([{"v": 1, label: "x".repeat(300)}]).to_string();
        assert_eq!(decode("senml/moved-1", pack).unwrap_err().code(), code, "what is inherited is bounded: {label}");
    }
    for deep in [vec![0x81; 10_000], [b"[".repeat(10_000)].concat()] {
        assert!(decode("senml", deep).is_err());
    }
}

/// A record as it is generated: base name, base time, base value, base unit; name, time, value, unit.
type Generated = (Option<String>, Option<i32>, Option<i16>, Option<&'static str>, String, Option<i32>, i16, Option<&'static str>);

fn records() -> impl Strategy<Value = Vec<Generated>> {
    let base = prop::option::of(prop::sample::select(vec!["a:", "b/", "urn:dev:mac:0024befffe804ff1:"]).prop_map(str::to_owned));
    let time = || prop::option::of(1_795_000_000..1_795_300_000);
    let unit = || prop::option::of(prop::sample::select(vec!["ug/m3", "kg/m3"]));
    let name = prop::sample::select(vec!["air.pm1", "air.pm2_5", "air.pm10"]).prop_map(str::to_owned);
    let record = (base, time(), prop::option::of(-300..300_i16), unit(), name, prop::option::of(0..1000), -300..300_i16, unit());
    prop::collection::vec(record, 1..12)
}

fn to_cbor(record: &Value) -> ciborium::Value {
    let label = |name: &str| match name {
        "bn" => -2,
        "bt" => -3,
        "bu" => -4,
        "bv" => -5,
        "n" => 0,
        "u" => 1,
        "v" => 2,
        _ => 6,
    };
    let value = |value: &Value| match value {
        Value::String(text) => ciborium::Value::Text(text.clone()),
        number => ciborium::Value::Integer(number.as_i64().unwrap().into()),
    };
    ciborium::Value::Map(record.as_object().unwrap().iter().map(|(k, v)| (label(k).into(), value(v))).collect())
}

proptest! {
    #[test]
    fn a_pack_says_the_same_in_json_in_cbor_and_with_its_bases_resolved(records in records()) {
        let (mut name, mut time, mut base, mut unit) = ("a:".to_owned(), 0, 0, None);
        let (mut pack, mut resolved) = (Vec::new(), Vec::new());
        for (bn, bt, bv, bu, n, t, v, u) in &records {
            let bn = if pack.is_empty() { Some(bn.clone().unwrap_or_else(|| "a:".to_owned())) } else { bn.clone() };
            let mut record = json!({"bn": bn, "bt": bt, "bv": bv, "bu": bu, "n": n, "t": t, "v": v, "u": u});
            record.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            pack.push(record);
            name = bn.unwrap_or(name);
            time = bt.unwrap_or(time);
            base = bv.unwrap_or(base);
            unit = bu.or(unit);
            let full = json!({"n": format!("{name}{n}"), "t": time + t.unwrap_or(0), "v": i32::from(base) + i32::from(*v), "u": u.or(unit).unwrap_or("")});
            resolved.push(full);
        }
        let json = Value::Array(pack.clone()).to_string();
        let mut cbor = Vec::new();
        ciborium::into_writer(&ciborium::Value::Array(pack.iter().map(to_cbor).collect()), &mut cbor).unwrap();
        let uplinks = |payload: &[u8]| {
            let route = Route::new("packs", "senml").unwrap().enrolling(Some(Kind::AIR), Zone::new("anfa").ok());
            let explained = fresh().with_routes(Routes::only([route])).unwrap().explain(&message("packs", payload));
            (explained.uplinks, explained.readings, explained.result.map_err(|reject| reject.code()))
        };
        let expected = uplinks(Value::Array(resolved).to_string().as_bytes());
        prop_assert_eq!(&uplinks(json.as_bytes()), &expected);
        prop_assert_eq!(&uplinks(&cbor), &expected);
    }
}
