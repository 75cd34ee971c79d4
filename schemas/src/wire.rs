//! JSON Schemas (2020-12) of what the house writes and reads: generated from the types, so that they cannot
//! differ from them. `schemas/json` holds them for others; a test keeps it in step.
//!
//! Types that read themselves by hand say here what they look like. Deliberately absent: Marsad's own
//! payload (`codec` reads it) and the body of a webhook (`notify` writes it), which name theirs alike.

use std::borrow::Cow;

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, json_schema};
use serde::Deserialize;
use serde_json::Value;

use crate::vocabulary::KindRow;
use crate::{
    ChannelName, Device, DeviceId, Flaw, Kind, Partial, Place, ProfileName, Quality, Quantity, QuantityRow, Reading, RuleId, Tag,
    Timestamp, Transition, Zone,
};

/// The version of the wire types below: changes when a field goes or changes its meaning.
const VERSION: u32 = 1;

/// A file that lists devices.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is wanted: the settings read the file with the places of its tables")]
struct DeviceFile {
    /// The devices of the city.
    #[serde(default)]
    device: Vec<Device>,
}

/// A file of a city's own kinds and quantities.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is wanted: the vocabulary reads the file with the places of its rows")]
struct VocabularyFile {
    /// What devices are for.
    #[serde(default)]
    kind: Vec<KindRow>,
    /// What is measured.
    #[serde(default)]
    quantity: Vec<QuantityRow>,
}

/// File names without their ending, and schemas: what the house writes, then what it reads.
#[must_use]
pub fn wire_schemas() -> Vec<(&'static str, Schema)> {
    let written = || SchemaSettings::draft2020_12().for_serialize().into_generator();
    let read = || SchemaSettings::draft2020_12().for_deserialize().into_generator();
    vec![
        ("reading", named_schema("reading", VERSION, written().into_root_schema_for::<Reading>())),
        ("partial", named_schema("partial", VERSION, written().into_root_schema_for::<Partial>())),
        ("transition", named_schema("transition", VERSION, written().into_root_schema_for::<Transition>())),
        ("device-file", named_schema("device-file", VERSION, read().into_root_schema_for::<DeviceFile>())),
        ("vocabulary-file", named_schema("vocabulary-file", VERSION, read().into_root_schema_for::<VocabularyFile>())),
    ]
}

/// The schema under the name by which others refer to it: `urn:marsad:schema:{name}:{version}`.
#[must_use]
pub fn named_schema(name: &str, version: u32, mut schema: Schema) -> Schema {
    schema.insert("$id".to_owned(), format!("urn:marsad:schema:{name}:{version}").into());
    Unwrapped.transform(&mut schema);
    schema
}

/// Descriptions are comments of the code, and their lines end where the code's do.
struct Unwrapped;

impl Transform for Unwrapped {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::String(text)) = schema.get_mut("description") {
            *text = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n");
        }
        transform_subschemas(self, schema);
    }
}

macro_rules! by_hand {
    ($($word:ident, $text:literal, $schema:tt;)*) => {$(
        impl JsonSchema for $word {
            fn schema_name() -> Cow<'static, str> {
                stringify!($word).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let mut schema = json_schema!($schema);
                schema.insert("description".to_owned(), $text.into());
                schema
            }
        }
    )*};
}

/// Names of things, as `names` reads them.
const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9._:-]*$";

by_hand! {
    DeviceId, "The thing that sends: unique in the city.", { "type": "string", "pattern": NAME, "maxLength": DeviceId::LIMIT };
    Zone, "A part of the city, as its configuration names it.", { "type": "string", "pattern": NAME, "maxLength": Zone::LIMIT };
    RuleId, "A rule, as the file of rules names it.", { "type": "string", "pattern": NAME, "maxLength": RuleId::LIMIT };
    ProfileName, "How a make of device is read.", { "type": "string", "pattern": NAME, "maxLength": ProfileName::LIMIT };
    Tag, "What is true of what a device watches, for rules to select by.",
        { "type": "string", "pattern": NAME, "maxLength": Tag::LIMIT };
    ChannelName, "A way to tell somebody.", { "type": "string", "pattern": NAME, "maxLength": ChannelName::LIMIT };
    Quantity, "What is measured: a row of the vocabulary, which says the unit.",
        { "type": "string", "pattern": r"^[a-z0-9_]+(\.[a-z0-9_]+)+$", "maxLength": 48, "examples": ["waste.fill", "air.pm10"] };
    Kind, "What a device is for: waste, air, parking, water, or a kind that the city has added.",
        { "type": "string", "pattern": "^[a-z0-9_]+$", "maxLength": 48, "examples": ["waste", "air", "parking", "water"] };
    Timestamp, "An instant: RFC 3339, written in UTC with milliseconds.", { "type": "string", "format": "date-time" };
    Flaw, "One reason to doubt a reading.", { "enum": Flaw::ALL.map(Flaw::code) };
    Place, "A point on the earth, WGS 84, degrees.", {
        "type": "object",
        "properties": {
            "lat": { "type": "number", "minimum": -90, "maximum": 90, "description": "Degrees north." },
            "lon": { "type": "number", "minimum": -180, "maximum": 180, "description": "Degrees east." },
        },
        "required": ["lat", "lon"],
        "additionalProperties": false,
    };
}

impl JsonSchema for Quality {
    fn schema_name() -> Cow<'static, str> {
        "Quality".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let flaw = generator.subschema_for::<Flaw>();
        json_schema!({
            "description": "How far a reading can be believed: the flaws it has, none where it is good.",
            "type": "array",
            "items": flaw,
            "uniqueItems": true,
        })
    }
}
