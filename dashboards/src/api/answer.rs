//! How the answers about air, waste, parking and water are told: in JSON, as a table for machines, for Excel and for people;
//! always with what they rest on.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domains::parameters::{Row, Status};
use domains::{Finding, Lack};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};

use crate::house::House;
use crate::params::Params;
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    /// For machines.
    Csv,
    /// For Excel as it is set in Morocco.
    Excel,
    /// For a terminal.
    Text,
    /// A map: only where the answer has places.
    GeoJson,
    /// A way for a navigation device: only where the answer has one.
    Gpx,
}

const FORMATS: [(&str, Format); 6] = [
    ("json", Format::Json),
    ("csv", Format::Csv),
    ("excel", Format::Excel),
    ("text", Format::Text),
    ("geojson", Format::GeoJson),
    ("gpx", Format::Gpx),
];

impl Format {
    /// `format` of an answer that is a table.
    pub(crate) fn of(params: &Params) -> Result<Self, Problem> {
        Self::among(params, &[Format::Json, Format::Csv, Format::Excel, Format::Text])
    }

    /// `format` of an answer that has these.
    pub(crate) fn among(params: &Params, known: &[Format]) -> Result<Self, Problem> {
        let Some(text) = params.one("format")? else { return Ok(Format::Json) };
        let named = FORMATS.into_iter().filter(|(_, format)| known.contains(format));
        if let Some((_, format)) = named.clone().find(|(name, _)| *name == text) {
            return Ok(format);
        }
        let (text, names): (String, Vec<&str>) = (text.chars().take(64).collect(), named.map(|(name, _)| name).collect());
        Err(Problem::parameter(
            "format",
            format!("`{text}` is not a format of this answer"),
            format!("one of {}", names.join(", ")),
        ))
    }
}

/// A number that the data carry, or why they carry none, in words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said<T>(pub(crate) Finding<T>);

/// A number, or why there is none.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Finding_of_{T}")]
struct Shape<'a, T> {
    value: Option<&'a T>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The same for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    lack: Option<&'a Lack>,
}

impl<T: JsonSchema> JsonSchema for Said<T> {
    fn schema_name() -> Cow<'static, str> {
        Shape::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Shape::<T>::json_schema(generator)
    }
}

impl<T: Serialize> Serialize for Said<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shape = match &self.0 {
            Finding::Value(value) => Shape { value: Some(value), reason: None, lack: None },
            Finding::Insufficient(lack) => Shape { value: None, reason: Some(lack.to_string()), lack: Some(lack) },
        };
        shape.serialize(serializer)
    }
}

impl<T> Said<T> {
    /// The number, for a table.
    pub(crate) fn cell(&self, cell: impl FnOnce(&T) -> Cell) -> Cell {
        match &self.0 {
            Finding::Value(value) => cell(value),
            Finding::Insufficient(_) => Cell::Empty,
        }
    }

    /// Why there is none.
    pub(crate) fn reason(&self) -> Cell {
        match &self.0 {
            Finding::Value(_) => Cell::Empty,
            Finding::Insufficient(lack) => Cell::text(lack),
        }
    }
}

/// Those parameters whose key begins so: what an answer rests on.
pub(crate) fn resting<'a>(rows: &'a [Row], keys: &[&str]) -> Vec<&'a Row> {
    rows.iter().filter(|row| keys.iter().any(|key| row.key.starts_with(key))).collect()
}

/// An answer, ready to be told in any form.
pub(crate) struct Answer<'a, T> {
    /// What it is, for a file's name: `air-index`.
    pub(crate) name: &'static str,
    /// Said above the table.
    pub(crate) title: String,
    /// The fields of the JSON.
    pub(crate) body: T,
    pub(crate) table: Table,
    /// What a reader must know besides.
    pub(crate) notes: Vec<String>,
    /// The parameters, with status and source.
    pub(crate) rests_on: Vec<&'a Row>,
}

/// An answer, with what a reader must know besides and what it rests on.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}")]
pub(crate) struct Answered<'a, T> {
    #[serde(flatten)]
    answer: &'a T,
    notes: &'a [String],
    rests_on: &'a [&'a Row],
}

impl<T: Serialize> Answer<'_, T> {
    /// In the form that was asked for. Forms with places are told by whoever has these.
    pub(crate) fn told(&self, format: Format, house: &House) -> Result<Response, Problem> {
        let (rows, most) = (self.table.rows.len(), house.settings.most_rows);
        if rows > most {
            let detail = format!("the answer has {rows} rows, at most {most} are given");
            return Err(Problem::parameter("from", detail, "a shorter period, or one zone or device"));
        }
        let city = house.city.time();
        Ok(match format {
            Format::Json | Format::GeoJson | Format::Gpx => {
                Json(Answered { answer: &self.body, notes: &self.notes, rests_on: &self.rests_on }).into_response()
            }
            Format::Csv => file(self.table.csv(), "text/csv; charset=utf-8; header=present", &format!("{}.csv", self.name)),
            Format::Excel => {
                file(self.table.excel(city), "text/csv; charset=utf-8; header=present", &format!("{}_fr.csv", self.name))
            }
            Format::Text => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], self.text(house)).into_response(),
        })
    }

    fn text(&self, house: &House) -> String {
        let mut text = format!("{}\n", self.title);
        if !self.table.rows.is_empty() {
            text += &format!("\n{}", self.table.text(house.city.time()));
        }
        if !self.notes.is_empty() {
            text += "\n";
        }
        for note in &self.notes {
            text += &format!("{note}\n");
        }
        // What was read in its source needs no word at a terminal; JSON has every row.
        let unsure: Vec<&&Row> = self.rests_on.iter().filter(|row| row.status != Status::Verified).collect();
        if !unsure.is_empty() {
            text += "\nRests on, besides what is verified:\n";
        }
        for row in unsure {
            text += &format!("  {} = {} ({}: {})\n", row.key, row.value, row.status.code(), row.source);
        }
        text
    }
}

/// A file to keep.
pub(crate) fn file(text: String, kind: &'static str, name: &str) -> Response {
    let mut response = ([(header::CONTENT_TYPE, kind)], text).into_response();
    if let Ok(attachment) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, attachment);
    }
    response
}
