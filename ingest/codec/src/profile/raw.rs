//! The shape of a profile's TOML, as serde sees it. What the keys mean stands in the module above; whether they fit one
//! another is found in `build`.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use schemas::{Flaw, Kind, Quality, Quantity, Timestamp};
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProfile {
    pub(super) name: String,
    pub(super) make: String,
    #[serde(default)]
    pub(super) model: String,
    pub(super) kind: Option<Kind>,
    pub(super) source: String,
    #[serde(default)]
    pub(super) envelopes: Vec<String>,
    pub(super) interval: Option<SignedDuration>,
    pub(super) logs: Option<SignedDuration>,
    #[serde(default)]
    pub(super) battery: Vec<(f64, f64)>,
    #[serde(default)]
    pub(super) counter_bits: BTreeMap<Quantity, u8>,
    pub(super) gas_reference: Option<String>,
    pub(super) codec: Option<String>,
    pub(super) endian: Option<RawEndian>,
    #[serde(default)]
    pub(super) skip: usize,
    pub(super) begins_with: Option<RawBegin>,
    #[serde(default)]
    pub(super) utc_offset: i16,
    #[serde(default)]
    pub(super) reads: RawReads,
    pub(super) script: Option<String>,
    #[serde(default)]
    pub(super) frame: Vec<RawFrame>,
    #[serde(default)]
    pub(super) silent: Vec<RawSilent>,
    #[serde(default)]
    pub(super) field: Vec<RawField>,
    #[serde(default)]
    pub(super) list: Vec<RawList>,
    #[serde(default)]
    pub(super) mark: Vec<RawMark>,
    #[serde(default)]
    pub(super) case: Vec<RawCase>,
}

/// What M-Bus bytes begin with.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawBegin {
    Telegram,
    Message,
    Records,
}

/// Where decoded fields come from.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawReads {
    /// The payload, or the fields that the envelope gives.
    #[default]
    Payload,
    /// What a codec inside the network server made of the bytes.
    Object,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFrame {
    pub(super) port: Option<u8>,
    #[serde(default)]
    pub(super) ports: Vec<u8>,
    pub(super) length: Option<usize>,
    #[serde(default)]
    pub(super) at_least: usize,
    pub(super) at_most: Option<usize>,
    #[serde(default)]
    pub(super) when: Vec<RawTest>,
    #[serde(default)]
    pub(super) field: Vec<RawField>,
    #[serde(default)]
    pub(super) repeat: Vec<RawRepeat>,
    pub(super) tagged: Option<RawTagged>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSilent {
    pub(super) port: Option<u8>,
    #[serde(default)]
    pub(super) ports: Vec<u8>,
    pub(super) length: Option<usize>,
    #[serde(default)]
    pub(super) at_least: usize,
    pub(super) at_most: Option<usize>,
    #[serde(default)]
    pub(super) when: Vec<RawTest>,
    pub(super) why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTagged {
    #[serde(default)]
    pub(super) from: usize,
    #[serde(default = "two")]
    pub(super) key: usize,
    #[serde(default)]
    pub(super) unknown: RawUnknown,
    pub(super) item: Vec<RawItem>,
}

fn two() -> usize {
    2
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawUnknown {
    #[default]
    Refuse,
    Stop,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawItem {
    pub(super) key: Vec<RawKey>,
    pub(super) length: RawLength,
    #[serde(default)]
    pub(super) field: Vec<RawField>,
    #[serde(default)]
    pub(super) repeat: Vec<RawRepeat>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a byte from 0 to 255, or \"any\"")]
pub(super) enum RawKey {
    Byte(u8),
    Word(String),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number of bytes, \"rest\", or \"prefixed\" where the first byte says how many follow")]
pub(super) enum RawLength {
    Bytes(usize),
    Word(String),
}

/// A byte, or a value elsewhere in the tree, that must be so.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTest {
    pub(super) at: RawAt,
    pub(super) mask: Option<u8>,
    pub(super) is: Option<RawSome>,
    pub(super) not: Option<RawSome>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number, a word, true or false, or a list of them")]
pub(super) enum RawSome {
    One(RawValue),
    Several(Vec<RawValue>),
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawEndian {
    Big,
    Little,
    LowWordFirst,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawNumber {
    #[default]
    Unsigned,
    Signed,
    SignMagnitude,
    Bcd,
    Float,
    Flag,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawTime {
    Unix,
    UnixMs,
    #[serde(rename = "since-2000")]
    Since2000,
    Ago,
    AgoMinutes,
    Text,
}

/// How a version of a device's program is written.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RawFirmware {
    Dotted,
    Digits,
    Text,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "an offset in bytes, a JSON Pointer such as \"/temperature\", or a list of them")]
pub(super) enum RawAt {
    Offset(i32),
    Pointer(String),
    Pointers(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawField {
    pub(super) quantity: Option<Quantity>,
    #[serde(default)]
    pub(super) channel: u8,
    pub(super) time: Option<RawTime>,
    pub(super) firmware: Option<RawFirmware>,
    #[serde(default)]
    pub(super) past: bool,
    pub(super) at: Option<RawAt>,
    pub(super) width: Option<usize>,
    pub(super) endian: Option<RawEndian>,
    #[serde(default)]
    pub(super) number: RawNumber,
    #[serde(default)]
    pub(super) signed: bool,
    pub(super) bits: Option<(u32, u32)>,
    #[serde(default, deserialize_with = "some_flaw")]
    pub(super) nan: Option<Flaw>,
    #[serde(default)]
    pub(super) when: Vec<RawTest>,
    pub(super) unit: Option<String>,
    pub(super) unit_at: Option<String>,
    #[serde(default)]
    pub(super) units: BTreeMap<String, String>,
    #[serde(default = "one")]
    pub(super) multiply: f64,
    #[serde(default = "one")]
    pub(super) divide: f64,
    #[serde(default)]
    pub(super) add: f64,
    #[serde(default)]
    pub(super) steps: Vec<RawStep>,
    pub(super) plus: Option<Quantity>,
    #[serde(default)]
    pub(super) values: BTreeMap<String, f64>,
    #[serde(default)]
    pub(super) absent: Vec<RawValue>,
    #[serde(default)]
    pub(super) missing: Vec<RawFlaw>,
    #[serde(default)]
    pub(super) flaws: Vec<RawFlaw>,
    pub(super) contains: Option<String>,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRepeat {
    pub(super) at: Option<i32>,
    pub(super) count: Option<usize>,
    pub(super) size: Option<usize>,
    pub(super) packed: Option<u32>,
    #[serde(default)]
    pub(super) delta: bool,
    pub(super) step: Option<SignedDuration>,
    #[serde(default)]
    pub(super) step_first: bool,
    pub(super) field: Vec<RawField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawList {
    pub(super) at: String,
    pub(super) field: Vec<RawField>,
}

#[derive(Deserialize, Clone)]
#[serde(untagged, expecting = "a number, a word, true or false")]
pub(super) enum RawValue {
    Number(f64),
    Word(String),
    State(bool),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFlaw {
    pub(super) raw: Option<RawValue>,
    pub(super) from: Option<f64>,
    pub(super) to: Option<f64>,
    #[serde(deserialize_with = "flaw")]
    pub(super) flaw: Flaw,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStep {
    pub(super) from: f64,
    pub(super) base: f64,
    pub(super) step: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMark {
    pub(super) quantity: Quantity,
    pub(super) is: Option<f64>,
    pub(super) at_least: Option<f64>,
    #[serde(deserialize_with = "flaw")]
    pub(super) flaw: Flaw,
    pub(super) on: Vec<Quantity>,
}

fn flaw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Flaw, D::Error> {
    let code = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
    Flaw::from_code(&code).ok_or_else(|| serde::de::Error::custom(format!("`{code}` is not a flaw")))
}

fn some_flaw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Flaw>, D::Error> {
    flaw(deserializer).map(Some)
}

/// A test case: what comes in, and the readings in order.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCase {
    pub(super) port: Option<u8>,
    pub(super) hex: Option<String>,
    pub(super) json: Option<String>,
    pub(super) time: Option<Timestamp>,
    pub(super) key: Option<schemas::DeviceKey>,
    /// Empty: understood, nothing to store.
    pub(super) expect: Vec<RawExpected>,
    /// Values that are named and not there, in order.
    #[serde(default)]
    pub(super) missing: Vec<RawMissing>,
    /// The version of the device's program, where it says one.
    pub(super) firmware: Option<String>,
    /// The reason code of a rejection.
    pub(super) reject: Option<String>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExpected {
    pub(super) quantity: Quantity,
    #[serde(default)]
    pub(super) channel: u8,
    pub(super) value: f64,
    #[serde(default)]
    pub(super) flaws: Quality,
    pub(super) at: Option<Timestamp>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct RawMissing {
    pub(super) quantity: Quantity,
    #[serde(default)]
    pub(super) channel: u8,
    #[serde(deserialize_with = "flaw")]
    pub(super) flaw: Flaw,
}
