//! Frames of bytes: where each quantity stands, and how its number is made.

use schemas::{Quantity, Timestamp};

use super::Values;
use super::facts::fact;
use super::log::{Log, Logged};

/// One layout of a make: what it always says, and what stands in it.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(super) port: u8,
    /// Only where this is said; any where none is named.
    pub(super) when: Option<Quantity>,
    /// The frame with nothing in it.
    pub(super) bytes: &'static [u8],
    /// In the order in which they are read.
    pub(super) fields: &'static [Field],
    /// Where the seconds since 1970 stand, the highest byte first, by which the device says when it is.
    pub(super) clock: Option<usize>,
    /// What stands in it of the hours before.
    pub(super) log: Option<&'static Log>,
}

/// A frame on any port that says nothing.
pub(super) const ANY: Layout = Layout { port: 1, when: None, bytes: &[], fields: &[], clock: None, log: None };

/// A quantity in a frame: `value = (raw x multiply / divide + add) / unit`.
#[derive(Debug)]
pub(crate) struct Field {
    name: &'static str,
    place: Place,
    multiply: f64,
    divide: f64,
    add: f64,
    /// How many of the frame's unit are one of the quantity's.
    unit: f64,
    /// What stands there is how far it is from this quantity.
    from: Option<&'static str>,
    /// Raw numbers that it can hold.
    range: (f64, f64),
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// So many bytes from here, the highest first or last.
    Bytes { at: usize, width: usize, little: bool },
    /// Two bytes of sixteen bits each, the lowest two first.
    Words { at: usize },
    /// Two bytes whose highest bit is the sign.
    Signed { at: usize },
    /// These bits where it is so, none where it is not.
    Code { at: usize, code: u8 },
    /// Four bytes of a float, the highest first.
    Float { at: usize },
    /// Eight digits, two a byte, the lowest first.
    Digits { at: usize },
    /// Minutes in the upper seven bits, coarser the more there are.
    Minutes { at: usize },
    /// Follows from what stands in the frame for something else: always the same.
    Nowhere { value: f64 },
}

impl Field {
    const fn new(name: &'static str, place: Place, range: (f64, f64)) -> Self {
        Self { name, place, multiply: 1.0, divide: 1.0, add: 0.0, unit: 1.0, from: None, range }
    }

    /// A byte.
    pub(super) const fn byte(name: &'static str, at: usize) -> Self {
        Self::new(name, Place::Bytes { at, width: 1, little: false }, (0.0, 255.0))
    }

    /// Two bytes, the highest first.
    pub(super) const fn word(name: &'static str, at: usize) -> Self {
        Self::new(name, Place::Bytes { at, width: 2, little: false }, (0.0, 65_535.0))
    }

    /// Three bytes, the highest first.
    pub(super) const fn triple(name: &'static str, at: usize) -> Self {
        Self::new(name, Place::Bytes { at, width: 3, little: false }, (0.0, 8_388_607.0))
    }

    /// Four bytes, the highest first.
    pub(super) const fn long(name: &'static str, at: usize) -> Self {
        Self::new(name, Place::Bytes { at, width: 4, little: false }, (0.0, 2_147_483_647.0))
    }

    /// Four bytes, the highest first of each two, and the lower two first.
    pub(super) const fn words(name: &'static str, at: usize) -> Self {
        Self::new(name, Place::Words { at }, (0.0, 2_147_483_647.0))
    }

    /// Two bytes, the highest first, whose highest bit is the sign.
    pub(super) const fn magnitude(name: &'static str, at: usize) -> Self {
        Self::new(name, Place::Signed { at }, (-32_767.0, 32_767.0))
    }

    pub(super) const fn bit(name: &'static str, at: usize, bit: u8) -> Self {
        Self::code(name, at, 1 << bit)
    }

    /// So it is where these bits stand in a byte.
    pub(super) const fn code(name: &'static str, at: usize, code: u8) -> Self {
        Self::new(name, Place::Code { at, code }, (0.0, 1.0))
    }

    pub(super) const fn float(name: &'static str, at: usize) -> Self {
        Self::new(name, Place::Float { at }, (0.0, 0.0))
    }

    pub(super) const fn digits(name: &'static str, at: usize) -> Self {
        Self::new(name, Place::Digits { at }, (0.0, 99_999_999.0))
    }

    pub(super) const fn minutes(name: &'static str, at: usize) -> Self {
        Self::new(name, Place::Minutes { at }, (0.0, 0.0))
    }

    pub(super) const fn always(name: &'static str, value: f64) -> Self {
        Self::new(name, Place::Nowhere { value }, (0.0, 0.0))
    }

    /// The lowest byte first.
    pub(super) const fn little(self) -> Self {
        let place = match self.place {
            Place::Bytes { at, width, .. } => Place::Bytes { at, width, little: true },
            place => place,
        };
        Self { place, ..self }
    }

    /// With a sign. The lowest number is not said: to many makes it means that there is none.
    pub(super) const fn signed(self) -> Self {
        let range = if self.range.1 > 255.0 { (-32_767.0, 32_767.0) } else { (-127.0, 127.0) };
        Self { range, ..self }
    }

    pub(super) const fn divided(self, divide: f64) -> Self {
        Self { divide, ..self }
    }

    /// `raw x multiply + add`
    pub(super) const fn linear(self, multiply: f64, add: f64) -> Self {
        Self { multiply, add, ..self }
    }

    pub(super) const fn in_unit(self, unit: f64) -> Self {
        Self { unit, ..self }
    }

    pub(super) const fn within(self, low: f64, high: f64) -> Self {
        Self { range: (low, high), ..self }
    }

    /// Told as its distance from a quantity that is read before it.
    pub(super) const fn from(self, quantity: &'static str) -> Self {
        Self { from: Some(quantity), ..self }
    }

    fn quantity(&self) -> Option<Quantity> {
        Quantity::named(self.name)
    }

    fn raw(&self, value: f64) -> f64 {
        let raw = (value * self.unit - self.add) * self.divide / self.multiply;
        raw.round().clamp(self.range.0, self.range.1)
    }

    /// The value that comes out where this one goes in.
    fn finest(&self, value: f64) -> f64 {
        match self.place {
            Place::Nowhere { value } => value,
            #[expect(clippy::cast_possible_truncation, reason = "what a float of four bytes can say is what is asked")]
            Place::Float { .. } => f64::from(value as f32),
            Place::Minutes { .. } => f64::from(compressed(whole(value / 60.0)).1),
            _ => (self.raw(value) * self.multiply / self.divide + self.add) / self.unit,
        }
    }

    /// The same where nothing else is known: what is told as a distance is settled when that is.
    fn alone(&self, value: f64) -> f64 {
        if self.from.is_some() { value } else { self.finest(value) }
    }

    /// The same where the frame says these values too.
    fn beside(&self, value: f64, values: &Values) -> f64 {
        let base = self.base(values);
        base + self.finest(value - base)
    }

    /// From where it is told.
    fn base(&self, values: &Values) -> f64 {
        self.from.and_then(|from| said(values, from)).unwrap_or(0.0)
    }

    fn put(&self, value: f64, frame: &mut [u8]) {
        let raw = whole(self.raw(value));
        match self.place {
            Place::Bytes { at, width, little } => {
                let all = raw.to_le_bytes();
                for (n, byte) in all.iter().take(width).enumerate() {
                    set(frame, if little { at + n } else { at + width - 1 - n }, *byte);
                }
            }
            Place::Words { at } => {
                let [a, b, c, d, ..] = raw.to_le_bytes();
                (at..).zip([b, a, d, c]).for_each(|(at, byte)| set(frame, at, byte));
            }
            Place::Signed { at } => {
                let [low, high, ..] = raw.abs().to_le_bytes();
                set(frame, at, if raw < 0 { high | 0x80 } else { high });
                set(frame, at + 1, low);
            }
            Place::Code { at, code } => {
                if raw == 1 {
                    let before = frame.get(at).copied().unwrap_or(0);
                    set(frame, at, before | code);
                }
            }
            #[expect(clippy::cast_possible_truncation, reason = "a float of four bytes is what stands there")]
            Place::Float { at } => (at..).zip((value as f32).to_be_bytes()).for_each(|(at, byte)| set(frame, at, byte)),
            Place::Digits { at } => (at..).zip(bcd(raw)).for_each(|(at, byte)| set(frame, at, byte)),
            Place::Minutes { at } => {
                let before = frame.get(at).copied().unwrap_or(0);
                let (code, _) = compressed(whole(value / 60.0));
                set(frame, at, before | u8::try_from(code << 1).unwrap_or(0));
            }
            Place::Nowhere { .. } => {}
        }
    }
}

impl Layout {
    /// Whether its frames have a quantity.
    pub(super) fn says(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// The first layout whose condition holds.
    pub(super) fn of(layouts: &'static [Layout], values: &Values) -> Option<&'static Layout> {
        let said = |quantity: Quantity| values.iter().any(|(q, _, _)| *q == quantity);
        layouts.iter().find(|layout| layout.when.is_none_or(said))
    }

    /// What it says of what is true.
    pub(super) fn carries(&self, all: &Values) -> Values {
        let value = |field: &Field| {
            let quantity = field.quantity()?;
            let fact = if matches!(field.place, Place::Nowhere { .. }) { 0.0 } else { fact(all, quantity)? };
            Some((quantity, 0, field.alone(fact)))
        };
        let mut values: Values = self.fields.iter().filter_map(value).collect();
        self.settle(&mut values);
        values
    }

    /// Says what is told as a distance from another value as finely as that lets it.
    pub(super) fn settle(&self, values: &mut Values) {
        for field in self.fields.iter().filter(|field| field.from.is_some()) {
            let settled = said(values, field.name).map(|value| field.beside(value, values));
            let place = values.iter_mut().find(|(quantity, _, _)| quantity.name() == field.name);
            if let (Some((_, _, value)), Some(settled)) = (place, settled) {
                *value = settled;
            }
        }
    }

    /// A value as finely as it says it; none where it does not.
    pub(super) fn finest(&self, quantity: Quantity, value: f64) -> Option<f64> {
        self.fields.iter().find(|field| field.name == quantity.name()).map(|field| field.alone(value))
    }

    /// Port and bytes of the frame that says these values at a time.
    pub(super) fn frame(&self, values: &Values, log: &[Logged], time: Timestamp) -> (u8, Vec<u8>) {
        let mut frame = self.bytes.to_vec();
        for field in self.fields {
            if let Some(value) = said(values, field.name) {
                field.put(value - field.base(values), &mut frame);
            }
        }
        if let Some(at) = self.clock {
            let [a, b, c, d, ..] = (time.millis() / 1000).to_le_bytes();
            (at..).zip([d, c, b, a]).for_each(|(at, byte)| set(&mut frame, at, byte));
        }
        if let Some(kept) = self.log {
            kept.put(log, &mut frame);
        }
        (self.port, frame)
    }
}

fn said(values: &Values, name: &str) -> Option<f64> {
    values.iter().find(|(quantity, _, _)| quantity.name() == name).map(|(_, _, value)| *value)
}

pub(super) fn set(frame: &mut [u8], at: usize, byte: u8) {
    if let Some(place) = frame.get_mut(at) {
        *place = byte;
    }
}

/// Eight decimal digits, two a byte, the lowest byte first.
pub(super) fn bcd(number: i64) -> [u8; 4] {
    let digit = |place: u32| u8::try_from(number.max(0) / 10_i64.pow(place) % 10).unwrap_or(0);
    [0, 2, 4, 6].map(|place| digit(place + 1) << 4 | digit(place))
}

/// Minutes in seven bits, and the seconds that they come back as: minutes to 89, steps of 5 from 90, of 60 from 240, 127 for 660 and
/// more.
pub(crate) fn compressed(minutes: i64) -> (i32, i32) {
    let minutes = i32::try_from(minutes.clamp(0, 660)).unwrap_or(660);
    let (code, back) = match minutes {
        0..90 => (minutes, minutes),
        90..240 => (90 + (minutes - 90) / 5, 90 + (minutes - 90) / 5 * 5),
        240..660 => (120 + (minutes - 240) / 60, 240 + (minutes - 240) / 60 * 60),
        _ => (127, 660),
    };
    (code, back * 60)
}

#[expect(clippy::cast_possible_truncation, reason = "raw numbers are clamped to what a frame holds")]
pub(super) fn whole(value: f64) -> i64 {
    value.round() as i64
}
