//! Device profiles: how a make of device is read, as data. A profile carries its own test cases, and
//! one whose cases do not pass is not loaded.
//!
//! ```toml
//! name = "acme-bin"                  # the name that the catalogue uses
//! make = "Acme Bin 3"
//! source = "where the layout is documented"
//!
//! [[frame]]                          # the first frame that fits is read
//! port = 2
//! at_least = 3                       # bytes, at least
//! when = [{ at = 0, is = 1 }]        # bytes that must be so
//! [[frame.field]]
//! quantity = "waste.distance"        # from the vocabulary; `channel` too, if there are several
//! at = 1                             # offset of the first byte
//! width = 2                          # bytes, 1 to 8
//! endian = "big"                     # or "little"
//! signed = false
//! bits = [0, 16]                     # lowest bit and number of bits within these bytes
//! multiply = 1                       # value = raw x multiply / divide + add, in the canonical unit
//! divide = 1000
//! add = 0
//! absent = [65535]                   # raw values that say "no value"
//! flaws = [{ raw = 0, flaw = "sensor_fault" }]
//! steps = [{ from = 90, base = 5400, step = 300 }]   # where the scale is not linear
//!
//! [[silent]]                         # understood, and nothing to store
//! port = 3
//! why = "start-up report"
//!
//! [[case]]                           # at least one
//! port = 2
//! hex = "01012c"
//! expect = [{ quantity = "waste.distance", value = 0.3 }]
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::{DeviceId, Flaw, Kind, NameError, ProfileName, Quality, Quantity, Reading, Timestamp, Zone};
use serde::Deserialize;

use crate::codecs::layout::{Condition, Endian, Field, FrameLayout, Layout, Step};
use crate::normalise::Sink;
use crate::reject::Reject;
use crate::uplink::{Codec, FRAME_LIMIT, PortBytes};

/// The profiles that the program is built with: a new one is a file and a line.
static BUILT_IN: &[(&str, &str)] = &[
    ("netvox-r718x.toml", include_str!("../profiles/netvox-r718x.toml")),
    ("nwave-nps405.toml", include_str!("../profiles/nwave-nps405.toml")),
];

/// Why profiles cannot be used. Each names the file or the device.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProfileError {
    /// Not the expected TOML.
    #[error("{file}: {error}")]
    Syntax {
        /// As the caller named it.
        file: String,
        /// With line and column.
        error: String,
    },
    /// A value that no layout can have.
    #[error("{file}: {wrong}")]
    Layout {
        /// As the caller named it.
        file: String,
        /// What, and what was expected.
        wrong: String,
    },
    /// Without a case, nobody knows whether the layout is right.
    #[error("{file}: the profile has no [[case]], expected at least one")]
    NoCase {
        /// As the caller named it.
        file: String,
    },
    /// A case that gives something else than it expects.
    #[error("{file}: case {case} (port {port}, {hex}) gives {got}, expected {expected}")]
    Case {
        /// As the caller named it.
        file: String,
        /// Counted from 1.
        case: usize,
        /// Of the frame.
        port: u8,
        /// Of the frame.
        hex: String,
        /// What it gives.
        got: String,
        /// What the case expects.
        expected: String,
    },
    /// Two files, one name.
    #[error("{file}: there is already a profile `{profile}`")]
    Twice {
        /// As the caller named it.
        file: String,
        /// The name.
        profile: ProfileName,
    },
    /// The catalogue names a profile that is not there.
    #[error("device {device} is read by the profile `{profile}`, which is not loaded")]
    Missing {
        /// The device.
        device: DeviceId,
        /// The profile.
        profile: ProfileName,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProfile {
    name: String,
    make: String,
    source: String,
    frame: Vec<RawFrame>,
    #[serde(default)]
    silent: Vec<RawSilent>,
    #[serde(default)]
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFrame {
    port: u8,
    #[serde(default)]
    at_least: usize,
    #[serde(default)]
    when: Vec<RawByte>,
    field: Vec<RawField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSilent {
    port: u8,
    #[serde(default)]
    when: Vec<RawByte>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawByte {
    at: usize,
    is: u8,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawEndian {
    Big,
    Little,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawField {
    quantity: Quantity,
    #[serde(default)]
    channel: u8,
    at: usize,
    width: usize,
    endian: Option<RawEndian>,
    #[serde(default)]
    signed: bool,
    bits: Option<(u32, u32)>,
    #[serde(default = "one")]
    multiply: f64,
    #[serde(default = "one")]
    divide: f64,
    #[serde(default)]
    add: f64,
    #[serde(default)]
    absent: Vec<i64>,
    #[serde(default)]
    flaws: Vec<RawFlaw>,
    #[serde(default)]
    steps: Vec<RawStep>,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFlaw {
    raw: i64,
    flaw: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    from: i64,
    base: f64,
    step: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    port: u8,
    hex: String,
    /// The readings in order; empty: understood, nothing to store.
    expect: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    quantity: Quantity,
    #[serde(default)]
    channel: u8,
    value: f64,
    #[serde(default)]
    flaws: Quality,
}

/// One make of device.
#[derive(Clone)]
pub struct Profile {
    name: ProfileName,
    make: String,
    source: String,
    codec: Arc<dyn Codec>,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").field("name", &self.name).field("make", &self.make).finish_non_exhaustive()
    }
}

impl Profile {
    /// The name that the catalogue uses.
    #[must_use]
    pub fn name(&self) -> &ProfileName {
        &self.name
    }

    /// For people.
    #[must_use]
    pub fn make(&self) -> &str {
        &self.make
    }

    /// Where the layout is documented.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn decode(&self, frame: &PortBytes, out: &mut Sink<'_>) -> Result<(), Reject> {
        self.codec.decode(frame, out)
    }
}

/// The profiles that a decoder reads with, by name.
#[derive(Clone, Debug, Default)]
pub struct Profiles(BTreeMap<ProfileName, Profile>);

impl Profiles {
    /// Those that the program is built with.
    ///
    /// # Errors
    /// A built-in file that does not load: never in a build whose tests passed.
    pub fn built_in() -> Result<Self, ProfileError> {
        BUILT_IN.iter().try_fold(Self::default(), |all, (file, toml)| all.with(toml, file))
    }

    /// With one more, read from TOML and proved by its own cases. `file` is what errors call it.
    ///
    /// # Errors
    /// Not the TOML of the module's documentation, a layout that cannot be, a name that is taken, no
    /// case, or a case that does not pass.
    pub fn with(mut self, toml: &str, file: &str) -> Result<Self, ProfileError> {
        let profile = read(toml, file)?;
        match self.0.insert(profile.name.clone(), profile) {
            None => Ok(self),
            Some(old) => Err(ProfileError::Twice { file: file.to_owned(), profile: old.name }),
        }
    }

    /// The profile of this name.
    #[must_use]
    pub fn named(&self, name: &ProfileName) -> Option<&Profile> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.0.values()
    }
}

fn read(toml: &str, file: &str) -> Result<Profile, ProfileError> {
    let raw: RawProfile =
        toml::from_str(toml).map_err(|e| ProfileError::Syntax { file: file.to_owned(), error: e.to_string() })?;
    let wrong = |wrong: String| ProfileError::Layout { file: file.to_owned(), wrong };
    let name = ProfileName::new(&raw.name).map_err(|e: NameError| wrong(e.to_string()))?;
    let frames = raw.frame.into_iter().map(frame).collect::<Result<Vec<_>, String>>().map_err(wrong)?;
    let silent = raw.silent.into_iter().map(|s| (condition(s.port, 0, &s.when), s.why)).collect();
    let layout = Layout { frames, silent };
    if raw.case.is_empty() {
        return Err(ProfileError::NoCase { file: file.to_owned() });
    }
    for (i, case) in raw.case.iter().enumerate() {
        prove(&layout, case).map_err(|(got, expected)| ProfileError::Case {
            file: file.to_owned(),
            case: i + 1,
            port: case.port,
            hex: case.hex.clone(),
            got,
            expected,
        })?;
    }
    Ok(Profile { name, make: raw.make, source: raw.source, codec: Arc::new(layout) })
}

fn condition(port: u8, at_least: usize, when: &[RawByte]) -> Condition {
    Condition { port, at_least, bytes: when.iter().map(|b| (b.at, b.is)).collect() }
}

fn frame(raw: RawFrame) -> Result<FrameLayout, String> {
    let when = condition(raw.port, raw.at_least, &raw.when);
    let fields = raw.field.into_iter().map(field).collect::<Result<Vec<_>, String>>()?;
    if fields.is_empty() {
        return Err(format!("the frame on port {} has no field", raw.port));
    }
    Ok(FrameLayout { when, fields })
}

fn field(raw: RawField) -> Result<Field, String> {
    let name = raw.quantity;
    if !(1..=8).contains(&raw.width) || raw.at + raw.width > FRAME_LIMIT {
        return Err(format!("`{name}`: width is {} at {}, expected 1 to 8 bytes within {FRAME_LIMIT}", raw.width, raw.at));
    }
    let all = u32::try_from(raw.width * 8).map_err(|e| e.to_string())?;
    let (lowest, count) = raw.bits.unwrap_or((0, all));
    let counted = if raw.signed { all } else { all.min(63) };
    if count == 0 || count > counted || lowest > all - count {
        return Err(format!("`{name}`: bits [{lowest}, {count}] do not lie within {all} bits (63 if unsigned)"));
    }
    if raw.width > 1 && raw.endian.is_none() {
        return Err(format!("`{name}`: more than one byte needs endian = \"big\" or \"little\""));
    }
    let mut numbers = [raw.multiply, raw.divide, raw.add].into_iter().chain(raw.steps.iter().flat_map(|s| [s.base, s.step]));
    if raw.divide == 0.0 || !numbers.all(f64::is_finite) {
        return Err(format!("`{name}`: multiply, divide, add, base and step are finite and divide is not 0"));
    }
    if !raw.steps.windows(2).all(|pair| matches!(pair, [a, b] if a.from < b.from)) {
        return Err(format!("`{name}`: steps ascend by `from`"));
    }
    let flaws = raw.flaws.iter().map(|f| Ok((f.raw, Flaw::from_code(&f.flaw).ok_or(format!("`{}` is not a flaw", f.flaw))?)));
    Ok(Field {
        quantity: raw.quantity,
        channel: raw.channel,
        at: raw.at,
        width: raw.width,
        endian: match raw.endian {
            Some(RawEndian::Little) => Endian::Little,
            Some(RawEndian::Big) | None => Endian::Big,
        },
        signed: raw.signed,
        bits: (lowest, count),
        multiply: raw.multiply,
        divide: raw.divide,
        add: raw.add,
        absent: raw.absent,
        flaws: flaws.collect::<Result<Vec<_>, String>>()?,
        steps: raw.steps.iter().map(|s| Step { from: s.from, base: s.base, step: s.step }).collect(),
    })
}

/// Runs one case; (what it gives, what was expected) where they differ.
fn prove(layout: &Layout, case: &Case) -> Result<(), (String, String)> {
    let expected = || {
        let all = case.expect.iter().map(|e| (e.quantity, e.channel, e.value, e.flaws));
        if case.expect.is_empty() { "nothing to store".to_owned() } else { list(all) }
    };
    let bytes = unhex(&case.hex).ok_or_else(|| (format!("`{}`", case.hex), "hexadecimal digits".to_owned()))?;
    let mut frame = PortBytes { port: case.port, len: bytes.len(), buffer: [0; FRAME_LIMIT] };
    let room = frame.buffer.get_mut(..bytes.len()).ok_or_else(|| (format!("{} bytes", bytes.len()), "a frame".to_owned()))?;
    room.copy_from_slice(&bytes);
    let mut out: Vec<Reading> = Vec::new();
    let nobody = (
        DeviceId::new("case").map_err(|e| (e.to_string(), String::new()))?,
        Kind::WASTE,
        Zone::new("case").map_err(|e| (e.to_string(), String::new()))?,
    );
    let result = layout.decode(&frame, &mut Sink::new(&mut out, nobody, (Timestamp::MIN, None), false));
    match result {
        Err(reject) if reject.code() == "no_reading" && case.expect.is_empty() => Ok(()),
        Err(reject) => Err((format!("{} ({reject})", reject.code()), expected())),
        Ok(()) => {
            let same = out.len() == case.expect.len()
                && out.iter().zip(&case.expect).all(|(got, e)| {
                    (got.series.quantity, got.series.channel, got.quality) == (e.quantity, e.channel, e.flaws)
                        && got.value.to_bits() == e.value.to_bits()
                });
            let got = || list(out.iter().map(|r| (r.series.quantity, r.series.channel, r.value, r.quality)));
            if same { Ok(()) } else { Err((got(), expected())) }
        }
    }
}

fn list(readings: impl Iterator<Item = (Quantity, u8, f64, Quality)>) -> String {
    let one = |(quantity, channel, value, quality): (Quantity, u8, f64, Quality)| {
        let flaws: String = quality.flaws().map(|f| format!(" {}", f.code())).collect();
        format!("{quantity}#{channel} = {value}{flaws}")
    };
    readings.map(one).collect::<Vec<_>>().join(", ")
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
