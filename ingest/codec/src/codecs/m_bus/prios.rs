//! PRIOS, the radio format of Diehl's IZAR modules (Hydrometer, Sappel): the volume and one register,
//! behind a stream of bits that hides more than it protects, since its key is the same in every module.
//!
//! Diehl publishes no specification; people who read the modules on their own meters have described it
//! (zewaren.net, "reading my IZAR WMBus PRIOS hot water smart meter", 2020). What is here reads the
//! eight published telegrams that it was held against to the litre.
//!
//! Deliberately absent: alarms and the years of the battery, whose bits could not be checked.

use super::bytes::Bytes;
use super::{Address, Manufacturer};

/// "DME", "HYD", "SAP".
const DIEHL: Manufacturer = Manufacturer(0x11a5);
const HYDROMETER: Manufacturer = Manufacturer(0x2324);
const SAPPEL: Manufacturer = Manufacturer(0x4c30);

/// Both halves of the two keys that modules are delivered with, folded into one word.
const KEYS: [u32; 2] = [0x39bc_8a10 ^ 0xe66d_83f8, 0x5172_8910 ^ 0xe66d_83f8];
/// The first byte that comes out if the key fits.
const MARK: u8 = 0x4b;
/// The last byte of the open header, as it was wherever the litre was known to be the unit.
const LITRES: [u8; 2] = [0x13, 0x15];

/// The meter and its data records, from the CI field on; none where it is another format.
pub(super) fn open(sender: &Address, body: &[u8]) -> Option<(Address, Vec<u8>)> {
    let mut rest = Bytes::new(body);
    let open: [u8; 4] = rest.array("header").ok()?;
    let unit = rest.byte("unit").ok()?;
    let meter = meter(sender)?;
    if !LITRES.contains(&unit) {
        return None;
    }
    let [a, b, c, d, e, f, g, h] = sender.vector();
    let header = u32::from_be_bytes([a, b, c, d]) ^ u32::from_be_bytes([e, f, g, h]) ^ u32::from_be_bytes(open);
    let plain = KEYS.iter().map(|key| unveiled(key ^ header, rest.rest())).find(|plain| plain.first() == Some(&MARK))?;
    let mut values = Bytes::new(plain.get(1..)?);
    let [total, register]: [&[u8]; 2] = [values.take(4, "volume").ok()?, values.rest()];
    let mut records = [&[0x04, 0x13], total].concat();
    // Shorter telegrams have the volume alone.
    if let Some((volume, [day, month, ..])) = register.split_at_checked(4) {
        records.extend([&[0x44, 0x13], volume, &[0x42, 0x6c, *day, *month]].concat());
    }
    Some((meter, records))
}

/// Whose telegram it is: Diehl and Hydrometer put generation and type before the serial number, Sappel
/// makes both part of it.
fn meter(sender: &Address) -> Option<Address> {
    let water = 7;
    let [a, b, c, d] = sender.id;
    match sender.manufacturer {
        DIEHL | HYDROMETER => Some(Address { id: [c, d, sender.version, sender.kind], version: a, kind: b, ..*sender }),
        SAPPEL => Some(Address { kind: water, ..*sender }),
        _ => None,
    }
}

/// Every byte with eight steps of a shift register of 32 bits, fed back from bits 1, 2, 11 and 31.
fn unveiled(seed: u32, bytes: &[u8]) -> Vec<u8> {
    let mut register = seed;
    let veiled = bytes.iter().map(|byte| {
        for _ in 0..8 {
            let fed_back = register >> 1 ^ register >> 2 ^ register >> 11 ^ register >> 31;
            register = register << 1 | fed_back & 1;
        }
        let [.., low] = register.to_be_bytes();
        byte ^ low
    });
    veiled.collect()
}

#[cfg(test)]
mod tests {
    use super::super::{MBusError, telegram};
    use super::*;

    /// A module of Hydrometer, generation 85, meter 12345678, that says these bytes.
    fn sent(unit: u8, said: &[u8]) -> Vec<u8> {
        let sender = Address::manufacturer_first([0x24, 0x23, 0x85, 0x07, 0x78, 0x56, 0x34, 0x12]);
        let header = [0xa2, 0x21, 0x17, 0x00];
        let [a, b, c, d, e, f, g, h] = sender.vector();
        let seed = KEYS[0] ^ u32::from_be_bytes([a, b, c, d]) ^ u32::from_be_bytes([e, f, g, h]) ^ u32::from_be_bytes(header);
        let body = [&header[..], &[unit], &unveiled(seed, &[&[MARK], said].concat())].concat();
        [&[u8::try_from(9 + body.len()).unwrap(), 0x44], &sender.vector()[..], &body].concat()
    }

    #[test]
    fn the_volume_and_the_register_with_its_date_are_read() {
        let said = [0xbc, 0xab, 0x00, 0x00, 0x10, 0x27, 0x00, 0x00, 0xa1, 0x29];
        let telegram = telegram(&sent(0x13, &said), None).unwrap();
        let meter = telegram.meter.unwrap();
        assert_eq!((meter.id().as_str(), meter.version, meter.kind), ("12345678", 0x85, 7));
        let values: Vec<_> = telegram.readings().iter().map(|m| (m.value, m.observed.is_some())).collect();
        assert_eq!(values, [(Some(43.964), false), (Some(10.0), true)]);
    }

    #[test]
    fn the_volume_may_stand_alone() {
        let telegram = telegram(&sent(0x13, &[0xbc, 0xab, 0x00, 0x00]), None).unwrap();
        assert_eq!(telegram.readings().iter().map(|m| m.value).collect::<Vec<_>>(), [Some(43.964)]);
    }

    #[test]
    fn another_unit_or_a_damaged_telegram_is_not_read() {
        let said = [0xbc, 0xab, 0x00, 0x00];
        let refused = |bytes: &[u8]| matches!(telegram(bytes, None), Err(MBusError::Proprietary { ci: 0xa2, .. }));
        assert!(refused(&sent(0x16, &said)));
        let mut damaged = sent(0x13, &said);
        damaged[12] ^= 1;
        assert!(refused(&damaged));
    }
}
