//! One device under the rules: which watches it has, how a reading reaches them, and the readings that can still be
//! joined by late ones.

use bytes::Bytes;
use schemas::{Catalogue, DeviceId, Kind, Note, Quantity, Reading, Timestamp, Zone};

use crate::correction::replay;
use crate::history::History;
use crate::hours::Local;
use crate::mark::Mark;
use crate::rule::{Rule, RuleSet};
use crate::sample::Sample;
use crate::stage::{Cause, Stage};
use crate::state::{self, KeptWatch, StateError};
use crate::watch::Watch;

/// The most readings of one device that late ones can still join: 64 hours of four quantities each quarter of an hour.
/// Beyond, the oldest are final before the lateness bound is over.
pub(crate) const HISTORY: usize = 1024;

/// What a reading came to.
#[derive(Default)]
pub(crate) struct Heard {
    /// Something changed that must be written down.
    pub(crate) changed: bool,
    /// The first instant at which time will change one of the watches that heard it.
    pub(crate) due: Option<Timestamp>,
    /// The device has as many watches as it may: the series is not judged.
    pub(crate) full: bool,
    /// It came too late to correct anything.
    pub(crate) too_late: bool,
    /// It came late, and the past was judged anew.
    pub(crate) late: bool,
    /// It is part of the past now.
    pub(crate) placed: bool,
    /// In place of another one.
    pub(crate) replaces: bool,
    /// The device is elsewhere now, with no past.
    pub(crate) moved: bool,
}

/// A device under the rules.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) kind: Kind,
    pub(crate) zone: Zone,
    /// The latest `observed_at`: a late reading does not move a device back.
    pub(crate) newest: Timestamp,
    /// What was observed until then is final.
    pub(crate) sealed: Timestamp,
    /// When the engine will look at it, if time alone can change it.
    pub(crate) wake: Option<Timestamp>,
    /// It changed since its state was last taken.
    pub(crate) dirty: bool,
    /// In the order of [`Watch::rank`].
    pub(crate) watches: Vec<Watch>,
    /// Series that have all their watches under the present rules, kind and zone.
    settled: Vec<(Quantity, u8)>,
    pub(crate) history: History,
    /// What is final and other devices may still be compared with.
    pub(crate) earlier: Option<Box<History>>,
    /// Kept for rules that are not there: put back, they go on where they were.
    pub(crate) orphans: Vec<KeptWatch<'static>>,
    /// Where the past will begin, where it is made final in large steps.
    pub(crate) mark: Option<Box<Mark>>,
    /// Times that a mark could not be set.
    pub(crate) tries: u8,
}

impl Watched {
    /// A device of which nothing is known.
    pub(crate) fn empty(kind: Kind, zone: Zone, newest: Timestamp) -> Self {
        Self {
            kind,
            zone,
            newest,
            sealed: Timestamp::MIN,
            wake: None,
            dirty: false,
            watches: Vec::new(),
            settled: Vec::new(),
            history: History::default(),
            earlier: None,
            orphans: Vec::new(),
            mark: None,
            tries: 0,
        }
    }

    /// A device that is heard for the first time.
    pub(crate) fn new(reading: &Reading) -> Self {
        Self::empty(reading.kind, reading.zone.clone(), reading.observed_at)
    }

    pub(crate) fn decode(rules: &RuleSet, device: &DeviceId, bytes: &[u8], local: Local<'_>) -> Result<Self, StateError> {
        let mut watched = state::decode(rules, device, bytes, local)?;
        watched.watches.sort_unstable_by_key(Watch::rank);
        Ok(watched)
    }

    pub(crate) fn encode(&self, rules: &RuleSet) -> Bytes {
        state::encode(rules, self)
    }

    /// Bytes that it takes, besides what one allocation costs.
    pub(crate) fn bytes(&self) -> usize {
        let bases = self.watches.iter().filter(|w| w.base.is_some()).count();
        size_of::<Self>()
            + self.watches.capacity() * size_of::<Watch>()
            + bases * size_of::<crate::core::Core>()
            + self.history.bytes()
            + self.earlier.as_ref().map_or(0, |past| size_of::<History>() + past.bytes())
            + self.mark.as_ref().map_or(0, |mark| mark.bytes())
    }

    /// The first instant at which time alone will change something.
    pub(crate) fn due(&self, rules: &RuleSet, local: Local<'_>) -> Option<Timestamp> {
        self.watches.iter().filter_map(|w| w.live.due(rules.rules().get(usize::from(w.rule))?, local)).min()
    }

    /// Shows a reading to the watches that it concerns; at most `limit` watches are made.
    pub(crate) fn observe(&mut self, reading: &Reading, sample: Sample, limit: usize, stage: &mut Stage<'_>) -> Heard {
        let mut heard = Heard::default();
        let told = stage.out.len();
        self.place(reading, stage, &mut heard);
        let name = (sample.quantity, sample.channel);
        if !self.settled.contains(&name) {
            heard.full = !self.settle(name, sample.observed, limit, stage);
        }
        let (mut listens, mut next) = (false, true);
        for (watch, rule) in self.watches.iter().filter_map(|w| Some((w, stage.rules.rules().get(usize::from(w.rule))?))) {
            if watch.concerns(rule, &sample) && rule.glance.hears(&sample) {
                listens = true;
                next &= watch.is_next(rule, &sample);
            }
        }
        // What another series will be compared with is kept even before that series is heard.
        if !listens && !stage.rules.compares_with(sample.quantity) {
            heard.changed |= stage.out.len() > told;
            return heard;
        }
        let last = self.history.last();
        if stage.deferring && last.is_some_and(|last| sample.observed <= last.observed) && !self.is_recent(&sample, stage.rules) {
            self.settle_past(stage);
        }
        if sample.observed <= self.sealed {
            heard.too_late = true;
            return heard;
        }
        if next && last.is_none_or(|last| last.key() < sample.key()) {
            if stage.deferring && last.is_some_and(|last| last.observed < sample.observed) {
                self.set_mark(stage.rules.rules());
            }
            // Even what nobody judges now: another series may be compared with it later.
            heard.placed = self.history.place(sample);
            heard.changed |= heard.placed;
            self.follow(&sample, stage, &mut heard);
        } else {
            self.join(&sample, stage, &mut heard);
        }
        self.newest = self.newest.max(sample.observed);
        if stage.deferring {
            self.settle_by_mark(stage);
        } else {
            self.settle_past(stage);
        }
        heard
    }

    /// A device that moved leaves the rules of its old place, with all that was observed there.
    fn place(&mut self, reading: &Reading, stage: &mut Stage<'_>, heard: &mut Heard) {
        let elsewhere = self.kind != reading.kind || self.zone != reading.zone;
        if elsewhere && reading.observed_at >= self.newest {
            self.fit(reading.kind, &reading.zone.clone(), reading.observed_at, stage);
            self.seal();
            self.settled.clear();
            (self.kind, self.zone) = (reading.kind, reading.zone.clone());
            (heard.changed, heard.moved) = (true, true);
        }
    }

    /// What was judged is final.
    pub(crate) fn seal(&mut self) {
        self.earlier = None;
        if let Some(last) = self.history.last() {
            self.sealed = self.sealed.max(last.observed);
            self.watches.iter_mut().for_each(Watch::seal);
            self.history = History::default();
            self.mark = None;
        }
    }

    /// The series are looked at anew when they are heard next.
    pub(crate) fn unsettle(&mut self) {
        self.settled.clear();
        self.mark = None;
        self.watches.iter_mut().for_each(|w| w.settled = false);
    }

    /// The catalogue is another one: rules that select by its tags are looked at anew.
    pub(crate) fn tag(&mut self, rules: &[Rule], device: &DeviceId, catalogue: &Catalogue) {
        let (kind, zone) = (self.kind, &self.zone);
        self.watches.retain(|watch| {
            let Some(rule) = rules.get(usize::from(watch.rule)) else { return true };
            // What is open ends with the next reading, and says why.
            watch.live.phase.is_open() || rule.select.takes_device(device, kind, zone, catalogue)
        });
        self.unsettle();
    }

    /// Judges a sample that comes in order.
    fn follow(&mut self, sample: &Sample, stage: &mut Stage<'_>, heard: &mut Heard) {
        let rules = stage.rules.rules();
        for watch in &mut self.watches {
            let Some(rule) = rules.get(usize::from(watch.rule)).filter(|r| watch.concerns(r, sample)) else { continue };
            if watch.live.observe(rule, sample, watch.whole, stage.local, stage.steps) {
                heard.changed = true;
                heard.due = earlier(heard.due, watch.live.due(rule, stage.local));
                if !stage.steps.is_empty() {
                    watch.tell(rule, self.kind, &self.zone, None, stage);
                }
            }
        }
    }

    /// Judges a sample that comes behind others: in order where that is so for a watch, else the past anew.
    fn join(&mut self, sample: &Sample, stage: &mut Stage<'_>, heard: &mut Heard) {
        let rules = stage.rules.rules();
        // What replaces a reading changes the past even of those who do not look at such.
        let replaces = self.history.holds(&sample.key());
        let anew = |w: &Watch, rule: &Rule| {
            let joins = w.is_next(rule, sample) || w.adds_nothing(rule, sample);
            w.concerns(rule, sample) && (replaces || (rule.glance.hears(sample) && !joins))
        };
        // Only what is judged anew needs the past unpacked.
        let any = self.watches.iter().any(|w| rules.get(usize::from(w.rule)).is_some_and(|rule| anew(w, rule)));
        if any && stage.deferring {
            self.settle_past(stage);
        }
        let old: Vec<Sample> = if any { self.history.iter().collect() } else { Vec::new() };
        if !self.history.place(*sample) {
            return;
        }
        (heard.placed, heard.replaces) = (true, replaces);
        self.mark.take_if(|mark| sample.key() <= mark.key);
        let new: Vec<Sample> = if any { self.history.iter().collect() } else { Vec::new() };
        heard.changed = true;
        let (kind, zone) = (self.kind, self.zone.clone());
        for watch in &mut self.watches {
            let Some(rule) = rules.get(usize::from(watch.rule)).filter(|r| watch.concerns(r, sample)) else { continue };
            if anew(watch, rule) {
                let corrected = watch.correct(rule, &old, &new, stage.local);
                stage.correct(rule, kind, &zone, &corrected, Cause::own(sample));
                heard.late = true;
            } else if watch.is_next(rule, sample) {
                watch.live.observe(rule, sample, watch.whole, stage.local, stage.steps);
                watch.tell(rule, kind, &zone, None, stage);
            } else if rule.glance.hears(sample) && watch.adds_nothing(rule, sample) {
                watch.name_by(sample);
            }
            heard.due = earlier(heard.due, watch.live.due(rule, stage.local));
        }
    }

    /// Does what is due at or before `now`.
    pub(crate) fn advance(&mut self, now: Timestamp, stage: &mut Stage<'_>) {
        for watch in &mut self.watches {
            if let Some(rule) = stage.rules.rules().get(usize::from(watch.rule)) {
                watch.live.advance(rule, now, stage.local, stage.steps);
                watch.tell(rule, self.kind, &self.zone, None, stage);
            }
        }
    }

    /// Ends the watches whose rule does not take this device, of this kind and in this zone.
    fn fit(&mut self, kind: Kind, zone: &Zone, at: Timestamp, stage: &mut Stage<'_>) {
        let (rules, device, catalogue) = (stage.rules.rules(), stage.device, stage.catalogue);
        self.mark = None;
        self.watches.retain_mut(|watch| {
            let Some(rule) = rules.get(usize::from(watch.rule)) else { return true };
            let quantity = (!watch.whole).then_some(watch.live.quantity);
            let stays = rule.select.takes_device(device, kind, zone, catalogue) && rule.select.quantity == quantity;
            if !stays {
                watch.live.end(rule, at, stage.local, stage.steps);
                watch.tell(rule, self.kind, &self.zone, Some(&Note::Moved), stage);
            }
            stays
        });
        if self.watches.is_empty() && !stage.rules.compares_devices() {
            self.history = History::default();
        }
    }

    /// Makes the watches that a series should have; false where there is no room for them.
    fn settle(&mut self, name: (Quantity, u8), at: Timestamp, limit: usize, stage: &mut Stage<'_>) -> bool {
        let (quantity, channel) = name;
        if stage.deferring {
            self.settle_past(stage);
            self.mark = None;
        }
        if self.watches.iter().any(|w| !w.settled && (w.whole || w.is_of(quantity, channel))) {
            // Read back after a restart: the rule may have been rewritten since.
            let (kind, zone) = (self.kind, self.zone.clone());
            self.fit(kind, &zone, at, stage);
        }
        let mut missing = Vec::new();
        for (number, rule) in (0u16..).zip(stage.rules.rules()) {
            let whole = rule.select.quantity.is_none();
            if !(whole || rule.select.quantity == Some(quantity))
                || !rule.select.takes_device(stage.device, self.kind, &self.zone, stage.catalogue)
                || self.watches.iter().any(|w| w.rule == number && w.whole == whole && (whole || w.is_of(quantity, channel)))
            {
                continue;
            }
            let mut fresh = Watch::new(number, quantity, channel, whole);
            if self.history.iter().any(|s| whole || fresh.is_of(s.quantity, s.channel)) {
                // A rule that is new to readings that were judged by others says nothing of them.
                fresh = fresh.born(self.newest);
            } else if rule.glance.other.is_some() {
                // Of its own series there is nothing yet, so that this decides nothing.
                let others: Vec<Sample> = self.history.iter().filter(|s| fresh.concerns(rule, s)).collect();
                replay(&mut fresh.live, rule, whole, &others, Timestamp::MIN, stage.local, stage.steps);
                stage.steps.clear();
            }
            missing.push(fresh);
        }
        if self.watches.len() + missing.len() > limit || self.settled.len() >= limit {
            return false;
        }
        // Exactly: a device of a million keeps what it has for years, and gets more when a new series is heard.
        self.watches.reserve_exact(missing.len());
        self.watches.append(&mut missing);
        self.watches.sort_unstable_by_key(Watch::rank);
        for watch in self.watches.iter_mut().filter(|w| w.whole || w.is_of(quantity, channel)) {
            watch.settled = true;
        }
        self.settled.push(name);
        true
    }
}

/// The earlier of two instants that may be none.
pub(crate) fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
