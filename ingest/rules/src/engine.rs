//! The engine: readings and time in, transitions out. Sans-I/O, deterministic.
//!
//! **Event time.** A reading is judged at its `observed_at`. A hold and a silence end at their own
//! instant, whether a later reading or [`Engine::advance`] finds them over. Of one series the
//! transitions are the same however the same readings are cut into calls, with or without calls of
//! `advance` between them, as long as none is ahead of the data; between series the order is that of
//! the calls.
//!
//! **Late and repeated readings** (`observed_at` at or before the last one judged of the series)
//! change nothing. **Bad readings** are not judged by value, and end a silence: the device lives.
//!
//! **After a restart** restore every state first, then feed the backlog, and only then advance to the
//! present: a silence that the backlog ends has not happened. If time did run ahead of the data, an
//! alert that fired is resolved no earlier than it fired.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use rustc_hash::FxBuildHasher;
use schemas::{Catalogue, DeviceId, Reading, Timestamp, Transition};

use crate::device::{Stage, Watched};
use crate::rule::RuleSet;
use crate::state::StateError;

/// Judges readings by rules and remembers what it needs for that. See the module for its promises.
#[derive(Debug)]
pub struct Engine {
    rules: Arc<RuleSet>,
    catalogue: Arc<Catalogue>,
    zone_of_time: TimeZone,
    /// Never shrinks, so a device's index is its number for the life of the engine.
    devices: IndexMap<DeviceId, Watched, FxBuildHasher>,
    /// For each device that time can change: an instant no later than the first such change. One entry
    /// a device; it is left too early when a reading moves the change away, and mended when it is due.
    wakes: BTreeSet<(Timestamp, u32)>,
    /// Devices that changed since [`Engine::take_dirty`], each once.
    dirty: Vec<u32>,
    unjudged: u64,
}

impl Engine {
    /// The most devices that are judged; readings of further ones are counted, not judged.
    pub const DEVICES_LIMIT: usize = 1_000_000;
    /// The most rules times series that are judged of one device; series beyond are counted.
    pub const WATCHES_LIMIT: usize = 512;

    /// An engine that has heard nothing. Labels and local time come with [`Engine::set_catalogue`]
    /// and [`Engine::set_time_zone`]; until then `{label}` is the device's id and time is UTC.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self {
            rules,
            catalogue: Arc::default(),
            zone_of_time: TimeZone::UTC,
            devices: IndexMap::default(),
            wakes: BTreeSet::new(),
            dirty: Vec::new(),
            unjudged: 0,
        }
    }

    /// Where `{label}` comes from. Verdicts do not depend on it.
    pub fn set_catalogue(&mut self, catalogue: Arc<Catalogue>) {
        self.catalogue = catalogue;
    }

    /// The local time of `{since}`. Verdicts do not depend on it.
    pub fn set_time_zone(&mut self, zone: TimeZone) {
        self.zone_of_time = zone;
    }

    /// The rules that it judges by.
    #[must_use]
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// How many devices it remembers.
    #[must_use]
    pub fn devices(&self) -> usize {
        self.devices.len()
    }

    /// Readings not judged because of [`Engine::DEVICES_LIMIT`] or [`Engine::WATCHES_LIMIT`].
    #[must_use]
    pub fn unjudged(&self) -> u64 {
        self.unjudged
    }

    /// Takes up a device where [`Engine::take_dirty`] left it; an empty state is nothing. What the
    /// state says of rules that are not there any more is kept for the day when they are back.
    ///
    /// # Errors
    /// The bytes are not such a state; the engine is as it was.
    pub fn restore(&mut self, device: &DeviceId, state: &[u8]) -> Result<(), StateError> {
        if state.is_empty() {
            return Ok(());
        }
        let watched = Watched::decode(&self.rules, device, state)?;
        let due = watched.due(&self.rules);
        let (index, old) = self.devices.insert_full(device.clone(), watched);
        if let Some(wake) = old.and_then(|o| o.wake) {
            self.wakes.remove(&(wake, number(index)));
        }
        self.wake_by(index, due);
        Ok(())
    }

    /// Judges a reading at its `observed_at`. What was due at or before that instant for the same
    /// series comes first.
    pub fn observe(&mut self, reading: &Reading, out: &mut Vec<Transition>) {
        if !self.rules.may_judge(reading.series.quantity) {
            return;
        }
        let index = match self.devices.get_index_of(&reading.series.device) {
            Some(index) => index,
            None if self.devices.len() < Self::DEVICES_LIMIT => {
                self.devices.insert_full(reading.series.device.clone(), Watched::new(reading)).0
            }
            None => {
                self.unjudged += 1;
                return;
            }
        };
        let Some((device, watched)) = self.devices.get_index_mut(index) else { return };
        let (rules, catalogue, zone_of_time) = (&*self.rules, &*self.catalogue, &self.zone_of_time);
        let mut stage = Stage { rules, catalogue, zone_of_time, device, out };
        let heard = watched.observe(reading, Self::WATCHES_LIMIT, &mut stage);
        self.unjudged += u64::from(heard.full);
        if heard.changed {
            if !watched.dirty {
                watched.dirty = true;
                self.dirty.push(number(index));
            }
            self.wake_by(index, heard.due);
        }
    }

    /// Does what is due at or before `now`: holds that are over fire, silences begin, each stamped
    /// with its own instant, in the order of these instants.
    pub fn advance(&mut self, now: Timestamp, out: &mut Vec<Transition>) {
        let before = out.len();
        while let Some(&(wake, device_number)) = self.wakes.first() {
            if wake > now {
                break;
            }
            self.wakes.pop_first();
            let index = device_number as usize;
            let Some((device, watched)) = self.devices.get_index_mut(index) else { continue };
            watched.wake = None;
            let told = out.len();
            let (rules, catalogue, zone_of_time) = (&*self.rules, &*self.catalogue, &self.zone_of_time);
            watched.advance(now, &mut Stage { rules, catalogue, zone_of_time, device, out });
            if out.len() > told && !watched.dirty {
                watched.dirty = true;
                self.dirty.push(device_number);
            }
            let due = watched.due(&self.rules);
            self.wake_by(index, due);
        }
        if let Some(new) = out.get_mut(before..) {
            // Stable: what one watch said at one instant stays in its order.
            new.sort_by(|a, b| (a.at, &a.series, &a.rule).cmp(&(b.at, &b.series, &b.rule)));
        }
    }

    /// When to call [`Engine::advance`] next: no later than the first thing that will be due, and
    /// later than the last call of it. It may be earlier than that thing: then that call does nothing
    /// but look. None while only readings can change anything.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(wake, _)| *wake)
    }

    /// The states that changed since the last call, in the order in which they first did: commit them
    /// with the cursor and the transitions of the same readings. Empty bytes: nothing is left to
    /// remember of that device.
    pub fn take_dirty(&mut self) -> Vec<(DeviceId, Bytes)> {
        let mut states = Vec::with_capacity(self.dirty.len());
        for device_number in self.dirty.drain(..) {
            let Some((device, watched)) = self.devices.get_index_mut(device_number as usize) else { continue };
            watched.dirty = false;
            states.push((device.clone(), watched.encode(&self.rules)));
        }
        states
    }

    /// Wakes for this device at `due` at the latest.
    fn wake_by(&mut self, index: usize, due: Option<Timestamp>) {
        let (Some(due), Some((_, watched))) = (due, self.devices.get_index_mut(index)) else { return };
        if watched.wake.is_some_and(|wake| wake <= due) {
            return;
        }
        if let Some(wake) = watched.wake.replace(due) {
            self.wakes.remove(&(wake, number(index)));
        }
        self.wakes.insert((due, number(index)));
    }
}

/// A device's number in `wakes` and `dirty`: half of what an index takes.
fn number(index: usize) -> u32 {
    u32::try_from(index).expect("DEVICES_LIMIT fits 32 bits")
}
