//! The document itself.

use std::collections::BTreeMap;

use axum::http::Method;
use ports::Role;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::answers::{components, refusals};
use super::operation::{Operation, Tagged, Verb};
use crate::access::right;
use crate::api;
use crate::problem::Problem;

/// Chapters, by the first level of an address below `/api/v1`.
const CHAPTERS: [(&str, &str, &[&str]); 11] = [
    ("readings", "What was measured", &["readings", "latest", "places", "events"]),
    ("devices", "What measures", &["devices", "credentials", "claims", "claim"]),
    ("alerts", "What asks for somebody", &["alerts", "silences", "maintenance", "rules", "rotas", "public"]),
    ("air", "What readings of the air mean", &["air"]),
    ("waste", "Which bins to empty, and how that went", &["waste"]),
    ("parking", "How full zones are", &["parking"]),
    ("water", "Consumption, leaks and losses", &["water"]),
    ("quarantine", "Messages that gave no reading", &["quarantine"]),
    ("platform", "The platform itself", &["status", "reports", "reload", "messages", "explain", "demo", "openapi.json"]),
    ("people", "Who may ask, and what was done", &["session", "users", "tokens", "audit"]),
    ("privacy", "Personal data", &["privacy", "vault", "subjects"]),
];

const ABOUT: &str = "All that the pages show, for programs. Times are RFC 3339, answers in UTC with milliseconds; units are UCUM. \
    Parameters and keys that are not known are refused. On a loopback address without users everybody on the machine may ask. \
    Manual: docs/reference/api.md.";

/// Where schemas stand in the document.
const SCHEMAS: &str = "#/components/schemas/";

/// The chapter to which an address belongs.
fn chapter(path: &str) -> &'static str {
    let level = path.trim_start_matches("/api/v1/").split('/').next().unwrap_or_default();
    CHAPTERS.iter().find(|(.., levels)| levels.contains(&level)).map_or("", |(name, ..)| name)
}

/// Who may ask for an operation.
fn roles(operation: &Operation) -> Vec<&'static str> {
    let method = match operation.verb {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
    };
    let right = right(&method, Some(operation.path));
    Role::ALL.into_iter().filter(|role| right.is_of(*role)).map(Role::code).collect()
}

/// The API as a document of OpenAPI 3.1.
#[must_use]
pub fn openapi() -> Value {
    let settings = |settings: SchemaSettings| settings.with(|s| s.definitions_path = "/components/schemas".into());
    let mut told = settings(SchemaSettings::draft2020_12()).for_serialize().into_generator();
    let mut taken = settings(SchemaSettings::draft2020_12()).for_deserialize().into_generator();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in api::operations() {
        let verb = match operation.verb {
            Verb::Get => "get",
            Verb::Post => "post",
        };
        paths.entry(operation.path).or_default().insert(verb.to_owned(), described(&operation, verb, &mut told, &mut taken));
    }
    let problem = Problem::json_schema(&mut told).to_value();
    let (mut schemas, mut paths) = (told.take_definitions(true), json!(paths));
    merge(&mut schemas, taken.take_definitions(true), &mut paths);
    schemas.insert("Problem".to_owned(), problem);
    let tags: Vec<Value> = CHAPTERS.iter().map(|(name, text, _)| json!({"name": name, "description": text})).collect();
    json!({
        "openapi": "3.1.1",
        "info": {"title": "Marsad", "version": "1", "description": ABOUT, "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"}},
        "servers": [{"url": "/", "description": "The program that serves this document"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": components(&json!({"$ref": format!("{SCHEMAS}Problem")})),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "A token, as `marsad token` or `POST /api/v1/tokens` makes it"},
                "session": {"type": "apiKey", "in": "cookie", "name": "marsad", "description": "Whoever has signed in at `/login`; over TLS the cookie is `__Host-marsad`"},
            },
        },
    })
}

/// One operation.
fn described(operation: &Operation, verb: &str, told: &mut SchemaGenerator, taken: &mut SchemaGenerator) -> Value {
    let roles = roles(operation);
    let public = roles.contains(&Role::Public.code());
    let mut parameters: Vec<Value> = operation.parameters.iter().map(|parameter| parameter.told(told)).collect();
    let mut responses: Map<String, Value> = refusals(operation.verb == Verb::Post).collect();
    responses.insert(operation.status.to_string(), answer(operation, told));
    if operation.tagged != Tagged::No {
        let tag = json!({"type": "string"});
        parameters.push(json!({"name": "If-None-Match", "in": "header", "description": "The `ETag` of an answer that is there already", "required": false, "schema": tag}));
        responses.insert("304".to_owned(), json!({"description": "The answer would say what the one of this tag said"}));
    }
    let mut all = json!({
        "operationId": name(operation, verb),
        "summary": operation.summary,
        "tags": [chapter(operation.path)],
        "parameters": parameters,
        "responses": responses,
        "security": if public { json!([]) } else { json!([{"token": []}, {"session": []}]) },
        "x-roles": roles,
    });
    if let Some(body) = operation.body {
        let schema = body(taken).to_value();
        all["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": schema}}});
    }
    all
}

/// An answer that went well.
fn answer(operation: &Operation, told: &mut SchemaGenerator) -> Value {
    let mut content: Map<String, Value> = operation.media.iter().map(|media| ((*media).to_owned(), json!({}))).collect();
    if let Some(shape) = operation.json {
        content.insert("application/json".to_owned(), json!({"schema": shape(told).to_value()}));
    }
    let text = if operation.status == 201 { "It is there" } else { "As asked" };
    let mut answer = json!({"description": text, "content": content});
    if operation.tagged != Tagged::No {
        answer["headers"] = json!({"ETag": {"description": "A tag of what the answer says", "schema": {"type": "string"}}});
    }
    answer
}

/// A name for programs: `get_alerts_id_why`.
fn name(operation: &Operation, verb: &str) -> String {
    let path = operation.path.trim_start_matches("/api/v1/").replace(['{', '}'], "");
    format!("{verb}_{}", path.replace(['/', '.', '-'], "_"))
}

/// Adds the schemas of what is taken to those of what is told. Where the two differ, a type that is taken has a name of its own.
fn merge(schemas: &mut Map<String, Value>, taken: Map<String, Value>, paths: &mut Value) {
    let differ: Vec<String> = taken
        .iter()
        .filter(|(name, schema)| schemas.get(*name).is_some_and(|told| told != *schema))
        .map(|(name, _)| name.clone())
        .collect();
    for (name, mut schema) in taken {
        rename(&mut schema, &differ);
        let name = if differ.contains(&name) { format!("{name}{TAKEN}") } else { name };
        schemas.insert(name, schema);
    }
    for operation in paths.as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(|path| path.get_mut("post")) {
        if let Some(body) = operation.get_mut("requestBody") {
            rename(body, &differ);
        }
    }
}

/// Ends the name of a type that is taken otherwise than it is told.
const TAKEN: &str = "Given";

/// Lets what refers to one of these types refer to it as it is taken.
fn rename(schema: &mut Value, differ: &[String]) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(to)) = fields.get_mut("$ref")
                && to.strip_prefix(SCHEMAS).is_some_and(|name| differ.iter().any(|d| d == name))
            {
                to.push_str(TAKEN);
            }
            fields.values_mut().for_each(|value| rename(value, differ));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| rename(value, differ)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::openapi::parameter::Place;

    #[test]
    fn every_operation_has_a_chapter_and_says_what_stands_in_its_path() {
        for operation in api::operations() {
            assert_ne!(chapter(operation.path), "", "{}", operation.path);
            let named: BTreeSet<&str> = operation.path.split(['{', '}']).skip(1).step_by(2).collect();
            let said: BTreeSet<&str> = operation.parameters.iter().filter(|p| p.place == Place::Path).map(|p| p.name).collect();
            assert_eq!(named, said, "{}", operation.path);
            assert!(operation.json.is_some() || !operation.media.is_empty(), "{} gives something", operation.path);
            assert!(!operation.summary.ends_with('.'), "{}", operation.summary);
        }
    }

    #[test]
    fn a_name_of_the_document_is_one_thing() {
        let operations = api::operations();
        let names: BTreeSet<String> =
            operations.iter().map(|o| name(o, if o.verb == Verb::Get { "get" } else { "post" })).collect();
        assert_eq!(names.len(), operations.len());
        // The generator numbers types that share a name.
        let document = openapi();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let numbered = |name: &&String| {
            schemas.contains_key(name.trim_end_matches(|c: char| c.is_ascii_digit()))
                && name.ends_with(|c: char| c.is_ascii_digit())
        };
        let shared: Vec<&String> = schemas.keys().filter(numbered).collect();
        assert!(shared.is_empty(), "give them other names by #[schemars(rename = ..)]: {shared:?}");
    }

    #[test]
    fn what_is_for_everybody_asks_for_no_token_and_all_else_does() {
        let document = openapi();
        assert_eq!(document["paths"]["/api/v1/air/index"]["get"]["security"], json!([]));
        assert_eq!(document["paths"]["/api/v1/latest"]["get"]["security"], json!([{"token": []}, {"session": []}]));
        assert_eq!(document["paths"]["/api/v1/audit"]["get"]["x-roles"], json!(["dpo", "admin"]));
    }
}
