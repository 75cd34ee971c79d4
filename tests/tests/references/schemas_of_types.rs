//! JSON Schemas, and that they say of a text what the program says of it.

use std::sync::Arc;

use bytes::Bytes;
use codec::{Decoder, Profiles};
use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemas::{Catalogue, Message, Provenance, named_schema};
use serde_json::{Value, json};

/// Everything that has a schema, by the name of its file. A new one is a line.
fn all() -> Vec<(&'static str, Schema)> {
    let alert = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<ports::AlertView>();
    let mut all = schemas::wire_schemas();
    all.push(("alert", named_schema("alert", 1, alert)));
    all.push(("payload", codec::payload_schema()));
    all.push(("webhook", notify::webhook_schema()));
    all.push(("webhook-group", notify::webhook_group_schema()));
    all
}

fn validator(name: &str) -> jsonschema::Validator {
    let (_, schema) = all().into_iter().find(|(known, _)| *known == name).expect("a schema of this name");
    let options = jsonschema::options().should_validate_formats(true);
    options.build(schema.as_value()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn fits(name: &str, what: &Value) {
    let wrong: Vec<_> = validator(name).iter_errors(what).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(wrong.is_empty(), "{name}: {wrong:#?} in {what}");
}

#[test]
fn the_schemas_are_those_of_the_types() {
    for (name, schema) in all() {
        assert_eq!(schema.get("$schema").and_then(Value::as_str), Some("https://json-schema.org/draft/2020-12/schema"), "{name}");
        assert!(schema.get("description").is_some(), "{name} says what it is");
        assert!(jsonschema::meta::is_valid(schema.as_value()), "{name} is not a schema");
        let text = serde_json::to_string_pretty(schema.as_value()).expect("a schema is JSON");
        tests::generated(&format!("schemas/json/{name}.schema.json"), &format!("{text}\n"));
    }
}

#[test]
fn what_the_types_write_fits_their_schemas() {
    let reading = json!({
        "device": "bin-0042", "quantity": "waste.fill", "channel": 0, "kind": "waste", "zone": "maarif", "value": 82.5,
        "observed_at": "2026-11-21T20:00:00Z", "received_at": "2026-11-21T20:00:01Z", "quality": ["late", "at_limit"],
    });
    let read: schemas::Reading = serde_json::from_value(reading).expect("a reading");
    fits("reading", &serde_json::to_value(&read).expect("JSON"));
    let partial = schemas::Partial {
        series: read.series.clone(),
        start: read.observed_at.hour(),
        count: 4,
        sum: 10.0,
        min: 1.0,
        max: 4.0,
        first: 1.0,
        last: 4.0,
    };
    fits("partial", &serde_json::to_value(&partial).expect("JSON"));
    let transition = json!({
        "id": "a:firing", "alert": "a", "rule": "bin-full", "device": "bin-0042", "quantity": "waste.fill", "channel": 0,
        "kind": "waste", "zone": "maarif", "severity": "warning", "from": "pending", "to": "firing", "at": "2026-11-21T20:10:00Z",
        "since": "2026-11-21T20:00:00Z", "value": null, "texts": { "fr": "a", "ar": "b", "en": "c" }, "notify": ["log"],
    });
    let transition: schemas::Transition = serde_json::from_value(transition).expect("a transition");
    fits("transition", &serde_json::to_value(&transition).expect("JSON"));
    let alert = ports::AlertView {
        id: transition.alert,
        rule: transition.rule,
        series: transition.series,
        kind: transition.kind,
        zone: transition.zone,
        severity: transition.severity,
        phase: transition.to,
        since: transition.since,
        at: transition.at,
        fired_at: Some(transition.at),
        resolved_at: None,
        value: Some(91.25),
        texts: transition.texts,
        marks: schemas::Marks::default(),
    };
    fits("alert", &serde_json::to_value(&alert).expect("JSON"));
}

/// The boxes of JSON in a document.
fn boxes(document: &str) -> Vec<Value> {
    let page = std::fs::read_to_string(tests::root().join("docs/reference").join(document)).expect("the document");
    let boxes = page.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    boxes.map(|text| serde_json::from_str(text).unwrap_or_else(|e| panic!("{document}: {e} in {text}"))).collect()
}

#[test]
fn the_examples_of_the_documents_fit_the_schemas() {
    let (payloads, bodies) = (boxes("payload.md"), boxes("webhook.md"));
    assert!(payloads.len() > 1 && !bodies.is_empty());
    payloads.iter().for_each(|payload| fits("payload", payload));
    bodies.iter().for_each(|body| fits("webhook", body));
}

#[test]
fn the_files_that_are_shipped_fit_the_schemas() {
    for file in ["schemas/quantities.toml", "config/examples/green-spaces.toml"] {
        let text = std::fs::read_to_string(tests::root().join(file)).expect("the file");
        fits("vocabulary-file", &toml::from_str(&text).expect("TOML"));
    }
    let listed = "[[device]]\nid = \"bin-1\"\nkind = \"waste\"\nzone = \"maarif\"\nplace = { lat = 33.5943, lon = -7.6187 }\n";
    fits("device-file", &toml::from_str(listed).expect("TOML"));
    let wrong = [listed.replace("33.5943", "91.0"), listed.replace("zone", "quarter"), listed.replace("bin-1", "bin 1")];
    for text in wrong {
        assert!(!validator("device-file").is_valid(&toml::from_str(&text).expect("TOML")), "{text}");
    }
}

#[test]
fn the_schema_of_the_payload_and_its_parser_agree() {
    let decoder = Decoder::new(Arc::new(Catalogue::default()), Profiles::built_in().expect("tested")).expect("a decoder");
    let schema = validator("payload");
    let cases = [
        (true, r#"{"v":1,"values":{"waste.fill":82.5}}"#),
        (true, r#"{"v":1,"time":"2026-11-21T20:00:00+01:00","seq":7,"values":{"air.pm10#1":3,"air.pm10#255":null}}"#),
        (true, r#"{"v":1,"time":1795291200000,"values":{"parking.occupied":true}}"#),
        (true, r#"{"v":1,"values":{"air.no2":{"value":12,"unit":"[ppb]"},"air.o3":{"value":null,"unit":"[ppb]"}}}"#),
        (
            true,
            r#"{"v":1,"values":{"battery.level":90},"samples":[{"time":"2026-11-21T19:00:00Z","values":{"water.volume":5.9}}]}"#,
        ),
        (true, r#"{"v":1,"samples":[{"time":"2026-11-21T19:00:00Z","values":{"water.volume":5.9}}]}"#),
        (false, r#"{"v":1}"#),
        (false, r#"{"values":{"waste.fill":82.5}}"#),
        (false, r#"{"v":2,"values":{"waste.fill":82.5}}"#),
        (false, r#"{"v":"1","values":{"waste.fill":82.5}}"#),
        (false, r#"{"v":1,"value":{"waste.fill":82.5}}"#),
        (false, r#"{"v":1,"plate":"1234-A-6","values":{"waste.fill":82.5}}"#),
        (false, r#"{"v":1,"time":null,"values":{"waste.fill":82.5}}"#),
        (false, r#"{"v":1,"time":"2026-11-21T20:00:00","values":{"waste.fill":82.5}}"#),
        (false, r#"{"v":1,"time":-1,"values":{"waste.fill":82.5}}"#),
        (false, r#"{"v":1,"time":1.5,"values":{"waste.fill":82.5}}"#),
        (false, r#"{"v":1,"time":true,"values":{"waste.fill":82.5}}"#),
        (false, r#"{"v":1,"time":253402300800000,"values":{"waste.fill":82.5}}"#),
        (false, r#"{"v":1,"seq":-1,"values":{"waste.fill":82.5}}"#),
        (false, r#"{"v":1,"seq":null,"values":{"waste.fill":82.5}}"#),
        (false, r#"{"v":1,"values":null}"#),
        (false, r#"{"v":1,"values":[1]}"#),
        (false, r#"{"v":1,"values":{"waste.fill":"82.5"}}"#),
        (false, r#"{"v":1,"values":{"waste.fill":[82.5]}}"#),
        (false, r#"{"v":1,"values":{"waste.fill":1e12}}"#),
        (false, r#"{"v":1,"values":{"fill":82.5}}"#),
        (false, r#"{"v":1,"values":{"Waste.Fill":82.5}}"#),
        (false, r#"{"v":1,"values":{"waste.fill#256":82.5}}"#),
        (false, r#"{"v":1,"values":{"waste.fill#":82.5}}"#),
        (false, r#"{"v":1,"values":{"air.no2":{"value":12}}}"#),
        (false, r#"{"v":1,"values":{"air.no2":{"unit":"[ppb]"}}}"#),
        (false, r#"{"v":1,"values":{"air.no2":{"value":true,"unit":"[ppb]"}}}"#),
        (false, r#"{"v":1,"values":{"air.no2":{"value":12,"unit":"[ppb]","at":1}}}"#),
        (false, r#"{"v":1,"samples":[{"values":{"water.volume":5.9}}]}"#),
        (false, r#"{"v":1,"samples":[{"time":"2026-11-21T19:00:00Z","value":{}}]}"#),
        (false, r#"{"v":1,"samples":{"time":"2026-11-21T19:00:00Z"}}"#),
        (false, r"[]"),
        (false, r#""v""#),
    ];
    for (right, text) in cases {
        let message = Message {
            topic: "marsad/anfa/air/d-1/up".into(),
            payload: Bytes::from_static(text.as_bytes()),
            received_at: "2026-11-21T20:00:00Z".parse().expect("an instant"),
            provenance: Provenance::default(),
        };
        let parsed = decoder.decode(&message, &mut Vec::new());
        assert_eq!(parsed.is_ok(), right, "the parser says of {text}: {parsed:?}");
        assert_eq!(schema.is_valid(&serde_json::from_str(text).expect("JSON")), right, "the schema of {text}");
    }
}
