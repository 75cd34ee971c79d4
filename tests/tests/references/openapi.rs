//! The API as a document of OpenAPI 3.1, kept for whoever writes a client without a running platform.

use serde_json::Value;

/// Every place in a document that refers to another.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str).map(ToOwned::to_owned));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn the_document_of_the_api_is_that_of_its_operations() {
    let text = serde_json::to_string_pretty(&dashboards::openapi()).expect("a document is JSON");
    tests::generated("docs/reference/openapi.json", &format!("{text}\n"));
}

#[test]
fn every_reference_of_the_document_leads_somewhere_and_every_schema_is_one() {
    let document = dashboards::openapi();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100, "{found:?}");
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        assert!(jsonschema::meta::is_valid(schema), "{name} is not a schema");
    }
}
