//! What is generated from the program and committed for people and other tools: JSON Schemas, and the
//! references of quantities and units. `MARSAD_UPDATE=1` writes them anew.

mod quantities;
mod schemas_of_types;
mod units;
