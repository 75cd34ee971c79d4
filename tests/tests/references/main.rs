//! What is generated from the program and committed for people and other tools: JSON Schemas, the document of the API, and the
//! references of quantities, units, envelopes, codecs, profiles and reasons. `MARSAD_UPDATE=1` writes them anew.

mod codecs;
mod compliance;
mod faults;
mod openapi;
mod quantities;
mod schemas_of_types;
mod units;
