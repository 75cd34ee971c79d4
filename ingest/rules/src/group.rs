//! What the devices of one kind in one zone said last of a quantity: the group that one of them is compared with.

use std::time::Duration;

use domains::median;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use schemas::{Grade, Kind, Quantity, Reading, Timestamp, Zone};

/// A value is compared with for so long.
const FRESH: Duration = Duration::from_secs(2 * 3600);
/// Fewer others are no group.
const LEAST: usize = 3;
/// Of a larger group the first so many that were heard stand for all.
const MOST: usize = 256;

/// The last good value of each device of a group, by the device's number.
type Members = IndexMap<u32, (Timestamp, f64), FxBuildHasher>;

/// See the module. Not written down: after a restart a group is known again when its devices have been heard.
#[derive(Debug, Default)]
pub(crate) struct Groups(IndexMap<(Quantity, u8, Kind, Zone), Members, FxBuildHasher>);

impl Groups {
    /// Takes up a reading; the median of the others, where there are enough.
    pub(crate) fn hear(&mut self, device: u32, reading: &Reading) -> Option<f64> {
        let key = (reading.series.quantity, reading.series.channel, reading.kind, reading.zone.clone());
        let members = self.0.entry(key).or_default();
        let fresh = |at: Timestamp| reading.observed_at.since(at) <= FRESH && at.since(reading.observed_at) <= FRESH;
        let others: Vec<f64> =
            members.iter().filter(|(other, (at, _))| **other != device && fresh(*at)).map(|(_, (_, value))| *value).collect();
        let newer = members.get(&device).is_none_or(|(at, _)| *at < reading.observed_at);
        if reading.quality.grade() != Grade::Bad && newer && (members.len() < MOST || members.contains_key(&device)) {
            members.insert(device, (reading.observed_at, reading.value));
        }
        if others.len() >= LEAST { median(&others) } else { None }
    }
}
