//! One device under the rules: which watches it has, and how a reading reaches them.

use bytes::Bytes;
use jiff::tz::TimeZone;
use schemas::{Catalogue, DeviceId, Kind, Quantity, Reading, Timestamp, Transition, Zone};

use crate::rule::RuleSet;
use crate::state::{self, KeptWatch, StateError};
use crate::watch::{NO_RULE, Scene, Watch};

/// What the engine lends a device while it is judged.
pub(crate) struct Stage<'a> {
    pub(crate) rules: &'a RuleSet,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) zone_of_time: &'a TimeZone,
    pub(crate) device: &'a DeviceId,
    pub(crate) out: &'a mut Vec<Transition>,
}

impl Stage<'_> {
    fn scene<'s>(&'s mut self, kind: Kind, zone: &'s Zone) -> Scene<'s> {
        let (device, catalogue, zone_of_time) = (self.device, self.catalogue, self.zone_of_time);
        Scene { device, kind, zone, catalogue, zone_of_time, out: self.out }
    }
}

/// What a reading came to.
#[derive(Default)]
pub(crate) struct Heard {
    /// Something changed that must be written down.
    pub(crate) changed: bool,
    /// The first instant at which time will change one of the watches that heard it.
    pub(crate) due: Option<Timestamp>,
    /// The device has as many watches as it may: the series is not judged.
    pub(crate) full: bool,
}

/// A device under the rules.
#[derive(Debug)]
pub(crate) struct Watched {
    kind: Kind,
    zone: Zone,
    /// The latest `observed_at`: a late reading does not move a device back.
    newest: Timestamp,
    /// When the engine will look at it, if time alone can change it.
    pub(crate) wake: Option<Timestamp>,
    /// It changed since its state was last taken.
    pub(crate) dirty: bool,
    /// In the order of [`Watch::rank`].
    watches: Vec<Watch>,
    /// Kept for rules that are not there: put back, they go on where they were.
    orphans: Vec<KeptWatch<'static>>,
}

impl Watched {
    /// A device that is heard for the first time.
    pub(crate) fn new(reading: &Reading) -> Self {
        let (kind, zone, newest) = (reading.kind, reading.zone.clone(), reading.observed_at);
        Self { kind, zone, newest, wake: None, dirty: false, watches: Vec::new(), orphans: Vec::new() }
    }

    pub(crate) fn decode(rules: &RuleSet, device: &DeviceId, bytes: &[u8]) -> Result<Self, StateError> {
        let state::Restored { kind, zone, newest, mut watches, orphans } = state::decode(rules, device, bytes)?;
        watches.sort_unstable_by_key(Watch::rank);
        Ok(Self { kind, zone, newest, wake: None, dirty: false, watches, orphans })
    }

    pub(crate) fn encode(&self, rules: &RuleSet) -> Bytes {
        state::encode(rules, self.kind, &self.zone, self.newest, &self.watches, &self.orphans)
    }

    /// The first instant at which time alone will change something.
    pub(crate) fn due(&self, rules: &RuleSet) -> Option<Timestamp> {
        self.watches.iter().filter_map(|w| w.due(rules.rules().get(usize::from(w.rule))?)).min()
    }

    /// Shows a reading to the watches that it concerns; at most `limit` watches are made.
    pub(crate) fn observe(&mut self, reading: &Reading, limit: usize, stage: &mut Stage<'_>) -> Heard {
        let mut heard = Heard::default();
        let told = stage.out.len();
        let (quantity, channel) = (reading.series.quantity, reading.series.channel);
        let elsewhere = self.kind != reading.kind || self.zone != reading.zone;
        if elsewhere && reading.observed_at >= self.newest {
            self.fit(reading.kind, &reading.zone, reading.observed_at, stage);
            self.watches.retain_mut(|watch| {
                watch.settled = false;
                watch.rule != NO_RULE
            });
            self.kind = reading.kind;
            self.zone = reading.zone.clone();
            heard.changed = true;
        }
        self.newest = self.newest.max(reading.observed_at);
        // Of a series the watches stand together, after those of the whole device.
        let mut first = self.watches.iter().position(|w| w.is_of(quantity, channel));
        if first.and_then(|i| self.watches.get(i)).is_none_or(|w| !w.settled) {
            heard.full = !self.settle(quantity, channel, reading.observed_at, limit, stage);
            first = self.watches.iter().position(|w| w.is_of(quantity, channel));
        }
        let rules = stage.rules.rules();
        let mut scene = stage.scene(self.kind, &self.zone);
        let whole = self.watches.iter().take_while(|w| w.whole).count();
        let (of_device, of_series) = self.watches.split_at_mut(whole);
        let of_series = of_series.iter_mut().skip(first.unwrap_or(usize::MAX).saturating_sub(whole));
        for watch in of_device.iter_mut().chain(of_series.take_while(|w| w.is_of(quantity, channel))) {
            let Some(rule) = rules.get(usize::from(watch.rule)) else { continue };
            if watch.observe(rule, reading, &mut scene) {
                heard.changed = true;
                heard.due = match (heard.due, watch.due(rule)) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
            }
        }
        heard.changed |= stage.out.len() > told;
        heard
    }

    /// Does what is due at or before `now`.
    pub(crate) fn advance(&mut self, now: Timestamp, stage: &mut Stage<'_>) {
        let rules = stage.rules.rules();
        let mut scene = stage.scene(self.kind, &self.zone);
        for watch in &mut self.watches {
            if let Some(rule) = rules.get(usize::from(watch.rule)) {
                watch.advance(rule, now, &mut scene);
            }
        }
    }

    /// Ends the watches whose rule does not take this device, of this kind and in this zone.
    fn fit(&mut self, kind: Kind, zone: &Zone, at: Timestamp, stage: &mut Stage<'_>) {
        let (rules, device) = (stage.rules.rules(), stage.device);
        let mut scene = stage.scene(self.kind, &self.zone);
        self.watches.retain_mut(|watch| {
            let Some(rule) = rules.get(usize::from(watch.rule)) else { return true };
            let quantity = (!watch.whole).then_some(watch.quantity);
            let stays = rule.select.takes_device(device, kind, zone) && rule.select.quantity == quantity;
            if !stays {
                watch.end(rule, at, &mut scene);
            }
            stays
        });
    }

    /// Makes the watches that a series should have; false where there is no room for them.
    fn settle(&mut self, quantity: Quantity, channel: u8, at: Timestamp, limit: usize, stage: &mut Stage<'_>) -> bool {
        if self.watches.iter().any(|w| !w.settled && w.is_of(quantity, channel)) {
            // Read back after a restart: the rule may have been rewritten since.
            let (kind, zone) = (self.kind, self.zone.clone());
            self.fit(kind, &zone, at, stage);
        }
        let mut missing = Vec::new();
        let mut judged = false;
        for (number, rule) in (0u16..).zip(stage.rules.rules()) {
            let whole = rule.select.quantity.is_none();
            if !(whole || rule.select.quantity == Some(quantity))
                || !rule.select.takes_device(stage.device, self.kind, &self.zone)
            {
                continue;
            }
            judged |= !whole;
            if !self.watches.iter().any(|w| w.rule == number && w.whole == whole && (whole || w.is_of(quantity, channel))) {
                missing.push(Watch::new(number, quantity, channel, whole));
            }
        }
        if !judged {
            missing.push(Watch::new(NO_RULE, quantity, channel, false));
        }
        if self.watches.len() + missing.len() > limit {
            return false;
        }
        self.watches.append(&mut missing);
        self.watches.sort_unstable_by_key(Watch::rank);
        for watch in self.watches.iter_mut().filter(|w| w.is_of(quantity, channel)) {
            watch.settled = true;
        }
        true
    }
}
