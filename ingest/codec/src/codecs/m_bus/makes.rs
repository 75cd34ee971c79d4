//! What single makes pack into a record of their own: unpacked into records like any other, so that all
//! that follows knows one form.
//!
//! Each layout is held against published telegrams of that make and the readings published beside them,
//! and is taken only where all of its fixed bytes are as they were there.

use super::bytes::Bytes;
use super::record::{Record, read};
use super::value::Content;
use super::{MBusError, Manufacturer};

/// "QDS", Qundis.
const QUNDIS: Manufacturer = Manufacturer(0x4493);
/// "BMT", B METERS.
const B_METERS: Manufacturer = Manufacturer(0x09b4);

/// Appends the records that are packed in those of this make.
pub(super) fn unpack(manufacturer: Manufacturer, records: &mut Vec<Record>) {
    let packed = |head: &[u8]| {
        records.iter().find_map(|record| match &record.content {
            Content::Bytes(bytes) if *record.head == *head => Some(bytes),
            _ => None,
        })
    };
    let unpacked = match manufacturer {
        QUNDIS => packed(&[0x0d, 0xff, 0x5f]).and_then(|bytes| qundis(bytes).ok().flatten()),
        B_METERS => packed(&[0x0f]).and_then(|bytes| b_meters(bytes).ok().flatten()),
        _ => None,
    };
    records.extend(unpacked.into_iter().flat_map(|bytes| read(&bytes).0));
}

/// Qwater 5.5: behind seven bytes of its own the volume in litres, 8 digits; then twice a date and the
/// volume kept at it: at the end of the year, and at that of the last month. They become registers 1 and
/// 17, as in the other telegrams of the same meters.
fn qundis(bytes: &[u8]) -> Result<Option<Vec<u8>>, MBusError> {
    let mut rest = Bytes::new(bytes);
    let [zero, kind, ..] = rest.array::<7>("Qundis")?;
    if (zero, kind, rest.array("Qundis")?) != (0x00, 0x82, [0x07, 0xc1, 0x13, 0xff, 0xff]) {
        return Ok(None);
    }
    let mut records = [&[0x0c, 0x13], rest.take(4, "volume")?].concat();
    for (date, volume) in [(&[0x42, 0x6c][..], &[0x4c, 0x13][..]), (&[0xc2, 0x08, 0x6c], &[0xcc, 0x08, 0x13])] {
        records.extend([date, rest.take(2, "date")?, volume, rest.take(4, "volume")?].concat());
    }
    Ok(Some(records))
}

/// Hydrodigit, the packing 15: a byte of the battery, then what went backward, in litres; twelve months
/// and a day follow.
fn b_meters(bytes: &[u8]) -> Result<Option<Vec<u8>>, MBusError> {
    let mut rest = Bytes::new(bytes);
    let [packing, battery] = rest.array("packing")?;
    if packing != 0x15 || bytes.len() != 2 + 4 + 12 * 3 + 1 {
        return Ok(None);
    }
    let mut records = [&[0x04, 0x93, 0x3c], rest.take(4, "reverse volume")?].concat();
    if let Some(millivolts) = b_meters_battery(battery) {
        records.extend([0x02, 0xfd, 0x46]);
        records.extend(millivolts.to_le_bytes());
    }
    Ok(Some(records))
}

/// The low half of the battery's byte is a step of a scale of which two steps are published with telegrams (0 is
/// 3.7 V, 10 is 3.05 V); the others are left out.
fn b_meters_battery(byte: u8) -> Option<u16> {
    match byte & 0x0f {
        0x0 => Some(3700),
        0xa => Some(3050),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{readings, records};
    use super::*;

    #[test]
    fn the_record_of_a_qundis_meter_is_its_volume_and_two_registers() {
        let packed = [
            &[0x0d, 0xff, 0x5f, 0x1f, 0x00, 0x82, 1, 2, 3, 4, 5, 0x07, 0xc1, 0x13, 0xff, 0xff][..],
            &[0x64, 0x39, 0x04, 0x00, 0xff, 0x2c, 0x00, 0x10, 0x02, 0x00, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0, 0, 0],
        ]
        .concat();
        let plain = records(&packed).unwrap();
        let mut unpacked = plain.clone();
        unpack(QUNDIS, &mut unpacked);
        let values: Vec<_> = readings(&unpacked).iter().map(|m| (m.value, m.observed.is_some())).collect();
        assert_eq!(values, [(Some(43.964), false), (Some(21.0), true)], "the register without a date is left out");

        let mut others = plain.clone();
        unpack(B_METERS, &mut others);
        assert_eq!(others, plain, "another make's record is another thing");
        let mut changed = packed;
        changed[12] = 0;
        let plain = records(&changed).unwrap();
        let mut unpacked = plain.clone();
        unpack(QUNDIS, &mut unpacked);
        assert_eq!(unpacked, plain, "a layout that was never seen is left alone");
    }

    #[test]
    fn the_tail_of_a_b_meters_telegram_says_what_went_backward_and_how_the_battery_is() {
        let mut tail = vec![0x0f, 0x15, 0x2a, 15, 0, 0, 0];
        tail.resize(1 + 43, 0);
        let mut records = records(&tail).unwrap();
        unpack(B_METERS, &mut records);
        let values: Vec<_> = readings(&records).iter().map(|m| (m.quantity.to_string(), m.value)).collect();
        assert_eq!(values, [("water.volume_reverse".to_owned(), Some(0.015)), ("battery.voltage".to_owned(), Some(3.05))]);
    }
}
