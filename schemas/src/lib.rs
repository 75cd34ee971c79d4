//! The vocabulary of the house: the words of `DESIGN.md` section 11 as types, and nothing else.
//!
//! Pure: no clock, no disk, no network, no async. Deliberately absent: how bytes become readings
//! (`codec`), how readings become alerts (`rules`), and where either is kept.

mod alert;
mod device;
mod fitting;
mod life;
mod message;
mod names;
mod quality;
mod quantity;
mod reading;
mod scope;
mod time;
mod vocabulary;
mod wire;

pub use alert::{AlertId, IllegalStep, Note, Phase, Severity, Texts, Transition, TransitionId, UnknownSeverity};
pub use device::{Catalogue, Device, Place, PlaceError};
pub use fitting::{Calibration, Container, ContainerError, DeviceKey, Fill, Fitting, KeyError, PulseMeter, PulseMeterError};
pub use life::{
    ACKNOWLEDGED_AT_MOST, Acknowledged, Act, Assigned, ByHand, Deed, IllegalAct, Life, Marks, Person, Remark, SHELVED_AT_MOST,
    Shelved, WordingError,
};
pub use message::{DamagedMessage, Message, Provenance, Qos};
pub use names::{ChannelName, DeviceId, Firmware, NameError, ProfileName, RuleId, Tag, Zone};
pub use quality::{Flaw, Grade, Quality};
pub use quantity::{Kind, Quantity, UnknownWord};
pub use reading::{Partial, Reading, SeriesKey};
pub use scope::{Pattern, PatternError, Scope, Subject};
pub use time::{HOUR, TimeError, Timestamp};
pub use vocabulary::{Gas, InUse, QuantityRow, RowError, ValueClass, Vocabulary};
pub use wire::{named_schema, wire_schemas};
