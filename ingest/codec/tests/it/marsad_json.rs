//! Marsad's own JSON, as `docs/reference/payload.md` documents it.

use crate::common::{RECEIVED, decode, decoder, message, show};
use codec::{Decoder, Profiles, marsad_topic, write_marsad};
use proptest::prelude::*;
use schemas::{Catalogue, DeviceId, Kind, Provenance, Quantity, Timestamp, Zone};

const BIN: &str = "marsad/sidi-belyout/waste/bin-0042/up";
const STATION: &str = "marsad/anfa/air/air-01/up";

#[track_caller]
fn readings(topic: &str, payload: &str) -> Vec<String> {
    show(&decode(topic, payload).unwrap_or_else(|e| panic!("{} ({})", e, e.code())).1)
}

#[track_caller]
fn rejected(payload: &str) -> (String, String) {
    let reject = decode(STATION, payload).unwrap_err();
    (reject.code().to_owned(), reject.to_string())
}

#[test]
fn one_line_by_hand_is_a_reading() {
    let (decoded, out) = decode(BIN, r#"{"v":1,"values":{"waste.fill":82.5}}"#).unwrap();
    assert_eq!(show(&out), ["waste.fill#0 = 82.5 @ 2026-11-21T20:00:10.000Z []"]);
    assert_eq!((decoded.device.as_str(), decoded.kind, decoded.zone.as_str()), ("bin-0042", Kind::WASTE, "sidi-belyout"));
    assert_eq!((decoded.seq, decoded.profile, decoded.readings), (None, None, 1));
    assert_eq!(out[0].received_at, RECEIVED.parse().unwrap());
}

#[test]
fn time_and_sequence_are_the_devices() {
    let payload = r#"{"v":1,"time":"2026-11-21T21:00:00+01:00","seq":7,"values":{"waste.fill":82.5,"battery.level":91}}"#;
    let (decoded, out) = decode(BIN, payload).unwrap();
    assert_eq!(decoded.seq, Some(7));
    assert_eq!(
        show(&out),
        ["waste.fill#0 = 82.5 @ 2026-11-21T20:00:00.000Z []", "battery.level#0 = 91 @ 2026-11-21T20:00:00.000Z []"]
    );
    // Epoch milliseconds, after the values, are as good.
    let payload = r#"{"values":{"waste.fill":82.5},"time":1795291200000,"v":1}"#;
    assert_eq!(readings(BIN, payload), ["waste.fill#0 = 82.5 @ 2026-11-21T20:00:00.000Z []"]);
}

#[test]
fn a_device_says_the_version_of_its_program() {
    let version = |payload: &str| {
        let (decoded, _) = decode(BIN, payload).unwrap();
        decoded.firmware.into_iter().map(|(device, version)| format!("{device} {version}")).collect::<Vec<_>>()
    };
    assert_eq!(version(r#"{"v":1,"firmware":"2.1.0","values":{"waste.fill":82.5}}"#), ["bin-0042 2.1.0"]);
    assert!(version(r#"{"v":1,"values":{"waste.fill":82.5}}"#).is_empty());
    for bad in [String::new(), " ".to_owned(), "1".repeat(49), "2\\u0000".to_owned(), "\u{e9}".to_owned()] {
        let (code, text) = rejected(&format!(r#"{{"v":1,"firmware":"{bad}","values":{{"air.pm10":1}}}}"#));
        assert!(code == "bad_shape" && text.contains("`firmware`"), "{bad:?}: {code}, {text}");
    }
    assert!(rejected(r#"{"v":1,"firmware":"1","firmware":"1","values":{"air.pm10":1}}"#).1.contains("twice"));
}

#[test]
fn several_samples_keep_their_own_times() {
    let payload = r#"{"v":1,"values":{"battery.level":90},"samples":[
        {"time":"2026-11-21T19:00:00Z","values":{"water.volume":5.938}},
        {"values":{"water.volume":6.054,"water.leak":false},"time":"2026-11-21T18:00:00Z"}]}"#;
    assert_eq!(
        readings("marsad/anfa/water/m-1/up", payload),
        [
            "battery.level#0 = 90 @ 2026-11-21T20:00:10.000Z []",
            "water.volume#0 = 5.938 @ 2026-11-21T19:00:00.000Z [late]",
            "water.volume#0 = 6.054 @ 2026-11-21T18:00:00.000Z [late]",
            "water.leak#0 = 0 @ 2026-11-21T18:00:00.000Z [late]",
        ]
    );
}

#[test]
fn channels_states_nulls_and_units_are_understood() {
    let payload = r#"{"v":1,"values":{"air.pm10":31.2,"air.pm10#1":30,"air.co2":null,"air.no2":{"unit":"[ppb]","value":100},
        "air.pressure":{"value":100246,"unit":"Pa"},"air.temperature":{"value":null,"unit":"Cel"},"device.tamper":true}}"#;
    let at = "@ 2026-11-21T20:00:10.000Z []";
    assert_eq!(
        readings(STATION, payload),
        [
            format!("air.pm10#0 = 31.2 {at}"),
            format!("air.pm10#1 = 30 {at}"),
            format!("air.no2#0 = 191.25 {at}"),
            format!("air.pressure#0 = 1002.46 {at}"),
            format!("device.tamper#0 = 1 {at}"),
        ]
    );
}

#[test]
fn doubtful_is_kept_with_its_flaw() {
    let payload = r#"{"v":1,"time":"2020-01-01T00:00:00Z","values":{"air.humidity":130}}"#;
    assert_eq!(readings(STATION, payload), ["air.humidity#0 = 130 @ 2026-11-21T20:00:10.000Z [out_of_range clock_suspect]"]);
    let mut heard_again = message(STATION, r#"{"v":1,"values":{"air.humidity":50}}"#);
    heard_again.provenance = Provenance { retain: true, ..Provenance::default() };
    let mut out = Vec::new();
    decoder().decode(&heard_again, &mut out).unwrap();
    assert_eq!(show(&out), ["air.humidity#0 = 50 @ 2026-11-21T20:00:10.000Z [stale]"]);
}

#[test]
fn every_rejection_has_its_code_and_names_the_field() {
    let cases = [
        (r#"{"v":1,"values":{"air.pm10":1}"#, "not_json", "EOF"),
        ("", "not_json", "EOF"),
        ("online", "not_json", "expected value"),
        (r#"{"v":1,"values":{"air.pm10":NaN}}"#, "not_json", "expected value"),
        (r#"{"v":1,"values":{"air.pm10":1}} {}"#, "not_json", "trailing"),
        ("[]", "bad_shape", "an object such as"),
        ("12.5", "bad_shape", "an object such as"),
        (r#"{"v":1,"values":{"air.pm10":"31"}}"#, "bad_shape", "air.pm10"),
        (r#"{"v":1,"values":{"air.pm10":[31]}}"#, "bad_shape", "air.pm10"),
        (r#"{"v":1,"values":{"air.pm10":true}}"#, "bad_shape", "air.pm10"),
        (r#"{"v":1,"values":{"air.pm10":{"value":1}}}"#, "bad_shape", "both `value` and `unit`"),
        (r#"{"v":1,"values":{"air.pm10":{"value":1,"unit":"ug/m3","x":1}}}"#, "bad_shape", "`x`"),
        (r#"{"v":1,"valeurs":{"air.pm10":1}}"#, "bad_shape", "`valeurs`"),
        (r#"{"v":1}"#, "bad_shape", "neither"),
        (r#"{"v":1,"values":{"air.pm10":1},"values":{"air.pm10":2}}"#, "bad_shape", "twice"),
        (r#"{"v":1,"seq":-1,"values":{"air.pm10":1}}"#, "bad_shape", "u64"),
        (r#"{"values":{"air.pm10":1}}"#, "unknown_version", "`v` is missing"),
        (r#"{"v":2,"values":{"air.pm10":1}}"#, "unknown_version", "`v` is 2"),
        (r#"{"v":1,"plate":"1-A-1","values":{"air.pm10":1}}"#, "forbidden_field", "`plate`"),
        (r#"{"v":1,"values":{"air.pm10":1,"IMEI":1}}"#, "forbidden_field", "`IMEI`"),
        (r#"{"v":1,"samples":[{"mac":"a"}]}"#, "forbidden_field", "`mac`"),
        (r#"{"v":1,"values":{"air.pm10":{"value":1,"cin":"a"}}}"#, "forbidden_field", "`cin`"),
        (r#"{"v":1,"values":{"air.dust":1}}"#, "unknown_quantity", "`air.dust`"),
        (r#"{"v":1,"values":{"air.pm10#256":1}}"#, "unknown_quantity", "0 to 255"),
        (r#"{"v":1,"values":{"air.pm10":{"value":1,"unit":"ppm"}}}"#, "unknown_unit", "`ppm`"),
        (r#"{"v":1,"values":{"air.pm10":1e300}}"#, "not_finite", "air.pm10"),
        (r#"{"v":1,"values":{"air.pm10":1000000000000}}"#, "not_finite", "air.pm10"),
        (r#"{"v":1,"time":"2026-11-21T20:00:00","values":{"air.pm10":1}}"#, "bad_time", "offset"),
        (r#"{"v":1,"time":-1,"values":{"air.pm10":1}}"#, "bad_time", "-1"),
        (r#"{"v":1,"time":1.5,"values":{"air.pm10":1}}"#, "bad_time", "1.5"),
        (r#"{"v":1,"time":null,"values":{"air.pm10":1}}"#, "bad_time", "null"),
        (r#"{"v":1,"samples":[{"values":{"air.pm10":1}}]}"#, "bad_time", "no `time`"),
        (r#"{"v":1,"values":{}}"#, "no_reading", "no value"),
        (r#"{"v":1,"values":{"air.pm10":null}}"#, "no_reading", "no value"),
        (r#"{"v":1,"samples":[]}"#, "no_reading", "no value"),
    ];
    for (payload, code, said) in cases {
        let (got, text) = rejected(payload);
        assert_eq!(got, code, "{payload}: {text}");
        assert!(text.contains(said), "{payload}: `{text}` does not say `{said}`");
    }
}

#[test]
fn a_topic_that_is_not_ours_is_rejected_with_its_shape() {
    let payload = r#"{"v":1,"values":{"air.pm10":1}}"#;
    let cases = [
        ("zigbee2mqtt/leak", "not_a_topic"),
        ("marsad", "not_a_topic"),
        ("marsad/anfa/air/air-01", "not_a_topic"),
        ("marsad/anfa/air/air-01/down", "not_a_topic"),
        ("marsad/anfa/air/air-01/up/x", "not_a_topic"),
        ("marsad/anfa/noise/air-01/up", "unknown_kind"),
        ("marsad//air/air-01/up", "bad_name"),
        ("marsad/anfa/air/حاوية/up", "bad_name"),
    ];
    for (topic, code) in cases {
        assert_eq!(decode(topic, payload).unwrap_err().code(), code, "{topic}");
    }
}

#[test]
fn the_catalogue_wins_over_the_topic() {
    let (decoded, out) = decode("marsad/anfa/waste/moved-1/up", r#"{"v":1,"values":{"air.pm10":1}}"#).unwrap();
    assert_eq!((decoded.kind, decoded.zone.as_str()), (Kind::AIR, "maarif"));
    assert_eq!((out[0].kind, out[0].zone.as_str()), (Kind::AIR, "maarif"));
}

#[test]
fn a_message_with_too_many_readings_is_rejected_whole() {
    let many: Vec<_> =
        (0..2049).map(|i| format!(r#"{{"time":{},"values":{{"air.pm10":1}}}}"#, 1_795_291_200_000_u64 + i)).collect();
    let (code, _) = rejected(&format!(r#"{{"v":1,"samples":[{}]}}"#, many.join(",")));
    assert_eq!(code, "too_many");
}

#[test]
fn a_rejection_leaves_the_readings_of_others_alone() {
    let decoder = Decoder::new(std::sync::Arc::new(Catalogue::default()), Profiles::built_in().unwrap()).unwrap();
    let mut out = Vec::new();
    decoder.decode(&message(BIN, r#"{"v":1,"values":{"waste.fill":1}}"#), &mut out).unwrap();
    decoder.decode(&message(BIN, r#"{"v":1,"values":{"waste.fill":2,"nonsense":3}}"#), &mut out).unwrap_err();
    assert_eq!(out.len(), 1);
}

fn quantity() -> impl Strategy<Value = Quantity> {
    let all: Vec<_> = schemas::Vocabulary::current().quantities().collect();
    proptest::sample::select(all)
}

proptest! {
    /// What is written reads back, to the last bit.
    #[test]
    fn what_is_written_reads_back_to_the_last_bit(
        values in proptest::collection::vec((quantity(), any::<u8>(), -9.9e11..9.9e11f64), 1..8),
        offset in -3_000_000..300_000i64, seq: Option<u64>,
    ) {
        let received: Timestamp = RECEIVED.parse().unwrap();
        let time = Timestamp::from_millis(received.millis() + offset - 10_000).unwrap();
        let mut payload = Vec::new();
        write_marsad(&mut payload, Some(time), seq, None, &values);
        let topic = marsad_topic(&Zone::new("anfa").unwrap(), Kind::AIR, &DeviceId::new("d-1").unwrap());
        let (decoded, out) = decode(&topic, &payload).unwrap();
        prop_assert_eq!(decoded.seq, seq);
        let back: Vec<_> = out.iter().map(|r| (r.series.quantity, r.series.channel, r.value.to_bits())).collect();
        let sent: Vec<_> = values.iter().map(|(q, c, v)| (*q, *c, v.to_bits())).collect();
        prop_assert_eq!(back, sent);
        prop_assert!(out.iter().all(|r| r.observed_at == time));
    }
}

/// The page promises; this holds it to that.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads the page that it checks")]
fn the_reference_page_names_the_limit_and_its_examples_are_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/payload.md");
    let page = std::fs::read_to_string(path).unwrap();
    assert!(page.contains("2,048 readings") && codec::READINGS_LIMIT == 2048);
    let examples: Vec<_> = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        decode(STATION, example).unwrap();
    }
    let typed = page.split("-m '").nth(1).unwrap().split('\'').next().unwrap();
    decode(BIN, typed).unwrap();
}
