//! Compact frames: data without the heads of their records, to save the battery (EN 13757-3; CI 73,
//! 79, 7B). Now and then the meter sends the full frame, of which the compact one carries two CRCs:
//! one over the heads alone, which names the format, one over the whole.
//!
//! So the formats are a table: heads as they stand in full frames of real meters, or, where only compact
//! ones are known, heads under which those have both their CRCs. A frame is unfolded if its format is
//! in the table and its data are exactly as long. That the CRC over the whole fits is not asked, but
//! told: a real flowIQ sends that of its last full frame beside a flow that has changed since. The CRC of
//! the extended link layer guards what went through the air.
//!
//! Deliberately absent: learning a format from a full frame. That needs a memory across telegrams.

use super::bytes::Bytes;
use super::crc::crc;
use super::record::{FILLER, fixed_len, head_len};
use super::{MBusError, Note};

const FORMATS: &[&[u8]] = &[
    // Kamstrup Multical 21: flags, volume, volume at target, minimum of water and of air.
    &[0x02, 0xff, 0x20, 0x04, 0x13, 0x44, 0x13, 0x61, 0x5b, 0x61, 0x67],
    // Kamstrup Multical 21: flags, volume, highest flow, minimum of water, average of air.
    &[0x02, 0xff, 0x20, 0x04, 0x13, 0x92, 0x01, 0x3b, 0xa1, 0x01, 0x5b, 0x81, 0x01, 0xe7, 0xff, 0x0f],
    // Kamstrup Multical 21: flags, volume, target and its date, highest flow, temperatures, hours of the flags.
    &[
        0x02, 0xff, 0x20, 0x04, 0x13, 0x44, 0x13, 0x42, 0x6c, 0x52, 0x3b, 0x61, 0x5b, 0x61, 0x67, 0x51, 0x67, 0x81, 0x01, 0xe7,
        0xff, 0x0f, 0x06, 0xff, 0x1b,
    ],
    // Kamstrup flowIQ: flags, target, highest flow, hours, date, air, flow, volume, average of air.
    &[
        0x04, 0xff, 0x23, 0x44, 0x13, 0x52, 0x3b, 0x06, 0xff, 0x1b, 0x42, 0x6c, 0x61, 0x67, 0x51, 0x67, 0x02, 0x3b, 0x04, 0x13,
        0x81, 0x01, 0xe7, 0xff, 0x0f,
    ],
    // Kamstrup flowIQ: flags, volume, target and its date, flows, hours, temperatures.
    &[
        0x04, 0xff, 0x23, 0x04, 0x13, 0x44, 0x13, 0x42, 0x6c, 0x02, 0x3b, 0x92, 0x01, 0x3b, 0xa2, 0x01, 0x3b, 0x06, 0xff, 0x1b,
        0xa1, 0x01, 0x5b, 0x91, 0x01, 0x5b, 0xa1, 0x01, 0x67,
    ],
    // Engelmann FAW: target and its date, flags, 15 months, clock, volume.
    &[
        0x42, 0x6c, 0x44, 0x13, 0x01, 0xfd, 0x17, 0x84, 0x01, 0x13, 0xc4, 0x01, 0x13, 0x84, 0x02, 0x13, 0xc4, 0x02, 0x13, 0x84,
        0x03, 0x13, 0xc4, 0x03, 0x13, 0x84, 0x04, 0x13, 0xc4, 0x04, 0x13, 0x84, 0x05, 0x13, 0xc4, 0x05, 0x13, 0x84, 0x06, 0x13,
        0xc4, 0x06, 0x13, 0x84, 0x07, 0x13, 0xc4, 0x07, 0x13, 0x84, 0x08, 0x13, 0x04, 0x6d, 0x04, 0x13,
    ],
];

/// The records of a compact frame's data, with their heads.
pub(super) fn unfold(data: &[u8]) -> Result<(Vec<u8>, Option<Note>), MBusError> {
    // An encrypted frame has two fillers before, and others behind.
    let mut rest = Bytes::new(data.strip_prefix(&[FILLER, FILLER]).unwrap_or(data));
    let signature = u16::from_le_bytes(rest.array("format of a compact frame")?);
    let full_crc = u16::from_le_bytes(rest.array("CRC of the full frame")?);
    let heads = FORMATS.iter().find(|heads| crc(heads) == signature).ok_or(MBusError::UnknownFormat { signature })?;
    let full = interleave(heads, &mut rest)?;
    if rest.rest().iter().any(|byte| *byte != FILLER) {
        return Err(MBusError::CompactLength { left: rest.rest().len() });
    }
    let note = (crc(&full) != full_crc).then_some(Note::FullFrameCrc);
    Ok((full, note))
}

/// Each head, followed by as many bytes as it asks for.
fn interleave(heads: &[u8], data: &mut Bytes<'_>) -> Result<Vec<u8>, MBusError> {
    let mut full = Vec::with_capacity(heads.len() + data.rest().len());
    let mut heads = Bytes::new(heads);
    while let Some(dif) = heads.peek() {
        let len = head_len(heads.rest())?;
        full.extend_from_slice(heads.take(len, "head of a record")?);
        full.extend_from_slice(data.take(fixed_len(dif).unwrap_or(0), "data of a compact frame")?);
    }
    Ok(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compact_frame_unfolds_to_the_full_one_that_its_crc_promises() {
        let heads: &[u8] = FORMATS[0];
        let full = [
            &[0x02, 0xff, 0x20, 0x71, 0x00][..],
            &[0x04, 0x13, 0x10, 0x27, 0x00, 0x00, 0x44, 0x13, 0x08, 0x19, 0x00, 0x00],
            &[0x61, 0x5b, 0x0c, 0x61, 0x67, 0x13],
        ]
        .concat();
        let values = [0x71, 0x00, 0x10, 0x27, 0x00, 0x00, 0x08, 0x19, 0x00, 0x00, 0x0c, 0x13];
        let compact = |values: &[u8]| [&crc(heads).to_le_bytes()[..], &crc(&full).to_le_bytes(), values].concat();
        assert_eq!(unfold(&compact(&values)), Ok((full.clone(), None)));
        let filled = [&[0x2f, 0x2f][..], &compact(&values), &[0x2f; 5]].concat();
        assert_eq!(unfold(&filled), Ok((full.clone(), None)), "as it comes out of encrypted blocks");
        let mut changed = values;
        changed[2] ^= 1;
        assert_eq!(unfold(&compact(&changed)).unwrap().1, Some(Note::FullFrameCrc), "a value has changed since");
        let longer = compact(&[&values[..], &[0]].concat());
        assert_eq!(unfold(&longer), Err(MBusError::CompactLength { left: 1 }));
        assert!(matches!(unfold(&compact(&values[..5])), Err(MBusError::Short { .. })), "too short");
        assert_eq!(unfold(&[1, 2, 3, 4]), Err(MBusError::UnknownFormat { signature: 0x0201 }));
    }

    #[test]
    fn every_format_is_of_whole_heads_of_fixed_length() {
        for heads in FORMATS {
            let mut heads = Bytes::new(heads);
            while let Some(dif) = heads.peek() {
                assert!(fixed_len(dif).is_some_and(|len| len > 0), "{dif:#x}");
                let len = head_len(heads.rest()).unwrap();
                heads.take(len, "head").unwrap();
            }
        }
    }
}
