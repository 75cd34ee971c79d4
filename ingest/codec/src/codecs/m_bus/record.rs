//! Data records: DIF, VIF, their extensions, data. EN 13757-3. The same records stand in a
//! telegram, behind its headers, and in the LoRaWAN payloads of several makes of meter.

use super::bytes::Bytes;
use super::value::{Content, Format, content};
use super::vif::{Direction, Measure, Qualifier, Scale, extension_fb, extension_fd, main};
use super::{MBusError, RECORDS_LIMIT};

/// Extensions of a DIF, and of a VIF, at most (EN 13757-3).
const EXTENSIONS: usize = 10;
/// A byte that says nothing: filler before and after what is encrypted in blocks.
pub(super) const FILLER: u8 = 0x2f;

/// Of which moment or span a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// As it was.
    Instantaneous,
    /// The highest of a span.
    Maximum,
    /// The lowest of a span.
    Minimum,
    /// As it was while the meter had a fault.
    Faulty,
}

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What it is about.
    pub measure: Measure,
    /// UCUM; "1" where there is none.
    pub unit: &'static str,
    /// The value.
    pub content: Content,
    /// Of which moment or span.
    pub function: Function,
    /// 0 is now; others are registers kept at a date that a record of the same number gives.
    pub storage: u64,
    /// 0 is the whole.
    pub tariff: u32,
    /// 0 is the meter itself; others are its inputs.
    pub subunit: u16,
    /// Which way.
    pub direction: Direction,
    /// Another thing than the measure itself, which only `head` says: a limit, a rate, a profile.
    pub modified: bool,
    /// DIF, DIFEs, VIF, VIFEs as they stand; for a manufacturer's tail only its DIF.
    pub head: Box<[u8]>,
}

impl Record {
    /// The tail of a telegram that only its manufacturer can read (DIF 0F or 1F).
    fn tail(dif: u8, bytes: &[u8]) -> Self {
        Self {
            measure: Measure::Manufacturer,
            unit: "1",
            content: Content::Bytes(bytes.into()),
            function: Function::Instantaneous,
            storage: 0,
            tariff: 0,
            subunit: 0,
            direction: Direction::Net,
            modified: true,
            head: Box::new([dif]),
        }
    }
}

/// Reads records to the end.
///
/// # Errors
/// The first byte that does not fit; nothing is then given, since what stood before it may be as wrong.
pub fn records(bytes: &[u8]) -> Result<Vec<Record>, MBusError> {
    match read(bytes) {
        (records, None) => Ok(records),
        (_, Some(error)) => Err(error),
    }
}

/// The records up to the end, or up to the first error.
pub(super) fn read(bytes: &[u8]) -> (Vec<Record>, Option<MBusError>) {
    if bytes.len() > super::LIMIT {
        return (Vec::new(), Some(MBusError::TooLong { len: bytes.len() }));
    }
    let (mut rest, mut records) = (Bytes::new(bytes), Vec::new());
    loop {
        match one(&mut rest) {
            Ok(Some(_)) if records.len() == RECORDS_LIMIT => return (records, Some(MBusError::TooMany)),
            Ok(Some(record)) => records.push(record),
            Ok(None) => return (records, None),
            Err(error) => return (records, Some(error)),
        }
    }
}

/// The next record; none at the end.
fn one(rest: &mut Bytes<'_>) -> Result<Option<Record>, MBusError> {
    while rest.peek() == Some(FILLER) {
        rest.byte("filler")?;
    }
    let (start, from) = (rest.at, rest.rest());
    let Some(dif) = rest.peek() else { return Ok(None) };
    if dif & 0x0f == 0x0f {
        rest.byte("DIF")?;
        return match dif {
            0x0f | 0x1f => Ok(Some(Record::tail(dif, rest.take(rest.rest().len(), "manufacturer's tail")?))),
            _ => Err(MBusError::UnknownDif { at: start, dif }),
        };
    }
    let data = DataBlock::read(rest)?;
    let value = ValueBlock::read(rest, start)?;
    let head = from.get(..rest.at - start).unwrap_or_default();
    let (format, len) = data.format(rest, start)?;
    let bytes = rest.take(len, "data of a record")?;
    // A profile of values has the length byte of a text.
    let format = if value.qualifier.modified && format == Format::Text { Format::Bytes } else { format };
    let scale = value.scale.shifted(value.qualifier.shift);
    let content = match content(format, bytes, &scale) {
        _ if value.qualifier.error => Content::Invalid,
        content => content,
    };
    Ok(Some(Record {
        measure: scale.measure,
        unit: scale.unit,
        content,
        function: data.function,
        storage: data.storage,
        tariff: data.tariff,
        subunit: data.subunit,
        direction: value.qualifier.direction,
        modified: value.qualifier.modified,
        head: head.into(),
    }))
}

/// How many bytes of `bytes` the head of its first record has.
pub(super) fn head_len(bytes: &[u8]) -> Result<usize, MBusError> {
    let mut rest = Bytes::new(bytes);
    DataBlock::read(&mut rest)?;
    ValueBlock::read(&mut rest, 0)?;
    Ok(rest.at)
}

/// How many bytes of data follow the head that begins with this DIF; none where the data say it.
pub(super) fn fixed_len(dif: u8) -> Option<usize> {
    match dif & 0x0f {
        0 | 8 => Some(0),
        n @ 1..=4 => Some(usize::from(n)),
        5 => Some(4),
        6 => Some(6),
        7 => Some(8),
        n @ 9..=0xc => Some(usize::from(n - 8)),
        0xe => Some(6),
        _ => None,
    }
}

/// DIF and DIFEs.
struct DataBlock {
    dif: u8,
    function: Function,
    storage: u64,
    tariff: u32,
    subunit: u16,
}

impl DataBlock {
    fn read(rest: &mut Bytes<'_>) -> Result<Self, MBusError> {
        let start = rest.at;
        let dif = rest.byte("DIF")?;
        let function = match dif >> 4 & 3 {
            0 => Function::Instantaneous,
            1 => Function::Maximum,
            2 => Function::Minimum,
            _ => Function::Faulty,
        };
        let mut block = Self { dif, function, storage: u64::from(dif >> 6 & 1), tariff: 0, subunit: 0 };
        let mut more = dif & 0x80 != 0;
        for i in 0.. {
            if !more {
                break;
            }
            if i == EXTENSIONS {
                return Err(MBusError::Chain { at: start });
            }
            let dife = rest.byte("DIFE")?;
            block.storage |= u64::from(dife & 0x0f) << (1 + 4 * i);
            block.tariff |= u32::from(dife >> 4 & 3) << (2 * i);
            block.subunit |= u16::from(dife >> 6 & 1) << i;
            more = dife & 0x80 != 0;
        }
        Ok(block)
    }

    fn format(&self, rest: &mut Bytes<'_>, start: usize) -> Result<(Format, usize), MBusError> {
        let format = match self.dif & 0x0f {
            0 | 8 => Format::Nothing,
            5 => Format::Real,
            1..=7 => Format::Integer,
            0xd => return variable(rest.byte("length of variable data")?, start),
            _ => Format::Bcd,
        };
        Ok((format, fixed_len(self.dif).unwrap_or(0)))
    }
}

/// The length byte of variable data, LVAR in EN 13757-3.
fn variable(lvar: u8, start: usize) -> Result<(Format, usize), MBusError> {
    let len = usize::from;
    Ok(match lvar {
        0x00..=0xbf => (Format::Text, len(lvar)),
        0xc0..=0xc9 => (Format::Bcd, len(lvar - 0xc0)),
        0xd0..=0xd9 => (Format::NegativeBcd, len(lvar - 0xd0)),
        0xe0..=0xef => (Format::Bytes, len(lvar - 0xe0)),
        0xf0..=0xf4 => (Format::Bytes, 4 * len(lvar - 0xec)),
        0xf5 => (Format::Bytes, 48),
        0xf6 => (Format::Bytes, 64),
        _ => return Err(MBusError::Lvar { at: start, lvar }),
    })
}

/// VIF and VIFEs.
struct ValueBlock {
    scale: Scale,
    qualifier: Qualifier,
}

impl ValueBlock {
    fn read(rest: &mut Bytes<'_>, start: usize) -> Result<Self, MBusError> {
        let vif = rest.byte("VIF")?;
        let (scale, mut more) = match vif {
            0xfb => {
                let code = rest.byte("VIFE after FB")?;
                (extension_fb(code & 0x7f), code & 0x80 != 0)
            }
            0xfd => {
                let code = rest.byte("VIFE after FD")?;
                (extension_fd(code & 0x7f), code & 0x80 != 0)
            }
            _ => (main(vif & 0x7f), vif & 0x80 != 0),
        };
        // The unit is a text of its own.
        if vif & 0x7f == 0x7c {
            let len = rest.byte("length of a unit in text")?;
            rest.take(usize::from(len), "unit in text")?;
        }
        let mut qualifier = Qualifier::NONE;
        // Behind a manufacturer's code all that follows is the manufacturer's.
        let mut theirs = scale.measure == Measure::Manufacturer;
        for i in 0.. {
            if !more {
                break;
            }
            if i == EXTENSIONS {
                return Err(MBusError::Chain { at: start });
            }
            let vife = rest.byte("VIFE")?;
            more = vife & 0x80 != 0;
            theirs |= vife & 0x7f == 0x7f;
            qualifier = if theirs { Qualifier { modified: true, ..qualifier } } else { qualifier.with(vife & 0x7f) };
        }
        Ok(Self { scale, qualifier })
    }
}

#[cfg(test)]
mod tests;
