//! What a platform must have after a scenario, kept while the scenario is played: the account and every reading. A model
//! that knows nothing of the platform but its promises: same series and same instant are one reading, the last one wins.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use schemas::{DeviceId, Flaw, Quality, Quantity, Reading, Timestamp};

use crate::{City, Destiny, Sent, Told};

/// Where a reading stands.
type Key = (u32, Quantity, u8, i64);
type Readings = IndexMap<Key, (f64, Quality), FxBuildHasher>;

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
            let said = (value, quality);
            let before = self.readings.insert((device, quantity, channel, at.millis()), said);
            new |= before.is_none_or(|(then, quality)| then.to_bits() != said.0.to_bits() || quality != said.1);
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
        let instants = || self.readings.keys().map(|key| key.3);
        Some((Timestamp::clamped(instants().min()?), Timestamp::clamped(instants().max()? + 1)))
    }
}

/// Compares what is stored with what must be, reading by reading.
#[derive(Debug)]
pub struct Comparison<'a> {
    left: Readings,
    known: &'static [Flaw],
    devices: BTreeMap<&'a DeviceId, u32>,
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

fn codes(quality: Quality) -> String {
    let codes: Vec<_> = Told::KNOWN.iter().filter(|flaw| quality.has(**flaw)).map(|flaw| flaw.code()).collect();
    if codes.is_empty() { "no doubt".to_owned() } else { codes.join(" and ") }
}

impl<'a> Comparison<'a> {
    /// Takes the readings out of what is expected.
    #[must_use]
    pub fn new(expected: &mut Expected, city: &'a City) -> Self {
        Self {
            left: std::mem::take(&mut expected.readings),
            known: &Told::KNOWN,
            devices: city.devices().iter().zip(0..).map(|(device, number)| (&device.device().id, number)).collect(),
            city,
            equal: 0,
            invented: Vec::new(),
            different: Vec::new(),
            flaws: BTreeMap::new(),
        }
    }

    /// Compares only these flaws.
    #[must_use]
    pub fn only(self, known: &'static [Flaw]) -> Self {
        Self { known, ..self }
    }

    /// A reading that the platform has.
    pub fn see(&mut self, reading: &Reading) {
        for flaw in reading.quality.flaws() {
            *self.flaws.entry(flaw.code()).or_default() += 1;
        }
        let (series, at) = (&reading.series, reading.observed_at.millis());
        let key = self.devices.get(&series.device).map(|number| (*number, series.quantity, series.channel, at));
        let must = key.and_then(|key| self.left.swap_remove(&key));
        let here = || place(&series.device, series.quantity, series.channel, at);
        match must {
            None => self.invented.push(format!("{} is {}", here(), reading.value)),
            Some((value, _)) if value.to_bits() != reading.value.to_bits() => {
                self.different.push(format!("{} is {}, expected {value}", here(), reading.value));
            }
            Some((_, quality)) if self.known.iter().any(|flaw| quality.has(*flaw) != reading.quality.has(*flaw)) => {
                self.different.push(format!("{} has {}, expected {}", here(), codes(reading.quality), codes(quality)));
            }
            Some(_) => self.equal += 1,
        }
    }

    /// What must be stored and is not.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.left.keys().copied().collect();
        keys.sort_unstable_by_key(|(device, quantity, channel, at)| (*at, *device, quantity.name(), *channel));
        let name = |number: u32| self.city.devices().get(number as usize).map(|d| d.device().id.clone());
        let told = keys.into_iter().filter_map(|(n, quantity, channel, at)| Some(place(&name(n)?, quantity, channel, at)));
        told.collect()
    }
}
