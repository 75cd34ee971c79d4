//! The wrappings that this program takes off, by topic. Deliberately absent: what is inside.

mod chirpstack;
mod marsad;

pub(crate) use marsad::UP as MARSAD_UP;

use crate::uplink::Envelope;

/// Every envelope; the first that takes a topic opens the message. A new one is a file and a line.
pub(crate) static ENVELOPES: &[&dyn Envelope] = &[&marsad::Marsad, &chirpstack::ChirpStack];
