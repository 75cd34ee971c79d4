//! One thing that can be asked at one address.

use axum::http::Uri;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::parameter::{Parameter, Place};
use crate::params::Params;
use crate::problem::Problem;

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
}

/// Which answers carry a tag of what they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tagged {
    No,
    /// Those about a period that is over.
    WhenOver,
    Always,
}

/// Makes the schema of a type.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// Where it stands, what it takes, what it gives. Made once, beside the function that answers it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) verb: Verb,
    /// As the router reads it: `/api/v1/alerts/{id}`.
    pub(crate) path: &'static str,
    /// What it gives or does, a sentence without its full stop.
    pub(crate) summary: &'static str,
    pub(crate) parameters: &'static [Parameter],
    /// The JSON that it takes.
    pub(super) body: Option<Shape>,
    /// Of an answer that went well.
    pub(super) status: u16,
    /// The JSON that it gives.
    pub(super) json: Option<Shape>,
    /// Other types of content in which the same can be had.
    pub(super) media: &'static [&'static str],
    /// Which answers carry a tag of what they say.
    pub(super) tagged: Tagged,
}

impl Operation {
    /// What is looked at and changes nothing.
    pub(crate) const fn get(path: &'static str, summary: &'static str) -> Self {
        Self {
            verb: Verb::Get,
            path,
            summary,
            parameters: &[],
            body: None,
            status: 200,
            json: None,
            media: &[],
            tagged: Tagged::No,
        }
    }

    /// What changes something.
    pub(crate) const fn post(path: &'static str, summary: &'static str) -> Self {
        Self { verb: Verb::Post, ..Self::get(path, summary) }
    }

    /// Of its path and its query; nothing else is taken.
    pub(crate) const fn takes(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    /// The body.
    pub(crate) const fn reads<T: JsonSchema>(self) -> Self {
        Self { body: Some(SchemaGenerator::subschema_for::<T>), ..self }
    }

    /// The answer, as JSON.
    pub(crate) const fn gives<T: JsonSchema>(self) -> Self {
        Self { json: Some(SchemaGenerator::subschema_for::<T>), ..self }
    }

    /// The answer where something new is there afterwards, as JSON.
    pub(crate) const fn creates<T: JsonSchema>(self) -> Self {
        Self { status: 201, ..self.gives::<T>() }
    }

    /// The answer in other forms.
    pub(crate) const fn also(self, media: &'static [&'static str]) -> Self {
        Self { media, ..self }
    }

    /// Its answers in JSON can be asked for again by their tag.
    pub(crate) const fn tagged(self) -> Self {
        Self { tagged: Tagged::Always, ..self }
    }

    /// Those about a period that is over; the handler sees to it.
    pub(crate) const fn tagged_when_over(self) -> Self {
        Self { tagged: Tagged::WhenOver, ..self }
    }

    /// The parameters of a request.
    ///
    /// # Errors
    /// One is given that this operation does not know.
    pub(crate) fn read(&self, uri: &Uri) -> Result<Params, Problem> {
        let names: Vec<&str> = self.parameters.iter().filter(|p| p.place == Place::Query).map(|p| p.name).collect();
        Params::read(uri, &names)
    }
}
