//! Columns of numbers, compressed by pco; and values as scaled integers.

use pco::data_types::Number;
use pco::{ChunkConfig, DeltaSpec, ModeSpec};
use ports::StoreError;

use crate::embedded::entry::Entry;

/// The mark of a part whose values have no short decimals.
pub(crate) const RAW: u8 = 255;
const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// The fewest decimals that give every value back to the bit, or [`RAW`].
pub(crate) fn decimals(entries: &[Entry]) -> u8 {
    let mut places = 0u8;
    'next: for entry in entries {
        while usize::from(places) < POWERS.len() {
            if scaled(entry.value, places).is_some() {
                continue 'next;
            }
            places += 1;
        }
        return RAW;
    }
    // More places than some value needs may break another: 0.1 fits one place, 1e11 fits no nine.
    if entries.iter().all(|e| scaled(e.value, places).is_some()) { places } else { RAW }
}

/// 214 of 21.4 and one place; none where that does not give the value back.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the comparison finds what was cut")]
pub(crate) fn scaled(value: f64, places: u8) -> Option<i64> {
    let power = power(places)?;
    let whole = (value * power).round_ties_even() as i64;
    ((whole as f64 / power).to_bits() == value.to_bits()).then_some(whole)
}

/// What values of so many decimals are multiplied by.
pub(crate) fn power(places: u8) -> Option<f64> {
    POWERS.get(usize::from(places)).copied()
}

/// Nothing of nothing.
pub(crate) fn pack<T: Number>(numbers: &[T], delta: DeltaSpec, mode: ModeSpec) -> Vec<u8> {
    if numbers.is_empty() {
        return Vec::new();
    }
    let config = ChunkConfig::default().with_compression_level(5).with_delta_spec(delta).with_mode_spec(mode);
    pco::standalone::simple_compress(numbers, &config).expect("the configuration is valid and memory takes every byte")
}

/// What [`pack`] wrote; `id` is the block's.
///
/// # Errors
/// [`StoreError::Damaged`] where it is something else, or not `expected` numbers.
pub(crate) fn unpack<T: Number>(id: i64, bytes: &[u8], expected: usize) -> Result<Vec<T>, StoreError> {
    let numbers = if bytes.is_empty() {
        Vec::new()
    } else {
        pco::standalone::simple_decompress(bytes).map_err(|e| damaged(id, &format!("a column does not decompress: {e}")))?
    };
    if numbers.len() == expected {
        Ok(numbers)
    } else {
        Err(damaged(id, &format!("a column has {} entries, expected {expected}", numbers.len())))
    }
}

/// What is wrong with a block.
pub(crate) fn damaged(id: i64, what: &str) -> StoreError {
    StoreError::Damaged(format!("block {id}: {what}"))
}
