//! The readers of what devices send: Marsad's own JSON, and layouts that are data (`profile`).
//! Vendor decoders in JavaScript stand in a crate of their own and join by the same trait.

pub mod cayenne;
pub(crate) mod layout;
pub mod m_bus;
pub(crate) mod marsad_json;
