//! The API as a document of OpenAPI 3.1, for programs that write clients and for the page that people read.
//!
//! There is one source: an [`Operation`] says where it stands, what it takes and what it gives. The router is made of
//! operations ([`Paths`]), a handler reads its parameters by its own, and the schemas are those of the types that are written
//! as JSON. Who may ask is taken from the table that is asked before each answer.
//!
//! Deliberately absent: addresses that are no API (pages, assets, `/metrics`, health), and limits that a city may set.

mod answers;
mod document;
mod operation;
mod parameter;
mod paths;
pub(crate) mod served;

pub use document::openapi;
pub(crate) use operation::Operation;
#[cfg(test)]
pub(crate) use operation::Verb;
pub(crate) use parameter::Parameter;
pub(crate) use paths::Paths;

/// Parameters that several operations have.
pub(crate) mod known {
    pub(crate) use super::parameter::{
        ALERT, CONTRACTOR, CURSOR, DAY_FROM, DAY_TO, DEVICE, DEVICES, DISTRICT, EVERY, FORMAT, FROM, KIND, LANG, LIMIT,
        QUANTITIES, STATION, STATIONS, TO, ZONE,
    };
}
