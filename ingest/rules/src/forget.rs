//! Forgetting devices, since whoever stands behind them has asked for it.

use schemas::{DeviceId, Timestamp};

use crate::device::Watched;
use crate::engine::{Engine, number};

impl Engine {
    /// Remembers nothing of these devices any more, as if none had been heard: no past, no hold, no open alert, no part in any group.
    /// Nothing is said of it. Commit [`Engine::take_dirty`] afterwards: their states are empty.
    pub fn forget<'d>(&mut self, devices: impl IntoIterator<Item = &'d DeviceId>) {
        for device in devices {
            let Some((index, _, watched)) = self.devices.get_full_mut(device) else { continue };
            let mut blank = Watched::empty(watched.kind, watched.zone.clone(), Timestamp::MIN);
            // Whether it waits to be written down is not of its past.
            blank.dirty = watched.dirty;
            let old = std::mem::replace(watched, blank);
            self.sleep(index, old.wake);
            self.groups.leave(number(index));
            self.mark(index);
        }
    }
}
