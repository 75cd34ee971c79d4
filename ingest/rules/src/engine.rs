//! The engine: readings and time in, transitions out. Sans-I/O, deterministic.
//!
//! **Event time.** A reading is judged at its `observed_at`. A hold and a silence end at their own
//! instant, whether a later reading or [`Engine::advance`] finds them over. Of one series the
//! transitions are the same however the same readings are cut into calls, with or without calls of
//! `advance` between them; between series the order is that of the calls.
//!
//! **Late readings** within [`RuleSet::lateness`] of the device's newest one correct the outcome: the log, with its
//! corrections ([`schemas::Note`]), is a function of the set of readings, whatever their order and however often each
//! comes. A reading that is later still, or of a past that is not kept ([`Engine::too_late`] counts), changes nothing.
//! Where devices are compared with one another that holds of all of them, within the lateness of the newest one of the
//! group: a late reading corrects the comparisons of others too. **Bad readings** are not judged by value, and end a silence: the
//! device lives.
//!
//! **After a restart** restore every state first, then feed the backlog, and only then advance to the
//! present: a silence that the backlog ends has not happened.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domains::time::Calendar;
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use rustc_hash::FxBuildHasher;
use schemas::{Catalogue, DeviceId, Reading, Timestamp, Transition};

use crate::core::Step;
use crate::device::{Watched, earlier};
use crate::drive;
use crate::group::Groups;
use crate::hours::{Local, Stretches};
use crate::pile::Pile;
use crate::rule::RuleSet;
use crate::sample::Sample;
use crate::stage::Stage;
use crate::state::StateError;

/// Judges readings by rules and remembers what it needs for that. See the module for its promises.
#[derive(Debug)]
pub struct Engine {
    pub(crate) rules: Arc<RuleSet>,
    catalogue: Arc<Catalogue>,
    zone_of_time: TimeZone,
    calendar: Arc<Calendar>,
    stretches: Stretches,
    /// Never shrinks, so a device's index is its number for the life of the engine.
    pub(crate) devices: IndexMap<DeviceId, Watched, FxBuildHasher>,
    /// For each device that time can change: an instant no later than the first such change. One entry
    /// a device; it is left too early when a reading moves the change away, and mended when it is due.
    wakes: BTreeSet<(Timestamp, u32)>,
    /// Devices that changed since [`Engine::take_dirty`], each once.
    dirty: Vec<u32>,
    pub(crate) groups: Groups,
    unjudged: u64,
    late: u64,
    too_late: u64,
    pub(crate) deferring: bool,
    wordless: bool,
    scratch: Vec<Step>,
    /// Room for what is said of one device.
    told: Vec<Transition>,
    pile: Pile,
}

impl Engine {
    /// The most devices that are judged; readings of further ones are counted, not judged.
    pub const DEVICES_LIMIT: usize = 1_000_000;
    /// The most rules times series that are judged of one device; series beyond are counted.
    pub const WATCHES_LIMIT: usize = 512;

    /// An engine that has heard nothing. Labels, local time and calendar come with [`Engine::set_catalogue`],
    /// [`Engine::set_time_zone`] and [`Engine::set_calendar`]; until then `{label}` is the device's id, time is UTC and
    /// the calendar is the one that is shipped.
    #[must_use]
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self {
            rules,
            catalogue: Arc::default(),
            zone_of_time: TimeZone::UTC,
            calendar: Arc::new(Calendar::casablanca()),
            stretches: Stretches::default(),
            devices: IndexMap::default(),
            wakes: BTreeSet::new(),
            dirty: Vec::new(),
            groups: Groups::default(),
            unjudged: 0,
            late: 0,
            too_late: 0,
            deferring: false,
            wordless: false,
            scratch: Vec::new(),
            told: Vec::new(),
            pile: Pile::default(),
        }
    }

    /// Where `{label}` comes from, and the tags by which rules select. With other tags a device is judged by other rules from
    /// its next reading on; what a rule that does not take it any more had open ends then.
    pub fn set_catalogue(&mut self, catalogue: Arc<Catalogue>) {
        if self.rules.selects_by_tags() {
            self.devices.iter_mut().for_each(|(device, watched)| watched.tag(self.rules.rules(), device, &catalogue));
        }
        self.catalogue = catalogue;
    }

    /// The local time of `{since}`, of windows of a day and of hours of enforcement. Set it before the first reading.
    pub fn set_time_zone(&mut self, zone: TimeZone) {
        (self.zone_of_time, self.stretches) = (zone, Stretches::default());
    }

    /// Holidays and Ramadan, for hours of enforcement. Set it before the first reading.
    pub fn set_calendar(&mut self, calendar: Arc<Calendar>) {
        (self.calendar, self.stretches) = (calendar, Stretches::default());
    }

    /// Makes the past final in large steps from now on. What is said stays the same; it saves judging everything twice
    /// and costs memory, and states become larger. For a back-test, which takes none.
    pub fn defer(&mut self) {
        self.deferring = true;
    }

    /// Says what happened without its texts from now on: for those who show none, since three languages cost a part of
    /// judging.
    pub fn leave_out_texts(&mut self) {
        self.wordless = true;
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

    /// Readings for which the past was judged anew.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Readings that came too late to correct anything: beyond the lateness bound, or of a past that is not kept.
    #[must_use]
    pub fn too_late(&self) -> u64 {
        self.too_late
    }

    /// Bytes that its devices take, without what allocations cost and what only some conditions remember.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.devices.values().map(Watched::bytes).sum()
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
        let local = Local { zone: &self.zone_of_time, calendar: &self.calendar, stretches: &self.stretches };
        let watched = Watched::decode(&self.rules, device, state, local)?;
        let due = watched.due(&self.rules, local);
        let (index, old) = self.devices.insert_full(device.clone(), watched);
        let replaced = old.is_some();
        self.sleep(index, old.and_then(|o| o.wake));
        self.wake_by(index, due);
        if replaced {
            self.groups.leave(number(index));
        }
        self.join_groups(index);
        Ok(())
    }

    /// Judges a reading at its `observed_at`. What was due at or before that instant for the same
    /// series comes first.
    pub fn observe(&mut self, reading: &Reading, out: &mut Vec<Transition>) {
        if let Some(index) = self.place(reading) {
            self.judge(index, reading, out);
        }
    }

    /// Judges those of the readings, in the order in which they were heard, that are `mine`, device by device:
    /// [`Engine::observe`], after time has gone on for that device, and for no other, to `settle` before the reading was
    /// heard. `say` is shown what was due before a reading without it, and what the reading came to with it.
    pub(crate) fn observe_each<'r>(
        &mut self,
        settle: Duration,
        readings: &'r [Reading],
        mine: impl Fn(&Reading) -> bool,
        mut say: impl FnMut(Option<&'r Reading>, Transition),
    ) {
        let mut pile = std::mem::take(&mut self.pile);
        let mine = (0u32..).zip(readings).filter(|(_, reading)| mine(reading));
        pile.fill(mine.filter_map(|(place, reading)| Some((number(self.place(reading)?), place))));
        for (index, places) in pile.devices() {
            drive::in_order_at(places, readings);
            let its = places.iter().filter_map(|place| readings.get(*place as usize));
            self.observe_device(index as usize, settle, its, &mut say);
        }
        self.pile = pile;
    }

    fn observe_device<'r>(
        &mut self,
        index: usize,
        settle: Duration,
        readings: impl Iterator<Item = &'r Reading>,
        say: &mut impl FnMut(Option<&'r Reading>, Transition),
    ) {
        // Time goes on for this one alone: it waits for nothing meanwhile.
        let mut wake = self.devices.get_index_mut(index).and_then(|(_, watched)| watched.wake.take());
        self.sleep(index, wake);
        let (mut out, mut changed) = (std::mem::take(&mut self.told), false);
        let (mut unjudged, mut late, mut too_late) = (0, 0, 0);
        self.on(index, &mut out, |watched, stage| {
            for reading in readings {
                let until = reading.received_at.minus(settle);
                if wake.is_some_and(|wake| wake <= until) {
                    watched.advance(until, stage);
                    wake = watched.due(stage.rules, stage.local);
                    changed = true;
                    in_order(stage.out);
                    stage.out.drain(..).for_each(|t| say(None, t));
                }
                let heard = watched.observe(reading, Sample::of(reading), Self::WATCHES_LIMIT, stage);
                unjudged += u64::from(heard.full);
                late += u64::from(heard.late);
                too_late += u64::from(heard.too_late);
                if heard.changed {
                    (changed, wake) = (true, earlier(wake, heard.due));
                }
                stage.out.drain(..).for_each(|t| say(Some(reading), t));
            }
        });
        self.told = out;
        self.unjudged += unjudged;
        self.late += late;
        self.too_late += too_late;
        if changed {
            self.mark(index);
        }
        self.wake_by(index, wake);
    }

    /// Its device's index; none where it is not judged.
    fn place(&mut self, reading: &Reading) -> Option<usize> {
        if !self.rules.may_judge(reading.series.quantity) {
            return None;
        }
        match self.devices.get_index_of(&reading.series.device) {
            Some(index) => Some(index),
            None if self.devices.len() < Self::DEVICES_LIMIT => {
                Some(self.devices.insert_full(reading.series.device.clone(), Watched::new(reading)).0)
            }
            None => {
                self.unjudged += 1;
                None
            }
        }
    }

    fn judge(&mut self, index: usize, reading: &Reading, out: &mut Vec<Transition>) {
        let mut sample = Sample::of(reading);
        let compared = self.rules.compares_group(reading.series.quantity);
        if compared && !sample.bad {
            sample.peers = self.peers(index, reading, &sample);
        }
        let heard = self.on(index, out, |watched, stage| watched.observe(reading, sample, Self::WATCHES_LIMIT, stage));
        let Some(heard) = heard else { return };
        self.unjudged += u64::from(heard.full);
        self.late += u64::from(heard.late);
        self.too_late += u64::from(heard.too_late);
        if heard.changed {
            self.mark(index);
            self.wake_by(index, heard.due);
        }
        if heard.moved {
            self.groups.leave(number(index));
        }
        if compared && heard.placed {
            let others = self.tell_group(index, &sample, heard.replaces, out);
            self.late += u64::from(others && !heard.late);
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
            self.pass(device_number as usize, now, out);
        }
        out.get_mut(before..).into_iter().for_each(in_order);
    }

    /// Lets time go on for a device, whose wake is not in `wakes` any more.
    fn pass(&mut self, index: usize, now: Timestamp, out: &mut Vec<Transition>) {
        let due = self.on(index, out, |watched, stage| {
            watched.wake = None;
            watched.advance(now, stage);
            watched.due(stage.rules, stage.local)
        });
        // A window that is closed is a change too, even where nothing is said of it.
        self.mark(index);
        self.wake_by(index, due.flatten());
    }

    /// When to call [`Engine::advance`] next: no later than the first thing that will be due, and
    /// later than the last call of it. It may be earlier than that thing: then that call does nothing
    /// but look. None while only readings can change anything.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(wake, _)| *wake)
    }

    /// How many states [`Engine::take_dirty`] would give.
    #[must_use]
    pub fn changed(&self) -> usize {
        self.dirty.len()
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

    /// Shows a device to `act`, with all that the engine lends.
    pub(crate) fn on<T>(
        &mut self,
        index: usize,
        out: &mut Vec<Transition>,
        act: impl FnOnce(&mut Watched, &mut Stage<'_>) -> T,
    ) -> Option<T> {
        let (device, watched) = self.devices.get_index_mut(index)?;
        let local = Local { zone: &self.zone_of_time, calendar: &self.calendar, stretches: &self.stretches };
        let (rules, catalogue, steps) = (&*self.rules, &*self.catalogue, &mut self.scratch);
        let (deferring, wordless) = (self.deferring, self.wordless);
        Some(act(watched, &mut Stage { rules, catalogue, local, deferring, wordless, device, out, steps }))
    }

    /// Its state must be written down.
    pub(crate) fn mark(&mut self, index: usize) {
        if let Some((_, watched)) = self.devices.get_index_mut(index)
            && !watched.dirty
        {
            watched.dirty = true;
            self.dirty.push(number(index));
        }
    }

    /// Wakes no more for this device, which was to be looked at then.
    pub(crate) fn sleep(&mut self, index: usize, wake: Option<Timestamp>) {
        if let Some(wake) = wake {
            self.wakes.remove(&(wake, number(index)));
        }
    }

    /// Wakes for this device at `due` at the latest.
    pub(crate) fn wake_by(&mut self, index: usize, due: Option<Timestamp>) {
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

/// By instant; stable: what one watch said at one instant stays in its order.
fn in_order(said: &mut [Transition]) {
    said.sort_by(|a, b| (a.at, &a.series, &a.rule).cmp(&(b.at, &b.series, &b.rule)));
}

/// A device's number in `wakes` and `dirty`: half of what an index takes.
pub(crate) fn number(index: usize) -> u32 {
    u32::try_from(index).expect("DEVICES_LIMIT fits 32 bits")
}
