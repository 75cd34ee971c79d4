//! The two FIWARE IoT Agents.

use crate::common::{decode, show};
use crate::opened::explain;
use serde_json::json;

#[test]
fn ultralight_groups_have_their_own_times() {
    let (_, out) = decode("/ul/key/moved-1/attrs", "2026-11-21T20:00:00Z|air.pm10|31.5|air.no2|12#air.pm10|7").unwrap();
    assert_eq!(
        show(&out),
        [
            "air.no2#0 = 12 @ 2026-11-21T20:00:00.000Z []",
            "air.pm10#0 = 31.5 @ 2026-11-21T20:00:00.000Z []",
            "air.pm10#0 = 7 @ 2026-11-21T20:00:10.000Z []",
        ]
    );
    let instant = "TimeInstant|2026-11-21T19:59:00Z|air.pm10|1";
    assert_eq!(show(&decode("ul/key/moved-1/attrs", instant).unwrap().1), ["air.pm10#0 = 1 @ 2026-11-21T19:59:00.000Z []"]);
    assert_eq!(decode("ul/key/moved-1/attrs/air.pm10", "31.5").unwrap().1[0].value, 31.5);
}

#[test]
fn an_agent_whose_topics_begin_with_its_key_is_read_by_a_route() {
    let said = |topic: &str, payload: &str| explain("ultralight", "/4jgg/{device}/#", topic, payload).readings[0].value;
    assert_eq!(said("/4jgg/moved-1/attrs", "air.pm10|31.5"), 31.5);
    assert_eq!(said("/4jgg/moved-1/attrs/air.pm10", "31.5"), 31.5);
}

#[test]
fn ultralight_text_stays_text_until_it_is_mapped() {
    let fields = explain("ul20", "in/{device}", "in/moved-1", "gps|1.2/3.4#t|10").uplinks.remove(0).fields;
    assert_eq!(fields, [(None, json!({"gps": "1.2/3.4"})), (None, json!({"t": "10"}))]);
}

#[test]
fn ultralight_that_cannot_be_read_says_why() {
    let attrs = "/ul/key/moved-1/attrs";
    let many = "air.pm10|1#".repeat(3000);
    let cases: [(&str, &[u8], &str); 11] = [
        (attrs, b"air.pm10", "bad_time"),
        (attrs, b"yesterday|air.pm10|1", "bad_time"),
        (attrs, b"TimeInstant|now|air.pm10|1", "bad_time"),
        (attrs, b"air.pm10|1|air.pm10|2", "bad_shape"),
        (attrs, b"|1", "bad_shape"),
        (attrs, b"air.pm10|many", "unknown_word"),
        (attrs, b"air.smell|1", "unknown_quantity"),
        (attrs, b"\xff|1", "bad_bytes"),
        (attrs, b"", "no_reading"),
        (attrs, many.as_bytes(), "too_many"),
        ("/ul/key/moved-1/cmdexe", b"id@ping|OK", "no_reading"),
    ];
    for (topic, payload, code) in cases {
        let reject = decode(topic, payload).unwrap_err();
        assert_eq!(reject.code(), code, "{}: {reject}", payload.escape_ascii());
    }
    assert_eq!(decode("/ul/key/a b/attrs", "air.pm10|1").unwrap_err().code(), "bad_name");
}

#[test]
fn the_json_agent_takes_an_object_or_a_list_of_measures() {
    let payload = r#"[{"TimeInstant":"2026-11-21T20:00:00Z","air.pm10":"31.5","air.humidity":"45%"},{"air.pm10":7}]"#;
    assert_eq!(
        show(&decode("/json/key/moved-1/attrs", payload).unwrap().1),
        [
            "air.humidity#0 = 45 @ 2026-11-21T20:00:00.000Z []",
            "air.pm10#0 = 31.5 @ 2026-11-21T20:00:00.000Z []",
            "air.pm10#0 = 7 @ 2026-11-21T20:00:10.000Z []",
        ]
    );
    assert_eq!(decode("json/key/moved-1/attrs", r#"{"air.pm10":{"value":1,"unit":"mg/m3"}}"#).unwrap().1[0].value, 1000.0);
    for value in ["31.5", "\"31.5\"", "31.5 ug/m3"] {
        assert_eq!(decode("json/key/moved-1/attrs/air.pm10", value).unwrap().1[0].value, 31.5, "{value}");
    }
}

#[test]
fn the_json_agents_messages_that_cannot_be_read_say_why() {
    let attrs = "/json/key/moved-1/attrs";
    let many = format!("[{}{{}}]", "{},".repeat(3000));
    let cases = [
        (attrs, "air.pm10|1", "not_json"),
        (attrs, "7", "bad_shape"),
        (attrs, "[7]", "bad_shape"),
        (attrs, r#"{"TimeInstant":"now","air.pm10":1}"#, "bad_time"),
        (attrs, r#"{"TimeInstant":7,"air.pm10":1}"#, "bad_time"),
        (attrs, r#"{"imei":"490154203237518"}"#, "forbidden_field"),
        (attrs, "{}", "no_reading"),
        (attrs, &*many, "too_many"),
        ("/json/key/moved-1/configuration/commands", "{}", "no_reading"),
    ];
    for (topic, payload, code) in cases {
        let reject = decode(topic, payload).unwrap_err();
        assert_eq!(reject.code(), code, "{payload}: {reject}");
    }
}
