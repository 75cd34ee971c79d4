//! What is known of hours: how far they are kept, and which of those are not to be believed now.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Instant;

use ports::Selector;
use schemas::{DeviceId, HOUR};

use super::stride::Stride;

/// Late hours of devices that are remembered one by one, about 100 bytes each; with more, all hours from the earliest on are
/// made anew.
const LATE: usize = 100_000;
/// How far the cursor stands behind what is kept: late readings of a day do not move it.
const BEHIND: i64 = 26 * HOUR;
/// Stretches of hours that an answer asks for one by one; with more, everything from there on is answered from readings.
const STRETCHES: usize = 16;
/// Devices that a question names; where more are late in an hour, it asks for all that are selected.
pub(super) const NAMED: usize = 64;

/// Hours that the job has taken up; until it is done with them they are not to be believed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Claim {
    /// None means all.
    pub(super) devices: Vec<DeviceId>,
    pub(super) hours: Range<i64>,
    /// When what was written can be read back, where that is needed.
    pub(super) ripe: Option<Instant>,
}

/// Which devices of an hour.
#[derive(Clone, Debug, PartialEq)]
enum Which {
    All,
    These(BTreeSet<DeviceId>),
}

impl Which {
    fn take(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::These(own), Self::These(more)) => own.extend(more.iter().cloned()),
            (Self::These(_), Self::All) => *self = Self::All,
            (Self::All, _) => {}
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// Whether the server was asked.
    pub(super) known: bool,
    /// It keeps no hours.
    pub(super) absent: bool,
    /// All hours before it are kept.
    pub(super) through: i64,
    /// The end of the hours that the job is making beyond that.
    ahead: i64,
    late: BTreeMap<i64, BTreeSet<DeviceId>>,
    count: usize,
    claims: Vec<Claim>,
    /// Of each batch on its way, from when on its hours are not marked.
    flying: Vec<i64>,
    /// As the server has it, or higher.
    pub(super) cursor: i64,
    pub(super) stride: Stride,
}

impl State {
    pub(super) fn learn(&mut self, cursor: i64) {
        if !self.known {
            *self = Self { known: true, through: cursor, ahead: cursor, cursor, ..Self::default() };
        }
    }

    /// Hours before it are kept or being made: who writes there says so.
    pub(super) fn claimed(&self) -> i64 {
        self.through.max(self.ahead)
    }

    pub(super) fn late(&mut self, marks: &BTreeSet<(i64, DeviceId)>) {
        for (hour, device) in marks {
            self.count += usize::from(self.late.entry(*hour).or_default().insert(device.clone()));
        }
        if self.count > LATE
            && let Some(earliest) = self.late.keys().next().copied()
        {
            self.back(earliest);
        }
    }

    /// A batch is on its way whose hours from `claimed` on are not marked.
    pub(super) fn fly(&mut self, claimed: i64) {
        self.flying.push(claimed);
    }

    /// It is there, or lost.
    pub(super) fn landed(&mut self, claimed: i64) {
        if let Some(at) = self.flying.iter().position(|flying| *flying == claimed) {
            self.flying.swap_remove(at);
        }
    }

    /// Everything from an hour on counts as not kept.
    pub(super) fn back(&mut self, hour: i64) {
        self.through = self.through.min(hour);
        // What the job is at stays claimed: it will find that it has lost it.
        let gone = self.late.split_off(&self.through);
        self.count -= gone.values().map(BTreeSet::len).sum::<usize>();
    }

    /// Takes up late devices of one day at most, the earliest first. Like every claim it is held until it is released.
    pub(super) fn take_late(&mut self) -> Option<Claim> {
        let first = *self.late.keys().next()?;
        let (mut devices, mut end) = (BTreeSet::new(), first);
        while let Some(mut entry) = self.late.first_entry() {
            let hour = *entry.key();
            if hour >= first + 24 * HOUR || devices.len() >= NAMED {
                break;
            }
            let own = entry.get_mut();
            while devices.len() < NAMED
                && let Some(device) = own.pop_first()
            {
                self.count -= 1;
                devices.insert(device);
            }
            if own.is_empty() {
                entry.remove();
            }
            end = hour + HOUR;
        }
        let claim = Claim { devices: devices.into_iter().collect(), hours: first..end, ripe: None };
        self.claims.push(claim.clone());
        Some(claim)
    }

    /// Whether late devices wait.
    pub(super) fn has_late(&self) -> bool {
        !self.late.is_empty()
    }

    /// Claims hours beyond what is kept.
    pub(super) fn take_ahead(&mut self, hours: Range<i64>) -> Claim {
        self.ahead = hours.end;
        let claim = Claim { devices: Vec::new(), hours, ripe: None };
        self.claims.push(claim.clone());
        claim
    }

    /// What waited to be read back is taken up again.
    pub(super) fn take_again(&mut self, claim: Claim) -> Claim {
        self.release(&claim);
        let claim = Claim { ripe: None, ..claim };
        self.claims.push(claim.clone());
        claim
    }

    /// The claim waits to be read back.
    pub(super) fn hold(&mut self, claim: Claim) {
        self.claims.push(claim);
    }

    /// It is not held any more; what becomes of its hours, the caller says.
    pub(super) fn release(&mut self, claim: &Claim) {
        if let Some(at) = self.claims.iter().position(|held| held == claim) {
            self.claims.swap_remove(at);
        }
    }

    /// The claim's hours could not be made: they are as late as before.
    pub(super) fn give_back(&mut self, claim: &Claim) {
        self.release(claim);
        if claim.devices.is_empty() {
            self.back(claim.hours.start);
            return;
        }
        let hours = (claim.hours.start..claim.hours.end).step_by(usize::try_from(HOUR).unwrap_or(1));
        let marks = hours.flat_map(|hour| claim.devices.iter().map(move |device| (hour, device.clone()))).collect();
        self.late(&marks);
    }

    /// What can be read back by now.
    pub(super) fn ripe(&self, now: Instant) -> Vec<Claim> {
        self.claims.iter().filter(|claim| claim.ripe.is_some_and(|ripe| ripe <= now)).cloned().collect()
    }

    /// Claims that wait to be read back.
    pub(super) fn waiting(&self) -> usize {
        self.claims.len()
    }

    /// Where the cursor may stand.
    pub(super) fn safe(&self) -> i64 {
        let late = self.late.keys().next().copied();
        let claimed = self.claims.iter().map(|claim| claim.hours.start).min();
        let flying = self.flying.iter().min().copied();
        [Some(self.through - BEHIND), late, claimed, flying].into_iter().flatten().min().unwrap_or(0).max(0)
    }

    /// What of the hours `[from, to)` is kept, and what of that must not be believed for this selection.
    pub(super) fn doubts(&self, select: &Selector, from: i64, to: i64) -> Doubts {
        let end = if self.known { self.through.min(to).max(from) } else { from };
        let mut doubts = Doubts { end, ..Doubts::default() };
        for (hour, devices) in self.late.range(from..end) {
            doubts.add(*hour, &Which::These(devices.clone()));
        }
        for claim in &self.claims {
            let which = if claim.devices.is_empty() { Which::All } else { Which::These(claim.devices.iter().cloned().collect()) };
            let hours = claim.hours.start.max(from)..claim.hours.end.min(end);
            for hour in hours.step_by(usize::try_from(HOUR).unwrap_or(1)) {
                doubts.add(hour, &which);
            }
        }
        if !select.devices.is_empty() {
            doubts.hours.retain(|_, which| match which {
                Which::All => true,
                Which::These(devices) => {
                    devices.retain(|device| select.devices.contains(device));
                    !devices.is_empty()
                }
            });
        }
        doubts
    }
}

/// Hours that are answered from readings although they are kept.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    hours: BTreeMap<i64, Which>,
    /// From here on everything is.
    pub(super) end: i64,
}

impl Doubts {
    fn add(&mut self, hour: i64, which: &Which) {
        self.hours.entry(hour).and_modify(|own| own.take(which)).or_insert_with(|| which.clone());
    }

    /// A device of which only readings tell what an hour comes to.
    pub(super) fn device(&mut self, hour: i64, device: &DeviceId) {
        self.add(hour, &Which::These(BTreeSet::from([device.clone()])));
    }

    /// Whether an hour of a device is answered from readings.
    pub(super) fn hold(&self, hour: i64, device: &DeviceId) -> bool {
        hour >= self.end
            || self.hours.get(&hour).is_some_and(|which| match which {
                Which::All => true,
                Which::These(devices) => devices.contains(device),
            })
    }

    /// How many hours have one.
    pub(super) fn len(&self) -> usize {
        self.hours.len()
    }

    /// What to ask readings for: stretches of hours with their devices, none meaning all.
    pub(super) fn stretches(&mut self) -> Vec<(Range<i64>, Vec<DeviceId>)> {
        let mut stretches: Vec<(Range<i64>, Which)> = Vec::new();
        let mut rest = None;
        for (hour, which) in self.hours.range(..self.end) {
            if let Some((hours, own)) = stretches.last_mut().filter(|(hours, _)| hours.end == *hour) {
                hours.end += HOUR;
                own.take(which);
            } else if stretches.len() == STRETCHES {
                rest = Some(*hour);
                break;
            } else {
                stretches.push((*hour..*hour + HOUR, which.clone()));
            }
        }
        self.end = rest.unwrap_or(self.end);
        let named = |which| match which {
            Which::These(devices) if devices.len() <= NAMED => devices.into_iter().collect(),
            Which::These(_) | Which::All => Vec::new(),
        };
        stretches.into_iter().map(|(hours, which)| (hours, named(which))).collect()
    }
}
