//! What a platform must have after a scenario, kept while the scenario is played: the account and every reading. A model
//! that knows nothing of the platform but its promises: same series and same instant are one reading, the last one wins.

use std::collections::{BTreeMap, BTreeSet};

use schemas::{DeviceId, Flaw, Quality, Quantity, Reading, Timestamp};

use crate::kept::{Kept, Readings};
use crate::{City, Destiny, Sent, Told};

/// See the module.
#[derive(Debug, Default)]
pub struct Expected {
    /// Messages that are heard.
    pub sent: u64,
    /// Messages that nobody hears.
    pub lost: u64,
    /// Messages that say something new.
    pub stored: u64,
    /// Messages that say nothing new.
    pub duplicate: u64,
    /// Messages that must wait in the quarantine, by the code of the reason.
    pub aside: BTreeMap<&'static str, u64>,
    /// Messages by what was done to them.
    pub labels: BTreeMap<&'static str, u64>,
    /// The numbers of the devices to which it was done.
    befallen: BTreeMap<&'static str, BTreeSet<u32>>,
    readings: Readings,
}

impl Expected {
    /// A message goes to the platform, or is lost.
    pub fn hear(&mut self, sent: &Sent) {
        for fault in sent.labels.faults() {
            *self.labels.entry(fault.name).or_default() += 1;
            self.befallen.entry(fault.name).or_default().insert(sent.device);
        }
        match &sent.destiny {
            Destiny::Lost => self.lost += 1,
            Destiny::Aside(reason) => {
                self.sent += 1;
                *self.aside.entry(reason.code()).or_default() += 1;
            }
            Destiny::Read(told) => {
                self.sent += 1;
                if self.keep(sent.device, told) { self.stored += 1 } else { self.duplicate += 1 }
            }
        }
    }

    /// Whether any reading of it is new or another one than before.
    fn keep(&mut self, device: u32, told: &Told) -> bool {
        let mut new = false;
        for (at, quantity, channel, value, quality) in told.readings() {
            let doubts = doubts(quality);
            let said = Kept { at: at.millis(), value, device, quantity, channel, doubts };
            let before = self.readings.put(said);
            new |= before.is_none_or(|then| then.value.to_bits() != value.to_bits() || then.doubts != doubts);
        }
        new
    }

    /// The numbers in [`City::devices`] of those to which something was done.
    #[must_use]
    pub fn befallen(&self, fault: &str) -> BTreeSet<u32> {
        self.befallen.get(fault).cloned().unwrap_or_default()
    }

    /// How many must wait in the quarantine.
    #[must_use]
    pub fn quarantined(&self) -> u64 {
        self.aside.values().sum()
    }

    /// From the first to behind the last instant of a reading.
    #[must_use]
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let instants = || self.readings.iter().map(|kept| kept.at);
        Some((Timestamp::clamped(instants().min()?), Timestamp::clamped(instants().max()? + 1)))
    }
}

/// Compares what is stored with what must be, reading by reading.
#[derive(Debug)]
pub struct Comparison<'a> {
    left: Readings,
    /// Of [`Told::KNOWN`] those that are compared, a bit each.
    known: u8,
    devices: BTreeMap<&'a DeviceId, u32>,
    /// Whose the last reading was: a store gives one device's readings together.
    last: Option<(&'a DeviceId, u32)>,
    city: &'a City,
    /// Readings that are as they must be.
    pub equal: u64,
    /// Readings that nobody said.
    pub invented: Vec<String>,
    /// Readings with another value, or other doubts.
    pub different: Vec<String>,
    /// How often each flaw was found, by its code.
    pub flaws: BTreeMap<&'static str, u64>,
}

fn place(device: &DeviceId, quantity: Quantity, channel: u8, at: i64) -> String {
    format!("{device} {quantity}#{channel} at {}", Timestamp::clamped(at))
}

/// Which of [`Told::KNOWN`] it has, a bit each.
fn doubts(quality: Quality) -> u8 {
    (0..).zip(Told::KNOWN).filter(|(_, flaw)| quality.has(*flaw)).fold(0, |bits, (place, _)| bits | (1 << place))
}

fn codes(doubts: u8) -> String {
    let codes: Vec<_> = (0..).zip(Told::KNOWN).filter(|(place, _)| doubts & (1 << place) != 0).map(|(_, f)| f.code()).collect();
    if codes.is_empty() { "no doubt".to_owned() } else { codes.join(" and ") }
}

impl<'a> Comparison<'a> {
    /// Takes the readings out of what is expected.
    #[must_use]
    pub fn new(expected: &mut Expected, city: &'a City) -> Self {
        Self {
            left: std::mem::take(&mut expected.readings),
            known: u8::MAX,
            devices: city.devices().iter().zip(0..).map(|(device, number)| (&device.device().id, number)).collect(),
            last: None,
            city,
            equal: 0,
            invented: Vec::new(),
            different: Vec::new(),
            flaws: BTreeMap::new(),
        }
    }

    /// Compares only these flaws.
    #[must_use]
    pub fn only(self, known: &[Flaw]) -> Self {
        Self { known: doubts(known.iter().copied().fold(Quality::GOOD, Quality::with)), ..self }
    }

    /// A reading that the platform has.
    pub fn see(&mut self, reading: &Reading) {
        for flaw in reading.quality.flaws() {
            *self.flaws.entry(flaw.code()).or_default() += 1;
        }
        let (series, at) = (&reading.series, reading.observed_at.millis());
        let device = self.number(&series.device);
        let must = device.and_then(|device| self.left.take(device, series.quantity, series.channel, at));
        let has = doubts(reading.quality);
        let here = || place(&series.device, series.quantity, series.channel, at);
        match must {
            None => self.invented.push(format!("{} is {}", here(), reading.value)),
            Some(Kept { value, .. }) if value.to_bits() != reading.value.to_bits() => {
                self.different.push(format!("{} is {}, expected {value}", here(), reading.value));
            }
            Some(Kept { doubts, .. }) if (doubts ^ has) & self.known != 0 => {
                self.different.push(format!("{} has {}, expected {}", here(), codes(has), codes(doubts)));
            }
            Some(_) => self.equal += 1,
        }
    }

    fn number(&mut self, device: &DeviceId) -> Option<u32> {
        if self.last.is_none_or(|(last, _)| last != device) {
            self.last = self.devices.get_key_value(device).map(|(id, number)| (*id, *number));
        }
        self.last.map(|(_, number)| number)
    }

    /// What must be stored and is not.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut left: Vec<&Kept> = self.left.iter().collect();
        left.sort_unstable_by_key(|kept| (kept.at, kept.device, kept.quantity.name(), kept.channel));
        let name = |number: u32| Some(&self.city.devices().get(number as usize)?.device().id);
        let told = left.into_iter().filter_map(|k| Some(place(name(k.device)?, k.quantity, k.channel, k.at)));
        told.collect()
    }
}
