//! A watch: one rule on one series, its memory and its place in the life cycle.
//!
//! What is due at an instant comes before a reading of that instant: so it makes no difference
//! whether time was advanced to it first.

use jiff::tz::TimeZone;
use schemas::{
    AlertId, Catalogue, DeviceId, Kind, Phase, Quantity, Reading, SeriesKey, Timestamp, Transition, TransitionId, Zone,
};

use crate::condition::{Memory, Verdict};
use crate::rule::Rule;
use crate::text::Facts;

/// In place of a rule's number: the series is known and no rule judges it.
pub(crate) const NO_RULE: u16 = u16::MAX;

/// One rule on one series, or on one device as a whole. A cache line: there are millions of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watch {
    /// The rule's position in the set, or [`NO_RULE`].
    pub(crate) rule: u16,
    /// The series. Of a whole device: the one heard last, and during an episode the one that the
    /// episode began with.
    pub(crate) quantity: Quantity,
    pub(crate) channel: u8,
    /// It watches the device as a whole.
    pub(crate) whole: bool,
    /// The series has all its watches under the present rules, kind and zone.
    pub(crate) settled: bool,
    pub(crate) phase: Phase,
    /// When the episode began.
    pub(crate) since: Timestamp,
    /// When it went into this phase.
    pub(crate) at: Timestamp,
    pub(crate) memory: Memory,
}

/// Where and for whom a transition is told.
pub(crate) struct Scene<'a> {
    pub(crate) device: &'a DeviceId,
    pub(crate) kind: Kind,
    pub(crate) zone: &'a Zone,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) zone_of_time: &'a TimeZone,
    pub(crate) out: &'a mut Vec<Transition>,
}

impl Watch {
    pub(crate) fn new(rule: u16, quantity: Quantity, channel: u8, whole: bool) -> Self {
        Self {
            rule,
            quantity,
            channel,
            whole,
            settled: true,
            phase: Phase::Inactive,
            since: Timestamp::MIN,
            at: Timestamp::MIN,
            memory: Memory::default(),
        }
    }

    /// The order of a device's watches: the same whatever was heard first.
    pub(crate) fn rank(&self) -> (bool, Option<(Quantity, u8)>, u16) {
        (!self.whole, (!self.whole).then_some((self.quantity, self.channel)), self.rule)
    }

    pub(crate) fn is_of(&self, quantity: Quantity, channel: u8) -> bool {
        !self.whole && self.quantity == quantity && self.channel == channel
    }

    /// Nothing ever happened: no verdict but clear, no step of the life cycle.
    pub(crate) fn is_calm(&self) -> bool {
        self.phase == Phase::Inactive && !self.memory.holds && self.at == Timestamp::MIN && self.since == Timestamp::MIN
    }

    /// Judges a reading; whether it counted.
    pub(crate) fn observe(&mut self, rule: &Rule, reading: &Reading, scene: &mut Scene<'_>) -> bool {
        let (quantity, channel) = (reading.series.quantity, reading.series.channel);
        if !rule.condition.hears(reading.quality.grade()) {
            return false;
        }
        if self.memory.heard.is_some_and(|heard| reading.observed_at <= heard) {
            // Of readings of one instant the least names the device's last series, in any order.
            let names = self.whole
                && self.memory.heard == Some(reading.observed_at)
                && !self.phase.is_open()
                && (quantity, channel) < (self.quantity, self.channel);
            if names {
                (self.quantity, self.channel) = (quantity, channel);
            }
            return names;
        }
        self.advance(rule, reading.observed_at, scene);
        let verdict = rule.condition.observe(&self.memory, reading);
        self.memory.heard = Some(reading.observed_at);
        if rule.by_value {
            self.memory.value = reading.value;
        }
        if let Some(verdict) = verdict {
            self.turn(rule, verdict, reading.observed_at, scene);
        }
        if self.whole && !self.phase.is_open() {
            (self.quantity, self.channel) = (quantity, channel);
        }
        true
    }

    /// When time alone will change something.
    pub(crate) fn due(&self, rule: &Rule) -> Option<Timestamp> {
        let hold = (self.phase == Phase::Pending).then(|| self.since.plus(rule.hold));
        let own = rule.condition.wake_at(&self.memory);
        match (hold, own) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Does what is due at or before `now`, each at its own instant.
    pub(crate) fn advance(&mut self, rule: &Rule, now: Timestamp, scene: &mut Scene<'_>) {
        while let Some(due) = self.due(rule).filter(|due| *due <= now) {
            if self.phase == Phase::Pending && self.since.plus(rule.hold) == due {
                self.go(rule, Phase::Firing, due, scene);
            } else if let Some(verdict) = rule.condition.advance(&self.memory, due) {
                self.turn(rule, verdict, due, scene);
            } else {
                break;
            }
        }
    }

    /// The device is not the rule's any more: what is open ends.
    pub(crate) fn end(&mut self, rule: &Rule, at: Timestamp, scene: &mut Scene<'_>) {
        self.advance(rule, at, scene);
        self.turn(rule, Verdict::Clear, at, scene);
    }

    fn turn(&mut self, rule: &Rule, verdict: Verdict, at: Timestamp, scene: &mut Scene<'_>) {
        self.memory.holds = verdict == Verdict::Holds;
        match (verdict, self.phase) {
            (Verdict::Holds, Phase::Inactive | Phase::Resolved) => {
                self.since = at;
                let to = if rule.hold.is_zero() { Phase::Firing } else { Phase::Pending };
                self.go(rule, to, at, scene);
            }
            (Verdict::Clear, Phase::Pending) => self.go(rule, Phase::Inactive, at, scene),
            (Verdict::Clear, Phase::Firing) => self.go(rule, Phase::Resolved, at, scene),
            (Verdict::Holds, Phase::Pending | Phase::Firing) | (Verdict::Clear, Phase::Inactive | Phase::Resolved) => {}
        }
    }

    fn go(&mut self, rule: &Rule, to: Phase, at: Timestamp, scene: &mut Scene<'_>) {
        let from = self.phase;
        self.phase = from.step(to).expect("turn and advance take only steps that the life cycle has");
        // A reading can be older than what time had already decided: history does not run backwards.
        self.at = self.at.max(at);
        scene.out.push(self.transition(rule, from, scene));
    }

    fn transition(&self, rule: &Rule, from: Phase, scene: &Scene<'_>) -> Transition {
        let series = SeriesKey { device: scene.device.clone(), quantity: self.quantity, channel: self.channel };
        let alert = AlertId::new(&rule.id, &series, self.since);
        let told = matches!(self.phase, Phase::Firing | Phase::Resolved);
        let facts = Facts {
            device: scene.device,
            label: scene.catalogue.device(scene.device).and_then(|d| d.label.as_deref()).unwrap_or(scene.device.as_str()),
            zone: scene.zone,
            quantity: self.quantity,
            value: rule.by_value.then_some(self.memory.value),
            // Of a silence people ask when the device was heard last.
            since: if rule.by_value { self.since } else { self.memory.heard.unwrap_or(self.since) },
            zone_of_time: scene.zone_of_time,
        };
        let saying = if matches!(self.phase, Phase::Resolved | Phase::Inactive) { &rule.resolved } else { &rule.firing };
        Transition {
            id: TransitionId::new(&alert, self.phase),
            alert,
            rule: rule.id.clone(),
            kind: scene.kind,
            zone: scene.zone.clone(),
            severity: rule.severity,
            from,
            to: self.phase,
            at: self.at,
            since: self.since,
            value: facts.value,
            texts: saying.filled(&facts),
            notify: if told { rule.notify.clone() } else { Vec::new() },
            series,
        }
    }
}
