//! The frames of each make, from the makers' documents: [codec's profiles](../../../ingest/codec/profiles/netvox-r718x.toml) name them.

pub(super) mod air;
pub(super) mod parking;
pub(super) mod waste;
pub(super) mod water;

use super::layout::{ANY, Field, Layout};

/// Millimetres in a metre, millivolts in a volt, litres in a cubic metre.
const MILLI: f64 = 1000.0;
/// Pascals in a hectopascal.
const HECTO: f64 = 100.0;
