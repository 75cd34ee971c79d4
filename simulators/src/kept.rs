//! What must be stored, reading by reading: 24 bytes each, since a burst of a million devices has millions of them.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;
use schemas::Quantity;

/// A reading as it must stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Kept {
    /// `observed_at`, milliseconds.
    pub(crate) at: i64,
    /// In the quantity's unit.
    pub(crate) value: f64,
    /// Its number in the city.
    pub(crate) device: u32,
    pub(crate) quantity: Quantity,
    pub(crate) channel: u8,
    /// The flaws that it must have, of those that can be known beforehand; a bit each.
    pub(crate) doubts: u8,
}

type Place = (u32, Quantity, u8, i64);

impl Kept {
    fn place(&self) -> Place {
        (self.device, self.quantity, self.channel, self.at)
    }
}

fn hash(place: Place) -> u64 {
    FxBuildHasher.hash_one(place)
}

/// One for each device, quantity, channel and instant, in no order.
#[derive(Debug, Default)]
pub(crate) struct Readings(HashTable<Kept>);

impl Readings {
    /// Puts one in; the one that stood there comes back.
    pub(crate) fn put(&mut self, kept: Kept) -> Option<Kept> {
        let place = kept.place();
        match self.0.entry(hash(place), |other| other.place() == place, |other| hash(other.place())) {
            Entry::Occupied(mut there) => Some(std::mem::replace(there.get_mut(), kept)),
            Entry::Vacant(free) => {
                free.insert(kept);
                None
            }
        }
    }

    /// Takes one out.
    pub(crate) fn take(&mut self, device: u32, quantity: Quantity, channel: u8, at: i64) -> Option<Kept> {
        let place = (device, quantity, channel, at);
        let found = self.0.find_entry(hash(place), |kept| kept.place() == place);
        Some(found.ok()?.remove().0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Kept> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reading_stands_at_a_place_and_takes_24_bytes() {
        let kept = |value| Kept { at: 5, value, device: 7, quantity: Quantity::WATER_FLOW, channel: 1, doubts: 2 };
        let mut readings = Readings::default();
        assert_eq!(readings.put(kept(1.0)), None);
        assert_eq!(readings.put(kept(2.0)), Some(kept(1.0)));
        assert_eq!(readings.take(7, Quantity::WATER_FLOW, 0, 5), None);
        assert_eq!(readings.take(7, Quantity::WATER_FLOW, 1, 5), Some(kept(2.0)));
        assert_eq!(readings.iter().count(), 0);
        assert_eq!(size_of::<Kept>(), 24);
    }
}
