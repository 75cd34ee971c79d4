//! On-call rotas as people look at them.

use schemars::JsonSchema;
use schemas::{ChannelName, Timestamp};
use serde::{Deserialize, Serialize};

/// Whose a time is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShiftView {
    /// From when on.
    pub from: Timestamp,
    /// Up to before when.
    pub to: Timestamp,
    /// The receiver, or the channel.
    pub receiver: ChannelName,
    /// Whether it is somebody's shift; else it is a hole, and the fallback stands in.
    pub covered: bool,
}

/// A rota at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RotaView {
    /// `rota:NAME`.
    pub name: ChannelName,
    /// Who is on duty.
    pub on_duty: ChannelName,
    /// Up to before when; none: for good.
    pub until: Option<Timestamp>,
    /// Whether a shift covers the instant; else the fallback stands in.
    pub covered: bool,
    /// Who stands in where no shift does.
    pub fallback: ChannelName,
    /// The present shift and those that follow, with the holes between them, in order.
    pub shifts: Vec<ShiftView>,
}
