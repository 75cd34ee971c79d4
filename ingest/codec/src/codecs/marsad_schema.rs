//! The JSON Schema of Marsad's own payload. The parser reads by hand and in one pass; this says the same in
//! the words that other tools understand. Tests hold the two against each other.
//!
//! What a schema cannot say stays with the parser: a field that is there twice, a boolean for a quantity
//! that is a number, a name that the vocabulary does not have, a unit that does not convert.

use schemars::{Schema, json_schema};
use schemas::{Firmware, Reading, Timestamp, named_schema};

use super::marsad_json::VERSION;
use crate::normalise::READINGS_LIMIT;

/// The schema of `docs/reference/payload.md`.
#[must_use]
pub fn payload_schema() -> Schema {
    let version = u32::try_from(VERSION).unwrap_or(u32::MAX);
    let schema = json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Payload",
        "description": "Marsad's own JSON: what a device or gateway publishes to marsad/{zone}/{kind}/{device}/up.",
        "type": "object",
        "properties": {
            "v": { "const": VERSION, "description": "The version of this format." },
            "time": { "$ref": "#/$defs/Time" },
            "seq": { "type": "integer", "minimum": 0, "maximum": u64::MAX, "description": "The message's number in the device's own count." },
            "firmware": { "type": "string", "maxLength": Firmware::LIMIT, "pattern": "^[ -~]*[!-~][ -~]*$", "description": "The version of the device's program: where it starts, and now and then." },
            "values": { "$ref": "#/$defs/Values" },
            "samples": {
                "description": "Several instants in one message.",
                "type": "array",
                "items": { "$ref": "#/$defs/Sample" },
            },
        },
        "required": ["v"],
        "anyOf": [{ "required": ["values"] }, { "required": ["samples"] }],
        "additionalProperties": false,
        "$defs": {
            "Sample": {
                "description": "What was measured at one instant.",
                "type": "object",
                "properties": { "time": { "$ref": "#/$defs/Time" }, "values": { "$ref": "#/$defs/Values" } },
                "required": ["time"],
                "additionalProperties": false,
            },
            "Time": {
                "description": "When it was so: RFC 3339 with an offset, or whole milliseconds since 1970-01-01T00:00:00Z. Left out: when Marsad heard.",
                "oneOf": [
                    { "type": "string", "format": "date-time" },
                    { "type": "integer", "minimum": Timestamp::MIN.millis(), "maximum": Timestamp::MAX.millis() },
                ],
            },
            "Values": {
                "description": "A value by quantity; where a device has several sensors for one, # and a channel from 0 to 255 follow.",
                "type": "object",
                "propertyNames": { "pattern": r"^[a-z0-9_]+(\.[a-z0-9_]+)+(#0*(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9]))?$" },
                "additionalProperties": { "$ref": "#/$defs/Value" },
                "maxProperties": READINGS_LIMIT,
                "examples": [{ "waste.fill": 82.5, "battery.level": 91 }],
            },
            "Value": {
                "anyOf": [
                    { "$ref": "#/$defs/Number", "description": "In the quantity's canonical unit." },
                    { "type": "boolean", "description": "1 and 0, for quantities whose unit is 1." },
                    { "type": "null", "description": "Not measured: nothing is stored." },
                    {
                        "description": "In another unit, a UCUM code.",
                        "type": "object",
                        "properties": { "value": { "type": ["number", "null"] }, "unit": { "type": "string" } },
                        "required": ["value", "unit"],
                        "additionalProperties": false,
                        "examples": [{ "value": 12, "unit": "[ppb]" }],
                    },
                ],
            },
            "Number": { "type": "number", "exclusiveMinimum": -Reading::VALUE_LIMIT, "exclusiveMaximum": Reading::VALUE_LIMIT },
        },
    });
    named_schema("payload", version, schema)
}
