//! The readers of what devices send: Marsad's own JSON, and what a profile describes as data: bytes, decoded fields, a
//! vendor's script.

pub mod cayenne;
pub(crate) mod fields;
pub(crate) mod json;
pub(crate) mod layout;
pub(crate) mod lpp;
pub mod m_bus;
pub(crate) mod marsad_json;
pub(crate) mod marsad_schema;
pub(crate) mod meter;
pub(crate) mod pointer;
pub(crate) mod scale;
pub(crate) mod script;
