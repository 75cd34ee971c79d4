//! Layouts that are data: fields one after another or at fixed places, groups that repeat, and lists of tagged items. The
//! profile says them in TOML; here they are read.
//!
//! A layout has no loops of its own and no arithmetic but the scale: reading a frame takes time in proportion to its
//! length and to the fields of its profile, both bounded.

mod number;
mod repeat;
mod tagged;
mod time;

use schemas::{Flaw, Timestamp};

pub(crate) use number::{Endian, Number};
pub(crate) use repeat::{Each, Repeat};
pub(crate) use tagged::{Item, Length, Tagged};
pub(crate) use time::TimeFormat;

use crate::codecs::scale::Meaning;
use crate::normalise::Sink;
use crate::reject::{Reason, Reject};
use crate::uplink::{Codec, Uplink};

/// All frames of one make of device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// Tried in this order; the first that fits reads the frame.
    pub(crate) frames: Vec<FrameLayout>,
    /// Frames that are understood and say nothing of the city.
    pub(crate) silent: Vec<(Fit, String)>,
}

#[derive(Clone, Debug)]
pub(crate) struct FrameLayout {
    pub(crate) fit: Fit,
    pub(crate) content: Content,
}

/// Which frames a layout is for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fit {
    /// Any of these; empty: any at all, also none.
    pub(crate) ports: Vec<u8>,
    /// Bytes: so many at least, and at most.
    pub(crate) length: (usize, usize),
    pub(crate) bytes: Vec<ByteTest>,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Group(Group),
    Tagged(Tagged),
}

/// Fields, then groups that repeat.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) fields: Vec<Field>,
    pub(crate) repeats: Vec<Repeat>,
}

/// A byte that must be so.
#[derive(Clone, Debug)]
pub(crate) struct ByteTest {
    pub(crate) at: Place,
    pub(crate) mask: u8,
    /// One of these, after the mask; empty: any, if it is there at all.
    pub(crate) is: Vec<u8>,
    /// None of these.
    pub(crate) not: Vec<u8>,
}

/// Where something stands: from the beginning, or back from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Front(usize),
    Back(usize),
}

/// One value in the bytes.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// None: right behind the field read before.
    pub(crate) at: Option<Place>,
    /// Bytes, 1 to 8.
    pub(crate) width: usize,
    pub(crate) endian: Endian,
    pub(crate) number: Number,
    /// Lowest bit and number of bits within the bytes.
    pub(crate) bits: (u32, u32),
    /// Why there is no number where the bytes are none.
    pub(crate) nan: Flaw,
    /// Read only where these hold; a field that is not read takes no room.
    pub(crate) when: Vec<ByteTest>,
    pub(crate) says: Says,
}

/// What a field is for.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    Value(Box<Meaning>),
    /// When the values that follow were so; past: they are of a log.
    Time {
        format: TimeFormat,
        past: bool,
    },
    /// The version of the device's program.
    Version(Version),
    /// Room that is passed over.
    Nothing,
}

/// How bytes are written as a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// Each byte a number: 02 0c is 2.12.
    Dotted,
    /// The first byte a number, then each hexadecimal digit: 01 12 is 1.1.2.
    Digits,
}

impl Version {
    fn written(self, bytes: &[u8]) -> String {
        let parts: Vec<String> = match (self, bytes) {
            (Version::Dotted, bytes) => bytes.iter().map(u8::to_string).collect(),
            (Version::Digits, [first, rest @ ..]) => {
                let digits = rest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
                std::iter::once(first.to_string()).chain(digits.map(|digit| format!("{digit:x}"))).collect()
            }
            (Version::Digits, []) => Vec::new(),
        };
        parts.join(".")
    }
}

impl Place {
    fn offset(self, len: usize) -> Option<usize> {
        match self {
            Place::Front(at) => Some(at),
            Place::Back(back) => len.checked_sub(back),
        }
    }
}

impl ByteTest {
    fn holds(&self, bytes: &[u8]) -> bool {
        let byte = self.at.offset(bytes.len()).and_then(|at| bytes.get(at)).map(|b| b & self.mask);
        byte.is_some_and(|b| (self.is.is_empty() || self.is.contains(&b)) && !self.not.contains(&b))
    }
}

impl Fit {
    fn fits(&self, port: Option<u8>, bytes: &[u8]) -> bool {
        (self.ports.is_empty() || port.is_some_and(|p| self.ports.contains(&p)))
            && (self.length.0..=self.length.1).contains(&bytes.len())
            && self.bytes.iter().all(|test| test.holds(bytes))
    }
}

/// A frame, or the value of an item in it, while it is read.
struct Reader<'b> {
    bytes: &'b [u8],
    /// Behind the field read last.
    cursor: usize,
    /// The time that the device said last.
    time: Option<Timestamp>,
    /// It is of a log.
    past: bool,
}

impl<'b> Reader<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, cursor: 0, time: None, past: false }
    }

    /// What comes next was so at this time.
    fn stamp(&self, time: Option<Timestamp>, out: &mut Sink<'_>) {
        if self.past { out.past(time) } else { out.at(time) }
    }
}

impl Group {
    fn read(&self, reader: &mut Reader<'_>, out: &mut Sink<'_>) -> Result<(), Reject> {
        for field in self.fields.iter().filter(|f| f.when.iter().all(|test| test.holds(reader.bytes))) {
            let at = field.at.map_or(Some(reader.cursor), |place| place.offset(reader.bytes.len()));
            let Some((at, place)) = at.and_then(|at| Some((at, reader.bytes.get(at..at.checked_add(field.width)?)?))) else {
                continue;
            };
            reader.cursor = at + field.width;
            let raw = match &field.says {
                Says::Nothing => continue,
                Says::Version(version) => {
                    out.firmware(&version.written(place));
                    continue;
                }
                Says::Value(_) | Says::Time { .. } => field.number.cut(place, field.endian, field.bits),
            };
            match (&field.says, raw) {
                (Says::Value(meaning), Some(raw)) => meaning.push(raw, None, out)?,
                (Says::Value(meaning), None) => out.miss(meaning.quantity, meaning.channel, field.nan),
                (Says::Time { format, past }, raw) => {
                    reader.time = raw.and_then(|raw| format.instant(raw, out.heard_at()));
                    reader.past = *past;
                    reader.stamp(reader.time, out);
                }
                (Says::Nothing | Says::Version(_), _) => {}
            }
        }
        self.repeats.iter().try_for_each(|repeat| repeat.read(reader, out))
    }
}

impl Codec for Layout {
    fn decode(&self, uplink: &Uplink<'_>, out: &mut Sink<'_>) -> Result<(), Reject> {
        let bytes = uplink.bytes()?;
        let Some(layout) = self.frames.iter().find(|l| l.fit.fits(uplink.port, bytes)) else {
            return Err(self.unread(uplink.port, bytes));
        };
        match &layout.content {
            Content::Group(group) => group.read(&mut Reader::new(bytes), out)?,
            Content::Tagged(tagged) => tagged.read(bytes, out)?,
        }
        out.at(None);
        Ok(())
    }
}

impl Layout {
    fn unread(&self, port: Option<u8>, bytes: &[u8]) -> Reject {
        let place = port.map_or_else(|| "without a port".to_owned(), |p| format!("on port {p}"));
        match self.silent.iter().find(|(fit, _)| fit.fits(port, bytes)) {
            Some((_, why)) => Reject::new(Reason::NoReading, format!("the frame {place} holds no reading: {why}")),
            None => Reject::new(Reason::UnknownFrame, format!("no layout for a frame of {} bytes {place}", bytes.len())),
        }
    }
}
