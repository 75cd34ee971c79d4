//! Telegrams of a water meter by wireless M-Bus (EN 13757-3, EN 13757-4): the register and the flow, in the open or encrypted in mode 5
//! (EN 13757-7; AES-128 in blocks that are chained).

use aes::Aes128;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use schemas::{DeviceId, DeviceKey, Quantity};

use super::layout::{bcd, whole};
use super::{Values, find};
use crate::physics::rounded;

/// Maker, version and medium (water) of the simulated meters.
const MAKER: [u8; 2] = [0x24, 0x48];
const VERSION: [u8; 2] = [0x16, 0x07];
/// Sent without being asked.
const SEND: u8 = 0x44;
/// A short header follows: access number, status, configuration.
const SHORT_HEADER: u8 = 0x7a;
/// One block is encrypted, in mode 5.
const MODE_5: [u8; 2] = [0x10, 0x05];
const FILLER: u8 = 0x2f;
const BLOCK: usize = 16;
/// Litres in a m3.
const LITRES: f64 = 1000.0;

/// The register in whole litres, the flow in whole litres an hour.
pub(super) fn carries(all: &Values) -> Values {
    let said = [Quantity::WATER_VOLUME, Quantity::WATER_FLOW];
    said.into_iter().filter_map(|quantity| Some((quantity, 0, finest(quantity, find(all, quantity)?)))).collect()
}

/// The register has eight digits and no sign, the flow two bytes with one, of which the lowest number
/// means that there is none.
pub(super) fn finest(quantity: Quantity, value: f64) -> f64 {
    let (low, high) = if quantity == Quantity::WATER_FLOW { (-32.767, 32.767) } else { (0.0, 99_999.999) };
    rounded(value, 3).clamp(low, high)
}

/// The `count`th telegram of the meter whose serial number is this.
pub(super) fn telegram(device: &DeviceId, key: Option<DeviceKey>, count: u64, values: &Values) -> Vec<u8> {
    let litres = |quantity| whole(find(values, quantity).unwrap_or(0.0) * LITRES);
    let mut records = vec![0x0c, 0x13];
    records.extend(bcd(litres(Quantity::WATER_VOLUME)));
    records.extend([0x02, 0x3b]);
    records.extend(litres(Quantity::WATER_FLOW).to_le_bytes().iter().take(2));

    let access = count.to_le_bytes()[0];
    let serial = bcd(device.as_str().parse().unwrap_or(0));
    let address: Vec<u8> = MAKER.into_iter().chain(serial).chain(VERSION).collect();
    let mut body = vec![SEND];
    body.extend(&address);
    body.extend([SHORT_HEADER, access, 0]);
    match key {
        None => {
            body.extend([0, 0]);
            body.extend(&records);
        }
        Some(key) => {
            body.extend(MODE_5);
            body.extend(sealed(&key, &address, access, &records));
        }
    }
    let length = u8::try_from(body.len()).unwrap_or(u8::MAX);
    [&[length], &body[..]].concat()
}

/// Two fillers, by which a reader knows that its key fits, the records, and fillers to the end of the block.
fn sealed(key: &DeviceKey, address: &[u8], access: u8, records: &[u8]) -> [u8; BLOCK] {
    let mut block = [FILLER; BLOCK];
    block.iter_mut().skip(2).zip(records).for_each(|(place, byte)| *place = *byte);
    let mut vector = [access; BLOCK];
    vector.iter_mut().zip(address).for_each(|(place, byte)| *place = *byte);
    let cipher = cbc::Encryptor::<Aes128>::new(key.bytes().into(), &vector.into());
    // One whole block needs no room for padding.
    let _ = cipher.encrypt_padded::<NoPadding>(&mut block, BLOCK);
    block
}
