//! What an operation takes in its path and its query.

use schemars::{JsonSchema, SchemaGenerator};
use schemas::{DeviceId, Kind, Quantity, Timestamp, Zone};
use serde_json::{Value, json};

use super::operation::Shape;
use crate::lang::Lang;
use crate::params::LIST_LIMIT;

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
}

/// What it may be.
#[derive(Clone, Copy, Debug)]
enum Sort {
    /// What a type of ours is in JSON, which is text.
    Of(Shape),
    Text,
    OneOf(&'static [&'static str]),
    /// A whole number, this or more, and this or less where there is a bound.
    Whole(u64, Option<u64>),
    /// A number above 0.
    Positive,
    Truth,
    /// A local date, or an instant.
    Day,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// What it means, a sentence without its full stop.
    pub(crate) text: &'static str,
    pub(crate) place: Place,
    pub(crate) required: bool,
    sort: Sort,
    /// Whether it may be repeated, or hold values joined by commas.
    list: bool,
}

impl Parameter {
    const fn new(name: &'static str, text: &'static str, sort: Sort) -> Self {
        Self { name, text, place: Place::Query, required: false, sort, list: false }
    }

    /// As JSON has it, which is text.
    pub(crate) const fn of<T: JsonSchema>(name: &'static str, text: &'static str) -> Self {
        Self::new(name, text, Sort::Of(SchemaGenerator::subschema_for::<T>))
    }

    pub(crate) const fn text(name: &'static str, text: &'static str) -> Self {
        Self::new(name, text, Sort::Text)
    }

    pub(crate) const fn one_of(name: &'static str, text: &'static str, words: &'static [&'static str]) -> Self {
        Self::new(name, text, Sort::OneOf(words))
    }

    pub(crate) const fn whole(name: &'static str, text: &'static str, least: u64, most: Option<u64>) -> Self {
        Self::new(name, text, Sort::Whole(least, most))
    }

    pub(crate) const fn positive(name: &'static str, text: &'static str) -> Self {
        Self::new(name, text, Sort::Positive)
    }

    pub(crate) const fn truth(name: &'static str, text: &'static str) -> Self {
        Self::new(name, text, Sort::Truth)
    }

    const fn day(name: &'static str, text: &'static str) -> Self {
        Self::new(name, text, Sort::Day)
    }

    /// It stands in the path.
    pub(crate) const fn in_path(self) -> Self {
        Self { place: Place::Path, required: true, ..self }
    }

    /// It stands in a header.
    pub(crate) const fn in_header(self) -> Self {
        Self { place: Place::Header, ..self }
    }

    /// There is no answer without it.
    pub(crate) const fn needed(self) -> Self {
        Self { required: true, ..self }
    }

    /// More than one may be given.
    pub(crate) const fn list(self) -> Self {
        Self { list: true, ..self }
    }

    /// As OpenAPI has it.
    pub(super) fn told(&self, generator: &mut SchemaGenerator) -> Value {
        let one = match self.sort {
            Sort::Of(shape) => shape(generator).to_value(),
            Sort::Text => json!({"type": "string"}),
            Sort::OneOf(words) => json!({"type": "string", "enum": words}),
            Sort::Whole(least, None) => json!({"type": "integer", "minimum": least}),
            Sort::Whole(least, Some(most)) => json!({"type": "integer", "minimum": least, "maximum": most}),
            Sort::Positive => json!({"type": "number", "exclusiveMinimum": 0}),
            Sort::Truth => json!({"type": "boolean"}),
            Sort::Day => json!({"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}),
        };
        let place = match self.place {
            Place::Path => "path",
            Place::Query => "query",
            Place::Header => "header",
        };
        let mut told = json!({"name": self.name, "in": place, "description": self.text, "required": self.required});
        if self.list {
            told["schema"] = json!({"type": "array", "items": one, "maxItems": LIST_LIMIT});
            // Also taken when it is repeated; joined is shorter.
            told["style"] = json!("form");
            told["explode"] = json!(false);
        } else {
            told["schema"] = one;
        }
        told
    }
}

pub(crate) const DEVICE: Parameter = Parameter::of::<DeviceId>("device", "Only this device");
pub(crate) const DEVICES: Parameter = Parameter::of::<DeviceId>("device", "Only these devices").list();
pub(crate) const QUANTITIES: Parameter = Parameter::of::<Quantity>("quantity", "Only these quantities").list();
pub(crate) const KIND: Parameter = Parameter::of::<Kind>("kind", "Only of this kind");
pub(crate) const ZONE: Parameter = Parameter::of::<Zone>("zone", "Only of this zone");
pub(crate) const STATION: Parameter = Parameter::of::<DeviceId>("station", "The air station").needed();
pub(crate) const STATIONS: Parameter = Parameter::of::<DeviceId>("station", "Only these air stations").list();
pub(crate) const FROM: Parameter = Parameter::of::<Timestamp>("from", "Beginning of the period, which belongs to it");
pub(crate) const TO: Parameter =
    Parameter::of::<Timestamp>("to", "End of the period, which does not belong to it; now where it is not given");
pub(crate) const DAY_FROM: Parameter = Parameter::day("from", "Beginning of the period: a local date, or an instant");
pub(crate) const DAY_TO: Parameter =
    Parameter::day("to", "End of the period: a local date, which is meant whole, or an instant; now where it is not given");
pub(crate) const LIMIT: Parameter = Parameter::whole(
    "limit",
    "Rows at most: no more than `[http] most_rows`, `default_rows` where it is not given",
    1,
    Some(10_000),
);
pub(crate) const CURSOR: Parameter = Parameter::text("cursor", "The `next` of an earlier answer to the same question");
pub(crate) const FORMAT: Parameter = Parameter::one_of(
    "format",
    "How it is written: `csv` for machines, `excel` as Excel opens it in Morocco, `text` for people",
    &["json", "csv", "excel", "text"],
);
pub(crate) const EVERY: Parameter = Parameter::one_of("every", "By the UTC hour, or by the local day of the city", &["1h", "1d"]);
pub(crate) const LANG: Parameter = Parameter::one_of("lang", "The language, `fr` where it is not given", &Lang::CODES);
pub(crate) const CONTRACTOR: Parameter = Parameter::text("contractor", "The contractor, as the territories name it");
pub(crate) const DISTRICT: Parameter = Parameter::text("district", "Only this district, as `[[domains.district]]` names it");
pub(crate) const ALERT: Parameter = Parameter::text("id", "The alert").in_path();
